// SPDX-License-Identifier: Apache-2.0
// Errors as they are printed, the list's bound, memory that reports, UTF-8.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/base/error.h"
#include "harness/base/log.h"
#include "harness/base/mem.h"
#include "harness/base/utf8.h"

static void assert_prints(const eb_err *err, const char *want)
{
    char *got = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&got, &size);
    eb_err_print(err, f);
    fclose(f);
    assert_string_equal(got, want);
    free(got);
}

static void test_print(void **state)
{
    (void)state;
    eb_err err;
    assert_false(eb_err_at(&err, EB_USAGE, "a.ini", 14, 3, "unknown key '%s'", "x"));
    eb_err_source(&err, "  x = 1");
    assert_false(eb_err_hint(&err, "did you mean '%s'?", "y"));
    assert_int_equal(err.code, EB_USAGE);
    assert_prints(&err, "a.ini:14:3: error: unknown key 'x'\n    x = 1\n    ^\nhint: did you mean 'y'?\n");
    eb_err_at(&err, EB_USAGE, "--set 2", 0, 5, "no");
    assert_prints(&err, "--set 2:5: error: no\n");
    eb_err_sys(&err, EB_FAILED, ENOENT, "cannot open", "/x");
    assert_prints(&err, "effbench: error: cannot open '/x': No such file or directory\n");
}

static void test_caret_under_tabs_and_utf8(void **state)
{
    (void)state;
    eb_err err;
    eb_err_at(&err, EB_USAGE, "f", 1, 6, "m");
    eb_err_source(&err, "\t\xC3\xA4 = x"); // the x is the 7th byte, the blank before it the 6th
    assert_prints(&err, "f:1:6: error: m\n  \t\xC3\xA4 = x\n  \t   ^\n");
}

