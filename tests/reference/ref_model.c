// SPDX-License-Identifier: Apache-2.0
#include "ref_model.h"
#include "ref_dequant.h"
#include "ref_ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ref_arch archs[] = {
    { .name = "llama", .renormalize = true },
    { .name = "qwen2", .neox = true },
    { .name = "qwen3", .neox = true, .qk_norm = REF_QK_PER_HEAD },
    { .name = "olmoe", .neox = true, .qk_norm = REF_QK_WHOLE_ROW },
    { .name = "qwen2moe", .neox = true },
    { .name = "qwen3moe", .neox = true, .renormalize = true, .qk_norm = REF_QK_PER_HEAD },
    { .name = "mamba", .mamba = 1 },
    { .name = "mamba2", .mamba = 2 },
};

static const ref_arch *find_arch(const ref_gguf *g)
{
    char *name = ref_get_str(g, "general.architecture");
    const ref_arch *found = NULL;
    if (!name)
        ref_die("no general.architecture");
    for (size_t i = 0; i < sizeof archs / sizeof *archs; i++)
        if (strcmp(archs[i].name, name) == 0)
            found = &archs[i];
    if (!found)
        ref_die("architecture '%s' is not supported", name);
    free(name);
    return found;
}

static const char *arch_key(const ref_config *c, const char *suffix, char buf[128])
{
    snprintf(buf, 128, "%s.%s", c->arch->name, suffix);
    return buf;
}

static size_t count(const ref_config *c, const char *suffix, size_t absent)
{
    char key[128];
    return ref_get_u64(c->g, arch_key(c, suffix, key), absent);
}

static size_t need_count(const ref_config *c, const char *suffix)
{
    size_t v = count(c, suffix, 0);
    if (!v)
        ref_die("no %s.%s", c->arch->name, suffix);
    return v;
}

static double real(const ref_config *c, const char *suffix, double absent)
{
    char key[128];
    return ref_get_f64(c->g, arch_key(c, suffix, key), absent);
}

static double rope_scale(const ref_config *c)
{
    char key[128];
    char *type = ref_get_str(c->g, arch_key(c, "rope.scaling.type", key));
    double factor = real(c, "rope.scaling.factor", 0);
    bool linear = !type || strcmp(type, "linear") == 0;
    if (!linear && strcmp(type, "none") != 0)
        ref_die("RoPE scaling '%s' is not supported", type);
    free(type);
    return linear && factor ? 1 / factor : 1;
}

static void read_attention(ref_config *c)
{
    c->n_head = need_count(c, "attention.head_count");
    c->n_head_kv = count(c, "attention.head_count_kv", c->n_head);
    if (!c->n_head_kv || c->n_head % c->n_head_kv)
        ref_die("%zu heads, %zu KV heads", c->n_head, c->n_head_kv);
    c->head_k = count(c, "attention.key_length", c->n_embd / c->n_head);
    c->head_v = count(c, "attention.value_length", c->n_embd / c->n_head);
    c->n_rot = count(c, "rope.dimension_count", c->head_k);
    if (c->n_rot % 2 || c->n_rot > c->head_k)
        ref_die("RoPE over %zu of %zu", c->n_rot, c->head_k);
    c->rope_base = real(c, "rope.freq_base", 10000);
    c->rope_scale = rope_scale(c);
    c->n_expert = count(c, "expert_count", 0);
    c->n_expert_used = count(c, "expert_used_count", 0);
    if (c->n_expert_used > c->n_expert || (c->n_expert && !c->n_expert_used))
        ref_die("%zu of %zu experts", c->n_expert_used, c->n_expert);
}

