// SPDX-License-Identifier: Apache-2.0
// Attention with a cache: the batch's q and k are normed and turned and its k and v stored; then each tile of rows
// attends, with the heads that share keys, to the positions up to its own. The kernel does that for a span of
// positions; spans are merged in order. In a prefill a tile's spans are one piece of work; where each sequence has one
// token (decode) every span is a piece, so that a long context is shared over the threads. Either way a row's result is
// the same sum of the same spans.
#include "workloads/engine/native/forward.h"

#include <math.h>
#include <string.h>

enum { ROW_GRAIN = 8, MERGE_GRAIN = 16 };

typedef struct attention_task {
    const eb_net *net;
    const eb_layer *w;
    int layer, spans; // spans of the longest context, when they are worked on one by one
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

// Where the keys, or the values, of a sequence's head begin in a layer: `dim` elements per position.
static uint8_t *cache_at(const eb_net *net, uint8_t *cache, int layer, int seq, int kv_head, size_t dim)
{
    const eb_state *s = net->state;
    size_t list = (size_t)layer * (size_t)s->max_batch + (size_t)seq;
    list = list * (size_t)net->model->hp.kv_heads + (size_t)kv_head;
    return cache + list * (size_t)s->slots * dim * s->kv_elem;
}

static void store(const eb_net *net, uint8_t *to, const float *from, size_t n)
{
    if (net->state->kv == EB_KV_F16)
        net->kernels->to_f16((uint16_t *)(void *)to, from, (int64_t)n);
    else
        memcpy(to, from, n * sizeof *from);
}

// n elements to every EB_KEY_GROUP-th place.
static void spread(uint8_t *to, const uint8_t *from, int n, size_t elem)
{
    if (elem == sizeof(uint16_t))
        for (int d = 0; d < n; d++, to += EB_KEY_GROUP * sizeof(uint16_t))
            memcpy(to, from + (size_t)d * sizeof(uint16_t), sizeof(uint16_t));
    else
        for (int d = 0; d < n; d++, to += EB_KEY_GROUP * sizeof(float))
            memcpy(to, from + (size_t)d * sizeof(float), sizeof(float));
}

// One position's key (see kernels.h).
static void store_key(const eb_net *net, uint8_t *keys, const float *k, int pos)
{
    enum { STEP = 64 };
    const eb_state *s = net->state;
    const int dim = net->model->hp.dim_k;
    uint8_t row[STEP * sizeof(float)];
    uint8_t *to = keys + ((size_t)(pos / EB_KEY_GROUP) * (size_t)dim * EB_KEY_GROUP + pos % EB_KEY_GROUP) * s->kv_elem;
    for (int from = 0; from < dim; from += STEP) {
        const int n = dim - from < STEP ? dim - from : STEP;
        store(net, row, k + from, (size_t)n);
        spread(to, row, n, s->kv_elem);
        to += (size_t)n * EB_KEY_GROUP * s->kv_elem;
    }
}

static void store_row(const eb_net *net, int layer, int64_t i)
{
    const eb_hparams *hp = &net->model->hp;
    const eb_state *s = net->state;
    const int seq = s->batch.seq[i], pos = s->batch.pos[i];
    const size_t dim_k = (size_t)hp->dim_k, dim_v = (size_t)hp->dim_v;
    for (int h = 0; h < hp->kv_heads; h++) {
        const size_t row = (size_t)i * (size_t)hp->kv_heads + (size_t)h;
        uint8_t *values = cache_at(net, s->v, layer, seq, h, (size_t)s->dim_v);
        store_key(net, cache_at(net, s->k, layer, seq, h, dim_k), s->k_new + row * dim_k, pos);
        store(net, values + (size_t)pos * (size_t)s->dim_v * s->kv_elem, s->v_new + row * dim_v, dim_v);
    }
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
    const size_t q_width = (size_t)hp->heads * (size_t)hp->dim_k, k_width = (size_t)hp->kv_heads * (size_t)hp->dim_k;
    const float scale = (float)(1 / sqrt((double)hp->dim_k));
    (void)thread;
    for (int64_t i = begin; i < end; i++) {
        float *q = s->q + (size_t)i * q_width;                                            // [heads][dim_k]
        float *k = s->k_new + (size_t)i * k_width;                                        // [kv_heads][dim_k]
        const float *cos = s->cos + i * (hp->rot / 2), *sin = s->sin + i * (hp->rot / 2); // [rot / 2]
        norm_heads(net, q, t->w->q_norm, hp->heads, hp->dim_k);
        norm_heads(net, k, t->w->k_norm, hp->kv_heads, hp->dim_k);
        net->kernels->rope(q, hp->heads, hp->dim_k, hp->rot, cos, sin, neox);
        net->kernels->rope(k, hp->kv_heads, hp->dim_k, hp->rot, cos, sin, neox);
        net->kernels->scale(q, q, scale, (int64_t)q_width); // so that the scores need none
        store_row(net, t->layer, i);
    }
}

// The work of a tile of rows with the heads of one kv_head.
static eb_attend attend_job(const attention_task *t, const eb_rows *tile, int kv_head)
{
    const eb_net *net = t->net;
    const eb_hparams *hp = &net->model->hp;
    const eb_state *s = net->state;
    const int heads = hp->heads / hp->kv_heads;
    const size_t q_width = (size_t)hp->heads * (size_t)hp->dim_k;
    return (eb_attend){ .tokens = tile->n,
                        .heads = heads,
                        .q = s->q + (size_t)tile->first * q_width + (size_t)(kv_head * heads) * (size_t)hp->dim_k,
                        .ldq = q_width,
                        .seen = s->batch.pos[tile->first] + 1,
                        .keys = cache_at(net, s->k, t->layer, tile->seq, kv_head, (size_t)hp->dim_k),
                        .values = cache_at(net, s->v, t->layer, tile->seq, kv_head, (size_t)s->dim_v),
                        .half = s->kv == EB_KV_F16,
                        .dim_k = hp->dim_k,
                        .dim_v = s->dim_v };
}

// Results go to those of `to` that begin with query `first`.
static void put_results(eb_attend *a, const eb_attended *to, size_t first)
{
    a->max = to->max + first;
    a->sum = to->sum + first;
    a->out = to->out + first * (size_t)a->dim_v;
}

// Query i of `to` is joined by query j of `from`, a later span.
static void merge(const eb_kernels *kernels, const eb_attended *to, size_t i, const eb_attended *from, size_t j,
                  int dim)
{
    if (!(from->sum[j] > 0)) // it saw nothing there
        return;
    const float most = from->max[j] > to->max[i] ? from->max[j] : to->max[i];
    const float keep = expf(to->max[i] - most), add = expf(from->max[j] - most);
    float *out = to->out + i * (size_t)dim;
    kernels->scale(out, out, keep, dim);
    kernels->axpy(out, add, from->out + j * (size_t)dim, dim);
    to->sum[i] = to->sum[i] * keep + from->sum[j] * add;
    to->max[i] = most;
}

// att, at (row, head) = the weighted values of query i.
static void finish(const eb_net *net, int row, int head, const eb_attended *a, size_t i)
{
    const eb_hparams *hp = &net->model->hp;
    float *att = net->state->att + ((size_t)row * (size_t)hp->heads + (size_t)head) * (size_t)hp->dim_v; // [dim_v]
    net->kernels->scale(att, a->out + i * (size_t)net->state->dim_v, 1 / a->sum[i], hp->dim_v);
}

// ---- a tile, span after span ------------------------------------------------------------------------

static void attend_tile(const attention_task *t, const eb_rows *tile, int kv_head, int thread)
{
    const eb_net *net = t->net;
    const eb_state *s = net->state;
    eb_attend a = attend_job(t, tile, kv_head);
    const int64_t n_pos = a.seen + tile->n - 1; // positions that the last row sees
    const int queries = tile->n * a.heads;
    const size_t total = (size_t)thread * 2 * (size_t)s->tile_queries, span = total + (size_t)s->tile_queries;
    for (int64_t from = 0; from < n_pos; from += EB_ATTENTION_SPAN) {
        put_results(&a, &s->tile, from == 0 ? total : span);
        net->kernels->attend(&a, from, from + EB_ATTENTION_SPAN < n_pos ? from + EB_ATTENTION_SPAN : n_pos);
        for (int i = 0; from > 0 && i < queries; i++)
            merge(net->kernels, &s->tile, total + (size_t)i, &s->tile, span + (size_t)i, a.dim_v);
    }
    for (int i = 0; i < queries; i++)
        finish(net, tile->first + i / a.heads, kv_head * a.heads + i % a.heads, &s->tile, total + (size_t)i);
}

static void attend_tiles(void *arg, int64_t begin, int64_t end, int thread)
{
    const attention_task *t = arg;
    const eb_batch *b = &t->net->state->batch;
    const int kv_heads = t->net->model->hp.kv_heads;
    for (int64_t i = begin; i < end; i++)
        attend_tile(t, &b->tiles[b->n_tiles - 1 - i / kv_heads], (int)(i % kv_heads), thread); // the longest first
}

// ---- one token per sequence, span beside span -------------------------------------------------------

// Spans that the tile's last row sees.
static int spans_of(const eb_state *s, const eb_rows *tile)
{
    return (s->batch.pos[tile->first] + tile->n + EB_ATTENTION_SPAN - 1) / EB_ATTENTION_SPAN;
}

static int most_spans(const eb_state *s)
{
    int most = 0;
    for (int i = 0; i < s->batch.n_tiles; i++)
        most = spans_of(s, &s->batch.tiles[i]) > most ? spans_of(s, &s->batch.tiles[i]) : most;
    return most;
}

// Where the results of (tile, kv_head, span) begin.
static size_t span_slot(const attention_task *t, int64_t tile, int kv_head, int span)
{
    const eb_hparams *hp = &t->net->model->hp;
    return ((size_t)(tile * hp->kv_heads + kv_head) * (size_t)t->spans + (size_t)span) *
           (size_t)(hp->heads / hp->kv_heads);
}

static void attend_spans(void *arg, int64_t begin, int64_t end, int thread)
{
    const attention_task *t = arg;
    const eb_state *s = t->net->state;
    const int kv_heads = t->net->model->hp.kv_heads;
    (void)thread;
    for (int64_t i = begin; i < end; i++) {
        const int64_t tile = i / t->spans / kv_heads, from = i % t->spans * EB_ATTENTION_SPAN;
        const int kv_head = (int)(i / t->spans % kv_heads);
        eb_attend a = attend_job(t, &s->batch.tiles[tile], kv_head);
        put_results(&a, &s->spans, span_slot(t, tile, kv_head, (int)(i % t->spans)));
        if (from < a.seen)
            t->net->kernels->attend(&a, from, from + EB_ATTENTION_SPAN < a.seen ? from + EB_ATTENTION_SPAN : a.seen);
    }
}

static void merge_spans(void *arg, int64_t begin, int64_t end, int thread)
{
    const attention_task *t = arg;
    const eb_state *s = t->net->state;
    const eb_hparams *hp = &t->net->model->hp;
    const int heads = hp->heads / hp->kv_heads;
    (void)thread;
    for (int64_t i = begin; i < end; i++) { // (tile, head)
        const eb_rows *tile = &s->batch.tiles[i / hp->heads];
        const int head = (int)(i % hp->heads), spans = spans_of(s, tile);
        const size_t first = span_slot(t, i / hp->heads, head / heads, 0) + (size_t)(head % heads);
        for (int span = 1; span < spans; span++)
            merge(t->net->kernels, &s->spans, first, &s->spans, first + (size_t)(span * heads), s->dim_v);
        finish(t->net, tile->first, head, &s->spans, first);
    }
}

void eb_attention(const eb_net *net, int layer)
{
    attention_task task = { .net = net, .w = &net->model->layer[layer], .layer = layer };
    const eb_batch *b = &net->state->batch;
    const eb_hparams *hp = &net->model->hp;
    eb_trace_op(net, EB_OP_ROPE, layer);
    eb_pool_for(net->pool, b->n, ROW_GRAIN, turn_and_store, &task);
    eb_trace_op(net, EB_OP_ATTENTION, layer);
    task.spans = b->n == b->n_runs ? most_spans(net->state) : 1;
    if (task.spans == 1) {
        eb_pool_for(net->pool, (int64_t)b->n_tiles * hp->kv_heads, 1, attend_tiles, &task);
        return;
    }
    eb_pool_for(net->pool, (int64_t)b->n_tiles * hp->kv_heads * task.spans, 1, attend_spans, &task);
    eb_pool_for(net->pool, (int64_t)b->n_tiles * hp->heads, MERGE_GRAIN, merge_spans, &task);
}
