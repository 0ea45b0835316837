// SPDX-License-Identifier: Apache-2.0
// Two costs over all of what their inputs may be.
//
// What moves for one of them alone has one dear end, whatever the others are. What moves for both at once may pull
// either way: it is tried at every combination of its ends. In each of these inputs (goodput and utilisation: in the
// inverse) a cost is linear, so that the difference of two costs, and their ratio, has its extremes at the ends.
// Interest and years enter as r / (1 - (1 + r)^-n): where both sides make the same of them (years, interest and
// residual are one and the same) a cost is linear in that factor, else the difference may turn around in between, and
// they are tried at EB_COST_STEPS steps as well, between which it strays by less than 1e-3 of a cost.
#ifndef EB_RECORD_COST_RIVAL_H
#define EB_RECORD_COST_RIVAL_H

#include "harness/record/cost_range.h"

enum { EB_COST_STEPS = 16 };

typedef struct eb_cost_rival {
    eb_cost low, value, high;               // what is paid
    eb_cost_load load_low, load, load_high; // what was measured; equal where it is taken as exact
    int run, work, offer;                   // which; offer -1: the run's own prices
} eb_cost_rival;
eb_cost_rival eb_cost_rival_of(const eb_offer *offer, const eb_cost_work *work);

// What has no figure has no place among the others either, whatever the medians of its inputs make.
void eb_cost_rival_pass_over(eb_cost_rival *r);

// Does any input have a range that enters the figure?
bool eb_cost_rival_ranges(const eb_cost_rival *r, eb_cost_figure figure);
// Is there anything, stated or measured, that moves its cost at one utilisation?
bool eb_cost_rival_moves(const eb_cost_rival *r);

typedef struct eb_cost_corner {
    eb_cost a, b;
    eb_cost_load at_a, at_b;
} eb_cost_corner;
// false: the others change nothing any more.
typedef bool eb_cost_visit(const eb_cost_corner *corner, void *context);

// Every corner with what moves for one side alone at a's dear and b's cheap end (a_dear), or the other way round. An
// input moves for both at once where it is one and the same: stated alike for one run; in one offer, but for what a
// machine has of its own (utilisation, watts); or (tariff, PUE, intensity, interest, rate) stated alike at all;
// measured in one work. Of too many (thousands of corners) the rest moves for each by itself: wider, never narrower.
void eb_cost_each_corner(const eb_cost_rival *a, const eb_cost_rival *b, eb_cost_figure figure, bool a_dear,
                         eb_cost_visit *visit, void *context);

// The least and the largest utilisation at which two rivals may meet; the utilisation itself does not move. 0: the one
// with the larger shared cost may be cheaper throughout; INFINITY: it may never be. NAN = not known. Of two that never
// change places, whatever the inputs are, both ends are one. The order of the two does not matter.
void eb_cost_rivals_meet(const eb_cost_rival *a, const eb_cost_rival *b, double *lo, double *hi);

typedef struct eb_cost_span { // of utilisations, in [0, 1]; none where not from < to
    double from, to;
} eb_cost_span;
// Where a costs less than `factor` times b (from a factor of 1 on: no more than), whatever the inputs are. One span:
// times the utilisation, a difference of costs is linear in it at every corner.
eb_cost_span eb_cost_surely_below(const eb_cost_rival *a, const eb_cost_rival *b, double factor);

#endif
