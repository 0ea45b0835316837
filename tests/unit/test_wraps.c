// SPDX-License-Identifier: Apache-2.0
// Counters of the four units there are, each through five wraps: never off by more than a unit per wrap. Equal readings
// are exactly 0 J, and a gap that is too long is ambiguous, every time.
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
#include "probes/powercap_zone.h"

// As the kernel says them: packages of 2^-14 J, server memory of 15.3 uJ, AMD of 2^-16 J, psys of 1 J.
static const struct {
    uint64_t range;
    double watts;
} kinds[] = { { 262143328850, 300 }, { 65712999613, 40 }, { 65532610987, 400 }, { 4294967295000000, 900 } };
enum { KINDS = sizeof kinds / sizeof *kinds, WRAPS = 5, SEEDS = 20, POLLS = 200 };

static const double counts = 4294967296; // of the 32 bits

static eb_channel channel_of(int kind)
{
    eb_channel c = { .name = "powercap/x",
                     .domain = EB_DOMAIN_PACKAGE,
                     .quantity = EB_QUANTITY_ENERGY_UJ,
                     .cumulative = true,
                     .max_range = kinds[kind].range,
                     .scale = 1,
                     .power_max_w = 2 * kinds[kind].watts,
                     .grade = EB_GRADE_COUNTER };
    eb_powercap_wrap(c.max_range, &c.unit, &c.modulus);
    return c;
}

// What the kernel shows once `uj` have been drawn: whole units, of which there are 2^32, in whole uJ.
static uint64_t shown(const eb_channel *c, double uj)
{
    return (uint64_t)(fmod(floor(uj / c->unit), counts) * c->unit);
}

static eb_sample at(double t_ns, uint64_t raw)
{
    return (eb_sample){ .t_before_ns = (int64_t)t_ns, .t_after_ns = (int64_t)t_ns, .raw = raw, .status = EB_SAMPLE_OK };
}

static void five_wraps_at_each_unit(void **state)
{
    (void)state;
    for (int k = 0; k < KINDS; k++) {
        eb_channel c = channel_of(k);
        double round_uj = counts * c.unit;
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            eb_rng rng;
            eb_rng_init(&rng, seed);
            double first = eb_rng_uniform(&rng) * round_uj, uj = first, t_ns = 0;
            uint64_t sum = 0, before = shown(&c, uj);
            eb_sample samples[POLLS];
            size_t n = 0;
            int wraps = 0;
            samples[n++] = at(0, before);
            while (uj - first < WRAPS * round_uj) { // well inside half a round at the greatest power
                double more = round_uj * (0.05 + 0.15 * eb_rng_uniform(&rng));
                uint64_t diff;
                uj += more;
                int64_t dt_ns = (int64_t)(t_ns + more * 1e3 / kinds[k].watts) - (int64_t)t_ns;
                t_ns += more * 1e3 / kinds[k].watts;
                uint64_t raw = shown(&c, uj);
                assert_int_equal(eb_counter_diff(&c, before, raw, dt_ns, &diff), EB_SAMPLE_OK);
                sum += diff;
                wraps += raw < before;
                before = raw;
                samples[n++] = at(t_ns, raw);
                assert_true(n < POLLS);
            }
            assert_true(wraps >= WRAPS);
            double off = fabs((double)sum - (uj - first));
            if (off > (wraps + 1) * c.unit)
                fail_msg("unit %g: off by %g uJ after %d wraps", c.unit, off, wraps);
            eb_trace *trace = eb_trace_new(&c, samples, n);
            eb_energy e = eb_trace_energy(trace, 0, (int64_t)t_ns);
            assert_int_equal(e.status, EB_SAMPLE_OK);
            assert_true(fabs(e.j * 1e6 - (uj - first)) <= (wraps + 1) * c.unit + 1e-9 * uj);
            eb_trace_free(trace);
        }
    }
}

static void equal_readings_are_exactly_nothing(void **state)
{
    (void)state;
    for (int k = 0; k < KINDS; k++) {
        eb_channel c = channel_of(k);
        const uint64_t values[] = { 0, 1, c.modulus / 2, c.max_range };
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
            eb_sample samples[10];
            uint64_t diff = 1;
            for (int i = 0; i < 10; i++)
                samples[i] = at(1e8 * i, values[v]);
            assert_int_equal(eb_counter_diff(&c, values[v], values[v], 100000000, &diff), EB_SAMPLE_OK);
            assert_true(diff == 0);
            eb_trace *trace = eb_trace_new(&c, samples, 10);
            eb_energy e = eb_trace_energy(trace, 100000000, 800000000);
            assert_true(e.status == EB_SAMPLE_OK && e.j == 0);
            eb_trace_free(trace);
        }
    }
}

// Whatever the two readings are: longer, the same, one of each side of a wrap.
static void a_gap_that_is_too_long_is_ambiguous_every_time(void **state)
{
    (void)state;
    for (int k = 0; k < KINDS; k++) {
        eb_channel c = channel_of(k);
        double half_ns = (double)c.modulus / 2 / c.power_max_w * 1e3;
        eb_rng rng;
        eb_rng_init(&rng, 11);
        for (int i = 0; i < 1000; i++) {
            double gap_ns = half_ns * (1.001 + 3 * eb_rng_uniform(&rng) * eb_rng_uniform(&rng) * 10);
            uint64_t a = (uint64_t)(eb_rng_uniform(&rng) * (double)c.max_range), diff = 1;
            uint64_t b = i % 3 ? (uint64_t)(eb_rng_uniform(&rng) * (double)c.max_range) : a;
            assert_int_equal(eb_counter_diff(&c, a, b, (int64_t)gap_ns, &diff), EB_SAMPLE_AMBIGUOUS);
            assert_true(diff == 0);
            eb_sample samples[] = { at(0, a), at(1e6, a), at(1e6 + gap_ns, b), at(2e6 + gap_ns, b) };
            eb_trace *trace = eb_trace_new(&c, samples, 4);
            eb_energy e = eb_trace_energy(trace, 0, (int64_t)(1e6 + gap_ns));
            assert_true(e.status == EB_SAMPLE_AMBIGUOUS && isnan(e.j));
            eb_trace_free(trace);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_wraps_at_each_unit),
        cmocka_unit_test(equal_readings_are_exactly_nothing),
        cmocka_unit_test(a_gap_that_is_too_long_is_ambiguous_every_time),
    };
    return cmocka_run_group_tests_name("wraps", tests, NULL, NULL);
}
