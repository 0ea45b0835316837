// SPDX-License-Identifier: Apache-2.0
// The metrics of small runs made by hand, against figures worked out here and nowhere else.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "harness/base/json.h"
#include "harness/base/stats.h"
#include "tests/unit/journal_sample.h"

static void near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        print_error("%.17g is not %.17g within %g\n", a, b, tolerance);
    assert_true(fabs(a - b) <= tolerance);
}

static eb_run *load(sample_run *s)
{
    eb_err err = { 0 };
    eb_run *run = eb_run_load(s->dir, &err);
    if (!run)
        print_error("%s:%d: %s\n", err.file, err.line, err.message);
    assert_non_null(run);
    return run;
}

static const eb_metric *metric(const eb_run *run, int c, const char *key)
{
    const eb_metric *m = eb_case_metric(&run->cases[c], key);
    assert_non_null(m);
    return m;
}

static void expect(const eb_run *run, const char *key, double value, double tolerance, const char *unit, eb_grade grade)
{
    const eb_metric *m = metric(run, 0, key);
    if (!(fabs(m->value - value) <= tolerance) || m->grade != grade)
        print_error("%s is %.17g, grade %d (%s)\n", key, m->value, m->grade, m->note);
    near(m->value, value, tolerance);
    assert_string_equal(m->unit, unit);
    assert_int_equal(m->grade, grade);
    assert_true(m->interval == EB_INTERVAL_NONE || (m->lo <= m->value && m->value <= m->hi));
}

static void expect_none(const eb_run *run, const char *key, const char *note)
{
    const eb_metric *m = metric(run, 0, key);
    if (!isnan(m->value) || !strstr(m->note, note))
        print_error("%s is %g, note '%s'\n", key, m->value, m->note);
    assert_true(isnan(m->value) && isnan(m->lo) && isnan(m->hi));
    assert_non_null(strstr(m->note, note));
    assert_int_equal(m->grade, EB_GRADE_NONE);
}

static bool warned(char *const *warnings, int n, const char *text)
{
    for (int i = 0; i < n; i++)
        if (strstr(warnings[i], text))
            return true;
    return false;
}

// An idle baseline of 20 W, then `n` trials of the first case, each slower than the one before it by `slower`.
static void write_run(sample_run *s, int n, double slower, bool end)
{
    eb_err err = { 0 };
    eb_journal *j = eb_journal_create(s->dir, &s->header, &err);
    eb_case_facts facts = sample_facts(0);
    assert_non_null(j);
    assert_true(eb_journal_facts(j, &facts, &err));
    sample_trial(s, 0, 0, 0, 1);
    sample_power(s, 0, 15, 5);
    assert_true(sample_write(s, j, &err));
    for (int i = 0; i < n; i++) {
        sample_trial(s, i + 1, 0, i, 1 + slower * i);
        assert_true(sample_write(s, j, &err));
    }
    if (end)
        assert_true(eb_journal_end(j, NULL, &err));
    eb_journal_close(j);
}

