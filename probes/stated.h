// SPDX-License-Identifier: Apache-2.0
// The stated-watts model as a pure function.
#ifndef EB_PROBES_STATED_H
#define EB_PROBES_STATED_H

#include <stdint.h>

// Energy in nJ of a machine that takes idle_w always and load_w with all `cpus` busy, after elapsed_ns in which
// the process used cpu_ns of CPU time: idle_w x elapsed + (load_w - idle_w) x cpu / cpus. idle_w NAN: only the
// busy time is charged, at load_w.
uint64_t eb_stated_energy_nj(double load_w, double idle_w, int64_t elapsed_ns, int64_t cpu_ns, int cpus);

#endif
