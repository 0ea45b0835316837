// SPDX-License-Identifier: Apache-2.0
// Products of plain weights with prompts: near the same sums in double, the same bits whatever the rows asked for and
// the columns, and what becomes of values of all sizes and of no numbers. amx_prompt.c over tiles in plain C, and on
// this machine's tiles where it has them.
#include "tests/unit/packed_checks.h"

#include "tests/unit/amx_emulated.h"
#include "workloads/engine/kernels/x86.h"

// What products are allowed to be off: by `term` of the sum of their terms' sizes, and by `norm` of the norms of a row
// and a column (avx512vnni: half a step for each of 128 numbers); and by `nmse` over all.
typedef struct table {
    const eb_prompt_ops *ops;
    double term, norm, nmse;
} table;
static const table over_tiles = { &eb_prompt_amx_emulated, 0x1p-17, 0, 1e-10 };
static const table on_tiles = { &eb_prompt_amx, 0x1p-17, 0, 1e-10 };
static const table in_16_bits = { &eb_prompt_avx512vnni, 0, 11.4 * 0.5 * (1 / 32700.0 + 1 / 32766.0), 2.5e-8 };

// Plain weights and columns, and products with each column alone.
typedef struct prompt {
    const table *t;
    eb_wtype type;
    int64_t n, rows;
    int m;
    uint16_t *w;
    float *x, *alone; // [m][n], [m][rows]
    uint8_t *columns;
    size_t column_bytes;
    void *scratch;
} prompt;

static double weight(const prompt *p, int64_t i)
{
    return (double)(p->type == EB_W_F16 ? eb_f16_to_f32(p->w[i]) : eb_bf16_to_f32(p->w[i]));
}

static uint16_t rounded(eb_wtype type, float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return type == EB_W_F16 ? eb_f32_to_f16(f) : (uint16_t)(bits >> 16);
}

static double normal(void)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += uniform(0, 1);
    return sum;
}

static prompt prompt_new(const table *t, eb_wtype type, int64_t n, int64_t rows, int m)
{
    prompt p = { .t = t, .type = type, .n = n, .rows = rows, .m = m, .column_bytes = t->ops->column_bytes(n) };
    assert_true(p.column_bytes % 64 == 0);
    p.w = malloc((size_t)(n * rows) * sizeof *p.w);
    p.x = malloc((size_t)(n * m) * sizeof *p.x);
    p.alone = malloc((size_t)(rows * m) * sizeof *p.alone);
    p.columns = aligned(p.column_bytes * (size_t)m);
    p.scratch = aligned(t->ops->scratch());
    memset(p.scratch, 0xff, t->ops->scratch()); // not numbers
    for (int64_t i = 0; i < n * rows; i++)      // F16's denormal ones too
        p.w[i] = rounded(type, (float)(normal() * (eb_rng_below(&rng, 4) ? 0.05 : 3e-6)));
    for (int64_t i = 0; i < n * m; i++)
        p.x[i] = (float)normal();
    return p;
}

static void multiply(const prompt *p, int64_t r0, int64_t r1, int first, int m, float *y, int64_t ldy)
{
    p->t->ops->matmul(p->type, p->w, (size_t)p->n * 2, p->n, r0, r1, p->columns + (size_t)first * p->column_bytes, m, y,
                      (size_t)ldy, p->scratch);
}

static void multiply_alone(const prompt *p)
{
    memset(p->columns, 0xff, p->column_bytes * (size_t)p->m);
    for (int c = 0; c < p->m; c++) {
        p->t->ops->prepare(p->x + c * p->n, p->n, p->columns + (size_t)c * p->column_bytes);
        multiply(p, 0, p->rows, c, 1, p->alone + c * p->rows, p->rows);
    }
}

static void prompt_free(prompt *p)
{
    free(p->w);
    free(p->x);
    free(p->alone);
    free(p->columns);
    free(p->scratch);
}

typedef struct exact {
    double sum, terms, row, column; // the sum; of the terms' sizes; squares of the norms
} exact;

static exact exact_of(const prompt *p, int64_t r, int c)
{
    exact e = { 0 };
    for (int64_t k = 0; k < p->n; k++) {
        const double w = weight(p, r * p->n + k), x = (double)p->x[c * p->n + k];
        e.sum += w * x;
        e.terms += fabs(w * x);
        e.row += w * w;
        e.column += x * x;
    }
    return e;
}

