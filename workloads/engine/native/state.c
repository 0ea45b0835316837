// SPDX-License-Identifier: Apache-2.0
// One layout serves twice: without memory it adds sizes up, with memory it hands out the pieces.
#include "workloads/engine/native/state.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/mem.h"
#include "workloads/engine/native/repack.h"

enum { ALIGN = 64, DEFAULT_CHUNK_TOK = 512 };

typedef struct arena {
    uint8_t *base; // NULL: only add up
    size_t bytes;  // SIZE_MAX: more than there can be
} arena;

static size_t times(size_t a, size_t b)
{
    size_t product;
    return a == SIZE_MAX || b == SIZE_MAX || __builtin_mul_overflow(a, b, &product) ? SIZE_MAX : product;
}

static void *take(arena *a, size_t count, size_t size)
{
    size_t bytes = times(count, size), at = a->bytes;
    if (at == SIZE_MAX || bytes > SIZE_MAX / 2 - at) {
        a->bytes = SIZE_MAX;
        return NULL;
    }
    a->bytes = (at + bytes + ALIGN - 1) / ALIGN * ALIGN;
    return a->base ? a->base + at : NULL;
}

static float *floats(arena *a, size_t rows, int64_t width)
{
    return take(a, times(rows, (size_t)width), sizeof(float));
}

static int32_t *ints(arena *a, size_t rows, int64_t width)
{
    return take(a, times(rows, (size_t)width), sizeof(int32_t));
}

static int round_up(int n, int step)
{
    return (n + step - 1) / step * step;
}

size_t eb_ssm_ldh(const eb_hparams *hp)
{
    return (size_t)round_up(hp->d_inner / hp->dt_rank, EB_SCAN_LANES);
}

size_t eb_ssm_head(const eb_hparams *hp, int64_t i)
{
    return times((size_t)i, times((size_t)hp->d_state, hp->arch == EB_ARCH_MAMBA2 ? eb_ssm_ldh(hp) : 1));
}

// Floats of one sequence in one layer, the factors included.
static size_t ssm_row(const eb_hparams *hp)
{
    if (hp->arch == EB_ARCH_MAMBA2)
        return eb_ssm_head(hp, hp->dt_rank) + (size_t)round_up(hp->dt_rank, EB_SCAN_LANES);
    return eb_ssm_head(hp, round_up(hp->d_inner, EB_SCAN_LANES));
}

int64_t eb_ssm_channels(const eb_hparams *hp)
{
    return hp->d_inner + (hp->arch == EB_ARCH_MAMBA2 ? 2 * (int64_t)hp->groups * hp->d_state : 0);
}

static void lay_out_memory(eb_state *s, arena *a, const eb_model *m)
{
    const eb_hparams *hp = &m->hp;
    size_t seqs = times((size_t)hp->layers, (size_t)s->max_batch);
    if (m->info->ssm) {
        s->conv_row = times((size_t)eb_ssm_channels(hp), (size_t)hp->d_conv - 1);
        s->ssm_row = ssm_row(hp);
        s->conv = take(a, times(seqs, s->conv_row), sizeof *s->conv);
        s->ssm = take(a, times(seqs, s->ssm_row), sizeof *s->ssm);
        return;
    }
    s->slots = round_up(s->max_ctx, EB_ATTEND_BLOCK);
    s->dim_v = round_up(hp->dim_v, EB_VALUE_STEP);
    size_t slots = times(times(seqs, (size_t)hp->kv_heads), (size_t)s->slots);
    s->k = take(a, times(slots, (size_t)hp->dim_k), s->kv_elem);
    s->v = take(a, times(slots, (size_t)s->dim_v), s->kv_elem);
}

static void lay_out_attended(eb_attended *to, arena *a, size_t queries, int dim)
{
    to->max = floats(a, queries, 1);
    to->sum = floats(a, queries, 1);
    to->out = floats(a, queries, dim);
}

