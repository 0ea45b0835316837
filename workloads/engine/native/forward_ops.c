// SPDX-License-Identifier: Apache-2.0
// Matrices and norms, shared over the pool. Rows of weights are split, columns are not, so each weight
// is read from memory once for the whole batch.
#include "workloads/engine/native/forward.h"

#include <stdlib.h>

// Splits are multiples of ROW_STEP, a multiple of any vector length: elementwise kernels then see the
// same vectors however the rows are split, and give the same bits.
enum { ROW_STEP = 32, MAX_BLOCK = 1024, PIECES_PER_THREAD = 4, NORM_GRAIN = 8, QUANTIZE_GRAIN = 4 };

typedef struct linear_task {
    const eb_net *net;
    const eb_linear_job *jobs;
    int64_t block; // rows of weights in a piece
} linear_task;

static size_t stride(size_t given, int64_t natural)
{
    return given ? given : (size_t)natural;
}

// Where the columns of a job lie among the quantized ones, which are in the order of the first job's array.
static const eb_q8 *quantized(const linear_task *t, const eb_linear_job *job)
{
    const size_t ldx = stride(job->ldx, job->w->in);
    return t->net->state->q8 + (size_t)(job->x - t->jobs->x) / ldx * (size_t)(job->w->in / EB_Q8_CHUNK);
}

static void multiply_packed(const linear_task *t, const eb_mat *w, int expert, const eb_linear_job *job, float *y,
                            int64_t r0, int64_t r1, int thread)
{
    const eb_state *s = t->net->state;
    const size_t ldy = stride(job->ldy, w->out);
    t->net->kernels->packed->matmul(w->type, w->packed + (size_t)expert * w->packed_expert_bytes, w->in, r0, r1,
                                    quantized(t, job), (size_t)(w->in / EB_Q8_CHUNK), job->m, y, ldy,
                                    s->scratch + (size_t)thread * s->scratch_bytes);
}

typedef void matmul_fn(eb_wtype type, const void *w, size_t row_bytes, int64_t n, int64_t r0, int64_t r1,
                       const float *x, size_t ldx, int m, float *y, size_t ldy, void *scratch);

static matmul_fn *matmul_of(const linear_task *t, const eb_mat *w, const eb_linear_job *job)
{
    const eb_kernels *k = t->net->kernels;
    const bool prompt = k->prompt && t->net->state->batch.prompt && !job->few && k->prompt->takes(w->type);
    return prompt ? k->prompt->matmul : k->matmul;
}

static void multiply(const linear_task *t, const eb_mat *w, int expert, const eb_linear_job *job, float *y, int64_t r0,
                     int64_t r1, int thread)
{
    const eb_state *s = t->net->state;
    const size_t ldx = stride(job->ldx, w->in), ldy = stride(job->ldy, w->out);
    const uint8_t *rows = w->data + (size_t)expert * w->expert_bytes;
    if (w->packed) {
        multiply_packed(t, w, expert, job, y, r0, r1, thread);
        return;
    }
    matmul_fn *const product = matmul_of(t, w, job);
    for (int j = 0; j < job->m; j += EB_MATMUL_MAX_M) {
        int m = job->m - j < EB_MATMUL_MAX_M ? job->m - j : EB_MATMUL_MAX_M;
        product(w->type, rows, w->row_bytes, w->in, r0, r1, job->x + (size_t)j * ldx, ldx, m, y + (size_t)j * ldy, ldy,
                s->scratch + (size_t)thread * s->scratch_bytes);
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

// Rows of a piece: a few pieces per thread, so that one who is late does not keep the others waiting long.
static int64_t block_rows(const eb_net *net, const eb_linear_job *jobs, int n_jobs)
{
    int64_t rows = 0, pieces = (int64_t)eb_pool_threads(net->pool) * PIECES_PER_THREAD;
    for (int i = 0; i < n_jobs; i++)
        rows += jobs[i].w->out;
    int64_t block = (rows / pieces + ROW_STEP - 1) / ROW_STEP * ROW_STEP;
    return block < ROW_STEP ? ROW_STEP : block > MAX_BLOCK ? MAX_BLOCK : block;
}

static void quantize_rows(void *arg, int64_t begin, int64_t end, int thread)
{
    const linear_task *t = arg;
    const eb_linear_job *job = t->jobs;
    const int64_t n = job->w->in;
    const size_t ldx = stride(job->ldx, n);
    (void)thread;
    for (int64_t i = begin; i < end; i++)
        t->net->kernels->packed->quantize(job->x + (size_t)i * ldx, n, t->net->state->q8 + i * (n / EB_Q8_CHUNK));
}

static bool any_packed(const eb_linear_job *jobs, int n_jobs)
{
    for (int i = 0; i < n_jobs; i++)
        if (jobs[i].w->packed || (jobs[i].up && jobs[i].up->packed))
            return true;
    return false;
}

// Each column once, whatever the number of jobs that it is for.
static void quantize(linear_task *t, int n_jobs)
{
    int64_t columns = 0;
    const size_t ldx = stride(t->jobs->ldx, t->jobs->w->in);
    for (int i = 0; i < n_jobs; i++) {
        const int64_t end = (int64_t)((size_t)(t->jobs[i].x - t->jobs->x) / ldx) + t->jobs[i].m;
        columns = end > columns ? end : columns;
    }
    eb_pool_for(t->net->pool, columns, QUANTIZE_GRAIN, quantize_rows, t);
}

void eb_linear(const eb_net *net, const eb_linear_job *jobs, int n_jobs)
{
    linear_task task = { .net = net, .jobs = jobs, .block = block_rows(net, jobs, n_jobs) };
    if (any_packed(jobs, n_jobs))
        quantize(&task, n_jobs);
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
