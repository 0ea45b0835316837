// SPDX-License-Identifier: Apache-2.0
// Period, jitter and cost of simulated counters of many kinds, by polls of many kinds; dead told from slow; mirrored
// dies told from separate ones; whole looks on tapes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/record/dead.h"
#include "harness/run/calibrate.h"
#include "probes/probe_impl.h"

static eb_channel counter(double unit, int64_t period_ns)
{
    return (eb_channel){ .name = "x/0",
                         .domain = EB_DOMAIN_PACKAGE,
                         .quantity = EB_QUANTITY_ENERGY_UJ,
                         .cumulative = true,
                         .modulus = 262143328911,
                         .unit = unit,
                         .scale = 1,
                         .period_ns = period_ns,
                         .grade = EB_GRADE_COUNTER };
}

static eb_sample reading(int64_t t_ns, int64_t width_ns, uint64_t raw)
{
    return (eb_sample){ .t_before_ns = t_ns, .t_after_ns = t_ns + width_ns, .raw = raw, .status = EB_SAMPLE_OK };
}

// ---- a counter that is updated at intervals of mean `period` and deviation `jitter`, polled each `poll` ------------

typedef struct simulation {
    double period_ns, jitter_ns, watts, poll_ns, poll_jitter_ns, seconds;
    double late_share; // of polls, which then come 10 polls late
    double unit_uj;
} simulation;

static size_t simulate(const simulation *m, uint64_t seed, eb_sample **out)
{
    eb_rng rng;
    eb_rng_init(&rng, seed);
    size_t n = 0, cap = (size_t)(m->seconds * 1e9 / m->poll_ns) + 16;
    *out = eb_realloc(NULL, cap, sizeof **out);
    double update = eb_rng_uniform(&rng) * m->period_ns, energy_uj = 262143000000, last = 0;
    for (double t = 1e9; t < 1e9 + m->seconds * 1e9 && n < cap;) {
        while (1e9 + update <= t) {
            double power = m->watts * (0.8 + 0.4 * eb_rng_uniform(&rng));
            energy_uj += power * (update - last) / 1e3;
            last = update;
            update += fmax(m->period_ns + m->jitter_ns * eb_rng_normal(&rng), m->period_ns / 10);
        }
        uint64_t raw = (uint64_t)(floor(energy_uj / m->unit_uj) * m->unit_uj) % 262143328911u;
        (*out)[n++] = reading((int64_t)t - 300, 600, raw);
        t += m->poll_ns * (eb_rng_uniform(&rng) < m->late_share ? 10 : 1) + m->poll_jitter_ns * eb_rng_uniform(&rng);
    }
    return n;
}

