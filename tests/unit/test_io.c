// SPDX-License-Identifier: Apache-2.0
// The I/O table on real files: reading, and a root that nothing leads out of.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/base/io.h"
#include "harness/base/io_impl.h"
#include "tests/unit/folder.h"

static char root[96]; // in the folder, beside what is not of it

static void link_to(const char *target, const char *path)
{
    char full[512];
    snprintf(full, sizeof full, "%s/%s", folder, path);
    unlink(full);
    assert_int_equal(symlink(target, full), 0);
}

static int make_tree(void **state)
{
    if (folder_make(state))
        return -1;
    snprintf(root, sizeof root, "%s/tree", folder);
    put("/outside/secret", "1234\n");
    put("/tree/sys/devices/zone/energy_uj", "42\n");
    put("/tree/sys/class/other", "x\n");
    return 0;
}

// ---- numbers ----

static void numbers_are_strict(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int rc;
        uint64_t value;
    } cases[] = {
        { "0\n", 0, 0 },
        { "262143328850\n", 0, 262143328850u },
        { "7", 0, 7 },
        { "  7 \r\n", 0, 7 },
        { "00000000000000000012\n", 0, 12 },
        { "18446744073709551615\n", 0, UINT64_MAX },
        { "18446744073709551616\n", -EBADMSG, 0 },
        { "7\n8\n", 0, 7 },
        { "", -EBADMSG, 0 },
        { "\n", -EBADMSG, 0 },
        { "-1\n", -EBADMSG, 0 },
        { "+1\n", -EBADMSG, 0 },
        { "1.5\n", -EBADMSG, 0 },
        { "0x10\n", -EBADMSG, 0 },
        { "12 34\n", -EBADMSG, 0 },
        { "12a\n", -EBADMSG, 0 },
        { "garbage\n", -EBADMSG, 0 },
    };
    eb_io io = eb_io_rooted(root);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put("/tree/number", cases[i].text);
        uint64_t value = 0;
        int rc = eb_io_read_u64(&io, "/number", &value);
        if (rc != cases[i].rc || value != cases[i].value)
            fail_msg("'%s': rc %d, value %llu", cases[i].text, rc, (unsigned long long)value);
    }
    eb_io_deinit(&io);
}

static void lines_are_cut_and_files_slurped(void **state)
{
    (void)state;
    eb_io io = eb_io_rooted(root);
    put("/tree/text", "first line\nsecond\n");
    char line[6];
    assert_int_equal(eb_io_read_line(&io, "/text", line, sizeof line), 5);
    assert_string_equal(line, "first");
    assert_int_equal(eb_io_read_line(&io, "/none", line, sizeof line), -ENOENT);
    assert_string_equal(line, "");
    char *text = eb_io_slurp(&io, "/text", 1000);
    assert_string_equal(text, "first line\nsecond\n");
    free(text);
    text = eb_io_slurp(&io, "/text", 7);
    assert_string_equal(text, "first l");
    free(text);
    errno = 0;
    assert_null(eb_io_slurp(&io, "/none", 7));
    assert_int_equal(errno, ENOENT);
    char *big = malloc(20001);
    memset(big, 'x', 20000);
    big[20000] = '\0';
    put("/tree/big", big);
    text = eb_io_slurp(&io, "/big", 1 << 20);
    assert_string_equal(text, big);
    free(text);
    free(big);
    eb_io_deinit(&io);
}

// procfs hands long files out in pieces: the whole is wanted.
static void real_files_of_proc_come_whole(void **state)
{
    (void)state;
    eb_io io = eb_io_real();
    // Long and the same each time, where it is readable at all; stdio is the independent reader.
    static char expected[100001];
    FILE *f = fopen("/proc/kallsyms", "r");
    size_t n = f ? fread(expected, 1, sizeof expected - 1, f) : 0;
    if (f)
        fclose(f);
    char *text = eb_io_slurp(&io, "/proc/kallsyms", sizeof expected - 1);
    if (n && text)
        assert_memory_equal(text, expected, n);
    free(text);
    text = eb_io_slurp(&io, "/proc/self/status", 100000);
    assert_non_null(text);
    assert_non_null(strstr(text, "ctxt_switches:"));
    free(text);
    assert_int_equal(eb_io_read_line(&io, "/proc/nonsense", (char[4]){ 0 }, 4), -ENOENT);
    eb_io_deinit(&io);
}

