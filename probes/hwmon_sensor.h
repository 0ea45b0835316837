// SPDX-License-Identifier: Apache-2.0
// One sensor of a chip of /sys/class/hwmon: its files opened and judged, its readings, why it has none. Private to
// hwmon.c.
#ifndef EB_PROBES_HWMON_SENSOR_H
#define EB_PROBES_HWMON_SENSOR_H

#include "probes/hwmon_chip.h"
#include "probes/hwmon_kind.h"
#include "probes/probe_impl.h"

typedef enum eb_hwmon_feature {
    EB_HWMON_ENERGY,
    EB_HWMON_POWER_AVERAGE,
    EB_HWMON_POWER_INPUT,
    EB_HWMON_RAIL,
    EB_HWMON_FEATURES
} eb_hwmon_feature;

typedef struct eb_hwmon_files {
    const char *prefix, *suffix, *label; // file NAME<n>SUFFIX, its label's file NAME<n>_label
} eb_hwmon_files;
extern const eb_hwmon_files eb_hwmon_features[EB_HWMON_FEATURES];
extern const double eb_hwmon_bounds_w[EB_DOMAIN_COUNT]; // more is no reading

typedef struct eb_hwmon_sensor {
    eb_hwmon_chip chip;
    eb_hwmon_feature feature;
    unsigned index;
    char label[48];
    eb_hwmon_kind kind;
    int handle, current; // kept, -1 = none; current: of rails alone
    int errnum;          // why it cannot be read; 0 = it can
    const char *why;     // the same where errno does not say it
    bool disabled;
    char file[32]; // that is to blame
} eb_hwmon_sensor;

// Fills in the label; "" where it has none.
void eb_hwmon_sensor_label(const eb_io *io, eb_hwmon_sensor *s);
// Opens and reads it, once its kind is known; errnum, why and file where it does not read.
void eb_hwmon_sensor_open(const eb_io *io, eb_hwmon_sensor *s);
void eb_hwmon_sensor_close(const eb_io *io, eb_hwmon_sensor *s);
void eb_hwmon_sensor_read(const eb_io *io, const eb_hwmon_sensor *s, eb_sample *out);
// Why it cannot be read, and what would make it readable ("" = nothing known).
const char *eb_hwmon_sensor_why(const eb_hwmon_sensor *s);
void eb_hwmon_sensor_remedy(const eb_hwmon_sensor *s, char *buf, size_t size);

#endif
