// SPDX-License-Identifier: Apache-2.0
#include "ref_model.h"
#include "ref_ops.h"

#include <stdlib.h>
#include <string.h>

// y = down(silu(gate(x)) * up(x)) of one expert of tensors [in, out, experts].
static void gated(const ref_tensor *gate, const ref_tensor *up, const ref_tensor *down, size_t expert, const double *x,
                  size_t n_tok, double *y)
{
    size_t width = gate->ne[1];
    if (up->ne[1] != width || down->ne[0] != width)
        ref_die("%s: widths differ", gate->name);
    double *a = ref_alloc(n_tok * width, sizeof *a);
    double *b = ref_alloc(n_tok * width, sizeof *b);
    ref_linear(gate, expert, x, n_tok, a);
    ref_linear(up, expert, x, n_tok, b);
    for (size_t i = 0; i < n_tok * width; i++)
        a[i] = ref_silu(a[i]) * b[i];
    ref_linear(down, expert, a, n_tok, y);
    free(a);
    free(b);
}

// Index of the largest weight not chosen yet; the first one wins a tie.
static size_t best_left(const double *p, const bool *chosen, size_t n)
{
    size_t best = n;
    for (size_t i = 0; i < n; i++)
        if (!chosen[i] && (best == n || p[i] > p[best]))
            best = i;
    return best;
}

// weight[n_expert]: probability of the chosen experts, 0 elsewhere.
static void route(const ref_config *c, double *weight)
{
    bool *chosen = ref_alloc(c->n_expert, sizeof *chosen);
    double sum = 0;
    ref_softmax(weight, c->n_expert);
    for (size_t k = 0; k < c->n_expert_used; k++) {
        size_t best = best_left(weight, chosen, c->n_expert);
        chosen[best] = true;
        sum += weight[best];
    }
    for (size_t e = 0; e < c->n_expert; e++) {
        if (!chosen[e])
            weight[e] = 0;
        else if (c->arch->renormalize)
            weight[e] /= sum;
    }
    free(chosen);
}

static void mixture(const ref_config *c, int layer, const double *x, size_t n_tok, double *y)
{
    size_t n = c->n_embd;
    const ref_tensor *router = ref_need(c->g, layer, "ffn_gate_inp.weight", n, c->n_expert);
    const ref_tensor *gate = ref_need(c->g, layer, "ffn_gate_exps.weight", n, 0);
    const ref_tensor *up = ref_need(c->g, layer, "ffn_up_exps.weight", n, 0);
    const ref_tensor *down = ref_need(c->g, layer, "ffn_down_exps.weight", 0, n);
    double *weight = ref_alloc(n_tok * c->n_expert, sizeof *weight);
    double *out = ref_alloc(n, sizeof *out);

    ref_linear(router, 0, x, n_tok, weight);
    memset(y, 0, n_tok * n * sizeof *y);
    for (size_t t = 0; t < n_tok; t++) {
        double *w = weight + t * c->n_expert;
        route(c, w);
        for (size_t e = 0; e < c->n_expert; e++) {
            if (w[e] == 0)
                continue;
            gated(gate, up, down, e, x + t * n, 1, out);
            for (size_t i = 0; i < n; i++)
                y[t * n + i] += w[e] * out[i];
        }
    }
    free(weight);
    free(out);
}

// y += sigmoid(x . gate_inp) * expert(x), where the file has a shared expert.
static void add_shared(const ref_config *c, int layer, const double *x, size_t n_tok, double *y)
{
    size_t n = c->n_embd;
    if (!ref_layer_tensor(c->g, layer, "ffn_gate_shexp.weight"))
        return;
    double *out = ref_alloc(n_tok * n, sizeof *out);
    double *gate_inp = ref_vector(c->g, layer, "ffn_gate_inp_shexp.weight", n);
    gated(ref_need(c->g, layer, "ffn_gate_shexp.weight", n, 0), ref_need(c->g, layer, "ffn_up_shexp.weight", n, 0),
          ref_need(c->g, layer, "ffn_down_shexp.weight", 0, n), 0, x, n_tok, out);
    for (size_t t = 0; t < n_tok; t++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += x[t * n + i] * gate_inp[i];
        for (size_t i = 0; i < n; i++)
            y[t * n + i] += ref_sigmoid(sum) * out[t * n + i];
    }
    free(out);
    free(gate_inp);
}

void ref_ffn(const ref_config *c, int layer, const double *x, size_t n_tok, double *y)
{
    if (c->n_expert) {
        mixture(c, layer, x, n_tok, y);
        add_shared(c, layer, x, n_tok, y);
        return;
    }
    gated(ref_need(c->g, layer, "ffn_gate.weight", c->n_embd, 0), ref_need(c->g, layer, "ffn_up.weight", c->n_embd, 0),
          ref_need(c->g, layer, "ffn_down.weight", 0, c->n_embd), 0, x, n_tok, y);
}
