// SPDX-License-Identifier: Apache-2.0
// Products in 8-bit arithmetic with AVX-512 VNNI: vpdpbusd adds 4 products of unsigned and signed bytes to each of 16
// sums of 32 bits, here one sum per row of a packed group.
//
// Up to FEW columns (decode): the weights of a chunk (32 of each of 16 rows) are unpacked in registers and multiplied
// with all columns; one column is multiplied with STREAMS groups side by side, which are as many streams from memory.
//
// More columns (prefill): a panel of up to PANEL_GROUPS groups is unpacked once into scratch, 32 KiB for rows of 2048
// weights, so that all lie in L2; then TILE columns at a time go through all groups of it. A tile is 16 rows x TILE
// columns: TILE f32 sums and TILE integer sums in registers, 8 vectors of weights, activations broadcast from memory.
// Of a chunk, 8 vpdpbusd are the work, a conversion and two multiplications the rest: at best 4 fifths of the ceiling.
#include "workloads/engine/kernels/blocks.h"
#include "workloads/engine/kernels/x86.h"

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")

enum { QUADS = 8, FEW = 4, STREAMS = 4, TILE = 8, PANEL_GROUPS = 8, PANEL_BYTES = 320 * 1024, LINE = 64 };

typedef __m512i vi;
typedef __m512 vf;

// 32 weights of 16 rows: weight = s q + m (minima), or s (q - offset); where `halves` is 2, s and m are of 16 weights.
typedef struct chunk {
    vi q[QUADS]; // unsigned; vector j: weights 4j..4j+3 of each row
    vf s[2], m[2];
} chunk;

// What the loops must know of a type beside its unpacker.
typedef struct traits {
    int block_bytes, chunks; // of a row; chunks per block
    int halves;
    bool minima;
    int offset_bits; // the offset is 2 to this
} traits;

INLINE vi load(const uint8_t *p)
{
    return _mm512_loadu_si512(p);
}

// The halves of 16 rows, side by side.
INLINE vf scales_at(const uint8_t *p)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)p));
}

// The lower or upper halves of 16 words.
INLINE vf low_halves(vi words)
{
    return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(words));
}

INLINE vf high_halves(vi words)
{
    return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(_mm512_srli_epi32(words, 16)));
}

INLINE vi nibbles(vi bytes, int high)
{
    return _mm512_and_si512(_mm512_srli_epi16(bytes, 4 * high), _mm512_set1_epi8(15));
}

// `width` bits at `shift` of each byte, moved up by `up`.
INLINE vi field(vi bytes, int shift, int width, int up)
{
    vi mask = _mm512_set1_epi8((char)(((1 << width) - 1) << up));
    vi moved = up >= shift ? _mm512_slli_epi16(bytes, (unsigned)(up - shift))
                           : _mm512_srli_epi16(bytes, (unsigned)(shift - up));
    return _mm512_and_si512(moved, mask);
}

// Byte i of each word, as f32.
INLINE vf unsigned_byte(vi words, int i)
{
    return _mm512_cvtepi32_ps(_mm512_and_si512(_mm512_srli_epi32(words, (unsigned)(8 * i)), _mm512_set1_epi32(255)));
}

INLINE vf signed_byte(vi words, int i)
{
    return _mm512_cvtepi32_ps(_mm512_srai_epi32(_mm512_slli_epi32(words, (unsigned)(24 - 8 * i)), 24));
}

// ---- unpackers: chunk c of the block at b (EB_PACK_ROWS rows; offsets are EB_PACK_ROWS times those of blocks.h)
// ------

enum { R = EB_PACK_ROWS };

INLINE void nibble_block(const uint8_t *q, vi out[QUADS])
{
    UNROLL
    for (int j = 0; j < QUADS; j++)
        out[j] = nibbles(load(q + LINE * (j % 4)), j / 4);
}

