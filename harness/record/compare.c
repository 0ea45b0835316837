// SPDX-License-Identifier: Apache-2.0
// Rows into groups of the same work; ratios to the reference; fronts and rankings.
#include "harness/record/compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "harness/record/compare_price.h"
#include "harness/record/compare_work.h"
#include "harness/record/pareto.h"

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

// ---- rows ----

typedef struct draft { // a row before it is in a group
    eb_compare_row row;
    char *key;
    int group, order;
} draft;

static const char *offer_name(const eb_compare *c, int offer)
{
    return offer < 0 ? "config" : c->options.offers[offer].name;
}

static char *label_of(const eb_compare *c, const eb_compare_row *row)
{
    const eb_compare_case *info = &c->runs[row->run]->cases[row->case_index];
    switch (c->options.by) {
    case EB_BY_MACHINE:
        return eb_strdup(c->runs[row->run]->name);
    case EB_BY_MODEL:
        return eb_compare_model(info);
    case EB_BY_TYPE:
        return eb_strdup(info->type);
    default:
        return eb_strdup(offer_name(c, row->offer));
    }
}

// Package and memory of every socket are one kind of sum however many sockets there are.
static void kind_text(const eb_compare_run *run, const eb_compare_case *info, const eb_compare_value *j, char *out,
                      size_t size)
{
    char parts[256] = "";
    bool stated = !strcmp(info->coverage, "as stated"); // the watts are in the name, and are no other kind
    if (stated)
        snprintf(parts, sizeof parts, "stated watts");
    for (const char *p = stated ? "" : info->domains; *p;) {
        size_t len = strcspn(p, "+"), n = len;
        while (n && (p[n - 1] == ' ' || (p[n - 1] >= '0' && p[n - 1] <= '9')))
            n--;
        if (n > 4 && !strncmp(p + n - 5, "-die-", 5))
            for (n -= 5; n && p[n - 1] >= '0' && p[n - 1] <= '9';)
                n--;
        if (n && p[n - 1] == '-')
            n--;
        char one[128];
        snprintf(one, sizeof one, "%.*s", (int)n, p);
        if (!strstr(parts, one))
            snprintf(parts + strlen(parts), sizeof parts - strlen(parts), "%s%s", *parts ? " + " : "", one);
        p += len;
        p += strspn(p, "+ ");
    }
    bool lacks = info->coverage[0] && strcmp(info->coverage, "complete") != 0 && !stated;
    snprintf(out, size, "%s, boundary %s: %s%s%s", eb_grade_name(j->grade), eb_boundary_name(run->boundary), parts,
             lacks ? ", " : "", lacks ? info->coverage : "");
}

static int kind_of(eb_compare *c, const eb_compare_row *row)
{
    const eb_compare_value *j = &row->figures[EB_FIGURE_J_PER_TOK];
    const eb_compare_run *run = c->runs[row->run];
    char text[512];
    if (isnan(j->value) || j->grade == EB_GRADE_NONE)
        return -1;
    kind_text(run, &run->cases[row->case_index], j, text, sizeof text);
    for (int k = 0; k < c->n_kinds; k++)
        if (!strcmp(c->kinds[k], text))
            return k;
    c->kinds = eb_realloc(c->kinds, (size_t)c->n_kinds + 1, sizeof *c->kinds);
    c->kinds[c->n_kinds] = eb_strdup(text);
    return c->n_kinds++;
}

static void copy_figures(eb_compare_row *row, const eb_compare_case *from)
{
    for (int f = 0; f < EB_FIGURE_COUNT; f++) {
        row->figures[f] = from->figures[f];
        double *trials = eb_realloc(NULL, (size_t)from->figures[f].n_trials + 1, sizeof *trials);
        memcpy(trials, from->figures[f].trials, (size_t)from->figures[f].n_trials * sizeof *trials);
        row->figures[f].trials = trials;
    }
}

