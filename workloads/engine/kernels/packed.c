// SPDX-License-Identifier: Apache-2.0
// Packing (packed.h). Plain loops over known sizes, which the compiler turns into vectors where it can: a model is
// packed while it is read.
#include "workloads/engine/kernels/blocks.h"
#include "workloads/engine/kernels/packed.h"

#define INLINE static inline __attribute__((always_inline))

enum { MAX_BLOCK_BYTES = 256, R = EB_PACK_ROWS, WORD = sizeof(uint32_t), HALF = sizeof(uint16_t) };

// ---- the 32 weights of chunk c of a row's block, 4 to a word --------------------------------------------------------

INLINE uint32_t nibble_quad(const uint8_t *q, int j)
{
    return eb_load_u32(q + WORD * (j % 4)) >> 4 * (j / 4) & 0x0f0f0f0fu;
}

// The fifth bits of Q5_0 and Q5_1: bit i of a word belongs to weight i; four to the lowest bits of four bytes.
INLINE uint32_t fifth_quad(const uint8_t *bits, int j)
{
    return (eb_load_u32(bits) >> 4 * j & 15) * 0x00204081u & 0x01010101u;
}

INLINE uint32_t quad_q4_0(const uint8_t *b, int c, int j)
{
    (void)c;
    return nibble_quad(b + 2, j);
}

INLINE uint32_t quad_iq4_nl(const uint8_t *b, int c, int j)
{
    return quad_q4_0(b, c, j);
}

INLINE uint32_t quad_q4_1(const uint8_t *b, int c, int j)
{
    (void)c;
    return nibble_quad(b + 4, j);
}

INLINE uint32_t quad_q5_0(const uint8_t *b, int c, int j)
{
    (void)c;
    return nibble_quad(b + 6, j) | fifth_quad(b + 2, j) << 4;
}

INLINE uint32_t quad_q5_1(const uint8_t *b, int c, int j)
{
    (void)c;
    return nibble_quad(b + 8, j) | fifth_quad(b + 4, j) << 4;
}

INLINE uint32_t quad_q8_0(const uint8_t *b, int c, int j)
{
    (void)c;
    return eb_load_u32(b + 2 + WORD * j) ^ 0x80808080u;
}

INLINE uint32_t quad_q2_k(const uint8_t *b, int c, int j)
{
    return eb_load_u32(b + 16 + 32 * (c / 4) + WORD * j) >> 2 * (c % 4) & 0x03030303u;
}

INLINE uint32_t quad_q3_k(const uint8_t *b, int c, int j)
{
    return (eb_load_u32(b + 32 + 32 * (c / 4) + WORD * j) >> 2 * (c % 4) & 0x03030303u) |
           (eb_load_u32(b + WORD * j) >> c & 0x01010101u) << 2;
}

INLINE uint32_t quad_q4_k(const uint8_t *b, int c, int j)
{
    return eb_load_u32(b + 16 + 32 * (c / 2) + WORD * j) >> 4 * (c % 2) & 0x0f0f0f0fu;
}

INLINE uint32_t quad_q5_k(const uint8_t *b, int c, int j)
{
    return (eb_load_u32(b + 48 + 32 * (c / 2) + WORD * j) >> 4 * (c % 2) & 0x0f0f0f0fu) |
           (eb_load_u32(b + 16 + WORD * j) >> c & 0x01010101u) << 4;
}

INLINE uint32_t quad_q6_k(const uint8_t *b, int c, int j)
{
    const int half = c / 4, part = c % 4;
    return (eb_load_u32(b + 64 * half + 32 * (part % 2) + WORD * j) >> 4 * (part / 2) & 0x0f0f0f0fu) |
           (eb_load_u32(b + 128 + 32 * half + WORD * j) >> 2 * part & 0x03030303u) << 4;
}

// ---- planes ---------------------------------------------------------------------------------------------------------

typedef uint32_t quad_fn(const uint8_t *block, int c, int j);
typedef void chunk_fn(const uint8_t *const block[R], int c, uint8_t *dst);

// Four copies of a byte.
INLINE uint32_t bytes_of(unsigned byte)
{
    return byte * 0x01010101u;
}

// The plane of the bits [at, at + bits) of the weights; a vector's first ones stay where they are.
INLINE void put_plane(const uint32_t q[EB_QUADS], int at, int bits, uint8_t *dst)
{
    for (int v = 0; v < bits; v++) {
        uint32_t word = 0;
        for (int field = 0; field < 8 / bits; field++) {
            const uint32_t quad = q[v + bits * field] & bytes_of((1u << (at + bits)) - (1u << at));
            const int to = (at + bits * field) % 8;
            word |= to >= at ? quad << (to - at) : quad >> (at - to);
        }
        memcpy(dst + (size_t)v * R * WORD, &word, sizeof word);
    }
}