// The fifth bits of Q5_0 and Q5_1: bit i of a row's word belongs to weight i.
INLINE void add_fifth(const uint8_t *bits, vi q[QUADS])
{
    const vi words = load(bits), sixteen = _mm512_set1_epi8(16);
    const vi first = _mm512_broadcast_i32x4(_mm_setr_epi32(0, 0x04040404, 0x08080808, 0x0c0c0c0c)); // of each word
    UNROLL
    for (int j = 0; j < QUADS; j++) {
        const vi spread = _mm512_shuffle_epi8(words, _mm512_add_epi8(first, _mm512_set1_epi8((char)(j / 2))));
        const __mmask64 set = _mm512_test_epi8_mask(spread, _mm512_set1_epi32(j % 2 ? (int)0x80402010 : 0x08040201));
        q[j] = _mm512_or_si512(q[j], _mm512_maskz_mov_epi8(set, sixteen));
    }
}

INLINE void unpack_q4_0(const uint8_t *b, int c, chunk *o)
{
    (void)c;
    o->s[0] = scales_at(b);
    nibble_block(b + R * 2, o->q);
}

INLINE void unpack_q4_1(const uint8_t *b, int c, chunk *o)
{
    (void)c;
    const vi d = load(b);
    o->s[0] = low_halves(d);
    o->m[0] = high_halves(d);
    nibble_block(b + R * 4, o->q);
}

INLINE void unpack_q5_0(const uint8_t *b, int c, chunk *o)
{
    (void)c;
    o->s[0] = scales_at(b);
    nibble_block(b + R * 6, o->q);
    add_fifth(b + R * 2, o->q);
}

INLINE void unpack_q5_1(const uint8_t *b, int c, chunk *o)
{
    (void)c;
    const vi d = load(b);
    o->s[0] = low_halves(d);
    o->m[0] = high_halves(d);
    nibble_block(b + R * 8, o->q);
    add_fifth(b + R * 4, o->q);
}

INLINE void unpack_q8_0(const uint8_t *b, int c, chunk *o)
{
    (void)c;
    o->s[0] = scales_at(b);
    UNROLL
    for (int j = 0; j < QUADS; j++)
        o->q[j] = load(b + R * 2 + LINE * j); // made unsigned when it was packed
}

INLINE void unpack_iq4_nl(const uint8_t *b, int c, chunk *o)
{
    (void)c;
    const __m128i signs = _mm_set1_epi8((char)128),
                  curve = _mm_loadu_si128((const __m128i *)(const void *)eb_iq4nl_values);
    const vi table = _mm512_broadcast_i32x4(_mm_xor_si128(curve, signs));
    o->s[0] = scales_at(b);
    nibble_block(b + R * 2, o->q);
    UNROLL
    for (int j = 0; j < QUADS; j++)
        o->q[j] = _mm512_shuffle_epi8(table, o->q[j]);
}

INLINE void unpack_q2_k(const uint8_t *b, int c, chunk *o)
{
    const vi d = load(b + R * 80), both = load(b + LINE * (c / 2)); // 4 groups of 16 a word: scale and minimum
    const vi scales = nibbles(both, 0), minima = nibbles(both, 1);
    UNROLL
    for (int h = 0; h < 2; h++) {
        o->s[h] = _mm512_mul_ps(low_halves(d), unsigned_byte(scales, 2 * (c % 2) + h));
        o->m[h] =
            _mm512_mul_ps(_mm512_sub_ps(_mm512_setzero_ps(), high_halves(d)), unsigned_byte(minima, 2 * (c % 2) + h));
    }
    UNROLL
    for (int j = 0; j < QUADS; j++)
        o->q[j] = field(load(b + R * 16 + LINE * (8 * (c / 4) + j)), 2 * (c % 4), 2, 0);
}

// Scales of 6 bits, 4 to a word: of groups 4i..4i+3 (blocks.h: eb_scales_k3).
INLINE vi scales_q3(const uint8_t *p, int i)
{
    const vi low = nibbles(load(p + LINE * (i % 2)), i / 2), tops = load(p + LINE * 2);
    return _mm512_or_si512(low, field(tops, 2 * i, 2, 4));
}

