// SPDX-License-Identifier: Apache-2.0
// Products in 8-bit arithmetic with the dot product extension: sdot adds 4 products of signed bytes to each of 4 sums
// of 32 bits, here one sum per row, and takes the activations of all rows from one lane.
#include "workloads/engine/kernels/neon_packed.inc"

// start + the sum over quads [j0, j1) of each row; both are multiples of 4.
INLINE vi dot_quads(traits t, const vi *w, const int8_t *x, int j0, int j1, vi start)
{
    int32x4_t sum = vreinterpretq_s32_u8(start);
    (void)t;
    UNROLL
    for (int j = j0; j < j1; j += 4) {
        const int8x16_t four = vld1q_s8(x + 4 * j);
        sum = vdotq_laneq_s32(sum, vreinterpretq_s8_u8(w[j]), four, 0);
        sum = vdotq_laneq_s32(sum, vreinterpretq_s8_u8(w[j + 1]), four, 1);
        sum = vdotq_laneq_s32(sum, vreinterpretq_s8_u8(w[j + 2]), four, 2);
        sum = vdotq_laneq_s32(sum, vreinterpretq_s8_u8(w[j + 3]), four, 3);
    }
    return vreinterpretq_u8_s32(sum);
}

#include "workloads/engine/kernels/simd_dot.inc"

const eb_packed_ops eb_packed_neondot = {
    .panel_rows = PANEL_GROUPS * EB_PACK_ROWS,
    .packs = packs,
    .quantize = quantize,
    .matmul = matmul,
    .scratch = scratch_bytes,
};
