// SPDX-License-Identifier: Apache-2.0
// Attention with a cache, in three loops: the batch's q and k are normed and turned and its k and v
// stored; then, for each tile of rows and each head, scores against all positions so far; their softmax
// weighs the values. A row sees the positions up to its own.
#include "workloads/engine/native/forward.h"

#include <math.h>
#include <string.h>

enum { ROW_GRAIN = 8 };

typedef struct attention_task {
    const eb_net *net;
    const eb_layer *w;
    int layer;
} attention_task;

void eb_rope_tables(const eb_net *net)
{
    const eb_state *s = net->state;
    eb_trace_op(net, EB_OP_ROPE, EB_NO_LAYER);
    const int half = net->model->hp.rot / 2;
    for (int i = 0; i < s->batch.n; i++)
        for (int j = 0; j < half; j++) {
            double angle = s->batch.pos[i] * s->freq[j];
            s->cos[(size_t)i * (size_t)half + (size_t)j] = (float)cos(angle);
            s->sin[(size_t)i * (size_t)half + (size_t)j] = (float)sin(angle);
        }
}

// Element (layer, seq, pos, 0) of the keys or the values, `width` elements per position.
static uint8_t *cache_at(const eb_state *s, uint8_t *cache, int layer, int seq, int pos, size_t width)
{
    size_t slot = ((size_t)layer * (size_t)s->max_batch + (size_t)seq) * (size_t)s->max_ctx + (size_t)pos;
    return cache + slot * width * s->kv_elem;
}

static void store(const eb_net *net, uint8_t *to, const float *from, size_t n)
{
    if (net->state->kv == EB_KV_F16)
        net->kernels->to_f16((uint16_t *)(void *)to, from, (int64_t)n);
    else
        memcpy(to, from, n * sizeof *from);
}

// Norms of q and k: of each head (qwen3), or of the whole row (olmoe).
static void norm_heads(const eb_net *net, float *x, const float *weight, int heads, int dim)
{
    const bool row = net->model->info->row_norm;
    const int n = row ? 1 : heads, len = row ? heads * dim : dim;
    for (int h = 0; weight && h < n; h++)
        net->kernels->rms_norm(x + (size_t)h * (size_t)len, x + (size_t)h * (size_t)len, weight, len,
                               net->model->hp.norm_eps);
}

static void turn_and_store(void *arg, int64_t begin, int64_t end, int thread)
{
    const attention_task *t = arg;
    const eb_net *net = t->net;
    const eb_hparams *hp = &net->model->hp;
    const eb_state *s = net->state;
    const bool neox = net->model->info->neox;
    const size_t q_width = (size_t)hp->heads * (size_t)hp->dim_k, k_width = (size_t)hp->kv_heads * (size_t)hp->dim_k,
                 v_width = (size_t)hp->kv_heads * (size_t)hp->dim_v;
    const float scale = (float)(1 / sqrt((double)hp->dim_k));
    (void)thread;
    for (int64_t i = begin; i < end; i++) {
        float *q = s->q + (size_t)i * q_width;                                            // [heads][dim_k]
        float *k = s->k_new + (size_t)i * k_width;                                        // [kv_heads][dim_k]
        float *v = s->v_new + (size_t)i * v_width;                                        // [kv_heads][dim_v]
        const float *cos = s->cos + i * (hp->rot / 2), *sin = s->sin + i * (hp->rot / 2); // [rot / 2]
        const int seq = s->batch.seq[i], pos = s->batch.pos[i];
        norm_heads(net, q, t->w->q_norm, hp->heads, hp->dim_k);
        norm_heads(net, k, t->w->k_norm, hp->kv_heads, hp->dim_k);
        net->kernels->rope(q, hp->heads, hp->dim_k, hp->rot, cos, sin, neox);
        net->kernels->rope(k, hp->kv_heads, hp->dim_k, hp->rot, cos, sin, neox);
        for (size_t j = 0; j < q_width; j++)
            q[j] *= scale; // so the scores need none
        store(net, cache_at(s, s->k, t->layer, seq, pos, k_width), k, k_width);
        store(net, cache_at(s, s->v, t->layer, seq, pos, v_width), v, v_width);
    }
}

