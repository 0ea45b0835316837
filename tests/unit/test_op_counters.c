// SPDX-License-Identifier: Apache-2.0
// Counters charged to operators: a made-up PMU behind the I/O table for groups, scaling and refusals; this machine's
// software events for what a thread really did; a rooted or replayed machine is never counted.
#include "probes/op_counters.h"

#include "tests/unit/engine_fixture.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <math.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#define PREFILL EB_PHASE_PREFILL
#define DECODE  EB_PHASE_DECODE

// ---- a made-up PMU ----------------------------------------------------------------------------------

enum { FDS = 64, FIRST_FD = 1000 }; // other descriptors are real files

static struct {
    int counters;     // hardware events that fit into one group
    int kernel_error; // for events that count the kernel
    int error;        // for hardware events
    int only;         // if > 0: further events fail with EMFILE
    int opened, open;
    struct {
        bool used, hardware;
        int leader, id; // leader's fd; number within the group
    } fd[FDS];
    uint64_t tick; // readings so far: event k of a group has counted (k + 1) * 1000 per tick
    uint64_t enabled, running;
} pmu;

static int fake_open(const eb_io *io, struct perf_event_attr *attr, int pid, int cpu, int group, unsigned long flags)
{
    (void)io, (void)flags;
    assert_true(pid == 0 && cpu == -1 && attr->inherit == 0);
    assert_int_equal(attr->read_format,
                     PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING);
    const bool hardware = attr->type != PERF_TYPE_SOFTWARE;
    if (!attr->exclude_kernel && pmu.kernel_error)
        return -pmu.kernel_error;
    if (hardware && pmu.error)
        return -pmu.error;
    if (pmu.only && pmu.open >= pmu.only)
        return -EMFILE;
    int members = 0, at = 0;
    group -= group >= 0 ? FIRST_FD : 0;
    for (int i = 0; group >= 0 && i < FDS; i++)
        members += pmu.fd[i].used && pmu.fd[i].leader == group;
    if (group >= 0)
        assert_int_equal(pmu.fd[group].hardware, hardware);
    if (hardware && members == pmu.counters)
        return -EINVAL;
    while (pmu.fd[at].used)
        at++;
    pmu.fd[at].used = true;
    pmu.fd[at].hardware = hardware;
    pmu.fd[at].leader = group >= 0 ? group : at;
    pmu.fd[at].id = members;
    pmu.opened++;
    pmu.open++;
    return at + FIRST_FD;
}

static int fake_read(const eb_io *io, int handle, uint64_t *values, int n)
{
    (void)io;
    handle -= FIRST_FD;
    assert_true(pmu.fd[handle].used && pmu.fd[handle].leader == handle);
    int members = 0;
    for (int i = 0; i < FDS; i++)
        members += pmu.fd[i].used && pmu.fd[i].leader == handle;
    assert_int_equal(n, members + 3);
    values[0] = (uint64_t)members;
    values[1] = pmu.enabled * pmu.tick;
    values[2] = pmu.fd[handle].hardware ? pmu.running * pmu.tick : values[1];
    for (int i = 0; i < members; i++)
        values[3 + i] = (uint64_t)(i + 1) * 1000 * pmu.tick;
    return n;
}

static void fake_close(const eb_io *io, int handle)
{
    if (handle < FIRST_FD) {
        close(handle);
        return;
    }
    (void)io;
    handle -= FIRST_FD;
    assert_true(pmu.fd[handle].used);
    pmu.fd[handle].used = false;
    pmu.open--;
}

static eb_io fake_io(void)
{
    eb_io io = eb_io_real();
    memset(&pmu, 0, sizeof pmu);
    pmu.counters = 8;
    pmu.enabled = pmu.running = 100;
    io.perf_open = fake_open;
    io.perf_read = fake_read;
    io.close = fake_close;
    return io;
}

// Each call one tick after the one before, so that every share counts alike.
static void say(eb_op_counters *c, int worker, eb_op op, eb_phase phase)
{
    pmu.tick++;
    eb_op_counters_on_worker(c, worker, op, phase);
}

static const eb_op_event *event(const eb_op_counters *c, int i)
{
    static const eb_op_event *events; // static: gcc 12 takes the local for dangling
    assert_true(i < eb_op_counters_events(c, &events));
    return &events[i];
}

