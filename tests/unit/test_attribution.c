// SPDX-License-Identifier: Apache-2.0
// Energy of windows from raw samples, against machines whose power is known.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/stats.h"
#include "harness/record/attribution.h"

enum { MS = 1000000, S = 1000000000 };

static void near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        print_error("%.17g is not %.17g within %g\n", a, b, tolerance);
    assert_true(fabs(a - b) <= tolerance);
}

static eb_channel counter(uint64_t max_range, uint64_t modulus, double unit)
{
    return (eb_channel){ .quantity = EB_QUANTITY_ENERGY_UJ,
                         .cumulative = true,
                         .max_range = max_range,
                         .modulus = modulus,
                         .unit = unit,
                         .scale = 1,
                         .power_max_w = 500,
                         .period_ns = MS,
                         .grade = EB_GRADE_COUNTER };
}

static eb_sample at(int64_t t_ns, uint64_t raw)
{
    return (eb_sample){ .t_before_ns = t_ns, .t_after_ns = t_ns, .raw = raw };
}

// The ranges that section 3 has seen, and their units in uJ.
static const struct {
    uint64_t max_range, unit;
} ranges[] = {
    { 262143328850, 61 },          // 2^-14 J
    { 65712999613, 15 },           // 15.3 uJ, server memory
    { 65532610987, 15 },           // 2^-16 J
    { 4294967295000000, 1000000 }, // 1 J, psys
};

// 1 J units at 3 W: a window of 0.3 s sees one of them or none, wherever it begins; the mean of many is right, and the
// half-width is not too small.
static void test_units_that_fill_slowly(void **state)
{
    (void)state;
    enum { RUNS = 200, READS = 31 };
    double sum_j = 0;
    int known = 0, held = 0;
    for (int run = 0; run < RUNS; run++) {
        eb_channel c = counter(4294967295000000, 4294967296000000, 1e6);
        eb_sample samples[READS];
        for (int i = 0; i < READS; i++) {
            double joules = 5 + 0.005 * run + 3 * 0.01 * i;
            samples[i] = at(10ll * MS * i, (uint64_t)joules * 1000000);
        }
        eb_trace *t = eb_trace_new(&c, samples, READS);
        eb_energy e = eb_trace_energy(t, 0, 300ll * MS);
        eb_trace_free(t);
        if (e.status != EB_SAMPLE_OK || e.j == 0)
            continue;
        known++;
        sum_j += e.j;
        held += fabs(e.j - 0.9) <= e.halfwidth_j;
    }
    assert_true(known > RUNS * 8 / 10);
    near(sum_j / known, 0.9, 0.12);
    assert_true(held >= known * 95 / 100);
}

// A second at 40 W, of which the last `late_ms` were not seen.
static eb_energy of_a_late_end(const char *source, int late_ms)
{
    eb_channel c = counter(0, 0, 1);
    eb_sample samples[101];
    snprintf(c.source, sizeof c.source, "%s", source);
    c.period_ns = 20 * MS;
    for (int i = 0; i <= 100; i++) {
        samples[i] = at(10ll * MS * i, 40000ull * 20 * ((uint64_t)i / 2));
        if (i * 10 > 1000 - late_ms)
            samples[i].status = EB_SAMPLE_MISSING;
    }
    eb_trace *t = eb_trace_new(&c, samples, 101);
    eb_energy e = eb_trace_energy(t, 0, S);
    eb_trace_free(t);
    return e;
}

// A program's line may be late at the end of a window; a counter's file may not.
static void test_late_lines_cost_certainty_and_not_the_window(void **state)
{
    (void)state;
    eb_energy whole = of_a_late_end("meter", 0), late = of_a_late_end("meter", 200);
    assert_int_equal(late.status, EB_SAMPLE_OK);
    near(late.j, 40, 1);
    assert_true(late.halfwidth_j > 1.9 * 40 * 0.2 / sqrt(12) && late.halfwidth_j > 3 * whole.halfwidth_j);
    assert_int_equal(of_a_late_end("meter", 400).status, EB_SAMPLE_MISSING);
    assert_int_equal(of_a_late_end("powercap", 200).status, EB_SAMPLE_MISSING);
}

