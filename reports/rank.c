// SPDX-License-Identifier: Apache-2.0
// Who leads in a column. Rows of another grade, of other domains, or of another amount of work, are never ranked
// together.
#include "reports/view.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "harness/base/bootstrap.h"
#include "harness/base/mem.h"
#include "harness/record/compare_ratio.h"

static bool same_text(const char *a, const char *b)
{
    return !strcmp(a ? a : "", b ? b : "");
}

bool eb_rank_comparable(const eb_case_info *a, const eb_case_info *b)
{
    return a->prompt_tok == b->prompt_tok && a->output_tok == b->output_tok && a->batch == b->batch &&
           a->depth_tok == b->depth_tok && same_text(a->load, b->load);
}

const eb_metric *eb_rank_value(const eb_case_result *c, const char *key)
{
    const eb_metric *m = eb_case_metric(c, key);
    return m && isfinite(m->value) ? m : NULL;
}

bool eb_rank_same_energy(const eb_metric *a, const eb_metric *b)
{
    return a->grade == b->grade && same_text(a->from ? a->from->domains : "", b->from ? b->from->domains : "");
}

static bool same_kind(const eb_run *run, int a, int b)
{
    const eb_metric *x = eb_rank_value(&run->cases[a], "j_per_tok"), *y = eb_rank_value(&run->cases[b], "j_per_tok");
    const eb_provenance *p = &run->cases[a].energy, *q = &run->cases[b].energy;
    return x && y && x->grade == y->grade && same_text(p->source, q->source) && same_text(p->domains, q->domains) &&
           same_text(p->coverage, q->coverage);
}

int eb_energy_kind(const eb_run *run, int c)
{
    int kind = 0;
    if (!eb_rank_value(&run->cases[c], "j_per_tok"))
        return -1;
    for (int i = 0; i < c; i++) {
        bool known = same_kind(run, i, i), seen = false;
        if (known && same_kind(run, i, c))
            return eb_energy_kind(run, i);
        for (int k = 0; k < i && !seen; k++)
            seen = same_kind(run, k, i);
        kind += known && !seen;
    }
    return kind;
}

int eb_energy_kinds(const eb_run *run)
{
    int most = -1;
    for (int i = 0; i < run->n_cases; i++) {
        int kind = eb_energy_kind(run, i);
        most = kind > most ? kind : most;
    }
    return most + 1;
}

static int direction(const char *key)
{
    for (const eb_metric_def *d = eb_metric_table; d->key; d++)
        if (!strcmp(d->key, key))
            return d->better;
    return 0;
}

static bool better_than(int better, double a, double b)
{
    return better > 0 ? a > b : a < b;
}

// The metric of every case, NULL where it has no value. Looked up once: ranking compares every row with every other.
static const eb_metric **values_of(const eb_run *run, const char *key)
{
    const eb_metric **values = eb_alloc((size_t)run->n_cases * sizeof *values);
    for (int i = 0; i < run->n_cases; i++)
        values[i] = eb_rank_value(&run->cases[i], key);
    return values;
}

// Best of what may be ranked with `own`, a value of case `like`.
static int best_of(const eb_run *run, const eb_metric *const *values, int better, int like, const eb_metric *own)
{
    int best = -1;
    for (int i = 0; i < run->n_cases && better; i++) {
        const eb_metric *m = values[i];
        if (!m || !eb_rank_same_energy(m, own) || !eb_rank_comparable(run->cases[i].info, run->cases[like].info))
            continue;
        if (best < 0 || better_than(better, m->value, values[best]->value))
            best = i;
    }
    return best;
}

int eb_rank_best(const eb_run *run, const char *key, int like, eb_grade grade)
{
    const eb_metric **values = values_of(run, key), *own = NULL;
    for (int i = 0; i < run->n_cases && !own; i++)
        if (values[i] && values[i]->grade == grade && eb_rank_comparable(run->cases[i].info, run->cases[like].info))
            own = values[i];
    int best = own ? best_of(run, values, direction(key), like, own) : -1;
    free(values);
    return best;
}

enum { APART, SAME, WITHIN_NOISE, TOO_FEW }; // two values of a column

// Its own interval of what is no median over trials; without one only the values speak, and they may be equal.
static int by_intervals(const eb_metric *a, const eb_metric *b)
{
    if (isnan(eb_text_halfwidth(a)) || isnan(eb_text_halfwidth(b)))
        return a->value == b->value ? SAME : APART;
    // The sensors are the same ones on both sides: their class tells no two rows apart.
    double x = isfinite(a->budget.sensor_class) ? a->budget.sensor_class : 0;
    double y = isfinite(b->budget.sensor_class) ? b->budget.sensor_class : 0;
    return a->lo + x <= b->hi - y && b->lo + y <= a->hi - x ? WITHIN_NOISE : APART;
}

static const double *trials_of(const eb_case_result *c, const eb_metric *m, int *n)
{
    *n = 0;
    const double *x = c->figures ? c->figures + (m - c->metrics) * c->n_figures : NULL;
    for (int i = 0; x && i < c->n_figures; i++)
        *n += isfinite(x[i]);
    return x;
}

// Whole units and the baseline, relative; the sensors are the same ones on both sides.
static double common(const eb_metric *m)
{
    double quantum = m->budget.largest ? fmax(0, m->budget.quantisation) : 0,
           base = m->budget.largest ? fmax(0, m->budget.baseline) : 0;
    return m->value > 0 ? hypot(isfinite(quantum) ? quantum : 0, isfinite(base) ? base : 0) / m->value : 0;
}

