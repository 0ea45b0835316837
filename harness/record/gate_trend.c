// SPDX-License-Identifier: Apache-2.0
// What the history says of today: the accepted level, and where it changed before.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/base/units.h"
#include "harness/record/gate_history.h"
#include "harness/record/gate_impl.h"
#include "harness/record/gate_stats.h"

enum { SIDE_LEAST = 5, LEVEL_ENTRIES = 20, BLOCK_LEAST = 5 };
#define CHANGE_P 0.001
#define MADS     3

// ---- change-points --------------------------------------------------------------------------------------------

static double welch_p(const double *x, int na, int nb, double *difference)
{
    double ma = eb_mean(x, (size_t)na), mb = eb_mean(x + na, (size_t)nb);
    double va = pow(eb_stddev(x, (size_t)na), 2) / na, vb = pow(eb_stddev(x + na, (size_t)nb), 2) / nb;
    *difference = mb - ma;
    if (!(va + vb > 0))
        return ma == mb ? 1 : 0;
    double df = (va + vb) * (va + vb) / (va * va / (na - 1) + vb * vb / (nb - 1));
    return 2 * eb_student_tail(fabs(mb - ma) / sqrt(va + vb), df < 1 ? 1 : (int)df);
}

static int split(const double *x, int from, int to, double least, int *at, int n, int max)
{
    int best = -1, splits = to - from - 2 * SIDE_LEAST + 1;
    double best_p = 1, best_d = 0;
    for (int k = from + SIDE_LEAST; k <= to - SIDE_LEAST; k++) {
        double d, p = welch_p(x + from, k - from, to - k, &d);
        if (p < best_p || (p == best_p && fabs(d) > fabs(best_d))) {
            best_p = p;
            best_d = d;
            best = k;
        }
    }
    if (best < 0 || best_p * splits > CHANGE_P || fabs(best_d) < least || n == max)
        return n;
    n = split(x, from, best, least, at, n, max);
    if (n < max)
        at[n++] = best;
    return split(x, best, to, least, at, n, max);
}

int eb_history_changes(const double *x, int n, double least, int *at, int max)
{
    return split(x, 0, n, least, at, 0, max);
}

// ---- trends -----------------------------------------------------------------------------------------------------

// ln of the accepted values of one metric, in order; `entry` gets where they stand. Both [h->n].
static int series_of(const eb_history *h, const char *id, const char *key, double *x, int *entry)
{
    int n = 0;
    for (int i = 0; i < h->n; i++)
        for (int k = 0; h->entries[i].accepted && k < h->entries[i].n_values; k++) {
            const eb_history_value *v = &h->entries[i].values[k];
            if (strcmp(v->id, id) != 0 || strcmp(v->key, key) != 0)
                continue;
            x[n] = log(v->value);
            entry[n++] = i;
            break;
        }
    return n;
}

// Of the last level only: since the last change, or the last entry that was accepted with a reason.
static int level_from(const eb_history *h, const eb_check_trend *t, const int *entry, int n)
{
    int from = t->n_changes ? t->changes[t->n_changes - 1].place : 0;
    for (int i = from; i < n; i++)
        if (h->entries[entry[i]].reason[0])
            from = i;
    return n - from > LEVEL_ENTRIES ? n - LEVEL_ENTRIES : from;
}

static void find_changes(const eb_history *h, const double *x, const int *entry, int n, double least, eb_check_trend *t)
{
    int at[EB_CHECK_CHANGES] = { 0 };
    t->n_changes = eb_history_changes(x, n, least, at, EB_CHECK_CHANGES);
    for (int i = 0; i < t->n_changes; i++) {
        int before = i ? at[i - 1] : 0, after = i + 1 < t->n_changes ? at[i + 1] : n;
        double d = eb_mean(x + at[i], (size_t)(after - at[i])) - eb_mean(x + before, (size_t)(at[i] - before));
        t->changes[i] = (eb_check_level){ .place = at[i], .change_frac = expm1(d) };
        snprintf(t->changes[i].utc, sizeof t->changes[i].utc, "%s", h->entries[entry[at[i]]].utc);
    }
}

static double mad(const double *x, int n, double median)
{
    double *d = eb_realloc(NULL, (size_t)n + 1, sizeof *d);
    for (int i = 0; i < n; i++)
        d[i] = fabs(x[i] - median);
    double m = 1.4826 * eb_median(d, (size_t)n);
    free(d);
    return m;
}

static void block_on(eb_check *c, const eb_check_case *k, const eb_check_metric *m, const eb_check_trend *t,
                     double spread)
{
    const eb_gate_limits *l = &c->options.limits[m->cls];
    double worse = (m->more_is_worse ? 1 : -1) * log1p(t->change_frac);
    if (!m->gated || t->n < BLOCK_LEAST || c->verdict == EB_GATE_INVALID || c->verdict == EB_GATE_FAIL ||
        worse <= log1p(l->limit_frac) || worse <= MADS * spread)
        return;
    free(c->because);
    c->because = eb_format("%s of %s is worse by %.1f %% than the history's level of %d gates (limit %g %%)", m->key,
                           k->id, 100 * expm1(worse), t->n, 100 * l->limit_frac);
    c->verdict = EB_GATE_FAIL;
}

static void one_trend(const eb_history *h, eb_check *c, const eb_check_case *k, const eb_check_metric *m, bool block)
{
    double *x = eb_realloc(NULL, (size_t)h->n + 1, sizeof *x);
    int *entry = eb_realloc(NULL, (size_t)h->n + 1, sizeof *entry);
    int n = series_of(h, k->cand_id, m->key, x, entry);
    if (n > 0 && m->cand_median > 0) {
        c->trends = eb_realloc(c->trends, (size_t)c->n_trends + 1, sizeof *c->trends);
        eb_check_trend *t = &c->trends[c->n_trends++];
        *t = (eb_check_trend){ .id = k->id, .key = m->key, .unit = m->unit, .n_all = n };
        find_changes(h, x, entry, n, log1p(c->options.limits[m->cls].margin_frac), t);
        int from = level_from(h, t, entry, n);
        double level = eb_median(x + from, (size_t)(n - from));
        t->n = n - from;
        t->level = exp(level);
        t->change_frac = m->cand_median / t->level - 1;
        if (block)
            block_on(c, k, m, t, mad(x + from, n - from, level));
    }
    free(x);
    free(entry);
}

// Who asked to be stopped and cannot be yet should know.
static void note_few(eb_check *c)
{
    int most = 0;
    for (int i = 0; i < c->n_trends; i++)
        most = c->trends[i].n > most ? c->trends[i].n : most;
    if (most >= BLOCK_LEAST || c->verdict == EB_GATE_INVALID)
        return;
    char *text = eb_format("--block had no say: the history has %d accepted line%s of this level, and it needs %d",
                           most, eb_s(most), BLOCK_LEAST);
    eb_check_say(&c->notes, &c->n_notes, text);
    free(text);
}

void eb_history_compare(const eb_history *h, eb_check *c, bool block)
{
    for (int i = 0; i < c->n_cases; i++)
        for (int k = 0; k < c->cases[i].n_metrics; k++)
            if (!c->cases[i].metrics[k].explains)
                one_trend(h, c, &c->cases[i], &c->cases[i].metrics[k], block);
    if (block)
        note_few(c);
}
