// SPDX-License-Identifier: Apache-2.0
// Text, digits and the table layouter.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/table.h"
#include "reports/text.h"

static void expect_clean(const char *in, const char *want)
{
    char *got = eb_text_clean(in);
    assert_string_equal(got, want);
    free(got);
}

static void names_cannot_drive_the_terminal(void **state)
{
    (void)state;
    expect_clean("smollm2-135m", "smollm2-135m");
    expect_clean("a\033[31mred", "a\xEF\xBF\xBD[31mred");
    expect_clean("a\r\n\tb", "a b");
    expect_clean("x\xC2\x9B"
                 "2J",
                 "x\xEF\xBF\xBD"
                 "2J");                                                   // C1 control sequence introducer
    expect_clean("x\xE2\x80\xAEy", "x\xEF\xBF\xBDy");                     // right-to-left override
    expect_clean("x\xFFy\xC3", "x\xEF\xBF\xBDy\xEF\xBF\xBD");             // malformed, cut off
    expect_clean("\xE6\xA8\xA1\xE5\x9E\x8B", "\xE6\xA8\xA1\xE5\x9E\x8B"); // two wide characters stay
    expect_clean("", "");
}

static void width_is_what_a_terminal_shows(void **state)
{
    (void)state;
    assert_int_equal(eb_text_width("abc"), 3);
    assert_int_equal(eb_text_width("\xC2\xB1"
                                   "0.04"),
                     5);
    assert_int_equal(eb_text_width("\xE6\xA8\xA1\xE5\x9E\x8B"), 4);
    assert_int_equal(eb_text_width("e\xCC\x81"), 1);
}

static void a_long_name_is_cut_in_the_middle(void **state)
{
    (void)state;
    static const char *const names[] = { "a-rather-long-model-name-q4_0",
                                         "\xE6\xA8\xA1\xE5\x9E\x8B\xE6\xA8\xA1\xE5\x9E\x8B\xE6\xA8\xA1" };
    for (size_t i = 0; i < 2; i++)
        for (int width = 1; width < 40; width++) {
            char *s = eb_text_fit(names[i], width);
            assert_true(eb_text_width(s) <= width);
            if (eb_text_width(names[i]) <= width)
                assert_string_equal(s, names[i]);
            free(s);
        }
    char *s = eb_text_fit(names[0], 12);
    assert_string_equal(s, "a-rather\xE2\x80\xA6"
                           "4_0");
    free(s);
}

static const char *shown(double value, double half)
{
    static char buf[40];
    return eb_text_number(buf, sizeof buf, value, eb_text_place(value, half));
}

static void no_more_digits_than_the_interval_supports(void **state)
{
    (void)state;
    assert_string_equal(shown(1.23456, 0.04), "1.23");
    assert_string_equal(shown(1.23456, 0.4), "1.2");
    assert_string_equal(shown(1.23456, 0.14), "1.23"); // a leading 1 keeps a second digit
    assert_string_equal(shown(1.23456, 3), "1");       // an interval wider than the value: its magnitude is left
    assert_string_equal(shown(138.66, 5228), "140");   // one digit of it would be a quarter off
    assert_string_equal(shown(151, 231), "150");
    assert_string_equal(shown(7, 3000), "7");
    assert_string_equal(shown(1.23456, 1e-9), "1.23"); // three at most
    assert_string_equal(shown(1.23456, NAN), "1.23");
    assert_string_equal(shown(9.999, NAN), "10.0");
    assert_string_equal(shown(99.96, 0.001), "100");
    assert_string_equal(shown(12345, 30), "12300");
    assert_string_equal(shown(12345, 400), "12300");
    assert_string_equal(shown(12345, 4000), "12000");
    assert_string_equal(shown(0.00123456, 0.00004), "0.00123");
    assert_string_equal(shown(-1.23456, 0.04), "-1.23");
    assert_string_equal(shown(0, NAN), "0");
    assert_string_equal(shown(NAN, 1), "-");
    assert_string_equal(shown(INFINITY, 1), "-");
}

static void thousands_have_letters(void **state)
{
    (void)state;
    char buf[40];
    assert_string_equal(eb_text_si(buf, sizeof buf, 41234567, 60000), "41.2M");
    assert_string_equal(eb_text_si(buf, sizeof buf, 999.9, NAN), "1.00k");
    assert_string_equal(eb_text_si(buf, sizeof buf, 834000, 20000), "830k");
    assert_string_equal(eb_text_si(buf, sizeof buf, 12.3, NAN), "12.3");
    const struct {
        double frac;
        const char *text;
    } shares[] = {
        { 0, "0" },        { 6.26e-7, "<0.01" }, { 9.99e-5, "<0.01" }, { 1e-4, "0.01" }, { 5.346e-4, "0.0535" },
        { 0.395, "39.5" }, { 1, "100" },         { NAN, "-" }
    };
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
        assert_string_equal(eb_text_percent(buf, sizeof buf, shares[i].frac), shares[i].text);
    assert_string_equal(eb_text_si(buf, sizeof buf, 2.5e9, NAN), "2.50G");
    assert_string_equal(eb_text_si(buf, sizeof buf, 9.6e8, 3e8), "1.0G"); // rounded first, then lettered
    assert_string_equal(eb_text_si(buf, sizeof buf, NAN, NAN), "-");
}

