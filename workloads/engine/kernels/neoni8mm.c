// SPDX-License-Identifier: Apache-2.0
// Products in 8-bit arithmetic with the products of matrices of bytes: smmla multiplies 2 rows with 2 columns, 8 bytes
// of each, and adds the 4 results to one vector. Columns of prompts go this way; a few columns (decode), which wait for
// memory, go the way of neondot.c. Both add in the same order: the bits are the same.
//
// Panel: a chunk of a strip is 8 vectors of 2 rows x 8 weights, less their offset, then its scales and minima, those of
// 2 rows a vector and each twice, as the sums of 2 x 2 lie. Columns are gathered in pairs likewise, once for all strips
// of a panel.
//
// Tile: 4 rows x 8 columns x 32 weights, 8 f32 sums of 2 x 2 and 8 vectors of weights in registers. 32 smmla, and of
// each 2 x 2 a conversion and 2 multiplications: 56 vector instructions (with minima 64; where scales are of 16 weights
// 72, with minima 88) and 30 loads (36, 32, 44), where sdot takes 88 to 104 (96, 136, 120). Bound by the vector units.
// Not measured: no ARM machine here.
#include "workloads/engine/kernels/neon_packed.inc"
#include "workloads/engine/kernels/simd_packed.inc"

enum { PAIRS = TILE / 2, OCTETS = EB_CHUNK / 8, ROW_PAIRS = 2 };

// ---- panels ---------------------------------------------------------------------------------------------------------

INLINE int panel_vectors(traits t)
{
    return QUADS + ROW_PAIRS * t.halves * (t.minima ? 2 : 1);
}

// Each row's twice: rows 0 and 1, then 2 and 3.
INLINE void store_twice(uint8_t *panel, vf v)
{
    vst1q_f32((float *)(void *)panel, vzip1q_f32(v, v));
    vst1q_f32((float *)(void *)(panel + VECTOR), vzip2q_f32(v, v));
}

INLINE void store_chunk(traits t, const chunk *o, uint8_t *panel)
{
    const int offset = offset_of(t);
    UNROLL
    for (int j = 0; j < QUADS; j += 2, panel += 2 * VECTOR) {
        const uint32x4_t a = vreinterpretq_u32_u8(less_bytes(o->q[j], offset)),
                         b = vreinterpretq_u32_u8(less_bytes(o->q[j + 1], offset));
        store(panel, vreinterpretq_u8_u32(vzip1q_u32(a, b)));
        store(panel + VECTOR, vreinterpretq_u8_u32(vzip2q_u32(a, b)));
    }
    UNROLL
    for (int h = 0; h < t.halves; h++, panel += 2 * VECTOR) {
        store_twice(panel, o->s[h]);
        if (t.minima)
            store_twice(panel + 2 * t.halves * VECTOR, o->m[h]);
    }
}

// ---- columns --------------------------------------------------------------------------------------------------------

// A chunk of two columns, as a product of 2 x 2 takes them.
typedef struct pair {
    int8_t q[OCTETS][16]; // 8 of the one, 8 of the other
    float d[LANES];       // of the one and the other, twice
    float sum[2][LANES];  // likewise; of the halves where scales are of 16 weights, else of the chunk
} pair;

typedef struct columns {
    const pair *pairs; // [chunk][PAIRS]
} columns;

static size_t columns_bytes(int64_t n)
{
    return (size_t)(n / EB_CHUNK) * PAIRS * sizeof(pair); // a multiple of 64
}

INLINE void store_both(float *to, float a, float b)
{
    const vf both = { a, b, a, b };
    vst1q_f32(to, both);
}

