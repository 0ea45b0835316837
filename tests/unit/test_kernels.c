// SPDX-License-Identifier: Apache-2.0
// Every kernel table that can run here, against computations of this file in double: weight types bit
// by bit from random blocks, products within rounding, the same row whatever the split and the columns.
#include "workloads/engine/kernels/kernels.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

// ---- random numbers and memory -------------------------------------------------------------------

static uint64_t state = 88172645463325252u;

static uint64_t random_bits(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static double uniform(double low, double high)
{
    return low + (high - low) * (double)(random_bits() >> 11) * 0x1p-53;
}

static float *random_floats(int64_t n, double low, double high)
{
    float *v = malloc((size_t)n * sizeof *v + 1);
    assert_non_null(v);
    for (int64_t i = 0; i < n; i++)
        v[i] = (float)uniform(low, high);
    return v;
}

static void *copy_of(const void *data, size_t bytes)
{
    void *c = malloc(bytes + 1);
    assert_non_null(c);
    memcpy(c, data, bytes);
    return c;
}

static void *scratch_for(const eb_kernels *k, int64_t n, int m)
{
    void *s = aligned_alloc(64, (k->matmul_scratch(n, m) + 63) & ~(size_t)63);
    assert_non_null(s);
    return s;
}

// ---- weights in double, one at a time ------------------------------------------------------------

static double half(uint16_t h)
{
    double sign = h & 0x8000 ? -1 : 1, mantissa = h & 1023;
    int exponent = h >> 10 & 31;
    if (exponent == 31)
        return mantissa != 0 ? (double)NAN : sign * (double)INFINITY;
    return exponent ? sign * ldexp(1024 + mantissa, exponent - 25) : sign * ldexp(mantissa, -24);
}

static double half_in(const uint8_t *b)
{
    return half((uint16_t)(b[0] | b[1] << 8));
}

// `width` bits of the string of bits at b, lowest first.
static int bits(const uint8_t *b, int at, int width)
{
    int v = 0;
    for (int i = 0; i < width; i++)
        v |= (b[(at + i) / 8] >> (at + i) % 8 & 1) << i;
    return v;
}

static int nibble32(const uint8_t *q, int i)
{
    return i < 16 ? q[i] & 15 : q[i - 16] >> 4;
}

static void k4_scales(const uint8_t *p, int group, int *scale, int *min)
{
    *scale = group < 4 ? p[group] % 64 : p[group + 4] % 16 + 16 * (p[group - 4] / 64);
    *min = group < 4 ? p[group + 4] % 64 : p[group + 4] / 16 + 16 * (p[group] / 64);
}

static double weight_k(eb_wtype type, const uint8_t *b, int i)
{
    int group = i / 32, l = i % 32, pair = 32 * (i / 128) + l, sc, mn, low, q;
    if (type == EB_W_Q2_K) {
        q = bits(b + 16 + pair, 2 * (group % 4), 2);
        return half_in(b + 80) * (b[i / 16] % 16) * q - half_in(b + 82) * (b[i / 16] / 16);
    }
    if (type == EB_W_Q3_K) {
        int g = i / 16;
        sc = (g < 8 ? b[96 + g] % 16 : b[88 + g] / 16) + 16 * bits(b + 104 + g % 4, 2 * (g / 4), 2) - 32;
        q = bits(b + 32 + pair, 2 * (group % 4), 2) - (bits(b + l, group, 1) ? 0 : 4);
        return half_in(b + 108) * sc * q;
    }
    if (type == EB_W_Q6_K) {
        low = bits(b + 64 * (i / 128) + i % 64, i % 128 / 64 * 4, 4);
        q = low + 16 * bits(b + 128 + pair, 2 * (group % 4), 2) - 32;
        return half_in(b + 208) * (int8_t)b[192 + i / 16] * q;
    }
    k4_scales(b + 4, group, &sc, &mn);
    const uint8_t *quants = b + (type == EB_W_Q5_K ? 48 : 16);
    q = bits(quants + 32 * (group / 2) + l, 4 * (group % 2), 4);
    q += type == EB_W_Q5_K ? 16 * bits(b + 16 + l, group, 1) : 0;
    return half_in(b) * sc * q - half_in(b + 2) * mn;
}

// The weight i of the block b.
static double weight(eb_wtype type, const uint8_t *b, int i)
{
    static const int curve[16] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };
    float f;
    uint32_t u;
    switch (type) {
    case EB_W_F32:
        memcpy(&f, b, 4);
        return (double)f;
    case EB_W_BF16:
        u = (uint32_t)b[0] << 16 | (uint32_t)b[1] << 24;
        memcpy(&f, &u, 4);
        return (double)f;
    case EB_W_F16:
        return half_in(b);
    case EB_W_Q4_0:
        return half_in(b) * (nibble32(b + 2, i) - 8);
    case EB_W_Q4_1:
        return half_in(b) * nibble32(b + 4, i) + half_in(b + 2);
    case EB_W_Q5_0:
        return half_in(b) * (nibble32(b + 6, i) + 16 * bits(b + 2, i, 1) - 16);
    case EB_W_Q5_1:
        return half_in(b) * (nibble32(b + 8, i) + 16 * bits(b + 4, i, 1)) + half_in(b + 2);
    case EB_W_Q8_0:
        return half_in(b) * (int8_t)b[2 + i];
    case EB_W_IQ4_NL:
        return half_in(b) * curve[nibble32(b + 2, i)];
    default:
        return weight_k(type, b, i);
    }
}

