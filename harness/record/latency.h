// SPDX-License-Identifier: Apache-2.0
// Token events and request rows of a trial -> latencies per request and per gap. Private to record/.
#ifndef EB_RECORD_LATENCY_H
#define EB_RECORD_LATENCY_H

#include "harness/record/trial_sums.h"

typedef struct eb_latency {
    double n_ok;       // requests finished
    double prompt_tok; // of requests that gave a first token
    double first_tok;  // output tokens 0
    double decode_tok; // output tokens 1..
    double output_tok; // both
    double good_tok;   // of requests that met every limit
    int64_t prefill_start_ns, prefill_end_ns, decode_end_ns;
} eb_latency;

// Fills the empty pools of latencies with the observations of finished requests, each in the order of the times they
// were made at.
void eb_latency_measure(eb_latency *out, const eb_trial_data *trial, const eb_slo *slo, eb_doubles pool[EB_POOL_COUNT]);

#endif
