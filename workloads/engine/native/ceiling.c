// SPDX-License-Identifier: Apache-2.0
#include "workloads/engine/native/ceiling.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/clock.h"
#include "harness/base/mem.h"
#include "workloads/engine/kernels/kernels.h"
#include "workloads/engine/native/native.h"
#include "workloads/engine/native/pool.h"

enum { STREAMS = 4, LINE = 64, AHEAD_BYTES = 1024, PIECE_BYTES = 4 << 20, LEAST_ROUNDS = 3 };
#define BUFFER_BYTES (256ll << 20) // beyond any cache that matters
enum { MATMUL_N = 512, MATMUL_ROWS = 128, MATMUL_M = 128, MATMUL_REPEAT = 8 };

typedef uint64_t wide __attribute__((vector_size(LINE)));

typedef struct reading {
    const uint8_t *data;
    uint64_t *sums; // one cache line per thread, so that the loads are not optimised away
} reading;

// One piece as STREAMS streams, a cache line of each in turn.
static void read_piece(void *arg, int64_t begin, int64_t end, int thread)
{
    const reading *r = arg;
    wide sum[STREAMS] = { { 0 } };
    for (int64_t piece = begin; piece < end; piece++) {
        const uint8_t *p = r->data + piece * PIECE_BYTES;
        for (size_t i = 0; i < PIECE_BYTES / STREAMS; i += LINE)
            for (int s = 0; s < STREAMS; s++) {
                const uint8_t *q = p + (size_t)s * (PIECE_BYTES / STREAMS) + i;
                __builtin_prefetch(q + AHEAD_BYTES);
                sum[s] += *(const wide *)q;
            }
    }
    for (int s = 0; s < STREAMS; s++)
        for (int k = 0; k < (int)(LINE / sizeof(uint64_t)); k++)
            r->sums[thread * (LINE / (int)sizeof(uint64_t))] += sum[s][k];
}

static double read_ceiling(eb_pool *pool, int threads, int64_t budget_ns, eb_err *err)
{
    reading r = { .sums = eb_alloc(sizeof(uint64_t) * (size_t)(threads + 1) * (LINE / sizeof(uint64_t))) };
    uint8_t *buffer = eb_try_alloc(1, (size_t)BUFFER_BYTES, "bandwidth buffer", err);
    double best = NAN;
    if (buffer) {
        memset(buffer, 1, (size_t)BUFFER_BYTES); // real pages, not the shared zero page
        r.data = buffer;
        int64_t until = eb_now_ns() + budget_ns;
        for (int round = 0; round < LEAST_ROUNDS || eb_now_ns() < until; round++) {
            int64_t t = eb_now_ns();
            eb_pool_for(pool, BUFFER_BYTES / PIECE_BYTES, 1, read_piece, &r);
            double rate = (double)BUFFER_BYTES * 1e9 / (double)(eb_now_ns() - t);
            best = isnan(best) || rate > best ? rate : best;
        }
    }
    free(buffer);
    free(r.sums);
    return best;
}

typedef struct multiplying {
    const eb_kernels *kernels;
    float *w, *x; // shared inputs
    float **y;    // per thread
    void **scratch;
} multiplying;

static void multiply(void *arg, int64_t begin, int64_t end, int thread)
{
    const multiplying *m = arg;
    for (int64_t i = begin; i < end; i++)
        m->kernels->matmul(EB_W_F32, m->w, MATMUL_N * sizeof(float), MATMUL_N, 0, MATMUL_ROWS, m->x, MATMUL_N, MATMUL_M,
                           m->y[thread], MATMUL_ROWS, m->scratch[thread]);
}

static double flop_rounds(const multiplying *m, eb_pool *pool, int threads, int64_t budget_ns)
{
    double best = NAN, flop = 2.0 * MATMUL_N * MATMUL_ROWS * MATMUL_M * MATMUL_REPEAT * threads;
    int64_t until = eb_now_ns() + budget_ns;
    for (int round = 0; round < LEAST_ROUNDS || eb_now_ns() < until; round++) {
        int64_t t = eb_now_ns();
        eb_pool_for(pool, (int64_t)MATMUL_REPEAT * threads, 1, multiply, (void *)m);
        double rate = flop * 1e9 / (double)(eb_now_ns() - t);
        best = isnan(best) || rate > best ? rate : best;
    }
    return best;
}

static double flop_ceiling(const eb_kernels *kernels, eb_pool *pool, int threads, int64_t budget_ns, eb_err *err)
{
    multiplying m = { .kernels = kernels,
                      .w = eb_try_alloc(MATMUL_N * MATMUL_ROWS, sizeof(float), "matrix", err),
                      .x = eb_try_alloc(MATMUL_N * MATMUL_M, sizeof(float), "matrix", err),
                      .y = eb_alloc(sizeof(float *) * (size_t)threads),
                      .scratch = eb_alloc(sizeof(void *) * (size_t)threads) };
    bool ok = m.w && m.x;
    for (int i = 0; ok && i < threads; i++) {
        m.y[i] = eb_try_alloc(MATMUL_ROWS * MATMUL_M, sizeof(float), "matrix", err);
        m.scratch[i] = eb_try_alloc(1, kernels->matmul_scratch(MATMUL_N, MATMUL_M), "scratch", err);
        ok = m.y[i] && m.scratch[i];
    }
    for (int i = 0; ok && i < MATMUL_N * MATMUL_ROWS; i++)
        m.w[i] = (float)(i % 7) - 3;
    for (int i = 0; ok && i < MATMUL_N * MATMUL_M; i++)
        m.x[i] = (float)(i % 5) - 2;
    double best = ok ? flop_rounds(&m, pool, threads, budget_ns) : NAN;
    for (int i = 0; i < threads; i++) {
        free(m.y[i]);
        free(m.scratch[i]);
    }
    free(m.w);
    free(m.x);
    free(m.y);
    free(m.scratch);
    return best;
}

bool eb_native_ceilings(int threads, bool affinity, int64_t budget_ns, eb_ceilings *out, eb_err *err)
{
    const eb_kernels *kernels = eb_native_kernels(err);
    *out = (eb_ceilings){ .read_bytes_s = NAN, .flop_s = NAN };
    if (!kernels)
        return false;
    snprintf(out->isa, sizeof out->isa, "%s", kernels->name);
    eb_pool *pool = eb_pool_new(threads, affinity, err);
    if (!pool)
        return false;
    out->read_bytes_s = read_ceiling(pool, threads, budget_ns / 2, err);
    if (err->code == EB_OK)
        out->flop_s = flop_ceiling(kernels, pool, threads, budget_ns / 2, err);
    eb_pool_free(pool);
    return err->code == EB_OK;
}
