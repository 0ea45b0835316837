// SPDX-License-Identifier: Apache-2.0
// The table of weight types, and half precision.
#include "workloads/engine/kernels/kernels.h"
#include "workloads/engine/kernels/blocks.h"

const eb_wtype_info eb_wtypes[EB_W_LIMIT] = {
    [EB_W_F32] = { "f32", 1, 4 },       [EB_W_F16] = { "f16", 1, 2 },         [EB_W_BF16] = { "bf16", 1, 2 },
    [EB_W_Q4_0] = { "q4_0", 32, 18 },   [EB_W_Q4_1] = { "q4_1", 32, 20 },     [EB_W_Q5_0] = { "q5_0", 32, 22 },
    [EB_W_Q5_1] = { "q5_1", 32, 24 },   [EB_W_Q8_0] = { "q8_0", 32, 34 },     [EB_W_Q2_K] = { "q2_k", 256, 84 },
    [EB_W_Q3_K] = { "q3_k", 256, 110 }, [EB_W_Q4_K] = { "q4_k", 256, 144 },   [EB_W_Q5_K] = { "q5_k", 256, 176 },
    [EB_W_Q6_K] = { "q6_k", 256, 210 }, [EB_W_IQ4_NL] = { "iq4_nl", 32, 18 },
};

const int8_t eb_iq4nl_values[16] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };

static inline uint32_t bits_of(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}

static inline float float_of(uint32_t u)
{
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

// NaNs come out quiet with their payload, as the conversion instructions do.
float eb_f16_to_f32(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = (h >> 10) & 31, mantissa = h & 0x3ff;
    if (exponent == 31)
        return float_of(sign | 0x7f800000 | mantissa << 13 | (mantissa ? 0x400000 : 0));
    if (exponent == 0) // zero, or a denormal: mantissa * 2^-24, which f32 holds exactly
        return float_of(sign | bits_of((float)mantissa * 0x1p-24f));
    return float_of(sign | (exponent + 127 - 15) << 23 | mantissa << 13);
}

uint16_t eb_f32_to_f16(float f)
{
    uint32_t u = bits_of(f), magnitude = u & 0x7fffffff;
    uint16_t sign = (uint16_t)(u >> 16 & 0x8000);
    if (magnitude > 0x7f800000)
        return sign | 0x7e00 | (uint16_t)(magnitude >> 13 & 0x3ff);
    if (magnitude >= 0x477ff000) // 65520 and above round to infinity
        return sign | 0x7c00;
    if (magnitude < 0x38800000) // below 2^-14: adding 0.5 leaves the f16 bits, rounded, at the bottom
        return sign | (uint16_t)(bits_of(float_of(magnitude) + 0.5f) - bits_of(0.5f));
    uint32_t odd = magnitude >> 13 & 1;
    return sign | (uint16_t)((magnitude - ((127 - 15) << 23) + 0xfff + odd) >> 13);
}
