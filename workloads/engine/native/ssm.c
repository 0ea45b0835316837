// SPDX-License-Identifier: Apache-2.0
// The state space mixers. The matrices run over the whole batch; the convolution and the scan, which
// carry a state from token to token, run over the rows of each sequence in order and are shared over the
// pool by channels (mamba2's scan: by heads).
#include "workloads/engine/native/forward.h"

// Channels of a piece, fewer where there are many threads: a multiple of any vector length. Below CONV_WORK channels
// times tokens a convolution is not worth sharing.
enum { CHANNELS = 4 * EB_SCAN_LANES, PIECES_PER_THREAD = 4, CONV_WORK = 768, NORM_GRAIN = 8 };

typedef struct ssm_task {
    const eb_net *net;
    const eb_layer *w;
    int layer;
    int64_t step, pieces; // channels or heads of a piece; pieces of a run
} ssm_task;

static float *state_of(const eb_state *s, float *states, size_t row, int layer, int seq)
{
    return states + ((size_t)layer * (size_t)s->max_batch + (size_t)seq) * row;
}

// Item i of a loop over (run, piece): its run, and its part [*i0, *i1) of `n` channels or heads.
static const eb_rows *part(const ssm_task *t, int64_t item, int64_t n, int64_t *i0, int64_t *i1)
{
    *i0 = item % t->pieces * t->step;
    *i1 = *i0 + t->step < n ? *i0 + t->step : n;
    return &t->net->state->batch.runs[item / t->pieces];
}

// The causal convolution of the channels that begin at in[0] of each row of the batch.
static void convolve(const ssm_task *t, int64_t item, const float *in, size_t ldin)
{
    const eb_net *net = t->net;
    const eb_state *s = net->state;
    const eb_hparams *hp = &net->model->hp;
    const int64_t channels = eb_ssm_channels(hp);
    int64_t i0, i1;
    const eb_rows *run = part(t, item, channels, &i0, &i1);
    const eb_conv1d job = { .tokens = run->n,
                            .channels = channels,
                            .taps = hp->d_conv,
                            .x = in + (size_t)run->first * ldin,
                            .ldx = ldin,
                            .y = s->ssm_act.conv + run->first * channels,
                            .ldy = (size_t)channels,
                            .state = state_of(s, s->conv, s->conv_row, t->layer, run->seq), // [d_conv - 1][channels]
                            .w = s->taps + t->layer * hp->d_conv * channels,                // [d_conv][channels]
                            .bias = t->w->conv_b };
    net->kernels->conv1d_silu(&job, i0, i1);
}

// Cuts `n` channels into pieces and returns the number of (run, piece).
static int64_t cut(ssm_task *t, int64_t n)
{
    const int64_t runs = t->net->state->batch.n_runs,
                  wanted = (int64_t)eb_pool_threads(t->net->pool) * PIECES_PER_THREAD;
    t->step = runs * n / CHANNELS < wanted ? EB_SCAN_LANES : CHANNELS;
    t->pieces = (n + t->step - 1) / t->step;
    return runs * t->pieces;
}

