// SPDX-License-Identifier: Apache-2.0
// Products in 8-bit arithmetic with AVX2. vpmaddubsw adds 2 products of unsigned and signed bytes in 16 bits, where it
// saturates; vpmaddwd adds 2 of its results in 32 bits. As |activation| <= 127, sums of 2 quads of 6 bits, 4 of 5, or 8
// of 4 stay below 2^15 before they need the second step. Weights of 8 bits are signed instead: |w| times the activation
// with w's sign is at most 2 x 128 x 127 = 32512. So every sum is exact.
#include "workloads/engine/kernels/avx2_packed.inc"

enum { WIDE_SIGNED = 1 }; // weights of 8 bits are signed, without an offset

// Products of quad j, in pairs.
INLINE vi pairs_of(traits t, const vi *w, const int8_t *x, int j)
{
    const vi four = activations(x, j);
    if (bits_of(t) == 8)
        return _mm256_maddubs_epi16(_mm256_abs_epi8(w[j]), _mm256_sign_epi8(four, w[j]));
    return _mm256_maddubs_epi16(w[j], four);
}

// Quads that can be added in 16 bits.
INLINE int run_of(traits t)
{
    return bits_of(t) <= 4 ? 8 : bits_of(t) == 5 ? 4 : bits_of(t) == 6 ? 2 : 1;
}

// start + the sum over quads [j0, j1) of each row.
INLINE vi dot_quads(traits t, const vi *w, const int8_t *x, int j0, int j1, vi start)
{
    vi run = zero_words();
    UNROLL
    for (int j = j0; j < j1; j++) {
        run = _mm256_add_epi16(run, pairs_of(t, w, x, j));
        __asm__("" : "+x"(run)); // one chain: sums side by side would take the registers of other columns
        if ((j + 1 - j0) % run_of(t) == 0 || j + 1 == j1) {
            start = _mm256_add_epi32(start, _mm256_madd_epi16(run, _mm256_set1_epi16(1)));
            run = zero_words();
        }
    }
    return start;
}

#include "workloads/engine/kernels/simd_dot.inc"

const eb_packed_ops eb_packed_avx2 = {
    .panel_rows = PANEL_GROUPS * EB_PACK_ROWS,
    .packs = packs,
    .quantize = quantize,
    .matmul = matmul,
    .scratch = scratch_bytes,
};
