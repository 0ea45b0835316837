// SPDX-License-Identifier: Apache-2.0
// From f32 to the plain and the 32-wide types. A block of 32 takes its scale from the value of the
// largest magnitude (or from the range, where the type has an offset), as the field does.
#include <assert.h>
#include "workloads/engine/native/quantize.h"

static void put_f32(const float *x, uint8_t *dst)
{
    memcpy(dst, x, 4);
}

static void put_half(const float *x, uint8_t *dst)
{
    eb_put_f16(dst, *x == *x ? *x : 0);
}

static void put_bf16(const float *x, uint8_t *dst)
{
    uint32_t u;
    float v = *x == *x ? *x : 0;
    const float top = 3.3895314e38f; // the largest bf16
    v = v > top ? top : v < -top ? -top : v;
    memcpy(&u, &v, 4);
    u += 0x7fff + ((u >> 16) & 1); // to nearest, ties to even
    uint16_t h = (uint16_t)(u >> 16);
    memcpy(dst, &h, 2);
}

// The value of the largest magnitude of 32, with its sign.
static float extreme(const float *x)
{
    float best = 0;
    for (int i = 0; i < 32; i++)
        if ((x[i] < 0 ? -x[i] : x[i]) > (best < 0 ? -best : best))
            best = eb_tame(x[i]);
    return best;
}

static void range(const float *x, float *lo, float *hi)
{
    *lo = *hi = eb_tame(x[0]);
    for (int i = 1; i < 32; i++) {
        float v = eb_tame(x[i]);
        *lo = v < *lo ? v : *lo;
        *hi = v > *hi ? v : *hi;
    }
}

static void put_q8_0(const float *x, uint8_t *dst)
{
    float top = extreme(x), d = eb_put_f16(dst, (top < 0 ? -top : top) / 127), inv = eb_inverse(d);
    for (int i = 0; i < 32; i++)
        dst[2 + i] = (uint8_t)(int8_t)eb_round_within(eb_tame(x[i]) * inv, -127, 127);
}

// Low nibbles are weights 0-15, high nibbles 16-31; the fifth bits, where there are any, bit i of `high`.
static void pack(const uint8_t q[32], uint8_t *nibbles, uint8_t *high)
{
    uint32_t bits = 0;
    for (int i = 0; i < 16; i++)
        nibbles[i] = (uint8_t)((q[i] & 15) | (q[i + 16] & 15) << 4);
    for (int i = 0; i < 32; i++)
        bits |= (uint32_t)(q[i] >> 4) << i;
    if (high)
        memcpy(high, &bits, 4);
}

// value = (q - half) * d, the extreme value at q = 0.
static void signed_levels(const float *x, uint8_t *scale, int half, uint8_t q[32])
{
    float d = eb_put_f16(scale, extreme(x) / (float)-half), inv = eb_inverse(d);
    for (int i = 0; i < 32; i++)
        q[i] = (uint8_t)eb_round_within(eb_tame(x[i]) * inv + (float)half, 0, (float)(2 * half - 1));
}

// value = q * d + m.
static void offset_levels(const float *x, uint8_t *scale, int top, uint8_t q[32])
{
    float lo, hi;
    range(x, &lo, &hi);
    float d = eb_put_f16(scale, (hi - lo) / (float)top), m = eb_put_f16(scale + 2, lo), inv = eb_inverse(d);
    for (int i = 0; i < 32; i++)
        q[i] = (uint8_t)eb_round_within((eb_tame(x[i]) - m) * inv, 0, (float)top);
}

static void put_q4_0(const float *x, uint8_t *dst)
{
    uint8_t q[32];
    signed_levels(x, dst, 8, q);
    pack(q, dst + 2, NULL);
}

static void put_q4_1(const float *x, uint8_t *dst)
{
    uint8_t q[32];
    offset_levels(x, dst, 15, q);
    pack(q, dst + 4, NULL);
}

static void put_q5_0(const float *x, uint8_t *dst)
{
    uint8_t q[32];
    signed_levels(x, dst, 16, q);
    pack(q, dst + 6, dst + 2);
}

static void put_q5_1(const float *x, uint8_t *dst)
{
    uint8_t q[32];
    offset_levels(x, dst, 31, q);
    pack(q, dst + 8, dst + 4);
}

static void (*const put_block[EB_W_LIMIT])(const float *x, uint8_t *dst) = {
    [EB_W_F32] = put_f32,           [EB_W_F16] = put_half,          [EB_W_BF16] = put_bf16,
    [EB_W_Q8_0] = put_q8_0,         [EB_W_Q4_0] = put_q4_0,         [EB_W_Q4_1] = put_q4_1,
    [EB_W_Q5_0] = put_q5_0,         [EB_W_Q5_1] = put_q5_1,         [EB_W_Q2_K] = eb_quantize_q2_k,
    [EB_W_Q3_K] = eb_quantize_q3_k, [EB_W_Q4_K] = eb_quantize_q4_k, [EB_W_Q5_K] = eb_quantize_q5_k,
    [EB_W_Q6_K] = eb_quantize_q6_k,
};

void eb_quantize_row(eb_wtype type, const float *src, void *dst, int64_t n)
{
    assert(type < EB_W_LIMIT && put_block[type]);
    const int block = eb_wtypes[type].block, bytes = eb_wtypes[type].block_bytes;
    uint8_t *to = dst;
    for (int64_t i = 0; i < n; i += block, to += bytes)
        put_block[type](src + i, to);
}
