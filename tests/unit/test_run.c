// SPDX-License-Identifier: Apache-2.0
// The runner's parts on made-up machines: stop rule, sampler, guards, fingerprint.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness/base/file.h"
#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/run/guards.h"
#include "harness/run/header.h"
#include "harness/run/machine.h"
#include "harness/run/runner.h"
#include "harness/run/sampler.h"
#include "probes/probe_impl.h"

// ---- stop rule --------------------------------------------------------------------------------------

static void test_looks_are_few_and_share_the_error(void **state)
{
    (void)state;
    assert_int_equal(eb_stop_looks(7, 7), 1);
    assert_true(eb_stop_level(7, 7) == 0.95);
    assert_int_equal(eb_stop_looks(6, 24), 3); // 6, 12, 24
    assert_true(fabs(eb_stop_level(6, 24) - (1 - 0.05 / 3)) < 1e-15);
    int seen = 0;
    for (int n = 1; n <= 24; n++)
        seen += eb_stop_is_look(n, 6, 24);
    assert_int_equal(seen, 3);
    assert_true(eb_stop_is_look(6, 6, 24) && eb_stop_is_look(12, 6, 24) && eb_stop_is_look(24, 6, 24));
    assert_true(eb_stop_is_look(20, 7, 20)); // the maximum is always one
}

// Stopping at the first narrow interval must keep the promise: simulated coverage of the true median.
static void test_stopped_intervals_cover(void **state)
{
    (void)state;
    enum { RUNS = 4000, MIN = 8, MAX = 32 };
    double level = eb_stop_level(MIN, MAX), x[MAX], lo, hi;
    eb_rng rng;
    eb_rng_init(&rng, 20260101);
    int covered = 0;
    for (int run = 0; run < RUNS; run++) {
        for (int n = 1; n <= MAX; n++) {
            x[n - 1] = 100 + 3 * eb_rng_normal(&rng);
            if (!eb_stop_is_look(n, MIN, MAX) || !eb_median_interval(x, (size_t)n, level, &lo, &hi))
                continue;
            if ((hi - lo) / 2 <= 0.02 * eb_median(x, (size_t)n) || n == MAX)
                break;
        }
        covered += lo <= 100 && 100 <= hi;
    }
    assert_true(covered >= RUNS * 95 / 100);
}

// ---- sampler ----------------------------------------------------------------------------------------

static uint64_t fake_raw;
static void fake_read(eb_probe *probe, eb_sample *out)
{
    for (int i = 0; i < probe->n; i++)
        out[i] = (eb_sample){ .raw = fake_raw, .t_before_ns = (int64_t)fake_raw, .t_after_ns = (int64_t)fake_raw + 1 };
    fake_raw++;
}

static const eb_probe_ops fake_ops = { .name = "fake", .doc = "counts its reads", .read = fake_read };

static eb_sampler *fake_sampler(eb_probe *probe, eb_channel *channels, int n, eb_sampling mode, int64_t period_ns,
                                size_t rows)
{
    eb_err err;
    eb_err_clear(&err);
    eb_probe_config config = { .sampling = mode, .rate_hz = 100 };
    for (int i = 0; i < n; i++) {
        channels[i] = (eb_channel){ .period_ns = period_ns, .cumulative = true };
        snprintf(channels[i].name, sizeof channels[i].name, "fake/%d", i);
    }
    *probe = (eb_probe){ .ops = &fake_ops, .channels = channels, .n = n };
    fake_raw = 0;
    eb_sampler *s = eb_sampler_new(&probe, 1, &config, rows, 1, &err);
    assert_non_null(s);
    return s;
}

static void test_window_is_bounded_by_reads(void **state)
{
    (void)state;
    eb_probe probe;
    eb_channel channels[2];
    eb_sampler *s = fake_sampler(&probe, channels, 2, EB_SAMPLING_TRACE, 0, 1000);
    size_t n;
    eb_sampler_begin(s);
    eb_sampler_end(s);
    const eb_power_row *rows = eb_sampler_rows(s, &n);
    assert_int_equal(n, 4); // two channels, read at both ends, without a thread in between
    assert_int_equal(rows[0].channel, 0);
    assert_int_equal(rows[1].channel, 1);
    assert_int_equal(rows[0].sample.raw, 0);
    assert_int_equal(rows[3].sample.raw, 1);
    eb_sampler_begin(s); // forgets
    eb_sampler_rows(s, &n);
    assert_int_equal(n, 2);
    eb_sampler_free(s);
}

