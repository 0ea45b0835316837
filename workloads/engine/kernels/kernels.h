// SPDX-License-Identifier: Apache-2.0
// The arithmetic of the reference engine: one table per instruction set, one file each, chosen at
// start by what the CPU and the operating system allow (CPUID and XGETBV; EFFBENCH_ISA=NAME forces
// one). Includes nothing else of ours. All functions are pure, allocate nothing, and are safe from
// any thread on disjoint outputs. Activations are f32 and sums are f32: results are those of the
// dequantized weights up to f32 rounding, but for a table's `packed` products, which round activations, and its
// `prompt` products, which round terms. A row's result never depends on how rows are split over threads, nor on how
// many columns (m) a call has.
#ifndef EB_KERNELS_KERNELS_H
#define EB_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// GGUF's tensor type numbers.
typedef enum eb_wtype {
    EB_W_F32 = 0,
    EB_W_F16 = 1,
    EB_W_Q4_0 = 2,
    EB_W_Q4_1 = 3,
    EB_W_Q5_0 = 6,
    EB_W_Q5_1 = 7,
    EB_W_Q8_0 = 8,
    EB_W_Q2_K = 10,
    EB_W_Q3_K = 11,
    EB_W_Q4_K = 12,
    EB_W_Q5_K = 13,
    EB_W_Q6_K = 14,
    EB_W_IQ4_NL = 20,
    EB_W_BF16 = 30,
    EB_W_LIMIT = 31
} eb_wtype;

typedef struct eb_wtype_info {
    const char *name;       // "q4_k"; NULL = no such type
    int block, block_bytes; // weights and bytes per block
} eb_wtype_info;
extern const eb_wtype_info eb_wtypes[EB_W_LIMIT];        // kernels/wtypes.c
static inline size_t eb_row_bytes(eb_wtype t, int64_t n) // n a multiple of the block
{
    return (size_t)(n / eb_wtypes[t].block) * (size_t)eb_wtypes[t].block_bytes;
}

// Columns of X that one call of `matmul` takes at most.
enum { EB_MATMUL_MAX_M = 512 };

// ---- products in 8-bit arithmetic -------------------------------------------------------------------
// Quantized weights are packed once: rows in groups of EB_PACK_ROWS whose words of 4 bytes are interleaved, so that one
// vector holds the same 4 weights of all rows of the group; the bytes are those of the file, in the file's order of
// fields (packed.c). Activations are rounded to 8 bits in chunks of 32 with an f32 scale. Then
//     y = sum over chunks of  d_row (d_x sum(q_row q_x))  [- the type's offset or minimum times d_x sum(q_x)],
// the inner sum in exact 32-bit integers: the result is that of the dequantized weights times the rounded activations,
// up to f32 rounding.
enum { EB_PACK_ROWS = 16, EB_Q8_CHUNK = 32 };

// 32 activations: a cache line.
typedef struct eb_q8 {
    int8_t q[32];        // round(x / d), |q| <= 127
    float d;             // greatest |x| / 127
    int32_t minus_sum;   // -sum(q)
    float sum;           // d sum(q)
    int32_t minus_16[2]; // the same of each half
    float sum_16[2];
    int32_t unused;
} eb_q8;

typedef struct eb_packed_ops {
    int panel_rows; // rows that are unpacked at a time for many columns: fewer at once cost more each
    bool (*packs)(eb_wtype type);
    // out[n / 32] from x[n].
    void (*quantize)(const float *x, int64_t n, eb_q8 *out);
    // As eb_kernels.matmul, of packed weights (eb_pack) and quantized columns, ldx chunks apart; r0 is a multiple of
    // EB_PACK_ROWS, r1 too or the last row. scratch: at least `scratch(n)` bytes, 64-byte aligned, per thread.
    void (*matmul)(eb_wtype type, const void *packed, int64_t n, int64_t r0, int64_t r1, const eb_q8 *x, size_t ldx,
                   int m, float *y, size_t ldy, void *scratch);
    size_t (*scratch)(int64_t n);
} eb_packed_ops;

// Bytes of `rows` rows of `n` weights packed: as in the file, rows rounded up to whole groups.
size_t eb_packed_bytes(eb_wtype type, int64_t n, int64_t rows);
// Groups [g0, g1) of a matrix of `rows` rows (row_bytes apart at `w`) to their places in dst.
void eb_pack(eb_wtype type, const void *w, size_t row_bytes, int64_t n, int64_t rows, int64_t g0, int64_t g1,
             void *dst);

