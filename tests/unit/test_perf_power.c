// SPDX-License-Identifier: Apache-2.0
// The perf PMU `power`: what its folder says, the events that are opened for it (on tapes and in rooted trees, never in
// the kernel), their channels, and every way in which it does not work.
#include <errno.h>
#include <linux/perf_event.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/record/domain.h"
#include "probes/pmu_format.h"
#include "probes/probe_impl.h"
#include "tests/unit/folder.h"

#define PMU   "0 /sys/bus/event_source/devices/power/"
#define CPU   "0 /sys/devices/system/cpu/cpu"
#define SCALE "2.3283064365386962890625e-10" // 2^-32
#define EVENT(name, code)                                                                                              \
    PMU "events/energy-" name " event=" code "\n" PMU "events/energy-" name ".scale " SCALE "\n" PMU                   \
        "events/energy-" name ".unit Joules\n"
#define TWO_SOCKETS                                                                                                    \
    PMU "type 17\n" PMU "cpumask 0,28\n" PMU "format/event config:0-7\n" EVENT("pkg", "0x02") EVENT("ram", "0x03") CPU \
        "0/topology/physical_package_id 0\n" CPU "28/topology/physical_package_id 1\n"

typedef struct machine {
    eb_io io;
    eb_probe_config config;
    eb_probe_env env;
    eb_probe_detection found;
    eb_probe *probe;
    const eb_channel *channels;
    int n;
    eb_err err;
} machine;

static machine *machine_on(eb_io io)
{
    machine *m = calloc(1, sizeof *m);
    m->io = io;
    eb_probe_config_default(&m->config);
    m->env = (eb_probe_env){ &m->io, &m->config };
    eb_probe_detect(&eb_probe_perf_power, &m->env, &m->found);
    eb_err_clear(&m->err);
    m->probe = eb_probe_open(&eb_probe_perf_power, &m->env, &m->err);
    if (m->probe)
        m->n = eb_probe_channels(m->probe, &m->channels);
    return m;
}

static machine *machine_of(const char *tape)
{
    eb_io io;
    eb_err err;
    eb_err_clear(&err);
    if (!eb_io_tape(tape, &io, &err))
        fail_msg("line %d: %s", err.line, err.message);
    return machine_on(io);
}

static void machine_free(machine *m)
{
    eb_probe_close(m->probe);
    eb_io_deinit(&m->io);
    free(m);
}

static void expect_state(const machine *m, eb_probe_state state, const char *reason, const char *remedy)
{
    if (m->found.state != state || !strstr(m->found.reason, reason) || !strstr(m->found.remedy, remedy))
        fail_msg("%s: '%s' -> '%s'", eb_probe_state_name(m->found.state), m->found.reason, m->found.remedy);
}

// ---- grammar ----

static void cpu_lists(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int n, cpus[4];
    } cases[] = {
        { "0", 1, { 0 } },
        { "0,28", 2, { 0, 28 } },
        { "0-1,28", 3, { 0, 1, 28 } },
        { " 3 \n", 1, { 3 } },
        { "  0 , 2-3\t,28 \r\n", 4, { 0, 2, 3, 28 } },
        { "2,0,2,0-2", 3, { 2, 0, 1 } },
        { "65535", 1, { 65535 } },
        { "", -1, { 0 } },
        { ",", -1, { 0 } },
        { "0,", -1, { 0 } },
        { "0,,1", -1, { 0 } },
        { "1-0", -1, { 0 } },
        { "-1", -1, { 0 } },
        { "a", -1, { 0 } },
        { "0 1", -1, { 0 } },
        { "65536", -1, { 0 } },
        { "0-4", -1, { 0 } }, // more than fit
        { "99999999999999999999", -1, { 0 } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int cpus[4] = { 0 };
        int n = eb_pmu_cpus_parse(cases[i].text, cpus, 4);
        if (n != cases[i].n)
            fail_msg("'%s': %d", cases[i].text, n);
        for (int k = 0; k < n; k++)
            assert_int_equal(cpus[k], cases[i].cpus[k]);
    }
}

