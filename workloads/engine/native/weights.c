// SPDX-License-Identifier: Apache-2.0
// The tensors of a shape and their values. Each row has a generator of its own, seeded by (seed,
// tensor name, row), so that values depend neither on the type asked for nor on the threads. The
// normal numbers are sums of four uniform whole ones: the same bits on every machine.
#include <math.h>
#include <stdio.h>
#include <string.h>
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>
#include "harness/base/mem.h"
#include "workloads/engine/native/hparams.h"
#include "workloads/engine/native/make_impl.h"

typedef struct builder {
    const eb_shape *shape;
    const eb_recipe *recipe;
    eb_made_list *list;
    int layer; // -1: outside the layers
} builder;

// ne1 = 0: one dimension; ne2 = 0: two.
static void add(builder *b, const char *suffix, eb_fill fill, int64_t ne0, int64_t ne1, int64_t ne2)
{
    EB_GROW(b->list->items, b->list->n, b->list->cap);
    eb_made_tensor *t = &b->list->items[b->list->n++];
    memset(t, 0, sizeof *t);
    if (b->layer < 0)
        snprintf(t->name, sizeof t->name, "%s", suffix);
    else
        snprintf(t->name, sizeof t->name, "blk.%d.%s", b->layer, suffix);
    t->n_dims = 1 + (ne1 > 0) + (ne2 > 0);
    t->ne[0] = ne0;
    t->ne[1] = ne1 ? ne1 : 1;
    t->ne[2] = ne2 ? ne2 : 1;
    t->ne[3] = 1;
    t->fill = fill;
    t->type = eb_recipe_type(b->recipe, &b->shape->hp, b->shape->tied, t->name, ne0, t->n_dims);
}

static void mat(builder *b, const char *suffix, int64_t in, int64_t out)
{
    add(b, suffix, EB_FILL_MATRIX, in, out, 0);
}

static void add_attention(builder *b)
{
    const eb_hparams *hp = &b->shape->hp;
    const eb_arch_info *info = &eb_arch_table[hp->arch];
    int64_t q = (int64_t)hp->heads * hp->dim_k, k = (int64_t)hp->kv_heads * hp->dim_k,
            v = (int64_t)hp->kv_heads * hp->dim_v;
    mat(b, "attn_q.weight", hp->embd, q);
    mat(b, "attn_k.weight", hp->embd, k);
    mat(b, "attn_v.weight", hp->embd, v);
    mat(b, "attn_output.weight", (int64_t)hp->heads * hp->dim_v, hp->embd);
    if (info->qkv_bias) {
        add(b, "attn_q.bias", EB_FILL_BIAS, q, 0, 0);
        add(b, "attn_k.bias", EB_FILL_BIAS, k, 0, 0);
        add(b, "attn_v.bias", EB_FILL_BIAS, v, 0, 0);
    }
    if (info->head_norm || info->row_norm) {
        add(b, "attn_q_norm.weight", EB_FILL_NORM, info->head_norm ? hp->dim_k : q, 0, 0);
        add(b, "attn_k_norm.weight", EB_FILL_NORM, info->head_norm ? hp->dim_k : k, 0, 0);
    }
}

static void add_ffn(builder *b)
{
    const eb_hparams *hp = &b->shape->hp;
    add(b, "ffn_norm.weight", EB_FILL_NORM, hp->embd, 0, 0);
    if (!eb_hparams_moe(hp)) {
        mat(b, "ffn_gate.weight", hp->embd, hp->ffn);
        mat(b, "ffn_up.weight", hp->embd, hp->ffn);
        mat(b, "ffn_down.weight", hp->ffn, hp->embd);
        return;
    }
    mat(b, "ffn_gate_inp.weight", hp->embd, hp->experts);
    add(b, "ffn_gate_exps.weight", EB_FILL_MATRIX, hp->embd, hp->expert_ffn, hp->experts);
    add(b, "ffn_up_exps.weight", EB_FILL_MATRIX, hp->embd, hp->expert_ffn, hp->experts);
    add(b, "ffn_down_exps.weight", EB_FILL_MATRIX, hp->expert_ffn, hp->embd, hp->experts);
    if (!eb_arch_table[hp->arch].shared_expert)
        return;
    add(b, "ffn_gate_inp_shexp.weight", EB_FILL_MATRIX, hp->embd, 0, 0);
    mat(b, "ffn_gate_shexp.weight", hp->embd, hp->shared_ffn);
    mat(b, "ffn_up_shexp.weight", hp->embd, hp->shared_ffn);
    mat(b, "ffn_down_shexp.weight", hp->shared_ffn, hp->embd);
}

static void add_mamba(builder *b)
{
    const eb_hparams *hp = &b->shape->hp;
    int64_t inner = hp->d_inner;
    mat(b, "ssm_in.weight", hp->embd, 2 * inner);
    mat(b, "ssm_conv1d.weight", hp->d_conv, inner);
    add(b, "ssm_conv1d.bias", EB_FILL_BIAS, inner, 0, 0);
    mat(b, "ssm_x.weight", inner, hp->dt_rank + 2 * hp->d_state);
    mat(b, "ssm_dt.weight", hp->dt_rank, inner);
    add(b, "ssm_dt.bias", EB_FILL_DT_BIAS, inner, 0, 0);
    add(b, "ssm_a", EB_FILL_A_STATES, hp->d_state, inner, 0);
    add(b, "ssm_d", EB_FILL_ONE, inner, 0, 0);
    mat(b, "ssm_out.weight", inner, hp->embd);
}

