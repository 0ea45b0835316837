// SPDX-License-Identifier: Apache-2.0
// The null engine: no arithmetic, a script. Its steps take the times and draw the watts that [null] states, on a
// virtual clock, with the noise of a machine; so that a pipeline can be tried, and a thousand gates simulated, in
// seconds. Nothing it says was measured.
#ifndef EB_ENGINE_NULL_NULL_H
#define EB_ENGINE_NULL_NULL_H

#include "harness/base/timeline.h"
#include "workloads/engine/engine.h"
#include "workloads/engine/null/noise.h"

typedef struct eb_null_script {
    uint64_t seed, at, output;
    double prefill_ns, decode_ns, context_ns; // per prompt token; per decode step; more per token of context
    double batch_frac;                        // more per further sequence of a step
    double load_ns;
    double idle_w, prefill_w, decode_w;
    double time_factor, watts_factor;
    eb_null_noise noise;
    double token_frac, watts_frac; // spread of a step's time, of a trial's watts
    double trend_frac;             // longer by this share with each trial
    uint64_t step_at;              // from this trial on
    double step_frac;              // longer by this share
    uint64_t model_bytes;
    int family;
} eb_null_script;

// From the settings of [null]; what is not among them is as the option table says.
void eb_null_script_read(const eb_engine_setting *settings, int n, eb_null_script *out);
// Factor on all times of a trial, counted from the script's beginning.
double eb_null_script_factor(const eb_null_script *s, uint64_t trial);

// What of [null] concerns the counter and the idle machine.
void eb_null_simulate(const eb_engine_setting *settings, int n, eb_timeline *timeline);

extern const eb_engine_ops eb_engine_null;

#endif
