// SPDX-License-Identifier: Apache-2.0
// Runs by hand in which a counter fails in some trials: no trial of it is 0 J, and each figure says what happened.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "harness/record/lack.h"
#include "tests/unit/journal_sample.h"

static eb_run *load(const sample_run *s)
{
    eb_err err = { 0 };
    eb_run *run = eb_run_load(s->dir, &err);
    if (!run)
        print_error("%s: %s\n", err.file, err.message);
    assert_non_null(run);
    return run;
}

static const eb_metric *metric(const eb_run *run, const char *key)
{
    const eb_metric *m = eb_case_metric(&run->cases[0], key);
    assert_non_null(m);
    return m;
}

// An idle baseline of `idle_w` whose power swings by `swing_w`, then trials of the powers given.
static void write_run(sample_run *s, double idle_w, double swing_w, const double *package_w, int n,
                      void (*spoil)(sample_run *s, int trial))
{
    eb_err err = { 0 };
    eb_journal *j = eb_journal_create(s->dir, &s->header, &err);
    assert_non_null(j);
    for (int t = 0; t <= n; t++) {
        sample_trial(s, t, 0, t, 1);
        sample_power(s, s->info.t_start_ns, t ? package_w[t - 1] : idle_w, 10);
        for (size_t i = 0; t == 0 && i < s->n_power; i++)
            if (s->power[i].channel == 0 && i / 3 / 10 % 2)
                s->power[i].sample.raw += (uint64_t)(swing_w * 1e5) % 262143328911u;
        if (spoil)
            spoil(s, t);
        assert_true(sample_write(s, j, &err));
    }
    assert_true(eb_journal_end(j, NULL, &err));
    eb_journal_close(j);
}

static void freeze_memory(sample_run *s, int trial)
{
    for (size_t i = 0; trial > 1 && i < s->n_power; i++)
        if (s->power[i].channel == 1)
            s->power[i].sample.raw = 10000000;
}

static void freeze_in_all_trials(sample_run *s, int trial)
{
    freeze_memory(s, trial ? trial + 1 : 0);
}

static void lose_package(sample_run *s, int trial)
{
    for (size_t i = 0; trial > 1 && i < s->n_power; i++)
        if (s->power[i].channel == 0)
            s->power[i].sample = (eb_sample){ .t_before_ns = s->power[i].sample.t_before_ns,
                                              .t_after_ns = s->power[i].sample.t_after_ns,
                                              .status = EB_SAMPLE_MISSING };
}

// A counter that stands still through a trial is unknown there, in the sum and in its own domain.
static void test_a_frozen_counter_is_no_zero_of_its_domain(void **state)
{
    (void)state;
    static const double watts[] = { 40, 40, 40 };
    sample_run s;
    sample_init(&s);
    write_run(&s, 20, 0, watts, 3, freeze_memory);
    eb_run *run = load(&s);
    const eb_metric *dram = metric(run, "energy_dram_j"), *whole = metric(run, "energy_j");
    assert_true(fabs(dram->value - 10) < 0.01 && dram->lo > 9.9);
    assert_int_equal(dram->n, 1);
    assert_true(fabs(whole->value - 50) < 0.01 && whole->lo > 49.9);
    assert_int_equal(whole->n, 1);
    assert_int_equal(metric(run, "energy_package_j")->n, 3);
    eb_run_free(run);
    snprintf(s.dir, sizeof s.dir, "%s/run2", s.root);
    write_run(&s, 20, 0, watts, 3, freeze_in_all_trials);
    run = load(&s);
    dram = metric(run, "energy_dram_j");
    assert_true(isnan(dram->value) && dram->grade == EB_GRADE_NONE);
    assert_string_equal(dram->note, eb_status_name(EB_SAMPLE_STALLED));
    eb_run_free(run);
    sample_deinit(&s);
}

static void lose_the_end(sample_run *s, int trial)
{
    for (size_t i = 0; trial && i < s->n_power; i++)
        if (s->power[i].channel == 0 && (trial == 1 ? i / 3 > 70 : i / 3 < 40))
            s->power[i].sample.status = EB_SAMPLE_MISSING;
}

static bool warned(const eb_run *run, const char *text)
{
    for (int i = 0; i < run->cases[0].n_warnings; i++)
        if (strstr(run->cases[0].warnings[i], text))
            return true;
    return false;
}

// A trial whose energy is not known says which part of its window was not seen.
static void test_what_of_a_window_was_not_seen(void **state)
{
    (void)state;
    static const double watts[] = { 40, 40 };
    sample_run s;
    sample_init(&s);
    write_run(&s, 20, 0, watts, 2, lose_the_end);
    eb_run *run = load(&s);
    assert_true(warned(run, "trial 1 has no energy: powercap/intel-rapl:0 gave no reading in the last 0.3 s of its "
                            "window"));
    assert_true(warned(run, "trial 2 has no energy: powercap/intel-rapl:0 gave no reading for the first 0.4 s of its "
                            "window"));
    eb_run_free(run);
    sample_deinit(&s);
}

