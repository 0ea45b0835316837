// SPDX-License-Identifier: Apache-2.0
// Packing: the words of EB_PACK_ROWS rows interleaved, block by block. The bytes at `offset` of a row's block lie at
// EB_PACK_ROWS * offset of the group's, one row's word (4 bytes; 2 where the field is a lone half) beside the next's.
#include "workloads/engine/kernels/blocks.h"
#include "workloads/engine/kernels/kernels.h"

typedef struct pack_field {
    int offset, bytes;
    int word;      // 2 or 4
    uint32_t flip; // signed bytes become unsigned ones: + 128
} pack_field;

enum { MAX_FIELDS = 4, MAX_BLOCK_BYTES = 256, FLIP = (int)0x80808080 };

static const struct {
    int n;
    pack_field field[MAX_FIELDS];
} layouts[EB_W_LIMIT] = {
    [EB_W_Q4_0] = { 2, { { 0, 2, 2, 0 }, { 2, 16, 4, 0 } } },
    [EB_W_Q4_1] = { 1, { { 0, 20, 4, 0 } } },
    [EB_W_Q5_0] = { 2, { { 0, 2, 2, 0 }, { 2, 20, 4, 0 } } },
    [EB_W_Q5_1] = { 1, { { 0, 24, 4, 0 } } },
    [EB_W_Q8_0] = { 2, { { 0, 2, 2, 0 }, { 2, 32, 4, (uint32_t)FLIP } } },
    [EB_W_IQ4_NL] = { 2, { { 0, 2, 2, 0 }, { 2, 16, 4, 0 } } },
    [EB_W_Q2_K] = { 1, { { 0, 84, 4, 0 } } },
    [EB_W_Q3_K] = { 2, { { 0, 108, 4, 0 }, { 108, 2, 2, 0 } } },
    [EB_W_Q4_K] = { 1, { { 0, 144, 4, 0 } } },
    [EB_W_Q5_K] = { 1, { { 0, 176, 4, 0 } } },
    [EB_W_Q6_K] = { 2, { { 0, 208, 4, 0 }, { 208, 2, 2, 0 } } },
};

static size_t group_bytes(eb_wtype type, int64_t n)
{
    return EB_PACK_ROWS * eb_row_bytes(type, n);
}

size_t eb_packed_bytes(eb_wtype type, int64_t n, int64_t rows)
{
    return (size_t)((rows + EB_PACK_ROWS - 1) / EB_PACK_ROWS) * group_bytes(type, n);
}

// One field of all rows: plain loops over known sizes, which the compiler turns into a load and a store a word.
static void pack_words(const uint8_t *const row[EB_PACK_ROWS], int words, uint32_t flip, uint8_t *dst)
{
    for (int k = 0; k < words; k++, dst += EB_PACK_ROWS * sizeof(uint32_t))
        for (int lane = 0; lane < EB_PACK_ROWS; lane++) {
            uint32_t word;
            memcpy(&word, row[lane] + (size_t)k * sizeof word, sizeof word);
            word ^= flip;
            memcpy(dst + (size_t)lane * sizeof word, &word, sizeof word);
        }
}

static void pack_half(const uint8_t *const row[EB_PACK_ROWS], uint8_t *dst)
{
    for (int lane = 0; lane < EB_PACK_ROWS; lane++)
        memcpy(dst + (size_t)lane * sizeof(uint16_t), row[lane], sizeof(uint16_t));
}

static void pack_block(eb_wtype type, const uint8_t *const block[EB_PACK_ROWS], uint8_t *dst)
{
    for (int i = 0; i < layouts[type].n; i++) {
        const pack_field *f = &layouts[type].field[i];
        const uint8_t *from[EB_PACK_ROWS];
        for (int lane = 0; lane < EB_PACK_ROWS; lane++)
            from[lane] = block[lane] + f->offset;
        if (f->word == (int)sizeof(uint16_t))
            pack_half(from, dst + EB_PACK_ROWS * f->offset);
        else
            pack_words(from, f->bytes / f->word, f->flip, dst + EB_PACK_ROWS * f->offset);
    }
}

// Rows that the matrix does not have are all zero: their scales are 0.
void eb_pack(eb_wtype type, const void *w, size_t row_bytes, int64_t n, int64_t rows, int64_t g0, int64_t g1, void *dst)
{
    static const uint8_t nothing[MAX_BLOCK_BYTES];
    const size_t block_bytes = (size_t)eb_wtypes[type].block_bytes;
    const int64_t blocks = n / eb_wtypes[type].block;
    for (int64_t g = g0; g < g1; g++) {
        const uint8_t *block[EB_PACK_ROWS];
        uint8_t *to = (uint8_t *)dst + (size_t)g * group_bytes(type, n);
        for (int64_t b = 0; b < blocks; b++, to += EB_PACK_ROWS * block_bytes) {
            for (int lane = 0; lane < EB_PACK_ROWS; lane++) {
                const int64_t r = g * EB_PACK_ROWS + lane;
                const uint8_t *row = (const uint8_t *)w + (size_t)r * row_bytes;
                block[lane] = r < rows ? row + (size_t)b * block_bytes : nothing;
            }
            pack_block(type, block, to);
        }
    }
}
