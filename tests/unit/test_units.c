// SPDX-License-Identifier: Apache-2.0
// Numbers with units: whole text or nothing, exact values, and printing that reads back.
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/base/stats.h"
#include "harness/base/units.h"

typedef struct good {
    const char *text;
    int64_t value;
} good;

typedef struct bad {
    const char *text;
    size_t at;
} bad;

typedef bool parser(const char *s, int64_t *out, size_t *at);

static void check(parser *parse, const good *goods, const bad *bads)
{
    for (; goods->text; goods++) {
        int64_t value = -77;
        if (!parse(goods->text, &value, NULL) || value != goods->value)
            fail_msg("'%s' gave %lld, not %lld", goods->text, (long long)value, (long long)goods->value);
    }
    for (; bads->text; bads++) {
        int64_t value = -77;
        size_t at = 99;
        if (parse(bads->text, &value, &at) || at != bads->at || value != -77)
            fail_msg("'%s' should fail at %zu (got %zu, value %lld)", bads->text, bads->at, at, (long long)value);
    }
}

static void test_counts(void **state)
{
    (void)state;
    static const good goods[] = { { "0", 0 },     { "128", 128 },     { "4k", 4096 },
                                  { "4K", 4096 }, { "1Mi", 1 << 20 }, { "2G", 2147483648 },
                                  { "-3", -3 },   { "+7", 7 },        { "9223372036854775807", INT64_MAX },
                                  { 0 } };
    static const bad bads[] = { { "", 0 },
                                { "x", 0 },
                                { "7x", 1 },
                                { "4kk", 1 },
                                { "1.5", 1 },
                                { "1 k", 1 },
                                { "-", 1 },
                                { "0x10", 1 },
                                { "9223372036854775808", 0 },
                                { "9007199254740993G", 0 },
                                { "1e3", 1 },
                                { 0 } };
    check(eb_parse_int, goods, bads);
}

static void test_times(void **state)
{
    (void)state;
    static const good goods[] = { { "0", 0 },
                                  { "250ms", 250000000 },
                                  { "2s", 2000000000 },
                                  { "1.5min", 90000000000 },
                                  { "1h", 3600000000000 },
                                  { "3 us", 3000 },
                                  { "3\xC2\xB5s", 3000 },
                                  { "7ns", 7 },
                                  { "0.1s", 100000000 },
                                  { "1e3ms", 1000000000 },
                                  { "0s", 0 },
                                  { 0 } };
    static const bad bads[] = { { "5", 1 },     { "", 0 },     { "ms", 0 },   { "-1s", 0 },
                                { "1x", 1 },    { "1sec", 1 }, { "1s s", 1 }, { "1..5s", 2 },
                                { "9e99h", 0 }, { "nan", 0 },  { "inf", 0 },  { 0 } };
    check(eb_parse_time_ns, goods, bads);
}

static void test_bytes(void **state)
{
    (void)state;
    static const good goods[] = {
        { "0", 0 },      { "512", 512 },         { "512M", 512000000 }, { "2GiB", 2147483648 },   { "1KiB", 1024 },
        { "1kB", 1000 }, { "1.5G", 1500000000 }, { "3B", 3 },           { "2Ti", 2199023255552 }, { 0 }
    };
    static const bad bads[] = { { "", 0 }, { "G", 0 }, { "1Q", 1 }, { "-1", 0 }, { "1GiBs", 1 }, { "1e30", 0 }, { 0 } };
    check(eb_parse_bytes, goods, bads);
}

static void test_doubles(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } goods[] = { { "0.21", 0.21 }, { "-1e-3", -1e-3 }, { ".5", 0.5 }, { "5.", 5 }, { "+2", 2 }, { "1E4", 1e4 } };
    static const bad bads[] = { { "", 0 },      { "0,21", 1 }, { "1e", 1 },    { "1e+", 1 }, { "inf", 0 }, { "nan", 0 },
                                { "0x1p3", 1 }, { "1 ", 1 },   { "1e999", 0 }, { "--1", 1 }, { ".", 0 } };
    for (size_t i = 0; i < sizeof goods / sizeof *goods; i++) {
        double value;
        assert_true(eb_parse_double(goods[i].text, &value, NULL));
        assert_true(value == goods[i].value);
    }
    for (size_t i = 0; i < sizeof bads / sizeof *bads; i++) {
        double value = -77;
        size_t at = 99;
        if (eb_parse_double(bads[i].text, &value, &at) || at != bads[i].at)
            fail_msg("'%s' should fail at %zu, not %zu", bads[i].text, bads[i].at, at);
    }
    // A decimal point is a point in a locale that prints a comma, too.
    const char *old = setlocale(LC_NUMERIC, "de_DE.UTF-8");
    double value;
    assert_true(eb_parse_double("0.21", &value, NULL));
    assert_true(value == 0.21);
    if (old)
        setlocale(LC_NUMERIC, "C");
}