static void expect_figures(const eb_run *run)
{
    expect(run, "ttft_ns", 300e6, 0, "ns", EB_GRADE_NONE); // from the scheduled arrival, 100 ms before the window
    expect(run, "itl_ns", 100e6, 0, "ns", EB_GRADE_NONE);
    expect(run, "tpot_ns", 100e6, 0, "ns", EB_GRADE_NONE);
    expect(run, "e2e_ns", 600e6, 0, "ns", EB_GRADE_NONE);
    expect(run, "prefill_tok_s", 40, 1e-9, "tok/s", EB_GRADE_NONE);
    expect(run, "decode_tok_s", 20, 1e-9, "tok/s", EB_GRADE_NONE);
    expect(run, "throughput_tok_s", 8, 1e-9, "tok/s", EB_GRADE_NONE);
    expect(run, "goodput_tok_s", 8, 1e-9, "tok/s", EB_GRADE_NONE);
    assert_non_null(strstr(metric(run, 0, "goodput_tok_s")->note, "no SLO"));
    expect(run, "energy_j", 50, 0.01, "J", EB_GRADE_COUNTER);
    expect(run, "energy_package_j", 40, 0.01, "J", EB_GRADE_COUNTER);
    expect(run, "energy_dram_j", 10, 0.01, "J", EB_GRADE_COUNTER);
    expect_none(run, "energy_gpu_j", "no measured channel");
    expect(run, "j_per_tok", 6.25, 0.002, "J/tok", EB_GRADE_COUNTER);
    expect(run, "j_per_prompt_tok", 1.25, 0.001, "J/tok", EB_GRADE_COUNTER);
    expect(run, "j_per_decode_tok", 2.5, 0.001, "J/tok", EB_GRADE_COUNTER);
    expect(run, "j_per_req", 25, 0.005, "J/req", EB_GRADE_COUNTER);
    expect(run, "power_w", 50, 0.01, "W", EB_GRADE_COUNTER);
    expect(run, "tok_per_j", 0.16, 1e-4, "tok/J", EB_GRADE_COUNTER);
    expect(run, "idle_power_w", 20, 0.01, "W", EB_GRADE_COUNTER);
    expect(run, "net_energy_j", 30, 0.02, "J", EB_GRADE_COUNTER);
    expect(run, "net_j_per_tok", 3.75, 0.003, "J/tok", EB_GRADE_COUNTER);
    expect(run, "net_power_w", 30, 0.02, "W", EB_GRADE_COUNTER);
    expect(run, "rss_peak_bytes", 5000000, 0, "B", EB_GRADE_NONE);
    expect(run, "model_bytes", 2000, 0, "B", EB_GRADE_NONE);
    expect(run, "kv_bytes", 64, 0, "B", EB_GRADE_NONE);
    expect(run, "bytes_per_tok", 2e6, 0, "B/tok", EB_GRADE_NONE);
    expect_none(run, "load_ns", "open already");
    expect_none(run, "first_token_cold_ns", "no cold start");
    expect_none(run, "kld_nats", "no reference");
    expect_none(run, "usd_per_mtok", "no prices");
    expect_none(run, "gco2e_per_mtok", "intensity");
    expect_none(run, "tok_per_charge", "battery_wh");
    expect_none(run, "bw_frac", "ceiling");
    expect_none(run, "cycles", "no counter");
}

static void expect_facts_of_the_run(const eb_run *run)
{
    assert_string_equal(run->domains, "package-0 + dram-0");
    assert_string_equal(run->missing, "");
    near(run->idle_w, 20, 0.01);
    assert_true(run->idle_w_halfwidth > 0 && run->idle_w_halfwidth < 0.5);
    assert_string_equal(run->cases[0].digest, "00ff00ff00ff00ff");
    assert_int_equal(run->n_series, 1);
    for (int i = 0; i < run->series[0].n; i++)
        near(run->series[0].w[i], 50, 0.5);
    near(run->series[0].prefill_end_s, 0.2, 1e-12);
    near(run->series[0].end_s, 1, 1e-12);
}

static void expect_nothing_of_the_second_case(const eb_run *run)
{
    assert_int_equal(run->cases[1].n_trials, 0);
    assert_null(run->cases[1].facts);
    for (int i = 0; i < run->cases[1].n_metrics; i++)
        assert_true(isnan(run->cases[1].metrics[i].value));
    assert_non_null(strstr(metric(run, 1, "energy_j")->note, "no trial"));
}