static bool made_up(const eb_compare *c, const eb_compare_row *row)
{
    eb_cost cost;
    if (row->offer >= 0)
        return c->options.offers[row->offer].value.demonstration;
    eb_cost_from_header(&c->runs[row->run]->text, &cost);
    return cost.demonstration;
}

static void add_row(eb_compare *c, draft **drafts, int *n, int *cap, int run_index, int case_index, int offer)
{
    const eb_compare_run *run = c->runs[run_index];
    eb_compare_row row = { .run = run_index, .case_index = case_index, .offer = offer };
    EB_GROW(*drafts, *n, *cap);
    copy_figures(&row, &run->cases[case_index]);
    eb_offer of_machine = { 0 };
    if (offer >= 0) {
        eb_offer_init(&of_machine, "", &c->options.offers[offer].text);
        eb_offer_of_machine(&of_machine, &run->text);
    }
    eb_compare_price(&row, run, offer >= 0 ? &of_machine : NULL, c->options.slo != NULL);
    eb_offer_deinit(&of_machine);
    row.kind = kind_of(c, &row);
    row.demonstration = made_up(c, &row);
    row.label = label_of(c, &row);
    char *key = eb_compare_key(run, run_index, &run->cases[case_index], c->options.by);
    (*drafts)[*n] = (draft){ .row = row, .key = key, .order = *n };
    ++*n;
}

// The longest name counts: a run `edge-big-20261121-010203` is not of the offer `edge`.
int eb_compare_offer_of(const eb_offer *offers, int n, const eb_compare_run *run)
{
    int best = n == 1 ? 0 : -1;
    size_t longest = 0;
    for (int i = 0; i < n && n > 1; i++) {
        const char *name = offers[i].name;
        size_t len = strlen(name);
        if (len > longest && !strncmp(run->name, name, len) && (run->name[len] == '\0' || run->name[len] == '-')) {
            best = i;
            longest = len;
        }
    }
    return best;
}

static bool has_prices(const eb_compare_run *run)
{
    eb_cost cost;
    eb_cost_from_header(&run->text, &cost);
    return eb_cost_kind_of(&cost) != EB_COST_NONE;
}

static draft *make_drafts(eb_compare *c, int *n)
{
    draft *drafts = NULL;
    int cap = 0;
    *n = 0;
    for (int r = 0; r < c->n_runs; r++)
        for (int k = 0; k < c->runs[r]->n_cases; k++) {
            if (c->options.by != EB_BY_PRICE) {
                add_row(c, &drafts, n, &cap, r, k,
                        eb_compare_offer_of(c->options.offers, c->options.n_offers, c->runs[r]));
                continue;
            }
            for (int o = 0; o < c->options.n_offers; o++)
                add_row(c, &drafts, n, &cap, r, k, o);
            if (has_prices(c->runs[r]))
                add_row(c, &drafts, n, &cap, r, k, -1);
        }
    return drafts;
}

// ---- groups ----

static int by_key(const void *a, const void *b)
{
    const draft *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    return order ? order : x->order - y->order;
}

static int by_group(const void *a, const void *b)
{
    const draft *x = a, *y = b;
    return x->group != y->group ? x->group - y->group : x->order - y->order;
}

static char *title_of(const eb_compare *c, const eb_compare_row *row)
{
    const eb_compare_run *run = c->runs[row->run];
    eb_compare_by by = c->options.by;
    const char *offer = by == EB_BY_PRICE || c->options.n_offers < 2 ? NULL : offer_name(c, row->offer);
    bool with_run = by != EB_BY_MACHINE && c->n_runs > 1;
    return eb_compare_title(run, &run->cases[row->case_index], by == EB_BY_MACHINE ? NULL : offer, by, with_run);
}

