// SPDX-License-Identifier: Apache-2.0
// A ratio of money over the whole of what the prices of both sides may be. Private to record/.
#ifndef EB_RECORD_COMPARE_RANGE_H
#define EB_RECORD_COMPARE_RANGE_H

#include "harness/record/compare.h"

// Does any input of these prices have a range that enters figure `f`?
bool eb_compare_has_range(const eb_compare_row *row, eb_figure f);
// Widens `r`, of figure `f` of row `a` over row `b`, by the ends of their prices at which it is least and largest, each
// with the interval of the trials there. An input moves for both at once where it is one and the same: stated alike
// for one run; in one offer, but for what a machine has of its own (utilisation, watts); or (tariff, PUE, intensity,
// interest, rate) stated alike at all; else each by itself.
void eb_compare_take_ranges(eb_ratio *r, const eb_compare *c, const eb_compare_row *a, const eb_compare_row *b,
                            eb_figure f, double level, uint64_t seed);

#endif
