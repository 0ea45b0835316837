// SPDX-License-Identifier: Apache-2.0
// Event counters: a counted workload, threads that are inherited, names, refusals, and that nothing but the machine
// itself is ever counted. Hardware events are checked where there is a PMU; where there is none, that it is said.
#include <errno.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "probes/names.h"
#include "probes/probe_impl.h"

typedef struct setup {
    eb_io io;
    eb_probe_config config;
    eb_probe_env env;
    eb_probe *probe;
    const eb_channel *channels;
    int n;
    eb_sample samples[64];
    eb_err err;
} setup;

static void open_events(setup *s, eb_io io, const char *events)
{
    s->io = io;
    eb_probe_config_default(&s->config);
    s->config.events = events;
    s->env = (eb_probe_env){ &s->io, &s->config };
    eb_err_clear(&s->err);
    s->probe = eb_probe_open(&eb_probe_counters, &s->env, &s->err);
    s->n = s->probe ? eb_probe_channels(s->probe, &s->channels) : 0;
}

static void stop(setup *s)
{
    eb_probe_close(s->probe);
    eb_io_deinit(&s->io);
}

// Skips the test where the kernel refuses perf_event_open altogether (a container's filter).
static void need_software_events(setup *s, const char *events, const char *test)
{
    open_events(s, eb_io_real(), events);
    if (s->probe)
        return;
    fprintf(stderr, "skip %s: %s\n", test, s->err.message);
    stop(s);
    skip();
}

static void page_faults_are_counted(void **state)
{
    (void)state;
    setup s;
    need_software_events(&s, "page-faults", __func__);
    assert_int_equal(s.n, 1);
    assert_string_equal(s.channels[0].name, "counters/page-faults");
    assert_int_equal(s.channels[0].domain, EB_DOMAIN_NONE);
    eb_probe_read(s.probe, s.samples);
    uint64_t before = s.samples[0].raw;
    size_t pages = 1000, page = (size_t)sysconf(_SC_PAGESIZE);
    char *block = mmap(NULL, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(block != MAP_FAILED);
    madvise(block, pages * page, MADV_NOHUGEPAGE);
    for (size_t i = 0; i < pages; i++)
        block[i * page] = 1;
    eb_probe_read(s.probe, s.samples);
    assert_int_equal(s.samples[0].status, EB_SAMPLE_OK);
    assert_in_range(s.samples[0].raw - before, pages, 10 * pages);
    munmap(block, pages * page);
    stop(&s);
}

static int64_t thread_cpu_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void *burn(void *arg)
{
    int64_t start = thread_cpu_ns();
    while (thread_cpu_ns() - start < 30000000)
        ;
    *(int64_t *)arg = thread_cpu_ns() - start;
    return NULL;
}

// Threads started after opening are counted; their CPU time is known from their own clocks.
static void threads_are_inherited(void **state)
{
    (void)state;
    setup s;
    need_software_events(&s, "task-clock", __func__);
    assert_int_equal(s.channels[0].quantity, EB_QUANTITY_TIME_NS);
    int64_t used[3] = { 0 };
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, burn, &used[i]), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    eb_probe_read(s.probe, s.samples);
    assert_int_equal(s.samples[0].status, EB_SAMPLE_OK);
    assert_true((int64_t)s.samples[0].raw >= used[0] + used[1] + used[2] - 1000000);
    stop(&s);
}

static void hardware_events_or_the_reason(void **state)
{
    (void)state;
    setup s;
    open_events(&s, eb_io_real(), "instructions");
    eb_probe_detection found;
    eb_probe_detect(&eb_probe_counters, &s.env, &found);
    if (s.probe) {
        assert_int_equal(found.state, EB_PROBE_OK);
        eb_probe_read(s.probe, s.samples);
        uint64_t before = s.samples[0].raw;
        for (volatile int i = 0; i < 1000000; i++)
            ;
        eb_probe_read(s.probe, s.samples);
        assert_true(s.samples[0].raw - before >= 3000000); // load, add, store at the least
        assert_true(s.samples[0].raw - before <= 50000000);
    } else {
        assert_true(found.state == EB_PROBE_NO_DEVICE || found.state == EB_PROBE_NO_PERMISSION ||
                    found.state == EB_PROBE_NO_DRIVER);
        assert_non_null(strstr(found.reason, "instructions"));
        assert_non_null(strstr(s.err.message, "instructions"));
    }
    stop(&s);
}

// ---- a kernel of our own: what is asked of it, and what it answers ----

typedef struct fake {
    int answers[2]; // to the first and the second call of an event: >= 0 opens, else -errno
    int calls;
    bool saw_inherit, saw_exclude_kernel[2];
} fake;

static fake *the_fake;

