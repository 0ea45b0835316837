// SPDX-License-Identifier: Apache-2.0
// Products of F16 and BF16 weights with the many columns of a prompt, in 16-bit arithmetic with AVX-512 VNNI: vpdpwssd
// adds 2 products of 16 bits to each of 16 sums of 32 bits, twice what a multiply-add in f32 does.
//
// SLICE weights of a row, and SLICE activations of a column, become whole numbers times a step of their own. The step
// is the norm of these (root of the sum of squares) over NORM_W or NORM_X, so that no sum of a slice leaves 32 bits
// whatever the values are: |sum of products| <= norm of one x norm of the other (Cauchy, Schwarz). Rounding to whole
// steps s leaves s^2 / 12 per element: of a slice's sum of squares SLICE / 12 / NORM^2, 1.0e-8 of the weights' and
// 0.25e-8 (MOST_X: up to 1.0e-8) of the activations', however they are distributed. Steps from the greatest values,
// which may be 4095 each since 128 x 4095^2 < 2^31, would leave 8e-8 of values that are spread normally.
//
// Tile: 32 rows x up to 12 columns, 24 integer sums in registers. A pair of weights takes 2 loads, 12 broadcasts and
// 24 vpdpwssd; the 24 sums of a slice, after SLICE / 2 pairs, a conversion, two multiplications, a load and a store
// each, in L1: with one multiplication of vectors a cycle 64 of 66 cycles are vpdpwssd. A panel, 64 rows x 2048
// weights, is 264 KiB, in L2; 12 columns of it, 48 KiB, meet all of its rows while their 3 KiB of sums stay in L1, so
// that y is touched once. Making it takes about 16 cycles for 32 weights, once for all columns: 512 columns take 512.
#include "workloads/engine/kernels/x86.h"

#include <immintrin.h>
#include <string.h>

enum { SLICE = 128, PANEL_ROWS = 64, PANEL_WEIGHTS = 2048 };

#include "workloads/engine/kernels/prompt_avx512.inc"

enum { PAIRS = SLICE / 2, TILE = 12, TILE_ROWS = 2 * SIDE };

// (NORM + sqrt(SLICE) / 2, what rounding can add) of both multiply to less than 2^31.
#define NORM_W  32700.0f // so |q| <= 32767
#define NORM_X  65536.0f
#define MOST_X  32766.0f // where one value is most of the norm
#define LEAST_W 1e-15f   // a norm whose square f32 has to few places only: nothing
#define LEAST_X 1e-30f

// TILE_ROWS rows of a slice. q[j] are the pairs of weights that go with word j of a column.
typedef struct rows_slice {
    int16_t q[PAIRS][2][2 * SIDE];
    float step[2][SIDE];
} rows_slice;

typedef struct work {
    _Alignas(LINE) rows_slice panel[PANEL_WEIGHTS / SLICE][PANEL_ROWS / TILE_ROWS];
    float sums[TILE][PANEL_ROWS];
    uint16_t ends[SIDE][SLICE]; // of rows that are no whole slices, with zeros behind
} work;

// K_TILE whole numbers. The order of their pairs is that of vpackssdw, for weights and columns alike.
INLINE vi whole_numbers(vf a, vf b)
{
    return _mm512_packs_epi32(_mm512_cvtps_epi32(a), _mm512_cvtps_epi32(b));
}

// ---- weights --------------------------------------------------------------------------------------------------------

// Lane i: the sum of the lanes of v[i].
INLINE vf sums_of_lanes(vf v[SIDE])
{
    vi t[SIDE];
    UNROLL
    for (int i = 0; i < SIDE; i++)
        t[i] = _mm512_castps_si512(v[i]);
    transpose(t);
    UNROLL
    for (int step = SIDE / 2; step; step /= 2)
        UNROLL
    for (int i = 0; i < step; i++)
        t[i] = _mm512_castps_si512(_mm512_add_ps(_mm512_castsi512_ps(t[i]), _mm512_castsi512_ps(t[i + step])));
    return _mm512_castsi512_ps(t[0]);
}

// SIDE weights of a slice from k on.
INLINE vf weights_at(eb_wtype type, const uint8_t *slice, int k)
{
    return widened(type, _mm256_loadu_si256((const __m256i *)(const void *)(slice + (size_t)k * sizeof(uint16_t))));
}

