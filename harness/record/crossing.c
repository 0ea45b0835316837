// SPDX-License-Identifier: Apache-2.0
#include "harness/record/crossing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/stats.h"

#include "harness/record/journal.h"

// ---- where a line of pieces rises through 0 ---------------------------------------------------------------------

typedef enum edge { EDGE_LO, EDGE_DIFF, EDGE_HI } edge;

static double y_of(const eb_crossing_point *p, edge e)
{
    return e == EDGE_LO ? p->lo : e == EDGE_HI ? p->hi : p->diff;
}

// The first or the last rise through 0. INFINITY: it ends below; -INFINITY: it begins at 0 or above and never is below.
static double rise(const eb_crossing *c, edge e, bool last, int *n)
{
    double at = y_of(&c->points[0], e) < 0 ? INFINITY : -INFINITY;
    *n = 0;
    for (int i = 1; i < c->n; i++) {
        const eb_crossing_point *a = &c->points[i - 1], *b = &c->points[i];
        double ya = y_of(a, e), yb = y_of(b, e);
        if (ya < 0 && yb >= 0) {
            if (last || *n == 0)
                at = a->length_tok + (b->length_tok - a->length_tok) * (-ya / (yb - ya));
            ++*n;
        } else if (last && ya >= 0 && yb < 0) {
            at = INFINITY;
        }
    }
    if (last && y_of(&c->points[c->n - 1], e) < 0)
        at = INFINITY;
    return at;
}

void eb_crossing_solve(eb_crossing *c)
{
    int ignored;
    c->length_tok = c->lo_tok = c->hi_tok = NAN;
    c->verdict = EB_CROSSING_UNKNOWN;
    for (int i = 0; i < c->n; i++)
        if (isnan(c->points[i].diff) || isnan(c->points[i].lo) || isnan(c->points[i].hi))
            return;
    double at = rise(c, EDGE_DIFF, false, &c->n_rises);
    if (c->n_rises) {
        c->verdict = EB_CROSSING_FOUND;
        c->length_tok = at;
    } else {
        c->verdict = c->points[0].diff < 0 ? EB_CROSSING_KV_LESS : EB_CROSSING_STATE_LESS;
    }
    // A 0 is possible from where the upper end reaches it to where the lower end has passed it.
    double from = c->points[0].hi >= 0 ? -INFINITY : rise(c, EDGE_HI, false, &ignored),
           to = rise(c, EDGE_LO, true, &ignored);
    if (from < INFINITY && to > -INFINITY) {
        c->lo_tok = from;
        c->hi_tok = to;
    }
}

// ---- the pairs of a run -----------------------------------------------------------------------------------------

static bool has_cache(const eb_case_result *c)
{
    return c->facts && c->facts->kv_bytes_per_tok > 0;
}

static bool has_state(const eb_case_result *c)
{
    return c->facts && c->facts->kv_bytes_per_tok == 0;
}

static bool same_text(const char *a, const char *b)
{
    return !strcmp(a ? a : "", b ? b : "");
}

static bool same_work(const eb_case_info *a, const eb_case_info *b)
{
    return a->prompt_tok == b->prompt_tok && a->output_tok == b->output_tok && a->batch == b->batch &&
           a->threads == b->threads && !a->load && !b->load && !a->duration_ns && !b->duration_ns;
}

// Of one sweep: all but the depth.
static bool same_series(const eb_case_info *a, const eb_case_info *b)
{
    return same_work(a, b) && same_text(a->model, b->model) && same_text(a->type, b->type) &&
           same_text(a->workload, b->workload) && same_text(a->kv, b->kv);
}

static bool first_of_series(const eb_run *run, int c)
{
    for (int i = 0; i < c; i++)
        if (same_series(run->cases[i].info, run->cases[c].info))
            return false;
    return true;
}

static int at_depth(const eb_run *run, const eb_case_info *series, int depth_tok)
{
    for (int i = 0; i < run->n_cases; i++)
        if (same_series(run->cases[i].info, series) && run->cases[i].info->depth_tok == depth_tok)
            return i;
    return -1;
}

