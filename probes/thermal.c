// SPDX-License-Identifier: Apache-2.0
// How hot the processor is, how fast it runs and how often it throttled: what explains a joule but is none.
// Temperature from /sys/class/thermal, or from hwmon where no zone there is the processor's; frequency from cpufreq;
// throttling from the counters that Intel's kernel keeps per CPU. All files are kept open.
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "probes/probe_impl.h"
#include "probes/sysfs.h"
#include "probes/thermal_trip.h"

#define ZONES "/sys/class/thermal"
#define HWMON "/sys/class/hwmon"
#define CPUS  "/sys/devices/system/cpu"

enum {
    MAX_ZONES = 256,     // looked at
    MAX_TEMPS = 64,      // kept and read
    MAX_CPUS = 1024,     // looked at
    SAMPLED_CPUS = 64,   // read, spread evenly: the cost of a read is bounded
    COLDEST_MC = -50000, // what reads colder, or exactly 0, or hotter than the next is no sensor
    HOTTEST_MC = 200000,
    MAX_CHANNELS = 5,
};

// Temperatures change within tenths of a second, and all files together cost some 100 us: the sampler reads a source at
// most five times per update of its channels.
static const int64_t worth_reading_ns = 1000000000;

// Of zones and chips: those of the best class that is there are read, the hottest counts. Types are free text of
// firmware and device trees; these words are what they have in common.
typedef enum concern { NOT_CPU, MAY_BE_CPU, IS_CPU_CHIP, IS_CPU } concern;

static const struct {
    const char *word; // anywhere in the type, in any case
    concern concern;
} zone_words[] = {
    { "x86_pkg_temp", IS_CPU }, { "cpu", IS_CPU },      { "soc", IS_CPU },     { "tj", IS_CPU },
    { "package", IS_CPU },      { "cluster", IS_CPU },  { "bigcore", IS_CPU }, { "littlecore", IS_CPU },
    { "battery", NOT_CPU },     { "charg", NOT_CPU },   { "wifi", NOT_CPU },   { "iwl", NOT_CPU },
    { "nvme", NOT_CPU },        { "modem", NOT_CPU },   { "skin", NOT_CPU },   { "usb", NOT_CPU },
    { "pmic", NOT_CPU },        { "INT3400", NOT_CPU }, // a constant, not a sensor
};

static const char *const cpu_chips[] = { "coretemp", "k10temp", "zenpower", "cpu_thermal", "soc_thermal" };

typedef enum channel_kind { HOTTEST, TRIP, FREQUENCY, FREQUENCY_MAX, THROTTLES } channel_kind;

static const struct {
    const char *name;
    eb_quantity quantity;
    double scale;
    bool cumulative;
} kinds[MAX_CHANNELS] = {
    [HOTTEST] = { "thermal/hottest", EB_QUANTITY_MILLICELSIUS, 1, false },
    [TRIP] = { "thermal/trip", EB_QUANTITY_MILLICELSIUS, 1, false },
    [FREQUENCY] = { "thermal/frequency", EB_QUANTITY_HZ, 1000, false }, // the files are in kHz
    [FREQUENCY_MAX] = { "thermal/frequency_max", EB_QUANTITY_HZ, 1000, false },
    [THROTTLES] = { "thermal/throttles", EB_QUANTITY_COUNT, 1, true },
};

typedef struct throttle {
    int handle;
    uint64_t last;
} throttle;

typedef struct thermal_state {
    const eb_io *io;
    int temps[MAX_TEMPS], n_temps;
    concern temps_concern;         // of all that are kept
    char temp_label[48];           // of the first
    int trips[MAX_TEMPS], n_trips; // of the zones that are kept; the lowest counts
    int freqs[SAMPLED_CPUS], n_freqs, n_cpus;
    throttle throttles[2 * SAMPLED_CPUS];
    int n_throttles;
    uint64_t throttled; // total, which goes on where a counter starts again or its CPU goes
    char failed[128];   // the first file that is there and does not read
    int errnum;         // why
    channel_kind channels[MAX_CHANNELS];
} thermal_state;

// ---- finding the files ----

static void note_failure(thermal_state *s, const char *path, int errnum)
{
    if (s->errnum || errnum == ENOENT)
        return;
    snprintf(s->failed, sizeof s->failed, "%s", path);
    s->errnum = errnum;
}

static concern zone_concern(const char *type)
{
    for (size_t i = 0; i < sizeof zone_words / sizeof *zone_words; i++)
        if (strcasestr(type, zone_words[i].word))
            return zone_words[i].concern;
    return MAY_BE_CPU;
}

static void close_temps(thermal_state *s)
{
    for (int i = 0; i < s->n_temps; i++)
        s->io->close(s->io, s->temps[i]);
    for (int i = 0; i < s->n_trips; i++)
        s->io->close(s->io, s->trips[i]);
    s->n_temps = s->n_trips = 0;
}

