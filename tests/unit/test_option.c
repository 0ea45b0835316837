// SPDX-License-Identifier: Apache-2.0
// Values of options: ranges, choices, dates, where an error points; the tables themselves.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/base/mem.h"
#include "harness/base/option.h"
#include "harness/base/words.h"
#include "harness/plan/plan.h"

static const eb_choice colors[] = { { "red", "warm" }, { "green", "" }, { "blue", "cold" }, { 0 } };
static const eb_option opt_int = { "run", "n", EB_OPTION_INT, "tok", 1, 100, "7", NULL, 0, "A number." };
static const eb_option opt_float = { "run", "f", EB_OPTION_FLOAT, "fraction", 0, 1, NULL, NULL, 0, "A fraction." };
static const eb_option opt_watts = { "run", "w", EB_OPTION_FLOAT, "w", 0, 0, NULL, NULL, 0, "Watts." };
static const eb_option opt_time = { "run", "t", EB_OPTION_TIME, "ns", 0, 60e9, NULL, NULL, 0, "A time." };
static const eb_option opt_enum = { "run", "e", EB_OPTION_ENUM, NULL, 0, 0, "red", colors, 0, "A color." };
static const eb_option opt_date = { "run", "d", EB_OPTION_DATE, NULL, 0, 0, NULL, NULL, 0, "A day." };
static const eb_option opt_bool = { "run", "b", EB_OPTION_BOOL, NULL, 0, 0, NULL, NULL, 0, "A switch." };
static const eb_option opt_size = { "run", "s", EB_OPTION_SIZE, NULL, 0, 0, NULL, NULL, 0, "A size." };

static eb_value parse(const eb_option *opt, const char *text)
{
    eb_value value;
    eb_err err = { 0 };
    if (!eb_option_parse(opt, text, &value, &err))
        fail_msg("'%s': %s", text, err.message);
    assert_ptr_equal(value.s, text);
    return value;
}

static void refuse(const eb_option *opt, const char *text, int column, const char *message, const char *hint)
{
    eb_value value;
    eb_err err = { 0 };
    if (eb_option_parse(opt, text, &value, &err))
        fail_msg("'%s' was taken for %s", text, opt->key);
    assert_int_equal(err.code, EB_USAGE);
    assert_int_equal(err.column, column);
    assert_string_equal(err.message, message);
    if (!strstr(err.hint, hint))
        fail_msg("the hint '%s' lacks '%s'", err.hint, hint);
}

static void test_good(void **state)
{
    (void)state;
    assert_int_equal(parse(&opt_int, "1").i, 1);
    assert_int_equal(parse(&opt_int, "100").i, 100);
    assert_true(parse(&opt_float, "2%").f == 0.02);
    assert_true(parse(&opt_float, "1").f == 1);
    assert_int_equal(parse(&opt_time, "250ms").i, 250000000);
    assert_int_equal(parse(&opt_enum, "blue").i, 2);
    assert_int_equal(parse(&opt_size, "2KiB").i, 2048);
    assert_true(parse(&opt_bool, "yes").b);
    assert_false(parse(&opt_bool, "off").b);
    parse(&opt_date, "2024-02-29");
    parse(&opt_date, "2000-02-29");
}

static void test_bad(void **state)
{
    (void)state;
    refuse(&opt_int, "7x", 2, "'x' does not belong after '7' in n", "4k");
    refuse(&opt_int, "0", 1, "n = 0 is out of range", "allowed: 1 to 100");
    refuse(&opt_int, "101", 1, "n = 101 is out of range", "allowed: 1 to 100");
    refuse(&opt_int, "", 1, "n has no value", "7");
    refuse(&opt_float, "150%", 1, "f = 150% is out of range", "0 to 1");
    refuse(&opt_float, "%", 1, "f must be a number, not '%'", "fraction");
    refuse(&opt_watts, "5%", 2, "'%' does not belong after '5' in w", "without a unit");
    refuse(&opt_time, "5", 2, "t needs a unit: '5' what?", "250ms");
    refuse(&opt_time, "2min", 1, "t = 2min is out of range", "0 to 60 s");
    refuse(&opt_enum, "blu", 1, "e cannot be 'blu'", "did you mean 'blue'?");
    refuse(&opt_enum, "zzzzzz", 1, "e cannot be 'zzzzzz'", "allowed: red, green, blue");
    refuse(&opt_enum, "Red", 1, "e cannot be 'Red'", "did you mean 'red'?");
    refuse(&opt_date, "2023-02-29", 1, "d must be a date, not '2023-02-29'", "YYYY-MM-DD");
    refuse(&opt_date, "1900-02-29", 1, "d must be a date, not '1900-02-29'", "YYYY-MM-DD");
    refuse(&opt_date, "2024-13-01", 1, "d must be a date, not '2024-13-01'", "YYYY-MM-DD");
    refuse(&opt_date, "2024-1-01", 1, "d must be a date, not '2024-1-01'", "YYYY-MM-DD");
    refuse(&opt_bool, "maybe", 1, "b must be yes or no, not 'maybe'", "yes, no");
}

