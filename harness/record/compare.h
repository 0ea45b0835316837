// SPDX-License-Identifier: Apache-2.0
// Several runs side by side: the same work is lined up, set in relation to a reference, priced and ranked. What does
// not match is listed. docs/compare.md says how each figure comes about.
#ifndef EB_RECORD_COMPARE_H
#define EB_RECORD_COMPARE_H

#include "harness/record/compare_ratio.h"
#include "harness/record/compare_read.h"
#include "harness/record/cost_turns.h"
#include "harness/record/front.h"

typedef enum eb_compare_by {
    EB_BY_MACHINE, // run against run
    EB_BY_MODEL,
    EB_BY_TYPE,
    EB_BY_PRICE,
    EB_BY_COUNT
} eb_compare_by;
const char *eb_compare_by_name(eb_compare_by by);
bool eb_compare_by_parse(const char *s, eb_compare_by *out);

typedef struct eb_compare_prices { // equal where an input is one number
    eb_cost low, value, high;
} eb_compare_prices;

// How a row stands in a column, by the words of the ratios: EB_LEAD_BEST is better than every other; TIED: the best, or
// not told apart from it; FEW: the same, for want of trials; ALONE: no other has the figure.
typedef enum eb_lead { EB_LEAD_NONE, EB_LEAD_BEST, EB_LEAD_TIED, EB_LEAD_FEW, EB_LEAD_ALONE } eb_lead;
const char *eb_lead_name(eb_lead lead); // "best", "tied", "few", "alone"; "" of NONE

typedef enum eb_work_phase { EB_WORK_WHOLE, EB_WORK_PROMPT, EB_WORK_OUTPUT } eb_work_phase;

typedef struct eb_compare_row { // a case of a run, at one price
    int run, case_index, offer; // offer -1 = the prices of the run itself
    eb_work_phase phase;        // a part of the case, held against a test of llama-bench
    char *label;                // what sets it apart from the others of its group
    eb_compare_value figures[EB_FIGURE_COUNT];
    int kind;       // which kind of energy it has (eb_compare.kinds), -1 = none
    eb_grade grade; // of that energy
    eb_compare_prices prices;
    eb_cost_curve curve;
    bool front;         // nobody is as good in everything and, beyond noise, better in something
    bool front_noise;   // it is there only because of differences that lie within noise
    bool demonstration; // its prices are made up for show
    bool other_digest;  // its output tokens are not those of the reference
    eb_ratio ratios[EB_FIGURE_COUNT];
    eb_lead leads[EB_FIGURE_COUNT]; // among rows of its own kind of energy, where that enters the figure
    bool as_good[EB_FIGURE_COUNT];  // of what is TIED: by its word to the best it is the same, which is no noise
} eb_compare_row;

typedef struct eb_compare_crossing { // two rows of a group change places
    double utilisation;
    int below, above; // the cheaper one on each side
} eb_compare_crossing;

typedef struct eb_compare_group { // the same work
    char *title;
    int first, n;                     // rows
    int reference;                    // row
    bool objectives[EB_FIGURE_COUNT]; // of the front: what all rows know
    eb_cost_turns turns;              // who is cheapest at which utilisation: rows; none where no price depends on it
    eb_compare_crossing *crossings;   // ascending
    int n_crossings;
} eb_compare_group;

typedef struct eb_compare_lone { // work that only one row has
    char *title, *label;
    int run;
} eb_compare_lone;

typedef struct eb_compare_setting_pair {
    char *section;                 // "run", "model x"; "" of what is no option: a fact of the machine, what came out
    char *key, *value, *reference; // "unset" where a side has none
} eb_compare_setting_pair;

typedef struct eb_compare_difference { // what was not the same of a run and its reference, or of two rows of a run
    int run;
    char *label, *against; // names of runs, or labels of rows
    eb_compare_setting_pair *items;
    int n;
} eb_compare_difference;

typedef struct eb_compare_options {
    eb_compare_by by;
    const char *reference;  // a folder or a label; NULL = the first of each group
    const eb_offer *offers; // further prices; of several each goes to the run that bears its name, unless by price
    int n_offers;
    const eb_header *slo; // limits that all runs are held to; NULL = each to its own
} eb_compare_options;

typedef struct eb_compare {
    eb_compare_options options;
    eb_compare_run **runs; // borrowed
    int n_runs;
    eb_compare_row *rows; // group by group
    int n_rows;
    eb_compare_group *groups;
    int n_groups;
    eb_compare_lone *lone;
    int n_lone;
    eb_compare_difference *differences; // those that have any
    int n_differences;
    char **kinds; // "counter, compute: package + dram"
    int n_kinds;
    eb_warnings warnings;
} eb_compare;

// EB_USAGE when the runs have no work in common, or the reference is none of them.
eb_compare *eb_compare_new(eb_compare_run *const *runs, int n_runs, const eb_compare_options *options, eb_err *err);
void eb_compare_free(eb_compare *c);
// Of several offers the one that bears the run's name, "edge" of "edge-20261121-010203"; -1 = none does. A single one
// is for all.
int eb_compare_offer_of(const eb_offer *offers, int n, const eb_compare_run *run);
// The front of these two figures alone among the rows of a group that know both: `out` has g->n entries. Those of
// another kind of energy are held against each other nowhere.
void eb_compare_front(const eb_compare *c, const eb_compare_group *g, eb_figure x, eb_figure y, eb_front *out);
// Does any input of a row's prices have a range that enters figure `f`?
bool eb_compare_has_range(const eb_compare_row *row, eb_figure f);
// What a comparison of these runs is about when nobody says.
eb_compare_by eb_compare_guess(eb_compare_run *const *runs, int n_runs);

#endif
