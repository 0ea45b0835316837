// SPDX-License-Identifier: Apache-2.0
// A run under several offers: what each case costs by each of them, how far that may be off, and from which utilisation
// on one is cheaper than another.
#ifndef EB_RECORD_COST_SHEET_H
#define EB_RECORD_COST_SHEET_H

#include "harness/record/cost_turns.h"

typedef struct eb_cost_entry { // a case by an offer
    int case_index, offer;
    eb_cost_work work;
    double usd_per_mtok, tok_per_usd,
        gco2e_per_mtok; // medians of the trials' own; tok_per_usd is INFINITY of what is free
    eb_cost_result sum; // at the medians of the inputs: near them
    eb_cost_range range;
    eb_cost_curve curve;
    double throughput_tok_s, tok_per_charge; // NAN = not known
    eb_grade grade;                          // of the watts in usd_per_mtok; NONE = there are none in it
} eb_cost_entry;

typedef struct eb_cost_pair { // two offers for a case
    int case_index, a, b;
    eb_break_even verdict;
    double utilisation; // NAN unless verdict is AT
    double lo, hi;      // where it may lie, over the ranges of the inputs; hi above 1: never
    int above, below;   // offers that are cheaper above and below it; -1 = neither
    bool leads;         // the cheapest of all offers, by plain values, changes here
    bool shown;         // worth a line for people: see EB_COST_PAIRS_SHOWN
} eb_cost_pair;

// Pairs grow with the square of the offers. People are shown those at which the cheapest changes, however many, and of
// a case up to this many in all: the others that change places first, then those that may within the inputs' ranges.
enum { EB_COST_PAIRS_SHOWN = 6 };

typedef struct eb_cost_sheet {
    const eb_run *run; // borrowed, as the offers are
    const eb_offer *offers;
    int n_offers;
    eb_cost_entry *entries; // by case, then by offer
    int n_entries;
    eb_cost_pair *pairs; // every two offers of every case
    int n_pairs;
    eb_cost_turns *turns; // by case: who is cheapest at which utilisation
} eb_cost_sheet;

void eb_cost_sheet_init(eb_cost_sheet *sheet, const eb_run *run, const eb_offer *offers, int n_offers);
void eb_cost_sheet_deinit(eb_cost_sheet *sheet);
int eb_cost_pairs_shown(const eb_cost_sheet *sheet);

#endif
