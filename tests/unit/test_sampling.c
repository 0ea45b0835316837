// SPDX-License-Identifier: Apache-2.0
// Picking tokens: ties, seeds, cuts against a plain selection, frequencies against the softmax.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "tests/unit/emulated.h"
#include "workloads/engine/native/sampling.h"

enum { VOCAB = 300 };

static const eb_kernels *kernels; // the table under test

static void random_logits(uint64_t seed, float *logits, double width)
{
    eb_rng rng;
    eb_rng_init(&rng, seed);
    for (int i = 0; i < VOCAB; i++)
        logits[i] = (float)(width * eb_rng_normal(&rng));
}

static void greedy_takes_the_first_of_equals(void **state)
{
    (void)state;
    const float ties[] = { 1, 3, -2, 3, 3 }, nan_first[] = { NAN, -5, -4, NAN }, all_nan[] = { NAN, NAN },
                low[] = { -INFINITY, -1e30f, -INFINITY };
    assert_int_equal(eb_sample_greedy(kernels, ties, 5), 1);
    assert_int_equal(eb_sample_greedy(kernels, nan_first, 4), 2);
    assert_int_equal(eb_sample_greedy(kernels, all_nan, 2), 0);
    assert_int_equal(eb_sample_greedy(kernels, low, 3), 1);
}

// Vocabularies around the sizes that the search is cut at, with the largest one anywhere.
static void greedy_looks_everywhere(void **state)
{
    static const int sizes[] = { 1, 7, 323, 1023, 1024, 1025, 3000 };
    static float logits[3000];
    eb_rng rng;
    (void)state;
    eb_rng_init(&rng, 5);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int i = 0; i < 200; i++) {
            const int n = sizes[s], at = i < 2 ? i * (n - 1) : (int)(eb_rng_uniform(&rng) * n);
            for (int j = 0; j < n; j++)
                logits[j] = (float)(-2 - eb_rng_uniform(&rng));
            logits[at] = -1;
            logits[n / 2] = at == n / 2 ? -1 : NAN;
            assert_int_equal(eb_sample_greedy(kernels, logits, n), at);
        }
}

static void cold_and_top_1_are_greedy(void **state)
{
    float logits[VOCAB];
    eb_candidate scratch[VOCAB];
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        eb_rng rng;
        eb_rng_init(&rng, seed);
        random_logits(seed, logits, 2);
        int32_t best = eb_sample_greedy(kernels, logits, VOCAB);
        eb_sampling_spec cold = { .temperature = 0, .top_p = 1 };
        eb_sampling_spec one = { .temperature = 5, .top_k = 1, .top_p = 1 };
        eb_sampling_spec sliver = { .temperature = 1, .top_p = 1e-9 };
        assert_int_equal(eb_sample(kernels, &cold, &rng, logits, VOCAB, scratch), best);
        assert_int_equal(eb_sample(kernels, &one, &rng, logits, VOCAB, scratch), best);
        assert_int_equal(eb_sample(kernels, &sliver, &rng, logits, VOCAB, scratch), best);
    }
}

static void a_seed_is_a_sequence(void **state)
{
    float logits[VOCAB];
    eb_candidate scratch[VOCAB];
    eb_sampling_spec spec = { .temperature = 1, .top_k = 40, .top_p = 0.9 };
    eb_rng a, b, c;
    int same = 0;
    (void)state;
    random_logits(1, logits, 1);
    eb_rng_init(&a, 7);
    eb_rng_init(&b, 7);
    eb_rng_init(&c, 8);
    for (int i = 0; i < 200; i++) {
        int32_t x = eb_sample(kernels, &spec, &a, logits, VOCAB, scratch);
        assert_int_equal(x, eb_sample(kernels, &spec, &b, logits, VOCAB, scratch));
        same += x == eb_sample(kernels, &spec, &c, logits, VOCAB, scratch);
    }
    assert_in_range(same, 0, 150);
}

// The kept set the plain way: tokens by rank, cut at k, then at the share p of what k leaves.
static void plain_cut(const float *logits, const eb_sampling_spec *spec, bool kept[VOCAB])
{
    int order[VOCAB];
    double total = 0, sum = 0;
    for (int i = 0; i < VOCAB; i++) {
        int rank = 0;
        for (int j = 0; j < VOCAB; j++)
            rank += logits[j] > logits[i] || (logits[j] == logits[i] && j < i);
        order[rank] = i;
        kept[i] = false;
    }
    int k = spec->top_k ? spec->top_k : VOCAB;
    for (int r = 0; r < k; r++)
        total += exp(logits[order[r]] / spec->temperature);
    for (int r = 0; r < k && sum < spec->top_p * total; r++) {
        kept[order[r]] = true;
        sum += exp(logits[order[r]] / spec->temperature);
    }
}