static void sums_are_near(const prompt *p)
{
    double error = 0, size = 0;
    for (int c = 0; c < p->m; c++)
        for (int64_t r = 0; r < p->rows; r++) {
            const exact e = exact_of(p, r, c);
            const double got = (double)p->alone[c * p->rows + r], off = fabs(got - e.sum);
            if (!(off <= p->t->term * e.terms + (p->t->norm + 1e-6) * sqrt(e.row * e.column)))
                fail_msg("%s: n %d, row %d, column %d: %.9g, not %.9g", eb_wtypes[p->type].name, (int)p->n, (int)r, c,
                         got, e.sum);
            error += off * off / (e.row * e.column); // each as much as any other, whatever its size
            size += e.sum * e.sum / (e.row * e.column);
        }
    if (!(error <= p->t->nmse * size))
        fail_msg("%s: n %d, %d rows, %d columns: NMSE %.3g", eb_wtypes[p->type].name, (int)p->n, (int)p->rows, p->m,
                 error / size);
}

static void bits_stay(const prompt *p, int64_t r0, int64_t r1, int first, int m)
{
    const int64_t ldy = p->rows + 2;
    float *y = malloc((size_t)(ldy * m) * sizeof *y);
    for (int64_t i = 0; i < ldy * m; i++)
        y[i] = 777;
    multiply(p, r0, r1, first, m, y, ldy);
    for (int64_t i = 0; i < ldy * m; i++) {
        const int64_t r = i % ldy;
        const float want = r >= r0 && r < r1 ? p->alone[(first + i / ldy) * p->rows + r] : 777;
        if (memcmp(&want, &y[i], sizeof want) != 0)
            fail_msg("%s: n %d, rows %d to %d, columns %d to %d: y[%d][%d] is %.9g, not %.9g", eb_wtypes[p->type].name,
                     (int)p->n, (int)r0, (int)r1, first, first + m, (int)(i / ldy), (int)r, (double)y[i], (double)want);
    }
    free(y);
}

static void products_by(const table *t)
{
    static const struct {
        int n, rows, m;
    } cases[] = { { 5, 11, 9 },   { 16, 16, 16 },  { 31, 33, 17 },  { 32, 32, 32 },   { 33, 59, 33 },   { 80, 96, 7 },
                  { 172, 80, 8 }, { 96, 323, 34 }, { 257, 40, 13 }, { 1056, 59, 65 }, { 1100, 540, 25 } };
    for (size_t i = 0; i < 2 * (sizeof cases / sizeof *cases); i++) {
        prompt p = prompt_new(t, i % 2 ? EB_W_BF16 : EB_W_F16, cases[i / 2].n, cases[i / 2].rows, cases[i / 2].m);
        multiply_alone(&p);
        sums_are_near(&p);
        for (int m = 1; m <= p.m; m += 1 + p.m / 6)
            bits_stay(&p, 0, p.rows, p.m - m, m);
        bits_stay(&p, 0, p.rows, 0, p.m);
        bits_stay(&p, p.rows / 3, p.rows - p.rows / 4, 0, p.m);
        bits_stay(&p, p.rows / 2, p.rows / 2, 0, p.m);
        prompt_free(&p);
    }
}

// Columns and rows of all sizes, with zeros, with one value far above the others, or the same value throughout.
static void sizes_do_not_matter(const table *t)
{
    enum { N = 700, ROWS = 40, COLUMNS = 6 };
    for (int round = 0; round < 2; round++) {
        prompt p = prompt_new(t, round ? EB_W_BF16 : EB_W_F16, N, ROWS, COLUMNS);
        for (int k = 0; k < N; k++) {
            p.x[k] *= k == 300 ? 1000 : 1;
            p.x[N + k] *= k < 600 ? 1e20f : 1;
            p.x[2 * N + k] *= 1e-20f;
            p.x[3 * N + k] *= k / 100 % 2 ? 0 : 1;
            p.x[4 * N + k] = k % 2 ? 1.5f : -1.5f;
            p.w[k] = rounded(p.type, k == 650 ? 30000 : 1);
            p.w[N + k] = rounded(p.type, round ? 1e-9f * (float)normal() : 6e-8f); // the least one of F16
            p.w[2 * N + k] = k < 512 ? 0 : p.w[2 * N + k];
        }
        multiply_alone(&p);
        sums_are_near(&p);
        bits_stay(&p, 0, ROWS, 0, COLUMNS);
        prompt_free(&p);
    }
}

