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

#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/run/guards.h"
#include "harness/run/header.h"
#include "harness/run/machine.h"
#include "harness/run/runner.h"
#include "probes/probe_impl.h"
#include "tests/unit/folder.h"

// ---- stop rule --------------------------------------------------------------------------------------

static void test_looks_are_few_and_share_the_error(void **state)
{
    (void)state;
    assert_int_equal(eb_stop_looks(7, 7), 1);
    assert_true(eb_stop_level(7, 7) == 0.95);
    assert_int_equal(eb_stop_looks(6, 24), 3); // 6, 12, 24
    assert_true(fabs(eb_stop_level(6, 24) - (1 - 0.05 / 1.5)) < 1e-15);
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
    double level = eb_stop_level(MIN, MAX), x[MAX], lo = 0, hi = 0;
    eb_rng rng;
    eb_rng_init(&rng, 20260101);
    int covered = 0;
    for (int run = 0; run < RUNS; run++) {
        for (int n = 1; n <= MAX; n++) {
            x[n - 1] = 100 + 3 * eb_rng_normal(&rng);
            eb_median_interval(x, (size_t)n, level, &lo, &hi);
            if (eb_stop_now(x, n, MIN, MAX, 0.02))
                break;
        }
        covered += lo <= 100 && 100 <= hi;
    }
    assert_in_range(covered, RUNS * 94 / 100, RUNS * 98 / 100);
}

// ---- a machine in a folder ---------------------------------------------------------------------------

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
    eb_io io = eb_io_rooted(folder);
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
    eb_guard_compare(&a, &b, 1000000000, &w);
    assert_int_equal(w.n, 0); // nothing happened
    put("/proc/stat", "cpu  1300 0 500 9000 0 0 0 60 0 0\n");
    put("/proc/vmstat", "pswpin 5\npswpout 9\n");
    put("/sys/devices/system/cpu/cpu2/thermal_throttle/core_throttle_count", "1\n"); // CPU 1 is off
    put("/sys/class/thermal/thermal_zone2/temp", "99000\n");                         // zone 1 is not there
    put("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");
    eb_guard_read(&io, &b);
    b.t_ns = a.t_ns + 1000000000;
    eb_guard_compare(&a, &b, 1000000000, &w);
    assert_true(warned(&w, "the CPU throttled (counted over all CPUs: 1)") && warned(&w, "stole") &&
                warned(&w, "pages were swapped (2)"));
    assert_true(warned(&w, "99 C") && warned(&w, "from 'performance' to 'powersave'") && warned(&w, "other processes"));
    eb_warnings_deinit(&w);
    eb_io_deinit(&io);
}

static void test_guards_do_not_judge_the_unknown(void **state)
{
    (void)state;
    eb_io io = eb_io_rooted(folder); // the tree is empty
    eb_guard a, b;
    eb_warnings w = { 0 };
    eb_guard_read(&io, &a);
    assert_true(isnan(a.steal_s) && isnan(a.swap_pages) && isnan(a.throttle_count) && isnan(a.temperature_c));
    assert_int_equal(a.governor[0], 0);
    b = a;
    b.t_ns += 1000000000;
    eb_guard_compare(&a, &b, 1000000000, &w);
    eb_guard_machine(&io, &w);
    assert_int_equal(w.n, 0);
    eb_io_deinit(&io);
}

static void test_half_a_source_is_told(void **state)
{
    (void)state;
    eb_io io = eb_io_rooted(folder);
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
    eb_io io = eb_io_rooted(folder);
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
    eb_channel stated = { .name = "stated/power", .grade = EB_GRADE_ESTIMATE };
    b.channels = &stated;
    b.n_channels = 1;
    eb_machine_describe(&io, "avx2", &b); // the same box, now with watts in the config
    assert_string_equal(fact(&b, "energy_sources"), "stated/power (estimate)");
    assert_string_equal(a.fingerprint, b.fingerprint);
    b.channels = NULL;
    b.n_channels = 0;
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
        cmocka_unit_test_setup_teardown(test_guards_see_what_changed, folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(test_guards_do_not_judge_the_unknown, folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(test_half_a_source_is_told, folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(test_fingerprint_is_of_the_tree, folder_make, folder_remove),
    };
    return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