// ---- the root ----

static int read_through(const eb_io *io, const char *path, uint64_t *value)
{
    *value = 0;
    return eb_io_read_u64(io, path, value);
}

// Every case by openat2 and by the walk that stands in for it.
static void nothing_leads_out_of_the_root(void **state)
{
    (void)state;
    char outside[128], climbing[256] = "";
    snprintf(outside, sizeof outside, "%s/outside/secret", folder);
    for (int i = 0; i < 20; i++)
        strcat(climbing, "../");
    strcat(climbing, outside + 1);
    put("/tree/a/b/c", "5\n");
    link_to(outside, "tree/absolute"); // a path of the machine: inside the root there is none
    link_to(climbing, "tree/climbing");
    link_to("/a/b", "tree/inside"); // absolute links lead to the root's own
    link_to("../../sys/devices/zone", "tree/sys/class/zone");
    link_to("loop2", "tree/loop1");
    link_to("loop1", "tree/loop2");
    link_to("/..", "tree/dots");
    static const struct {
        const char *path;
        int rc;
        uint64_t value;
    } cases[] = {
        { "/sys/devices/zone/energy_uj", 0, 42 },
        { "/sys/class/zone/energy_uj", 0, 42 },
        { "//sys//devices/./zone/../zone/energy_uj", 0, 42 },
        { "/../../sys/devices/zone/energy_uj", 0, 42 },
        { "/inside/c", 0, 5 },
        { "/dots/a/b/c", 0, 5 },
        { "/absolute", -ENOENT, 0 },
        { "/climbing", -ENOENT, 0 },
        { "/../outside/secret", -ENOENT, 0 },
        { "/loop1", -ELOOP, 0 },
        { "/a/b/c/d", -ENOTDIR, 0 },
        { "/missing/x", -ENOENT, 0 },
        { "/proc/self/stat", -ENOENT, 0 },
    };
    eb_io io = eb_io_rooted(root);
    int fd = open(root, O_PATH | O_DIRECTORY);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t value;
        int rc = read_through(&io, cases[i].path, &value);
        if (rc != cases[i].rc || value != cases[i].value)
            fail_msg("%s: rc %d, value %llu", cases[i].path, rc, (unsigned long long)value);
        int walked = eb_io_rooted_walk(fd, cases[i].path, O_RDONLY);
        if ((walked < 0 ? walked : 0) != cases[i].rc)
            fail_msg("walk %s: %d", cases[i].path, walked);
        if (walked >= 0) {
            char text[32] = "";
            assert_true(read(walked, text, sizeof text - 1) > 0);
            assert_int_equal(strtoull(text, NULL, 10), cases[i].value);
            close(walked);
        }
    }
    close(fd);
    eb_io_deinit(&io);
}

