// SPDX-License-Identifier: Apache-2.0
// The pool: a loop is announced by counting `generation` up, and its pieces are taken from `next`. Workers that come
// while there are pieces go in by the `door`, which the caller closes when it finds none left; it then waits for those
// that are inside, and for nobody else: a worker that another process keeps from its CPU is not missed.
//
// Whoever waits (workers for a loop, the caller for the last of them) spins first, since most loops of a decode step
// are a few microseconds apart, and then sleeps on what it waits for (futex), so that an idle engine costs nothing.
// Where threads are pinned, one may be kept from its CPU with a piece in its hands, for milliseconds: whoever waits for
// that sees its CPU time stand still. A caller then lends its own CPU to such a worker until the loop is done. A worker
// exchanges CPUs with such a caller for good, since the caller is needed between loops too.
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
#include <time.h>
#include <unistd.h>

#include "harness/base/clock.h"
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

// The door: generation << 32, and
enum { INSIDE = 0x7fffffff }; // how many workers are inside
static const uint64_t CLOSED = 1u << 31;

// Who is waited for longer than this is looked at; it is stuck if it ran for less than a part of the time.
enum { LOOK_NS = 250000, STUCK_PART = 4 };

typedef struct glance {
    int64_t at_ns, ran_ns; // when, and the thread's CPU time then; 0 = not yet
} glance;

typedef struct worker {
    eb_pool *pool;
    int index;
    pthread_t thread;
    _Atomic bool inside;
    bool lent;     // the caller's CPU
    glance glance; // of it by the caller
} worker;

struct eb_pool {
    int threads, spins;
    worker *workers; // [threads - 1], worker 1 first
    int started;
    _Atomic bool pinned; // once cpu says where
    cpu_set_t callers_mask;
    pthread_t caller;
    pthread_mutex_t moving;
    int *cpu;           // [threads] each thread's, where they are pinned
    uint32_t exchanged; // the generation of the last loop in which CPUs were
    _Atomic int moves;
    // The loop, written by the caller before `generation` says that it is there.
    eb_pool_fn *fn;
    void *arg;
    int64_t n, grain;
    _Atomic bool quit;
    void (*watch)(void *arg, int thread, bool begin);
    void *watch_arg;
    const eb_pulse *pulse; // as wanted; the thread that beats follows
    _Alignas(CACHE_LINE) _Atomic int64_t next;
    _Alignas(CACHE_LINE) _Atomic uint32_t generation;
    _Atomic uint32_t sleepers;
    _Alignas(CACHE_LINE) _Atomic uint64_t door;
    _Atomic uint32_t joined, left, caller_sleeps; // who went in; counts those that went out of a closed door
    _Alignas(CACHE_LINE) beats beats;             // only of the thread that beats
};

// ns = 0: as long as it takes. False when the time is over.
static bool futex_wait(_Atomic uint32_t *at, uint32_t while_value, long ns)
{
    const struct timespec limit = { .tv_nsec = ns };
    return syscall(SYS_futex, at, FUTEX_WAIT_PRIVATE, while_value, ns ? &limit : NULL, NULL, 0) == 0 ||
           errno != ETIMEDOUT;
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

// ---- threads that are kept from their CPU ---------------------------------------------------------------------------

static bool set_cpu(pthread_t thread, int cpu)
{
    cpu_set_t one;
    if (cpu < 0)
        return false;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    return pthread_setaffinity_np(thread, sizeof one, &one) == 0;
}

static glance glance_at(pthread_t thread)
{
    clockid_t clock;
    struct timespec t;
    if (pthread_getcpuclockid(thread, &clock) != 0 || clock_gettime(clock, &t) != 0)
        return (glance){ 0 };
    return (glance){ eb_now_ns(), (int64_t)t.tv_sec * 1000000000 + t.tv_nsec };
}

// Looks again; whether the thread has hardly run since.
static bool is_stuck(pthread_t thread, glance *before)
{
    const glance now = glance_at(thread);
    const bool stuck =
        before->at_ns && now.at_ns && (now.ran_ns - before->ran_ns) * STUCK_PART < now.at_ns - before->at_ns;
    *before = now;
    return stuck;
}

static void lend_cpu(eb_pool *pool)
{
    pthread_mutex_lock(&pool->moving);
    for (int i = 0; i < pool->started; i++) {
        worker *w = &pool->workers[i];
        if (!w->lent && atomic_load(&w->inside) && is_stuck(w->thread, &w->glance)) {
            w->lent = set_cpu(w->thread, pool->cpu[0]);
            pool->moves += w->lent;
        }
    }
    pthread_mutex_unlock(&pool->moving);
}

static void take_cpu_back(eb_pool *pool)
{
    pthread_mutex_lock(&pool->moving);
    for (int i = 0; i < pool->started; i++) {
        worker *w = &pool->workers[i];
        if (w->lent)
            set_cpu(w->thread, pool->cpu[w->index]);
        w->lent = false;
        w->glance = (glance){ 0 };
    }
    pthread_mutex_unlock(&pool->moving);
}

static bool is_open(const eb_pool *pool, uint32_t generation)
{
    const uint64_t door = atomic_load(&pool->door);
    return door >> 32 == generation && !(door & CLOSED);
}

// Of several that see the caller stuck one is enough.
static void exchange_cpus(worker *w, uint32_t generation, glance *before)
{
    eb_pool *pool = w->pool;
    if (!is_stuck(pool->caller, before))
        return;
    pthread_mutex_lock(&pool->moving);
    const bool first = is_open(pool, generation) && pool->exchanged != generation;
    const int cpu = pool->cpu[0];
    if (first) {
        pool->cpu[0] = pool->cpu[w->index];
        pool->cpu[w->index] = cpu;
        pool->exchanged = generation;
        pool->moves++; // before the caller may notice
        set_cpu(pool->caller, pool->cpu[0]);
    }
    pthread_mutex_unlock(&pool->moving);
    if (first)
        set_cpu(w->thread, cpu); // which may be the end of its running for a while: not with the lock in its hands
}

// ---- the loop -------------------------------------------------------------------------------------------------------

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
    glance of_caller = { 0 };
    atomic_fetch_add(&pool->sleepers, 1);
    while ((now = atomic_load(&pool->generation)) == seen) {
        const bool look = pool->pinned && is_open(pool, seen);
        if (!futex_wait(&pool->generation, seen, look ? LOOK_NS : 0))
            exchange_cpus(w, seen, &of_caller);
    }
    atomic_fetch_sub(&pool->sleepers, 1);
    return now;
}

