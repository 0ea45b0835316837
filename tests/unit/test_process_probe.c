// SPDX-License-Identifier: Apache-2.0
// Process usage: every channel from texts of /proc of known content, hostile ones, and this process itself.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "probes/probe_impl.h"

static const char tape_text[] =
    "0 /proc/self/statm 5000 1234 300 10 0 900 0\n"
    "0 /proc/self/stat 42 (a) b (c)) R 1 42 42 0 -1 4194304 777 5 33 6 250 125 1 2 20 0 3 0 100 9999 1234\n"
    "0 /proc/self/status Name:\tx\\nVmHWM:\t    8192 kB\\nVmRSS:\t 4936 kB\\nvoluntary_ctxt_switches:\t17\\n"
    "nonvoluntary_ctxt_switches:\t4\\n\n"
    "0 /proc/stat cpu  1000 20 300 90000 50 6 7 88 0 0\\ncpu0 1 2 3 4 5 6 7 8 9 10\\n\n"
    "0 /proc/vmstat pgpgin 5\\npswpin 12\\npswpout 13\\npswpout2 99\\n\n"
    "10 /proc/self/statm garbage\n"
    "10 /proc/self/stat !EIO\n"
    "10 /proc/stat intr 5\n"
    "20 /proc/vmstat !ENODEV\n";

typedef struct setup {
    eb_io io;
    eb_probe_config config;
    eb_probe_env env;
    eb_probe *probe;
    const eb_channel *channels;
    int n;
    eb_sample samples[32];
} setup;

static void start(setup *s, const char *tape)
{
    eb_err err;
    eb_err_clear(&err);
    if (!tape)
        s->io = eb_io_real();
    else if (!eb_io_tape(tape, &s->io, &err))
        fail_msg("%s", err.message);
    eb_probe_config_default(&s->config);
    s->env = (eb_probe_env){ &s->io, &s->config };
    s->probe = eb_probe_open(&eb_probe_process, &s->env, &err);
    s->n = s->probe ? eb_probe_channels(s->probe, &s->channels) : 0;
}

static void stop(setup *s)
{
    eb_probe_close(s->probe);
    eb_io_deinit(&s->io);
}

static int find(const setup *s, const char *name)
{
    for (int i = 0; i < s->n; i++)
        if (strcmp(s->channels[i].name, name) == 0)
            return i;
    return -1;
}

static double value(const setup *s, const char *name)
{
    int i = find(s, name);
    if (i < 0)
        fail_msg("no channel %s", name);
    assert_int_equal(s->samples[i].status, EB_SAMPLE_OK);
    return (double)s->samples[i].raw * s->channels[i].scale;
}

static void each_channel_from_its_column(void **state)
{
    (void)state;
    setup s;
    start(&s, tape_text);
    assert_int_equal(s.n, 11);
    eb_probe_read(s.probe, s.samples);
    double tick_ns = 1e9 / (double)sysconf(_SC_CLK_TCK);
    const struct {
        const char *name;
        double value;
        eb_quantity quantity;
        eb_scope scope;
    } want[] = {
        { "process/rss", 1234.0 * (double)sysconf(_SC_PAGESIZE), EB_QUANTITY_BYTES, EB_SCOPE_PROCESS },
        { "process/rss_peak", 8192 * 1024, EB_QUANTITY_BYTES, EB_SCOPE_PROCESS },
        { "process/minor_faults", 777, EB_QUANTITY_COUNT, EB_SCOPE_PROCESS },
        { "process/major_faults", 33, EB_QUANTITY_COUNT, EB_SCOPE_PROCESS },
        { "process/cpu_time", 375 * tick_ns, EB_QUANTITY_TIME_NS, EB_SCOPE_PROCESS },
        { "process/voluntary_switches", 17, EB_QUANTITY_COUNT, EB_SCOPE_PROCESS },
        { "process/involuntary_switches", 4, EB_QUANTITY_COUNT, EB_SCOPE_PROCESS },
        { "process/machine_busy_time", 1333 * tick_ns, EB_QUANTITY_TIME_NS, EB_SCOPE_MACHINE },
        { "process/machine_steal_time", 88 * tick_ns, EB_QUANTITY_TIME_NS, EB_SCOPE_MACHINE },
        { "process/swap_in", 12, EB_QUANTITY_COUNT, EB_SCOPE_MACHINE },
        { "process/swap_out", 13, EB_QUANTITY_COUNT, EB_SCOPE_MACHINE },
    };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        assert_float_equal(value(&s, want[i].name), want[i].value, 0);
        const eb_channel *c = &s.channels[find(&s, want[i].name)];
        assert_int_equal(c->quantity, want[i].quantity);
        assert_int_equal(c->scope, want[i].scope);
        assert_int_equal(c->domain, EB_DOMAIN_NONE);
        assert_int_equal(c->grade, EB_GRADE_NONE);
        assert_int_equal(c->cumulative, want[i].quantity != EB_QUANTITY_BYTES);
    }
    stop(&s);
}