static void test_poll_keeps_its_grid(void **state)
{
    (void)state;
    eb_probe probe;
    eb_channel channels[1];
    eb_sampler *s = fake_sampler(&probe, channels, 1, EB_SAMPLING_TRACE, 0, 100000);
    eb_sampler_begin(s);
    int64_t now = eb_now_ns(), first = eb_sampler_poll(s, now), due = first;
    size_t before, after;
    eb_sampler_rows(s, &before);
    for (int i = 0; i < 50; i++) {
        int64_t next = eb_sampler_poll(s, due + 3000000); // 3 ms late each time
        assert_int_equal(next - due, 10000000);           // and still every 10 ms
        due = next;
    }
    eb_sampler_rows(s, &after);
    assert_int_equal(after - before, 50);
    assert_int_equal(eb_sampler_poll(s, due + 35000000) - due, 40000000); // missed reads are not made up
    eb_sampler_free(s);
}

static void test_edge_mode_polls_five_times_per_update(void **state)
{
    (void)state;
    eb_probe probe;
    eb_channel channels[1];
    eb_sampler *s = fake_sampler(&probe, channels, 1, EB_SAMPLING_EDGE, 1000000, 100000);
    eb_sampler_begin(s);
    int64_t due = eb_sampler_poll(s, eb_now_ns());
    assert_int_equal(eb_sampler_poll(s, due) - due, 200000);
    eb_sampler_free(s);
}

