// SPDX-License-Identifier: Apache-2.0
// Whole machines, every source at once: what a second of each comes to inside a boundary, to the microjoule, and what
// it is the sum of. Counters are read at 0 s and at 1 s, wraps between them included; gauges are uW at 1 s.
#include <math.h>
#include "harness/record/attribution.h"
#include "harness/run/calibrate.h"
#include "tests/unit/probe_tape.h"

enum { MAX_CHANNELS = 64, MAX_FILES = 16 };

#define INTEL "262143328850"
#define DRAM  "65712999613"
#define AMD   "65532610987"
#define PSYS  "4294967295000000"

typedef struct zone {
    const char *id, *name, *range;
    uint64_t at_0, at_1;
} zone;

typedef struct expected {
    eb_boundary boundary;
    const char *domains, *missing;
    int64_t uj;
} expected;

typedef struct machine {
    const char *name;
    zone zones[MAX_FILES];
    const char *files; // what else there is
    expected want[3];
} machine;

#define PMU "/sys/bus/event_source/devices/power/"
#define EVENT(name, code)                                                                                              \
    "0 " PMU "events/" name " event=" code "\n0 " PMU "events/" name ".scale 2.3283064365386962890625e-10\n0 " PMU     \
    "events/" name ".unit Joules\n"
#define CPU(n, socket) "0 /sys/devices/system/cpu/cpu" n "/topology/physical_package_id " socket "\n"
#define HW             "0 /sys/class/hwmon/hwmon"
#define RAIL(n, i, label, mv, ma)                                                                                      \
    HW n "/in" i "_label " label "\n" HW n "/in" i "_input " mv "\n" HW n "/curr" i "_input " ma "\n"
#define BAT "0 /sys/class/power_supply/"

