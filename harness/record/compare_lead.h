// SPDX-License-Identifier: Apache-2.0
// What the words say of any two rows, of the best of a column and of the front. Private to record/.
#ifndef EB_RECORD_COMPARE_LEAD_H
#define EB_RECORD_COMPARE_LEAD_H

#include "harness/record/compare.h"

// Figure `f` of row `a` over that of row `b`, with its word.
void eb_compare_relate(const eb_compare *c, const eb_compare_group *g, int a, int b, eb_figure f, eb_ratio *out);
// Needs the ratios of the group. Sets leads, objectives and front of its rows.
void eb_compare_rank(eb_compare *c, eb_compare_group *g);

#endif
