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
#include "probes/hwmon_chip.h"
#include "probes/hwmon_kind.h"
#include "probes/probe_impl.h"
#include "probes/sysfs.h"

#define CLASS EB_HWMON_CLASS

enum {
    MAX_SENSORS = 1024,
    MAX_INDICES = 1024, // of one kind, per chip: amd_energy has one per core, and those of the sockets behind them
    MAX_CORES = 64,     // they are inside their package: more of them only cost time
    MAX_RAIL = 1000000000,
};

static const double power_bounds_w[EB_DOMAIN_COUNT] = {
    [EB_DOMAIN_UNKNOWN] = 6000, [EB_DOMAIN_PACKAGE] = 1500, [EB_DOMAIN_CORE] = 1500,
    [EB_DOMAIN_DRAM] = 500,     [EB_DOMAIN_GPU] = 2000,     [EB_DOMAIN_SYSTEM] = 6000,
};

typedef enum feature { ENERGY, POWER_AVERAGE, POWER_INPUT, RAIL } feature;

static const struct {
    const char *prefix, *suffix, *label; // file NAME<n>SUFFIX, its label's file NAME<n>_label
} features[] = {
    [ENERGY] = { "energy", "_input", "_label" },
    [POWER_AVERAGE] = { "power", "_average", "_label" },
    [POWER_INPUT] = { "power", "_input", "_label" },
    [RAIL] = { "in", "_input", "_label" },
};

typedef struct sensor {
    eb_hwmon_chip chip;
    feature feature;
    unsigned index;
    char label[48];
    eb_hwmon_kind kind;
    int handle, current; // kept, -1 = none; current: of rails alone
    int errnum;          // why it cannot be read; 0 = it can
    const char *why;     // the same where errno does not say it
    bool disabled;
    char file[32]; // that is to blame
} sensor;

typedef struct scan {
    const eb_io *io;
    sensor *items;
    int n, cap, n_good, n_cores;
    int errnum; // of the listing itself
    bool has_system;
} scan;

// ---- the sensors ----

static int open_file(const eb_io *io, sensor *s, const char *file, int64_t *value)
{
    char path[96];
    eb_hwmon_path(path, sizeof path, s->chip.number, file);
    int handle = eb_sysfs_open_number(io, path, value);
    if (handle < 0) {
        s->errnum = -handle;
        snprintf(s->file, sizeof s->file, "%s", file);
        return -1;
    }
    return handle;
}

// mV x mA = uW; negative where it cannot be.
static int64_t product(int64_t mv, int64_t ma)
{
    return mv < 0 || ma < 0 || mv > MAX_RAIL || ma > MAX_RAIL ? -1 : mv * ma;
}

// Nothing runs on a board that takes nothing, and none takes more than its kind can.
static bool is_possible(const sensor *s, int64_t value)
{
    if (s->feature != ENERGY && (double)value > power_bounds_w[s->kind.domain] * 1e6)
        return false;
    return value > 0 || (value == 0 && (s->feature == ENERGY || s->kind.domain != EB_DOMAIN_SYSTEM));
}

static void check_value(sensor *s, const char *file, int64_t value)
{
    if (is_possible(s, value) || (value < 0 && s->feature == RAIL && s->kind.domain != EB_DOMAIN_SYSTEM))
        return; // a current may flow back for once
    bool system = s->kind.domain == EB_DOMAIN_SYSTEM;
    s->errnum = ENODATA;
    s->why = value > 0 ? "says more power than there can be"
             : system  ? "says that the board takes no power"
                       : "is negative";
    snprintf(s->file, sizeof s->file, "%s", file);
}

// Of a rail: voltage and current, unless it is disabled.
static void open_rail(const eb_io *io, sensor *s)
{
    char file[32], path[96];
    int64_t enabled = 1, mv = 0, ma = 0;
    snprintf(file, sizeof file, "in%u_enable", s->index);
    eb_hwmon_path(path, sizeof path, s->chip.number, file);
    if (eb_sysfs_read_s64(io, path, &enabled) == 0 && enabled == 0) {
        s->errnum = ENODATA;
        s->why = "is 0: the channel is disabled";
        s->disabled = true;
        memcpy(s->file, file, sizeof file);
        return;
    }
    snprintf(file, sizeof file, "in%u_input", s->index);
    s->handle = open_file(io, s, file, &mv);
    snprintf(file, sizeof file, "curr%u_input", s->index);
    if (s->handle >= 0)
        s->current = open_file(io, s, file, &ma);
    if (s->current >= 0)
        check_value(s, file, product(mv, ma));
}

