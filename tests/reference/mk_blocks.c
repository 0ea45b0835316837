// SPDX-License-Identifier: Apache-2.0
#include "mk_blocks.h"
#include "ref_dequant.h"
#include "ref_gguf.h"

#include <math.h>
#include <string.h>

uint64_t mk_bits(mk_rng *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u; // splitmix64
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

unsigned mk_below(mk_rng *r, unsigned n)
{
    return (unsigned)((mk_bits(r) >> 32) * n >> 32);
}

double mk_uniform(mk_rng *r, double lo, double hi)
{
    return lo + (hi - lo) * (double)(mk_bits(r) >> 11) * 0x1p-53;
}

double mk_normal(mk_rng *r)
{
    double u = mk_uniform(r, 0x1p-53, 1);
    return sqrt(-2 * log(u)) * cos(mk_uniform(r, 0, 6.283185307179586));
}

uint16_t mk_half(double v)
{
    uint16_t sign = signbit(v) ? 0x8000 : 0;
    double a = fabs(v);
    if (a >= 65520)
        return sign | 0x7c00;
    int e = a >= 0x1p-14 ? ilogb(a) : -14; // below that the step stays that of 2^-14
    long n = lrint(ldexp(a, 10 - e));
    return (uint16_t)(sign | (n + ((long)(e + 14) << 10))); // a carry out of n lands in the exponent
}

static void put_half(uint8_t *p, double v)
{
    uint16_t h = mk_half(v);
    p[0] = h & 255;
    p[1] = h >> 8;
}

static void random_bytes(mk_rng *r, uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)mk_bits(r);
}

static double jitter(mk_rng *r)
{
    return mk_uniform(r, 0.7, 1.3);
}

static double sign(mk_rng *r)
{
    return mk_bits(r) & 1 ? 1 : -1;
}

static void make_f32(mk_rng *r, uint8_t *p, double std)
{
    float f = (float)(std * mk_normal(r));
    memcpy(p, &f, sizeof f);
}

static void make_f16(mk_rng *r, uint8_t *p, double std)
{
    put_half(p, std * mk_normal(r));
}

static void make_bf16(mk_rng *r, uint8_t *p, double std)
{
    float f = (float)(std * mk_normal(r));
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    bits += 0x7fff + (bits >> 16 & 1);
    p[0] = bits >> 16 & 255;
    p[1] = bits >> 24;
}

// Deviations of the uniform quants below: sqrt((levels^2 - 1) / 12).
static double spread(int levels)
{
    return sqrt((levels * levels - 1.0) / 12);
}

static void make_q8_0(mk_rng *r, uint8_t *p, double std)
{
    put_half(p, std / spread(255) * jitter(r));
    for (int i = 0; i < 32; i++)
        p[2 + i] = (uint8_t)((int)mk_below(r, 255) - 127); // a quantizer never writes -128
}

static void make_q4_0(mk_rng *r, uint8_t *p, double std)
{
    put_half(p, sign(r) * std / spread(16) * jitter(r));
    random_bytes(r, p + 2, 16);
}

// d and a minimum that centers the block, give or take.
static void put_scale_min(mk_rng *r, uint8_t *p, double std, int levels)
{
    double d = std / spread(levels) * jitter(r);
    put_half(p, d);
    put_half(p + 2, -d * (levels - 1) / 2 * mk_uniform(r, 0.9, 1.1));
}

static void make_q4_1(mk_rng *r, uint8_t *p, double std)
{
    put_scale_min(r, p, std, 16);
    random_bytes(r, p + 4, 16);
}

static void make_q5_0(mk_rng *r, uint8_t *p, double std)
{
    put_half(p, sign(r) * std / spread(32) * jitter(r));
    random_bytes(r, p + 2, 20);
}

static void make_q5_1(mk_rng *r, uint8_t *p, double std)
{
    put_scale_min(r, p, std, 32);
    random_bytes(r, p + 4, 20);
}

static void make_iq4_nl(mk_rng *r, uint8_t *p, double std)
{
    put_half(p, sign(r) * std / 70 * jitter(r)); // the table's deviation is near 70
    random_bytes(r, p + 2, 16);
}

