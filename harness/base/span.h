// SPDX-License-Identifier: Apache-2.0
// Operator spans: what an engine was doing when. Spans of one engine do not overlap, are in time order, and cover its
// steps from end to end: what is no operator of its own is EB_OP_OTHER. Times are those of the probe samples
// (CLOCK_MONOTONIC ns). Plain data.
#ifndef EB_BASE_SPAN_H
#define EB_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "harness/base/event.h"

typedef enum eb_op {
    EB_OP_OTHER,     // between the operators: batch bookkeeping, residual additions that are not fused
    EB_OP_EMBEDDING, // token rows gathered and dequantized
    EB_OP_NORM,
    EB_OP_QKV,         // attention's input projections
    EB_OP_ROPE,        // norms of q and k, their rotation, keys and values into the cache
    EB_OP_ATTENTION,   // scores, softmax, weighted values
    EB_OP_ATTN_OUT,    // attention's output projection
    EB_OP_FFN_IN,      // gate and up projections, activation
    EB_OP_FFN_OUT,     // down projection
    EB_OP_ROUTER,      // gate logits, the choice of experts, the order by expert
    EB_OP_EXPERT,      // the chosen and the shared experts' feed-forward, gather and sum included
    EB_OP_SSM_IN,      // state space: input projection
    EB_OP_CONVOLUTION, // state space: short convolution and its activation
    EB_OP_SSM_PARAM,   // state space: projections of dt, B, C
    EB_OP_SCAN,        // state space: selective scan or its one-step update, gating included
    EB_OP_SSM_OUT,     // state space: output projection
    EB_OP_HEAD,        // final logits
    EB_OP_SAMPLING,
    EB_OP_COUNT
} eb_op;

typedef struct eb_span {
    int64_t t_start_ns;
    uint32_t length_ns; // an operator lasts less than 4 s; longer is split
    uint8_t op, phase;  // eb_op, eb_phase
    uint16_t layer;     // UINT16_MAX = outside the layers
    float bytes, flop;  // predicted for this call: memory that must be touched once, floating point operations
} eb_span;

// Where spans go. The array is the caller's; what does not fit is counted, not kept. With `on_worker`, every thread of
// the engine says on itself when it begins (op) and ends (EB_OP_OTHER) its share of an operator, so that per-thread
// counters can be charged; NULL = not called.
typedef struct eb_span_sink {
    eb_span *items;
    size_t n, cap;
    uint64_t dropped;
    void (*on_worker)(void *arg, int worker, eb_op op, eb_phase phase);
    void *arg;
} eb_span_sink;

const char *eb_op_name(eb_op op); // "other", "embedding", "norm", "qkv", ... "sampling"; "invalid" outside
bool eb_op_parse(const char *s, eb_op *out);

#endif
