// SPDX-License-Identifier: Apache-2.0
// One table of keys serves reading and writing. What a file may say that would change the result
// and that this engine does not compute is in a second table, and refused.
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include "workloads/engine/native/hparams.h"

enum { ATTN = 1, SSM = 2, SSM2 = 4, MOE = 8, ALL = ATTN | SSM | SSM2 };

typedef struct key_row {
    const char *suffix;
    size_t offset;       // of an int or float in eb_hparams
    unsigned where;      // kinds of architecture that have it
    bool required, real; // real: a float
    double min, max;
} key_row;

#define AT(field) offsetof(eb_hparams, field)
// Limits are far above any published model and far below what could overflow.
static const key_row keys[] = {
    { "vocab_size", AT(vocab), ALL, false, false, 1, 1 << 24 },
    { "context_length", AT(ctx_train), ALL, true, false, 1, 1 << 30 },
    { "embedding_length", AT(embd), ALL, true, false, 1, 1 << 20 },
    { "block_count", AT(layers), ALL, true, false, 1, EB_MAX_LAYERS },
    { "attention.layer_norm_rms_epsilon", AT(norm_eps), ALL, true, true, 0, 1 },
    { "feed_forward_length", AT(ffn), ATTN, false, false, 0, 1 << 24 },
    { "attention.head_count", AT(heads), ATTN, true, false, 1, 1 << 16 },
    { "attention.head_count_kv", AT(kv_heads), ATTN, false, false, 1, 1 << 16 },
    { "attention.key_length", AT(dim_k), ATTN, false, false, 1, 1 << 16 },
    { "attention.value_length", AT(dim_v), ATTN, false, false, 1, 1 << 16 },
    { "rope.dimension_count", AT(rot), ATTN, false, false, 2, 1 << 16 },
    { "rope.freq_base", AT(rope_base), ATTN, false, true, 1e-3, 1e12 },
    { "expert_count", AT(experts), MOE, false, false, 0, 1 << 16 },
    { "expert_used_count", AT(experts_used), MOE, false, false, 0, 1 << 16 },
    { "expert_feed_forward_length", AT(expert_ffn), MOE, false, false, 1, 1 << 24 },
    { "expert_shared_feed_forward_length", AT(shared_ffn), MOE, false, false, 1, 1 << 24 },
    { "ssm.conv_kernel", AT(d_conv), SSM | SSM2, true, false, 1, 1024 },
    { "ssm.inner_size", AT(d_inner), SSM | SSM2, true, false, 1, 1 << 22 },
    { "ssm.state_size", AT(d_state), SSM | SSM2, true, false, 1, 1 << 16 },
    { "ssm.time_step_rank", AT(dt_rank), SSM | SSM2, true, false, 1, 1 << 20 },
    { "ssm.group_count", AT(groups), SSM2, true, false, 1, 1 << 16 },
};
#undef AT

// Key suffixes that would change the result: accepted only where their value means "no effect".
static const struct {
    const char *suffix;
    double neutral[2];
} ineffective[] = {
    { "attention.scale", { 0, 0 } },
    { "attention.clamp_kqv", { 0, 0 } },
    { "attention.max_alibi_bias", { 0, 0 } },
    { "attn_logit_softcapping", { 0, 0 } },
    { "final_logit_softcapping", { 0, 0 } },
    { "logit_scale", { 0, 1 } },
    { "residual_scale", { 0, 1 } },
    { "embedding_scale", { 0, 1 } },
    { "expert_weights_scale", { 0, 1 } },
    { "rope.scaling.attn_factor", { 1, 1 } },
    { "expert_gating_func", { 0, 1 } },
    { "expert_shared_count", { 0, 1 } },
    { "leading_dense_block_count", { 0, 0 } },
    { "interleave_moe_layer_step", { 0, 1 } },
    { "expert_group_count", { 0, 1 } },
};

static unsigned kinds(const eb_hparams *hp)
{
    const eb_arch_info *info = &eb_arch_table[hp->arch];
    if (info->ssm)
        return info->ssm2 ? SSM2 : SSM;
    return ATTN | (info->moe || hp->arch == EB_ARCH_LLAMA ? MOE : 0);
}

static const char *full_key(char buf[128], const eb_hparams *hp, const char *suffix)
{
    snprintf(buf, 128, "%s.%s", eb_arch_table[hp->arch].name, suffix);
    return buf;
}

static bool refuse(const eb_gguf *g, eb_err *err, const char *key, const char *why)
{
    eb_err_at(err, EB_USAGE, g->path, 0, 0, "key '%s' %s", key, why);
    return eb_err_hint(
        err, "this engine computes the plain architecture only, and will not compute something else silently");
}

