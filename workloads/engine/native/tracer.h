// SPDX-License-Identifier: Apache-2.0
// Operator spans of a running engine. The forward pass says which operator begins; the end of one is the beginning of
// the next, so that a change costs one clock read and spans cover a step from end to end.
// Threads: the engine's own, but for eb_tracer_worker, which the pool calls on each of its workers.
#ifndef EB_NATIVE_TRACER_H
#define EB_NATIVE_TRACER_H

#include "harness/base/span.h"
#include "workloads/engine/native/forward.h"

typedef struct eb_tracer {
    eb_span_sink *sink; // NULL = off
    // The open span.
    eb_op op;
    eb_phase phase;
    int layer;
    int64_t since_ns;
    eb_op_cost cost;
} eb_tracer;

// A step begins at `t_ns`, or ends then.
void eb_tracer_begin(eb_tracer *t, eb_phase phase, int64_t t_ns);
void eb_tracer_end(eb_tracer *t, int64_t t_ns);
// For eb_pool_watch: worker `thread` begins or ends its share of a loop.
void eb_tracer_worker(void *tracer, int thread, bool begin);

#endif
