// SPDX-License-Identifier: Apache-2.0
// The single observations behind a case's figures, for what shows distributions or trials one by one. Of a run that
// was loaded from its folder; one made by hand has none. Trials that failed, or counted by operator, are left out.
#ifndef EB_RECORD_OBSERVATIONS_H
#define EB_RECORD_OBSERVATIONS_H

#include "harness/record/run.h"

typedef enum eb_observed { EB_OBSERVED_TTFT, EB_OBSERVED_ITL, EB_OBSERVED_E2E, EB_OBSERVED_COUNT } eb_observed;

// Latencies of all trials of a case, ns, ascending.
typedef struct eb_observations {
    double *items[EB_OBSERVED_COUNT];
    size_t n[EB_OBSERVED_COUNT];
} eb_observations;
void eb_observations_collect(const eb_run *run, int case_index, eb_observations *out);
void eb_observations_deinit(eb_observations *o);

// The phases of one trial: what prefill_tok_s and decode_tok_s of that trial are made of.
typedef struct eb_trial_phases {
    int trial;
    double prompt_tok, decode_tok; // decode_tok: output tokens after the first
    double prefill_ns, decode_ns;  // 0 = the trial had no such phase
} eb_trial_phases;
// In order of execution; returns their number. Caller frees *out.
size_t eb_trial_phases_collect(const eb_run *run, int case_index, eb_trial_phases **out);

#endif