static int round_of(const eb_run *run, int trial)
{
    const eb_journal_data *d = run->raw;
    for (int i = 0; i < d->n_trials; i++)
        if (d->trials[i].info.number == trial)
            return d->trials[i].info.round;
    return -1;
}

// A figure of the case in a round; NAN = not known. `inverse`: seconds per token of tokens per second.
static double figure_in(const eb_run *run, int c, const char *key, bool inverse, int round)
{
    const eb_case_result *r = &run->cases[c];
    for (int m = 0; m < r->n_metrics; m++) {
        if (strcmp(r->metrics[m].key, key) != 0)
            continue;
        for (int t = 0; t < r->n_figures; t++) {
            double value = r->figures[m * r->n_figures + t];
            if (round_of(run, r->trial_numbers[t]) == round)
                return inverse ? 1 / value : value;
        }
    }
    return NAN;
}

static const struct {
    const char *what, *unit, *key;
    bool inverse, energy;
} kinds[] = {
    { "j_per_tok", "J/tok", "j_per_tok", false, true },
    { "s_per_decode_tok", "s/tok", "decode_tok_s", true, false },
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static int rounds_of(const eb_run *run)
{
    const eb_journal_data *d = run->raw;
    int most = 0;
    for (int i = 0; i < d->n_trials; i++)
        most = d->trials[i].info.round > most ? d->trials[i].info.round : most;
    return most;
}

static double median_of(double *x, int n)
{
    return n ? eb_median(x, (size_t)n) : NAN;
}

// An end of the interval hangs on the lengths at both of its sides: each has half of what may go wrong.
static void fill_point(const eb_run *run, int kind, eb_crossing_point *p, eb_interval *interval)
{
    const int rounds = rounds_of(run);
    double *kv = eb_alloc(((size_t)rounds + 1) * sizeof *kv), *state = eb_alloc(((size_t)rounds + 1) * sizeof *state),
           *diff = eb_alloc(((size_t)rounds + 1) * sizeof *diff);
    p->n = 0;
    for (int r = 1; r <= rounds; r++) {
        double a = figure_in(run, p->kv_case, kinds[kind].key, kinds[kind].inverse, r),
               b = figure_in(run, p->state_case, kinds[kind].key, kinds[kind].inverse, r);
        if (!isfinite(a) || !isfinite(b))
            continue;
        kv[p->n] = a;
        state[p->n] = b;
        diff[p->n++] = a - b;
    }
    p->kv = median_of(kv, p->n);
    p->state = median_of(state, p->n);
    p->diff = median_of(diff, p->n);
    p->lo = p->hi = NAN;
    const double level = 1 - (1 - run->header->interval_level) / 2;
    if (p->n && !eb_median_interval(diff, (size_t)p->n, level, &p->lo, &p->hi))
        *interval = EB_INTERVAL_RANGE;
    free(kv);
    free(state);
    free(diff);
}

static int by_length(const void *a, const void *b)
{
    const eb_crossing_point *x = a, *y = b;
    return (x->length_tok > y->length_tok) - (x->length_tok < y->length_tok);
}

// Energies of another grade or of other domains are not held against each other.
static bool same_energy(const eb_run *run, const eb_crossing *c, eb_grade *grade)
{
    const eb_metric *first = eb_case_metric(&run->cases[c->points[0].kv_case], "j_per_tok");
    for (int i = 0; i < c->n; i++) {
        const eb_metric *m[] = { eb_case_metric(&run->cases[c->points[i].kv_case], "j_per_tok"),
                                 eb_case_metric(&run->cases[c->points[i].state_case], "j_per_tok") };
        for (int k = 0; k < 2; k++)
            if (!m[k] || !isfinite(m[k]->value) || m[k]->grade != first->grade || !m[k]->from || !first->from ||
                !same_text(m[k]->from->domains, first->from->domains))
                return false;
    }
    *grade = first->grade;
    return true;
}

static bool make(const eb_run *run, int kv, int state, int kind, eb_crossing *out)
{
    eb_crossing c = { .what = kinds[kind].what, .unit = kinds[kind].unit, .interval = EB_INTERVAL_CONFIDENCE };
    int cap = 0;
    for (int i = 0; i < run->n_cases; i++) {
        const eb_case_info *a = run->cases[i].info;
        int other = same_series(a, run->cases[kv].info) ? at_depth(run, run->cases[state].info, a->depth_tok) : -1;
        if (other < 0)
            continue;
        EB_GROW(c.points, c.n, cap);
        c.points[c.n++] = (eb_crossing_point){ .length_tok = a->depth_tok + a->prompt_tok + a->output_tok / 2.0,
                                               .kv_case = i,
                                               .state_case = other };
    }
    if (c.n < 2 || (qsort(c.points, (size_t)c.n, sizeof *c.points, by_length),
                    kinds[kind].energy && !same_energy(run, &c, &c.grade))) {
        free(c.points);
        return false;
    }
    for (int i = 0; i < c.n; i++)
        fill_point(run, kind, &c.points[i], &c.interval);
    eb_crossing_solve(&c);
    *out = c;
    return true;
}

int eb_crossings_find(const eb_run *run, eb_crossing **out)
{
    enum { MOST = 64 };
    int n = 0;
    *out = eb_alloc(MOST * sizeof **out);
    for (int i = 0; i < run->n_cases && n < MOST; i++) {
        if (!has_cache(&run->cases[i]) || !first_of_series(run, i))
            continue;
        for (int k = 0; k < run->n_cases; k++)
            for (int kind = 0; kind < KINDS && n < MOST; kind++)
                n += has_state(&run->cases[k]) && same_work(run->cases[i].info, run->cases[k].info) &&
                     first_of_series(run, k) && make(run, i, k, kind, &(*out)[n]);
    }
    return n;
}

void eb_crossings_free(eb_crossing *list, int n)
{
    for (int i = 0; i < n; i++)
        free(list[i].points);
    free(list);
}

// ---- in words ---------------------------------------------------------------------------------------------------

static void bound(char *buf, size_t size, double tok)
{
    snprintf(buf, size, "%.0f", tok);
}

static char *interval_words(const eb_crossing *c)
{
    char lo[40], hi[40];
    const char *kind = c->interval == EB_INTERVAL_CONFIDENCE ? "95 %" : "by the range of the trials";
    bound(lo, sizeof lo, c->lo_tok);
    bound(hi, sizeof hi, c->hi_tok);
    if (isnan(c->lo_tok))
        return eb_strdup("");
    if (isinf(c->lo_tok) && isinf(c->hi_tok))
        return eb_format(" (%s: anywhere)", kind);
    if (isinf(c->lo_tok))
        return eb_format(" (%s: up to %s)", kind, hi);
    if (isinf(c->hi_tok))
        return eb_format(" (%s: %s or more)", kind, lo);
    return eb_format(" (%s: %s to %s)", kind, lo, hi);
}

char *eb_crossing_words(const eb_crossing *c)
{
    const double first = c->points[0].length_tok, last = c->points[c->n - 1].length_tok;
    char *interval = interval_words(c), *words;
    switch (c->verdict) {
    case EB_CROSSING_FOUND:
        if (isinf(c->lo_tok) && isinf(c->hi_tok)) {
            words = eb_format("not told from which length on the KV cache costs more; the lines meet at %.0f tokens of "
                              "context%s",
                              c->length_tok, interval);
            break;
        }
        words = eb_format("the KV cache costs more from %.0f tokens of context on%s%s", c->length_tok, interval,
                          c->n_rises > 1 ? ", and less again further on" : "");
        break;
    case EB_CROSSING_KV_LESS:
        words = eb_format("the KV cache costs less at every length up to %.0f tokens%s%s", last,
                          *interval ? "; a crossing is not excluded" : "", interval);
        break;
    case EB_CROSSING_STATE_LESS:
        words = eb_format("the state costs less at every length from %.0f tokens on%s%s", first,
                          *interval ? "; a crossing is not excluded" : "", interval);
        break;
    default:
        words = eb_strdup("not known at every length");
    }
    free(interval);
    return words;
}
