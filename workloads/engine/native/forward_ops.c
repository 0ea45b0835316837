// SPDX-License-Identifier: Apache-2.0
// Matrices and norms, shared over the pool. Rows of weights are split, columns are not, so each weight
// is read from memory once for the whole batch.
#include "workloads/engine/native/forward.h"

#include <stdlib.h>
#include "workloads/engine/native/repack.h"

// Splits are multiples of a step that is one of any vector length: elementwise kernels then see the same vectors
// however the rows are split, and give the same bits. With few columns a piece is a run through memory, the longer the
// better; with many it is arithmetic, whole tiles of it, and shorter ones leave less to wait for: as short as a panel,
// where that leaves each thread some pieces.
enum { FEW_STEP = EB_PACK_ROWS, FEW_PIECES = 2, STEP = 32, PIECES = 8, LEAST_PIECES = 4, PLAIN_PANEL = 128 };
enum { FEW = 4, MAX_BLOCK = 1024, NORM_GRAIN = 8, PREPARE_GRAIN = 4 };

typedef struct linear_task {
    const eb_net *net;
    const eb_linear_job *jobs;
    int64_t block;        // rows of weights in a piece
    bool packed, prompts; // some matrix wants its columns quantized, or prepared
} linear_task;

static size_t stride(size_t given, int64_t natural)
{
    return given ? given : (size_t)natural;
}

// Which of the quantized or prepared columns, which are in the order of the first job's array, is the job's first.
static size_t first_column(const linear_task *t, const eb_linear_job *job)
{
    return (size_t)(job->x - t->jobs->x) / stride(job->ldx, job->w->in);
}

static bool by_prompt(const eb_net *net, const eb_mat *w, const eb_linear_job *job)
{
    const eb_prompt_ops *prompt = net->kernels->prompt;
    return prompt && net->state->batch.prompt && !job->few && prompt->takes(w->type);
}

// Rows [r0, r1) of weights that are packed, or are so for the time of this product.
static void multiply_packed(const linear_task *t, const eb_mat *w, int expert, const eb_linear_job *job, float *y,
                            int64_t r0, int64_t r1, int thread)
{
    const eb_state *s = t->net->state;
    const eb_packed_ops *packed = t->net->kernels->packed;
    const size_t chunks = (size_t)(w->in / EB_Q8_CHUNK), ldy = stride(job->ldy, w->out);
    const eb_q8 *x = s->q8 + first_column(t, job) * chunks;
    uint8_t *scratch = s->scratch + (size_t)thread * s->scratch_bytes, *room = eb_state_room(s, thread);
    if (w->packed) {
        packed->matmul(w->type, w->packed + (size_t)expert * w->packed_expert_bytes, w->in, r0, r1, x, chunks, job->m,
                       y, ldy, scratch);
        return;
    }
    const uint8_t *rows = w->data + (size_t)expert * w->expert_bytes;
    for (int64_t r = r0, n; r < r1; r += n) {
        n = r1 - r < EB_REPACK_ROWS ? r1 - r : EB_REPACK_ROWS;
        eb_pack(w->type, rows + (size_t)r * w->row_bytes, w->row_bytes, w->in, n, 0,
                (n + EB_PACK_ROWS - 1) / EB_PACK_ROWS, room);
        packed->matmul(w->type, room, w->in, 0, n, x, chunks, job->m, y + r, ldy, scratch);
    }
}

static void multiply(const linear_task *t, const eb_mat *w, int expert, const eb_linear_job *job, float *y, int64_t r0,
                     int64_t r1, int thread)
{
    const eb_state *s = t->net->state;
    const eb_kernels *k = t->net->kernels;
    const size_t ldx = stride(job->ldx, w->in), ldy = stride(job->ldy, w->out);
    const uint8_t *rows = w->data + (size_t)expert * w->expert_bytes;
    void *scratch = s->scratch + (size_t)thread * s->scratch_bytes;
    if (eb_repack_takes(k, w)) {
        multiply_packed(t, w, expert, job, y, r0, r1, thread);
        return;
    }
    if (by_prompt(t->net, w, job)) {
        k->prompt->matmul(w->type, rows, w->row_bytes, w->in, r0, r1,
                          s->prepared + first_column(t, job) * k->prompt->column_bytes(w->in), job->m, y, ldy, scratch);
        return;
    }
    for (int j = 0; j < job->m; j += EB_MATMUL_MAX_M) {
        int m = job->m - j < EB_MATMUL_MAX_M ? job->m - j : EB_MATMUL_MAX_M;
        k->matmul(w->type, rows, w->row_bytes, w->in, r0, r1, job->x + (size_t)j * ldx, ldx, m, y + (size_t)j * ldy,
                  ldy, scratch);
    }
}

static void finish_rows(const linear_task *t, const eb_linear_job *job, int64_t r0, int64_t r1)
{
    const size_t ldy = stride(job->ldy, job->w->out);
    for (int j = 0; j < job->m; j++) {
        float *y = job->y + (size_t)j * ldy, *add = job->add ? job->add + (size_t)j * ldy : NULL;
        if (job->bias)
            t->net->kernels->axpy(y + r0, 1, job->bias + r0, r1 - r0);
        if (job->up)
            t->net->kernels->silu_mul(y + r0, job->y_up + (size_t)j * ldy + r0, r1 - r0);
        if (add)
            t->net->kernels->axpy(add + r0, 1, y + r0, r1 - r0);
    }
}

