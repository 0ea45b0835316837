// SPDX-License-Identifier: Apache-2.0
// What of a trial's energy belongs to which phase, request and token. Private to record/.
#ifndef EB_RECORD_TRIAL_PARTS_H
#define EB_RECORD_TRIAL_PARTS_H

#include "harness/record/phases.h"

// Fills rows, the pool of token energies (left empty under two updates per step), updates_per_step and
// token_halfwidth_j of `s`.
void eb_trial_parts_measure(eb_trial_sums *s, const eb_trial_energy *energy, const eb_trial_data *trial,
                            const eb_phases *phases, const eb_energy *whole, const eb_energy *prefill,
                            const eb_energy *decode);

#endif
