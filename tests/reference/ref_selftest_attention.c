// SPDX-License-Identifier: Apache-2.0
#include "ref_gguf.h"
#include "ref_selftest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VOCAB = 11, HIDDEN = 16, HEAD = 4, FFN = 12, LAYERS = 2 };
static const uint32_t tokens[] = { 3, 1, 4, 1, 5, 9, 2, 6 };
enum { N_TOK = sizeof tokens / sizeof *tokens, N_LOGITS = N_TOK * VOCAB };

static const char *in_layer(size_t layer, const char *name)
{
    static char b[64];
    snprintf(b, sizeof b, "blk.%zu.%s", layer, name);
    return b;
}

// The same values wherever the seed and size are the same.
static void add_random(toy *t, const char *name, uint64_t seed, size_t in, size_t out)
{
    toy_add(t, name, random_floats(seed, in * out, 1 / sqrt((double)in)), in, out, 0);
}

static void begin(toy *t, const char *arch, size_t heads, size_t kv_heads)
{
    toy_init(t, arch, LAYERS, HIDDEN, 1e-5f);
    mk_arch_u32(&t->out, "attention.head_count", (uint32_t)heads);
    mk_arch_u32(&t->out, "attention.head_count_kv", (uint32_t)kv_heads);
    mk_arch_u32(&t->out, "attention.key_length", (uint32_t)(HIDDEN / heads));
    mk_arch_u32(&t->out, "attention.value_length", (uint32_t)(HIDDEN / heads));
    toy_add(t, "token_embd.weight", random_floats(1, HIDDEN * VOCAB, 1), HIDDEN, VOCAB, 0);
    toy_add(t, "output_norm.weight", constant_floats(HIDDEN, 1), HIDDEN, 0, 0);
    add_random(t, "output.weight", 2, HIDDEN, VOCAB);
}

static void add_experts_keys(toy *t, size_t experts, size_t used)
{
    mk_arch_u32(&t->out, "expert_count", (uint32_t)experts);
    mk_arch_u32(&t->out, "expert_used_count", (uint32_t)used);
}

static void add_norms(toy *t, size_t l)
{
    toy_add(t, in_layer(l, "attn_norm.weight"), constant_floats(HIDDEN, 1), HIDDEN, 0, 0);
    toy_add(t, in_layer(l, "ffn_norm.weight"), constant_floats(HIDDEN, 1), HIDDEN, 0, 0);
}

static void add_qkvo(toy *t, size_t l)
{
    add_random(t, in_layer(l, "attn_q.weight"), 10 + l, HIDDEN, HIDDEN);
    add_random(t, in_layer(l, "attn_k.weight"), 20 + l, HIDDEN, HIDDEN);
    add_random(t, in_layer(l, "attn_v.weight"), 30 + l, HIDDEN, HIDDEN);
    add_random(t, in_layer(l, "attn_output.weight"), 40 + l, HIDDEN, HIDDEN);
}

static void add_dense_ffn(toy *t, size_t l)
{
    add_random(t, in_layer(l, "ffn_gate.weight"), 50 + l, HIDDEN, FFN);
    add_random(t, in_layer(l, "ffn_up.weight"), 60 + l, HIDDEN, FFN);
    add_random(t, in_layer(l, "ffn_down.weight"), 70 + l, FFN, HIDDEN);
}

// The dense feed-forward `experts` times over, its output scaled.
static void add_same_experts(toy *t, size_t l, size_t experts, double down_scale, float *router)
{
    static const struct {
        const char *name;
        uint64_t seed;
        size_t in, out;
    } part[3] = {
        { "ffn_gate_exps.weight", 50, HIDDEN, FFN },
        { "ffn_up_exps.weight", 60, HIDDEN, FFN },
        { "ffn_down_exps.weight", 70, FFN, HIDDEN },
    };
    toy_add(t, in_layer(l, "ffn_gate_inp.weight"), router, HIDDEN, experts, 0);
    for (size_t i = 0; i < 3; i++) {
        float *one = random_floats(part[i].seed + l, HIDDEN * FFN, 1 / sqrt((double)part[i].in));
        toy_add(t, in_layer(l, part[i].name), copy_floats(one, HIDDEN * FFN, experts, i == 2 ? down_scale : 1),
                part[i].in, part[i].out, experts);
        free(one);
    }
}

