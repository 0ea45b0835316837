// SPDX-License-Identifier: Apache-2.0
// Non-negative least squares: solved by hand, by its optimality conditions on random problems, and hostile matrices.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include "harness/base/stats.h"
#include "harness/record/nnls.h"

static void near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%.17g, not %.17g", got, want);
}

// A = [1 0; 0 1; 1 1], b = (2, 1, 4): A'A = [2 1; 1 2], A'b = (6, 5), so x = (7/3, 4/3).
static void both_positive(void **state)
{
    (void)state;
    const double gram[] = { 2, 1, 1, 2 }, rhs[] = { 6, 5 };
    double x[2];
    assert_true(eb_nnls(gram, rhs, 2, x));
    near(x[0], 7.0 / 3, 1e-14);
    near(x[1], 4.0 / 3, 1e-14);
}

// The same A, b = (3, -2, 1): unconstrained (3, -2); with x2 = 0 the rest is A'b / A'A of the first column = 4 / 2.
static void one_at_the_bound(void **state)
{
    (void)state;
    const double gram[] = { 2, 1, 1, 2 }, rhs[] = { 4, -1 };
    double x[2];
    assert_true(eb_nnls(gram, rhs, 2, x));
    near(x[0], 2, 1e-14);
    assert_true(x[1] == 0);
}

static void nothing_positive(void **state)
{
    (void)state;
    const double gram[] = { 1, 0, 0, 1 }, rhs[] = { -1, -3 };
    double x[2] = { 9, 9 };
    assert_true(eb_nnls(gram, rhs, 2, x));
    assert_true(x[0] == 0 && x[1] == 0);
}

// x >= 0, A'(b - A x) = 0 where x > 0 and <= 0 where x = 0: these are necessary and sufficient.
static void random_problems_meet_their_optimum(void **state)
{
    (void)state;
    enum { ROWS = 60, MOST = 24 };
    for (uint64_t seed = 1; seed <= 200; seed++) {
        static double a[ROWS][MOST];
        double b[ROWS], gram[MOST * MOST] = { 0 }, rhs[MOST] = { 0 }, x[MOST];
        eb_rng rng;
        eb_rng_init(&rng, seed);
        int k = 1 + (int)eb_rng_below(&rng, MOST), bound = 0;
        for (int i = 0; i < ROWS; i++) {
            b[i] = 3 * eb_rng_normal(&rng);
            for (int j = 0; j < k; j++) {
                a[i][j] = eb_rng_normal(&rng);
                b[i] += a[i][j] * (j % 2 ? 1 : -0.5);
            }
        }
        for (int i = 0; i < k; i++) {
            for (int j = 0; j < k; j++)
                for (int r = 0; r < ROWS; r++)
                    gram[i * k + j] += a[r][i] * a[r][j];
            for (int r = 0; r < ROWS; r++)
                rhs[i] += a[r][i] * b[r];
        }
        assert_true(eb_nnls(gram, rhs, k, x));
        for (int i = 0; i < k; i++) {
            double slope = rhs[i];
            for (int j = 0; j < k; j++)
                slope -= gram[i * k + j] * x[j];
            assert_true(x[i] >= 0);
            bound += x[i] == 0;
            if (x[i] > 0)
                near(slope, 0, 1e-8);
            else
                assert_true(slope <= 1e-8);
        }
        assert_true(k < 4 || bound > 0); // the problems are such that the bounds matter
    }
}

static void dependent_columns_are_refused(void **state)
{
    (void)state;
    const double gram[] = { 1, 1, 1, 1 }, none[] = { 0, 0, 0, 0 };
    double out[4];
    assert_false(eb_spd_inverse(gram, 2, out));
    assert_false(eb_spd_inverse(none, 2, out));
    assert_true(isinf(eb_spd_condition(gram, 2)));
}

static void inverse_and_condition(void **state)
{
    (void)state;
    const double gram[] = { 2, 1, 1, 2 }; // eigenvalues 3 and 1
    double out[4], v[2];
    assert_true(eb_spd_inverse(gram, 2, out));
    near(out[0], 2.0 / 3, 1e-15);
    near(out[1], -1.0 / 3, 1e-15);
    near(eb_spd_condition(gram, 2), 3, 1e-12);
    assert_true(eb_spd_least(gram, 2, v)); // (1, -1) / sqrt 2
    near(v[0], -v[1], 1e-12);
    near(fabs(v[0]), sqrt(0.5), 1e-12);
    near(eb_spd_condition((const double[]){ 4 }, 1), 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_positive),
        cmocka_unit_test(one_at_the_bound),
        cmocka_unit_test(nothing_positive),
        cmocka_unit_test(random_problems_meet_their_optimum),
        cmocka_unit_test(dependent_columns_are_refused),
        cmocka_unit_test(inverse_and_condition),
    };
    return cmocka_run_group_tests_name("nnls", tests, NULL, NULL);
}
