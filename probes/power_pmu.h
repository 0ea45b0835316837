// SPDX-License-Identifier: Apache-2.0
// What the perf PMU `power` says about itself under /sys: its type, the CPUs that read it, its energy events with
// their codes and scales; and the hardware's units, which powercap's ranges tell. For perf_power.c.
#ifndef EB_PROBES_POWER_PMU_H
#define EB_PROBES_POWER_PMU_H

#include "harness/base/energy.h"
#include "harness/base/io.h"
#include "probes/pmu_format.h"

#define EB_POWER_PMU "/sys/bus/event_source/devices/power"

enum { EB_POWER_EVENTS_MAX = 32 };

typedef struct eb_power_event {
    char name[32]; // "energy-pkg"
    eb_domain domain;
    int rank; // place in the table of names; INT_MAX = a stranger, of unknown domain
    uint64_t config[EB_PMU_CONFIGS];
    double scale_uj;                  // per step of the count
    double bound_w, coarsest_unit_uj; // power that it cannot exceed; unit where powercap does not say it
    char why[96];                     // why it cannot be used; "" = it can
} eb_power_event;

typedef struct eb_power_pmu {
    const eb_io *io; // borrowed
    uint64_t type;
    int cpus[EB_PMU_CPUS_MAX], n_cpus;
    eb_power_event events[EB_POWER_EVENTS_MAX];
    int n_events;
    int errnum;        // why it is not there; 0 = it is
    char problem[160]; // it is there and cannot be used: why; "" = it can
} eb_power_pmu;

// False: `errnum` or `problem` says why there is nothing to open.
bool eb_power_pmu_read(const eb_io *io, eb_power_pmu *out);

// Coarsest unit of powercap's zones of each domain, 0 = not known. Their ranges are readable where the counters are
// not.
void eb_power_units_read(const eb_io *io, double unit_uj[EB_DOMAIN_COUNT]);

#endif