static double *dense_llama(void)
{
    toy t;
    begin(&t, "llama", HIDDEN / HEAD, HIDDEN / HEAD);
    for (size_t l = 0; l < LAYERS; l++) {
        add_norms(&t, l);
        add_qkvo(&t, l);
        add_dense_ffn(&t, l);
    }
    return toy_logits(&t, tokens, N_TOK);
}

static void compare(double *got, double *want, const char *name)
{
    check(all_near(got, want, N_LOGITS, 1e-12), name);
    free(got);
    free(want);
}

static void test_same_experts(void)
{
    toy t;
    begin(&t, "llama", HIDDEN / HEAD, HIDDEN / HEAD);
    add_experts_keys(&t, 5, 2);
    for (size_t l = 0; l < LAYERS; l++) {
        add_norms(&t, l);
        add_qkvo(&t, l);
        add_same_experts(&t, l, 5, 1, random_floats(80 + l, HIDDEN * 5, 0.5));
    }
    compare(toy_logits(&t, tokens, N_TOK), dense_llama(), "llama mixture of identical experts is the dense model");
}

// K/V heads 0 and 1 of two, each standing for two of four query heads.
static float *shared_heads(uint64_t seed, bool duplicated)
{
    enum { PART = HIDDEN * HEAD };
    float *two = random_floats(seed, 2 * PART, 0.25);
    if (!duplicated)
        return two;
    float *four = ref_alloc(4 * PART, sizeof *four);
    for (size_t h = 0; h < 4; h++)
        memcpy(four + h * PART, two + h / 2 * PART, PART * sizeof *four);
    free(two);
    return four;
}

static double *grouped_llama(bool duplicated)
{
    toy t;
    size_t kv = duplicated ? 4 : 2;
    begin(&t, "llama", 4, kv);
    for (size_t l = 0; l < LAYERS; l++) {
        add_norms(&t, l);
        add_random(&t, in_layer(l, "attn_q.weight"), 10 + l, HIDDEN, HIDDEN);
        toy_add(&t, in_layer(l, "attn_k.weight"), shared_heads(20 + l, duplicated), HIDDEN, kv * HEAD, 0);
        toy_add(&t, in_layer(l, "attn_v.weight"), shared_heads(30 + l, duplicated), HIDDEN, kv * HEAD, 0);
        add_random(&t, in_layer(l, "attn_output.weight"), 40 + l, HIDDEN, HIDDEN);
        add_dense_ffn(&t, l);
    }
    return toy_logits(&t, tokens, N_TOK);
}

// Rows (2i, 2i + 1) of each head become rows (i, i + n/2).
static float *halves_from_pairs(uint64_t seed)
{
    float *pairs = random_floats(seed, HIDDEN * HIDDEN, 1 / sqrt((double)HIDDEN));
    float *halves = ref_alloc(HIDDEN * HIDDEN, sizeof *halves);
    for (size_t row = 0; row < HIDDEN; row++) {
        size_t head = row / HEAD, i = row % HEAD, from = i < HEAD / 2 ? 2 * i : 2 * (i - HEAD / 2) + 1;
        memcpy(halves + row * HIDDEN, pairs + (head * HEAD + from) * HIDDEN, HIDDEN * sizeof *halves);
    }
    free(pairs);
    return halves;
}