// The squares of the norms of SIDE slices.
INLINE vf squares_of(eb_wtype type, const uint8_t *const row[SIDE])
{
    vf sum[SIDE];
    UNROLL
    for (int i = 0; i < SIDE; i++)
        sum[i] = _mm512_setzero_ps();
    for (int k = 0; k < SLICE; k += SIDE)
        UNROLL
    for (int i = 0; i < SIDE; i++) {
        const vf w = weights_at(type, row[i], k);
        sum[i] = _mm512_fmadd_ps(w, w, sum[i]);
    }
    return sums_of_lanes(sum);
}

// Slices with what is no number, or whose norm is none, have a step that is none.
INLINE void take_slices(eb_wtype type, const uint8_t *const row[SIDE], rows_slice *to, int half)
{
    const vf norm = _mm512_sqrt_ps(squares_of(type, row)), none = _mm512_set1_ps(__builtin_nanf(""));
    const __mmask16 numbers = _mm512_cmp_ps_mask(norm, _mm512_set1_ps(__builtin_inff()), _CMP_LT_OQ);
    const __mmask16 some = _mm512_cmp_ps_mask(norm, _mm512_set1_ps(LEAST_W), _CMP_GT_OQ) & numbers;
    const vf step = _mm512_maskz_mul_ps(some, norm, _mm512_set1_ps(1 / NORM_W));
    _Alignas(LINE) float by[SIDE];
    _mm512_store_ps(to->step[half], _mm512_mask_blend_ps(numbers, none, step));
    _mm512_store_ps(by, _mm512_maskz_div_ps(some, _mm512_set1_ps(NORM_W), norm));
    for (int k = 0; k < SLICE; k += K_TILE) {
        vi v[SIDE];
        UNROLL
        for (int i = 0; i < SIDE; i++)
            v[i] = whole_numbers(_mm512_mul_ps(weights_at(type, row[i], k), _mm512_set1_ps(by[i])),
                                 _mm512_mul_ps(weights_at(type, row[i], k + SIDE), _mm512_set1_ps(by[i])));
        transpose(v);
        UNROLL
        for (int i = 0; i < SIDE; i++)
            _mm512_store_si512(to->q[k / 2 + i][half], v[i]);
    }
}

// ---- columns: whole numbers, then the steps of the slices -----------------------------------------------------------

// An odd number of lines: columns lie in different sets of L1.
static size_t column_bytes(int64_t n)
{
    const size_t bytes = (size_t)padded(n) * sizeof(int16_t) + (size_t)((n + SLICE - 1) / SLICE) * sizeof(float);
    return ((bytes + LINE - 1) / LINE | 1) * LINE;
}

// Up to SLICE activations; says their step. Squares are of x over the greatest, so that they are numbers whatever x is.
static float prepare_slice(const float *x, int64_t n, int16_t *q)
{
    vf v[SLICE / SIDE], most = _mm512_setzero_ps(), sum = most;
    UNROLL
    for (int i = 0; i < SLICE / SIDE; i++) {
        v[i] = _mm512_maskz_loadu_ps(first_of(n - i * SIDE), x + i * SIDE);
        most = _mm512_max_ps(_mm512_abs_ps(v[i]), most);
    }
    const float greatest = _mm512_reduce_max_ps(most), inverse = greatest > LEAST_X ? 1 / greatest : 0;
    UNROLL
    for (int i = 0; i < SLICE / SIDE; i++) {
        v[i] = _mm512_mul_ps(v[i], _mm512_set1_ps(inverse));
        sum = _mm512_fmadd_ps(v[i], v[i], sum);
    }
    const float squares = _mm512_reduce_add_ps(sum); // no number where one of x is none
    const float even = _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(squares))) / NORM_X;
    const float step = even > 1 / MOST_X ? even : 1 / MOST_X;
    const vf by = _mm512_set1_ps(1 / step);
    UNROLL
    for (int i = 0; i < SLICE / SIDE; i += 2)
        if (i * SIDE < n)
            _mm512_storeu_si512(q + i * SIDE, whole_numbers(_mm512_mul_ps(v[i], by), _mm512_mul_ps(v[i + 1], by)));
    return squares != squares ? squares : inverse > 0 ? greatest * step : 0;
}