static void cuts_keep_the_right_tokens(void **state)
{
    static const eb_sampling_spec specs[] = {
        { .temperature = 1, .top_k = 5, .top_p = 1 },
        { .temperature = 2, .top_k = 0, .top_p = 0.3 },
        { .temperature = 0.7, .top_k = 20, .top_p = 0.8 },
        { .temperature = 1.5, .top_k = 299, .top_p = 0.5 },
    };
    float logits[VOCAB];
    eb_candidate scratch[VOCAB];
    (void)state;
    for (size_t s = 0; s < sizeof specs / sizeof *specs; s++) {
        bool kept[VOCAB], seen[VOCAB] = { false };
        eb_rng rng;
        random_logits(s + 10, logits, 1);
        for (int i = 0; i < VOCAB; i += 3) // ties across the cut
            logits[i] = 1;
        plain_cut(logits, &specs[s], kept);
        eb_rng_init(&rng, s);
        for (int i = 0; i < (emulated() ? 5000 : 20000); i++) {
            int32_t token = eb_sample(kernels, &specs[s], &rng, logits, VOCAB, scratch);
            assert_in_range(token, 0, VOCAB - 1);
            assert_true(kept[token]);
            seen[token] = true;
        }
        for (int i = 0; i < VOCAB; i++)
            assert_int_equal(seen[i], kept[i]);
    }
}

// A million draws (of an emulator, a tenth) with a fixed seed: each count within 6 standard deviations of its
// expectation.
static void frequencies_are_the_softmax(void **state)
{
    enum { N = 8 };
    const int draws = emulated() ? 100000 : 1000000;
    const float logits[N] = { 0, 1, -1, 2, 0.5f, -3, 1.5f, -0.2f };
    eb_sampling_spec spec = { .temperature = 0.8, .top_p = 1 };
    eb_candidate scratch[N];
    int counts[N] = { 0 };
    double total = 0;
    eb_rng rng;
    (void)state;
    eb_rng_init(&rng, 3);
    for (int i = 0; i < draws; i++)
        counts[eb_sample(kernels, &spec, &rng, logits, N, scratch)]++;
    for (int i = 0; i < N; i++)
        total += exp(logits[i] / 0.8);
    for (int i = 0; i < N; i++) {
        double p = exp(logits[i] / 0.8) / total;
        assert_true(fabs(counts[i] - draws * p) < 6 * sqrt(draws * p * (1 - p)));
    }
}

static void strange_logits_do_no_harm(void **state)
{
    const float huge[] = { 3e38f, -3e38f, 3e38f }, walls[] = { -INFINITY, 0, -INFINITY }, nans[] = { NAN, NAN, NAN },
                top[] = { 0, INFINITY, 5 }, one_nan[] = { NAN, 1, 1 }, nothing[] = { -INFINITY, -INFINITY, -INFINITY };
    eb_sampling_spec specs[] = { { .temperature = 1, .top_p = 1 },
                                 { .temperature = 1e-300, .top_p = 0.5 },
                                 { .temperature = 1e300, .top_k = 2, .top_p = 0.9 } };
    eb_candidate scratch[3];
    eb_rng rng;
    (void)state;
    eb_rng_init(&rng, 1);
    for (int i = 0; i < 300; i++) {
        const eb_sampling_spec *s = &specs[i % 3];
        assert_in_range(eb_sample(kernels, s, &rng, huge, 3, scratch), 0, 2);
        assert_int_equal(eb_sample(kernels, s, &rng, walls, 3, scratch), 1);
        assert_int_equal(eb_sample(kernels, s, &rng, nans, 3, scratch), 0);
        assert_int_equal(eb_sample(kernels, s, &rng, top, 3, scratch), 1);
        assert_in_range(eb_sample(kernels, s, &rng, one_nan, 3, scratch), 1, 2);
        assert_in_range(eb_sample(kernels, s, &rng, nothing, 3, scratch), 0, 2);
    }
}

static void bad_specs_are_refused(void **state)
{
    static const eb_sampling_spec bad[] = {
        { .temperature = -1, .top_p = 1 },
        { .temperature = NAN, .top_p = 1 },
        { .temperature = INFINITY, .top_p = 1 },
        { .temperature = 1, .top_p = 0 },
        { .temperature = 1, .top_p = 1.5 },
        { .temperature = 1, .top_p = NAN },
        { .temperature = 1, .top_p = 1, .top_k = -1 },
    };
    static const eb_sampling_spec good[] = { { 0 },
                                             { .temperature = 1, .top_p = 1 },
                                             { .temperature = 2, .top_k = 9, .top_p = 0.1 } };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        eb_err err = { 0 };
        assert_false(eb_sampling_check(&bad[i], &err));
        assert_int_equal(err.code, EB_USAGE);
        assert_non_null(strstr(err.message, i < 3 ? "temperature" : i < 6 ? "top_p" : "top_k"));
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        eb_err err = { 0 };
        assert_true(eb_sampling_check(&good[i], &err));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greedy_takes_the_first_of_equals), cmocka_unit_test(greedy_looks_everywhere),
        cmocka_unit_test(cold_and_top_1_are_greedy),        cmocka_unit_test(a_seed_is_a_sequence),
        cmocka_unit_test(cuts_keep_the_right_tokens),       cmocka_unit_test(frequencies_are_the_softmax),
        cmocka_unit_test(strange_logits_do_no_harm),        cmocka_unit_test(bad_specs_are_refused),
    };
    int failed = 0;
    for (const eb_kernels *const *k = eb_kernels_table; *k; k++)
        if ((*k)->usable()) {
            kernels = *k;
            failed += cmocka_run_group_tests_name(kernels->name, tests, NULL, NULL);
        }
    return failed;
}
