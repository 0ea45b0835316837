// SPDX-License-Identifier: Apache-2.0
// GGUF files byte by byte, so that they can be wrong in any way. Shares nothing with the writer.
#ifndef EB_TESTS_GGUF_BYTES_H
#define EB_TESTS_GGUF_BYTES_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct bytes {
    uint8_t data[1 << 16];
    size_t n;
} bytes;

static inline void put(bytes *b, const void *p, size_t n)
{
    if (b->n + n > sizeof b->data)
        abort();
    memcpy(b->data + b->n, p, n);
    b->n += n;
}

static inline void put32(bytes *b, uint32_t v)
{
    put(b, &v, 4);
}

static inline void put64(bytes *b, uint64_t v)
{
    put(b, &v, 8);
}

static inline void put_text(bytes *b, const char *s)
{
    put64(b, strlen(s));
    put(b, s, strlen(s));
}

static inline void put_head(bytes *b, uint32_t version, uint64_t tensors, uint64_t keys)
{
    b->n = 0;
    put(b, "GGUF", 4);
    put32(b, version);
    put64(b, tensors);
    put64(b, keys);
}

static inline void put_u32(bytes *b, const char *key, uint32_t v)
{
    put_text(b, key);
    put32(b, 4);
    put32(b, v);
}

static inline void put_tensor(bytes *b, const char *name, uint32_t type, uint32_t n_dims, const uint64_t *ne,
                              uint64_t offset)
{
    put_text(b, name);
    put32(b, n_dims);
    for (uint32_t i = 0; i < n_dims && i < 8; i++)
        put64(b, ne[i]);
    put32(b, type);
    put64(b, offset);
}

static inline void align(bytes *b, size_t alignment)
{
    while (b->n % alignment)
        b->data[b->n++] = 0;
}

static inline void put_zeros(bytes *b, size_t n)
{
    if (b->n + n > sizeof b->data)
        abort();
    memset(b->data + b->n, 0, n);
    b->n += n;
}

#endif
