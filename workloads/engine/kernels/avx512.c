// SPDX-License-Identifier: Apache-2.0
// The kernels in AVX-512 (F, BW, VL, DQ): the vector layer and the unpackers of 4 and 5 bits, under
// the loops that all vector instruction sets share. 32 registers hold a tile of 6 rows by 4 columns:
// 24 sums, 6 weights, and a column at a time.
#include "workloads/engine/kernels/x86.h"
#include "workloads/engine/kernels/blocks.h"

#include <immintrin.h>
#include <math.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 8")

typedef __m512 vf;
enum { VL = 16, PARTS = EB_CHUNK / VL, TILE_ROWS = 6, REGISTERS = 32 };
#define REGISTER "v" // a constraint

// ---- the vector layer ----------------------------------------------------------------------------

INLINE vf vf_zero(void)
{
    return _mm512_setzero_ps();
}

INLINE vf vf_set(float f)
{
    return _mm512_set1_ps(f);
}

INLINE vf vf_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

INLINE void vf_store(float *p, vf v)
{
    _mm512_storeu_ps(p, v);
}

INLINE vf vf_load_n(const float *p, int n)
{
    return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}

INLINE void vf_store_n(float *p, vf v, int n)
{
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), v);
}

INLINE vf vf_add(vf a, vf b)
{
    return _mm512_add_ps(a, b);
}

INLINE vf vf_sub(vf a, vf b)
{
    return _mm512_sub_ps(a, b);
}

INLINE vf vf_mul(vf a, vf b)
{
    return _mm512_mul_ps(a, b);
}

INLINE vf vf_div(vf a, vf b)
{
    return _mm512_div_ps(a, b);
}

INLINE vf vf_fma(vf a, vf b, vf c)
{
    return _mm512_fmadd_ps(a, b, c);
}

INLINE vf vf_max(vf a, vf b)
{
    return _mm512_max_ps(a, b);
}

INLINE vf vf_min(vf a, vf b)
{
    return _mm512_min_ps(a, b);
}

INLINE vf vf_round(vf v)
{
    return _mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

// v * 2^k, k whole
enum { SCALE_SATURATES = 1 };
INLINE vf vf_scale(vf v, vf k)
{
    return _mm512_scalef_ps(v, k);
}

INLINE float vf_sum(vf v)
{
    return _mm512_reduce_add_ps(v);
}

INLINE float vf_max_of(vf v)
{
    return _mm512_reduce_max_ps(v);
}

// sum[i] = the sum of v[i]: pairs of vectors are folded into one until each quarter is one vector's.
INLINE void vf_sum4(const vf v[4], float sum[4])
{
    vf ab = _mm512_add_ps(_mm512_shuffle_f32x4(v[0], v[1], 0x44), _mm512_shuffle_f32x4(v[0], v[1], 0xee));
    vf cd = _mm512_add_ps(_mm512_shuffle_f32x4(v[2], v[3], 0x44), _mm512_shuffle_f32x4(v[2], v[3], 0xee));
    vf all = _mm512_add_ps(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xdd));
    all = _mm512_add_ps(all, _mm512_permute_ps(all, 0x4e));
    all = _mm512_add_ps(all, _mm512_permute_ps(all, 0xb1));
    const __m512i first = _mm512_setr_epi32(0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    _mm_storeu_ps(sum, _mm512_castps512_ps128(_mm512_permutexvar_ps(first, all)));
}

INLINE vf vf_half(const void *p)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256(p));
}

INLINE void vf_store_half(void *p, vf v)
{
    _mm256_storeu_si256(p, _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

INLINE vf vf_bf16(const void *p)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(p)), 16));
}

INLINE vf vf_i8(__m128i q)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(q));
}

INLINE void vf_bytes(vf w[PARTS], __m256i q)
{
    w[0] = vf_i8(_mm256_castsi256_si128(q));
    w[1] = vf_i8(_mm256_extracti128_si256(q, 1));
}

INLINE void vf_bytes_at(vf w[PARTS], const uint8_t *p)
{
    w[0] = vf_i8(_mm_loadu_si128((const __m128i *)(const void *)p));
    w[1] = vf_i8(_mm_loadu_si128((const __m128i *)(const void *)(p + 16)));
}

#include "workloads/engine/kernels/x86_bytes.inc"
#include "workloads/engine/kernels/simd_unpack.inc"

// ---- 4 and 5 bits: the weights that the 16 nibbles stand for are one register, looked up ------------

// from + {0, 1, ... 15}
INLINE vf ramp(float from)
{
    const vf up = _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    return vf_add(vf_set(from), up);
}

// 16 bytes as indices; a lookup takes the low four bits of each.
INLINE __m512i indices(const uint8_t *p)
{
    return _mm512_cvtepu8_epi32(vs_load(p));
}

