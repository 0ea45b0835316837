// SPDX-License-Identifier: Apache-2.0
// The files that say how hot the processor is, how fast it runs and how often it throttled: found once, kept open. For
// probes/thermal.c.
#ifndef EB_PROBES_THERMAL_FILES_H
#define EB_PROBES_THERMAL_FILES_H

#include "harness/base/io.h"

#define EB_THERMAL_ZONES   "/sys/class/thermal"
#define EB_THERMAL_HWMON   "/sys/class/hwmon"
#define EB_THERMAL_CPU_DIR "/sys/devices/system/cpu"

enum {
    EB_THERMAL_TEMPS = 64,          // kept and read
    EB_THERMAL_CPUS = 64,           // read, spread evenly: the cost of a read is bounded
    EB_THERMAL_HOTTEST_MC = 200000, // what reads hotter is no sensor
};

typedef struct eb_thermal_throttle {
    int handle;
    uint64_t last;
} eb_thermal_throttle;

// How much a zone or chip has to do with the processor: those of the best class that is there are kept.
typedef enum eb_thermal_concern {
    EB_THERMAL_NOT_CPU,
    EB_THERMAL_MAY_BE_CPU,
    EB_THERMAL_CPU_CHIP,
    EB_THERMAL_CPU
} eb_thermal_concern;

typedef struct eb_thermal_files {
    const eb_io *io; // borrowed
    int temps[EB_THERMAL_TEMPS], n_temps;
    eb_thermal_concern concern;           // of all that are kept
    char temp_label[48];                  // of the first
    int trips[EB_THERMAL_TEMPS], n_trips; // of the zones that are kept; the lowest counts
    int freqs[EB_THERMAL_CPUS], n_freqs, n_cpus;
    eb_thermal_throttle throttles[2 * EB_THERMAL_CPUS];
    int n_throttles;
    uint64_t throttled; // total, which goes on where a counter starts again or its CPU goes
    char failed[128];   // the first file that is there and does not read
    int errnum;         // why
} eb_thermal_files;

eb_thermal_files *eb_thermal_find(const eb_io *io);
void eb_thermal_free(eb_thermal_files *s); // closes; NULL is fine

#endif