static void test_figures_of_one_trial(void **state)
{
    (void)state;
    sample_run s;
    sample_init(&s);
    write_run(&s, 1, 0, true);
    eb_run *run = load(&s);
    expect_figures(run);
    // The energy of 1 s at 40 + 10 W with updates of 1 ms: 1.96 x 0.408 x P x T each, both updated together.
    const eb_metric *e = metric(run, 0, "energy_j");
    near(e->hi - e->value, 1.96 / sqrt(6) * 0.001 * (40 + 10), 2e-4);
    assert_int_equal(e->n, 1);
    assert_int_equal(e->interval, EB_INTERVAL_RANGE);
    assert_non_null(strstr(e->note, "largest error term: boundary"));
    expect_facts_of_the_run(run);
    // The second case was never run: every figure says so, none is 0.
    expect_nothing_of_the_second_case(run);
    eb_run_free(run);
    sample_deinit(&s);
}

static void a_share_of_the_arithmetic_is_of_what_a_prompt_takes(void **state)
{
    (void)state;
    sample_run s;
    sample_init(&s);
    s.machine[1] = (eb_pair){ (char *)"flop_s", (char *)"1e9" };
    write_run(&s, 1, 0, true);
    eb_run *run = load(&s);
    const double rate = metric(run, 0, "prefill_tok_s")->value, flop = sample_facts(0).flop_per_prompt_tok;
    assert_true(rate > 0 && metric(run, 0, "flop_per_prompt_tok")->value == flop);
    near(metric(run, 0, "flop_frac")->value, flop * rate / 1e9, 1e-12);
    eb_run_free(run);
    sample_deinit(&s);
}

static void test_intervals_over_trials(void **state)
{
    (void)state;
    for (int n = 5; n <= 9; n += 1) {
        sample_run s;
        sample_init(&s);
        write_run(&s, n, 0.1, true);
        eb_run *run = load(&s);
        const eb_metric *m = metric(run, 0, "itl_ns");
        double x[9], lo, hi;
        for (int i = 0; i < n; i++)
            x[i] = 100e6 * (1 + 0.1 * i);
        bool kept = eb_median_interval(x, (size_t)n, 0.95, &lo, &hi);
        near(m->value, 100e6 * (1 + 0.1 * (n - 1) / 2), 1);
        near(m->lo, lo, 1);
        near(m->hi, hi, 1);
        assert_int_equal(m->n, n);
        assert_int_equal(kept, n >= 6);
        assert_int_equal(m->interval, kept ? EB_INTERVAL_CONFIDENCE : EB_INTERVAL_RANGE);
        // 2 gaps x 3 steps in each trial.
        const eb_metric *p = metric(run, 0, "itl_p90_ns");
        assert_int_equal(p->n, 6 * n);
        if (6 * n < 44) {
            char note[64];
            snprintf(note, sizeof note, "n too small for p90 (%d of 44)", 6 * n);
            expect_none(run, "itl_p90_ns", note);
        } else {
            near(p->value, 100e6 * (1 + 0.1 * (ceil(0.9 * n * 6) - 1 - fmod(ceil(0.9 * n * 6) - 1, 6)) / 6), 1);
        }
        expect_none(run, "itl_p99_ns", "of 459)");
        assert_true(metric(run, 0, "tpot_p50_ns")->value > 0);
        eb_run_free(run);
        sample_deinit(&s);
    }
}