// Some keys may be one number per layer; a list of equal numbers is as good as the number. `layers` = 0: not read yet.
static bool read_equal_array(const eb_gguf *g, const eb_gguf_kv *kv, int layers, uint32_t *out, eb_err *err)
{
    uint32_t v = 0;
    if (kv->n < 1 || !eb_gguf_item_u32(kv, 0, out))
        return refuse(g, err, kv->key, "is an array that holds no whole numbers from 0 to 4294967295");
    for (uint64_t i = 0; i < kv->n; i++)
        if (!eb_gguf_item_u32(kv, i, &v) || v != *out)
            return refuse(g, err, kv->key, "differs from layer to layer");
    if (layers && kv->n != (uint64_t)layers)
        return refuse(g, err, kv->key, "is an array with another length than the model has layers");
    return true;
}

static bool read_key(const eb_gguf *g, const key_row *row, eb_hparams *hp, eb_err *err)
{
    char key[128];
    uint32_t u = 0;
    float f = 0;
    full_key(key, hp, row->suffix);
    const eb_gguf_kv *kv = eb_gguf_find(g, key);
    if (!kv) {
        if (!row->required)
            return true;
        eb_err_at(err, EB_USAGE, g->path, 0, 0, "key '%s' is missing", key);
        return eb_err_hint(err, "every %s model has it; the file is incomplete", eb_arch_table[hp->arch].name);
    }
    bool ok = row->real                   ? eb_gguf_f32(g, key, &f, err)
              : kv->type == EB_GGUF_ARRAY ? read_equal_array(g, kv, hp->layers, &u, err)
                                          : eb_gguf_u32(g, key, &u, err);
    if (!ok)
        return false;
    double v = row->real ? (double)f : (double)u;
    if (v < row->min || v > row->max) {
        eb_err_at(err, EB_USAGE, g->path, 0, 0, "key '%s' is %.10g, allowed is %.10g to %.10g", key, v, row->min,
                  row->max);
        return eb_err_hint(err, "the file is damaged, or no model that this engine can compute");
    }
    int whole = (int)u;
    if (row->real)
        memcpy((char *)hp + row->offset, &f, sizeof f);
    else
        memcpy((char *)hp + row->offset, &whole, sizeof whole);
    return true;
}

static bool number(const eb_gguf *g, const eb_gguf_kv *kv, double *out)
{
    eb_err ignored = { 0 };
    uint32_t u;
    float f;
    if (eb_gguf_f32(g, kv->key, &f, &ignored)) {
        *out = (double)f;
        return true;
    }
    eb_err_clear(&ignored);
    if (eb_gguf_u32(g, kv->key, &u, &ignored)) {
        *out = u;
        return true;
    }
    return false;
}

static bool check_ineffective(const eb_gguf *g, const eb_hparams *hp, eb_err *err)
{
    char key[128];
    for (size_t i = 0; i < sizeof ineffective / sizeof *ineffective; i++) {
        const eb_gguf_kv *kv = eb_gguf_find(g, full_key(key, hp, ineffective[i].suffix));
        double v;
        if (!kv)
            continue;
        if (!number(g, kv, &v) || (v != ineffective[i].neutral[0] && v != ineffective[i].neutral[1]))
            return refuse(g, err, key, "asks for something that this engine does not compute");
    }
    return true;
}

static bool check_flags(const eb_gguf *g, const eb_hparams *hp, eb_err *err)
{
    char key[128];
    uint32_t window = 0;
    const eb_gguf_kv *kv = eb_gguf_find(g, full_key(key, hp, "attention.causal"));
    if (kv && (kv->type != EB_GGUF_BOOL || !*kv->value))
        return refuse(g, err, key, "asks for attention that is not causal");
    kv = eb_gguf_find(g, full_key(key, hp, "expert_weights_norm"));
    if (kv && (kv->type != EB_GGUF_BOOL || (*kv->value != 0) != eb_arch_table[hp->arch].renorm))
        return refuse(g, err, key, "contradicts how this architecture weighs its experts");
    if (!eb_gguf_u32(g, full_key(key, hp, "attention.sliding_window"), &window, err) && err->code)
        return false;
    if (window && window < (uint32_t)hp->ctx_train)
        return refuse(g, err, key, "asks for a sliding window shorter than the context");
    return true;
}

