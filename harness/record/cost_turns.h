// SPDX-License-Identifier: Apache-2.0
// Who is cheapest at which utilisation, as far as the ranges of the inputs let it be told.
#ifndef EB_RECORD_COST_TURNS_H
#define EB_RECORD_COST_TURNS_H

#include "harness/record/cost_rival.h"

typedef enum eb_turn {
    EB_TURN_SURE, // one is cheaper than every other whatever the inputs are
    EB_TURN_SAME, // several, that cost the same: to EB_COST_DUST, or, where inputs have ranges, known to within 2 %
    EB_TURN_OPEN, // each of several may be the cheapest
} eb_turn;
const char *eb_turn_name(eb_turn turn); // "cheapest", "same", "cannot tell"

typedef struct eb_cost_turn { // between two utilisations
    double from, to;
    eb_turn word;
    bool near;   // SAME within 2 % only
    int *who, n; // indices, cheapest by the plain values in the middle first; owned
} eb_cost_turn;

typedef struct eb_cost_turns { // from low to high utilisation, without gaps
    eb_cost_turn *items;
    int n;
} eb_cost_turns;

// What has no cost is passed over; nothing where none has one.
void eb_cost_turns_init(eb_cost_turns *turns, const eb_cost_rival *rivals, int n);
void eb_cost_turns_deinit(eb_cost_turns *turns);

#endif
