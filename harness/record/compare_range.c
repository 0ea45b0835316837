// SPDX-License-Identifier: Apache-2.0
// The ends of a ratio over ranges of prices. A cost rises or falls with each input whatever the others are, so that
// what moves for one side has one dear end; what moves for both at once is tried at every combination of its ends.
#include "harness/record/compare_range.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/record/compare_price.h"

enum { AT_ONCE = 6 }; // more than these move for each side by itself: wider, never narrower

typedef struct side {
    const eb_compare_row *row;
    const eb_compare_run *run;
    eb_compare_prices prices;
    eb_cost_load load;
    eb_cost cheap, dear; // inputs: prices at the rates in the middle, whatever the rates are
} side;

typedef struct corner { // the prices of both sides
    eb_cost a, b;
} corner;

static double cost_of(const eb_cost *cost, const eb_cost_load *load, eb_figure f)
{
    eb_cost_result r = eb_cost_compute(cost, load);
    return f == EB_FIGURE_CARBON ? r.gco2e_per_mtok : r.usd_per_mtok;
}

static bool spans(eb_compare_prices *p, const eb_cost_field *field)
{
    return *eb_cost_at(&p->low, field) < *eb_cost_at(&p->high, field);
}

static bool equal(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static bool alike(side *a, side *b, const eb_cost_field *f)
{
    return equal(*eb_cost_at(&a->prices.low, f), *eb_cost_at(&b->prices.low, f)) &&
           equal(*eb_cost_at(&a->prices.value, f), *eb_cost_at(&b->prices.value, f)) &&
           equal(*eb_cost_at(&a->prices.high, f), *eb_cost_at(&b->prices.high, f));
}

static bool any_of(const eb_cost_field *f, const char *const *keys, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(f->key, keys[i]))
            return true;
    return false;
}

// Is an input of both sides one and the same, and not only as large?
static bool together(side *a, side *b, const eb_cost_field *f)
{
    static const char *const around[] = { "usd_per_kwh", "pue",      "intensity_g_per_kwh",
                                          "interest",    "usd_rate", "shared_usd_rate" };
    static const char *const of_machine[] = { "utilisation", "idle_w", "rest_of_system_w" };
    bool offer = a->row->offer >= 0 && a->row->offer == b->row->offer;
    if (!alike(a, b, f))
        return false;
    return a->run == b->run || any_of(f, around, sizeof around / sizeof *around) ||
           (offer && !any_of(f, of_machine, sizeof of_machine / sizeof *of_machine));
}

// The prices of a side at these inputs. A rate of exchange is a factor on whatever the prices of its currency are, so
// that it comes after them: the rates are the last of the fields.
static eb_cost priced(side *s, const eb_cost *inputs)
{
    eb_cost cost = s->prices.value, at = *inputs;
    for (const eb_cost_field *f = eb_cost_fields; f->key; f++)
        if (!equal(*eb_cost_at(&at, f), *eb_cost_at(&s->prices.value, f)))
            eb_cost_set_input(&cost, f, *eb_cost_at(&at, f));
    return cost;
}

static void move(side *s, const eb_cost_field *field, eb_figure f)
{
    eb_cost low = s->prices.value, high = low;
    if (!spans(&s->prices, field))
        return;
    double least = *eb_cost_at(&s->prices.low, field), most = *eb_cost_at(&s->prices.high, field);
    eb_cost_set_input(&low, field, least);
    eb_cost_set_input(&high, field, most);
    bool falls = cost_of(&high, &s->load, f) < cost_of(&low, &s->load, f);
    *eb_cost_at(&s->cheap, field) = falls ? most : least;
    *eb_cost_at(&s->dear, field) = falls ? least : most;
}

// Cost of a over cost of b, where inputs of both are set to one of their ends; the prices there go to *out.
static double ratio_at(side *a, side *b, corner inputs, const eb_cost_field *const *fields, int n, unsigned ends,
                       eb_figure f, corner *out)
{
    for (int i = 0; i < n; i++) {
        double value = *eb_cost_at(ends >> i & 1 ? &a->prices.high : &a->prices.low, fields[i]);
        *eb_cost_at(&inputs.a, fields[i]) = value;
        *eb_cost_at(&inputs.b, fields[i]) = value;
    }
    *out = (corner){ priced(a, &inputs.a), priced(b, &inputs.b) };
    return cost_of(&out->a, &a->load, f) / cost_of(&out->b, &b->load, f);
}

// The ends at which cost of a over cost of b is least and largest.
static void find_corners(side *a, side *b, eb_figure f, corner *least, corner *most)
{
    const eb_cost_field *at_once[AT_ONCE];
    int n = 0;
    double low = INFINITY, high = -INFINITY;
    for (const eb_cost_field *field = eb_cost_fields; field->key; field++) {
        if (n < AT_ONCE && spans(&a->prices, field) && together(a, b, field)) {
            at_once[n++] = field;
            continue;
        }
        move(a, field, f);
        move(b, field, f);
    }
    const corner first = { a->cheap, b->dear }, last = { a->dear, b->cheap };
    *least = (corner){ priced(a, &first.a), priced(b, &first.b) };
    *most = (corner){ priced(a, &last.a), priced(b, &last.b) };
    for (unsigned ends = 0; ends < 1U << n; ends++) {
        corner x, y;
        double down = ratio_at(a, b, first, at_once, n, ends, f, &x),
               up = ratio_at(a, b, last, at_once, n, ends, f, &y);
        if (down < low) {
            low = down;
            *least = x;
        }
        if (up > high) {
            high = up;
            *most = y;
        }
    }
}

bool eb_compare_has_range(const eb_compare_row *row, eb_figure f)
{
    eb_compare_prices p = row->prices;
    if (!eb_figures[f].money)
        return false;
    for (const eb_cost_field *field = eb_cost_fields; field->key; field++)
        if (eb_cost_field_counts(field, eb_cost_kind_of(&p.value)) && spans(&p, field))
            return true;
    return false;
}

static side side_of(const eb_compare *c, const eb_compare_row *row)
{
    const eb_compare_run *run = c->runs[row->run];
    return (side){ .row = row,
                   .run = run,
                   .prices = row->prices,
                   .load = eb_compare_load(row, run, &row->prices.value),
                   .cheap = row->prices.value,
                   .dear = row->prices.value };
}

static void take_corner(eb_ratio *r, const side *a, const side *b, const corner *at, eb_figure f, double level,
                        uint64_t seed)
{
    eb_compare_value x, y;
    eb_ratio there;
    eb_compare_price_at(a->row, a->run, &at->a, f, &x);
    eb_compare_price_at(b->row, b->run, &at->b, f, &y);
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
    side x = side_of(c, a), y = side_of(c, b);
    corner least, most;
    find_corners(&x, &y, f, &least, &most);
    take_corner(r, &x, &y, &least, f, level, seed);
    take_corner(r, &x, &y, &most, f, level, seed);
    r->prices = true;
}