static void test_u64(void **state)
{
    (void)state;
    uint64_t value;
    size_t at;
    assert_true(eb_parse_u64("18446744073709551615", &value, NULL));
    assert_true(value == UINT64_MAX);
    assert_false(eb_parse_u64("18446744073709551616", &value, &at));
    assert_false(eb_parse_u64("-1", &value, &at));
    assert_int_equal(at, 0);
    assert_false(eb_parse_u64("12 ", &value, &at));
    assert_int_equal(at, 2);
}

static void test_significant(void **state)
{
    (void)state;
    static const struct {
        double value;
        int digits;
        const char *text;
    } cases[] = { { 1.5, 3, "1.50" },
                  { 9.999, 3, "10.0" },
                  { 12345, 3, "12300" },
                  { 0, 3, "0" },
                  { -0.0, 3, "0" },
                  { -2.345, 2, "-2.3" },
                  { 0.00012345, 3, "0.000123" },
                  { 0.000012345, 3, "1.23e-05" },
                  { 1e9, 3, "1000000000" },
                  { 1.234e10, 3, "1.23e+10" },
                  { NAN, 3, "-" },
                  { INFINITY, 3, "inf" },
                  { 99.96, 3, "100" },
                  { 0.5, 1, "0.5" } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char buf[32];
        assert_string_equal(eb_fmt_sig(buf, sizeof buf, cases[i].value, cases[i].digits), cases[i].text);
    }
}

// Whatever is printed reads back within half a unit of the last digit.
static void test_significant_reads_back(void **state)
{
    (void)state;
    eb_rng rng;
    eb_rng_init(&rng, 1);
    for (int i = 0; i < 20000; i++) {
        double value = (eb_rng_uniform(&rng) - 0.5) * pow(10, 24 * eb_rng_uniform(&rng) - 12);
        int digits = 1 + (int)eb_rng_below(&rng, 9);
        char buf[32];
        double back = strtod(eb_fmt_sig(buf, sizeof buf, value, digits), NULL);
        double unit = pow(10, floor(log10(fabs(value))) - digits + 1);
        if (fabs(back - value) > 0.5000001 * unit)
            fail_msg("%.17g with %d digits printed as %s", value, digits, buf);
    }
}

static void test_with_units(void **state)
{
    (void)state;
    char buf[40];
    assert_string_equal(eb_fmt_time(buf, sizeof buf, 12.3e6, 3), "12.3 ms");
    assert_string_equal(eb_fmt_time(buf, sizeof buf, 999.9e3, 3), "1.00 ms");
    assert_string_equal(eb_fmt_time(buf, sizeof buf, 0, 3), "0 ns");
    assert_string_equal(eb_fmt_time(buf, sizeof buf, 90e9, 3), "90.0 s");
    assert_string_equal(eb_fmt_time(buf, sizeof buf, 300e9, 2), "5.0 min");
    assert_string_equal(eb_fmt_time(buf, sizeof buf, 7200e9, 2), "2.0 h");
    assert_string_equal(eb_fmt_time(buf, sizeof buf, NAN, 3), "-");
    assert_string_equal(eb_fmt_bytes(buf, sizeof buf, 135e6, 3), "135 MB");
    assert_string_equal(eb_fmt_bytes(buf, sizeof buf, 512, 3), "512 B");
    assert_string_equal(eb_fmt_bytes(buf, sizeof buf, 999.9e6, 3), "1.00 GB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_u64),
        cmocka_unit_test(test_significant),
        cmocka_unit_test(test_significant_reads_back),
        cmocka_unit_test(test_with_units),
    };
    return cmocka_run_group_tests_name("units", tests, NULL, NULL);
}
