// SPDX-License-Identifier: Apache-2.0
// The pool: a loop is announced by counting `generation` up, its pieces are taken from `next`, and
// `working` counts the workers that have not finished it. Whoever waits (workers for a loop, the caller
// for the last worker) spins first, since most loops of a decode step are a few microseconds apart, and
// then sleeps on the counter it waits for (futex), so that an idle engine costs nothing.
#include "workloads/engine/native/pool.h"

#include <assert.h>
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness/base/cpus.h"
#include "harness/base/mem.h"

#if defined(__x86_64__)
#define SPIN_HINT() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define SPIN_HINT() __asm__ volatile("yield")
#else
#define SPIN_HINT() ((void)0)
#endif

enum { CACHE_LINE = 64, SPINS = 2000, STACK_BYTES = 256 * 1024 };

// One thread beats: a worker, where there is one. Its best time is when it waits for the next loop, and costs nothing;
// only where loops are long it also beats between two pieces. That reads the clock: pieces between two beats double and
// halve so that beats stay this far apart. Few at most, since the pieces of a prompt that follow those of a token are
// far longer.
enum { BEAT_MIN_NS = 20000, BEAT_MAX_NS = 100000, BEAT_PIECES_MAX = 8, BEAT_REST = 2, BEAT_SPINS = 500 };

typedef struct beats {
    const eb_pulse *pulse; // NULL = none
    int pieces, left;      // from beat to beat, and until the next
    int64_t last_ns;
} beats;

typedef struct worker {
    eb_pool *pool;
    int index;
    pthread_t thread;
} worker;

struct eb_pool {
    int threads, spins;
    worker *workers; // [threads - 1], worker 1 first
    int started;
    bool pinned;
    cpu_set_t callers_mask;
    // The loop, written by the caller before `generation` says that it is there.
    eb_pool_fn *fn;
    void *arg;
    int64_t n, grain;
    bool quit;
    void (*watch)(void *arg, int thread, bool begin);
    void *watch_arg;
    const eb_pulse *pulse; // as wanted; the thread that beats follows
    _Alignas(CACHE_LINE) _Atomic int64_t next;
    _Alignas(CACHE_LINE) _Atomic uint32_t generation;
    _Atomic uint32_t sleepers;
    _Alignas(CACHE_LINE) _Atomic uint32_t working;
    _Atomic uint32_t caller_sleeps;
    _Alignas(CACHE_LINE) beats beats; // only of the thread that beats
};

static void futex_wait(_Atomic uint32_t *at, uint32_t while_value)
{
    syscall(SYS_futex, at, FUTEX_WAIT_PRIVATE, while_value, NULL, NULL, 0);
}

static void futex_wake_all(_Atomic uint32_t *at)
{
    syscall(SYS_futex, at, FUTEX_WAKE_PRIVATE, 0x7fffffff, NULL, NULL, 0);
}

static bool is_beater(const eb_pool *pool, int thread)
{
    return thread == (pool->threads > 1 ? 1 : 0);
}

static void follow_pulse(eb_pool *pool)
{
    if (pool->beats.pulse != pool->pulse)
        pool->beats = (beats){ .pulse = pool->pulse, .pieces = 1, .left = 1 };
}

static void beat(beats *b)
{
    int64_t now_ns = b->pulse->beat(b->pulse->arg), gap_ns = now_ns - b->last_ns;
    if (gap_ns < BEAT_MIN_NS && b->pieces < BEAT_PIECES_MAX)
        b->pieces *= 2;
    else if (gap_ns > BEAT_MAX_NS && b->pieces > 1)
        b->pieces /= 2;
    b->left = b->pieces;
    b->last_ns = now_ns;
}

static void take_pieces(eb_pool *pool, int thread)
{
    // Early in a loop a beat costs the others a piece more each; at its end they would wait.
    int64_t beats_until = -1;
    if (is_beater(pool, thread)) {
        follow_pulse(pool);
        if (pool->beats.pulse)
            beats_until = thread > 0 ? pool->n - BEAT_REST * pool->threads * pool->grain : pool->n;
    }
    for (;;) {
        int64_t begin = atomic_fetch_add_explicit(&pool->next, pool->grain, memory_order_relaxed);
        if (begin >= pool->n)
            return;
        int64_t end = begin + pool->grain < pool->n ? begin + pool->grain : pool->n;
        if (begin <= beats_until && --pool->beats.left <= 0)
            beat(&pool->beats);
        pool->fn(pool->arg, begin, end, thread);
    }
}

// The sleeper counts itself before it looks at the generation once more, and the caller counts the
// generation up before it looks for sleepers: in the one order of all four, one of them sees the other.
static uint32_t wait_for_loop(worker *w, uint32_t seen)
{
    eb_pool *pool = w->pool;
    const bool beating = is_beater(pool, w->index) && pool->beats.pulse;
    for (int i = 0; i < pool->spins; i++) {
        uint32_t now = atomic_load_explicit(&pool->generation, memory_order_acquire);
        if (now != seen)
            return now;
        if (beating && i % BEAT_SPINS == 0)
            beat(&pool->beats);
        SPIN_HINT();
    }
    uint32_t now;
    atomic_fetch_add(&pool->sleepers, 1);
    while ((now = atomic_load(&pool->generation)) == seen)
        futex_wait(&pool->generation, seen);
    atomic_fetch_sub(&pool->sleepers, 1);
    return now;
}