// ---- products of prompts --------------------------------------------------------------------------
// The columns of a prompt are many. What is faster for these may be slower for one, and gives other bits: then it is
// used for all tokens of prompts and for no others, so that a token's result still does not depend on its batch.
typedef struct eb_prompt_ops {
    bool (*takes)(eb_wtype type);
    // A column of n as `matmul` takes it: once for all matrices that it is multiplied with. column_bytes is a multiple
    // of 64, out is 64-byte aligned.
    size_t (*column_bytes)(int64_t n);
    void (*prepare)(const float *x, int64_t n, void *out);
    // As eb_kernels.matmul, of any number m of prepared columns, one behind the other; off by an NMSE of 2e-8 at most
    // for columns and rows that have nothing to do with each other. scratch: at least `scratch()`
    // bytes, 64-byte aligned, per thread.
    void (*matmul)(eb_wtype type, const void *w, size_t row_bytes, int64_t n, int64_t r0, int64_t r1,
                   const void *columns, int m, float *y, size_t ldy, void *scratch);
    size_t (*scratch)(void);
} eb_prompt_ops;

// Attention's cache, per sequence and key-value head. Keys in groups of EB_KEY_GROUP positions: [group][dim_k][position
// of the group]; values [position][dim_v], dim_v rounded up to EB_VALUE_STEP. There are whole blocks of positions. What
// lies behind the last position is read, and must be memory, but has no effect.
enum { EB_KEY_GROUP = 16, EB_VALUE_STEP = 16, EB_ATTEND_BLOCK = 64 };

// Queries of some heads that share keys and values, of consecutive tokens.
typedef struct eb_attend {
    int tokens, heads; // query i is head i % heads of token i / heads
    const float *q;    // [token][ldq]: heads, dim_k apart; scaled
    size_t ldq;        // floats from token to token
    int64_t seen;      // the first token sees positions [0, seen), the next one more, ...
    const void *keys, *values;
    bool half;              // keys and values are f16, not f32
    int dim_k, dim_v;       // dim_v: a multiple of EB_VALUE_STEP
    float *max, *sum, *out; // [query], [query], [query][dim_v]: see attend
} eb_attend;

// Consecutive tokens of one sequence in the state space kernels. ld: floats from token to token.
typedef struct eb_conv1d {
    int64_t tokens, channels;
    int taps;
    const float *x; // [tokens][ldx]
    float *y;       // [tokens][ldy]
    size_t ldx, ldy;
    float *state;   // [taps - 1][channels] the inputs before the first token, oldest first; then those before the next
    const float *w; // [taps][channels]
    const float *bias;
} eb_conv1d;

enum { EB_SCAN_LANES = 16 }; // channels of a block of states
typedef struct eb_scan1 {
    int64_t tokens, channels;
    int d_state;
    float *h;        // [blocks of EB_SCAN_LANES channels][d_state][EB_SCAN_LANES] the state, moved on
    const float *a;  // as h: log2(e) a
    const float *d;  // [channels]
    const float *x;  // [tokens][ldx]
    const float *dt; // [tokens][ldt]
    float *z;        // [tokens][ldz] the gate, then the output
    size_t ldx, ldt, ldz;
    const float *b, *c; // [tokens][ld_bc]: d_state each
    size_t ld_bc;
} eb_scan1;

// The state is factor * h: decays are gathered in the factor until it is smaller than EB_SCAN_FACTOR_MIN.
#define EB_SCAN_FACTOR_MIN 0x1p-20f
typedef struct eb_scan2 {
    int64_t tokens;
    int head_dim, d_state;
    float *h; // [d_state][ldh], ldh a multiple of EB_SCAN_LANES
    size_t ldh;
    float *factor; // 1 at the beginning
    float a, d, dt_bias;
    const float *x;  // [tokens][ldx]: head_dim
    const float *dt; // [tokens][ldt]: one
    float *z;        // [tokens][ldz]: head_dim, the gate, then the output
    size_t ldx, ldt, ldz;
    const float *b, *c; // [tokens][ld_bc]: d_state each
    size_t ld_bc;
} eb_scan2;