// 0.8 s at 20 W, then 160 W until the window ends: where the last update was is worth the power there, not the
// window's. Phases of the counter's updates go round; 9 of 10 half-widths hold, and they do not hold by being wide.
static void test_the_power_at_a_windows_end_counts(void **state)
{
    (void)state;
    enum { RUNS = 400, READS = 101 };
    int held = 0;
    double squares = 0, wide_j = 0;
    for (int run = 0; run < RUNS; run++) {
        eb_channel c = counter(262143328850, 262143328911, 1);
        eb_sample samples[READS];
        c.period_ns = MS;
        int64_t phase_ns = MS * run / RUNS, turn_ns = 800 * MS;
        for (int i = 0; i < READS; i++) {
            int64_t t = 10ll * MS * i + (i % 7) * 9973;
            t = i == READS - 1 ? S : t;
            double updated_ns = (double)((t + phase_ns) / MS * MS - phase_ns), late_ns = updated_ns - (double)turn_ns;
            samples[i] = at(t, (uint64_t)(1e6 + updated_ns * 0.02 + (late_ns > 0 ? late_ns * 0.14 : 0)));
        }
        eb_trace *t = eb_trace_new(&c, samples, READS);
        eb_energy e = eb_trace_energy(t, 0, S);
        eb_trace_free(t);
        assert_int_equal(e.status, EB_SAMPLE_OK);
        held += fabs(e.j - 48) <= e.halfwidth_j;
        squares += (e.j - 48) * (e.j - 48) / RUNS;
        wide_j += e.halfwidth_j / RUNS;
    }
    assert_true(held >= RUNS * 9 / 10);
    assert_true(wide_j < 4 * sqrt(squares));
}

static void test_difference_across_a_wrap(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        uint64_t modulus = ranges[i].max_range + ranges[i].unit, diff;
        eb_channel c = counter(ranges[i].max_range, modulus, (double)ranges[i].unit);
        uint64_t step = 20 * ranges[i].unit, a = modulus - 7 * ranges[i].unit, b = 13 * ranges[i].unit;
        int64_t dt = (int64_t)(step * 1000 / 100); // 100 W
        assert_int_equal(eb_counter_diff(&c, a, b, dt, &diff), EB_SAMPLE_OK);
        assert_true(diff == step);
        c.modulus = 0; // only the range known: one raw step more
        assert_int_equal(eb_counter_diff(&c, ranges[i].max_range, 0, dt, &diff), EB_SAMPLE_OK);
        assert_true(diff == 1);
        c.modulus = modulus;
        assert_int_equal(eb_counter_diff(&c, 5, 5, dt, &diff), EB_SAMPLE_OK);
        assert_true(diff == 0);
        // Half a wrap at 500 W or more: nobody can tell how often it went round.
        int64_t half_ns = (int64_t)((double)modulus / 2 / 500 * 1000);
        assert_int_equal(eb_counter_diff(&c, 5, 6, half_ns + half_ns / 100, &diff), EB_SAMPLE_AMBIGUOUS);
        assert_int_equal(eb_counter_diff(&c, 5, 6, half_ns - half_ns / 100, &diff), EB_SAMPLE_OK);
        // Back to zero in the middle: a wrap would mean more watts than the hardware can draw.
        assert_int_equal(eb_counter_diff(&c, modulus / 2, 0, 100 * MS, &diff), EB_SAMPLE_RESET);
        assert_true(diff == 0);
        assert_int_equal(eb_counter_diff(&c, modulus, 0, 100 * MS, &diff), EB_SAMPLE_RESET);
    }
}

// Reads however close cannot tell how often a counter went round whose single updates bring half a wrap and more.
static void test_updates_of_half_a_wrap(void **state)
{
    (void)state;
    eb_channel c = counter(2000000 - 1, 2000000, 1); // 2 J: half of it is drawn in 2 ms at 500 W
    uint64_t diff;
    c.period_ns = 1900000;
    assert_int_equal(eb_counter_diff(&c, 5, 900005, MS / 20, &diff), EB_SAMPLE_OK);
    assert_true(diff == 900000);
    c.period_ns = 1980000;
    assert_int_equal(eb_counter_diff(&c, 5, 900005, MS / 20, &diff), EB_SAMPLE_AMBIGUOUS);
    assert_int_equal(eb_counter_diff(&c, 5, 5, MS / 20, &diff), EB_SAMPLE_AMBIGUOUS);
    assert_true(diff == 0);
}

