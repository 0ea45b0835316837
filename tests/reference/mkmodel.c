// SPDX-License-Identifier: Apache-2.0
// mkmodel OUT.gguf --arch A --type T [options]: a small random model that
// llama.cpp and every other GGUF reader can load (no tokenizer).
#include "mk_blocks.h"
#include "mk_gguf.h"
#include "ref_dequant.h"
#include "ref_gguf.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *name;
    bool bias, head_norm, row_norm, moe, shared, expert_key;
    bool square;     // attention is hidden x hidden: no head-dim of its own
    bool needs_head; // no tied embeddings
    int mamba;
} arch_desc;

static const arch_desc archs[] = {
    { .name = "llama" },
    { .name = "qwen2", .bias = true, .square = true },
    { .name = "qwen3", .head_norm = true },
    { .name = "olmoe", .row_norm = true, .moe = true, .square = true, .needs_head = true },
    { .name = "qwen2moe",
      .bias = true,
      .moe = true,
      .shared = true,
      .expert_key = true,
      .square = true,
      .needs_head = true },
    { .name = "qwen3moe", .head_norm = true, .moe = true, .expert_key = true },
    { .name = "mamba", .mamba = 1 },
    { .name = "mamba2", .mamba = 2 },
};
enum { N_ARCHS = sizeof archs / sizeof *archs };

enum number {
    SEED,
    HIDDEN,
    LAYERS,
    HEADS,
    KV_HEADS,
    HEAD_DIM,
    FFN,
    VOCAB,
    EXPERTS,
    EXPERTS_USED,
    EXPERT_FFN,
    SHARED_FFN,
    DT_RANK,
    D_STATE,
    D_INNER,
    D_CONV,
    GROUPS,
    SSM_HEADS,
    N_NUMBERS
};

static const char *const number_flags[N_NUMBERS] = {
    "--seed",    "--hidden",  "--layers",  "--heads",        "--kv-heads",   "--head-dim",
    "--ffn",     "--vocab",   "--experts", "--experts-used", "--expert-ffn", "--shared-ffn",
    "--dt-rank", "--d-state", "--d-inner", "--d-conv",       "--groups",     "--ssm-heads",
};

enum flag { TIED, ROPE_FREQS, MIXED, V2, N_FLAGS };
static const char *const flag_names[N_FLAGS] = { "--tied", "--rope-freqs", "--mixed", "--v2" };

// How a tensor's values are drawn.
typedef enum { MATRIX, NORM, BIAS, ROUTER, CONV, SSM_A, SSM_D, DT_BIAS, ROPE_FACTOR } kind;

typedef struct {
    const arch_desc *arch;
    const ref_type *type;
    size_t n[N_NUMBERS];
    bool flag[N_FLAGS];
    mk_gguf out;
    kind kinds[MK_MAX_TENSORS];
    double std[MK_MAX_TENSORS]; // of MATRIX
    size_t quiet_rows[MK_MAX_TENSORS];
    mk_rng types, values; // apart, so that --mixed draws no values
} maker;

static _Noreturn void usage(void)
{
    fputs("usage: mkmodel OUT.gguf --arch A --type T [--seed N] [--hidden N] [--layers N] [--heads N]\n"
          "  [--kv-heads N] [--head-dim N] [--ffn N] [--vocab N] [--experts N] [--experts-used N]\n"
          "  [--expert-ffn N] [--shared-ffn N] [--dt-rank N] [--d-state N] [--d-inner N] [--d-conv N]\n"
          "  [--groups N] [--ssm-heads N] [--tied] [--rope-freqs] [--mixed] [--v2]\n"
          "architectures: llama (with --experts a mixture) qwen2 qwen3 olmoe qwen2moe qwen3moe mamba mamba2\n"
          "types: F32 F16 BF16 Q8_0 Q4_0 Q4_1 Q5_0 Q5_1 IQ4_NL Q2_K Q3_K Q4_K Q5_K Q6_K\n"
          "defaults: hidden 64, ffn 172 (types of 32-blocks: 192); types of 256-blocks: hidden 256, ffn 512\n",
          stderr);
    exit(2);
}

static size_t parse_number(const char *flag, const char *text)
{
    char *end;
    unsigned long long v = strtoull(text ? text : "", &end, 10);
    if (!text || end == text || *end || v > UINT32_MAX)
        ref_die("%s wants a number", flag);
    return (size_t)v;
}

