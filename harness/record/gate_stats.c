// SPDX-License-Identifier: Apache-2.0
// Student's t by its finite series for whole degrees of freedom, and the trimmed mean.
#include "harness/record/gate_stats.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include "harness/base/mem.h"

#define PI 3.14159265358979323846

// P[|T| < t]: a series of df / 2 terms in the cosine of atan(t / sqrt(df)).
static double student_within(double t, int df)
{
    double angle = atan(t / sqrt(df)), s = sin(angle), c = cos(angle), sum = 0;
    double term = df % 2 ? c : 1;
    for (int k = df % 2 ? 3 : 2; k <= df; k += 2) {
        sum += term;
        term *= c * c * (k - 1) / k;
    }
    return df % 2 ? 2 / PI * (angle + s * sum) : s * sum;
}

double eb_student_tail(double t, int df)
{
    assert(df >= 1);
    if (isnan(t))
        return NAN;
    double outside = (1 - student_within(fabs(t), df)) / 2;
    outside = outside < 0 ? 0 : outside;
    return t >= 0 ? outside : 1 - outside;
}

double eb_student_critical(double p, int df)
{
    assert(p > 0 && p <= 0.5);
    double lo = 0, hi = 1;
    while (eb_student_tail(hi, df) > p && hi < 1e12)
        hi *= 2;
    for (int i = 0; i < 200 && hi - lo > 1e-12 * hi; i++) {
        double mid = lo + (hi - lo) / 2;
        *(eb_student_tail(mid, df) > p ? &lo : &hi) = mid;
    }
    return hi;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

eb_trimmed eb_trimmed_mean(const double *x, size_t n, double share)
{
    assert(share >= 0 && share < 0.5);
    eb_trimmed out = { .mean = NAN, .se = NAN };
    if (n < 2)
        return out;
    double *s = eb_realloc(NULL, n, sizeof *s);
    for (size_t i = 0; i < n; i++) {
        assert(!isnan(x[i]));
        s[i] = x[i];
    }
    qsort(s, n, sizeof *s, by_value);
    size_t g = (size_t)floor(share * (double)n + 1e-9);
    g = n - 2 * g < 2 ? (n - 2) / 2 : g;
    double h = (double)(n - 2 * g), winsorized = 0, squares = 0;
    out.mean = 0;
    for (size_t i = g; i < n - g; i++)
        out.mean += s[i] / h;
    for (size_t i = 0; i < n; i++) {
        s[i] = i < g ? s[g] : i >= n - g ? s[n - g - 1] : s[i];
        winsorized += s[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++)
        squares += (s[i] - winsorized) * (s[i] - winsorized);
    out.se = sqrt(squares / (h * (h - 1)));
    out.df = (int)h - 1;
    free(s);
    return out;
}