static void prepare(const float *x, int64_t n, void *out)
{
    int16_t *q = out;
    float *step = (float *)(void *)(q + padded(n));
    for (int64_t k = 0; k < n; k += SLICE)
        *step++ = prepare_slice(x + k, n - k, q + k);
}

// ---- products -------------------------------------------------------------------------------------------------------

INLINE vi pair_of(const uint8_t *q)
{
    int32_t two;
    memcpy(&two, q, sizeof two);
    return _mm512_set1_epi32(two);
}

INLINE void add_sums(vi acc, vf row_steps, vf column_step, float *sums)
{
    const vf sum = _mm512_mul_ps(_mm512_cvtepi32_ps(acc), row_steps);
    _mm512_store_ps(sums, _mm512_fmadd_ps(sum, column_step, _mm512_load_ps(sums)));
}

// A slice of TILE_ROWS rows times those of `cols` columns, x_bytes apart, to which are added sums[column][PANEL_ROWS].
INLINE void tile(int cols, const rows_slice *w, int pairs, const uint8_t *x, const uint8_t *step, size_t x_bytes,
                 float *sums)
{
    vi acc[TILE][2];
    UNROLL
    for (int c = 0; c < cols; c++)
        acc[c][0] = acc[c][1] = _mm512_setzero_si512();
    for (int j = 0; j < pairs; j++) {
        const vi w0 = _mm512_load_si512(w->q[j][0]), w1 = _mm512_load_si512(w->q[j][1]);
        UNROLL
        for (int c = 0; c < cols; c++) {
            vi two = pair_of(x + (size_t)c * x_bytes + (size_t)j * sizeof(int32_t));
            __asm__("" : "+v"(two)); // in a register, once: not as each product's memory operand
            acc[c][0] = _mm512_dpwssd_epi32(acc[c][0], w0, two);
            acc[c][1] = _mm512_dpwssd_epi32(acc[c][1], w1, two);
        }
        UNROLL
        for (int c = 0; c < cols; c++) // they stay there
            __asm__("" : "+v"(acc[c][0]), "+v"(acc[c][1]));
    }
    const vf step0 = _mm512_load_ps(w->step[0]), step1 = _mm512_load_ps(w->step[1]);
    UNROLL
    for (int c = 0; c < cols; c++) {
        const vf of_column = _mm512_castsi512_ps(pair_of(step + (size_t)c * x_bytes));
        add_sums(acc[c][0], step0, of_column, sums + c * PANEL_ROWS);
        add_sums(acc[c][1], step1, of_column, sums + c * PANEL_ROWS + SIDE);
    }
}

typedef void tile_fn(const rows_slice *w, int pairs, const uint8_t *x, const uint8_t *step, size_t x_bytes,
                     float *sums);
#define DEFINE_TILE(cols)                                                                                              \
    static void tile_##cols(const rows_slice *w, int pairs, const uint8_t *x, const uint8_t *step, size_t x_bytes,     \
                            float *sums)                                                                               \
    {                                                                                                                  \
        tile(cols, w, pairs, x, step, x_bytes, sums);                                                                  \
    }
DEFINE_TILE(1)
DEFINE_TILE(2)
DEFINE_TILE(3)
DEFINE_TILE(4)
DEFINE_TILE(5)
DEFINE_TILE(6)
DEFINE_TILE(7)
DEFINE_TILE(8)
DEFINE_TILE(9)
DEFINE_TILE(10)
DEFINE_TILE(11)
DEFINE_TILE(12)
static tile_fn *const tiles[TILE] = { tile_1, tile_2, tile_3, tile_4,  tile_5,  tile_6,
                                      tile_7, tile_8, tile_9, tile_10, tile_11, tile_12 };

// Where the slices at k of SIDE rows lie.
static void slices_at(const uint8_t *const row[SIDE], int64_t k, int length, work *s, const uint8_t *at[SIDE])
{
    for (int i = 0; i < SIDE; i++) {
        at[i] = row[i] + (size_t)k * sizeof(uint16_t);
        if (length == SLICE)
            continue;
        memset(s->ends[i], 0, sizeof s->ends[i]);
        memcpy(s->ends[i], at[i], (size_t)length * sizeof(uint16_t));
        at[i] = (const uint8_t *)s->ends[i];
    }
}

