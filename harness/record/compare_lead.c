// SPDX-License-Identifier: Apache-2.0
// Who is best and who is beaten, by the words of the ratios: what lies within noise decides nothing.
#include "harness/record/compare_lead.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "harness/base/mem.h"
#include "harness/record/compare_range.h"
#include "harness/record/pareto.h"

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

// The word of row a over row b, and whether it is for want of trials.
static eb_word word_of(const eb_compare *c, const eb_compare_group *g, int a, int b, eb_figure f, bool *few)
{
    const eb_compare_value *p = &c->rows[a].figures[f], *q = &c->rows[b].figures[f];
    eb_ratio r;
    *few = false;
    if (!has_trials(p) && !has_trials(q))
        return word_of_values(p, q, eb_figures[f].better);
    if (b == g->reference && a != b)
        r = c->rows[a].ratios[f];
    else if (!far_apart(c, a, b, f, &r))
        eb_compare_relate(c, g, a, b, f, &r);
    *few = r.interval == EB_INTERVAL_RANGE;
    return r.word;
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

static void find_lead(eb_compare *c, const eb_compare_group *g, eb_figure f, int best, int peers)
{
    bool tied = false, few = false;
    for (int i = g->first; i < g->first + g->n; i++) {
        eb_compare_row *row = &c->rows[i];
        if (i == best || isnan(row->figures[f].value) || mixed(row, &c->rows[best], f))
            continue;
        bool lacks_trials;
        if (word_of(c, g, i, best, f, &lacks_trials) == EB_WORD_WORSE)
            continue;
        row->leads[f] = lacks_trials ? EB_LEAD_FEW : EB_LEAD_TIED;
        tied = tied || row->leads[f] == EB_LEAD_TIED;
        few = few || row->leads[f] == EB_LEAD_FEW;
    }
    c->rows[best].leads[f] = peers < 2 ? EB_LEAD_ALONE : tied ? EB_LEAD_TIED : few ? EB_LEAD_FEW : EB_LEAD_BEST;
}

void eb_compare_find_leads(eb_compare *c, const eb_compare_group *g)
{
    for (int f = 0; f < EB_FIGURE_COUNT; f++)
        for (int i = g->first; i < g->first + g->n && eb_figures[f].better; i++) {
            int peers, best = best_of(c, g, (eb_figure)f, i, &peers);
            bool reference =
                f == EB_FIGURE_KLD && best >= 0 && c->rows[best].figures[f].value == 0; // of itself: no merit
            if (best == i && !reference)
                find_lead(c, g, (eb_figure)f, best, peers);
        }
}

// ---- the front ----

static bool may_be_compared(const eb_compare *c, const eb_compare_group *g, int a, int b)
{
    bool joules = false;
    for (int f = 0; f < EB_FIGURE_COUNT; f++)
        joules = joules || (g->objectives[f] && mixed(&c->rows[a], &c->rows[b], (eb_figure)f));
    return !joules;
}

typedef struct rivalry {  // of row a with row b
    bool as_good, better; // by the values
    bool clearly_better, clearly_worse;
} rivalry;

// Words are looked up as far as they can matter.
static rivalry rivals(const eb_compare *c, const eb_compare_group *g, int a, int b)
{
    rivalry r = { .as_good = true };
    for (int f = 0; f < EB_FIGURE_COUNT; f++) {
        double x = c->rows[a].figures[f].value, y = c->rows[b].figures[f].value;
        if (!g->objectives[f])
            continue;
        bool more = eb_figures[f].better > 0 ? x > y : x < y;
        r.as_good = r.as_good && (more || x == y);
        r.better = r.better || more;
    }
    for (int f = 0; f < EB_FIGURE_COUNT && !r.clearly_worse; f++) {
        double x = c->rows[a].figures[f].value, y = c->rows[b].figures[f].value;
        bool less = eb_figures[f].better > 0 ? x < y : x > y;
        if (!g->objectives[f] || x == y || (r.clearly_better && !less))
            continue;
        bool few;
        eb_word word = word_of(c, g, a, b, (eb_figure)f, &few);
        r.clearly_better = r.clearly_better || word == EB_WORD_BETTER;
        r.clearly_worse = word == EB_WORD_WORSE;
    }
    return r;
}

void eb_compare_find_front(eb_compare *c, eb_compare_group *g)
{
    bool any = false;
    for (int f = 0; f < EB_FIGURE_COUNT; f++) {
        g->objectives[f] = eb_figures[f].objective;
        for (int i = g->first; i < g->first + g->n; i++)
            g->objectives[f] = g->objectives[f] && isfinite(c->rows[i].figures[f].value);
        any = any || g->objectives[f];
    }
    for (int i = g->first; i < g->first + g->n; i++) {
        eb_compare_row *row = &c->rows[i];
        row->front = any;
        row->front_noise = false;
        for (int k = g->first; k < g->first + g->n && row->front; k++) {
            if (k == i || !may_be_compared(c, g, k, i))
                continue;
            rivalry r = rivals(c, g, k, i);
            row->front = !(r.as_good && r.clearly_better);
            // Beaten by the values alone, or held up by nothing but values.
            row->front_noise = row->front_noise || (r.as_good && r.better) || (r.clearly_better && !r.clearly_worse);
        }
        row->front_noise = row->front_noise && row->front;
    }
}
