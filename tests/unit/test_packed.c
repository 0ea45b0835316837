// SPDX-License-Identifier: Apache-2.0
// Packed weights of every table that this machine can use: products, rounded activations, the layout.
#include "tests/unit/packed_checks.h"

static int tables;

static void each_packed(const char *test, void (*visit)(const eb_packed_ops *ops, eb_wtype type))
{
    tables = 0;
    for (const eb_kernels *const *k = eb_kernels_table; *k; k++)
        for (int t = 0; (*k)->usable() && (*k)->packed && t < EB_W_LIMIT; t++)
            if (eb_wtypes[t].name && (*k)->packed->packs((eb_wtype)t)) {
                tables++;
                visit((*k)->packed, (eb_wtype)t);
            }
    if (!tables) {
        fprintf(stderr, "skip %s: no instruction set of this machine has packed weights\n", test);
        skip();
    }
}

static void test_products(void **state)
{
    (void)state;
    each_packed(__func__, products_of);
}

static void quantize_of(const eb_packed_ops *ops, eb_wtype type)
{
    enum { N = 96 };
    float x[N];
    eb_q8 q[N / 32];
    (void)type;
    for (int i = 0; i < N; i++)
        x[i] = i < 32 ? 0 : (float)uniform(-3, 3);
    x[40] = -4;
    x[95] = 5;
    ops->quantize(x, N, q);
    for (int b = 0; b < N / 32; b++) {
        float most = 0;
        int sum[2] = { 0, 0 };
        for (int i = 0; i < 32; i++)
            most = fmaxf(most, fabsf(x[32 * b + i]));
        assert_true(q[b].d == most / 127);
        for (int i = 0; i < 32; i++) {
            assert_true(fabs((double)x[32 * b + i] - q[b].q[i] * (double)q[b].d) <= 0.5001 * (double)q[b].d);
            sum[i / 16] += q[b].q[i];
        }
        assert_int_equal(q[b].minus_sum, -(sum[0] + sum[1]));
        assert_int_equal(q[b].minus_16[0], -sum[0]);
        assert_int_equal(q[b].minus_16[1], -sum[1]);
        assert_true(q[b].sum == q[b].d * (float)(sum[0] + sum[1]));
        assert_true(q[b].sum_16[0] == q[b].d * (float)sum[0] && q[b].sum_16[1] == q[b].d * (float)sum[1]);
    }
    x[0] = 1e-42f; // too small to be scaled: nothing, not infinite
    ops->quantize(x, 32, q);
    assert_int_equal(q[0].q[0], 0);
    assert_true(isfinite(q[0].sum));
}

static void test_quantize(void **state)
{
    (void)state;
    each_packed(__func__, quantize_of);
}

// Every bit of the file has one place of its own in the packed group, whatever the others are: the layout loses
// nothing.
static void places_of(eb_wtype type)
{
    enum { ROW = 11, BLOCK_MAX = 256 };
    const int64_t n = eb_wtypes[type].block;
    const size_t bytes = eb_row_bytes(type, n);
    uint8_t block[BLOCK_MAX] = { 0 };
    uint8_t *empty = malloc(EB_PACK_ROWS * bytes), *packed = malloc(EB_PACK_ROWS * bytes),
            *taken = calloc(EB_PACK_ROWS, bytes);
    assert_true(empty && packed && taken);
    assert_int_equal(eb_packed_bytes(type, n, ROW + 1), EB_PACK_ROWS * bytes);
    eb_pack(type, block, 0, n, ROW + 1, 0, 1, empty);
    for (size_t bit = 0; bit < 8 * bytes; bit++) {
        block[bit / 8] ^= (uint8_t)(1 << bit % 8);
        eb_pack(type, block, 0, n, ROW + 1, 0, 1, packed); // all rows the same
        block[bit / 8] ^= (uint8_t)(1 << bit % 8);
        int places = 0;
        for (size_t i = 0; i < EB_PACK_ROWS * bytes; i++) {
            const uint8_t here = packed[i] ^ empty[i];
            places += __builtin_popcount(here);
            assert_int_equal(here & taken[i], 0);
            taken[i] |= here;
        }
        assert_int_equal(places, ROW + 1);
    }
    free(empty);
    free(packed);
    free(taken);
}

static void test_pack_keeps_all(void **state)
{
    (void)state;
    static const eb_wtype types[] = { EB_W_Q4_0, EB_W_Q4_1, EB_W_Q5_0, EB_W_Q5_1, EB_W_IQ4_NL, EB_W_Q2_K,
                                      EB_W_Q3_K, EB_W_Q4_K, EB_W_Q5_K, EB_W_Q6_K, EB_W_Q8_0 };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        places_of(types[i]);
}

// Sums of a chunk are exact and lanes are rows: every instruction set gives the same bits.
static void test_tables_agree(void **state)
{
    (void)state;
    for (int t = 0; t < EB_W_LIMIT; t++) {
        const eb_packed_ops *first = NULL;
        for (const eb_kernels *const *k = eb_kernels_table; *k; k++) {
            const eb_packed_ops *ops = (*k)->usable() ? (*k)->packed : NULL;
            if (!ops || !eb_wtypes[t].name || !ops->packs((eb_wtype)t))
                continue;
            first = first ? first : ops;
            same_bits(first, ops, (eb_wtype)t);
        }
    }
}

