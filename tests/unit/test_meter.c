// SPDX-License-Identifier: Apache-2.0
// From a meter's lines to energy: what a line is, when a reading was, what breaks, what is refused.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "probes/meter_track.h"
#include "probes/probe_impl.h"

#define MS 1000000ll
#define S  1000000000ll

static eb_meter_track start(bool joules)
{
    eb_meter_setup setup = { .joules = joules, .max_w = 1e5, .tick_ns = 1e9, .timeout_ns = 2 * S };
    eb_meter_track t;
    eb_meter_track_init(&t, &setup);
    return t;
}

static void say(eb_meter_track *t, const char *text, int64_t came_ns)
{
    eb_meter_track_line(t, text, strlen(text), false, came_ns);
}

static void say_at(eb_meter_track *t, double stamp, double value, int64_t came_ns)
{
    char text[64];
    snprintf(text, sizeof text, "%.6f %.6f", stamp, value);
    say(t, text, came_ns);
}

static uint64_t read_ok(eb_meter_track *t, int64_t now_ns)
{
    eb_sample s = { 0 };
    eb_meter_track_read(t, now_ns, &s);
    assert_int_equal(s.status, EB_SAMPLE_OK);
    return s.raw;
}

static void expect(eb_meter_track *t, int64_t now_ns, eb_status status)
{
    eb_sample s = { 0 };
    eb_meter_track_read(t, now_ns, &s);
    assert_string_equal(eb_status_name(s.status), eb_status_name(status));
    if (status == EB_SAMPLE_MISSING)
        assert_int_equal(s.raw, 0);
}

static void expect_trouble(const eb_meter_track *t, int64_t now_ns, const char *want)
{
    char why[512] = "";
    bool any = eb_meter_track_trouble(t, now_ns, why, sizeof why);
    if (any != (want != NULL) || (want && !strstr(why, want)))
        fail_msg("said '%s', wanted '%s'", why, want ? want : "nothing");
}

static const struct {
    const char *text;
    bool joules, stamped;
    double stamp, value;
    double step;
    const char *why; // part of it; NULL = taken
} line_cases[] = {
    { "50", false, false, 0, 50, 1, NULL },
    { "  50.25\t", false, false, 0, 50.25, 0.01, NULL },
    { "12.5 50.250", false, true, 12.5, 50.25, 0.001, NULL },
    { "12.5,50", false, true, 12.5, 50, 1, NULL },
    { "12.5; 50 W", false, true, 12.5, 50, 1, NULL },
    { "50 watts", false, false, 0, 50, 1, NULL },
    { "50.5W", false, false, 0, 50.5, 0.1, NULL },
    { "1 500 mW", false, true, 1, 0.5, 0.001, NULL },
    { "0.5kW", false, false, 0, 500, 100, NULL },
    { "-3 50", false, true, -3, 50, 1, NULL },
    { "1763717607.123456789 1e1", false, true, 1763717607.123456789, 10, 0, NULL },
    { "0", false, false, 0, 0, 1, NULL },
    { "7.5 1234 J", true, true, 7.5, 1234, 1, NULL },
    { "1234.25 joules", true, false, 0, 1234.25, 0.01, NULL },
    { "12.34 kWh", true, false, 0, 12.34 * 3.6e6, 36000, NULL },
    { "2026-01-31T10:30:00Z 50", false, true, 1769855400, 50, 1, NULL },
    { "2026-01-31T10:30:00.25+01:00,50", false, true, 1769851800.25, 50, 1, NULL },
    { "2026-01-31 10:30:00.5 50 W", false, true, 1769855400.5, 50, 1, NULL },
    { "2026-01-31T00:00:00-00:30 50", false, true, 1769817600 + 1800, 50, 1, NULL },
    { "", false, false, 0, 0, 0, "" },
    { " \t", false, false, 0, 0, 0, "" },
    { "# time watts", false, false, 0, 0, 0, "" },
    { "50 J", false, false, 0, 0, 0, "gives an energy where" },
    { "50J", false, false, 0, 0, 0, "gives an energy where" },
    { "1 50 W", true, false, 0, 0, 0, "gives a power where" },
    { "abc", false, false, 0, 0, 0, "no number" },
    { "W", false, false, 0, 0, 0, "no number" },
    { ",;", false, false, 0, 0, 0, "no number" },
    { "time watts", false, false, 0, 0, 0, "no number" },
    { "time power", false, false, 0, 0, 0, "time stamp that is none" },
    { "12:30 50", false, false, 0, 0, 0, "time stamp that is none" },
    { "2026-01-31T10:30 50", false, false, 0, 0, 0, "time stamp that is none" },
    { "2026-01-31T10:30:00X 50", false, false, 0, 0, 0, "time stamp that is none" },
    { "2026-01-31T10:30:00. 50", false, false, 0, 0, 0, "time stamp that is none" },
    { "T 50", false, false, 0, 0, 0, "time stamp that is none" },
    { "1 2 3", false, false, 0, 0, 0, "more than a time stamp" },
    { "1 2 3 4 5 6", false, false, 0, 0, 0, "more than a time stamp" },
    { "nan", false, false, 0, 0, 0, "no number" },
    { "inf", false, false, 0, 0, 0, "no number" },
    { "infJ", true, false, 0, 0, 0, "no number" },
    { "1e999", false, false, 0, 0, 0, "no number" },
    { "0x10", false, false, 0, 0, 0, "no number" },
    { "50 MW", false, false, 0, 0, 0, "no number" },
    { "-0.5", false, false, 0, 0, 0, "below 0" },
    { "nan 5", false, false, 0, 0, 0, "time stamp that is none" },
};

