// SPDX-License-Identifier: Apache-2.0
// Workloads for their authors: a family is a descriptor over the one generation loop.
#ifndef EB_WORKLOADS_WORKLOAD_IMPL_H
#define EB_WORKLOADS_WORKLOAD_IMPL_H

#include "workloads/workload.h"

extern const eb_workload_ops eb_workload_dense, eb_workload_moe, eb_workload_ssm, eb_workload_quantized,
    eb_workload_sustained, eb_workload_load;

// The loop (workloads/generate.c). `family` NULL takes any model.
bool eb_generate_prepare(const char *workload, const char *family, const eb_workload_params *params, eb_engine *engine,
                         eb_err *err);
bool eb_generate_trial(const eb_workload_params *params, eb_engine *engine, eb_trial_sink *sink, eb_err *err);
void eb_generate_verify(const eb_trial_sink *sink, char digest[17]);

// One step of the engine, and the handicap of `params` on top of it.
int eb_generate_step(const eb_workload_params *params, eb_engine *engine, int64_t timeout_ns, eb_token_event *events,
                     int max, eb_err *err);

// n token ids in [0, vocab), the same for the same seed and stream.
void eb_generate_tokens(uint64_t seed, uint64_t stream, int vocab, int32_t *out, int n);

#endif