// Numbers that no compiler and no instruction set rounds: weights of random bits under powers of two as scales,
// activations in steps of 2^-12.
static void known_setting(setting *s, int64_t row)
{
    uint64_t bits = 88172645463325252u;
    float x[512];
    for (int64_t i = 0; i < s->rows * row; i++) {
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        s->w[i] = (uint8_t)(bits >> 56);
    }
    for (int64_t at = 0; at < s->rows * row; at += eb_wtypes[s->type].block_bytes)
        for (int i = 0; i < 2; i++)
            put_half(s->w + at, halves_at[s->type][i], i ? 0x1p-9 : 0x1p-7);
    eb_pack(s->type, s->w, (size_t)row, s->n, s->rows, 0, (s->rows + EB_PACK_ROWS - 1) / EB_PACK_ROWS, s->packed);
    for (int c = 0; c < s->columns; c++) {
        for (int64_t i = 0; i < s->n; i++) {
            bits = bits * 6364136223846793005u + 1442695040888963407u;
            x[i] = (float)((int)(bits >> 50) - 8192) * 0x1p-12f;
        }
        s->ops->quantize(x, s->n, s->x + c * (s->n / 32));
    }
}

// x86-64 and aarch64 alike: what one of them computed is what all do.
static void bits_of(const eb_packed_ops *ops, eb_wtype type)
{
    enum { ROWS = 37, COLUMNS = 11 };
    static const uint32_t known[EB_W_LIMIT] = {
        [EB_W_Q4_0] = 0x97a32563, [EB_W_Q4_1] = 0x116937ab, [EB_W_Q5_0] = 0x258f264a,   [EB_W_Q5_1] = 0xf787f535,
        [EB_W_Q8_0] = 0x6ec922d1, [EB_W_Q2_K] = 0xe39c8c77, [EB_W_Q3_K] = 0x43cdd8c9,   [EB_W_Q4_K] = 0x933b9cac,
        [EB_W_Q5_K] = 0xa39037e4, [EB_W_Q6_K] = 0x0cfd4693, [EB_W_IQ4_NL] = 0xab5a4cf9,
    };
    const int64_t n = 2 * eb_wtypes[type].block, row = (int64_t)eb_row_bytes(type, n);
    float y[ROWS * COLUMNS];
    uint32_t hash = 2166136261u;
    setting s = make(ops, type, n, ROWS, COLUMNS);
    known_setting(&s, row);
    ops->matmul(type, s.packed, n, 0, ROWS, s.x, (size_t)(n / 32), COLUMNS, y, ROWS, s.scratch);
    for (size_t i = 0; i < sizeof y; i++)
        hash = (hash ^ ((const uint8_t *)y)[i]) * 16777619u;
    if (hash != known[type])
        fail_msg("%s: the bits come to 0x%08x, not 0x%08x", eb_wtypes[type].name, hash, known[type]);
    unmake(&s);
}

static void test_known_bits(void **state)
{
    (void)state;
    each_packed(__func__, bits_of);
}

// The largest weights and activations, where a step of 16 bits would saturate.
static void extremes_of(const eb_packed_ops *ops, eb_wtype type)
{
    const int64_t n = eb_wtypes[type].block, row = (int64_t)eb_row_bytes(type, n);
    for (int fill = 0; fill < 4; fill++) {
        setting s = make(ops, type, n, 16, 5);
        memset(s.w, fill % 2 ? 0xff : type == EB_W_Q8_0 ? 0x80 : 0x00, (size_t)(16 * row));
        for (int r = 0; r < 16; r++)
            for (int i = 0; i < 2; i++)
                put_half(s.w + r * row, halves_at[type][i], 0.01);
        eb_pack(type, s.w, (size_t)row, n, 16, 0, 1, s.packed);
        float x[256], y[5 * 16];
        for (int i = 0; i < n; i++)
            x[i] = fill / 2 ? -3 : 3;
        for (int c = 0; c < 5; c++)
            ops->quantize(x, n, s.x + c * (n / 32));
        ops->matmul(type, s.packed, n, 0, 16, s.x, (size_t)(n / 32), 5, y, 16, s.scratch);
        for (int c = 0; c < 5; c++)
            for (int r = 0; r < 16; r++) {
                double size, want = truth(&s, r, c, &size);
                assert_true(fabs((double)y[c * 16 + r] - want) <= 1e-6 * size);
            }
        unmake(&s);
    }
}

static void test_extremes(void **state)
{
    (void)state;
    each_packed(__func__, extremes_of);
}

// Some rows alone, as a first pass packs them, have the bytes that they have in the whole.
static void test_packs_rows_alone(void **state)
{
    enum { N = 768, ROWS = 59, STEP = 32 };
    (void)state;
    for (int t = 0; t < EB_W_LIMIT; t++) {
        const eb_wtype type = (eb_wtype)t;
        if (halves_at[t][0] == 0 && halves_at[t][1] == 0) // no such type
            continue;
        const size_t row = eb_row_bytes(type, N), bytes = eb_packed_bytes(type, N, ROWS);
        uint8_t *w = random_rows(type, N, ROWS), *whole = aligned(bytes), *some = aligned(bytes);
        eb_pack(type, w, row, N, ROWS, 0, (ROWS + EB_PACK_ROWS - 1) / EB_PACK_ROWS, whole);
        for (int r = 0; r < ROWS; r += STEP) {
            const int n = ROWS - r < STEP ? ROWS - r : STEP;
            eb_pack(type, w + (size_t)r * row, row, N, n, 0, (n + EB_PACK_ROWS - 1) / EB_PACK_ROWS, some);
            assert_memory_equal(some, whole + (size_t)r * row, eb_packed_bytes(type, N, n));
        }
        free(w);
        free(whole);
        free(some);
    }
}

int main(void)
{
    eb_rng_init(&rng, 4711);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packs_rows_alone), cmocka_unit_test(test_products), cmocka_unit_test(test_quantize),
        cmocka_unit_test(test_tables_agree),     cmocka_unit_test(test_extremes), cmocka_unit_test(test_pack_keeps_all),
        cmocka_unit_test(test_known_bits),
    };
    return cmocka_run_group_tests_name("packed", tests, NULL, NULL);
}