static int64_t blocks_of(const eb_linear_job *job, int64_t block)
{
    return (job->w->out + block - 1) / block;
}

static void run_block(const linear_task *t, int64_t item, int thread)
{
    const eb_linear_job *job = t->jobs;
    for (int64_t n; item >= (n = blocks_of(job, t->block)); job++)
        item -= n;
    int64_t r0 = item * t->block, r1 = r0 + t->block < job->w->out ? r0 + t->block : job->w->out;
    multiply(t, job->w, job->expert, job, job->y, r0, r1, thread);
    if (job->up)
        multiply(t, job->up, job->expert, job, job->y_up, r0, r1, thread);
    if (job->bias || job->up || job->add)
        finish_rows(t, job, r0, r1);
}

static void run_blocks(void *arg, int64_t begin, int64_t end, int thread)
{
    for (int64_t i = begin; i < end; i++)
        run_block(arg, i, thread);
}

// Rows of each of so many pieces.
static int64_t rows_each(int64_t rows, int64_t pieces, int64_t step)
{
    const int64_t n = (rows / pieces + step - 1) / step * step;
    return n < step ? step : n > MAX_BLOCK ? MAX_BLOCK : n;
}

// Rows of a piece.
static int64_t block_rows(const eb_net *net, const eb_linear_job *jobs, int n_jobs)
{
    const int64_t threads = eb_pool_threads(net->pool);
    int64_t rows = 0;
    for (int i = 0; i < n_jobs; i++)
        rows += jobs[i].w->out;
    if (net->state->batch.live <= FEW)
        return rows_each(rows, threads * FEW_PIECES, FEW_STEP);
    const int64_t panel = net->kernels->packed ? net->kernels->packed->panel_rows : PLAIN_PANEL;
    const int64_t shortest = rows_each(rows, threads * PIECES, STEP);
    const int64_t longest = rows_each(rows, threads * LEAST_PIECES, STEP);
    return shortest >= panel ? shortest : longest < panel ? longest : panel;
}

static void prepare_columns(void *arg, int64_t begin, int64_t end, int thread)
{
    const linear_task *t = arg;
    const eb_kernels *k = t->net->kernels;
    const eb_state *s = t->net->state;
    const int64_t n = t->jobs->w->in;
    (void)thread;
    for (int64_t i = begin; i < end; i++) {
        const float *x = t->jobs->x + (size_t)i * stride(t->jobs->ldx, n);
        if (t->packed)
            k->packed->quantize(x, n, s->q8 + i * (n / EB_Q8_CHUNK));
        if (t->prompts)
            k->prompt->prepare(x, n, s->prepared + (size_t)i * k->prompt->column_bytes(n));
    }
}

static void note_wishes(linear_task *t, int n_jobs)
{
    for (int i = 0; i < n_jobs; i++) {
        const eb_linear_job *job = &t->jobs[i];
        t->packed |= eb_repack_takes(t->net->kernels, job->w) || (job->up && eb_repack_takes(t->net->kernels, job->up));
        t->prompts |= by_prompt(t->net, job->w, job) || (job->up && by_prompt(t->net, job->up, job));
    }
}

// Each column once, whatever the number of jobs that it is for.
static void prepare(linear_task *t, int n_jobs)
{
    int64_t columns = 0;
    for (int i = 0; i < n_jobs; i++) {
        const int64_t end = (int64_t)first_column(t, &t->jobs[i]) + t->jobs[i].m;
        columns = end > columns ? end : columns;
    }
    eb_pool_for(t->net->pool, columns, PREPARE_GRAIN, prepare_columns, t);
}

void eb_linear(const eb_net *net, const eb_linear_job *jobs, int n_jobs)
{
    if (n_jobs == 0 || jobs->m == 0)
        return;
    linear_task task = { .net = net, .jobs = jobs, .block = block_rows(net, jobs, n_jobs) };
    note_wishes(&task, n_jobs);
    if (task.packed || task.prompts)
        prepare(&task, n_jobs);
    int64_t items = 0;
    for (int i = 0; i < n_jobs; i++)
        items += blocks_of(&jobs[i], task.block);
    eb_pool_for(net->pool, items, 1, run_blocks, &task);
}

typedef struct norm_task {
    const eb_net *net;
    float *out;
    const float *x, *weight;
    int64_t dim;
} norm_task;

static void norm_rows(void *arg, int64_t begin, int64_t end, int thread)
{
    const norm_task *t = arg;
    (void)thread;
    for (int64_t i = begin; i < end; i++)
        t->net->kernels->rms_norm(t->out + i * t->dim, t->x + i * t->dim, t->weight, t->dim,
                                  t->net->model->hp.norm_eps);
}

void eb_norm(const eb_net *net, float *out, const float *x, const float *weight, int n, int64_t dim)
{
    norm_task task = { .net = net, .out = out, .x = x, .weight = weight, .dim = dim };
    eb_pool_for(net->pool, n, NORM_GRAIN, norm_rows, &task);
}
