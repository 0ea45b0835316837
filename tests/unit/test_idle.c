// SPDX-License-Identifier: Apache-2.0
// Which idle baseline goes with which trial, and what is said of one that drifts.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "harness/base/json.h"
#include "tests/unit/journal_sample.h"

#define S 1000000000LL

static void near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        print_error("%.17g is not %.17g within %g\n", a, b, tolerance);
    assert_true(fabs(a - b) <= tolerance);
}

// A record of the sample run, moved so that it begins at `at_s`.
static void add(sample_run *s, eb_journal *j, int number, int64_t at_s, double package_w, double dram_w)
{
    eb_err err = { 0 };
    sample_trial(s, number, 0, number ? number - 1 : 0, 1);
    sample_power(s, 0, package_w, dram_w);
    int64_t by = at_s * S - s->info.t_start_ns;
    s->info.t_start_ns += by;
    s->info.t_end_ns += by;
    for (int i = 0; i < SAMPLE_TOKENS; i++) {
        s->tokens[i].t_start_ns += by;
        s->tokens[i].t_end_ns += by;
    }
    for (size_t i = 0; i < s->n_power; i++) {
        s->power[i].sample.t_before_ns += at_s * S;
        s->power[i].sample.t_after_ns += at_s * S;
    }
    if (!number)
        snprintf(s->info.taken_utc, sizeof s->info.taken_utc, "2026-11-21T01:00:%02dZ", (int)(at_s % 60));
    assert_true(sample_write(s, j, &err));
}

static eb_run *load(sample_run *s)
{
    eb_err err = { 0 };
    eb_run *run = eb_run_load(s->dir, &err);
    assert_non_null(run);
    return run;
}

static eb_journal *begin(sample_run *s)
{
    eb_err err = { 0 };
    sample_init(s);
    eb_journal *j = eb_journal_create(s->dir, &s->header, &err);
    assert_non_null(j);
    return j;
}

static bool warned(const eb_run *run, const char *text)
{
    for (int i = 0; i < run->n_warnings; i++)
        if (strstr(run->warnings[i], text))
            return true;
    return false;
}

static const eb_metric *metric(const eb_run *run, const char *key)
{
    return eb_case_metric(&run->cases[0], key);
}

static void test_between_two_baselines(void **state)
{
    (void)state;
    sample_run s;
    eb_err err = { 0 };
    eb_journal *j = begin(&s);
    add(&s, j, 0, 0, 15, 5);
    add(&s, j, 1, 25, 40, 10); // a quarter of the way
    add(&s, j, 0, 100, 25, 5);
    assert_true(eb_journal_end(j, NULL, &err));
    eb_journal_close(j);
    eb_run *run = load(&s);
    assert_int_equal(run->n_idles, 2);
    near(run->idles[0].w, 20, 0.01);
    near(run->idles[1].w, 30, 0.01);
    assert_string_equal(run->idles[0].taken_utc, "2026-11-21T01:00:00Z");
    assert_string_equal(run->idles[1].taken_utc, "2026-11-21T01:00:40Z");
    assert_int_equal(run->idles[0].after_trial, 0);
    assert_int_equal(run->idles[1].after_trial, 1);
    near(run->idle_w, 25, 0.01);
    assert_int_equal(run->idle_ns, 2 * S);
    const eb_metric *idle = metric(run, "idle_power_w"), *net = metric(run, "net_power_w");
    near(idle->value, 22.5, 0.01);
    near(net->value, 27.5, 0.03);
    assert_int_equal(idle->n, 2);
    // 10 W apart: the half-width covers half of what the two half-widths do not explain.
    assert_true(idle->hi - idle->value > 4.5 && idle->hi - idle->value < 5.5);
    assert_true(net->hi - net->value > 4.5);
    assert_true(warned(run, "the idle power drifted: 20 W"));
    assert_true(warned(run, "before the first trial, 30 W"));
    char *json = eb_run_json(run);
    assert_non_null(strstr(json, "\"taken\""));
    assert_non_null(strstr(json, "2026-11-21T01:00:40Z"));
    free(json);
    eb_run_free(run);
    sample_deinit(&s);
}

