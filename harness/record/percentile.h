// SPDX-License-Identifier: Apache-2.0
// Percentiles of all observations of a case's trials together. Private to record/.
#ifndef EB_RECORD_PERCENTILE_H
#define EB_RECORD_PERCENTILE_H

#include "harness/record/trial_sums.h"

// One pool of a case, put in order once for all its percentiles. Trials without observations are left out.
typedef struct eb_percentiles {
    eb_series *trials;
    double **sorted_trials; // each trial's observations, ascending
    double *sorted;         // all of them, ascending
    size_t k, n;
} eb_percentiles;

void eb_percentiles_init(eb_percentiles *p, const eb_trial_sums *trials, int n_trials, eb_pool pool);
void eb_percentiles_deinit(eb_percentiles *p);

// Fills value, lo, hi, n, interval, and the note where the sample is too small. `seed`: of the bootstrap.
void eb_percentiles_metric(const eb_percentiles *p, double quantile, double level, uint64_t seed, eb_metric *m);

#endif