// ---- random blocks -------------------------------------------------------------------------------

typedef enum scale_kind { SCALE_USUAL, SCALE_ZERO, SCALE_DENORMAL, SCALE_LARGE, SCALE_KINDS } scale_kind;

static uint16_t random_half(scale_kind kind)
{
    static const uint16_t base[SCALE_KINDS] = { 0x1c00, 0, 0x0001, 0x7800 },
                          span[SCALE_KINDS] = { 0x0c00, 1, 0x3ff, 0x3ff };
    uint16_t sign = (uint16_t)(random_bits() >> 63 << 15);
    return (uint16_t)(sign | (base[kind] + random_bits() % span[kind]));
}

static void put_half(uint8_t *b, uint16_t h)
{
    b[0] = (uint8_t)h;
    b[1] = (uint8_t)(h >> 8);
}

// Where a type's blocks have their f16 scales; -1 = none.
static void scale_places(eb_wtype type, int places[2])
{
    static const struct {
        eb_wtype type;
        int place[2];
    } table[] = {
        { EB_W_F32, { -1, -1 } },   { EB_W_BF16, { -1, -1 } },  { EB_W_F16, { 0, -1 } },    { EB_W_Q4_0, { 0, -1 } },
        { EB_W_Q4_1, { 0, 2 } },    { EB_W_Q5_0, { 0, -1 } },   { EB_W_Q5_1, { 0, 2 } },    { EB_W_Q8_0, { 0, -1 } },
        { EB_W_IQ4_NL, { 0, -1 } }, { EB_W_Q2_K, { 80, 82 } },  { EB_W_Q3_K, { 108, -1 } }, { EB_W_Q4_K, { 0, 2 } },
        { EB_W_Q5_K, { 0, 2 } },    { EB_W_Q6_K, { 208, -1 } },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].type == type) {
            memcpy(places, table[i].place, sizeof table[i].place);
            return;
        }
    fail_msg("type %d has no entry", type);
}

static void random_block(eb_wtype type, scale_kind kind, uint8_t *b)
{
    int places[2];
    scale_places(type, places);
    for (int i = 0; i < eb_wtypes[type].block_bytes; i++)
        b[i] = (uint8_t)(random_bits() >> 32);
    for (int i = 0; i < 2; i++)
        if (places[i] >= 0)
            put_half(b + places[i], random_half(kind));
    if (type == EB_W_F32 || type == EB_W_BF16) {
        static const double size[SCALE_KINDS] = { 1, 0, 0x1p-130, 0x1p60 };
        float f = (float)(size[kind] * uniform(-1, 1));
        uint32_t u;
        memcpy(&u, &f, 4);
        u = type == EB_W_BF16 ? u >> 16 : u;
        memcpy(b, &u, (size_t)eb_wtypes[type].block_bytes);
    }
}

// Rows of random blocks, at an odd address and with no byte to spare behind them.
typedef struct matrix {
    eb_wtype type;
    int64_t n, rows;
    size_t row_bytes;
    uint8_t *base, *w;
    double *value; // [rows][n]
} matrix;

