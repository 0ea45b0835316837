// SPDX-License-Identifier: Apache-2.0
// The state space mixers. The matrices run over the whole batch; the convolution and the scan, which
// carry a state from token to token, run over the rows of each sequence in order and are shared over the
// pool by channels (mamba2's scan: by heads).
#include "workloads/engine/native/forward.h"

#include <math.h>

// Channels of a piece: a multiple of any vector length, see ROW_STEP in forward_ops.c.
enum { CHANNELS = 64, NORM_GRAIN = 8 };

typedef struct ssm_task {
    const eb_net *net;
    const eb_layer *w;
    int layer;
    int64_t pieces; // of the channels or heads
} ssm_task;

static float softplus(float x)
{
    return x > 20 ? x : log1pf(expf(x));
}

static float *state_of(const eb_state *s, float *states, size_t row, int layer, int seq)
{
    return states + ((size_t)layer * (size_t)s->max_batch + (size_t)seq) * row;
}

// Item i of a loop over (run, piece): its run, and its part [*i0, *i1) of `n` channels or heads.
static const eb_rows *part(const ssm_task *t, int64_t item, int64_t step, int64_t n, int64_t *i0, int64_t *i1)
{
    *i0 = item % t->pieces * step;
    *i1 = *i0 + step < n ? *i0 + step : n;
    return &t->net->state->batch.runs[item / t->pieces];
}

// The causal convolution of `channels` channels that begin at in[0] of each row of the batch.
static void convolve(const ssm_task *t, int64_t item, const float *in, size_t ldin)
{
    const eb_net *net = t->net;
    const eb_state *s = net->state;
    const int64_t channels = eb_ssm_channels(&net->model->hp);
    int64_t i0, i1;
    const eb_rows *run = part(t, item, CHANNELS, channels, &i0, &i1);
    float *state = state_of(s, s->conv, s->conv_row, t->layer, run->seq); // [channels][d_conv - 1]
    for (int i = run->first; i < run->first + run->n; i++)
        net->kernels->conv1d_silu(s->ssm_act.conv + (size_t)i * (size_t)channels, state, in + (size_t)i * ldin,
                                  t->w->conv_w, t->w->conv_b, i0, i1, net->model->hp.d_conv);
}

static int64_t pieces_of(int64_t n, int64_t step)
{
    return (n + step - 1) / step;
}

// ---- mamba ------------------------------------------------------------------------------------------

static void convolve1(void *arg, int64_t begin, int64_t end, int thread)
{
    const ssm_task *t = arg;
    (void)thread;
    for (int64_t i = begin; i < end; i++)
        convolve(t, i, t->net->state->ssm_act.in, 2 * (size_t)t->net->model->hp.d_inner);
}

static void scan1_part(const ssm_task *t, int64_t item)
{
    const eb_net *net = t->net;
    const eb_hparams *hp = &net->model->hp;
    const eb_state *s = net->state;
    const eb_ssm_state *a = &s->ssm_act;
    const int64_t inner = hp->d_inner, dbc_width = hp->dt_rank + 2 * (int64_t)hp->d_state;
    int64_t i0, i1;
    const eb_rows *run = part(t, item, CHANNELS, inner, &i0, &i1);
    float *state = state_of(s, s->ssm, s->ssm_row, t->layer, run->seq); // [d_inner][d_state]
    for (int64_t i = run->first; i < run->first + run->n; i++) {
        float *dt = a->dt + i * inner, *z = a->in + i * 2 * inner + inner;           // [d_inner] each
        const float *b = a->dbc + i * dbc_width + hp->dt_rank, *c = b + hp->d_state; // [d_state] each
        for (int64_t j = i0; j < i1; j++)
            dt[j] = softplus(dt[j]);
        net->kernels->scan1(a->y + i * inner, state, a->conv + i * inner, dt, t->w->ssm_a, b, c, t->w->ssm_d, i0, i1,
                            hp->d_state);
        net->kernels->silu_mul(z + i0, a->y + i * inner + i0, i1 - i0); // z = silu(z) * y
    }
}

