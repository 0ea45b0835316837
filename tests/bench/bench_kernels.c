// SPDX-License-Identifier: Apache-2.0
// How fast the matrix products are on one thread: for each weight type, bytes of weights per second
// with one column against a plain read of the same bytes, and the rate of arithmetic with many; of a table's products
// of prompts the rate, and that over the rate of its f32 products.
//   bench_kernels [MIB [ROW [COLUMNS [TABLE]]]]     default: 256 MiB of rows of 2048 weights, 512 columns, all
#include "workloads/engine/kernels/kernels.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REPEATS = 7, ROWS_MANY = 384 };
#define ENOUGH_S 0.3

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// What a loop that does nothing but read reaches, GB/s: eight independent sums.
static double read_gb_s(const uint8_t *data, size_t bytes)
{
    double best = 1e9;
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        double start = now_s();
        uint64_t sum[8] = { 0 };
        for (size_t i = 0; i + 64 <= bytes; i += 64)
            for (int l = 0; l < 8; l++) {
                uint64_t v;
                memcpy(&v, data + i + 8 * l, sizeof v);
                sum[l] += v;
            }
        volatile uint64_t keep = sum[0] ^ sum[1] ^ sum[2] ^ sum[3] ^ sum[4] ^ sum[5] ^ sum[6] ^ sum[7];
        (void)keep;
        double took = now_s() - start;
        best = took < best ? took : best;
    }
    return (double)bytes / best / 1e9;
}

// Repeated often enough: on a machine that is never quiet the best of a few is not the best.
static bool again(int repeats, double began)
{
    return repeats < REPEATS || now_s() - began < ENOUGH_S;
}

// The best product of `rows` rows with m columns, s.
static double product_s(const eb_kernels *k, eb_wtype type, const uint8_t *w, int64_t n, int64_t rows, int m,
                        const float *x, float *y, void *scratch)
{
    const double began = now_s();
    double best = 1e9;
    for (int repeat = 0; again(repeat, began); repeat++) {
        double start = now_s();
        k->matmul(type, w, eb_row_bytes(type, n), n, 0, rows, x, (size_t)n, m, y, (size_t)rows, scratch);
        double took = now_s() - start;
        best = took < best ? took : best;
    }
    return best;
}

// The types that it multiplies in f32.
static void bench_table(const eb_kernels *k, const uint8_t *w, size_t bytes, int64_t n, int m, double read)
{
    float *x = calloc((size_t)n * (size_t)m, sizeof *x), *y = calloc(bytes, sizeof *y);
    size_t need = k->matmul_scratch(n, m) + k->matmul_scratch(n, 1);
    void *scratch = aligned_alloc(64, (need + 63) & ~(size_t)63);
    for (int t = 0; x && y && scratch && t < EB_W_LIMIT; t++) {
        if (!eb_wtypes[t].name || (k->packed && k->packed->packs((eb_wtype)t)))
            continue;
        int64_t rows = (int64_t)(bytes / eb_row_bytes((eb_wtype)t, n));
        double one = product_s(k, (eb_wtype)t, w, n, rows, 1, x, y, scratch);
        double gb_s = (double)rows * (double)eb_row_bytes((eb_wtype)t, n) / one / 1e9;
        int64_t few = rows < ROWS_MANY ? rows : ROWS_MANY;
        double many = product_s(k, (eb_wtype)t, w, n, few, m, x, y, scratch);
        printf("%-10s %-7s %8.2f GB/s  %3.0f %% of read  %8.1f GFLOP/s at m=%d\n", k->name, eb_wtypes[t].name, gb_s,
               100 * gb_s / read, 2e-9 * (double)few * (double)n * m / many, m);
    }
    free(x);
    free(y);
    free(scratch);
}

// The types that the table multiplies in 8-bit arithmetic. What is packed does not matter: `w` stands for it.
static void bench_packed(const eb_kernels *k, const uint8_t *w, size_t bytes, int64_t n, int m, double read)
{
    float *y = calloc(bytes, sizeof *y);
    eb_q8 *x = aligned_alloc(64, sizeof *x * (size_t)(n / 32) * (size_t)m);
    void *scratch = aligned_alloc(64, (k->packed->scratch(n) + 63) & ~(size_t)63);
    if (x)
        memset(x, 1, sizeof *x * (size_t)(n / 32) * (size_t)m);
    for (int t = 0; x && y && scratch && t < EB_W_LIMIT; t++) {
        if (!eb_wtypes[t].name || !k->packed->packs((eb_wtype)t))
            continue;
        const int64_t rows = (int64_t)(bytes / eb_row_bytes((eb_wtype)t, n)) / EB_PACK_ROWS * EB_PACK_ROWS;
        const double began = now_s();
        double one = 1e9, many = 1e9;
        for (int i = 0; again(i, began); i++) {
            double start = now_s();
            k->packed->matmul((eb_wtype)t, w, n, 0, rows, x, (size_t)(n / 32), 1, y, (size_t)rows, scratch);
            double middle = now_s();
            k->packed->matmul((eb_wtype)t, w, n, 0, ROWS_MANY, x, (size_t)(n / 32), m, y, ROWS_MANY, scratch);
            double end = now_s();
            one = middle - start < one ? middle - start : one;
            many = end - middle < many ? end - middle : many;
        }
        double gb_s = (double)rows * (double)eb_row_bytes((eb_wtype)t, n) / one / 1e9;
        printf("%-10s %-7s %8.2f GB/s  %3.0f %% of read  %8.1f GOP/s at m=%d\n", k->name, eb_wtypes[t].name, gb_s,
               100 * gb_s / read, 2e-9 * ROWS_MANY * (double)n * m / many, m);
    }
    free(x);
    free(y);
    free(scratch);
}