static bool parse_number_flag(maker *m, const char *flag, const char *value, bool *given)
{
    for (int i = 0; i < N_NUMBERS; i++) {
        if (strcmp(flag, number_flags[i]) != 0)
            continue;
        m->n[i] = parse_number(flag, value);
        given[i] = true;
        return true;
    }
    return false;
}

static bool parse_switch(maker *m, const char *flag)
{
    for (int i = 0; i < N_FLAGS; i++) {
        if (strcmp(flag, flag_names[i]) != 0)
            continue;
        m->flag[i] = true;
        return true;
    }
    return false;
}

static const arch_desc *arch_named(const char *name)
{
    for (size_t i = 0; i < N_ARCHS; i++)
        if (strcmp(archs[i].name, name) == 0)
            return &archs[i];
    ref_die("no architecture '%s'", name);
}

static void default_to(maker *m, const bool *given, enum number which, size_t value)
{
    if (!given[which])
        m->n[which] = value;
}

static void set_defaults(maker *m, const bool *given)
{
    const arch_desc *a = m->arch;
    size_t *n = m->n;
    unsigned block = m->flag[MIXED] ? 256 : m->type->weights;
    default_to(m, given, SEED, 1);
    default_to(m, given, HIDDEN, block == 256 ? 256 : 64);
    default_to(m, given, LAYERS, 2);
    default_to(m, given, HEADS, 4);
    default_to(m, given, KV_HEADS, a->row_norm ? n[HEADS] : 2);
    default_to(m, given, HEAD_DIM, n[HEADS] ? n[HIDDEN] / n[HEADS] : 0);
    default_to(m, given, FFN, block == 256 ? 512 : block == 32 ? 192 : 172);
    default_to(m, given, VOCAB, 323);
    default_to(m, given, EXPERTS, a->moe ? 8 : 0);
    default_to(m, given, EXPERTS_USED, n[EXPERTS] ? 2 : 0);
    default_to(m, given, EXPERT_FFN, a->expert_key ? (block == 256 ? 256 : 96) : n[FFN]);
    default_to(m, given, SHARED_FFN, block == 256 ? 512 : 128);
    default_to(m, given, D_CONV, 4);
    default_to(m, given, D_STATE, 16);
    default_to(m, given, D_INNER, 2 * n[HIDDEN]);
    default_to(m, given, GROUPS, 2);
    default_to(m, given, SSM_HEADS, 8);
    default_to(m, given, DT_RANK, (n[HIDDEN] + 15) / 16);
}

static void check(const maker *m)
{
    const size_t *n = m->n;
    const arch_desc *a = m->arch;
    if (!n[HIDDEN] || !n[LAYERS] || !n[VOCAB])
        ref_die("hidden, layers and vocab cannot be 0");
    if (m->flag[TIED] && a->needs_head)
        ref_die("%s has no tied form", a->name);
    if (m->flag[ROPE_FREQS] && strcmp(a->name, "llama") != 0)
        ref_die("only llama has rope_freqs");
    if (a->mamba) {
        if (a->mamba == 1 && n[D_INNER] != 2 * n[HIDDEN])
            ref_die("mamba: d-inner is twice hidden");
        if (a->mamba == 2 && (!n[SSM_HEADS] || !n[GROUPS] || n[D_INNER] % n[SSM_HEADS] || n[SSM_HEADS] % n[GROUPS]))
            ref_die("mamba2: d-inner is whole heads, ssm-heads is whole groups");
        return;
    }
    if (!n[HEADS] || !n[KV_HEADS] || n[HEADS] % n[KV_HEADS])
        ref_die("heads is whole kv-heads");
    if (!n[HEAD_DIM] || n[HEAD_DIM] % 2)
        ref_die("head-dim must be even");
    if (a->square && n[HEADS] * n[HEAD_DIM] != n[HIDDEN])
        ref_die("%s: heads * head-dim is hidden", a->name);
    if (a->row_norm && n[HEADS] != n[KV_HEADS])
        ref_die("%s: as many kv-heads as heads", a->name);
    if (n[EXPERTS] && !a->moe && strcmp(a->name, "llama") != 0)
        ref_die("%s has no experts", a->name);
    if (n[EXPERTS_USED] > n[EXPERTS] || (n[EXPERTS] && !n[EXPERTS_USED]))
        ref_die("impossible experts-used");
}