static void test_periods_of_all_kinds_are_found(void **state)
{
    (void)state;
    static const struct {
        simulation m;
        double period_tolerance, jitter_least, jitter_most; // share; ns
    } cases[] = {
        { { 976000, 20000, 60, 50000, 2000, 0.25, 0, 61 }, 0.004, 12000, 30000 },
        { { 976000, 20000, 60, 100000, 2000, 0.25, 0.01, 61 }, 0.005, 0, 40000 },
        { { 976000, 20000, 60, 200000, 5000, 0.25, 0.02, 61 }, 0.008, 0, 60000 },
        { { 976000, 20000, 60, 50000, 2000, 5, 0.05, 61 }, 0.002, 15000, 26000 },
        { { 1000000, 0, 200, 100000, 2000, 0.25, 0, 15.3 }, 0.005, 0, 25000 },
        { { 1000000, 0, 200, 500000, 10000, 2, 0, 15.3 }, 0.02, 0, 150000 },
        { { 1000000, 200000, 5, 100000, 2000, 1, 0.01, 61 }, 0.03, 150000, 230000 },
        { { 100000000, 1000000, 60, 1000000, 20000, 5, 0.01, 61 }, 0.01, 300000, 2500000 },
        { { 100000000, 0, 60, 10000000, 200000, 5, 0, 61 }, 0.01, 0, 4000000 },
        { { 100000000, 0, 60, 1000000, 20000, 0.5, 0, 61 }, 0.01, 0, 0 },
        { { 1000000000, 20000, 60, 1000000, 20000, 5, 0, 61 }, 0.002, 0, 0 },
        { { 1000000000, 20000, 60, 10000000, 20000, 5, 0, 61 }, 0.005, 0, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (uint64_t seed = 1; seed <= 20; seed++) {
            eb_sample *samples;
            eb_channel c = counter(cases[i].m.unit_uj, 1000000);
            size_t n = simulate(&cases[i].m, seed, &samples);
            eb_calibration found;
            eb_calibrate_channel(&c, samples, n, &found);
            double off = fabs((double)found.period_ns / cases[i].m.period_ns - 1);
            if (off > cases[i].period_tolerance || (double)found.jitter_ns < cases[i].jitter_least ||
                (double)found.jitter_ns > cases[i].jitter_most)
                fail_msg("case %zu seed %d: period %lld, jitter %lld", i, (int)seed, (long long)found.period_ns,
                         (long long)found.jitter_ns);
            assert_int_equal(found.live, EB_LIVE_MOVES);
            assert_int_equal(found.read_ns, 600);
            free(samples);
        }
    }
}

// Polls as slow as the updates see a change each time, whatever the period is.
static void test_what_polls_cannot_tell_is_not_told(void **state)
{
    (void)state;
    static const simulation cases[] = {
        { 976000, 20000, 60, 1000000, 20000, 2, 0, 61 },
        { 976000, 20000, 60, 10000000, 20000, 5, 0, 61 },
        { 976000, 20000, 3, 100000, 2000, 5, 0, 1e6 }, // a unit of 1 J at 3 W: the power shows, not the period
        { 976000, 20000, 300, 100000, 2000, 1, 0, 1e6 },
        { 1000000000, 0, 60, 1000000, 20000, 1.5, 0, 61 }, // one update, perhaps two
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (uint64_t seed = 1; seed <= 20; seed++) {
            eb_sample *samples;
            eb_channel c = counter(cases[i].unit_uj, 1000000);
            size_t n = simulate(&cases[i], seed, &samples);
            eb_calibration found;
            eb_calibrate_channel(&c, samples, n, &found);
            if (found.period_ns != 0 || found.jitter_ns != 0)
                fail_msg("case %zu seed %d: period %lld", i, (int)seed, (long long)found.period_ns);
            assert_int_equal(found.live, EB_LIVE_MOVES);
            free(samples);
        }
    }
    eb_calibration none;
    eb_channel c = counter(61, 0);
    eb_calibrate_channel(&c, NULL, 0, &none);
    assert_true(none.period_ns == 0 && none.read_ns == 0 && none.live == EB_LIVE_UNKNOWN && none.watched_ns == 0);
}

// A gauge repeats a reading now and then.
static void test_a_gauge_has_a_period_too(void **state)
{
    (void)state;
    eb_rng rng;
    eb_rng_init(&rng, 5);
    eb_channel c = { .quantity = EB_QUANTITY_POWER_UW, .scale = 1, .grade = EB_GRADE_SAMPLED };
    eb_sample samples[2000];
    uint64_t raw = 1;
    for (int i = 0; i < 2000; i++) {
        if (i % 20 == 0 && eb_rng_uniform(&rng) > 0.4)
            raw = 40000000 + eb_rng_below(&rng, 1000000);
        samples[i] = reading(i * 1000000ll, 0, raw);
    }
    eb_calibration found;
    eb_calibrate_channel(&c, samples, 2000, &found);
    assert_int_equal(found.period_ns, 20000000);
    // One that stands still is not dead.
    for (int i = 0; i < 2000; i++)
        samples[i].raw = 7;
    eb_calibrate_channel(&c, samples, 2000, &found);
    assert_true(found.live == EB_LIVE_UNKNOWN && found.period_ns == 0);
}

static eb_liveness judge(eb_channel c, double seconds)
{
    eb_sample s[2] = { reading(5, 0, 77), reading(5 + (int64_t)(seconds * 1e9), 0, 77) };
    eb_calibration found;
    eb_calibrate_channel(&c, s, 2, &found);
    return found.live;
}

static void test_dead_is_told_from_slow(void **state)
{
    (void)state;
    static const struct {
        double unit;
        int64_t period_ns;
        double needed_s;
    } cases[] = {
        { 61.035, 1000000, 0.25 }, { 61.035, 0, 0.25 },      { 0, 0, 0.25 },      // the shortest look
        { 61.035, 100000000, 2 },  { 15.3, 12500000, 0.25 },                      // 20 periods
        { 1e6, 1000000, 10 },      { 1e5, 1000000, 1 },      { 3.6e9, 0, 36000 }, // 5 units at 0.5 W; a battery's mWh
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        eb_channel c = counter(cases[i].unit, cases[i].period_ns);
        assert_true(fabs(eb_dead_after_ns(&c) / 1e9 - cases[i].needed_s) < 1e-9 * cases[i].needed_s);
        assert_int_equal(judge(c, cases[i].needed_s * 0.99), EB_LIVE_UNKNOWN);
        assert_int_equal(judge(c, cases[i].needed_s * 1.001), EB_LIVE_DEAD);
    }
    eb_channel model = counter(1, 0);
    model.grade = EB_GRADE_ESTIMATE;
    assert_int_equal(judge(model, 1e6), EB_LIVE_UNKNOWN);
}

// ---- dies ----------------------------------------------------------------------------------------------------------

// Two dies of ~60 W, updated each ms and polled each 0.1 ms, b 2 us after a; `other`: b's watts over a's.
static bool same_dies(uint64_t seed, double other, double seconds, bool live)
{
    eb_rng rng;
    eb_rng_init(&rng, seed);
    size_t n = (size_t)(seconds * 1e4);
    eb_sample *a = eb_realloc(NULL, n, sizeof *a), *b = eb_realloc(NULL, n, sizeof *b);
    double ea = 262143328000, eb = 5000, next = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t t = (int64_t)i * 100000;
        for (; next <= (double)t && live; next += 1e6) {
            double gained = 60e3 * (0.8 + 0.4 * eb_rng_uniform(&rng));
            ea += gained;
            eb += other == 1 ? gained : other * 60e3 * (0.8 + 0.4 * eb_rng_uniform(&rng));
        }
        a[i] = reading(t, 1000, (uint64_t)ea % 262143328911u);
        b[i] = reading(t + 2000, 1000, (uint64_t)eb);
    }
    eb_channel c = counter(61.035, 1000000);
    bool same = eb_calibrate_same(&c, a, b, n);
    free(a);
    free(b);
    return same;
}

