// SPDX-License-Identifier: Apache-2.0
// Statistics against values that were worked out elsewhere, and against the promises they make.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include "harness/base/stats.h"

static void near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        print_error("%.17g is not %.17g\n", a, b);
    assert_true(fabs(a - b) <= tolerance);
}

static void test_order(void **state)
{
    (void)state;
    const double odd[] = { 5, 1, 3 }, even[] = { 4, 1, 3, 2 };
    assert_true(isnan(eb_median(odd, 0)));
    assert_true(isnan(eb_quantile(odd, 0, 0.5)));
    near(eb_median(odd, 3), 3, 0);
    near(eb_median(even, 4), 2.5, 0);
    near(odd[0], 5, 0); // untouched
    double ten[10];
    for (int i = 0; i < 10; i++)
        ten[i] = 10 - i;
    near(eb_quantile(ten, 10, 0.9), 9, 0);
    near(eb_quantile(ten, 10, 0.91), 10, 0);
    near(eb_quantile(ten, 10, 0.5), 5, 0);
    near(eb_quantile(ten, 10, 0), 1, 0);
    near(eb_quantile(ten, 10, 1), 10, 0);
}

static void test_moments(void **state)
{
    (void)state;
    const double x[] = { 2, 4, 4, 4, 5, 5, 7, 9 };
    near(eb_mean(x, 8), 5, 1e-15);
    near(eb_stddev(x, 8), sqrt(32.0 / 7), 1e-15);
    assert_true(isnan(eb_mean(x, 0)));
    assert_true(isnan(eb_stddev(x, 1)));
    const double far[] = { 1e9 + 1, 1e9 + 2, 1e9 + 3 };
    near(eb_stddev(far, 3), 1, 1e-9);
}

static void test_modified_z(void **state)
{
    (void)state;
    const double x[] = { 10, 11, 12, 13, 14 }; // median 12, absolute deviations 2 1 0 1 2: MAD 1
    near(eb_modified_z(12, x, 5), 0, 0);
    near(eb_modified_z(32, x, 5), 0.6745 * 20, 1e-12);
    near(eb_modified_z(-8, x, 5), -0.6745 * 20, 1e-12);
    const double same[] = { 1, 1, 1, 2 };
    assert_true(isinf(eb_modified_z(2, same, 4)));
    near(eb_modified_z(1, same, 4), 0, 0);
}

static double choose(int n, int k)
{
    double c = 1;
    for (int i = 1; i <= k; i++)
        c = c * (n - k + i) / i;
    return c;
}

static void test_binomial_sums(void **state)
{
    (void)state;
    near(eb_binomial_cdf(0, 10, 0.5), 1.0 / 1024, 1e-16);
    near(eb_binomial_cdf(4, 10, 0.5), 386.0 / 1024, 1e-15);
    near(eb_binomial_cdf(9, 10, 0.5), 1023.0 / 1024, 1e-15);
    near(eb_binomial_cdf(10, 10, 0.5), 1, 0);
    near(eb_binomial_cdf(-1, 10, 0.5), 0, 0);
    near(eb_binomial_cdf(0, 459, 0.01), pow(0.99, 459), 1e-14);
    near(eb_binomial_cdf(0, 20140, 0.001), pow(0.999, 20140), 1e-14);
    near(eb_binomial_cdf(1, 3, 0), 1, 0);
    near(eb_binomial_cdf(1, 3, 1), 0, 0);
    for (int n = 1; n <= 40; n += 3) {
        for (int k = 0; k < n; k++) {
            double sum = 0;
            for (int i = 0; i <= k; i++)
                sum += choose(n, i) * pow(0.3, i) * pow(0.7, n - i);
            near(eb_binomial_cdf(k, n, 0.3), sum, 1e-12);
        }
    }
    // Symmetry: P[X <= k] of (n, p) is P[X >= n - k] of (n, 1 - p).
    near(eb_binomial_cdf(480, 1000, 0.47) + eb_binomial_cdf(519, 1000, 0.53), 1, 1e-12);
}

static void test_percentile_minimums(void **state)
{
    (void)state;
    static const struct {
        double p;
        int n[5];
    } table[] = {
        { 0.9, { 44, 64, 81, 127, 197 } },
        { 0.95, { 90, 130, 165, 259, 398 } },
        { 0.99, { 459, 662, 838, 1307, 2010 } },
        { 0.999, { 4603, 6636, 8403, 13105, 20140 } },
    };
    static const int t[] = { 0, 1, 2, 5, 10 };
    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 0; k < 5; k++) {
            assert_int_equal(eb_percentile_min_n(table[i].p, t[k]), table[i].n[k]);
            assert_true(eb_binomial_cdf(t[k], table[i].n[k], 1 - table[i].p) <= 0.01);
            assert_true(eb_binomial_cdf(t[k], table[i].n[k] - 1, 1 - table[i].p) > 0.01);
        }
    }
}