// The type of a matrix whose rows are `width` wide: as wanted where whole blocks
// fit, else the smaller type that llama.cpp's quantizer falls back to, else F16.
static uint32_t fitting_type(uint32_t type, size_t width)
{
    static const struct {
        uint32_t from, to;
    } smaller[] = {
        { REF_Q2_K, REF_Q4_0 }, { REF_Q3_K, REF_Q4_0 }, { REF_Q4_K, REF_Q5_0 },
        { REF_Q5_K, REF_Q5_1 }, { REF_Q6_K, REF_Q8_0 },
    };
    if (width % ref_type_of(type)->weights == 0)
        return type;
    for (size_t i = 0; i < sizeof smaller / sizeof *smaller; i++)
        if (smaller[i].from == type && width % 32 == 0)
            return smaller[i].to;
    return REF_F16;
}

static void add_kind(maker *m, const char *name, kind k, uint32_t type, size_t ne0, size_t ne1, size_t ne2)
{
    m->kinds[m->out.n_tensors] = k;
    mk_add(&m->out, name, type, ne0, ne1, ne2);
}

static void add_f32(maker *m, const char *name, kind k, size_t ne0, size_t ne1)
{
    add_kind(m, name, k, REF_F32, ne0, ne1, 0);
}

// Deviation 1/sqrt(in) times gain. Of the first `quiet` output rows it is
// 1/250 of that: with those lanes of the residual stream left to the embedding, a
// router that reads them has margins that rounding elsewhere hardly moves.
static void add_matrix(maker *m, const char *name, size_t in, size_t out, size_t experts, double gain, size_t quiet)
{
    uint32_t type = m->type->id;
    if (m->flag[MIXED]) {
        size_t count = 0;
        while (ref_type_at(count))
            count++;
        type = ref_type_at(mk_below(&m->types, (unsigned)count))->id;
    }
    m->std[m->out.n_tensors] = gain / sqrt((double)in);
    m->quiet_rows[m->out.n_tensors] = quiet;
    add_kind(m, name, MATRIX, fitting_type(type, in), in, out, experts);
}

static const char *in_layer(char buf[64], size_t layer, const char *name)
{
    snprintf(buf, 64, "blk.%zu.%s", layer, name);
    return buf;
}

static size_t router_lanes(const maker *m)
{
    size_t half = m->n[HIDDEN] / 2;
    return !m->n[EXPERTS] ? 0 : half < 16 ? half : 16;
}

static void add_attention(maker *m, size_t l)
{
    char b[64];
    const size_t *n = m->n;
    size_t q = n[HEADS] * n[HEAD_DIM], kv = n[KV_HEADS] * n[HEAD_DIM];
    add_matrix(m, in_layer(b, l, "attn_q.weight"), n[HIDDEN], q, 0, 1, 0);
    add_matrix(m, in_layer(b, l, "attn_k.weight"), n[HIDDEN], kv, 0, 1, 0);
    add_matrix(m, in_layer(b, l, "attn_v.weight"), n[HIDDEN], kv, 0, 1, 0);
    if (m->arch->bias) {
        add_f32(m, in_layer(b, l, "attn_q.bias"), BIAS, q, 0);
        add_f32(m, in_layer(b, l, "attn_k.bias"), BIAS, kv, 0);
        add_f32(m, in_layer(b, l, "attn_v.bias"), BIAS, kv, 0);
    }
    if (m->arch->head_norm || m->arch->row_norm) {
        add_f32(m, in_layer(b, l, "attn_q_norm.weight"), NORM, m->arch->row_norm ? q : n[HEAD_DIM], 0);
        add_f32(m, in_layer(b, l, "attn_k_norm.weight"), NORM, m->arch->row_norm ? kv : n[HEAD_DIM], 0);
    }
    add_matrix(m, in_layer(b, l, "attn_output.weight"), q, n[HIDDEN], 0, 1, router_lanes(m));
}

