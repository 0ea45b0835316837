// SPDX-License-Identifier: Apache-2.0
#include "probes/battery_supply.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "probes/probe_impl.h"
#include "probes/sysfs.h"

static const int64_t most_uw = 1000000000, most_ua = 1000000000, most_uv = 1000000000, most_uwh = 1000000000;
static const int64_t least_step = 1000; // of uWh and uAh: what ACPI counts in
static const double uj_per_uwh = 3600;  // and per uAh and volt

typedef enum method_kind { POWER, PRODUCT, ENERGY_LEFT, CHARGE_LEFT } method_kind;

static const struct {
    method_kind kind;
    const char *file, *second; // the second: volts
} methods[] = {
    { POWER, "power_now", NULL },        { PRODUCT, "current_now", "voltage_now" },
    { POWER, "power_avg", NULL },        { PRODUCT, "current_avg", "voltage_now" },
    { ENERGY_LEFT, "energy_now", NULL }, { CHARGE_LEFT, "charge_now", "voltage_now" },
};
enum { METHODS = sizeof methods / sizeof *methods };

// ---- reading ----

bool eb_supply_is_counter(const eb_supply *s)
{
    return methods[s->method].kind == ENERGY_LEFT || methods[s->method].kind == CHARGE_LEFT;
}

const char *eb_supply_file(const eb_supply *s)
{
    return methods[s->method].file;
}

double eb_supply_unit_uj(const eb_io *io, const eb_supply *s)
{
    int64_t uv = 0;
    if (!eb_supply_is_counter(s))
        return 0;
    if (s->second >= 0)
        eb_sysfs_pread_s64(io, s->second, &uv);
    return (double)s->step * uj_per_uwh * (s->second >= 0 ? fmax((double)uv / 1e6, 1) : 1);
}

// The absolute value: 0, or -ERANGE beyond `most`.
static int magnitude(int64_t value, int64_t most, int64_t *out)
{
    *out = value < 0 ? -value : value;
    return *out > most ? -ERANGE : 0;
}

// What is left falls, a counter rises. Where it rises instead, the gauge in the battery has thought better of it: then
// the counter goes back, which is a reset.
static int64_t drawn_uj(eb_supply *s, int64_t left, int64_t uv)
{
    if (methods[s->method].kind == ENERGY_LEFT)
        return (int64_t)((double)(most_uwh - left) * uj_per_uwh);
    if (s->last >= 0)
        s->drawn_uj += (double)(s->last - left) * uj_per_uwh * (double)uv / 1e6;
    s->last = left;
    return (int64_t)((double)most_uwh * uj_per_uwh + s->drawn_uj);
}

int eb_supply_read(const eb_io *io, eb_supply *s, int64_t *out)
{
    int64_t value = 0, uv = 0;
    int rc = eb_sysfs_pread_s64(io, s->value, &value);
    if (rc == 0 && s->second >= 0)
        rc = eb_sysfs_pread_s64(io, s->second, &uv);
    if (rc)
        return rc == -ENODEV ? -ENODATA : rc; // ACPI's word for a value that the battery does not know now
    if (uv < 0 || uv > most_uv)
        return -ERANGE;
    switch (methods[s->method].kind) {
    case POWER:
        return magnitude(value, most_uw, out);
    case PRODUCT:
        rc = magnitude(value, most_ua, &value);
        return rc ? rc : magnitude((value * uv + 500000) / 1000000, most_uw, out);
    default:
        if (value < 0 || value > most_uwh)
            return -ERANGE;
        *out = drawn_uj(s, value, uv);
        return *out < 0 ? -ERANGE : 0;
    }
}

