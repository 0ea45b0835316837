// SPDX-License-Identifier: Apache-2.0
#include "harness/record/op_fit.h"

#include <math.h>
#include <string.h>

enum {
    COLUMNS = EB_SPLIT_COLUMNS,
    BLOCKS = 40,       // stretches of windows that are taken to be independent of each other
    LEAST_BLOCKS = 10, // for a half-width
};

// The window that begins at edge i: its groups' times to x, its energy; false where the run ends before.
static bool window(const eb_op_fit *f, size_t i, double *x, double *j)
{
    const eb_op_track *t = f->t;
    size_t end = i + f->span;
    if (end >= t->n || t->run[end] != t->run[i])
        return false;
    memset(x, 0, (size_t)f->k * sizeof *x);
    for (int c = 0; c < COLUMNS; c++)
        if (f->group[c] >= 0)
            x[f->group[c]] += t->time_s[end * COLUMNS + (size_t)c] - t->time_s[i * COLUMNS + (size_t)c];
    *j = t->j[end] - t->j[i];
    return true;
}

void eb_op_fit_start(eb_op_fit *f, const eb_op_track *t, const int *group, int k, size_t span)
{
    double x[EB_NNLS_MAX], j, energy = 0, time_s = 0;
    *f = (eb_op_fit){ .t = t, .group = group, .k = k, .span = span };
    for (size_t i = 0; i < t->n; i++) {
        if (!window(f, i, x, &j))
            continue;
        energy += j;
        for (int a = 0; a < k; a++) {
            time_s += x[a];
            for (int b = 0; b <= a; b++)
                f->gram[a * k + b] += x[a] * x[b];
            f->rhs[a] += x[a] * j;
        }
    }
    f->mean_w = time_s > 0 ? energy / time_s : 0;
    for (int a = 0; a < k; a++)
        f->length[a] = f->gram[a * k + a] > 0 ? sqrt(f->gram[a * k + a]) : 1;
    for (int a = 0; a < k; a++) {
        for (int b = 0; b <= a; b++)
            f->gram[b * k + a] = f->gram[a * k + b] /= f->length[a] * f->length[b];
        f->rhs[a] /= f->length[a];
    }
    f->condition = sqrt(eb_spd_condition(f->gram, k)); // of the times themselves, not of their products
}

// Sum over blocks of (sum of x r)(sum of x r)': what the residuals of a block have in common counts, however it comes
// about, since neighbours share edges, and edges their errors. (Sandwich with clusters, Liang and Zeger 1986.)
static int residual_products(eb_op_fit *f, double *meat)
{
    const int k = f->k;
    double x[EB_NNLS_MAX], score[EB_NNLS_MAX] = { 0 }, squares = 0, energy = 0, j;
    size_t per_block = f->t->n / BLOCKS + 1, in_block = 0;
    int blocks = 0;
    if (per_block < 4 * f->span)
        per_block = 4 * f->span;
    for (size_t i = 0; i < f->t->n; i++) {
        if (window(f, i, x, &j)) {
            double r = j;
            for (int a = 0; a < k; a++)
                r -= x[a] * f->power[a];
            for (int a = 0; a < k; a++)
                score[a] += x[a] * r / f->length[a];
            squares += r * r;
            energy += j * j;
        }
        if (++in_block < per_block && i + 1 < f->t->n)
            continue;
        for (int a = 0; a < k; a++)
            for (int b = 0; b < k; b++)
                meat[a * k + b] += score[a] * score[b];
        memset(score, 0, sizeof score);
        blocks += in_block == per_block;
        in_block = 0;
    }
    f->residual_frac = energy > 0 ? sqrt(squares / energy) : NAN;
    return blocks;
}

static void multiply(const double *a, const double *b, int k, double *out)
{
    for (int i = 0; i < k; i++)
        for (int j = 0; j < k; j++) {
            out[i * k + j] = 0;
            for (int c = 0; c < k; c++)
                out[i * k + j] += a[i * k + c] * b[c * k + j];
        }
}

bool eb_op_fit_solve(eb_op_fit *f)
{
    const int k = f->k;
    double meat[EB_NNLS_MAX * EB_NNLS_MAX] = { 0 }, bread[EB_NNLS_MAX * EB_NNLS_MAX], half[EB_NNLS_MAX * EB_NNLS_MAX];
    if (!eb_nnls(f->gram, f->rhs, k, f->power) || !eb_spd_inverse(f->gram, k, bread))
        return false;
    for (int a = 0; a < k; a++)
        f->power[a] /= f->length[a];
    int blocks = residual_products(f, meat);
    if (blocks < LEAST_BLOCKS || blocks <= k / 2)
        return false;
    multiply(bread, meat, k, half);
    multiply(half, bread, k, f->covariance);
    double few = (double)blocks / (blocks - 1);
    for (int a = 0; a < k; a++)
        for (int b = 0; b < k; b++)
            f->covariance[a * k + b] *= few / (f->length[a] * f->length[b]);
    return true;
}

// Student's t for the blocks' number, by its expansion to 1 / n.
double eb_op_fit_halfwidth_w(const eb_op_fit *f, int g)
{
    static const double z = 1.959963984540054;
    return z * (1 + (1 + z * z) / (4 * (BLOCKS - 1))) * sqrt(fmax(f->covariance[g * f->k + g], 0));
}
