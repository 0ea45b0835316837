// SPDX-License-Identifier: Apache-2.0
// Costs trial by trial: a figure of money or carbon is the median of the trials' own, as every metric is, and not what
// the medians of its inputs make together. A run's metrics, `cost` and `compare` agree by this.
#ifndef EB_RECORD_COST_TRIALS_H
#define EB_RECORD_COST_TRIALS_H

#include "harness/record/cost.h"

typedef struct eb_cost_series { // by trial, NAN = not known in it; borrowed
    const double *items;        // NULL: the value of the load holds in every trial
    int n;
} eb_cost_series;

typedef struct eb_cost_trials {
    eb_cost_series goodput_tok_s, load_w, idle_w;
} eb_cost_trials;

// What is made of a trial's sum.
typedef double eb_cost_of(const eb_cost_result *r);
double eb_cost_usd_of(const eb_cost_result *r);
double eb_cost_tok_per_usd_of(const eb_cost_result *r); // INFINITY of what is free
double eb_cost_carbon_of(const eb_cost_result *r);

// Of the goodput, or, where that is the same in all, of the watts; at least 1.
int eb_cost_n_trials(const eb_cost_trials *t);
// The figure in each trial, to out[eb_cost_n_trials]; what has no series is taken from `load`.
void eb_cost_of_trials(const eb_cost *cost, const eb_cost_load *load, const eb_cost_trials *t, eb_cost_of *of,
                       double *out);
// In how many trials was there no token within the limits, so that they cost without bound? The median of the others
// would be of chosen trials. `values` as from eb_cost_of_trials.
int eb_cost_lacking(const eb_cost_trials *t, const double *values);
// NAN = not known, or lacking tokens: then `note` (NULL with size 0: not wanted) says in how many trials.
double eb_cost_median(const eb_cost *cost, const eb_cost_load *load, const eb_cost_trials *t, eb_cost_of *of,
                      char *note, size_t size);
extern const char eb_cost_no_tokens[]; // of a trial, or of all
void eb_cost_say_lacking(const eb_cost_trials *t, int lacking, char *note, size_t size);

#endif