static void *work(void *arg)
{
    worker *w = arg;
    eb_pool *pool = w->pool;
    uint32_t seen = 0;
    for (;;) {
        seen = wait_for_loop(w, seen);
        if (pool->quit)
            return NULL;
        if (pool->watch)
            pool->watch(pool->watch_arg, w->index, true);
        take_pieces(pool, w->index);
        if (pool->watch)
            pool->watch(pool->watch_arg, w->index, false);
        if (atomic_fetch_sub(&pool->working, 1) == 1 && atomic_load(&pool->caller_sleeps))
            futex_wake_all(&pool->working);
    }
}

static void wait_for_workers(eb_pool *pool)
{
    for (int i = 0; i < pool->spins; i++) {
        if (atomic_load_explicit(&pool->working, memory_order_acquire) == 0)
            return;
        SPIN_HINT();
    }
    uint32_t left;
    atomic_store(&pool->caller_sleeps, 1);
    while ((left = atomic_load(&pool->working)) != 0)
        futex_wait(&pool->working, left);
    atomic_store(&pool->caller_sleeps, 0);
}

static void announce(eb_pool *pool)
{
    atomic_store_explicit(&pool->working, (uint32_t)pool->started, memory_order_relaxed);
    atomic_fetch_add(&pool->generation, 1);
    if (atomic_load(&pool->sleepers))
        futex_wake_all(&pool->generation);
}

void eb_pool_for(eb_pool *pool, int64_t n, int64_t grain, eb_pool_fn *fn, void *arg)
{
    assert(grain > 0);
    if (n <= 0)
        return;
    pool->fn = fn;
    pool->arg = arg;
    pool->n = n;
    pool->grain = grain < n ? grain : n;
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    if (pool->started == 0 || n <= grain) {
        take_pieces(pool, 0);
        return;
    }
    announce(pool);
    take_pieces(pool, 0);
    wait_for_workers(pool);
}

static int nth_cpu(const cpu_set_t *mask, int n)
{
    int count = CPU_COUNT(mask);
    n = count > 0 ? n % count : 0;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, mask) && n-- == 0)
            return cpu;
    return -1;
}

static bool pin(pthread_t thread, const cpu_set_t *mask, int index)
{
    cpu_set_t one;
    int cpu = nth_cpu(mask, index);
    if (cpu < 0)
        return false;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    return pthread_setaffinity_np(thread, sizeof one, &one) == 0;
}

static bool pin_all(eb_pool *pool, eb_err *err)
{
    if (pthread_getaffinity_np(pthread_self(), sizeof pool->callers_mask, &pool->callers_mask) != 0)
        return eb_err_set(err, EB_FAILED, "the CPUs that this process may use cannot be read");
    pool->pinned = true;
    bool ok = pin(pthread_self(), &pool->callers_mask, 0);
    for (int i = 0; i < pool->started; i++)
        ok = ok && pin(pool->workers[i].thread, &pool->callers_mask, pool->workers[i].index);
    if (ok)
        return true;
    eb_err_set(err, EB_FAILED, "the system refused to pin %d threads to CPUs", pool->threads);
    return eb_err_hint(err, "set affinity = no in [run]");
}

// Signals are the caller's business: a worker that took one would be a worker that is late.
static bool start(eb_pool *pool, eb_err *err)
{
    pthread_attr_t attr;
    sigset_t all, before;
    int rc = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    for (int i = 0; rc == 0 && i < pool->threads - 1; i++) {
        pool->workers[i] = (worker){ .pool = pool, .index = i + 1 };
        rc = pthread_create(&pool->workers[i].thread, &attr, work, &pool->workers[i]);
        pool->started += rc == 0;
    }
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc == 0)
        return true;
    eb_err_set(err, EB_FAILED, "thread %d of %d cannot be started", pool->started + 1, pool->threads);
    return eb_err_hint(err, "ask for fewer threads, or raise the limit (ulimit -u, pids.max)");
}

eb_pool *eb_pool_new(int threads, bool affinity, eb_err *err)
{
    if (threads < 1 || threads > EB_POOL_MAX_THREADS) {
        eb_err_set(err, EB_USAGE, "%d threads: there can be 1 to %d", threads, EB_POOL_MAX_THREADS);
        return NULL;
    }
    eb_pool *pool = eb_try_alloc(1, sizeof *pool, "the thread pool", err);
    if (!pool)
        return NULL;
    pool->threads = threads;
    pool->spins = threads <= eb_cpus_usable() ? SPINS : 0; // no CPU of its own to spin on
    pool->workers = eb_alloc((size_t)threads * sizeof *pool->workers);
    if (start(pool, err) && (!affinity || pin_all(pool, err)))
        return pool;
    eb_pool_free(pool);
    return NULL;
}

void eb_pool_free(eb_pool *pool)
{
    if (!pool)
        return;
    pool->quit = true;
    announce(pool);
    for (int i = 0; i < pool->started; i++)
        pthread_join(pool->workers[i].thread, NULL);
    if (pool->pinned)
        pthread_setaffinity_np(pthread_self(), sizeof pool->callers_mask, &pool->callers_mask);
    free(pool->workers);
    free(pool);
}

void eb_pool_watch(eb_pool *pool, void (*fn)(void *arg, int thread, bool begin), void *arg)
{
    pool->watch = fn;
    pool->watch_arg = arg;
}

static void no_work(void *arg, int64_t begin, int64_t end, int thread)
{
    (void)arg, (void)begin, (void)end, (void)thread;
}

// The worker that beats may do so between loops: after one that all take part in, it beats as is wanted now.
void eb_pool_set_pulse(eb_pool *pool, const eb_pulse *pulse)
{
    if (pool->pulse == pulse)
        return;
    pool->pulse = pulse;
    if (pool->threads > 1)
        eb_pool_for(pool, pool->threads, 1, no_work, NULL);
}

int eb_pool_threads(const eb_pool *pool)
{
    return pool->threads;
}
