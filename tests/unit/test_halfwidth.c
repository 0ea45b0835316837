// SPDX-License-Identifier: Apache-2.0
// Whether the half-width of a window's energy holds where it is hard: units of 1 J that a window does not fill, and
// power that steps within the last reads. Machines of known power in simulated time, phases drawn at random.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/record/attribution.h"

enum { RUNS = 1000, FAST_RUNS = 200, SEEDS = 3, MS = 1000000 };

// Power steps once. The counter takes what was drawn at each update, cut down to whole units; it is read each `poll_ms`
// from `before_ms` before the window to `after_ms` behind it, and at both ends of the window.
typedef struct machine {
    const char *name;
    double unit_j, period_ms, poll_ms, before_ms, window_ms, after_ms;
    double before_w, after_w;
    double turn_from_ms, turn_to_ms; // the step lies anywhere between, from the window's start on
    double most_bias_j, most_wide_j; // of the mean over the runs
    double least_held;               // share of the windows
} machine;

typedef struct draw {
    double turn_ms, phase_ms, start_j;
} draw;

static double drawn_j(const machine *m, const draw *d, double t_ms)
{
    double origin_ms = -m->before_ms - m->period_ms; // of the joules
    double until_ms = fmin(fmax(d->turn_ms, origin_ms), t_ms);
    return d->start_j + (m->before_w * (until_ms - origin_ms) + m->after_w * (t_ms - until_ms)) / 1000;
}

static eb_sample read_at(const machine *m, const draw *d, double t_ms)
{
    double updated_ms = floor((t_ms - d->phase_ms) / m->period_ms) * m->period_ms + d->phase_ms;
    double units = floor(drawn_j(m, d, updated_ms) / m->unit_j);
    int64_t ns = (int64_t)llround((t_ms + m->before_ms) * MS);
    return (eb_sample){ .t_before_ns = ns, .t_after_ns = ns + 700, .raw = (uint64_t)llround(units * m->unit_j * 1e6) };
}

typedef struct figures {
    double held, bias, rms, wide; // share of the windows; J
} figures;

static figures figures_of(const machine *m, int runs, uint64_t seed)
{
    eb_rng rng;
    eb_rng_init(&rng, seed);
    figures f = { 0 };
    double end_ms = m->window_ms + m->after_ms;
    eb_sample *s = eb_realloc(NULL, (size_t)((m->before_ms + end_ms) / m->poll_ms) + 5, sizeof *s);
    eb_channel c = { .quantity = EB_QUANTITY_ENERGY_UJ,
                     .cumulative = true,
                     .unit = m->unit_j * 1e6,
                     .scale = 1,
                     .power_max_w = 500,
                     .period_ns = (int64_t)(m->period_ms * MS),
                     .grade = EB_GRADE_COUNTER };
    for (int run = 0; run < runs; run++) {
        draw d = { m->turn_from_ms + (m->turn_to_ms - m->turn_from_ms) * eb_rng_uniform(&rng),
                   m->period_ms * eb_rng_uniform(&rng), m->unit_j * (5 + eb_rng_uniform(&rng)) };
        size_t n = 0;
        for (double t = -m->before_ms; t < 0; t += m->poll_ms)
            s[n++] = read_at(m, &d, t);
        for (double t = 0; t < m->window_ms; t += m->poll_ms)
            s[n++] = read_at(m, &d, t);
        for (double t = m->window_ms; t <= end_ms; t += m->poll_ms)
            s[n++] = read_at(m, &d, t);
        eb_trace *t = eb_trace_new(&c, s, n);
        int64_t start_ns = (int64_t)llround(m->before_ms * MS);
        eb_energy e = eb_trace_energy(t, start_ns, start_ns + (int64_t)llround(m->window_ms * MS));
        eb_trace_free(t);
        assert_int_equal(e.status, EB_SAMPLE_OK);
        double off = e.j - (drawn_j(m, &d, m->window_ms) - drawn_j(m, &d, 0));
        f.held += (fabs(off) <= e.halfwidth_j) / (double)runs;
        f.bias += off / runs;
        f.rms += off * off / runs;
        f.wide += e.halfwidth_j / runs;
    }
    f.rms = sqrt(f.rms);
    free(s);
    return f;
}

