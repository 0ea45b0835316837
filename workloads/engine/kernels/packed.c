// SPDX-License-Identifier: Apache-2.0
// Packing (packed.h): as fast as memory is read, since a model's first token waits for it. Four rows at a time, which
// any machine's vectors hold: words of 4 bytes come to lie side by side by transposing 4 x 4 of them.
#include "workloads/engine/kernels/blocks.h"
#include "workloads/engine/kernels/packed.h"

#define INLINE static inline __attribute__((always_inline))

enum { MAX_BLOCK_BYTES = 256, R = EB_PACK_ROWS, WORD = sizeof(uint32_t), HALF = sizeof(uint16_t), ROWS = 4 };

typedef uint32_t four __attribute__((vector_size(ROWS * WORD))); // a word of each of ROWS rows

INLINE four word_at(const uint8_t *const row[ROWS], int offset)
{
    return (four){ eb_load_u32(row[0] + offset), eb_load_u32(row[1] + offset), eb_load_u32(row[2] + offset),
                   eb_load_u32(row[3] + offset) };
}

INLINE four load_four(const uint8_t *p)
{
    four v;
    memcpy(&v, p, sizeof v);
    return v;
}

// Four words of each row.
INLINE void words_at(const uint8_t *const row[ROWS], int offset, four w[4])
{
    const four a = load_four(row[0] + offset), b = load_four(row[1] + offset), c = load_four(row[2] + offset),
               d = load_four(row[3] + offset);
    const four ab0 = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab2 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    const four cd0 = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd2 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    w[0] = __builtin_shufflevector(ab0, cd0, 0, 1, 4, 5);
    w[1] = __builtin_shufflevector(ab0, cd0, 2, 3, 6, 7);
    w[2] = __builtin_shufflevector(ab2, cd2, 0, 1, 4, 5);
    w[3] = __builtin_shufflevector(ab2, cd2, 2, 3, 6, 7);
}

INLINE void eight_words_at(const uint8_t *const row[ROWS], int offset, four w[8])
{
    words_at(row, offset, w);
    words_at(row, offset + 4 * WORD, w + 4);
}

// Four copies of a byte.
INLINE uint32_t bytes_of(unsigned byte)
{
    return byte * 0x01010101u;
}

// ---- the 32 weights of chunk c of each row's block, 4 to a word -----------------------------------------------------

typedef void quads_fn(const uint8_t *const row[ROWS], int c, four q[EB_QUADS]);

INLINE void nibbles(const uint8_t *const row[ROWS], int offset, four q[EB_QUADS])
{
    four w[4];
    words_at(row, offset, w);
    for (int j = 0; j < EB_QUADS; j++)
        q[j] = w[j % 4] >> 4 * (j / 4) & bytes_of(15);
}

// The fifth bits of Q5_0 and Q5_1: bit i of a word belongs to weight i; four to the fifth bits of four bytes.
INLINE void add_fifths(const uint8_t *const row[ROWS], int offset, four q[EB_QUADS])
{
    const four bits = word_at(row, offset);
    for (int j = 0; j < EB_QUADS; j++)
        q[j] |= ((bits >> 4 * j & 15) * 0x00204081u & bytes_of(1)) << 4;
}

// `width` bits of 32 bytes, from bit `at` on, to bit `to`.
INLINE void add_bits(const uint8_t *const row[ROWS], int offset, int at, unsigned width, int to, four q[EB_QUADS])
{
    four w[EB_QUADS];
    eight_words_at(row, offset, w);
    for (int j = 0; j < EB_QUADS; j++)
        q[j] |= (w[j] >> at & bytes_of((1u << width) - 1)) << to;
}

INLINE void quads_q4_0(const uint8_t *const row[ROWS], int c, four q[EB_QUADS])
{
    (void)c;
    nibbles(row, 2, q);
}

#define quads_iq4_nl quads_q4_0

INLINE void quads_q4_1(const uint8_t *const row[ROWS], int c, four q[EB_QUADS])
{
    (void)c;
    nibbles(row, 4, q);
}

INLINE void quads_q5_0(const uint8_t *const row[ROWS], int c, four q[EB_QUADS])
{
    (void)c;
    nibbles(row, 6, q);
    add_fifths(row, 2, q);
}

INLINE void quads_q5_1(const uint8_t *const row[ROWS], int c, four q[EB_QUADS])
{
    (void)c;
    nibbles(row, 8, q);
    add_fifths(row, 4, q);
}

INLINE void quads_q8_0(const uint8_t *const row[ROWS], int c, four q[EB_QUADS])
{
    (void)c;
    eight_words_at(row, 2, q);
    for (int j = 0; j < EB_QUADS; j++)
        q[j] ^= bytes_of(128);
}

INLINE void quads_q2_k(const uint8_t *const row[ROWS], int c, four q[EB_QUADS])
{
    add_bits(row, 16 + 32 * (c / 4), 2 * (c % 4), 2, 0, q);
}

INLINE void quads_q3_k(const uint8_t *const row[ROWS], int c, four q[EB_QUADS])
{
    add_bits(row, 32 + 32 * (c / 4), 2 * (c % 4), 2, 0, q);
    add_bits(row, 0, c, 1, 2, q);
}

INLINE void quads_q4_k(const uint8_t *const row[ROWS], int c, four q[EB_QUADS])
{
    add_bits(row, 16 + 32 * (c / 2), 4 * (c % 2), 4, 0, q);
}

INLINE void quads_q5_k(const uint8_t *const row[ROWS], int c, four q[EB_QUADS])
{
    add_bits(row, 48 + 32 * (c / 2), 4 * (c % 2), 4, 0, q);
    add_bits(row, 16, c, 1, 4, q);
}