// What an energy is the sum of is told to the last piece, also of eight sockets with four dies each.
static void test_all_pieces_are_named(void **state)
{
    (void)state;
    enum { SOCKETS = 8, DIES = 4, CHANNELS = 2 * SOCKETS * DIES };
    static eb_channel channels[CHANNELS];
    sample_run s;
    eb_err err = { 0 };
    sample_init(&s);
    for (int i = 0; i < CHANNELS; i++) {
        char name[32];
        snprintf(name, sizeof name, "powercap/%d", i);
        channels[i] = sample_counter(name, "", i % 2 ? EB_DOMAIN_DRAM : EB_DOMAIN_PACKAGE);
        channels[i].socket = i / 2 / DIES;
        channels[i].die = i / 2 % DIES;
    }
    s.header.channels = channels;
    s.header.n_channels = CHANNELS;
    eb_journal *j = eb_journal_create(s.dir, &s.header, &err);
    assert_true(j && eb_journal_end(j, NULL, &err));
    eb_journal_close(j);
    eb_run *run = load(&s);
    static const char last[] = " + package-7-die-3 + dram-7-die-3";
    assert_string_equal(run->domains + strlen(run->domains) - strlen(last), last);
    assert_string_equal(run->cases[0].energy.domains, run->domains);
    eb_run_free(run);
    sample_deinit(&s);
}

// Readings of before and behind the window bound what was not seen of it: it is never longer than the window.
static void test_a_gap_ends_with_the_window(void **state)
{
    (void)state;
    enum { S = 1000000000, MS = 1000000 };
    static const struct {
        int64_t before, after; // the readings beside the gap, from the window's start; it is a second long
        const char *want;
    } cases[] = {
        { -10 * MS, 400 * MS, "gave no reading for the first 0.4 s of its window" },
        { 300 * MS, 900 * MS, "gave no reading for 0.6 s inside its window" },
        { 300 * MS, 6000 * (int64_t)MS, "gave no reading in the last 0.7 s of its window" },
        { -10 * MS, 6000 * (int64_t)MS, "gave no reading of its window" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        eb_power_row rows[102];
        size_t n = 0;
        for (int64_t t = -20 * MS; t <= S; t += 10 * MS)
            if (t <= cases[i].before || t >= cases[i].after)
                rows[n++] = (eb_power_row){ 0, { .t_before_ns = t, .t_after_ns = t } };
        if (cases[i].after > S)
            rows[n++] = (eb_power_row){ 0, { .t_before_ns = cases[i].after, .t_after_ns = cases[i].after } };
        eb_trial_data trial = { .info = { .t_start_ns = 0, .t_end_ns = S }, .power = rows, .n_power = n };
        char why[96];
        eb_lack_say(&trial, 0, EB_SAMPLE_MISSING, why, sizeof why);
        assert_string_equal(why, cases[i].want);
    }
}

// Of trials without energy nothing is known, not a half-width either.
static void test_net_energy_beside_trials_without_energy(void **state)
{
    (void)state;
    static const double watts[] = { 41, 41, 41 };
    sample_run s;
    sample_init(&s);
    write_run(&s, 40, 1, watts, 3, lose_package);
    eb_run *run = load(&s);
    const eb_metric *net = metric(run, "net_energy_j");
    assert_true(net->n == 1 && fabs(net->value - 1) < 1);
    assert_true(net->budget.baseline > 0 && net->budget.baseline < 5);
    assert_true(net->hi - net->lo < 10);
    eb_run_free(run);
    sample_deinit(&s);
}

// The baseline is off by the same watts in every trial, however near to 0 the net energy of one of them is.
static void test_net_half_width_does_not_vanish_near_zero(void **state)
{
    (void)state;
    static const double watts[] = { 20, 25, 30, 40.001, 50, 55, 60 };
    sample_run s;
    sample_init(&s);
    write_run(&s, 40, 1, watts, 7, NULL);
    eb_run *run = load(&s);
    const eb_metric *net = metric(run, "net_power_w");
    double half_w = run->idle_w_halfwidth;
    assert_true(half_w > 0.01);
    assert_true(fabs(net->value) < 0.01);
    assert_true(fabs(net->budget.baseline - half_w) < 1e-3 * half_w);
    assert_true(net->hi - net->lo > 2 * half_w);
    eb_run_free(run);
    sample_deinit(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_frozen_counter_is_no_zero_of_its_domain),
        cmocka_unit_test(test_what_of_a_window_was_not_seen),
        cmocka_unit_test(test_a_gap_ends_with_the_window),
        cmocka_unit_test(test_all_pieces_are_named),
        cmocka_unit_test(test_net_energy_beside_trials_without_energy),
        cmocka_unit_test(test_net_half_width_does_not_vanish_near_zero),
    };
    return cmocka_run_group_tests_name("metrics of runs with failing counters", tests, NULL, NULL);
}
