// SPDX-License-Identifier: Apache-2.0
// Inside of the quantizers: one function per type, and what they share.
#ifndef EB_NATIVE_QUANTIZE_H
#define EB_NATIVE_QUANTIZE_H

#include <string.h>
#include "workloads/engine/native/make.h"

// Blocks of 256 (quantize_k.c): `x` is one block.
void eb_quantize_q2_k(const float *x, uint8_t *dst);
void eb_quantize_q3_k(const float *x, uint8_t *dst);
void eb_quantize_q4_k(const float *x, uint8_t *dst);
void eb_quantize_q5_k(const float *x, uint8_t *dst);
void eb_quantize_q6_k(const float *x, uint8_t *dst);

// Stores a scale as f16, held to its finite range, and returns it as it will be read.
static inline float eb_put_f16(uint8_t *dst, float d)
{
    d = d < 65504 ? d > -65504 ? d : -65504 : 65504;
    uint16_t h = eb_f32_to_f16(d);
    memcpy(dst, &h, 2);
    return eb_f16_to_f32(h);
}

static inline float eb_inverse(float d)
{
    return d != 0 ? 1 / d : 0;
}

// To the nearest whole number from lo to hi (|lo|, |hi| < 2^22); NaN becomes lo.
static inline float eb_round_within(float x, float lo, float hi)
{
    const float magic = 12582912; // 1.5 * 2^23: adding it leaves no fraction bits
    x = x > lo ? x : lo;
    x = x < hi ? x : hi;
    return (x + magic) - magic;
}

// Finite and small enough that squares and sums of a block stay finite.
static inline float eb_tame(float x)
{
    return x > -1e15f ? x < 1e15f ? x : 1e15f : x == x ? -1e15f : 0;
}

#endif
