// SPDX-License-Identifier: Apache-2.0
// Files are replaced whole or not at all, and every error names its file.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "harness/base/file.h"
#include "tests/unit/folder.h"

static int entries(const char *dir)
{
    DIR *d = opendir(dir);
    int n = 0;
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void test_read_and_write(void **state)
{
    (void)state;
    eb_err err = { 0 };
    char *path = eb_path_join(folder, "a.txt");
    size_t len = 99;
    assert_true(eb_file_write_atomic(path, "one\0two", 7, &err));
    char *text = eb_file_read(path, 7, &len, &err);
    assert_non_null(text);
    assert_int_equal(len, 7);
    assert_memory_equal(text, "one\0two", 8);
    free(text);
    assert_null(eb_file_read(path, 6, &len, &err));
    assert_non_null(strstr(err.message, "larger than the limit of 6 bytes"));
    assert_string_equal(err.file, path);
    assert_true(eb_file_write_atomic(path, "", 0, &err));
    text = eb_file_read(path, 0, &len, &err);
    assert_int_equal(len, 0);
    assert_string_equal(text, "");
    free(text);
    assert_int_equal(entries(folder), 1);
    free(path);
}

static void test_errors_name_the_file(void **state)
{
    (void)state;
    eb_err err = { 0 };
    char *missing = eb_path_join(folder, "none/b.txt");
    assert_null(eb_file_read(missing, 10, NULL, &err));
    assert_int_equal(err.code, EB_USAGE);
    assert_non_null(strstr(err.message, missing));
    eb_err_clear(&err);
    assert_false(eb_file_write_atomic(missing, "x", 1, &err));
    assert_int_equal(err.code, EB_FAILED);
    assert_non_null(strstr(err.message, missing));
    eb_err_clear(&err);
    assert_null(eb_file_read(folder, 10, NULL, &err));
    assert_non_null(strstr(err.message, folder));
    free(missing);
}

// A full disk, played by a limit on the size of files: the old content stays, nothing is left beside it.
static void test_full_disk(void **state)
{
    (void)state;
    eb_err err = { 0 };
    char *path = eb_path_join(folder, "full.txt");
    static char big[8192];
    struct rlimit before, small;
    assert_true(eb_file_write_atomic(path, "old", 3, &err));
    int files = entries(folder);
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 4096;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    bool ok = eb_file_write_atomic(path, big, sizeof big, &err);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
    assert_false(ok);
    assert_int_equal(err.code, EB_FAILED);
    assert_non_null(strstr(err.message, path));
    assert_int_equal(entries(folder), files);
    char *text = eb_file_read(path, 10, NULL, &err);
    assert_string_equal(text, "old");
    free(text);
    free(path);
}

static void test_folders(void **state)
{
    (void)state;
    eb_err err = { 0 };
    char *deep = eb_path_join(folder, "x/y//z/");
    struct stat st;
    assert_true(eb_mkdirs(deep, &err));
    assert_true(eb_mkdirs(deep, &err));
    assert_int_equal(stat(deep, &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    char *file = eb_path_join(folder, "x/file"), *below = eb_path_join(folder, "x/file/y");
    assert_true(eb_file_write_atomic(file, "", 0, &err));
    assert_false(eb_mkdirs(below, &err));
    assert_int_equal(err.code, EB_USAGE);
    assert_non_null(strstr(err.message, "x/file"));
    assert_false(eb_mkdirs("", &err));
    assert_true(eb_file_exists(file));
    assert_false(eb_file_exists(below));
    free(deep);
    free(file);
    free(below);
}

static void test_paths(void **state)
{
    (void)state;
    static const char *const joined[][3] = {
        { "a", "b", "a/b" }, { "a/", "b", "a/b" }, { "", "b", "b" }, { "a", "/b", "/b" }, { "/", "b", "/b" }
    };
    for (size_t i = 0; i < 5; i++) {
        char *path = eb_path_join(joined[i][0], joined[i][1]);
        assert_string_equal(path, joined[i][2]);
        free(path);
    }
    assert_string_equal(eb_path_base("a/b/c"), "c");
    assert_string_equal(eb_path_base("c"), "c");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_and_write), cmocka_unit_test(test_errors_name_the_file),
        cmocka_unit_test(test_full_disk),      cmocka_unit_test(test_folders),
        cmocka_unit_test(test_paths),
    };
    return cmocka_run_group_tests_name("file", tests, folder_make, folder_remove);
}
