// SPDX-License-Identifier: Apache-2.0
// A ratio of money over the whole of what the prices of both sides may be. Private to record/.
#ifndef EB_RECORD_COMPARE_RANGE_H
#define EB_RECORD_COMPARE_RANGE_H

#include "harness/record/compare.h"

// A row as one side of two costs; what was measured does not move.
eb_cost_rival eb_compare_rival(const eb_compare *c, const eb_compare_row *row);
// Widens `r`, of figure `f` of row `a` over row `b`, by the ends of their prices at which it is least and largest, each
// with the interval of the trials there. Which inputs move for both at once: eb_cost_each_corner.
void eb_compare_take_ranges(eb_ratio *r, const eb_compare *c, const eb_compare_row *a, const eb_compare_row *b,
                            eb_figure f, double level, uint64_t seed);

#endif