static void test_mirrored_dies_are_told_after_a_second(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        assert_true(same_dies(seed, 1, 1.2, true));
        assert_false(same_dies(seed, 1, 0.9, true));        // too short
        assert_false(same_dies(seed, 1, 1.2, false));       // both stand still
        assert_false(same_dies(seed, 1.000001, 1.2, true)); // as strong, but separate
        assert_false(same_dies(seed, 1.01, 5, true));
        assert_false(same_dies(seed, 0.5, 1.2, true));
    }
}

// ---- the look as a whole, on a tape --------------------------------------------------------------------------------

#define CLASS "/sys/class/powercap/"

typedef struct machine {
    char *text;
    size_t n;
    eb_io io;
    eb_probe_config config;
    eb_probe *probe;
    eb_channel *channels;
    int n_channels;
    int64_t took_ns;
} machine;

static void say(machine *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(machine *m, const char *fmt, ...)
{
    char line[256];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    m->text = eb_realloc(m->text, m->n + (size_t)n + 1, 1);
    memcpy(m->text + m->n, line, (size_t)n + 1);
    m->n += (size_t)n;
}

// Updated each `period_ms` with what `watts` fill in whole units.
static void zone(machine *m, const char *id, const char *name, const char *range, double watts, double period_ms,
                 double unit_uj)
{
    say(m, "0 " CLASS "%s/name %s\n0 " CLASS "%s/max_energy_range_uj %s\n", id, name, id, range);
    for (int i = 0; i * period_ms <= (watts > 0 ? 6000 : 0); i++)
        say(m, "%lld " CLASS "%s/energy_uj %llu\n", (long long)(i * period_ms * 1e6), id,
            1000ull + (unsigned long long)(floor(watts * i * period_ms * 1e3 / unit_uj) * unit_uj));
}

static void calibrate(machine *m, int64_t limit_ns)
{
    eb_err err;
    eb_err_clear(&err);
    if (!eb_io_tape(m->text, &m->io, &err))
        fail_msg("%s", err.message);
    eb_probe_config_default(&m->config);
    eb_probe_env env = { &m->io, &m->config };
    m->probe = eb_probe_open(&eb_probe_powercap, &env, &err);
    assert_non_null(m->probe);
    const eb_channel *own;
    m->n_channels = eb_probe_channels(m->probe, &own);
    m->channels = eb_alloc((size_t)m->n_channels * sizeof *own);
    memcpy(m->channels, own, (size_t)m->n_channels * sizeof *own);
    eb_calibrate_setup setup = { .io = &m->io, .probes = &m->probe, .n_probes = 1, .limit_ns = limit_ns };
    m->took_ns = eb_calibrate(&setup, m->channels);
}

static void machine_deinit(machine *m)
{
    eb_probe_close(m->probe);
    eb_io_deinit(&m->io);
    free(m->channels);
    free(m->text);
}

static void test_a_look_at_a_usual_machine_is_short(void **state)
{
    (void)state;
    machine m = { 0 };
    zone(&m, "intel-rapl:0", "package-0", "262143328850", 60, 0.976, 61.035);
    zone(&m, "intel-rapl:0:0", "dram", "65712999613", 5, 0.976, 15.3);
    zone(&m, "intel-rapl:1", "package-1", "262143328850", 0, 1, 61.035);
    calibrate(&m, EB_CALIBRATE_LIMIT_NS);
    assert_int_equal(m.n_channels, 3);
    for (int i = 0; i < 2; i++) {
        assert_true(llabs(m.channels[i].period_ns - 976000) < 4000);
        assert_true(m.channels[i].live == EB_LIVE_MOVES && m.channels[i].note[0] == 0 && !m.channels[i].duplicate);
    }
    assert_int_equal(m.channels[2].live, EB_LIVE_DEAD);
    assert_string_equal(m.channels[2].note, "does not move: stood still for more than 0.25 s");
    assert_true(m.took_ns >= EB_CALIBRATE_LOOK_NS && m.took_ns <= 2 * EB_CALIBRATE_LOOK_NS);
    machine_deinit(&m);
}

static void test_a_look_waits_for_slow_ones(void **state)
{
    (void)state;
    machine m = { 0 };
    zone(&m, "intel-rapl:0", "package-0", "262143328850", 60, 100, 61.035);
    zone(&m, "intel-rapl:1", "psys", "4294967295000000", 3, 1, 1e6);
    calibrate(&m, EB_CALIBRATE_LIMIT_NS);
    assert_true(llabs(m.channels[0].period_ns - 100000000) < 300000);
    assert_int_equal(m.channels[1].live, EB_LIVE_MOVES);
    assert_int_equal(m.channels[1].period_ns, 1000000);            // as stated: 1 J at 3 W says nothing of it
    assert_true(m.took_ns > 1300000000 && m.took_ns < 2000000000); // four joules
    machine_deinit(&m);
    m = (machine){ 0 };
    zone(&m, "intel-rapl:0", "package-0", "262143328850", 60, 1, 61.035);
    zone(&m, "intel-rapl:1", "psys", "4294967295000000", 0, 1, 1e6);
    calibrate(&m, EB_CALIBRATE_LIMIT_NS);
    assert_int_equal(m.channels[1].live, EB_LIVE_UNKNOWN);
    assert_string_equal(m.channels[1].note, "has not moved in 5 s, and may take 10 s to");
    assert_int_equal(m.took_ns, EB_CALIBRATE_LIMIT_NS);
    machine_deinit(&m);
}

static void test_dies_on_tape(void **state)
{
    (void)state;
    machine m = { 0 };
    zone(&m, "intel-rapl:0", "package-0-die-0", "65532610987", 60, 1, 15.258);
    zone(&m, "intel-rapl:1", "package-0-die-1", "65532610987", 60, 1, 15.258);
    zone(&m, "intel-rapl:2", "package-1-die-0", "65532610987", 60, 1, 15.258); // another package is no mirror
    zone(&m, "intel-rapl:3", "package-1-die-1", "65532610987", 50, 1, 15.258);
    calibrate(&m, EB_CALIBRATE_LIMIT_NS);
    static const bool want[] = { false, true, false, false };
    for (int i = 0; i < 4; i++)
        assert_int_equal(m.channels[i].duplicate, want[i]);
    assert_string_equal(m.channels[1].note, "repeats powercap/intel-rapl:0: equal over 1.2 s");
    machine_deinit(&m);
    m = (machine){ 0 };
    zone(&m, "intel-rapl:0", "package-0-die-0", "65532610987", 60, 1, 15.258);
    zone(&m, "intel-rapl:1", "package-0-die-1", "65532610987", 60, 1, 15.258);
    calibrate(&m, 900000000); // never collapse on less
    assert_false(m.channels[0].duplicate || m.channels[1].duplicate);
    machine_deinit(&m);
}

static void test_models_are_not_looked_at(void **state)
{
    (void)state;
    eb_channel c = counter(1, 0);
    assert_true(eb_calibrate_worthwhile(&c, 1));
    c.grade = EB_GRADE_ESTIMATE;
    assert_false(eb_calibrate_worthwhile(&c, 1));
    c.grade = EB_GRADE_COUNTER;
    c.quantity = EB_QUANTITY_COUNT;
    assert_false(eb_calibrate_worthwhile(&c, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_periods_of_all_kinds_are_found),
        cmocka_unit_test(test_what_polls_cannot_tell_is_not_told),
        cmocka_unit_test(test_a_gauge_has_a_period_too),
        cmocka_unit_test(test_dead_is_told_from_slow),
        cmocka_unit_test(test_mirrored_dies_are_told_after_a_second),
        cmocka_unit_test(test_a_look_at_a_usual_machine_is_short),
        cmocka_unit_test(test_a_look_waits_for_slow_ones),
        cmocka_unit_test(test_dies_on_tape),
        cmocka_unit_test(test_models_are_not_looked_at),
    };
    return cmocka_run_group_tests_name("calibrate", tests, NULL, NULL);
}