static void test_goodput_and_money(void **state)
{
    (void)state;
    static const char *const cost[][2] = {
        { "price_usd", "1000" },      { "residual", "20%" },
        { "interest", "8%" },         { "years", "4" },
        { "utilisation", "50%" },     { "usd_per_kwh", "0.30" },
        { "rest_of_system_w", "25" }, { "battery_wh", "50" },
        { "demonstration", "yes" },   { "intensity_g_per_kwh", "400" },
    };
    sample_run s;
    sample_init(&s);
    for (size_t i = 0; i < sizeof cost / sizeof *cost; i++)
        sample_setting(&s, "cost", cost[i][0], cost[i][1]);
    sample_setting(&s, "slo", "ttft", "300ms");
    sample_setting(&s, "slo", "tpot", "0.1s");
    sample_setting(&s, "slo", "e2e", "");
    write_run(&s, 3, 0, true);
    eb_run *run = load(&s);
    expect(run, "goodput_tok_s", 8, 1e-9, "tok/s", EB_GRADE_NONE);
    assert_string_equal(metric(run, 0, "goodput_tok_s")->note, "");
    // 75 W busy and 45 W idle, half of the year each: 525.6 kWh; 126.144 Mtok.
    double usd = (257.536643 + 525.6 * 0.3) / 126.144;
    expect(run, "usd_per_mtok", usd, 0.001, "USD/Mtok", EB_GRADE_COUNTER);
    assert_string_equal(metric(run, 0, "usd_per_mtok")->note, "demonstration prices");
    expect(run, "tok_per_usd", 1e6 / usd, 500, "tok/USD", EB_GRADE_COUNTER);
    expect(run, "gco2e_per_mtok", 525.6 * 400 / 126.144, 1, "g/Mtok", EB_GRADE_COUNTER);
    expect(run, "tok_per_charge", 50 * 3600 / 75.0 * 8, 10, "tok", EB_GRADE_COUNTER);
    eb_run_free(run);
    sample_deinit(&s);

    sample_init(&s);
    sample_setting(&s, "slo", "tpot", "99ms");
    sample_setting(&s, "cost", "usd_per_hour", "1");
    write_run(&s, 1, 0, true);
    run = load(&s);
    expect(run, "goodput_tok_s", 0, 0, "tok/s", EB_GRADE_NONE);
    expect_none(run, "usd_per_mtok", "SLO");
    eb_run_free(run);
    sample_deinit(&s);
}

// What of a cost comes from watts has their half-width and grade; a rent has neither.
static void test_watts_in_a_cost(void **state)
{
    (void)state;
    static const char *const cost[][2] = {
        { "price_usd", "1000" },      { "years", "4" },       { "utilisation", "100%" },      { "usd_per_kwh", "0.30" },
        { "rest_of_system_w", "25" }, { "battery_wh", "50" }, { "intensity_g_per_kwh", "1" },
    };
    sample_run s;
    sample_init(&s);
    for (size_t i = 0; i < sizeof cost / sizeof *cost; i++)
        sample_setting(&s, "cost", cost[i][0], cost[i][1]);
    write_run(&s, 1, 0, true);
    eb_run *run = load(&s);
    const eb_metric *j = metric(run, 0, "energy_j"), *usd = metric(run, 0, "usd_per_mtok");
    double off_w = j->hi - j->value; // of 1 s
    near(usd->hi - usd->value, off_w * 8.76 * 0.3 / (8 * 31.536), 1e-6);
    const eb_metric *co2 = metric(run, 0, "gco2e_per_mtok"), *charge = metric(run, 0, "tok_per_charge");
    near(co2->hi - co2->value, off_w * 8.76 / (8 * 31.536), 1e-6);
    near((charge->hi - charge->value) / charge->value, off_w / 75, 1e-6);
    // A domain has the half-width of its own counter; together they are the whole's but for units, which add in
    // quadrature.
    const eb_metric *package = metric(run, 0, "energy_package_j"), *dram = metric(run, 0, "energy_dram_j");
    near(package->hi - package->value + dram->hi - dram->value, off_w, 2e-7);
    assert_true(package->hi > package->value);
    eb_run_free(run);
    sample_deinit(&s);

    sample_init(&s);
    sample_setting(&s, "cost", "usd_per_hour", "1");
    write_run(&s, 1, 0, true);
    run = load(&s);
    expect(run, "usd_per_mtok", 1e6 / (8 * 3600), 1e-9, "USD/Mtok", EB_GRADE_NONE);
    assert_true(metric(run, 0, "usd_per_mtok")->hi == metric(run, 0, "usd_per_mtok")->value);
    assert_string_equal(metric(run, 0, "usd_per_mtok")->note, "");
    eb_run_free(run);
    sample_deinit(&s);
}

