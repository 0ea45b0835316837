// SPDX-License-Identifier: Apache-2.0
#include "harness/record/compare_rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/record/compare_phase.h"
#include "harness/record/compare_price.h"
#include "harness/record/compare_work.h"

typedef struct draft { // a row before it is in a group
    eb_compare_row row;
    char *key;
    int group, order;
    bool derived; // a phase of a case that has a draft of its own
} draft;

typedef struct drafts {
    draft *items;
    int n, cap;
} drafts;

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

// Joules per token are not known where a trial made no token; those of other figures are of the same kind.
static const eb_compare_value *known_energy(const eb_compare_row *row)
{
    static const eb_figure from[] = { EB_FIGURE_J_PER_TOK, EB_FIGURE_TOK_PER_J, EB_FIGURE_POWER };
    for (size_t i = 0; i < sizeof from / sizeof *from; i++)
        if (!isnan(row->figures[from[i]].value) && row->figures[from[i]].grade != EB_GRADE_NONE)
            return &row->figures[from[i]];
    return NULL;
}

// Sets the row's grade too.
static int kind_of(eb_compare *c, eb_compare_row *row)
{
    const eb_compare_value *j = known_energy(row);
    const eb_compare_run *run = c->runs[row->run];
    char text[512];
    row->grade = j ? j->grade : EB_GRADE_NONE;
    if (!j)
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

static void add_row(eb_compare *c, drafts *d, int run_index, int case_index, int offer, eb_work_phase phase)
{
    const eb_compare_run *run = c->runs[run_index];
    eb_compare_row row = { .run = run_index, .case_index = case_index, .offer = offer };
    char *key = phase ? eb_compare_phase_key(run, &run->cases[case_index], phase) : NULL;
    bool derived = phase && !eb_compare_imported(run);
    if (derived && !key)
        return;
    EB_GROW(d->items, d->n, d->cap);
    copy_figures(&row, &run->cases[case_index]);
    eb_offer of_machine = { 0 };
    if (offer >= 0) {
        eb_offer_init(&of_machine, "", &c->options.offers[offer].text);
        eb_offer_of_machine(&of_machine, &run->text);
    }
    eb_compare_price(&row, run, offer >= 0 ? &of_machine : NULL, c->options.slo != NULL);
    eb_offer_deinit(&of_machine);
    row.kind = -1; // that of rows which are in no group would be a kind of nothing
    row.demonstration = made_up(c, &row);
    row.label = label_of(c, &row);
    if (key)
        eb_compare_phase_only(&row, phase);
    key = key ? key : eb_compare_key(run, run_index, &run->cases[case_index], c->options.by);
    d->items[d->n] = (draft){ .row = row, .key = key, .order = d->n, .derived = derived };
    d->n++;
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

bool eb_compare_has_prices(const eb_compare_run *run)
{
    eb_cost cost;
    eb_cost_from_header(&run->text, &cost);
    return eb_cost_kind_of(&cost) != EB_COST_NONE;
}

// Tests of llama-bench beside cases of ours: those are taken by their phases as well.
static bool by_phases(const eb_compare *c)
{
    bool theirs = false, ours = false;
    for (int r = 0; r < c->n_runs; r++)
        *(eb_compare_imported(c->runs[r]) ? &theirs : &ours) = true;
    return theirs && ours && c->options.by == EB_BY_MACHINE;
}

static void add_case(eb_compare *c, drafts *d, int r, int k, bool phases)
{
    int offer = eb_compare_offer_of(c->options.offers, c->options.n_offers, c->runs[r]);
    bool imported = eb_compare_imported(c->runs[r]);
    add_row(c, d, r, k, offer, phases && imported ? eb_compare_phase_of(&c->runs[r]->cases[k]) : EB_WORK_WHOLE);
    for (eb_work_phase p = EB_WORK_PROMPT; p <= EB_WORK_OUTPUT && phases && !imported; p++)
        add_row(c, d, r, k, offer, p);
}

static drafts make_drafts(eb_compare *c)
{
    drafts d = { 0 };
    bool phases = by_phases(c);
    for (int r = 0; r < c->n_runs; r++)
        for (int k = 0; k < c->runs[r]->n_cases; k++) {
            if (c->options.by != EB_BY_PRICE) {
                add_case(c, &d, r, k, phases);
                continue;
            }
            for (int o = 0; o < c->options.n_offers; o++)
                add_row(c, &d, r, k, o, EB_WORK_WHOLE);
            if (eb_compare_has_prices(c->runs[r]))
                add_row(c, &d, r, k, -1, EB_WORK_WHOLE);
        }
    return d;
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
    if (row->phase)
        return eb_compare_phase_title(run, &run->cases[row->case_index], row->phase);
    const char *offer = by == EB_BY_PRICE || c->options.n_offers < 2 ? NULL : offer_name(c, row->offer);
    bool with_run = by != EB_BY_MACHINE && c->n_runs > 1;
    return eb_compare_title(run, &run->cases[row->case_index], by == EB_BY_MACHINE ? NULL : offer, by, with_run);
}

// Two of one name: by their workload where that differs, else by the whole of their cases' ids; folders by their paths,
// and two cases of one run (as the same phase) by their workloads too.
static char *longer_label(const eb_compare *c, const eb_compare_group *g, const eb_compare_row *row)
{
    const eb_compare_run *run = c->runs[row->run];
    const eb_compare_case *own = &run->cases[row->case_index];
    bool by_machine = c->options.by == EB_BY_MACHINE, by_workload = true, folders = false, cases = !by_machine;
    for (int k = g->first; k < g->first + g->n; k++) {
        const eb_compare_row *o = &c->rows[k];
        const eb_compare_case *other = &c->runs[o->run]->cases[o->case_index];
        bool within = o != row && (o->run == row->run || !by_machine);
        folders = folders || (by_machine && o->run != row->run && !strcmp(c->runs[o->run]->name, run->name));
        cases = cases || within;
        by_workload = by_workload && (!within || strcmp(other->workload, own->workload) != 0);
    }
    const char *name = folders ? run->dir : row->label;
    return cases ? eb_format("%s (%s)", name, by_workload ? own->workload : own->id) : eb_strdup(name);
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

static void add_group(eb_compare *c, draft *items, int from, int to)
{
    c->groups = eb_realloc(c->groups, (size_t)c->n_groups + 1, sizeof *c->groups);
    eb_compare_group *g = &c->groups[c->n_groups++];
    *g = (eb_compare_group){ .title = title_of(c, &items[from].row), .first = c->n_rows, .n = to - from };
    for (int i = from; i < to; i++) {
        eb_compare_row *row = &c->rows[c->n_rows++];
        *row = items[i].row;
        row->kind = kind_of(c, row);
    }
    tell_apart(c, g);
}

void eb_compare_free_figures(eb_compare_row *row)
{
    for (int f = 0; f < EB_FIGURE_COUNT; f++)
        free(row->figures[f].trials);
    free(row->label);
}

static void add_lone(eb_compare *c, draft *d)
{
    c->lone = eb_realloc(c->lone, (size_t)c->n_lone + 1, sizeof *c->lone);
    c->lone[c->n_lone++] = (eb_compare_lone){ title_of(c, &d->row), eb_strdup(d->row.label), d->row.run };
    eb_compare_free_figures(&d->row);
}

// Is there a group of a phase of this case?
static bool in_phases(const eb_compare *c, const eb_compare_row *row)
{
    for (int i = 0; i < c->n_rows; i++)
        if (c->rows[i].phase && c->rows[i].run == row->run && c->rows[i].case_index == row->case_index)
            return true;
    return false;
}

// A group is of two rows; phases of ours alone are none: their cases are compared whole.
static bool is_group(const draft *from, const draft *end)
{
    bool derived = true;
    for (const draft *d = from; d < end; d++)
        derived = derived && d->derived;
    return end - from > 1 && !derived;
}

// Groups stand where the first of their rows stood.
static void make_groups(eb_compare *c, draft *items, int n)
{
    if (!n)
        return;
    qsort(items, (size_t)n, sizeof *items, by_key);
    for (int i = 0; i < n; i++)
        items[i].group = i && !strcmp(items[i].key, items[i - 1].key) ? items[i - 1].group : items[i].order;
    qsort(items, (size_t)n, sizeof *items, by_group);
    c->rows = eb_realloc(NULL, (size_t)n + 1, sizeof *c->rows);
    for (int lone = 0; lone < 2; lone++) // those after the groups, which may hold their phases
        for (int i = 0, end; i < n; i = end) {
            for (end = i + 1; end < n && items[end].group == items[i].group; end++)
                ;
            bool group = is_group(&items[i], &items[end]);
            if (group && !lone)
                add_group(c, items, i, end);
            for (int k = i; k < end && !group && lone; k++) {
                if (items[k].derived || in_phases(c, &items[k].row))
                    eb_compare_free_figures(&items[k].row);
                else
                    add_lone(c, &items[k]);
            }
        }
    for (int i = 0; i < n; i++)
        free(items[i].key);
}

void eb_compare_group_rows(eb_compare *c)
{
    drafts d = make_drafts(c);
    make_groups(c, d.items, d.n);
    free(d.items);
}
