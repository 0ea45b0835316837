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
// Tile: 32 rows x TILE columns, 2 x TILE integer sums in registers. A pair of weights takes 2 loads, TILE broadcasts
// and 2 x TILE vpdpwssd; the 2 x TILE sums of a slice, after SLICE / 2 pairs, a conversion, two multiplications, a load
// and a store each: with one multiplication of vectors a cycle 64 of 66 cycles are vpdpwssd. Making a panel takes about
// 16 cycles for 32 weights, once for all columns: 512 columns take 512.
#include "workloads/engine/kernels/x86.h"

#include <immintrin.h>
#include <string.h>

enum { SLICE = 128, PANEL_ROWS = 512 };

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

typedef struct column_slice {
    int16_t q[SLICE + LINE / sizeof(int16_t)]; // an odd number of lines: columns lie in different sets of L1
} column_slice;

typedef struct work {
    _Alignas(LINE) rows_slice weights[PANEL_ROWS / TILE_ROWS];
    column_slice columns[TILE];
    float spare[TILE_ROWS]; // sums of columns that are not there
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

// The squares of the norms of SIDE rows from k to `end`.
INLINE vf squares_of(eb_wtype type, const uint8_t *const row[SIDE], int64_t k, int64_t end)
{
    vf sum[SIDE][2];
    UNROLL
    for (int i = 0; i < SIDE; i++)
        sum[i][0] = sum[i][1] = _mm512_setzero_ps();
    for (; k < end; k += K_TILE)
        UNROLL
    for (int i = 0; i < SIDE; i++) {
        const vf a = weights_at(type, row[i], k, first_of(end - k)),
                 b = weights_at(type, row[i], k + SIDE, first_of(end - k - SIDE));
        sum[i][0] = _mm512_fmadd_ps(a, a, sum[i][0]);
        sum[i][1] = _mm512_fmadd_ps(b, b, sum[i][1]);
    }
    vf both[SIDE];
    UNROLL
    for (int i = 0; i < SIDE; i++)
        both[i] = _mm512_add_ps(sum[i][0], sum[i][1]);
    return sums_of_lanes(both);
}

// Rows with what is no number, or whose norm is none, have a step that is none.
INLINE void take_rows(eb_wtype type, const uint8_t *const row[SIDE], int64_t k, int64_t end, rows_slice *to, int which)
{
    const vf norm = _mm512_sqrt_ps(squares_of(type, row, k, end)), none = _mm512_set1_ps(__builtin_nanf(""));
    const __mmask16 numbers = _mm512_cmp_ps_mask(norm, _mm512_set1_ps(__builtin_inff()), _CMP_LT_OQ);
    const __mmask16 some = _mm512_cmp_ps_mask(norm, _mm512_set1_ps(LEAST_W), _CMP_GT_OQ) & numbers;
    const vf step = _mm512_maskz_mul_ps(some, norm, _mm512_set1_ps(1 / NORM_W));
    _Alignas(LINE) float by[SIDE];
    _mm512_store_ps(to->step[which], _mm512_mask_blend_ps(numbers, none, step));
    _mm512_store_ps(by, _mm512_maskz_div_ps(some, _mm512_set1_ps(NORM_W), norm));
    for (vi *q = (vi *)to->q[0] + which; k < end; k += K_TILE, q += 2 * SIDE) {
        vi v[SIDE];
        UNROLL
        for (int i = 0; i < SIDE; i++) {
            const vf a = weights_at(type, row[i], k, first_of(end - k)),
                     b = weights_at(type, row[i], k + SIDE, first_of(end - k - SIDE));
            v[i] = whole_numbers(_mm512_mul_ps(a, _mm512_set1_ps(by[i])), _mm512_mul_ps(b, _mm512_set1_ps(by[i])));
        }
        transpose(v);
        UNROLL
        for (int i = 0; i < SIDE; i++)
            _mm512_store_si512(q + 2 * i, v[i]);
    }
}

// ---- columns: whole numbers, then the steps of the slices -----------------------------------------------------------

static size_t column_bytes(int64_t n)
{
    const size_t bytes = (size_t)padded(n) * sizeof(int16_t) + (size_t)((n + SLICE - 1) / SLICE) * sizeof(float);
    return (bytes + LINE - 1) / LINE * LINE;
}

static float *steps_of(const product *p, int c)
{
    return (float *)(void *)(p->x + (size_t)c * p->x_bytes + (size_t)padded(p->n) * sizeof(int16_t));
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

// The slice at k of columns from c on; the last one stands in for those that are not there.
static void gather(const product *p, int64_t k, int length, int c, column_slice *to)
{
    for (int i = 0; i < TILE; i++) {
        const uint8_t *x = p->x + (size_t)(c + i < p->m ? c + i : p->m - 1) * p->x_bytes + (size_t)k * sizeof(int16_t);
        for (int at = 0; at < length; at += K_TILE)
            _mm512_storeu_si512(to[i].q + at, _mm512_loadu_si512(x + (size_t)at * sizeof(int16_t)));
    }
}

// ---- products -------------------------------------------------------------------------------------------------------

INLINE vi pair_of(const int16_t *q)
{
    int32_t two;
    memcpy(&two, q, sizeof two);
    return _mm512_set1_epi32(two);
}

// What y has so far (first: nothing) and the products.
INLINE void add_sums(bool first, __mmask16 rows, vi acc, vf row_steps, float column_step, float *y)
{
    const vf before = first ? _mm512_setzero_ps() : _mm512_maskz_loadu_ps(rows, y);
    const vf sum = _mm512_mul_ps(_mm512_cvtepi32_ps(acc), row_steps);
    _mm512_mask_storeu_ps(y, rows, _mm512_fmadd_ps(sum, _mm512_set1_ps(column_step), before));
}

typedef struct target {
    bool first;
    __mmask16 rows[2];
    float *y[TILE], step[TILE]; // of each column
} target;

INLINE void tile(int cols, const rows_slice *w, const column_slice *x, int pairs, const target *to)
{
    vi acc[TILE][2];
    UNROLL
    for (int c = 0; c < cols; c++)
        acc[c][0] = acc[c][1] = _mm512_setzero_si512();
    for (int j = 0; j < pairs; j++) {
        const vi w0 = _mm512_load_si512(w->q[j][0]), w1 = _mm512_load_si512(w->q[j][1]);
        UNROLL
        for (int c = 0; c < cols; c++) {
            vi two = pair_of(x[c].q + 2 * j);
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
        add_sums(to->first, to->rows[0], acc[c][0], step0, to->step[c], to->y[c]);
        add_sums(to->first, to->rows[1], acc[c][1], step1, to->step[c], to->y[c] + SIDE);
    }
}

typedef void tile_fn(const rows_slice *w, const column_slice *x, int pairs, const target *to);
#define DEFINE_TILE(cols)                                                                                              \
    static void tile_##cols(const rows_slice *w, const column_slice *x, int pairs, const target *to)                   \
    {                                                                                                                  \
        tile(cols, w, x, pairs, to);                                                                                   \
    }
DEFINE_TILE(4)
DEFINE_TILE(8)
DEFINE_TILE(12)

static void make_panel(const product *p, int64_t r0, int64_t r1, int64_t k, int length, rows_slice *to)
{
    const uint8_t *row[SIDE];
    for (int64_t r = r0; r < r1; r += TILE_ROWS, to++)
        for (int half = 0; half < 2; half++) {
            rows_at(p, r + half * SIDE, row);
            if (p->type == EB_W_F16)
                take_rows(EB_W_F16, row, k, k + length, to, half);
            else
                take_rows(EB_W_BF16, row, k, k + length, to, half);
        }
}

static void multiply_slice(const product *p, void *scratch, int64_t r0, int64_t r1, int64_t k, int length)
{
    static tile_fn *const tiles[] = { tile_4, tile_8, tile_12 };
    work *s = scratch;
    target to = { .first = k == 0 };
    make_panel(p, r0, r1, k, length, s->weights);
    for (int c = 0; c < p->m; c += TILE) {
        const int cols = p->m - c < TILE ? p->m - c : TILE;
        gather(p, k, length, c, s->columns);
        for (int i = 0; i < TILE; i++)
            to.step[i] = i < cols ? steps_of(p, c + i)[k / SLICE] : 0;
        for (int64_t r = r0; r < r1; r += TILE_ROWS) {
            for (int i = 0; i < TILE; i++)
                to.y[i] = i < cols ? p->y + (size_t)(c + i) * p->ldy + (size_t)r : s->spare;
            to.rows[0] = rows_asked(p, r);
            to.rows[1] = rows_asked(p, r + SIDE);
            tiles[(cols - 1) / 4](&s->weights[(r - r0) / TILE_ROWS], s->columns, (int)padded(length) / 2, &to);
        }
    }
}

static void matmul(eb_wtype type, const void *w, size_t row_bytes, int64_t n, int64_t r0, int64_t r1,
                   const void *columns, int m, float *y, size_t ldy, void *scratch)
{
    const product p = { type, w, row_bytes, n, r1, columns, column_bytes(n), m, y, ldy };
    each_slice(&p, r0, multiply_slice, scratch);
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
