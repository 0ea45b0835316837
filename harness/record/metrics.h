// SPDX-License-Identifier: Apache-2.0
// From the figures of a case's trials to the metrics of the case. Private to record/.
#ifndef EB_RECORD_METRICS_H
#define EB_RECORD_METRICS_H

#include "harness/record/percentile.h"
#include "harness/record/trial_sums.h"

// A case whose trials have been summed up: what a metric is made of.
typedef struct eb_case_sums {
    const eb_sums_env *env;
    const eb_case_facts *facts;  // NULL = never opened
    const eb_trial_sums *trials; // those that did not fail
    int n_trials;
    const char *missing;                   // parts of the boundary that nothing covers
    const eb_provenance *energy, *domains; // of the boundary's energy, and of each domain's
    bool any_source;                       // some channel counts towards the boundary
    int n_idles;                           // baselines with a figure
    eb_percentiles pools[EB_POOL_COUNT];   // while the metrics are computed
} eb_case_sums;

// One per entry of eb_metric_table, in its order; returns their number. Caller frees.
int eb_metrics_compute(eb_case_sums *c, eb_metric **out);
// The figures of each trial that those metrics are medians of, n_metrics x c->n_trials; NAN where there is none. Caller
// frees.
double *eb_metrics_figures(const eb_case_sums *c);
// One alone; false for a percentile, which needs the pools, or a key that is not in the table.
bool eb_metrics_one(const eb_case_sums *c, const char *key, eb_metric *out);

#endif
