// SPDX-License-Identifier: Apache-2.0
// A small GGUF v2/v3 reader for the float64 reference. The whole file is
// mapped; every offset is checked once, and trouble ends the program.
#ifndef REF_GGUF_H
#define REF_GGUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REF_MAX_DIMS = 4 };

typedef struct {
    char *name;
    uint32_t type; // ggml type id
    uint32_t n_dims;
    uint64_t ne[REF_MAX_DIMS]; // unused dimensions are 1
    const uint8_t *data;
    size_t row_bytes; // bytes of one row of ne[0] weights
} ref_tensor;

typedef struct {
    char *key;
    uint32_t type; // GGUF value type
    const uint8_t *value;
} ref_kv;

typedef struct {
    const uint8_t *map;
    size_t size;
    uint32_t version;
    size_t n_kv, n_tensors;
    ref_kv *kv;
    ref_tensor *tensors;
    bool *used; // per tensor: looked up at least once
} ref_gguf;

// Prints "error: ..." on stderr and exits with 1.
_Noreturn void ref_die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
// calloc that cannot fail.
void *ref_alloc(size_t count, size_t size);

void ref_gguf_open(ref_gguf *g, const char *path);
void ref_gguf_close(ref_gguf *g);

// Lookups; NULL when absent.
const ref_kv *ref_find_kv(const ref_gguf *g, const char *key);
const ref_tensor *ref_find_tensor(const ref_gguf *g, const char *name);

// Ends the program if the file has a tensor that nothing asked for: logits
// computed without it would be of another model.
void ref_check_all_used(const ref_gguf *g);

// Scalar values of any integer, float or bool type; `absent` when there is none.
uint64_t ref_get_u64(const ref_gguf *g, const char *key, uint64_t absent);
double ref_get_f64(const ref_gguf *g, const char *key, double absent);
// A copy for the caller to free, or NULL when absent.
char *ref_get_str(const ref_gguf *g, const char *key);

#endif
