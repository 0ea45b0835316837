// SPDX-License-Identifier: Apache-2.0
// The places of a counter's updates between polls: simulated updates whose true times are known.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/record/edge_times.h"
#include "tests/unit/emulated.h"

enum { MOST = 4000 };

typedef struct scene {
    eb_bracket b[MOST];
    double truth[MOST];
    size_t n;
} scene;

// Updates a period apart, give or take `jitter_ns` (of the step; or, with `grid`, of the place), seen by a poller.
static void stage(scene *s, uint64_t seed, double period_ns, double jitter_ns, double poll_ns, bool grid, double missed)
{
    eb_rng rng;
    eb_rng_init(&rng, seed);
    double due = period_ns, poll = 0, last_poll = 0;
    for (s->n = 0; s->n < MOST; due += period_ns + (grid ? 0 : jitter_ns * eb_rng_normal(&rng))) {
        double at = due + (grid ? jitter_ns * eb_rng_normal(&rng) : 0);
        if (eb_rng_uniform(&rng) < missed)
            continue;
        while (poll < at) {
            last_poll = poll;
            poll += poll_ns * (0.95 + 0.1 * eb_rng_uniform(&rng));
        }
        s->truth[s->n] = at;
        s->b[s->n++] = (eb_bracket){ .from_ns = last_poll, .to_ns = poll };
    }
}

typedef struct quality {
    double rms_ns, within; // error of the means; share of them within 1.96 sd
} quality;

static quality judge(const scene *s)
{
    quality q = { 0 };
    for (size_t i = 0; i < s->n; i++) {
        double off = s->b[i].mean_ns - s->truth[i];
        assert_true(s->b[i].mean_ns >= s->b[i].from_ns && s->b[i].mean_ns <= s->b[i].to_ns);
        q.rms_ns += off * off / (double)s->n;
        q.within += (fabs(off) <= 1.96 * s->b[i].sd_ns) / (double)s->n;
    }
    q.rms_ns = sqrt(q.rms_ns);
    return q;
}

// Of a poll each 200 us the middle is off by 58 us; the neighbours know better, and say how well.
static void rhythm_narrows_the_brackets(void **state)
{
    (void)state;
    static scene s;
    for (uint64_t seed = 1; seed <= (emulated() ? 1 : 4); seed++)
        for (int grid = 0; grid < 2; grid++) {
            stage(&s, seed, 976e3, 20e3, 200e3, grid, 0);
            double spread = eb_edge_times(s.b, s.n, 1e6); // the period is stated as 1 ms
            quality q = judge(&s);
            print_message("# jitter of the %s: spread found %.1f us, rms %.1f us, %.1f %% within\n",
                          grid ? "place" : "step", spread / 1e3, q.rms_ns / 1e3, 100 * q.within);
            assert_true(spread > 10e3 && spread < 40e3);
            assert_true(q.rms_ns < 30e3);
            assert_true(q.within > 0.9 && q.within < 0.99);
        }
}

static void an_update_that_was_missed_is_two_periods(void **state)
{
    (void)state;
    static scene s;
    stage(&s, 5, 976e3, 20e3, 200e3, false, 0.1);
    assert_false(isinf(eb_edge_times(s.b, s.n, 976e3)));
    quality q = judge(&s);
    assert_true(q.rms_ns < 32e3);
    assert_true(q.within > 0.92);
}

// Without a rhythm the middle of the bracket stays, with the deviation of a uniform one.
static void no_rhythm_is_none(void **state)
{
    (void)state;
    static scene s;
    stage(&s, 6, 976e3, 500e3, 200e3, false, 0);
    for (size_t i = 1; i < s.n; i++) // jitter may have turned the order round
        if (s.b[i].from_ns < s.b[i - 1].from_ns)
            s.b[i] = s.b[i - 1];
    double spread = eb_edge_times(s.b, s.n, 976e3);
    for (size_t i = 0; isinf(spread) && i < s.n; i++) {
        assert_true(s.b[i].mean_ns == (s.b[i].from_ns + s.b[i].to_ns) / 2);
        assert_true(fabs(s.b[i].sd_ns - (s.b[i].to_ns - s.b[i].from_ns) / sqrt(12)) < 1e-6);
    }
    assert_true(isinf(spread) || spread > 100e3);
}

static void brackets_of_a_period_say_nothing(void **state)
{
    (void)state;
    static scene s;
    stage(&s, 7, 976e3, 20e3, 10e6, false, 0);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) // what a poller at 100 Hz makes of it: the last update before each poll
        if (i + 1 == s.n || s.b[i + 1].to_ns != s.b[i].to_ns)
            s.b[n++] = (eb_bracket){ .from_ns = s.b[i].to_ns - 976e3, .to_ns = s.b[i].to_ns };
    assert_true(isinf(eb_edge_times(s.b, n, 976e3)));
}

static void a_wrong_period_is_not_believed(void **state)
{
    (void)state;
    static scene s;
    stage(&s, 8, 976e3, 20e3, 200e3, false, 0);
    assert_true(isinf(eb_edge_times(s.b, s.n, 1400e3)));
}

// A hole carries nothing over: the places after it are found from what comes after it.
static void holes_begin_anew(void **state)
{
    (void)state;
    static scene s;
    stage(&s, 9, 976e3, 20e3, 200e3, false, 0);
    for (size_t i = 2000; i < s.n; i++) {
        s.b[i].from_ns += 123456789;
        s.b[i].to_ns += 123456789;
        s.truth[i] += 123456789;
    }
    s.b[2000].fresh = true;
    assert_false(isinf(eb_edge_times(s.b, s.n, 976e3)));
    quality q = judge(&s);
    assert_true(q.rms_ns < 30e3);
    assert_true(q.within > 0.92);
}

static void few_or_none(void **state)
{
    (void)state;
    eb_bracket b[3] = { { .from_ns = 0, .to_ns = 10 },
                        { .from_ns = 100, .to_ns = 110 },
                        { .from_ns = 200, .to_ns = 200 } };
    assert_true(isinf(eb_edge_times(NULL, 0, 100)));
    assert_true(isinf(eb_edge_times(b, 3, 100)));
    assert_true(b[1].mean_ns == 105);
    assert_true(b[2].sd_ns == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rhythm_narrows_the_brackets),
        cmocka_unit_test(an_update_that_was_missed_is_two_periods),
        cmocka_unit_test(no_rhythm_is_none),
        cmocka_unit_test(brackets_of_a_period_say_nothing),
        cmocka_unit_test(a_wrong_period_is_not_believed),
        cmocka_unit_test(holes_begin_anew),
        cmocka_unit_test(few_or_none),
    };
    return cmocka_run_group_tests_name("edge_times", tests, NULL, NULL);
}
