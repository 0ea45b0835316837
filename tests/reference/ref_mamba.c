// SPDX-License-Identifier: Apache-2.0
#include "ref_model.h"
#include "ref_ops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// Causal depthwise convolution over time, bias and SiLU. x is read with
// row stride `stride`; before the first token there are zeros. The last of a
// channel's d_conv taps belongs to the current token.
static double *conv_silu(const ref_config *c, int layer, const double *x, size_t stride, size_t width, size_t n_tok)
{
    double *tap = ref_vector(c->g, layer, "ssm_conv1d.weight", c->d_conv * width);
    double *bias = ref_vector(c->g, layer, "ssm_conv1d.bias", width);
    double *y = ref_alloc(n_tok * width, sizeof *y);
    for (size_t t = 0; t < n_tok; t++) {
        for (size_t i = 0; i < width; i++) {
            double sum = bias[i];
            for (size_t back = 0; back < c->d_conv && back <= t; back++)
                sum += tap[i * c->d_conv + c->d_conv - 1 - back] * x[(t - back) * stride + i];
            y[t * width + i] = ref_silu(sum);
        }
    }
    free(tap);
    free(bias);
    return y;
}

// One channel's step: h = exp(dt a) h + dt b x, returns c . h. `a_step` is 0
// where all of the channel's states share one a.
static double scan_step(double *h, size_t d_state, double dt, const double *a, size_t a_step, const double *b,
                        const double *c, double x)
{
    double y = 0;
    for (size_t n = 0; n < d_state; n++) {
        h[n] = exp(dt * a[n * a_step]) * h[n] + dt * b[n] * x;
        y += c[n] * h[n];
    }
    return y;
}

void ref_mamba(const ref_config *c, int layer, const double *in, size_t n_tok, double *out)
{
    size_t inner = c->d_inner, state = c->d_state, rank = c->dt_rank, width = rank + 2 * state;
    double *xz = ref_alloc(n_tok * 2 * inner, sizeof *xz);
    ref_linear(ref_need(c->g, layer, "ssm_in.weight", c->n_embd, 2 * inner), 0, in, n_tok, xz);
    double *x = conv_silu(c, layer, xz, 2 * inner, inner, n_tok);

    double *dbc = ref_alloc(n_tok * width, sizeof *dbc); // rows: dt[rank], B[state], C[state]
    ref_linear(ref_need(c->g, layer, "ssm_x.weight", inner, width), 0, x, n_tok, dbc);
    double *low = ref_alloc(n_tok * rank, sizeof *low);
    for (size_t t = 0; t < n_tok; t++)
        memcpy(low + t * rank, dbc + t * width, rank * sizeof *low);
    double *dt = ref_alloc(n_tok * inner, sizeof *dt);
    ref_linear(ref_need(c->g, layer, "ssm_dt.weight", rank, inner), 0, low, n_tok, dt);
    ref_add_bias(c->g, layer, "ssm_dt.bias", dt, n_tok, inner);

    double *a = ref_vector(c->g, layer, "ssm_a", state * inner); // [inner][state], negative
    double *d = ref_vector(c->g, layer, "ssm_d", inner);
    double *h = ref_alloc(inner * state, sizeof *h);
    double *y = ref_alloc(n_tok * inner, sizeof *y);
    for (size_t t = 0; t < n_tok; t++) {
        const double *b = dbc + t * width + rank;
        for (size_t i = 0; i < inner; i++) {
            size_t at = t * inner + i;
            double s = scan_step(h + i * state, state, ref_softplus(dt[at]), a + i * state, 1, b, b + state, x[at]);
            y[at] = (s + d[i] * x[at]) * ref_silu(xz[t * 2 * inner + inner + i]);
        }
    }
    ref_linear(ref_need(c->g, layer, "ssm_out.weight", inner, c->n_embd), 0, y, n_tok, out);

    double *all[] = { xz, x, dbc, low, dt, a, d, h, y };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

// Rows of ssm_in: z[inner], x[inner], B[group][state], C[group][state], dt[head];
// the convolution runs over x, B and C together.
void ref_mamba2(const ref_config *c, int layer, const double *in, size_t n_tok, double *out)
{
    size_t inner = c->d_inner, state = c->d_state, heads = c->dt_rank, group_states = c->n_group * state;
    size_t conv = inner + 2 * group_states, width = inner + conv + heads, head_dim = inner / heads;
    double *zxbcdt = ref_alloc(n_tok * width, sizeof *zxbcdt);
    ref_linear(ref_need(c->g, layer, "ssm_in.weight", c->n_embd, width), 0, in, n_tok, zxbcdt);
    double *xbc = conv_silu(c, layer, zxbcdt + inner, width, conv, n_tok);

    double *dt_bias = ref_vector(c->g, layer, "ssm_dt.bias", heads);
    double *a = ref_vector(c->g, layer, "ssm_a", heads);
    double *d = ref_vector(c->g, layer, "ssm_d", heads);
    double *norm = ref_vector(c->g, layer, "ssm_norm.weight", inner);
    double *h = ref_alloc(inner * state, sizeof *h);
    double *y = ref_alloc(n_tok * inner, sizeof *y);
    for (size_t t = 0; t < n_tok; t++) {
        const double *z = zxbcdt + t * width, *x = xbc + t * conv;
        for (size_t i = 0; i < inner; i++) {
            size_t head = i / head_dim, group = head / (heads / c->n_group);
            const double *b = x + inner + group * state;
            double dt = ref_softplus(z[inner + conv + head] + dt_bias[head]);
            double s = scan_step(h + i * state, state, dt, a + head, 0, b, b + group_states, x[i]);
            y[t * inner + i] = (s + d[head] * x[i]) * ref_silu(z[i]);
        }
        size_t part = inner / c->n_group;
        for (size_t g = 0; g < c->n_group; g++)
            ref_rmsnorm(y + t * inner + g * part, norm + g * part, c->eps, part, 1, y + t * inner + g * part);
    }
    ref_linear(ref_need(c->g, layer, "ssm_out.weight", inner, c->n_embd), 0, y, n_tok, out);

    double *all[] = { zxbcdt, xbc, dt_bias, a, d, norm, h, y };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}
