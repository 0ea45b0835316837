// SPDX-License-Identifier: Apache-2.0
// A pool of threads that share loops. The caller is worker 0 and works too; workers spin for some
// microseconds after a loop, then sleep until the next one. Which worker takes which piece is left to
// chance, so `fn` must not let its result depend on it.
// Threads: one loop at a time, always from the thread that made the pool.
#ifndef EB_NATIVE_POOL_H
#define EB_NATIVE_POOL_H

#include <stdbool.h>
#include <stdint.h>
#include "harness/base/error.h"
#include "harness/base/pulse.h"

enum { EB_POOL_MAX_THREADS = 1024 };

typedef struct eb_pool eb_pool;
// Items [begin, end) of the loop, run by worker `thread` (0 <= thread < threads of the pool).
typedef void eb_pool_fn(void *arg, int64_t begin, int64_t end, int thread);

// `affinity`: worker i, the caller included, is on the i-th CPU that the process may use (modulo their number) until
// the pool is freed, which gives the caller its own mask back. But a thread that another process keeps from its CPU in
// the midst of a loop is given that of one that waits for it.
eb_pool *eb_pool_new(int threads, bool affinity, eb_err *err);
void eb_pool_free(eb_pool *pool); // NULL is fine
int eb_pool_threads(const eb_pool *pool);
int eb_pool_moves(const eb_pool *pool); // how often a thread was given another's CPU

// Calls fn for pieces of [0, n) that are at most `grain` long and begin at multiples of it, and returns
// when all are done. A loop of one piece, or a pool of one thread, never leaves the caller.
void eb_pool_for(eb_pool *pool, int64_t n, int64_t grain, eb_pool_fn *fn, void *arg);

// fn(arg, worker, true) is called on each worker but the caller before its share of a loop that is shared, and with
// false after it. NULL = none. Not while a loop runs.
void eb_pool_watch(eb_pool *pool, void (*fn)(void *arg, int thread, bool begin), void *arg);

// Beats while the pool works, always on one thread, some ten microseconds apart where pieces are short enough: where
// there is a worker, on that one's, also for some microseconds after a loop. NULL = none: after the call nothing beats.
// Not while a loop runs.
void eb_pool_set_pulse(eb_pool *pool, const eb_pulse *pulse);

#endif