INLINE void put_chunk(int low, int high, quad_fn *quad, const uint8_t *const block[R], int c, uint8_t *dst)
{
    for (int lane = 0; lane < R; lane++, dst += WORD) {
        uint32_t q[EB_QUADS];
        for (int j = 0; j < EB_QUADS; j++)
            q[j] = quad(block[lane], c, j);
        put_plane(q, 0, low, dst);
        if (high)
            put_plane(q, low, high, dst + (size_t)(low * R) * WORD);
    }
}

// Words of all rows as they are.
static void put_words(const uint8_t *const block[R], int offset, int words, uint8_t *dst)
{
    for (int k = 0; k < words; k++, offset += WORD)
        for (int lane = 0; lane < R; lane++, dst += WORD)
            memcpy(dst, block[lane] + offset, WORD);
}

static void put_halves(const uint8_t *const block[R], int offset, uint8_t *dst)
{
    for (int lane = 0; lane < R; lane++)
        memcpy(dst + (size_t)lane * HALF, block[lane] + offset, HALF);
}

// ---- the types ------------------------------------------------------------------------------------------------------

#define DEFINE_CHUNK(TYPE, name, head, chunks, low, high, ...)                                                         \
    static void chunk_##name(const uint8_t *const block[R], int c, uint8_t *dst)                                       \
    {                                                                                                                  \
        put_chunk(low, high, quad_##name, block, c, dst);                                                              \
    }
EB_PACKED_FORMATS(DEFINE_CHUNK)

#define CHUNKS_ENTRY(TYPE, name, head, chunks, low, high, ...)                                                         \
    [TYPE] = { chunks, R * WORD * (low + high), chunk_##name },
static const struct {
    int n, bytes;
    chunk_fn *put;
} chunks_of[EB_W_LIMIT] = { EB_PACKED_FORMATS(CHUNKS_ENTRY) };

// What a head is made of: offsets in a row's block; -1 = no lone half.
static const struct {
    int half;
    struct {
        int offset, n;
    } words[2];
} heads[EB_W_LIMIT] = {
    [EB_W_Q4_0] = { 0, { { 0 } } },
    [EB_W_Q4_1] = { -1, { { 0, 1 } } },
    [EB_W_Q5_0] = { 0, { { 0 } } },
    [EB_W_Q5_1] = { -1, { { 0, 1 } } },
    [EB_W_Q8_0] = { 0, { { 0 } } },
    [EB_W_IQ4_NL] = { 0, { { 0 } } },
    [EB_W_Q2_K] = { -1, { { 80, 1 }, { 0, 4 } } },
    [EB_W_Q3_K] = { 108, { { 96, 3 } } },
    [EB_W_Q4_K] = { -1, { { 0, 4 } } },
    [EB_W_Q5_K] = { -1, { { 0, 4 } } },
    [EB_W_Q6_K] = { 208, { { 192, 4 } } },
};

static uint8_t *put_head(eb_wtype type, const uint8_t *const block[R], uint8_t *dst)
{
    if (heads[type].half >= 0) {
        put_halves(block, heads[type].half, dst);
        dst += R * HALF;
    }
    for (int i = 0; i < 2; i++) {
        put_words(block, heads[type].words[i].offset, heads[type].words[i].n, dst);
        dst += heads[type].words[i].n * R * WORD;
    }
    return dst;
}

static void put_block(eb_wtype type, const uint8_t *const block[R], uint8_t *dst)
{
    dst = put_head(type, block, dst);
    for (int c = 0; c < chunks_of[type].n; c++, dst += chunks_of[type].bytes)
        chunks_of[type].put(block, c, dst);
}

static size_t group_bytes(eb_wtype type, int64_t n)
{
    return R * eb_row_bytes(type, n);
}

size_t eb_packed_bytes(eb_wtype type, int64_t n, int64_t rows)
{
    return (size_t)((rows + R - 1) / R) * group_bytes(type, n);
}

// Rows that the matrix does not have are all zero: their scales are 0.
void eb_pack(eb_wtype type, const void *w, size_t row_bytes, int64_t n, int64_t rows, int64_t g0, int64_t g1, void *dst)
{
    static const uint8_t nothing[MAX_BLOCK_BYTES];
    const size_t block_bytes = (size_t)eb_wtypes[type].block_bytes;
    const int64_t blocks = n / eb_wtypes[type].block;
    for (int64_t g = g0; g < g1; g++) {
        const uint8_t *block[R];
        uint8_t *to = (uint8_t *)dst + (size_t)g * group_bytes(type, n);
        for (int64_t b = 0; b < blocks; b++, to += R * block_bytes) {
            for (int lane = 0; lane < R; lane++) {
                const int64_t r = g * R + lane;
                const uint8_t *row = (const uint8_t *)w + (size_t)r * row_bytes;
                block[lane] = r < rows ? row + (size_t)b * block_bytes : nothing;
            }
            put_block(type, block, to);
        }
    }
}
