// SPDX-License-Identifier: Apache-2.0
// From f32 to the 256-wide types. Each sub-block (16 or 32 weights) is fitted on its own: from some
// starting scales, rounding to levels and the least-squares scale (and offset) for these levels take
// turns, and the fit of the smallest squared error stays. Then the scales of a block are rounded to
// their few bits, and the levels chosen anew for the scales as they will be read.
#include "workloads/engine/native/quantize.h"

enum { BLOCK = 256, MAX_SUBS = 16 };

// Four lanes: every CPU this is built for has them.
typedef float v4 __attribute__((vector_size(16)));
typedef int32_t i4 __attribute__((vector_size(16)));

static inline v4 splat(float x)
{
    return (v4){ x, x, x, x };
}

static inline v4 load4(const float *x)
{
    v4 v;
    memcpy(&v, x, sizeof v);
    return v;
}

static inline v4 pick4(i4 mask, v4 yes, v4 no)
{
    return (v4)((mask & (i4)yes) | (~mask & (i4)no));
}

static inline float sum4(v4 v)
{
    return (v[0] + v[1]) + (v[2] + v[3]);
}

// As eb_round_within, four at a time; inputs are finite.
static inline v4 round4(v4 x, v4 lo, v4 hi)
{
    const v4 magic = splat(12582912);
    x = pick4(x > lo, x, lo);
    x = pick4(x < hi, x, hi);
    return (x + magic) - magic;
}

typedef struct fit {
    float scale, min; // value = scale * q - min, min >= 0 (0 in a symmetric fit)
} fit;

// Levels for (inv, min), then the best scale and min for these levels; returns how much of the
// squared sum of x it explains (larger is better).
static float affine_step(const float *x, int n, float inv, float min, float sum_x, float top, fit *f)
{
    v4 q1 = splat(0), q2 = splat(0), qx = splat(0);
    for (int i = 0; i < n; i += 4) {
        v4 v = load4(x + i), q = round4((v + splat(min)) * splat(inv), splat(0), splat(top));
        q1 += q;
        q2 += q * q;
        qx += q * v;
    }
    float sq = sum4(q1), sqq = sum4(q2), sqx = sum4(qx), det = (float)n * sqq - sq * sq;
    if (sqq <= 0)
        return -1;
    float scale = sqx / sqq, offset = 0; // offset > 0 cannot be stored
    if (det > 0 && sqq * sum_x < sq * sqx) {
        scale = ((float)n * sqx - sq * sum_x) / det;
        offset = (sqq * sum_x - sq * sqx) / det;
    }
    f->scale = scale;
    f->min = -offset;
    return scale * sqx + offset * sum_x;
}

static fit fit_affine(const float *x, int n, float top, const float *starts, int n_starts)
{
    float lo = 0, hi = x[0], sum = 0, best = 0;
    for (int i = 0; i < n; i++) {
        lo = x[i] < lo ? x[i] : lo;
        hi = x[i] > hi ? x[i] : hi;
        sum += x[i];
    }
    fit kept = { 0, -lo }, f = kept;
    if (hi <= lo)
        return kept; // all the same, not positive: the offset alone says it
    kept.scale = (hi - lo) / top;
    for (int k = 0; k < n_starts; k++) {
        float gain = affine_step(x, n, (top + starts[k]) / (hi - lo), -lo, sum, top, &f);
        for (int turn = 0; turn < 2 && gain > 0 && f.scale > 0; turn++) {
            if (gain > best) {
                best = gain;
                kept = f;
            }
            gain = affine_step(x, n, 1 / f.scale, f.min, sum, top, &f);
        }
        if (gain > best && f.scale > 0) {
            best = gain;
            kept = f;
        }
    }
    return kept;
}

static float symmetric_step(const float *x, int n, float inv, float half, float *scale)
{
    v4 q2 = splat(0), qx = splat(0);
    for (int i = 0; i < n; i += 4) {
        v4 v = load4(x + i), q = round4(v * splat(inv), splat(-half), splat(half - 1));
        q2 += q * q;
        qx += q * v;
    }
    float sqq = sum4(q2), sqx = sum4(qx);
    *scale = sqq > 0 ? sqx / sqq : 0;
    return *scale * sqx;
}