INLINE void unpack_q3_k(const uint8_t *b, int c, chunk *o)
{
    const vi six = scales_q3(b + R * 96, c / 2);
    const vf d = scales_at(b + R * 108);
    UNROLL
    for (int h = 0; h < 2; h++)
        o->s[h] = _mm512_mul_ps(d, _mm512_sub_ps(unsigned_byte(six, 2 * (c % 2) + h), _mm512_set1_ps(32)));
    UNROLL
    for (int j = 0; j < QUADS; j++)
        o->q[j] = _mm512_or_si512(field(load(b + R * 32 + LINE * (8 * (c / 4) + j)), 2 * (c % 4), 2, 0),
                                  field(load(b + LINE * j), c, 1, 2));
}

// Scales and minima of Q4_K and Q5_K (blocks.h: eb_scales_k4); p: the words of a block's d and dmin, then 3 of scales.
INLINE void scales_k4(const uint8_t *p, int c, chunk *o)
{
    const vi d = load(p), s0 = load(p + LINE), m0 = load(p + LINE * 2), low = load(p + LINE * 3);
    vi s, m;
    if (c < 4) {
        s = field(s0, 0, 6, 0);
        m = field(m0, 0, 6, 0);
    } else {
        s = _mm512_or_si512(nibbles(low, 0), field(s0, 6, 2, 4));
        m = _mm512_or_si512(nibbles(low, 1), field(m0, 6, 2, 4));
    }
    o->s[0] = _mm512_mul_ps(low_halves(d), unsigned_byte(s, c % 4));
    o->m[0] = _mm512_mul_ps(_mm512_sub_ps(_mm512_setzero_ps(), high_halves(d)), unsigned_byte(m, c % 4));
}

INLINE void unpack_q4_k(const uint8_t *b, int c, chunk *o)
{
    scales_k4(b, c, o);
    UNROLL
    for (int j = 0; j < QUADS; j++)
        o->q[j] = nibbles(load(b + R * 16 + LINE * (8 * (c / 2) + j)), c % 2);
}

INLINE void unpack_q5_k(const uint8_t *b, int c, chunk *o)
{
    scales_k4(b, c, o);
    UNROLL
    for (int j = 0; j < QUADS; j++)
        o->q[j] = _mm512_or_si512(nibbles(load(b + R * 48 + LINE * (8 * (c / 2) + j)), c % 2),
                                  field(load(b + R * 16 + LINE * j), c, 1, 4));
}

INLINE void unpack_q6_k(const uint8_t *b, int c, chunk *o)
{
    const int half = c / 4, part = c % 4;
    const vi scales = load(b + R * 192 + LINE * (c / 2));
    const vf d = scales_at(b + R * 208);
    UNROLL
    for (int h = 0; h < 2; h++)
        o->s[h] = _mm512_mul_ps(d, signed_byte(scales, 2 * (c % 2) + h));
    UNROLL
    for (int j = 0; j < QUADS; j++)
        o->q[j] = _mm512_or_si512(nibbles(load(b + LINE * (16 * half + 8 * (part % 2) + j)), part / 2),
                                  field(load(b + R * 128 + LINE * (8 * half + j)), 2 * part, 2, 4));
}

// ---- one chunk times one column
// ----------------------------------------------------------------------------------------

INLINE vi words_of(const eb_q8 *x, int j)
{
    int32_t four;
    __builtin_memcpy(&four, x->q + 4 * j, sizeof four);
    return _mm512_set1_epi32(four);
}

// The sum over quads [j0, j1), less the offset.
INLINE vf dot_quads(traits t, const chunk *w, const eb_q8 *x, int j0, int j1, int32_t minus_sum)
{
    vi acc =
        t.minima ? _mm512_setzero_si512() : _mm512_slli_epi32(_mm512_set1_epi32(minus_sum), (unsigned)t.offset_bits);
    UNROLL
    for (int j = j0; j < j1; j++)
        acc = _mm512_dpbusd_epi32(acc, w->q[j], words_of(x, j));
    return _mm512_mul_ps(_mm512_cvtepi32_ps(acc), _mm512_set1_ps(x->d));
}