static const machine machines[] = {
    { "two sockets with memory",
      { { "intel-rapl:0", "package-0", INTEL, 262143000000, 99999999 - 328911 },
        { "intel-rapl:0:0", "dram", DRAM, 65712000000, 20000003 },
        { "intel-rapl:1", "package-1", INTEL, 7, 120000008 },
        { "intel-rapl:1:0", "dram", DRAM, 0, 10000001 } },
      "",
      // 99999999 across the wrap, memory from 65712000000 to 65712999628.3 (15.3 uJ: 15) and on
      { { EB_BOUNDARY_COMPUTE, "package-0 + dram-0 + package-1 + dram-1", "",
          99999999 + (65712999613 + 15 - 65712000000 + 20000003) + 120000001 + 10000001 },
        { EB_BOUNDARY_PLATFORM, "", "system", 0 },
        { EB_BOUNDARY_WALL, "", "system", 0 } } },
    { "Sapphire Rapids: psys at index 1, in units of 1 J",
      { { "intel-rapl:0", "package-0", INTEL, 1000000, 301000001 },
        { "intel-rapl:0:0", "dram", INTEL, 1, 30000002 },
        { "intel-rapl:1", "psys", PSYS, 4294967294000000, 798000000 },
        { "intel-rapl:2", "package-1", INTEL, 0, 290000003 } },
      "",
      { { EB_BOUNDARY_COMPUTE, "package-0 + dram-0 + package-1", "dram-1", 300000001 + 30000001 + 290000003 },
        { EB_BOUNDARY_PLATFORM, "psys", "", 2000000 + 798000000 } } },
    { "hexadecimal ids",
      { { "intel-rapl:9", "package-9", INTEL, 0, 1000001 },
        { "intel-rapl:a", "package-10", INTEL, 0, 2000002 },
        { "intel-rapl:f", "package-15", INTEL, 0, 3000003 },
        { "intel-rapl:f:0", "dram", DRAM, 0, 500005 },
        { "intel-rapl:10", "package-16", INTEL, 0, 4000004 } },
      "",
      { { EB_BOUNDARY_COMPUTE, "package-9 + package-10 + package-15 + dram-15 + package-16", "dram-9, dram-10, dram-16",
          10000010 + 500005 } } },
    { "a laptop with an mmio copy",
      { { "intel-rapl-mmio:0", "package-0", INTEL, 5, 15000006 },
        { "intel-rapl:0", "package-0", INTEL, 5, 15000006 },
        { "intel-rapl:0:0", "core", INTEL, 0, 9000000 },
        { "intel-rapl:0:1", "uncore", INTEL, 0, 1000000 },
        { "intel-rapl:0:2", "dram", INTEL, 0, 2000002 },
        { "intel-rapl:1", "psys", INTEL, 0, 22000003 } },
      "",
      { { EB_BOUNDARY_COMPUTE, "package-0 + dram-0", "", 17000003 }, { EB_BOUNDARY_PLATFORM, "psys", "", 22000003 } } },
    { "AMD, with its cores and the power PMU beside",
      { { "intel-rapl:0", "package-0", AMD, 65532600000, 199989012 - 15 }, { "intel-rapl:0:0", "core", AMD, 0, 7 } },
      "0 " PMU "type 17\n0 " PMU "cpumask 0\n" EVENT("energy-pkg", "0x02")
          CPU("0", "0") "0 /perf/17/2@0 0\n1000000000 /perf/17/2@0 858993459200\n",
      { { EB_BOUNDARY_COMPUTE, "package-0", "dram", 65532610987 + 15 - 65532600000 + 199989012 - 15 } } },
    { "separate dies",
      { { "intel-rapl:0", "package-0-die-0", INTEL, 0, 100000001 },
        { "intel-rapl:0:0", "dram", DRAM, 0, 5000005 },
        { "intel-rapl:1", "package-0-die-1", INTEL, 0, 100000001 },
        { "intel-rapl:2", "package-1-die-0", INTEL, 0, 90000009 },
        { "intel-rapl:3", "package-1-die-1", INTEL, 0, 80000008 } },
      "",
      { { EB_BOUNDARY_COMPUTE, "package-0-die-0 + dram-0-die-0 + package-0-die-1 + package-1-die-0 + package-1-die-1",
          "dram-0-die-1, dram-1-die-0, dram-1-die-1", 200000002 + 5000005 + 170000017 } } },
    // 2^32 steps are a joule: 3 J, 0.25 J and a step that is less than a microjoule.
    { "the power PMU on CPUs 0 and 28",
      { { 0 } },
      "0 " PMU "type 17\n0 " PMU "cpumask 0,28\n" EVENT("energy-pkg", "0x02") EVENT("energy-ram", "0x03") CPU("0", "0")
          CPU("28", "1") "0 /perf/17/2@0 4294967296\n1000000000 /perf/17/2@0 17179869184\n"
                         "0 /perf/17/2@28 5\n1000000000 /perf/17/2@28 1073741829\n"
                         "0 /perf/17/3@0 0\n1000000000 /perf/17/3@0 4295\n0 /perf/17/3@28 0\n1000000000 /perf/17/3@28 "
                         "429496730\n",
      { { EB_BOUNDARY_COMPUTE, "package-0 + dram-0 + package-1 + dram-1", "", 3000000 + 250000 + 1 + 100000 } } },
    { "Jetson Orin NX",
      { { 0 } },
      HW "1/name ina3221\n" RAIL("1", "1", "VDD_IN", "4968", "1312") RAIL("1", "2", "VDD_CPU_GPU_CV", "4968", "288")
          RAIL("1", "3", "VDD_SOC", "4968", "296") HW "1/in7_label sum of shunt voltages\n" HW "1/in7_input 7\n",
      { { EB_BOUNDARY_PLATFORM, "VDD_IN", "", 4968 * 1312 },
        { EB_BOUNDARY_COMPUTE, "VDD_CPU_GPU_CV", "dram", 4968 * 288 } } },
    { "Jetson AGX Orin: no rail is the total",
      { { 0 } },
      HW "3/name ina3221\n" RAIL("3", "1", "VDD_GPU_SOC", "19000", "213") RAIL("3", "2", "VDD_CPU_CV", "19008", "107")
          RAIL("3", "3", "VIN_SYS_5V0", "4992", "731") HW "4/name ina3221\n" RAIL("4", "1", "NC", "0", "0")
              RAIL("4", "2", "VDDQ_VDD2_1V8AO", "5000", "401"),
      { { EB_BOUNDARY_PLATFORM, "", "system", 0 },
        { EB_BOUNDARY_COMPUTE, "VDD_GPU_SOC + VDD_CPU_CV + VDDQ_VDD2_1V8AO", "",
          19000 * 213 + 19008 * 107 + 5000 * 401 } } },
    { "batteries with and without power_now, beside a package",
      { { "intel-rapl:0", "package-0", INTEL, 0, 6000001 } },
      BAT "AC/type Mains\n" BAT "AC/online 0\n" BAT "BAT0/type Battery\n" BAT "BAT0/status Discharging\n" BAT
          "BAT0/power_now 7654321\n" BAT "BAT1/type Battery\n" BAT "BAT1/status Discharging\n" BAT
          "BAT1/current_now -1234567\n" BAT "BAT1/voltage_now 11876543\n",
      { { EB_BOUNDARY_PLATFORM, "BAT0 + BAT1", "", 7654321 + 14662388 },
        { EB_BOUNDARY_COMPUTE, "package-0", "dram", 6000001 } } },
};