static matrix random_matrix(eb_wtype type, int64_t n, int64_t rows, scale_kind kind)
{
    matrix a = { .type = type, .n = n, .rows = rows, .row_bytes = eb_row_bytes(type, n) };
    size_t bytes = a.row_bytes * (size_t)rows;
    a.base = malloc(bytes + 1);
    a.value = malloc((size_t)(n * rows) * sizeof *a.value);
    assert_non_null(a.base);
    assert_non_null(a.value);
    a.w = a.base + 1;
    int block = eb_wtypes[type].block, block_bytes = eb_wtypes[type].block_bytes;
    for (int64_t i = 0; i < n * rows; i++) {
        uint8_t *b = a.w + i / block * block_bytes;
        if (i % block == 0)
            random_block(type, kind, b);
        a.value[i] = weight(type, b, (int)(i % block));
    }
    return a;
}

static void matrix_free(matrix *a)
{
    free(a->base);
    free(a->value);
}

// ---- every table and type ------------------------------------------------------------------------

typedef void table_test(const eb_kernels *k);

static void each_table(table_test *test)
{
    int tables = 0;
    for (const eb_kernels *const *k = eb_kernels_table; *k; k++)
        if ((*k)->usable()) {
            test(*k);
            tables++;
        }
    assert_true(tables >= 1);
}

static void dequant_of(const eb_kernels *k)
{
    static const int blocks[] = { 1, 2, 5, 80, 172 };
    for (int t = 0; t < EB_W_LIMIT; t++)
        for (size_t i = 0; eb_wtypes[t].name && i < sizeof blocks / sizeof *blocks; i++)
            for (scale_kind kind = 0; kind < SCALE_KINDS; kind++) {
                int64_t n = (int64_t)blocks[i] * (eb_wtypes[t].block == 256 && blocks[i] > 5 ? 0 : eb_wtypes[t].block);
                matrix a = random_matrix((eb_wtype)t, n ? n : 256, 1, kind);
                float *got = malloc((size_t)a.n * sizeof *got);
                assert_non_null(got);
                k->dequant_row(a.type, a.w, got, a.n);
                for (int64_t j = 0; j < a.n; j++) // one rounding: equal, not near
                    if (got[j] != (float)a.value[j])
                        fail_msg("%s %s: weight %d is %.9g, not %.9g", k->name, eb_wtypes[t].name, (int)j,
                                 (double)got[j], a.value[j]);
                free(got);
                matrix_free(&a);
            }
}

static void test_dequant(void **s)
{
    (void)s;
    each_table(dequant_of);
}

static void test_dequant_not_finite(void **s)
{
    (void)s;
    static const uint16_t odd[] = { 0x7c00, 0xfc00, 0x7e01 };
    for (const eb_kernels *const *k = eb_kernels_table; *k; k++)
        for (size_t i = 0; (*k)->usable() && i < sizeof odd / sizeof *odd; i++) {
            uint8_t block[34];
            float got[32];
            memset(block, 3, sizeof block);
            put_half(block, odd[i]);
            (*k)->dequant_row(EB_W_Q8_0, block, got, 32);
            for (int j = 0; j < 32; j++)
                assert_true(isnan(half(odd[i])) ? isnan(got[j]) : (double)got[j] == half(odd[i]));
        }
}

// The product of a and x, and the sum of the terms' sizes, from which rounding is judged.
static void truth(const matrix *a, int64_t r, const float *x, double *sum, double *size)
{
    *sum = *size = 0;
    for (int64_t i = 0; i < a->n; i++) {
        double term = a->value[r * a->n + i] * (double)x[i];
        *sum += term;
        *size += fabs(term);
    }
}

// One product of m columns over rows [r0, r1): right, and nothing outside them written.
static void product_is_right(const eb_kernels *k, const matrix *a, const float *x, size_t ldx, int m, int64_t r0,
                             int64_t r1, const float *alone)
{
    size_t ldy = (size_t)a->rows + 3;
    float *y = random_floats((int64_t)ldy * m, 5, 6), *before = copy_of(y, ldy * (size_t)m * sizeof *y);
    void *scratch = scratch_for(k, a->n, m);
    k->matmul(a->type, a->w, a->row_bytes, a->n, r0, r1, x, ldx, m, y, ldy, scratch);
    for (int j = 0; j < m; j++)
        for (int64_t r = 0; r < (int64_t)ldy; r++) {
            float got = y[(size_t)j * ldy + (size_t)r];
            float want = r >= r0 && r < r1 ? alone[j * a->rows + r] : before[(size_t)j * ldy + (size_t)r];
            if (got != want)
                fail_msg("%s %s: n %d, rows %d to %d, m %d: y[%d][%d] is %.9g, not %.9g", k->name,
                         eb_wtypes[a->type].name, (int)a->n, (int)r0, (int)r1, m, j, (int)r, (double)got, (double)want);
        }
    free(scratch);
    free(before);
    free(y);
}

