// SPDX-License-Identifier: Apache-2.0
// RAPL zones: ids, names, wrap ranges; whole machines as tapes, with what their total is made of; and every way in
// which zones fail to read.
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/record/domain.h"
#include "probes/powercap_zone.h"
#include "probes/probe_impl.h"

// ---- a machine on a tape ----

typedef struct zone {
    const char *id, *name, *energy, *range; // energy "!EACCES" fails; range NULL: no such file
} zone;

#define INTEL "262143328850"
#define DRAM  "65712999613"
#define AMD   "65532610987"
#define PSYS  "4294967295000000"
#define CLASS "/sys/class/powercap/"

typedef struct machine {
    char tape[16384];
    eb_io io;
    eb_probe_config config;
    eb_probe_env env;
    eb_probe *probe;
    const eb_channel *channels;
    int n;
} machine;

static void say(machine *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(machine *m, const char *fmt, ...)
{
    size_t used = strlen(m->tape);
    va_list args;
    va_start(args, fmt);
    vsnprintf(m->tape + used, sizeof m->tape - used, fmt, args);
    va_end(args);
}

static void add_zones(machine *m, const zone *zones, int n)
{
    for (int i = 0; i < n; i++) {
        say(m, "0 " CLASS "%.*s/uevent x\n", (int)strcspn(zones[i].id, ":"), zones[i].id);
        if (zones[i].name)
            say(m, "0 " CLASS "%s/name %s\n", zones[i].id, zones[i].name);
        if (zones[i].energy)
            say(m, "0 " CLASS "%s/energy_uj %s\n", zones[i].id, zones[i].energy);
        if (zones[i].range)
            say(m, "0 " CLASS "%s/max_energy_range_uj %s\n", zones[i].id, zones[i].range);
    }
}

static machine *machine_new(void)
{
    return calloc(1, sizeof(machine));
}

// Ready to be detected.
static void machine_start(machine *m)
{
    eb_err err;
    eb_err_clear(&err);
    if (!eb_io_tape(m->tape, &m->io, &err))
        fail_msg("%s", err.message);
    eb_probe_config_default(&m->config);
    m->env = (eb_probe_env){ &m->io, &m->config };
}

static void machine_open(machine *m, eb_probe_state want)
{
    machine_start(m);
    eb_probe_detection found;
    eb_probe_detect(&eb_probe_powercap, &m->env, &found);
    if (found.state != want)
        fail_msg("state %s: %s", eb_probe_state_name(found.state), found.reason);
    eb_err err;
    eb_err_clear(&err);
    m->probe = eb_probe_open(&eb_probe_powercap, &m->env, &err);
    assert_non_null(m->probe);
    m->n = eb_probe_channels(m->probe, &m->channels);
}

static void machine_free(machine *m)
{
    eb_probe_close(m->probe);
    eb_io_deinit(&m->io);
    free(m);
}

static machine *machine_of(const zone *zones, int n)
{
    machine *m = machine_new();
    add_zones(m, zones, n);
    machine_open(m, EB_PROBE_OK);
    assert_int_equal(m->n, n);
    return m;
}

typedef struct expected {
    const char *zone;
    eb_domain domain;
    int socket, die;
    bool duplicate, counted; // counted: in the boundary compute
} expected;

static void check_channels(const machine *m, const expected *want, int n)
{
    bool counted[64];
    eb_domain_count(m->channels, m->n, EB_BOUNDARY_COMPUTE, counted, NULL, 0, NULL, 0);
    assert_int_equal(m->n, n);
    for (int i = 0; i < n; i++) {
        const eb_channel *c = &m->channels[i];
        assert_string_equal(c->zone, want[i].zone);
        if (c->domain != want[i].domain || c->socket != want[i].socket || c->die != want[i].die ||
            c->duplicate != want[i].duplicate || counted[i] != want[i].counted)
            fail_msg("%s: domain %s socket %d die %d duplicate %d counted %d", c->zone, eb_domain_name(c->domain),
                     c->socket, c->die, c->duplicate, counted[i]);
        assert_string_equal(c->source, "powercap");
        assert_int_equal(c->grade, EB_GRADE_COUNTER);
        assert_int_equal(c->quantity, EB_QUANTITY_ENERGY_UJ);
        assert_true(c->cumulative);
        assert_true(c->power_max_w > 0);
    }
}

#define CHECK_MACHINE(zones, want)                                                                                     \
    do {                                                                                                               \
        machine *m_ = machine_of(zones, (int)(sizeof zones / sizeof *zones));                                          \
        check_channels(m_, want, (int)(sizeof want / sizeof *want));                                                   \
        machine_free(m_);                                                                                              \
    } while (0)

// ---- topologies ----

static void two_sockets_with_dram(void **state)
{
    (void)state;
    static const zone zones[] = {
        { "intel-rapl:1:0", "dram", "4", DRAM },
        { "intel-rapl:1", "package-1", "3", INTEL },
        { "intel-rapl:0:0", "dram", "2", DRAM },
        { "intel-rapl:0", "package-0", "1", INTEL },
    };
    static const expected want[] = {
        { "intel-rapl:0", EB_DOMAIN_PACKAGE, 0, -1, false, true },
        { "intel-rapl:0:0", EB_DOMAIN_DRAM, 0, -1, false, true },
        { "intel-rapl:1", EB_DOMAIN_PACKAGE, 1, -1, false, true },
        { "intel-rapl:1:0", EB_DOMAIN_DRAM, 1, -1, false, true },
    };
    CHECK_MACHINE(zones, want);
}

// The index is no socket: psys sits between the packages.
static void psys_between_two_packages(void **state)
{
    (void)state;
    static const zone zones[] = {
        { "intel-rapl:0", "package-0", "1", INTEL },
        { "intel-rapl:1", "psys", "1", PSYS },
        { "intel-rapl:2", "package-1", "1", INTEL },
        { "intel-rapl:2:0", "dram", "1", DRAM },
    };
    static const expected want[] = {
        { "intel-rapl:0", EB_DOMAIN_PACKAGE, 0, -1, false, true },
        { "intel-rapl:1", EB_DOMAIN_SYSTEM, -1, -1, false, false },
        { "intel-rapl:2", EB_DOMAIN_PACKAGE, 1, -1, false, true },
        { "intel-rapl:2:0", EB_DOMAIN_DRAM, 1, -1, false, true },
    };
    CHECK_MACHINE(zones, want);
}

// Kernels that do not number psys show it for each package: which one holds which nobody says, so one counts.
static void a_second_psys_is_not_added(void **state)
{
    (void)state;
    static const zone zones[] = {
        { "intel-rapl:0", "package-0", "1", INTEL },
        { "intel-rapl:1", "psys", "1", PSYS },
        { "intel-rapl:2", "psys", "1", PSYS },
    };
    bool counted[3];
    char domains[64];
    machine *m = machine_of(zones, 3);
    eb_domain_count(m->channels, m->n, EB_BOUNDARY_PLATFORM, counted, domains, sizeof domains, NULL, 0);
    assert_string_equal(domains, "psys");
    assert_true(counted[1] && !counted[2] && m->channels[2].duplicate);
    assert_non_null(strstr(m->channels[2].note, "second psys"));
    machine_free(m);
}

static void indices_are_hexadecimal(void **state)
{
    (void)state;
    static const zone zones[] = {
        { "intel-rapl:10", "package-16", "1", INTEL }, { "intel-rapl:a", "package-10", "1", INTEL },
        { "intel-rapl:9", "package-9", "1", INTEL },   { "intel-rapl:f:0", "dram", "1", DRAM },
        { "intel-rapl:f", "package-15", "1", INTEL },
    };
    static const expected want[] = {
        { "intel-rapl:9", EB_DOMAIN_PACKAGE, 9, -1, false, true },
        { "intel-rapl:a", EB_DOMAIN_PACKAGE, 10, -1, false, true },
        { "intel-rapl:f", EB_DOMAIN_PACKAGE, 15, -1, false, true },
        { "intel-rapl:f:0", EB_DOMAIN_DRAM, 15, -1, false, true },
        { "intel-rapl:10", EB_DOMAIN_PACKAGE, 16, -1, false, true },
    };
    CHECK_MACHINE(zones, want);
}

static void laptop_with_a_mirror(void **state)
{
    (void)state;
    static const zone zones[] = {
        { "intel-rapl-mmio:0", "package-0", "9", INTEL }, { "intel-rapl:0", "package-0", "9", INTEL },
        { "intel-rapl:0:0", "core", "5", INTEL },         { "intel-rapl:0:1", "uncore", "1", INTEL },
        { "intel-rapl:0:2", "dram", "2", INTEL },         { "intel-rapl:1", "psys", "20", INTEL },
    };
    static const expected want[] = {
        { "intel-rapl:0", EB_DOMAIN_PACKAGE, 0, -1, false, true },
        { "intel-rapl:0:0", EB_DOMAIN_CORE, 0, -1, false, false },
        { "intel-rapl:0:1", EB_DOMAIN_UNCORE, 0, -1, false, false },
        { "intel-rapl:0:2", EB_DOMAIN_DRAM, 0, -1, false, true },
        { "intel-rapl:1", EB_DOMAIN_SYSTEM, -1, -1, false, false },
        { "intel-rapl-mmio:0", EB_DOMAIN_PACKAGE, 0, -1, true, false },
    };
    CHECK_MACHINE(zones, want);
}

static void a_mirror_alone_counts(void **state)
{
    (void)state;
    static const zone zones[] = { { "intel-rapl-mmio:0", "package-0", "9", INTEL } };
    static const expected want[] = { { "intel-rapl-mmio:0", EB_DOMAIN_PACKAGE, 0, -1, false, true } };
    CHECK_MACHINE(zones, want);
}

// What the mirror repeats cannot be read: then it is the mirror that counts.
static void a_mirror_of_an_unreadable_zone_counts(void **state)
{
    (void)state;
    static const zone zones[] = { { "intel-rapl:0", "package-0", "!EIO", INTEL },
                                  { "intel-rapl-mmio:0", "package-0", "9", INTEL } };
    static const expected want[] = { { "intel-rapl-mmio:0", EB_DOMAIN_PACKAGE, 0, -1, false, true } };
    machine *m = machine_new();
    add_zones(m, zones, 2);
    machine_open(m, EB_PROBE_PARTIAL);
    // The one that it stands in for is listed behind it.
    assert_int_equal(m->n, 2);
    assert_string_equal(m->channels[1].zone, "intel-rapl:0");
    assert_string_equal(m->channels[1].note, "cannot be read: Input/output error");
    char missing[64];
    bool counted[2];
    eb_domain_count(m->channels, 2, EB_BOUNDARY_COMPUTE, counted, NULL, 0, missing, sizeof missing);
    assert_string_equal(missing, "dram");
    assert_false(eb_domain_lacks(m->channels, 2, EB_BOUNDARY_COMPUTE, counted, 1));
    m->n = 1;
    check_channels(m, want, 1);
    machine_free(m);
}

static void tpmi_beside_and_without_msr(void **state)
{
    (void)state;
    static const zone zones[] = {
        { "intel-rapl-tpmi:0", "package-1", "1", INTEL }, { "intel-rapl-tpmi:0:0", "dram", "1", INTEL },
        { "intel-rapl:0", "package-0", "1", INTEL },      { "intel-rapl-tpmi:1", "package-0", "1", INTEL },
        { "intel-rapl-tpmi:1:0", "dram", "1", INTEL },
    };
    static const expected want[] = {
        { "intel-rapl:0", EB_DOMAIN_PACKAGE, 0, -1, false, true },
        { "intel-rapl-tpmi:0", EB_DOMAIN_PACKAGE, 1, -1, false, true },
        { "intel-rapl-tpmi:0:0", EB_DOMAIN_DRAM, 1, -1, false, true },
        { "intel-rapl-tpmi:1", EB_DOMAIN_PACKAGE, 0, -1, true, false },
        { "intel-rapl-tpmi:1:0", EB_DOMAIN_DRAM, 0, -1, false, true },
    };
    CHECK_MACHINE(zones, want);
}

static void amd_package_and_core(void **state)
{
    (void)state;
    static const zone zones[] = { { "intel-rapl:0", "package-0", "1", AMD }, { "intel-rapl:0:0", "core", "1", AMD } };
    static const expected want[] = {
        { "intel-rapl:0", EB_DOMAIN_PACKAGE, 0, -1, false, true },
        { "intel-rapl:0:0", EB_DOMAIN_CORE, 0, -1, false, false },
    };
    CHECK_MACHINE(zones, want);
}

static void dies_are_packages_of_their_own(void **state)
{
    (void)state;
    static const zone zones[] = {
        { "intel-rapl:0", "package-0-die-0", "1", INTEL },
        { "intel-rapl:0:0", "dram", "1", DRAM },
        { "intel-rapl:1", "package-0-die-1", "1", INTEL },
        { "intel-rapl:1:0", "dram", "1", DRAM },
    };
    static const expected want[] = {
        { "intel-rapl:0", EB_DOMAIN_PACKAGE, 0, 0, false, true },
        { "intel-rapl:0:0", EB_DOMAIN_DRAM, 0, 0, false, true },
        { "intel-rapl:1", EB_DOMAIN_PACKAGE, 0, 1, false, true },
        { "intel-rapl:1:0", EB_DOMAIN_DRAM, 0, 1, false, true },
    };
    CHECK_MACHINE(zones, want);
}

static void what_is_not_known_is_listed_and_not_counted(void **state)
{
    (void)state;
    static const zone zones[] = {
        { "intel-rapl:0", "package-0", "1", INTEL }, { "intel-rapl:0:0", "npu", "1", INTEL },
        { "intel-rapl:1", "package-x", "1", INTEL }, { "intel-rapl:2", NULL, "1", INTEL },
        { "intel-rapl:3", "psys-1", "1", PSYS },     { "dtpm:0", "package-7", "1", INTEL },
    };
    static const expected want[] = {
        { "intel-rapl:0", EB_DOMAIN_PACKAGE, 0, -1, false, true },
        { "intel-rapl:0:0", EB_DOMAIN_UNKNOWN, 0, -1, false, false },
        { "intel-rapl:1", EB_DOMAIN_UNKNOWN, -1, -1, false, false },
        { "intel-rapl:2", EB_DOMAIN_UNKNOWN, -1, -1, false, false },
        { "intel-rapl:3", EB_DOMAIN_UNKNOWN, -1, -1, false, false },
        { "dtpm:0", EB_DOMAIN_UNKNOWN, 7, -1, false, false },
    };
    CHECK_MACHINE(zones, want);
}

// ---- ids, names, ranges ----

static void names_are_exact(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        eb_powercap_name want;
    } cases[] = {
        { "package-0", { EB_DOMAIN_PACKAGE, 0, -1 } },
        { "package-17", { EB_DOMAIN_PACKAGE, 17, -1 } },
        { "package-2-die-3", { EB_DOMAIN_PACKAGE, 2, 3 } },
        { "core", { EB_DOMAIN_CORE, -1, -1 } },
        { "uncore", { EB_DOMAIN_UNCORE, -1, -1 } },
        { "dram", { EB_DOMAIN_DRAM, -1, -1 } },
        { "psys", { EB_DOMAIN_SYSTEM, -1, -1 } },
        { "", { EB_DOMAIN_UNKNOWN, -1, -1 } },
        { "package", { EB_DOMAIN_UNKNOWN, -1, -1 } },
        { "package-", { EB_DOMAIN_UNKNOWN, -1, -1 } },
        { "package-a", { EB_DOMAIN_UNKNOWN, -1, -1 } },
        { "package-1 ", { EB_DOMAIN_UNKNOWN, -1, -1 } },
        { "package-1-die-", { EB_DOMAIN_UNKNOWN, -1, -1 } },
        { "package-1-die-2x", { EB_DOMAIN_UNKNOWN, -1, -1 } },
        { "package-1-dye-2", { EB_DOMAIN_UNKNOWN, -1, -1 } },
        { "Core", { EB_DOMAIN_UNKNOWN, -1, -1 } },
        { "package-99999999999", { EB_DOMAIN_UNKNOWN, -1, -1 } },
        { "dram2", { EB_DOMAIN_UNKNOWN, -1, -1 } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        eb_powercap_name got = eb_powercap_name_parse(cases[i].name);
        if (got.domain != cases[i].want.domain || got.socket != cases[i].want.socket || got.die != cases[i].want.die)
            fail_msg("'%s': %s %d %d", cases[i].name, eb_domain_name(got.domain), got.socket, got.die);
    }
}

static void ids_are_checked(void **state)
{
    (void)state;
    static const char *const good[] = { "intel-rapl:0", "intel-rapl:a:1f", "intel-rapl-mmio:0:0:2", "dtpm:0" };
    static const char *const bad[] = { "intel-rapl",
                                       "",
                                       ":",
                                       ":0",
                                       "intel-rapl:",
                                       "intel-rapl:g",
                                       "intel-rapl:0:",
                                       "intel-rapl:A",
                                       "intel-rapl:0x1",
                                       "a b:0",
                                       "intel-rapl:0:0:0:0:0",
                                       "intel-rapl:1234567",
                                       "../etc:0",
                                       "intel-rapl:0000000000000000000000000000000000000000000000000000" };
    eb_powercap_zone z;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(eb_powercap_zone_parse(good[i], &z));
        assert_string_equal(z.id, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (eb_powercap_zone_parse(bad[i], &z))
            fail_msg("'%s' is no zone", bad[i]);
    assert_true(eb_powercap_zone_parse("intel-rapl:a:1f", &z));
    assert_int_equal(z.depth, 2);
    assert_int_equal(z.index[0], 10);
    assert_int_equal(z.index[1], 31);
    eb_powercap_zone parent;
    assert_true(eb_powercap_zone_parent(&z, &parent));
    assert_string_equal(parent.id, "intel-rapl:a");
    assert_false(eb_powercap_zone_parent(&parent, &z));
}

// Modulus = 2^32 units. The units are known from the documents of the parts, not from the ranges.
static void each_zone_wraps_at_its_own_modulus(void **state)
{
    (void)state;
    static const struct {
        uint64_t range, modulus;
        double unit, tolerance;
    } cases[] = {
        { 262143328850u, 262143328850u + 61, 61.035, 1e-3 },      // 2^-14 J, truncated to nJ by the kernel
        { 262143999938u, 262143999938u + 61, 61.03515625, 1e-6 }, // the same by older kernels
        { 65712999613u, 65712999613u + 15, 15.3, 1e-6 },          // server DRAM
        { 65532610987u, 65532610987u + 15, 15.258, 1e-3 },        // AMD, 2^-16 J
        { 4294967295000000u, 4294967296000000u, 1e6, 1e-6 },      // psys, 1 J
        { 1000000u, 1000001u, 0, 0 },                             // no unit explains this
        { 0, 0, 0, 0 },
        { UINT64_MAX, 0, 0, 0 }, // no room for a modulus: never wraps
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double unit = -1;
        uint64_t modulus = 1;
        eb_powercap_wrap(cases[i].range, &unit, &modulus);
        assert_int_equal(modulus, cases[i].modulus);
        if (!(fabs(unit - cases[i].unit) <= cases[i].tolerance))
            fail_msg("range %llu: unit %.9g", (unsigned long long)cases[i].range, unit);
    }
}

static void a_range_that_cannot_be_right_is_not_used(void **state)
{
    (void)state;
    static const zone zones[] = {
        { "intel-rapl:0", "package-0", "1000", "999" },
        { "intel-rapl:1", "package-1", "1000", NULL },
        { "intel-rapl:2", "package-2", "1000", "garbage" },
        { "intel-rapl:3", "package-3", "1000", INTEL },
    };
    machine *m = machine_of(zones, 4);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(m->channels[i].max_range, 0);
        assert_int_equal(m->channels[i].modulus, 0);
        assert_non_null(strstr(m->channels[i].note, "max_energy_range_uj"));
    }
    assert_int_equal(m->channels[3].max_range, 262143328850u);
    assert_int_equal(m->channels[3].modulus, 262143328911u);
    machine_free(m);
}

static void power_bounds_come_from_the_limits(void **state)
{
    (void)state;
    static const zone zones[] = {
        { "intel-rapl:0", "package-0", "1", INTEL }, { "intel-rapl:1", "package-1", "1", INTEL },
        { "intel-rapl:2", "package-2", "1", INTEL }, { "intel-rapl:3", "package-3", "1", INTEL },
        { "intel-rapl:4", "package-4", "1", INTEL },
    };
    machine *m = machine_new();
    add_zones(m, zones, 5);
    say(m, "0 " CLASS "intel-rapl:1/constraint_0_power_limit_uw 28000000\n");
    say(m, "0 " CLASS "intel-rapl:1/constraint_1_power_limit_uw 64000000\n");
    say(m, "0 " CLASS "intel-rapl:2/constraint_0_max_power_uw 4095875000\n"); // "no limit", as firmware says it
    say(m, "0 " CLASS "intel-rapl:3/constraint_0_power_limit_uw 0\n");
    say(m, "0 " CLASS "intel-rapl:4/constraint_0_power_limit_uw 1000000\n");
    machine_open(m, EB_PROBE_OK);
    static const double want[] = { 1500, 256, 1500, 1500, 50 };
    for (int i = 0; i < 5; i++)
        assert_float_equal(m->channels[i].power_max_w, want[i], 1e-9);
    machine_free(m);
}

// ---- reading ----

static void samples_are_bracketed_and_follow_the_counter(void **state)
{
    (void)state;
    machine *m = machine_new();
    static const zone zones[] = { { "intel-rapl:0", "package-0", "100", INTEL },
                                  { "intel-rapl:1", "package-1", "262143328850", INTEL } };
    add_zones(m, zones, 2);
    say(m, "1000 " CLASS "intel-rapl:0/energy_uj 250\n1000 " CLASS "intel-rapl:1/energy_uj 3\n");
    say(m, "2000 " CLASS "intel-rapl:0/energy_uj !EIO\n3000 " CLASS "intel-rapl:0/energy_uj \n");
    say(m, "4000 " CLASS "intel-rapl:0/energy_uj 12garbage\n5000 " CLASS "intel-rapl:0/energy_uj !ENODEV\n");
    say(m, "6000 " CLASS "intel-rapl:0/energy_uj 400\n");
    machine_open(m, EB_PROBE_OK);
    static const struct {
        int64_t t_ns;
        uint64_t raw[2];
        eb_status status;
    } want[] = {
        { 0, { 100, 262143328850u }, EB_SAMPLE_OK }, { 1000, { 250, 3 }, EB_SAMPLE_OK },
        { 2000, { 0, 3 }, EB_SAMPLE_MISSING },       { 3000, { 0, 3 }, EB_SAMPLE_MISSING },
        { 4000, { 0, 3 }, EB_SAMPLE_MISSING },       { 5000, { 0, 3 }, EB_SAMPLE_GONE },
        { 6000, { 400, 3 }, EB_SAMPLE_OK },
    };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        eb_sample out[2];
        m->io.clock.sleep_until_ns(&m->io.clock, want[i].t_ns);
        eb_probe_read(m->probe, out);
        for (int k = 0; k < 2; k++) {
            assert_int_equal(out[k].t_before_ns, want[i].t_ns);
            assert_int_equal(out[k].t_after_ns, want[i].t_ns);
            assert_int_equal(out[k].raw, want[i].raw[k]);
        }
        assert_int_equal(out[0].status, want[i].status);
        assert_int_equal(out[1].status, EB_SAMPLE_OK);
    }
    machine_free(m);
}