// All that can be opened of a tape, in the order of the table, as a run does it.
typedef struct opened {
    eb_io io;
    eb_probe_config config;
    eb_probe *probes[MAX_CHANNELS];
    int n_probes, n;
    eb_channel channels[MAX_CHANNELS];
    eb_sample first[MAX_CHANNELS], last[MAX_CHANNELS];
} opened;

static opened *open_all(const char *text)
{
    opened *o = eb_alloc(sizeof *o);
    eb_err err;
    eb_err_clear(&err);
    if (!eb_io_tape(text, &o->io, &err))
        fail_msg("%s", err.message);
    eb_probe_config_default(&o->config);
    eb_probe_env env = { &o->io, &o->config };
    for (const eb_probe_ops *const *ops = eb_probe_table; *ops; ops++) {
        eb_probe_detection found;
        const eb_channel *channels;
        eb_probe_detect(*ops, &env, &found);
        bool works = found.state == EB_PROBE_OK || found.state == EB_PROBE_PARTIAL;
        eb_probe *probe = works ? eb_probe_open(*ops, &env, &err) : NULL;
        int n = probe ? eb_probe_channels(probe, &channels) : 0;
        assert_true(o->n + n <= MAX_CHANNELS);
        if (!probe)
            continue;
        memcpy(&o->channels[o->n], channels, (size_t)n * sizeof *channels);
        o->probes[o->n_probes++] = probe;
        o->n += n;
    }
    return o;
}

static void read_at(opened *o, int64_t t_ns, eb_sample *out)
{
    o->io.clock.sleep_until_ns(&o->io.clock, t_ns);
    for (int i = 0; i < o->n_probes; i++) {
        const eb_channel *own;
        eb_probe_read(o->probes[i], out);
        out += eb_probe_channels(o->probes[i], &own);
    }
}

static void close_all(opened *o)
{
    for (int i = 0; i < o->n_probes; i++)
        eb_probe_close(o->probes[i]);
    eb_io_deinit(&o->io);
    free(o);
}

static void expect(opened *o, const char *name, const expected *want)
{
    char domains[512], missing[256];
    bool counted[MAX_CHANNELS];
    double uj = 0;
    eb_domain_count(o->channels, o->n, want->boundary, counted, domains, sizeof domains, missing, sizeof missing);
    if (strcmp(domains, want->domains) != 0 || strcmp(missing, want->missing) != 0)
        fail_msg("%s, %s: '%s', missing '%s'", name, eb_boundary_name(want->boundary), domains, missing);
    for (int i = 0; i < o->n; i++) {
        const eb_channel *c = &o->channels[i];
        uint64_t diff = o->last[i].raw;
        if (!counted[i])
            continue;
        assert_true(o->first[i].status == EB_SAMPLE_OK && o->last[i].status == EB_SAMPLE_OK);
        if (c->cumulative)
            assert_int_equal(eb_counter_diff(c, o->first[i].raw, o->last[i].raw, 1000000000, &diff), EB_SAMPLE_OK);
        uj += (double)diff * c->scale;
    }
    if (fabs(uj - (double)want->uj) > 1)
        fail_msg("%s, %s: %.3f uJ, wanted %lld", name, eb_boundary_name(want->boundary), uj, (long long)want->uj);
}

