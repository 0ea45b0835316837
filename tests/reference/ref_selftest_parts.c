// SPDX-License-Identifier: Apache-2.0
#include "mk_blocks.h"
#include "ref_dequant.h"
#include "ref_ops.h"
#include "ref_selftest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void test_half(void)
{
    static const struct {
        uint16_t bits;
        double value;
    } table[] = {
        { 0x0000, 0 },
        { 0x0001, 0x1p-24 },
        { 0x03ff, 0x1.ff8p-15 },
        { 0x0400, 0x1p-14 },
        { 0x3555, 0.333251953125 },
        { 0x3c00, 1 },
        { 0x3c01, 1.0009765625 },
        { 0xbc00, -1 },
        { 0xc000, -2 },
        { 0x4248, 3.140625 },
        { 0x7bff, 65504 },
        { 0x7c00, INFINITY },
        { 0xfc00, -INFINITY },
    };
    bool ok = true;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        ok &= ref_half(table[i].bits) == table[i].value;
    ok &= ref_half(0x8000) == 0 && signbit(ref_half(0x8000)) && isnan(ref_half(0x7e00)) && isnan(ref_half(0xfc01));
    check(ok, "f16 to double: table of known values");

    ok = true;
    for (unsigned h = 0; h < 0x7c00; h++) {
        ok &= ref_half((uint16_t)(h + 1)) > ref_half((uint16_t)h);
        ok &= mk_half(ref_half((uint16_t)h)) == h && mk_half(-ref_half((uint16_t)h)) == (h | 0x8000);
    }
    check(ok, "f16: growing over all bits, and every value goes there and back");
    check(mk_half(1 + 0x1p-11) == 0x3c00 && mk_half(1 + 0x3p-11) == 0x3c02 && mk_half(65519) == 0x7bff &&
              mk_half(65520) == 0x7c00 && mk_half(0x1p-25) == 0 && mk_half(0x1.8p-25) == 1,
          "double to f16: ties to even, overflow, underflow");
    check(ref_bfloat(0x3f80) == 1 && ref_bfloat(0xc049) == -3.140625 && ref_bfloat(0x0001) == 0x1p-133,
          "bf16 to double: known values");
}

// A block of zeros but for the bytes given, and weights worked out by hand.
typedef struct {
    const char *name;
    uint32_t type;
    struct {
        int at, byte;
    } set[12];
    struct {
        int at;
        double value;
    } want[6];
    int n_set, n_want;
} block_case;

