// SPDX-License-Identifier: Apache-2.0
// The interval of a quantile over trials, by a seeded block bootstrap. Observations inside a trial follow each other
// in time and are not independent; those of two trials are.
#ifndef EB_BASE_BOOTSTRAP_H
#define EB_BASE_BOOTSTRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EB_BOOTSTRAP_REPLICATES = 1000, EB_BOOTSTRAP_TRIALS_MIN = 6, EB_BOOTSTRAP_BLOCKS_MAX = 512 };

// One trial's observations, borrowed, in order of time. `moments`: how many distinct moments made them (a batch's
// step makes one per sequence); they are taken to be spread evenly over the observations.
typedef struct eb_series {
    const double *x;
    size_t n, moments;
} eb_series;

// Observations per block: the moments' cube root, rounded up, in whole moments. n^(1/3) is the rate at which the error
// of a block bootstrap's variance falls fastest (Hall, Horowitz and Jing 1995, Biometrika 82).
size_t eb_bootstrap_block(size_t n, size_t moments);

// Interval of the p-quantile of all k trials' observations together. `sorted`: those observations, ascending; each
// trial has at least one. Each of the replicates rebuilds every trial from circular blocks of its own; from
// EB_BOOTSTRAP_TRIALS_MIN trials on it draws the trials first, and its tails are widened as Student's t is over the
// normal distribution with k - 1 degrees of freedom and by the sqrt(k / (k - 1)) that a drawing of k loses (below that
// number the trials are kept as strata, and nothing is said about another set of trials). What is replicated is the
// share of observations at or below the quantile, which the ordered observations then turn into values (Woodruff 1952,
// JASA 47). Equal arguments give equal results.
// True: drawn over trials, and both ends lie inside the sample. False: lo and hi are no confidence interval.
bool eb_block_bootstrap_quantile(const eb_series *trials, size_t k, const double *sorted, double p, double level,
                                 uint64_t seed, double *lo, double *hi);

// The p-quantile of Student's t with df >= 1 degrees of freedom, to 1e-9 relative.
double eb_student_quantile(double p, int df);

#endif