static void add_ffn(maker *m, size_t l)
{
    char b[64];
    const size_t *n = m->n;
    size_t e = n[EXPERTS], width = e ? n[EXPERT_FFN] : n[FFN], quiet = router_lanes(m);
    if (e)
        add_f32(m, in_layer(b, l, "ffn_gate_inp.weight"), ROUTER, n[HIDDEN], e);
    add_matrix(m, in_layer(b, l, e ? "ffn_gate_exps.weight" : "ffn_gate.weight"), n[HIDDEN], width, e, 1, 0);
    add_matrix(m, in_layer(b, l, e ? "ffn_up_exps.weight" : "ffn_up.weight"), n[HIDDEN], width, e, 1, 0);
    add_matrix(m, in_layer(b, l, e ? "ffn_down_exps.weight" : "ffn_down.weight"), width, n[HIDDEN], e, 1, quiet);
    if (!m->arch->shared)
        return;
    add_f32(m, in_layer(b, l, "ffn_gate_inp_shexp.weight"), BIAS, n[HIDDEN], 0);
    add_matrix(m, in_layer(b, l, "ffn_gate_shexp.weight"), n[HIDDEN], n[SHARED_FFN], 0, 1, 0);
    add_matrix(m, in_layer(b, l, "ffn_up_shexp.weight"), n[HIDDEN], n[SHARED_FFN], 0, 1, 0);
    add_matrix(m, in_layer(b, l, "ffn_down_shexp.weight"), n[SHARED_FFN], n[HIDDEN], 0, 1, quiet);
}

static void add_mamba(maker *m, size_t l)
{
    char b[64];
    const size_t *n = m->n;
    bool two = m->arch->mamba == 2;
    size_t inner = n[D_INNER], conv = inner + (two ? 2 * n[GROUPS] * n[D_STATE] : 0);
    size_t dt = two ? n[SSM_HEADS] : inner;
    add_matrix(m, in_layer(b, l, "ssm_in.weight"), n[HIDDEN], two ? inner + conv + dt : 2 * inner, 0, 1, 0);
    add_f32(m, in_layer(b, l, "ssm_conv1d.weight"), CONV, n[D_CONV], conv);
    add_f32(m, in_layer(b, l, "ssm_conv1d.bias"), BIAS, conv, 0);
    if (!two) {
        add_matrix(m, in_layer(b, l, "ssm_x.weight"), inner, n[DT_RANK] + 2 * n[D_STATE], 0, 1.5, 0);
        add_matrix(m, in_layer(b, l, "ssm_dt.weight"), n[DT_RANK], inner, 0, 1, 0);
    }
    add_f32(m, in_layer(b, l, "ssm_dt.bias"), DT_BIAS, dt, 0);
    add_f32(m, in_layer(b, l, "ssm_a"), SSM_A, two ? 1 : n[D_STATE], dt);
    add_f32(m, in_layer(b, l, "ssm_d"), SSM_D, two ? 1 : inner, two ? dt : 0);
    if (two)
        add_f32(m, in_layer(b, l, "ssm_norm.weight"), NORM, inner / n[GROUPS], n[GROUPS]);
    add_matrix(m, in_layer(b, l, "ssm_out.weight"), inner, n[HIDDEN], 0, 1, 0);
}

static void add_tensors(maker *m)
{
    char b[64];
    const size_t *n = m->n;
    add_matrix(m, "token_embd.weight", n[HIDDEN], n[VOCAB], 0, m->flag[TIED] ? 2 : 0.7 * sqrt((double)n[HIDDEN]), 0);
    if (m->flag[ROPE_FREQS])
        add_f32(m, "rope_freqs.weight", ROPE_FACTOR, n[HEAD_DIM] / 2, 0);
    for (size_t l = 0; l < n[LAYERS]; l++) {
        add_f32(m, in_layer(b, l, "attn_norm.weight"), NORM, n[HIDDEN], 0);
        if (m->arch->mamba) {
            add_mamba(m, l);
            continue;
        }
        add_attention(m, l);
        add_f32(m, in_layer(b, l, "ffn_norm.weight"), NORM, n[HIDDEN], 0);
        add_ffn(m, l);
    }
    add_f32(m, "output_norm.weight", NORM, n[HIDDEN], 0);
    if (!m->flag[TIED])
        add_matrix(m, "output.weight", n[HIDDEN], n[VOCAB], 0, 1, 0);
}

static void u32(maker *m, const char *suffix, size_t v)
{
    mk_arch_u32(&m->out, suffix, (uint32_t)v);
}

static void add_attention_metadata(maker *m)
{
    const size_t *n = m->n;
    u32(m, "feed_forward_length", n[EXPERTS] && !m->arch->expert_key ? n[EXPERT_FFN] : n[FFN]);
    u32(m, "attention.head_count", n[HEADS]);
    u32(m, "attention.head_count_kv", n[KV_HEADS]);
    u32(m, "attention.key_length", n[HEAD_DIM]);
    u32(m, "attention.value_length", n[HEAD_DIM]);
    u32(m, "rope.dimension_count", n[HEAD_DIM]);
    mk_arch_f32(&m->out, "rope.freq_base", 10000);
    if (!n[EXPERTS])
        return;
    u32(m, "expert_count", n[EXPERTS]);
    u32(m, "expert_used_count", n[EXPERTS_USED]);
    if (m->arch->expert_key)
        u32(m, "expert_feed_forward_length", n[EXPERT_FFN]);
    if (m->arch->shared)
        u32(m, "expert_shared_feed_forward_length", n[SHARED_FFN]);
}

