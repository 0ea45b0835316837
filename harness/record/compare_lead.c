// SPDX-License-Identifier: Apache-2.0
// Who is best and who is beaten, by the words of the ratios: what lies within noise decides nothing.
#include "harness/record/compare_lead.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "harness/base/mem.h"
#include "harness/record/compare_range.h"
#include "harness/record/front.h"

static bool graded(const eb_compare_row *row, eb_figure f)
{
    return eb_figures[f].energy && row->figures[f].grade != EB_GRADE_NONE;
}

static bool mixed(const eb_compare_row *a, const eb_compare_row *b, eb_figure f)
{
    return graded(a, f) && graded(b, f) && a->kind != b->kind;
}

// What is no median over trials (a divergence over a text) has no noise of trials: its own intervals speak, if any.
static eb_word word_of_values(const eb_compare_value *a, const eb_compare_value *b, int direction)
{
    bool spread = a->interval != EB_INTERVAL_NONE && b->interval != EB_INTERVAL_NONE;
    if (a->value == b->value)
        return EB_WORD_SAME;
    if (spread && a->lo <= b->hi && b->lo <= a->hi)
        return EB_WORD_INCONCLUSIVE;
    return (a->value > b->value) == (direction > 0) ? EB_WORD_BETTER : EB_WORD_WORSE;
}

static bool has_trials(const eb_compare_value *v)
{
    for (int i = 0; i < v->n_trials; i++)
        if (isfinite(v->trials[i]))
            return true;
    return false;
}

void eb_compare_relate(const eb_compare *c, const eb_compare_group *g, int a, int b, eb_figure f, eb_ratio *out)
{
    const eb_compare_row *x = &c->rows[a], *y = &c->rows[b];
    const eb_compare_value *p = &x->figures[f], *q = &y->figures[f];
    double level = fmax(c->runs[x->run]->level, c->runs[y->run]->level);
    uint64_t seed = XXH64(eb_figures[f].key, strlen(eb_figures[f].key), XXH64(g->title, strlen(g->title), 1));
    *out = (eb_ratio){ .value = NAN, .lo = NAN, .hi = NAN };
    if (isnan(p->value) || isnan(q->value) || !eb_figures[f].better)
        return;
    eb_ratio_of_trials(p->trials, p->n_trials, q->trials, q->n_trials, level, seed, out);
    eb_ratio_widen(out, hypot(p->common, q->common), p->sensor + q->sensor);
    eb_compare_take_ranges(out, c, x, y, f, level, seed);
    eb_ratio_word(out, eb_figures[f].better);
    out->mixed = mixed(x, y, f);
}

// What lets no bootstrap change the word: no trial of one side is near any of the other.
static bool far_apart(const eb_compare *c, int a, int b, eb_figure f, eb_ratio *r)
{
    const eb_compare_row *x = &c->rows[a], *y = &c->rows[b];
    const eb_compare_value *p = &x->figures[f], *q = &y->figures[f];
    if (eb_compare_has_range(x, f) || eb_compare_has_range(y, f) ||
        !eb_ratio_bound(p->trials, p->n_trials, q->trials, q->n_trials, r))
        return false;
    eb_ratio_widen(r, hypot(p->common, q->common), p->sensor + q->sensor);
    eb_ratio_word(r, eb_figures[f].better);
    return r->word == EB_WORD_BETTER || r->word == EB_WORD_WORSE;
}

static eb_word mirrored(eb_word word)
{
    return word == EB_WORD_BETTER ? EB_WORD_WORSE : word == EB_WORD_WORSE ? EB_WORD_BETTER : word;
}

static bool at_end(const eb_compare *c, int row, eb_figure f)
{
    double value = c->rows[row].figures[f].value;
    return value == 0 || isinf(value);
}

