// SPDX-License-Identifier: Apache-2.0
// The bytes of GGUF's weight blocks, for the files in this folder. A block is a few scales (f16) and
// packed integers; every type is read in chunks of 32 weights, chunk c of a block being its weights
// [32c, 32c+32). K types have 8 chunks in a block of 256, the others one in a block of 32.
//
//   type    offset of: d  min  scales  high bits  low bits   weight
//   q4_0               0                            2        d (q - 8)
//   q4_1               0    2                       4        d q + m
//   q5_0               0                   2        6        d (q - 16)
//   q5_1               0    2              4        8        d q + m
//   q8_0               0                            2        d q
//   iq4_nl             0                            2        d table[q]
//   q2_K              80   82    0                 16        d sc q - dmin mn
//   q3_K             108        96         0       32        d (sc - 32) (q - 4)
//   q4_K               0    2    4                 16        d sc q - dmin mn
//   q5_K               0    2    4        16       48        d sc q - dmin mn
//   q6_K             208       192       128        0        d sc (q - 32)
//
// In blocks of 32 the low nibbles are weights 0-15 and the high nibbles 16-31; bit i of the high
// bits belongs to weight i. Every product of scales and quants has at most 24 bits: exact in f32, so
// that a weight is rounded at most once, in every instruction set alike.
#ifndef EB_KERNELS_BLOCKS_H
#define EB_KERNELS_BLOCKS_H

#include <stdint.h>
#include <string.h>

enum { EB_CHUNK = 32, EB_CHUNKS_K = 8 };

// Weights may lie at any address.
static inline uint16_t eb_load_u16(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint32_t eb_load_u32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint64_t eb_load_u64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

// The 6-bit scales and minima of a Q4_K or Q5_K block, byte i for chunk i. In the file, bytes 0-3 and
// 4-7 hold those of chunks 0-3, and in their top two bits the tops of chunks 4-7, whose low nibbles
// are in bytes 8-11.
static inline void eb_scales_k4(const uint8_t *packed, uint64_t *scales, uint64_t *mins)
{
    uint32_t s = eb_load_u32(packed), m = eb_load_u32(packed + 4), low = eb_load_u32(packed + 8);
    uint32_t s_high = (low & 0x0f0f0f0fu) | ((s >> 2) & 0x30303030u);
    uint32_t m_high = ((low >> 4) & 0x0f0f0f0fu) | ((m >> 2) & 0x30303030u);
    *scales = (s & 0x3f3f3f3fu) | (uint64_t)s_high << 32;
    *mins = (m & 0x3f3f3f3fu) | (uint64_t)m_high << 32;
}

// The 16 6-bit scales of a Q3_K block, one for 16 weights, as bytes of two words; 32 means 0. In the
// file, bytes 0-7 hold the low nibbles of 0-7 (low) and 8-15 (high); bytes 8-11 the top two bits of
// scales i, i+4, i+8, i+12.
static inline void eb_scales_k3(const uint8_t *packed, uint64_t scales[2])
{
    uint64_t low = eb_load_u64(packed), tops = eb_load_u32(packed + 8);
    uint64_t top01 = tops | tops << 30, top23 = tops >> 4 | tops << 26;
    scales[0] = (low & 0x0f0f0f0f0f0f0f0fu) | ((top01 & 0x0303030303030303u) << 4);
    scales[1] = ((low >> 4) & 0x0f0f0f0f0f0f0f0fu) | ((top23 & 0x0303030303030303u) << 4);
}

extern const int8_t eb_iq4nl_values[16]; // wtypes.c

#endif