static void add_mamba_metadata(maker *m)
{
    const size_t *n = m->n;
    u32(m, "feed_forward_length", 0);
    u32(m, "attention.head_count", 0);
    u32(m, "ssm.conv_kernel", n[D_CONV]);
    u32(m, "ssm.inner_size", n[D_INNER]);
    u32(m, "ssm.state_size", n[D_STATE]);
    u32(m, "ssm.time_step_rank", m->arch->mamba == 2 ? n[SSM_HEADS] : n[DT_RANK]);
    if (m->arch->mamba == 2)
        u32(m, "ssm.group_count", n[GROUPS]);
}

static void add_metadata(maker *m)
{
    mk_str(&m->out, "general.name", "random test model");
    mk_u32(&m->out, "general.quantization_version", 2);
    u32(m, "vocab_size", m->n[VOCAB]);
    u32(m, "context_length", 4096);
    u32(m, "embedding_length", m->n[HIDDEN]);
    u32(m, "block_count", m->n[LAYERS]);
    mk_arch_f32(&m->out, "attention.layer_norm_rms_epsilon", 1e-5f);
    if (m->arch->mamba)
        add_mamba_metadata(m);
    else
        add_attention_metadata(m);
    mk_str(&m->out, "tokenizer.ggml.model", "none");
}

// One value of an F32 tensor; i counts within its row of ne0.
static double value(maker *m, kind k, size_t i, size_t ne0)
{
    mk_rng *r = &m->values;
    switch (k) {
    case NORM:
        return 1 + 0.1 * mk_normal(r);
    case BIAS:
        return 0.1 * mk_normal(r);
    case ROUTER:
        return i < router_lanes(m) ? 8 / sqrt((double)router_lanes(m)) * mk_normal(r) : 0.0005 * mk_normal(r);
    case CONV:
        return mk_normal(r) / sqrt((double)ne0);
    case SSM_A:
        return -(double)(i + 1) * mk_uniform(r, 0.8, 1.25);
    case SSM_D:
        return 1 + 0.1 * mk_normal(r);
    case DT_BIAS:
        return log(expm1(exp(mk_uniform(r, log(0.01), log(0.3))))); // softplus of it: 0.01 .. 0.3
    case ROPE_FACTOR:
        return mk_uniform(r, 1, 8);
    default:
        abort();
    }
}

// Every tensor has its own stream, so that a router can be drawn ahead of its turn.
static void seed_tensor(maker *m, size_t index)
{
    m->values.state = m->n[SEED] * 0x100000001b3u ^ (index + 1) * 0xd1342543de82ef95u;
}

static float *draw_f32(maker *m, size_t index)
{
    const mk_tensor *t = &m->out.tensors[index];
    size_t count = t->ne[0] * t->ne[1] * t->ne[2];
    float *v = ref_alloc(count, sizeof *v);
    seed_tensor(m, index);
    for (size_t i = 0; i < count; i++)
        v[i] = (float)value(m, m->kinds[index], i % t->ne[0], t->ne[0]);
    return v;
}

static size_t index_of(const maker *m, size_t layer, const char *name)
{
    char b[64];
    in_layer(b, layer, name);
    for (size_t i = 0; i < m->out.n_tensors; i++)
        if (strcmp(m->out.tensors[i].name, b) == 0)
            return i;
    ref_die("no tensor %s", b);
}

// What each expert of each layer weighs the embedding's quiet lanes with.
static double *lane_weights(maker *m)
{
    size_t lanes = router_lanes(m), experts = m->n[EXPERTS], at = 0;
    double *w = ref_alloc(m->n[LAYERS] * experts * lanes, sizeof *w);
    for (size_t l = 0; lanes && l < m->n[LAYERS]; l++) {
        float *norm = draw_f32(m, index_of(m, l, "ffn_norm.weight"));
        float *router = draw_f32(m, index_of(m, l, "ffn_gate_inp.weight"));
        for (size_t e = 0; e < experts; e++)
            for (size_t i = 0; i < lanes; i++)
                w[at++] = (double)router[e * m->n[HIDDEN] + i] * norm[i];
        free(norm);
        free(router);
    }
    return w;
}