static void nothing_gives_nothing(const table *t)
{
    enum { N = 300, ROWS = 20 };
    prompt p = prompt_new(t, EB_W_F16, N, ROWS, 2);
    for (int k = 0; k < N; k++) {
        p.x[k] = k % 2 ? 0 : -0.0f;
        p.x[N + k] = k % 2 ? 1e-41f : -1e-44f; // denormal
        p.w[k] = 0;
    }
    multiply_alone(&p);
    for (int i = 0; i < 2 * ROWS; i++)
        assert_true(fabs((double)p.alone[i]) < 1e-36 && (i >= ROWS || p.alone[i] == 0));
    prompt_free(&p);
}

// What is no number makes none of the sums that it is in, and of no others.
static void no_numbers_stay_none(const table *t)
{
    enum { N = 600, ROWS = 40, COLUMNS = 14 };
    static const float values[] = { NAN, INFINITY, -INFINITY };
    for (int i = 0; i < 3; i++)
        for (int type = 0; type < 2; type++) {
            prompt p = prompt_new(t, type ? EB_W_BF16 : EB_W_F16, N, ROWS, COLUMNS);
            p.x[3 * N + 299 * i] = values[i];
            p.w[7 * N + 299 * i] = rounded(p.type, values[i]);
            multiply_alone(&p);
            for (int at = 0; at < ROWS * COLUMNS; at++) {
                const bool hit = at / ROWS == 3 || at % ROWS == 7;
                if (hit != !isfinite(p.alone[at]))
                    fail_msg("value %d: y[%d][%d] is %.9g", i, at / ROWS, at % ROWS, (double)p.alone[at]);
            }
            prompt_free(&p);
        }
}

static void check_table(const table *t)
{
    assert_true(t->ops->takes(EB_W_F16) && t->ops->takes(EB_W_BF16));
    assert_false(t->ops->takes(EB_W_F32) || t->ops->takes(EB_W_Q8_0));
    products_by(t);
    sizes_do_not_matter(t);
    nothing_gives_nothing(t);
    no_numbers_stay_none(t);
}

static void tiles_are_right(void **state)
{
    (void)state;
    if (!eb_x86_has_avx512vnni()) {
        fprintf(stderr, "skip %s: the rest of these products needs AVX-512 VNNI\n", __func__);
        skip();
    }
    check_table(&over_tiles);
    assert_null(eb_amx_emulated_fault());
    assert_false(eb_amx_emulated_configured());
    if (eb_kernels_amx.usable())
        check_table(&on_tiles);
}

static void sixteen_bits_are_right(void **state)
{
    (void)state;
    if (!eb_x86_has_avx512vnni()) {
        fprintf(stderr, "skip %s: it needs AVX-512 VNNI\n", __func__);
        skip();
    }
    check_table(&in_16_bits);
    assert_ptr_equal(eb_kernels_avx512vnni.prompt, &eb_prompt_avx512vnni);
}

// The sums that come nearest to leaving 32 bits: rows and columns that point the same way.
static void no_sum_leaves_32_bits(void **state)
{
    enum { N = 256, ROWS = 32, COLUMNS = 12 };
    (void)state;
    if (!eb_x86_has_avx512vnni()) {
        fprintf(stderr, "skip %s: it needs AVX-512 VNNI\n", __func__);
        skip();
    }
    for (int few = 1; few <= N; few *= 2) { // of the values are not small
        prompt p = prompt_new(&in_16_bits, EB_W_F16, N, ROWS, COLUMNS);
        for (int r = 0; r < ROWS; r++)
            for (int k = 0; k < N; k++)
                p.w[r * N + k] = rounded(EB_W_F16, k < few ? (r % 2 ? -3.0f : 1.0f) : 0x1p-10f);
        for (int c = 0; c < COLUMNS; c++)
            for (int k = 0; k < N; k++)
                p.x[c * N + k] = k < few ? 7.77f : 0x1p-10f;
        multiply_alone(&p);
        sums_are_near(&p);
        prompt_free(&p);
    }
}

int main(void)
{
    eb_rng_init(&rng, 816);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiles_are_right),
        cmocka_unit_test(sixteen_bits_are_right),
        cmocka_unit_test(no_sum_leaves_32_bits),
    };
    return cmocka_run_group_tests_name("prompt", tests, NULL, NULL);
}