// ---- what does not work, and what is said about it ----

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
    machine *m = machine_new();
    say(m, "%s", tape);
    machine_start(m);
    eb_probe_detection found;
    eb_probe_detect(&eb_probe_powercap, &m->env, &found);
    if (found.state != state || !strstr(found.reason, reason) || !strstr(found.remedy, remedy))
        fail_msg("%s: %s -> %s", eb_probe_state_name(found.state), found.reason, found.remedy);
    eb_err err;
    eb_err_clear(&err);
    m->probe = eb_probe_open(&eb_probe_powercap, &m->env, &err);
    expect_unread(m->probe);
    assert_true(m->probe ? found.parts : err.code == EB_UNAVAILABLE && strstr(err.message, reason));
    machine_free(m);
}

static void no_powercap_at_all(void **state)
{
    (void)state;
    expect_failure("", EB_PROBE_NO_DEVICE, "/sys/class/powercap is not there", "modprobe intel_rapl_msr");
    expect_failure("0 /proc/cpuinfo processor : 0\\nflags\\t: fpu vme avx\\n", EB_PROBE_NO_DEVICE, "no driver for RAPL",
                   "modprobe");
    expect_failure("0 " CLASS "intel-rapl/uevent x\n", EB_PROBE_NO_DEVICE, "lists no zones", "modprobe");
}