// Keeps the file unless better ones are kept already; worse ones are let go. True: it is kept.
static bool add_temp(thermal_state *s, const char *path, const char *label, concern how)
{
    if (how == NOT_CPU || (s->n_temps && how < s->temps_concern))
        return false;
    if (s->n_temps && how == s->temps_concern && s->n_temps == MAX_TEMPS)
        return false;
    int64_t value;
    int handle = eb_sysfs_open_number(s->io, path, &value);
    if (handle < 0) {
        note_failure(s, path, -handle);
        return false;
    }
    if (value == 0 || value < COLDEST_MC || value > HOTTEST_MC) {
        s->io->close(s->io, handle);
        return false;
    }
    if (how > s->temps_concern)
        close_temps(s);
    if (s->n_temps == 0)
        snprintf(s->temp_label, sizeof s->temp_label, "%s", label);
    s->temps_concern = how;
    s->temps[s->n_temps++] = handle;
    return true;
}

static void find_zones(thermal_state *s)
{
    unsigned zones[MAX_ZONES];
    int n = eb_sysfs_list_indices(s->io, ZONES, "thermal_zone", "", zones, MAX_ZONES);
    for (int i = 0; i < n; i++) {
        char path[96], type[48];
        snprintf(path, sizeof path, ZONES "/thermal_zone%u/type", zones[i]);
        eb_sysfs_read_text(s->io, path, type, sizeof type);
        snprintf(path, sizeof path, ZONES "/thermal_zone%u/temp", zones[i]);
        bool kept = add_temp(s, path, type[0] ? type : "thermal zone", zone_concern(type));
        int trip = kept ? eb_thermal_trip_zone(s->io, zones[i]) : -1;
        if (trip >= 0)
            s->trips[s->n_trips++] = trip;
    }
}

static bool is_cpu_chip(const char *name)
{
    for (size_t i = 0; i < sizeof cpu_chips / sizeof *cpu_chips; i++)
        if (strcmp(name, cpu_chips[i]) == 0)
            return true;
    return false;
}

// k10temp's Tctl may carry an offset for fan control; where it does, Tdie stands beside it and is the temperature.
static void find_chip_temps(thermal_state *s, unsigned chip, const char *name)
{
    unsigned temps[MAX_TEMPS];
    char path[96], label[MAX_TEMPS][24];
    snprintf(path, sizeof path, HWMON "/hwmon%u", chip);
    int n = eb_sysfs_list_indices(s->io, path, "temp", "_input", temps, MAX_TEMPS);
    bool has_tdie = false;
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, HWMON "/hwmon%u/temp%u_label", chip, temps[i]);
        eb_sysfs_read_text(s->io, path, label[i], sizeof label[i]);
        has_tdie |= strcmp(label[i], "Tdie") == 0;
    }
    for (int i = 0; i < n; i++) {
        if (has_tdie && strcmp(label[i], "Tctl") == 0)
            continue;
        snprintf(path, sizeof path, HWMON "/hwmon%u/temp%u_input", chip, temps[i]);
        add_temp(s, path, label[i][0] ? label[i] : name, IS_CPU_CHIP);
    }
}

static void find_chips(thermal_state *s)
{
    unsigned chips[MAX_ZONES];
    int n = eb_sysfs_list_indices(s->io, HWMON, "hwmon", "", chips, MAX_ZONES);
    for (int i = 0; i < n && s->temps_concern < IS_CPU; i++) {
        char path[96], name[48];
        snprintf(path, sizeof path, HWMON "/hwmon%u/name", chips[i]);
        eb_sysfs_read_text(s->io, path, name, sizeof name);
        if (is_cpu_chip(name))
            find_chip_temps(s, chips[i], name);
    }
}

static void add_throttle(thermal_state *s, unsigned cpu, const char *scope)
{
    char path[96];
    int64_t value = 0;
    snprintf(path, sizeof path, CPUS "/cpu%u/thermal_throttle/%s_throttle_count", cpu, scope);
    int handle = eb_sysfs_open_number(s->io, path, &value);
    if (handle < 0) {
        note_failure(s, path, -handle);
        return;
    }
    s->throttles[s->n_throttles++] = (throttle){ handle, value > 0 ? (uint64_t)value : 0 };
    s->throttled += s->throttles[s->n_throttles - 1].last;
}

static void add_frequency(thermal_state *s, unsigned cpu)
{
    char path[96];
    int64_t value;
    snprintf(path, sizeof path, CPUS "/cpu%u/cpufreq/scaling_cur_freq", cpu);
    int handle = eb_sysfs_open_number(s->io, path, &value);
    if (handle < 0)
        note_failure(s, path, -handle);
    else
        s->freqs[s->n_freqs++] = handle;
}

