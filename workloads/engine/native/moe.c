// SPDX-License-Identifier: Apache-2.0
// Mixture of experts: a router chooses `used` of the experts for each token; the choices are sorted by
// expert, so that each expert's weights are read once for all of its tokens; the outputs are added up
// token by token in the order of the choice, so that the sum does not depend on the batch.
#include "workloads/engine/native/forward.h"

#include <math.h>
#include <string.h>

enum { TOKEN_GRAIN = 8 };

// The smallest sum that chosen weights are divided by (the smallest normal f16, as the field does).
#define MIN_WEIGHT_SUM 6.103515625e-5f

typedef struct moe_task {
    const eb_net *net;
    const eb_layer *w;
} moe_task;

// The `used` largest of probs, best first, the lower index where they are equal. probs is spoilt.
static void choose(float *probs, int experts, int used, int32_t *expert, float *weight)
{
    for (int r = 0; r < used; r++) {
        int best = 0;
        for (int e = 1; e < experts; e++)
            if (probs[e] > probs[best])
                best = e;
        expert[r] = best;
        weight[r] = probs[best];
        probs[best] = -1; // below any probability
    }
}

static void route_rows(void *arg, int64_t begin, int64_t end, int thread)
{
    const moe_task *t = arg;
    const eb_hparams *hp = &t->net->model->hp;
    const eb_moe_state *e = &t->net->state->moe;
    const int used = hp->experts_used;
    (void)thread;
    for (int64_t i = begin; i < end; i++) {
        float *probs = e->probs + i * hp->experts; // [experts]
        float *weight = e->weight + i * used;      // [used]
        float sum = 0;
        t->net->kernels->softmax(probs, hp->experts);
        choose(probs, hp->experts, used, e->expert + i * used, weight);
        if (!t->net->model->info->renorm)
            continue;
        for (int r = 0; r < used; r++)
            sum += weight[r];
        sum = sum > MIN_WEIGHT_SUM ? sum : MIN_WEIGHT_SUM;
        for (int r = 0; r < used; r++)
            weight[r] /= sum;
    }
}

// Counts the choices of each expert and gives each (token, rank) its slot in the order by expert.
static void sort_by_expert(const eb_moe_state *e, int experts, int used, int n)
{
    memset(e->start, 0, ((size_t)experts + 1) * sizeof *e->start);
    for (int i = 0; i < n * used; i++)
        e->start[e->expert[i] + 1]++;
    for (int x = 0; x < experts; x++)
        e->start[x + 1] += e->start[x];
    for (int i = 0; i < n * used; i++) {
        e->slot[i] = e->start[e->expert[i]]++; // start[x] moves on to start[x + 1], and is put back below
        e->token[e->slot[i]] = i / used;
    }
    memmove(e->start + 1, e->start, (size_t)experts * sizeof *e->start);
    e->start[0] = 0;
}

static void gather_rows(void *arg, int64_t begin, int64_t end, int thread)
{
    const moe_task *t = arg;
    const eb_state *s = t->net->state;
    const size_t embd = (size_t)t->net->model->hp.embd;
    (void)thread;
    for (int64_t i = begin; i < end; i++)
        memcpy(s->moe.in + (size_t)i * embd, s->xb + (size_t)s->moe.token[i] * embd, embd * sizeof *s->xb);
}

static void combine_rows(void *arg, int64_t begin, int64_t end, int thread)
{
    const moe_task *t = arg;
    const eb_state *s = t->net->state;
    const int used = t->net->model->hp.experts_used, embd = t->net->model->hp.embd;
    (void)thread;
    for (int64_t i = begin; i < end; i++) {
        float *sum = s->tmp + i * embd; // [embd]
        memset(sum, 0, (size_t)embd * sizeof *sum);
        for (int r = 0; r < used; r++)
            t->net->kernels->axpy(sum, s->moe.weight[i * used + r],
                                  s->moe.out + (size_t)s->moe.slot[i * used + r] * (size_t)embd, embd);
        t->net->kernels->axpy(s->x + i * embd, 1, sum, embd);
    }
}

