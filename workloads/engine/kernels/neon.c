// SPDX-License-Identifier: Apache-2.0
// The kernels in NEON as every aarch64 has it: the vector layer under the loops that all vector instruction sets share.
// 32 registers hold a tile of 6 rows by 4 columns: 24 sums, 6 weights, and a column at a time.
#include "workloads/engine/kernels/arm.h"
#include "workloads/engine/kernels/blocks.h"

#include <arm_neon.h>
#include <math.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 8")

typedef float32x4_t vf;
enum { VL = 4, PARTS = EB_CHUNK / VL, TILE_ROWS = 6, REGISTERS = 32 };
#define REGISTER "w" // a constraint

// ---- the vector layer ----------------------------------------------------------------------------

INLINE vf vf_zero(void)
{
    return vdupq_n_f32(0);
}

INLINE vf vf_set(float f)
{
    return vdupq_n_f32(f);
}

INLINE vf vf_load(const float *p)
{
    return vld1q_f32(p);
}

INLINE void vf_store(float *p, vf v)
{
    vst1q_f32(p, v);
}

// n: 1 to 3; the other lanes are 0.
INLINE vf vf_load_n(const float *p, int n)
{
    vf v = vld1q_lane_f32(p, vf_zero(), 0);
    if (n > 1)
        v = vld1q_lane_f32(p + 1, v, 1);
    if (n > 2)
        v = vld1q_lane_f32(p + 2, v, 2);
    return v;
}

INLINE void vf_store_n(float *p, vf v, int n)
{
    vst1q_lane_f32(p, v, 0);
    if (n > 1)
        vst1q_lane_f32(p + 1, v, 1);
    if (n > 2)
        vst1q_lane_f32(p + 2, v, 2);
}

INLINE vf vf_add(vf a, vf b)
{
    return vaddq_f32(a, b);
}

INLINE vf vf_sub(vf a, vf b)
{
    return vsubq_f32(a, b);
}

INLINE vf vf_mul(vf a, vf b)
{
    return vmulq_f32(a, b);
}

INLINE vf vf_div(vf a, vf b)
{
    return vdivq_f32(a, b);
}

INLINE vf vf_fma(vf a, vf b, vf c)
{
    return vfmaq_f32(c, a, b);
}

// The second of a NaN and another, as the loops expect it.
INLINE vf vf_max(vf a, vf b)
{
    return vbslq_f32(vcgtq_f32(a, b), a, b);
}

INLINE vf vf_min(vf a, vf b)
{
    return vbslq_f32(vcltq_f32(a, b), a, b);
}

INLINE vf vf_round(vf v)
{
    return vrndnq_f32(v);
}

// 2^k for whole k in [-126, 127]
INLINE vf power_of_2(int32x4_t k)
{
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(k, vdupq_n_s32(127)), 23));
}

// v * 2^k, k whole in [-252, 254]: in two steps, so that the ends overflow and underflow as they should
enum { SCALE_SATURATES = 0 };
INLINE vf vf_scale(vf v, vf k)
{
    int32x4_t all = vcvtq_s32_f32(k), half = vshrq_n_s32(all, 1);
    return vf_mul(vf_mul(v, power_of_2(half)), power_of_2(vsubq_s32(all, half)));
}

INLINE float vf_sum(vf v)
{
    return vaddvq_f32(v);
}

INLINE float vf_max_of(vf v)
{
    return vmaxvq_f32(v);
}

// sum[i] = the sum of v[i]
INLINE void vf_sum4(const vf v[4], float sum[4])
{
    vst1q_f32(sum, vpaddq_f32(vpaddq_f32(v[0], v[1]), vpaddq_f32(v[2], v[3])));
}

INLINE vf vf_half(const void *p)
{
    return vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(p)));
}

INLINE void vf_store_half(void *p, vf v)
{
    vst1_u8(p, vreinterpret_u8_f16(vcvt_f16_f32(v)));
}

INLINE vf vf_bf16(const void *p)
{
    return vreinterpretq_f32_u32(vshll_n_u16(vreinterpret_u16_u8(vld1_u8(p)), 16));
}

// ---- the byte layer ------------------------------------------------------------------------------

typedef struct vb {
    uint8x16_t v[2];
} vb;
typedef uint8x16_t vs;

INLINE float half_at(const uint8_t *p)
{
    __fp16 h;
    memcpy(&h, p, sizeof h);
    return (float)h;
}

INLINE vb vb_load(const uint8_t *p)
{
    return (vb){ { vld1q_u8(p), vld1q_u8(p + 16) } };
}

// The bits [shift, shift + width) of each byte.
INLINE vb vb_field(vb bytes, int shift, int width)
{
    const uint8x16_t mask = vdupq_n_u8((uint8_t)((1 << width) - 1));
    return (vb){ { (bytes.v[0] >> shift) & mask, (bytes.v[1] >> shift) & mask } };
}

INLINE vb vb_up(vb bytes, int shift)
{
    return (vb){ { bytes.v[0] << shift, bytes.v[1] << shift } };
}

INLINE vb vb_or(vb a, vb b)
{
    return (vb){ { vorrq_u8(a.v[0], b.v[0]), vorrq_u8(a.v[1], b.v[1]) } };
}

