// SPDX-License-Identifier: Apache-2.0
// The INI reader: what it takes, where its errors point, and that each error is reported.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/plan/ini.h"

static eb_ini parse(const char *text, size_t len)
{
    eb_ini ini;
    eb_err_list errs = { 0 };
    bool ok = eb_ini_parse("t.ini", text, len, &ini, &errs);
    if (!ok)
        fail_msg("%d:%d %s", errs.items[0].line, errs.items[0].column, errs.items[0].message);
    assert_int_equal(errs.n, 0);
    return ini;
}

typedef struct place {
    int line, column;
    const char *part; // of the message
} place;

static void refuse(const char *text, size_t len, const place *places)
{
    eb_ini ini;
    eb_err_list errs = { 0 };
    assert_false(eb_ini_parse("t.ini", text, len, &ini, &errs));
    size_t n = 0;
    for (; places[n].part; n++) {
        if (n >= errs.n)
            fail_msg("error %zu (%s) is missing", n, places[n].part);
        const eb_err *e = &errs.items[n];
        if (e->line != places[n].line || e->column != places[n].column || !strstr(e->message, places[n].part))
            fail_msg("got %d:%d %s, not %d:%d %s", e->line, e->column, e->message, places[n].line, places[n].column,
                     places[n].part);
        assert_int_equal(e->code, EB_USAGE);
        assert_string_equal(e->file, "t.ini");
    }
    assert_int_equal(errs.n, n);
    eb_ini_deinit(&ini);
    eb_err_list_deinit(&errs);
}
#define REFUSE(text, ...) refuse(text, sizeof text - 1, (const place[]){ __VA_ARGS__, { 0 } })

static void test_takes(void **state)
{
    (void)state;
    static const char text[] = "\xEF\xBB\xBF# head\r\n"
                               "[run]\r\n"
                               "  trials = 7   # why\r\n"
                               "name=a#b;c ; comment\n"
                               "\n"
                               "[ model  smol ]  ; note\n"
                               "type = \"a, b # c\" , q8_0\t# x\n"
                               "empty = \"\"\n"
                               "quote = \"say \\\"hi\\\" \\\\\"\n"
                               "inner = 5\" disk\n"
                               "[cost]";
    eb_ini ini = parse(text, sizeof text - 1);
    assert_int_equal(ini.n, 6);
    assert_int_equal(ini.n_sections, 3);
    assert_string_equal(ini.entries[0].section, "run");
    assert_null(ini.entries[0].name);
    assert_string_equal(ini.entries[0].key, "trials");
    assert_string_equal(ini.entries[0].value, "7");
    assert_int_equal(ini.entries[0].line, 3);
    assert_int_equal(ini.entries[0].key_column, 3);
    assert_int_equal(ini.entries[0].value_column, 12);
    assert_int_equal(ini.entries[0].section_line, 2);
    assert_string_equal(ini.entries[1].value, "a#b;c");
    assert_string_equal(ini.entries[2].section, "model");
    assert_string_equal(ini.entries[2].name, "smol");
    assert_string_equal(ini.entries[2].value, "\"a, b # c\" , q8_0");
    assert_string_equal(ini.entries[3].value, "\"\"");
    assert_string_equal(ini.entries[4].value, "\"say \\\"hi\\\" \\\\\"");
    assert_string_equal(ini.entries[5].value, "5\" disk");
    assert_string_equal(ini.sections[2].section, "cost");
    assert_int_equal(ini.sections[2].line, 11);
    eb_ini_deinit(&ini);
}

static void test_empty(void **state)
{
    (void)state;
    eb_ini ini = parse("", 0);
    assert_int_equal(ini.n, 0);
    eb_ini_deinit(&ini);
    ini = parse("\n\n \t\n;\n#", 8);
    assert_int_equal(ini.n, 0);
    eb_ini_deinit(&ini);
}

