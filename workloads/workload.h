// SPDX-License-Identifier: Apache-2.0
// A workload drives an engine through one trial. dense, moe, ssm and quantized are descriptors
// of one generation loop (workloads/generate.c); sustained repeats it (workloads/sustained.c); load has its requests
// arrive by a schedule (workloads/load.c).
#ifndef EB_WORKLOADS_WORKLOAD_H
#define EB_WORKLOADS_WORKLOAD_H

#include "harness/base/clock.h"
#include "harness/base/event.h"
#include "harness/base/option.h"
#include "workloads/engine/engine.h"

// How the requests of a load arrive, in the order of the option's choices.
typedef enum eb_load_mode {
    EB_LOAD_SINGLE,  // one after the other
    EB_LOAD_OFFLINE, // all at once
    EB_LOAD_SERVER,  // at random, at a rate
    EB_LOAD_CLOSED,  // from users, each of whom waits for an answer before asking again
    EB_LOAD_CURVE,   // as EB_LOAD_SERVER at 100 % to 10 % of the maximum, then active idle
} eb_load_mode;

typedef struct eb_load_params {
    eb_load_mode mode;
    bool even;         // arrivals evenly spaced, not Poisson
    int requests;      // of a trial
    int users;         // closed
    double rate_per_s; // requests per second: server, and the maximum of a curve; 0 = not given
    int64_t level_ns;  // curve: of each level
} eb_load_params;

// Immutable parameters of a case, filled by plan.
typedef struct eb_workload_params {
    int prompt_tok, output_tok; // >= 1
    int batch;                  // sequences submitted together
    int depth_tok;              // context already there, not measured
    uint64_t seed;              // prompt tokens and sampling
    eb_sampling_spec sampling;
    int eval_tok;        // quantized: tokens compared with the reference type
    int64_t duration_ns; // sustained: how long rounds of the batch follow each other; 0 = one batch
    int64_t window_ns;   // sustained: pieces that its course is shown in
    double handicap;     // each step is made longer by this share, spinning: a regression made to order; 0 = off
    eb_load_params load; // load; `batch` is then how many sequences are served at once
} eb_workload_params;

// Where a trial puts what happened. Arrays are the caller's, large enough (batch x output_tok
// events, batch requests; sustained: it ends early where they are full); nothing is allocated inside the measured
// window.
typedef struct eb_trial_sink {
    eb_token_event *tokens;
    size_t n_tokens, cap_tokens;
    eb_request_row *requests;
    size_t n_requests, cap_requests;
    int64_t t_start_ns, t_end_ns;       // the window: first scheduled arrival (load: its schedule's start) to last
                                        // token's end
    eb_level_row levels[EB_LEVELS_MAX]; // of a load
    int n_levels;
    double saturated_per_s; // requests per second with all sequences busy, where a curve was calibrated; 0 else
    int round;              // of the trial, 1-based: the n-th trial of two cases has the same arrivals
    // Called on the workload's thread right before and after the window (sampler marks); may be NULL.
    void (*mark)(void *arg, bool begin);
    // Called between steps, must be cheap (checks a flag); true = stop. May be NULL.
    bool (*stop)(void *arg);
    void *arg;
} eb_trial_sink;

typedef struct eb_quality {
    double kld_nats, top1_agree; // NAN = not computed
    int n_tok;
} eb_quality;

typedef struct eb_workload_ops eb_workload_ops;
struct eb_workload_ops {
    const char *name;   // "dense", "moe", "ssm", "quantized", "sustained", "load"
    const char *family; // engine family it needs ("dense", "moe", "ssm"), or NULL: any
    const char *doc;
    bool needs_eval; // quantized: compares logits with the reference type
    // Checks that the engine can do it (family, context, eval) and warms up (unmeasured tokens).
    bool (*prepare)(const eb_workload_params *params, eb_engine *engine, eb_err *err);
    bool (*run_trial)(const eb_workload_params *params, eb_engine *engine, eb_trial_sink *sink, eb_err *err);
    // 64-bit digest (hex, 17 bytes) of the output tokens, order independent of timing.
    void (*verify)(const eb_trial_sink *sink, char digest[17]);
    // Optional: how many tokens and requests a trial has at most; left out, batch x output_tok and batch.
    void (*room)(const eb_workload_params *params, size_t *tokens, size_t *requests);
};

extern const eb_option eb_workload_options[];            // [workload NAME]
extern const eb_choice eb_load_modes[];                  // in the order of eb_load_mode
extern const eb_workload_ops *const eb_workload_table[]; // ends with NULL
const eb_workload_ops *eb_workload_find(const char *name);

// Mean KL divergence D(ref || test) in nats and top-1 agreement over n rows of `vocab` logits.
void eb_quality_compare(const float *ref, const float *test, int n, int vocab, eb_quality *out);
// The frozen, seeded token sequence that quality is compared on.
void eb_quality_tokens(uint64_t seed, int vocab, int32_t *out, int n);

#endif