// A qwen2 whose feed-forward is dense, or (qwen2moe) a shared expert that half
// a gate lets through at twice the size, beside routed experts of no output.
static double *permuted_qwen2(bool shared)
{
    toy t;
    begin(&t, shared ? "qwen2moe" : "qwen2", HIDDEN / HEAD, HIDDEN / HEAD);
    if (shared)
        add_experts_keys(&t, 3, 2);
    for (size_t l = 0; l < LAYERS; l++) {
        add_norms(&t, l);
        toy_add(&t, in_layer(l, "attn_q.weight"), halves_from_pairs(10 + l), HIDDEN, HIDDEN, 0);
        toy_add(&t, in_layer(l, "attn_k.weight"), halves_from_pairs(20 + l), HIDDEN, HIDDEN, 0);
        add_random(&t, in_layer(l, "attn_v.weight"), 30 + l, HIDDEN, HIDDEN);
        add_random(&t, in_layer(l, "attn_output.weight"), 40 + l, HIDDEN, HIDDEN);
        toy_add(&t, in_layer(l, "attn_q.bias"), constant_floats(HIDDEN, 0), HIDDEN, 0, 0);
        if (!shared) {
            add_dense_ffn(&t, l);
            continue;
        }
        add_same_experts(&t, l, 3, 0, random_floats(80 + l, HIDDEN * 3, 0.5));
        float *down = random_floats(70 + l, FFN * HIDDEN, 1 / sqrt((double)FFN));
        toy_add(&t, in_layer(l, "ffn_gate_inp_shexp.weight"), constant_floats(HIDDEN, 0), HIDDEN, 0, 0);
        add_random(&t, in_layer(l, "ffn_gate_shexp.weight"), 50 + l, HIDDEN, FFN);
        add_random(&t, in_layer(l, "ffn_up_shexp.weight"), 60 + l, HIDDEN, FFN);
        toy_add(&t, in_layer(l, "ffn_down_shexp.weight"), copy_floats(down, FFN * HIDDEN, 1, 2), FFN, HIDDEN, 0);
        free(down);
    }
    return toy_logits(&t, tokens, N_TOK);
}

// One head, so that olmoe's norm over the row is qwen3moe's norm of the head.
// A router of zeros gives each of 4 identical experts 1/4: of 2 chosen, half
// is left unless the weights are renormalized.
static double *one_head_mixture(const char *arch, double down_scale)
{
    toy t;
    begin(&t, arch, 1, 1);
    add_experts_keys(&t, 4, 2);
    for (size_t l = 0; l < LAYERS; l++) {
        add_norms(&t, l);
        add_qkvo(&t, l);
        toy_add(&t, in_layer(l, "attn_q_norm.weight"), random_floats(90 + l, HIDDEN, 1), HIDDEN, 0, 0);
        toy_add(&t, in_layer(l, "attn_k_norm.weight"), random_floats(95 + l, HIDDEN, 1), HIDDEN, 0, 0);
        add_same_experts(&t, l, 4, down_scale, constant_floats(4 * HIDDEN, 0));
    }
    return toy_logits(&t, tokens, N_TOK);
}