// Nothing is of a 0, but a 0 is of the other; tokens for nothing are without bound, and there the dollars decide.
static eb_word word_at_end(const eb_compare *c, const eb_compare_group *g, int a, int b, eb_figure f, bool *few)
{
    eb_figure by = f == EB_FIGURE_TOK_PER_USD ? EB_FIGURE_USD : f;
    const eb_compare_value *p = &c->rows[a].figures[by], *q = &c->rows[b].figures[by];
    bool ranges = eb_compare_has_range(&c->rows[a], f) || eb_compare_has_range(&c->rows[b], f);
    eb_ratio r;
    if (isnan(p->value) || isnan(q->value))
        return EB_WORD_NONE;
    if (p->value == 0 && q->value == 0)
        return ranges ? EB_WORD_INCONCLUSIVE : EB_WORD_SAME;
    if (eb_figures[f].money && !ranges)
        return word_of_values(p, q, eb_figures[by].better);
    bool first = p->value == 0;
    eb_compare_relate(c, g, first ? a : b, first ? b : a, by, &r);
    *few = r.interval == EB_INTERVAL_RANGE;
    return first ? r.word : mirrored(r.word);
}

static eb_word find_word(const eb_compare *c, const eb_compare_group *g, int a, int b, eb_figure f, bool *few)
{
    const eb_compare_value *p = &c->rows[a].figures[f], *q = &c->rows[b].figures[f];
    eb_ratio r;
    bool end = at_end(c, a, f) || at_end(c, b, f);
    *few = false;
    if (!has_trials(p) && !has_trials(q) && !(end && eb_figures[f].money))
        return word_of_values(p, q, eb_figures[f].better);
    if (end)
        return word_at_end(c, g, a, b, f, few);
    if (b == g->reference)
        r = c->rows[a].ratios[f];
    else if (!far_apart(c, a, b, f, &r))
        eb_compare_relate(c, g, a, b, f, &r);
    *few = r.interval == EB_INTERVAL_RANGE;
    return r.word;
}

// Words of any two rows of a group, each found once, so that the other way round it is its mirror.
typedef struct words {
    const eb_compare *c;
    const eb_compare_group *g;
    unsigned char *found; // by pair and figure, 0 = not yet
} words;

enum { FOUND = 1, FEW = 64 }; // FOUND + word, and FEW where it is for want of trials

// The word of row a over row b, and whether it is for want of trials. What the tables say of the reference holds.
static eb_word word_of(const words *w, int a, int b, eb_figure f, bool *few)
{
    int first = w->g->first, ref = w->g->reference;
    bool swap = b != ref && (a == ref || a < b);
    size_t high = (size_t)((a > b ? a : b) - first), low = (size_t)((a > b ? b : a) - first);
    unsigned char *found = &w->found[(high * (high - 1) / 2 + low) * EB_FIGURE_COUNT + (size_t)f];
    if (!*found) {
        eb_word word = find_word(w->c, w->g, swap ? b : a, swap ? a : b, f, few);
        *found = (unsigned char)((FOUND + (int)word) | (*few ? FEW : 0));
    }
    eb_word word = (eb_word)((*found & (FEW - 1)) - FOUND);
    *few = *found & FEW;
    return swap ? mirrored(word) : word;
}

// ---- the best of a column ----

static int best_of(const eb_compare *c, const eb_compare_group *g, eb_figure f, int like, int *peers)
{
    int best = -1;
    *peers = 0;
    for (int i = g->first; i < g->first + g->n; i++) {
        double value = c->rows[i].figures[f].value;
        if (isnan(value) || mixed(&c->rows[i], &c->rows[like], f))
            continue;
        ++*peers;
        if (best < 0 || (eb_figures[f].better > 0 ? value > c->rows[best].figures[f].value
                                                  : value < c->rows[best].figures[f].value))
            best = i;
    }
    return best;
}

static void find_lead(eb_compare *c, const eb_compare_group *g, const words *w, eb_figure f, int best, int peers)
{
    bool tied = false, few = false;
    for (int i = g->first; i < g->first + g->n; i++) {
        eb_compare_row *row = &c->rows[i];
        if (i == best || isnan(row->figures[f].value) || mixed(row, &c->rows[best], f))
            continue;
        bool lacks_trials;
        eb_word word = word_of(w, i, best, f, &lacks_trials);
        if (word == EB_WORD_WORSE)
            continue;
        row->leads[f] = lacks_trials ? EB_LEAD_FEW : EB_LEAD_TIED;
        row->as_good[f] = word == EB_WORD_SAME;
        tied = tied || row->leads[f] == EB_LEAD_TIED;
        few = few || row->leads[f] == EB_LEAD_FEW;
    }
    c->rows[best].leads[f] = peers < 2 ? EB_LEAD_ALONE : tied ? EB_LEAD_TIED : few ? EB_LEAD_FEW : EB_LEAD_BEST;
}

