// SPDX-License-Identifier: Apache-2.0
#include "workloads/engine/native/ceiling.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "harness/base/clock.h"
#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "workloads/engine/kernels/kernels.h"
#include "workloads/engine/native/caches.h"
#include "workloads/engine/native/memory.h"
#include "workloads/engine/native/native.h"
#include "workloads/engine/native/pool.h"

enum { STREAMS = 4, LINE = 64, AHEAD_BYTES = 256, PIECE_BYTES = 4 << 20, LEAST_ROUNDS = 6, MOST_ROUNDS = 128 };
enum { FULL_MIB = 256 };
#ifndef EB_CEILING_MIB // a sanitizer's build has no bandwidth to speak of, and is given less
#define EB_CEILING_MIB FULL_MIB
#endif
// The buffer: beyond the caches, and so much for each thread that none waits long for another's last piece.
enum { TIMES_CACHES = 2, PIECES_PER_THREAD = 8 };
#define LEAST_BYTES ((int64_t)EB_CEILING_MIB << 20)
#define MOST_BYTES  (LEAST_BYTES << 4)
enum { ROW_WEIGHTS = 2048, ROW_BYTES = ROW_WEIGHTS * 2 };
enum { MATMUL_N = 1024, MATMUL_ROWS = 128, MATMUL_M = 512, MATMUL_REPEAT = 2 };

typedef uint64_t wide __attribute__((vector_size(16)));

typedef struct reading reading;
struct reading {
    uint8_t *data;
    int64_t pieces;
    const eb_kernels *kernels;
    wide (*read)(const reading *r, const uint8_t *piece, int thread);
    float *x;       // the kernel's vector
    void **scratch; // per thread
    uint64_t *sums; // one cache line per thread, so that the loads are not optimised away
};

static wide read_linear(const reading *r, const uint8_t *p, int thread)
{
    wide a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };
    (void)r, (void)thread;
    for (size_t i = 0; i < PIECE_BYTES; i += LINE) {
        const wide *q = (const wide *)(p + i);
        __builtin_prefetch(p + i + AHEAD_BYTES);
        a += q[0];
        b += q[1];
        c += q[2];
        d += q[3];
    }
    return a + b + c + d;
}

// The quarters of a piece as four streams, a cache line of each in turn, one accumulator each.
static wide read_streams(const reading *r, const uint8_t *p, int thread)
{
    enum { STRIDE = PIECE_BYTES / STREAMS };
    wide a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };
    (void)r, (void)thread;
    for (size_t i = 0; i < STRIDE; i += LINE) {
        const uint8_t *q = p + i;
        for (size_t s = 0; s < STREAMS; s++)
            __builtin_prefetch(q + s * STRIDE + AHEAD_BYTES);
        for (size_t k = 0; k < LINE; k += sizeof(wide)) {
            a += *(const wide *)(q + k);
            b += *(const wide *)(q + STRIDE + k);
            c += *(const wide *)(q + 2 * STRIDE + k);
            d += *(const wide *)(q + 3 * STRIDE + k);
        }
    }
    return a + b + c + d;
}

// As decode reads an f16 model, which is arithmetic enough to need the vector units and little enough to wait for
// memory.
static wide read_rows(const reading *r, const uint8_t *p, int thread)
{
    float y[PIECE_BYTES / ROW_BYTES];
    r->kernels->matmul(EB_W_F16, p, ROW_BYTES, ROW_WEIGHTS, 0, PIECE_BYTES / ROW_BYTES, r->x, ROW_WEIGHTS, 1, y,
                       PIECE_BYTES / ROW_BYTES, r->scratch[thread]);
    return (wide){ (uint64_t)(y[0] + y[PIECE_BYTES / ROW_BYTES - 1]), 0 };
}

// Which way is fastest differs between machines, and on a shared one between minutes: all are tried in turn.
static wide (*const ways[])(const reading *r, const uint8_t *piece, int thread) = { read_linear, read_streams,
                                                                                    read_rows };
enum { WAYS = sizeof ways / sizeof *ways };

static void read_pieces(void *arg, int64_t begin, int64_t end, int thread)
{
    const reading *r = arg;
    for (int64_t i = begin; i < end; i++) {
        wide sum = r->read(r, r->data + i * PIECE_BYTES, thread);
        r->sums[thread * (LINE / (int)sizeof(uint64_t))] += sum[0] + sum[1];
    }
}

// fmax takes a number where the other is none.
static void read_rounds(reading *r, eb_pool *pool, int64_t budget_ns, eb_ceilings *out)
{
    double rate[WAYS][MOST_ROUNDS];
    const int64_t until = eb_now_ns() + budget_ns;
    int n = 0;
    for (; n < LEAST_ROUNDS || (n < MOST_ROUNDS && eb_now_ns() < until); n++)
        for (int way = 0; way < WAYS; way++) {
            r->read = ways[way];
            const int64_t t = eb_now_ns();
            eb_pool_for(pool, r->pieces, 1, read_pieces, r);
            rate[way][n] = (double)r->pieces * PIECE_BYTES * 1e9 / (double)(eb_now_ns() - t);
            out->read_bytes_s = fmax(out->read_bytes_s, rate[way][n]);
        }
    for (int way = 0; way < WAYS; way++)
        out->steady_bytes_s = fmax(out->steady_bytes_s, eb_median(rate[way], (size_t)n));
}