static void what_fails_later_has_a_status_and_no_value(void **state)
{
    (void)state;
    setup s;
    start(&s, tape_text);
    s.io.clock.sleep_until_ns(&s.io.clock, 20);
    eb_probe_read(s.probe, s.samples);
    static const struct {
        const char *name;
        eb_status status;
    } want[] = {
        { "process/rss", EB_SAMPLE_MISSING },      { "process/minor_faults", EB_SAMPLE_MISSING },
        { "process/cpu_time", EB_SAMPLE_MISSING }, { "process/machine_steal_time", EB_SAMPLE_MISSING },
        { "process/rss_peak", EB_SAMPLE_OK },      { "process/voluntary_switches", EB_SAMPLE_OK },
        { "process/swap_in", EB_SAMPLE_GONE },
    };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_int_equal(s.samples[find(&s, want[i].name)].status, want[i].status);
    for (int i = 0; i < s.n; i++)
        if (s.samples[i].status != EB_SAMPLE_OK)
            assert_int_equal(s.samples[i].raw, 0);
    stop(&s);
}

static void only_what_is_there_is_a_channel(void **state)
{
    (void)state;
    setup s;
    start(&s, "0 /proc/stat cpu  1 2 3 4 5 6 7 8\n");
    assert_int_equal(s.n, 2);
    assert_true(find(&s, "process/machine_busy_time") >= 0 && find(&s, "process/machine_steal_time") >= 0);
    eb_probe_detection found;
    eb_probe_detect(&eb_probe_process, &s.env, &found);
    assert_int_equal(found.state, EB_PROBE_PARTIAL);
    assert_non_null(strstr(found.reason, "rss"));
    assert_null(strstr(found.reason, "machine_busy_time"));
    stop(&s);
}

static void hostile_texts_give_no_channels(void **state)
{
    (void)state;
    static const char *const tapes[] = {
        "",
        "0 /proc/self/stat 1 no parenthesis 1 2 3 4 5 6 7 8 9 10 11 12 13\n",
        "0 /proc/self/stat 1 (x) R 1 2\n",
        "0 /proc/self/stat )\n",
        "0 /proc/self/stat 1 (x) R 1 2 3 4 5 6 -7 8 -9 10 -11 12 13\n",
        "0 /proc/self/statm 1 99999999999999999999999\n",
        "0 /proc/self/statm 1 12x\n",
        "0 /proc/self/status VmHWM\n",
        "0 /proc/self/status VmHWM:\\nvoluntary_ctxt_switches:\\n\n",
        "0 /proc/stat cpu\n",
        "0 /proc/stat cpu0 1 2 3 4 5 6 7 8 9\n",
        "0 /proc/stat cpu 18446744073709551615 1 1 1 1 1 1\n",
        "0 /proc/vmstat pswpin\\npswpout x\\n\n",
        "0 /proc/self !EACCES\n",
    };
    for (size_t i = 0; i < sizeof tapes / sizeof *tapes; i++) {
        setup s = { 0 };
        start(&s, tapes[i]);
        if (s.probe)
            fail_msg("%zu: %d channels, first %s", i, s.n, s.channels[0].name);
        stop(&s);
    }
}

// The process's own: compared with getrusage and with memory that it touches.
static void this_process(void **state)
{
    (void)state;
    setup s;
    start(&s, NULL);
    eb_probe_read(s.probe, s.samples);
    double rss = value(&s, "process/rss"), faults = value(&s, "process/minor_faults");
    size_t size = 32 << 20;
    char *block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(block != MAP_FAILED);
    madvise(block, size, MADV_NOHUGEPAGE);
    for (size_t i = 0; i < size; i += 4096)
        block[i] = 1;
    eb_probe_read(s.probe, s.samples);
    assert_true(value(&s, "process/rss") >= rss + (double)size * 0.9);
    assert_true(value(&s, "process/rss_peak") >= rss + (double)size * 0.9);
    if (faults > 0) // an emulator's /proc/self/stat counts none
        assert_true(value(&s, "process/minor_faults") > faults);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    assert_true(value(&s, "process/minor_faults") <= (double)usage.ru_minflt);
    for (int i = 0; i < s.n; i++) {
        assert_true(s.samples[i].t_before_ns <= s.samples[i].t_after_ns);
        assert_true(s.samples[i].t_before_ns > 0);
    }
    munmap(block, size);
    stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_channel_from_its_column),
        cmocka_unit_test(what_fails_later_has_a_status_and_no_value),
        cmocka_unit_test(only_what_is_there_is_a_channel),
        cmocka_unit_test(hostile_texts_give_no_channels),
        cmocka_unit_test(this_process),
    };
    return cmocka_run_group_tests_name("process probe", tests, NULL, NULL);
}
