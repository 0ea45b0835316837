// SPDX-License-Identifier: Apache-2.0
// Who is cheapest at which utilisation, by plain values.
#ifndef EB_RECORD_COST_LEADERS_H
#define EB_RECORD_COST_LEADERS_H

#include "harness/record/compare.h"

typedef struct eb_cost_leader { // cheapest between two utilisations
    int row;
    double from, to;
} eb_cost_leader;

// The lower envelope of cost curves over the utilisation in (0, 1], from left to right: leaders[i] are the indices,
// from ascending; of what costs the same, one. Curves that are not known are passed over. `leaders` has room for n;
// returns their number.
int eb_cost_leaders(const eb_cost_curve *curves, int n, eb_cost_leader *leaders);
// Every crossing of two curves in (0, 1), ascending. *out: caller frees; returns their number.
int eb_cost_crossings(const eb_cost_curve *curves, int n, eb_compare_crossing **out);

#endif
