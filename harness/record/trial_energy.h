// SPDX-License-Identifier: Apache-2.0
// The traces of one trial's channels, and the energy of its boundary over any window. Private to record/.
#ifndef EB_RECORD_TRIAL_ENERGY_H
#define EB_RECORD_TRIAL_ENERGY_H

#include "harness/record/attribution.h"
#include "harness/record/run.h"

typedef struct eb_trial_energy {
    const eb_header *header;
    eb_trace **traces; // per channel of the header
    bool *counted;     // towards the boundary
    int n;
} eb_trial_energy;

// `dead`: channels that are not to count; NULL: as the calibration found. `header` is borrowed.
void eb_trial_energy_init(eb_trial_energy *e, const eb_header *header, const bool *dead, const eb_power_row *power,
                          size_t n_power);
void eb_trial_energy_deinit(eb_trial_energy *e);

// Sum over the counted channels; its grade is the weakest, its half-width the root of the squares. One part that is
// not known, or a counter that did not move in the trial, makes the sum unknown.
eb_energy eb_trial_energy_window(const eb_trial_energy *e, int64_t t0_ns, int64_t t1_ns);
// The same of one channel, counted or not.
eb_energy eb_trial_energy_channel(const eb_trial_energy *e, int channel, int64_t t0_ns, int64_t t1_ns);
// Updates inside the window of the counted channel that has the fewest; 0 = nothing counted.
size_t eb_trial_energy_updates(const eb_trial_energy *e, int64_t t0_ns, int64_t t1_ns);
// Grade of the counted channels, whether or not they gave a number.
eb_grade eb_trial_energy_grade(const eb_trial_energy *e);
// Which channels of `header` count when the dead ones are left out (NULL: as the calibration found); texts as in
// eb_domain_count.
void eb_live_count(const eb_header *header, const bool *dead, bool *counted, char *domains, size_t domains_size,
                   char *missing, size_t missing_size);

#endif