// Levels -half .. half-1; the sign of the scale is chosen so that the extreme value can take -half.
static float fit_symmetric(const float *x, int n, float half, const float *starts, int n_starts)
{
    float top = 0, best = 0, kept, s;
    for (int i = 0; i < n; i++)
        if ((x[i] < 0 ? -x[i] : x[i]) > (top < 0 ? -top : top))
            top = x[i];
    if (top == 0)
        return 0;
    kept = -top / half;
    for (int k = 0; k < n_starts; k++) {
        float gain = symmetric_step(x, n, -(half + starts[k]) / top, half, &s);
        for (int turn = 0; turn < 2 && s != 0; turn++) {
            if (gain > best) {
                best = gain;
                kept = s;
            }
            if (turn == 0)
                gain = symmetric_step(x, n, 1 / s, half, &s);
        }
    }
    return kept;
}

static void tame_block(const float *x, float v[BLOCK])
{
    for (int i = 0; i < BLOCK; i++)
        v[i] = eb_tame(x[i]);
}

// Scales and offsets of the sub-blocks, rounded to `levels`, with their f16 units; then all levels of the weights.
static void affine_block(const float *v, int sub, float top, float levels, const float *starts, int n_starts,
                         uint8_t *d_at, uint8_t *dmin_at, uint8_t sc[MAX_SUBS], uint8_t m[MAX_SUBS], uint8_t q[BLOCK])
{
    fit f[MAX_SUBS];
    float max_scale = 0, max_min = 0;
    for (int j = 0; j < BLOCK / sub; j++) {
        f[j] = fit_affine(v + j * sub, sub, top, starts, n_starts);
        max_scale = f[j].scale > max_scale ? f[j].scale : max_scale;
        max_min = f[j].min > max_min ? f[j].min : max_min;
    }
    float d = eb_put_f16(d_at, max_scale / levels), dmin = eb_put_f16(dmin_at, max_min / levels);
    float inv_d = eb_inverse(d), inv_min = eb_inverse(dmin);
    for (int j = 0; j < BLOCK / sub; j++) {
        sc[j] = (uint8_t)eb_round_within(f[j].scale * inv_d, 0, levels);
        m[j] = (uint8_t)eb_round_within(f[j].min * inv_min, 0, levels);
        float inv = eb_inverse(d * (float)sc[j]), min = dmin * (float)m[j];
        for (int i = 0; i < sub; i++)
            q[j * sub + i] = (uint8_t)eb_round_within((v[j * sub + i] + min) * inv, 0, top);
    }
}

// The same for symmetric types: q is stored with half added, the scale of a sub-block is signed.
static void symmetric_block(const float *v, float half, float levels, const float *starts, int n_starts, uint8_t *d_at,
                            int8_t sc[16], uint8_t q[BLOCK])
{
    float s[16], top = 0;
    for (int j = 0; j < 16; j++) {
        s[j] = fit_symmetric(v + 16 * j, 16, half, starts, n_starts);
        if ((s[j] < 0 ? -s[j] : s[j]) > (top < 0 ? -top : top))
            top = s[j];
    }
    float d = eb_put_f16(d_at, -top / levels), inv_d = eb_inverse(d);
    for (int j = 0; j < 16; j++) {
        sc[j] = (int8_t)eb_round_within(s[j] * inv_d, -levels, levels - 1);
        float inv = eb_inverse(d * (float)sc[j]);
        for (int i = 0; i < 16; i++)
            q[16 * j + i] = (uint8_t)(eb_round_within(v[16 * j + i] * inv, -half, half - 1) + half);
    }
}

// Eight 6-bit scales and eight 6-bit offsets in 12 bytes.
static void pack_6bit(const uint8_t *sc, const uint8_t *m, uint8_t *dst)
{
    for (int j = 0; j < 4; j++) {
        dst[j] = (uint8_t)(sc[j] | (sc[j + 4] >> 4) << 6);
        dst[j + 4] = (uint8_t)(m[j] | (m[j + 4] >> 4) << 6);
        dst[j + 8] = (uint8_t)((sc[j + 4] & 15) | (m[j + 4] & 15) << 4);
    }
}

// Four 2-bit levels a byte: byte l of each half of the block holds weights l, l+32, l+64, l+96.
static void pack_2bit(const uint8_t q[BLOCK], uint8_t *dst)
{
    for (int h = 0; h < 2; h++)
        for (int l = 0; l < 32; l++) {
            const uint8_t *p = q + 128 * h + l;
            dst[32 * h + l] = (uint8_t)((p[0] & 3) | (p[32] & 3) << 2 | (p[64] & 3) << 4 | (p[96] & 3) << 6);
        }
}