static void find_leads(eb_compare *c, const eb_compare_group *g, const words *w)
{
    for (int f = 0; f < EB_FIGURE_COUNT; f++)
        for (int i = g->first; i < g->first + g->n && eb_figures[f].better; i++) {
            int peers, best = best_of(c, g, (eb_figure)f, i, &peers);
            bool reference =
                f == EB_FIGURE_KLD && best >= 0 && c->rows[best].figures[f].value == 0; // of itself: no merit
            if (best == i && !reference)
                find_lead(c, g, w, (eb_figure)f, best, peers);
        }
}

// ---- the front ----

typedef struct objectives { // of a front
    words *w;
    eb_figure figures[EB_FIGURE_COUNT];
    int n;
} objectives;

static bool may_be_compared(const void *ctx, int a, int b)
{
    const objectives *o = ctx;
    const eb_compare_row *x = &o->w->c->rows[a], *y = &o->w->c->rows[b];
    bool joules = false, known = true;
    for (int k = 0; k < o->n; k++) {
        joules = joules || mixed(x, y, o->figures[k]);
        known = known && isfinite(x->figures[o->figures[k]].value) && isfinite(y->figures[o->figures[k]].value);
    }
    return known && !joules;
}

static int order_of(const void *ctx, int a, int b, int objective)
{
    const objectives *o = ctx;
    eb_figure f = o->figures[objective];
    double x = o->w->c->rows[a].figures[f].value, y = o->w->c->rows[b].figures[f].value;
    return eb_figures[f].better > 0 ? (x > y) - (x < y) : (x < y) - (x > y);
}

static bool is_clear(const void *ctx, int a, int b, int objective)
{
    const objectives *o = ctx;
    bool few;
    eb_word said = order_of(ctx, a, b, objective) > 0 ? EB_WORD_BETTER : EB_WORD_WORSE;
    return word_of(o->w, a, b, o->figures[objective], &few) == said;
}

static eb_front_rows rows_of(const eb_compare_group *g, const objectives *o)
{
    return (eb_front_rows){ .first = g->first,
                            .n = g->n,
                            .n_objectives = o->n,
                            .together = may_be_compared,
                            .order = order_of,
                            .clear = is_clear,
                            .ctx = o };
}

static void find_front(eb_compare *c, eb_compare_group *g, words *w)
{
    objectives o = { .w = w };
    for (int f = 0; f < EB_FIGURE_COUNT; f++) {
        g->objectives[f] = eb_figures[f].objective;
        for (int i = g->first; i < g->first + g->n; i++)
            g->objectives[f] = g->objectives[f] && isfinite(c->rows[i].figures[f].value);
        if (g->objectives[f])
            o.figures[o.n++] = (eb_figure)f;
    }
    const eb_front_rows rows = rows_of(g, &o);
    for (int i = g->first; i < g->first + g->n && o.n; i++) {
        eb_front front = eb_front_of(&rows, i);
        c->rows[i].front = front != EB_FRONT_BEATEN;
        c->rows[i].front_noise = front == EB_FRONT_NOISE;
    }
}

static words words_of(const eb_compare *c, const eb_compare_group *g)
{
    size_t pairs = (size_t)g->n * ((size_t)g->n - 1) / 2;
    return (words){ .c = c, .g = g, .found = eb_alloc(pairs * EB_FIGURE_COUNT + 1) };
}

void eb_compare_front(const eb_compare *c, const eb_compare_group *g, eb_figure x, eb_figure y, eb_front *out)
{
    words w = words_of(c, g);
    objectives o = { .w = &w, .figures = { x, y }, .n = 2 };
    const eb_front_rows rows = rows_of(g, &o);
    for (int i = 0; i < g->n; i++)
        out[i] = eb_front_of(&rows, g->first + i);
    free(w.found);
}

void eb_compare_rank(eb_compare *c, eb_compare_group *g)
{
    words w = words_of(c, g);
    find_leads(c, g, &w);
    find_front(c, g, &w);
    free(w.found);
}
