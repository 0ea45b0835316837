// SPDX-License-Identifier: Apache-2.0
// Products in 8-bit arithmetic with AVX-512 VNNI: vpdpbusd adds 4 products of unsigned and signed bytes to each of 16
// sums of 32 bits, here one sum per row of a packed group. Of a chunk of a tile, 8 vpdpbusd are the work, a conversion
// and two multiplications the rest: at best 4 fifths of the ceiling.
#include "workloads/engine/kernels/avx512_packed.inc"

// start + the sum over quads [j0, j1) of each row.
INLINE vi dot_quads(traits t, const vi *w, const int8_t *x, int j0, int j1, vi start)
{
    (void)t;
    UNROLL
    for (int j = j0; j < j1; j++)
        start = _mm512_dpbusd_epi32(start, w[j], activations(x, j));
    return start;
}

#include "workloads/engine/kernels/simd_dot.inc"

const eb_packed_ops eb_packed_avx512vnni = {
    .panel_rows = PANEL_GROUPS * EB_PACK_ROWS,
    .packs = packs,
    .quantize = quantize,
    .matmul = matmul,
    .scratch = scratch_bytes,
};