typedef struct eb_kernels {
    const char *name;             // "scalar", "avx2", "neondot", ...
    bool (*usable)(void);         // CPU and OS allow it
    const char *(*missing)(void); // in words, why not; NULL = usable. The slot may be NULL

    // dst[0..n-1] = the weights of one row (n a multiple of the block).
    void (*dequant_row)(eb_wtype type, const void *row, float *dst, int64_t n);

    // y[j*ldy + r] = sum_k W[r][k] * x[j*ldx + k]  for r in [r0, r1), j in [0, m), k in [0, n).
    // `w` is row 0, rows are row_bytes apart. x rows need no alignment. scratch: per thread, at least
    // matmul_scratch(n, m) bytes, 64-byte aligned.
    void (*matmul)(eb_wtype type, const void *w, size_t row_bytes, int64_t n, int64_t r0, int64_t r1, const float *x,
                   size_t ldx, int m, float *y, size_t ldy, void *scratch);
    size_t (*matmul_scratch)(int64_t n, int m);

    // Products in 8-bit arithmetic; NULL = none: quantized weights go through `matmul` too, in f32.
    const eb_packed_ops *packed;

    // Products of prompts with the types that it takes; NULL = by `matmul`.
    const eb_prompt_ops *prompt;

    void (*rms_norm)(float *out, const float *x, const float *weight, int64_t n, float eps); // weight NULL = 1
    void (*softmax)(float *x, int64_t n);                                                    // in place, max-subtracted
    float (*largest)(const float *x, int64_t n); // NaNs are passed over; -inf where there is nothing else
    void (*exp_scaled)(float *y, const float *x, int64_t n, float origin, float scale); // exp((x - origin) scale)
    void (*silu_mul)(float *gate, const float *up, int64_t n); // gate[i] = silu(gate[i]) * up[i]
    void (*silu)(float *x, int64_t n);
    float (*dot)(const float *a, const float *b, int64_t n);
    void (*axpy)(float *y, float a, const float *x, int64_t n);  // y += a x
    void (*scale)(float *y, const float *x, float a, int64_t n); // y = a x; y may be x
    void (*to_f16)(uint16_t *dst, const float *src, int64_t n);  // round to nearest even

    // Rotary embedding in place on n_head heads of head_dim, first n_rot dims; cos/sin: n_rot/2 each.
    // neox: pairs (i, i + n_rot/2), else (2i, 2i+1).
    void (*rope)(float *x, int n_head, int head_dim, int n_rot, const float *cos, const float *sin, bool neox);

    // Of each query's scores s = q k over the positions of [from, end) that it sees: max = the largest (-inf: none),
    // sum = sum of exp(s - max), out = sum of exp(s - max) v. `from` is a multiple of EB_ATTEND_BLOCK.
    void (*attend)(const eb_attend *a, int64_t from, int64_t end);

    // mamba's selective scan of channels [i0, i1), multiples of EB_SCAN_LANES or the end, token after token:
    // h = exp(step a) h + step x B, z = silu(z) (C h + d x), step = softplus(dt).
    void (*scan1)(const eb_scan1 *s, int64_t i0, int64_t i1);
    // mamba2's scan of one head: the same with one decay exp(step a) for all of it, step = softplus(dt + dt_bias).
    void (*scan2)(const eb_scan2 *s);
    // y = silu(bias + sum over k of w[k] x[token - taps + 1 + k]) for channels [i0, i1).
    void (*conv1d_silu)(const eb_conv1d *c, int64_t i0, int64_t i1);
} eb_kernels;

extern const eb_kernels eb_kernels_scalar;         // the reference: plain C, every architecture
extern const eb_kernels *const eb_kernels_table[]; // best last, ends with NULL; what this build has

// The best usable table, or the one that `force` (may be NULL) names; NULL when that is not
// in the build or not usable here.
const eb_kernels *eb_kernels_pick(const char *force);

float eb_f16_to_f32(uint16_t h); // kernels/wtypes.c, exact
uint16_t eb_f32_to_f16(float f); // round to nearest even, overflow to inf
static inline float eb_bf16_to_f32(uint16_t h)
{
    union {
        uint32_t u;
        float f;
    } v = { (uint32_t)h << 16 };
    return v.f;
}

#endif