// A scale in [max/3, max] and a min near it, so that d * scale * q - dmin * min
// has zero mean when dmin = d * mean q; now and then both are at an end.
static void pick_scale_min(mk_rng *r, int max, int *scale, int *min)
{
    *scale = max / 3 + (int)mk_below(r, (unsigned)(max - max / 3 + 1));
    *min = *scale + (int)mk_below(r, 3) - 1;
    if (*min > max)
        *min = max;
    if (mk_below(r, 64) == 0)
        *scale = *min = 0;
}

// Root mean square of the scales that pick_scale_min draws.
static double scale_rms(int max)
{
    double sum = 0;
    for (int s = max / 3; s <= max; s++)
        sum += (double)s * s;
    return sqrt(sum / (max - max / 3 + 1));
}

static void make_q2_k(mk_rng *r, uint8_t *p, double std)
{
    double d = std / spread(4) / scale_rms(15) * jitter(r);
    for (int j = 0; j < 16; j++) {
        int scale, min;
        pick_scale_min(r, 15, &scale, &min);
        p[j] = (uint8_t)(scale | min << 4);
    }
    random_bytes(r, p + 16, 64);
    put_half(p + 80, d);
    put_half(p + 82, d * 1.5);
}

static void make_q3_k(mk_rng *r, uint8_t *p, double std)
{
    random_bytes(r, p, 108);
    put_half(p + 108,
             sign(r) * std / sqrt(spread(8) * spread(8) + 0.25) / sqrt(spread(64) * spread(64) + 0.25) * jitter(r));
}

// d, dmin and the 12 packed bytes of eight 6-bit scales and mins.
static void put_k4_header(mk_rng *r, uint8_t *p, double std, int levels)
{
    double d = std / spread(levels) / scale_rms(63) * jitter(r);
    uint8_t *s = p + 4;
    put_half(p, d);
    put_half(p + 2, d * (levels - 1) / 2);
    memset(s, 0, 12);
    for (int j = 0; j < 8; j++) {
        int scale, min;
        pick_scale_min(r, 63, &scale, &min);
        if (j < 4) {
            s[j] |= (uint8_t)scale;
            s[j + 4] |= (uint8_t)min;
        } else {
            s[j + 4] |= (uint8_t)((scale & 15) | (min & 15) << 4);
            s[j - 4] |= (uint8_t)(scale >> 4 << 6);
            s[j] |= (uint8_t)(min >> 4 << 6);
        }
    }
}

static void make_q4_k(mk_rng *r, uint8_t *p, double std)
{
    put_k4_header(r, p, std, 16);
    random_bytes(r, p + 16, 128);
}

static void make_q5_k(mk_rng *r, uint8_t *p, double std)
{
    put_k4_header(r, p, std, 32);
    random_bytes(r, p + 16, 160);
}

static void make_q6_k(mk_rng *r, uint8_t *p, double std)
{
    random_bytes(r, p, 208);
    put_half(p + 208, sign(r) * std / spread(64) / spread(256) * jitter(r));
}

static const struct {
    uint32_t type;
    void (*block)(mk_rng *, uint8_t *, double);
} makers[] = {
    { REF_F32, make_f32 },   { REF_F16, make_f16 },       { REF_BF16, make_bf16 }, { REF_Q8_0, make_q8_0 },
    { REF_Q4_0, make_q4_0 }, { REF_Q4_1, make_q4_1 },     { REF_Q5_0, make_q5_0 }, { REF_Q5_1, make_q5_1 },
    { REF_Q2_K, make_q2_k }, { REF_Q3_K, make_q3_k },     { REF_Q4_K, make_q4_k }, { REF_Q5_K, make_q5_k },
    { REF_Q6_K, make_q6_k }, { REF_IQ4_NL, make_iq4_nl },
};

void mk_row(mk_rng *r, uint32_t type, uint8_t *dst, size_t n, double std)
{
    const ref_type *t = ref_type_of(type);
    for (size_t m = 0; m < sizeof makers / sizeof *makers; m++) {
        if (makers[m].type != type)
            continue;
        for (size_t i = 0; i < n; i += t->weights, dst += t->bytes)
            makers[m].block(r, dst, std);
        return;
    }
    ref_die("cannot make weights of type %u", type);
}
