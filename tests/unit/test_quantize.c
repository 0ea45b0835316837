// SPDX-License-Identifier: Apache-2.0
// Quantizers: blocks worked out by hand, error bounds by type, and rows that are not nice.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/stats.h"
#include "workloads/engine/native/make.h"

// Relative RMS error on normal weights: what the field's quantizers reach, with a little room.
static const struct {
    eb_wtype type;
    double rms;
} types[] = {
    { EB_W_F32, 0 },      { EB_W_F16, 3e-4 },   { EB_W_BF16, 2e-3 },   { EB_W_Q8_0, 6e-3 }, { EB_W_Q4_0, 0.095 },
    { EB_W_Q4_1, 0.085 }, { EB_W_Q5_0, 0.048 }, { EB_W_Q5_1, 0.042 },  { EB_W_Q2_K, 0.29 }, { EB_W_Q3_K, 0.155 },
    { EB_W_Q4_K, 0.074 }, { EB_W_Q5_K, 0.038 }, { EB_W_Q6_K, 0.0195 },
};
enum { N_TYPES = sizeof types / sizeof *types, ROW = 1024 };

static void round_trip(eb_wtype type, const float *x, float *y, int n)
{
    uint8_t *block = malloc(eb_row_bytes(type, n)); // exactly as large: the sanitizer sees a step too far
    eb_quantize_row(type, x, block, n);
    eb_kernels_scalar.dequant_row(type, block, y, n);
    free(block);
}

static double relative_rms(const float *x, const float *y, int n)
{
    double e = 0, s = 0;
    for (int i = 0; i < n; i++) {
        e += ((double)x[i] - (double)y[i]) * ((double)x[i] - (double)y[i]);
        s += (double)x[i] * (double)x[i];
    }
    return sqrt(e / s);
}

static void test_normal_weights(void **state)
{
    (void)state;
    enum { N = 1 << 16 };
    float *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
    eb_rng rng;
    eb_rng_init(&rng, 5);
    for (int i = 0; i < N; i++)
        x[i] = (float)(0.03 * eb_rng_normal(&rng));
    for (int t = 0; t < N_TYPES; t++) {
        round_trip(types[t].type, x, y, N);
        double rms = relative_rms(x, y, N);
        if (rms > types[t].rms)
            fail_msg("%s: relative RMS error %g, allowed %g", eb_wtypes[types[t].type].name, rms, types[t].rms);
    }
    free(x);
    free(y);
}

// More bits, less error; and an offset helps rows that are all on one side.
static void test_order_of_types(void **state)
{
    (void)state;
    float x[ROW], y[ROW];
    double of[EB_W_LIMIT];
    eb_rng rng;
    eb_rng_init(&rng, 9);
    for (int i = 0; i < ROW; i++)
        x[i] = (float)(5 + eb_rng_uniform(&rng));
    for (int t = 0; t < N_TYPES; t++) {
        round_trip(types[t].type, x, y, ROW);
        of[types[t].type] = relative_rms(x, y, ROW);
    }
    assert_true(of[EB_W_Q4_1] < of[EB_W_Q4_0] / 3);
    assert_true(of[EB_W_Q5_1] < of[EB_W_Q5_0] / 3);
    assert_true(of[EB_W_Q8_0] < of[EB_W_Q5_0]);
    assert_true(of[EB_W_Q6_K] < of[EB_W_Q3_K]);
}

static void test_q8_0_by_hand(void **state)
{
    (void)state;
    float x[32] = { 127, -127, 1, 0.4f, -0.6f, 63.5f };
    uint8_t block[34];
    eb_quantize_row(EB_W_Q8_0, x, block, 32);
    assert_int_equal(block[0] | block[1] << 8, 0x3c00); // 1.0
    const int8_t want[] = { 127, -127, 1, 0, -1, 64, 0 };
    assert_memory_equal(block + 2, want, sizeof want);
}

static void test_q4_0_by_hand(void **state)
{
    (void)state;
    float x[32] = { [0] = -8, [1] = 7, [15] = 3, [16] = 1, [31] = -2 };
    uint8_t block[18];
    eb_quantize_row(EB_W_Q4_0, x, block, 32);
    assert_int_equal(block[0] | block[1] << 8, 0x3c00);
    assert_int_equal(block[2], 0x0 | 0x9 << 4);  // weights 0 and 16
    assert_int_equal(block[3], 0xf | 0x8 << 4);  // weights 1 and 17
    assert_int_equal(block[17], 0xb | 0x6 << 4); // weights 15 and 31
}

