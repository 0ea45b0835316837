// SPDX-License-Identifier: Apache-2.0
// A rival may be the cheapest wherever no other is surely below it.
#include "harness/record/cost_turns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/record/compare_ratio.h"
#include "harness/record/cost_leaders.h"

enum { SAME_MAX = 16 };            // more that may be the cheapest are not all set in relation
static const double hair = 1e-6;   // utilisations that differ by no more, of themselves or from 0, are one
static const double narrow = 1e-3; // where two that cross cost the same to the last digits is the crossing itself

const char *eb_turn_name(eb_turn turn)
{
    static const char *const names[] = { "cheapest", "same", "cannot tell" };
    return names[turn];
}

typedef struct rival {
    int index;
    eb_cost_curve curve;
    eb_cost_span *beaten; // ascending and apart; owned
    int n_beaten;
} rival;

typedef struct field {
    const eb_cost_rival *all;
    rival *known; // ascending by index
    int n_known;
    rival *open; // those of them that are not beaten throughout by one of the plain leaders; borrow `beaten`
    int n_open;
} field;

static void find_known(field *f, const eb_cost_rival *rivals, int n)
{
    f->known = eb_realloc(NULL, (size_t)n + 1, sizeof *f->known);
    f->open = eb_realloc(NULL, (size_t)n + 1, sizeof *f->open);
    for (int i = 0; i < n; i++) {
        eb_cost_curve curve = eb_cost_curve_of(&rivals[i].value, &rivals[i].load);
        if (!isnan(curve.flat + curve.shared))
            f->known[f->n_known++] = (rival){ .index = i, .curve = curve };
    }
}

static eb_cost_span beats(const field *f, int y, int x)
{
    return eb_cost_surely_below(&f->all[y], &f->all[x], 1 - EB_COST_DUST);
}

// Many rows of a comparison are out of the question: a few tries for each instead of one for every pair.
static void find_open(field *f)
{
    eb_cost_curve *curves = eb_realloc(NULL, (size_t)f->n_known + 1, sizeof *curves);
    eb_cost_leader *leaders = eb_realloc(NULL, (size_t)f->n_known + 1, sizeof *leaders);
    for (int i = 0; i < f->n_known; i++)
        curves[i] = f->known[i].curve;
    int n = eb_cost_leaders(curves, f->n_known, leaders);
    for (int i = 0; i < f->n_known; i++) {
        bool out = false;
        for (int l = 0; l < n && !out; l++) {
            int leader = f->known[leaders[l].row].index, x = f->known[i].index;
            eb_cost_span s = leader == x ? (eb_cost_span){ 1, 0 } : beats(f, leader, x);
            out = s.from <= 0 && s.to >= 1;
        }
        if (!out)
            f->open[f->n_open++] = f->known[i];
    }
    free(leaders);
    free(curves);
}

static int by_from(const void *a, const void *b)
{
    const eb_cost_span *x = a, *y = b;
    return (x->from > y->from) - (x->from < y->from);
}

static void find_beaten(const field *f, rival *r)
{
    r->beaten = eb_realloc(NULL, (size_t)f->n_known + 1, sizeof *r->beaten);
    for (int i = 0; i < f->n_known; i++) {
        eb_cost_span s = f->known[i].index == r->index ? (eb_cost_span){ 1, 0 } : beats(f, f->known[i].index, r->index);
        if (s.from < s.to)
            r->beaten[r->n_beaten++] = s;
    }
    if (!r->n_beaten)
        return;
    qsort(r->beaten, (size_t)r->n_beaten, sizeof *r->beaten, by_from);
    int n = 1;
    for (int i = 1; i < r->n_beaten; i++) {
        eb_cost_span *last = &r->beaten[n - 1], next = r->beaten[i];
        if (next.from <= last->to * (1 + hair))
            last->to = fmax(last->to, next.to);
        else
            r->beaten[n++] = next;
    }
    r->n_beaten = n;
}

static bool may_lead(const rival *r, double utilisation)
{
    for (int i = 0; i < r->n_beaten; i++)
        if (utilisation > r->beaten[i].from && utilisation < r->beaten[i].to)
            return false;
    return true;
}

// ---- spans ----

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// 0, every utilisation at which somebody starts or ceases to be in question, 1. Caller frees.
static double *find_edges(const field *f, int *n)
{
    int room = 2;
    for (int i = 0; i < f->n_open; i++)
        room += 2 * f->open[i].n_beaten;
    double *edges = eb_realloc(NULL, (size_t)room, sizeof *edges);
    int count = 0, kept = 1;
    edges[count++] = 0;
    for (int i = 0; i < f->n_open; i++)
        for (int k = 0; k < f->open[i].n_beaten; k++) {
            edges[count++] = f->open[i].beaten[k].from;
            edges[count++] = f->open[i].beaten[k].to;
        }
    edges[count++] = 1;
    qsort(edges, (size_t)count, sizeof *edges, ascending);
    for (int i = 1; i < count; i++)
        if (edges[i] > fmax(edges[kept - 1] * (1 + hair), hair))
            edges[kept++] = edges[i];
    if (kept > 1)
        edges[kept - 1] = 1; // what is next to it is it
    *n = kept;
    return edges;
}