// Two of one name: by their workload where that differs, else by the whole of their cases' ids; folders by their paths.
static char *longer_label(const eb_compare *c, const eb_compare_group *g, const eb_compare_row *row)
{
    const eb_compare_run *run = c->runs[row->run];
    const eb_compare_case *own = &run->cases[row->case_index];
    bool by_workload = true;
    if (c->options.by == EB_BY_MACHINE)
        return eb_strdup(run->dir);
    for (int k = g->first; k < g->first + g->n; k++) {
        const eb_compare_row *o = &c->rows[k];
        const eb_compare_case *other = &c->runs[o->run]->cases[o->case_index];
        by_workload = by_workload && (o == row || strcmp(other->workload, own->workload) != 0);
    }
    return eb_format("%s (%s)", row->label, by_workload ? own->workload : own->id);
}

static void tell_apart(eb_compare *c, const eb_compare_group *g)
{
    char **labels = eb_alloc((size_t)g->n * sizeof *labels + 1);
    for (int i = 0; i < g->n; i++)
        for (int k = 0; k < g->n && !labels[i]; k++)
            if (k != i && !strcmp(c->rows[g->first + i].label, c->rows[g->first + k].label))
                labels[i] = longer_label(c, g, &c->rows[g->first + i]);
    for (int i = 0; i < g->n; i++)
        if (labels[i]) {
            free(c->rows[g->first + i].label);
            c->rows[g->first + i].label = labels[i];
        }
    free(labels);
}

static void add_group(eb_compare *c, draft *drafts, int from, int to)
{
    c->groups = eb_realloc(c->groups, (size_t)c->n_groups + 1, sizeof *c->groups);
    eb_compare_group *g = &c->groups[c->n_groups++];
    *g = (eb_compare_group){ .title = title_of(c, &drafts[from].row), .first = c->n_rows, .n = to - from };
    for (int i = from; i < to; i++)
        c->rows[c->n_rows++] = drafts[i].row;
    tell_apart(c, g);
}

static void free_figures(eb_compare_row *row)
{
    for (int f = 0; f < EB_FIGURE_COUNT; f++)
        free(row->figures[f].trials);
    free(row->label);
}

static void add_lone(eb_compare *c, draft *d)
{
    c->lone = eb_realloc(c->lone, (size_t)c->n_lone + 1, sizeof *c->lone);
    c->lone[c->n_lone++] = (eb_compare_lone){ title_of(c, &d->row), eb_strdup(d->row.label), d->row.run };
    free_figures(&d->row);
}

// Groups stand where the first of their rows stood.
static void make_groups(eb_compare *c, draft *drafts, int n)
{
    if (!n)
        return;
    qsort(drafts, (size_t)n, sizeof *drafts, by_key);
    for (int i = 0; i < n; i++)
        drafts[i].group = i && !strcmp(drafts[i].key, drafts[i - 1].key) ? drafts[i - 1].group : drafts[i].order;
    qsort(drafts, (size_t)n, sizeof *drafts, by_group);
    c->rows = eb_realloc(NULL, (size_t)n + 1, sizeof *c->rows);
    for (int i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && drafts[end].group == drafts[i].group; end++)
            ;
        if (end - i > 1)
            add_group(c, drafts, i, end);
        else
            add_lone(c, &drafts[i]);
    }
    for (int i = 0; i < n; i++)
        free(drafts[i].key);
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

static bool mixed(const eb_compare_row *a, const eb_compare_row *b, eb_figure f)
{
    bool both = a->figures[f].grade != EB_GRADE_NONE && b->figures[f].grade != EB_GRADE_NONE;
    return eb_figures[f].energy && both && a->kind != b->kind;
}