// One job per expert that was chosen at all.
static int expert_jobs(const moe_task *t)
{
    const eb_hparams *hp = &t->net->model->hp;
    const eb_moe_state *e = &t->net->state->moe;
    int n = 0;
    for (int x = 0; x < hp->experts; x++) {
        const size_t first = (size_t)e->start[x];
        const int m = e->start[x + 1] - e->start[x];
        if (m > 0)
            e->jobs[n++] = (eb_linear_job){ .w = &t->w->gate_exps,
                                            .up = &t->w->up_exps,
                                            .expert = x,
                                            .m = m,
                                            .x = e->in + first * (size_t)hp->embd,
                                            .y = e->hidden + first * (size_t)hp->expert_ffn,
                                            .y_up = e->hidden_up + first * (size_t)hp->expert_ffn };
    }
    return n;
}

// The same jobs, turned from silu(gate x) * (up x) to down.
static void turn_down(const moe_task *t, int n)
{
    const eb_hparams *hp = &t->net->model->hp;
    const eb_moe_state *e = &t->net->state->moe;
    for (int i = 0; i < n; i++) {
        const int x = e->jobs[i].expert;
        e->jobs[i] = (eb_linear_job){ .w = &t->w->down_exps,
                                      .expert = x,
                                      .m = e->jobs[i].m,
                                      .x = e->jobs[i].y,
                                      .y = e->out + (size_t)e->start[x] * (size_t)hp->embd };
    }
}

static void gate_shared_rows(void *arg, int64_t begin, int64_t end, int thread)
{
    const moe_task *t = arg;
    const eb_state *s = t->net->state;
    const int64_t embd = t->net->model->hp.embd;
    (void)thread;
    for (int64_t i = begin; i < end; i++) {
        float gate = t->net->kernels->dot(t->w->gate_inp_sh, s->xb + i * embd, embd);
        t->net->kernels->axpy(s->x + i * embd, 1 / (1 + expf(-gate)), s->tmp + i * embd, embd);
    }
}

// The expert that every token goes through, weighed by a sigmoid of its own.
static void shared_expert(const moe_task *t)
{
    const eb_net *net = t->net;
    const eb_layer *w = t->w;
    const eb_state *s = net->state;
    const int n = s->batch.live;
    eb_linear(
        net, // [n][shared_ffn]
        &(eb_linear_job){ .w = &w->gate_sh, .up = &w->up_sh, .x = s->xb, .y = s->hidden, .y_up = s->hidden_up, .m = n },
        1);
    eb_linear(net, &(eb_linear_job){ .w = &w->down_sh, .x = s->hidden, .y = s->tmp, .m = n }, 1); // tmp [n][embd]
    eb_pool_for(net->pool, n, TOKEN_GRAIN, gate_shared_rows, (void *)t);
}

void eb_moe(const eb_net *net, int layer)
{
    moe_task t = { .net = net, .w = &net->model->layer[layer] };
    const eb_hparams *hp = &net->model->hp;
    const eb_state *s = net->state;
    const int n = s->batch.live;
    eb_trace_op(net, EB_OP_ROUTER, layer);
    eb_linear(net, &(eb_linear_job){ .w = &t.w->router, .x = s->xb, .y = s->moe.probs, .m = n }, 1); // [n][experts]
    eb_pool_for(net->pool, n, TOKEN_GRAIN, route_rows, &t);                                          // expert, weight
    sort_by_expert(&s->moe, hp->experts, hp->experts_used, n);                                       // slot, start
    eb_trace_op(net, EB_OP_EXPERT, layer);
    eb_pool_for(net->pool, (int64_t)n * hp->experts_used, TOKEN_GRAIN, gather_rows, &t); // in [slots][embd]
    int jobs = expert_jobs(&t);
    eb_linear(net, s->moe.jobs, jobs); // hidden [slots][expert_ffn]
    turn_down(&t, jobs);
    eb_linear(net, s->moe.jobs, jobs);                        // out [slots][embd]
    eb_pool_for(net->pool, n, TOKEN_GRAIN, combine_rows, &t); // x [n][embd] += sum of weight * out
    if (net->model->info->shared_expert)
        shared_expert(&t);
}
