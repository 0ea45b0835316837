// SPDX-License-Identifier: Apache-2.0
// The thread pool: every item once, whatever the numbers; results are seen by the next loop; idle workers sleep.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness/base/cpus.h"
#include "harness/base/mem.h"
#include "workloads/engine/native/pool.h"

enum { MOST_ITEMS = 1000, LOOPS_MOST = 30000 };

typedef struct tally {
    _Atomic int times[MOST_ITEMS];
    _Atomic int wrong; // pieces outside of what was asked for
    int64_t n, grain;
    int threads;
} tally;

static void count(void *arg, int64_t begin, int64_t end, int thread)
{
    tally *t = arg;
    if (begin < 0 || begin >= end || end > t->n || end - begin > t->grain || begin % t->grain || thread < 0 ||
        thread >= t->threads)
        atomic_fetch_add(&t->wrong, 1);
    for (int64_t i = begin; i < end; i++)
        atomic_fetch_add(&t->times[i], 1);
}

static eb_pool *pool_of(int threads)
{
    eb_err err = { 0 };
    eb_pool *pool = eb_pool_new(threads, false, &err);
    assert_non_null(pool);
    assert_int_equal(eb_pool_threads(pool), threads);
    return pool;
}

static void every_item_once(void **state)
{
    static const int64_t sizes[] = { 1, 2, 7, 64, 999 }, grains[] = { 1, 3, 64, 5000 };
    (void)state;
    for (int threads = 1; threads <= 9; threads += 4) {
        eb_pool *pool = pool_of(threads);
        for (size_t i = 0; i < 5; i++)
            for (size_t j = 0; j < 4; j++) {
                tally t = { .n = sizes[i], .grain = grains[j], .threads = threads };
                eb_pool_for(pool, t.n, t.grain, count, &t);
                assert_int_equal(t.wrong, 0);
                for (int64_t k = 0; k < MOST_ITEMS; k++)
                    assert_int_equal(t.times[k], k < t.n);
            }
        eb_pool_free(pool);
    }
}

static void no_items_no_call(void **state)
{
    (void)state;
    eb_pool *pool = pool_of(2);
    tally t = { .n = 0, .grain = 1, .threads = 2 };
    eb_pool_for(pool, 0, 1, count, &t);
    eb_pool_for(pool, -5, 1, count, &t);
    assert_int_equal(t.wrong, 0);
    eb_pool_free(pool);
}

typedef struct beats {
    pthread_t caller, first; // `first`: who beat first
    _Atomic int n, callers, strays;
    _Atomic int64_t now_ns, step_ns; // a clock that moves so far from beat to beat
} beats;

static int64_t count_beat(void *arg)
{
    beats *b = arg;
    if (b->n++ == 0)
        b->first = pthread_self();
    b->callers += pthread_equal(pthread_self(), b->caller) != 0;
    b->strays += !pthread_equal(pthread_self(), b->first);
    return atomic_fetch_add(&b->now_ns, b->step_ns) + b->step_ns;
}

static void nothing(void *arg, int64_t begin, int64_t end, int thread)
{
    (void)arg, (void)begin, (void)end, (void)thread;
}

// Long pieces: a beat after each. Short ones: after every eighth, in the end.
static void a_lone_thread_beats_between_pieces(void **state)
{
    (void)state;
    eb_pool *pool = pool_of(1);
    beats b = { .caller = pthread_self(), .step_ns = 1000000 };
    const eb_pulse pulse = { count_beat, &b };
    eb_pool_set_pulse(pool, &pulse);
    eb_pool_for(pool, 100, 1, nothing, NULL);
    assert_int_equal(b.n, 100);
    assert_int_equal(b.callers, 100);
    b.n = 0;
    b.step_ns = 1000;
    eb_pool_for(pool, 1000, 1, nothing, NULL);
    assert_in_range(b.n, 1000 / 8, 1000 / 8 + 4);
    b.step_ns = 1000000;
    eb_pool_for(pool, 100, 1, nothing, NULL); // long again: some of these are still skipped
    b.n = 0;
    eb_pool_for(pool, 100, 1, nothing, NULL);
    assert_int_equal(b.n, 100);
    b.n = 0;
    eb_pool_set_pulse(pool, NULL);
    eb_pool_for(pool, 100, 1, nothing, NULL);
    assert_int_equal(b.n, 0);
    eb_pool_free(pool);
}

