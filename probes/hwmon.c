// SPDX-License-Identifier: Apache-2.0
// Energy and power of /sys/class/hwmon: energyN_input, powerN_average or powerN_input, and the rails of INA3221 chips,
// whose power is inN_input x currN_input. Numbers of hwmon change between boots: a sensor is known by its chip's name,
// the chip's place (device tree, PCI or I2C address) and its label. Counters of energy say no range: one that goes back
// was reset. What each sensor measures is in hwmon_kind.c.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "probes/hwmon_sensor.h"
#include "probes/sysfs.h"

#define CLASS EB_HWMON_CLASS

enum {
    MAX_SENSORS = 1024,
    MAX_INDICES = 1024, // of one kind, per chip: amd_energy has one per core, and those of the sockets behind them
    MAX_CORES = 64,     // they are inside their package: more of them only cost time
};

typedef struct scan {
    const eb_io *io;
    eb_hwmon_sensor *items;
    int n, cap, n_good, n_cores;
    int errnum; // of the listing itself
    bool has_system;
} scan;

// ---- the sensors ----

static void add_sensor(scan *out, const eb_hwmon_chip *c, eb_hwmon_feature f, unsigned index)
{
    eb_hwmon_sensor s = { .chip = *c, .feature = f, .index = index, .handle = -1, .current = -1 };
    if (out->n >= MAX_SENSORS)
        return;
    eb_hwmon_sensor_label(out->io, &s);
    if (strcasecmp(s.label, "NC") == 0)
        return; // not connected
    s.kind = eb_hwmon_classify(c->name, s.label);
    if (s.kind.domain == EB_DOMAIN_CORE && out->n_cores++ >= MAX_CORES)
        return;
    if (s.kind.domain == EB_DOMAIN_SYSTEM && out->has_system)
        s.kind = (eb_hwmon_kind){ EB_DOMAIN_UNKNOWN, -1, "a second input rail: what it feeds is not known" };
    eb_hwmon_sensor_open(out->io, &s);
    out->has_system |= s.kind.domain == EB_DOMAIN_SYSTEM; // one that fails is not replaced by another
    if (s.errnum)
        eb_hwmon_sensor_close(out->io, &s);
    EB_GROW(out->items, out->n, out->cap);
    out->items[out->n++] = s;
    out->n_good += s.errnum == 0;
}

static bool has_good(const scan *s, unsigned number, eb_hwmon_feature f, unsigned index)
{
    for (int i = s->n - 1; i >= 0 && s->items[i].chip.number == number; i--)
        if (s->items[i].feature == f && s->items[i].index == index && !s->items[i].errnum)
            return true;
    return false;
}

static void scan_chip(scan *s, unsigned number)
{
    static const eb_hwmon_feature order[] = { EB_HWMON_ENERGY, EB_HWMON_POWER_AVERAGE, EB_HWMON_POWER_INPUT };
    unsigned indices[MAX_INDICES];
    char path[64];
    eb_hwmon_chip c;
    if (!eb_hwmon_look(s->io, number, &c) || eb_hwmon_is_foreign(c.name))
        return;
    snprintf(path, sizeof path, CLASS "/hwmon%u", number);
    int n_before = s->n;
    for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
        eb_hwmon_feature f = order[k];
        int n = eb_sysfs_list_indices(s->io, path, eb_hwmon_features[f].prefix, eb_hwmon_features[f].suffix, indices,
                                      MAX_INDICES);
        for (int i = 0; i < n; i++)
            if (f != EB_HWMON_POWER_INPUT || !has_good(s, number, EB_HWMON_POWER_AVERAGE, indices[i]))
                add_sensor(s, &c, f, indices[i]);
    }
    int rails = eb_hwmon_rails(c.name);
    int n = rails ? eb_sysfs_list_indices(s->io, path, "in", "_input", indices, MAX_INDICES) : 0;
    for (int i = 0; i < n; i++)
        if (indices[i] >= 1 && (int)indices[i] <= rails)
            add_sensor(s, &c, EB_HWMON_RAIL, indices[i]);
    if (s->n > n_before) // only chips with something to say are worth the search
        eb_hwmon_place(s->io, &c);
    for (int i = n_before; i < s->n; i++)
        s->items[i].chip = c;
}

