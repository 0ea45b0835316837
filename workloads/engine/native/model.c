// SPDX-License-Identifier: Apache-2.0
// A GGUF file becomes a model: each tensor of the architecture is there, with the shape that the
// keys say, and there is none besides, since a tensor that is not used is a result that is not right.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "harness/base/mem.h"
#include "harness/base/utf8.h"
#include "workloads/engine/native/hparams.h"

typedef struct loader {
    eb_model *m;
    eb_gguf *g;
    eb_err *err;
    bool *used; // by tensor number
    int layer;  // -1: outside the layers
    int cap_owned, cap_vectors;
} loader;

static const char *tensor_name(const loader *l, const char *suffix, char buf[EB_GGUF_MAX_NAME])
{
    if (l->layer < 0)
        snprintf(buf, EB_GGUF_MAX_NAME, "%s", suffix);
    else
        snprintf(buf, EB_GGUF_MAX_NAME, "blk.%d.%s", l->layer, suffix);
    return buf;
}

static const eb_gguf_tensor *lookup(loader *l, const char *suffix)
{
    char name[EB_GGUF_MAX_NAME];
    return eb_gguf_tensor_find(l->g, tensor_name(l, suffix, name));
}

static bool missing(loader *l, const char *suffix)
{
    char name[EB_GGUF_MAX_NAME];
    eb_err_at(l->err, EB_USAGE, l->g->path, 0, 0, "tensor '%s' is missing", tensor_name(l, suffix, name));
    return eb_err_hint(l->err, "a %s model needs it; the file is incomplete, or keeps it under another name",
                       l->m->info->name);
}

static bool check_shape(loader *l, const eb_gguf_tensor *t, const int64_t want[3])
{
    if (t->ne[0] == want[0] && t->ne[1] == want[1] && t->ne[2] == want[2] && t->ne[3] == 1)
        return true;
    eb_err_at(l->err, EB_USAGE, l->g->path, 0, 0,
              "tensor '%s' has the shape [%lld, %lld, %lld, %lld], its model wants [%lld, %lld, %lld, 1]", t->name,
              (long long)t->ne[0], (long long)t->ne[1], (long long)t->ne[2], (long long)t->ne[3], (long long)want[0],
              (long long)want[1], (long long)want[2]);
    return eb_err_hint(l->err, "the file contradicts its own keys; get or make it again");
}

static bool take(loader *l, const char *suffix, bool required, const int64_t want[3], const eb_gguf_tensor **out)
{
    *out = lookup(l, suffix);
    if (!*out)
        return !required || missing(l, suffix);
    l->used[*out - l->g->tensors] = true;
    return check_shape(l, *out, want);
}

// `experts` = 0: a plain matrix.
static bool mats(loader *l, const char *suffix, bool required, int64_t in, int64_t out, int64_t experts, eb_mat *mat)
{
    const eb_gguf_tensor *t;
    const int64_t want[3] = { in, out, experts ? experts : 1 };
    if (!take(l, suffix, required, want, &t))
        return false;
    if (!t)
        return true;
    mat->data = t->data;
    mat->type = t->type;
    mat->in = in;
    mat->out = out;
    mat->experts = want[2];
    mat->row_bytes = eb_row_bytes(t->type, in);
    mat->expert_bytes = mat->row_bytes * (size_t)out;
    return true;
}

static bool mat(loader *l, const char *suffix, int64_t in, int64_t out, eb_mat *to)
{
    return mats(l, suffix, true, in, out, 0, to);
}

static float *widen(const eb_gguf_tensor *t, int64_t n, eb_err *err)
{
    const uint16_t *half = t->data;
    float *copy = eb_try_alloc((size_t)n, sizeof *copy, t->name, err);
    if (!copy)
        return NULL;
    for (int64_t i = 0; i < n; i++)
        copy[i] = t->type == EB_W_F16 ? eb_f16_to_f32(half[i]) : eb_bf16_to_f32(half[i]);
    return copy;
}