static void open_sensor(const eb_io *io, sensor *s)
{
    char file[32];
    int64_t value;
    if (s->feature == RAIL) {
        open_rail(io, s);
        return;
    }
    snprintf(file, sizeof file, "%s%u%s", features[s->feature].prefix, s->index, features[s->feature].suffix);
    s->handle = open_file(io, s, file, &value);
    if (s->handle >= 0)
        check_value(s, file, value);
}

static void read_label(const eb_io *io, sensor *s)
{
    char file[32], path[96];
    snprintf(file, sizeof file, "%s%u%s", features[s->feature].prefix, s->index, features[s->feature].label);
    eb_hwmon_path(path, sizeof path, s->chip.number, file);
    eb_sysfs_read_text(io, path, s->label, sizeof s->label);
    if (s->label[0] || s->index != 1)
        return;
    eb_hwmon_path(path, sizeof path, s->chip.number, "label"); // of the whole chip, from the device tree
    eb_sysfs_read_text(io, path, s->label, sizeof s->label);
}

static void sensor_close(const eb_io *io, sensor *s)
{
    if (s->handle >= 0)
        io->close(io, s->handle);
    if (s->current >= 0)
        io->close(io, s->current);
    s->handle = s->current = -1;
}

static void add_sensor(scan *out, const eb_hwmon_chip *c, feature f, unsigned index)
{
    sensor s = { .chip = *c, .feature = f, .index = index, .handle = -1, .current = -1 };
    if (out->n >= MAX_SENSORS)
        return;
    read_label(out->io, &s);
    if (strcasecmp(s.label, "NC") == 0)
        return; // not connected
    s.kind = eb_hwmon_classify(c->name, s.label);
    if (s.kind.domain == EB_DOMAIN_CORE && out->n_cores++ >= MAX_CORES)
        return;
    if (s.kind.domain == EB_DOMAIN_SYSTEM && out->has_system)
        s.kind = (eb_hwmon_kind){ EB_DOMAIN_UNKNOWN, -1, "a second input rail: what it feeds is not known" };
    open_sensor(out->io, &s);
    out->has_system |= s.kind.domain == EB_DOMAIN_SYSTEM; // one that fails is not replaced by another
    if (s.errnum)
        sensor_close(out->io, &s);
    EB_GROW(out->items, out->n, out->cap);
    out->items[out->n++] = s;
    out->n_good += s.errnum == 0;
}

static bool has_good(const scan *s, unsigned number, feature f, unsigned index)
{
    for (int i = s->n - 1; i >= 0 && s->items[i].chip.number == number; i--)
        if (s->items[i].feature == f && s->items[i].index == index && !s->items[i].errnum)
            return true;
    return false;
}

static void scan_chip(scan *s, unsigned number)
{
    static const feature order[] = { ENERGY, POWER_AVERAGE, POWER_INPUT };
    unsigned indices[MAX_INDICES];
    char path[64];
    eb_hwmon_chip c;
    if (!eb_hwmon_look(s->io, number, &c) || eb_hwmon_is_foreign(c.name))
        return;
    snprintf(path, sizeof path, CLASS "/hwmon%u", number);
    int n_before = s->n;
    for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
        feature f = order[k];
        int n = eb_sysfs_list_indices(s->io, path, features[f].prefix, features[f].suffix, indices, MAX_INDICES);
        for (int i = 0; i < n; i++)
            if (f != POWER_INPUT || !has_good(s, number, POWER_AVERAGE, indices[i]))
                add_sensor(s, &c, f, indices[i]);
    }
    int rails = eb_hwmon_rails(c.name);
    int n = rails ? eb_sysfs_list_indices(s->io, path, "in", "_input", indices, MAX_INDICES) : 0;
    for (int i = 0; i < n; i++)
        if (indices[i] >= 1 && (int)indices[i] <= rails)
            add_sensor(s, &c, RAIL, indices[i]);
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
        sensor_close(s->io, &s->items[i]);
    free(s->items);
}

// ---- detect ----

static const char *why(const sensor *s)
{
    return s->why ? s->why : eb_sysfs_why(s->errnum);
}