static void relate(eb_compare *c, const eb_compare_group *g, int index)
{
    eb_compare_row *row = &c->rows[index];
    const eb_compare_row *ref = &c->rows[g->reference];
    const char *digest = c->runs[row->run]->cases[row->case_index].digest,
               *other = c->runs[ref->run]->cases[ref->case_index].digest;
    row->other_digest = c->options.by == EB_BY_MACHINE && digest[0] && other[0] && strcmp(digest, other) != 0;
    double level = fmax(c->runs[row->run]->level, c->runs[ref->run]->level);
    for (int f = 0; f < EB_FIGURE_COUNT; f++) {
        const eb_compare_value *a = &row->figures[f], *b = &ref->figures[f];
        eb_ratio *r = &row->ratios[f];
        uint64_t seed = XXH64(eb_figures[f].key, strlen(eb_figures[f].key), XXH64(g->title, strlen(g->title), 1));
        *r = (eb_ratio){ .value = NAN, .lo = NAN, .hi = NAN };
        if (index == g->reference) {
            r->word = isnan(a->value) ? EB_WORD_NONE : EB_WORD_REFERENCE;
            continue;
        }
        if (isnan(a->value) || isnan(b->value) || !eb_figures[f].better)
            continue;
        eb_ratio_of_trials(a->trials, a->n_trials, b->trials, b->n_trials, level, seed, r);
        eb_ratio_widen(r, hypot(a->common, b->common), a->sensor + b->sensor);
        eb_ratio_word(r, eb_figures[f].better);
        r->mixed = mixed(row, ref, (eb_figure)f);
    }
}

// ---- fronts and rankings ----

static void find_front(eb_compare *c, eb_compare_group *g)
{
    int m = 0;
    bool joules = false;
    double *x = eb_realloc(NULL, (size_t)g->n * EB_FIGURE_COUNT + 1, sizeof *x);
    for (int f = 0; f < EB_FIGURE_COUNT; f++) {
        g->objectives[f] = eb_figures[f].objective;
        for (int i = 0; i < g->n; i++)
            g->objectives[f] = g->objectives[f] && isfinite(c->rows[g->first + i].figures[f].value);
        m += g->objectives[f];
    }
    int *kinds = eb_alloc((size_t)g->n * sizeof *kinds + 1), k = 0;
    bool *front = eb_alloc((size_t)g->n + 1);
    for (int f = 0; f < EB_FIGURE_COUNT; f++) {
        if (!g->objectives[f])
            continue;
        for (int i = 0; i < g->n; i++) {
            const eb_compare_value *v = &c->rows[g->first + i].figures[f];
            joules = joules || (eb_figures[f].energy && v->grade != EB_GRADE_NONE);
            x[i * m + k] = -eb_figures[f].better * v->value;
        }
        k++;
    }
    for (int i = 0; i < g->n; i++)
        kinds[i] = c->rows[g->first + i].kind;
    eb_pareto_front(x, g->n, m, joules ? kinds : NULL, front);
    for (int i = 0; i < g->n; i++)
        c->rows[g->first + i].front = m > 0 && front[i];
    free(front);
    free(kinds);
    free(x);
}

