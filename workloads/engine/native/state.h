// SPDX-License-Identifier: Apache-2.0
// What changes while a model runs: the memory of each sequence (KV cache or recurrent state) and the
// activations of one batch. All of it is laid out and allocated once; its size is known before.
// Shapes are [outermost]..[contiguous]; rows = tokens of one batch at most.
#ifndef EB_NATIVE_STATE_H
#define EB_NATIVE_STATE_H

#include "harness/base/error.h"
#include "workloads/engine/engine.h"
#include "workloads/engine/native/model.h"

// Tokens that attend together; positions of a span, whose result is merged with those of the spans before it.
enum { EB_ATTENTION_TILE = 16, EB_ATTENTION_SPAN = 4 * EB_ATTEND_BLOCK };

// Attention over a span, query by query: see eb_attend.
typedef struct eb_attended {
    float *max, *sum; // [queries]
    float *out;       // [queries][dim_v]
} eb_attended;

// Consecutive rows of a batch that belong to one sequence, in the order of their positions.
typedef struct eb_rows {
    int32_t seq, first, n;
} eb_rows;

// The tokens of one forward pass. Each sequence has at most one stretch of rows in it.
typedef struct eb_batch {
    int n;                      // tokens
    int live;                   // eb_forward's: rows that go on, all, behind the last layer's cache those of `out`
    bool prompt;                // of prompts: see eb_prompt_ops
    int32_t *token, *seq, *pos; // [rows]
    int n_out;
    int32_t *out; // [rows] rows whose logits are wanted, ascending
    int n_runs, n_tiles;
    eb_rows *runs;  // [rows] one per sequence
    eb_rows *tiles; // [rows] runs cut into EB_ATTENTION_TILE rows
} eb_batch;

// y = W x (+ bias), or with `up`: y = silu(W x) * (U x); then add += y where `add` is set. Every row of
// W is read once for all m columns. See eb_linear in forward.h.
typedef struct eb_linear_job {
    const eb_mat *w, *up; // up: NULL, or [out][in] as w
    int expert;           // which matrix of the stacks w and up
    int m;                // columns
    const float *x;       // [m][ldx]
    float *y, *y_up;      // [m][ldy]; y_up: room for U x
    const float *bias;    // [out] or NULL
    float *add;           // [m][ldy] or NULL
    size_t ldx, ldy;      // 0 = w->in, w->out
    bool few;             // columns are few even in a prompt: see eb_prompt_ops
} eb_linear_job;

typedef struct eb_moe_state {
    float *probs;              // [rows][experts]
    int32_t *expert;           // [rows][used] chosen experts, best first
    float *weight;             // [rows][used]
    int32_t *slot;             // [rows][used] where in the order by expert
    int32_t *start;            // [experts + 1] first slot of each expert
    int32_t *token;            // [rows * used] by slot
    float *in;                 // [rows * used][embd] by slot
    float *hidden, *hidden_up; // [rows * used][expert_ffn] by slot
    float *out;                // [rows * used][embd] by slot
    eb_linear_job *jobs;       // [experts]
} eb_moe_state;

typedef struct eb_ssm_state {
    float *in;   // [rows][in_dim] mamba: x z; mamba2: z x B C dt
    float *conv; // [rows][channels] after the convolution
    float *dbc;  // [rows][dt_rank + 2 d_state] mamba
    float *dt;   // [rows][d_inner] mamba
    float *y;    // [rows][d_inner] mamba2
} eb_ssm_state;