// y[j][r] of one column at a time, checked against the truth.
static float *products_alone(const eb_kernels *k, const matrix *a, const float *x, size_t ldx, int m)
{
    float *y = malloc((size_t)(a->rows * m) * sizeof *y);
    void *scratch = scratch_for(k, a->n, 1);
    assert_non_null(y);
    for (int j = 0; j < m; j++) {
        const float *column = x + (size_t)j * ldx;
        k->matmul(a->type, a->w, a->row_bytes, a->n, 0, a->rows, column, ldx, 1, y + j * a->rows, ldx, scratch);
        for (int64_t r = 0; r < a->rows; r++) {
            double sum, size, got = (double)y[j * a->rows + r];
            truth(a, r, column, &sum, &size);
            if (!(fabs(got - sum) <= 2e-6 * size + 1e-40))
                fail_msg("%s %s: n %d: row %d is %.9g, not %.9g (terms %.3g)", k->name, eb_wtypes[a->type].name,
                         (int)a->n, (int)r, got, sum, size);
        }
    }
    free(scratch);
    return y;
}

static void products_of(const eb_kernels *k, eb_wtype type, int64_t n, int64_t rows, scale_kind kind, int m)
{
    static const int columns[] = { 1, 2, 3, 4, 5, 7, 16, 33, 65, 512 };
    matrix a = random_matrix(type, n, rows, kind);
    size_t ldx = (size_t)n + 5;
    float *x = random_floats((int64_t)ldx * m - 5, -1, 1), *alone = products_alone(k, &a, x, ldx, m);
    for (size_t i = 0; i < sizeof columns / sizeof *columns && columns[i] <= m; i++) {
        product_is_right(k, &a, x, ldx, columns[i], 0, rows, alone);
        product_is_right(k, &a, x, ldx, columns[i], rows / 3, rows - rows / 4, alone);
        product_is_right(k, &a, x, ldx, columns[i], rows / 2, rows / 2, alone);
    }
    free(alone);
    free(x);
    matrix_free(&a);
}

static void matmul_of(const eb_kernels *k)
{
    static const int whole[] = { 1, 2, 3, 44 }, plain[] = { 1, 5, 16, 33, 80, 172, 1056, 1100 };
    for (int t = 0; t < EB_W_LIMIT; t++) {
        int block = eb_wtypes[t].block;
        for (size_t i = 0; block == 1 && i < sizeof plain / sizeof *plain; i++)
            products_of(k, (eb_wtype)t, plain[i], 11, SCALE_USUAL, 7);
        for (size_t i = 0; block > 1 && i < sizeof whole / sizeof *whole; i++)
            products_of(k, (eb_wtype)t, (int64_t)whole[i] * (block == 256 && i == 3 ? 128 : block), 11, SCALE_USUAL, 7);
        for (scale_kind kind = 0; block && kind < SCALE_KINDS; kind++)
            products_of(k, (eb_wtype)t, 256, 5, kind, 5);
        if (block)
            products_of(k, (eb_wtype)t, 256, 59, SCALE_USUAL, 65);
    }
    products_of(k, EB_W_F32, 100, 7, SCALE_USUAL, 512);
    products_of(k, EB_W_Q4_0, 2080, 4, SCALE_USUAL, 512);
}

static void test_matmul(void **s)
{
    (void)s;
    each_table(matmul_of);
}

// ---- half precision and the table of types ---------------------------------------------------------

static void test_half_to_float(void **s)
{
    (void)s;
    for (uint32_t h = 0; h < 65536; h++) {
        double want = half((uint16_t)h);
        float got = eb_f16_to_f32((uint16_t)h);
        assert_true(isnan(want) ? isnan(got) : (double)got == want && !signbit(got) == !signbit(want));
        if (!isnan(want))
            assert_int_equal(eb_f32_to_f16(got), h);
        else
            assert_true(isnan(half(eb_f32_to_f16(got))));
    }
}