// The best of several products of some rows with the columns of a prompt, s: those of prompts, in f32, and how long the
// columns take to prepare, once for all matrices that read them. In turn, so that what disturbs one disturbs all.
typedef struct prompt_s {
    double prompt, f32, prepare;
} prompt_s;

static double least(double best, double start)
{
    const double took = now_s() - start;
    return took < best ? took : best;
}

static prompt_s prompt_product_s(const eb_kernels *k, eb_wtype type, const uint8_t *w, int64_t n, int m, const float *x,
                                 uint8_t *columns, float *y, void *scratch)
{
    const size_t column = k->prompt->column_bytes(n), row = eb_row_bytes(type, n);
    const double began = now_s();
    prompt_s best = { 1e9, 1e9, 1e9 };
    for (int i = 0; again(i, began); i++) {
        double start = now_s();
        for (int c = 0; c < m; c++)
            k->prompt->prepare(x + (size_t)c * (size_t)n, n, columns + (size_t)c * column);
        best.prepare = least(best.prepare, start);
        start = now_s();
        k->prompt->matmul(type, w, row, n, 0, ROWS_MANY, columns, m, y, ROWS_MANY, scratch);
        best.prompt = least(best.prompt, start);
        start = now_s();
        k->matmul(type, w, row, n, 0, ROWS_MANY, x, (size_t)n, m, y, ROWS_MANY, scratch);
        best.f32 = least(best.f32, start);
    }
    return best;
}

static void bench_prompt(const eb_kernels *k, const uint8_t *w, int64_t n, int m)
{
    float *x = calloc((size_t)n * (size_t)m, sizeof *x), *y = calloc((size_t)ROWS_MANY * (size_t)m, sizeof *y);
    uint8_t *columns = aligned_alloc(64, k->prompt->column_bytes(n) * (size_t)m);
    const size_t f32_bytes = k->matmul_scratch(n, m), bytes = k->prompt->scratch();
    void *scratch = aligned_alloc(64, ((bytes > f32_bytes ? bytes : f32_bytes) + 63) & ~(size_t)63);
    for (int t = 0; x && y && columns && scratch && t < EB_W_LIMIT; t++) {
        if (!k->prompt->takes((eb_wtype)t))
            continue;
        const prompt_s s = prompt_product_s(k, (eb_wtype)t, w, n, m, x, columns, y, scratch);
        printf("%-10s %-7s %41.1f GFLOP/s at m=%d, prompts: x%.2f of f32 products; columns prepared at %.1f GB/s\n",
               k->name, eb_wtypes[t].name, 2e-9 * ROWS_MANY * (double)n * m / s.prompt, m, s.f32 / s.prompt,
               4e-9 * (double)n * m / s.prepare);
    }
    free(x);
    free(y);
    free(columns);
    free(scratch);
}

int main(int argc, char **argv)
{
    size_t bytes = (size_t)(argc > 1 ? atoi(argv[1]) : 256) << 20;
    int64_t n = argc > 2 ? atoi(argv[2]) : 2048;
    int m = argc > 3 ? atoi(argv[3]) : EB_MATMUL_MAX_M;
    if (n < 256 || n % 256 || m < 1 || m > EB_MATMUL_MAX_M || bytes == 0)
        return fprintf(stderr, "bench_kernels: a row is a multiple of 256, columns 1 to %d\n", EB_MATMUL_MAX_M), 2;
    uint8_t *w = malloc(bytes);
    if (!w)
        return fprintf(stderr, "bench_kernels: no memory for %zu bytes\n", bytes), 1;
    memset(w, 0x11, bytes); // as scales: small, normal numbers
    double read = read_gb_s(w, bytes);
    printf("read            %8.2f GB/s  (%zu MiB)\n", read, bytes >> 20);
    for (const eb_kernels *const *k = eb_kernels_table; *k; k++)
        if ((*k)->usable() && (argc <= 4 || strcmp(argv[4], (*k)->name) == 0)) {
            bench_table(*k, w, bytes, n, m, read);
            if ((*k)->packed)
                bench_packed(*k, w, bytes, n, m, read);
            if ((*k)->prompt && bytes >= ROWS_MANY * (size_t)n * sizeof(uint16_t))
                bench_prompt(*k, w, n, m);
        }
    free(w);
    return 0;
}