static void a_virtual_machine_is_told_so(void **state)
{
    (void)state;
    expect_failure("0 /proc/cpuinfo processor : 0\\nflags : fpu vme hypervisor avx\\nbugs : none\n", EB_PROBE_NO_DEVICE,
                   "virtual machine", "stated_load_w");
    expect_failure("0 /proc/cpuinfo processor : 0\\nflags : fpu hypervisor\\n\n", EB_PROBE_NO_DEVICE, "virtual machine",
                   "");
    // Not in the flags, or only the beginning of another word.
    expect_failure("0 /proc/cpuinfo processor : 0\\nflags : fpu hypervisor2\\nmodel : hypervisor x\n",
                   EB_PROBE_NO_DEVICE, "no driver for RAPL", "modprobe");
}

static void no_permission_names_file_mode_and_remedy(void **state)
{
    (void)state;
    expect_failure("0 " CLASS "intel-rapl:0/name package-0\n0 " CLASS "intel-rapl:0/energy_uj !EACCES\n",
                   EB_PROBE_NO_PERMISSION, CLASS "intel-rapl:0/energy_uj: Permission denied (mode 0400", "udev");
    expect_failure("0 /sys/class/powercap !EACCES\n", EB_PROBE_NO_PERMISSION, "/sys/class/powercap: Permission denied",
                   "cap_dac_read_search");
}