// Halfway between neighbours goes to the even one; just beside it to the nearer.
static void test_float_to_half(void **s)
{
    (void)s;
    for (uint16_t h = 0; h < 0x7c00; h++) {
        double here = half(h), next = h == 0x7bff ? 65536 : half((uint16_t)(h + 1));
        float middle = (float)((here + next) / 2);
        uint16_t above = (uint16_t)(h + 1);
        assert_int_equal(eb_f32_to_f16(middle), h % 2 ? above : h);
        assert_int_equal(eb_f32_to_f16(nextafterf(middle, 0)), h);
        assert_int_equal(eb_f32_to_f16(nextafterf(middle, INFINITY)), above);
        assert_int_equal(eb_f32_to_f16(-middle), 0x8000 | (h % 2 ? above : h));
    }
    assert_int_equal(eb_f32_to_f16(INFINITY), 0x7c00);
    assert_int_equal(eb_f32_to_f16(-1e30f), 0xfc00);
    assert_int_equal(eb_f32_to_f16(-1e-30f), 0x8000);
    assert_true(isnan(half(eb_f32_to_f16(NAN))));
}

static void test_types(void **s)
{
    (void)s;
    static const struct {
        eb_wtype type;
        const char *name;
        int block, bytes;
    } want[] = {
        { EB_W_F32, "f32", 1, 4 },       { EB_W_F16, "f16", 1, 2 },         { EB_W_BF16, "bf16", 1, 2 },
        { EB_W_Q8_0, "q8_0", 32, 34 },   { EB_W_Q4_0, "q4_0", 32, 18 },     { EB_W_Q4_1, "q4_1", 32, 20 },
        { EB_W_Q5_0, "q5_0", 32, 22 },   { EB_W_Q5_1, "q5_1", 32, 24 },     { EB_W_Q2_K, "q2_k", 256, 84 },
        { EB_W_Q3_K, "q3_k", 256, 110 }, { EB_W_Q4_K, "q4_k", 256, 144 },   { EB_W_Q5_K, "q5_k", 256, 176 },
        { EB_W_Q6_K, "q6_k", 256, 210 }, { EB_W_IQ4_NL, "iq4_nl", 32, 18 },
    };
    int named = 0;
    for (int t = 0; t < EB_W_LIMIT; t++)
        named += eb_wtypes[t].name != NULL;
    assert_int_equal(named, sizeof want / sizeof *want);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        assert_string_equal(eb_wtypes[want[i].type].name, want[i].name);
        assert_int_equal(eb_wtypes[want[i].type].block, want[i].block);
        assert_int_equal(eb_row_bytes(want[i].type, 512), 512 / want[i].block * want[i].bytes);
    }
}

// ---- vectors -------------------------------------------------------------------------------------

static const int lengths[] = { 1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 64, 80, 128, 172, 256, 1000 };
enum { LENGTHS = sizeof lengths / sizeof *lengths };

static void assert_near(const eb_kernels *k, const char *what, double got, double want, double relative,
                        double absolute)
{
    if (!(fabs(got - want) <= relative * fabs(want) + absolute))
        fail_msg("%s %s: %.9g, not %.9g", k->name, what, got, want);
}

static void dots_of(const eb_kernels *k)
{
    for (int i = 0; i < LENGTHS; i++) {
        int n = lengths[i];
        float *a = random_floats(n, -1, 1), *b = random_floats(n, -1, 1);
        double sum = 0;
        for (int j = 0; j < n; j++)
            sum += (double)a[j] * (double)b[j];
        assert_near(k, "dot", (double)k->dot(a, b, n), sum, 0, 1e-7 * n);
        float *y = copy_of(b, (size_t)n * sizeof *b);
        k->axpy(y, 0.7f, a, n);
        float *scaled = random_floats(n + 1, 5, 5);
        k->scale(scaled, a, -0.3f, n);
        for (int j = 0; j < n; j++)
            assert_near(k, "scale", (double)scaled[j], (double)-0.3f * (double)a[j], 6e-8, 0);
        assert_true(scaled[n] == 5);
        free(scaled);
        for (int j = 0; j < n; j++)
            assert_near(k, "axpy", (double)y[j], (double)b[j] + (double)0.7f * (double)a[j], 0, 3e-7);
        free(a), free(b), free(y);
    }
}

static void test_dots(void **s)
{
    (void)s;
    each_table(dots_of);
}