// Leaves pieces to the workers, on one CPU too.
static void doze(void *arg, int64_t begin, int64_t end, int thread)
{
    (void)arg, (void)begin, (void)end;
    if (thread == 0)
        nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
}

// Also between loops, for a while; but not once it is told to stop, however soon what it beats for goes away.
static void one_worker_beats_until_it_is_told(void **state)
{
    (void)state;
    for (int threads = 2; threads <= 3; threads++) {
        eb_pool *pool = pool_of(threads);
        for (int round = 0; round < 20; round++) {
            beats *b = eb_alloc(sizeof *b);
            eb_pulse *pulse = eb_alloc(sizeof *pulse);
            *pulse = (eb_pulse){ count_beat, b };
            b->caller = pthread_self();
            b->step_ns = 1000000;
            eb_pool_set_pulse(pool, pulse);
            for (int loops = 0; b->n == 0; loops++) { // (a busy machine may give a worker its turn late)
                if (loops == LOOPS_MOST)
                    fail_msg("no worker of %d has beaten in %d loops of 2 ms", threads, LOOPS_MOST);
                eb_pool_for(pool, 20, 1, doze, NULL);
            }
            eb_pool_set_pulse(pool, NULL);
            assert_int_equal(b->callers, 0);
            assert_int_equal(b->strays, 0);
            free(b);
            free(pulse);
            eb_pool_for(pool, 1000, 1, nothing, NULL);
        }
        eb_pool_free(pool);
    }
}

typedef struct caller_check {
    pthread_t caller;
    int others, calls;
} caller_check;

static void note_thread(void *arg, int64_t begin, int64_t end, int thread)
{
    caller_check *c = arg;
    (void)begin;
    (void)end;
    c->calls++;
    c->others += !pthread_equal(pthread_self(), c->caller) || thread != 0;
}

// A loop of one piece is not worth waking anybody; a pool of one has nobody to wake.
static void small_loops_stay_with_the_caller(void **state)
{
    (void)state;
    eb_pool *many = pool_of(4), *one = pool_of(1);
    for (int i = 0; i < 100; i++) {
        caller_check c = { .caller = pthread_self() };
        eb_pool_for(many, 10, 10, note_thread, &c);
        assert_int_equal(c.calls, 1);
        eb_pool_for(one, 10, 1, note_thread, &c);
        assert_int_equal(c.calls, 11);
        assert_int_equal(c.others, 0);
    }
    eb_pool_free(many);
    eb_pool_free(one);
}

// Plain memory, no atomics: each loop reads what other threads wrote in the loop before.
enum { CELLS = 257 };
typedef struct relay {
    int64_t from[CELLS], to[CELLS];
} relay;

static void pass_on(void *arg, int64_t begin, int64_t end, int thread)
{
    relay *r = arg;
    (void)thread;
    for (int64_t i = begin; i < end; i++)
        r->to[i] = r->from[(i * 31 + 7) % CELLS] + 1;
}

static void a_loop_sees_the_loop_before(void **state)
{
    (void)state;
    eb_pool *pool = pool_of(3);
    relay r = { { 0 }, { 0 } };
    for (int loop = 1; loop <= 2000; loop++) {
        eb_pool_for(pool, CELLS, 1 + loop % 40, pass_on, &r);
        for (int i = 0; i < CELLS; i++)
            assert_int_equal(r.to[i], loop);
        memcpy(r.from, r.to, sizeof r.from);
    }
    eb_pool_free(pool);
}