static void scan_all(const eb_io *io, scan *out)
{
    unsigned numbers[EB_HWMON_CHIPS];
    *out = (scan){ .io = io };
    int n = eb_hwmon_list(io, numbers);
    out->errnum = n < 0 ? -n : 0;
    for (int i = 0; i < n; i++)
        scan_chip(out, numbers[i]);
}

static void scan_deinit(scan *s)
{
    for (int i = 0; i < s->n; i++)
        eb_hwmon_sensor_close(s->io, &s->items[i]);
    free(s->items);
}

// ---- detect ----

static void detect(const eb_probe_env *env, eb_probe_detection *out)
{
    scan s;
    scan_all(env->io, &s);
    out->parts = s.n > s.n_good;
    const eb_hwmon_sensor *bad = NULL;
    bool all_refused = s.n > 0;
    for (int i = 0; i < s.n; i++) {
        bool refused = eb_sysfs_refused(s.items[i].errnum);
        all_refused = all_refused && refused;
        if (s.items[i].errnum && (!bad || (refused && !eb_sysfs_refused(bad->errnum))))
            bad = &s.items[i];
    }
    char remedy[256] = "";
    if (bad)
        eb_hwmon_sensor_remedy(bad, remedy, sizeof remedy);
    if (eb_sysfs_refused(s.errnum))
        eb_probe_say(out, EB_PROBE_NO_PERMISSION, "sudo chmod a+rx " CLASS, "%s: %s", CLASS, strerror(s.errnum));
    else if (s.errnum)
        eb_probe_say(out, EB_PROBE_NO_DEVICE, "", "%s: %s", CLASS, strerror(s.errnum));
    else if (!bad && s.n == 0)
        eb_probe_say(out, EB_PROBE_NO_DEVICE, "", "no chip in " CLASS " measures energy or power");
    else if (bad)
        eb_probe_say(out,
                     s.n_good      ? EB_PROBE_PARTIAL
                     : all_refused ? EB_PROBE_NO_PERMISSION
                                   : EB_PROBE_NO_DRIVER,
                     remedy, "%d of %d sensors cannot be read: " CLASS "/hwmon%u/%s (%s%s%s) %s", s.n - s.n_good, s.n,
                     bad->chip.number, bad->file, bad->chip.name, bad->label[0] ? ", " : "", bad->label,
                     eb_hwmon_sensor_why(bad));
    scan_deinit(&s);
}

// ---- open ----

static void name_sensor(const eb_hwmon_sensor *s, eb_channel *c)
{
    char place[48], what[48];
    snprintf(place, sizeof place, "%.16s%s%.23s", s->chip.name, s->chip.id[0] ? "@" : "", s->chip.id);
    if (s->label[0])
        snprintf(what, sizeof what, "%s", s->label);
    else
        snprintf(what, sizeof what, "%s%u", eb_hwmon_features[s->feature].prefix, s->index);
    snprintf(c->name, sizeof c->name, "hwmon/%.32s/%.19s", place, what);
    for (char *p = c->name; *p; p++)
        *p = *p == '#' ? '?' : *p; // make_unique needs it
    if (s->chip.is_pci && s->kind.domain == EB_DOMAIN_GPU)
        snprintf(c->zone, sizeof c->zone, "%s", s->chip.id); // so that it is the same piece in whatever source
    else
        snprintf(c->zone, sizeof c->zone, "%.32s/%u", place, s->index);
    snprintf(c->label, sizeof c->label, "%s", s->label[0] ? s->label : what);
}

