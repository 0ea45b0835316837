// SPDX-License-Identifier: Apache-2.0
#include "probes/thermal_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "probes/sysfs.h"
#include "probes/thermal_trip.h"

enum {
    MAX_ZONES = 256,     // looked at
    MAX_CPUS = 1024,     // looked at
    COLDEST_MC = -50000, // what reads colder, or exactly 0, is no sensor
};

// Types of zones are free text of firmware and device trees; these words are what they have in common.
static const struct {
    const char *word; // anywhere in the type, in any case
    eb_thermal_concern concern;
} zone_words[] = {
    { "x86_pkg_temp", EB_THERMAL_CPU }, { "cpu", EB_THERMAL_CPU },
    { "soc", EB_THERMAL_CPU },          { "tj", EB_THERMAL_CPU },
    { "package", EB_THERMAL_CPU },      { "cluster", EB_THERMAL_CPU },
    { "bigcore", EB_THERMAL_CPU },      { "littlecore", EB_THERMAL_CPU },
    { "battery", EB_THERMAL_NOT_CPU },  { "charg", EB_THERMAL_NOT_CPU },
    { "wifi", EB_THERMAL_NOT_CPU },     { "iwl", EB_THERMAL_NOT_CPU },
    { "nvme", EB_THERMAL_NOT_CPU },     { "modem", EB_THERMAL_NOT_CPU },
    { "skin", EB_THERMAL_NOT_CPU },     { "usb", EB_THERMAL_NOT_CPU },
    { "pmic", EB_THERMAL_NOT_CPU },     { "INT3400", EB_THERMAL_NOT_CPU }, // a constant, not a sensor
};

static const char *const cpu_chips[] = { "coretemp", "k10temp", "zenpower", "cpu_thermal", "soc_thermal" };

static void note_failure(eb_thermal_files *s, const char *path, int errnum)
{
    if (s->errnum || errnum == ENOENT)
        return;
    snprintf(s->failed, sizeof s->failed, "%s", path);
    s->errnum = errnum;
}

static eb_thermal_concern zone_concern(const char *type)
{
    for (size_t i = 0; i < sizeof zone_words / sizeof *zone_words; i++)
        if (strcasestr(type, zone_words[i].word))
            return zone_words[i].concern;
    return EB_THERMAL_MAY_BE_CPU;
}

static void close_temps(eb_thermal_files *s)
{
    for (int i = 0; i < s->n_temps; i++)
        s->io->close(s->io, s->temps[i]);
    for (int i = 0; i < s->n_trips; i++)
        s->io->close(s->io, s->trips[i]);
    s->n_temps = s->n_trips = 0;
}

// Keeps the file unless better ones are kept already; worse ones are let go. True: it is kept.
static bool add_temp(eb_thermal_files *s, const char *path, const char *label, eb_thermal_concern how)
{
    if (how == EB_THERMAL_NOT_CPU || (s->n_temps && how < s->concern))
        return false;
    if (s->n_temps && how == s->concern && s->n_temps == EB_THERMAL_TEMPS)
        return false;
    int64_t value;
    int handle = eb_sysfs_open_number(s->io, path, &value);
    if (handle < 0) {
        note_failure(s, path, -handle);
        return false;
    }
    if (value == 0 || value < COLDEST_MC || value > EB_THERMAL_HOTTEST_MC) {
        s->io->close(s->io, handle);
        return false;
    }
    if (how > s->concern)
        close_temps(s);
    if (s->n_temps == 0)
        snprintf(s->temp_label, sizeof s->temp_label, "%s", label);
    s->concern = how;
    s->temps[s->n_temps++] = handle;
    return true;
}

static void find_zones(eb_thermal_files *s)
{
    unsigned zones[MAX_ZONES];
    int n = eb_sysfs_list_indices(s->io, EB_THERMAL_ZONES, "thermal_zone", "", zones, MAX_ZONES);
    for (int i = 0; i < n; i++) {
        char path[96], type[48];
        snprintf(path, sizeof path, EB_THERMAL_ZONES "/thermal_zone%u/type", zones[i]);
        eb_sysfs_read_text(s->io, path, type, sizeof type);
        snprintf(path, sizeof path, EB_THERMAL_ZONES "/thermal_zone%u/temp", zones[i]);
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
static void find_chip_temps(eb_thermal_files *s, unsigned chip, const char *name)
{
    unsigned temps[EB_THERMAL_TEMPS];
    char path[96], label[EB_THERMAL_TEMPS][24];
    snprintf(path, sizeof path, EB_THERMAL_HWMON "/hwmon%u", chip);
    int n = eb_sysfs_list_indices(s->io, path, "temp", "_input", temps, EB_THERMAL_TEMPS);
    bool has_tdie = false;
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, EB_THERMAL_HWMON "/hwmon%u/temp%u_label", chip, temps[i]);
        eb_sysfs_read_text(s->io, path, label[i], sizeof label[i]);
        has_tdie |= strcmp(label[i], "Tdie") == 0;
    }
    for (int i = 0; i < n; i++) {
        if (has_tdie && strcmp(label[i], "Tctl") == 0)
            continue;
        snprintf(path, sizeof path, EB_THERMAL_HWMON "/hwmon%u/temp%u_input", chip, temps[i]);
        add_temp(s, path, label[i][0] ? label[i] : name, EB_THERMAL_CPU_CHIP);
    }
}

