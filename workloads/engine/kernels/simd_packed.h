// SPDX-License-Identifier: Apache-2.0
// What simd_packed.inc and the integer layers under it share.
#ifndef EB_KERNELS_SIMD_PACKED_H
#define EB_KERNELS_SIMD_PACKED_H

#include "workloads/engine/kernels/packed.h"

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")

// What the loops must know of a type (packed.h): constants in each of their instances.
typedef struct traits {
    eb_wtype type;
    int head, chunks, low, high, halves;
    bool minima;
    int offset_bits;
} traits;

// Of a weight as the dot step has it.
INLINE int bits_of(traits t)
{
    return t.type == EB_W_IQ4_NL ? 8 : t.low + t.high;
}

#endif
