// SPDX-License-Identifier: Apache-2.0
// Products in 8-bit arithmetic with AVX-512 VNNI: vpdpbusd adds 4 products of unsigned and signed bytes to each of 16
// sums of 32 bits, here one sum per row of a packed group.
//
// Up to FEW columns (decode): the weights of a chunk (32 of each of 16 rows) are unpacked in registers and multiplied
// with all columns. One column is multiplied with STREAMS groups side by side: a quarter of the rows each, so that each
// is a stream through memory of its own. All streams together are fetched AHEAD bytes before they are needed.
//
// More columns (prefill): a panel of up to PANEL_GROUPS groups is unpacked once into scratch, 32 KiB for rows of 2048
// weights, so that all lie in L2; then TILE columns at a time go through all groups of it. A tile is 16 rows x TILE
// columns: TILE f32 sums and TILE integer sums in registers, 8 vectors of weights, activations broadcast from memory.
// Of a chunk, 8 vpdpbusd are the work, a conversion and two multiplications the rest: at best 4 fifths of the ceiling.
#include "workloads/engine/kernels/blocks.h"
#include "workloads/engine/kernels/x86.h"

#include <immintrin.h>

#include "workloads/engine/kernels/packed_avx512.inc"

enum { STREAMS = 4, TILE = 8, PANEL_GROUPS = 8, PANEL_BYTES = 320 * 1024 };

// ---- one chunk times one column -------------------------------------------------------------------------------------

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
    return _mm512_cvtepi32_ps(acc);
}

// The one order of additions of every path below.
INLINE vf add_chunk(traits t, const chunk *w, const eb_q8 *x, vf sum)
{
    vf dot;
    if (t.halves == 1) {
        dot = _mm512_mul_ps(dot_quads(t, w, x, 0, QUADS, x->minus_sum), w->s[0]);
    } else {
        dot = _mm512_mul_ps(dot_quads(t, w, x, 0, QUADS / 2, x->minus_16[0]), w->s[0]);
        dot = _mm512_fmadd_ps(dot_quads(t, w, x, QUADS / 2, QUADS, x->minus_16[1]), w->s[1], dot);
    }
    sum = _mm512_fmadd_ps(dot, _mm512_set1_ps(x->d), sum);
    if (t.minima)
        sum = _mm512_fmadd_ps(w->m[0], _mm512_set1_ps(t.halves == 1 ? x->sum : x->sum_16[0]), sum);
    if (t.minima && t.halves == 2)
        sum = _mm512_fmadd_ps(w->m[1], _mm512_set1_ps(x->sum_16[1]), sum);
    return sum;
}

// ---- a few columns --------------------------------------------------------------------------------------------------

// sums[g][k] of `groups` groups, each `apart` bytes behind the last, and `cols` columns.
INLINE void dot_groups(traits t, scales_fn *scales, int groups, int cols, const uint8_t *w, size_t apart, int64_t n,
                       const eb_q8 *x, size_t ldx, vf *sums)
{
    vf sum[STREAMS * FEW], s[STREAMS][SCALES_MAX], m[STREAMS][SCALES_MAX];
    UNROLL
    for (int i = 0; i < groups * cols; i++)
        sum[i] = _mm512_setzero_ps();
    for (int64_t b = 0; b < n / (EB_CHUNK * t.chunks); b++, w += block_bytes(t)) {
        UNROLL
        for (int g = 0; g < groups; g++)
            open_block(t, groups, scales, w + (size_t)g * apart, s[g], m[g]);
        for (int c = 0; c < t.chunks; c++, x++) {
            UNROLL
            for (int g = 0; g < groups; g++) {
                chunk o;
                open_chunk(t, groups, w + (size_t)g * apart, c, s[g], m[g], &o);
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

typedef void dot_fn(const uint8_t *w, size_t apart, int64_t n, const eb_q8 *x, size_t ldx, vf *sums);

// ---- panels ---------------------------------------------------------------------------------------------------------

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

// ---- the types ------------------------------------------------------------------------------------------------------

#define DEFINE_DOT(name, groups, cols, ...)                                                                            \
    static void dot_##name##_##groups##x##cols(const uint8_t *w, size_t apart, int64_t n, const eb_q8 *x, size_t ldx,  \
                                               vf *sums)                                                               \
    {                                                                                                                  \
        dot_groups(TRAITS(__VA_ARGS__), scales_##name, groups, cols, w, apart, n, x, ldx, sums);                       \
    }
#define DEFINE_TILE(name, cols, ...)                                                                                   \
    static void tile_##name##_##cols(const uint8_t *panel, int64_t n, const eb_q8 *const *x, vf *sums)                 \
    {                                                                                                                  \
        tile(TRAITS(__VA_ARGS__), cols, panel, n, x, sums);                                                            \
    }
#define DEFINE_FORMAT(TYPE, name, ...)                                                                                 \
    DEFINE_DOT(name, 4, 1, TYPE, __VA_ARGS__)                                                                          \
    DEFINE_DOT(name, 1, 1, TYPE, __VA_ARGS__)                                                                          \
    DEFINE_DOT(name, 1, 2, TYPE, __VA_ARGS__)                                                                          \
    DEFINE_DOT(name, 1, 4, TYPE, __VA_ARGS__)                                                                          \
    DEFINE_TILE(name, 8, TYPE, __VA_ARGS__)                                                                            \
    DEFINE_TILE(name, 4, TYPE, __VA_ARGS__)                                                                            \
    static void fill_##name(const uint8_t *w, int64_t n, uint8_t *panel)                                               \
    {                                                                                                                  \
        fill_panel(TRAITS(TYPE, __VA_ARGS__), false, scales_##name, w, n, panel);                                      \
    }
EB_PACKED_FORMATS(DEFINE_FORMAT)

#define FORMAT_ENTRY(TYPE, name, ...)                                                                                  \
    [TYPE] = { TRAITS(TYPE, __VA_ARGS__),                                                                              \
               dot_##name##_4x1,                                                                                       \
               { dot_##name##_1x1, dot_##name##_1x2, dot_##name##_1x4 },                                               \
               fill_##name,                                                                                            \
               tile_##name##_8,                                                                                        \
               tile_##name##_4 },
static const struct {
    traits t;
    dot_fn *streams; // STREAMS groups, one column
    dot_fn *few[3];  // one group, 1, 2, 4 columns
    fill_fn *fill;
    tile_fn *tile8, *tile4;
} formats[EB_W_LIMIT] = { EB_PACKED_FORMATS(FORMAT_ENTRY) };

static bool packs(eb_wtype type)
{
    return formats[type].fill != NULL;
}

// ---- a product ------------------------------------------------------------------------------------------------------

// The rows that are left when each stream has the same number of groups are done one group at a time.
static void one_column(const product *p, int64_t r0)
{
    vf sums[STREAMS];
    const int64_t part = (p->r1 - r0 + R - 1) / R / STREAMS * R; // rows of a stream
    const size_t apart = (size_t)(part / R) * p->group_bytes;
    for (int64_t r = r0; r < r0 + part; r += R) {
        formats[p->type].streams(group_at(p, r), apart, p->n, p->x, p->ldx, sums);
        for (int g = 0; g < STREAMS; g++)
            put(p, r + g * part, 0, sums[g]);
    }
    for (int64_t r = r0 + STREAMS * part; r < p->r1; r += R) {
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
    const product p = product_of(type, packed, n, r1, x, ldx, m, y, ldy);
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

// ---- activations ----------------------------------------------------------------------------------------------------

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