static void test_difference_without_wrap(void **state)
{
    (void)state;
    eb_channel c = counter(0, 0, 1);
    uint64_t diff;
    assert_int_equal(eb_counter_diff(&c, 10, 9, MS, &diff), EB_SAMPLE_RESET);
    assert_int_equal(eb_counter_diff(&c, 10, 30, MS, &diff), EB_SAMPLE_OK);
    assert_true(diff == 20);
    assert_int_equal(eb_counter_diff(&c, 0, 3 * 500 * 1000000ull, S, &diff), EB_SAMPLE_RESET);
}

// A counter that updates every period, read at any time: the machine that makes the samples.
typedef struct meter {
    double watts, period_ns, phase_ns, unit_uj;
} meter;

static uint64_t reading(const meter *m, double t_ns)
{
    double updated = floor((t_ns - m->phase_ns) / m->period_ns) * m->period_ns + m->phase_ns;
    double uj = m->watts * updated / 1000 + 1e6;
    return (uint64_t)(floor(uj / m->unit_uj) * m->unit_uj);
}

// Total of a 1 s window read ten times a second to a hundred, at random phases: no bias, and the half-width holds.
static void test_window_of_a_steady_load(void **state)
{
    (void)state;
    eb_rng rng;
    eb_rng_init(&rng, 7);
    enum { RUNS = 400, READS = 101 };
    int held = 0;
    double sum = 0;
    for (int run = 0; run < RUNS; run++) {
        meter m = { 100, MS, eb_rng_uniform(&rng) * MS, 61 };
        eb_channel c = counter(0, 0, 61);
        eb_sample s[READS];
        for (int i = 0; i < READS; i++) {
            double t = 10.0 * MS * i + (i && i < READS - 1 ? eb_rng_uniform(&rng) * MS : 0);
            s[i] = at((int64_t)t, reading(&m, t));
        }
        eb_trace *t = eb_trace_new(&c, s, READS);
        eb_energy e = eb_trace_energy(t, 0, S);
        assert_int_equal(e.status, EB_SAMPLE_OK);
        assert_int_equal(e.grade, EB_GRADE_COUNTER);
        near(e.halfwidth_j, 1.96 * sqrt(2.0 / 12) * (100 * 0.001), 0.002); // 0.408 P T, twice sigma
        held += fabs(e.j - 100) <= e.halfwidth_j;
        sum += e.j - 100;
        eb_trace_free(t);
    }
    assert_true(held >= 0.93 * RUNS);
    near(sum / RUNS, 0, 0.008);
}

// Two counters in one window: the sum's half-width holds where one clock updates both, and is wider than it need be
// where each has its own. Two windows of one counter, well apart, err on their own.
static void test_sums_hold_the_truth(void **state)
{
    (void)state;
    eb_rng rng;
    eb_rng_init(&rng, 11);
    enum { RUNS = 400, READS = 101 };
    int held[2] = { 0 }, apart = 0;
    for (int run = 0; run < 2 * RUNS; run++) {
        const int own = run % 2; // clocks
        const double phase_ns[2] = { eb_rng_uniform(&rng) * MS, eb_rng_uniform(&rng) * MS };
        eb_channel c = counter(0, 0, 61);
        eb_energy sum = { .grade = EB_GRADE_COUNT }, both = { .grade = EB_GRADE_COUNT }, part = { 0 };
        double halves = 0;
        for (int k = 0; k < 2; k++) {
            meter m = { 100, MS, phase_ns[own ? k : 0], 61 };
            eb_sample s[READS];
            for (int i = 0; i < READS; i++)
                s[i] = at((int64_t)(10.0 * MS * i), reading(&m, 10.0 * MS * i));
            eb_trace *t = eb_trace_new(&c, s, READS);
            part = eb_trace_energy(t, 0, S);
            eb_energy_add(&sum, &part);
            halves += part.halfwidth_j;
            const int64_t ends_ns[2][2] = { { 3 * MS, 303 * MS }, { 607 * MS, 907 * MS } };
            for (int w = 0; w < 2 && k == 0; w++) {
                eb_energy piece = eb_trace_energy(t, ends_ns[w][0], ends_ns[w][1]);
                eb_energy_join(&both, &piece);
                if (w == 1)
                    near(both.halfwidth_j, sqrt(2) * piece.halfwidth_j, 0.01 * piece.halfwidth_j);
            }
            eb_trace_free(t);
        }
        near(sum.halfwidth_j, halves, 1e-3 * halves);
        held[own] += fabs(sum.j - 200) <= sum.halfwidth_j;
        apart += fabs(both.j - 60) <= both.halfwidth_j;
    }
    assert_true(held[0] >= 0.93 * RUNS && held[1] >= 0.93 * RUNS);
    assert_true(apart >= 0.93 * 2 * RUNS);
}

