// SPDX-License-Identifier: Apache-2.0
// One pass of a batch of tokens through a model. The model is immutable, the state is written, the
// kernels do the arithmetic and the pool shares the loops. Nothing here allocates or fails. Every
// result is independent of the number of threads, and a token's result of what else is in its batch.
#ifndef EB_NATIVE_FORWARD_H
#define EB_NATIVE_FORWARD_H

#include "workloads/engine/native/op_cost.h"
#include "workloads/engine/native/pool.h"
#include "workloads/engine/native/state.h"

typedef struct eb_net {
    const eb_model *model;
    const eb_kernels *kernels;
    eb_pool *pool;
    eb_state *state;
    struct eb_tracer *tracer; // NULL = no spans are wanted
} eb_net;

// Runs state->batch: stores its keys and values (or moves the recurrent states on) and writes the
// logits of the batch's out rows to logits [n_out][vocab]. False and err when the file cannot be read.
bool eb_forward(const eb_net *net, float *logits, eb_err *err);

// From here on the time is that of `op` in `layer` (or EB_NO_LAYER); see tracer.h.
void eb_tracer_switch(const eb_net *net, eb_op op, int layer);
static inline void eb_trace_op(const eb_net *net, eb_op op, int layer)
{
    if (__builtin_expect(net->tracer != NULL, 0))
        eb_tracer_switch(net, op, layer);
}

// ---- what the layers are made of --------------------------------------------------------------------

// Runs all jobs (see eb_linear_job; the first without columns: none), shared over the pool by rows of the weights. All
// have the same width `in`, and their columns are rows of one array, the first job's first: for packed weights they are
// quantized once, together.
void eb_linear(const eb_net *net, const eb_linear_job *jobs, int n_jobs);
// out[i] = rms_norm(x[i]) * weight for n rows of `dim`; out may be x; weight NULL = 1.
void eb_norm(const eb_net *net, float *out, const float *x, const float *weight, int n, int64_t dim);

// Once what later tokens need of `layer` is kept, the last layer goes on with the rows only whose logits are wanted
// (batch.live): they move to the front of x and of `also` [n][width], which hold no others then.
void eb_keep_out_rows(const eb_net *net, int layer, float *also, size_t width);

// attention.c: q, k_new, v_new -> norms, rope, cache -> att [n][heads * dim_v]
void eb_rope_tables(const eb_net *net);
void eb_attention(const eb_net *net, int layer);
// moe.c: x += the chosen experts' outputs for xb
void eb_moe(const eb_net *net, int layer);
// ssm.c: x += mixer(xb)
void eb_mamba(const eb_net *net, int layer);
void eb_mamba2(const eb_net *net, int layer);

#endif