static void scan1(void *arg, int64_t begin, int64_t end, int thread)
{
    (void)thread;
    for (int64_t i = begin; i < end; i++)
        scan1_part(arg, i);
}

// Models of the falcon-mamba kind norm dt, B and C, without weights.
static void norm_dt_b_c(const eb_net *net)
{
    const eb_hparams *hp = &net->model->hp;
    const eb_state *s = net->state;
    const size_t width = (size_t)hp->dt_rank + 2 * (size_t)hp->d_state;
    for (int i = 0; i < s->batch.n; i++) {
        float *dt = s->ssm_act.dbc + (size_t)i * width, *b = dt + hp->dt_rank, *c = b + hp->d_state;
        net->kernels->rms_norm(dt, dt, NULL, hp->dt_rank, hp->norm_eps);
        net->kernels->rms_norm(b, b, NULL, hp->d_state, hp->norm_eps);
        net->kernels->rms_norm(c, c, NULL, hp->d_state, hp->norm_eps);
    }
}

void eb_mamba(const eb_net *net, int layer)
{
    const eb_hparams *hp = &net->model->hp;
    const eb_layer *w = &net->model->layer[layer];
    const eb_state *s = net->state;
    const eb_ssm_state *a = &s->ssm_act;
    const int n = s->batch.n;
    const int64_t inner = hp->d_inner, dbc_width = hp->dt_rank + 2 * (int64_t)hp->d_state;
    ssm_task t = { .net = net, .w = w, .layer = layer, .pieces = pieces_of(inner, CHANNELS) };
    const int64_t items = s->batch.n_runs * t.pieces;

    eb_trace_op(net, EB_OP_SSM_IN, layer);
    eb_linear(net, &(eb_linear_job){ .w = &w->ssm_in, .x = s->xb, .y = a->in, .m = n },
              1); // in [n][x: inner | z: inner]
    eb_trace_op(net, EB_OP_CONVOLUTION, layer);
    eb_pool_for(net->pool, items, 1, convolve1, &t); // conv [n][inner]
    eb_trace_op(net, EB_OP_SSM_PARAM, layer);
    eb_linear(net, &(eb_linear_job){ .w = &w->ssm_x, .x = a->conv, .y = a->dbc, .m = n }, 1); // dbc [n][dt | B | C]
    if (hp->dt_b_c_norm)
        norm_dt_b_c(net);
    eb_linear(
        net, // dt [n][inner]
        &(eb_linear_job){ .w = &w->ssm_dt, .bias = w->dt_b, .x = a->dbc, .ldx = (size_t)dbc_width, .y = a->dt, .m = n },
        1);
    eb_trace_op(net, EB_OP_SCAN, layer);
    eb_pool_for(net->pool, items, 1, scan1, &t); // z [n][inner] = silu(z) * y
    eb_trace_op(net, EB_OP_SSM_OUT, layer);
    eb_linear(net,
              &(eb_linear_job){
                  .w = &w->ssm_out, .x = a->in + inner, .ldx = 2 * (size_t)inner, .y = s->tmp, .add = s->x, .m = n },
              1);
}

// ---- mamba2 -----------------------------------------------------------------------------------------

// Rows of `in` are [z: inner | x: inner, B: groups * d_state, C: groups * d_state (convolved) | dt: heads].
static size_t in_width(const eb_hparams *hp)
{
    return (size_t)hp->d_inner + (size_t)eb_ssm_channels(hp) + (size_t)hp->dt_rank;
}

static void convolve2(void *arg, int64_t begin, int64_t end, int thread)
{
    const ssm_task *t = arg;
    const eb_hparams *hp = &t->net->model->hp;
    (void)thread;
    for (int64_t i = begin; i < end; i++)
        convolve(t, i, t->net->state->ssm_act.in + hp->d_inner, in_width(hp));
}