static void machines_to_the_microjoule(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        const machine *m = &machines[i];
        tape *t = tape_new(); // its text alone
        for (const zone *z = m->zones; z->id; z++) {
            tape_say(t, "0 /sys/class/powercap/%s/name %s\n0 /sys/class/powercap/%s/max_energy_range_uj %s\n", z->id,
                     z->name, z->id, z->range);
            tape_say(t, "0 /sys/class/powercap/%s/energy_uj %llu\n1000000000 /sys/class/powercap/%s/energy_uj %llu\n",
                     z->id, (unsigned long long)z->at_0, z->id, (unsigned long long)z->at_1);
        }
        tape_say(t, "%s", m->files);
        opened *o = open_all(t->text);
        read_at(o, 0, o->first);
        read_at(o, 1000000000, o->last);
        for (size_t k = 0; k < sizeof m->want / sizeof *m->want && m->want[k].domains; k++)
            expect(o, m->name, &m->want[k]);
        close_all(o);
        free(t);
    }
}

// Room for a text of n characters: by steps, since tapes are long.
static size_t room(size_t n)
{
    const size_t step = 1 << 20;
    return (n / step + 1) * step;
}

static void grow(char **text, size_t *n, const char *line)
{
    size_t len = strlen(line);
    if (!*text || room(*n + len) > room(*n))
        *text = eb_realloc(*text, room(*n + len), 1);
    memcpy(*text + *n, line, len + 1);
    *n += len;
}

// Dies that show one counter are collapsed by the look under load; the second package's do not show one.
static void mirrored_dies_count_once(void **state)
{
    (void)state;
    static const double watts[] = { 60, 60, 50, 40 };
    char *text = NULL, line[256];
    size_t n = 0;
    for (int die = 0; die < 4; die++) {
        snprintf(line, sizeof line,
                 "0 /sys/class/powercap/intel-rapl:%d/name package-%d-die-%d\n"
                 "0 /sys/class/powercap/intel-rapl:%d/max_energy_range_uj " AMD "\n",
                 die, die / 2, die % 2, die);
        grow(&text, &n, line);
        for (int ms = 0; ms <= 3000; ms++) {
            snprintf(line, sizeof line, "%lld /sys/class/powercap/intel-rapl:%d/energy_uj %lld\n", ms * 1000000ll, die,
                     1000ll + (long long)(watts[die] * 1000) * ms);
            grow(&text, &n, line);
        }
    }
    opened *o = open_all(text);
    eb_calibrate_setup setup = { &o->io, o->probes, o->n_probes, EB_CALIBRATE_LIMIT_NS, NULL, NULL };
    eb_calibrate(&setup, o->channels);
    read_at(o, 2000000000, o->first);
    read_at(o, 3000000000, o->last);
    static const expected want = { EB_BOUNDARY_COMPUTE, "package-0-die-0 + package-1-die-0 + package-1-die-1", "dram",
                                   60000000 + 50000000 + 40000000 };
    expect(o, "mirrored dies", &want);
    close_all(o);
    free(text);
}

// ---- zones that show the same twice, one of which tells nothing ----

typedef struct powered {
    const char *id, *name, *range;
    double watts;        // 0: stands still
    const char *failure; // "!EIO"; NULL: reads
} powered;

typedef struct twin {
    const char *name;
    powered zones[6];
    expected want[2];
} twin;

#define PLATFORM(domains, missing, uj)                                                                                 \
    {                                                                                                                  \
        EB_BOUNDARY_PLATFORM, domains, missing, uj                                                                     \
    }
#define COMPUTE(domains, missing, uj)                                                                                  \
    {                                                                                                                  \
        EB_BOUNDARY_COMPUTE, domains, missing, uj                                                                      \
    }