static const block_case block_cases[] = {
    { "F32: 1.5 is 0x3fc00000", REF_F32, { { 2, 0xc0 }, { 3, 0x3f } }, { { 0, 1.5 } }, 2, 1 },
    { "F16: 0xc500 is -5", REF_F16, { { 1, 0xc5 } }, { { 0, -5 } }, 1, 1 },
    { "BF16: 0x4120 is 10", REF_BF16, { { 0, 0x20 }, { 1, 0x41 } }, { { 0, 10 } }, 2, 1 },
    // d = 2^-24; q0 = -127, q31 = 127
    { "Q8_0: subnormal scale",
      REF_Q8_0,
      { { 0, 1 }, { 2, 0x81 }, { 33, 0x7f } },
      { { 0, -127 * 0x1p-24 }, { 1, 0 }, { 31, 127 * 0x1p-24 } },
      3,
      3 },
    // d = 0.5; byte 3 of the quants: low nibble 11 is weight 3, high nibble 2 weight 19
    { "Q4_0: nibble order", REF_Q4_0, { { 1, 0x38 }, { 5, 0x2b } }, { { 3, 1.5 }, { 19, -3 }, { 4, -4 } }, 2, 3 },
    // d = 0.5, m = -3; byte 15: 14 is weight 15, 4 weight 31
    { "Q4_1: scale and minimum",
      REF_Q4_1,
      { { 1, 0x38 }, { 3, 0xc2 }, { 19, 0x4e } },
      { { 15, 4 }, { 31, -1 }, { 0, -3 } },
      3,
      3 },
    // d = -1; fifth bit of weight 9; byte 9: 1 is weight 9, 7 weight 25
    { "Q5_0: fifth bit, negative scale",
      REF_Q5_0,
      { { 1, 0xbc }, { 3, 0x02 }, { 15, 0x71 } },
      { { 9, -1 }, { 25, 9 }, { 0, 16 } },
      3,
      3 },
    // d = 0.5, m = 3; fifth bit of weight 18; byte 2: 5 is weight 2, 10 weight 18
    { "Q5_1: fifth bit of the upper half",
      REF_Q5_1,
      { { 1, 0x38 }, { 3, 0x42 }, { 6, 0x04 }, { 10, 0xa5 } },
      { { 2, 5.5 }, { 18, 16 }, { 0, 3 } },
      4,
      3 },
    // d = 2; level 0 is -127, 15 is 113, 8 is 1, 9 is 13
    { "IQ4_NL: table",
      REF_IQ4_NL,
      { { 1, 0x40 }, { 2, 0x98 }, { 5, 0xf0 } },
      { { 3, -254 }, { 19, 226 }, { 0, 2 }, { 16, 26 } },
      3,
      4 },
    // d = 1, dmin = 0.5; weights 80-95: scale 2, min 3; weight 87 = run 2, lane 23: q 3
    { "Q2_K: scale, min and bit pair",
      REF_Q2_K,
      { { 5, 0x32 }, { 16 + 23, 3 << 4 }, { 81, 0x3c }, { 83, 0x38 } },
      { { 87, 4.5 }, { 80, -1.5 }, { 79, 0 }, { 96, 0 } },
      4,
      4 },
    // d = 1; scale 9 is 35 - 32; weight 150 = second half, lane 22: two bits 2, third bit set;
    // a scale of 0 - 32 and quants of 0 - 4 elsewhere
    { "Q3_K: packed scale and third bit",
      REF_Q3_K,
      { { 96 + 1, 0x30 }, { 96 + 9, 0x20 }, { 86, 2 }, { 22, 0x10 }, { 109, 0x3c } },
      { { 150, 6 }, { 151, -12 }, { 0, 128 }, { 22, 128 } },
      5,
      4 },
    // d = 1, dmin = 0.5; run 2: scale 10, min 4, weight 70 q 9; run 5: scale 12 + 16, min 7 + 32, weight 175 q 3
    { "Q4_K: both packings of scale and min",
      REF_Q4_K,
      { { 1, 0x3c },
        { 3, 0x38 },
        { 6, 10 },
        { 10, 4 },
        { 13, 0x7c },
        { 5, 0x40 },
        { 9, 0x80 },
        { 54, 9 },
        { 95, 0x30 } },
      { { 70, 88 }, { 71, -2 }, { 175, 64.5 }, { 160, -19.5 }, { 0, 0 } },
      9,
      5 },
    // as Q4_K; fifth bits of weights 70 (run 2) and 174 (run 5)
    { "Q5_K: fifth bits by run",
      REF_Q5_K,
      { { 1, 0x3c },
        { 3, 0x38 },
        { 6, 10 },
        { 10, 4 },
        { 13, 0x7c },
        { 5, 0x40 },
        { 9, 0x80 },
        { 86, 9 },
        { 127, 0x30 },
        { 22, 4 },
        { 30, 0x20 } },
      { { 70, 248 }, { 71, -2 }, { 175, 64.5 }, { 174, 428.5 }, { 0, 0 } },
      11,
      5 },
    // d = 0.5; weight 200 = half 1, run 2, lane 8: 5 + 2 * 16 - 32, scale -3; weight 136: scale 2, q -32
    { "Q6_K: upper bits and signed scale",
      REF_Q6_K,
      { { 72, 0x50 }, { 168, 0x20 }, { 204, 0xfd }, { 200, 2 }, { 209, 0x38 } },
      { { 200, -7.5 }, { 201, 48 }, { 136, -32 }, { 0, 0 } },
      5,
      4 },
};

