// SPDX-License-Identifier: Apache-2.0
// Corners of two costs.
#include "harness/record/cost_rival.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

enum { MOVING_MAX = 12, CORNERS_MAX = 2048 };

eb_cost_rival eb_cost_rival_of(const eb_offer *offer, const eb_cost_work *work)
{
    return (eb_cost_rival){ .low = offer->low,
                            .value = offer->value,
                            .high = offer->high,
                            .load_low = work->low,
                            .load = work->value,
                            .load_high = work->high,
                            .offer = -1 };
}

void eb_cost_rival_pass_over(eb_cost_rival *r)
{
    r->load.goodput_tok_s = r->load_low.goodput_tok_s = r->load_high.goodput_tok_s = NAN;
}

// ---- what moves ----

// Places in eb_cost_load of what was measured.
static const struct {
    size_t offset;
    bool falls;
} measured[] = {
    { offsetof(eb_cost_load, goodput_tok_s), true },
    { offsetof(eb_cost_load, load_w), false },
    { offsetof(eb_cost_load, idle_w), false },
};
enum { N_MEASURED = sizeof measured / sizeof *measured };

static double *load_at(eb_cost_load *load, int i)
{
    return (double *)(void *)((char *)load + measured[i].offset);
}

typedef struct ends { // NAN = not given
    double low, value, high;
} ends;

static ends ends_of(const eb_cost_rival *r, const eb_cost_field *f)
{
    eb_cost low = r->low, value = r->value, high = r->high;
    return (ends){ *eb_cost_at(&low, f), *eb_cost_at(&value, f), *eb_cost_at(&high, f) };
}

static ends ends_of_measured(const eb_cost_rival *r, int i)
{
    eb_cost_load low = r->load_low, value = r->load, high = r->load_high;
    return (ends){ *load_at(&low, i), *load_at(&value, i), *load_at(&high, i) };
}

static bool spans(ends e)
{
    return e.low < e.high;
}