static void fields_take_values_bit_by_bit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t value, config[EB_PMU_CONFIGS];
        bool fits;
    } cases[] = {
        { "config:0-7", 0x02, { 0x02 }, true },
        { "config:0-7", 0x102, { 0x02 }, false },
        { "config:0-7,32-35\n", 0xa5b, { 0xa0000005bu }, true },
        { "config1:1,6-10,44", 0x7f, { 0, 1ull << 44 | 0x7c2 }, true },
        { "config2:63", 1, { 0, 0, 1ull << 63 }, true },
        { "config:0-63", UINT64_MAX, { UINT64_MAX }, true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        eb_pmu_field field;
        uint64_t config[EB_PMU_CONFIGS] = { 0 };
        assert_true(eb_pmu_field_parse(cases[i].text, &field));
        assert_int_equal(eb_pmu_field_put(&field, cases[i].value, config), cases[i].fits);
        for (int k = 0; k < EB_PMU_CONFIGS; k++)
            assert_int_equal(config[k], cases[i].config[k]);
    }
    static const char *const bad[] = { "",           "config",    "config:",     "config:64",
                                       "config:7-0", "config3:0", "config:0-7,", "x:0" };
    eb_pmu_field field;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (eb_pmu_field_parse(bad[i], &field))
            fail_msg("'%s' is no field", bad[i]);
}

static void terms_one_by_one(void **state)
{
    (void)state;
    const char *text = " event=0x02,umask=10 , any";
    char name[32];
    uint64_t value;
    assert_int_equal(eb_pmu_term_next(&text, name, &value), 1);
    assert_string_equal(name, "event");
    assert_int_equal(value, 2);
    assert_int_equal(eb_pmu_term_next(&text, name, &value), 1);
    assert_string_equal(name, "umask");
    assert_int_equal(value, 10);
    assert_int_equal(eb_pmu_term_next(&text, name, &value), 1);
    assert_string_equal(name, "any");
    assert_int_equal(value, 1);
    assert_int_equal(eb_pmu_term_next(&text, name, &value), 0);
    static const char *const bad[] = { "=2",
                                       "event=",
                                       "event=x",
                                       "event=-1",
                                       "event=99999999999999999999",
                                       "a b",
                                       "a=1 b",
                                       "abcdefghijklmnopqrstuvwxyzabcdef=1",
                                       "ev?nt=2" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        text = bad[i];
        if (eb_pmu_term_next(&text, name, &value) != -1)
            fail_msg("'%s' is no term", bad[i]);
    }
}

// ---- channels ----

static void one_event_per_energy_and_cpu_of_the_mask(void **state)
{
    (void)state;
    machine *m = machine_of(TWO_SOCKETS "0 /perf/17/0x02@0 100\n0 /perf/17/0x02@28 200\n0 /perf/17/3@0 300\n"
                                        "0 /perf/17/0x3@28 400\n10 /perf/17/3@0 18446744073709551615\n");
    expect_state(m, EB_PROBE_OK, "", "");
    static const struct {
        const char *name;
        eb_domain domain;
        int socket;
        uint64_t raw;
    } want[] = { { "perf_power/energy-pkg@0", EB_DOMAIN_PACKAGE, 0, 100 },
                 { "perf_power/energy-ram@0", EB_DOMAIN_DRAM, 0, 300 },
                 { "perf_power/energy-pkg@28", EB_DOMAIN_PACKAGE, 1, 200 },
                 { "perf_power/energy-ram@28", EB_DOMAIN_DRAM, 1, 400 } };
    eb_sample samples[4];
    bool counted[4];
    char domains[128], missing[64];
    assert_int_equal(m->n, 4);
    eb_probe_read(m->probe, samples);
    eb_domain_count(m->channels, m->n, EB_BOUNDARY_COMPUTE, counted, domains, sizeof domains, missing, sizeof missing);
    assert_string_equal(domains, "package-0 + dram-0 + package-1 + dram-1");
    assert_string_equal(missing, "");
    for (int i = 0; i < 4; i++) {
        const eb_channel *c = &m->channels[i];
        assert_string_equal(c->name, want[i].name);
        assert_int_equal(c->domain, want[i].domain);
        assert_int_equal(c->socket, want[i].socket);
        assert_int_equal(c->die, -1);
        assert_int_equal(c->grade, EB_GRADE_COUNTER);
        assert_int_equal(c->modulus, 0);
        assert_true(c->gap_max_ns > 0 && c->gap_max_ns <= 60000000000);
        assert_true(c->scale == 1e6 / 4294967296.0);
        assert_true(c->power_max_w > 0 && c->cumulative && counted[i]);
        assert_float_equal(c->unit * c->scale, 61.03515625, 1e-9);
        assert_int_equal(samples[i].status, EB_SAMPLE_OK);
        assert_int_equal(samples[i].raw, want[i].raw);
    }
    m->io.clock.sleep_until_ns(&m->io.clock, 10);
    eb_probe_read(m->probe, samples);
    assert_true(samples[1].raw == UINT64_MAX && samples[1].t_before_ns == 10);
    machine_free(m);
}