static int64_t conv_grain(const ssm_task *t)
{
    const eb_batch *b = &t->net->state->batch;
    const int64_t pieces = (int64_t)CONV_WORK * b->n_runs / (t->step * b->n);
    return pieces > 0 ? pieces : 1;
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
    const eb_rows *run = part(t, item, inner, &i0, &i1);
    const float *b = a->dbc + run->first * dbc_width + hp->dt_rank; // [d_state], and C behind it
    const eb_scan1 job = { .tokens = run->n,
                           .channels = inner,
                           .d_state = hp->d_state,
                           .h = state_of(s, s->ssm, s->ssm_row, t->layer, run->seq),
                           .a = s->rate + (size_t)t->layer * s->ssm_row,
                           .d = t->w->ssm_d,
                           .x = a->conv + run->first * inner,
                           .ldx = (size_t)inner,
                           .dt = a->dt + run->first * inner,
                           .ldt = (size_t)inner,
                           .z = a->in + run->first * 2 * inner + inner, // z = silu(z) * y
                           .ldz = 2 * (size_t)inner,
                           .b = b,
                           .c = b + hp->d_state,
                           .ld_bc = (size_t)dbc_width };
    net->kernels->scan1(&job, i0, i1);
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
    ssm_task t = { .net = net, .w = w, .layer = layer };
    const int64_t items = cut(&t, inner);

    eb_trace_op(net, EB_OP_SSM_IN, layer);
    eb_linear(net, &(eb_linear_job){ .w = &w->ssm_in, .x = s->xb, .y = a->in, .m = n },
              1); // in [n][x: inner | z: inner]
    eb_trace_op(net, EB_OP_CONVOLUTION, layer);
    eb_pool_for(net->pool, items, conv_grain(&t), convolve1, &t); // conv [n][inner]
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
    eb_keep_out_rows(net, layer, a->in, 2 * (size_t)inner);
    eb_trace_op(net, EB_OP_SSM_OUT, layer);
    eb_linear(net,
              &(eb_linear_job){ .w = &w->ssm_out,
                                .x = a->in + inner,
                                .ldx = 2 * (size_t)inner,
                                .y = s->tmp,
                                .add = s->x,
                                .m = s->batch.live },
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
    const int64_t heads = hp->dt_rank, head_dim = hp->d_inner / heads, channels = eb_ssm_channels(hp);
    int64_t head, end;
    const eb_rows *run = part(t, item, heads, &head, &end);
    const int64_t group = head / (heads / hp->groups);
    const float *x = a->conv + run->first * channels;                   // [d_inner]
    const float *b = x + hp->d_inner + group * hp->d_state;             // [d_state] of [groups][d_state]
    float *in = a->in + (size_t)run->first * in_width(hp);              // [z: d_inner | ... | dt: heads]
    float *state = state_of(s, s->ssm, s->ssm_row, t->layer, run->seq); // [heads][d_state][ldh], [heads]
    const eb_scan2 job = { .tokens = run->n,
                           .head_dim = (int)head_dim,
                           .d_state = hp->d_state,
                           .h = state + eb_ssm_head(hp, head),
                           .ldh = eb_ssm_ldh(hp),
                           .factor = state + eb_ssm_head(hp, heads) + head,
                           .a = t->w->ssm_a[head],
                           .d = t->w->ssm_d[head],
                           .dt_bias = t->w->dt_b[head],
                           .x = x + head * head_dim,
                           .ldx = (size_t)channels,
                           .dt = in + hp->d_inner + channels + head,
                           .ldt = in_width(hp),
                           .z = in + head * head_dim, // z = silu(z) * y
                           .ldz = in_width(hp),
                           .b = b,
                           .c = b + (int64_t)hp->groups * hp->d_state,
                           .ld_bc = (size_t)channels };
    net->kernels->scan2(&job);
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
    const int64_t items = cut(&t, eb_ssm_channels(hp));
    eb_pool_for(net->pool, items, conv_grain(&t), convolve2, &t); // conv [n][x B C]
    eb_trace_op(net, EB_OP_SCAN, layer);
    t.step = 1;
    t.pieces = hp->dt_rank;
    eb_pool_for(net->pool, s->batch.n_runs * t.pieces, 1, scan2, &t); // z [n][inner] = silu(z) * y
    eb_pool_for(net->pool, n, NORM_GRAIN, norm_groups, &t);           // y [n][inner]
    eb_keep_out_rows(net, layer, a->y, (size_t)hp->d_inner);
    eb_trace_op(net, EB_OP_SSM_OUT, layer);
    eb_linear(net, &(eb_linear_job){ .w = &w->ssm_out, .x = a->y, .y = s->tmp, .add = s->x, .m = s->batch.live }, 1);
}
