// SPDX-License-Identifier: Apache-2.0
// Who leads in a column. Rows of another grade, of other domains, or of another amount of work, are never ranked
// together.
#include "reports/view.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"

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

// Without an interval on one side only the values speak, and they may be equal.
static bool overlap(const eb_metric *a, const eb_metric *b)
{
    if (isnan(eb_text_halfwidth(a)) || isnan(eb_text_halfwidth(b)))
        return a->value == b->value;
    // The sensors are the same ones on both sides: their class tells no two rows apart.
    double x = isfinite(a->budget.sensor_class) ? a->budget.sensor_class : 0;
    double y = isfinite(b->budget.sensor_class) ? b->budget.sensor_class : 0;
    return a->lo + x <= b->hi - y && b->lo + y <= a->hi - x;
}

static eb_mark mark_of(const eb_run *run, const eb_metric *const *values, int better, int i)
{
    const eb_metric *own = values[i];
    int best = best_of(run, values, better, i, own), rivals = 0, close = 0;
    if (best < 0)
        return EB_MARK_NONE;
    const eb_metric *lead = values[best];
    assert(lead);
    if (lead->interval == EB_INTERVAL_RANGE && lead->n < 2)
        return EB_MARK_NONE; // a single trial says nothing of the spread
    for (int k = 0; k < run->n_cases; k++) {
        if (k == best || !values[k] || !eb_rank_same_energy(values[k], own) ||
            !eb_rank_comparable(run->cases[i].info, run->cases[k].info))
            continue;
        rivals++;
        close += overlap(lead, values[k]);
    }
    if (!rivals)
        return EB_MARK_NONE;
    if (i != best)
        return overlap(lead, own) ? EB_MARK_TIED : EB_MARK_NONE;
    return close || isnan(eb_text_halfwidth(lead)) ? EB_MARK_TIED : EB_MARK_BEST;
}

void eb_rank_marks(const eb_run *run, const char *key, eb_mark *marks)
{
    const eb_metric **values = values_of(run, key);
    int better = direction(key);
    for (int i = 0; i < run->n_cases; i++)
        marks[i] = values[i] ? mark_of(run, values, better, i) : EB_MARK_NONE;
    free(values);
}