static void test_steady_baselines_are_no_drift(void **state)
{
    (void)state;
    sample_run s;
    eb_journal *j = begin(&s);
    add(&s, j, 0, 0, 15, 5);
    add(&s, j, 1, 5, 40, 10);
    add(&s, j, 0, 10, 15.01, 5);
    eb_journal_close(j);
    eb_run *run = load(&s);
    assert_false(warned(run, "drifted"));
    const eb_metric *idle = metric(run, "idle_power_w");
    near(idle->value, 20.005, 0.01);
    // Two are surer than one.
    assert_true(idle->hi - idle->value < run->idles[0].halfwidth_w);
    eb_run_free(run);
    sample_deinit(&s);
}

// Taken up again: each trial lies between the baselines around it; a clock that began anew has no distance to the old.
static void test_baselines_of_a_run_taken_up(void **state)
{
    (void)state;
    sample_run s;
    eb_journal *j = begin(&s);
    add(&s, j, 0, 100, 15, 5);
    add(&s, j, 1, 110, 40, 10);
    add(&s, j, 0, 5, 10, 5); // after a restart of the machine
    add(&s, j, 2, 10, 40, 10);
    add(&s, j, 0, 15, 10, 5);
    eb_journal_close(j);
    eb_run *run = load(&s);
    assert_int_equal(run->n_idles, 3);
    assert_int_equal(run->idles[1].after_trial, 1);
    assert_int_equal(run->idles[2].after_trial, 2);
    near(metric(run, "idle_power_w")->value, (20 + 15) / 2.0, 0.02); // the median of the two trials'
    eb_run_free(run);
    sample_deinit(&s);
}

// A baseline whose counter broke is none; the other one stands alone.
static void test_one_baseline_is_broken(void **state)
{
    (void)state;
    sample_run s;
    eb_err err = { 0 };
    eb_journal *j = begin(&s);
    add(&s, j, 0, 0, 15, 5);
    add(&s, j, 1, 5, 40, 10);
    sample_trial(&s, 0, 0, 0, 1);
    sample_power(&s, 10 * S, 15, 5);
    s.info.t_start_ns = 10 * S;
    s.info.t_end_ns = 11 * S;
    s.power[90].sample.status = EB_SAMPLE_SUSPENDED;
    assert_true(sample_write(&s, j, &err));
    eb_journal_close(j);
    eb_run *run = load(&s);
    assert_int_equal(run->n_idles, 2);
    assert_true(isnan(run->idles[1].w));
    near(run->idle_w, 20, 0.01);
    assert_int_equal(metric(run, "idle_power_w")->n, 1);
    near(metric(run, "net_energy_j")->value, 30, 0.03);
    eb_run_free(run);
    sample_deinit(&s);
}

// A baseline that was busier than the work, by less than it is known to, by more, and one that reaches below 0 only
// with its interval: never joules below 0, and never without a word.
static void test_a_net_energy_below_zero_is_refused(void **state)
{
    (void)state;
    static const struct {
        double before_w, after_w; // of the package; memory's 5 W beside it
        const char *words;
        bool known;
    } cases[] = {
        { 40.5, 40.6, "below the idle baseline, which was busier than the work: 50.0 W gross, 50.", false },
        { 25, 65.1, "within the idle baseline's spread: 50.0 W gross, 55.0 W ±20 W idle", false },
        { 25, 45, "may be nothing: the interval reaches below 0; largest error term: idle baseline", true },
    };
    static const char *const keys[] = { "net_energy_j", "net_j_per_tok", "net_power_w" };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sample_run s;
        eb_journal *j = begin(&s);
        add(&s, j, 0, 0, cases[i].before_w, 10);
        add(&s, j, 1, 5, 40, 10);
        add(&s, j, 0, 10, cases[i].after_w, 10);
        eb_journal_close(j);
        eb_run *run = load(&s);
        near(metric(run, "power_w")->value, 50, 0.05);
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            const eb_metric *net = metric(run, keys[k]);
            if (!strstr(net->note, cases[i].words))
                fail_msg("%s of %zu: %g, '%s'", keys[k], i, net->value, net->note);
            assert_true(cases[i].known ? net->value > 0 && net->lo < 0 : isnan(net->value) && isnan(net->lo));
            assert_int_equal(net->grade, cases[i].known ? EB_GRADE_COUNTER : EB_GRADE_NONE);
        }
        eb_run_free(run);
        sample_deinit(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_between_two_baselines),         cmocka_unit_test(test_a_net_energy_below_zero_is_refused),
        cmocka_unit_test(test_steady_baselines_are_no_drift), cmocka_unit_test(test_baselines_of_a_run_taken_up),
        cmocka_unit_test(test_one_baseline_is_broken),
    };
    return cmocka_run_group_tests_name("idle", tests, NULL, NULL);
}