// Sequences of a batch share the weights, but not the choice of experts.
static void test_bandwidth_of_a_mixture(void **state)
{
    (void)state;
    for (int experts = 0; experts <= 8; experts += 8) {
        sample_run s;
        eb_err err = { 0 };
        sample_init(&s);
        s.machine[1] = (eb_pair){ (char *)"read_bandwidth_bytes_s", (char *)"1e8" };
        eb_journal *j = eb_journal_create(s.dir, &s.header, &err);
        eb_case_facts facts = sample_facts(0);
        facts.n_expert = experts;
        assert_true(eb_journal_facts(j, &facts, &err));
        sample_trial(&s, 1, 0, 0, 1);
        assert_true(sample_write(&s, j, &err));
        eb_journal_close(j);
        eb_run *run = load(&s);
        const eb_metric *m = metric(run, 0, "bw_frac");
        near(m->value, 2e6 / 2 * 20 / 1e8, 1e-12); // 20 tok/s, two of them by each read of 2 MB
        assert_int_equal(strstr(m->note, "at least") != NULL, experts > 0);
        eb_run_free(run);
        sample_deinit(&s);
    }
}

// Of trials that lack a figure because they were too quick, or too slow, the others are no sample.
static void test_chosen_trials_have_no_median(void **state)
{
    (void)state;
    sample_run s;
    eb_err err = { 0 };
    sample_init(&s);
    sample_setting(&s, "slo", "tpot", "105ms");
    sample_setting(&s, "cost", "usd_per_hour", "1");
    write_run(&s, 3, 0.1, true); // 100, 110, 120 ms per token
    eb_run *run = load(&s);
    expect(run, "goodput_tok_s", 0, 0, "tok/s", EB_GRADE_NONE);
    expect_none(run, "usd_per_mtok", "SLO, in 2 of 3 trials");
    expect_none(run, "tok_per_usd", "SLO, in 2 of 3 trials");
    eb_run_free(run);
    sample_deinit(&s);

    sample_init(&s);
    eb_journal *j = eb_journal_create(s.dir, &s.header, &err);
    for (int i = 1; i <= 3; i++) {
        sample_trial(&s, i, 0, i, i == 1 ? 1 : 0.05);
        for (size_t k = 0; i == 3 && k < s.n_power; k++)
            s.power[k].sample.status = EB_SAMPLE_SUSPENDED; // this one lacks it for another reason
        assert_true(sample_write(&s, j, &err));
    }
    eb_journal_close(j);
    run = load(&s);
    assert_int_equal(metric(run, 0, "energy_j")->n, 2);
    assert_int_equal(metric(run, 0, "j_per_prompt_tok")->n, 2);
    expect_none(run, "j_per_decode_tok", "in 1 of 3 trials");
    eb_run_free(run);
    sample_deinit(&s);
}

// A trial without a token took its energy for nothing: without it, energy per token would be that of the others alone.
static void test_a_trial_without_tokens_is_not_left_out(void **state)
{
    (void)state;
    for (int barren = 1; barren <= 3; barren += 2) {
        sample_run s;
        eb_err err = { 0 };
        sample_init(&s);
        eb_journal *j = eb_journal_create(s.dir, &s.header, &err);
        sample_trial(&s, 0, 0, 0, 1);
        sample_power(&s, 0, 15, 5);
        assert_true(sample_write(&s, j, &err));
        for (int i = 1; i <= 3; i++) {
            sample_trial(&s, i, 0, i, 1);
            for (int k = 0; k < SAMPLE_REQUESTS && i <= barren; k++)
                s.requests[k].status = EB_REQUEST_FAILED;
            assert_true(eb_journal_trial(j, &s.info, s.requests, SAMPLE_REQUESTS, s.tokens,
                                         i <= barren ? 0 : SAMPLE_TOKENS, s.power, s.n_power, &err));
        }
        eb_journal_close(j);
        eb_run *run = load(&s);
        assert_int_equal(metric(run, 0, "energy_j")->n, 3);
        assert_int_equal(metric(run, 0, "tok_per_j")->n, 3);
        expect_none(run, "j_per_tok", barren == 3 ? "no output tokens" : "no output tokens, in 1 of 3 trials");
        expect_none(run, "net_j_per_tok", barren == 3 ? "no output tokens" : "no output tokens, in 1 of 3 trials");
        expect_none(run, "j_per_req", barren == 3 ? "no request was finished" : "no request was finished, in 1 of 3");
        eb_run_free(run);
        sample_deinit(&s);
    }
}