static void test_q5_0_by_hand(void **state)
{
    (void)state;
    float x[32] = { [0] = -16, [1] = 15, [16] = 5, [31] = -1 };
    uint8_t block[22];
    eb_quantize_row(EB_W_Q5_0, x, block, 32);
    assert_int_equal(block[0] | block[1] << 8, 0x3c00);
    uint32_t high;
    memcpy(&high, block + 2, 4);
    // Levels: 0, 31, 21 and 15; all others 16.
    assert_int_equal(high, ~(1u | 1u << 31));
    assert_int_equal(block[6], 0x0 | 0x5 << 4);
    assert_int_equal(block[7], 0xf | 0x0 << 4);
    assert_int_equal(block[21], 0x0 | 0xf << 4);
}

static void test_offset_types_by_hand(void **state)
{
    (void)state;
    float x[32], y[32];
    uint8_t block[24];
    for (int i = 0; i < 32; i++)
        x[i] = (float)(i % 16) - 4; // -4 .. 11
    eb_quantize_row(EB_W_Q4_1, x, block, 32);
    assert_int_equal(block[0] | block[1] << 8, 0x3c00);
    assert_int_equal(block[2] | block[3] << 8, 0xc400); // -4.0
    for (int i = 0; i < 16; i++)
        assert_int_equal(block[4 + i], i | i << 4);
    for (int i = 0; i < 32; i++)
        x[i] = (float)i / 2 - 3;
    round_trip(EB_W_Q5_1, x, y, 32);
    assert_memory_equal(x, y, sizeof x);
}

static void test_halves(void **state)
{
    (void)state;
    const float x[] = { 1, -2, 65504, 1e9f, 1 + 1.0f / 2048, 1 + 3.0f / 2048 }; // the last two: ties
    const uint16_t f16[] = { 0x3c00, 0xc000, 0x7bff, 0x7bff, 0x3c00, 0x3c02 };
    const float y[] = { 1, -2, 1 + 1.0f / 256, 1 + 3.0f / 256, FLT_MAX };
    const uint16_t bf16[] = { 0x3f80, 0xc000, 0x3f80, 0x3f82, 0x7f7f };
    uint16_t out[6];
    eb_quantize_row(EB_W_F16, x, out, 6);
    assert_memory_equal(out, f16, sizeof f16);
    eb_quantize_row(EB_W_BF16, y, out, 5);
    assert_memory_equal(out, bf16, sizeof bf16);
}

// Rows that a type can hold exactly come back exactly.
static void test_k_types_exact(void **state)
{
    (void)state;
    const struct {
        eb_wtype type;
        int lo, levels;   // levels lo .. lo + levels - 1
        float step, base; // value = step * level + base
    } rows[] = {
        { EB_W_Q2_K, 0, 4, 15, -15 },  { EB_W_Q3_K, -4, 8, 32, 0 },    { EB_W_Q4_K, 0, 16, 63, -63 },
        { EB_W_Q5_K, 0, 32, 63, -63 }, { EB_W_Q6_K, -32, 64, 128, 0 },
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        float x[256], y[256];
        for (int i = 0; i < 256; i++) {
            int sub = i / 16, level = (i * 7 + sub) % rows[r].levels;
            if (i % 16 == 0)
                level = 0; // each sub-block has both ends of its range
            if (i % 16 == 1)
                level = rows[r].levels - 1;
            x[i] = rows[r].step * (float)(level + rows[r].lo) + rows[r].base;
        }
        round_trip(rows[r].type, x, y, 256);
        for (int i = 0; i < 256; i++)
            if (x[i] != y[i])
                fail_msg("%s: weight %d is %g, came back as %g", eb_wtypes[rows[r].type].name, i, (double)x[i],
                         (double)y[i]);
    }
}

// Each sub-block has a scale of its own: a loud one must not drown its neighbours.
static void test_sub_blocks_are_apart(void **state)
{
    (void)state;
    float x[256], y[256];
    eb_rng rng;
    eb_rng_init(&rng, 11);
    for (int i = 0; i < 256; i++)
        x[i] = (float)(eb_rng_normal(&rng) * (i < 32 ? 8 : 1));
    for (int t = 0; t < N_TYPES; t++) {
        if (eb_wtypes[types[t].type].block != 256)
            continue;
        round_trip(types[t].type, x, y, 256);
        double quiet = relative_rms(x + 32, y + 32, 224);
        if (quiet > 2.5 * types[t].rms)
            fail_msg("%s: %g beside a loud sub-block", eb_wtypes[types[t].type].name, quiet);
    }
}

