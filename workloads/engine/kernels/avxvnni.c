// SPDX-License-Identifier: Apache-2.0
// Products in 8-bit arithmetic with AVX-VNNI: vpdpbusd as AVX-512 VNNI has it, for machines that lack the latter.
#include "workloads/engine/kernels/avx2_packed.inc"

enum { WIDE_SIGNED = 0 }; // weights of 8 bits are unsigned, with an offset of 128

// start + the sum over quads [j0, j1) of each row.
INLINE vi dot_quads(traits t, const vi *w, const int8_t *x, int j0, int j1, vi start)
{
    (void)t;
    UNROLL
    for (int j = j0; j < j1; j++)
        start = _mm256_dpbusd_avx_epi32(start, w[j], activations(x, j));
    return start;
}

#include "workloads/engine/kernels/simd_dot.inc"

const eb_packed_ops eb_packed_avxvnni = {
    .panel_rows = PANEL_GROUPS * EB_PACK_ROWS,
    .packs = packs,
    .quantize = quantize,
    .matmul = matmul,
    .scratch = scratch_bytes,
};