// 1 J units, in which a window sees a few edges or none; alone, or in a longer stretch of readings.
static const machine coarse[] = {
    { "1.5 W, 300 ms alone", 1, 1, 10, 5, 300, 0, 1.5, 1.5, 0, 0, 0.08, 1.02, 0.97 },
    { "1.5 W, 600 ms alone", 1, 1, 10, 5, 600, 0, 1.5, 1.5, 0, 0, 0.05, 1.02, 0.97 },
    { "3 W, 300 ms alone", 1, 1, 10, 5, 300, 0, 3, 3, 0, 0, 0.05, 1.02, 0.97 },
    { "1.5 W, 1.6 s alone", 1, 1, 10, 5, 1600, 0, 1.5, 1.5, 0, 0, 0.01, 0.82, 0.97 },
    { "1.5 W, 5 s alone", 1, 1, 10, 5, 5000, 0, 1.5, 1.5, 0, 0, 0.01, 0.82, 0.97 },
    { "1.5 W, 300 ms of 5 s", 1, 1, 10, 2000, 300, 2700, 1.5, 1.5, 0, 0, 0.01, 1.02, 0.97 },
    { "1.5 W, 600 ms of 5 s", 1, 1, 10, 2000, 600, 2400, 1.5, 1.5, 0, 0, 0.01, 1.02, 0.97 },
    { "1.5 W, 300 ms of 2 s, 100 ms updates", 1, 100, 20, 800, 300, 900, 1.5, 1.5, 0, 0, 0.01, 1.02, 0.97 },
    { "1.5 to 0.15 W, 300 ms alone", 1, 1, 10, 5, 300, 0, 1.5, 0.15, 0, 300, 0.07, 1.02, 0.97 },
    { "1.5 to 0.15 W, 600 ms alone", 1, 1, 10, 5, 600, 0, 1.5, 0.15, 0, 600, 0.07, 1.02, 0.97 },
    { "1.5 to 0.15 W, 300 ms of 5 s", 1, 1, 10, 2000, 300, 2700, 1.5, 0.15, 0, 300, 0.03, 1.25, 0.97 },
    { "1.5 to 0.15 W, 600 ms of 5 s", 1, 1, 10, 2000, 600, 2400, 1.5, 0.15, 0, 600, 0.03, 1.25, 0.97 },
    { "1.5 to 0.15 W within 5 s", 1, 1, 10, 2000, 600, 2400, 1.5, 0.15, -1000, 1600, 0.03, 1.3, 0.97 },
    { "0.15 to 1.5 W within 5 s", 1, 1, 10, 2000, 600, 2400, 0.15, 1.5, -1000, 1600, 0.03, 1.3, 0.97 },
    { "15 to 1.5 W, 300 ms alone", 1, 1, 10, 5, 300, 0, 15, 1.5, 0, 300, 0.2, 1, 0.97 },
    { "15 to 1.5 W, 300 ms of 5 s", 1, 1, 10, 2000, 300, 2700, 15, 1.5, 0, 300, 0.05, 2.5, 0.97 },
    { "1.5 to 15 W, 300 ms of 5 s", 1, 1, 10, 2000, 300, 2700, 1.5, 15, 0, 300, 0.05, 2.5, 0.97 },
};

// Power that steps where hardly any reading follows. What no update has shown any more, in the last millisecond, nobody
// can know: where the step may lie there too, fewer windows hold.
static const machine steps[] = {
    { "60 W", 61e-6, 0.976, 10, 5, 300, 0, 60, 60, 0, 0, 0.01, 0.049, 0.95 },
    { "60 W, 1.2 ms after a poll", 61e-6, 0.976, 10, 5, 291.2, 0, 60, 60, 0, 0, 0.01, 0.065, 0.94 },
    { "60 W, 3 ms after a poll", 61e-6, 0.976, 10, 5, 293, 0, 60, 60, 0, 0, 0.01, 0.06, 0.94 },
    { "60 W, 1 s, 2 ms after a poll", 61e-6, 0.976, 10, 5, 992, 0, 60, 60, 0, 0, 0.01, 0.06, 0.94 },
    { "60 to 70 W in the last poll", 61e-6, 0.976, 10, 5, 300, 0, 60, 70, 290, 298.5, 0.02, 0.07, 0.97 },
    { "60 to 90 W in the last poll", 61e-6, 0.976, 10, 5, 300, 0, 60, 90, 290, 298.5, 0.05, 0.18, 0.94 },
    { "60 to 160 W in the last poll", 61e-6, 0.976, 10, 5, 300, 0, 60, 160, 290, 298.5, 0.1, 0.5, 0.94 },
    { "20 to 160 W in the last poll", 61e-6, 0.976, 10, 5, 300, 0, 20, 160, 290, 298.5, 0.1, 0.55, 0.95 },
    { "100 to 20 W in the last poll", 61e-6, 0.976, 10, 5, 300, 0, 100, 20, 290, 298.5, 0.1, 0.15, 0.97 },
    { "60 to 90 W until the end", 61e-6, 0.976, 10, 5, 300, 0, 60, 90, 290, 300, 0.05, 0.18, 0.93 },
    { "20 to 160 W until the end", 61e-6, 0.976, 10, 5, 300, 0, 20, 160, 290, 300, 0.1, 0.5, 0.86 },
    { "100 to 20 W until the end", 61e-6, 0.976, 10, 5, 300, 0, 100, 20, 290, 300, 0.1, 0.15, 0.96 },
    { "20 to 160 W in the second last", 61e-6, 0.976, 10, 5, 300, 0, 20, 160, 280, 290, 0.1, 0.4, 0.97 },
    { "20 to 160 W in the first poll", 61e-6, 0.976, 10, 5, 300, 0, 20, 160, 0, 10, 0.05, 0.25, 0.97 },
    { "20 to 160 W, readings go on", 61e-6, 0.976, 10, 200, 300, 200, 20, 160, 290, 300, 0.05, 0.11, 0.86 },
};

