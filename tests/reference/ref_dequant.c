// SPDX-License-Identifier: Apache-2.0
// Each block is decoded weight by weight: for weight i, where its bits lie is
// computed from i. Slow and plain on purpose.
#include "ref_dequant.h"
#include "ref_gguf.h"

#include <math.h>
#include <string.h>

double ref_half(uint16_t bits)
{
    int exponent = bits >> 10 & 31;
    int fraction = bits & 1023;
    double v;
    if (exponent == 31)
        v = fraction ? NAN : INFINITY;
    else if (exponent == 0)
        v = ldexp(fraction, -24);
    else
        v = ldexp(1024 + fraction, exponent - 25);
    return bits & 0x8000 ? -v : v;
}

double ref_bfloat(uint16_t bits)
{
    uint32_t wide = (uint32_t)bits << 16;
    float f;
    memcpy(&f, &wide, sizeof f);
    return f;
}

static uint16_t u16_at(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static double half_at(const uint8_t *p)
{
    return ref_half(u16_at(p));
}

static void block_f32(const uint8_t *src, double *dst)
{
    float f;
    memcpy(&f, src, sizeof f);
    *dst = f;
}

static void block_f16(const uint8_t *src, double *dst)
{
    *dst = half_at(src);
}

static void block_bf16(const uint8_t *src, double *dst)
{
    *dst = ref_bfloat(u16_at(src));
}

// f16 d, int8 q[32]
static void block_q8_0(const uint8_t *src, double *dst)
{
    double d = half_at(src);
    for (int i = 0; i < 32; i++)
        dst[i] = d * (int8_t)src[2 + i];
}

// 32 nibbles in 16 bytes: weights 0-15 are the low ones, 16-31 the high ones.
static int nibble32(const uint8_t *q, int i)
{
    return i < 16 ? q[i] & 15 : q[i - 16] >> 4;
}

// f16 d, 16 bytes of nibbles
static void block_q4_0(const uint8_t *src, double *dst)
{
    double d = half_at(src);
    for (int i = 0; i < 32; i++)
        dst[i] = d * (nibble32(src + 2, i) - 8);
}

// f16 d, f16 m, 16 bytes of nibbles
static void block_q4_1(const uint8_t *src, double *dst)
{
    double d = half_at(src), m = half_at(src + 2);
    for (int i = 0; i < 32; i++)
        dst[i] = d * nibble32(src + 4, i) + m;
}

// Fifth bits: a 32-bit little-endian word, bit i for weight i.
static int fifth_bit(const uint8_t *qh, int i)
{
    return qh[i / 8] >> i % 8 & 1;
}

// f16 d, 4 bytes of fifth bits, 16 bytes of nibbles
static void block_q5_0(const uint8_t *src, double *dst)
{
    double d = half_at(src);
    for (int i = 0; i < 32; i++)
        dst[i] = d * (nibble32(src + 6, i) + 16 * fifth_bit(src + 2, i) - 16);
}

// f16 d, f16 m, 4 bytes of fifth bits, 16 bytes of nibbles
static void block_q5_1(const uint8_t *src, double *dst)
{
    double d = half_at(src), m = half_at(src + 2);
    for (int i = 0; i < 32; i++)
        dst[i] = d * (nibble32(src + 8, i) + 16 * fifth_bit(src + 4, i)) + m;
}

// f16 d, 16 bytes of nibbles that index a table
static void block_iq4_nl(const uint8_t *src, double *dst)
{
    static const int levels[16] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };
    double d = half_at(src);
    for (int i = 0; i < 32; i++)
        dst[i] = d * levels[nibble32(src + 2, i)];
}

// Two-bit quants of Q2_K and Q3_K: each half of 128 weights has 32 bytes, and
// its four runs of 32 weights take bits 0-1, 2-3, 4-5, 6-7 of them.
static int two_bits(const uint8_t *q, int i)
{
    return q[i / 128 * 32 + i % 32] >> i % 128 / 32 * 2 & 3;
}

// scales[16] (low nibble scale, high nibble min, per 16 weights), q[64], f16 d, f16 dmin
static void block_q2_k(const uint8_t *src, double *dst)
{
    double d = half_at(src + 80), dmin = half_at(src + 82);
    for (int i = 0; i < 256; i++) {
        uint8_t s = src[i / 16];
        dst[i] = d * (s & 15) * two_bits(src + 16, i) - dmin * (s >> 4);
    }
}

// Sixteen 6-bit scales in 12 bytes: low nibbles of scales 0-7, then 8-15, are
// the low and high nibbles of bytes 0-7; the upper two bits are in bytes 8-11.
static int q3_k_scale(const uint8_t *s, int j)
{
    int low = j < 8 ? s[j] & 15 : s[j - 8] >> 4;
    int high = s[8 + j % 4] >> j / 4 * 2 & 3;
    return (high << 4 | low) - 32;
}