static void every_kind_of_energy(void **state)
{
    (void)state;
    machine *m = machine_of(PMU "type 9\n" PMU "cpumask 2\n" EVENT("psys", "0x05") EVENT("gpu", "0x04")
                                EVENT("cores", "0x01") EVENT("npu", "0x09") EVENT("pkg", "0x02") EVENT("ram", "0x03")
                                    PMU "events/cycles event=0x7\n"
                                        "0 /perf/9/1@2 1\n0 /perf/9/2@2 1\n0 /perf/9/3@2 1\n0 /perf/9/4@2 1\n0 "
                                        "/perf/9/5@2 1\n0 /perf/9/9@2 1\n");
    expect_state(m, EB_PROBE_OK, "", "");
    static const eb_domain want[] = { EB_DOMAIN_PACKAGE, EB_DOMAIN_CORE,   EB_DOMAIN_DRAM,
                                      EB_DOMAIN_UNCORE,  EB_DOMAIN_SYSTEM, EB_DOMAIN_UNKNOWN };
    assert_int_equal(m->n, 6);
    bool counted[6];
    eb_domain_count(m->channels, 6, EB_BOUNDARY_COMPUTE, counted, NULL, 0, NULL, 0);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(m->channels[i].domain, want[i]);
        assert_int_equal(m->channels[i].socket, -1); // the topology is not there
        assert_int_equal(counted[i], want[i] == EB_DOMAIN_PACKAGE || want[i] == EB_DOMAIN_DRAM);
    }
    assert_string_equal(m->channels[5].label, "energy-npu");
    // A psys may count whole joules: it is slow and not dead.
    assert_float_equal(m->channels[4].unit * m->channels[4].scale, 1e6, 1e-6);
    machine_free(m);
}

// The PMU does not tell the hardware's unit; powercap's ranges do, and anybody may read those.
static void units_come_from_powercap(void **state)
{
    (void)state;
    machine *m = machine_of(TWO_SOCKETS "0 /sys/class/powercap/intel-rapl:0/name package-0\n"
                                        "0 /sys/class/powercap/intel-rapl:0/energy_uj !EACCES\n"
                                        "0 /sys/class/powercap/intel-rapl:0/max_energy_range_uj 65532610987\n"
                                        "0 /perf/17/2@0 1\n0 /perf/17/3@0 1\n0 /perf/17/2@28 1\n0 /perf/17/3@28 1\n");
    assert_int_equal(m->n, 4);
    assert_float_equal(m->channels[0].unit * m->channels[0].scale, 15.258, 0.001);
    assert_float_equal(m->channels[1].unit * m->channels[1].scale, 61.03515625, 1e-9);
    machine_free(m);
}

#define FOUR_CPUS PMU "type 17\n" PMU "cpumask 0-1,28-29\n" EVENT("pkg", "0x02") EVENT("psys", "0x05")
#define PKG_COUNTS                                                                                                     \
    "0 /perf/17/2@0 1\n0 /perf/17/2@1 1\n0 /perf/17/2@28 1\n0 /perf/17/2@29 1\n0 /perf/17/5@0 1\n0 /perf/17/5@1 1\n"   \
    "0 /perf/17/5@28 1\n0 /perf/17/5@29 1\n"
