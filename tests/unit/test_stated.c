// SPDX-License-Identifier: Apache-2.0
// The stated-watts model: its formula, its channel, and the conditions under which it is off.
#include <math.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "probes/probe_impl.h"
#include "probes/stated.h"

static void energy_is_idle_time_plus_the_share_of_the_load(void **state)
{
    (void)state;
    const int64_t second = 1000000000;
    static const struct {
        double load_w, idle_w;
        int seconds, cpu_seconds, cpus;
        double want_j;
    } cases[] = {
        { 20, 5, 10, 0, 4, 50 },                               // idle
        { 20, 5, 10, 40, 4, 200 },                             // all four CPUs busy
        { 20, 5, 10, 10, 4, 87.5 },                            // one of four: 50 + 15 x 10 / 4
        { 20, NAN, 10, 10, 4, 50 },                            // busy time alone: 20 x 10 / 4
        { 20, NAN, 10, 0, 4, 0 },   { 20, 20, 10, 3, 2, 200 }, // load makes no difference
        { 7, 0, 3, 3, 1, 21 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t nj = eb_stated_energy_nj(cases[i].load_w, cases[i].idle_w, cases[i].seconds * second,
                                          cases[i].cpu_seconds * second, cases[i].cpus);
        assert_float_equal((double)nj * 1e-9, cases[i].want_j, 1e-6);
    }
}

typedef struct setup {
    eb_io io;
    eb_probe_config config;
    eb_probe_env env;
} setup;

static void start(setup *s, double load_w, double idle_w)
{
    eb_err err;
    eb_err_clear(&err);
    assert_true(eb_io_tape("", &s->io, &err));
    eb_probe_config_default(&s->config);
    s->config.stated_load_w = load_w;
    s->config.stated_idle_w = idle_w;
    s->env = (eb_probe_env){ &s->io, &s->config };
}

static void off_without_watts_that_make_sense(void **state)
{
    (void)state;
    static const struct {
        double load_w, idle_w;
        eb_probe_state want;
    } cases[] = {
        { NAN, NAN, EB_PROBE_OFF }, { NAN, 5, EB_PROBE_OFF }, { 5, 10, EB_PROBE_OFF }, { 0, NAN, EB_PROBE_OFF },
        { 10, -1, EB_PROBE_OFF },   { 10, NAN, EB_PROBE_OK }, { 10, 10, EB_PROBE_OK }, { 10, 0, EB_PROBE_OK },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        setup s;
        start(&s, cases[i].load_w, cases[i].idle_w);
        eb_probe_detection found;
        eb_probe_detect(&eb_probe_stated, &s.env, &found);
        assert_int_equal(found.state, cases[i].want);
        eb_err err;
        eb_err_clear(&err);
        eb_probe *probe = eb_probe_open(&eb_probe_stated, &s.env, &err);
        assert_int_equal(probe != NULL, cases[i].want == EB_PROBE_OK);
        if (!probe) {
            assert_int_equal(err.code, EB_UNAVAILABLE);
            assert_true(found.reason[0] && found.remedy[0]);
        }
        eb_probe_close(probe);
        eb_io_deinit(&s.io);
    }
}

static void one_channel_of_the_boundary(void **state)
{
    (void)state;
    static const eb_domain want[] = { [EB_BOUNDARY_COMPUTE] = EB_DOMAIN_PACKAGE,
                                      [EB_BOUNDARY_PLATFORM] = EB_DOMAIN_SYSTEM,
                                      [EB_BOUNDARY_WALL] = EB_DOMAIN_SYSTEM };
    for (int b = 0; b < EB_BOUNDARY_COUNT; b++) {
        setup s;
        start(&s, 20, 5);
        s.config.boundary = (eb_boundary)b;
        eb_err err;
        eb_err_clear(&err);
        eb_probe *probe = eb_probe_open(&eb_probe_stated, &s.env, &err);
        const eb_channel *c;
        assert_int_equal(eb_probe_channels(probe, &c), 1);
        assert_int_equal(c->domain, want[b]);
        assert_int_equal(c->grade, EB_GRADE_ESTIMATE);
        assert_string_equal(c->name, "stated/machine");
        assert_int_equal(c->quantity, EB_QUANTITY_ENERGY_UJ);
        assert_float_equal(c->scale, 1e-3, 0);
        eb_probe_close(probe);
        eb_io_deinit(&s.io);
    }
}

// With load = idle the CPU time drops out, and what remains is watts x the clock of the I/O table.
static void idle_energy_follows_the_clock(void **state)
{
    (void)state;
    setup s;
    start(&s, 8, 8);
    s.io.clock.sleep_until_ns(&s.io.clock, 1000);
    eb_err err;
    eb_err_clear(&err);
    eb_probe *probe = eb_probe_open(&eb_probe_stated, &s.env, &err);
    eb_sample out;
    eb_probe_read(probe, &out);
    assert_int_equal(out.raw, 0);
    s.io.clock.sleep_until_ns(&s.io.clock, 1000 + 2500000000);
    eb_probe_read(probe, &out);
    assert_int_equal(out.status, EB_SAMPLE_OK);
    assert_int_equal(out.raw, 20000000000); // 8 W x 2.5 s in nJ
    assert_int_equal(out.t_before_ns, 2500001000);
    eb_probe_close(probe);
    eb_io_deinit(&s.io);
}

static int64_t cpu_time_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

// Busy time alone: the energy between two reads lies within the CPU time used around and between them.
static void load_energy_follows_the_cpu_time(void **state)
{
    (void)state;
    setup s;
    start(&s, 12, NAN);
    eb_err err;
    eb_err_clear(&err);
    eb_probe *probe = eb_probe_open(&eb_probe_stated, &s.env, &err);
    cpu_set_t set;
    CPU_ZERO(&set);
    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    double watts_per_cpu = 12.0 / CPU_COUNT(&set);
    eb_sample a, b;
    int64_t before = cpu_time_ns();
    eb_probe_read(probe, &a);
    int64_t inner_start = cpu_time_ns();
    volatile double x = 0;
    while (cpu_time_ns() - inner_start < 20000000)
        x = x + 1;
    int64_t inner_end = cpu_time_ns();
    eb_probe_read(probe, &b);
    int64_t after = cpu_time_ns();
    double nj = (double)(b.raw - a.raw);
    assert_true(nj >= watts_per_cpu * (double)(inner_end - inner_start) - 2);
    assert_true(nj <= watts_per_cpu * (double)(after - before) + 2);
    eb_probe_close(probe);
    eb_io_deinit(&s.io);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(energy_is_idle_time_plus_the_share_of_the_load),
        cmocka_unit_test(off_without_watts_that_make_sense),
        cmocka_unit_test(one_channel_of_the_boundary),
        cmocka_unit_test(idle_energy_follows_the_clock),
        cmocka_unit_test(load_energy_follows_the_cpu_time),
    };
    return cmocka_run_group_tests_name("stated", tests, NULL, NULL);
}
