// SPDX-License-Identifier: Apache-2.0
// Ratios of medians: what is exact, how often the interval holds the truth, and the words.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/stats.h"
#include "harness/record/compare_ratio.h"

static void near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        print_error("%.17g is not %.17g\n", a, b);
    assert_true(fabs(a - b) <= tolerance);
}

static void test_exact(void **state)
{
    (void)state;
    static const double a[] = { 2, 2, 2, 2, 2, 2, 2 }, b[] = { 1, 1, 1, 1, 1, 1 };
    eb_ratio r, again;
    eb_ratio_of_trials(a, 7, b, 6, 0.95, 1, &r);
    near(r.value, 2, 1e-15);
    near(r.lo, 2, 1e-15);
    near(r.hi, 2, 1e-15);
    assert_int_equal(r.interval, EB_INTERVAL_CONFIDENCE);
    static const double x[] = { 1, 1.1, 0.9, 1.05, 0.97, 1.02, 1.01 }, y[] = { 3, 3.2, NAN, 2.8, 3.1, 2.9, 3.05, 2.95 };
    eb_ratio_of_trials(x, 7, y, 8, 0.95, 1, &r);
    eb_ratio_of_trials(x, 7, y, 8, 0.95, 1, &again);
    near(r.value, 1.01 / 3.0, 1e-12);
    assert_true(r.lo < r.value && r.value < r.hi);
    assert_true(r.lo == again.lo && r.hi == again.hi);
    eb_ratio_of_trials(y, 8, x, 7, 0.95, 1, &again); // the other way round: nearly the inverse
    near(again.value * r.value, 1, 1e-12);
    near(again.lo * r.hi, 1, 0.05);
    // A factor moves everything, exactly.
    double scaled[7];
    for (int i = 0; i < 7; i++)
        scaled[i] = 8 * x[i];
    eb_ratio_of_trials(scaled, 7, y, 8, 0.95, 1, &again);
    near(again.lo / r.lo, 8, 1e-9);
    near(again.hi / r.hi, 8, 1e-9);
}

// A trial in which no token kept the limits counts, and is not left out of the ratio.
static void test_nothing_counts(void **state)
{
    (void)state;
    static const double some[] = { 0, 0, 0, 0, 90, 90, 90 }, all[] = { 100, 100, 100, 100, 100, 100, 100 },
                        none[] = { 0, 0, 0, 0, 0, 0, 0 };
    eb_ratio r;
    eb_ratio_of_trials(some, 7, all, 7, 0.95, 1, &r);
    eb_ratio_word(&r, 1);
    assert_true(r.value == 0 && r.lo == 0);
    near(r.hi, 0.9, 1e-12);
    assert_int_equal(r.word, EB_WORD_WORSE);
    eb_ratio_of_trials(none, 7, all, 7, 0.95, 1, &r);
    eb_ratio_word(&r, 1);
    assert_true(r.value == 0 && r.hi == 0 && r.word == EB_WORD_WORSE);
    eb_ratio_of_trials(all, 7, none, 7, 0.95, 1, &r);
    assert_true(isnan(r.value));
    static const double few[] = { 0, 0, 0, 80, 80, 80, 80 };
    eb_ratio_of_trials(all, 7, few, 7, 0.95, 1, &r);
    eb_ratio_word(&r, 1);
    near(r.value, 1.25, 1e-12);
    assert_true(isinf(r.hi) && r.lo > 1 && r.word == EB_WORD_BETTER);
    eb_ratio_of_trials(few, 7, few, 7, 0.95, 1, &r);
    eb_ratio_word(&r, 1);
    assert_true(r.value == 1 && r.lo == 0 && isinf(r.hi) && r.word == EB_WORD_INCONCLUSIVE);
}

// Median over median, as both are printed: of an even number of trials too.
static void test_even_numbers(void **state)
{
    (void)state;
    static const double a[] = { 1, 2, 3, 10, 11, 12 }, b[] = { 1, 1, 1, 3, 4, 5 };
    eb_ratio r;
    eb_ratio_of_trials(a, 6, b, 6, 0.95, 1, &r);
    near(r.value, 6.5 / 2, 1e-12);
}

static void test_few_trials_have_a_range(void **state)
{
    (void)state;
    static const double a[] = { 10, 11, 12 }, b[] = { 4, 5, 6, 5, 5, 5, 5 }, none[] = { NAN, NAN };
    eb_ratio r;
    eb_ratio_of_trials(a, 3, b, 7, 0.95, 1, &r);
    assert_int_equal(r.interval, EB_INTERVAL_RANGE);
    near(r.lo, 10.0 / 6, 1e-12);
    near(r.hi, 12.0 / 4, 1e-12);
    eb_ratio_word(&r, 1);
    assert_int_equal(r.word, EB_WORD_INCONCLUSIVE);
    eb_ratio_of_trials(a, 3, none, 2, 0.95, 1, &r);
    eb_ratio_word(&r, 1);
    assert_true(isnan(r.value) && r.word == EB_WORD_NONE);
    eb_ratio_of_trials(NULL, 0, b, 7, 0.95, 1, &r);
    assert_true(isnan(r.value));
}