static void add_mamba2(builder *b)
{
    const eb_hparams *hp = &b->shape->hp;
    int64_t inner = hp->d_inner, bc = 2 * (int64_t)hp->groups * hp->d_state, heads = hp->dt_rank;
    mat(b, "ssm_in.weight", hp->embd, 2 * inner + bc + heads);
    mat(b, "ssm_conv1d.weight", hp->d_conv, inner + bc);
    add(b, "ssm_conv1d.bias", EB_FILL_BIAS, inner + bc, 0, 0);
    add(b, "ssm_dt.bias", EB_FILL_DT_BIAS, heads, 0, 0);
    add(b, "ssm_a", EB_FILL_A_HEADS, 1, heads, 0);
    add(b, "ssm_d", EB_FILL_ONE, 1, heads, 0);
    add(b, "ssm_norm.weight", EB_FILL_NORM, inner / hp->groups, hp->groups, 0);
    mat(b, "ssm_out.weight", inner, hp->embd);
}

void eb_made_tensors(const eb_shape *shape, const eb_recipe *recipe, eb_made_list *list)
{
    const eb_hparams *hp = &shape->hp;
    const eb_arch_info *info = &eb_arch_table[hp->arch];
    builder b = { shape, recipe, list, -1 };
    mat(&b, "token_embd.weight", hp->embd, hp->vocab);
    add(&b, "output_norm.weight", EB_FILL_NORM, hp->embd, 0, 0);
    if (!shape->tied)
        mat(&b, "output.weight", hp->embd, hp->vocab);
    if (shape->rope_factor > 0)
        add(&b, "rope_freqs.weight", EB_FILL_ROPE, hp->rot / 2, 0, 0);
    for (b.layer = 0; b.layer < hp->layers; b.layer++) {
        add(&b, "attn_norm.weight", EB_FILL_NORM, hp->embd, 0, 0);
        if (info->ssm2) {
            add_mamba2(&b);
        } else if (info->ssm) {
            add_mamba(&b);
        } else {
            add_attention(&b);
            add_ffn(&b);
        }
    }
}

// splitmix64 as a function of a counter.
static inline uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static const uint64_t golden = 0x9e3779b97f4a7c15u;

// Four 16-bit uniform numbers have a sum of mean 131070 and deviation 65536/sqrt(3); tails end at 3.46.
static void normals(float *dst, int64_t n, uint64_t key, float mean, float deviation)
{
    const float unit = (float)(1.7320508075688772 / 65536.0), scale = deviation * unit;
    for (int64_t i = 0; i < n; i++) {
        uint64_t z = mix(key + (uint64_t)(i + 1) * golden);
        int32_t sum = (int32_t)((z & 0xffff) + ((z >> 16) & 0xffff) + ((z >> 32) & 0xffff) + (z >> 48));
        // The product is exact in a double, so that a fused multiply-add gives the same.
        dst[i] = (float)((double)mean + (double)scale * (double)(sum - 131070));
    }
}

static double uniform(uint64_t key, int64_t i)
{
    return (double)(mix(key + (uint64_t)(i + 1) * golden) >> 11) * 0x1p-53;
}

// Llama 3's published rule: long waves are stretched by the factor, short ones kept, those between blended.
static float rope_divisor(const eb_shape *shape, int64_t i)
{
    const double low = 1, high = 4, trained = 8192;
    double frequency = pow((double)shape->hp.rope_base, -2.0 * (double)i / shape->hp.rot);
    double turns = trained * frequency / (2 * M_PI);
    if (turns < low)
        return shape->rope_factor;
    if (turns > high)
        return 1;
    double smooth = (turns - low) / (high - low);
    return (float)(1 / ((1 - smooth) / (double)shape->rope_factor + smooth));
}

static float special(const eb_shape *shape, eb_fill fill, uint64_t key, int64_t i)
{
    double dt;
    switch (fill) {
    case EB_FILL_A_STATES:
        return -(float)(i + 1);
    case EB_FILL_A_HEADS:
        return -(float)(1 + 15 * uniform(key, i));
    case EB_FILL_DT_BIAS:
        dt = 0.001 * pow(100, uniform(key, i));
        return (float)(dt + log(-expm1(-dt))); // inverse of softplus
    case EB_FILL_ROPE:
        return rope_divisor(shape, i);
    default:
        return 1;
    }
}

void eb_made_row(const eb_shape *shape, const eb_made_tensor *t, uint64_t seed, int64_t row, float *dst)
{
    uint64_t key = mix(XXH3_64bits_withSeed(t->name, strlen(t->name), seed) + (uint64_t)row * golden);
    int64_t n = t->ne[0];
    if (t->fill == EB_FILL_MATRIX) {
        normals(dst, n, key, 0, 1 / sqrtf((float)n));
    } else if (t->fill == EB_FILL_NORM) {
        normals(dst, n, key, 1, 0.02f);
    } else if (t->fill == EB_FILL_BIAS) {
        normals(dst, n, key, 0, 0.02f);
    } else {
        for (int64_t i = 0; i < n; i++)
            dst[i] = special(shape, t->fill, key, i);
    }
}