static int descending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

// The least lead, over the layers, of the last expert chosen for this embedding
// over the first one that is not.
static double routing_margin(const maker *m, const double *lane_weight, const double *embedding)
{
    size_t lanes = router_lanes(m), experts = m->n[EXPERTS], used = m->n[EXPERTS_USED];
    double least = INFINITY;
    double *logit = ref_alloc(experts, sizeof *logit);
    for (size_t l = 0; used < experts && l < m->n[LAYERS]; l++) {
        for (size_t e = 0; e < experts; e++, lane_weight += lanes) {
            logit[e] = 0;
            for (size_t i = 0; i < lanes; i++)
                logit[e] += lane_weight[i] * embedding[i];
        }
        qsort(logit, experts, sizeof *logit, descending);
        least = fmin(least, logit[used - 1] - logit[used]);
    }
    free(logit);
    return least;
}

// Embeddings of a mixture are drawn again until no layer's choice is close.
static void write_routed_embeddings(maker *m, size_t index)
{
    enum { TRIES = 100 };
    const double enough = 0.2; // of logits that spread by about 5
    const mk_tensor *t = &m->out.tensors[index];
    size_t row_bytes = mk_tensor_bytes(t) / t->ne[1];
    double *lane_weight = lane_weights(m), *x = ref_alloc(t->ne[0], sizeof *x);
    uint8_t *row = ref_alloc(2, row_bytes), *best = row + row_bytes;
    seed_tensor(m, index);
    for (size_t i = 0; i < t->ne[1]; i++) {
        double best_margin = -1;
        for (int n = 0; n < TRIES && best_margin < enough; n++) {
            mk_row(&m->values, t->type, row, t->ne[0], m->std[index]);
            ref_dequant(t->type, row, x, t->ne[0]);
            double margin = routing_margin(m, lane_weight, x);
            if (margin <= best_margin)
                continue;
            best_margin = margin;
            memcpy(best, row, row_bytes);
        }
        mk_data(&m->out, best, row_bytes);
    }
    free(lane_weight);
    free(x);
    free(row);
}

static void write_matrix(maker *m, size_t index)
{
    const mk_tensor *t = &m->out.tensors[index];
    size_t rows = t->ne[1] * t->ne[2], row_bytes = mk_tensor_bytes(t) / rows;
    uint8_t *row = ref_alloc(row_bytes, 1);
    seed_tensor(m, index);
    for (size_t i = 0; i < rows; i++) {
        bool quiet = i % t->ne[1] < m->quiet_rows[index];
        mk_row(&m->values, t->type, row, t->ne[0], m->std[index] * (quiet ? 0.004 : 1));
        mk_data(&m->out, row, row_bytes);
    }
    free(row);
}

static void write_tensor(maker *m, size_t index)
{
    if (m->kinds[index] != MATRIX) {
        float *v = draw_f32(m, index);
        mk_data(&m->out, v, mk_tensor_bytes(&m->out.tensors[index]));
        free(v);
    } else if (m->n[EXPERTS] && strcmp(m->out.tensors[index].name, "token_embd.weight") == 0) {
        write_routed_embeddings(m, index);
    } else {
        write_matrix(m, index);
    }
    mk_pad(&m->out);
}

int main(int argc, char **argv)
{
    static maker m;
    bool given[N_NUMBERS] = { false };
    const char *path = NULL;
    for (int i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--arch") == 0 && next)
            m.arch = arch_named(argv[++i]);
        else if (strcmp(argv[i], "--type") == 0 && next)
            m.type = ref_type_named(argv[++i]);
        else if (parse_number_flag(&m, argv[i], next, given))
            i++;
        else if (parse_switch(&m, argv[i]))
            continue;
        else if (argv[i][0] != '-' && !path)
            path = argv[i];
        else
            usage();
    }
    if (!path || !m.arch || !m.type)
        usage();

    set_defaults(&m, given);
    check(&m);
    m.types.state = m.n[SEED];
    mk_init(&m.out, m.arch->name, m.flag[V2] ? 2 : 3);
    add_metadata(&m);
    add_tensors(&m);
    mk_open(&m.out, path);
    for (size_t i = 0; i < m.out.n_tensors; i++)
        write_tensor(&m, i);
    mk_close(&m.out);
    mk_deinit(&m.out);
    return 0;
}