static void test_refuses(void **state)
{
    (void)state;
    REFUSE("a = 1\n", { 1, 1, "outside of a section" });
    REFUSE("[run\na = 1", { 1, 5, "not closed" });
    REFUSE("[run # x]\n", { 1, 5, "not closed" });
    REFUSE("[]\n", { 1, 2, "no section" });
    REFUSE("[run/x]\n", { 1, 5, "no section" });
    REFUSE("[run] x\n", { 1, 7, "after the section" });
    REFUSE("[run]\na\n", { 2, 2, "no '='" });
    REFUSE("[run]\na b = 1\n", { 2, 3, "does not belong in a key" });
    REFUSE("[run]\n= 1\n", { 2, 1, "no key" });
    REFUSE("[run]\na =\n", { 2, 4, "no value" });
    REFUSE("[run]\na = # 1\n", { 2, 4, "no value" });
    REFUSE("[run]\na = \"x\n", { 2, 5, "quote is not closed" });
    REFUSE("[run]\na = \"x\\\"\n", { 2, 5, "quote is not closed" });
    REFUSE("[run]\na = \"x\" y\n", { 2, 9, "after the closing quote" });
    REFUSE("[run]\na = 1, \"x\" y\n", { 2, 12, "after the closing quote" });
    REFUSE("[run]\na = 1\0"
           "2\n",
           { 2, 6, "NUL" });
    REFUSE("[run]\na = \x1b[31m\n", { 2, 5, "control character" });
    REFUSE("[run]\na = \xff\n", { 2, 5, "UTF-8" });
    REFUSE("[run]\ra = 1\n", { 1, 6, "control character" });
}

static void test_reports_every_error(void **state)
{
    (void)state;
    REFUSE("x = 1\n[a\ny = 1\n[b]\nz\nw = \"\n", { 1, 1, "outside" }, { 2, 3, "not closed" }, { 5, 2, "no '='" },
           { 6, 5, "not closed" });
}

static char *repeat(const char *piece, size_t times, size_t *len)
{
    size_t n = strlen(piece);
    char *text = malloc(n * times + 1);
    for (size_t i = 0; i < times; i++)
        memcpy(text + i * n, piece, n);
    text[n * times] = '\0';
    *len = n * times;
    return text;
}

static void refuse_many(const char *piece, size_t times, const char *message)
{
    size_t len;
    char *text = repeat(piece, times, &len);
    eb_ini ini;
    eb_err_list errs = { 0 };
    assert_false(eb_ini_parse("t.ini", text, len, &ini, &errs));
    assert_true(errs.n >= 1 && errs.n <= EB_ERR_LIST_MAX);
    if (!strstr(errs.items[0].message, message))
        fail_msg("'%s' lacks '%s'", errs.items[0].message, message);
    eb_ini_deinit(&ini);
    eb_err_list_deinit(&errs);
    free(text);
}

static void test_limits(void **state)
{
    (void)state;
    refuse_many("x", (1 << 20) + 1, "more than 1 MiB");
    refuse_many("\n", 20001, "more than 20000 lines");
    refuse_many("x", 4097, "longer than 4096");
    refuse_many("[a]\n", 1001, "more than 1000 sections");
    refuse_many("junk\n", 19000, "no '='");
    size_t len;
    char *text = repeat("k = 1\n", 10001, &len);
    char *all = malloc(len + 5);
    memcpy(all, "[a]\n", 4);
    memcpy(all + 4, text, len + 1);
    eb_ini ini;
    eb_err_list errs = { 0 };
    assert_false(eb_ini_parse("t.ini", all, len + 4, &ini, &errs));
    assert_int_equal(ini.n, 10000);
    assert_int_equal(errs.n, 1);
    eb_ini_deinit(&ini);
    eb_err_list_deinit(&errs);
    free(text);
    free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_takes),   cmocka_unit_test(test_empty),
        cmocka_unit_test(test_refuses), cmocka_unit_test(test_reports_every_error),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests_name("ini", tests, NULL, NULL);
}