#define PACKAGES                                                                                                       \
    CPU "0/topology/physical_package_id 0\n" CPU "1/topology/physical_package_id 0\n" CPU                              \
        "28/topology/physical_package_id 1\n" CPU "29/topology/physical_package_id 1\n"

static void one_cpu_per_die(void **state)
{
    (void)state;
    machine *m = machine_of(FOUR_CPUS PACKAGES PKG_COUNTS CPU "0/topology/die_id 0\n" CPU "1/topology/die_id 1\n" CPU
                                                              "28/topology/die_id 0\n" CPU "29/topology/die_id 1\n");
    bool counted[8];
    char domains[128];
    assert_int_equal(m->n, 8);
    eb_domain_count(m->channels, 8, EB_BOUNDARY_COMPUTE, counted, domains, sizeof domains, NULL, 0);
    assert_string_equal(domains, "package-0-die-0 + package-0-die-1 + package-1-die-0 + package-1-die-1");
    eb_domain_count(m->channels, 8, EB_BOUNDARY_PLATFORM, counted, domains, sizeof domains, NULL, 0);
    assert_string_equal(domains, "energy-psys"); // once
    machine_free(m);
}

static void a_second_cpu_of_one_package_is_no_second_package(void **state)
{
    (void)state;
    machine *m = machine_of(FOUR_CPUS PACKAGES PKG_COUNTS);
    bool counted[8];
    char domains[128];
    assert_int_equal(m->n, 8);
    eb_domain_count(m->channels, 8, EB_BOUNDARY_COMPUTE, counted, domains, sizeof domains, NULL, 0);
    assert_string_equal(domains, "package-0 + package-1");
    assert_string_equal(m->channels[2].note, "CPU 0 reads it already");
    machine_free(m);
}

static void terms_follow_the_format(void **state)
{
    (void)state;
    machine *m = machine_of(PMU "type 17\n" PMU "cpumask 0\n" PMU "format/event config:0-7\n" PMU
                                "format/domain config:32-35\n" PMU "events/energy-pkg event=0x02,domain=3\n" PMU
                                "events/energy-pkg.scale " SCALE "\n" PMU "events/energy-pkg.unit Joules\n"
                                "0 /perf/17/0x2@0 5\n0 /perf/17/0x300000002@0 7\n");
    eb_sample sample;
    assert_int_equal(m->n, 1);
    eb_probe_read(m->probe, &sample);
    assert_int_equal(sample.raw, 7);
    machine_free(m);
}

// ---- what does not work ----

// It does not open, or shows what lacks, without a grade and with the reason.
static void expect_unread(const eb_probe *probe)
{
    for (int i = 0; probe && i < probe->n; i++) {
        assert_int_equal(probe->channels[i].grade, EB_GRADE_NONE);
        assert_non_null(strstr(probe->channels[i].note, "cannot be read: "));
    }
}

static void expect_failure(const char *tape, eb_probe_state state, const char *reason, const char *remedy)
{
    machine *m = machine_of(tape);
    expect_state(m, state, reason, remedy);
    expect_unread(m->probe);
    assert_true(m->probe || (m->err.code == EB_UNAVAILABLE && strstr(m->err.message, reason)));
    machine_free(m);
}

static void no_pmu(void **state)
{
    (void)state;
    expect_failure("", EB_PROBE_NO_DEVICE, "devices/power is not there: no driver", "modprobe rapl");
    expect_failure("0 /proc/cpuinfo flags : x\\nflags : fpu hypervisor\\n\n", EB_PROBE_NO_DEVICE, "virtual machine",
                   "stated_load_w");
    expect_failure(PMU "type !EACCES\n", EB_PROBE_NO_PERMISSION, "type: Permission denied", "");
    expect_failure(PMU "type x\n", EB_PROBE_NO_DRIVER, "type is no number", "");
    expect_failure(PMU "type 99999999999\n", EB_PROBE_NO_DRIVER, "type is no number", "");
    expect_failure(PMU "type 17\n", EB_PROBE_NO_DRIVER, "cpumask: No such file", "");
    expect_failure(PMU "type 17\n" PMU "cpumask \n", EB_PROBE_NO_DRIVER, "is empty: no CPU", "");
    expect_failure(PMU "type 17\n" PMU "cpumask 3-1\n", EB_PROBE_NO_DRIVER, "no list of CPUs", "");
    expect_failure(PMU "type 17\n" PMU "cpumask 0\n", EB_PROBE_NO_DRIVER, "events: No such file", "");
    expect_failure(PMU "type 17\n" PMU "cpumask 0\n" PMU "events/cycles event=1\n", EB_PROBE_NO_DRIVER,
                   "no energy is among them", "");
}