INLINE void pair_up(traits t, const eb_q8 *a, const eb_q8 *b, pair *to)
{
    UNROLL
    for (int h = 0; h < 2; h++) {
        const int64x2_t qa = vreinterpretq_s64_s8(vld1q_s8(a->q + 16 * h)),
                        qb = vreinterpretq_s64_s8(vld1q_s8(b->q + 16 * h));
        vst1q_s8(to->q[2 * h], vreinterpretq_s8_s64(vzip1q_s64(qa, qb)));
        vst1q_s8(to->q[2 * h + 1], vreinterpretq_s8_s64(vzip2q_s64(qa, qb)));
        if (t.halves == 2)
            store_both(to->sum[h], a->sum_16[h], b->sum_16[h]);
    }
    store_both(to->d, a->d, b->d);
    if (t.halves == 1)
        store_both(to->sum[0], a->sum, b->sum);
}

static columns columns_at(const product *p, int c, void *room)
{
    const int pairs = p->m - c > TILE / 2 ? PAIRS : PAIRS / 2;
    for (int k = 0; k < pairs; k++) {
        const eb_q8 *a = column_at(p, c + 2 * k), *b = column_at(p, c + 2 * k + 1);
        pair *to = (pair *)room + k;
        for (int64_t i = 0; i < p->n / EB_CHUNK; i++)
            pair_up(p->t, a + i, b + i, to + i * PAIRS);
    }
    return (columns){ room };
}

static columns columns_from(const columns *x, int64_t first)
{
    return (columns){ x->pairs + first * PAIRS };
}

// ---- a tile ---------------------------------------------------------------------------------------------------------

// A chunk of a strip as the panel has it: of 8 weights rows 0 and 1, then 2 and 3; scales and minima likewise.
typedef struct strip {
    int8x16_t q[OCTETS][ROW_PAIRS];
    vf s[2][ROW_PAIRS], m[2][ROW_PAIRS];
} strip;

INLINE void open_strip(traits t, const uint8_t *panel, strip *o)
{
    const float *scales = (const float *)(const void *)(panel + QUADS * VECTOR);
    UNROLL
    for (int i = 0; i < QUADS; i++)
        o->q[i / ROW_PAIRS][i % ROW_PAIRS] = vreinterpretq_s8_u8(load(panel + VECTOR * i));
    UNROLL
    for (int i = 0; i < ROW_PAIRS * t.halves; i++) {
        o->s[i / ROW_PAIRS][i % ROW_PAIRS] = vf_load(scales + LANES * i);
        if (t.minima)
            o->m[i / ROW_PAIRS][i % ROW_PAIRS] = vf_load(scales + LANES * (ROW_PAIRS * t.halves + i));
    }
}

// The sums over octets [o0, o1) of row pair r.
INLINE vf dot_pairs(const strip *w, const pair *x, int r, int o0, int o1)
{
    int32x4_t sum = vdupq_n_s32(0);
    UNROLL
    for (int i = o0; i < o1; i++)
        sum = vmmlaq_s32(sum, w->q[i][r], vld1q_s8(x->q[i]));
    return vcvtq_f32_s32(sum);
}

// add_chunk of simd_dot.inc for 2 x 2: the same operations in the same order.
INLINE vf add_pairs(traits t, const strip *w, const pair *x, int r, vf sum)
{
    vf dot = vf_mul(dot_pairs(w, x, r, 0, OCTETS / t.halves), w->s[0][r]);
    if (t.halves == 2)
        dot = vf_fma(dot_pairs(w, x, r, OCTETS / 2, OCTETS), w->s[1][r], dot);
    sum = vf_fma(dot, vf_load(x->d), sum);
    if (t.minima)
        sum = vf_fma(w->m[0][r], vf_load(x->sum[0]), sum);
    if (t.minima && t.halves == 2)
        sum = vf_fma(w->m[1][r], vf_load(x->sum[1]), sum);
    return sum;
}