static void fill_channel(const eb_hwmon_sensor *s, eb_channel *c)
{
    bool counter = s->feature == EB_HWMON_ENERGY;
    *c = (eb_channel){
        .source = "hwmon",
        .domain = s->kind.domain,
        .socket = s->kind.socket,
        .die = -1,
        .quantity = counter ? EB_QUANTITY_ENERGY_UJ : EB_QUANTITY_POWER_UW,
        .cumulative = counter,
        .scale = 1,
        .power_max_w = eb_hwmon_bounds_w[s->kind.domain],
        .period_ns = counter ? 0 : s->chip.period_ns,
        .grade = counter ? EB_GRADE_COUNTER : EB_GRADE_SAMPLED,
        .scope = EB_SCOPE_MACHINE,
    };
    const char *period =
        counter || !s->chip.assumed || *s->kind.note ? "" : "the driver does not say its update period";
    snprintf(c->note, sizeof c->note, "%s%s", s->kind.note, period);
    name_sensor(s, c);
}

// Names and zones must differ; where the chips' places do not tell them apart, their order does.
static void make_unique(eb_channel *channels, int n, const scan *s)
{
    for (int i = 1; i < n; i++) {
        int same = 0, same_zone = 0;
        for (int k = 0; k < i; k++) {
            same += strcmp(channels[k].name, channels[i].name) == 0;
            same_zone +=
                strcmp(channels[k].zone, channels[i].zone) == 0 && s->items[k].chip.number != s->items[i].chip.number;
        }
        size_t len = strlen(channels[i].name), zone_len = strlen(channels[i].zone);
        if (same)
            snprintf(channels[i].name + len, sizeof channels[i].name - len, "#%u", (unsigned)i);
        if (same_zone)
            snprintf(channels[i].zone + zone_len, sizeof channels[i].zone - zone_len, "#%u", s->items[i].chip.number);
    }
}

static void fill_unread(const eb_hwmon_sensor *s, eb_channel *c)
{
    char reason[80];
    snprintf(reason, sizeof reason, "%s %s", s->file, eb_hwmon_sensor_why(s));
    fill_channel(s, c);
    eb_probe_unread(c, reason);
}

static bool open_probe(eb_probe *probe, eb_err *err)
{
    (void)err; // the core says what detect says
    scan *s = eb_alloc(sizeof *s);
    scan_all(probe->env.io, s);
    probe->state = s;
    probe->channels = eb_alloc((size_t)(s->n + 1) * sizeof *probe->channels);
    // Those that read come first. Of the others only those stay, unread, that a sum would lack without a word.
    eb_hwmon_sensor *items = eb_alloc((size_t)s->n * sizeof *items + 1);
    int kept = 0;
    for (int i = 0; i < s->n; i++) {
        if (s->items[i].errnum)
            continue;
        fill_channel(&s->items[i], &probe->channels[kept]);
        items[kept++] = s->items[i];
    }
    for (int i = 0; i < s->n; i++) {
        if (s->items[i].errnum == 0)
            continue;
        fill_unread(&s->items[i], &probe->channels[kept]);
        if (eb_probe_worth_naming(&probe->channels[kept], probe->channels, kept))
            items[kept++] = s->items[i];
    }
    free(s->items);
    s->items = items;
    s->n = probe->n = kept;
    make_unique(probe->channels, kept, s);
    return kept > 0;
}

// ---- read ----

static void read_probe(eb_probe *probe, eb_sample *out)
{
    const scan *s = probe->state;
    for (int i = 0; i < s->n; i++)
        eb_hwmon_sensor_read(s->io, &s->items[i], &out[i]);
}

static void close_probe(eb_probe *probe)
{
    if (probe->state)
        scan_deinit(probe->state);
    free(probe->state);
}

static const char *why_not(int errnum)
{
    return errnum == ERANGE ? "says a power that cannot be" : NULL;
}

const eb_probe_ops eb_probe_hwmon = {
    .name = "hwmon",
    .doc = "Energy and power of hardware monitors: rails of boards (INA3221, INA2xx), amd_energy, and what else says "
           "watts",
    .detect = detect,
    .open = open_probe,
    .read = read_probe,
    .close = close_probe,
    .why = why_not,
};
