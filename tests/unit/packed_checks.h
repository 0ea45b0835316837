// SPDX-License-Identifier: Apache-2.0
// Packed products against the same sums in double: weights as the scalar table dequantizes them, activations as
// they were rounded. Every result is the same bits whatever the split and the columns.
#ifndef EB_TESTS_PACKED_CHECKS_H
#define EB_TESTS_PACKED_CHECKS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/stats.h"
#include "workloads/engine/kernels/kernels.h"

static eb_rng rng;

static inline double uniform(double low, double high)
{
    return low + (high - low) * eb_rng_uniform(&rng);
}

// Where a block's halves lie; -1 = no second one.
static const int halves_at[EB_W_LIMIT][2] = {
    [EB_W_Q4_0] = { 0, -1 }, [EB_W_Q4_1] = { 0, 2 },    [EB_W_Q5_0] = { 0, -1 },   [EB_W_Q5_1] = { 0, 2 },
    [EB_W_Q8_0] = { 0, -1 }, [EB_W_IQ4_NL] = { 0, -1 }, [EB_W_Q2_K] = { 80, 82 },  [EB_W_Q3_K] = { 108, -1 },
    [EB_W_Q4_K] = { 0, 2 },  [EB_W_Q5_K] = { 0, 2 },    [EB_W_Q6_K] = { 208, -1 },
};

static inline void put_half(uint8_t *block, int at, double value)
{
    const uint16_t h = eb_f32_to_f16((float)value);
    if (at >= 0)
        memcpy(block + at, &h, sizeof h);
}

static inline uint8_t *random_rows(eb_wtype type, int64_t n, int64_t rows)
{
    const size_t bytes = eb_row_bytes(type, n) * (size_t)rows, block = (size_t)eb_wtypes[type].block_bytes;
    uint8_t *w = malloc(bytes);
    assert_non_null(w);
    for (size_t i = 0; i < bytes; i++)
        w[i] = (uint8_t)(eb_rng_next(&rng) >> 40);
    for (size_t at = 0; at < bytes; at += block)
        for (int i = 0; i < 2; i++)
            put_half(w + at, halves_at[type][i], uniform(-0.02, 0.02));
    return w;
}

static inline void *aligned(size_t bytes)
{
    void *p = aligned_alloc(64, (bytes + 64) / 64 * 64);
    assert_non_null(p);
    return p;
}

typedef struct setting {
    const eb_packed_ops *ops;
    eb_wtype type;
    int64_t n, rows;
    int columns;
    uint8_t *w;
    void *packed, *scratch;
    eb_q8 *x; // [columns][n / 32]
} setting;

static inline setting make(const eb_packed_ops *ops, eb_wtype type, int64_t n, int64_t rows, int columns)
{
    setting s = { .ops = ops, .type = type, .n = n, .rows = rows, .columns = columns, .w = random_rows(type, n, rows) };
    const int64_t groups = (rows + EB_PACK_ROWS - 1) / EB_PACK_ROWS;
    s.packed = aligned(eb_packed_bytes(type, n, rows));
    s.scratch = aligned(ops->scratch(n));
    eb_pack(type, s.w, eb_row_bytes(type, n), n, rows, groups / 2, groups, s.packed);
    eb_pack(type, s.w, eb_row_bytes(type, n), n, rows, 0, groups / 2, s.packed);
    s.x = aligned(sizeof *s.x * (size_t)(columns * (n / 32)));
    float *x = malloc((size_t)n * sizeof *x);
    for (int c = 0; c < columns; c++) {
        for (int64_t i = 0; i < n; i++)
            x[i] = (float)uniform(-2, 2);
        ops->quantize(x, n, s.x + c * (n / 32));
    }
    free(x);
    return s;
}

static inline void unmake(setting *s)
{
    free(s->w);
    free(s->packed);
    free(s->scratch);
    free(s->x);
}

// The product in double, and the sum of the terms' sizes, which its rounding is measured by.
static inline double truth(const setting *s, int64_t row, int c, double *size)
{
    float *w = malloc((size_t)s->n * sizeof *w);
    eb_kernels_scalar.dequant_row(s->type, s->w + (size_t)row * eb_row_bytes(s->type, s->n), w, s->n);
    double sum = 0;
    *size = 0;
    for (int64_t i = 0; i < s->n; i++) {
        const eb_q8 *x = &s->x[c * (s->n / 32) + i / 32];
        const double term = (double)w[i] * x->q[i % 32] * (double)x->d;
        sum += term;
        // An offset or a minimum is subtracted afterwards: its rounding counts though it cancels.
        *size +=
            fabs(term) + 0.02 * 64 * 32 * fabs((double)x->d) * (s->type == EB_W_Q8_0 || s->type == EB_W_IQ4_NL ? 8 : 1);
    }
    free(w);
    return sum;
}