static void lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof line_cases / sizeof *line_cases; i++) {
        eb_meter_line line;
        const char *why =
            eb_meter_line_parse(line_cases[i].text, strlen(line_cases[i].text), line_cases[i].joules, &line);
        if ((why == NULL) != (line_cases[i].why == NULL) || (why && !strstr(why, line_cases[i].why)) ||
            (why && (*why == '\0') != (*line_cases[i].why == '\0')))
            fail_msg("'%s': %s", line_cases[i].text, why ? why : "taken");
        if (why)
            continue;
        assert_int_equal(line.stamped, line_cases[i].stamped);
        assert_float_equal(line.stamp, line_cases[i].stamp, 1e-6);
        assert_float_equal(line.value, line_cases[i].value, 1e-9 * line_cases[i].value);
        assert_float_equal(line.step, line_cases[i].step, 1e-12);
    }
    eb_meter_line line;
    assert_non_null(strstr(eb_meter_line_parse("5\0 6", 4, false, &line), "NUL"));
}

// 10 W for a second, a ramp to 30 W in the next, and 30 W for the third: 10 + 20 + 30 J.
static void watts_are_integrated_by_trapezoids(void **state)
{
    (void)state;
    eb_meter_track t = start(false);
    say(&t, "10", 5 * S);
    assert_int_equal(read_ok(&t, 5 * S), 0);
    say(&t, "10", 6 * S);
    assert_int_equal(read_ok(&t, 6 * S), 10000000);
    say(&t, "30", 7 * S);
    say(&t, "30", 8 * S);
    assert_int_equal(read_ok(&t, 8 * S), 60000000);
    expect_trouble(&t, 8 * S, NULL);
}

// Lines that come in a bunch: their stamps tell when each was.
static void stamps_place_late_lines(void **state)
{
    (void)state;
    eb_meter_track t = start(false);
    for (int i = 0; i <= 10; i++)
        say_at(&t, 1000 + 0.1 * i, 50, 5 * S + 100 * MS * i);
    assert_in_range(read_ok(&t, 6 * S), 50000000 - 50, 50000000);
    // 0.1 s at 100 W and 0.1 s back at 50 W, all seen 0.3 s later: the ramps are those of the stamps.
    say_at(&t, 1001.1, 100, 6 * S + 300 * MS);
    say_at(&t, 1001.2, 100, 6 * S + 300 * MS);
    say_at(&t, 1001.3, 50, 6 * S + 300 * MS);
    uint64_t uj = read_ok(&t, 6 * S + 300 * MS);
    assert_in_range(uj, 50000000 + 7500000 + 10000000 + 7500000 - 50, 50000000 + 25000000 + 50);
    expect_trouble(&t, 6 * S + 300 * MS, NULL);
}