static void to_f16_of(const eb_kernels *k)
{
    enum { MANY = 5000 };
    static const uint32_t odd[] = { 0x7f800001, 0xffc01234, 0x7f800000, 0x80000000, 1, 0x33000000, 0x477fefff };
    for (int i = 0; i < LENGTHS + 1; i++) {
        int n = i < LENGTHS ? lengths[i] : MANY;
        float *src = malloc((size_t)n * sizeof *src);
        uint16_t *dst = malloc((size_t)n * sizeof *dst);
        assert_non_null(src);
        assert_non_null(dst);
        for (int j = 0; j < n; j++) {
            uint32_t u = j < 7 ? odd[j] : (uint32_t)random_bits();
            u = j % 2 && j > 7 ? (u & 0x8fffffff) | 0x30000000 : u; // where most of f16 lies
            memcpy(src + j, &u, sizeof u);
        }
        k->to_f16(dst, src, n);
        for (int j = 0; j < n; j++)
            assert_int_equal(dst[j], eb_f32_to_f16(src[j]));
        free(src), free(dst);
    }
}

static void test_to_f16(void **s)
{
    (void)s;
    each_table(to_f16_of);
}

static void rms_norm_of(const eb_kernels *k)
{
    for (int i = 0; i < LENGTHS; i++) {
        int n = lengths[i];
        float *x = random_floats(n, -3, 3), *weight = random_floats(n, 0, 2), *out = random_floats(n, 9, 9);
        double squares = 0;
        for (int j = 0; j < n; j++)
            squares += (double)x[j] * (double)x[j];
        double scale = 1 / sqrt(squares / n + 1e-5);
        k->rms_norm(out, x, weight, n, 1e-5f);
        for (int j = 0; j < n; j++)
            assert_near(k, "rms_norm", (double)out[j], (double)x[j] * scale * (double)weight[j], 1e-6, 0);
        float *in_place = copy_of(x, (size_t)n * sizeof *x);
        k->rms_norm(in_place, in_place, NULL, n, 1e-5f);
        for (int j = 0; j < n; j++)
            assert_near(k, "rms_norm without weight", (double)in_place[j], (double)x[j] * scale, 1e-6, 0);
        free(x), free(weight), free(out), free(in_place);
    }
}

static void test_rms_norm(void **s)
{
    (void)s;
    each_table(rms_norm_of);
}

static void softmax_of(const eb_kernels *k)
{
    for (int i = 0; i < LENGTHS; i++) {
        int n = lengths[i];
        float *x = random_floats(n, -20, 20);
        x[n / 2] = -INFINITY;
        x[0] = 1000; // one that a sum without the maximum taken off would lose
        if (n > 3)
            x[3] = 999, x[n - 1] = -3e38f;
        double sum = 0, *want = malloc((size_t)n * sizeof *want);
        assert_non_null(want);
        for (int j = 0; j < n; j++)
            sum += want[j] = exp((double)x[j] - 1000);
        k->softmax(x, n);
        for (int j = 0; j < n; j++)
            assert_near(k, "softmax", (double)x[j], want[j] / sum, 1e-6, 1e-37);
        free(x), free(want);
    }
}

static void test_softmax(void **s)
{
    (void)s;
    each_table(softmax_of);
}

// From nothing to the largest float, and beyond; what is far below the origin is 0.
static void exp_scaled_of(const eb_kernels *k)
{
    for (int i = 0; i < LENGTHS; i++) {
        int n = lengths[i];
        float *x = random_floats(n, -90, 60), *y = random_floats(n + 1, 5, 5), most = -INFINITY;
        x[n / 3] = n > 2 ? -INFINITY : x[n / 3];
        k->exp_scaled(y, x, n, 1.5f, 0.75f);
        for (int j = 0; j < n; j++)
            assert_near(k, "exp_scaled", (double)y[j], exp(((double)x[j] - 1.5) * 0.75), 1e-5, 1e-37);
        assert_true(y[n] == 5);
        x[n / 2] = NAN;
        for (int j = 0; j < n; j++)
            most = x[j] > most ? x[j] : most;
        assert_true(k->largest(x, n) == most);
        free(x), free(y);
    }
    const float edges[] = { 0, -103.9f, -104, -1e30f, 88.7f, 1e30f };
    float y[6];
    k->exp_scaled(y, edges, 6, 0, 1);
    assert_true(y[0] == 1 && y[1] <= 2e-45f && y[2] <= 2e-45f && y[3] == 0 && isfinite(y[4]) && isinf(y[5]));
}

static void test_exp_scaled(void **s)
{
    (void)s;
    each_table(exp_scaled_of);
}