static void events_that_are_not_understood(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *why;
    } cases[] = {
        { PMU "events/energy-pkg garbage here\n", "events/energy-pkg is not understood" },
        { PMU "events/energy-pkg \n", "events/energy-pkg is not understood" },
        { PMU "events/energy-pkg event=0x02\n", "unit is ''" },
        { PMU "events/energy-pkg event=0x02\n" PMU "events/energy-pkg.unit Watts\n", "unit is 'Watts' and not Joules" },
        { PMU "events/energy-pkg event=0x02\n" PMU "events/energy-pkg.unit Joules\n", "energy-pkg.scale is no number" },
        { PMU "events/energy-pkg event=0x02\n" PMU "events/energy-pkg.unit Joules\n" PMU "events/energy-pkg.scale 0\n",
          "energy-pkg.scale is no number" },
        { PMU "events/energy-pkg event=0x02\n" PMU "events/energy-pkg.unit Joules\n" PMU "events/energy-pkg.scale -1\n",
          "energy-pkg.scale is no number" },
        { PMU "events/energy-pkg event=0x02\n" PMU "events/energy-pkg.unit Joules\n" PMU
              "events/energy-pkg.scale nan\n",
          "energy-pkg.scale is no number" },
        { PMU "events/energy-pkg event=0x02,odd=1\n", "its term odd is not in format/" },
        { PMU "events/energy-pkg event=0x102\n" PMU "format/event config:0-7\n", "does not fit format/event" },
        { PMU "events/energy-pkg event=0x02\n" PMU "format/event nonsense\n", "format/event is not understood" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char tape[1024];
        snprintf(tape, sizeof tape, "%s%s", PMU "type 17\n" PMU "cpumask 0\n0 /perf/17/2@0 1\n", cases[i].lines);
        expect_failure(tape, EB_PROBE_NO_DRIVER, cases[i].why, "");
    }
}