// Two 4-bit levels a byte: byte l of each quarter holds weights l and l+32.
static void pack_4bit(const uint8_t q[BLOCK], uint8_t *dst)
{
    for (int c = 0; c < 4; c++)
        for (int l = 0; l < 32; l++)
            dst[32 * c + l] = (uint8_t)((q[64 * c + l] & 15) | (q[64 * c + 32 + l] & 15) << 4);
}

static const float starts_fine[] = { -0.4f, 0.2f, 0.7f };
static const float starts_coarse[] = { -0.6f, -0.2f, 0.1f, 0.4f, 0.8f, 1.2f };
#define STARTS(a) (a), (int)(sizeof(a) / sizeof *(a))

void eb_quantize_q2_k(const float *x, uint8_t *dst)
{
    float v[BLOCK];
    uint8_t sc[MAX_SUBS], m[MAX_SUBS], q[BLOCK];
    tame_block(x, v);
    affine_block(v, 16, 3, 15, STARTS(starts_coarse), dst + 80, dst + 82, sc, m, q);
    for (int j = 0; j < 16; j++)
        dst[j] = (uint8_t)(sc[j] | m[j] << 4);
    pack_2bit(q, dst + 16);
}

void eb_quantize_q3_k(const float *x, uint8_t *dst)
{
    float v[BLOCK];
    uint8_t q[BLOCK], *high = dst, *scales = dst + 96;
    int8_t sc[16];
    tame_block(x, v);
    symmetric_block(v, 4, 32, STARTS(starts_coarse), dst + 108, sc, q);
    memset(high, 0, 32);
    for (int i = 0; i < BLOCK; i++)
        high[i % 32] |= (uint8_t)((q[i] >> 2) << (i / 32));
    pack_2bit(q, dst + 32);
    memset(scales, 0, 12);
    for (int j = 0; j < 16; j++) {
        uint8_t s = (uint8_t)(sc[j] + 32);
        scales[j % 8] |= (uint8_t)((s & 15) << (j < 8 ? 0 : 4));
        scales[8 + j % 4] |= (uint8_t)((s >> 4) << (2 * (j / 4)));
    }
}

void eb_quantize_q4_k(const float *x, uint8_t *dst)
{
    float v[BLOCK];
    uint8_t sc[MAX_SUBS], m[MAX_SUBS], q[BLOCK];
    tame_block(x, v);
    affine_block(v, 32, 15, 63, STARTS(starts_fine), dst, dst + 2, sc, m, q);
    pack_6bit(sc, m, dst + 4);
    pack_4bit(q, dst + 16);
}

void eb_quantize_q5_k(const float *x, uint8_t *dst)
{
    float v[BLOCK];
    uint8_t sc[MAX_SUBS], m[MAX_SUBS], q[BLOCK], *high = dst + 16;
    tame_block(x, v);
    affine_block(v, 32, 31, 63, STARTS(starts_fine), dst, dst + 2, sc, m, q);
    pack_6bit(sc, m, dst + 4);
    memset(high, 0, 32);
    for (int i = 0; i < BLOCK; i++)
        high[i % 32] |= (uint8_t)((q[i] >> 4) << (i / 32));
    pack_4bit(q, dst + 48);
}

void eb_quantize_q6_k(const float *x, uint8_t *dst)
{
    float v[BLOCK];
    uint8_t q[BLOCK];
    int8_t sc[16];
    tame_block(x, v);
    symmetric_block(v, 32, 128, STARTS(starts_fine), dst + 208, sc, q);
    for (int h = 0; h < 2; h++)
        for (int l = 0; l < 32; l++) {
            const uint8_t *p = q + 128 * h + l;
            dst[64 * h + l] = (uint8_t)((p[0] & 15) | (p[64] & 15) << 4);
            dst[64 * h + 32 + l] = (uint8_t)((p[32] & 15) | (p[96] & 15) << 4);
            dst[128 + 32 * h + l] = (uint8_t)(p[0] >> 4 | (p[32] >> 4) << 2 | (p[64] >> 4) << 4 | (p[96] >> 4) << 6);
        }
    memcpy(dst + 192, sc, 16);
}