// Reads faster than the updates find the edges: short windows are right to a few per cent, where the difference of two
// readings is wrong by half.
static void test_edges_resolve_short_windows(void **state)
{
    (void)state;
    enum { READS = 5000 };
    static eb_sample s[READS];
    meter m = { 50, MS, 0.3 * MS, 1 };
    eb_channel c = counter(0, 0, 1);
    for (int i = 0; i < READS; i++)
        s[i] = at(i * 50000LL, reading(&m, i * 50000.0));
    eb_trace *t = eb_trace_new(&c, s, READS);
    double worst = 0;
    for (int64_t from = 5 * MS; from < 200 * MS; from += 1234567) {
        eb_energy e = eb_trace_energy(t, from, from + 2 * MS);
        assert_int_equal(e.status, EB_SAMPLE_OK);
        worst = fmax(worst, fabs(e.j / 0.1 - 1));
        assert_true(e.halfwidth_j < 0.1 * 0.05);
    }
    assert_true(worst < 0.03);
    assert_in_range(eb_trace_updates(t, 10 * MS, 20 * MS), 9, 11);
    // Parts add up to the whole exactly.
    double whole = eb_trace_energy(t, 5 * MS, 205 * MS).j, parts = 0;
    for (int i = 0; i < 200; i++)
        parts += eb_trace_energy(t, (5 + i) * MS, (6 + i) * MS).j;
    near(parts, whole, 1e-9);
    eb_trace_free(t);
}

// Power falls in the middle between two reads: the part before it is wrong by what the straight line hides, and says
// so.
static void test_phase_that_ends_between_reads(void **state)
{
    (void)state;
    eb_rng rng;
    eb_rng_init(&rng, 11);
    enum { RUNS = 400, READS = 41 };
    int held = 0;
    double widest = 0;
    for (int run = 0; run < RUNS; run++) {
        double change_ms = 100 + 200 * eb_rng_uniform(&rng);
        eb_channel c = counter(0, 0, 1);
        c.period_ns = 0;
        eb_sample s[READS];
        for (int i = 0; i < READS; i++) {
            double t_ms = 10.0 * i, uj = 1000 * (100 * fmin(t_ms, change_ms) + 40 * fmax(t_ms - change_ms, 0));
            s[i] = at((int64_t)(t_ms * MS), (uint64_t)uj);
        }
        eb_trace *t = eb_trace_new(&c, s, READS);
        eb_energy e = eb_trace_energy(t, 0, (int64_t)(change_ms * MS));
        held += fabs(e.j - change_ms * 0.1) <= e.halfwidth_j + 1e-6;
        widest = fmax(widest, e.halfwidth_j);
        eb_trace_free(t);
    }
    assert_int_equal(held, RUNS);
    assert_true(widest < 1.96 * 60 * 0.01 / 4); // not wider than a quarter of a poll at the step, at 95 %
}

static void test_window_across_a_wrap(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        uint64_t modulus = ranges[i].max_range + ranges[i].unit, unit = ranges[i].unit;
        eb_channel c = counter(ranges[i].max_range, modulus, (double)unit);
        c.period_ns = 0; // exact at the time of the read
        eb_sample s[11];
        uint64_t step = 4 * unit;
        int64_t dt = (int64_t)step * 1000 / 100; // 100 W
        for (int k = 0; k < 11; k++)
            s[k] = at(k * dt, (modulus - 5 * step + (uint64_t)k * step) % modulus);
        eb_trace *t = eb_trace_new(&c, s, 11);
        near(eb_trace_energy(t, 0, 10 * dt).j, 10.0 * (double)step / 1e6, 1e-9);
        near(eb_trace_energy(t, 3 * dt, 7 * dt).j, 4.0 * (double)step / 1e6, 1e-9);
        near(eb_trace_energy(t, 9 * dt / 2, 11 * dt / 2).j, (double)step / 1e6, 1e-9);
        eb_trace_free(t);
    }
}

