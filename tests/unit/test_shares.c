// SPDX-License-Identifier: Apache-2.0
// Whose energy it is: the parts of all tokens and the time outside every step make up the window, whatever the steps.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/record/share.h"
#include "tests/unit/journal_sample.h"

enum { MS = 1000000, MOST = 400 };

static void near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        print_error("%.17g is not %.17g within %g\n", a, b, tolerance);
    assert_true(fabs(a - b) <= tolerance);
}

static eb_token_event token(uint32_t request, uint32_t index, int64_t from_ms, int64_t to_ms)
{
    return (eb_token_event){ .request = request, .index = index, .t_start_ns = from_ms * MS, .t_end_ns = to_ms * MS };
}

// 50 W: what each token gets is worked out here by hand.
static void test_equal_parts(void **state)
{
    (void)state;
    sample_run s;
    sample_init(&s);
    sample_power(&s, 0, 40, 10);
    const eb_token_event tokens[] = {
        token(0, 0, 100, 200), token(1, 0, 100, 200), // one step of two
        token(0, 1, 300, 400),                        // alone
        token(0, 2, 400, 500), token(0, 3, 400, 500), // one sequence gets two tokens of a step
        token(1, 1, 400, 500),                        // and another one of the same step has its half
        token(1, 2, 600, 800), token(0, 4, 700, 900), // two that overlap for 100 ms
    };
    static const double joules[] = { 2.5, 2.5, 5, 1.25, 1.25, 2.5, 7.5, 7.5 };
    enum { N = sizeof tokens / sizeof *tokens };
    eb_trial_energy energy;
    eb_shares shares;
    eb_trial_energy_init(&energy, &s.header, NULL, s.power, s.n_power);
    eb_shares_init(&shares, &energy, tokens, N, 0, 1000LL * MS);
    assert_true(shares.known);
    assert_int_equal(shares.n_steps, 5);
    for (size_t i = 0; i < N; i++) {
        eb_energy e = eb_shares_token(&shares, i);
        near(e.j, joules[i], 1e-3);
        assert_true(e.halfwidth_j > 0 && e.halfwidth_j < 0.1);
        assert_int_equal(e.grade, EB_GRADE_COUNTER);
    }
    static const size_t second[] = { 1, 5, 6 };
    eb_energy request = eb_shares_request(&shares, second, 3);
    near(request.j, 12.5, 2e-3);
    assert_true(request.halfwidth_j < 0.05); // of its first and last end alone
    near(eb_shares_outside(&shares), 50 - 30, 5e-3);
    eb_shares_deinit(&shares);
    eb_trial_energy_deinit(&energy);
    sample_deinit(&s);
}

static void test_parts_make_the_whole(void **state)
{
    (void)state;
    sample_run s;
    eb_rng rng;
    eb_rng_init(&rng, 42);
    sample_init(&s);
    for (int run = 0; run < 60; run++) {
        static eb_token_event tokens[MOST];
        size_t n = eb_rng_below(&rng, MOST), own = 0;
        size_t mine[MOST];
        sample_power(&s, 0, 40, 10);
        for (size_t i = 0; i < s.n_power; i++) // power of its own in each stretch
            s.power[i].sample.raw += eb_rng_below(&rng, 20000);
        for (size_t i = 0; i < n; i++) {
            int64_t from = (int64_t)eb_rng_below(&rng, 1000) - 20, long_ms = (int64_t)eb_rng_below(&rng, 80);
            tokens[i] = token((uint32_t)eb_rng_below(&rng, 5), (uint32_t)i, from, from + long_ms);
            if (i && eb_rng_below(&rng, 2)) { // often one of a batch
                tokens[i].t_start_ns = tokens[i - 1].t_start_ns;
                tokens[i].t_end_ns = tokens[i - 1].t_end_ns;
            }
        }
        eb_trial_energy energy;
        eb_shares shares;
        eb_trial_energy_init(&energy, &s.header, NULL, s.power, s.n_power);
        eb_shares_init(&shares, &energy, tokens, n, 0, 1000LL * MS);
        double sum = eb_shares_outside(&shares), whole = eb_trial_energy_window(&energy, 0, 1000LL * MS).j;
        double first = 0;
        for (size_t i = 0; i < n; i++) {
            double j = eb_shares_token(&shares, i).j;
            assert_true(j >= 0);
            if (tokens[i].request == 0) {
                mine[own++] = i;
                first += j;
            }
            sum += j;
        }
        assert_true(shares.known);
        near(sum, whole, 1e-9 * whole);
        if (own)
            near(eb_shares_request(&shares, mine, own).j, first, 1e-9 * whole);
        eb_shares_deinit(&shares);
        eb_trial_energy_deinit(&energy);
    }
    sample_deinit(&s);
}

// Without an energy of the window nobody gets a part of it.
static void test_no_energy_to_share(void **state)
{
    (void)state;
    sample_run s;
    sample_init(&s);
    sample_power(&s, 0, 40, 10);
    s.power[150].sample.status = EB_SAMPLE_SUSPENDED;
    const eb_token_event tokens[] = { token(0, 0, 100, 200) };
    eb_trial_energy energy;
    eb_shares shares;
    eb_trial_energy_init(&energy, &s.header, NULL, s.power, s.n_power);
    eb_shares_init(&shares, &energy, tokens, 1, 0, 1000LL * MS);
    assert_false(shares.known);
    assert_true(isnan(eb_shares_token(&shares, 0).j) && isnan(eb_shares_outside(&shares)));
    eb_shares_deinit(&shares);
    eb_shares_init(&shares, &energy, NULL, 0, 0, 100LL * MS);
    near(eb_shares_outside(&shares), 5, 0.01);
    assert_int_equal(eb_shares_request(&shares, NULL, 0).status, EB_SAMPLE_MISSING);
    eb_shares_deinit(&shares);
    eb_trial_energy_deinit(&energy);
    sample_deinit(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_parts),
        cmocka_unit_test(test_parts_make_the_whole),
        cmocka_unit_test(test_no_energy_to_share),
    };
    return cmocka_run_group_tests_name("shares", tests, NULL, NULL);
}