static bool read_rope_scaling(const eb_gguf *g, eb_hparams *hp, eb_err *err)
{
    char key[128], type[32] = "linear";
    float factor = 0;
    hp->rope_scale = 1;
    if (eb_gguf_find(g, full_key(key, hp, "rope.scaling.type")) && !eb_gguf_str(g, key, type, sizeof type))
        return refuse(g, err, key, "is no short string");
    if (!strcmp(type, "none"))
        return true;
    if (strcmp(type, "linear"))
        return refuse(g, err, key, "asks for a scaling of positions other than 'none' and 'linear'");
    if (!eb_gguf_f32(g, full_key(key, hp, "rope.scaling.factor"), &factor, err) && err->code)
        return false;
    if (factor == 0 && !eb_gguf_f32(g, full_key(key, hp, "rope.scale_linear"), &factor, err) && err->code)
        return false;
    if (factor == 0)
        return true;
    if (factor < 1e-3f || factor > 1e6f)
        return refuse(g, err, key, "is out of range (0.001 to 1000000)");
    hp->rope_scale = factor;
    return true;
}

static void apply_defaults(eb_hparams *hp)
{
    const eb_arch_info *info = &eb_arch_table[hp->arch];
    if (info->ssm)
        return;
    if (!hp->kv_heads)
        hp->kv_heads = hp->heads;
    if (!hp->dim_k)
        hp->dim_k = hp->embd / hp->heads;
    if (!hp->dim_v)
        hp->dim_v = hp->embd / hp->heads;
    if (!hp->rot)
        hp->rot = hp->dim_k;
    if (hp->rope_base == 0)
        hp->rope_base = 10000;
    if (!eb_hparams_moe(hp))
        return;
    // llama and olmoe keep the width of an expert in feed_forward_length; the qwen ones have a key of their own.
    bool own_key = hp->arch == EB_ARCH_QWEN2MOE || hp->arch == EB_ARCH_QWEN3MOE;
    if (!own_key)
        hp->expert_ffn = hp->ffn;
    else if (!hp->expert_ffn && hp->experts_used)
        hp->expert_ffn = hp->ffn / hp->experts_used;
    if (!info->shared_expert)
        hp->shared_ffn = 0;
    else if (!hp->shared_ffn)
        hp->shared_ffn = hp->ffn;
}

static bool find_arch(const eb_gguf *g, eb_hparams *hp, eb_err *err)
{
    char name[64];
    const eb_gguf_kv *kv = eb_gguf_find(g, "general.architecture");
    if (!kv || !eb_gguf_str(g, "general.architecture", name, sizeof name)) {
        eb_err_at(err, EB_USAGE, g->path, 0, 0, "key 'general.architecture' is %s",
                  kv ? "no short string" : "missing, so this is no language model");
        return eb_err_hint(err, "give a model file: llama qwen2 qwen3 olmoe qwen2moe qwen3moe mamba mamba2");
    }
    for (int i = 0; i < EB_ARCH_COUNT; i++)
        if (!strcmp(eb_arch_table[i].name, name)) {
            hp->arch = (eb_arch)i;
            return true;
        }
    for (char *p = name; *p; p++)
        if (*p < 32 || *p > 126)
            *p = '?';
    eb_err_at(err, EB_USAGE, g->path, 0, 0, "architecture '%s' is not one that this engine computes", name);
    return eb_err_hint(err, "it computes llama qwen2 qwen3 olmoe qwen2moe qwen3moe mamba mamba2");
}

bool eb_hparams_read(const eb_gguf *g, eb_hparams *hp, eb_err *err)
{
    memset(hp, 0, sizeof *hp);
    eb_err_clear(err);
    if (!find_arch(g, hp, err))
        return false;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if ((keys[i].where & kinds(hp)) && !read_key(g, &keys[i], hp, err))
            return false;
    if (!check_ineffective(g, hp, err) || !check_flags(g, hp, err) || !read_rope_scaling(g, hp, err))
        return false;
    char key[128];
    const eb_gguf_kv *kv = eb_gguf_find(g, full_key(key, hp, "ssm.dt_b_c_rms"));
    if (kv && kv->type != EB_GGUF_BOOL)
        return refuse(g, err, key, "is no bool");
    hp->dt_b_c_norm = kv && *kv->value && hp->arch == EB_ARCH_MAMBA;
    apply_defaults(hp);
    return eb_hparams_check(hp, g->path, err);
}

static bool misfit(const char *path, eb_err *err, const char *what, long a, long b)
{
    eb_err_at(err, EB_USAGE, path, 0, 0, "%s (%ld and %ld)", what, a, b);
    return eb_err_hint(err, "the file is damaged, or no model that this engine can compute");
}