INLINE vb vb_less(vb bytes, int offset)
{
    const uint8x16_t all = vdupq_n_u8((uint8_t)offset);
    return (vb){ { vsubq_u8(bytes.v[0], all), vsubq_u8(bytes.v[1], all) } };
}

INLINE vb vb_nibbles(const uint8_t *p)
{
    const uint8x16_t q = vld1q_u8(p);
    return (vb){ { vandq_u8(q, vdupq_n_u8(15)), vshrq_n_u8(q, 4) } };
}

INLINE vb vb_fifth(uint32_t bits)
{
    const uint8x16_t all = vreinterpretq_u8_u32(vdupq_n_u32(bits)), sixteen = vdupq_n_u8(16);
    const uint8x16_t bit = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201));
    const uint8x16_t first = vcombine_u8(vdup_n_u8(0), vdup_n_u8(1)), second = vcombine_u8(vdup_n_u8(2), vdup_n_u8(3));
    return (vb){ { vandq_u8(vtstq_u8(vqtbl1q_u8(all, first), bit), sixteen),
                   vandq_u8(vtstq_u8(vqtbl1q_u8(all, second), bit), sixteen) } };
}

INLINE vb vb_look_up(const int8_t table[16], vb index)
{
    const uint8x16_t values = vreinterpretq_u8_s8(vld1q_s8(table));
    return (vb){ { vqtbl1q_u8(values, index.v[0]), vqtbl1q_u8(values, index.v[1]) } };
}

INLINE vs vs_load(const uint8_t *p)
{
    return vld1q_u8(p);
}

INLINE vs vs_of(uint64_t low, uint64_t high)
{
    return vreinterpretq_u8_u64(vcombine_u64(vcreate_u64(low), vcreate_u64(high)));
}

INLINE vs vs_nibbles(vs bytes, int high)
{
    return (bytes >> (4 * high)) & vdupq_n_u8(15);
}

INLINE vs vs_less(vs bytes, int offset)
{
    return vsubq_u8(bytes, vdupq_n_u8((uint8_t)offset));
}

// 16 signed bytes.
INLINE void vf_bytes16(vf w[4], int8x16_t q)
{
    const int16x8_t low = vmovl_s8(vget_low_s8(q)), high = vmovl_s8(vget_high_s8(q));
    w[0] = vcvtq_f32_s32(vmovl_s16(vget_low_s16(low)));
    w[1] = vcvtq_f32_s32(vmovl_s16(vget_high_s16(low)));
    w[2] = vcvtq_f32_s32(vmovl_s16(vget_low_s16(high)));
    w[3] = vcvtq_f32_s32(vmovl_s16(vget_high_s16(high)));
}

INLINE void vf_bytes(vf w[PARTS], vb q)
{
    vf_bytes16(w, vreinterpretq_s8_u8(q.v[0]));
    vf_bytes16(w + 4, vreinterpretq_s8_u8(q.v[1]));
}

INLINE void vf_bytes_at(vf w[PARTS], const uint8_t *p)
{
    vf_bytes(w, vb_load(p));
}

// dst[i] = d * byte i, for 16 signed or 8 unsigned bytes.
INLINE void scale_i8x16(float *dst, vs bytes, float d)
{
    vf w[4];
    vf_bytes16(w, vreinterpretq_s8_u8(bytes));
    for (int i = 0; i < 4; i++)
        vst1q_f32(dst + 4 * i, vmulq_n_f32(w[i], d));
}

INLINE void scale_u8x8(float *dst, uint64_t bytes, float d)
{
    const uint16x8_t all = vmovl_u8(vcreate_u8(bytes));
    vst1q_f32(dst, vmulq_n_f32(vcvtq_f32_u32(vmovl_u16(vget_low_u16(all))), d));
    vst1q_f32(dst + 4, vmulq_n_f32(vcvtq_f32_u32(vmovl_u16(vget_high_u16(all))), d));
}

#include "workloads/engine/kernels/simd_unpack.inc"
#include "workloads/engine/kernels/simd_unpack_bytes.inc"
#include "workloads/engine/kernels/simd_matmul.inc"
#include "workloads/engine/kernels/simd_ops.inc"
#include "workloads/engine/kernels/simd_attention.inc"
#include "workloads/engine/kernels/simd_scan.inc"

const eb_kernels eb_kernels_neon = {
    .name = "neon",
    .usable = eb_arm_has_neon,
#include "workloads/engine/kernels/simd_table.inc"
};

const eb_kernels eb_kernels_neondot = {
    .name = "neondot",
    .usable = eb_arm_has_neondot,
    .missing = eb_arm_neondot_missing,
    .packed = &eb_packed_neondot,
#include "workloads/engine/kernels/simd_table.inc"
};

const eb_kernels eb_kernels_neoni8mm = {
    .name = "neoni8mm",
    .usable = eb_arm_has_neoni8mm,
    .missing = eb_arm_neoni8mm_missing,
    .packed = &eb_packed_neoni8mm,
#include "workloads/engine/kernels/simd_table.inc"
};