// A vector (or small table) that the engine adds or multiplies in f32.
static bool vec2(loader *l, const char *suffix, bool required, int64_t n0, int64_t n1, const float **out)
{
    const eb_gguf_tensor *t;
    const int64_t want[3] = { n0, n1, 1 };
    if (!take(l, suffix, required, want, &t))
        return false;
    if (!t)
        return true;
    if (t->type == EB_W_F32) {
        *out = t->data;
        EB_GROW(l->m->vectors, l->m->n_vectors, l->cap_vectors);
        l->m->vectors[l->m->n_vectors++] = (eb_file_vector){ out, n0 * n1 };
        return true;
    }
    if (t->type != EB_W_F16 && t->type != EB_W_BF16) {
        eb_err_at(l->err, EB_USAGE, l->g->path, 0, 0,
                  "tensor '%s' is of type %s; norms, biases and state parameters are f32, f16 or bf16", t->name,
                  eb_wtypes[t->type].name);
        return eb_err_hint(l->err, "convert the model again with a current converter");
    }
    float *copy = widen(t, n0 * n1, l->err);
    if (!copy)
        return false;
    EB_GROW(l->m->owned, l->m->n_owned, l->cap_owned);
    l->m->owned[l->m->n_owned++] = copy;
    *out = copy;
    return true;
}

static bool vec(loader *l, const char *suffix, int64_t n, const float **out)
{
    return vec2(l, suffix, true, n, 1, out);
}

static bool load_qkv(loader *l, eb_layer *y)
{
    const eb_hparams *hp = &l->m->hp;
    const eb_arch_info *info = l->m->info;
    int64_t q = (int64_t)hp->heads * hp->dim_k, k = (int64_t)hp->kv_heads * hp->dim_k,
            v = (int64_t)hp->kv_heads * hp->dim_v;
    bool need_bias = info->qkv_bias;
    if (!mat(l, "attn_q.weight", hp->embd, q, &y->wq) || !mat(l, "attn_k.weight", hp->embd, k, &y->wk) ||
        !mat(l, "attn_v.weight", hp->embd, v, &y->wv) ||
        !mat(l, "attn_output.weight", (int64_t)hp->heads * hp->dim_v, hp->embd, &y->wo))
        return false;
    if (!vec2(l, "attn_q.bias", need_bias, q, 1, &y->bq) || !vec2(l, "attn_k.bias", need_bias, k, 1, &y->bk) ||
        !vec2(l, "attn_v.bias", need_bias, v, 1, &y->bv))
        return false;
    if (hp->arch == EB_ARCH_LLAMA && !vec2(l, "attn_output.bias", false, hp->embd, 1, &y->bo))
        return false;
    if (info->head_norm)
        return vec(l, "attn_q_norm.weight", hp->dim_k, &y->q_norm) &&
               vec(l, "attn_k_norm.weight", hp->dim_k, &y->k_norm);
    if (info->row_norm)
        return vec(l, "attn_q_norm.weight", q, &y->q_norm) && vec(l, "attn_k_norm.weight", k, &y->k_norm);
    return true;
}

static bool load_moe(loader *l, eb_layer *y)
{
    const eb_hparams *hp = &l->m->hp;
    int64_t embd = hp->embd, ffn = hp->expert_ffn, shared = hp->shared_ffn, n = hp->experts;
    if (!mat(l, "ffn_gate_inp.weight", embd, n, &y->router) ||
        !mats(l, "ffn_gate_exps.weight", true, embd, ffn, n, &y->gate_exps) ||
        !mats(l, "ffn_up_exps.weight", true, embd, ffn, n, &y->up_exps) ||
        !mats(l, "ffn_down_exps.weight", true, ffn, embd, n, &y->down_exps))
        return false;
    if (!l->m->info->shared_expert)
        return true;
    return vec(l, "ffn_gate_inp_shexp.weight", embd, &y->gate_inp_sh) &&
           mat(l, "ffn_gate_shexp.weight", embd, shared, &y->gate_sh) &&
           mat(l, "ffn_up_shexp.weight", embd, shared, &y->up_sh) &&
           mat(l, "ffn_down_shexp.weight", shared, embd, &y->down_sh);
}

static bool load_attention_layer(loader *l, eb_layer *y)
{
    const eb_hparams *hp = &l->m->hp;
    if (!load_qkv(l, y) || !vec(l, "ffn_norm.weight", hp->embd, &y->ffn_norm))
        return false;
    if (eb_hparams_moe(hp))
        return load_moe(l, y);
    return mat(l, "ffn_gate.weight", hp->embd, hp->ffn, &y->gate) &&
           mat(l, "ffn_up.weight", hp->embd, hp->ffn, &y->up) && mat(l, "ffn_down.weight", hp->ffn, hp->embd, &y->down);
}