static void scan2_head(const ssm_task *t, int64_t item)
{
    const eb_net *net = t->net;
    const eb_hparams *hp = &net->model->hp;
    const eb_state *s = net->state;
    const eb_ssm_state *a = &s->ssm_act;
    const int heads = hp->dt_rank, head_dim = hp->d_inner / heads;
    const int64_t channels = eb_ssm_channels(hp);
    int64_t h0, h1;
    const eb_rows *run = part(t, item, 1, heads, &h0, &h1);
    float *state = state_of(s, s->ssm, s->ssm_row, t->layer, run->seq); // [heads][head_dim][d_state]
    for (int64_t i = run->first; i < run->first + run->n; i++) {
        const float *x = a->conv + i * channels, *b = x + hp->d_inner;            // x [d_inner], b [groups][d_state]
        const float *c = b + (size_t)hp->groups * (size_t)hp->d_state;            // [groups][d_state]
        float *dt = a->dt + i * heads;                                            // [heads]
        float *z = a->in + (size_t)i * in_width(hp), *y = a->y + i * hp->d_inner; // [d_inner] each
        dt[h0] = softplus(a->in[(size_t)i * in_width(hp) + (size_t)(hp->d_inner + channels + h0)] + t->w->dt_b[h0]);
        net->kernels->scan2(y, state, x, dt, t->w->ssm_a, b, c, t->w->ssm_d, h0, h1, head_dim, hp->d_state,
                            heads / hp->groups);
        net->kernels->silu_mul(z + h0 * head_dim, y + h0 * head_dim, head_dim); // z = silu(z) * y
    }
}

static void scan2(void *arg, int64_t begin, int64_t end, int thread)
{
    (void)thread;
    for (int64_t i = begin; i < end; i++)
        scan2_head(arg, i);
}

// The norm comes after the gate, over each group of channels: y = rms_norm(z) * ssm_norm.
static void norm_groups(void *arg, int64_t begin, int64_t end, int thread)
{
    const ssm_task *t = arg;
    const eb_hparams *hp = &t->net->model->hp;
    const eb_ssm_state *a = &t->net->state->ssm_act;
    const int64_t len = hp->d_inner / hp->groups;
    (void)thread;
    for (int64_t i = begin; i < end; i++)
        for (int64_t at = 0; at < hp->d_inner; at += len)
            t->net->kernels->rms_norm(a->y + i * hp->d_inner + at, a->in + (size_t)i * in_width(hp) + at,
                                      t->w->ssm_norm + at, len, hp->norm_eps);
}

void eb_mamba2(const eb_net *net, int layer)
{
    const eb_hparams *hp = &net->model->hp;
    const eb_layer *w = &net->model->layer[layer];
    const eb_state *s = net->state;
    const eb_ssm_state *a = &s->ssm_act;
    const int n = s->batch.n;
    ssm_task t = { .net = net, .w = w, .layer = layer };

    eb_trace_op(net, EB_OP_SSM_IN, layer);
    eb_linear(net, &(eb_linear_job){ .w = &w->ssm_in, .x = s->xb, .y = a->in, .m = n }, 1); // in [n][z | x B C | dt]
    eb_trace_op(net, EB_OP_CONVOLUTION, layer);
    t.pieces = pieces_of(eb_ssm_channels(hp), CHANNELS);
    eb_pool_for(net->pool, s->batch.n_runs * t.pieces, 1, convolve2, &t); // conv [n][x B C]
    eb_trace_op(net, EB_OP_SCAN, layer);
    t.pieces = hp->dt_rank;
    eb_pool_for(net->pool, s->batch.n_runs * t.pieces, 1, scan2, &t); // z [n][inner] = silu(z) * y
    eb_pool_for(net->pool, n, NORM_GRAIN, norm_groups, &t);           // y [n][inner]
    eb_trace_op(net, EB_OP_SSM_OUT, layer);
    eb_linear(net, &(eb_linear_job){ .w = &w->ssm_out, .x = a->y, .y = s->tmp, .add = s->x, .m = n }, 1);
}