static void test_median_interval(void **state)
{
    (void)state;
    double x[20], lo, hi;
    for (int i = 0; i < 20; i++)
        x[i] = (i * 7) % 20 + 1; // 1..20, shuffled
    double five[] = { 3, 1, 2, 5, 4 }, six[] = { 3, 1, 2, 5, 4, 6 };
    assert_false(eb_median_interval(five, 5, 0.95, &lo, &hi));
    near(lo, 1, 0);
    near(hi, 5, 0);
    // Between the pairs 1, 6 (coverage 31/32) and 2, 5 (25/32), for 0.955: part (0.96875 - 0.955) / 0.1875, weight
    // 5 x part / (1 + 4 x part).
    double part = 0.01375 / 0.1875, f = 5 * part / (1 + 4 * part);
    assert_true(eb_median_interval(six, 6, 0.95, &lo, &hi));
    near(lo, 1 + f, 1e-12);
    near(hi, 6 - f, 1e-12);
    assert_true(eb_median_interval(six, 6, 0.96875, &lo, &hi)); // exactly the pair's
    near(lo, 1, 1e-12);
    near(hi, 6, 1e-12);
    assert_false(eb_median_interval(six, 6, 0.97, &lo, &hi)); // 1 - 2/64 = 0.96875
    assert_true(eb_median_interval(x, 20, 0.95, &lo, &hi));   // the textbook's ranks for n = 20: 6 and 15, 95.9 %
    assert_true(lo > 6 && lo < 7 && hi > 14 && hi < 15);
    assert_false(eb_median_interval(x, 0, 0.95, &lo, &hi));
    assert_true(isnan(lo) && isnan(hi));
}

// The interval must hold the true median in 95 % of many runs, no more and no less, of a skewed distribution too.
static void test_interval_keeps_its_promise(void **state)
{
    (void)state;
    static const int sizes[] = { 6, 7, 11, 30 };
    enum { RUNS = 4000 };
    eb_rng rng;
    eb_rng_init(&rng, 20261121);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        int n = sizes[s], held = 0;
        for (int run = 0; run < RUNS; run++) {
            double x[30], lo, hi;
            for (int i = 0; i < n; i++)
                x[i] = exp(eb_rng_normal(&rng)); // median 1
            assert_true(eb_median_interval(x, (size_t)n, 0.95, &lo, &hi));
            held += lo <= 1 && 1 <= hi;
        }
        // Four standard deviations of the count off 95 % would not happen by chance.
        assert_true(held >= 0.95 * RUNS - 4 * sqrt(RUNS * 0.95 * 0.05));
        assert_true(held <= 0.95 * RUNS + 4 * sqrt(RUNS * 0.95 * 0.05));
    }
}

static void test_random_numbers(void **state)
{
    (void)state;
    // From the state {1, 2, 3, 4} the generator's published first outputs.
    eb_rng known = { { 1, 2, 3, 4 } };
    assert_int_equal(eb_rng_next(&known), 11520);
    assert_int_equal(eb_rng_next(&known), 0);
    assert_int_equal(eb_rng_next(&known), 1509978240);
    assert_int_equal(eb_rng_next(&known), 1215971899390074240);
    eb_rng rng, twin;
    eb_rng_init(&rng, 0);
    assert_int_equal(rng.s[0], 0xe220a8397b1dcdafu); // splitmix64's first output of seed 0
    eb_rng_init(&twin, 0);
    double sum = 0, squares = 0;
    for (int i = 0; i < 20000; i++) {
        double u = eb_rng_uniform(&rng), v = eb_rng_uniform(&twin);
        assert_true(u >= 0 && u < 1 && u == v);
        sum += u;
    }
    near(sum / 20000, 0.5, 0.01);
    sum = 0;
    for (int i = 0; i < 20000; i++) {
        double z = eb_rng_normal(&rng);
        sum += z;
        squares += z * z;
    }
    near(sum / 20000, 0, 0.03);
    near(squares / 20000, 1, 0.05);
    int seen[7] = { 0 };
    for (int i = 0; i < 7000; i++) {
        uint64_t k = eb_rng_below(&rng, 7);
        assert_true(k < 7);
        seen[k]++;
    }
    for (int i = 0; i < 7; i++)
        assert_in_range(seen[i], 850, 1150);
    assert_int_equal(eb_rng_below(&rng, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_modified_z),
        cmocka_unit_test(test_binomial_sums),
        cmocka_unit_test(test_percentile_minimums),
        cmocka_unit_test(test_median_interval),
        cmocka_unit_test(test_interval_keeps_its_promise),
        cmocka_unit_test(test_random_numbers),
    };
    return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