static void test_equal_readings_are_nothing(void **state)
{
    (void)state;
    eb_channel c = counter(262143328850, 262143328911, 61);
    eb_sample s[] = { at(0, 777), at(10 * MS, 777), at(20 * MS, 777) };
    eb_trace *t = eb_trace_new(&c, s, 3);
    eb_energy e = eb_trace_energy(t, 0, 20 * MS);
    assert_int_equal(e.status, EB_SAMPLE_OK);
    assert_true(e.j == 0);
    assert_int_equal(eb_trace_updates(t, INT64_MIN, INT64_MAX), 0);
    eb_trace_free(t);
}

// 40 W read each 10 ms for 3 s, of which the counter stands still from 1.0 s on until `until_s`; then it shows all that
// was drawn (late), or goes on from where it stood.
static eb_trace *a_stall(const eb_channel *c, double until_s, bool late)
{
    eb_sample s[301];
    for (int i = 0; i <= 300; i++) {
        double t = i / 100.0, lost = t < 1 ? 0 : t < until_s ? t - 1 : late ? 0 : until_s - 1;
        s[i] = at(i * 10 * (int64_t)MS, (uint64_t)llround((t - lost) * 40e6));
    }
    return eb_trace_new(c, s, 301);
}

static void test_a_counter_that_stands_still(void **state)
{
    (void)state;
    eb_channel c = counter(262143328850, 262143328911, 61.035);
    eb_trace *frozen = a_stall(&c, 9, false), *lossy = a_stall(&c, 1.6, false), *late = a_stall(&c, 1.2, true);
    assert_int_equal(eb_trace_energy(frozen, 0, 3 * (int64_t)S).status, EB_SAMPLE_STALLED);
    assert_int_equal(eb_trace_energy(frozen, 2 * (int64_t)S, 3 * (int64_t)S).status, EB_SAMPLE_STALLED);
    near(eb_trace_energy(frozen, 100 * MS, 900 * MS).j, 32, 0.1);
    assert_int_equal(eb_trace_energy(lossy, 500 * MS, 2 * (int64_t)S).status, EB_SAMPLE_STALLED);
    near(eb_trace_energy(lossy, 1700 * (int64_t)MS, 2700 * (int64_t)MS).j, 40, 0.1);
    near(eb_trace_energy(late, 100 * MS, 2900 * (int64_t)MS).j, 112, 0.1); // an update that is late has lost nothing
    eb_trace_free(frozen);
    eb_trace_free(lossy);
    eb_trace_free(late);
    c.domain = EB_DOMAIN_UNCORE; // graphics may be off
    eb_trace *off = a_stall(&c, 9, false);
    near(eb_trace_energy(off, 100 * MS, 2900 * (int64_t)MS).j, 36, 0.5);
    eb_trace_free(off);
}

// 1 J steps at 3 W are slow, not broken; where nobody says that they are steps of 1 J, the steps do.
static void test_coarse_units(void **state)
{
    (void)state;
    static eb_sample s[2001];
    for (int i = 0; i <= 2000; i++)
        s[i] = at(i * 10 * (int64_t)MS, (uint64_t)(3.0 * i / 100) * 1000000);
    for (int known = 0; known < 2; known++) {
        eb_channel c = counter(known ? 4294967295000000 : 0, known ? 4294967296000000 : 0, known ? 1e6 : 0);
        eb_trace *t = eb_trace_new(&c, s, 2001);
        eb_energy e = eb_trace_energy(t, 1500 * (int64_t)MS, 18300 * (int64_t)MS);
        assert_int_equal(e.status, EB_SAMPLE_OK);
        near(e.j, 3 * 16.8, e.halfwidth_j);
        near(e.quantum_j, 1.96 * sqrt(2.0 / 12), 0.01);
        eb_trace_free(t);
    }
}

// More than the hardware can draw since the last update, though less than a late one could bring.
static void test_a_jump_is_a_reset(void **state)
{
    (void)state;
    eb_channel c = counter(262143328850, 262143328911, 61.035);
    eb_sample s[101];
    for (int i = 0; i <= 100; i++)
        s[i] = at(i * 10 * (int64_t)MS, (uint64_t)(i * 300000 + (i > 50 ? 100000000 : 0))); // 30 W, and 100 J at once
    eb_trace *t = eb_trace_new(&c, s, 101);
    assert_int_equal(eb_trace_energy(t, 100 * MS, 900 * MS).status, EB_SAMPLE_RESET);
    near(eb_trace_energy(t, 100 * MS, 400 * MS).j, 9, 0.1);
    near(eb_trace_energy(t, 600 * MS, 900 * MS).j, 9, 0.1);
    eb_trace_free(t);
}