// sums = (add: +=) one strip of a panel times `cols` columns.
INLINE void tile(traits t, int cols, const uint8_t *panel, int64_t n, const columns *x, bool add, vf *sums)
{
    const pair *pairs = x->pairs;
    vf sum[PAIRS][ROW_PAIRS];
    UNROLL
    for (int k = 0; k < cols / 2; k++) {
        sum[k][0] = add ? vzip1q_f32(sums[2 * k], sums[2 * k + 1]) : vf_zero();
        sum[k][1] = add ? vzip2q_f32(sums[2 * k], sums[2 * k + 1]) : vf_zero();
    }
    for (int64_t i = 0; i < n / EB_CHUNK; i++, panel += VECTOR * panel_vectors(t), pairs += PAIRS) {
        strip w;
        open_strip(t, panel, &w);
        UNROLL
        for (int k = 0; k < cols; k++)
            sum[k / ROW_PAIRS][k % ROW_PAIRS] =
                add_pairs(t, &w, &pairs[k / ROW_PAIRS], k % ROW_PAIRS, sum[k / ROW_PAIRS][k % ROW_PAIRS]);
    }
    UNROLL
    for (int k = 0; k < cols / 2; k++) {
        sums[2 * k] = vuzp1q_f32(sum[k][0], sum[k][1]);
        sums[2 * k + 1] = vuzp2q_f32(sum[k][0], sum[k][1]);
    }
}

#include "workloads/engine/kernels/simd_panels.inc"

#define DEFINE_TILES(name, scales, minimum)                                                                            \
    DEFINE_TILE(name##_wide, TILE, .halves = scales, .minima = minimum)                                                \
    DEFINE_TILE(name##_narrow, TILE / 2, .halves = scales, .minima = minimum)
DEFINE_TILES(wholes, 1, false)
DEFINE_TILES(wholes_minima, 1, true)
DEFINE_TILES(halves, 2, false)
DEFINE_TILES(halves_minima, 2, true)
static tile_fn *const wide[2][2] = { { wholes_wide, wholes_minima_wide }, { halves_wide, halves_minima_wide } };
static tile_fn *const narrow[2][2] = { { wholes_narrow, wholes_minima_narrow },
                                       { halves_narrow, halves_minima_narrow } };

// ---- the types ------------------------------------------------------------------------------------------------------

#define DEFINE_FORMAT(TYPE, name, ...) DEFINE_FILL(fill_##name, scales_##name, TYPE, __VA_ARGS__)
EB_PACKED_FORMATS(DEFINE_FORMAT)

#define FORMAT_ENTRY(TYPE, name, ...) [TYPE] = { TRAITS(TYPE, __VA_ARGS__), fill_##name },
static const struct {
    traits t;
    fill_fn *fill;
} formats[EB_W_LIMIT] = { EB_PACKED_FORMATS(FORMAT_ENTRY) };

static bool packs(eb_wtype type)
{
    return formats[type].fill != NULL;
}

// ---- a product ------------------------------------------------------------------------------------------------------

static void matmul(eb_wtype type, const void *packed, int64_t n, int64_t r0, int64_t r1, const eb_q8 *x, size_t ldx,
                   int m, float *y, size_t ldy, void *scratch)
{
    const traits t = formats[type].t;
    const product p = product_of(t, packed, n, r1, x, ldx, m, y, ldy);
    const panel_fns fns = { formats[type].fill, wide[t.halves - 1][t.minima], narrow[t.halves - 1][t.minima] };
    if (m <= FEW)
        eb_packed_neondot.matmul(type, packed, n, r0, r1, x, ldx, m, y, ldy, scratch);
    else
        many_columns(&p, &fns, r0, scratch);
}

static void quantize(const float *x, int64_t n, eb_q8 *out)
{
    eb_packed_neondot.quantize(x, n, out);
}

const eb_packed_ops eb_packed_neoni8mm = {
    .panel_rows = PANEL_GROUPS * EB_PACK_ROWS,
    .packs = packs,
    .quantize = quantize,
    .matmul = matmul,
    .scratch = scratch_bytes,
};
