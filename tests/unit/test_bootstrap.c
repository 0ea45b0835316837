// SPDX-License-Identifier: Apache-2.0
// The block bootstrap of a quantile: exact cases, and the coverage that docs/metrics.md claims, by simulation.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/bootstrap.h"
#include "harness/base/stats.h"
#include "harness/record/latency.h"
#include "harness/record/percentile.h"
#include "tests/unit/emulated.h"

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool interval(const double *x, size_t k, size_t n, size_t moments, double p, uint64_t seed, double out[2])
{
    eb_series trials[32];
    double *sorted = malloc(k * n * sizeof *sorted);
    memcpy(sorted, x, k * n * sizeof *sorted);
    qsort(sorted, k * n, sizeof *sorted, by_value);
    for (size_t i = 0; i < k; i++)
        trials[i] = (eb_series){ x + i * n, n, moments };
    bool kept = eb_block_bootstrap_quantile(trials, k, sorted, p, 0.95, seed, &out[0], &out[1]);
    free(sorted);
    return kept;
}

static void test_student(void **state)
{
    (void)state;
    static const struct {
        int df;
        double p, t;
    } known[] = { { 1, 0.975, 12.7062047362 }, { 2, 0.975, 4.3026527297 },  { 5, 0.975, 2.5705818356 },
                  { 9, 0.975, 2.2621571628 },  { 9, 0.025, -2.2621571628 }, { 30, 0.995, 2.7499956536 } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_true(fabs(eb_student_quantile(known[i].p, known[i].df) - known[i].t) < 1e-8);
}

static void test_block_length(void **state)
{
    (void)state;
    assert_int_equal(eb_bootstrap_block(1, 1), 1);
    assert_int_equal(eb_bootstrap_block(8, 8), 2);
    assert_int_equal(eb_bootstrap_block(9, 9), 3);
    assert_int_equal(eb_bootstrap_block(1000000, 1000000), 100);
    assert_int_equal(eb_bootstrap_block(1000001, 1000001), 101);
    assert_int_equal(eb_bootstrap_block(108, 27), 12); // 3 steps of a batch of 4
    assert_int_equal(eb_bootstrap_block(4, 1), 4);     // all made at once: never taken apart
}

static void test_constant_and_seed(void **state)
{
    (void)state;
    double x[8 * 64], a[2], b[2], c[2];
    for (size_t i = 0; i < 8 * 64; i++)
        x[i] = 7;
    for (size_t k = 1; k <= 8; k++) {
        assert_int_equal(interval(x, k, 64, 64, 0.9, 1, a), k >= EB_BOOTSTRAP_TRIALS_MIN);
        assert_true(a[0] == 7 && a[1] == 7);
    }
    eb_rng rng;
    eb_rng_init(&rng, 1);
    for (size_t i = 0; i < 8 * 64; i++)
        x[i] = eb_rng_uniform(&rng);
    assert_true(interval(x, 8, 64, 64, 0.9, 1, a));
    assert_true(interval(x, 8, 64, 64, 0.9, 1, b));
    assert_memory_equal(a, b, sizeof a);
    assert_true(a[0] < a[1]);
    bool moved = false;
    for (uint64_t seed = 2; seed < 12; seed++) {
        interval(x, 8, 64, 64, 0.9, seed, c);
        moved = moved || memcmp(a, c, sizeof a) != 0;
    }
    assert_true(moved);
}

// Kept as strata, a trial of twos and a trial of ones have half of each in every replicate, so the last one that the
// lower half holds cannot move. One block across both would move it.
static void test_blocks_stay_in_their_trial(void **state)
{
    (void)state;
    double x[200], out[2];
    for (size_t i = 0; i < 200; i++)
        x[i] = i < 100 ? 2 : 1;
    assert_false(interval(x, 2, 100, 100, 0.495, 3, out));
    assert_true(out[0] == 1 && out[1] == 1);
    // The same values in the other order of time, mixed within the trials: it does move.
    for (size_t i = 0; i < 200; i++)
        x[i] = 1 + i / 5 % 2;
    assert_false(interval(x, 2, 100, 100, 0.495, 3, out));
    assert_true(out[0] == 1 && out[1] == 2);
}

// Trials whose observations were all made at once are not taken apart: nothing but the trials is drawn, and fewer
// than six of them are not drawn.
static void test_one_moment(void **state)
{
    (void)state;
    double x[40], out[2];
    for (size_t i = 0; i < 40; i++)
        x[i] = (double)(i + 1);
    assert_false(interval(x, 5, 8, 1, 0.5, 1, out));
    assert_true(out[0] == 20 && out[1] == 21); // one further at the upper end, always
    assert_false(interval(x, 5, 8, 8, 0.5, 1, out));
    assert_true(out[0] < 20 && out[1] > 21);
}

// An end that the sample does not hold is not claimed.
static void test_out_of_reach(void **state)
{
    (void)state;
    double x[6 * 8], out[2];
    for (size_t i = 0; i < 48; i++)
        x[i] = (double)(i % 8 * 6 + i / 8);
    assert_false(interval(x, 6, 8, 8, 0.9, 1, out)); // p90 of 48: 4 above it
    assert_true(out[1] == 47);
    assert_true(interval(x, 6, 8, 8, 0.5, 1, out));
}

// ---- coverage ----

typedef struct world {
    double phi; // correlation of one observation with the next
    double tau; // spread between trials: standard deviation of the logarithm of their scale
} world;

// Exponential latencies by way of a normal AR(1) process.
static double *observe(eb_rng *rng, world w, size_t k, size_t m)
{
    double *x = malloc(k * m * sizeof *x);
    for (size_t i = 0; i < k; i++) {
        double scale = exp(w.tau * eb_rng_normal(rng)), z = eb_rng_normal(rng);
        for (size_t j = 0; j < m; j++) {
            x[i * m + j] = -log(erfc(z / sqrt(2)) / 2) * scale;
            z = w.phi * z + sqrt(1 - w.phi * w.phi) * eb_rng_normal(rng);
        }
    }
    return x;
}

// Drawn once for each spread and quantile.
static double truth(world w, double p)
{
    enum { N = 200000, KNOWN = 16 };
    static struct {
        double tau, p, q;
    } known[KNOWN];
    static int n;
    for (int i = 0; i < n; i++)
        if (known[i].tau == w.tau && known[i].p == p)
            return known[i].q;
    eb_rng rng;
    eb_rng_init(&rng, 99);
    double *x = observe(&rng, (world){ 0, w.tau }, N, 1), q = eb_quantile(x, N, p);
    free(x);
    assert_true(n < KNOWN);
    known[n].tau = w.tau;
    known[n].p = p;
    known[n++].q = q;
    return q;
}

typedef struct coverage {
    double claimed, held; // shares of the runs: interval claimed; claimed, and the truth in it
} coverage;

// As run.json has it: eb_percentiles_metric over k trials of m observations.
static coverage simulate(world w, size_t k, size_t m, double p, int runs)
{
    coverage c = { 0, 0 };
    double right = truth(w, p);
    eb_rng rng;
    eb_rng_init(&rng, 5);
    for (int r = 0; r < runs; r++) {
        eb_trial_sums trials[16] = { 0 };
        double *x = observe(&rng, w, k, m);
        for (size_t i = 0; i < k; i++)
            trials[i].pool[EB_POOL_ITL] = (eb_doubles){ x + i * m, m, m, m };
        eb_percentiles all;
        eb_metric metric = { .value = NAN };
        eb_percentiles_init(&all, trials, (int)k, EB_POOL_ITL);
        eb_percentiles_metric(&all, p, 0.95, (uint64_t)r, &metric);
        eb_percentiles_deinit(&all);
        assert_int_equal(metric.n, k * m);
        assert_true(metric.lo <= metric.value && metric.value <= metric.hi);
        bool claimed = metric.interval == EB_INTERVAL_CONFIDENCE;
        c.claimed += claimed / (double)runs;
        c.held += (claimed && metric.lo <= right && right <= metric.hi) / (double)runs;
        free(x);
    }
    return c;
}

typedef struct scenario {
    world w;
    size_t k, m;
    double p, claimed, coverage; // at least
} scenario;

static void check_scenarios(const scenario *s, size_t n)
{
    int runs = emulated() ? 50 : 200; // the same ones everywhere: the seed is fixed
    for (size_t i = 0; i < n; i++) {
        coverage c = simulate(s[i].w, s[i].k, s[i].m, s[i].p, runs);
        print_message("# p%g of %zu x %zu, phi %g, tau %g: claimed %.3f, covers %.3f\n", s[i].p * 100, s[i].k, s[i].m,
                      s[i].w.phi, s[i].w.tau, c.claimed, c.claimed > 0 ? c.held / c.claimed : NAN);
        assert_true(c.claimed >= s[i].claimed);
        assert_true(c.held >= s[i].coverage * c.claimed);
    }
}

static void test_coverage_independent(void **state)
{
    (void)state;
    static const scenario table[] = {
        { { 0, 0 }, 6, 32, 0.5, 0.98, 0.97 },   { { 0, 0 }, 7, 128, 0.9, 0.98, 0.97 },
        { { 0, 0 }, 10, 256, 0.99, 0.6, 0.97 }, { { 0, 0.1 }, 6, 32, 0.5, 0.98, 0.95 },
        { { 0, 0.1 }, 7, 256, 0.9, 0.9, 0.95 }, { { 0, 0.4 }, 7, 64, 0.5, 0.98, 0.92 },
    };
    check_scenarios(table, sizeof table / sizeof *table);
}

static void test_coverage_correlated(void **state)
{
    (void)state;
    static const scenario table[] = {
        { { 0.5, 0 }, 6, 64, 0.5, 0.98, 0.95 },    { { 0.9, 0 }, 6, 64, 0.5, 0.9, 0.93 },
        { { 0.9, 0 }, 7, 512, 0.9, 0.5, 0.95 },    { { 0.9, 0.1 }, 10, 256, 0.5, 0.98, 0.93 },
        { { 0.5, 0.1 }, 12, 256, 0.9, 0.9, 0.93 },
    };
    check_scenarios(table, sizeof table / sizeof *table);
}

// Trials that do not repeat each other, or too few: an interval that would not hold is (but for a few) not claimed.
static void test_what_is_not_claimed(void **state)
{
    (void)state;
    assert_true(simulate((world){ 0, 0 }, 5, 256, 0.9, 20).claimed == 0);
    assert_true(simulate((world){ 0, 0 }, 1, 256, 0.9, 20).claimed == 0);
    coverage c = simulate((world){ 0.5, 1 }, 6, 128, 0.9, 200);
    assert_true(c.claimed - c.held <= 0.05);
    c = simulate((world){ 0.5, 1 }, 6, 128, 0.99, 200);
    assert_true(c.claimed - c.held <= 0.05);
}

static void test_refused(void **state)
{
    (void)state;
    eb_rng rng;
    eb_rng_init(&rng, 1);
    double *x = observe(&rng, (world){ 0, 0 }, 6, 7);
    eb_trial_sums trials[7] = { 0 };
    for (size_t i = 0; i < 6; i++)
        trials[i].pool[EB_POOL_TTFT] = (eb_doubles){ x + i * 7, 7, 7, 7 };
    eb_percentiles p;
    eb_metric m = { .value = NAN, .lo = NAN, .hi = NAN };
    eb_percentiles_init(&p, trials, 7, EB_POOL_TTFT); // the seventh has none
    assert_int_equal(p.k, 6);
    eb_percentiles_metric(&p, 0.9, 0.95, 1, &m);
    assert_true(isnan(m.value) && isnan(m.lo) && isnan(m.hi));
    assert_int_equal(m.interval, EB_INTERVAL_NONE);
    assert_string_equal(m.note, "n too small for p90 (42 of 44)");
    eb_percentiles_deinit(&p);
    free(x);
}

// The gaps of two requests that one batch made step by step: in order of time, so that a block holds whole steps.
static void test_order_of_time(void **state)
{
    (void)state;
    eb_token_event tokens[6];
    eb_request_row requests[2] = { { 0, 0, 0, 4, 3, EB_REQUEST_OK }, { 1, 5, 5, 4, 3, EB_REQUEST_OK } };
    static const int64_t end[] = { 100, 130, 180 };
    for (uint32_t i = 0; i < 6; i++)
        tokens[i] = (eb_token_event){ .request = i / 3, .index = i % 3, .t_end_ns = end[i % 3] };
    const eb_trial_data trial = { .tokens = tokens, .n_tokens = 6, .requests = requests, .n_requests = 2 };
    const eb_slo none = { INFINITY, INFINITY, INFINITY };
    eb_doubles pool[EB_POOL_COUNT] = { 0 };
    eb_latency latency;
    eb_latency_measure(&latency, &trial, &none, pool);
    static const double gaps[] = { 30, 30, 50, 50 }, ttft[] = { 95, 100 };
    assert_int_equal(pool[EB_POOL_ITL].n, 4);
    assert_int_equal(pool[EB_POOL_ITL].moments, 2);
    assert_memory_equal(pool[EB_POOL_ITL].items, gaps, sizeof gaps);
    assert_int_equal(pool[EB_POOL_TTFT].n, 2);
    assert_int_equal(pool[EB_POOL_TTFT].moments, 1);
    assert_memory_equal(pool[EB_POOL_TTFT].items, ttft, sizeof ttft);
    for (int p = 0; p < EB_POOL_COUNT; p++)
        free(pool[p].items);
}

// With one observation a trial, the exact interval of a median over trials.
static void test_one_observation_each(void **state)
{
    (void)state;
    for (size_t k = 1; k <= 9; k++) {
        double x[9], lo, hi;
        eb_trial_sums trials[9] = { 0 };
        for (size_t i = 0; i < k; i++) {
            x[i] = (double)(i * 7 % 9);
            trials[i].pool[EB_POOL_TPOT] = (eb_doubles){ &x[i], 1, 1, 1 };
        }
        eb_percentiles p;
        eb_metric m = { .value = NAN };
        eb_percentiles_init(&p, trials, (int)k, EB_POOL_TPOT);
        eb_percentiles_metric(&p, 0.5, 0.95, 1, &m);
        eb_percentiles_deinit(&p);
        bool kept = eb_median_interval(x, k, 0.95, &lo, &hi);
        assert_int_equal(m.interval, kept ? EB_INTERVAL_CONFIDENCE : EB_INTERVAL_RANGE);
        assert_true(m.value == eb_median(x, k) && m.lo == lo && m.hi == hi);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_student),
        cmocka_unit_test(test_block_length),
        cmocka_unit_test(test_constant_and_seed),
        cmocka_unit_test(test_blocks_stay_in_their_trial),
        cmocka_unit_test(test_one_moment),
        cmocka_unit_test(test_out_of_reach),
        cmocka_unit_test(test_coverage_independent),
        cmocka_unit_test(test_coverage_correlated),
        cmocka_unit_test(test_what_is_not_claimed),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_order_of_time),
        cmocka_unit_test(test_one_observation_each),
    };
    return cmocka_run_group_tests_name("bootstrap", tests, NULL, NULL);
}
