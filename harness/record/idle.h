// SPDX-License-Identifier: Apache-2.0
// The idle baselines of a run, and the one that goes with a trial. Private to record/.
#ifndef EB_RECORD_IDLE_H
#define EB_RECORD_IDLE_H

#include "harness/record/trial_sums.h"

// One per idle record of the journal, in its order; returns their number. Caller frees. Those without a figure (a
// broken counter) have w NAN.
int eb_idles_measure(const eb_sums_env *env, const eb_journal_data *d, eb_idle_reading **out);

// The baseline of trial `position` of the journal: between the last one before and the first one after it, by the time
// at which each was taken; one alone where there is no other. Where they differ by more than their half-widths allow,
// the half-width grows by half of the rest.
eb_idle eb_idle_for(const eb_idle_reading *idles, int n, const eb_journal_data *d, int position);

// That of the whole run: their mean.
eb_idle eb_idle_overall(const eb_idle_reading *idles, int n);

// A warning where two that follow each other differ by more than their half-widths allow and by more than 2 %.
void eb_idle_warn_drift(const eb_idle_reading *idles, int n, eb_warnings *warnings);

#endif