// One layer of width 4, identity matrices, no feed-forward. Token 0 embeds as
// unit vector a, token 1 as b, the two sides of one RoPE pair; normalized they
// have length 2. The second position's query is b turned by the angle, so its
// scores are -4 sin(angle) with the first and 4 with itself, over the root of
// the head's width.
static bool rope_closed_form(const char *arch, size_t heads, size_t a, size_t b, double angle, double factor)
{
    enum { N = 4 };
    static const uint32_t two[2] = { 0, 1 };
    static const char *const eyes[] = { "blk.0.attn_q.weight",   "blk.0.attn_k.weight",
                                        "blk.0.attn_v.weight",   "blk.0.attn_output.weight",
                                        "blk.0.ffn_gate.weight", "blk.0.ffn_up.weight",
                                        "output.weight" };
    double eye[N * N] = { 0 }, embedding[2 * N] = { 0 }, factors[2] = { factor, factor };
    toy t;
    for (size_t i = 0; i < N; i++)
        eye[i * N + i] = 1;
    embedding[a] = embedding[N + b] = 1;
    toy_init(&t, arch, 1, N, 0);
    mk_arch_u32(&t.out, "attention.head_count", (uint32_t)heads);
    mk_arch_f32(&t.out, "rope.freq_base", 100);
    toy_add(&t, "token_embd.weight", list_floats(2 * N, embedding), N, 2, 0);
    toy_add(&t, "output_norm.weight", constant_floats(N, 1), N, 0, 0);
    toy_add(&t, "blk.0.attn_norm.weight", constant_floats(N, 1), N, 0, 0);
    toy_add(&t, "blk.0.ffn_norm.weight", constant_floats(N, 1), N, 0, 0);
    toy_add(&t, "blk.0.ffn_down.weight", constant_floats(N * N, 0), N, N, 0);
    if (factor != 1)
        toy_add(&t, "rope_freqs.weight", list_floats(2, factors), 2, 0, 0);
    // The head has as many rows as the vocabulary: the two coordinates in question.
    for (size_t i = 0; i < 6; i++)
        toy_add(&t, eyes[i], list_floats(N * N, eye), N, N, 0);
    double head[2 * N] = { 0 };
    head[a] = head[N + b] = 1;
    toy_add(&t, eyes[6], list_floats(2 * N, head), N, 2, 0);
    double *logits = toy_logits(&t, two, 2);

    double scale = 4 / sqrt((double)(N / heads));
    double p = 1 / (1 + exp(-scale * (sin(angle) + 1))); // attention of the second to itself
    double xa = 2 * (1 - p), xb = 1 + 2 * p, rms = sqrt((xa * xa + xb * xb) / N);
    bool ok = near(logits[0], 2, 1e-14) && near(logits[2], xa / rms, 1e-13) && near(logits[3], xb / rms, 1e-13);
    free(logits);
    return ok;
}

static void test_sequences(void)
{
    double *whole = dense_llama();
    toy t;
    static const uint32_t same[N_TOK] = { 7, 7, 7, 7, 7, 7, 7, 7 };
    double *part = NULL, *constant = NULL;
    for (int turn = 0; turn < 2; turn++) {
        begin(&t, "llama", HIDDEN / HEAD, HIDDEN / HEAD);
        for (size_t l = 0; l < LAYERS; l++) {
            add_norms(&t, l);
            add_qkvo(&t, l);
            add_dense_ffn(&t, l);
        }
        if (turn == 0)
            part = toy_logits(&t, tokens, 3);
        else
            constant = toy_logits(&t, same, N_TOK);
    }
    check(all_near(part, whole, 3 * VOCAB, 0), "causal: a prefix has the logits of the whole");
    bool ok = true;
    for (size_t r = 1; r < N_TOK; r++)
        ok &= all_near(constant + r * VOCAB, constant, VOCAB, 1e-12);
    check(ok, "a sequence of one token attends to one value: constant logits");
    free(whole);
    free(part);
    free(constant);
}

void test_attention(void)
{
    check(rope_closed_form("llama", 1, 0, 1, 1, 1), "RoPE, neighbouring pairs: closed form of pair 0");
    check(rope_closed_form("llama", 1, 2, 3, 0.1, 1), "RoPE, neighbouring pairs: pair 1 turns by base^(-1/2)");
    check(rope_closed_form("llama", 1, 2, 3, 0.025, 4), "RoPE: rope_freqs divides the angle");
    check(rope_closed_form("qwen2", 1, 1, 3, 0.1, 1), "RoPE, halves: pair 1 is (1, 3)");
    check(rope_closed_form("qwen2", 1, 2, 3, 0, 1), "RoPE, halves: (2, 3) is no pair, nothing turns towards the other");
    check(rope_closed_form("llama", 2, 0, 1, 1, 1), "scores are divided by the root of the head's width");
    test_sequences();
    test_same_experts();
    compare(grouped_llama(false), grouped_llama(true), "grouped attention is attention with duplicated K/V heads");
    compare(permuted_qwen2(false), dense_llama(), "qwen2 with permuted q/k rows is llama");
    compare(permuted_qwen2(true), dense_llama(), "qwen2moe: half-open shared expert of twice the output is dense");
    compare(one_head_mixture("olmoe", 2), one_head_mixture("qwen3moe", 1), "olmoe does not renormalize, qwen3moe does");
}