static bool go_in(worker *w, uint32_t generation)
{
    eb_pool *pool = w->pool;
    uint64_t door = atomic_load(&pool->door);
    while (door >> 32 == generation && !(door & CLOSED))
        if (atomic_compare_exchange_weak(&pool->door, &door, door + 1)) {
            atomic_store_explicit(&w->inside, true, memory_order_relaxed);
            atomic_fetch_add(&pool->joined, 1);
            return true;
        }
    return false;
}

static void go_out(worker *w)
{
    eb_pool *pool = w->pool;
    atomic_store_explicit(&w->inside, false, memory_order_relaxed);
    const uint64_t door = atomic_fetch_sub(&pool->door, 1) - 1;
    if ((door & INSIDE) != 0 || !(door & CLOSED))
        return;
    atomic_fetch_add(&pool->left, 1);
    if (atomic_load(&pool->caller_sleeps))
        futex_wake_all(&pool->left);
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
        if (!go_in(w, seen))
            continue;
        if (pool->watch)
            pool->watch(pool->watch_arg, w->index, true);
        take_pieces(pool, w->index);
        if (pool->watch)
            pool->watch(pool->watch_arg, w->index, false);
        go_out(w);
    }
}

static bool all_out(const eb_pool *pool)
{
    return (atomic_load_explicit(&pool->door, memory_order_acquire) & INSIDE) == 0;
}

static void wait_for_workers(eb_pool *pool)
{
    atomic_fetch_or(&pool->door, CLOSED);
    for (int i = 0; i < pool->spins; i++) {
        if (all_out(pool))
            return;
        SPIN_HINT();
    }
    bool looked = false;
    atomic_store(&pool->caller_sleeps, 1);
    for (;;) {
        const uint32_t left = atomic_load(&pool->left);
        if (all_out(pool))
            break;
        if (!futex_wait(&pool->left, left, pool->pinned ? LOOK_NS : 0)) {
            looked = true;
            lend_cpu(pool);
        }
    }
    atomic_store(&pool->caller_sleeps, 0);
    if (looked)
        take_cpu_back(pool);
}

static void announce(eb_pool *pool)
{
    const uint32_t generation = atomic_load_explicit(&pool->generation, memory_order_relaxed) + 1;
    atomic_store(&pool->joined, 0);
    atomic_store(&pool->door, (uint64_t)generation << 32);
    atomic_store(&pool->generation, generation);
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

static bool pin_all(eb_pool *pool, eb_err *err)
{
    if (pthread_getaffinity_np(pthread_self(), sizeof pool->callers_mask, &pool->callers_mask) != 0)
        return eb_err_set(err, EB_FAILED, "the CPUs that this process may use cannot be read");
    for (int i = 0; i < pool->threads; i++)
        pool->cpu[i] = nth_cpu(&pool->callers_mask, i);
    bool ok = set_cpu(pthread_self(), pool->cpu[0]);
    for (int i = 0; i < pool->started; i++)
        ok = ok && set_cpu(pool->workers[i].thread, pool->cpu[pool->workers[i].index]);
    pool->pinned = true;
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
    pool->cpu = eb_alloc((size_t)threads * sizeof *pool->cpu);
    pool->caller = pthread_self();
    pool->door = CLOSED;
    pthread_mutex_init(&pool->moving, NULL);
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
    pthread_mutex_destroy(&pool->moving);
    free(pool->cpu);
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

// The worker that beats may do so between loops: after one that it has surely taken part in, it beats as is wanted now.
void eb_pool_set_pulse(eb_pool *pool, const eb_pulse *pulse)
{
    if (pool->pulse == pulse)
        return;
    pool->pulse = pulse;
    if (pool->started == 0)
        return;
    pool->fn = no_work;
    pool->n = pool->grain = 1;
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    announce(pool);
    while (atomic_load(&pool->joined) < (uint32_t)pool->started)
        sched_yield();
    wait_for_workers(pool);
}

int eb_pool_moves(const eb_pool *pool)
{
    return pool->moves;
}

int eb_pool_threads(const eb_pool *pool)
{
    return pool->threads;
}