INLINE void quads_q6_k(const uint8_t *const row[ROWS], int c, four q[EB_QUADS])
{
    const int half = c / 4, part = c % 4;
    add_bits(row, 64 * half + 32 * (part % 2), 4 * (part / 2), 4, 0, q);
    add_bits(row, 128 + 32 * half, 2 * part, 2, 4, q);
}

// ---- planes ---------------------------------------------------------------------------------------------------------

// The plane of the bits [at, at + bits) of the weights; a vector's first ones stay where they are.
INLINE void put_plane(const four q[EB_QUADS], int at, int bits, uint8_t *dst)
{
    for (int v = 0; v < bits; v++) {
        four word = { 0 };
        for (int field = 0; field < 8 / bits; field++) {
            const four quad = q[v + bits * field] & bytes_of((1u << (at + bits)) - (1u << at));
            const int to = (at + bits * field) % 8;
            word |= to >= at ? quad << (to - at) : quad >> (at - to);
        }
        memcpy(dst + (size_t)v * R * WORD, &word, sizeof word);
    }
}

INLINE void put_chunk(int low, int high, quads_fn *quads, const uint8_t *const block[R], int c, uint8_t *dst)
{
    for (int row = 0; row < R; row += ROWS, dst += ROWS * WORD) {
        four q[EB_QUADS] = { { 0 } };
        quads(block + row, c, q);
        put_plane(q, 0, low, dst);
        if (high)
            put_plane(q, low, high, dst + (size_t)(low * R) * WORD);
    }
}

// Words of all rows as they are.
INLINE void put_words(const uint8_t *const block[R], int offset, int words, uint8_t *dst)
{
    for (int row = 0; row < R; row += ROWS, dst += ROWS * WORD) {
        four w[4];
        if (words == 4)
            words_at(block + row, offset, w);
        for (int k = 0; k < words; k++) {
            if (words != 4) // four at once could reach beyond the block
                w[k] = word_at(block + row, offset + k * WORD);
            memcpy(dst + (size_t)k * R * WORD, &w[k], sizeof w[k]);
        }
    }
}

INLINE void put_halves(const uint8_t *const block[R], int offset, uint8_t *dst)
{
    for (int lane = 0; lane < R; lane++)
        memcpy(dst + (size_t)lane * HALF, block[lane] + offset, HALF);
}

// ---- the types ------------------------------------------------------------------------------------------------------

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

INLINE void put_block(eb_wtype type, int chunks, int low, int high, quads_fn *quads, const uint8_t *const block[R],
                      uint8_t *dst)
{
    if (heads[type].half >= 0) {
        put_halves(block, heads[type].half, dst);
        dst += R * HALF;
    }
    for (int i = 0; i < 2; i++) {
        put_words(block, heads[type].words[i].offset, heads[type].words[i].n, dst);
        dst += heads[type].words[i].n * R * WORD;
    }
    for (int c = 0; c < chunks; c++, dst += R * WORD * (low + high))
        put_chunk(low, high, quads, block, c, dst);
}

#define DEFINE_BLOCK(TYPE, name, head, chunks, low, high, ...)                                                         \
    static void block_##name(const uint8_t *const block[R], uint8_t *dst)                                              \
    {                                                                                                                  \
        put_block(TYPE, chunks, low, high, quads_##name, block, dst);                                                  \
    }
EB_PACKED_FORMATS(DEFINE_BLOCK)

typedef void block_fn(const uint8_t *const block[R], uint8_t *dst);
#define BLOCK_ENTRY(TYPE, name, ...) [TYPE] = block_##name,
static block_fn *const blocks_of[EB_W_LIMIT] = { EB_PACKED_FORMATS(BLOCK_ENTRY) };

static size_t group_bytes(eb_wtype type, int64_t n)
{
    return R * eb_row_bytes(type, n);
}

size_t eb_packed_bytes(eb_wtype type, int64_t n, int64_t rows)
{
    return (size_t)((rows + R - 1) / R) * group_bytes(type, n);
}

// The next group is asked for as this one is packed: it is one piece of memory, while R rows that are read at once are
// more streams than a core sees coming. Past the end of the weights it asks for nothing.
INLINE void fetch(uintptr_t p, int bytes)
{
    for (int at = 0; at < bytes; at += 64)
        __builtin_prefetch((const void *)(p + (uintptr_t)at));
}

// Rows that the matrix does not have are all zero: their scales are 0.
void eb_pack(eb_wtype type, const void *w, size_t row_bytes, int64_t n, int64_t rows, int64_t g0, int64_t g1, void *dst)
{
    static const uint8_t nothing[MAX_BLOCK_BYTES];
    const size_t block_bytes = (size_t)eb_wtypes[type].block_bytes;
    uint8_t *to = (uint8_t *)dst + (size_t)g0 * group_bytes(type, n);
    for (int64_t g = g0; g < g1; g++) {
        const uint8_t *block[R];
        size_t step[R]; // to a row's next block
        for (int lane = 0; lane < R; lane++) {
            const bool there = g * R + lane < rows;
            block[lane] = there ? (const uint8_t *)w + (size_t)(g * R + lane) * row_bytes : nothing;
            step[lane] = there ? block_bytes : 0;
        }
        uintptr_t next = (uintptr_t)w + (uintptr_t)((g + 1) * R) * row_bytes;
        for (int64_t b = 0; b < n / eb_wtypes[type].block; b++, to += R * block_bytes, next += R * block_bytes) {
            fetch(next, (int)(R * block_bytes));
            blocks_of[type](block, to);
            for (int lane = 0; lane < R; lane++)
                block[lane] += step[lane];
        }
    }
}
