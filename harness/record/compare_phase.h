// SPDX-License-Identifier: Apache-2.0
// A case by its phases, to be held against the tests of llama-bench, which are of a prompt (pp) or of output tokens
// (tg) alone. Private to record/.
#ifndef EB_RECORD_COMPARE_PHASE_H
#define EB_RECORD_COMPARE_PHASE_H

#include "harness/record/compare.h"

bool eb_compare_imported(const eb_compare_run *run); // its rows are llama-bench's
// The phase that the test of an imported row is; EB_WORK_WHOLE where it is both.
eb_work_phase eb_compare_phase_of(const eb_compare_case *c);
// Equal for what is the same phase of the same work by definition: parameters to the last one, type, tokens, depth,
// batch and cache type. A case of ours is pp PROMPT at its depth, and tg OUTPUT - 1 (the first token is of the prompt)
// at its depth + PROMPT. NULL where it has no such phase. Caller frees.
char *eb_compare_phase_key(const eb_compare_run *run, const eb_compare_case *c, eb_work_phase phase);
char *eb_compare_phase_title(const eb_compare_run *run, const eb_compare_case *c, eb_work_phase phase);
// Leaves a row the figure that is of its phase alone.
void eb_compare_phase_only(eb_compare_row *row, eb_work_phase phase);

#endif
