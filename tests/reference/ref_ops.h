// SPDX-License-Identifier: Apache-2.0
// The few operators that every architecture is made of, in double. Activations
// are row-major: one row per token.
#ifndef REF_OPS_H
#define REF_OPS_H

#include "ref_gguf.h"

// Tensor "blk.<layer>.<name>", or "<name>" for layer < 0; NULL when absent.
const ref_tensor *ref_layer_tensor(const ref_gguf *g, int layer, const char *name);
// The same, but it must exist; 0 in `in` or `out` leaves that width unchecked.
const ref_tensor *ref_need(const ref_gguf *g, int layer, const char *name, size_t in, size_t out);
// All weights of a required tensor of `count` weights in all, for the caller to free.
double *ref_vector(const ref_gguf *g, int layer, const char *name, size_t count);

// y[n_tok][out] = x[n_tok][in] * w^T, for slice `expert` of a tensor [in, out, experts].
void ref_linear(const ref_tensor *w, size_t expert, const double *x, size_t n_tok, double *y);
// y[n_tok][width] += bias tensor, if the file has it.
void ref_add_bias(const ref_gguf *g, int layer, const char *name, double *y, size_t n_tok, size_t width);
// y = x / sqrt(mean(x^2) + eps) * weight, over each of n_rows rows; y may be x.
void ref_rmsnorm(const double *x, const double *weight, double eps, size_t width, size_t n_rows, double *y);
void ref_softmax(double *x, size_t n);
double ref_sigmoid(double x);
double ref_silu(double x);
double ref_softplus(double x);

#endif