static bool load_mamba_layer(loader *l, eb_layer *y)
{
    const eb_hparams *hp = &l->m->hp;
    int64_t inner = hp->d_inner, state = hp->d_state, rank = hp->dt_rank;
    return mat(l, "ssm_in.weight", hp->embd, 2 * inner, &y->ssm_in) &&
           vec2(l, "ssm_conv1d.weight", true, hp->d_conv, inner, &y->conv_w) &&
           vec(l, "ssm_conv1d.bias", inner, &y->conv_b) && mat(l, "ssm_x.weight", inner, rank + 2 * state, &y->ssm_x) &&
           mat(l, "ssm_dt.weight", rank, inner, &y->ssm_dt) && vec(l, "ssm_dt.bias", inner, &y->dt_b) &&
           vec2(l, "ssm_a", true, state, inner, &y->ssm_a) && vec(l, "ssm_d", inner, &y->ssm_d) &&
           mat(l, "ssm_out.weight", inner, hp->embd, &y->ssm_out);
}

static bool load_mamba2_layer(loader *l, eb_layer *y)
{
    const eb_hparams *hp = &l->m->hp;
    int64_t inner = hp->d_inner, bc = 2 * (int64_t)hp->groups * hp->d_state, heads = hp->dt_rank;
    return mat(l, "ssm_in.weight", hp->embd, 2 * inner + bc + heads, &y->ssm_in) &&
           vec2(l, "ssm_conv1d.weight", true, hp->d_conv, inner + bc, &y->conv_w) &&
           vec(l, "ssm_conv1d.bias", inner + bc, &y->conv_b) && vec(l, "ssm_dt.bias", heads, &y->dt_b) &&
           vec2(l, "ssm_a", true, 1, heads, &y->ssm_a) && vec2(l, "ssm_d", true, 1, heads, &y->ssm_d) &&
           vec2(l, "ssm_norm.weight", true, inner / hp->groups, hp->groups, &y->ssm_norm) &&
           mat(l, "ssm_out.weight", inner, hp->embd, &y->ssm_out);
}

static bool load_layer(loader *l, eb_layer *y)
{
    const eb_arch_info *info = l->m->info;
    if (!vec(l, "attn_norm.weight", l->m->hp.embd, &y->attn_norm))
        return false;
    if (info->ssm2)
        return load_mamba2_layer(l, y);
    return info->ssm ? load_mamba_layer(l, y) : load_attention_layer(l, y);
}

// The vocabulary is what the embedding has rows for; where the keys say it too, they must agree.
static bool check_vocab(loader *l)
{
    eb_hparams *hp = &l->m->hp;
    const eb_gguf_tensor *t = lookup(l, "token_embd.weight");
    const eb_gguf_kv *tokens = eb_gguf_find(l->g, "tokenizer.ggml.tokens");
    if (!t)
        return missing(l, "token_embd.weight");
    int64_t said = tokens && tokens->type == EB_GGUF_ARRAY ? (int64_t)tokens->n : hp->vocab;
    if (t->ne[1] > 1 << 24 || (said && said != t->ne[1])) {
        eb_err_at(l->err, EB_USAGE, l->g->path, 0, 0,
                  "tensor 'token_embd.weight' has %lld rows, the vocabulary %lld entries", (long long)t->ne[1],
                  (long long)said);
        return eb_err_hint(l->err, "the file contradicts its own keys; get or make it again");
    }
    hp->vocab = (int)t->ne[1];
    return true;
}

static bool load_all(loader *l)
{
    eb_model *m = l->m;
    const eb_hparams *hp = &m->hp;
    l->layer = -1;
    if (!check_vocab(l) || !mat(l, "token_embd.weight", hp->embd, hp->vocab, &m->tok_embd) ||
        !vec(l, "output_norm.weight", hp->embd, &m->output_norm) ||
        !mats(l, "output.weight", false, hp->embd, hp->vocab, 0, &m->output))
        return false;
    if (!m->output.data)
        m->output = m->tok_embd;
    if (hp->arch == EB_ARCH_LLAMA && !vec2(l, "rope_freqs.weight", false, hp->rot / 2, 1, &m->rope_freqs))
        return false;
    for (int i = 0; m->rope_freqs && i < hp->rot / 2; i++)
        if (!(m->rope_freqs[i] > 0)) {
            eb_err_at(l->err, EB_USAGE, l->g->path, 0, 0,
                      "tensor 'rope_freqs.weight' holds a divisor that is not positive");
            return eb_err_hint(l->err, "the file is damaged; get or make it again");
        }
    for (l->layer = 0; l->layer < hp->layers; l->layer++)
        if (!load_layer(l, &m->layer[l->layer]))
            return false;
    return true;
}