// The one order of additions of every path below.
INLINE vf add_chunk(traits t, const chunk *w, const eb_q8 *x, vf sum)
{
    if (t.halves == 1) {
        sum = _mm512_fmadd_ps(dot_quads(t, w, x, 0, QUADS, x->minus_sum), w->s[0], sum);
        return t.minima ? _mm512_fmadd_ps(w->m[0], _mm512_set1_ps(x->sum), sum) : sum;
    }
    UNROLL
    for (int h = 0; h < 2; h++) {
        sum = _mm512_fmadd_ps(dot_quads(t, w, x, QUADS / 2 * h, QUADS / 2 * (h + 1), x->minus_16[h]), w->s[h], sum);
        if (t.minima)
            sum = _mm512_fmadd_ps(w->m[h], _mm512_set1_ps(x->sum_16[h]), sum);
    }
    return sum;
}

typedef void unpacker(const uint8_t *b, int c, chunk *o);

// ---- a few columns
// -----------------------------------------------------------------------------------------------------

// sums[g][c] of `groups` groups, each `group_bytes` behind the last, and `cols` columns.
INLINE void dot_groups(traits t, unpacker *unpack, int groups, int cols, const uint8_t *w, size_t group_bytes,
                       int64_t n, const eb_q8 *x, size_t ldx, vf *sums)
{
    vf sum[STREAMS * FEW];
    UNROLL
    for (int i = 0; i < groups * cols; i++)
        sum[i] = _mm512_setzero_ps();
    const int64_t blocks = n / (EB_CHUNK * t.chunks);
    const size_t bytes = (size_t)(R * t.block_bytes);
    for (int64_t b = 0; b < blocks; b++, w += bytes) {
        UNROLL
        for (int c = 0; c < t.chunks; c++, x++) {
            UNROLL
            for (int g = 0; g < groups; g++) {
                chunk o;
                unpack(w + (size_t)g * group_bytes, c, &o);
                UNROLL
                for (int k = 0; k < cols; k++)
                    sum[g * cols + k] = add_chunk(t, &o, x + (size_t)k * ldx, sum[g * cols + k]);
            }
        }
    }
    UNROLL
    for (int i = 0; i < groups * cols; i++)
        sums[i] = sum[i];
}

typedef void dot_fn(const uint8_t *w, size_t group_bytes, int64_t n, const eb_q8 *x, size_t ldx, vf *sums);
typedef void fill_fn(const uint8_t *w, int64_t n, uint8_t *panel);

// ---- panels
// ------------------------------------------------------------------------------------------------------------ A chunk
// of a panel: QUADS vectors of weights, then `halves` of scales, then as many of minima.

INLINE int panel_vectors(traits t)
{
    return QUADS + t.halves * (t.minima ? 2 : 1);
}

INLINE void fill_panel(traits t, unpacker *unpack, const uint8_t *w, int64_t n, uint8_t *panel)
{
    const int64_t blocks = n / (EB_CHUNK * t.chunks);
    for (int64_t b = 0; b < blocks; b++, w += R * t.block_bytes) {
        UNROLL
        for (int c = 0; c < t.chunks; c++, panel += LINE * panel_vectors(t)) {
            chunk o;
            unpack(w, c, &o);
            UNROLL
            for (int j = 0; j < QUADS; j++)
                _mm512_store_si512(panel + LINE * j, o.q[j]);
            UNROLL
            for (int h = 0; h < t.halves; h++) {
                _mm512_store_ps((float *)(void *)(panel + LINE * (QUADS + h)), o.s[h]);
                if (t.minima)
                    _mm512_store_ps((float *)(void *)(panel + LINE * (QUADS + t.halves + h)), o.m[h]);
            }
        }
    }
}

