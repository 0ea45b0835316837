// SPDX-License-Identifier: Apache-2.0
// What is the same work, and what sets rows of it apart. Private to record/.
#ifndef EB_RECORD_COMPARE_WORK_H
#define EB_RECORD_COMPARE_WORK_H

#include "harness/record/compare.h"

// Equal for rows that may be compared when `by` is what differs. Caller frees.
char *eb_compare_key(const eb_compare_run *run, int run_index, const eb_compare_case *c, eb_compare_by by);
// The same for people: "smollm2-135m q8_0, 128+64 b1". Caller frees.
char *eb_compare_title(const eb_compare_run *run, const eb_compare_case *c, const char *offer, eb_compare_by by,
                       bool with_run);
// Prompts and batches of one kind whatever the model's family: what they do is in the lengths.
bool eb_compare_plain(const eb_compare_case *c);
// "smollm2-135m" of "shape:smollm2-135m", or the name in the file. Caller frees.
char *eb_compare_model(const eb_compare_case *c);

#endif