static void test_dead_counters_are_left_out(void **state)
{
    (void)state;
    sample_run s;
    eb_err err = { 0 };
    sample_init(&s);
    s.channels[2] = (eb_channel){ .name = "stated/machine",
                                  .source = "stated",
                                  .label = "stated 65 W",
                                  .domain = EB_DOMAIN_PACKAGE,
                                  .socket = -1,
                                  .die = -1,
                                  .quantity = EB_QUANTITY_ENERGY_UJ,
                                  .cumulative = true,
                                  .unit = 1,
                                  .scale = 1,
                                  .grade = EB_GRADE_ESTIMATE };
    for (int dead = 1; dead <= 2; dead++) {
        snprintf(s.dir, sizeof s.dir, "%s/run%d", s.root, dead);
        eb_journal *j = eb_journal_create(s.dir, &s.header, &err);
        sample_trial(&s, 1, 0, 0, 1);
        for (size_t i = 0; i < s.n_power; i++) {
            eb_power_row *row = &s.power[i];
            if (row->channel == 2)
                row->sample.raw = (uint64_t)(i / 3) * 650000;
            else if (row->channel == 1 || dead == 2)
                row->sample.raw = 0;
        }
        assert_true(sample_write(&s, j, &err));
        assert_true(eb_journal_end(j, NULL, &err));
        eb_journal_close(j);
        eb_run *run = load(&s);
        assert_true(warned(run->warnings, run->n_warnings, "intel-rapl:0:0 never moved in 1 s"));
        if (dead == 1) {
            assert_string_equal(run->domains, "package-0");
            assert_string_equal(run->missing, "dram");
            expect(run, "energy_j", 40, 0.01, "J", EB_GRADE_COUNTER);
            assert_non_null(strstr(metric(run, 0, "energy_j")->note, "without dram"));
        } else {
            assert_string_equal(run->domains, "stated 65 W (estimate)");
            expect(run, "energy_j", 65, 0.01, "J", EB_GRADE_ESTIMATE);
            expect_none(run, "energy_package_j", "no measured channel");
        }
        expect_none(run, "energy_dram_j", "no measured channel");
        expect_none(run, "net_energy_j", "no idle baseline");
        eb_run_free(run);
    }
    sample_deinit(&s);
}

