// SPDX-License-Identifier: Apache-2.0
// The ends of a ratio over ranges of prices: where they are, cost_rival.h says.
#include "harness/record/compare_range.h"

#include <math.h>
#include <stdlib.h>
#include "harness/record/compare_price.h"
#include "harness/record/cost_rival.h"

static eb_cost_figure figure_of(eb_figure f)
{
    return f == EB_FIGURE_CARBON ? EB_COST_CARBON : EB_COST_USD;
}

// What was measured does not move here: its noise is that of the trials.
eb_cost_rival eb_compare_rival(const eb_compare *c, const eb_compare_row *row)
{
    eb_cost_load load = eb_compare_load(row, c->runs[row->run], &row->prices.value);
    return (eb_cost_rival){ row->prices.low, row->prices.value, row->prices.high, load, load, load,
                            row->run,        row->case_index,   row->offer };
}

bool eb_compare_has_range(const eb_compare_row *row, eb_figure f)
{
    const eb_cost_rival r = { .low = row->prices.low, .value = row->prices.value, .high = row->prices.high };
    return eb_figures[f].money && eb_cost_rival_ranges(&r, figure_of(f));
}

static double cost_of(const eb_cost *cost, const eb_cost_load *load, eb_cost_figure figure)
{
    eb_cost_result r = eb_cost_compute(cost, load);
    return figure == EB_COST_CARBON ? r.gco2e_per_mtok : r.usd_per_mtok;
}

// The corner at which cost of a over cost of b is least, or most.
typedef struct search {
    eb_cost_figure figure;
    bool most, found;
    double ratio; // NAN = of no corner yet
    eb_cost_corner at;
} search;

static bool try_corner(const eb_cost_corner *at, void *context)
{
    search *s = context;
    double ratio = cost_of(&at->a, &at->at_a, s->figure) / cost_of(&at->b, &at->at_b, s->figure);
    if (s->found && !(s->most ? ratio > s->ratio : ratio < s->ratio) && !isnan(s->ratio))
        return true;
    s->found = true;
    s->ratio = ratio;
    s->at = *at;
    return true;
}

static void take_corner(eb_ratio *r, const eb_compare *c, const eb_compare_row *a, const eb_compare_row *b,
                        const eb_cost_corner *at, eb_figure f, double level, uint64_t seed)
{
    eb_compare_value x, y;
    eb_ratio there;
    eb_compare_price_at(a, c->runs[a->run], &at->a, f, &x);
    eb_compare_price_at(b, c->runs[b->run], &at->b, f, &y);
    eb_ratio_of_trials(x.trials, x.n_trials, y.trials, y.n_trials, level, seed, &there);
    eb_ratio_widen(&there, hypot(x.common, y.common), x.sensor + y.sensor);
    bool known = isfinite(there.value); // a price of nothing, or an end without a cost: it could be anything
    r->lo = known ? fmin(r->lo, there.lo) : 0;
    r->hi = known ? fmax(r->hi, there.hi) : INFINITY;
    free(x.trials);
    free(y.trials);
}

void eb_compare_take_ranges(eb_ratio *r, const eb_compare *c, const eb_compare_row *a, const eb_compare_row *b,
                            eb_figure f, double level, uint64_t seed)
{
    if (isnan(r->value) || (!eb_compare_has_range(a, f) && !eb_compare_has_range(b, f)))
        return;
    eb_cost_rival x = eb_compare_rival(c, a), y = eb_compare_rival(c, b);
    for (int most = 0; most < 2; most++) {
        search s = { .figure = figure_of(f), .most = most, .ratio = NAN };
        eb_cost_each_corner(&x, &y, s.figure, most, try_corner, &s);
        take_corner(r, c, a, b, &s.at, f, level, seed);
    }
    r->prices = true;
}
