// SPDX-License-Identifier: Apache-2.0
// kernels/neoni8mm.c with its one instruction in plain C, for machines and compilers that lack it.
#include <arm_neon.h>

static inline int32x4_t emulated_smmla(int32x4_t sum, int8x16_t rows, int8x16_t columns)
{
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 8; k++)
            sum[i] += rows[i / 2 * 8 + k] * columns[i % 2 * 8 + k];
    return sum;
}

#define vmmlaq_s32         emulated_smmla
#define eb_packed_neoni8mm eb_packed_neoni8mm_emulated
#include "workloads/engine/kernels/neoni8mm.c"