static void counts_go_to_who_did_what(void **state)
{
    (void)state;
    eb_io io = fake_io();
    eb_op_counters *c = eb_op_counters_new(&io, "cycles,instructions,page-faults", 2);
    assert_int_equal(eb_op_counters_good(c), 3);
    assert_int_equal(pmu.open, 0); // the trial is over, and no thread has begun
    say(c, 0, EB_OP_OTHER, PREFILL);
    say(c, 0, EB_OP_QKV, PREFILL); // other: one tick
    say(c, 0, EB_OP_HEAD, PREFILL);
    say(c, 0, EB_OP_QKV, DECODE);
    say(c, 0, EB_OP_OTHER, DECODE);
    say(c, 1, EB_OP_QKV, PREFILL);
    say(c, 1, EB_OP_OTHER, PREFILL);
    say(c, 1, EB_OP_QKV, PREFILL);
    say(c, 1, EB_OP_OTHER, PREFILL);
    assert_int_equal(pmu.open, 6);
    eb_op_count q = eb_op_counters_get(c, 1, -1, EB_OP_QKV, PREFILL);
    assert_true(q.value == 3 * 2000 && q.running_frac == 1 && q.calls == 3);
    assert_true(eb_op_counters_get(c, 1, 0, EB_OP_QKV, PREFILL).value == 2000);
    assert_true(eb_op_counters_get(c, 1, 1, EB_OP_QKV, PREFILL).value == 2 * 2000);
    assert_true(eb_op_counters_get(c, 0, 0, EB_OP_HEAD, PREFILL).value == 1000);
    assert_true(eb_op_counters_get(c, 2, 0, EB_OP_QKV, DECODE).value == 1000); // alone in its group
    eb_op_count none = eb_op_counters_get(c, 0, -1, EB_OP_SCAN, DECODE);
    assert_true(none.value == 0 && none.calls == 0 && none.running_frac == 1);
    eb_op_count other = eb_op_counters_get(c, 0, -1, EB_OP_OTHER, PREFILL);
    assert_true(other.value == 2 * 1000 && other.calls == 0); // the start of worker 0, the wait of worker 1
    eb_op_counters_clear(c);
    assert_true(eb_op_counters_get(c, 1, -1, EB_OP_QKV, PREFILL).value == 0);
    say(c, 1, EB_OP_HEAD, PREFILL);
    say(c, 1, EB_OP_OTHER, PREFILL);
    assert_true(eb_op_counters_get(c, 1, -1, EB_OP_HEAD, PREFILL).value == 2000);
    assert_int_equal(pmu.open, 6);
    say(c, 2, EB_OP_HEAD, PREFILL); // there is no such worker
    say(c, -1, EB_OP_HEAD, PREFILL);
    assert_true(eb_op_counters_get(c, 1, -1, EB_OP_HEAD, PREFILL).value == 2000);
    eb_op_counters_free(c);
    assert_int_equal(pmu.open, 0);
}

static void shared_counters_are_scaled_and_marked(void **state)
{
    (void)state;
    eb_io io = fake_io();
    pmu.running = 25;
    eb_op_counters *c = eb_op_counters_new(&io, "cycles,task-clock", 1);
    say(c, 0, EB_OP_HEAD, DECODE);
    say(c, 0, EB_OP_OTHER, DECODE);
    eb_op_count cycles = eb_op_counters_get(c, 0, -1, EB_OP_HEAD, DECODE);
    assert_true(cycles.value == 4000 && cycles.running_frac == 0.25);
    eb_op_count clock = eb_op_counters_get(c, 1, -1, EB_OP_HEAD, DECODE);
    assert_true(clock.value == 1000 && clock.running_frac == 1 && event(c, 1)->time_ns);
    eb_op_counters_free(c);
    pmu.tick = 0;
    pmu.running = 0; // another user holds the counters all the time: unknown, not 0
    c = eb_op_counters_new(&io, "cycles,task-clock", 1);
    say(c, 0, EB_OP_HEAD, DECODE);
    say(c, 0, EB_OP_OTHER, DECODE);
    cycles = eb_op_counters_get(c, 0, -1, EB_OP_HEAD, DECODE);
    assert_true(isnan(cycles.value) && cycles.running_frac == 0);
    assert_true(eb_op_counters_get(c, 1, -1, EB_OP_HEAD, DECODE).value == 1000);
    eb_op_counters_free(c);
}