int eb_supply_status(const eb_io *io, const eb_supply *s, char *text, size_t size, eb_flow *flow)
{
    ssize_t got = s->state >= 0 ? io->pread(io, s->state, text, size - 1) : -ENODATA;
    text[got > 0 ? got : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    eb_probe_make_printable(text);
    *flow = !text[0]                           ? EB_FLOW_UNTOLD
            : strcmp(text, "Discharging") == 0 ? EB_FLOW_DISCHARGES
            : strcmp(text, "Charging") == 0    ? EB_FLOW_CHARGES
                                               : EB_FLOW_RESTS;
    return got < 0 ? (int)-got : 0;
}

static bool is_online(const eb_io *io, const eb_supply *s)
{
    int64_t value = 0;
    return s->state >= 0 && eb_sysfs_pread_s64(io, s->state, &value) == 0 && value != 0;
}

const eb_supply *eb_supplies_obstacle(const eb_supplies *s, eb_flow flows[EB_SUPPLIES])
{
    const eb_supply *charger = NULL, *bad = NULL, *first = NULL;
    bool any = false;
    for (int i = 0; i < s->n; i++) {
        char text[24];
        const eb_supply *item = &s->items[i];
        flows[i] = EB_FLOW_RESTS;
        if (!item->battery) {
            charger = !charger && is_online(s->io, item) ? item : charger;
            continue;
        }
        eb_supply_status(s->io, item, text, sizeof text, &flows[i]);
        any |= flows[i] == EB_FLOW_DISCHARGES;
        bad = !bad && (flows[i] == EB_FLOW_CHARGES || flows[i] == EB_FLOW_UNTOLD) ? item : bad;
        first = first ? first : item;
    }
    return charger ? charger : bad ? bad : any ? NULL : first;
}

// ---- finding ----

static void supply_path(char *buf, size_t size, const eb_supply *s, const char *file)
{
    snprintf(buf, size, EB_SUPPLY_CLASS "/%s/%s", s->name, file);
}

static int open_number(const eb_io *io, const eb_supply *s, const char *file)
{
    char path[128];
    int64_t value;
    supply_path(path, sizeof path, s, file);
    return eb_sysfs_open_number(io, path, &value);
}

static void close_handle(const eb_io *io, int *handle)
{
    if (*handle >= 0)
        io->close(io, *handle);
    *handle = -1;
}

static void leave_method(const eb_io *io, eb_supply *s)
{
    close_handle(io, &s->value);
    close_handle(io, &s->second);
    s->method = -1;
}

static bool try_method(const eb_io *io, eb_supply *s, int m, int64_t *value)
{
    const char *file = methods[m].file;
    s->method = m;
    s->value = open_number(io, s, file);
    int rc = s->value < 0 ? s->value : 0;
    if (rc == 0 && methods[m].second) {
        file = methods[m].second;
        s->second = open_number(io, s, file);
        rc = s->second < 0 ? s->second : 0;
    }
    if (rc == 0)
        rc = eb_supply_read(io, s, value);
    if (rc == 0)
        return true;
    if (!s->errnum || (s->errnum == ENOENT && rc != -ENOENT)) {
        s->errnum = -rc;
        s->bad_file = file;
    }
    leave_method(io, s);
    return false;
}

// The finest decimal step that all of its figures are multiples of, within reason.
static void find_step(const eb_io *io, eb_supply *s)
{
    static const char *const files[2][3] = { { "energy_now", "energy_full", "energy_full_design" },
                                             { "charge_now", "charge_full", "charge_full_design" } };
    s->step = 10 * least_step;
    for (int i = 0; i < 3; i++) {
        char path[128];
        int64_t value = 0;
        supply_path(path, sizeof path, s, files[methods[s->method].kind == CHARGE_LEFT][i]);
        eb_sysfs_read_s64(io, path, &value);
        while (s->step > least_step && value % s->step)
            s->step /= 10;
    }
}

// The first that reads, but a gauge that says 0 only where nothing else knows better: some say it for ever.
static void open_battery(const eb_io *io, eb_supply *s)
{
    int says_zero = -1;
    int64_t value = 0;
    for (int m = 0; m < METHODS && s->method < 0; m++) {
        if (!try_method(io, s, m, &value) || (value > 0 && (says_zero < 0 || !eb_supply_is_counter(s))))
            continue;
        says_zero = says_zero < 0 ? m : says_zero;
        leave_method(io, s);
    }
    if (s->method < 0 && says_zero >= 0)
        try_method(io, s, says_zero, &value);
    if (s->method < 0)
        return;
    s->errnum = 0;
    if (eb_supply_is_counter(s))
        find_step(io, s);
}

// Batteries of mice and keyboards have the scope Device; an empty bay is not present.
static bool is_of_machine(const eb_io *io, eb_supply *s)
{
    char path[128], type[16], scope[16];
    int64_t present = 1;
    supply_path(path, sizeof path, s, "type");
    eb_sysfs_read_text(io, path, type, sizeof type);
    supply_path(path, sizeof path, s, "scope");
    eb_sysfs_read_text(io, path, scope, sizeof scope);
    s->battery = type[0] ? strcmp(type, "Battery") == 0 : strncmp(s->name, "BAT", 3) == 0;
    if (strcmp(scope, "Device") == 0 || strcmp(type, "UPS") == 0)
        return false;
    supply_path(path, sizeof path, s, "present");
    return !s->battery || eb_sysfs_read_s64(io, path, &present) != 0 || present != 0;
}

static void visit_supply(void *arg, const char *name)
{
    eb_supplies *s = arg;
    size_t len = strlen(name);
    if (s->n >= EB_SUPPLIES || len >= EB_SUPPLY_NAME)
        return;
    for (const char *p = name; *p; p++)
        if (*p <= ' ' || *p > '~')
            return;
    eb_supply *item = &s->items[s->n++];
    *item = (eb_supply){ .state = -1, .value = -1, .second = -1, .method = -1, .last = -1 };
    memcpy(item->name, name, len + 1);
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const eb_supply *)a)->name, ((const eb_supply *)b)->name);
}

void eb_supplies_scan(const eb_io *io, eb_supplies *out)
{
    *out = (eb_supplies){ .io = io };
    out->errnum = -io->list(io, EB_SUPPLY_CLASS, visit_supply, out);
    qsort(out->items, (size_t)out->n, sizeof *out->items, compare);
    int kept = 0;
    for (int i = 0; i < out->n; i++) {
        eb_supply item = out->items[i];
        char path[128];
        if (!is_of_machine(io, &item))
            continue;
        supply_path(path, sizeof path, &item, item.battery ? "status" : "online");
        item.state = io->open(io, path);
        if (item.battery)
            open_battery(io, &item);
        out->n_batteries += item.battery;
        out->items[kept++] = item;
    }
    out->n = kept;
}

void eb_supplies_deinit(eb_supplies *s)
{
    for (int i = 0; i < s->n; i++) {
        close_handle(s->io, &s->items[i].state);
        close_handle(s->io, &s->items[i].value);
        close_handle(s->io, &s->items[i].second);
    }
}