static void test_blocks(void)
{
    for (size_t c = 0; c < sizeof block_cases / sizeof *block_cases; c++) {
        const block_case *b = &block_cases[c];
        uint8_t block[256] = { 0 };
        double w[256];
        bool ok = true;
        for (int i = 0; i < b->n_set; i++)
            block[b->set[i].at] = (uint8_t)b->set[i].byte;
        ref_dequant(b->type, block, w, ref_type_of(b->type)->weights);
        for (int i = 0; i < b->n_want; i++)
            ok &= w[b->want[i].at] == b->want[i].value;
        check(ok, b->name);
    }
}

// Random blocks must have the asked deviation and no offset to speak of, else
// models made of them would say little.
static void test_random_rows(void)
{
    enum { N = 1 << 18 };
    double *w = ref_alloc(N, sizeof *w);
    uint8_t *bytes = ref_alloc(N, 4);
    bool ok = true;
    for (size_t i = 0; ref_type_at(i); i++) {
        mk_rng r = { 42 };
        double sum = 0, squares = 0;
        mk_row(&r, ref_type_at(i)->id, bytes, N, 0.05);
        ref_dequant(ref_type_at(i)->id, bytes, w, N);
        for (size_t j = 0; j < N; j++)
            sum += w[j];
        for (size_t j = 0; j < N; j++)
            squares += w[j] * w[j];
        double std = sqrt(squares / N), mean = sum / N;
        bool good = std > 0.04 && std < 0.06 && fabs(mean) < 0.003;
        if (!good)
            fprintf(stderr, "# %s: mean %g, deviation %g\n", ref_type_at(i)->name, mean, std);
        ok &= good;
    }
    check(ok, "random blocks of every type: deviation as asked, mean near 0");
    free(w);
    free(bytes);
}

static void test_operators(void)
{
    static const double x[2] = { 3, 4 }, weight[2] = { 1, 2 }, ones[2] = { 1, 1 };
    double y[4], p[2] = { 0, log(3) };
    ref_rmsnorm(x, weight, 0, 2, 1, y);
    check(near(y[0], 3 / sqrt(12.5), 1e-15) && near(y[1], 8 / sqrt(12.5), 1e-15), "rmsnorm of (3, 4)");
    ref_rmsnorm(ones, weight, 3, 2, 1, y);
    check(near(y[0], 0.5, 1e-15) && near(y[1], 1, 1e-15), "rmsnorm: eps is added to the mean square");
    ref_softmax(p, 2);
    check(near(p[0], 0.25, 1e-15) && near(p[1], 0.75, 1e-15), "softmax of (0, log 3)");
    check(near(ref_sigmoid(log(3)), 0.75, 1e-15) && near(ref_silu(-log(3)), -log(3) / 4, 1e-15) && ref_silu(0) == 0,
          "sigmoid and silu of log 3");
    check(near(ref_softplus(0), log(2), 1e-15) && ref_softplus(25) == 25 &&
              near(ref_softplus(20), 20 + 2.0611536e-9, 1e-14),
          "softplus at 0, 20 and beyond");

    float w[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } }; // two experts of a [3, 1, 2] tensor
    double in[6] = { 1, 1, 1, 0, 0, 2 };
    ref_tensor t = {
        .name = "w", .type = REF_F32, .n_dims = 3, .ne = { 3, 1, 2, 1 }, .data = (uint8_t *)w, .row_bytes = 12
    };
    ref_linear(&t, 0, in, 2, y);
    ref_linear(&t, 1, in, 2, y + 2);
    check(y[0] == 6 && y[1] == 6 && y[2] == 15 && y[3] == 12, "linear: two tokens, two experts");
}

void test_parts(void)
{
    test_half();
    test_blocks();
    test_random_rows();
    test_operators();
}