static bool check_attention(const eb_hparams *hp, const char *path, eb_err *err)
{
    if (hp->heads < 1 || hp->dim_k < 1 || hp->dim_v < 1)
        return misfit(path, err, "embedding_length leaves no room for the heads", hp->embd, hp->heads);
    if (hp->kv_heads < 1 || hp->heads % hp->kv_heads)
        return misfit(path, err, "attention.head_count is no multiple of attention.head_count_kv", hp->heads,
                      hp->kv_heads);
    if (hp->rot < 2 || hp->rot % 2 || hp->rot > hp->dim_k)
        return misfit(path, err, "rope.dimension_count is not even or larger than attention.key_length", hp->rot,
                      hp->dim_k);
    if ((long)hp->heads * hp->dim_k > 1 << 24 || (long)hp->heads * hp->dim_v > 1 << 24)
        return misfit(path, err, "heads times their length is impossibly large", hp->heads, hp->dim_k);
    if (!eb_hparams_moe(hp) && hp->ffn < 1)
        return misfit(path, err, "feed_forward_length is missing or 0", hp->ffn, hp->embd);
    return true;
}

static bool check_moe(const eb_hparams *hp, const char *path, eb_err *err)
{
    const eb_arch_info *info = &eb_arch_table[hp->arch];
    if (info->moe && hp->experts < 1)
        return misfit(path, err, "expert_count is missing or 0 in a mixture of experts", hp->experts, hp->experts_used);
    if (hp->experts == 0 && hp->experts_used > 0)
        return misfit(path, err, "expert_used_count is set without expert_count", hp->experts_used, hp->experts);
    if (hp->experts == 0)
        return true;
    if (hp->experts_used < 1 || hp->experts_used > hp->experts)
        return misfit(path, err, "expert_used_count is not within 1 and expert_count", hp->experts_used, hp->experts);
    if (hp->expert_ffn < 1 || (info->shared_expert && hp->shared_ffn < 1))
        return misfit(path, err, "the width of the experts is missing or 0", hp->expert_ffn, hp->shared_ffn);
    return true;
}

static bool check_ssm(const eb_hparams *hp, const char *path, eb_err *err)
{
    if (hp->d_conv < 1 || hp->d_inner < 1 || hp->d_state < 1 || hp->dt_rank < 1)
        return misfit(path, err, "a dimension of the state space is 0", hp->d_inner, hp->d_state);
    if (hp->arch != EB_ARCH_MAMBA2)
        return true;
    if (hp->d_inner % hp->dt_rank)
        return misfit(path, err, "ssm.inner_size is no multiple of ssm.time_step_rank (the heads)", hp->d_inner,
                      hp->dt_rank);
    if (hp->groups < 1 || hp->d_inner % hp->groups || hp->dt_rank % hp->groups)
        return misfit(path, err, "ssm.group_count does not divide the heads", hp->dt_rank, hp->groups);
    return true;
}

bool eb_hparams_check(const eb_hparams *hp, const char *path, eb_err *err)
{
    if (eb_arch_table[hp->arch].ssm)
        return check_ssm(hp, path, err);
    return check_attention(hp, path, err) && check_moe(hp, path, err);
}

void eb_hparams_each(const eb_hparams *hp, void (*visit)(void *arg, const char *key, double value), void *arg)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const void *at = (const char *)hp + keys[i].offset;
        if (!(keys[i].where & kinds(hp)))
            continue;
        double v = keys[i].real ? (double)*(const float *)at : (double)*(const int *)at;
        if (keys[i].real || v > 0)
            visit(arg, keys[i].suffix, v);
    }
}

void eb_hparams_write(eb_gguf_writer *w, const eb_hparams *hp)
{
    char key[128];
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const void *at = (const char *)hp + keys[i].offset;
        if (!(keys[i].where & kinds(hp)))
            continue;
        if (keys[i].real)
            eb_gguf_put_f32(w, full_key(key, hp, keys[i].suffix), *(const float *)at);
        else if (*(const int *)at > 0)
            eb_gguf_put_u32(w, full_key(key, hp, keys[i].suffix), (uint32_t) * (const int *)at);
    }
    if (hp->rope_scale > 0 && hp->rope_scale != 1) {
        eb_gguf_put_str(w, full_key(key, hp, "rope.scaling.type"), "linear");
        eb_gguf_put_f32(w, full_key(key, hp, "rope.scaling.factor"), hp->rope_scale);
    }
    if (hp->dt_b_c_norm)
        eb_gguf_put_bool(w, full_key(key, hp, "ssm.dt_b_c_rms"), true);
}
