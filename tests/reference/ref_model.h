// SPDX-License-Identifier: Apache-2.0
// Logits of a GGUF model in float64: no batching tricks, no caches of lower
// precision, attention and scan written down as their definitions.
#ifndef REF_MODEL_H
#define REF_MODEL_H

#include "ref_gguf.h"

#include <stdbool.h>

typedef enum { REF_QK_NONE, REF_QK_PER_HEAD, REF_QK_WHOLE_ROW } ref_qk_norm;

typedef struct {
    const char *name;
    bool neox;        // RoPE pairs (i, i + n/2) instead of (2i, 2i + 1)
    bool renormalize; // top-k weights of a mixture are divided by their sum
    ref_qk_norm qk_norm;
    int mamba; // 0, or the version
} ref_arch;

typedef struct {
    const ref_gguf *g;
    const ref_arch *arch;
    size_t n_layer, n_embd, n_vocab;
    double eps;
    // attention
    size_t n_head, n_head_kv, head_k, head_v, n_rot;
    double rope_base, rope_scale;
    size_t n_expert, n_expert_used;
    // state space; dt_rank is the number of heads in mamba2
    size_t d_conv, d_inner, d_state, dt_rank, n_group;
} ref_config;

void ref_config_read(ref_config *c, const ref_gguf *g);
// logits[n_tok][c->n_vocab] of the sequence tok[0..n_tok), for the caller to free.
double *ref_logits(const ref_config *c, const uint32_t *tok, size_t n_tok);

// The mixers of one layer: y[n_tok][n_embd] from the normalized x[n_tok][n_embd].
void ref_attention(const ref_config *c, int layer, const double *x, size_t n_tok, double *y);
void ref_mamba(const ref_config *c, int layer, const double *x, size_t n_tok, double *y);
void ref_mamba2(const ref_config *c, int layer, const double *x, size_t n_tok, double *y);
// The feed-forward part, dense or mixture, with the same shapes.
void ref_ffn(const ref_config *c, int layer, const double *x, size_t n_tok, double *y);

#endif