// Four hardware events on a PMU of two counters: two groups, each read by itself.
static void what_does_not_fit_becomes_another_group(void **state)
{
    (void)state;
    eb_io io = fake_io();
    pmu.counters = 2;
    eb_op_counters *c = eb_op_counters_new(&io, "cycles,instructions,cache-misses,branches,page-faults", 1);
    assert_int_equal(eb_op_counters_good(c), 5);
    say(c, 0, EB_OP_HEAD, DECODE);
    say(c, 0, EB_OP_OTHER, DECODE);
    static const double want[] = { 1000, 2000, 1000, 2000, 1000 };
    for (int i = 0; i < 5; i++)
        assert_true(eb_op_counters_get(c, i, 0, EB_OP_HEAD, DECODE).value == want[i]);
    eb_op_counters_free(c);
}

static void refusals_are_said(void **state)
{
    (void)state;
    eb_io io = fake_io();
    pmu.kernel_error = EACCES;
    eb_op_counters *c = eb_op_counters_new(&io, "cycles,page-faults", 1);
    assert_int_equal(eb_op_counters_good(c), 2);
    assert_true(event(c, 0)->user_only && event(c, 1)->user_only);
    eb_op_counters_free(c);
    pmu.error = EACCES;
    c = eb_op_counters_new(&io, "cycles,page-faults", 1);
    assert_int_equal(eb_op_counters_good(c), 1);
    assert_int_equal(event(c, 0)->detection.state, EB_PROBE_NO_PERMISSION);
    assert_non_null(strstr(event(c, 0)->detection.reason, "perf_event_paranoid"));
    assert_non_null(strstr(event(c, 0)->detection.remedy, "cap_perfmon"));
    say(c, 0, EB_OP_HEAD, DECODE);
    say(c, 0, EB_OP_OTHER, DECODE);
    assert_true(isnan(eb_op_counters_get(c, 0, -1, EB_OP_HEAD, DECODE).value)); // unknown, not 0
    assert_true(eb_op_counters_get(c, 1, -1, EB_OP_HEAD, DECODE).value == 1000);
    eb_op_counters_free(c);
    pmu.kernel_error = 0;
    pmu.error = ENOENT;
    c = eb_op_counters_new(&io, "auto", 1);
    assert_int_equal(eb_op_counters_good(c), 3);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(event(c, i)->detection.state, EB_PROBE_NO_DEVICE);
        assert_non_null(strstr(event(c, i)->detection.reason, "performance monitoring unit"));
    }
    assert_string_equal(event(c, 3)->name, "memory-stalls");
    for (int i = 4; i < 7; i++)
        assert_true(event(c, i)->detection.state == EB_PROBE_OK && !event(c, i)->hardware);
    eb_op_counters_free(c);
}

static void names_stand_for_what_is_there(void **state)
{
    (void)state;
    eb_io io = fake_io();
    eb_op_counters *c = eb_op_counters_new(&io, "llc-misses,cycles,llc-misses", 1);
    const eb_op_event *events;
    assert_int_equal(eb_op_counters_events(c, &events), 2); // asked for twice, counted once
    assert_string_equal(events[0].name, "llc-misses");
    assert_string_equal(events[0].event, "cache-misses");
    assert_string_equal(events[0].label, "last-level cache misses");
    eb_op_counters_free(c);
    c = eb_op_counters_new(&io, "memory-stalls", 1);
    assert_int_equal(eb_op_counters_good(c), 1); // by the event of this CPU, or the kernel's own
    assert_true(strcmp(event(c, 0)->event, "memory-stalls") != 0 && event(c, 0)->event[0]);
    assert_true(event(c, 0)->label[0]);
    eb_op_counters_free(c);
    c = eb_op_counters_new(&io, "no-such-event,cycles", 1);
    assert_int_equal(eb_op_counters_good(c), 1);
    assert_int_equal(event(c, 0)->detection.state, EB_PROBE_NO_DRIVER);
    assert_non_null(strstr(event(c, 0)->detection.reason, "no-such-event"));
    eb_op_counters_free(c);
    c = eb_op_counters_new(
        &io, "cycles,,  instructions ,a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,aa,ab,ac,ad,ae,af", 1);
    assert_int_equal(eb_op_counters_events(c, &events), EB_OP_COUNTERS_EVENTS);
    assert_int_equal(eb_op_counters_good(c), 2);
    assert_string_equal(events[EB_OP_COUNTERS_EVENTS - 1].name, "ad"); // the first that has no room any more
    assert_non_null(strstr(events[EB_OP_COUNTERS_EVENTS - 1].detection.reason, "31 events"));
    eb_op_counters_free(c);
}