// Rows [r0, r1) of m columns from column c on are those of `whole`, and nothing else is written.
static inline void same_as(const setting *s, const float *whole, int64_t r0, int64_t r1, int m)
{
    const size_t ldy = (size_t)s->rows + 3;
    float *y = malloc(ldy * (size_t)m * sizeof *y);
    for (size_t i = 0; i < ldy * (size_t)m; i++)
        y[i] = 777;
    s->ops->matmul(s->type, s->packed, s->n, r0, r1, s->x, (size_t)(s->n / 32), m, y, ldy, s->scratch);
    for (int c = 0; c < m; c++)
        for (int64_t r = 0; r < (int64_t)ldy; r++) {
            const float want = r >= r0 && r < r1 ? whole[c * s->rows + r] : 777, got = y[(size_t)c * ldy + (size_t)r];
            if (memcmp(&want, &got, sizeof got))
                fail_msg("%s: n %d, rows %d to %d, m %d: y[%d][%d] is %.9g, not %.9g", eb_wtypes[s->type].name,
                         (int)s->n, (int)r0, (int)r1, m, c, (int)r, (double)got, (double)want);
        }
    free(y);
}

static inline void check(const eb_packed_ops *ops, eb_wtype type, int64_t n, int64_t rows, int columns)
{
    static const int widths[] = { 1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 65 };
    setting s = make(ops, type, n, rows, columns);
    float *alone = malloc((size_t)(rows * columns) * sizeof *alone);
    for (int c = 0; c < columns; c++)
        ops->matmul(type, s.packed, n, 0, rows, s.x + c * (n / 32), (size_t)(n / 32), 1, alone + c * rows, (size_t)rows,
                    s.scratch);
    for (int c = 0; c < columns; c += columns / 3 + 1)
        for (int64_t r = 0; r < rows; r++) {
            double size, want = truth(&s, r, c, &size), got = (double)alone[c * rows + r];
            if (!(fabs(got - want) <= 1e-6 * size))
                fail_msg("%s: n %d, row %d, column %d: %.9g, not %.9g (terms %.3g)", eb_wtypes[type].name, (int)n,
                         (int)r, c, got, want, size);
        }
    for (size_t i = 0; i < sizeof widths / sizeof *widths && widths[i] <= columns; i++) {
        same_as(&s, alone, 0, rows, widths[i]);
        same_as(&s, alone, rows / 32 * 16, rows, widths[i]);
        same_as(&s, alone, 0, rows / 32 * 16, widths[i]);
    }
    free(alone);
    unmake(&s);
}

static inline void products_of(const eb_packed_ops *ops, eb_wtype type)
{
    const int64_t block = eb_wtypes[type].block;
    check(ops, type, block, 1, 5);
    check(ops, type, block, 16, 9);
    check(ops, type, 3 * block, 323, 9);
    check(ops, type, 2 * block, 172, 65);
    check(ops, type, 8192, 65, 13); // a panel that holds few groups
    check(ops, type, 1280, 40, 13); // rows in two slices, where vectors are of 16 rows
    check(ops, type, 1792, 40, 13); // and where they are of fewer
}

// Two instruction sets round activations alike, and a type's products have the same bits.
static inline void same_bits(const eb_packed_ops *a, const eb_packed_ops *b, eb_wtype type)
{
    enum { ROWS = 83, COLUMNS = 13, BLOCKS = 3 };
    const int64_t n = BLOCKS * eb_wtypes[type].block, chunks = n / 32;
    float y[2][ROWS * COLUMNS];
    eb_rng_init(&rng, (uint64_t)type);
    setting s = make(a, type, n, ROWS, COLUMNS);
    eb_rng_init(&rng, (uint64_t)type);
    setting other = make(b, type, n, ROWS, COLUMNS);
    for (int64_t i = 0; i < COLUMNS * chunks; i++)
        assert_memory_equal(&s.x[i], &other.x[i], offsetof(eb_q8, unused));
    a->matmul(type, s.packed, n, 0, ROWS, s.x, (size_t)chunks, COLUMNS, y[0], ROWS, s.scratch);
    b->matmul(type, other.packed, n, 0, ROWS, other.x, (size_t)chunks, COLUMNS, y[1], ROWS, other.scratch);
    assert_memory_equal(y[0], y[1], sizeof y[0]);
    unmake(&s);
    unmake(&other);
}

#endif
