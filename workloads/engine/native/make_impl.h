// SPDX-License-Identifier: Apache-2.0
// Inside of make: the tensors of a shape, their random values, and the line of threads that fills a file.
#ifndef EB_NATIVE_MAKE_IMPL_H
#define EB_NATIVE_MAKE_IMPL_H

#include "workloads/engine/native/make.h"

// Changes whenever the same shape, type and seed would give another file (names files in the cache).
enum { EB_MAKE_VERSION = 1 };

typedef enum eb_fill {
    EB_FILL_MATRIX,   // normal, 1/sqrt(row) wide, so that activations keep their size
    EB_FILL_NORM,     // 1 and a little noise
    EB_FILL_BIAS,     // small
    EB_FILL_ONE,      // 1 (ssm_d)
    EB_FILL_A_STATES, // -1, -2, ... -d_state in each row (mamba)
    EB_FILL_A_HEADS,  // -uniform(1, 16) (mamba2)
    EB_FILL_DT_BIAS,  // softplus of it is log-uniform in [0.001, 0.1]
    EB_FILL_ROPE,     // rotary divisors
} eb_fill;

typedef struct eb_made_tensor {
    char name[EB_GGUF_MAX_NAME];
    int n_dims;
    int64_t ne[EB_GGUF_MAX_DIMS];
    eb_fill fill;
    eb_wtype type; // as it will be written
} eb_made_tensor;

typedef struct eb_made_list {
    eb_made_tensor *items;
    size_t n, cap;
} eb_made_list;

// Every tensor of a shape in the order of the file, `type` by the recipe. Init with {0}; free items.
void eb_made_tensors(const eb_shape *shape, const eb_recipe *recipe, eb_made_list *list);
// Row `row` (of ne[0] values) of a tensor: depends on seed, name, row and shape only.
void eb_made_row(const eb_shape *shape, const eb_made_tensor *tensor, uint64_t seed, int64_t row, float *dst);

// Where rows come from. Called from several threads at once.
typedef struct eb_row_source {
    bool (*row)(const void *arg, size_t tensor, int64_t row, float *dst, eb_err *err);
    const void *arg;
} eb_row_source;

// Generates, quantizes and writes the data of all tensors, in order; the writer is past begin_data.
bool eb_fill_file(eb_gguf_writer *w, const eb_made_list *list, const eb_row_source *source, int threads,
                  const char *label, eb_notify *notify, void *arg, eb_err *err);

#endif