// One of the threads cannot open its group: the sum over all is unknown, the others' counts are not.
static void a_worker_that_cannot_count_is_named(void **state)
{
    (void)state;
    eb_io io = fake_io();
    eb_op_counters *c = eb_op_counters_new(&io, "cycles,page-faults", 2);
    pmu.only = 3;
    say(c, 0, EB_OP_HEAD, DECODE);
    say(c, 0, EB_OP_OTHER, DECODE);
    say(c, 1, EB_OP_HEAD, DECODE);
    say(c, 1, EB_OP_OTHER, DECODE);
    assert_null(eb_op_counters_trouble(c, 0));
    assert_string_equal(eb_op_counters_trouble(c, 1), strerror(EMFILE));
    assert_int_equal(pmu.open, 2); // of a group that is not whole nothing is left
    assert_true(eb_op_counters_get(c, 0, 0, EB_OP_HEAD, DECODE).value == 1000);
    assert_true(isnan(eb_op_counters_get(c, 0, 1, EB_OP_HEAD, DECODE).value));
    assert_true(isnan(eb_op_counters_get(c, 0, -1, EB_OP_HEAD, DECODE).value));
    eb_op_counters_free(c);
    assert_int_equal(pmu.open, 0);
}

static int never_open(const eb_io *io, struct perf_event_attr *attr, int pid, int cpu, int group, unsigned long flags)
{
    (void)io, (void)attr, (void)pid, (void)cpu, (void)group, (void)flags;
    fail_msg("a machine that is not this one was counted");
    return -ENODEV;
}

static void only_this_machine_is_counted(void **state)
{
    (void)state;
    eb_err err = { 0 };
    eb_io io[2] = { eb_io_rooted("/nonexistent") };
    assert_true(eb_io_tape("0 /sys/x 1\n", &io[1], &err));
    for (int i = 0; i < 2; i++) {
        io[i].perf_open = never_open;
        eb_op_counters *c = eb_op_counters_new(&io[i], NULL, 1);
        const eb_op_event *events;
        assert_int_equal(eb_op_counters_events(c, &events), 7);
        assert_int_equal(eb_op_counters_good(c), 0);
        for (int e = 0; e < 7; e++) {
            assert_int_equal(events[e].detection.state, EB_PROBE_NO_DEVICE);
            assert_true(events[e].detection.reason[0]);
        }
        eb_op_counters_on_worker(c, 0, EB_OP_HEAD, DECODE);
        eb_op_counters_on_worker(c, 0, EB_OP_OTHER, DECODE);
        assert_true(isnan(eb_op_counters_get(c, 0, -1, EB_OP_HEAD, DECODE).value));
        eb_op_counters_free(c);
        eb_io_deinit(&io[i]);
    }
}

// ---- this machine -----------------------------------------------------------------------------------

static eb_op_counters *real_counters(const eb_io *io, const char *events, int workers, const char *test)
{
    eb_op_counters *c = eb_op_counters_new(io, events, workers);
    if (eb_op_counters_good(c) > 0)
        return c;
    fprintf(stderr, "skip %s: %s\n", test, event(c, 0)->detection.reason);
    eb_op_counters_free(c);
    skip();
    return NULL;
}

static void touch_pages(size_t pages)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *block = mmap(NULL, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(block != MAP_FAILED);
    madvise(block, pages * page, MADV_NOHUGEPAGE);
    for (size_t i = 0; i < pages; i++)
        block[i * page] = 1;
    munmap(block, pages * page);
}

typedef struct thread_job {
    eb_op_counters *c;
    int worker;
    eb_op op;
    size_t pages;
} thread_job;

static void *touch_as_worker(void *arg)
{
    const thread_job *j = arg;
    eb_op_counters_on_worker(j->c, j->worker, EB_OP_OTHER, DECODE);
    eb_op_counters_on_worker(j->c, j->worker, j->op, DECODE);
    touch_pages(j->pages);
    eb_op_counters_on_worker(j->c, j->worker, EB_OP_OTHER, DECODE);
    return NULL;
}