static void check_all(const machine *m, size_t n, int runs)
{
    const char *slow = getenv("SLOW");
    uint64_t seeds = slow && *slow ? 1 : SEEDS;
    print_message("# machine                                 within    bias     rms  half-width\n");
    for (size_t i = 0; i < n; i++)
        for (uint64_t seed = 1; seed <= seeds; seed++) {
            figures f = figures_of(&m[i], runs, 100 * i + seed);
            print_message("# %-38s %6.1f %% %7.4f %7.4f %7.4f J\n", m[i].name, 100 * f.held, f.bias, f.rms, f.wide);
            assert_true(f.held >= m[i].least_held);
            assert_true(fabs(f.bias) <= m[i].most_bias_j);
            assert_true(f.wide <= m[i].most_wide_j);
        }
}

static void test_units_that_a_window_does_not_fill(void **state)
{
    (void)state;
    check_all(coarse, sizeof coarse / sizeof *coarse, RUNS);
}

static void test_power_that_steps_at_a_windows_end(void **state)
{
    (void)state;
    check_all(steps, sizeof steps / sizeof *steps, RUNS);
}

// Reads five times in an update: the place of each is known, and the power behind the last one is not.
static void test_steps_before_fast_reads_end(void **state)
{
    (void)state;
    static const machine fast[] = {
        { "60 W, 200 us", 61e-6, 0.976, 0.2, 5, 60, 0, 60, 60, 0, 0, 0.001, 0.004, 0.95 },
        { "60 to 160 W, 200 us", 61e-6, 0.976, 0.2, 5, 60, 0, 60, 160, 50, 58, 0.05, 0.15, 0.95 },
    };
    check_all(fast, sizeof fast / sizeof *fast, FAST_RUNS);
}

// However the units came: parts are not negative and add up to the whole, no more than a unit from what was counted.
static void test_parts_of_coarse_units_add_up(void **state)
{
    (void)state;
    eb_rng rng;
    eb_rng_init(&rng, 5);
    enum { TRACES = 100, READS = 400, PART_MS = 7 };
    eb_channel c = { .quantity = EB_QUANTITY_ENERGY_UJ,
                     .cumulative = true,
                     .unit = 1e6,
                     .scale = 1,
                     .power_max_w = 500,
                     .period_ns = MS,
                     .grade = EB_GRADE_COUNTER };
    int known = 0;
    for (int k = 0; k < TRACES; k++) {
        eb_sample s[READS];
        double j = eb_rng_uniform(&rng), w = 0;
        for (int i = 0; i < READS; i++) {
            w = eb_rng_uniform(&rng) < 0.02 ? 8 * eb_rng_uniform(&rng) * eb_rng_uniform(&rng) : w;
            j += w * 0.01;
            int64_t ns = i * 10ll * MS;
            s[i] = (eb_sample){ .t_before_ns = ns, .t_after_ns = ns, .raw = (uint64_t)j * 1000000 };
        }
        eb_trace *t = eb_trace_new(&c, s, READS);
        int64_t end_ns = (READS - 1) / PART_MS * PART_MS * 10ll * MS;
        double sum_j = 0, counted_j = (double)(s[(READS - 1) / PART_MS * PART_MS].raw - s[0].raw) / 1e6;
        for (int64_t ns = 0; ns < end_ns; ns += PART_MS * MS) {
            eb_energy e = eb_trace_energy(t, ns, ns + PART_MS * MS);
            assert_true(e.status != EB_SAMPLE_OK || e.j >= 0);
            sum_j += e.j;
        }
        eb_energy whole = eb_trace_energy(t, 0, end_ns);
        eb_trace_free(t);
        if (whole.status != EB_SAMPLE_OK)
            continue;
        known++;
        assert_true(fabs(sum_j - whole.j) < 1e-6);
        assert_true(fabs(whole.j - counted_j) <= 1.001);
    }
    assert_true(known > TRACES / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_units_that_a_window_does_not_fill),
        cmocka_unit_test(test_power_that_steps_at_a_windows_end),
        cmocka_unit_test(test_steps_before_fast_reads_end),
        cmocka_unit_test(test_parts_of_coarse_units_add_up),
    };
    return cmocka_run_group_tests_name("half-widths", tests, NULL, NULL);
}