static void read_state_space(ref_config *c)
{
    c->d_conv = need_count(c, "ssm.conv_kernel");
    c->d_inner = need_count(c, "ssm.inner_size");
    c->d_state = need_count(c, "ssm.state_size");
    c->dt_rank = need_count(c, "ssm.time_step_rank");
    if (count(c, "ssm.dt_b_c_rms", 0))
        ref_die("norms of dt, B and C are not supported");
    if (c->arch->mamba != 2)
        return;
    c->n_group = need_count(c, "ssm.group_count");
    if (c->d_inner % c->dt_rank || c->dt_rank % c->n_group)
        ref_die("%zu channels, %zu heads, %zu groups", c->d_inner, c->dt_rank, c->n_group);
}

void ref_config_read(ref_config *c, const ref_gguf *g)
{
    memset(c, 0, sizeof *c);
    c->g = g;
    c->arch = find_arch(g);
    c->n_layer = need_count(c, "block_count");
    c->n_embd = need_count(c, "embedding_length");
    c->n_vocab = ref_need(g, -1, "token_embd.weight", c->n_embd, 0)->ne[1];
    c->eps = real(c, "attention.layer_norm_rms_epsilon", -1);
    if (c->eps < 0)
        ref_die("no %s.attention.layer_norm_rms_epsilon", c->arch->name);
    if (c->arch->mamba)
        read_state_space(c);
    else
        read_attention(c);
}

static void embed(const ref_config *c, const uint32_t *tok, size_t n_tok, double *x)
{
    const ref_tensor *e = ref_need(c->g, -1, "token_embd.weight", c->n_embd, c->n_vocab);
    for (size_t t = 0; t < n_tok; t++) {
        if (tok[t] >= c->n_vocab)
            ref_die("token %u: the vocabulary has %zu", tok[t], c->n_vocab);
        ref_dequant(e->type, e->data + tok[t] * e->row_bytes, x + t * c->n_embd, c->n_embd);
    }
}

static void norm(const ref_config *c, int layer, const char *name, const double *x, size_t n_tok, double *y)
{
    double *weight = ref_vector(c->g, layer, name, c->n_embd);
    ref_rmsnorm(x, weight, c->eps, c->n_embd, n_tok, y);
    free(weight);
}

static void add(double *x, const double *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] += y[i];
}

// x += mixer(norm(x)); x += ffn(norm(x)), the latter not in a mamba.
static void run_layer(const ref_config *c, int layer, size_t n_tok, double *x, double *normed, double *y)
{
    size_t n = n_tok * c->n_embd;
    norm(c, layer, "attn_norm.weight", x, n_tok, normed);
    if (c->arch->mamba == 1)
        ref_mamba(c, layer, normed, n_tok, y);
    else if (c->arch->mamba == 2)
        ref_mamba2(c, layer, normed, n_tok, y);
    else
        ref_attention(c, layer, normed, n_tok, y);
    add(x, y, n);
    if (c->arch->mamba)
        return;
    norm(c, layer, "ffn_norm.weight", x, n_tok, normed);
    ref_ffn(c, layer, normed, n_tok, y);
    add(x, y, n);
}

double *ref_logits(const ref_config *c, const uint32_t *tok, size_t n_tok)
{
    double *x = ref_alloc(n_tok * c->n_embd, sizeof *x);
    double *normed = ref_alloc(n_tok * c->n_embd, sizeof *normed);
    double *y = ref_alloc(n_tok * c->n_embd, sizeof *y);
    double *logits = ref_alloc(n_tok * c->n_vocab, sizeof *logits);

    embed(c, tok, n_tok, x);
    for (size_t l = 0; l < c->n_layer; l++)
        run_layer(c, (int)l, n_tok, x, normed, y);
    norm(c, -1, "output_norm.weight", x, n_tok, normed);
    bool tied = !ref_find_tensor(c->g, "output.weight");
    const ref_tensor *head = ref_need(c->g, -1, tied ? "token_embd.weight" : "output.weight", c->n_embd, c->n_vocab);
    ref_linear(head, 0, normed, n_tok, logits);
    ref_add_bias(c->g, -1, "output.bias", logits, n_tok, c->n_vocab);

    free(x);
    free(normed);
    free(y);
    return logits;
}
