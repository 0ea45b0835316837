// SPDX-License-Identifier: Apache-2.0
// Statistics with their promises stated. No allocation above O(n); inputs are not modified
// unless said. NAN means "not known" and is refused by assert in the inputs.
#ifndef EB_BASE_STATS_H
#define EB_BASE_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

double eb_median(const double *x, size_t n);                         // NAN for n = 0
double eb_quantile(const double *x, size_t n, double p);             // nearest-rank, NAN for n = 0
double eb_quantile_sorted(const double *sorted, size_t n, double p); // the same of what is ascending already
double eb_mean(const double *x, size_t n);
double eb_stddev(const double *x, size_t n); // sample (n-1); NAN for n < 2
// Modified z-score 0.6745 (x - median) / MAD; INFINITY when MAD is 0 and x differs.
double eb_modified_z(double x, const double *xs, size_t n);

// P[Binomial(n, p) <= k], exact to 1e-12.
double eb_binomial_cdf(int64_t k, int64_t n, double p);

// Interval of the median between order statistics, by Hettmansperger and Sheather (1986, Statistics and Probability
// Letters 4): the coverage of x_(l) .. x_(n+1-l) is exactly 1 - 2 P[Bin(n, 1/2) <= l - 1] and jumps with l; between the
// last l whose coverage is at least `level` and the next, both ends are interpolated, with weights that hold for every
// symmetric distribution nearly (a tenth of 1 - level is held back, because it covers a little less). For n = 7 and
// 0.95 the exact pair would cover 98.4 %. False (and lo = min, hi = max) where n cannot carry the level (n < 6 for
// 0.95).
bool eb_median_interval(const double *x, size_t n, double level, double *lo, double *hi);

// Least n for a one-sided 99 % confidence that the p-quantile holds with t observations beyond the
// limit: smallest n with BinomialCDF(t; n, 1-p) <= 0.01  (0.99, t=0 -> 459). For percentiles
// without a limit t = 0 is used.
int64_t eb_percentile_min_n(double p, int t);

// splitmix64-seeded xoshiro256**; the state is the caller's.
typedef struct eb_rng {
    uint64_t s[4];
} eb_rng;
void eb_rng_init(eb_rng *rng, uint64_t seed);
uint64_t eb_rng_next(eb_rng *rng);
double eb_rng_uniform(eb_rng *rng); // [0, 1)
double eb_rng_normal(eb_rng *rng);
uint64_t eb_rng_below(eb_rng *rng, uint64_t n); // unbiased, [0, n)

#endif
