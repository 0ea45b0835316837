// SPDX-License-Identifier: Apache-2.0
// Weights to f32, one block at a time: what each type of blocks.h means, in its plainest form.
#include "workloads/engine/kernels/dequant.h"
#include "workloads/engine/kernels/blocks.h"

static float half_at(const uint8_t *p)
{
    return eb_f16_to_f32(eb_load_u16(p));
}

static int byte_of(uint64_t word, int i)
{
    return (int)(word >> (8 * i) & 255);
}

static void block_f32(const uint8_t *b, float *w)
{
    memcpy(w, b, sizeof *w);
}

static void block_f16(const uint8_t *b, float *w)
{
    *w = half_at(b);
}

static void block_bf16(const uint8_t *b, float *w)
{
    *w = eb_bf16_to_f32(eb_load_u16(b));
}

static void block_q4_0(const uint8_t *b, float *w)
{
    float d = half_at(b);
    for (int i = 0; i < 16; i++) {
        w[i] = d * (float)((b[2 + i] & 15) - 8);
        w[i + 16] = d * (float)((b[2 + i] >> 4) - 8);
    }
}

static void block_q4_1(const uint8_t *b, float *w)
{
    float d = half_at(b), m = half_at(b + 2);
    for (int i = 0; i < 16; i++) {
        w[i] = d * (float)(b[4 + i] & 15) + m;
        w[i + 16] = d * (float)(b[4 + i] >> 4) + m;
    }
}

static void block_q5_0(const uint8_t *b, float *w)
{
    float d = half_at(b);
    uint32_t high = eb_load_u32(b + 2);
    for (int i = 0; i < 16; i++) {
        w[i] = d * (float)((b[6 + i] & 15) + (int)(high >> i & 1) * 16 - 16);
        w[i + 16] = d * (float)((b[6 + i] >> 4) + (int)(high >> (i + 16) & 1) * 16 - 16);
    }
}

static void block_q5_1(const uint8_t *b, float *w)
{
    float d = half_at(b), m = half_at(b + 2);
    uint32_t high = eb_load_u32(b + 4);
    for (int i = 0; i < 16; i++) {
        w[i] = d * (float)((b[8 + i] & 15) + (int)(high >> i & 1) * 16) + m;
        w[i + 16] = d * (float)((b[8 + i] >> 4) + (int)(high >> (i + 16) & 1) * 16) + m;
    }
}

static void block_q8_0(const uint8_t *b, float *w)
{
    float d = half_at(b);
    for (int i = 0; i < 32; i++)
        w[i] = d * (float)(int8_t)b[2 + i];
}

static void block_iq4_nl(const uint8_t *b, float *w)
{
    float d = half_at(b);
    for (int i = 0; i < 16; i++) {
        w[i] = d * (float)eb_iq4nl_values[b[2 + i] & 15];
        w[i + 16] = d * (float)eb_iq4nl_values[b[2 + i] >> 4];
    }
}

// 2-bit quants: chunks 0-3 are the four bit pairs of bytes 0-31, chunks 4-7 those of bytes 32-63.
static void block_q2_k(const uint8_t *b, float *w)
{
    float d = half_at(b + 80), dmin = half_at(b + 82);
    for (int i = 0; i < 256; i++) {
        int chunk = i / 32, scales = b[i / 16];
        int q = b[16 + 32 * (chunk / 4) + i % 32] >> (2 * (chunk % 4)) & 3;
        w[i] = d * (float)(scales & 15) * (float)q - dmin * (float)(scales >> 4);
    }
}

static void block_q3_k(const uint8_t *b, float *w)
{
    float d = half_at(b + 108);
    uint64_t scales[2];
    eb_scales_k3(b + 96, scales);
    for (int i = 0; i < 256; i++) {
        int chunk = i / 32, scale = byte_of(scales[i / 128], i / 16 % 8) - 32;
        int q = (b[32 + 32 * (chunk / 4) + i % 32] >> (2 * (chunk % 4)) & 3) + 4 * (b[i % 32] >> chunk & 1) - 4;
        w[i] = d * (float)scale * (float)q;
    }
}

// 4-bit quants: chunks 2c and 2c+1 are the low and high nibbles of 32 bytes.
static void block_q4_k(const uint8_t *b, float *w)
{
    float d = half_at(b), dmin = half_at(b + 2);
    uint64_t scales, mins;
    eb_scales_k4(b + 4, &scales, &mins);
    for (int i = 0; i < 256; i++) {
        int chunk = i / 32, q = b[16 + 32 * (chunk / 2) + i % 32] >> (4 * (chunk % 2)) & 15;
        w[i] = d * (float)byte_of(scales, chunk) * (float)q - dmin * (float)byte_of(mins, chunk);
    }
}

static void block_q5_k(const uint8_t *b, float *w)
{
    float d = half_at(b), dmin = half_at(b + 2);
    uint64_t scales, mins;
    eb_scales_k4(b + 4, &scales, &mins);
    for (int i = 0; i < 256; i++) {
        int chunk = i / 32, q = b[48 + 32 * (chunk / 2) + i % 32] >> (4 * (chunk % 2)) & 15;
        q += 16 * (b[16 + i % 32] >> chunk & 1);
        w[i] = d * (float)byte_of(scales, chunk) * (float)q - dmin * (float)byte_of(mins, chunk);
    }
}

// Chunks 0-3 take the low nibbles of bytes 0-31 and 32-63, then the high ones; their top two bits are
// the four pairs of bytes 0-31 of the high bits. Chunks 4-7 likewise, 64 and 32 bytes on.
static void block_q6_k(const uint8_t *b, float *w)
{
    float d = half_at(b + 208);
    for (int i = 0; i < 256; i++) {
        int half = i / 128, part = i / 32 % 4;
        int low = b[64 * half + 32 * (part % 2) + i % 32] >> (4 * (part / 2)) & 15;
        int high = b[128 + 32 * half + i % 32] >> (2 * part) & 3;
        w[i] = d * (float)(int8_t)b[192 + i / 16] * (float)(low + 16 * high - 32);
    }
}

typedef void block_reader(const uint8_t *block, float *w);

static block_reader *const readers[EB_W_LIMIT] = {
    [EB_W_F32] = block_f32,   [EB_W_F16] = block_f16,       [EB_W_BF16] = block_bf16, [EB_W_Q4_0] = block_q4_0,
    [EB_W_Q4_1] = block_q4_1, [EB_W_Q5_0] = block_q5_0,     [EB_W_Q5_1] = block_q5_1, [EB_W_Q8_0] = block_q8_0,
    [EB_W_Q2_K] = block_q2_k, [EB_W_Q3_K] = block_q3_k,     [EB_W_Q4_K] = block_q4_k, [EB_W_Q5_K] = block_q5_k,
    [EB_W_Q6_K] = block_q6_k, [EB_W_IQ4_NL] = block_iq4_nl,
};

void eb_dequant_row_scalar(eb_wtype type, const void *row, float *dst, int64_t n)
{
    const uint8_t *b = row;
    int block = eb_wtypes[type].block, bytes = eb_wtypes[type].block_bytes;
    block_reader *read = readers[type];
    for (int64_t i = 0; i < n; i += block, b += bytes)
        read(b, dst + i);
}