static void every_errno_of_opening_has_its_cause(void **state)
{
    (void)state;
    static const struct {
        const char *count;
        eb_probe_state state;
        const char *reason, *remedy;
    } cases[] = {
        { "!EACCES", EB_PROBE_NO_PERMISSION,
          "perf_event_paranoid is 2; events of whole CPUs need 0 or less, or CAP_PERFMON", "setcap cap_perfmon=ep" },
        { "!EPERM", EB_PROBE_NO_PERMISSION, "Operation not permitted", "perf_event_paranoid=0" },
        { "!EINVAL", EB_PROBE_NO_DRIVER, "does not take the event", "dmesg" },
        { "!ENOENT", EB_PROBE_NO_DRIVER, "no such PMU or event", "modprobe" },
        { "!ENODEV", EB_PROBE_NO_DEVICE, "its CPU is offline", "chcpu" },
        { "!EIO", EB_PROBE_NO_DRIVER, "Input/output error", "" },
        { "", EB_PROBE_NO_DEVICE, "its CPU is offline", "" }, // a read of 0 bytes
        { "many", EB_PROBE_NO_DRIVER, "no number", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char tape[1024];
        snprintf(tape, sizeof tape, "%s0 /perf/17/2@0 %s\n",
                 PMU "type 17\n" PMU "cpumask 0\n" EVENT("pkg", "0x02") "0 /proc/sys/kernel/perf_event_paranoid 2\n",
                 cases[i].count);
        expect_failure(tape, cases[i].state, cases[i].reason, cases[i].remedy);
    }
    expect_failure(PMU "type 17\n" PMU "cpumask 0\n" EVENT("pkg", "0x02") "0 /perf/17/2@0 !EACCES\n"
                                                                          "0 /proc/sys/kernel/perf_event_paranoid -1\n",
                   EB_PROBE_NO_PERMISSION, "perf_event_paranoid is -1", "something else than the sysctl");
    expect_failure(PMU "type 17\n" PMU "cpumask 0\n" EVENT("pkg", "0x02"), EB_PROBE_NO_DEVICE, "a tape tree", "");
}

static void what_works_counts_and_the_rest_is_named(void **state)
{
    (void)state;
    machine *m = machine_of(TWO_SOCKETS "0 /perf/17/2@0 100\n0 /perf/17/2@28 !ENODEV\n0 /perf/17/3@0 300\n");
    expect_state(m, EB_PROBE_PARTIAL, "power/energy-pkg on CPU 28, and 1 more: its CPU is offline", "chcpu");
    bool counted[4];
    char missing[64];
    assert_int_equal(m->n, 4); // what cannot be read stays, so that the sum says what it lacks
    eb_domain_count(m->channels, 4, EB_BOUNDARY_COMPUTE, counted, NULL, 0, missing, sizeof missing);
    assert_true(counted[0] && counted[1] && !counted[2] && !counted[3]);
    assert_string_equal(missing, "package-1, dram-1");
    assert_int_equal(m->channels[2].grade, EB_GRADE_NONE);
    machine_free(m);
    m = machine_of(PMU "type 17\n" PMU "cpumask 0\n" EVENT("pkg", "2") PMU "events/energy-ram event=0x03\n"
                                                                           "0 /perf/17/2@0 100\n");
    expect_state(m, EB_PROBE_PARTIAL, "power/energy-ram cannot be used: its unit is ''", "");
    assert_int_equal(m->n, 1);
    machine_free(m);
}

// ---- reading ----

static void faults_while_reading(void **state)
{
    (void)state;
    machine *m = machine_of(PMU "type 17\n" PMU "cpumask 0\n" EVENT(
        "pkg", "0x02") "0 /perf/17/2@0 100\n"
                       "10 /perf/17/2@0 !EIO\n20 /perf/17/2@0 x\n30 /perf/17/2@0 !ENODEV\n40 /perf/17/2@0\n"
                       "50 /perf/17/2@0 !ENOENT\n60 /perf/17/2@0 200\n");
    static const struct {
        int64_t t_ns;
        eb_status status;
        int errnum;
        uint64_t raw;
    } want[] = { { 0, EB_SAMPLE_OK, 0, 100 },           { 10, EB_SAMPLE_MISSING, EIO, 0 },
                 { 20, EB_SAMPLE_MISSING, EBADMSG, 0 }, { 30, EB_SAMPLE_GONE, ENODEV, 0 },
                 { 40, EB_SAMPLE_GONE, ENODEV, 0 },     { 50, EB_SAMPLE_GONE, ENODEV, 0 },
                 { 60, EB_SAMPLE_OK, 0, 200 } };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        eb_sample sample;
        m->io.clock.sleep_until_ns(&m->io.clock, want[i].t_ns);
        eb_probe_read(m->probe, &sample);
        assert_int_equal(sample.status, want[i].status);
        assert_int_equal(sample.errnum, want[i].errnum);
        assert_int_equal(sample.raw, want[i].raw);
    }
    machine_free(m);
}

// The last CPU of a package goes offline: the kernel still answers with the last count, but the event runs no more.
static void an_event_that_runs_no_more_has_gone(void **state)
{
    (void)state;
    machine *m =
        machine_of(PMU "type 17\n" PMU "cpumask 0\n" EVENT("pkg", "0x02") "0 /perf/17/2@0 100 5 5\n"
                                                                          "1000000 /perf/17/2@0 200 1000005 1000005\n");
    static const struct {
        int64_t t_ns;
        eb_status status;
    } want[] = { { 1000000, EB_SAMPLE_OK }, { 40000000, EB_SAMPLE_OK }, { 60000000, EB_SAMPLE_GONE } };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        eb_sample sample;
        m->io.clock.sleep_until_ns(&m->io.clock, want[i].t_ns);
        eb_probe_read(m->probe, &sample);
        assert_int_equal(sample.status, want[i].status);
    }
    machine_free(m);
}