static void test_zero_and_constant_rows(void **state)
{
    (void)state;
    const float values[] = { 0, 0.7f, -0.7f, 1000, -1000 };
    for (int t = 0; t < N_TYPES; t++)
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
            float x[256], y[256];
            for (int i = 0; i < 256; i++)
                x[i] = values[v];
            round_trip(types[t].type, x, y, 256);
            for (int i = 0; i < 256; i++)
                if (fabsf(y[i] - x[i]) > 0.008f * fabsf(x[i]))
                    fail_msg("%s: a row of %g came back with %g", eb_wtypes[types[t].type].name, (double)x[i],
                             (double)y[i]);
        }
}

static void test_one_weight_among_zeros(void **state)
{
    (void)state;
    for (int t = 0; t < N_TYPES; t++)
        for (int at = 0; at < 256; at += 37)
            for (int sign = -1; sign <= 1; sign += 2) {
                float x[256] = { 0 }, y[256];
                x[at] = (float)sign * 0.25f;
                round_trip(types[t].type, x, y, 256);
                for (int i = 0; i < 256; i++)
                    assert_true(fabsf(y[i] - x[i]) <= 0.005f);
            }
}

static void test_extreme_values_stay_finite(void **state)
{
    (void)state;
    const float rows[][3] = { { 1e30f, -3e38f, 1 },
                              { FLT_MAX, FLT_MAX, FLT_MAX },
                              { 1e-30f, -1e-38f, 1e-45f },
                              { 6e4f, -7e4f, 8e4f },
                              { NAN, 1, -1 },
                              { INFINITY, 1, 2 },
                              { -INFINITY, INFINITY, NAN },
                              { 1e-7f, -2e-7f, 3e-7f } };
    for (int t = 0; t < N_TYPES; t++)
        for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
            float x[256], y[256];
            bool sane = true;
            for (int i = 0; i < 256; i++) {
                x[i] = rows[r][i % 3];
                sane = sane && isfinite(x[i]);
            }
            round_trip(types[t].type, x, y, 256);
            for (int i = 0; i < 256; i++) {
                if (types[t].type != EB_W_F32 && !isfinite(y[i]))
                    fail_msg("%s: row %zu came back with %g", eb_wtypes[types[t].type].name, r, (double)y[i]);
                if (sane && fabsf(x[i]) < 1e-6f)
                    assert_true(fabsf(y[i]) < 1e-5f);
            }
        }
}

// Rows do not look at each other.
static void test_rows_are_blocks(void **state)
{
    (void)state;
    float x[512];
    eb_rng rng;
    eb_rng_init(&rng, 3);
    for (int i = 0; i < 512; i++)
        x[i] = (float)eb_rng_normal(&rng);
    for (int t = 0; t < N_TYPES; t++) {
        size_t bytes = eb_row_bytes(types[t].type, 512);
        uint8_t *whole = malloc(bytes), *parts = malloc(bytes);
        eb_quantize_row(types[t].type, x, whole, 512);
        eb_quantize_row(types[t].type, x, parts, 256);
        eb_quantize_row(types[t].type, x + 256, parts + bytes / 2, 256);
        assert_memory_equal(whole, parts, bytes);
        free(whole);
        free(parts);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normal_weights),
        cmocka_unit_test(test_order_of_types),
        cmocka_unit_test(test_q8_0_by_hand),
        cmocka_unit_test(test_q4_0_by_hand),
        cmocka_unit_test(test_q5_0_by_hand),
        cmocka_unit_test(test_offset_types_by_hand),
        cmocka_unit_test(test_halves),
        cmocka_unit_test(test_k_types_exact),
        cmocka_unit_test(test_sub_blocks_are_apart),
        cmocka_unit_test(test_zero_and_constant_rows),
        cmocka_unit_test(test_one_weight_among_zeros),
        cmocka_unit_test(test_extreme_values_stay_finite),
        cmocka_unit_test(test_rows_are_blocks),
    };
    return cmocka_run_group_tests_name("quantize", tests, NULL, NULL);
}