static void the_interval_has_two_ends(void **state)
{
    (void)state;
    eb_metric m = { .value = 10, .lo = 9, .hi = 13, .n = 2, .interval = EB_INTERVAL_RANGE };
    assert_true(eb_text_halfwidth(&m) == 3);
    assert_int_equal(eb_text_mark(m.interval, m.n), 'r');
    m.n = 1; // of a single trial nothing is known
    assert_true(isnan(eb_text_halfwidth(&m)));
    assert_true(isnan(eb_text_shown_halfwidth(&m)));
    m.budget.largest = "boundary"; // but what its counters leave
    assert_true(isnan(eb_text_halfwidth(&m)));
    assert_true(eb_text_shown_halfwidth(&m) == 3);
    assert_int_equal(eb_text_mark(m.interval, m.n), 's');
    char buf[40];
    assert_string_equal(eb_text_spread(buf, sizeof buf, 10, 3, false, 's'), "\xC2\xB1"
                                                                            "3s");
    assert_int_equal(eb_text_mark(EB_INTERVAL_CONFIDENCE, 7), 0);
    assert_string_equal(eb_text_spread(buf, sizeof buf, 10, 3, false, 0), "\xC2\xB1"
                                                                          "3");
    m.n = 2;
    m.interval = EB_INTERVAL_NONE;
    assert_true(isnan(eb_text_halfwidth(&m)));
}

// ---- the table ----

static eb_table *model_table(const char *name, int n_values)
{
    static const char *const heads[] = { "a", "b", "c", "d", "e", "f", "g", "h" };
    eb_table *t = eb_table_new("Title");
    eb_table_column(t, (eb_column){ "", "model", .label = true, .left = true, .shrink = true });
    for (int i = 0; i < n_values; i++)
        eb_table_column(t, (eb_column){ heads[i], "unit", .marks = true });
    eb_table_row(t, "dense");
    eb_table_cell(t, name, EB_MARK_NONE);
    for (int i = 0; i < n_values; i++)
        eb_table_cell(t, "123.45", i ? EB_MARK_NONE : EB_MARK_BEST);
    return t;
}

static char *print(const eb_table *t, int width, bool color)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (width)
        eb_table_print(t, width, color, out);
    else
        eb_table_markdown(t, "family", out);
    fclose(out);
    char *printed = strdup(text); // gcc 12 takes the buffer itself for a pointer to `text` (-Wdangling-pointer)
    free(text);
    return printed;
}

static int longest_line(const char *text)
{
    int longest = 0;
    char *copy = strdup(text), *rest = copy;
    for (char *line; (line = strsep(&rest, "\n"));)
        longest = eb_text_width(line) > longest ? eb_text_width(line) : longest;
    free(copy);
    return longest;
}

static void a_table_looks_like_this(void **state)
{
    (void)state;
    eb_table *t = model_table("x", 2);
    char *text = print(t, 100, false);
    assert_string_equal(text, "Title\n"
                              "              a        b\n"
                              "  model    unit     unit\n"
                              "dense\n"
                              "  x      123.45*  123.45\n");
    free(text);
    eb_table_free(t);
}

static void colour_changes_nothing_but_colour(void **state)
{
    (void)state;
    eb_table *t = model_table("x", 2);
    char *plain = print(t, 100, false), *colored = print(t, 100, true), *to = colored;
    assert_non_null(strstr(colored, "\033[1;32m123.45\033[0m"));
    for (char *from = colored; *from;) {
        if (*from == '\033')
            from = strchr(from, 'm') + 1;
        else
            *to++ = *from++;
    }
    *to = '\0';
    assert_string_equal(colored, plain);
    free(plain);
    free(colored);
    eb_table_free(t);
}

static void a_wide_table_is_continued(void **state)
{
    (void)state;
    eb_table *t = model_table("a-rather-long-model-name-that-goes-on-and-on-and-on", 8);
    for (int width = 40; width <= 140; width += 7) {
        char *text = print(t, width, false);
        assert_true(longest_line(text) <= width);
        int cells = 0;
        for (char *p = text; (p = strstr(p, "123.45")); p++)
            cells++;
        assert_int_equal(cells, 8); // none lost, none repeated
        free(text);
    }
    char *narrow = print(t, 60, false);
    assert_non_null(strstr(narrow, "Title, continued"));
    free(narrow);
    eb_table_free(t);
}

static void markdown_survives_hostile_names(void **state)
{
    (void)state;
    eb_table *t = model_table("a|b<script>_x_ q8_0 `rm`\n|", 1);
    char *text = print(t, 0, false);
    assert_string_equal(text,
                        "| family | model | a unit |\n| --- | --- | ---: |\n"
                        "| dense | a&#124;b&#60;script&#62;&#95;x&#95; q8_0 &#96;rm&#96; &#124; | **123.45** |\n");
    free(text);
    eb_table_free(t);
}

static void words_wrap_under_their_label(void **state)
{
    (void)state;
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    eb_text_wrap(out, "idle", 6, "one two three four", 16);
    eb_text_wrap(out, "", 0, "no label", 16);
    eb_text_wrap(out, "do", 3, "this or `ef run`; x", 16); // a command is not broken
    eb_text_wrap(out, "a long label", 6, "x", 16);
    fclose(out);
    assert_string_equal(text,
                        "idle  one two\n      three four\nno label\ndo this or\n   `ef run`; x\na long label x\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_cannot_drive_the_terminal),  cmocka_unit_test(width_is_what_a_terminal_shows),
        cmocka_unit_test(a_long_name_is_cut_in_the_middle), cmocka_unit_test(no_more_digits_than_the_interval_supports),
        cmocka_unit_test(thousands_have_letters),           cmocka_unit_test(the_interval_has_two_ends),
        cmocka_unit_test(a_table_looks_like_this),          cmocka_unit_test(colour_changes_nothing_but_colour),
        cmocka_unit_test(a_wide_table_is_continued),        cmocka_unit_test(markdown_survives_hostile_names),
        cmocka_unit_test(words_wrap_under_their_label),
    };
    return cmocka_run_group_tests_name("report_text", tests, NULL, NULL);
}
