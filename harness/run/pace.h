// SPDX-License-Identifier: Apache-2.0
// How often a source is read, and by whom: from the run's configuration and what its channels say of themselves.
#ifndef EB_RUN_PACE_H
#define EB_RUN_PACE_H

#include "probes/probe.h"

typedef struct eb_pace {
    int64_t base_ns;  // from read to read
    int64_t guard_ns; // never longer than this: wraps would be lost; 0 = none
    bool quick;       // may be read in a beat (base/pulse.h)
    bool patient;     // and a reading that is due is left to the next one
} eb_pace;

// `channels`: those of one source, as calibrated.
eb_pace eb_pace_of(const eb_probe_config *config, const eb_channel *channels, int n);

bool eb_pace_is_energy(const eb_channel *c);

#endif