static void test_broken_segments_are_void(void **state)
{
    (void)state;
    static const eb_status broken[] = { EB_SAMPLE_RESET, EB_SAMPLE_AMBIGUOUS, EB_SAMPLE_SUSPENDED };
    for (size_t b = 0; b < 3; b++) {
        eb_channel c = counter(0, 0, 1);
        eb_sample s[21];
        for (int i = 0; i < 21; i++)
            s[i] = at(i * 10 * MS, 1000000 + (uint64_t)i * 100000); // 10 W
        s[10].status = broken[b];
        for (int i = 10; i < 21; i++)
            s[i].raw = 5 + (uint64_t)i * 100000;
        eb_trace *t = eb_trace_new(&c, s, 21);
        eb_energy across = eb_trace_energy(t, 50 * MS, 150 * MS), inside = eb_trace_energy(t, 91 * MS, 95 * MS);
        assert_int_equal(across.status, broken[b]);
        assert_int_equal(inside.status, broken[b]);
        assert_true(isnan(across.j) && isnan(across.halfwidth_j));
        near(eb_trace_energy(t, 10 * MS, 80 * MS).j, 0.7, 1e-6);
        near(eb_trace_energy(t, 110 * MS, 190 * MS).j, 0.8, 1e-6);
        eb_trace_free(t);
    }
}

static void test_a_missing_sample_is_bridged(void **state)
{
    (void)state;
    eb_channel c = counter(0, 0, 1);
    eb_sample s[] = { at(0, 0), at(10 * MS, 100000), at(20 * MS, 0), at(30 * MS, 300000), at(40 * MS, 400000) };
    s[2].status = EB_SAMPLE_MISSING;
    eb_trace *t = eb_trace_new(&c, s, 5);
    near(eb_trace_energy(t, 10 * MS, 30 * MS).j, 0.2, 1e-6);
    eb_trace_free(t);
    s[3].status = s[4].status = EB_SAMPLE_GONE;
    t = eb_trace_new(&c, s, 5);
    assert_int_equal(eb_trace_energy(t, 0, 35 * MS).status, EB_SAMPLE_GONE);
    eb_trace_free(t);
}

static void test_windows_beyond_the_samples(void **state)
{
    (void)state;
    eb_channel c = counter(0, 0, 1);
    eb_sample s[11];
    for (int i = 0; i < 11; i++)
        s[i] = at(S + i * 10 * MS, 5000 + (uint64_t)i * 100000);
    eb_trace *t = eb_trace_new(&c, s, 11);
    near(eb_trace_energy(t, S - 5 * MS, S + 105 * MS).j, 1.1, 1e-6); // half a poll on either side
    assert_int_equal(eb_trace_energy(t, S - 12 * MS, S + 50 * MS).status, EB_SAMPLE_MISSING);
    assert_int_equal(eb_trace_energy(t, S, S + 112 * MS).status, EB_SAMPLE_MISSING);
    assert_int_equal(eb_trace_energy(t, S + 50 * MS, S + 40 * MS).status, EB_SAMPLE_MISSING);
    eb_trace_free(t);
    t = eb_trace_new(&c, NULL, 0);
    assert_int_equal(eb_trace_energy(t, 0, 1).status, EB_SAMPLE_MISSING);
    assert_true(isnan(eb_trace_delta(t, 0, 1)));
    eb_trace_free(t);
}

static void test_gauges(void **state)
{
    (void)state;
    eb_channel c = { .quantity = EB_QUANTITY_POWER_UW, .scale = 1, .grade = EB_GRADE_SAMPLED };
    eb_sample s[] = { at(0, 10000000), at(S, 20000000), at(2LL * S, 20000000), at(3LL * S, 0) };
    eb_trace *t = eb_trace_new(&c, s, 4);
    near(eb_trace_energy(t, 0, S).j, 15, 1e-9);
    near(eb_trace_energy(t, S / 2, 2LL * S).j, 17.5 / 2 + 20, 1e-9);
    near(eb_trace_energy(t, 0, 3LL * S).j, 45, 1e-9);
    assert_int_equal(eb_trace_energy(t, 0, S).grade, EB_GRADE_SAMPLED);
    assert_true(isnan(eb_trace_delta(t, 0, S)));
    eb_trace_free(t);
}