static bool cost_the_same(const field *f, const eb_cost_turn *t, double factor)
{
    for (int i = 0; i < t->n; i++)
        for (int k = 0; k < i; k++) {
            const eb_cost_rival *a = &f->all[t->who[i]], *b = &f->all[t->who[k]];
            eb_cost_span x = eb_cost_surely_below(a, b, factor), y = eb_cost_surely_below(b, a, factor);
            if (fmax(x.from, y.from) > t->from * (1 + hair) || fmin(x.to, y.to) < t->to * (1 - hair))
                return false;
        }
    return true;
}

// Of exact inputs a hundredth is a difference.
static bool any_moves(const field *f, const eb_cost_turn *t)
{
    for (int i = 0; i < t->n; i++)
        if (eb_cost_rival_moves(&f->all[t->who[i]]))
            return true;
    return false;
}

static void find_word(const field *f, eb_cost_turn *t)
{
    t->word = t->n == 1 ? EB_TURN_SURE : EB_TURN_OPEN;
    if (t->n < 2 || t->n > SAME_MAX)
        return;
    bool equal = cost_the_same(f, t, 1 + EB_COST_DUST);
    t->near = !equal && any_moves(f, t) && cost_the_same(f, t, 1 + EB_RATIO_MARGIN);
    if (equal || t->near)
        t->word = EB_TURN_SAME;
}

static void add_turn(eb_cost_turns *turns, const field *f, double from, double to)
{
    double middle = (from + to) / 2;
    eb_cost_turn t = { .from = from, .to = to, .who = eb_realloc(NULL, (size_t)f->n_open + 1, sizeof *t.who) };
    double *cost = eb_realloc(NULL, (size_t)f->n_open + 1, sizeof *cost);
    for (int i = 0; i < f->n_open; i++) {
        if (!may_lead(&f->open[i], middle))
            continue;
        double value = eb_cost_at_utilisation(f->open[i].curve, middle);
        int at = t.n++;
        for (; at > 0 && cost[at - 1] > value; at--) {
            cost[at] = cost[at - 1];
            t.who[at] = t.who[at - 1];
        }
        cost[at] = value;
        t.who[at] = f->open[i].index;
    }
    free(cost);
    find_word(f, &t);
    turns->items[turns->n++] = t;
}

static int by_index(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static bool the_same_ones(const eb_cost_turn *a, const eb_cost_turn *b)
{
    size_t size = (size_t)a->n * sizeof *a->who;
    if (a->n != b->n || a->word != b->word || a->near != b->near)
        return false;
    int *x = eb_realloc(NULL, (size_t)a->n + 1, sizeof *x), *y = eb_realloc(NULL, (size_t)a->n + 1, sizeof *y);
    memcpy(x, a->who, size);
    memcpy(y, b->who, size);
    qsort(x, (size_t)a->n, sizeof *x, by_index);
    qsort(y, (size_t)a->n, sizeof *y, by_index);
    bool same = !memcmp(x, y, size);
    free(x);
    free(y);
    return same;
}

// Is it no more than the crossing of what comes before and after?
static bool is_crossing(const eb_cost_turn *t)
{
    return t->n == 0 || (t->word == EB_TURN_SAME && t->to - t->from < narrow * t->to);
}

// One turn after another of the same ones is one.
static void join(eb_cost_turns *turns)
{
    int n = 0;
    for (int i = 0; i < turns->n; i++) {
        int before = n;
        eb_cost_turn *t = &turns->items[i], *last = n ? &turns->items[n - 1] : NULL;
        if (!t->n && !last && i + 1 < turns->n)
            t[1].from = t->from;
        else if (last && i + 1 < turns->n && is_crossing(t))
            last->to = t[1].from = (t->from + t->to) / 2;
        else if (last && the_same_ones(last, t))
            last->to = t->to;
        else
            turns->items[n++] = *t;
        if (n == before)
            free(t->who);
    }
    turns->n = n;
}

void eb_cost_turns_init(eb_cost_turns *turns, const eb_cost_rival *rivals, int n)
{
    field f = { .all = rivals };
    int n_edges = 0;
    *turns = (eb_cost_turns){ 0 };
    find_known(&f, rivals, n);
    find_open(&f);
    for (int i = 0; i < f.n_open; i++)
        find_beaten(&f, &f.open[i]);
    double *edges = find_edges(&f, &n_edges);
    turns->items = eb_realloc(NULL, (size_t)n_edges, sizeof *turns->items);
    for (int i = 1; i < n_edges && f.n_open; i++)
        add_turn(turns, &f, edges[i - 1], edges[i]);
    join(turns);
    free(edges);
    for (int i = 0; i < f.n_open; i++)
        free(f.open[i].beaten);
    free(f.open);
    free(f.known);
}

void eb_cost_turns_deinit(eb_cost_turns *turns)
{
    for (int i = 0; i < turns->n; i++)
        free(turns->items[i].who);
    free(turns->items);
    *turns = (eb_cost_turns){ 0 };
}