// One block of `bytes` per thread; false and err when one cannot be had. free_blocks takes whatever is there.
static bool alloc_blocks(void **blocks, int threads, size_t bytes, eb_err *err)
{
    for (int i = 0; i < threads; i++)
        if (!(blocks[i] = eb_try_alloc(1, bytes, "scratch", err)))
            return false;
    return true;
}

static void free_blocks(void **blocks, int threads)
{
    for (int i = 0; i < threads; i++)
        free(blocks[i]);
    free(blocks);
}

// A machine or group that a small model fits must not die of a yardstick: without the room there is no ceiling.
static bool has_room(uint64_t bytes)
{
    eb_err ignored;
    eb_err_clear(&ignored);
    return eb_memory_check(eb_memory_root(), "the bandwidth buffer", bytes, &ignored) &&
           eb_memory_check_addresses(eb_memory_root(), "the bandwidth buffer", bytes, &ignored);
}

static int64_t buffer_bytes(int threads)
{
    const int64_t caches = TIMES_CACHES * (int64_t)eb_caches_bytes("") / FULL_MIB * EB_CEILING_MIB,
                  each = PIECES_PER_THREAD * (int64_t)PIECE_BYTES;
    int64_t least = LEAST_BYTES, wanted = threads * each;
    least = caches > least ? caches : least;
    wanted = wanted > MOST_BYTES ? MOST_BYTES : wanted;
    wanted = wanted > least ? wanted : least;
    // As much again for what else runs here.
    const int64_t bytes = has_room(2 * (uint64_t)wanted) ? wanted : has_room(2 * (uint64_t)least) ? least : 0;
    return bytes / PIECE_BYTES * PIECE_BYTES;
}

// Real pages, not the shared zero page, each of them on the memory of a thread that reads it.
static void touch_pieces(void *arg, int64_t begin, int64_t end, int thread)
{
    const reading *r = arg;
    (void)thread;
    memset(r->data + begin * PIECE_BYTES, 1, (size_t)(end - begin) * PIECE_BYTES);
}

static void read_ceiling(const eb_kernels *kernels, eb_pool *pool, int threads, int64_t budget_ns, eb_ceilings *out,
                         eb_err *err)
{
    const int64_t bytes = buffer_bytes(threads);
    const size_t mapped = (size_t)bytes + PIECE_BYTES; // reading ahead of the last piece stays inside
    if (bytes == 0)
        return;
    void *buffer = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (buffer == MAP_FAILED)
        return;
    madvise(buffer, mapped, MADV_HUGEPAGE); // as weights are
    reading r = { .data = buffer,
                  .pieces = bytes / PIECE_BYTES,
                  .kernels = kernels,
                  .x = eb_alloc(sizeof(float) * ROW_WEIGHTS),
                  .scratch = eb_alloc(sizeof(void *) * (size_t)threads),
                  .sums = eb_alloc(sizeof(uint64_t) * (size_t)(threads + 1) * (LINE / sizeof(uint64_t))) };
    if (alloc_blocks(r.scratch, threads, kernels->matmul_scratch(ROW_WEIGHTS, 1), err)) {
        eb_pool_for(pool, r.pieces, 1, touch_pieces, &r);
        read_rounds(&r, pool, budget_ns, out);
    }
    munmap(buffer, mapped);
    free(r.x);
    free_blocks(r.scratch, threads);
    free(r.sums);
}

typedef struct multiplying {
    const eb_kernels *kernels;
    float *w, *x;        // shared inputs
    eb_q8 *q8;           // the same as x, for 8-bit products of w
    uint8_t *prepared;   // and for those of prompts
    void **y, **scratch; // per thread
} multiplying;

static void multiply(void *arg, int64_t begin, int64_t end, int thread)
{
    const multiplying *m = arg;
    for (int64_t i = begin; i < end; i++)
        m->kernels->matmul(EB_W_F32, m->w, MATMUL_N * sizeof(float), MATMUL_N, 0, MATMUL_ROWS, m->x, MATMUL_N, MATMUL_M,
                           m->y[thread], MATMUL_ROWS, m->scratch[thread]);
}

static void multiply_int8(void *arg, int64_t begin, int64_t end, int thread)
{
    const multiplying *m = arg;
    for (int64_t i = begin; i < end; i++)
        m->kernels->packed->matmul(EB_W_Q8_0, m->w, MATMUL_N, 0, MATMUL_ROWS, m->q8, MATMUL_N / EB_Q8_CHUNK, MATMUL_M,
                                   m->y[thread], MATMUL_ROWS, m->scratch[thread]);
}