static void lay_out_attention(eb_state *s, arena *a, const eb_hparams *hp)
{
    size_t rows = (size_t)s->rows;
    s->q = floats(a, rows, (int64_t)hp->heads * hp->dim_k);
    s->k_new = floats(a, rows, (int64_t)hp->kv_heads * hp->dim_k);
    s->v_new = floats(a, rows, (int64_t)hp->kv_heads * hp->dim_v);
    s->att = floats(a, rows, (int64_t)hp->heads * hp->dim_v);
    s->freq = take(a, (size_t)hp->rot / 2, sizeof *s->freq);
    s->cos = floats(a, rows, hp->rot / 2);
    s->sin = floats(a, rows, hp->rot / 2);
    s->tile_queries = EB_ATTENTION_TILE * (hp->heads / hp->kv_heads);
    size_t spans = (size_t)(s->slots + EB_ATTENTION_SPAN - 1) / EB_ATTENTION_SPAN;
    lay_out_attended(&s->tile, a, times(times((size_t)s->threads, 2), (size_t)s->tile_queries), s->dim_v);
    lay_out_attended(&s->spans, a, times(times((size_t)s->max_batch, (size_t)hp->heads), spans), s->dim_v);
    int64_t ffn = hp->experts ? hp->shared_ffn : hp->ffn;
    s->hidden = floats(a, rows, ffn);
    s->hidden_up = floats(a, rows, ffn);
}

static void lay_out_moe(eb_moe_state *e, arena *a, const eb_hparams *hp, size_t rows)
{
    size_t slots = times(rows, (size_t)hp->experts_used);
    e->probs = floats(a, rows, hp->experts);
    e->expert = ints(a, slots, 1);
    e->weight = floats(a, slots, 1);
    e->slot = ints(a, slots, 1);
    e->start = ints(a, (size_t)hp->experts + 1, 1);
    e->token = ints(a, slots, 1);
    e->in = floats(a, slots, hp->embd);
    e->hidden = floats(a, slots, hp->expert_ffn);
    e->hidden_up = floats(a, slots, hp->expert_ffn);
    e->out = floats(a, slots, hp->embd);
    e->jobs = take(a, (size_t)hp->experts, sizeof *e->jobs);
}

static void lay_out_ssm(eb_ssm_state *y, arena *a, const eb_hparams *hp, size_t rows)
{
    bool ssm2 = hp->arch == EB_ARCH_MAMBA2;
    int64_t channels = eb_ssm_channels(hp);
    y->in = floats(a, rows, ssm2 ? hp->d_inner + channels + hp->dt_rank : 2 * (int64_t)hp->d_inner);
    y->conv = floats(a, rows, channels);
    y->dbc = ssm2 ? NULL : floats(a, rows, hp->dt_rank + 2 * (int64_t)hp->d_state);
    y->dt = ssm2 ? NULL : floats(a, rows, hp->d_inner);
    y->y = ssm2 ? floats(a, rows, hp->d_inner) : NULL;
}

static void lay_out_work(eb_state *s, arena *a, const eb_model *m)
{
    const eb_hparams *hp = &m->hp;
    size_t rows = (size_t)s->rows;
    eb_batch *b = &s->batch;
    b->token = ints(a, rows, 1);
    b->seq = ints(a, rows, 1);
    b->pos = ints(a, rows, 1);
    b->out = ints(a, rows, 1);
    b->runs = take(a, rows, sizeof *b->runs);
    b->tiles = take(a, rows, sizeof *b->tiles);
    s->x = floats(a, rows, hp->embd);
    s->xb = floats(a, rows, hp->embd);
    s->tmp = floats(a, rows, hp->embd);
    if (m->info->ssm) {
        lay_out_ssm(&s->ssm_act, a, hp, rows);
        s->taps = floats(a, times((size_t)hp->layers, (size_t)hp->d_conv), eb_ssm_channels(hp));
        s->rate = m->info->ssm2 ? NULL : floats(a, (size_t)hp->layers, (int64_t)ssm_row(hp));
    } else {
        lay_out_attention(s, a, hp);
    }
    if (hp->experts)
        lay_out_moe(&s->moe, a, hp, rows);
    s->logits = floats(a, (size_t)s->max_batch, hp->vocab);
    s->q8 = s->q8_bytes ? take(a, s->q8_bytes, 1) : NULL;
    s->prepared = s->prepared_bytes ? take(a, s->prepared_bytes, 1) : NULL;
    s->scratch = take(a, (size_t)s->threads, s->scratch_bytes);
}

enum { N_WIDTHS = 8 };

// Of all rows that kernels meet.
static void row_widths(const eb_hparams *hp, int64_t out[N_WIDTHS])
{
    const int64_t widths[N_WIDTHS] = {
        hp->embd,  hp->ffn,     hp->expert_ffn, hp->shared_ffn, (int64_t)hp->heads * hp->dim_v,
        hp->dim_k, hp->d_inner, hp->dt_rank
    };
    memcpy(out, widths, sizeof widths);
}