typedef struct eb_state {
    int rows, max_batch, max_ctx, threads;
    eb_kv_type kv;
    size_t kv_elem; // bytes of one element of the cache
    // The memory of the sequences.
    int slots;                // max_ctx in whole blocks
    int dim_v;                // the model's, rounded up to EB_VALUE_STEP
    uint8_t *k;               // [layers][max_batch][kv_heads][slots / EB_KEY_GROUP][dim_k][EB_KEY_GROUP] of type kv
    uint8_t *v;               // [layers][max_batch][kv_heads][slots][dim_v] of type kv
    float *conv;              // [layers][max_batch][d_conv - 1][channels]
    float *ssm;               // [layers][max_batch]: see eb_ssm_head
    size_t conv_row, ssm_row; // floats of one sequence in one layer
    // The activations of a batch.
    eb_batch batch;
    float *x;                  // [rows][embd] the residual stream
    float *xb;                 // [rows][embd] normed
    float *tmp;                // [rows][embd] what is added to x
    float *q;                  // [rows][heads * dim_k]
    float *k_new, *v_new;      // [rows][kv_heads * dim]
    float *att;                // [rows][heads * dim_v]
    float *hidden, *hidden_up; // [rows][ffn or shared_ffn]
    double *freq;              // [rot / 2] angle per position
    float *cos, *sin;          // [rows][rot / 2]
    int tile_queries;          // of a tile with the heads of one kv_head
    eb_attended tile;          // [threads][2: all spans so far, one span][tile_queries]
    eb_attended spans;         // [max_batch][kv_heads][spans][heads / kv_heads]
    eb_moe_state moe;
    eb_ssm_state ssm_act;
    float *taps;   // [layers][d_conv][channels] the convolution's weights, turned
    float *rate;   // [layers][blocks of EB_SCAN_LANES channels][d_state][EB_SCAN_LANES] mamba: log2(e) ssm_a
    float *logits; // [max_batch][vocab]
    eb_q8 *q8;     // [q8_rows][longest row / 32] the columns of eb_linear for packed weights; NULL = none are packed
    size_t q8_bytes;
    uint8_t *prepared; // [as many rows] columns that eb_prompt_ops has prepared; NULL = it takes no matrix
    size_t prepared_bytes;
    uint8_t *scratch;                 // [threads][scratch_bytes] of the kernels
    size_t scratch_bytes, room_bytes; // the last of a thread's: rows of weights that are packed for one product
    void *memory, *work;              // the two blocks that all of the above lies in
    size_t memory_bytes, work_bytes;
} eb_state;

static inline uint8_t *eb_state_room(const eb_state *s, int thread)
{
    return s->scratch + (size_t)(thread + 1) * s->scratch_bytes - s->room_bytes;
}

// Tokens of a prefill step: config->chunk_tok, or the engine's choice.
int eb_state_chunk(const eb_engine_config *config);
// Fills in the sizes only (memory_bytes, work_bytes; SIZE_MAX where they overflow), allocating nothing.
void eb_state_size(eb_state *s, const eb_model *m, const eb_kernels *kernels, const eb_engine_config *config);
// After eb_state_size: allocates, zeroes (so that every page is there) and fills the constant tables.
bool eb_state_alloc(eb_state *s, const eb_model *m, eb_err *err);
void eb_state_deinit(eb_state *s);

// Forgets sequence `seq`: zeroes its recurrent state (a KV cache needs nothing).
void eb_state_forget(eb_state *s, const eb_model *m, int seq);

// An empty batch; then rows of sequence `seq` at positions pos.. are appended, the last `n_out` of them
// with logits. The caller keeps within `rows`, and to one call per sequence and batch.
void eb_batch_clear(eb_batch *b);
void eb_batch_add(eb_batch *b, int seq, int pos, const int32_t *tokens, int n, int n_out);

// A sequence's memory of the scan in one layer. mamba: [blocks of EB_SCAN_LANES channels][d_state][EB_SCAN_LANES];
// mamba2: [heads][d_state][ldh], then [heads] factors, see eb_scan2. eb_ssm_head: where channel or head `i` begins (a
// channel that is a multiple of EB_SCAN_LANES); eb_ssm_ldh: mamba2's ldh.
size_t eb_ssm_head(const eb_hparams *hp, int64_t i);
size_t eb_ssm_ldh(const eb_hparams *hp);
// Channels that mamba's convolution runs over.
int64_t eb_ssm_channels(const eb_hparams *hp);

#endif