// 262 kJ at 1500 W go round in 175 s, 300 J in 0.2 s: whatever the mode, eight reads and more.
static void test_no_mode_loses_a_wrap(void **state)
{
    (void)state;
    static const struct {
        eb_sampling mode;
        uint64_t modulus;
        int64_t want_ns;
    } cases[] = {
        { EB_SAMPLING_WINDOW, 262143328911, 1000000000 },
        { EB_SAMPLING_WINDOW, 300000000, 25000000 },
        { EB_SAMPLING_TRACE, 300000000, 10000000 },
        { EB_SAMPLING_TRACE, 30000000, 2500000 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        eb_channel c = { .name = "fake/0",
                         .quantity = EB_QUANTITY_ENERGY_UJ,
                         .cumulative = true,
                         .modulus = cases[i].modulus,
                         .scale = 1,
                         .power_max_w = 1500 };
        eb_probe probe = { .ops = &fake_ops, .channels = &c, .n = 1 }, *list = &probe;
        eb_probe_config config = { .sampling = cases[i].mode, .rate_hz = 100 };
        eb_err err;
        eb_err_clear(&err);
        eb_sampler *s = eb_sampler_new(&list, 1, &config, 1000, 1, &err);
        assert_non_null(s);
        eb_sampler_begin(s);
        int64_t due = eb_sampler_poll(s, eb_now_ns());
        assert_int_equal(eb_sampler_poll(s, due) - due, cases[i].want_ns);
        eb_sampler_free(s);
    }
}

static void test_full_buffer_thins_and_still_covers(void **state)
{
    (void)state;
    eb_probe probe;
    eb_channel channels[3];
    eb_sampler *s = fake_sampler(&probe, channels, 3, EB_SAMPLING_TRACE, 0, 60);
    eb_sampler_begin(s);
    int64_t due = eb_now_ns();
    for (int i = 0; i < 1000; i++)
        due = eb_sampler_poll(s, due);
    eb_sampler_end(s);
    size_t n, per_channel[3] = { 0 };
    const eb_power_row *rows = eb_sampler_rows(s, &n);
    assert_true(n <= 70);
    uint64_t last[3] = { 0 };
    for (size_t i = 0; i < n; i++) {
        int c = rows[i].channel;
        assert_true(per_channel[c] == 0 ? rows[i].sample.raw == 0
                                        : rows[i].sample.raw > last[c]); // first kept, in order
        last[c] = rows[i].sample.raw;
        per_channel[c]++;
    }
    for (int c = 0; c < 3; c++) {
        assert_int_equal(last[c], fake_raw - 1); // the end read is there
        assert_int_equal(per_channel[c], per_channel[0]);
    }
    eb_sampler_free(s);
}

static void test_thread_samples_and_stops(void **state)
{
    (void)state;
    eb_probe probe;
    eb_channel channels[1];
    eb_err err;
    eb_err_clear(&err);
    eb_sampler *s = fake_sampler(&probe, channels, 1, EB_SAMPLING_TRACE, 0, 100000);
    assert_true(eb_sampler_start(s, &err));
    size_t n = 0;
    for (int tries = 0; tries < 50 && n < 5; tries++) { // until the thread got a few reads in, however slow the machine
        eb_sampler_begin(s);
        usleep(100000);
        eb_sampler_end(s);
        eb_sampler_rows(s, &n);
    }
    assert_true(n >= 5);
    uint64_t reads = fake_raw;
    usleep(50000);
    assert_int_equal(fake_raw, reads); // none after the end
    eb_sampler_free(s);
}

// ---- a machine in a folder ---------------------------------------------------------------------------

static char root[64];

static void put(const char *path, const char *text)
{
    eb_err err;
    eb_err_clear(&err);
    char *full = eb_format("%s%s", root, path), *dir = eb_strdup(full);
    *strrchr(dir, '/') = 0;
    assert_true(eb_mkdirs(dir, &err));
    FILE *f = fopen(full, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    free(full);
    free(dir);
}

static int make_root(void **state)
{
    (void)state;
    strcpy(root, "/tmp/eb_test_run_XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
    (void)state;
    char *command = eb_format("rm -rf '%s'", root);
    int rc = system(command);
    free(command);
    return rc;
}

static bool warned(const eb_warnings *w, const char *what)
{
    for (size_t i = 0; i < w->n; i++)
        if (strstr(w->items[i], what))
            return true;
    return false;
}

static void test_guards_see_what_changed(void **state)
{
    (void)state;
    eb_io io = eb_io_rooted(root);
    eb_guard a, b;
    eb_warnings w = { 0 };
    put("/proc/stat", "cpu  1000 0 500 9000 0 0 0 10 0 0\n");
    put("/proc/vmstat", "pswpin 5\npswpout 7\n");
    put("/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "3\n");
    put("/sys/class/thermal/thermal_zone0/temp", "45000\n");
    put("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n");
    eb_guard_read(&io, &a);
    assert_true(a.steal_s == 10.0 / (double)sysconf(_SC_CLK_TCK));
    assert_true(a.swap_pages == 12 && a.throttle_count == 3 && a.temperature_c == 45);
    b = a;
    b.t_ns += 1000000000;
    eb_guard_compare(&a, &b, &w);
    assert_int_equal(w.n, 0); // nothing happened
    put("/proc/stat", "cpu  1300 0 500 9000 0 0 0 60 0 0\n");
    put("/proc/vmstat", "pswpin 5\npswpout 9\n");
    put("/sys/devices/system/cpu/cpu2/thermal_throttle/core_throttle_count", "1\n"); // CPU 1 is off
    put("/sys/class/thermal/thermal_zone2/temp", "99000\n");                         // zone 1 is not there
    put("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");
    eb_guard_read(&io, &b);
    b.t_ns = a.t_ns + 1000000000;
    eb_guard_compare(&a, &b, &w);
    assert_true(warned(&w, "throttled 1 times") && warned(&w, "stole") && warned(&w, "2 pages were swapped"));
    assert_true(warned(&w, "99 C") && warned(&w, "from 'performance' to 'powersave'") && warned(&w, "other processes"));
    eb_warnings_deinit(&w);
    eb_io_deinit(&io);
}

static void test_guards_do_not_judge_the_unknown(void **state)
{
    (void)state;
    eb_io io = eb_io_rooted(root); // the tree is empty
    eb_guard a, b;
    eb_warnings w = { 0 };
    eb_guard_read(&io, &a);
    assert_true(isnan(a.steal_s) && isnan(a.swap_pages) && isnan(a.throttle_count) && isnan(a.temperature_c));
    assert_int_equal(a.governor[0], 0);
    b = a;
    b.t_ns += 1000000000;
    eb_guard_compare(&a, &b, &w);
    eb_guard_machine(&io, &w);
    assert_int_equal(w.n, 0);
    eb_io_deinit(&io);
}

static void test_half_a_source_is_told(void **state)
{
    (void)state;
    eb_io io = eb_io_rooted(root);
    eb_found found;
    eb_warnings w = { 0 };
    eb_probe_config config;
    eb_probe_config_default(&config);
    put("/sys/class/powercap/intel-rapl:0/name", "package-0\n");
    put("/sys/class/powercap/intel-rapl:0/energy_uj", "5\n");
    put("/proc/self/statm", "5000 1234 300 10 0 900 0\n"); // the process probe works in part too, and that is no matter
    eb_found_open(&found, &io, &config);
    eb_found_warn(&found, &config, &w);
    assert_int_equal(w.n, 0);
    eb_found_close(&found);
    put("/sys/class/powercap/intel-rapl:1/name", "package-1\n");
    put("/sys/class/powercap/intel-rapl:1/energy_uj", "nonsense\n");
    eb_found_open(&found, &io, &config);
    eb_found_warn(&found, &config, &w);
    assert_int_equal(w.n, 1);
    assert_true(warned(&w, "powercap measures a part only: 1 of 2 zones cannot be read: intel-rapl:1"));
    eb_found_close(&found);
    config.sources = "stated"; // asked for by name, and nothing is stated
    eb_found_open(&found, &io, &config);
    eb_found_warn(&found, &config, &w);
    assert_int_equal(w.n, 2);
    assert_true(warned(&w, "stated was asked for and is off"));
    eb_found_close(&found);
    eb_warnings_deinit(&w);
    eb_io_deinit(&io);
}

static const char *fact(const eb_header *h, const char *key)
{
    for (int i = 0; i < h->n_machine; i++)
        if (strcmp(h->machine[i].key, key) == 0)
            return h->machine[i].value;
    return "(no such key)";
}

static void free_machine(eb_header *h)
{
    for (int i = 0; i < h->n_machine; i++) {
        free(h->machine[i].key);
        free(h->machine[i].value);
    }
    free(h->machine);
    free(h->fingerprint);
    *h = (eb_header){ 0 };
}

static void test_fingerprint_is_of_the_tree(void **state)
{
    (void)state;
    put("/proc/cpuinfo",
        "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\n"
        "model name\t: A CPU @ 2.0GHz\nstepping\t: 8\nmicrocode\t: 0x2b\nsiblings\t: 4\ncpu cores\t: 2\n"
        "flags\t\t: fpu hypervisor avx2\n\nprocessor\t: 1\nmodel name\t: A CPU @ 2.0GHz\n");
    put("/proc/meminfo", "MemTotal:       16384000 kB\n");
    eb_io io = eb_io_rooted(root);
    eb_header a = { 0 }, b = { 0 };
    eb_machine_describe(&io, "avx2", &a);
    assert_string_equal(fact(&a, "cpu_model"), "A CPU @ 2.0GHz");
    assert_string_equal(fact(&a, "cpu_model_number"), "143");
    assert_string_equal(fact(&a, "cpus"), "2");
    assert_string_equal(fact(&a, "memory_mib"), "16000");
    assert_string_equal(fact(&a, "hypervisor"), "yes");
    assert_string_equal(fact(&a, "kernel"), "unknown"); // not in the tree, so not taken from this machine
    assert_string_equal(fact(&a, "energy_sources"), "none");
    eb_machine_describe(&io, "avx2", &b);
    assert_string_equal(a.fingerprint, b.fingerprint);
    eb_machine_add(&b, "flop_s", "%g", 1e9); // measured: not part of it
    assert_string_equal(a.fingerprint, b.fingerprint);
    free_machine(&b);
    eb_machine_describe(&io, "avx512", &b);
    assert_string_not_equal(a.fingerprint, b.fingerprint);
    free_machine(&a);
    free_machine(&b);
    eb_io_deinit(&io);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_looks_are_few_and_share_the_error),
        cmocka_unit_test(test_stopped_intervals_cover),
        cmocka_unit_test(test_window_is_bounded_by_reads),
        cmocka_unit_test(test_poll_keeps_its_grid),
        cmocka_unit_test(test_edge_mode_polls_five_times_per_update),
        cmocka_unit_test(test_no_mode_loses_a_wrap),
        cmocka_unit_test(test_full_buffer_thins_and_still_covers),
        cmocka_unit_test(test_thread_samples_and_stops),
        cmocka_unit_test_setup_teardown(test_guards_see_what_changed, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_guards_do_not_judge_the_unknown, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_half_a_source_is_told, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_fingerprint_is_of_the_tree, make_root, remove_root),
    };
    return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