#define PACKAGE                                                                                                        \
    {                                                                                                                  \
        "intel-rapl:0", "package-0", INTEL, 31, NULL                                                                   \
    }
#define BOTH                                                                                                           \
    {                                                                                                                  \
        COMPUTE("package-0", "dram", 31000000), PLATFORM("psys", "", 47000000)                                         \
    }

static const twin twins[] = {
    { "two live: the first",
      { PACKAGE, { "intel-rapl:1", "psys", INTEL, 47, NULL }, { "intel-rapl:2", "psys", INTEL, 45, NULL } },
      BOTH },
    { "the first stands still",
      { PACKAGE, { "intel-rapl:1", "psys", INTEL, 0, NULL }, { "intel-rapl:2", "psys", INTEL, 47, NULL } },
      BOTH },
    { "the second stands still",
      { PACKAGE, { "intel-rapl:1", "psys", INTEL, 47, NULL }, { "intel-rapl:2", "psys", INTEL, 0, NULL } },
      BOTH },
    { "the first stands still, in units of which nobody can tell yet",
      { PACKAGE, { "intel-rapl:1", "psys", PSYS, 0, NULL }, { "intel-rapl:2", "psys", PSYS, 47, NULL } },
      BOTH },
    { "the third alone is live",
      { PACKAGE,
        { "intel-rapl:1", "psys", INTEL, 0, NULL },
        { "intel-rapl:2", "psys", INTEL, 0, "!EIO" },
        { "intel-rapl:3", "psys", INTEL, 47, NULL } },
      BOTH },
    { "the first may not be read",
      { PACKAGE, { "intel-rapl:1", "psys", INTEL, 0, "!EACCES" }, { "intel-rapl:2", "psys", INTEL, 47, NULL } },
      BOTH },
    { "the first fails",
      { PACKAGE, { "intel-rapl:1", "psys", INTEL, 0, "!EIO" }, { "intel-rapl:2", "psys", INTEL, 47, NULL } },
      BOTH },
    { "the first has no data",
      { PACKAGE, { "intel-rapl:1", "psys", INTEL, 0, "!ENODATA" }, { "intel-rapl:2", "psys", INTEL, 47, NULL } },
      BOTH },
    { "none is live",
      { PACKAGE, { "intel-rapl:1", "psys", INTEL, 0, NULL }, { "intel-rapl:2", "psys", INTEL, 0, NULL } },
      { PLATFORM("", "system", 0) } },
    { "the mirror of a package that stands still, and that of its memory",
      { { "intel-rapl:0", "package-0", INTEL, 0, NULL },
        { "intel-rapl:0:0", "dram", DRAM, 0, NULL },
        { "intel-rapl-mmio:0", "package-0", INTEL, 31, NULL },
        { "intel-rapl-mmio:0:0", "dram", DRAM, 5, NULL } },
      { COMPUTE("package-0 + dram-0", "", 36000000) } },
    { "the mirror of a package that fails",
      { { "intel-rapl:0", "package-0", INTEL, 0, "!EIO" }, { "intel-rapl-mmio:0", "package-0", INTEL, 31, NULL } },
      { COMPUTE("package-0", "dram", 31000000) } },
    { "a mirror that stands still",
      { PACKAGE, { "intel-rapl-mmio:0", "package-0", INTEL, 0, NULL } },
      { COMPUTE("package-0", "dram", 31000000) } },
    { "one die of two has a live mirror",
      { { "intel-rapl:0", "package-0-die-0", INTEL, 0, NULL },
        { "intel-rapl:1", "package-0-die-1", INTEL, 20, NULL },
        { "intel-rapl-tpmi:0", "package-0-die-0", INTEL, 11, NULL },
        { "intel-rapl-tpmi:1", "package-0-die-1", INTEL, 20, NULL } },
      { COMPUTE("package-0-die-1 + package-0-die-0", "dram", 31000000) } },
    { "the first of three dies stands still, the others show one counter",
      { { "intel-rapl:0", "package-0-die-0", AMD, 0, NULL },
        { "intel-rapl:1", "package-0-die-1", AMD, 31, NULL },
        { "intel-rapl:2", "package-0-die-2", AMD, 31, NULL } },
      { COMPUTE("package-0-die-1", "package-0-die-0, dram", 31000000) } },
    { "two dies show one counter, and so do their mirrors",
      { { "intel-rapl:0", "package-0-die-0", AMD, 31, NULL },
        { "intel-rapl:1", "package-0-die-1", AMD, 31, NULL },
        { "intel-rapl-tpmi:0", "package-0-die-0", AMD, 31, NULL },
        { "intel-rapl-tpmi:1", "package-0-die-1", AMD, 31, NULL } },
      { COMPUTE("package-0-die-0", "dram", 31000000) } },
    { "two dies stand still, their mirrors show one counter",
      { { "intel-rapl:0", "package-0-die-0", AMD, 0, NULL },
        { "intel-rapl:1", "package-0-die-1", AMD, 0, NULL },
        { "intel-rapl-tpmi:0", "package-0-die-0", AMD, 31, NULL },
        { "intel-rapl-tpmi:1", "package-0-die-1", AMD, 31, NULL } },
      { COMPUTE("package-0-die-0", "dram", 31000000) } },
    { "two dies stand still, their mirrors do not show one counter",
      { { "intel-rapl:0", "package-0-die-0", AMD, 0, NULL },
        { "intel-rapl:1", "package-0-die-1", AMD, 0, NULL },
        { "intel-rapl-tpmi:0", "package-0-die-0", AMD, 11, NULL },
        { "intel-rapl-tpmi:1", "package-0-die-1", AMD, 20, NULL } },
      { COMPUTE("package-0-die-0 + package-0-die-1", "dram", 31000000) } },
    { "one die of two stands still, its mirror shows the other's counter",
      { { "intel-rapl:0", "package-0-die-0", AMD, 0, NULL },
        { "intel-rapl:1", "package-0-die-1", AMD, 31, NULL },
        { "intel-rapl-tpmi:0", "package-0-die-0", AMD, 31, NULL } },
      { COMPUTE("package-0-die-1", "dram", 31000000) } },
};

