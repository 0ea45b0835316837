// SPDX-License-Identifier: Apache-2.0
// When a trial was in which phase. One batch has its prefill and then its decode; where batches follow each other
// (a sustained trial), the phases alternate, and a phase's time and energy are those of all its pieces. Private to
// record/.
#ifndef EB_RECORD_PHASES_H
#define EB_RECORD_PHASES_H

#include "harness/record/latency.h"
#include "harness/record/trial_energy.h"

typedef struct eb_phase_piece {
    int64_t t0_ns, t1_ns;
    eb_phase phase;
} eb_phase_piece;

typedef struct eb_phases {
    eb_phase_piece *items; // in order of time, apart
    size_t n, cap;
    bool alternate; // a token was decoded before the last prefill was over
} eb_phases;

void eb_phases_find(eb_phases *out, const eb_trial_data *trial, const eb_latency *l);
void eb_phases_deinit(eb_phases *p);
double eb_phases_ns(const eb_phases *p, eb_phase phase);
// Updates of the counted channel that has the fewest, over all pieces.
size_t eb_phases_updates(const eb_phases *p, const eb_trial_energy *energy, eb_phase phase);
// Nothing is read on purpose at a phase's ends: with fewer than two updates per piece its energy would be a share of
// the time and not a measurement, and is unknown.
eb_energy eb_phases_energy(const eb_phases *p, const eb_trial_energy *energy, eb_phase phase);

#endif