// Threads of this process that are not sleeping, this one left out; -1: /proc does not say.
static int awake_threads(void)
{
    DIR *dir = opendir("/proc/self/task");
    int awake = 0;
    if (!dir)
        return -1;
    for (struct dirent *e; (e = readdir(dir));) {
        char path[300], line[512], *close;
        snprintf(path, sizeof path, "/proc/self/task/%s/stat", e->d_name);
        FILE *f = e->d_name[0] == '.' ? NULL : fopen(path, "r");
        if (f && fgets(line, sizeof line, f) && (close = strrchr(line, ')')))
            awake += close[2] != 'S';
        if (f)
            fclose(f);
    }
    closedir(dir);
    return awake - 1;
}

static void idle_workers_sleep(void **state)
{
    (void)state;
    if (awake_threads() < 0) {
        fprintf(stderr, "skip idle_workers_sleep: /proc tells no thread's state\n");
        skip();
    }
    eb_pool *pool = pool_of(4);
    tally t = { .n = 100, .grain = 1, .threads = 4 };
    eb_pool_for(pool, t.n, t.grain, count, &t);
    int awake = -1;
    for (int i = 0; i < 5000 && awake != 0; i++) {
        nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
        awake = awake_threads();
    }
    assert_int_equal(awake, 0);
    eb_pool_for(pool, t.n, t.grain, count, &t); // and they wake up again
    for (int i = 0; i < 100; i++)
        assert_int_equal(t.times[i], 2);
    eb_pool_free(pool);
}

typedef struct cpu_check {
    cpu_set_t masks[8];
} cpu_check;

static void note_mask(void *arg, int64_t begin, int64_t end, int thread)
{
    cpu_check *c = arg;
    (void)begin;
    (void)end;
    pthread_getaffinity_np(pthread_self(), sizeof c->masks[thread], &c->masks[thread]);
    nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL); // leave some pieces to the others
}

static void affinity_pins_and_is_given_back(void **state)
{
    (void)state;
    cpu_set_t before, after;
    cpu_check c;
    eb_err err = { 0 };
    memset(&c, 0, sizeof c);
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    assert_int_equal(eb_cpus_allowed(), CPU_COUNT(&before));
    eb_pool *pool = eb_pool_new(3, true, &err);
    assert_non_null(pool);
    for (int i = 0; i < 20; i++)
        eb_pool_for(pool, 30, 1, note_mask, &c);
    assert_int_equal(CPU_COUNT(&c.masks[0]), 1); // the caller surely worked
    for (int thread = 0; thread < 3; thread++) {
        int nth = thread % CPU_COUNT(&before), cpu = 0;
        while (!CPU_ISSET(cpu, &before) || nth-- > 0)
            cpu++;
        if (CPU_COUNT(&c.masks[thread]) != 0)
            assert_true(CPU_COUNT(&c.masks[thread]) == 1 &&
                        (CPU_ISSET(cpu, &c.masks[thread]) || eb_pool_moves(pool) > 0)); // (a busy machine)
    }
    eb_pool_free(pool);
    assert_int_equal(sched_getaffinity(0, sizeof after, &after), 0);
    assert_true(CPU_EQUAL(&before, &after));
}

static cpu_set_t mask_now(void)
{
    cpu_set_t mask;
    pthread_getaffinity_np(pthread_self(), sizeof mask, &mask);
    return mask;
}

// What a thread sees that sleeps in its piece until somebody moves it: where it was, and where it is then.
typedef struct held_up {
    int thread; // which one
    _Atomic bool here;
    cpu_set_t before, then;
} held_up;

enum { MOST_NAPS = 20000 }; // of a millisecond and more: a busy machine may give the other thread its turn late