// The count of a package stands in each of its CPUs: it is taken from one of them. A CPU of unknown package speaks for
// itself.
static bool is_new_package(thermal_state *s, unsigned cpu, int64_t *seen, int *n_seen)
{
    char path[96];
    int64_t package;
    snprintf(path, sizeof path, CPUS "/cpu%u/topology/physical_package_id", cpu);
    if (eb_sysfs_read_s64(s->io, path, &package) != 0 || package < 0)
        return true;
    for (int i = 0; i < *n_seen; i++)
        if (seen[i] == package)
            return false;
    seen[(*n_seen)++] = package;
    return true;
}

static void find_cpus(thermal_state *s)
{
    unsigned *cpus = eb_alloc(MAX_CPUS * sizeof *cpus);
    int64_t packages[SAMPLED_CPUS];
    int n_packages = 0, n = eb_sysfs_list_indices(s->io, CPUS, "cpu", "", cpus, MAX_CPUS);
    s->n_cpus = n > 0 ? n : 0;
    int sampled = s->n_cpus < SAMPLED_CPUS ? s->n_cpus : SAMPLED_CPUS;
    for (int i = 0; i < sampled; i++) {
        unsigned cpu = cpus[(int64_t)i * s->n_cpus / sampled];
        add_frequency(s, cpu);
        add_throttle(s, cpu, "core");
        if (is_new_package(s, cpu, packages, &n_packages))
            add_throttle(s, cpu, "package");
    }
    free(cpus);
}

static thermal_state *find_all(const eb_io *io)
{
    thermal_state *s = eb_alloc(sizeof *s);
    s->io = io;
    find_zones(s);
    find_chips(s);
    if (s->n_temps && !s->n_trips)
        s->n_trips = eb_thermal_trip_chips(s->io, s->trips, MAX_TEMPS);
    find_cpus(s);
    return s;
}

static void state_free(thermal_state *s)
{
    if (!s)
        return;
    close_temps(s);
    for (int i = 0; i < s->n_freqs; i++)
        s->io->close(s->io, s->freqs[i]);
    for (int i = 0; i < s->n_throttles; i++)
        s->io->close(s->io, s->throttles[i].handle);
    free(s);
}

// ---- detect ----

static void detect(const eb_probe_env *env, eb_probe_detection *out)
{
    thermal_state *s = find_all(env->io);
    char why[200] = "";
    if (s->errnum)
        snprintf(why, sizeof why, ": %s: %s", s->failed, eb_sysfs_why(s->errnum));
    const char *remedy =
        eb_sysfs_refused(s->errnum) ? "allow the file to be read (sudo chmod a+r), or run as root" : "";
    if (!s->n_temps && !s->n_freqs && !s->n_throttles)
        eb_probe_say(out, eb_sysfs_refused(s->errnum) ? EB_PROBE_NO_PERMISSION : EB_PROBE_NO_DEVICE, remedy,
                     "no temperature in " ZONES " or " HWMON " and no frequency in " CPUS "%s", why);
    else if (!s->n_temps)
        eb_probe_say(out, EB_PROBE_PARTIAL, remedy, "no temperature of the processor in " ZONES " or " HWMON "%s", why);
    else if (!s->n_freqs)
        eb_probe_say(out, EB_PROBE_PARTIAL, remedy, "no frequency in " CPUS "/cpu*/cpufreq%s", why);
    state_free(s);
}

// ---- open ----

