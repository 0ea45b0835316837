// SPDX-License-Identifier: Apache-2.0
// What the parts of the self-test share: one line of output per check, and toy
// models whose F32 weights the test chooses.
#ifndef REF_SELFTEST_H
#define REF_SELFTEST_H

#include "mk_gguf.h"

#include <stdbool.h>

// Prints "ok - name" or "not ok - name" and remembers a failure.
void check(bool ok, const char *name);
bool near(double got, double want, double tolerance);
bool all_near(const double *got, const double *want, size_t n, double tolerance);
int failures(void);

enum { TOY_MAX_TENSORS = 128 };

typedef struct {
    mk_gguf out;
    float *data[TOY_MAX_TENSORS];
} toy;

// A model of `layers` layers with the keys every architecture has.
void toy_init(toy *t, const char *arch, size_t layers, size_t hidden, float eps);
// Takes ownership of data; ne1 and ne2 are 0 where there is no such dimension.
void toy_add(toy *t, const char *name, float *data, size_t ne0, size_t ne1, size_t ne2);
// Writes the file, computes its logits (for the caller to free), ends the toy.
double *toy_logits(toy *t, const uint32_t *tok, size_t n_tok);

// Weights for toy_add.
float *random_floats(uint64_t seed, size_t n, double std);
float *constant_floats(size_t n, double value);
float *copy_floats(const float *v, size_t n, size_t repeats, double scale);
float *list_floats(size_t n, const double *v);

void test_parts(void);      // conversions, dequantization, operators
void test_attention(void);  // closed forms and invariances of attention and mixtures
void test_statespace(void); // mamba and mamba2 against the unrolled sum

#endif