// One group of a panel times `cols` columns.
INLINE void tile(traits t, int cols, const uint8_t *panel, int64_t n, const eb_q8 *const *x, vf *sums)
{
    vf sum[TILE];
    UNROLL
    for (int k = 0; k < cols; k++)
        sum[k] = _mm512_setzero_ps();
    for (int64_t i = 0; i < n / EB_CHUNK; i++, panel += LINE * panel_vectors(t)) {
        chunk o;
        UNROLL
        for (int j = 0; j < QUADS; j++)
            o.q[j] = _mm512_load_si512(panel + LINE * j);
        UNROLL
        for (int h = 0; h < t.halves; h++) {
            o.s[h] = _mm512_load_ps((const float *)(const void *)(panel + LINE * (QUADS + h)));
            if (t.minima)
                o.m[h] = _mm512_load_ps((const float *)(const void *)(panel + LINE * (QUADS + t.halves + h)));
        }
        UNROLL
        for (int k = 0; k < cols; k++)
            sum[k] = add_chunk(t, &o, x[k] + i, sum[k]);
    }
    UNROLL
    for (int k = 0; k < cols; k++)
        sums[k] = sum[k];
}

typedef void tile_fn(const uint8_t *panel, int64_t n, const eb_q8 *const *x, vf *sums);

// ---- the types
// ---------------------------------------------------------------------------------------------------------

// bytes and chunks of a block, halves, minima, offset bits
#define FORMATS(X)                                                                                                     \
    X(EB_W_Q4_0, q4_0, 18, 1, 1, false, 3)                                                                             \
    X(EB_W_Q4_1, q4_1, 20, 1, 1, true, 0)                                                                              \
    X(EB_W_Q5_0, q5_0, 22, 1, 1, false, 4)                                                                             \
    X(EB_W_Q5_1, q5_1, 24, 1, 1, true, 0)                                                                              \
    X(EB_W_Q8_0, q8_0, 34, 1, 1, false, 7)                                                                             \
    X(EB_W_IQ4_NL, iq4_nl, 18, 1, 1, false, 7)                                                                         \
    X(EB_W_Q2_K, q2_k, 84, EB_CHUNKS_K, 2, true, 0)                                                                    \
    X(EB_W_Q3_K, q3_k, 110, EB_CHUNKS_K, 2, false, 2)                                                                  \
    X(EB_W_Q4_K, q4_k, 144, EB_CHUNKS_K, 1, true, 0)                                                                   \
    X(EB_W_Q5_K, q5_k, 176, EB_CHUNKS_K, 1, true, 0)                                                                   \
    X(EB_W_Q6_K, q6_k, 210, EB_CHUNKS_K, 2, false, 5)

#define TRAITS(bytes, chunks, halves, minima, bits) ((traits){ bytes, chunks, halves, minima, bits })

