// SPDX-License-Identifier: Apache-2.0
#include "probes/hwmon_chip.h"

#include <stdio.h>
#include <string.h>
#include "probes/probe_impl.h"
#include "probes/sysfs.h"

#define I2C "/sys/bus/i2c/devices"

static const int64_t assumed_period_ns = 100000000; // of a gauge that does not say its update_interval

void eb_hwmon_path(char *buf, size_t size, unsigned number, const char *file)
{
    snprintf(buf, size, EB_HWMON_CLASS "/hwmon%u/%s", number, file);
}

int eb_hwmon_list(const eb_io *io, unsigned numbers[EB_HWMON_CHIPS])
{
    return eb_sysfs_list_indices(io, EB_HWMON_CLASS, "hwmon", "", numbers, EB_HWMON_CHIPS);
}

typedef struct i2c_search {
    const eb_io *io;
    char wanted[24];
    const char *device;
    char *out;
    size_t size;
} i2c_search;

static void visit_i2c_hwmon(void *arg, const char *name)
{
    i2c_search *s = arg;
    if (strcmp(name, s->wanted) == 0)
        snprintf(s->out, s->size, "%s", s->device);
}

static void visit_i2c_device(void *arg, const char *name)
{
    i2c_search *s = arg;
    char path[320];
    s->device = name;
    snprintf(path, sizeof path, I2C "/%s/hwmon", name);
    if (!s->out[0])
        s->io->list(s->io, path, visit_i2c_hwmon, s);
}

// The I/O table follows links but does not read them, so an I2C chip is found from its device's side.
void eb_hwmon_place(const eb_io *io, eb_hwmon_chip *c)
{
    char path[64], node[128];
    eb_hwmon_path(path, sizeof path, c->number, "device/uevent");
    c->is_pci = eb_sysfs_uevent(io, path, "PCI_SLOT_NAME", c->id, sizeof c->id);
    const char *at = NULL;
    if (!c->is_pci && eb_sysfs_uevent(io, path, "OF_FULLNAME", node, sizeof node))
        at = strrchr(node, '@');
    if (at)
        snprintf(c->id, sizeof c->id, "%s", at + 1);
    if (!c->id[0]) {
        i2c_search s = { .io = io, .out = c->id, .size = sizeof c->id };
        snprintf(s.wanted, sizeof s.wanted, "hwmon%u", c->number);
        io->list(io, I2C, visit_i2c_device, &s);
    }
    eb_probe_make_printable(c->id);
}

// The kernel shows each battery as a chip of hwmon too, named after it with its dashes turned.
typedef struct supply_search {
    const char *chip;
    bool found;
} supply_search;

static void visit_supply(void *arg, const char *name)
{
    supply_search *s = arg;
    size_t i = 0;
    while (name[i] && s->chip[i] && (name[i] == s->chip[i] || (name[i] == '-' && s->chip[i] == '_')))
        i++;
    s->found |= !name[i] && !s->chip[i];
}

static bool is_power_supply(const eb_io *io, const char *name)
{
    supply_search s = { name, false };
    io->list(io, "/sys/class/power_supply", visit_supply, &s);
    return s.found;
}

bool eb_hwmon_look(const eb_io *io, unsigned number, eb_hwmon_chip *out)
{
    char path[64];
    *out = (eb_hwmon_chip){ .number = number };
    eb_hwmon_path(path, sizeof path, number, "name");
    eb_sysfs_read_text(io, path, out->name, sizeof out->name);
    if (!out->name[0])
        snprintf(out->name, sizeof out->name, "unnamed");
    if (is_power_supply(io, out->name))
        return false;
    int64_t ms = 0;
    eb_hwmon_path(path, sizeof path, number, "update_interval");
    bool said = eb_sysfs_read_s64(io, path, &ms) == 0 && ms > 0 && ms <= 60000;
    out->assumed = !said;
    out->period_ns = said ? ms * 1000000 : assumed_period_ns;
    return true;
}