// Slice after slice of SIDE rows, so that memory is read in runs.
static void make_panel(const product *p, int64_t r0, int64_t r1, int64_t k, int length, work *s)
{
    const uint8_t *row[SIDE], *at[SIDE];
    for (int64_t r = r0; r < r1; r += SIDE) {
        const int64_t tile_row = (r - r0) / TILE_ROWS, half = (r - r0) / SIDE % 2;
        rows_at(p, r, row);
        for (int i = 0; i < length; i += SLICE) {
            rows_slice *to = &s->panel[i / SLICE][tile_row];
            slices_at(row, k + i, length - i < SLICE ? length - i : SLICE, s, at);
            if (p->type == EB_W_F16)
                take_slices(EB_W_F16, at, to, (int)half);
            else
                take_slices(EB_W_BF16, at, to, (int)half);
        }
    }
}

INLINE float *sums_in_y(const product *p, int64_t row, int column)
{
    return p->y + (size_t)column * p->ldy + (size_t)row;
}

// What y has so far of rows [r0, r1) and `cols` columns from c on, nothing at first. Those of the next TILE columns are
// fetched: they lie in other pages.
static void take_sums(const product *p, int64_t r0, int64_t r1, int c, int cols, bool first, work *s)
{
    for (int i = 0; i < cols; i++)
        for (int64_t r = r0; r < r1; r += SIDE) {
            const float *y = sums_in_y(p, r, c + i);
            _mm512_store_ps(s->sums[i] + (r - r0),
                            first ? _mm512_setzero_ps() : _mm512_maskz_loadu_ps(rows_asked(p, r), y));
            __builtin_prefetch((const void *)((uintptr_t)y + TILE * p->ldy * sizeof *y), 1); // to be written
        }
}

static void give_sums(const product *p, int64_t r0, int64_t r1, int c, int cols, const work *s)
{
    for (int i = 0; i < cols; i++)
        for (int64_t r = r0; r < r1; r += SIDE)
            _mm512_mask_storeu_ps(sums_in_y(p, r, c + i), rows_asked(p, r), _mm512_load_ps(s->sums[i] + (r - r0)));
}

static void multiply_panel(const product *p, void *scratch, int64_t r0, int64_t r1, int64_t k, int length)
{
    work *s = scratch;
    make_panel(p, r0, r1, k, length, s);
    for (int c = 0; c < p->m; c += TILE) {
        const int cols = p->m - c < TILE ? p->m - c : TILE;
        const uint8_t *column = p->x + (size_t)c * p->x_bytes;
        const uint8_t *steps = column + (size_t)padded(p->n) * sizeof(int16_t);
        take_sums(p, r0, r1, c, cols, k == 0, s);
        for (int at = 0; at < length; at += SLICE) {
            const int pairs = (int)padded(length - at < SLICE ? length - at : SLICE) / 2;
            const uint8_t *x = column + (size_t)(k + at) * sizeof(int16_t);
            const uint8_t *step = steps + (size_t)((k + at) / SLICE) * sizeof(float);
            for (int64_t r = 0; r < r1 - r0; r += TILE_ROWS)
                tiles[cols - 1](&s->panel[at / SLICE][r / TILE_ROWS], pairs, x, step, p->x_bytes, &s->sums[0][r]);
        }
        give_sums(p, r0, r1, c, cols, s);
    }
}

static void matmul(eb_wtype type, const void *w, size_t row_bytes, int64_t n, int64_t r0, int64_t r1,
                   const void *columns, int m, float *y, size_t ldy, void *scratch)
{
    const product p = { type, w, row_bytes, n, r1, columns, column_bytes(n), m, y, ldy };
    each_panel(&p, r0, multiply_panel, scratch);
}

static size_t scratch_bytes(void)
{
    return sizeof(work);
}

const eb_prompt_ops eb_prompt_avx512vnni = {
    .takes = takes,
    .column_bytes = column_bytes,
    .prepare = prepare,
    .matmul = matmul,
    .scratch = scratch_bytes,
};