static void drivers_that_fail_are_told_from_permissions(void **state)
{
    (void)state;
    expect_failure("0 " CLASS "intel-rapl:0/energy_uj !EINVAL\n", EB_PROBE_NO_DRIVER, "Invalid argument", "dmesg");
    expect_failure("0 " CLASS "intel-rapl:0/energy_uj !EIO\n", EB_PROBE_NO_DRIVER, "Input/output error", "dmesg");
    expect_failure("0 " CLASS "intel-rapl:0/energy_uj\n", EB_PROBE_NO_DRIVER, "is empty or holds no number", "");
    expect_failure("0 " CLASS "intel-rapl:0/energy_uj 12.5\n", EB_PROBE_NO_DRIVER, "is empty or holds no number", "");
    expect_failure("0 " CLASS "intel-rapl:0/name package-0\n", EB_PROBE_NO_DEVICE, "no energy counter", "");
}

// A fixture's writer truncates before it writes: a read in between is empty, and the next one is not.
static void an_empty_read_is_tried_again(void **state)
{
    (void)state;
    machine *m = machine_new();
    say(m, "0 " CLASS "intel-rapl:0/name package-0 \n0 " CLASS "intel-rapl:0/energy_uj\n");
    say(m, "0 " CLASS "intel-rapl:0/max_energy_range_uj " INTEL "\n2000000 " CLASS "intel-rapl:0/energy_uj 77\n");
    machine_open(m, EB_PROBE_OK);
    assert_int_equal(m->n, 1);
    assert_string_equal(m->channels[0].label, "package-0"); // white space behind a name is none of it
    assert_int_equal(m->channels[0].domain, EB_DOMAIN_PACKAGE);
    machine_free(m);
}

