// SPDX-License-Identifier: Apache-2.0
// The kernels in AVX2 with FMA and F16C: the vector layer under the loops that all vector instruction sets share. 16
// registers hold a tile of 3 rows by 4 columns: 12 sums, 3 weights, and a column at a time.
#include "workloads/engine/kernels/x86.h"
#include "workloads/engine/kernels/blocks.h"

#include <immintrin.h>
#include <math.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 8")

typedef __m256 vf;
enum { VL = 8, PARTS = EB_CHUNK / VL, TILE_ROWS = 3, REGISTERS = 16 };
#define REGISTER "v" // a constraint

// ---- the vector layer ----------------------------------------------------------------------------

INLINE vf vf_zero(void)
{
    return _mm256_setzero_ps();
}

INLINE vf vf_set(float f)
{
    return _mm256_set1_ps(f);
}

INLINE vf vf_load(const float *p)
{
    return _mm256_loadu_ps(p);
}

INLINE void vf_store(float *p, vf v)
{
    _mm256_storeu_ps(p, v);
}

// All ones in the first n of 8 lanes.
INLINE __m256i first_lanes(int n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

INLINE vf vf_load_n(const float *p, int n)
{
    return _mm256_maskload_ps(p, first_lanes(n));
}

INLINE void vf_store_n(float *p, vf v, int n)
{
    _mm256_maskstore_ps(p, first_lanes(n), v);
}

INLINE vf vf_add(vf a, vf b)
{
    return _mm256_add_ps(a, b);
}

INLINE vf vf_sub(vf a, vf b)
{
    return _mm256_sub_ps(a, b);
}

INLINE vf vf_mul(vf a, vf b)
{
    return _mm256_mul_ps(a, b);
}

INLINE vf vf_div(vf a, vf b)
{
    return _mm256_div_ps(a, b);
}

INLINE vf vf_fma(vf a, vf b, vf c)
{
    return _mm256_fmadd_ps(a, b, c);
}

INLINE vf vf_max(vf a, vf b)
{
    return _mm256_max_ps(a, b);
}

INLINE vf vf_min(vf a, vf b)
{
    return _mm256_min_ps(a, b);
}

INLINE vf vf_round(vf v)
{
    return _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

// 2^k for whole k in [-126, 127]
INLINE vf power_of_2(__m256i k)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(k, _mm256_set1_epi32(127)), 23));
}

// v * 2^k, k whole in [-252, 254]: in two steps, so that the ends overflow and underflow as they should
enum { SCALE_SATURATES = 0 };
INLINE vf vf_scale(vf v, vf k)
{
    __m256i all = _mm256_cvtps_epi32(k), half = _mm256_srai_epi32(all, 1);
    return vf_mul(vf_mul(v, power_of_2(half)), power_of_2(_mm256_sub_epi32(all, half)));
}

INLINE float vf_sum(vf v)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

INLINE float vf_max_of(vf v)
{
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

// sum[i] = the sum of v[i]: pairs of vectors are folded into one until each element is one vector's.
INLINE void vf_sum4(const vf v[4], float sum[4])
{
    vf ab = vf_add(_mm256_permute2f128_ps(v[0], v[1], 0x20), _mm256_permute2f128_ps(v[0], v[1], 0x31));
    vf cd = vf_add(_mm256_permute2f128_ps(v[2], v[3], 0x20), _mm256_permute2f128_ps(v[2], v[3], 0x31));
    vf acbd = _mm256_hadd_ps(ab, cd);
    acbd = _mm256_hadd_ps(acbd, acbd);
    _mm_storeu_ps(sum, _mm_unpacklo_ps(_mm256_castps256_ps128(acbd), _mm256_extractf128_ps(acbd, 1)));
}

INLINE vf vf_half(const void *p)
{
    return _mm256_cvtph_ps(_mm_loadu_si128(p));
}

INLINE void vf_store_half(void *p, vf v)
{
    _mm_storeu_si128(p, _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

INLINE vf vf_bf16(const void *p)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128(p)), 16));
}

// The low 8 signed bytes.
INLINE vf vf_i8(__m128i q)
{
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(q));
}

INLINE void vf_bytes(vf w[PARTS], __m256i q)
{
    __m128i low = _mm256_castsi256_si128(q), high = _mm256_extracti128_si256(q, 1);
    w[0] = vf_i8(low);
    w[1] = vf_i8(_mm_srli_si128(low, 8));
    w[2] = vf_i8(high);
    w[3] = vf_i8(_mm_srli_si128(high, 8));
}

INLINE void vf_bytes_at(vf w[PARTS], const uint8_t *p)
{
    for (int i = 0; i < PARTS; i++)
        w[i] = vf_i8(_mm_loadl_epi64((const __m128i *)(const void *)(p + 8 * i)));
}

#include "workloads/engine/kernels/x86_bytes.inc"

INLINE vb vb_nibbles(const uint8_t *p)
{
    __m128i q = vs_load(p);
    return vb_field(_mm256_inserti128_si256(_mm256_castsi128_si256(q), _mm_srli_epi16(q, 4), 1), 0, 4);
}

INLINE vb vb_fifth(uint32_t bits)
{
    const __m256i source = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const __m256i bit = _mm256_set1_epi64x((long long)0x8040201008040201);
    __m256i b = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32((int)bits), source), bit);
    return _mm256_and_si256(_mm256_cmpeq_epi8(b, bit), _mm256_set1_epi8(16));
}

INLINE vb vb_look_up(const int8_t table[16], vb index)
{
    __m256i values = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table));
    return _mm256_shuffle_epi8(values, index);
}

#include "workloads/engine/kernels/simd_unpack.inc"
#include "workloads/engine/kernels/simd_unpack_bytes.inc"
#include "workloads/engine/kernels/simd_matmul.inc"
#include "workloads/engine/kernels/simd_ops.inc"
#include "workloads/engine/kernels/simd_attention.inc"
#include "workloads/engine/kernels/simd_scan.inc"

const eb_kernels eb_kernels_avx2 = {
    .name = "avx2",
    .usable = eb_x86_has_avx2,
    .packed = &eb_packed_avx2,
#include "workloads/engine/kernels/simd_table.inc"
};

const eb_kernels eb_kernels_avxvnni = {
    .name = "avxvnni",
    .usable = eb_x86_has_avxvnni,
    .packed = &eb_packed_avxvnni,
#include "workloads/engine/kernels/simd_table.inc"
};