static void nap(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

static void hold_up(void *arg, int64_t begin, int64_t end, int thread)
{
    held_up *h = arg;
    (void)begin, (void)end;
    if (thread != h->thread) {
        for (int i = 0; i < MOST_NAPS && !h->here; i++) // the other has to get a piece
            nap();
        return;
    }
    if (h->here)
        return;
    h->before = h->then = mask_now(); // while nobody waits for this thread yet
    h->here = true;
    for (int i = 0; i < MOST_NAPS && CPU_EQUAL(&h->before, &h->then); i++) {
        nap();
        h->then = mask_now();
    }
}

static eb_pool *pinned_pool(const char *test)
{
    eb_err err = { 0 };
    clockid_t clock;
    struct timespec t;
    if (pthread_getcpuclockid(pthread_self(), &clock) != 0 || clock_gettime(clock, &t) != 0) {
        fprintf(stderr, "skip %s: this system tells no thread's CPU time\n", test);
        skip();
    }
    if (eb_cpus_allowed() < 2) {
        fprintf(stderr, "skip %s: threads of one CPU have none to lend\n", test);
        skip();
    }
    eb_pool *pool = eb_pool_new(2, true, &err);
    assert_non_null(pool);
    return pool;
}

// A worker is lent the caller's CPU until the loop is done.
static void a_worker_that_is_held_up_is_lent_a_cpu(void **state)
{
    (void)state;
    eb_pool *pool = pinned_pool(__func__);
    const cpu_set_t callers = mask_now();
    held_up h = { .thread = 1 }, again = { .thread = 1 };
    eb_pool_for(pool, 4, 1, hold_up, &h);
    assert_true(h.here && eb_pool_moves(pool) >= 1);
    assert_true(!CPU_EQUAL(&h.before, &callers) && CPU_EQUAL(&h.then, &callers));
    eb_pool_for(pool, 4, 1, hold_up, &again);
    assert_true(CPU_EQUAL(&again.before, &h.before));
    eb_pool_free(pool);
}

// A caller keeps the CPU that it was given.
static void a_caller_that_is_held_up_exchanges_cpus(void **state)
{
    (void)state;
    eb_pool *pool = pinned_pool(__func__);
    held_up h = { .thread = 0 };
    eb_pool_for(pool, 4, 1, hold_up, &h);
    const cpu_set_t after = mask_now();
    assert_true(h.here && eb_pool_moves(pool) >= 1);
    assert_true(!CPU_EQUAL(&h.before, &h.then) && CPU_EQUAL(&after, &h.then));
    eb_pool_free(pool);
}

static void bad_numbers_are_refused(void **state)
{
    (void)state;
    const int bad[] = { 0, -1, EB_POOL_MAX_THREADS + 1 };
    for (int i = 0; i < 3; i++) {
        eb_err err = { 0 };
        assert_null(eb_pool_new(bad[i], false, &err));
        assert_int_equal(err.code, EB_USAGE);
        assert_non_null(strstr(err.message, "threads"));
    }
    eb_pool_free(NULL);
}

// What fails leaves its pool, whose CPUs are not those of the tests after it.
static cpu_set_t mask_of_the_first;

static int keep_mask(void **state)
{
    (void)state;
    mask_of_the_first = mask_now();
    return 0;
}

static int give_mask_back(void **state)
{
    (void)state;
    return pthread_setaffinity_np(pthread_self(), sizeof mask_of_the_first, &mask_of_the_first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_once),
        cmocka_unit_test(no_items_no_call),
        cmocka_unit_test(small_loops_stay_with_the_caller),
        cmocka_unit_test(a_loop_sees_the_loop_before),
        cmocka_unit_test(idle_workers_sleep),
        cmocka_unit_test(a_lone_thread_beats_between_pieces),
        cmocka_unit_test(one_worker_beats_until_it_is_told),
        cmocka_unit_test_teardown(affinity_pins_and_is_given_back, give_mask_back),
        cmocka_unit_test_teardown(a_worker_that_is_held_up_is_lent_a_cpu, give_mask_back),
        cmocka_unit_test_teardown(a_caller_that_is_held_up_exchanges_cpus, give_mask_back),
        cmocka_unit_test(bad_numbers_are_refused),
    };
    return cmocka_run_group_tests_name("pool", tests, keep_mask, NULL);
}
