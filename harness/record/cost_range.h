// SPDX-License-Identifier: Apache-2.0
// How far a cost may be off: every input at its low and its high end by itself (a tornado), and all at the ends that
// make it cheapest and dearest (an interval that holds it as long as every input stays within its own).
#ifndef EB_RECORD_COST_RANGE_H
#define EB_RECORD_COST_RANGE_H

#include "harness/record/cost_trials.h"

// An offer: what is paid for, with where each figure comes from.
typedef struct eb_offer {
    char *name;
    eb_header text; // its settings, owned; nothing else is in it
    eb_cost low, value, high;
} eb_offer;
// Copies the settings of section `cost`.
void eb_offer_init(eb_offer *offer, const char *name, const eb_header *settings);
// Origins of what an offer does not state itself.
#define EB_OFFER_OF_RUN "the run's config"
#define EB_OFFER_FOUND  "found on the machine"
// What is true of the machine and not of a price (rest_of_system_w, idle_w, battery_wh) is taken from `run` where the
// offer is silent.
void eb_offer_of_machine(eb_offer *offer, const eb_header *run);
void eb_offer_deinit(eb_offer *offer);
// Text of a key, NULL = not given. Borrowed.
const eb_setting_row *eb_offer_setting(const eb_offer *offer, const char *key);

// The work, with the measured intervals (equal where there is none), and trial by trial.
typedef struct eb_cost_work {
    eb_cost_load low, value, high;
    eb_cost_trials trials;
} eb_cost_work;
// A metric by trial; none where it is no median over trials.
eb_cost_series eb_cost_series_of(const eb_case_result *c, const char *key);
// From a case's metrics: goodput, power, idle power. Borrows from the case.
void eb_cost_work_of(eb_cost_work *work, const eb_case_result *c, const eb_run *run, const eb_cost *cost);

typedef struct eb_cost_bar {
    const char *key, *unit;   // of [cost], or goodput_tok_s, power_w, idle_power_w
    double low, high;         // the input
    double usd_low, usd_high; // usd_per_mtok with it, all others at their value, or, measured, in each trial its own
} eb_cost_bar;
enum { EB_COST_BARS = 24 };

typedef struct eb_cost_range {
    double value, cheapest, dearest; // usd_per_mtok, median of the trials' own; NAN = not known
    eb_cost_bar bars[EB_COST_BARS];  // widest first; those that make no difference are left out
    int n_bars;
} eb_cost_range;
void eb_cost_range_find(eb_cost_range *range, const eb_offer *offer, const eb_cost_work *work);

#endif
