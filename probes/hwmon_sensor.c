// SPDX-License-Identifier: Apache-2.0
#include "probes/hwmon_sensor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "probes/sysfs.h"

#define CLASS EB_HWMON_CLASS

enum { MAX_RAIL = 1000000000 };

const double eb_hwmon_bounds_w[EB_DOMAIN_COUNT] = {
    [EB_DOMAIN_UNKNOWN] = 6000, [EB_DOMAIN_PACKAGE] = 1500, [EB_DOMAIN_CORE] = 1500,
    [EB_DOMAIN_DRAM] = 500,     [EB_DOMAIN_GPU] = 2000,     [EB_DOMAIN_SYSTEM] = 6000,
};

const eb_hwmon_files eb_hwmon_features[EB_HWMON_FEATURES] = {
    [EB_HWMON_ENERGY] = { "energy", "_input", "_label" },
    [EB_HWMON_POWER_AVERAGE] = { "power", "_average", "_label" },
    [EB_HWMON_POWER_INPUT] = { "power", "_input", "_label" },
    [EB_HWMON_RAIL] = { "in", "_input", "_label" },
};

static int open_file(const eb_io *io, eb_hwmon_sensor *s, const char *file, int64_t *value)
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
static bool is_possible(const eb_hwmon_sensor *s, int64_t value)
{
    if (s->feature != EB_HWMON_ENERGY && (double)value > eb_hwmon_bounds_w[s->kind.domain] * 1e6)
        return false;
    return value > 0 || (value == 0 && (s->feature == EB_HWMON_ENERGY || s->kind.domain != EB_DOMAIN_SYSTEM));
}

static void check_value(eb_hwmon_sensor *s, const char *file, int64_t value)
{
    if (is_possible(s, value) || (value < 0 && s->feature == EB_HWMON_RAIL && s->kind.domain != EB_DOMAIN_SYSTEM))
        return; // a current may flow back for once
    bool system = s->kind.domain == EB_DOMAIN_SYSTEM;
    s->errnum = ENODATA;
    s->why = value > 0 ? "says more power than there can be"
             : system  ? "says that the board takes no power"
                       : "is negative";
    snprintf(s->file, sizeof s->file, "%s", file);
}

// Of a rail: voltage and current, unless it is disabled.
static void open_rail(const eb_io *io, eb_hwmon_sensor *s)
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

void eb_hwmon_sensor_open(const eb_io *io, eb_hwmon_sensor *s)
{
    char file[32];
    int64_t value;
    if (s->feature == EB_HWMON_RAIL) {
        open_rail(io, s);
        return;
    }
    snprintf(file, sizeof file, "%s%u%s", eb_hwmon_features[s->feature].prefix, s->index,
             eb_hwmon_features[s->feature].suffix);
    s->handle = open_file(io, s, file, &value);
    if (s->handle >= 0)
        check_value(s, file, value);
}

void eb_hwmon_sensor_label(const eb_io *io, eb_hwmon_sensor *s)
{
    char file[32], path[96];
    snprintf(file, sizeof file, "%s%u%s", eb_hwmon_features[s->feature].prefix, s->index,
             eb_hwmon_features[s->feature].label);
    eb_hwmon_path(path, sizeof path, s->chip.number, file);
    eb_sysfs_read_text(io, path, s->label, sizeof s->label);
    if (s->label[0] || s->index != 1)
        return;
    eb_hwmon_path(path, sizeof path, s->chip.number, "label"); // of the whole chip, from the device tree
    eb_sysfs_read_text(io, path, s->label, sizeof s->label);
}

void eb_hwmon_sensor_close(const eb_io *io, eb_hwmon_sensor *s)
{
    if (s->handle >= 0)
        io->close(io, s->handle);
    if (s->current >= 0)
        io->close(io, s->current);
    s->handle = s->current = -1;
}

const char *eb_hwmon_sensor_why(const eb_hwmon_sensor *s)
{
    return s->why ? s->why : eb_sysfs_why(s->errnum);
}

void eb_hwmon_sensor_remedy(const eb_hwmon_sensor *s, char *buf, size_t size)
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

// Voltage and current inside one bracket.
static int read_rail(const eb_io *io, const eb_hwmon_sensor *s, int64_t *uw)
{
    int64_t mv = 0, ma = 0;
    int rc = eb_sysfs_pread_s64(io, s->handle, &mv);
    if (rc == 0)
        rc = eb_sysfs_pread_s64(io, s->current, &ma);
    *uw = rc ? 0 : product(mv, ma);
    return rc;
}

void eb_hwmon_sensor_read(const eb_io *io, const eb_hwmon_sensor *s, eb_sample *out)
{
    int64_t value = 0;
    if (s->errnum) {
        eb_probe_sample_unread(io, s->errnum, out);
        return;
    }
    out->t_before_ns = io->clock.now_ns(&io->clock);
    int rc = s->feature == EB_HWMON_RAIL ? read_rail(io, s, &value) : eb_sysfs_pread_s64(io, s->handle, &value);
    out->t_after_ns = io->clock.now_ns(&io->clock);
    out->raw = (uint64_t)value;
    eb_probe_sample_result(rc == 0 && !is_possible(s, value) ? -ERANGE : rc, out);
}
