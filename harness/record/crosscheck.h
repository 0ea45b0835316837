// SPDX-License-Identifier: Apache-2.0
// Sources of one physical piece against each other: what is counted, and every other channel that measures the same.
// Private to record/; what comes out is in run.h.
#ifndef EB_RECORD_CROSSCHECK_H
#define EB_RECORD_CROSSCHECK_H

#include "harness/record/journal.h"

// Two sources that differ by more than this, in the median of the trials, are worth a warning.
#define EB_CROSSCHECK_LIMIT 0.01

// `counted`: the channels of the boundary's energy; `dead`: those that tell nothing (may be NULL). *out gets a fresh
// array (free with eb_crosschecks_free) of the return value's length, in the order of their channels. Those that
// disagree are warned of.
int eb_crosscheck_run(const eb_journal_data *d, const bool *counted, const bool *dead, eb_crosscheck **out,
                      eb_warnings *warnings);
void eb_crosschecks_free(eb_crosscheck *checks, int n);

#endif
