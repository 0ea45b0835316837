// SPDX-License-Identifier: Apache-2.0
#include "ref_ops.h"
#include "ref_dequant.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const ref_tensor *ref_layer_tensor(const ref_gguf *g, int layer, const char *name)
{
    char full[128];
    if (layer < 0)
        return ref_find_tensor(g, name);
    snprintf(full, sizeof full, "blk.%d.%s", layer, name);
    return ref_find_tensor(g, full);
}

const ref_tensor *ref_need(const ref_gguf *g, int layer, const char *name, size_t in, size_t out)
{
    const ref_tensor *t = ref_layer_tensor(g, layer, name);
    if (!t)
        ref_die("layer %d: no tensor %s", layer, name);
    if ((in && t->ne[0] != in) || (out && t->ne[1] != out))
        ref_die("%s: is [%llu, %llu], not [%zu, %zu]", t->name, (unsigned long long)t->ne[0],
                (unsigned long long)t->ne[1], in, out);
    return t;
}

double *ref_vector(const ref_gguf *g, int layer, const char *name, size_t count)
{
    const ref_tensor *t = ref_need(g, layer, name, 0, 0);
    size_t have = t->ne[0] * t->ne[1] * t->ne[2] * t->ne[3];
    if (have != count)
        ref_die("%s: %zu weights, not %zu", t->name, have, count);
    double *v = ref_alloc(count, sizeof *v);
    ref_dequant(t->type, t->data, v, count);
    return v;
}

// Four partial sums only so that the adds do not wait for each other.
static double dot(const double *a, const double *b, size_t n)
{
    double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        s0 += a[i] * b[i];
        s1 += a[i + 1] * b[i + 1];
        s2 += a[i + 2] * b[i + 2];
        s3 += a[i + 3] * b[i + 3];
    }
    for (; i < n; i++)
        s0 += a[i] * b[i];
    return s0 + s1 + (s2 + s3);
}

void ref_linear(const ref_tensor *w, size_t expert, const double *x, size_t n_tok, double *y)
{
    size_t in = w->ne[0], out = w->ne[1];
    if (expert >= w->ne[2])
        ref_die("%s: no expert %zu", w->name, expert);
    double *row = ref_alloc(in, sizeof *row);
    for (size_t o = 0; o < out; o++) {
        ref_dequant(w->type, w->data + (expert * out + o) * w->row_bytes, row, in);
        for (size_t t = 0; t < n_tok; t++)
            y[t * out + o] = dot(row, x + t * in, in);
    }
    free(row);
}

void ref_add_bias(const ref_gguf *g, int layer, const char *name, double *y, size_t n_tok, size_t width)
{
    if (!ref_layer_tensor(g, layer, name))
        return;
    double *bias = ref_vector(g, layer, name, width);
    for (size_t t = 0; t < n_tok; t++)
        for (size_t i = 0; i < width; i++)
            y[t * width + i] += bias[i];
    free(bias);
}

void ref_rmsnorm(const double *x, const double *weight, double eps, size_t width, size_t n_rows, double *y)
{
    for (size_t r = 0; r < n_rows; r++, x += width, y += width) {
        double scale = 1 / sqrt(dot(x, x, width) / (double)width + eps);
        for (size_t i = 0; i < width; i++)
            y[i] = x[i] * scale * weight[i];
    }
}

void ref_softmax(double *x, size_t n)
{
    double max = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++)
        max = fmax(max, x[i]);
    for (size_t i = 0; i < n; i++)
        sum += x[i] = exp(x[i] - max);
    for (size_t i = 0; i < n; i++)
        x[i] /= sum;
}

double ref_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

double ref_silu(double x)
{
    return x * ref_sigmoid(x);
}

// The identity above 20, as the models were trained with.
double ref_softplus(double x)
{
    return x > 20 ? x : log1p(exp(x));
}