static int count_descriptors(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static void walks_leak_no_descriptors(void **state)
{
    (void)state;
    int fd = open(root, O_PATH | O_DIRECTORY);
    int before = count_descriptors();
    static const char *const paths[] = {
        "/loop1", "/a/b/c/d", "/inside/x", "/climbing", "/a/b/../../a/b/none", "/", ""
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        int got = eb_io_rooted_walk(fd, paths[i], O_RDONLY);
        if (got >= 0)
            close(got);
    }
    assert_int_equal(count_descriptors(), before);
    close(fd);
}

static void a_missing_root_has_nothing(void **state)
{
    (void)state;
    eb_io io = eb_io_rooted("/nonexistent-root");
    assert_int_equal(io.open(&io, "/proc/self/stat"), -ENOENT);
    assert_int_equal(io.mode(&io, "/"), -ENOENT);
    assert_int_equal(io.list(&io, "/", NULL, NULL), -ENOENT);
    eb_io_deinit(&io);
}

static void count(void *arg, const char *name)
{
    (void)name;
    ++*(int *)arg;
}

static void listing_modes_and_what_is_no_file(void **state)
{
    (void)state;
    eb_io io = eb_io_rooted(root);
    put("/tree/three/a", "");
    put("/tree/three/b", "");
    put("/tree/three/c", "");
    int n = 0;
    assert_int_equal(io.list(&io, "/three", count, &n), 0);
    assert_int_equal(n, 3);
    assert_int_equal(io.list(&io, "/three/a", count, &n), -ENOTDIR);
    char path[160];
    snprintf(path, sizeof path, "%s/three/a", root);
    chmod(path, 0400);
    assert_int_equal(io.mode(&io, "/three/a"), 0400);
    uint64_t value;
    assert_int_equal(eb_io_read_u64(&io, "/three", &value), -EISDIR);
    snprintf(path, sizeof path, "%s/pipe", root);
    assert_int_equal(mkfifo(path, 0644), 0);
    assert_int_equal(eb_io_read_u64(&io, "/pipe", &value), -ESPIPE); // and it does not hang
    assert_int_equal(io.perf_open(&io, NULL, 0, -1, -1, 0), -ENODEV);
    eb_io_deinit(&io);
}

// ---- kept handles ----

static void a_kept_handle_follows_a_renamed_file(void **state)
{
    (void)state;
    eb_io io = eb_io_rooted(root);
    char from[160], to[160];
    snprintf(from, sizeof from, "%s/kept.new", root);
    snprintf(to, sizeof to, "%s/kept", root);
    put("/tree/kept", "1\n");
    int handle = io.open(&io, "/kept");
    uint64_t value = 0;
    for (uint64_t i = 1; i < 50; i++) {
        char text[16];
        snprintf(text, sizeof text, "%llu\n", (unsigned long long)i);
        put("/tree/kept.new", text);
        assert_int_equal(rename(from, to), 0);
        assert_int_equal(eb_io_pread_u64(&io, handle, &value), 0);
        assert_int_equal(value, i);
    }
    unlink(to);
    assert_int_equal(eb_io_pread_u64(&io, handle, &value), -ENOENT);
    put("/tree/kept", "99\n");
    assert_int_equal(eb_io_pread_u64(&io, handle, &value), 0);
    assert_int_equal(value, 99);
    io.close(&io, handle);
    eb_io_deinit(&io);
}

static atomic_bool stop_writing;

static void *truncate_and_write(void *arg)
{
    while (!atomic_load(&stop_writing)) {
        int fd = open(arg, O_WRONLY | O_TRUNC);
        if (fd >= 0) {
            (void)!write(fd, "123456\n", 7);
            close(fd);
        }
    }
    return NULL;
}

// Not every gap can be bridged (the writer may be suspended inside it), but nothing but the value or an honest
// error may come out, and reads must go on succeeding.
static void truncating_writers_are_survived(void **state)
{
    (void)state;
    eb_io io = eb_io_rooted(root);
    char path[160];
    snprintf(path, sizeof path, "%s/cut", root);
    put("/tree/cut", "123456\n");
    int handle = io.open(&io, "/cut");
    atomic_store(&stop_writing, false);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, truncate_and_write, path), 0);
    enum { WANTED = 1000, TRIES = 10000000 };
    int good = 0;
    for (int i = 0; i < TRIES && good < WANTED; i++) {
        uint64_t value = 0;
        int rc = eb_io_pread_u64(&io, handle, &value);
        assert_true(rc == 0 || rc == -EBADMSG);
        if (rc == 0)
            assert_int_equal(value, 123456);
        good += rc == 0;
    }
    atomic_store(&stop_writing, true);
    pthread_join(thread, NULL);
    assert_int_equal(good, WANTED);
    io.close(&io, handle);
    eb_io_deinit(&io);
}

static void a_sysroot_selects_the_rooted_back_end(void **state)
{
    (void)state;
    eb_io io = eb_io_select(NULL);
    assert_string_equal(io.kind, "real");
    eb_io_deinit(&io);
    io = eb_io_select("");
    assert_string_equal(io.kind, "real");
    eb_io_deinit(&io);
    io = eb_io_select(root);
    assert_string_equal(io.kind, "rooted");
    eb_io_deinit(&io);
    assert_null(io.state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_strict),
        cmocka_unit_test(lines_are_cut_and_files_slurped),
        cmocka_unit_test(real_files_of_proc_come_whole),
        cmocka_unit_test(nothing_leads_out_of_the_root),
        cmocka_unit_test(walks_leak_no_descriptors),
        cmocka_unit_test(a_missing_root_has_nothing),
        cmocka_unit_test(listing_modes_and_what_is_no_file),
        cmocka_unit_test(a_kept_handle_follows_a_renamed_file),
        cmocka_unit_test(truncating_writers_are_survived),
        cmocka_unit_test(a_sysroot_selects_the_rooted_back_end),
    };
    return cmocka_run_group_tests_name("io", tests, make_tree, folder_remove);
}