static void add_channel(eb_probe *probe, channel_kind kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void add_channel(eb_probe *probe, channel_kind kind, const char *fmt, ...)
{
    thermal_state *s = probe->state;
    eb_channel *c = &probe->channels[probe->n];
    *c = (eb_channel){
        .source = "thermal",
        .domain = EB_DOMAIN_NONE,
        .socket = -1,
        .die = -1,
        .quantity = kinds[kind].quantity,
        .cumulative = kinds[kind].cumulative,
        .unit = 1,
        .scale = kinds[kind].scale,
        .period_ns = worth_reading_ns,
        .grade = EB_GRADE_NONE,
        .scope = EB_SCOPE_MACHINE,
    };
    snprintf(c->name, sizeof c->name, "%s", kinds[kind].name);
    va_list args;
    va_start(args, fmt);
    vsnprintf(c->label, sizeof c->label, fmt, args);
    va_end(args);
    s->channels[probe->n++] = kind;
}

static bool open_probe(eb_probe *probe, eb_err *err)
{
    (void)err; // the core says what detect says
    thermal_state *s = find_all(probe->env.io);
    probe->state = s;
    probe->channels = eb_alloc(MAX_CHANNELS * sizeof *probe->channels);
    if (s->n_temps == 1)
        add_channel(probe, HOTTEST, "%s", s->temp_label);
    else if (s->n_temps > 1)
        add_channel(probe, HOTTEST, "hottest of %d", s->n_temps);
    if (s->n_trips)
        add_channel(probe, TRIP, "where it throttles");
    if (s->n_freqs) {
        add_channel(probe, FREQUENCY, "mean of %d CPUs", s->n_freqs);
        add_channel(probe, FREQUENCY_MAX, "fastest of %d CPUs", s->n_freqs);
    }
    if (s->n_throttles)
        add_channel(probe, THROTTLES, "counts of %d of %d CPUs", s->n_cpus < SAMPLED_CPUS ? s->n_cpus : SAMPLED_CPUS,
                    s->n_cpus);
    return probe->n > 0;
}

// ---- read ----

// What one pass over the files of a kind gave.
typedef struct pass {
    eb_sample stamp; // times and status; no value
    uint64_t sum, largest, smallest;
    int n;
} pass;

// Below freezing is missing: a reading is unsigned.
static pass read_gauges(const eb_io *io, const int *handles, int n, int64_t most)
{
    pass p = { .stamp.t_before_ns = io->clock.now_ns(&io->clock), .stamp.status = EB_SAMPLE_MISSING };
    int gone = 0;
    for (int i = 0; i < n; i++) {
        int64_t value;
        int rc = eb_sysfs_pread_s64(io, handles[i], &value);
        gone += rc && eb_probe_status(-rc) == EB_SAMPLE_GONE;
        if (rc || value <= 0 || value > most)
            continue;
        p.sum += (uint64_t)value;
        p.largest = (uint64_t)value > p.largest ? (uint64_t)value : p.largest;
        p.smallest = p.n == 0 || (uint64_t)value < p.smallest ? (uint64_t)value : p.smallest;
        p.n++;
    }
    p.stamp.t_after_ns = io->clock.now_ns(&io->clock);
    if (p.n)
        p.stamp.status = EB_SAMPLE_OK;
    else if (gone == n)
        p.stamp.status = EB_SAMPLE_GONE;
    return p;
}

// A CPU that was taken away keeps what it had counted; one that comes back may begin at 0 again.
static pass read_throttles(thermal_state *s)
{
    const eb_io *io = s->io;
    pass p = { .stamp.t_before_ns = io->clock.now_ns(&io->clock), .stamp.status = EB_SAMPLE_MISSING };
    for (int i = 0; i < s->n_throttles; i++) {
        throttle *t = &s->throttles[i];
        uint64_t value;
        if (eb_io_pread_u64(io, t->handle, &value) != 0)
            continue;
        s->throttled += value >= t->last ? value - t->last : value;
        t->last = value;
        p.n++;
    }
    p.stamp.t_after_ns = io->clock.now_ns(&io->clock);
    p.sum = s->throttled;
    if (p.n)
        p.stamp.status = EB_SAMPLE_OK;
    return p;
}

static void fill(eb_sample *out, const pass *p, uint64_t value)
{
    *out = p->stamp;
    out->raw = p->stamp.status == EB_SAMPLE_OK ? value : 0;
}

static void read_probe(eb_probe *probe, eb_sample *out)
{
    thermal_state *s = probe->state;
    pass temps = { 0 }, trips = { 0 }, freqs = { 0 }, throttles = { 0 };
    if (s->n_temps)
        temps = read_gauges(s->io, s->temps, s->n_temps, HOTTEST_MC);
    if (s->n_trips)
        trips = read_gauges(s->io, s->trips, s->n_trips, HOTTEST_MC);
    if (s->n_freqs)
        freqs = read_gauges(s->io, s->freqs, s->n_freqs, INT32_MAX);
    if (s->n_throttles)
        throttles = read_throttles(s);
    for (int i = 0; i < probe->n; i++) {
        const pass *from[] = { [HOTTEST] = &temps,
                               [TRIP] = &trips,
                               [FREQUENCY] = &freqs,
                               [FREQUENCY_MAX] = &freqs,
                               [THROTTLES] = &throttles };
        const uint64_t values[] = {
            [HOTTEST] = temps.largest,
            [TRIP] = trips.smallest,
            [FREQUENCY] = freqs.n ? freqs.sum / (uint64_t)freqs.n : 0,
            [FREQUENCY_MAX] = freqs.largest,
            [THROTTLES] = throttles.sum,
        };
        fill(&out[i], from[s->channels[i]], values[s->channels[i]]);
    }
}

static void close_probe(eb_probe *probe)
{
    state_free(probe->state);
}

const eb_probe_ops eb_probe_thermal = {
    .name = "thermal",
    .doc = "Temperature, frequency and throttling of the processor: what explains a result beside its joules",
    .detect = detect,
    .open = open_probe,
    .read = read_probe,
    .close = close_probe,
};