static void say_powered(char **text, size_t *n, const powered *z)
{
    char line[320];
    double unit_uj = strtod(z->range, NULL) / 4294967295.0;
    snprintf(line, sizeof line, "0 /sys/class/powercap/%s/name %s\n0 /sys/class/powercap/%s/max_energy_range_uj %s\n",
             z->id, z->name, z->id, z->range);
    grow(text, n, line);
    snprintf(line, sizeof line, "0 /sys/class/powercap/%s/energy_uj %s\n", z->id, z->failure ? z->failure : "0");
    grow(text, n, line);
    for (int ms = 1; ms <= 7000 && z->watts > 0; ms++) {
        double uj = z->watts * 1000 * ms;
        uj = unit_uj > 1000 ? floor(uj / unit_uj) * unit_uj : uj;
        snprintf(line, sizeof line, "%lld /sys/class/powercap/%s/energy_uj %lld\n", ms * 1000000ll, z->id,
                 (long long)uj);
        grow(text, n, line);
    }
}

static void one_of_those_that_repeat_each_other_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof twins / sizeof *twins; i++) {
        char *text = NULL;
        size_t n = 0;
        for (const powered *z = twins[i].zones; z->id; z++)
            say_powered(&text, &n, z);
        opened *o = open_all(text);
        eb_calibrate_setup setup = { &o->io, o->probes, o->n_probes, EB_CALIBRATE_LIMIT_NS, NULL, NULL };
        eb_calibrate(&setup, o->channels);
        read_at(o, 6000000000, o->first);
        read_at(o, 7000000000, o->last);
        for (size_t k = 0; k < sizeof twins[i].want / sizeof *twins[i].want && twins[i].want[k].domains; k++)
            expect(o, twins[i].name, &twins[i].want[k]);
        close_all(o);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(machines_to_the_microjoule),
        cmocka_unit_test(mirrored_dies_count_once),
        cmocka_unit_test(one_of_those_that_repeat_each_other_counts),
    };
    return cmocka_run_group_tests_name("topology", tests, NULL, NULL);
}