static void find_chips(eb_thermal_files *s)
{
    unsigned chips[MAX_ZONES];
    int n = eb_sysfs_list_indices(s->io, EB_THERMAL_HWMON, "hwmon", "", chips, MAX_ZONES);
    for (int i = 0; i < n && s->concern < EB_THERMAL_CPU; i++) {
        char path[96], name[48];
        snprintf(path, sizeof path, EB_THERMAL_HWMON "/hwmon%u/name", chips[i]);
        eb_sysfs_read_text(s->io, path, name, sizeof name);
        if (is_cpu_chip(name))
            find_chip_temps(s, chips[i], name);
    }
}

static void add_throttle(eb_thermal_files *s, unsigned cpu, const char *scope)
{
    char path[96];
    int64_t value = 0;
    snprintf(path, sizeof path, EB_THERMAL_CPU_DIR "/cpu%u/thermal_throttle/%s_throttle_count", cpu, scope);
    int handle = eb_sysfs_open_number(s->io, path, &value);
    if (handle < 0) {
        note_failure(s, path, -handle);
        return;
    }
    s->throttles[s->n_throttles++] = (eb_thermal_throttle){ handle, value > 0 ? (uint64_t)value : 0 };
    s->throttled += s->throttles[s->n_throttles - 1].last;
}

static void add_frequency(eb_thermal_files *s, unsigned cpu)
{
    char path[96];
    int64_t value;
    snprintf(path, sizeof path, EB_THERMAL_CPU_DIR "/cpu%u/cpufreq/scaling_cur_freq", cpu);
    int handle = eb_sysfs_open_number(s->io, path, &value);
    if (handle < 0)
        note_failure(s, path, -handle);
    else
        s->freqs[s->n_freqs++] = handle;
}

// The count of a package stands in each of its CPUs: it is taken from one of them. A CPU of unknown package speaks for
// itself.
static bool is_new_package(eb_thermal_files *s, unsigned cpu, int64_t *seen, int *n_seen)
{
    char path[96];
    int64_t package;
    snprintf(path, sizeof path, EB_THERMAL_CPU_DIR "/cpu%u/topology/physical_package_id", cpu);
    if (eb_sysfs_read_s64(s->io, path, &package) != 0 || package < 0)
        return true;
    for (int i = 0; i < *n_seen; i++)
        if (seen[i] == package)
            return false;
    seen[(*n_seen)++] = package;
    return true;
}

static void find_cpus(eb_thermal_files *s)
{
    unsigned *cpus = eb_alloc(MAX_CPUS * sizeof *cpus);
    int64_t packages[EB_THERMAL_CPUS];
    int n_packages = 0, n = eb_sysfs_list_indices(s->io, EB_THERMAL_CPU_DIR, "cpu", "", cpus, MAX_CPUS);
    s->n_cpus = n > 0 ? n : 0;
    int sampled = s->n_cpus < EB_THERMAL_CPUS ? s->n_cpus : EB_THERMAL_CPUS;
    for (int i = 0; i < sampled; i++) {
        unsigned cpu = cpus[(int64_t)i * s->n_cpus / sampled];
        add_frequency(s, cpu);
        add_throttle(s, cpu, "core");
        if (is_new_package(s, cpu, packages, &n_packages))
            add_throttle(s, cpu, "package");
    }
    free(cpus);
}

eb_thermal_files *eb_thermal_find(const eb_io *io)
{
    eb_thermal_files *s = eb_alloc(sizeof *s);
    s->io = io;
    find_zones(s);
    find_chips(s);
    if (s->n_temps && !s->n_trips)
        s->n_trips = eb_thermal_trip_chips(s->io, s->trips, EB_THERMAL_TEMPS);
    find_cpus(s);
    return s;
}

void eb_thermal_free(eb_thermal_files *s)
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
