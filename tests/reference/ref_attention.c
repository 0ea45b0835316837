// SPDX-License-Identifier: Apache-2.0
#include "ref_model.h"
#include "ref_ops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// q, k or v: a projection with an optional bias, heads side by side.
static double *project(const ref_config *c, int layer, const char *which, const double *x, size_t n_tok, size_t width)
{
    char name[64];
    double *y = ref_alloc(n_tok * width, sizeof *y);
    ref_linear(ref_need(c->g, layer, strcat(strcpy(name, which), ".weight"), c->n_embd, width), 0, x, n_tok, y);
    ref_add_bias(c->g, layer, strcat(strcpy(name, which), ".bias"), y, n_tok, width);
    return y;
}

static void qk_norm(const ref_config *c, int layer, const char *name, double *x, size_t n_tok, size_t n_head)
{
    if (c->arch->qk_norm == REF_QK_NONE)
        return;
    bool per_head = c->arch->qk_norm == REF_QK_PER_HEAD;
    size_t width = per_head ? c->head_k : c->head_k * n_head;
    double *weight = ref_vector(c->g, layer, name, width);
    ref_rmsnorm(x, weight, c->eps, width, per_head ? n_tok * n_head : n_tok, x);
    free(weight);
}

// Turns each pair of a head by pos * base^(-2i/n_rot) / factor[i].
static void rope(const ref_config *c, const double *factor, double *x, size_t n_tok, size_t n_head)
{
    size_t half = c->n_rot / 2;
    for (size_t row = 0; row < n_tok * n_head; row++) {
        double *head = x + row * c->head_k;
        double pos = (double)(row / n_head);
        for (size_t i = 0; i < half; i++) {
            double angle = pos * c->rope_scale * pow(c->rope_base, -2.0 * (double)i / (double)c->n_rot);
            if (factor)
                angle /= factor[i];
            double *a = c->arch->neox ? &head[i] : &head[2 * i];
            double *b = c->arch->neox ? &head[i + half] : &head[2 * i + 1];
            double re = *a * cos(angle) - *b * sin(angle);
            double im = *a * sin(angle) + *b * cos(angle);
            *a = re;
            *b = im;
        }
    }
}

// out[head_v] = sum over s <= t of softmax(q . k_s / sqrt(head_k)) v_s
static void attend(const ref_config *c, const double *q, const double *k, const double *v, size_t t, double *score,
                   double *out)
{
    size_t stride_k = c->n_head_kv * c->head_k, stride_v = c->n_head_kv * c->head_v;
    for (size_t s = 0; s <= t; s++) {
        double sum = 0;
        for (size_t i = 0; i < c->head_k; i++)
            sum += q[i] * k[s * stride_k + i];
        score[s] = sum / sqrt((double)c->head_k);
    }
    ref_softmax(score, t + 1);
    memset(out, 0, c->head_v * sizeof *out);
    for (size_t s = 0; s <= t; s++)
        for (size_t i = 0; i < c->head_v; i++)
            out[i] += score[s] * v[s * stride_v + i];
}

void ref_attention(const ref_config *c, int layer, const double *x, size_t n_tok, double *y)
{
    size_t width_q = c->n_head * c->head_k, width_k = c->n_head_kv * c->head_k;
    size_t width_v = c->n_head_kv * c->head_v, width_o = c->n_head * c->head_v;
    double *q = project(c, layer, "attn_q", x, n_tok, width_q);
    double *k = project(c, layer, "attn_k", x, n_tok, width_k);
    double *v = project(c, layer, "attn_v", x, n_tok, width_v);
    qk_norm(c, layer, "attn_q_norm.weight", q, n_tok, c->n_head);
    qk_norm(c, layer, "attn_k_norm.weight", k, n_tok, c->n_head_kv);

    bool factors = ref_find_tensor(c->g, "rope_freqs.weight") != NULL;
    double *factor = factors ? ref_vector(c->g, -1, "rope_freqs.weight", c->n_rot / 2) : NULL;
    rope(c, factor, q, n_tok, c->n_head);
    rope(c, factor, k, n_tok, c->n_head_kv);

    double *score = ref_alloc(n_tok, sizeof *score);
    double *mixed = ref_alloc(n_tok * width_o, sizeof *mixed);
    for (size_t t = 0; t < n_tok; t++) {
        for (size_t h = 0; h < c->n_head; h++) {
            size_t kv = h / (c->n_head / c->n_head_kv);
            attend(c, q + t * width_q + h * c->head_k, k + kv * c->head_k, v + kv * c->head_v, t, score,
                   mixed + t * width_o + h * c->head_v);
        }
    }
    ref_linear(ref_need(c->g, layer, "attn_output.weight", width_o, c->n_embd), 0, mixed, n_tok, y);
    ref_add_bias(c->g, layer, "attn_output.bias", y, n_tok, c->n_embd);

    free(q);
    free(k);
    free(v);
    free(factor);
    free(score);
    free(mixed);
}
