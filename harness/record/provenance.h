// SPDX-License-Identifier: Apache-2.0
// Where a case's energy comes from: which channels gave readings in its trials, and what of the boundary they cover.
// Private to record/.
#ifndef EB_RECORD_PROVENANCE_H
#define EB_RECORD_PROVENANCE_H

#include "harness/record/journal.h"

// dead[i] for each channel, for the trials of one case: as `run_dead`, and also what gave no reading in any of its
// finished trials, or vanished in all of them. What is left takes its place. `warnings` (of the case) get a line for
// each that the run counts.
void eb_provenance_dead(const eb_journal_data *d, int case_index, const bool *run_dead, const bool *run_counted,
                        bool *dead, eb_warnings *warnings);

// Of the boundary's energy and of each domain's by itself (out[EB_DOMAIN_COUNT]), with those channels left out.
// `missing`: of the boundary, as eb_domain_count says it. Texts are the caller's to free.
void eb_provenance_of(const eb_header *h, const bool *dead, eb_provenance *energy, eb_provenance *domains,
                      char **missing);
// Of the boundary's energy alone. `dead` may be NULL: as the header has it. `missing` may be NULL.
void eb_provenance_of_boundary(const eb_header *h, const bool *dead, eb_provenance *energy, char **missing);
// Of the energy that the channels in `which` add up to; `all`: they measure all that the boundary's energy is the sum
// of.
eb_provenance eb_provenance_of_channels(const eb_header *h, const bool *which, bool all);
void eb_provenance_deinit(eb_provenance *p);

#endif
