// SPDX-License-Identifier: Apache-2.0
// A GGUF file as a language model: hyperparameters and tensors, all shapes checked on open.
// Weights stay in the mapping, or are packed out of it (repack.h); immutable after that.
#ifndef EB_NATIVE_MODEL_H
#define EB_NATIVE_MODEL_H

#include "workloads/engine/native/gguf.h"

typedef enum eb_arch {
    EB_ARCH_LLAMA,
    EB_ARCH_QWEN2,
    EB_ARCH_QWEN3,
    EB_ARCH_OLMOE,
    EB_ARCH_QWEN2MOE,
    EB_ARCH_QWEN3MOE,
    EB_ARCH_MAMBA,
    EB_ARCH_MAMBA2,
    EB_ARCH_COUNT
} eb_arch;

// What tells the architectures apart (one row each in arch.c).
typedef struct eb_arch_info {
    const char *name;   // general.architecture
    bool ssm, ssm2;     // state space: mamba and mamba2; ssm2: mamba2
    bool moe;           // always; llama: when expert_count > 0
    bool qkv_bias;      // qwen2, qwen2moe: required; llama: used when present
    bool head_norm;     // qwen3, qwen3moe: RMS norm of each q/k head
    bool row_norm;      // olmoe: RMS norm of the whole q/k row
    bool renorm;        // top-k weights renormalised to sum 1 (mixtral, qwen3moe)
    bool shared_expert; // qwen2moe
    bool neox;          // rope pairs (i, i + n/2)
} eb_arch_info;
extern const eb_arch_info eb_arch_table[EB_ARCH_COUNT];

typedef struct eb_hparams {
    eb_arch arch;
    int vocab, embd, layers, ctx_train;
    int heads, kv_heads, dim_k, dim_v, rot; // attention; rot = rotated dims
    int ffn;                                // dense FFN width
    float norm_eps, rope_base, rope_scale;  // rope_scale: positions are divided by it (linear), 1 = off
    int experts, experts_used, expert_ffn, shared_ffn;
    float expert_weights_scale;                    // 0 or 1 = none
    int d_conv, d_inner, d_state, dt_rank, groups; // ssm; mamba2: dt_rank = number of heads
    bool dt_b_c_norm;                              // mamba: falcon-mamba style norms of dt, B, C
} eb_hparams;

// A weight matrix (or a stack of n_expert of them): out rows of `in` weights.
typedef struct eb_mat {
    const uint8_t *data; // NULL = the model has none
    eb_wtype type;
    int64_t in, out, experts; // experts = 1 for a plain matrix
    size_t row_bytes, expert_bytes;
    const uint8_t *packed; // [experts] for 8-bit products (repack.h); NULL = `data` is multiplied
    size_t packed_expert_bytes;
} eb_mat;

typedef struct eb_layer { // f32 vectors are NULL where the model has none
    const float *attn_norm;
    eb_mat wq, wk, wv, wo;
    const float *bq, *bk, *bv, *bo, *q_norm, *k_norm;
    const float *ffn_norm;
    eb_mat gate, up, down;                        // dense FFN
    eb_mat router, gate_exps, up_exps, down_exps; // MoE; router is F32 in real files, any type here
    eb_mat gate_sh, up_sh, down_sh;               // shared expert
    const float *gate_inp_sh;                     // [embd], its sigmoid gate
    eb_mat ssm_in, ssm_x, ssm_dt, ssm_out;
    const float *conv_w, *conv_b; // [d_conv_channels][d_conv], [channels]
    const float *dt_b, *ssm_a, *ssm_d,
        *ssm_norm; // a: [d_inner][d_state] (mamba), [heads] (mamba2); as in the file (negative)
} eb_layer;

// A vector of f32 as it lies in the file, and what points to it.
typedef struct eb_file_vector {
    const float **at;
    int64_t n;
} eb_file_vector;

typedef struct eb_model {
    eb_gguf *file;
    eb_hparams hp;
    const eb_arch_info *info;
    eb_mat tok_embd, output;               // output aliases tok_embd when tied
    const float *output_norm, *rope_freqs; // rope_freqs: [rot/2] divisors or NULL
    eb_layer *layer;
    char name[64], type[16]; // general.name; "q8_0" / "q4_k_m" / ...
    uint64_t n_params;
    float **owned; // f32 copies of norms/biases stored in other types
    int n_owned;
    eb_file_vector *vectors; // all that are not owned
    int n_vectors;
    void *packed; // the memory of all packed matrices, and of what is read beside them; NULL = none
    size_t packed_bytes;
} eb_model;

// Opens and checks; EB_USAGE with file and cause on anything wrong.
eb_model *eb_model_open(const char *path, eb_err *err);
eb_model *eb_model_from_gguf(eb_gguf *file, eb_err *err); // takes ownership of file, also on failure
void eb_model_close(eb_model *m);

// Predictions from the shape, for a decode step of one sequence with `ctx` tokens in the cache:
double eb_model_bytes_per_tok(const eb_model *m, int ctx, int kv_elem_bytes);
double eb_model_flop_per_tok(const eb_model *m, int ctx);
// The same for a prompt of so many tokens, all together, with logits of the last.
double eb_model_prompt_flop(const eb_model *m, int ctx, int tokens);
const char *eb_hparams_family(const eb_hparams *hp);
const char *eb_model_family(const eb_model *m); // "dense", "moe", "ssm"

#endif