static void test_words(void **state)
{
    (void)state;
    static const struct {
        double lo, hi;
        int better;
        eb_word word;
    } table[] = {
        { 1.05, 1.2, 1, EB_WORD_BETTER },        { 1.05, 1.2, -1, EB_WORD_WORSE },
        { 0.7, 0.99, 1, EB_WORD_WORSE },         { 0.7, 0.99, -1, EB_WORD_BETTER },
        { 0.985, 1.015, 1, EB_WORD_SAME },       { 1.005, 1.015, 1, EB_WORD_SAME },
        { 0.97, 1.01, 1, EB_WORD_INCONCLUSIVE }, { 0.9, 1.1, -1, EB_WORD_INCONCLUSIVE },
        { 1.001, 1.05, 1, EB_WORD_BETTER },      { 1.05, 1.2, 0, EB_WORD_NONE },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        eb_ratio r = { .value = sqrt(table[i].lo * table[i].hi),
                       .lo = table[i].lo,
                       .hi = table[i].hi,
                       .interval = EB_INTERVAL_CONFIDENCE };
        eb_ratio_word(&r, table[i].better);
        if (r.word != table[i].word)
            print_error("row %zu: %s\n", i, eb_word_name(r.word));
        assert_int_equal(r.word, table[i].word);
    }
}

static void test_what_all_trials_share_widens(void **state)
{
    (void)state;
    eb_ratio r = { .value = 1.1, .lo = 1.1 * exp(-0.03), .hi = 1.1 * exp(0.04), .interval = EB_INTERVAL_CONFIDENCE },
             same = r;
    eb_ratio_widen(&r, 0, 0);
    assert_true(r.lo == same.lo && r.hi == same.hi);
    eb_ratio_widen(&r, 0.04, 0.01);
    near(r.lo, 1.1 * exp(-0.05 - 0.01), 1e-12);
    near(r.hi, 1.1 * exp(hypot(0.04, 0.04) + 0.01), 1e-12);
}

// ---- coverage ----

enum { KINDS = 4 };

// Logarithms of a trial's figure: normal; with 5 % of them 15 % off; one-sided; heavy tails.
static double draw(eb_rng *rng, int kind)
{
    switch (kind) {
    case 0:
        return 0.02 * eb_rng_normal(rng);
    case 1:
        return 0.02 * eb_rng_normal(rng) + (eb_rng_uniform(rng) < 0.05 ? log(1.15) : 0);
    case 2:
        return -0.02 * log(1 - eb_rng_uniform(rng));
    default:
        return 0.02 * tan(1.4 * (2 * eb_rng_uniform(rng) - 1));
    }
}

static double covered(eb_rng *rng, int kind, int na, int nb, int runs, double *wrong_word)
{
    int held = 0, wrong = 0;
    for (int k = 0; k < runs; k++) {
        double a[32], b[32];
        eb_ratio r;
        for (int i = 0; i < na; i++)
            a[i] = exp(draw(rng, kind));
        for (int i = 0; i < nb; i++)
            b[i] = exp(draw(rng, kind));
        eb_ratio_of_trials(a, na, b, nb, 0.95, (uint64_t)k, &r);
        eb_ratio_word(&r, 1);
        held += r.lo <= 1 && r.hi >= 1;
        wrong += r.word == EB_WORD_BETTER || r.word == EB_WORD_WORSE;
    }
    *wrong_word = (double)wrong / runs;
    return (double)held / runs;
}

static void test_coverage(void **state)
{
    (void)state;
    static const int sizes[][2] = { { 6, 6 }, { 7, 7 }, { 7, 12 }, { 12, 12 }, { 6, 20 }, { 20, 20 } };
    const char *slow = getenv("SLOW");
    int runs = slow && *slow ? 200 : 1000;
    eb_rng rng;
    eb_rng_init(&rng, 5);
    double worst_word = 0, sum = 0;
    for (int kind = 0; kind < KINDS; kind++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            double wrong, share = covered(&rng, kind, sizes[s][0], sizes[s][1], runs, &wrong);
            print_message(
                "# kind %d, %2d and %2d trials: %.1f %% of the intervals hold 1, %.1f %% of the words are wrong\n",
                kind, sizes[s][0], sizes[s][1], 100 * share, 100 * wrong);
            // Three standard errors of a share of 95 %.
            assert_true(share >= 0.95 - 3 * sqrt(0.95 * 0.05 / runs));
            worst_word = fmax(worst_word, wrong);
            sum += share;
        }
    assert_true(sum / 24 >= 0.945 && sum / 24 <= 0.985);
    assert_true(worst_word <= 0.05 + 3 * sqrt(0.95 * 0.05 / runs));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_counts), cmocka_unit_test(test_even_numbers),
        cmocka_unit_test(test_exact),          cmocka_unit_test(test_few_trials_have_a_range),
        cmocka_unit_test(test_words),          cmocka_unit_test(test_what_all_trials_share_widens),
        cmocka_unit_test(test_coverage),
    };
    return cmocka_run_group_tests_name("compare_ratio", tests, NULL, NULL);
}
