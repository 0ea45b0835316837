// SPDX-License-Identifier: Apache-2.0
// Groups of the same work: ratios to the reference, fronts and rankings, what has to be said.
#include "harness/record/compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "harness/record/compare_lead.h"
#include "harness/record/compare_phase.h"
#include "harness/record/compare_range.h"
#include "harness/record/compare_rows.h"
#include "harness/record/compare_settings.h"
#include "harness/record/compare_work.h"
#include "harness/record/cost_leaders.h"

static const char *const by_names[EB_BY_COUNT] = { "machine", "model", "type", "price" };

const char *eb_compare_by_name(eb_compare_by by)
{
    return by_names[by];
}

bool eb_compare_by_parse(const char *s, eb_compare_by *out)
{
    for (int i = 0; i < EB_BY_COUNT; i++)
        if (!strcmp(s, by_names[i])) {
            *out = (eb_compare_by)i;
            return true;
        }
    return false;
}

const char *eb_lead_name(eb_lead lead)
{
    static const char *const names[] = { "", "best", "tied", "few", "alone" };
    return names[lead];
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool has_twins(eb_compare_run *const *runs, int n_runs, eb_compare_by by)
{
    char **keys = NULL;
    int n = 0, cap = 0;
    bool twins = false;
    for (int r = 0; r < n_runs; r++)
        for (int k = 0; k < runs[r]->n_cases; k++) {
            EB_GROW(keys, n, cap);
            keys[n++] = eb_compare_key(runs[r], r, &runs[r]->cases[k], by);
        }
    if (n)
        qsort(keys, (size_t)n, sizeof *keys, by_text);
    for (int i = 0; i < n; i++) {
        twins = twins || (i && !strcmp(keys[i], keys[i - 1]));
        if (i)
            free(keys[i - 1]);
    }
    if (n)
        free(keys[n - 1]);
    free(keys);
    return twins;
}

eb_compare_by eb_compare_guess(eb_compare_run *const *runs, int n_runs)
{
    if (n_runs > 1)
        return EB_BY_MACHINE;
    bool models = has_twins(runs, n_runs, EB_BY_MODEL);
    return models || !has_twins(runs, n_runs, EB_BY_TYPE) ? EB_BY_MODEL : EB_BY_TYPE;
}

// ---- relations ----

// The same folder, however it is written.
static bool same_folder(const char *a, const char *b)
{
    while (!strncmp(a, "./", 2))
        a += 2;
    while (!strncmp(b, "./", 2))
        b += 2;
    size_t n = strlen(a), m = strlen(b);
    while (n > 1 && a[n - 1] == '/')
        n--;
    while (m > 1 && b[m - 1] == '/')
        m--;
    return n == m && !strncmp(a, b, n);
}

static bool is_reference(const eb_compare *c, const eb_compare_row *row)
{
    const char *wanted = c->options.reference;
    return same_folder(c->runs[row->run]->dir, wanted) || !strcmp(row->label, wanted) ||
           !strcmp(c->runs[row->run]->name, wanted);
}

static bool find_reference(eb_compare *c, eb_err *err)
{
    bool any = false;
    for (int g = 0; g < c->n_groups; g++) {
        eb_compare_group *group = &c->groups[g];
        group->reference = group->first;
        for (int i = group->first + group->n - 1; c->options.reference && i >= group->first; i--)
            if (is_reference(c, &c->rows[i])) {
                group->reference = i;
                any = true;
            }
    }
    if (any || !c->options.reference)
        return true;
    eb_err_set(err, EB_USAGE, "the reference '%.200s' is none of what is compared", c->options.reference);
    return eb_err_hint(err, "name one of them, such as %s", c->rows[c->groups[0].first].label);
}

static void relate(eb_compare *c, const eb_compare_group *g, int index)
{
    eb_compare_row *row = &c->rows[index];
    const eb_compare_row *ref = &c->rows[g->reference];
    const char *digest = c->runs[row->run]->cases[row->case_index].digest,
               *other = c->runs[ref->run]->cases[ref->case_index].digest;
    row->other_digest = c->options.by == EB_BY_MACHINE && digest[0] && other[0] && strcmp(digest, other) != 0;
    for (int f = 0; f < EB_FIGURE_COUNT; f++) {
        eb_ratio *r = &row->ratios[f];
        if (index != g->reference) {
            eb_compare_relate(c, g, index, g->reference, (eb_figure)f, r);
            continue;
        }
        *r = (eb_ratio){ .value = NAN, .lo = NAN, .hi = NAN };
        r->word = isnan(row->figures[f].value) ? EB_WORD_NONE : EB_WORD_REFERENCE;
    }
}

// ---- rankings ----

// What was measured is known as far as its own interval.
static void take_measured(eb_cost_rival *r, const eb_compare_row *row)
{
    const eb_compare_value *v[] = { &row->figures[EB_FIGURE_GOODPUT], &row->figures[EB_FIGURE_POWER],
                                    &row->figures[EB_FIGURE_IDLE] };
    double *low[] = { &r->load_low.goodput_tok_s, &r->load_low.load_w, &r->load_low.idle_w },
           *high[] = { &r->load_high.goodput_tok_s, &r->load_high.load_w, &r->load_high.idle_w };
    r->load_low = r->load_high = r->load;
    for (int i = 0; i < 3; i++)
        if (v[i]->interval != EB_INTERVAL_NONE && v[i]->lo <= v[i]->value && v[i]->hi >= v[i]->value) {
            *low[i] = fmax(v[i]->lo, 0);
            *high[i] = v[i]->hi;
        }
}

static void find_ranking(const eb_compare *c, eb_compare_group *g)
{
    eb_cost_curve *curves = eb_realloc(NULL, (size_t)g->n, sizeof *curves);
    eb_cost_rival *rivals = eb_realloc(NULL, (size_t)g->n, sizeof *rivals);
    bool any = false;
    for (int i = 0; i < g->n; i++) {
        const eb_compare_row *row = &c->rows[g->first + i];
        curves[i] = row->curve;
        rivals[i] = eb_compare_rival(c, row);
        take_measured(&rivals[i], row);
        if (isnan(curves[i].flat))
            eb_cost_rival_pass_over(&rivals[i]);
        any = any || curves[i].shared > 0;
    }
    if (any) {
        eb_cost_turns_init(&g->turns, rivals, g->n);
        g->n_crossings = eb_cost_crossings(curves, g->n, &g->crossings);
    }
    for (int i = 0; i < g->turns.n; i++)
        for (int k = 0; k < g->turns.items[i].n; k++)
            g->turns.items[i].who[k] += g->first;
    for (int i = 0; i < g->n_crossings; i++) {
        g->crossings[i].below += g->first;
        g->crossings[i].above += g->first;
    }
    free(rivals);
    free(curves);
}

// ---- what has to be said ----

static bool same_limits(const eb_compare_run *a, const eb_compare_run *b)
{
    static const char *const keys[] = { "ttft", "tpot", "e2e" };
    for (int i = 0; i < 3; i++) {
        const char *x = eb_compare_setting(a, "slo", NULL, keys[i]), *y = eb_compare_setting(b, "slo", NULL, keys[i]);
        if (strcmp(x ? x : "", y ? y : "") != 0)
            return false;
    }
    return true;
}

static bool has_trials(const eb_compare_run *run)
{
    for (int i = 0; i < run->n_cases; i++)
        if (run->cases[i].n_trials)
            return true;
    return false;
}

// Of a run by itself.
static void warn_of_run(eb_compare *c, const eb_compare_run *run)
{
    if (!run->complete)
        eb_warn(&c->warnings, "%s did not end%s", run->name,
                has_trials(run) ? ": these are the trials that finished"
                                : " and no trial of it finished: it has no figures");
    if (!strcmp(run->engine, "null"))
        eb_warn(&c->warnings, "%s is simulated by engine = null: nothing was measured", run->name);
    if (run->doubt[0])
        eb_warn(&c->warnings, "run.json of %s %s", run->name, run->doubt);
    if (c->options.n_offers > 1 && c->options.by != EB_BY_PRICE &&
        eb_compare_offer_of(c->options.offers, c->options.n_offers, run) < 0)
        eb_warn(&c->warnings, "no offer of the price file bears the name of %s: it %s", run->name,
                eb_compare_has_prices(run) ? "keeps the prices of its own config" : "has no prices");
}

static void warn_of_pair(eb_compare *c, const eb_compare_run *first, const eb_compare_run *run)
{
    if (strcmp(run->engine, first->engine) != 0)
        eb_warn(&c->warnings, "%s ran on engine %s, %s on %s: what differs may be the engine", run->name, run->engine,
                first->name, first->engine);
    if (!c->options.slo && !same_limits(run, first))
        eb_warn(&c->warnings,
                "%s and %s count goodput under different limits, and so their costs: give both the same with --slo",
                run->name, first->name);
}

// The first run before it that is the same one, or else of the same machine.
static void warn_of_twins(eb_compare *c, const bool *compared, int r)
{
    const eb_compare_run *run = c->runs[r], *copy = NULL, *machine = NULL;
    for (int k = r - 1; k >= 0; k--) {
        const eb_compare_run *other = c->runs[k];
        if (!compared[k])
            continue;
        copy = run->identity[0] && !strcmp(run->identity, other->identity) ? other : copy;
        machine = run->fingerprint[0] && !strcmp(run->fingerprint, other->fingerprint) ? other : machine;
    }
    if (copy)
        eb_warn(&c->warnings, "%s and %s are the same run: their raw files are the same", copy->name, run->name);
    else if (machine && c->options.by == EB_BY_MACHINE)
        eb_warn(&c->warnings, "%s and %s are runs of the same machine", machine->name, run->name);
}

// Only runs that stand in a row: what is left out explains nothing.
static void warn(eb_compare *c)
{
    bool *compared = eb_alloc((size_t)c->n_runs * sizeof *compared + 1);
    const eb_compare_run *first = NULL;
    for (int i = 0; i < c->n_rows; i++)
        compared[c->rows[i].run] = true;
    for (int r = 0; r < c->n_runs; r++) {
        const eb_compare_run *run = c->runs[r];
        if (!compared[r])
            continue;
        warn_of_run(c, run);
        if (first)
            warn_of_pair(c, first, run);
        first = first ? first : run;
        warn_of_twins(c, compared, r);
    }
    free(compared);
}

static bool some_imported(const eb_compare *c)
{
    int n = 0;
    for (int r = 0; r < c->n_runs; r++)
        n += eb_compare_imported(c->runs[r]);
    return n > 0 && n < c->n_runs && c->options.by == EB_BY_MACHINE;
}

static bool no_common_work(const eb_compare *c, eb_err *err)
{
    bool by_price = c->options.by == EB_BY_PRICE, cases = false;
    for (int r = 0; r < c->n_runs; r++)
        cases = cases || c->runs[r]->n_cases;
    if (by_price && cases && !c->n_lone) {
        eb_err_set(err, EB_USAGE, "there is nothing to compare by price: the runs have no prices of their own");
        return eb_err_hint(err, "give some with --prices FILE (configs/prices/)");
    }
    if (!c->n_lone)
        return eb_err_set(err, EB_USAGE, "there is nothing to compare: the runs have no cases");
    if (by_price) {
        eb_err_set(err, EB_USAGE, "no common work, by price: no work has two prices");
        return eb_err_hint(err, "give others with --prices FILE (configs/prices/)");
    }
    const eb_compare_lone *first = &c->lone[0], *last = &c->lone[c->n_lone - 1];
    eb_err_set(err, EB_USAGE, "no common work, by %s: nothing is there twice of the %d case%s",
               eb_compare_by_name(c->options.by), c->n_lone, eb_s(c->n_lone));
    if (some_imported(c))
        return eb_err_hint(err,
                           "a case of ours is llama-bench's pp PROMPT at its depth and tg OUTPUT-1 at depth + PROMPT; "
                           "parameters, type, batch and cache type must be the same too");
    if (c->n_lone == 1)
        return eb_err_hint(err, "the only case is %.200s", first->title);
    return eb_err_hint(err, "%.80s has %.150s, %.80s has %.150s; another --by may be what differs",
                       c->runs[first->run]->name, first->title, c->runs[last->run]->name, last->title);
}

eb_compare *eb_compare_new(eb_compare_run *const *runs, int n_runs, const eb_compare_options *options, eb_err *err)
{
    eb_compare *c = eb_alloc(sizeof *c);
    c->options = *options;
    c->runs = eb_alloc((size_t)n_runs * sizeof(void *) + 1);
    memcpy(c->runs, runs, (size_t)n_runs * sizeof(void *));
    c->n_runs = n_runs;
    eb_compare_group_rows(c);
    if (c->n_groups ? !find_reference(c, err) : !no_common_work(c, err)) {
        eb_compare_free(c);
        return NULL;
    }
    for (int g = 0; g < c->n_groups; g++) {
        for (int i = c->groups[g].first; i < c->groups[g].first + c->groups[g].n; i++)
            relate(c, &c->groups[g], i);
        eb_compare_rank(c, &c->groups[g]);
        find_ranking(c, &c->groups[g]);
    }
    eb_compare_find_differences(c);
    warn(c);
    return c;
}

void eb_compare_free(eb_compare *c)
{
    if (!c)
        return;
    for (int i = 0; i < c->n_rows; i++)
        eb_compare_free_figures(&c->rows[i]);
    for (int g = 0; g < c->n_groups; g++) {
        free(c->groups[g].title);
        eb_cost_turns_deinit(&c->groups[g].turns);
        free(c->groups[g].crossings);
    }
    for (int i = 0; i < c->n_lone; i++) {
        free(c->lone[i].title);
        free(c->lone[i].label);
    }
    for (int k = 0; k < c->n_kinds; k++)
        free(c->kinds[k]);
    eb_compare_free_differences(c);
    eb_warnings_deinit(&c->warnings);
    void *const blocks[] = { c->runs, c->rows, c->groups, c->lone, c->kinds, c };
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        free(blocks[i]);
}
