// SPDX-License-Identifier: Apache-2.0
// What a sensor of /sys/class/hwmon measures, by the name of its chip and its label: tables, no files.
#ifndef EB_PROBES_HWMON_KIND_H
#define EB_PROBES_HWMON_KIND_H

#include <stdbool.h>
#include "harness/base/energy.h"

typedef struct eb_hwmon_kind {
    eb_domain domain; // unknown where neither name nor label proves the kind
    int socket;       // -1 = not known
    const char *note; // what is to be said of it; "" = nothing
} eb_hwmon_kind;

eb_hwmon_kind eb_hwmon_classify(const char *chip, const char *label);

// Chips that are another source's.
bool eb_hwmon_is_foreign(const char *chip);
// Channels 1..n of these chips are rails: inN_input and currN_input are of one rail, and their product its power. 0 for
// other chips, where the numbers prove nothing.
int eb_hwmon_rails(const char *chip);

#endif
