// SPDX-License-Identifier: Apache-2.0
// The zones of /sys/class/powercap as they are found, for the parts of the source powercap.
#ifndef EB_PROBES_POWERCAP_SCAN_H
#define EB_PROBES_POWERCAP_SCAN_H

#include "probes/powercap_zone.h"
#include "probes/probe_impl.h"

#define EB_POWERCAP_CLASS "/sys/class/powercap"

typedef struct eb_powercap_found {
    eb_powercap_zone zone;
    char name[48]; // of the `name` file
    int errnum;    // why it cannot be read; 0 = it can
    int handle;    // kept, -1 = none
    uint64_t max_range, value;
} eb_powercap_found;

typedef struct eb_powercap_scan {
    const eb_io *io; // borrowed
    eb_powercap_found *items;
    int n, cap;
    int errnum; // of the listing itself
    int n_good;
} eb_powercap_scan;

// Every zone, in order, opened and read twice; the handles stay open.
void eb_powercap_scan_zones(const eb_io *io, eb_powercap_scan *out);
void eb_powercap_scan_deinit(eb_powercap_scan *s);

void eb_powercap_path(char *buf, size_t size, const eb_powercap_found *f, const char *attribute);
const char *eb_powercap_why(int errnum);

// What `detect` says of them: state, reason and remedy.
void eb_powercap_detect(const eb_probe_env *env, eb_probe_detection *out);

#endif