static bool equal(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static bool alike(const eb_cost_rival *a, const eb_cost_rival *b, const eb_cost_field *f)
{
    ends x = ends_of(a, f), y = ends_of(b, f);
    return equal(x.low, y.low) && equal(x.value, y.value) && equal(x.high, y.high);
}

static bool any_of(const eb_cost_field *f, const char *const *keys, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (f->key && !strcmp(f->key, keys[i]))
            return true;
    return false;
}

// Is an input of both sides one and the same, and not only as large?
static bool together(const eb_cost_rival *a, const eb_cost_rival *b, const eb_cost_field *f)
{
    static const char *const around[] = { "usd_per_kwh", "pue",      "intensity_g_per_kwh",
                                          "interest",    "usd_rate", "shared_usd_rate" };
    static const char *const of_machine[] = { "utilisation", "idle_w", "rest_of_system_w" };
    if (!alike(a, b, f))
        return false;
    return a->run == b->run || any_of(f, around, sizeof around / sizeof *around) ||
           (a->offer >= 0 && a->offer == b->offer && !any_of(f, of_machine, sizeof of_machine / sizeof *of_machine));
}

static bool enters(const eb_cost_rival *r, const eb_cost_field *f, eb_cost_figure figure)
{
    bool beside = f->offset == offsetof(eb_cost, rest_of_system_w) && r->load.boundary != EB_BOUNDARY_COMPUTE;
    return spans(ends_of(r, f)) && eb_cost_field_enters(f, &r->high, figure) && !beside;
}

static bool enters_measured(const eb_cost_rival *r, int i, eb_cost_figure figure)
{
    eb_cost_kind kind = eb_cost_kind_of(&r->value);
    bool watts = i > 0, carbon = figure == EB_COST_CARBON && kind != EB_COST_TOKENS;
    bool machine = carbon || kind == EB_COST_OWN || (kind == EB_COST_RENTED && !watts);
    bool stated = measured[i].offset == offsetof(eb_cost_load, idle_w) && !isnan(r->value.idle_w);
    return machine && !stated && spans(ends_of_measured(r, i));
}

bool eb_cost_rival_ranges(const eb_cost_rival *r, eb_cost_figure figure)
{
    for (const eb_cost_field *f = eb_cost_fields; f->key; f++)
        if (enters(r, f, figure))
            return true;
    return false;
}

static eb_cost_rival still(const eb_cost_rival *r)
{
    eb_cost_rival out = *r;
    out.low.utilisation = out.high.utilisation = r->value.utilisation;
    return out;
}

bool eb_cost_rival_moves(const eb_cost_rival *r)
{
    eb_cost_rival at = still(r);
    bool any = eb_cost_rival_ranges(&at, EB_COST_USD);
    for (int i = 0; i < N_MEASURED; i++)
        any = any || enters_measured(&at, i, EB_COST_USD);
    return any;
}

// What moves for both at once.
typedef struct moving {
    const eb_cost_field *field; // NULL: measured[at]
    int at, n;                  // values from low to high
    double low, high;
} moving;

typedef struct moved {
    moving items[MOVING_MAX];
    int n, corners;
} moved;

static bool take(moved *all, moving m)
{
    if (all->n == MOVING_MAX || all->corners * m.n > CORNERS_MAX)
        return false;
    all->items[all->n++] = m;
    all->corners *= m.n;
    return true;
}

static double value_at(const moving *m, int i)
{
    return i == m->n - 1 ? m->high : m->low + (m->high - m->low) * i / (m->n - 1);
}

// Interest and years where they are not the same to both sides.
static bool turns(const eb_cost_rival *a, const eb_cost_rival *b, const eb_cost_field *field)
{
    static const char *const recovery[] = { "interest", "years", "residual" };
    bool same = true;
    for (const eb_cost_field *f = eb_cost_fields; f->key; f++)
        if (any_of(f, recovery, 3))
            same = same && alike(a, b, f) && (!spans(ends_of(a, f)) || together(a, b, f));
    return !same && any_of(field, recovery, 2);
}

// ---- corners ----

// The prices at these inputs. A rate of exchange is a factor on whatever the prices of its currency are, so that it
// comes after them: the rates are the last of the fields.
static eb_cost priced(const eb_cost *value, const eb_cost *inputs)
{
    eb_cost cost = *value, middle = *value, at = *inputs;
    for (const eb_cost_field *f = eb_cost_fields; f->key; f++)
        if (!equal(*eb_cost_at(&at, f), *eb_cost_at(&middle, f)))
            eb_cost_set_input(&cost, f, *eb_cost_at(&at, f));
    return cost;
}

static void set_end(eb_cost *inputs, const eb_cost_rival *r, const eb_cost_field *f, bool dear)
{
    ends e = ends_of(r, f);
    *eb_cost_at(inputs, f) = dear == f->falls ? e.low : e.high;
}

static void set_measured_end(eb_cost_load *load, const eb_cost_rival *r, int i, bool dear)
{
    ends e = ends_of_measured(r, i);
    *load_at(load, i) = dear == measured[i].falls ? e.low : e.high;
}

static void find_moving(const eb_cost_rival *a, const eb_cost_rival *b, eb_cost_figure figure, bool a_dear, moved *all,
                        eb_cost_corner *inputs)
{
    for (const eb_cost_field *f = eb_cost_fields; f->key; f++) {
        bool of_a = enters(a, f, figure), of_b = enters(b, f, figure);
        ends e = ends_of(a, f);
        moving m = { .field = f, .n = turns(a, b, f) ? EB_COST_STEPS + 1 : 2, .low = e.low, .high = e.high };
        if (of_a && of_b && together(a, b, f) && take(all, m))
            continue;
        if (of_a)
            set_end(&inputs->a, a, f, a_dear);
        if (of_b)
            set_end(&inputs->b, b, f, !a_dear);
    }
    for (int i = 0; i < N_MEASURED; i++) {
        bool of_a = enters_measured(a, i, figure), of_b = enters_measured(b, i, figure);
        ends e = ends_of_measured(a, i);
        if (of_a && of_b && a->run == b->run && a->work == b->work &&
            take(all, (moving){ .at = i, .n = 2, .low = e.low, .high = e.high }))
            continue;
        if (of_a)
            set_measured_end(&inputs->at_a, a, i, a_dear);
        if (of_b)
            set_measured_end(&inputs->at_b, b, i, !a_dear);
    }
}

void eb_cost_each_corner(const eb_cost_rival *a, const eb_cost_rival *b, eb_cost_figure figure, bool a_dear,
                         eb_cost_visit *visit, void *context)
{
    moved all = { .corners = 1 };
    eb_cost_corner inputs = { a->value, b->value, a->load, b->load };
    find_moving(a, b, figure, a_dear, &all, &inputs);
    for (int corner = 0; corner < all.corners; corner++) {
        eb_cost_corner at = inputs;
        for (int i = 0, rest = corner; i < all.n; rest /= all.items[i++].n) {
            const moving *m = &all.items[i];
            double value = value_at(m, rest % m->n);
            if (m->field)
                *eb_cost_at(&at.a, m->field) = *eb_cost_at(&at.b, m->field) = value;
            else
                *load_at(&at.at_a, m->at) = *load_at(&at.at_b, m->at) = value;
        }
        at.a = priced(&a->value, &at.a);
        at.b = priced(&b->value, &at.b);
        if (!visit(&at, context))
            return;
    }
}

// ---- over the utilisation ----

// Times the utilisation u, what a costs beyond `factor` times b is flat u + shared.
static eb_cost_curve beyond(const eb_cost_corner *at, double factor)
{
    eb_cost_curve a = eb_cost_curve_of(&at->a, &at->at_a), b = eb_cost_curve_of(&at->b, &at->at_b);
    return (eb_cost_curve){ a.flat - factor * b.flat, a.shared - factor * b.shared };
}

typedef struct meeting {
    double lo, hi;
    bool flat, shared; // which parts of the costs differ anywhere
} meeting;

// 0 where the one with the larger shared cost is cheaper throughout, INFINITY where it never is.
static double meeting_of(eb_cost_curve d)
{
    if (d.shared > 0)
        return d.flat >= 0 ? INFINITY : d.shared / -d.flat;
    return d.shared == 0 && d.flat > 0 ? INFINITY : 0;
}

// a has the larger shared cost where nothing is moved; elsewhere they may change places the other way round.
static bool meet(const eb_cost_corner *at, void *context)
{
    meeting *m = context;
    eb_cost_curve d = beyond(at, 1);
    bool reversed = d.shared < 0 && d.flat > 0 && d.flat + d.shared > 0;
    if (isnan(d.flat + d.shared)) { // no goodput at all: without bound, where only one of them needs it
        if (eb_cost_kind_of(&at->a) == EB_COST_TOKENS || eb_cost_kind_of(&at->b) == EB_COST_TOKENS)
            m->hi = INFINITY;
        return true;
    }
    double u = meeting_of(d);
    m->flat = m->flat || d.flat != 0;
    m->shared = m->shared || d.shared != 0;
    m->lo = fmin(m->lo, u);
    m->hi = fmax(m->hi, reversed ? INFINITY : u);
    return m->lo > 0 || !isinf(m->hi);
}

// Of two rents, or a rent and tokens, one is cheaper at every utilisation, whichever the inputs make it: what differs
// must depend on the utilisation in one part and not in another for them to change places.
static meeting meeting_with(const eb_cost_rival *own, const eb_cost_rival *other, eb_cost_curve d)
{
    const eb_cost_corner middle = { own->value, other->value, own->load, other->load };
    meeting m = { .lo = INFINITY };
    meet(&middle, &m);
    eb_cost_each_corner(own, other, EB_COST_USD, false, meet, &m);
    eb_cost_each_corner(own, other, EB_COST_USD, true, meet, &m);
    if (!m.flat || !m.shared)
        m.lo = m.hi = meeting_of(d);
    return m;
}

void eb_cost_rivals_meet(const eb_cost_rival *a, const eb_cost_rival *b, double *lo, double *hi)
{
    eb_cost_rival x = still(a), y = still(b);
    eb_cost_curve p = eb_cost_curve_of(&x.value, &x.load), q = eb_cost_curve_of(&y.value, &y.load);
    eb_cost_curve d = { p.flat - q.flat, p.shared - q.shared };
    *lo = *hi = NAN;
    if (isnan(d.flat + d.shared))
        return;
    // Of as much that is shared the cheaper one comes first; of two equal ones either, and then both: the answer is of
    // the pair, not of the order in which it is named.
    bool even = d.shared == 0, equal = even && d.flat == 0;
    bool swap = d.shared < 0 || (even && d.flat > 0);
    eb_cost_curve back = { -d.flat, -d.shared };
    meeting m = swap ? meeting_with(&y, &x, back) : meeting_with(&x, &y, d);
    meeting other = equal ? meeting_with(&y, &x, back) : m;
    *lo = fmin(m.lo, other.lo);
    *hi = fmax(m.hi, other.hi);
}

typedef struct below {
    double factor;
    eb_cost_span span;
} below;

static bool narrow(const eb_cost_corner *at, void *context)
{
    static const eb_cost_span none = { 1, 0 };
    below *x = context;
    eb_cost_curve d = beyond(at, x->factor);
    bool or_equal = x->factor >= 1;
    if (isnan(d.flat + d.shared))
        x->span = none;
    else if (d.shared < 0 && d.flat > 0)
        x->span.to = fmin(x->span.to, -d.shared / d.flat);
    else if (d.shared > 0 && d.flat < 0)
        x->span.from = fmax(x->span.from, d.shared / -d.flat);
    else if (d.shared > 0 || d.flat > 0 || (!or_equal && d.shared == 0 && d.flat == 0))
        x->span = none;
    return x->span.from < x->span.to;
}

eb_cost_span eb_cost_surely_below(const eb_cost_rival *a, const eb_cost_rival *b, double factor)
{
    below x = { factor, { 0, 1 } };
    eb_cost_rival first = still(a), second = still(b);
    eb_cost_each_corner(&first, &second, EB_COST_USD, true, narrow, &x);
    return x.span;
}