// ---- rooted trees ----

static void in_a_rooted_tree_events_are_files(void **state)
{
    (void)state;
#define DIR "/sys/bus/event_source/devices/power/"
    put(DIR "type", "1\n"); // of the real kernel this would be a software event
    put(DIR "cpumask", "0\n");
    put(DIR "events/energy-pkg", "event=0x02\n");
    put(DIR "events/energy-pkg.scale", SCALE "\n");
    put(DIR "events/energy-pkg.unit", "Joules\n");
    machine *m = machine_on(eb_io_rooted(folder));
    expect_state(m, EB_PROBE_NO_DEVICE, "a rooted tree has its events in perf/", "");
    expect_unread(m->probe);
    machine_free(m);
    put("/perf/1/0x02@0", "!EACCES\n");
    put("/proc/sys/kernel/perf_event_paranoid", "4\n");
    m = machine_on(eb_io_rooted(folder));
    expect_state(m, EB_PROBE_NO_PERMISSION, "perf_event_paranoid is 4", "setcap");
    machine_free(m);
    put("/perf/1/0x02@0", "4294967296\n");
    m = machine_on(eb_io_rooted(folder));
    expect_state(m, EB_PROBE_OK, "", "");
    eb_sample sample;
    eb_probe_read(m->probe, &sample);
    assert_int_equal(sample.status, EB_SAMPLE_OK);
    assert_true((double)sample.raw * m->channels[0].scale == 1e6);
    char event[96];
    snprintf(event, sizeof event, "%s/perf/1/0x02@0", folder);
    unlink(event);
    eb_probe_read(m->probe, &sample);
    assert_int_equal(sample.status, EB_SAMPLE_GONE);
    machine_free(m);
}

// Events of a process, and events that the tree does not have, never reach the kernel.
static void other_events_are_not_there(void **state)
{
    (void)state;
    struct perf_event_attr attr = { .size = sizeof attr,
                                    .type = PERF_TYPE_SOFTWARE,
                                    .config = PERF_COUNT_SW_TASK_CLOCK };
    eb_io tape, rooted = eb_io_rooted("/");
    eb_err err;
    eb_err_clear(&err);
    assert_true(eb_io_tape("0 /perf/1/1@0 5\n", &tape, &err));
    assert_int_equal(tape.perf_open(&tape, &attr, 0, -1, -1, 0), -ENODEV);
    assert_int_equal(tape.perf_open(&tape, &attr, -1, 1, -1, 0), -ENODEV);
    assert_true(tape.perf_open(&tape, &attr, -1, 0, -1, 0) >= 0);
    assert_int_equal(rooted.perf_open(&rooted, &attr, 0, -1, -1, 0), -ENODEV);
    assert_int_equal(rooted.perf_open(&rooted, &attr, -1, 0, -1, 0), -ENODEV);
    eb_io_deinit(&tape);
    eb_io_deinit(&rooted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpu_lists),
        cmocka_unit_test(fields_take_values_bit_by_bit),
        cmocka_unit_test(terms_one_by_one),
        cmocka_unit_test(one_event_per_energy_and_cpu_of_the_mask),
        cmocka_unit_test(every_kind_of_energy),
        cmocka_unit_test(units_come_from_powercap),
        cmocka_unit_test(one_cpu_per_die),
        cmocka_unit_test(a_second_cpu_of_one_package_is_no_second_package),
        cmocka_unit_test(terms_follow_the_format),
        cmocka_unit_test(no_pmu),
        cmocka_unit_test(events_that_are_not_understood),
        cmocka_unit_test(every_errno_of_opening_has_its_cause),
        cmocka_unit_test(what_works_counts_and_the_rest_is_named),
        cmocka_unit_test(faults_while_reading),
        cmocka_unit_test(an_event_that_runs_no_more_has_gone),
        cmocka_unit_test_setup_teardown(in_a_rooted_tree_events_are_files, folder_make, folder_remove),
        cmocka_unit_test(other_events_are_not_there),
    };
    return cmocka_run_group_tests_name("perf_power", tests, NULL, NULL);
}
