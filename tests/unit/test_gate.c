// SPDX-License-Identifier: Apache-2.0
// The gate's statistics against tables, worked examples and invariants.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/base/stats.h"
#include "harness/record/gate.h"
#include "harness/record/gate_stats.h"
#include "workloads/engine/null/noise.h"

static void near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%.12g is not %.12g to %g", got, want, tolerance);
}

// Critical values as every table of Student's t has them.
static void test_student_table(void **state)
{
    (void)state;
    static const struct {
        int df;
        double p, t;
    } rows[] = { { 1, 0.05, 6.313752 },  { 1, 0.025, 12.706205 }, { 2, 0.025, 4.302653 },  { 5, 0.001, 5.893430 },
                 { 7, 0.001, 4.785290 }, { 9, 0.025, 2.262157 },  { 10, 0.005, 3.169273 }, { 15, 0.0005, 4.072765 },
                 { 30, 0.05, 1.697261 }, { 120, 0.025, 1.979930 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        near(eb_student_critical(rows[i].p, rows[i].df), rows[i].t, 2e-6 * rows[i].t);
        near(eb_student_tail(rows[i].t, rows[i].df), rows[i].p, 1e-6 * rows[i].p + 1e-9);
        near(eb_student_tail(-rows[i].t, rows[i].df), 1 - rows[i].p, 1e-6);
    }
    near(eb_student_tail(0, 4), 0.5, 1e-15);
    near(eb_student_tail(1, 1), 0.25, 1e-14); // Cauchy
    near(eb_student_tail(sqrt(2.0), 2), 0.5 - 0.5 * sqrt(0.5), 1e-14);
}

// By hand: 1 2 3 4 5 6 7 8 9 100, 20 % off each end: mean of 3..8; winsorized to 3 3 3 4 5 6 7 8 8 8, squares 42.5.
static void test_trimmed_mean(void **state)
{
    (void)state;
    const double x[] = { 100, 1, 9, 2, 8, 3, 7, 4, 6, 5 };
    eb_trimmed t = eb_trimmed_mean(x, 10, 0.2);
    near(t.mean, 5.5, 1e-12);
    near(t.se, sqrt(42.5 / 30), 1e-12);
    assert_int_equal(t.df, 5);
    // Nothing trimmed: the plain mean and its standard error.
    t = eb_trimmed_mean(x, 10, 0);
    near(t.mean, eb_mean(x, 10), 1e-12);
    near(t.se, eb_stddev(x, 10) / sqrt(10), 1e-12);
    assert_int_equal(t.df, 9);
    assert_true(isnan(eb_trimmed_mean(x, 1, 0.2).se));
    t = eb_trimmed_mean(x, 2, 0.45); // two values are never trimmed
    near(t.mean, 50.5, 1e-12);
}

static void fill(double *x, int n, double mean, double spread)
{
    for (int i = 0; i < n; i++)
        x[i] = mean + spread * ((i * 7 % 10) - 4.5) / 4.5;
}

static eb_gate_series series(const double *x, int n)
{
    return (eb_gate_series){ x, n, eb_gate_class_limits[EB_GATE_MEDIAN] };
}

static void test_verdicts(void **state)
{
    (void)state;
    double same[40], slow[40], little[40], wild[40];
    fill(same, 40, 0, 0.02);
    fill(slow, 40, log(1.10), 0.02);
    fill(little, 40, log(1.015), 0.001);
    fill(wild, 40, 0, 0.5);
    eb_gate_finding f[2];
    int look;
    eb_gate_series s[2] = { series(same, 40), series(slow, 40) };
    assert_int_equal(eb_gate_decide(&eb_gate_rule_default, &s[1], 1, f, &look), EB_GATE_FAIL);
    assert_int_equal(look, 0);
    near(f[0].x, log(1.10), 1e-9);
    assert_true(f[0].lo > 0 && f[0].worse);
    assert_int_equal(eb_gate_decide(&eb_gate_rule_default, &s[0], 1, f, &look), EB_GATE_PASS);
    // One that fails is enough, whatever the others do.
    assert_int_equal(eb_gate_decide(&eb_gate_rule_default, s, 2, f, &look), EB_GATE_FAIL);
    assert_int_equal(f[0].verdict == EB_GATE_FAIL, 0);
    assert_int_equal(f[1].verdict, EB_GATE_FAIL);
    // Certain, and too little to matter.
    s[0] = series(little, 40);
    assert_int_equal(eb_gate_decide(&eb_gate_rule_default, s, 1, f, &look), EB_GATE_PASS);
    assert_true(f[0].worse);
    // Noise that hides everything: looked at to the end, and not decided.
    s[0] = series(wild, 40);
    assert_int_equal(eb_gate_decide(&eb_gate_rule_default, s, 1, f, &look), EB_GATE_INCONCLUSIVE);
    assert_int_equal(look, EB_GATE_LOOKS - 1);
    assert_true(f[0].hi > log1p(0.05));
}

static void test_too_few_and_nothing(void **state)
{
    (void)state;
    double x[40];
    fill(x, 40, 0.5, 0.01);
    eb_gate_finding f[1];
    int look;
    eb_gate_series s = series(x, 9);
    assert_int_equal(eb_gate_decide(&eb_gate_rule_default, &s, 1, f, &look), EB_GATE_INCONCLUSIVE);
    assert_int_equal(look, -1);
    assert_int_equal(eb_gate_decide(&eb_gate_rule_default, &s, 0, f, &look), EB_GATE_INCONCLUSIVE);
    // No spread at all: the estimate decides.
    for (int i = 0; i < 10; i++)
        x[i] = 0;
    s = series(x, 10);
    assert_int_equal(eb_gate_decide(&eb_gate_rule_default, &s, 1, f, &look), EB_GATE_PASS);
    for (int i = 0; i < 10; i++)
        x[i] = log(1.03);
    assert_int_equal(eb_gate_decide(&eb_gate_rule_default, &s, 1, f, &look), EB_GATE_FAIL);
}

// Holm: with p = 0.0004, 0.0008 and alpha 0.001 at the first look the smaller passes alpha / 2, the other alpha / 1.
static void test_holm_steps(void **state)
{
    (void)state;
    eb_gate_rule rule = eb_gate_rule_default;
    rule.alpha[0] = 0.001;
    double x[2][10], p[2] = { 0.0004, 0.0008 };
    eb_gate_series s[2];
    eb_gate_finding f[2];
    for (int i = 0; i < 2; i++) {
        fill(x[i], 10, 0, 0.02);
        eb_trimmed t = eb_trimmed_mean(x[i], 10, rule.trim);
        double shift = eb_student_critical(p[i], t.df) * t.se - t.mean;
        for (int k = 0; k < 10; k++)
            x[i][k] += shift;
        s[i] = series(x[i], 10);
    }
    eb_gate_judge(&rule, 0, s, 2, f);
    near(f[0].p_worse, p[0], 1e-8);
    near(f[1].p_worse, p[1], 1e-8);
    assert_true(f[0].worse && f[1].worse);
    rule.alpha[0] = 0.000799; // 0.0004 > 0.0003995: the first step holds back the second too
    eb_gate_judge(&rule, 0, s, 2, f);
    assert_false(f[0].worse || f[1].worse);
    eb_gate_judge(&rule, 0, &s[0], 1, f); // alone it is tested at the whole alpha
    assert_true(f[0].worse);
}

// The order of the metrics changes nothing; nor does the order of the pairs.
static void test_order_is_of_no_weight(void **state)
{
    (void)state;
    double a[10], b[10], mirrored[10];
    fill(a, 10, 0.01, 0.02);
    fill(b, 10, 0.06, 0.03);
    for (int i = 0; i < 10; i++)
        mirrored[i] = b[9 - i];
    eb_gate_finding f[2], g[2];
    eb_gate_series s[2] = { series(a, 10), series(b, 10) }, r[2] = { series(mirrored, 10), series(a, 10) };
    eb_gate_judge(&eb_gate_rule_default, 0, s, 2, f);
    eb_gate_judge(&eb_gate_rule_default, 0, r, 2, g);
    near(f[0].p_worse, g[1].p_worse, 1e-12);
    near(f[1].p_worse, g[0].p_worse, 1e-12);
    near(f[1].hi, g[0].hi, 1e-12);
}

static void test_what_is_spent(void **state)
{
    (void)state;
    double alpha = 0, beta = 0;
    for (int k = 0; k < EB_GATE_LOOKS; k++) {
        alpha += eb_gate_rule_default.alpha[k];
        beta += eb_gate_rule_default.beta[k];
        assert_int_equal(eb_gate_look(&eb_gate_rule_default, eb_gate_rule_default.pairs[k]), k);
    }
    near(alpha, 0.005, 1e-12);
    near(beta, 0.01, 1e-12);
    assert_int_equal(eb_gate_look(&eb_gate_rule_default, 11), -1);
    assert_int_equal(eb_gate_exit(EB_GATE_PASS, true), 0);
    assert_int_equal(eb_gate_exit(EB_GATE_FAIL, false), 3);
    assert_int_equal(eb_gate_exit(EB_GATE_INCONCLUSIVE, false), 4);
    assert_int_equal(eb_gate_exit(EB_GATE_INVALID, true), 5);
}

// The noise has the spread, the memory and the outliers that it is asked for, and is the same in any order.
static void test_noise(void **state)
{
    (void)state;
    enum { N = 20000 };
    static double x[N];
    eb_null_noise n = { .drift_frac = 0.02, .drift_phi = 0.9 };
    double lag = 0, var = 0;
    for (int i = 0; i < N; i++)
        x[i] = log(eb_null_noise_factor(&n, 5, (uint64_t)i));
    near(eb_stddev(x, N), 0.02, 0.002);
    for (int i = 1; i < N; i++) {
        lag += x[i] * x[i - 1];
        var += x[i] * x[i];
    }
    near(lag / var, 0.9, 0.02);
    near(log(eb_null_noise_factor(&n, 5, 123)), x[123], 1e-12);
    n = (eb_null_noise){ .run_frac = 0.015 };
    for (int i = 0; i < N; i++)
        x[i] = log(eb_null_noise_factor(&n, 6, (uint64_t)i));
    near(eb_stddev(x, N), 0.015, 0.0005);
    n = (eb_null_noise){ .outlier_prob = 0.03, .outlier_frac = 0.15 };
    int out = 0;
    for (int i = 0; i < N; i++) {
        double f = eb_null_noise_factor(&n, 7, (uint64_t)i);
        assert_true(fabs(f - 1) < 1e-12 || fabs(f - 1.15) < 1e-12);
        out += f > 1.1;
    }
    near((double)out / N, 0.03, 0.005);
    n = (eb_null_noise){ .session_frac = 0.03 };
    for (int i = 0; i < 2000; i++) {
        x[i] = log(eb_null_noise_factor(&n, (uint64_t)i, 0));
        near(log(eb_null_noise_factor(&n, (uint64_t)i, 99)), x[i], 1e-12);
    }
    near(eb_stddev(x, 2000), 0.03, 0.0015);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_student_table), cmocka_unit_test(test_trimmed_mean),
        cmocka_unit_test(test_verdicts),      cmocka_unit_test(test_too_few_and_nothing),
        cmocka_unit_test(test_holm_steps),    cmocka_unit_test(test_order_is_of_no_weight),
        cmocka_unit_test(test_what_is_spent), cmocka_unit_test(test_noise),
    };
    return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