static void some_zones_fail_and_are_named(void **state)
{
    (void)state;
    static const zone zones[] = {
        { "intel-rapl:0", "package-0", "5", INTEL },
        { "intel-rapl:0:0", "dram", "!EACCES", DRAM },
        { "intel-rapl:1", "package-1", "", INTEL },
        { "intel-rapl:1:0", "dram", "6", DRAM },
        { "dtpm:0", "dtpm", NULL, NULL },
    };
    machine *m = machine_new();
    add_zones(m, zones, 5);
    machine_open(m, EB_PROBE_PARTIAL);
    eb_probe_detection found;
    eb_probe_detect(&eb_probe_powercap, &m->env, &found);
    assert_string_equal(found.reason, "2 of 4 zones cannot be read: intel-rapl:0:0 (Permission denied); intel-rapl:1 "
                                      "(is empty or holds no number)");
    assert_non_null(strstr(found.remedy, "chmod"));
    // The socket of a zone is known by its parent's name, also where the parent's counter does not read.
    static const expected want[] = {
        { "intel-rapl:0", EB_DOMAIN_PACKAGE, 0, -1, false, true },
        { "intel-rapl:1:0", EB_DOMAIN_DRAM, 1, -1, false, true },
    };
    // What cannot be read stays behind the others, without a grade, so that a sum says what it lacks.
    assert_int_equal(m->n, 4);
    assert_string_equal(m->channels[2].zone, "intel-rapl:0:0");
    assert_string_equal(m->channels[3].zone, "intel-rapl:1");
    bool counted[4];
    char missing[64];
    eb_domain_count(m->channels, 4, EB_BOUNDARY_COMPUTE, counted, NULL, 0, missing, sizeof missing);
    assert_true(!counted[2] && !counted[3] && m->channels[2].grade == EB_GRADE_NONE);
    assert_string_equal(missing, "package-1, dram-0");
    m->n = 2;
    check_channels(m, want, 2);
    machine_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_sockets_with_dram),
        cmocka_unit_test(psys_between_two_packages),
        cmocka_unit_test(a_second_psys_is_not_added),
        cmocka_unit_test(indices_are_hexadecimal),
        cmocka_unit_test(laptop_with_a_mirror),
        cmocka_unit_test(a_mirror_alone_counts),
        cmocka_unit_test(a_mirror_of_an_unreadable_zone_counts),
        cmocka_unit_test(tpmi_beside_and_without_msr),
        cmocka_unit_test(amd_package_and_core),
        cmocka_unit_test(dies_are_packages_of_their_own),
        cmocka_unit_test(what_is_not_known_is_listed_and_not_counted),
        cmocka_unit_test(names_are_exact),
        cmocka_unit_test(ids_are_checked),
        cmocka_unit_test(each_zone_wraps_at_its_own_modulus),
        cmocka_unit_test(a_range_that_cannot_be_right_is_not_used),
        cmocka_unit_test(power_bounds_come_from_the_limits),
        cmocka_unit_test(samples_are_bracketed_and_follow_the_counter),
        cmocka_unit_test(no_powercap_at_all),
        cmocka_unit_test(a_virtual_machine_is_told_so),
        cmocka_unit_test(no_permission_names_file_mode_and_remedy),
        cmocka_unit_test(drivers_that_fail_are_told_from_permissions),
        cmocka_unit_test(an_empty_read_is_tried_again),
        cmocka_unit_test(some_zones_fail_and_are_named),
    };
    return cmocka_run_group_tests_name("powercap", tests, NULL, NULL);
}