static void test_long_line_is_cut_around_the_column(void **state)
{
    (void)state;
    char line[2001];
    memset(line, 'a', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    line[1499] = 'X';
    eb_err err;
    eb_err_at(&err, EB_USAGE, "f", 1, 1500, "m");
    eb_err_source(&err, line);
    assert_true(strlen(err.source) < sizeof err.source);
    assert_int_equal(err.source[err.column - err.source_column], 'X');
}

static void test_terminal_codes_do_not_get_out(void **state)
{
    (void)state;
    eb_err err;
    eb_err_set(&err, EB_USAGE, "bad '%s'", "\x1b[31m\xff\xC2\x9B");
    assert_prints(&err, "effbench: error: bad '?[31m?\?'\n");
}

static void test_an_error_is_one_line(void **state)
{
    (void)state;
    eb_err err;
    eb_err_at(&err, EB_USAGE, "f", 0, 0, "key '%s' occurs twice", "a\nb\r\n");
    eb_err_hint(&err, "leave '%s' out", "a\nb");
    assert_string_equal(err.message, "key 'a?b?\?' occurs twice");
    assert_string_equal(err.hint, "leave 'a?b' out");
}

static void test_long_text_is_cut_between_characters(void **state)
{
    (void)state;
    char text[2000];
    for (size_t i = 0; i + 1 < sizeof text; i += 2)
        memcpy(text + i, "\xC3\xA4", 2);
    text[sizeof text - 2] = text[sizeof text - 1] = '\0';
    eb_err err;
    for (int lead = 0; lead < 2; lead++) {
        eb_err_set(&err, EB_FAILED, "%s%s", lead ? "x" : "", text);
        size_t len = strlen(err.message);
        assert_true(len > sizeof err.message - 4);
        assert_int_equal(eb_utf8_check(err.message, len), len);
    }
}

// What is added is whole, whatever it is added to; the rest is cut between characters.
static void test_added_text_is_whole(void **state)
{
    (void)state;
    eb_err err;
    eb_err_set(&err, EB_USAGE, "'%s' is newer", "a");
    assert_false(eb_err_add(&err, "; %d of it is read", 7));
    assert_string_equal(err.message, "'a' is newer; 7 of it is read");
    assert_int_equal(err.code, EB_USAGE);
    char text[2000];
    for (size_t i = 0; i + 1 < sizeof text; i += 2)
        memcpy(text + i, "\xC3\xA4", 2);
    text[sizeof text - 2] = text[sizeof text - 1] = '\0';
    for (int lead = 0; lead < 2; lead++) {
        eb_err_set(&err, EB_USAGE, "%s%s", lead ? "x" : "", text);
        eb_err_add(&err, "; without its run.json it is read");
        size_t len = strlen(err.message);
        assert_true(len > sizeof err.message - 4);
        assert_int_equal(eb_utf8_check(err.message, len), len);
        assert_string_equal(strstr(err.message, "..."), "...; without its run.json it is read");
    }
    eb_err_add(&err, "%s", text); // what is added alone is too long
    assert_int_equal(eb_utf8_check(err.message, strlen(err.message)), strlen(err.message));
}

static void test_list_is_bounded(void **state)
{
    (void)state;
    eb_err_list list = { 0 };
    for (int i = 0; i < 5000; i++)
        eb_err_set(eb_err_list_add(&list), EB_USAGE, "%d", i);
    assert_int_equal(list.n, EB_ERR_LIST_MAX);
    assert_int_equal(list.dropped, 5000 - EB_ERR_LIST_MAX);
    assert_string_equal(list.items[0].message, "0");
    assert_string_equal(list.items[EB_ERR_LIST_MAX - 1].message, "99");
    eb_err_list_deinit(&list);
    assert_null(list.items);
}

static void test_utf8(void **state)
{
    (void)state;
    assert_int_equal(eb_utf8_check("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", 10), 10);
    static const char *const broken[] = { "\x80",         "\xC0\x80",         "\xC3", "\xE0\x80\x80",
                                          "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF" };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        assert_int_equal(eb_utf8_check(broken[i], strlen(broken[i])), 0);
    assert_int_equal(eb_utf8_cut("ab\xC3\xA4", 4), 4);
    assert_int_equal(eb_utf8_cut("ab\xC3\xA4", 3), 2);
    assert_int_equal(eb_utf8_cut("\xF0\x9F\x98\x80", 3), 0);
    assert_int_equal(eb_utf8_cut("abc", 2), 2);
}

static void test_memory(void **state)
{
    (void)state;
    eb_err err = { 0 };
    assert_null(eb_try_alloc(SIZE_MAX / 2, 8, "the cache", &err));
    assert_int_equal(err.code, EB_FAILED);
    assert_non_null(strstr(err.message, "no memory for the cache: "));
    unsigned char *p = eb_try_alloc(100, 3, "x", &err);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % 64, 0);
    for (int i = 0; i < 300; i++)
        assert_int_equal(p[i], 0);
    free(p);
    p = eb_try_alloc(0, 8, "nothing", &err);
    assert_non_null(p);
    free(p);
    char *s = eb_format("%d-%s", 7, "x");
    assert_string_equal(s, "7-x");
    free(s);
    s = eb_strndup("abcdef", 3);
    assert_string_equal(s, "abc");
    free(s);
}

static void test_warnings_are_distinct(void **state)
{
    (void)state;
    eb_warnings w = { 0 };
    eb_warn(&w, "a %d", 1);
    eb_warn(&w, "a %d", 2);
    eb_warn(&w, "a %d", 1);
    eb_warn(NULL, "dropped");
    assert_int_equal(w.n, 2);
    assert_string_equal(w.items[1], "a 2");
    eb_warnings_deinit(&w);
}

// A place that is named wrongly is another error than a machine that cannot write.
static void test_places(void **state)
{
    (void)state;
    static const int named_wrong[] = { ENOENT, ENOTDIR, EISDIR, EEXIST, EACCES, EPERM, EROFS, ENAMETOOLONG, ELOOP };
    static const int broken[] = { ENOSPC, EDQUOT, EIO, ENOMEM, EMFILE, EFBIG };
    for (size_t i = 0; i < sizeof named_wrong / sizeof *named_wrong; i++)
        assert_int_equal(eb_err_place(named_wrong[i]), EB_USAGE);
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        assert_int_equal(eb_err_place(broken[i]), EB_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_caret_under_tabs_and_utf8),
        cmocka_unit_test(test_long_line_is_cut_around_the_column),
        cmocka_unit_test(test_terminal_codes_do_not_get_out),
        cmocka_unit_test(test_an_error_is_one_line),
        cmocka_unit_test(test_long_text_is_cut_between_characters),
        cmocka_unit_test(test_added_text_is_whole),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_list_is_bounded),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_warnings_are_distinct),
    };
    return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