// Two threads at once, each with faults of its own under an operator of its own.
static void each_thread_counts_itself(void **state)
{
    (void)state;
    eb_io io = eb_io_real();
    eb_op_counters *c = real_counters(&io, "page-faults", 2, __func__);
    thread_job jobs[2] = { { c, 0, EB_OP_HEAD, 3000 }, { c, 1, EB_OP_SCAN, 700 } };
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, touch_as_worker, &jobs[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    const double head = eb_op_counters_get(c, 0, -1, EB_OP_HEAD, DECODE).value;
    const double scan = eb_op_counters_get(c, 0, -1, EB_OP_SCAN, DECODE).value;
    assert_true(head >= 3000 && scan >= 700);
    assert_true(eb_op_counters_get(c, 0, 1, EB_OP_HEAD, DECODE).value == 0);
    assert_true(eb_op_counters_get(c, 0, 0, EB_OP_SCAN, DECODE).value == 0);
    assert_true(eb_op_counters_get(c, 0, 0, EB_OP_HEAD, DECODE).value == head);
    eb_op_counters_free(c);
}

static bool all_have_counted(const eb_op_counters *c, int workers)
{
    int n = 0;
    for (int w = 0; w < workers; w++)
        n += eb_op_counters_get(c, 0, w, EB_OP_QKV, PREFILL).calls > 0;
    return n == workers;
}

// Through the engine: every operator that workers share has CPU time, and no operator that the model lacks has any.
static void an_engines_operators_are_counted(void **state)
{
    enum { WORKERS = 3, PROMPT = 40, RUNS_MOST = 2000 };
    static eb_span items[4096];
    eb_token_event events[MAX_EVENTS];
    int32_t prompt[PROMPT];
    (void)state;
    eb_io io = eb_io_real();
    eb_op_counters *c = real_counters(&io, "task-clock,cycles", WORKERS, __func__);
    eb_span_sink sink = { .items = items, .cap = 4096, .on_worker = eb_op_counters_on_worker, .arg = c };
    eb_engine *engine = fixture_open("tiny-llama", (eb_engine_config){ .threads = WORKERS });
    fixture_tokens(31, prompt, PROMPT);
    engine->ops->set_span_sink(engine, &sink);
    uint64_t runs = 0;
    while (runs < RUNS_MOST && (runs == 0 || !all_have_counted(c, WORKERS))) { // one who comes late has no share
        fixture_submit(engine, 0, prompt, PROMPT, 8);
        while (engine->ops->busy(engine))
            fixture_step(engine, events);
        engine->ops->reset(engine);
        runs++;
    }
    engine->ops->set_span_sink(engine, NULL);
    for (int w = 0; w < WORKERS; w++) {
        assert_null(eb_op_counters_trouble(c, w));
        eb_op_count q = eb_op_counters_get(c, 0, w, EB_OP_QKV, PREFILL);
        assert_true(q.value > 0);
        assert_true(w == 0 ? q.calls == 2 * runs : q.calls >= 1 && q.calls <= 2 * runs); // two layers
    }
    assert_true(eb_op_counters_get(c, 0, -1, EB_OP_HEAD, DECODE).value > 0);
    assert_true(eb_op_counters_get(c, 0, -1, EB_OP_SCAN, DECODE).value == 0);
    if (event(c, 1)->detection.state != EB_PROBE_OK) {
        assert_true(event(c, 1)->detection.reason[0]);
        assert_true(isnan(eb_op_counters_get(c, 1, -1, EB_OP_HEAD, DECODE).value));
    }
    fixture_close(engine);
    eb_op_counters_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_go_to_who_did_what),
        cmocka_unit_test(shared_counters_are_scaled_and_marked),
        cmocka_unit_test(what_does_not_fit_becomes_another_group),
        cmocka_unit_test(refusals_are_said),
        cmocka_unit_test(names_stand_for_what_is_there),
        cmocka_unit_test(a_worker_that_cannot_count_is_named),
        cmocka_unit_test(only_this_machine_is_counted),
        cmocka_unit_test(each_thread_counts_itself),
        cmocka_unit_test(an_engines_operators_are_counted),
    };
    return cmocka_run_group_tests_name("op counters", tests, fixture_make, folder_remove);
}
