// SPDX-License-Identifier: Apache-2.0
// Writes GGUF files: metadata first, then the tensor list, then the data of
// each tensor in the order of the list.
#ifndef MK_GGUF_H
#define MK_GGUF_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { MK_ALIGN = 32, MK_MAX_TENSORS = 16384 };

typedef struct {
    char name[64];
    uint32_t type;
    uint32_t n_dims;
    uint64_t ne[4];
} mk_tensor;

typedef struct {
    uint32_t version;
    char arch[32]; // prefix of the mk_arch_* keys
    uint64_t n_kv;
    uint8_t *kv;
    size_t kv_bytes;
    mk_tensor *tensors;
    size_t n_tensors;
    FILE *file;
} mk_gguf;

void mk_init(mk_gguf *w, const char *arch, uint32_t version);
void mk_deinit(mk_gguf *w);

void mk_str(mk_gguf *w, const char *key, const char *value);
void mk_u32(mk_gguf *w, const char *key, uint32_t value);
void mk_arch_u32(mk_gguf *w, const char *suffix, uint32_t value); // key "<arch>.<suffix>"
void mk_arch_f32(mk_gguf *w, const char *suffix, float value);

// Dimensions as in the file, fastest first; 0 ends the list.
mk_tensor *mk_add(mk_gguf *w, const char *name, uint32_t type, size_t ne0, size_t ne1, size_t ne2);
size_t mk_tensor_bytes(const mk_tensor *t);
// Writes the header; from here on the data, each tensor whole.
void mk_open(mk_gguf *w, const char *path);
void mk_data(mk_gguf *w, const void *bytes, size_t n);
void mk_pad(mk_gguf *w);
void mk_close(mk_gguf *w);

#endif