// What would make the sensor readable.
static void suggest(const sensor *s, char *buf, size_t size)
{
    if (eb_sysfs_refused(s->errnum))
        snprintf(buf, size,
                 "until the next boot: sudo chmod a+r " CLASS "/hwmon%u/%s; for this program alone: sudo setcap "
                 "cap_dac_read_search=ep effbench",
                 s->chip.number, s->file);
    else if (s->disabled)
        snprintf(buf, size, "echo 1 | sudo tee " CLASS "/hwmon%u/%s", s->chip.number, s->file);
    else
        buf[0] = '\0';
}

static void detect(const eb_probe_env *env, eb_probe_detection *out)
{
    scan s;
    scan_all(env->io, &s);
    out->parts = s.n > s.n_good;
    const sensor *bad = NULL;
    bool all_refused = s.n > 0;
    for (int i = 0; i < s.n; i++) {
        bool refused = eb_sysfs_refused(s.items[i].errnum);
        all_refused = all_refused && refused;
        if (s.items[i].errnum && (!bad || (refused && !eb_sysfs_refused(bad->errnum))))
            bad = &s.items[i];
    }
    char remedy[256] = "";
    if (bad)
        suggest(bad, remedy, sizeof remedy);
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
                     bad->chip.number, bad->file, bad->chip.name, bad->label[0] ? ", " : "", bad->label, why(bad));
    scan_deinit(&s);
}

// ---- open ----

static void name_sensor(const sensor *s, eb_channel *c)
{
    char place[48], what[48];
    snprintf(place, sizeof place, "%.16s%s%.23s", s->chip.name, s->chip.id[0] ? "@" : "", s->chip.id);
    if (s->label[0])
        snprintf(what, sizeof what, "%s", s->label);
    else
        snprintf(what, sizeof what, "%s%u", features[s->feature].prefix, s->index);
    snprintf(c->name, sizeof c->name, "hwmon/%.32s/%.19s", place, what);
    for (char *p = c->name; *p; p++)
        *p = *p == '#' ? '?' : *p; // make_unique needs it
    if (s->chip.is_pci && s->kind.domain == EB_DOMAIN_GPU)
        snprintf(c->zone, sizeof c->zone, "%s", s->chip.id); // so that it is the same piece in whatever source
    else
        snprintf(c->zone, sizeof c->zone, "%.32s/%u", place, s->index);
    snprintf(c->label, sizeof c->label, "%s", s->label[0] ? s->label : what);
}

static void fill_channel(const sensor *s, eb_channel *c)
{
    bool counter = s->feature == ENERGY;
    *c = (eb_channel){
        .source = "hwmon",
        .domain = s->kind.domain,
        .socket = s->kind.socket,
        .die = -1,
        .quantity = counter ? EB_QUANTITY_ENERGY_UJ : EB_QUANTITY_POWER_UW,
        .cumulative = counter,
        .scale = 1,
        .power_max_w = power_bounds_w[s->kind.domain],
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

static void fill_unread(const sensor *s, eb_channel *c)
{
    char reason[80];
    snprintf(reason, sizeof reason, "%s %s", s->file, why(s));
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
    sensor *items = eb_alloc((size_t)s->n * sizeof *items + 1);
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

// Voltage and current inside one bracket.
static int read_rail(const eb_io *io, const sensor *s, int64_t *uw)
{
    int64_t mv = 0, ma = 0;
    int rc = eb_sysfs_pread_s64(io, s->handle, &mv);
    if (rc == 0)
        rc = eb_sysfs_pread_s64(io, s->current, &ma);
    *uw = rc ? 0 : product(mv, ma);
    return rc;
}

static void read_sensor(const eb_io *io, const sensor *s, eb_sample *out)
{
    int64_t value = 0;
    if (s->errnum) {
        eb_probe_sample_unread(io, s->errnum, out);
        return;
    }
    out->t_before_ns = io->clock.now_ns(&io->clock);
    int rc = s->feature == RAIL ? read_rail(io, s, &value) : eb_sysfs_pread_s64(io, s->handle, &value);
    out->t_after_ns = io->clock.now_ns(&io->clock);
    out->raw = (uint64_t)value;
    eb_probe_sample_result(rc == 0 && !is_possible(s, value) ? -ERANGE : rc, out);
}

static void read_probe(eb_probe *probe, eb_sample *out)
{
    const scan *s = probe->state;
    for (int i = 0; i < s->n; i++)
        read_sensor(s->io, &s->items[i], &out[i]);
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
