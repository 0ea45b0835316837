// SPDX-License-Identifier: Apache-2.0
// What may spoil a trial, looked at before and after it: throttling, a changed governor, temperature,
// steal time, swap, foreign load, suspend. All through the I/O table; what cannot be read is not judged.
#ifndef EB_RUN_GUARDS_H
#define EB_RUN_GUARDS_H

#include "harness/base/io.h"
#include "harness/base/log.h"

enum { EB_GUARD_CPUS = 1024 };

typedef struct eb_guard {
    int64_t t_ns, own_cpu_ns, suspended_ns;
    double busy_s, steal_s;            // of all CPUs together; NAN = not known
    double swap_pages, throttle_count; // NAN = not known
    double temperature_c;              // hottest thermal zone; NAN = not known
    double frequency_hz;               // mean of the CPUs' current frequency; NAN = not known
    char governor[32];                 // of CPU 0; "" = not known
} eb_guard;

void eb_guard_read(const eb_io *io, eb_guard *out);
// Warnings about what lay between two looks. window_ns: the measured window in between; of one that is too short
// (eb_load_seen) nothing is said of other processes and of the hypervisor.
void eb_guard_compare(const eb_guard *before, const eb_guard *after, int64_t window_ns, eb_warnings *warnings);
// Once per run: governor not `performance`, turbo state unknown to differ, loaded machine before the start.
void eb_guard_machine(const eb_io *io, eb_warnings *warnings);

#endif