static bool refuse_unused(loader *l)
{
    for (size_t i = 0; i < l->g->n_tensors; i++) {
        char name[EB_GGUF_MAX_NAME];
        if (l->used[i])
            continue;
        snprintf(name, sizeof name, "%s", l->g->tensors[i].name);
        for (char *p = name; *p; p++)
            if (*p < 32 || *p > 126)
                *p = '?';
        eb_err_at(l->err, EB_USAGE, l->g->path, 0, 0, "tensor '%s' is no part of a %s model as this engine computes it",
                  name, l->m->info->name);
        return eb_err_hint(l->err, "leaving it out would compute something else, so the file is refused");
    }
    return true;
}

// general.file_type -> the recipe's name, where one number stands for a mix.
static const struct {
    uint32_t number;
    const char *name;
} file_types[] = {
    { 11, "q3_k_s" }, { 12, "q3_k_m" }, { 13, "q3_k_l" }, { 14, "q4_k_s" },
    { 15, "q4_k_m" }, { 16, "q5_k_s" }, { 17, "q5_k_m" },
};

static eb_wtype dominant_type(const eb_gguf *g)
{
    double weights[EB_W_LIMIT] = { 0 };
    eb_wtype best = EB_W_F32;
    for (size_t i = 0; i < g->n_tensors; i++) {
        const eb_gguf_tensor *t = &g->tensors[i];
        double n = (double)t->ne[0] * (double)t->ne[1] * (double)t->ne[2] * (double)t->ne[3];
        weights[t->type] += t->n_dims > 1 ? n : 0;
        if (weights[t->type] > weights[best])
            best = t->type;
    }
    return best;
}

static void name_type(eb_model *m)
{
    uint32_t number;
    eb_err ignored = { 0 };
    char own[sizeof m->type];
    snprintf(m->type, sizeof m->type, "%s", eb_wtypes[dominant_type(m->file)].name);
    if (eb_gguf_u32(m->file, "general.file_type", &number, &ignored))
        for (size_t i = 0; i < sizeof file_types / sizeof *file_types; i++)
            if (file_types[i].number == number)
                snprintf(m->type, sizeof m->type, "%s", file_types[i].name);
    if (!eb_gguf_str(m->file, "effbench.type", own, sizeof own) || !*own ||
        own[strspn(own, "abcdefghijklmnopqrstuvwxyz0123456789_")])
        return;
    memcpy(m->type, own, sizeof own);
}

static void name_model(eb_model *m)
{
    if (!eb_gguf_str(m->file, "general.name", m->name, sizeof m->name))
        snprintf(m->name, sizeof m->name, "%s", m->info->name);
    bool text = eb_utf8_check(m->name, strlen(m->name)) == strlen(m->name);
    for (char *p = m->name; *p; p++)
        if ((unsigned char)*p < 32 || (unsigned char)*p == 127 || (!text && (unsigned char)*p > 127))
            *p = '?';
    for (size_t i = 0; i < m->file->n_tensors; i++) {
        const int64_t *ne = m->file->tensors[i].ne;
        m->n_params += (uint64_t)(ne[0] * ne[1] * ne[2] * ne[3]);
    }
    name_type(m);
}

eb_model *eb_model_from_gguf(eb_gguf *file, eb_err *err)
{
    eb_model *m = eb_alloc(sizeof *m);
    m->file = file;
    loader l = { .m = m, .g = file, .err = err };
    bool ok = eb_hparams_read(file, &m->hp, err);
    if (ok) {
        m->info = &eb_arch_table[m->hp.arch];
        m->layer = eb_alloc((size_t)m->hp.layers * sizeof *m->layer);
        l.used = eb_alloc(file->n_tensors + 1);
        ok = load_all(&l) && refuse_unused(&l);
    }
    free(l.used);
    if (ok) {
        name_model(m);
        return m;
    }
    eb_model_close(m);
    return NULL;
}

eb_model *eb_model_open(const char *path, eb_err *err)
{
    eb_gguf *file = eb_gguf_open(path, err);
    return file ? eb_model_from_gguf(file, err) : NULL;
}

void eb_model_close(eb_model *m)
{
    if (!m)
        return;
    for (int i = 0; i < m->n_owned; i++)
        free(m->owned[i]);
    free(m->owned);
    free(m->vectors);
    free(m->layer);
    if (m->packed)
        munmap(m->packed, m->packed_bytes);
    eb_gguf_close(m->file);
    free(m);
}