static size_t more_of(size_t a, size_t b)
{
    return a > b ? a : b;
}

// What the kernels need for the rows that they meet: a longer row does not always need more.
static size_t most_scratch(const eb_hparams *hp, const eb_kernels *kernels, int columns)
{
    int64_t widths[N_WIDTHS];
    size_t most = 0;
    row_widths(hp, widths);
    for (int i = 0; i < N_WIDTHS; i++) {
        if (widths[i] <= 0)
            continue;
        most = more_of(most, kernels->matmul_scratch(widths[i], columns));
        if (kernels->packed)
            most = more_of(most, kernels->packed->scratch(widths[i]));
        if (kernels->prompt)
            most = more_of(most, kernels->prompt->scratch());
    }
    return most;
}

// EB_REPACK_ROWS rows of any type that is packed: at most 34 bytes for 32 weights.
static size_t room_for_packing(const eb_hparams *hp)
{
    int64_t widths[N_WIDTHS], most = 0;
    row_widths(hp, widths);
    for (int i = 0; i < N_WIDTHS; i++)
        most = widths[i] > most ? widths[i] : most;
    return (size_t)(EB_REPACK_ROWS * most / 32 * 34 + ALIGN - 1) / ALIGN * ALIGN;
}

static size_t q8_column_bytes(int64_t n)
{
    return ((size_t)n / EB_Q8_CHUNK + 1) * sizeof(eb_q8);
}

// Room for the columns of every list of jobs: rows of all widths, and of experts as many rows as are chosen.
static size_t columns_bytes(const eb_hparams *hp, size_t rows, size_t (*column_bytes)(int64_t n))
{
    int64_t widths[N_WIDTHS];
    size_t dense = 0, experts = 0;
    row_widths(hp, widths);
    for (int i = 0; i < N_WIDTHS; i++)
        if (widths[i] > 0)
            dense = more_of(dense, column_bytes(widths[i]));
    if (hp->experts)
        experts =
            times(times(rows, (size_t)hp->experts_used), more_of(column_bytes(hp->embd), column_bytes(hp->expert_ffn)));
    return more_of(times(rows, dense), experts);
}

// Whether there are tensors that it takes, packed or not. (A shape alone has no file.)
static bool takes_some(const eb_prompt_ops *prompt, const eb_gguf *file)
{
    for (size_t i = 0; prompt && file && i < file->n_tensors; i++)
        if (prompt->takes(file->tensors[i].type))
            return true;
    return false;
}

int eb_state_chunk(const eb_engine_config *config)
{
    return config->chunk_tok ? config->chunk_tok : DEFAULT_CHUNK_TOK;
}

// A step has the tokens of a chunk at most, or one of each sequence, and never more than there is context for.
static int step_rows(const eb_engine_config *config)
{
    const int64_t chunk = eb_state_chunk(config), room = (int64_t)config->max_batch * config->max_ctx_tok;
    const int64_t rows = chunk < room ? chunk : room;
    return (int)(rows > config->max_batch ? rows : config->max_batch);
}

void eb_state_size(eb_state *s, const eb_model *m, const eb_kernels *kernels, const eb_engine_config *config)
{
    arena memory = { 0 }, work = { 0 };
    memset(s, 0, sizeof *s);
    s->threads = config->threads;
    s->max_batch = config->max_batch;
    s->max_ctx = config->max_ctx_tok;
    s->kv = config->kv;
    s->kv_elem = config->kv == EB_KV_F16 ? 2 : 4;
    s->rows = step_rows(config);
    int columns = s->rows < EB_MATMUL_MAX_M ? s->rows : EB_MATMUL_MAX_M;
    s->scratch_bytes = (most_scratch(&m->hp, kernels, columns) + ALIGN - 1) / ALIGN * ALIGN;
    s->room_bytes = eb_repack_bytes(m, kernels) ? room_for_packing(&m->hp) : 0;
    s->scratch_bytes += s->room_bytes;
    if (s->room_bytes)
        s->q8_bytes = columns_bytes(&m->hp, (size_t)s->rows, q8_column_bytes);
    if (takes_some(kernels->prompt, m->file))
        s->prepared_bytes = columns_bytes(&m->hp, (size_t)s->rows, kernels->prompt->column_bytes);
    lay_out_memory(s, &memory, m);
    lay_out_work(s, &work, m);
    s->memory_bytes = memory.bytes;
    s->work_bytes = work.bytes;
}