static void test_no_energy_is_not_zero(void **state)
{
    (void)state;
    sample_run s;
    eb_err err = { 0 };
    sample_init(&s);
    s.header.n_channels = 0;
    eb_journal *j = eb_journal_create(s.dir, &s.header, &err);
    sample_trial(&s, 1, 0, 0, 1);
    s.n_power = 0;
    assert_true(sample_write(&s, j, &err));
    eb_journal_close(j);
    eb_run *run = load(&s);
    static const char *const keys[] = {
        "energy_j", "j_per_tok", "power_w", "tok_per_j", "net_energy_j", "idle_power_w"
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        expect_none(run, keys[i], "no energy source");
    expect(run, "decode_tok_s", 20, 1e-9, "tok/s", EB_GRADE_NONE);
    assert_string_equal(run->domains, "");
    assert_false(run->complete);
    assert_true(warned(run->warnings, run->n_warnings, "did not end"));
    eb_run_free(run);
    sample_deinit(&s);
}

// A phase with fewer than two updates in it has no energy of its own; the window has.
static void test_short_phases_have_no_energy(void **state)
{
    (void)state;
    sample_run s;
    eb_err err = { 0 };
    sample_init(&s);
    eb_journal *j = eb_journal_create(s.dir, &s.header, &err);
    sample_trial(&s, 1, 0, 0, 0.05); // decode: three steps of 5 ms
    assert_true(sample_write(&s, j, &err));
    eb_journal_close(j);
    eb_run *run = load(&s);
    expect(run, "energy_j", 50, 0.01, "J", EB_GRADE_COUNTER);
    expect(run, "j_per_prompt_tok", 1.25, 0.001, "J/tok", EB_GRADE_COUNTER);
    expect_none(run, "j_per_decode_tok", "shorter than two updates");
    eb_run_free(run);
    sample_deinit(&s);
}

static void test_failed_and_odd_trials(void **state)
{
    (void)state;
    sample_run s;
    eb_err err = { 0 };
    sample_init(&s);
    eb_journal *j = eb_journal_create(s.dir, &s.header, &err);
    for (int i = 1; i <= 7; i++) {
        sample_trial(&s, i, 0, i - 1, i == 4 ? 2 : 1 + 0.001 * i);
        if (i == 2)
            s.info.error = (char *)"no memory";
        if (i == 3)
            s.power[3 * 50].sample.status = EB_SAMPLE_RESET;
        if (i == 6)
            strcpy(s.info.digest, "1111111111111111");
        assert_true(sample_write(&s, j, &err));
    }
    eb_journal_close(j);
    eb_run *run = load(&s);
    const eb_case_result *c = &run->cases[0];
    assert_int_equal(c->n_trials, 7);
    assert_int_equal(c->n_failed, 1);
    assert_int_equal(metric(run, 0, "decode_tok_s")->n, 6);
    assert_int_equal(metric(run, 0, "energy_j")->n, 5);
    assert_int_equal(metric(run, 0, "j_per_prompt_tok")->n, 6); // the break is in the window, not in the prefill
    assert_int_equal(metric(run, 0, "j_per_prompt_tok")->grade, EB_GRADE_COUNTER);
    assert_true(c->digest_differs);
    assert_string_equal(c->digest, "");
    assert_true(warned(c->warnings, c->n_warnings, "trial 2 failed and is left out: no memory"));
    assert_true(warned(c->warnings, c->n_warnings, "trial 3 has no energy: powercap/intel-rapl:0"));
    assert_true(warned(c->warnings, c->n_warnings, "trial 4 is an outlier: decode_tok_s"));
    assert_false(warned(c->warnings, c->n_warnings, "trial 5 is an outlier"));
    assert_true(warned(c->warnings, c->n_warnings, "did not give the same output"));
    eb_run_free(run);
    sample_deinit(&s);
}

static void test_run_json(void **state)
{
    (void)state;
    sample_run s;
    eb_err err = { 0 };
    sample_init(&s);
    write_run(&s, 2, 0, true);
    eb_run *run = load(&s), *again = load(&s);
    char *path = eb_path_join(s.dir, "run.json");
    assert_true(eb_run_json_write(run, s.dir, &err));
    size_t len;
    char *first = eb_file_read(path, 1 << 20, &len, &err);
    assert_int_equal(remove(path), 0);
    assert_true(eb_run_json_write(again, s.dir, &err));
    char *second = eb_file_read(path, 1 << 20, &len, &err);
    assert_string_equal(first, second);
    cJSON *json = eb_json_parse(first, len, "run.json", &err);
    assert_non_null(json);
    assert_string_equal(eb_json_str(json, "schema", ""), "effbench.run/1");
    assert_true(eb_json_bool(json, "complete", false));
    assert_string_equal(eb_json_str(json, "boundary", ""), "compute");
    const cJSON *cases = cJSON_GetObjectItemCaseSensitive(json, "cases");
    assert_int_equal(cJSON_GetArraySize(cases), 2);
    const cJSON *metrics = cJSON_GetObjectItemCaseSensitive(cases->child, "metrics");
    for (int i = 0; eb_metric_table[i].key; i++) {
        const cJSON *m = cJSON_GetObjectItemCaseSensitive(metrics, eb_metric_table[i].key);
        const eb_metric *truth = metric(run, 0, eb_metric_table[i].key);
        assert_non_null(m);
        double value = eb_json_num(m, "value", NAN);
        assert_true(value == truth->value || (isnan(value) && isnan(truth->value)));
        assert_int_equal(eb_json_i64(m, "n", -1), truth->n);
        assert_string_equal(eb_json_str(m, "unit", ""), eb_metric_table[i].unit);
        assert_string_equal(eb_json_str(m, "grade", ""), eb_grade_name(truth->grade));
    }
    const cJSON *channels = cJSON_GetObjectItemCaseSensitive(json, "channels");
    assert_true(eb_json_bool(channels->child, "counted", false));
    assert_false(eb_json_bool(channels->child->next->next, "counted", true));
    cJSON_Delete(json);
    free(first);
    free(second);
    free(path);
    eb_run_free(run);
    eb_run_free(again);
    sample_deinit(&s);
}

static void test_what_is_no_run(void **state)
{
    (void)state;
    eb_err err = { 0 };
    assert_null(eb_run_load("/nonexistent/run", &err));
    assert_int_equal(err.code, EB_USAGE);
    assert_string_equal(err.message, "'/nonexistent/run' does not exist");
    eb_err_clear(&err);
    assert_null(eb_run_load("/", &err));
    assert_int_equal(err.code, EB_USAGE);
    assert_non_null(strstr(err.message, "holds no run: there is no trials.jsonl in it"));
}

// docs/metrics.md explains every key of the table, with its unit.
static void test_docs_name_every_metric(void **state)
{
    (void)state;
    const char *root = getenv("SRC");
    eb_err err = { 0 };
    char *path = eb_path_join(root ? root : ".", "docs/metrics.md");
    char *text = eb_file_read(path, 1 << 20, NULL, &err);
    if (!text)
        fail_msg("%s", err.message);
    for (int i = 0; eb_metric_table[i].key; i++) {
        const eb_metric_def *def = &eb_metric_table[i];
        char cell[96];
        snprintf(cell, sizeof cell, "| `%s` | %s |", def->key, def->unit);
        if (!strstr(text, cell))
            print_error("no row %s\n", cell);
        assert_non_null(strstr(text, cell));
        assert_true(def->doc[0] && def->better >= -1 && def->better <= 1);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(def->key, eb_metric_table[k].key);
    }
    free(text);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures_of_one_trial),
        cmocka_unit_test(a_share_of_the_arithmetic_is_of_what_a_prompt_takes),
        cmocka_unit_test(test_intervals_over_trials),
        cmocka_unit_test(test_goodput_and_money),
        cmocka_unit_test(test_dead_counters_are_left_out),
        cmocka_unit_test(test_no_energy_is_not_zero),
        cmocka_unit_test(test_short_phases_have_no_energy),
        cmocka_unit_test(test_failed_and_odd_trials),
        cmocka_unit_test(test_run_json),
        cmocka_unit_test(test_watts_in_a_cost),
        cmocka_unit_test(test_bandwidth_of_a_mixture),
        cmocka_unit_test(test_chosen_trials_have_no_median),
        cmocka_unit_test(test_a_trial_without_tokens_is_not_left_out),
        cmocka_unit_test(test_what_is_no_run),
        cmocka_unit_test(test_docs_name_every_metric),
    };
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