// hmask[32] (third bit, one byte column per run of 32), q[64], scales[12], f16 d
static void block_q3_k(const uint8_t *src, double *dst)
{
    double d = half_at(src + 108);
    for (int i = 0; i < 256; i++) {
        int third = src[i % 32] >> i / 32 & 1;
        int q = two_bits(src + 32, i) + 4 * third - 4;
        dst[i] = d * q3_k_scale(src + 96, i / 16) * q;
    }
}

// Eight 6-bit scales and mins in 12 bytes, as Q4_K and Q5_K pack them.
static void k4_scale_min(const uint8_t *s, int j, int *scale, int *min)
{
    if (j < 4) {
        *scale = s[j] & 63;
        *min = s[j + 4] & 63;
    } else {
        *scale = (s[j + 4] & 15) | s[j - 4] >> 6 << 4;
        *min = s[j + 4] >> 4 | s[j] >> 6 << 4;
    }
}

// Nibbles of Q4_K and Q5_K: each run of 64 weights has 32 bytes, first the low
// nibbles, then the high ones.
static int nibble64(const uint8_t *q, int i)
{
    uint8_t b = q[i / 64 * 32 + i % 32];
    return i % 64 < 32 ? b & 15 : b >> 4;
}

// f16 d, f16 dmin, scales[12], q[128]
static void block_q4_k(const uint8_t *src, double *dst)
{
    double d = half_at(src), dmin = half_at(src + 2);
    for (int i = 0; i < 256; i++) {
        int scale, min;
        k4_scale_min(src + 4, i / 32, &scale, &min);
        dst[i] = d * scale * nibble64(src + 16, i) - dmin * min;
    }
}

// f16 d, f16 dmin, scales[12], qh[32] (bit j for run j of 32), q[128]
static void block_q5_k(const uint8_t *src, double *dst)
{
    double d = half_at(src), dmin = half_at(src + 2);
    for (int i = 0; i < 256; i++) {
        int scale, min;
        k4_scale_min(src + 4, i / 32, &scale, &min);
        int q = nibble64(src + 48, i) + 16 * (src[16 + i % 32] >> i / 32 & 1);
        dst[i] = d * scale * q - dmin * min;
    }
}

// ql[128], qh[64], int8 scales[16], f16 d. In each half of 128 weights, runs 0
// and 1 (of 32) are the low nibbles of ql's two runs of 32 bytes, runs 2 and 3
// the high ones; qh gives run r bits 2r and 2r+1.
static void block_q6_k(const uint8_t *src, double *dst)
{
    double d = half_at(src + 208);
    for (int i = 0; i < 256; i++) {
        int half = i / 128, run = i % 128 / 32, lane = i % 32;
        uint8_t low = src[half * 64 + run % 2 * 32 + lane];
        int q = (run < 2 ? low & 15 : low >> 4) | (src[128 + half * 32 + lane] >> run * 2 & 3) << 4;
        dst[i] = d * (int8_t)src[192 + i / 16] * (q - 32);
    }
}

static const ref_type types[] = {
    { REF_F32, "F32", 1, 4, block_f32 },
    { REF_F16, "F16", 1, 2, block_f16 },
    { REF_BF16, "BF16", 1, 2, block_bf16 },
    { REF_Q8_0, "Q8_0", 32, 34, block_q8_0 },
    { REF_Q4_0, "Q4_0", 32, 18, block_q4_0 },
    { REF_Q4_1, "Q4_1", 32, 20, block_q4_1 },
    { REF_Q5_0, "Q5_0", 32, 22, block_q5_0 },
    { REF_Q5_1, "Q5_1", 32, 24, block_q5_1 },
    { REF_IQ4_NL, "IQ4_NL", 32, 18, block_iq4_nl },
    { REF_Q2_K, "Q2_K", 256, 84, block_q2_k },
    { REF_Q3_K, "Q3_K", 256, 110, block_q3_k },
    { REF_Q4_K, "Q4_K", 256, 144, block_q4_k },
    { REF_Q5_K, "Q5_K", 256, 176, block_q5_k },
    { REF_Q6_K, "Q6_K", 256, 210, block_q6_k },
};
enum { N_TYPES = sizeof types / sizeof *types };

const ref_type *ref_type_at(size_t index)
{
    return index < N_TYPES ? &types[index] : NULL;
}

const ref_type *ref_type_of(uint32_t id)
{
    for (size_t i = 0; i < N_TYPES; i++)
        if (types[i].id == id)
            return &types[i];
    return NULL;
}

const ref_type *ref_type_named(const char *name)
{
    for (size_t i = 0; i < N_TYPES; i++)
        if (strcmp(types[i].name, name) == 0)
            return &types[i];
    return NULL;
}

void ref_dequant(uint32_t type, const uint8_t *src, double *dst, size_t n)
{
    const ref_type *t = ref_type_of(type);
    if (!t || n % t->weights)
        ref_die("type %u: %zu weights are not whole blocks", type, n);
    for (size_t i = 0; i < n; i += t->weights, src += t->bytes)
        t->block(src, dst + i);
}