static void test_event_counters(void **state)
{
    (void)state;
    eb_channel c = { .quantity = EB_QUANTITY_COUNT, .cumulative = true, .scale = 2 };
    eb_sample s[] = { at(0, 100), at(100, 200), at(200, 200), at(300, 1200) };
    eb_trace *t = eb_trace_new(&c, s, 4);
    near(eb_trace_delta(t, 0, 300), 2200, 1e-9);
    near(eb_trace_delta(t, 50, 250), 2 * (50 + 500), 1e-9);
    near(eb_trace_delta(t, 100, 200), 0, 0);
    assert_int_equal(eb_trace_energy(t, 0, 300).status, EB_SAMPLE_MISSING);
    eb_trace_free(t);
}

// 10 W, seen each 20 ms, counted each 100 ms, and not read any more after 1 s: what is drawn until 1.1 s goes on as
// before, with the time that nobody saw in the half-width. While it is seen to stand still it goes on for one period.
static void test_a_source_that_falls_silent_at_the_end(void **state)
{
    (void)state;
    eb_channel c = counter(0, 0, 1);
    eb_sample s[64];
    size_t n = 0;
    c.period_ns = 100 * MS;
    for (int64_t t = 0; t <= S; t += 20 * MS, n++)
        s[n] = at(5ll * S + t, (uint64_t)(t / (100 * MS)) * 1000000);
    eb_trace *seen = eb_trace_new(&c, s, n);
    for (int k = 1; k <= 5; k++, n++) {
        s[n] = at(6ll * S + k * 20 * MS, 0);
        s[n].status = EB_SAMPLE_MISSING;
    }
    eb_trace *silent = eb_trace_new(&c, s, n);
    eb_energy whole = eb_trace_energy(silent, 5ll * S + 500 * MS, 6ll * S + 100 * MS);
    eb_energy part = eb_trace_energy(seen, 5ll * S + 500 * MS, 6ll * S);
    assert_int_equal(whole.status, EB_SAMPLE_OK);
    near(whole.j, 6, 0.1);
    assert_true(whole.halfwidth_j > part.halfwidth_j + 0.2);
    eb_trace_free(silent);
    eb_trace_free(seen);
    for (size_t i = n - 5; i < n; i++)
        s[i] = at(s[i].t_before_ns + 100 * MS, 10000000);
    silent = eb_trace_new(&c, s, n);
    near(eb_trace_energy(silent, 5ll * S + 500 * MS, 6ll * S + 200 * MS).j, 6, 0.25);
    eb_trace_free(silent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_power_at_a_windows_end_counts),
        cmocka_unit_test(test_difference_across_a_wrap),
        cmocka_unit_test(test_units_that_fill_slowly),
        cmocka_unit_test(test_late_lines_cost_certainty_and_not_the_window),
        cmocka_unit_test(test_difference_without_wrap),
        cmocka_unit_test(test_updates_of_half_a_wrap),
        cmocka_unit_test(test_window_of_a_steady_load),
        cmocka_unit_test(test_sums_hold_the_truth),
        cmocka_unit_test(test_edges_resolve_short_windows),
        cmocka_unit_test(test_phase_that_ends_between_reads),
        cmocka_unit_test(test_window_across_a_wrap),
        cmocka_unit_test(test_equal_readings_are_nothing),
        cmocka_unit_test(test_a_counter_that_stands_still),
        cmocka_unit_test(test_coarse_units),
        cmocka_unit_test(test_a_jump_is_a_reset),
        cmocka_unit_test(test_broken_segments_are_void),
        cmocka_unit_test(test_a_missing_sample_is_bridged),
        cmocka_unit_test(test_windows_beyond_the_samples),
        cmocka_unit_test(test_a_source_that_falls_silent_at_the_end),
        cmocka_unit_test(test_gauges),
        cmocka_unit_test(test_event_counters),
    };
    return cmocka_run_group_tests_name("attribution", tests, NULL, NULL);
}
