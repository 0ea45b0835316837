// SPDX-License-Identifier: Apache-2.0
// The texts by which a performance monitoring unit describes itself under /sys/bus/event_source/devices: CPU lists,
// bit fields, event terms. Pure functions of text and numbers.
#ifndef EB_PROBES_PMU_FORMAT_H
#define EB_PROBES_PMU_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

enum { EB_PMU_CPUS_MAX = 1024, EB_PMU_CONFIGS = 3 };

// "0,28" or "0-1,28" gives each CPU once. Returns how many, at most `max`; -1 for what is no list (an empty one too),
// has a CPU above 65535 or more CPUs than fit.
int eb_pmu_cpus_parse(const char *text, int *cpus, int max);

// Where a term's value goes: "config:0-7", "config1:1,6-10,44": bits of one config word, lowest value bit first.
typedef struct eb_pmu_field {
    int config;    // 0, 1, 2
    uint64_t mask; // its bits in that word
} eb_pmu_field;
bool eb_pmu_field_parse(const char *text, eb_pmu_field *out);
// False where the value does not fit.
bool eb_pmu_field_put(const eb_pmu_field *field, uint64_t value, uint64_t config[EB_PMU_CONFIGS]);

// Takes the next term ("event=0x02", "edge" = 1) off *text; name gets at most 31 characters. 1, 0 at the end, -1 for
// what is no term.
int eb_pmu_term_next(const char **text, char name[32], uint64_t *value);

#endif