// Whatever the stamps say, the energy is that of the time that went by here.
static void lying_stamps_make_no_energy(void **state)
{
    (void)state;
    static const struct {
        double rate, jump; // of the stamps; s, at the 20th line
        const char *want;
    } cases[] = {
        { 1, 0, NULL },
        { 1.0005, 0, NULL },
        { 2, 0, "run at 2 times the rate" },
        { 0.5, 0, "run at 0.5 times the rate" },
        { 1000, 0, "run at 1000 times the rate" },
        { 0, 0, "run at 0 times the rate" },
        { -1, 0, "step back by 0.1 s" },
        { 1, -3600, "step back by 3600 s" },
        { 1, 3600, "jump ahead by 3600 s" },
        { 1, 1e12, "jump ahead by 1e+12 s" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        eb_meter_track t = start(false);
        for (int k = 0; k <= 100; k++)
            say_at(&t, 1.7e9 + 0.1 * k * cases[i].rate + (k >= 20 ? cases[i].jump : 0), 50, 5 * S + 100 * MS * k);
        uint64_t uj = read_ok(&t, 15 * S);
        assert_in_range(uj, 500000000 - 1000000, 500000000 + 1000);
        expect_trouble(&t, 15 * S, cases[i].want);
    }
}

static void joules_are_differences(void **state)
{
    (void)state;
    eb_meter_track t = start(true);
    say(&t, "1000.5", 5 * S);
    say(&t, "1010.5", 6 * S);
    assert_int_equal(read_ok(&t, 6 * S), 10000000);
    assert_true(t.unit_j == 0.1);
    // A reset is a break, not an energy; from there on it counts again.
    say(&t, "3.0", 7 * S);
    expect(&t, 7 * S, EB_SAMPLE_RESET);
    expect_trouble(&t, 7 * S, "went back by 1008 J");
    say(&t, "4.0", 8 * S);
    assert_int_equal(read_ok(&t, 8 * S), 11000000);
    // A leap that no machine could draw.
    say(&t, "900000000", 9 * S);
    expect(&t, 9 * S, EB_SAMPLE_RESET);
    expect_trouble(&t, 9 * S, "more than meter_max_w allows");
    // Equal readings are 0 J.
    say(&t, "900000000", 10 * S);
    assert_int_equal(read_ok(&t, 10 * S), 11000000);
    // What a counter of joules counts while nobody hears of it is known all the same.
    say(&t, "900000100", 18 * S);
    assert_int_equal(read_ok(&t, 18 * S), 111000000);
}

static void refused_lines_are_counted_and_named(void **state)
{
    (void)state;
    eb_meter_track t = start(false);
    say(&t, "10", 5 * S);
    say(&t, "-40", 5 * S + 200 * MS);
    say(&t, "nan", 5 * S + 300 * MS);
    say(&t, "1e9", 5 * S + 400 * MS);
    eb_meter_track_line(&t, "555555", 6, true, 5 * S + 500 * MS);
    say(&t, "oh\x1b[1m dear", 5 * S + 600 * MS);
    say(&t, "# a comment is no line", 5 * S + 700 * MS);
    say(&t, "10", 6 * S);
    assert_int_equal(read_ok(&t, 6 * S), 10000000);
    assert_int_equal(t.refused, 5);
    assert_int_equal(t.good, 2);
    expect_trouble(&t, 6 * S, "5 of 8 lines refused: line 6, 'oh?[1m dear', has a time stamp that is none");
}

// An old value is not shown again; what was drawn in a silence of more than the timeout is not known.
static void silence_is_missing_and_then_a_break(void **state)
{
    (void)state;
    eb_meter_track t = start(false);
    for (int i = 0; i <= 10; i++)
        say(&t, "10", 5 * S + 100 * MS * i);
    assert_int_equal(read_ok(&t, 6 * S + 100 * MS), 10000000);
    expect(&t, 6 * S + 110 * MS, EB_SAMPLE_MISSING);
    expect_trouble(&t, 6 * S + 200 * MS, NULL);
    // Late, but within the timeout: the trapezoid holds.
    say(&t, "10", 7 * S);
    assert_int_equal(read_ok(&t, 7 * S), 20000000);
    expect(&t, 10 * S, EB_SAMPLE_MISSING);
    eb_sample s = { 0 };
    eb_meter_track_read(&t, 10 * S, &s);
    assert_int_equal(s.errnum, ETIMEDOUT);
    assert_true(eb_meter_track_stalled(&t, 10 * S));
    expect_trouble(&t, 10 * S, "no line for 3 s");
    say(&t, "10", 11 * S);
    expect(&t, 11 * S, EB_SAMPLE_AMBIGUOUS);
    assert_int_equal(read_ok(&t, 11 * S), 20000000);
    expect_trouble(&t, 11 * S, "no reading for 4 s");
    say(&t, "10", 12 * S);
    assert_int_equal(read_ok(&t, 12 * S), 30000000);
}

// A silence that is no stall yet takes a window's energy all the same: it is told.
static void a_silence_is_told_before_the_timeout(void **state)
{
    (void)state;
    eb_meter_track t = start(false);
    for (int i = 0; i <= 10; i++)
        say(&t, "10", 5 * S + 20 * MS * i);
    expect_trouble(&t, 5 * S + 1100 * MS, NULL);
    expect_trouble(&t, 5 * S + 1700 * MS, "no line for 1.5 s");
    say(&t, "10", 5 * S + 1710 * MS);
    expect_trouble(&t, 5 * S + 1720 * MS, NULL);
}

static void nothing_yet_is_missing(void **state)
{
    (void)state;
    eb_meter_track t = start(false);
    expect(&t, 5 * S, EB_SAMPLE_MISSING);
    say(&t, "garbage", 5 * S);
    expect(&t, 5 * S, EB_SAMPLE_MISSING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(watts_are_integrated_by_trapezoids),
        cmocka_unit_test(stamps_place_late_lines),
        cmocka_unit_test(lying_stamps_make_no_energy),
        cmocka_unit_test(joules_are_differences),
        cmocka_unit_test(refused_lines_are_counted_and_named),
        cmocka_unit_test(silence_is_missing_and_then_a_break),
        cmocka_unit_test(a_silence_is_told_before_the_timeout),
        cmocka_unit_test(nothing_yet_is_missing),
    };
    return cmocka_run_group_tests_name("meter", tests, NULL, NULL);
}