// As the words of a comparison have it: the interval of the ratio of the trials' medians lies within what counts as the
// same, or it excludes 1; then neither do the intervals overlap that are shown beside the values.
static int told_apart(const eb_run *run, const eb_metric *const *values, int better, int lead, int other)
{
    const eb_case_result *a = &run->cases[other], *b = &run->cases[lead];
    const eb_metric *m = values[other], *best = values[lead];
    int na, nb;
    const double *x = trials_of(a, m, &na), *y = trials_of(b, best, &nb);
    if (m->interval == EB_INTERVAL_RANGE || best->interval == EB_INTERVAL_RANGE)
        return TOO_FEW;
    eb_ratio r;
    double together = hypot(common(m), common(best));
    int shown = by_intervals(m, best);
    if (na < EB_BOOTSTRAP_TRIALS_MIN || nb < EB_BOOTSTRAP_TRIALS_MIN)
        return shown;
    bool bound = eb_ratio_bound(x, a->n_figures, y, b->n_figures, &r);
    eb_ratio_widen(&r, together, 0);
    eb_ratio_word(&r, better);
    if (!bound || (r.word != EB_WORD_WORSE && r.word != EB_WORD_SAME)) {
        uint64_t seed = XXH64(m->key, strlen(m->key), 1);
        eb_ratio_of_trials(x, a->n_figures, y, b->n_figures, run->header->interval_level, seed, &r);
        eb_ratio_widen(&r, together, 0);
        eb_ratio_word(&r, better);
    }
    if (isnan(r.value) || r.word == EB_WORD_SAME)
        return isnan(r.value) ? shown : SAME;
    return r.word == EB_WORD_WORSE && shown != WITHIN_NOISE ? APART : WITHIN_NOISE;
}

// Who may be ranked with the best of a column, and how many of them it does not lead.
static eb_rank_rivals rivals_of(const eb_run *run, const eb_metric *const *values, int better, int best)
{
    eb_rank_rivals r = { 0 };
    for (int k = 0; k < run->n_cases; k++) {
        if (k == best || !values[k] || !eb_rank_same_energy(values[k], values[best]) ||
            !eb_rank_comparable(run->cases[best].info, run->cases[k].info))
            continue;
        int how = told_apart(run, values, better, best, k);
        r.n++;
        r.same += how == SAME;
        r.tied += how == WITHIN_NOISE;
        r.few += how == TOO_FEW;
    }
    return r;
}

static eb_mark mark_of(const eb_run *run, const eb_metric *const *values, int better, int i)
{
    int best = best_of(run, values, better, i, values[i]);
    if (best < 0)
        return EB_MARK_NONE;
    assert(values[best]);
    if (i != best) {
        int how = told_apart(run, values, better, best, i);
        return how == SAME || how == WITHIN_NOISE ? EB_MARK_TIED : EB_MARK_NONE;
    }
    bool spread = !isnan(eb_text_halfwidth(values[i]));
    if (!spread && values[i]->value == 0) // a 0 is exact
        return EB_MARK_NONE;
    eb_rank_rivals r = rivals_of(run, values, better, best);
    if (r.same || r.tied)
        return EB_MARK_TIED;
    if (!r.n || r.few) // alone, or too few trials to say
        return EB_MARK_NONE;
    return spread ? EB_MARK_BEST : EB_MARK_TIED; // it leads by its value, of whose spread nothing is known
}

eb_rank_rivals eb_rank_rivals_of(const eb_run *run, const char *key, int best)
{
    const eb_metric **values = values_of(run, key);
    eb_rank_rivals r = { 0 };
    if (values[best] && direction(key))
        r = rivals_of(run, values, direction(key), best);
    free(values);
    return r;
}

void eb_rank_marks(const eb_run *run, const char *key, eb_mark *marks)
{
    const eb_metric **values = values_of(run, key);
    int better = direction(key);
    for (int i = 0; i < run->n_cases; i++)
        marks[i] = values[i] ? mark_of(run, values, better, i) : EB_MARK_NONE;
    free(values);
}

// ---- the front of two metrics ----

typedef struct pair {
    const eb_run *run;
    const eb_metric **values[2];
    int better[2];
} pair;

static bool held_together(const void *ctx, int a, int b)
{
    const pair *p = ctx;
    for (int k = 0; k < 2; k++)
        if (!p->values[k][a] || !p->values[k][b] || !eb_rank_same_energy(p->values[k][a], p->values[k][b]))
            return false;
    return eb_rank_comparable(p->run->cases[a].info, p->run->cases[b].info);
}

static int order_of(const void *ctx, int a, int b, int k)
{
    const pair *p = ctx;
    double x = p->values[k][a]->value, y = p->values[k][b]->value;
    return x == y ? 0 : better_than(p->better[k], x, y) ? 1 : -1;
}

static bool is_clear(const void *ctx, int a, int b, int k)
{
    const pair *p = ctx;
    bool ahead = order_of(ctx, a, b, k) > 0;
    return told_apart(p->run, p->values[k], p->better[k], ahead ? a : b, ahead ? b : a) == APART;
}

void eb_rank_fronts(const eb_run *run, const char *key, const char *other, eb_front *out)
{
    pair p = { run, { values_of(run, key), values_of(run, other) }, { direction(key), direction(other) } };
    const eb_front_rows rows = {
        .n = run->n_cases, .n_objectives = 2, .together = held_together, .order = order_of, .clear = is_clear, .ctx = &p
    };
    for (int i = 0; i < run->n_cases; i++)
        out[i] = p.values[0][i] && p.values[1][i] ? eb_front_of(&rows, i) : EB_FRONT_BEATEN;
    free(p.values[0]);
    free(p.values[1]);
}
