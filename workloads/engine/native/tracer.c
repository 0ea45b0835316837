// SPDX-License-Identifier: Apache-2.0
#include "workloads/engine/native/tracer.h"

#include "harness/base/clock.h"

static void keep(eb_span_sink *sink, const eb_span *span)
{
    if (sink->n < sink->cap)
        sink->items[sink->n++] = *span;
    else
        sink->dropped++;
}

// A span holds its length in 32 bits: one that lasts longer becomes several, the cost in the first.
static void close_span(eb_tracer *t, int64_t t_ns)
{
    int64_t left = t_ns - t->since_ns;
    eb_span span = { .t_start_ns = t->since_ns,
                     .op = (uint8_t)t->op,
                     .phase = (uint8_t)t->phase,
                     .layer = t->layer >= 0 ? (uint16_t)t->layer : UINT16_MAX,
                     .bytes = (float)t->cost.bytes,
                     .flop = (float)t->cost.flop };
    while (left > 0) {
        span.length_ns = left > (int64_t)UINT32_MAX ? UINT32_MAX : (uint32_t)left;
        keep(t->sink, &span);
        left -= span.length_ns;
        span.t_start_ns += span.length_ns;
        span.bytes = span.flop = 0;
    }
}

static void open_span(eb_tracer *t, eb_op op, int layer, int64_t t_ns)
{
    t->op = op;
    t->layer = layer;
    t->since_ns = t_ns;
    t->cost = (eb_op_cost){ 0 };
    if (t->sink->on_worker)
        t->sink->on_worker(t->sink->arg, 0, op, t->phase);
}

void eb_tracer_begin(eb_tracer *t, eb_phase phase, int64_t t_ns)
{
    t->phase = phase;
    open_span(t, EB_OP_OTHER, EB_NO_LAYER, t_ns);
}

void eb_tracer_end(eb_tracer *t, int64_t t_ns)
{
    close_span(t, t_ns);
    if (t->op != EB_OP_OTHER && t->sink->on_worker)
        t->sink->on_worker(t->sink->arg, 0, EB_OP_OTHER, t->phase);
    t->op = EB_OP_OTHER;
}

static int experts_chosen(const eb_net *net)
{
    const int32_t *start = net->state->moe.start;
    int n = 0;
    for (int x = 0; x < net->model->hp.experts; x++)
        n += start[x + 1] > start[x];
    return n;
}

static eb_op_load load_of(const eb_net *net, eb_op op)
{
    const eb_batch *b = &net->state->batch;
    eb_op_load load = { .rows = b->live, .runs = b->n_runs, .kv_elem_bytes = (int)net->state->kv_elem };
    for (int i = 0; op == EB_OP_ATTENTION && i < b->n_runs; i++) {
        double n = b->runs[i].n, past = b->pos[b->runs[i].first];
        load.past_tok += past;
        load.seen_tok += n * past + n * (n + 1) / 2;
    }
    if (op == EB_OP_EXPERT)
        load.experts = experts_chosen(net);
    return load;
}

void eb_tracer_switch(const eb_net *net, eb_op op, int layer)
{
    eb_tracer *t = net->tracer;
    int64_t now_ns = eb_now_ns();
    close_span(t, now_ns);
    open_span(t, op, layer, now_ns);
    const eb_op_load load = load_of(net, op);
    t->cost = eb_op_cost_of(net->model, op, layer, &load);
}

// Worker 0 is the engine's own thread, which has said it already. Loops of no operator are those outside of steps.
void eb_tracer_worker(void *tracer, int thread, bool begin)
{
    const eb_tracer *t = tracer;
    if (thread > 0 && t->op != EB_OP_OTHER)
        t->sink->on_worker(t->sink->arg, thread, begin ? t->op : EB_OP_OTHER, t->phase);
}
