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

enum { MAX_FIELDS = 4, FLIP = (int)0x80808080 };

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

// `row` NULL: a row that the matrix does not have, all zero: its scales are 0.
static void pack_words(const pack_field *f, const uint8_t *row, int lane, uint8_t *dst)
{
    dst += EB_PACK_ROWS * f->offset + lane * f->word;
    for (int at = 0; at < f->bytes; at += f->word, dst += EB_PACK_ROWS * f->word) {
        uint32_t word = 0;
        if (row)
            memcpy(&word, row + f->offset + at, (size_t)f->word);
        word ^= f->flip;
        memcpy(dst, &word, (size_t)f->word);
    }
}

static void pack_block(eb_wtype type, const uint8_t *const row[EB_PACK_ROWS], size_t at, uint8_t *dst)
{
    for (int i = 0; i < layouts[type].n; i++)
        for (int lane = 0; lane < EB_PACK_ROWS; lane++)
            pack_words(&layouts[type].field[i], row[lane] ? row[lane] + at : NULL, lane, dst);
}

void eb_pack(eb_wtype type, const void *w, size_t row_bytes, int64_t n, int64_t rows, int64_t g0, int64_t g1, void *dst)
{
    const size_t block_bytes = (size_t)eb_wtypes[type].block_bytes, bytes = eb_row_bytes(type, n);
    for (int64_t g = g0; g < g1; g++) {
        const uint8_t *row[EB_PACK_ROWS];
        uint8_t *to = (uint8_t *)dst + (size_t)g * group_bytes(type, n);
        for (int lane = 0; lane < EB_PACK_ROWS; lane++) {
            int64_t r = g * EB_PACK_ROWS + lane;
            row[lane] = r < rows ? (const uint8_t *)w + (size_t)r * row_bytes : NULL;
        }
        for (size_t at = 0; at < bytes; at += block_bytes)
            pack_block(type, row, at, to + EB_PACK_ROWS * at);
    }
}