static void test_nearest(void **state)
{
    (void)state;
    static const char *const words[] = { "trials", "threads", "target", "kv", "repetitions" };
    assert_string_equal(eb_nearest("trails", words, 5), "trials");
    assert_string_equal(eb_nearest("thread", words, 5), "threads");
    assert_string_equal(eb_nearest("repetitons", words, 5), "repetitions");
    assert_string_equal(eb_nearest("TRIALS", words, 5), "trials");
    assert_string_equal(eb_nearest("kb", words, 5), "kv");
    static const char *const types[] = { "f16", "q8_0", "q4_0", "q4_k", "q4_k_m" };
    assert_string_equal(eb_nearest("q4km", types, 5), "q4_k_m");
    assert_string_equal(eb_nearest("Q4-K", types, 5), "q4_k");
    assert_string_equal(eb_nearest("q40", types, 5), "q4_0");
    assert_string_equal(eb_nearest("Q8", types, 5), "q8_0");
    assert_string_equal(eb_nearest("q4", types, 5), "q4_0");
    assert_null(eb_nearest("q", types, 5));
    assert_null(eb_nearest("__", types, 5));
    assert_string_equal(eb_nearest("trials_count_of_them", words, 5), "trials");
    assert_null(eb_nearest("kvwhatever", words, 5));
    assert_null(eb_nearest("xy", words, 5));
    assert_null(eb_nearest("", words, 5));
    assert_null(eb_nearest("something else altogether", words, 5));
    char long_word[5000];
    memset(long_word, 't', sizeof long_word - 1);
    long_word[sizeof long_word - 1] = '\0';
    assert_null(eb_nearest(long_word, words, 5));
}

static void test_help_says_it_all(void **state)
{
    (void)state;
    char *help = eb_option_help(&opt_enum);
    static const char *const parts[] = { "run.e\n", "A color.", "choice", "default  red", "blue", "cold" };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        assert_non_null(strstr(help, parts[i]));
    free(help);
    help = eb_option_help(&opt_int);
    assert_non_null(strstr(help, "range    1 to 100"));
    free(help);
}

// A list that is too long ends between two words, and says that there are more.
static void test_words_are_whole(void **state)
{
    (void)state;
    char list[24] = "";
    static const char *const words[] = { "f32", "f16", "q8_0", "q4_0", "f64", "i" };
    static const char *const want[] = {
        "f32", "f32, f16", "f32, f16, q8_0", "f32, f16, q8_0, ...", "f32, f16, q8_0, ...", "f32, f16, q8_0, ..."
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        eb_words_add(list, sizeof list, ", ", words[i]);
        assert_string_equal(list, want[i]);
    }
    for (size_t size = 6; size < 40; size++) { // of every size: whole words, in the buffer
        char *tight = eb_alloc(size);
        for (int i = 0; i < 20; i++)
            eb_words_add(tight, size, ", ", "abc");
        size_t len = strlen(tight);
        assert_true(len < size && len + 5 + 5 >= size);
        assert_string_equal(tight + len - 3, "...");
        for (size_t k = 0; k + 3 < len; k += 5)
            assert_memory_equal(tight + k, "abc, ", 5);
        free(tight);
    }
}

// Whatever a value is not, all that it may be is named whole.
static void test_allowed_values_are_whole(void **state)
{
    (void)state;
    for (const eb_option *const *table = eb_option_tables; *table; table++)
        for (const eb_option *opt = *table; opt->section; opt++) {
            eb_value value;
            eb_err err = { 0 };
            if (!opt->choices)
                continue;
            assert_false(eb_option_parse(opt, "???", &value, &err));
            const eb_choice *c = opt->choices;
            while (c[1].name)
                c++;
            size_t hint = strlen(err.hint), last = strlen(c->name);
            assert_true(hint > last);
            assert_string_equal(err.hint + hint - last, c->name);
        }
}

// Every table's defaults pass their own option, keys are unique in their section, and choices exist.
static void test_tables_are_sound(void **state)
{
    (void)state;
    int n = 0;
    for (const eb_option *const *table = eb_option_tables; *table; table++) {
        for (const eb_option *opt = *table; opt->section; opt++, n++) {
            eb_value value;
            eb_err err = { 0 };
            if (opt->def && opt->def[0] && !eb_option_parse(opt, opt->def, &value, &err))
                fail_msg("default of %s.%s: %s", opt->section, opt->key, err.message);
            assert_ptr_equal(eb_option_find(opt->section, opt->key), opt);
            assert_true(opt->doc && strlen(opt->doc) > 5);
            assert_true((opt->type == EB_OPTION_ENUM) == (opt->choices != NULL));
            assert_true(opt->min <= opt->max);
        }
    }
    assert_true(n > 40);
    assert_null(eb_option_find("run", "nothing"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_help_says_it_all),
        cmocka_unit_test(test_words_are_whole),
        cmocka_unit_test(test_allowed_values_are_whole),
        cmocka_unit_test(test_tables_are_sound),
    };
    return cmocka_run_group_tests_name("option", tests, NULL, NULL);
}