static void find_ranking(const eb_compare *c, eb_compare_group *g)
{
    eb_cost_curve *curves = eb_realloc(NULL, (size_t)g->n, sizeof *curves);
    bool any = false;
    for (int i = 0; i < g->n; i++) {
        curves[i] = c->rows[g->first + i].curve;
        any = any || curves[i].shared > 0;
    }
    g->leaders = eb_alloc((size_t)g->n * sizeof *g->leaders + 1);
    if (any) {
        g->n_leaders = eb_pareto_leaders(curves, g->n, g->leaders);
        g->n_crossings = eb_pareto_crossings(curves, g->n, &g->crossings);
    }
    for (int i = 0; i < g->n_leaders; i++)
        g->leaders[i].row += g->first;
    for (int i = 0; i < g->n_crossings; i++) {
        g->crossings[i].below += g->first;
        g->crossings[i].above += g->first;
    }
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

static void warn(eb_compare *c)
{
    for (int r = 0; r < c->n_runs; r++) {
        const eb_compare_run *run = c->runs[r];
        if (!run->complete)
            eb_warn(&c->warnings, "%s did not end: these are the trials that finished", run->name);
        if (run->doubt[0])
            eb_warn(&c->warnings,
                    "run.json of %s is not of the raw files beside it: %s; all is computed from them again", run->name,
                    run->doubt);
        if (r && strcmp(run->engine, c->runs[0]->engine) != 0)
            eb_warn(&c->warnings, "%s ran on engine %s, %s on %s: what differs may be the engine", run->name,
                    run->engine, c->runs[0]->name, c->runs[0]->engine);
        if (r && !c->options.slo && !same_limits(run, c->runs[0]))
            eb_warn(&c->warnings,
                    "%s and %s count goodput under different limits, and so their costs: give both the same with --slo",
                    run->name, c->runs[0]->name);
        if (c->options.n_offers > 1 && c->options.by != EB_BY_PRICE &&
            eb_compare_offer_of(c->options.offers, c->options.n_offers, run) < 0)
            eb_warn(&c->warnings, "no offer of the price file bears the name of %s: it %s", run->name,
                    has_prices(run) ? "keeps the prices of its own config" : "has no prices");
        for (int k = 0; k < r && c->options.by == EB_BY_MACHINE; k++)
            if (run->fingerprint[0] && !strcmp(run->fingerprint, c->runs[k]->fingerprint)) {
                eb_warn(&c->warnings, "%s and %s are runs of the same machine", c->runs[k]->name, run->name);
                break;
            }
    }
}

static bool no_common_work(const eb_compare *c, eb_err *err)
{
    if (!c->n_lone)
        return eb_err_set(err, EB_USAGE, "there is nothing to compare: the runs have no cases");
    const eb_compare_lone *first = &c->lone[0], *last = &c->lone[c->n_lone - 1];
    eb_err_set(err, EB_USAGE, "no common work, by %s: nothing is there twice of the %d case%s",
               eb_compare_by_name(c->options.by), c->n_lone, eb_s(c->n_lone));
    if (c->n_lone == 1)
        return eb_err_hint(err, "there is only %.200s", first->title);
    return eb_err_hint(err, "%.80s has %.150s, %.80s has %.150s; another --by may be what differs",
                       c->runs[first->run]->name, first->title, c->runs[last->run]->name, last->title);
}

eb_compare *eb_compare_new(eb_compare_run *const *runs, int n_runs, const eb_compare_options *options, eb_err *err)
{
    int n;
    eb_compare *c = eb_alloc(sizeof *c);
    c->options = *options;
    c->runs = eb_alloc((size_t)n_runs * sizeof(void *) + 1);
    memcpy(c->runs, runs, (size_t)n_runs * sizeof(void *));
    c->n_runs = n_runs;
    draft *drafts = make_drafts(c, &n);
    make_groups(c, drafts, n);
    free(drafts);
    if (c->n_groups ? !find_reference(c, err) : !no_common_work(c, err)) {
        eb_compare_free(c);
        return NULL;
    }
    for (int g = 0; g < c->n_groups; g++) {
        for (int i = c->groups[g].first; i < c->groups[g].first + c->groups[g].n; i++)
            relate(c, &c->groups[g], i);
        find_front(c, &c->groups[g]);
        find_ranking(c, &c->groups[g]);
    }
    warn(c);
    return c;
}

void eb_compare_free(eb_compare *c)
{
    if (!c)
        return;
    for (int i = 0; i < c->n_rows; i++)
        free_figures(&c->rows[i]);
    for (int g = 0; g < c->n_groups; g++) {
        free(c->groups[g].title);
        free(c->groups[g].leaders);
        free(c->groups[g].crossings);
    }
    for (int i = 0; i < c->n_lone; i++) {
        free(c->lone[i].title);
        free(c->lone[i].label);
    }
    for (int k = 0; k < c->n_kinds; k++)
        free(c->kinds[k]);
    eb_warnings_deinit(&c->warnings);
    void *const blocks[] = { c->runs, c->rows, c->groups, c->lone, c->kinds, c };
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        free(blocks[i]);
}