// out [dim_v] = sum over positions of p[pos] * values[pos]
static void weigh_values(const eb_net *net, float *out, const float *p, const uint8_t *values, size_t row_bytes,
                         int n_pos)
{
    const int dim = net->model->hp.dim_v;
    const bool half = net->state->kv == EB_KV_F16;
    memset(out, 0, (size_t)dim * sizeof *out);
    for (int pos = 0; pos < n_pos; pos++) {
        const void *v = values + (size_t)pos * row_bytes;
        if (half)
            net->kernels->axpy_f16(out, p[pos], v, dim);
        else
            net->kernels->axpy(out, p[pos], v, dim);
    }
}

static void attend_tile(const attention_task *t, const eb_rows *tile, int head, int thread)
{
    const eb_net *net = t->net;
    const eb_hparams *hp = &net->model->hp;
    const eb_state *s = net->state;
    const int kv_head = head / (hp->heads / hp->kv_heads);
    const size_t q_width = (size_t)hp->heads * (size_t)hp->dim_k, k_width = (size_t)hp->kv_heads * (size_t)hp->dim_k,
                 v_width = (size_t)hp->kv_heads * (size_t)hp->dim_v, out_width = (size_t)hp->heads * (size_t)hp->dim_v;
    const float *q = s->q + (size_t)tile->first * q_width + (size_t)head * (size_t)hp->dim_k; // [tile][dim_k]
    const uint8_t *keys = cache_at(s, s->k, t->layer, tile->seq, 0, k_width) +
                          (size_t)kv_head * (size_t)hp->dim_k * s->kv_elem; // [n_pos][dim_k]
    const uint8_t *values = cache_at(s, s->v, t->layer, tile->seq, 0, v_width) +
                            (size_t)kv_head * (size_t)hp->dim_v * s->kv_elem; // [n_pos][dim_v]
    const size_t ctx = (size_t)s->max_ctx;
    float *scores = s->scores + (size_t)thread * EB_ATTENTION_TILE * ctx; // [tile][n_pos], rows max_ctx apart
    const int n_pos = s->batch.pos[tile->first] + tile->n;                // positions that the last row sees
    // The cache is a matrix of positions: scores = K q, for all rows of the tile at once.
    net->kernels->matmul(s->kv == EB_KV_F16 ? EB_W_F16 : EB_W_F32, keys, k_width * s->kv_elem, hp->dim_k, 0, n_pos, q,
                         q_width, tile->n, scores, ctx, s->scratch + (size_t)thread * s->scratch_bytes);
    for (int i = 0; i < tile->n; i++) {
        float *p = scores + (size_t)i * ctx; // [seen]
        const int seen = n_pos - tile->n + i + 1;
        net->kernels->softmax(p, seen);
        float *out = s->att + (size_t)(tile->first + i) * out_width + (size_t)head * (size_t)hp->dim_v; // [dim_v]
        weigh_values(net, out, p, values, v_width * s->kv_elem, seen);
    }
}

static void attend(void *arg, int64_t begin, int64_t end, int thread)
{
    const attention_task *t = arg;
    const eb_batch *b = &t->net->state->batch;
    const int heads = t->net->model->hp.heads;
    for (int64_t i = begin; i < end; i++)
        attend_tile(t, &b->tiles[b->n_tiles - 1 - i / heads], (int)(i % heads), thread); // the longest first
}

void eb_attention(const eb_net *net, int layer)
{
    attention_task task = { .net = net, .w = &net->model->layer[layer], .layer = layer };
    const eb_batch *b = &net->state->batch;
    eb_trace_op(net, EB_OP_ROPE, layer);
    eb_pool_for(net->pool, b->n, ROW_GRAIN, turn_and_store, &task);
    eb_trace_op(net, EB_OP_ATTENTION, layer);
    eb_pool_for(net->pool, (int64_t)b->n_tiles * net->model->hp.heads, 1, attend, &task);
}