static double silu(double x)
{
    return x / (1 + exp(-x));
}

static void silu_of(const eb_kernels *k)
{
    static const float edges[] = { 0, -0.0f, 87, -87, 88.8f, -88.8f, 100, -100, 1e30f, -1e30f, 3e38f, -3e38f, 1e-40f };
    enum { EDGES = sizeof edges / sizeof *edges };
    for (int i = 0; i < LENGTHS; i++) {
        int n = lengths[i];
        float *x = random_floats(n, -90, 90), *up = random_floats(n, -1, 1);
        for (int j = 0; j < EDGES && j < n; j++)
            x[n - 1 - j] = edges[j];
        float *alone = copy_of(x, (size_t)n * sizeof *x), *gate = copy_of(x, (size_t)n * sizeof *x);
        k->silu(alone, n);
        k->silu_mul(gate, up, n);
        for (int j = 0; j < n; j++) { // what is left of a very negative number may underflow
            assert_near(k, "silu", (double)alone[j], silu((double)x[j]), 1e-6, 1e-36);
            assert_near(k, "silu_mul", (double)gate[j], silu((double)x[j]) * (double)up[j], 1e-6, 1e-36);
        }
        free(x), free(up), free(alone), free(gate);
    }
}

static void test_silu(void **s)
{
    (void)s;
    each_table(silu_of);
}

static void rope_of(const eb_kernels *k)
{
    static const int shapes[][2] = {
        { 8, 8 }, { 64, 64 }, { 80, 80 }, { 80, 20 }, { 128, 64 }, { 256, 256 }, { 6, 2 }
    };
    enum { HEADS = 3 };
    for (size_t i = 0; i < 2 * sizeof shapes / sizeof *shapes; i++) {
        int dim = shapes[i / 2][0], rot = shapes[i / 2][1], half_rot = rot / 2;
        bool neox = i % 2;
        float *x = random_floats(HEADS * dim, -1, 1), *got = copy_of(x, (size_t)(HEADS * dim) * sizeof *x);
        float *c = random_floats(half_rot, -1, 1), *sn = random_floats(half_rot, -1, 1);
        k->rope(got, HEADS, dim, rot, c, sn, neox);
        for (int h = 0; h < HEADS; h++)
            for (int j = 0; j < dim; j++) {
                int pair = neox ? j % (half_rot ? half_rot : 1) : j / 2;
                bool second = neox ? j >= half_rot : j % 2;
                int partner = neox ? (second ? j - half_rot : j + half_rot) : (j ^ 1);
                double own = (double)x[h * dim + j], want = own;
                if (j < rot)
                    want = own * (double)c[pair] + (second ? 1 : -1) * (double)x[h * dim + partner] * (double)sn[pair];
                assert_near(k, "rope", (double)got[h * dim + j], want, 0, j < rot ? 3e-7 : 0);
            }
        free(x), free(got), free(c), free(sn);
    }
}

static void test_rope(void **s)
{
    (void)s;
    each_table(rope_of);
}

// ---- the choice ----------------------------------------------------------------------------------

static void test_pick(void **s)
{
    (void)s;
    const eb_kernels *best = NULL;
    assert_ptr_equal(eb_kernels_table[0], &eb_kernels_scalar);
    for (const eb_kernels *const *k = eb_kernels_table; *k; k++) {
        assert_ptr_equal(eb_kernels_pick((*k)->name), (*k)->usable() ? *k : NULL);
        best = (*k)->usable() ? *k : best;
    }
    assert_ptr_equal(eb_kernels_pick(NULL), best);
    assert_ptr_equal(eb_kernels_pick("scalar"), &eb_kernels_scalar);
    assert_null(eb_kernels_pick("sca"));
    assert_null(eb_kernels_pick("avx9000"));
    assert_null(eb_kernels_pick(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),         cmocka_unit_test(test_half_to_float),
        cmocka_unit_test(test_float_to_half), cmocka_unit_test(test_pick),
        cmocka_unit_test(test_dequant),       cmocka_unit_test(test_dequant_not_finite),
        cmocka_unit_test(test_matmul),        cmocka_unit_test(test_dots),
        cmocka_unit_test(test_to_f16),        cmocka_unit_test(test_rms_norm),
        cmocka_unit_test(test_softmax),       cmocka_unit_test(test_silu),
        cmocka_unit_test(test_rope),          cmocka_unit_test(test_exp_scaled),
    };
    return cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
}
