// SPDX-License-Identifier: Apache-2.0
// The grammar of powercap: zone ids, zone names, wrap ranges. Pure functions of text and numbers.
#ifndef EB_PROBES_POWERCAP_ZONE_H
#define EB_PROBES_POWERCAP_ZONE_H

#include <stdbool.h>
#include <stdint.h>
#include "harness/base/energy.h"

enum { EB_POWERCAP_DEPTH = 4 };

// "intel-rapl:a:0": a control type and up to EB_POWERCAP_DEPTH indices, which the kernel prints in hex.
typedef struct eb_powercap_zone {
    char id[48], type[32];
    unsigned index[EB_POWERCAP_DEPTH];
    int depth; // number of indices, >= 1
    int rank;  // of the control type: MSR before TPMI before others before MMIO
    bool rapl; // a control type whose zone names mean what RAPL's mean
} eb_powercap_zone;

// False for what is no zone (a control type by itself, a foreign file).
bool eb_powercap_zone_parse(const char *entry, eb_powercap_zone *out);
bool eb_powercap_zone_parent(const eb_powercap_zone *zone, eb_powercap_zone *out);
// Order: rank, type, then indices as numbers with a parent before its children.
int eb_powercap_zone_compare(const eb_powercap_zone *a, const eb_powercap_zone *b);

// "package-1-die-0" -> package, socket 1, die 0; "core", "uncore", "dram", "psys" -> the domain with socket and
// die -1 (its parent knows them); anything else is unknown.
typedef struct eb_powercap_name {
    eb_domain domain;
    int socket, die;
} eb_powercap_name;
eb_powercap_name eb_powercap_name_parse(const char *name);

// max_energy_range_uj is 2^32 - 1 hardware units: the counter wraps one unit later. *unit is 0 and the modulus
// range + 1 where the range makes no plausible RAPL unit; both are 0 for range 0 (not known).
void eb_powercap_wrap(uint64_t max_range, double *unit, uint64_t *modulus);

#endif