// The angle per position of each rotated pair, in double: at position 4096 an f32 angle is off by 2e-4.
static void fill_frequencies(eb_state *s, const eb_model *m)
{
    const eb_hparams *hp = &m->hp;
    for (int i = 0; i < hp->rot / 2; i++) {
        double divisor = m->rope_freqs ? m->rope_freqs[i] : 1;
        s->freq[i] = pow((double)hp->rope_base, -2.0 * i / hp->rot) / divisor / (double)hp->rope_scale;
    }
}

static void fill_taps(eb_state *s, const eb_model *m)
{
    const size_t channels = (size_t)eb_ssm_channels(&m->hp), taps = (size_t)m->hp.d_conv;
    float *to = s->taps;
    for (int layer = 0; layer < m->hp.layers; layer++)
        for (size_t k = 0; k < taps; k++)
            for (size_t i = 0; i < channels; i++)
                *to++ = m->layer[layer].conv_w[i * taps + k];
}

// Lanes beyond the last channel stay 0.
static void fill_rates(eb_state *s, const eb_model *m)
{
    const size_t n = (size_t)m->hp.d_state;
    for (int layer = 0; layer < m->hp.layers; layer++)
        for (size_t i = 0; i < (size_t)m->hp.d_inner; i++)
            for (size_t j = 0; j < n; j++)
                s->rate[(size_t)layer * s->ssm_row + (i / EB_SCAN_LANES * n + j) * EB_SCAN_LANES + i % EB_SCAN_LANES] =
                    (float)(M_LOG2E * (double)m->layer[layer].ssm_a[i * n + j]);
}

bool eb_state_alloc(eb_state *s, const eb_model *m, eb_err *err)
{
    s->memory = eb_try_alloc(s->memory_bytes, 1, m->info->ssm ? "the recurrent state" : "the KV cache", err);
    s->work = s->memory ? eb_try_alloc(s->work_bytes, 1, "the activations", err) : NULL;
    if (!s->work)
        return false;
    arena memory = { .base = s->memory }, work = { .base = s->work };
    lay_out_memory(s, &memory, m);
    lay_out_work(s, &work, m);
    assert(memory.bytes == s->memory_bytes && work.bytes == s->work_bytes);
    if (!m->info->ssm) {
        fill_frequencies(s, m);
        return true;
    }
    fill_taps(s, m);
    if (s->rate)
        fill_rates(s, m);
    for (int seq = 0; seq < s->max_batch; seq++)
        eb_state_forget(s, m, seq);
    return true;
}

void eb_state_deinit(eb_state *s)
{
    free(s->memory);
    free(s->work);
    memset(s, 0, sizeof *s);
}

void eb_state_forget(eb_state *s, const eb_model *m, int seq)
{
    if (!m->info->ssm)
        return;
    for (int layer = 0; layer < m->hp.layers; layer++) {
        size_t at = (size_t)layer * (size_t)s->max_batch + (size_t)seq;
        memset(s->conv + at * s->conv_row, 0, s->conv_row * sizeof *s->conv);
        memset(s->ssm + at * s->ssm_row, 0, s->ssm_row * sizeof *s->ssm);
        for (int head = 0; m->info->ssm2 && head < m->hp.dt_rank; head++)
            s->ssm[at * s->ssm_row + eb_ssm_head(&m->hp, m->hp.dt_rank) + (size_t)head] = 1; // the factors
    }
}

void eb_batch_clear(eb_batch *b)
{
    b->n = b->n_out = b->n_runs = b->n_tiles = 0;
    b->prompt = false;
}

void eb_batch_add(eb_batch *b, int seq, int pos, const int32_t *tokens, int n, int n_out)
{
    b->runs[b->n_runs++] = (eb_rows){ .seq = seq, .first = b->n, .n = n };
    for (int i = 0; i < n; i += EB_ATTENTION_TILE) {
        int len = n - i < EB_ATTENTION_TILE ? n - i : EB_ATTENTION_TILE;
        b->tiles[b->n_tiles++] = (eb_rows){ .seq = seq, .first = b->n + i, .n = len };
    }
    for (int i = 0; i < n; i++) {
        if (i >= n - n_out)
            b->out[b->n_out++] = b->n;
        b->token[b->n] = tokens[i];
        b->seq[b->n] = seq;
        b->pos[b->n++] = pos + i;
    }
}