// The rows as weights of half the width.
static void multiply_prompt(void *arg, int64_t begin, int64_t end, int thread)
{
    const multiplying *m = arg;
    for (int64_t i = begin; i < end; i++)
        m->kernels->prompt->matmul(EB_W_F16, m->w, MATMUL_N * sizeof(uint16_t), MATMUL_N, 0, MATMUL_ROWS, m->prepared,
                                   MATMUL_M, m->y[thread], MATMUL_ROWS, m->scratch[thread]);
}

static double flop_rounds(const multiplying *m, eb_pool_fn *fn, eb_pool *pool, int threads, int64_t budget_ns)
{
    double best = NAN, flop = 2.0 * MATMUL_N * MATMUL_ROWS * MATMUL_M * MATMUL_REPEAT * threads;
    int64_t until = eb_now_ns() + budget_ns;
    for (int round = 0; round < LEAST_ROUNDS || eb_now_ns() < until; round++) {
        int64_t t = eb_now_ns();
        eb_pool_for(pool, (int64_t)MATMUL_REPEAT * threads, 1, fn, (void *)m);
        double rate = flop * 1e9 / (double)(eb_now_ns() - t);
        best = isnan(best) || rate > best ? rate : best;
    }
    return best;
}

static size_t most_scratch(const eb_kernels *kernels)
{
    const size_t bytes[] = { kernels->matmul_scratch(MATMUL_N, MATMUL_M),
                             kernels->packed ? kernels->packed->scratch(MATMUL_N) : 0,
                             kernels->prompt ? kernels->prompt->scratch() : 0 };
    size_t most = 0;
    for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++)
        most = bytes[i] > most ? bytes[i] : most;
    return most;
}

// All arithmetics of the table; what of w is taken as weights of other types does not matter.
static void flop_ceilings(const eb_kernels *kernels, eb_pool *pool, int threads, int64_t budget_ns, eb_ceilings *out,
                          eb_err *err)
{
    multiplying m = { .kernels = kernels,
                      .w = eb_try_alloc(MATMUL_N * MATMUL_ROWS, sizeof(float), "matrix", err),
                      .x = eb_try_alloc(MATMUL_N * MATMUL_M, sizeof(float), "matrix", err),
                      .y = eb_alloc(sizeof(void *) * (size_t)threads),
                      .scratch = eb_alloc(sizeof(void *) * (size_t)threads) };
    m.q8 = eb_try_alloc(MATMUL_M * (MATMUL_N / EB_Q8_CHUNK), sizeof *m.q8, "matrix", err);
    const size_t column = kernels->prompt ? kernels->prompt->column_bytes(MATMUL_N) : 1;
    m.prepared = eb_try_alloc(MATMUL_M, column, "matrix", err);
    bool ok = m.w && m.x && m.q8 && m.prepared &&
              alloc_blocks(m.y, threads, MATMUL_ROWS * MATMUL_M * sizeof(float), err) &&
              alloc_blocks(m.scratch, threads, most_scratch(kernels), err);
    for (int i = 0; ok && i < MATMUL_N * MATMUL_ROWS; i++)
        m.w[i] = (float)(i % 7) - 3;
    for (int i = 0; ok && i < MATMUL_N * MATMUL_M; i++)
        m.x[i] = (float)(i % 5) - 2;
    for (size_t i = 0; ok && kernels->prompt && i < MATMUL_M; i++)
        kernels->prompt->prepare(m.x + i * MATMUL_N, MATMUL_N, m.prepared + i * column);
    if (ok)
        out->flop_s = flop_rounds(&m, multiply, pool, threads, budget_ns);
    if (ok && kernels->prompt)
        out->flop_s = fmax(out->flop_s, flop_rounds(&m, multiply_prompt, pool, threads, budget_ns));
    if (ok && kernels->packed)
        out->int8_op_s = flop_rounds(&m, multiply_int8, pool, threads, budget_ns);
    free_blocks(m.y, threads);
    free_blocks(m.scratch, threads);
    free(m.w);
    free(m.x);
    free(m.q8);
    free(m.prepared);
}

bool eb_native_ceilings(int threads, bool affinity, int64_t budget_ns, eb_ceilings *out, eb_err *err)
{
    const eb_kernels *kernels = eb_native_kernels(err);
    *out = (eb_ceilings){ .read_bytes_s = NAN, .steady_bytes_s = NAN, .flop_s = NAN, .int8_op_s = NAN };
    if (!kernels)
        return false;
    snprintf(out->isa, sizeof out->isa, "%s", kernels->name);
    eb_pool *pool = eb_pool_new(threads, affinity, err);
    if (!pool)
        return false;
    read_ceiling(kernels, pool, threads, budget_ns / 2, out, err);
    if (err->code == EB_OK)
        flop_ceilings(kernels, pool, threads, budget_ns / 2, out, err);
    eb_pool_free(pool);
    return err->code == EB_OK;
}
