// SPDX-License-Identifier: Apache-2.0
// Order statistics, binomial sums and the intervals made of them.
#include "harness/base/stats.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double *sorted_copy(const double *x, size_t n)
{
    double *copy = eb_realloc(NULL, n, sizeof *copy);
    for (size_t i = 0; i < n; i++) {
        assert(!isnan(x[i]));
        copy[i] = x[i];
    }
    qsort(copy, n, sizeof *copy, by_value);
    return copy;
}

static double middle(const double *sorted, size_t n)
{
    if (n % 2)
        return sorted[n / 2];
    return sorted[n / 2 - 1] + (sorted[n / 2] - sorted[n / 2 - 1]) / 2;
}

double eb_median(const double *x, size_t n)
{
    if (!n)
        return NAN;
    double *s = sorted_copy(x, n);
    double m = middle(s, n);
    free(s);
    return m;
}

double eb_quantile_sorted(const double *sorted, size_t n, double p)
{
    if (!n)
        return NAN;
    // Nearest rank: the least value with at least p n values at or below it. The small step back
    // keeps 0.9 * 10 from being rounded up to rank 10.
    double rank = ceil(p * (double)n - 1e-9);
    size_t i = rank < 1 ? 0 : rank > (double)n ? n - 1 : (size_t)rank - 1;
    return sorted[i];
}

double eb_quantile(const double *x, size_t n, double p)
{
    if (!n)
        return NAN;
    double *s = sorted_copy(x, n), q = eb_quantile_sorted(s, n, p);
    free(s);
    return q;
}

double eb_mean(const double *x, size_t n)
{
    if (!n)
        return NAN;
    double mean = 0;
    for (size_t i = 0; i < n; i++) {
        assert(!isnan(x[i]));
        mean += (x[i] - mean) / (double)(i + 1);
    }
    return mean;
}

double eb_stddev(const double *x, size_t n)
{
    if (n < 2)
        return NAN;
    double mean = eb_mean(x, n), sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (x[i] - mean) * (x[i] - mean);
    return sqrt(sum / (double)(n - 1));
}

double eb_modified_z(double x, const double *xs, size_t n)
{
    if (!n)
        return NAN;
    double m = eb_median(xs, n);
    double *deviation = eb_realloc(NULL, n, sizeof *deviation);
    for (size_t i = 0; i < n; i++)
        deviation[i] = fabs(xs[i] - m);
    double mad = eb_median(deviation, n);
    free(deviation);
    if (x == m)
        return 0;
    return mad > 0 ? 0.6745 * (x - m) / mad : copysign(INFINITY, x - m);
}

double eb_binomial_cdf(int64_t k, int64_t n, double p)
{
    if (k < 0)
        return 0;
    if (k >= n || p <= 0)
        return 1;
    if (p >= 1)
        return 0;
    // Terms relative to the mode's, by their exact ratios, divided by the sum of all: no logarithm of
    // a factorial comes in, whose error would grow with n.
    int64_t mode = (int64_t)floor((double)(n + 1) * p);
    if (mode > n)
        mode = n;
    double odds = p / (1 - p), below = 0, above = 0, term = 1;
    for (int64_t i = mode; i >= 0 && term > 0; i--) {
        *(i <= k ? &below : &above) += term;
        term *= (double)i / ((double)(n - i + 1) * odds);
    }
    term = 1;
    for (int64_t i = mode + 1; i <= n && term > 0; i++) {
        term *= (double)(n - i + 1) * odds / (double)i;
        *(i <= k ? &below : &above) += term;
    }
    return below / (below + above);
}

// Coverage of x_(l) .. x_(n+1-l), counted from 1.
static double order_coverage(size_t l, size_t n)
{
    return 1 - 2 * eb_binomial_cdf((int64_t)l - 1, (int64_t)n, 0.5);
}

bool eb_median_interval(const double *x, size_t n, double level, double *lo, double *hi)
{
    *lo = *hi = NAN;
    if (!n)
        return false;
    double *s = sorted_copy(x, n);
    size_t l = 0;
    while (l + 1 <= n / 2 && order_coverage(l + 1, n) >= level)
        l++;
    if (l == 0) {
        *lo = s[0];
        *hi = s[n - 1];
    } else {
        // Interpolation covers up to 0.6 % too little for normal samples of 7: a tenth of the error is held back.
        double wide = order_coverage(l, n), narrow = order_coverage(l + 1, n), want = level + (1 - level) / 10;
        double part = fmax(wide - want, 0) / (wide - narrow);
        double f = (double)(n - l) * part / ((double)l + ((double)n - 2 * (double)l) * part);
        *lo = s[l - 1] + f * (s[l] - s[l - 1]);
        *hi = s[n - l] - f * (s[n - l] - s[n - l - 1]);
    }
    free(s);
    return l > 0;
}

int64_t eb_percentile_min_n(double p, int t)
{
    assert(p > 0 && p < 1 && t >= 0);
    int64_t low = t, high = t + 1; // low is too small (all n observations may lie beyond), high grows until it is not
    while (eb_binomial_cdf(t, high, 1 - p) > 0.01) {
        low = high;
        high *= 2;
    }
    while (high - low > 1) {
        int64_t mid = low + (high - low) / 2;
        if (eb_binomial_cdf(t, mid, 1 - p) > 0.01)
            low = mid;
        else
            high = mid;
    }
    return high;
}