#define DEFINE_DOT(name, groups, cols, ...)                                                                            \
    static void dot_##name##_##groups##x##cols(const uint8_t *w, size_t group_bytes, int64_t n, const eb_q8 *x,        \
                                               size_t ldx, vf *sums)                                                   \
    {                                                                                                                  \
        dot_groups(TRAITS(__VA_ARGS__), unpack_##name, groups, cols, w, group_bytes, n, x, ldx, sums);                 \
    }
#define DEFINE_TILE(name, cols, ...)                                                                                   \
    static void tile_##name##_##cols(const uint8_t *panel, int64_t n, const eb_q8 *const *x, vf *sums)                 \
    {                                                                                                                  \
        tile(TRAITS(__VA_ARGS__), cols, panel, n, x, sums);                                                            \
    }
#define DEFINE_FORMAT(TYPE, name, ...)                                                                                 \
    DEFINE_DOT(name, 4, 1, __VA_ARGS__)                                                                                \
    DEFINE_DOT(name, 1, 1, __VA_ARGS__)                                                                                \
    DEFINE_DOT(name, 1, 2, __VA_ARGS__)                                                                                \
    DEFINE_DOT(name, 1, 4, __VA_ARGS__)                                                                                \
    DEFINE_TILE(name, 8, __VA_ARGS__)                                                                                  \
    DEFINE_TILE(name, 4, __VA_ARGS__)                                                                                  \
    static void fill_##name(const uint8_t *w, int64_t n, uint8_t *panel)                                               \
    {                                                                                                                  \
        fill_panel(TRAITS(__VA_ARGS__), unpack_##name, w, n, panel);                                                   \
    }
FORMATS(DEFINE_FORMAT)

#define FORMAT_ENTRY(TYPE, name, ...)                                                                                  \
    [TYPE] = { TRAITS(__VA_ARGS__), dot_##name##_4x1, { dot_##name##_1x1, dot_##name##_1x2, dot_##name##_1x4 },        \
               fill_##name,         tile_##name##_8,  tile_##name##_4 },
static const struct {
    traits t;
    dot_fn *streams; // STREAMS groups, one column
    dot_fn *few[3];  // one group, 1, 2, 4 columns
    fill_fn *fill;
    tile_fn *tile8, *tile4;
} formats[EB_W_LIMIT] = { FORMATS(FORMAT_ENTRY) };

static bool packs(eb_wtype type)
{
    return formats[type].fill != NULL;
}

// ---- a product
// -----------------------------------------------------------------------------------------------------------

typedef struct product {
    eb_wtype type;
    const uint8_t *w;
    size_t group_bytes;
    int64_t n, r1;
    const eb_q8 *x;
    size_t ldx;
    int m;
    float *y;
    size_t ldy;
} product;

static const uint8_t *group_at(const product *p, int64_t row)
{
    return p->w + (size_t)(row / R) * p->group_bytes;
}

// Rows [row, row + R), as far as they are asked for, of column c.
static void put(const product *p, int64_t row, int c, vf sum)
{
    const int64_t left = p->r1 - row;
    const __mmask16 rows = left >= R ? (__mmask16)0xffff : (__mmask16)((1u << left) - 1);
    _mm512_mask_storeu_ps(p->y + (size_t)c * p->ldy + (size_t)row, rows, sum);
}

static void one_column(const product *p, int64_t r0)
{
    vf sums[STREAMS];
    int64_t r = r0;
    for (; r + (STREAMS - 1) * R < p->r1; r += STREAMS * R) {
        formats[p->type].streams(group_at(p, r), p->group_bytes, p->n, p->x, p->ldx, sums);
        for (int g = 0; g < STREAMS; g++)
            put(p, r + g * R, 0, sums[g]);
    }
    for (; r < p->r1; r += R) {
        formats[p->type].few[0](group_at(p, r), p->group_bytes, p->n, p->x, p->ldx, sums);
        put(p, r, 0, sums[0]);
    }
}

// 3 columns are done as 2 and 1.
static void few_columns(const product *p, int64_t r0)
{
    vf sums[FEW];
    for (int64_t r = r0; r < p->r1; r += R) {
        for (int c = 0, cols; c < p->m; c += cols) {
            const int left = p->m - c, which = left >= 4 ? 2 : left >= 2 ? 1 : 0;
            cols = 1 << which;
            formats[p->type].few[which](group_at(p, r), p->group_bytes, p->n, p->x + (size_t)c * p->ldx, p->ldx, sums);
            for (int k = 0; k < cols; k++)
                put(p, r, c + k, sums[k]);
        }
    }
}

static size_t panel_group_bytes(traits t, int64_t n)
{
    return (size_t)(n / EB_CHUNK) * LINE * (size_t)panel_vectors(t);
}

static int panel_groups(size_t group_bytes)
{
    const size_t groups = PANEL_BYTES / group_bytes;
    return groups < 1 ? 1 : groups > PANEL_GROUPS ? PANEL_GROUPS : (int)groups;
}

// Columns [c, c + cols) of a panel's groups; the last column stands in for those that are not there.
static void panel_columns(const product *p, const uint8_t *panel, size_t bytes, int64_t r0, int64_t r1, int c)
{
    const eb_q8 *x[TILE];
    vf sums[TILE];
    const int left = p->m - c, cols = left < TILE ? left : TILE;
    for (int k = 0; k < TILE; k++)
        x[k] = p->x + (size_t)(c + (k < cols ? k : cols - 1)) * p->ldx;
    for (int64_t r = r0; r < r1; r += R, panel += bytes) {
        (cols > TILE / 2 ? formats[p->type].tile8 : formats[p->type].tile4)(panel, p->n, x, sums);
        for (int k = 0; k < cols; k++)
            put(p, r, c + k, sums[k]);
    }
}

static void many_columns(const product *p, int64_t r0, uint8_t *panel)
{
    const size_t bytes = panel_group_bytes(formats[p->type].t, p->n);
    const int64_t step = (int64_t)panel_groups(bytes) * R;
    for (int64_t r = r0; r < p->r1; r += step) {
        const int64_t end = r + step < p->r1 ? r + step : p->r1;
        for (int64_t i = r; i < end; i += R)
            formats[p->type].fill(group_at(p, i), p->n, panel + (size_t)((i - r) / R) * bytes);
        for (int c = 0; c < p->m; c += TILE)
            panel_columns(p, panel, bytes, r, end, c);
    }
}

static void matmul(eb_wtype type, const void *packed, int64_t n, int64_t r0, int64_t r1, const eb_q8 *x, size_t ldx,
                   int m, float *y, size_t ldy, void *scratch)
{
    const product p = { .type = type,
                        .w = packed,
                        .group_bytes = R * eb_row_bytes(type, n),
                        .n = n,
                        .r1 = r1,
                        .x = x,
                        .ldx = ldx,
                        .m = m,
                        .y = y,
                        .ldy = ldy };
    if (m == 1)
        one_column(&p, r0);
    else if (m <= FEW)
        few_columns(&p, r0);
    else
        many_columns(&p, r0, scratch);
}

// For the widest panel: two scales and two minima a chunk.
static size_t scratch_bytes(int64_t n)
{
    const size_t group = panel_group_bytes((traits){ .halves = 2, .minima = true }, n);
    return group > PANEL_BYTES ? group : PANEL_BYTES;
}

// ---- activations
// -------------------------------------------------------------------------------------------------------

// Less than this is nothing: its inverse would not be a number.
#define LEAST 1e-36f

static void quantize(const float *x, int64_t n, eb_q8 *out)
{
    for (int64_t i = 0; i < n; i += EB_CHUNK, out++) {
        const vf a = _mm512_loadu_ps(x + i), b = _mm512_loadu_ps(x + i + 16);
        const float most = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_abs_ps(a), _mm512_abs_ps(b)));
        const float d = most / 127, inverse = most > LEAST ? 127 / most : 0;
        const vi qa = _mm512_cvtps_epi32(_mm512_mul_ps(a, _mm512_set1_ps(inverse)));
        const vi qb = _mm512_cvtps_epi32(_mm512_mul_ps(b, _mm512_set1_ps(inverse)));
        const int32_t sum_a = _mm512_reduce_add_epi32(qa), sum_b = _mm512_reduce_add_epi32(qb);
        _mm_storeu_si128((__m128i *)(void *)out->q, _mm512_cvtsepi32_epi8(qa));
        _mm_storeu_si128((__m128i *)(void *)(out->q + 16), _mm512_cvtsepi32_epi8(qb));
        out->d = d;
        out->minus_sum = -(sum_a + sum_b);
        out->sum = d * (float)(sum_a + sum_b);
        out->minus_16[0] = -sum_a;
        out->minus_16[1] = -sum_b;
        out->sum_16[0] = d * (float)sum_a;
        out->sum_16[1] = d * (float)sum_b;
    }
}

const eb_packed_ops eb_packed_avx512vnni = {
    .packs = packs,
    .quantize = quantize,
    .matmul = matmul,
    .scratch = scratch_bytes,
};