static int fake_perf_open(const eb_io *io, struct perf_event_attr *attr, int pid, int cpu, int group,
                          unsigned long flags)
{
    (void)io, (void)group, (void)flags;
    assert_int_equal(pid, 0);
    assert_int_equal(cpu, -1);
    the_fake->saw_inherit = attr->inherit;
    int call = the_fake->calls++ % 2;
    the_fake->saw_exclude_kernel[call] = attr->exclude_kernel;
    return the_fake->answers[call];
}

static void detect_with(int first, int second, const char *events, eb_probe_detection *found, fake *f)
{
    *f = (fake){ .answers = { first, second } };
    the_fake = f;
    setup s;
    s.io = eb_io_real();
    s.io.perf_open = fake_perf_open;
    eb_probe_config_default(&s.config);
    s.config.events = events;
    s.env = (eb_probe_env){ &s.io, &s.config };
    eb_probe_detect(&eb_probe_counters, &s.env, found);
    eb_io_deinit(&s.io);
}

static void the_real_cause_is_found_behind_a_refusal(void **state)
{
    (void)state;
    eb_probe_detection found;
    fake f;
    // A plain user on a machine without a PMU: refused first, and only then told.
    detect_with(-EACCES, -ENOENT, "cycles", &found, &f);
    assert_int_equal(f.calls, 2);
    assert_false(f.saw_exclude_kernel[0]);
    assert_true(f.saw_exclude_kernel[1]);
    assert_true(f.saw_inherit);
    assert_int_equal(found.state, EB_PROBE_NO_DEVICE);
    assert_non_null(strstr(found.reason, "no performance monitoring unit"));
    // Refused either way.
    detect_with(-EACCES, -EACCES, "cycles", &found, &f);
    assert_int_equal(found.state, EB_PROBE_NO_PERMISSION);
    assert_non_null(strstr(found.reason, "perf_event_paranoid"));
    assert_non_null(strstr(found.remedy, "perf_event_paranoid=1"));
    // No such call in this kernel.
    detect_with(-ENOSYS, -ENOSYS, "cycles", &found, &f);
    assert_int_equal(f.calls, 1);
    assert_int_equal(found.state, EB_PROBE_NO_DRIVER);
}

static void names_that_nobody_knows(void **state)
{
    (void)state;
    eb_probe_detection found;
    fake f;
    detect_with(-ENOENT, -ENOENT, "cycles, no-such-event", &found, &f);
    assert_non_null(strstr(found.reason, "no-such-event"));
    assert_int_equal(found.state, EB_PROBE_NO_DRIVER);
    assert_int_equal(f.calls, 1); // cycles alone was asked for
    detect_with(-ENOENT, -ENOENT, "PAPI_TOT_INS", &found, &f);
    assert_int_equal(f.calls, 0);
    assert_int_equal(found.state, EB_PROBE_OFF);
    // A thousand names, one of them very long: bounded.
    static char many[20000];
    for (int i = 0; i < 1000; i++)
        snprintf(many + strlen(many), 20, "event%d,", i);
    memset(many + strlen(many), 'x', 200);
    detect_with(-ENOENT, -ENOENT, many, &found, &f);
    assert_int_equal(f.calls, 0);
}

static void generic_names_have_the_kernels_codes(void **state)
{
    (void)state;
    const eb_event_name *e = eb_event_find("Instructions");
    assert_non_null(e);
    assert_int_equal(e->type, PERF_TYPE_HARDWARE);
    assert_int_equal(e->config, PERF_COUNT_HW_INSTRUCTIONS);
    assert_null(eb_event_find("instruction"));
    int hardware = 0;
    for (int i = 0; i < eb_event_auto_count; i++)
        hardware += eb_event_names[i].type == PERF_TYPE_HARDWARE;
    assert_int_equal(hardware, 4); // more would be multiplexed on old CPUs
}

// Asked twice, opened once.
static void repeated_names_are_one_channel(void **state)
{
    (void)state;
    setup s;
    need_software_events(&s, "page-faults, PAGE-FAULTS,page-faults , context-switches", __func__);
    assert_int_equal(s.n, 2);
    stop(&s);
}

static void never_under_another_root(void **state)
{
    (void)state;
    setup s;
    open_events(&s, eb_io_rooted("/"), "auto");
    assert_null(s.probe);
    assert_non_null(strstr(s.err.message, "rooted"));
    stop(&s);
    eb_io tape;
    eb_err err;
    eb_err_clear(&err);
    assert_true(eb_io_tape("", &tape, &err));
    open_events(&s, tape, "auto");
    assert_null(s.probe);
    stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page_faults_are_counted),        cmocka_unit_test(threads_are_inherited),
        cmocka_unit_test(hardware_events_or_the_reason),  cmocka_unit_test(the_real_cause_is_found_behind_a_refusal),
        cmocka_unit_test(names_that_nobody_knows),        cmocka_unit_test(generic_names_have_the_kernels_codes),
        cmocka_unit_test(repeated_names_are_one_channel), cmocka_unit_test(never_under_another_root),
    };
    return cmocka_run_group_tests_name("counters", tests, NULL, NULL);
}