INLINE vf look_up(vf table, __m512i index)
{
    return _mm512_permutexvar_ps(index, table);
}

// The same with a fifth bit: from `high` where it is set.
INLINE vf look_up5(vf low, vf high, __m512i index, uint32_t fifth)
{
    return _mm512_mask_permutexvar_ps(look_up(low, index), (__mmask16)fifth, index, high);
}

// Low nibbles of 16 bytes, then their high ones.
INLINE void look_up_block(vf w[PARTS], const uint8_t *p, vf table)
{
    __m512i index = indices(p);
    w[0] = look_up(table, index);
    w[1] = look_up(table, _mm512_srli_epi32(index, 4));
}

INLINE void look_up5_block(vf w[PARTS], const uint8_t *p, uint32_t fifth, vf low, vf high)
{
    __m512i index = indices(p);
    w[0] = look_up5(low, high, index, fifth);
    w[1] = look_up5(low, high, _mm512_srli_epi32(index, 4), fifth >> 16);
}

INLINE void unpack_q4_0(const uint8_t *b, int c, const scales *s, vf w[PARTS])
{
    (void)c;
    look_up_block(w, b + 2, vf_mul(ramp(-8), vf_set(s->d[0])));
}

INLINE void unpack_q4_1(const uint8_t *b, int c, const scales *s, vf w[PARTS])
{
    (void)c;
    look_up_block(w, b + 4, vf_fma(ramp(0), vf_set(s->d[0]), vf_set(s->m[0])));
}

INLINE void unpack_q5_0(const uint8_t *b, int c, const scales *s, vf w[PARTS])
{
    (void)c;
    vf d = vf_set(s->d[0]);
    look_up5_block(w, b + 6, eb_load_u32(b + 2), vf_mul(ramp(-16), d), vf_mul(ramp(0), d));
}

INLINE void unpack_q5_1(const uint8_t *b, int c, const scales *s, vf w[PARTS])
{
    (void)c;
    vf d = vf_set(s->d[0]), m = vf_set(s->m[0]);
    look_up5_block(w, b + 8, eb_load_u32(b + 4), vf_fma(ramp(0), d, m), vf_fma(ramp(16), d, m));
}

INLINE void unpack_iq4_nl(const uint8_t *b, int c, const scales *s, vf w[PARTS])
{
    (void)c;
    vf values = vf_i8(_mm_loadu_si128((const __m128i *)(const void *)eb_iq4nl_values));
    look_up_block(w, b + 2, vf_mul(values, vf_set(s->d[0])));
}

INLINE void unpack_q4_k(const uint8_t *b, int c, const scales *s, vf w[PARTS])
{
    const uint8_t *q = b + 16 + 32 * (c / 2);
    vf table = vf_fma(ramp(0), vf_set(s->d[c]), vf_set(s->m[c]));
    w[0] = look_up(table, _mm512_srli_epi32(indices(q), 4 * (c % 2)));
    w[1] = look_up(table, _mm512_srli_epi32(indices(q + 16), 4 * (c % 2)));
}

INLINE void unpack_q5_k(const uint8_t *b, int c, const scales *s, vf w[PARTS])
{
    const uint8_t *q = b + 48 + 32 * (c / 2);
    uint32_t fifth = _mm256_test_epi8_mask(vb_load(b + 16), _mm256_set1_epi8((char)(1 << c)));
    vf low = vf_fma(ramp(0), vf_set(s->d[c]), vf_set(s->m[c])),
       high = vf_fma(ramp(16), vf_set(s->d[c]), vf_set(s->m[c]));
    w[0] = look_up5(low, high, _mm512_srli_epi32(indices(q), 4 * (c % 2)), fifth);
    w[1] = look_up5(low, high, _mm512_srli_epi32(indices(q + 16), 4 * (c % 2)), fifth >> 16);
}

#include "workloads/engine/kernels/simd_matmul.inc"
#include "workloads/engine/kernels/simd_ops.inc"
#include "workloads/engine/kernels/simd_attention.inc"
#include "workloads/engine/kernels/simd_scan.inc"

const eb_kernels eb_kernels_avx512 = {
    .name = "avx512",
    .usable = eb_x86_has_avx512,
    .packed = &eb_packed_avx2,
#include "workloads/engine/kernels/simd_table.inc"
};

const eb_kernels eb_kernels_avx512vnni = {
    .name = "avx512vnni",
    .usable = eb_x86_has_avx512vnni,
    .packed = &eb_packed_avx512vnni,
    .prompt = &eb_prompt_avx512vnni,
#include "workloads/engine/kernels/simd_table.inc"
};

const eb_kernels eb_kernels_amx = {
    .name = "amx",
    .usable = eb_x86_has_amx,
    .missing = eb_x86_amx_missing,
    .packed = &eb_packed_amx,
    .prompt = &eb_prompt_amx,
#include "workloads/engine/kernels/simd_table.inc"
};
