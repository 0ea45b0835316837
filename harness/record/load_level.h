// SPDX-License-Identifier: Apache-2.0
// One level of one trial of a load. Private to record/.
#ifndef EB_RECORD_LOAD_LEVEL_H
#define EB_RECORD_LOAD_LEVEL_H

#include "harness/record/load.h"
#include "harness/record/trial_energy.h"

// Level `i` of the trial; its latencies go to the empty pools.
void eb_load_level_measure(eb_load_level *out, const eb_sums_env *env, const eb_trial_data *trial,
                           const eb_trial_energy *energy, int i, eb_doubles pool[EB_POOL_COUNT]);

// Slope of the least-squares line of y over x; NAN with fewer than 3 points or equal x.
double eb_load_slope(const double *x, const double *y, size_t n);

#endif
