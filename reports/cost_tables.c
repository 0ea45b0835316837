// SPDX-License-Identifier: Apache-2.0
// Costs as tables: each case by each offer, and the break-even points that matter. Figures of demonstration prices bear
// `demo` beside them.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "reports/cost.h"
#include "reports/view.h"

// Columns of which nothing is known are left out.
typedef struct figure {
    eb_column column;
    double (*of)(const eb_cost_sheet *sheet, const eb_cost_entry *e);
    void (*put)(char *buf, size_t size, double value);
} figure;

static double usd_of(const eb_cost_sheet *sheet, const eb_cost_entry *e)
{
    (void)sheet;
    return e->usd_per_mtok;
}

// What the price rests on. A rent and a token are paid for when they are used, and have the same price at any.
static double utilisation_of(const eb_cost_sheet *sheet, const eb_cost_entry *e)
{
    const eb_cost *c = &sheet->offers[e->offer].value;
    return isnan(e->usd_per_mtok) ? NAN : eb_cost_kind_of(c) == EB_COST_OWN ? c->utilisation : INFINITY;
}

static double cheapest_of(const eb_cost_sheet *sheet, const eb_cost_entry *e)
{
    (void)sheet;
    return e->range.cheapest;
}

static double dearest_of(const eb_cost_sheet *sheet, const eb_cost_entry *e)
{
    (void)sheet;
    return e->range.dearest;
}

static double tok_per_usd_of(const eb_cost_sheet *sheet, const eb_cost_entry *e)
{
    (void)sheet;
    return e->tok_per_usd;
}

static double carbon_of(const eb_cost_sheet *sheet, const eb_cost_entry *e)
{
    (void)sheet;
    return e->gco2e_per_mtok;
}

static double embodied_of(const eb_cost_sheet *sheet, const eb_cost_entry *e)
{
    return isnan(sheet->offers[e->offer].value.embodied_g) ? NAN : e->sum.embodied_frac;
}

static double charge_of(const eb_cost_sheet *sheet, const eb_cost_entry *e)
{
    (void)sheet;
    return e->tok_per_charge;
}

static void put_sig(char *buf, size_t size, double value)
{
    if (isinf(value))
        snprintf(buf, size, "no bound");
    else
        eb_fmt_sig(buf, size, value, 3);
}

static void put_si(char *buf, size_t size, double value)
{
    if (isinf(value))
        snprintf(buf, size, "free");
    else
        eb_text_si(buf, size, value, NAN);
}

static void put_percent(char *buf, size_t size, double value)
{
    if (value > 0 && value < 0.005)
        snprintf(buf, size, "<1 %%");
    else
        snprintf(buf, size, "%.0f %%", 100 * value);
}

static void put_utilisation(char *buf, size_t size, double value)
{
    char text[16];
    if (isinf(value))
        snprintf(buf, size, "any");
    else
        snprintf(buf, size, "%s %%", eb_text_percent(text, sizeof text, value));
}

static const figure figures[] = {
    { { .head = "price", .unit = "$/Mtok" }, usd_of, put_sig },
    { { .head = "at", .unit = "utilisation" }, utilisation_of, put_utilisation },
    { { .head = "at the", .unit = "cheapest" }, cheapest_of, put_sig },
    { { .head = "at the", .unit = "dearest" }, dearest_of, put_sig },
    { { .head = "perf/$", .unit = "tok/$" }, tok_per_usd_of, put_si },
    { { .head = "carbon", .unit = "g/Mtok" }, carbon_of, put_sig },
    { { .head = "of it", .unit = "embodied" }, embodied_of, put_percent },
    { { .head = "battery", .unit = "tok/charge" }, charge_of, put_si },
};
enum { N_FIGURES = sizeof figures / sizeof *figures };

static bool made_up(const eb_cost_sheet *sheet, int offer)
{
    return sheet->offers[offer].value.demonstration;
}

static bool any_made_up(const eb_cost_sheet *sheet)
{
    for (int i = 0; i < sheet->n_offers; i++)
        if (made_up(sheet, i))
            return true;
    return false;
}

static const eb_column demo = { "", "", .left = true, .glue = true };

eb_table *eb_cost_table(const eb_cost_sheet *sheet)
{
    eb_table *t = eb_table_new("Cost of a million output tokens");
    bool known[N_FIGURES] = { false };
    for (int f = 0; f < N_FIGURES; f++)
        for (int i = 0; i < sheet->n_entries; i++)
            known[f] = known[f] || !isnan(figures[f].of(sheet, &sheet->entries[i]));
    bool marked = known[0] && any_made_up(sheet);
    eb_table_column(t, (eb_column){ "", "case", .label = true, .left = true, .shrink = true });
    eb_table_column(t, (eb_column){ "", "offer", .label = true, .left = true });
    for (int f = 0; f < N_FIGURES; f++) {
        if (known[f])
            eb_table_column(t, figures[f].column);
        if (f == 0 && marked)
            eb_table_column(t, demo);
    }
    eb_table_column(t, (eb_column){ "", "grade", .left = true });
    for (int i = 0; i < sheet->n_entries; i++) {
        const eb_cost_entry *e = &sheet->entries[i];
        char buf[32], *name = eb_case_title(sheet->run, e->case_index);
        bool watts = !isnan(e->usd_per_mtok) && e->grade != EB_GRADE_NONE;
        eb_table_row(t, NULL);
        eb_table_cell(t, name, EB_MARK_NONE);
        eb_table_cell(t, sheet->offers[e->offer].name, EB_MARK_NONE);
        for (int f = 0; f < N_FIGURES; f++) {
            double value = figures[f].of(sheet, e);
            if (!isnan(value))
                figures[f].put(buf, sizeof buf, value);
            if (known[f])
                eb_table_cell(t, isnan(value) ? "-" : buf, EB_MARK_NONE);
            if (f == 0 && marked)
                eb_table_cell(t, made_up(sheet, e->offer) && !isnan(value) ? "demo" : "", EB_MARK_NONE);
        }
        eb_table_cell(t, watts ? eb_grade_name(e->grade) : "-", EB_MARK_NONE);
        free(name);
    }
    return t;
}

static void put_range(char *buf, size_t size, const eb_cost_pair *p)
{
    char lo[16], hi[16];
    eb_text_percent(lo, sizeof lo, p->lo);
    eb_text_percent(hi, sizeof hi, p->hi);
    if (isnan(p->lo) || !(p->lo < p->hi) || p->lo >= 1)
        snprintf(buf, size, "-");
    else if (p->hi > 1)
        snprintf(buf, size, "%s %%-never", lo);
    else
        snprintf(buf, size, "%s-%s %%", lo, hi);
}

static const eb_column pair_columns[] = {
    { "", "case", .label = true, .left = true, .shrink = true },
    { "", "offers", .label = true, .left = true },
    { .head = "", .unit = "break-even" },
    { "", "", .left = true, .glue = true }, // demo
    { .head = "it may", .unit = "lie in", .left = true },
    { "cheaper", "below it", .left = true },
    { "cheaper", "above it", .left = true },
};
enum { DEMO_COLUMN = 3 };

static void put_pair(const eb_cost_sheet *sheet, const eb_cost_pair *p, eb_table *t)
{
    static const char *const words[] = { "not known", "", "none", "none", "equal" };
    char buf[40], at[16], *name = eb_case_title(sheet->run, p->case_index),
                          *both = eb_format("%s, %s", sheet->offers[p->a].name, sheet->offers[p->b].name);
    eb_table_row(t, NULL);
    eb_table_cell(t, name, EB_MARK_NONE);
    eb_table_cell(t, both, EB_MARK_NONE);
    if (p->verdict == EB_BREAK_EVEN_AT)
        snprintf(buf, sizeof buf, "%s %%", eb_text_percent(at, sizeof at, p->utilisation));
    eb_table_cell(t, p->verdict == EB_BREAK_EVEN_AT ? buf : words[p->verdict], EB_MARK_NONE);
    if (any_made_up(sheet))
        eb_table_cell(t, made_up(sheet, p->a) || made_up(sheet, p->b) ? "demo" : "", EB_MARK_NONE);
    put_range(buf, sizeof buf, p);
    eb_table_cell(t, buf, EB_MARK_NONE);
    eb_table_cell(t, p->below >= 0 ? sheet->offers[p->below].name : "-", EB_MARK_NONE);
    eb_table_cell(t, p->above >= 0 ? sheet->offers[p->above].name : "-", EB_MARK_NONE);
    free(both);
    free(name);
}

eb_table *eb_cost_pair_table(const eb_cost_sheet *sheet)
{
    if (eb_cost_pairs_shown(sheet) == 0)
        return NULL;
    eb_table *t = eb_table_new("Break-even utilisation");
    for (int i = 0; i < (int)(sizeof pair_columns / sizeof *pair_columns); i++)
        if (i != DEMO_COLUMN || any_made_up(sheet))
            eb_table_column(t, pair_columns[i]);
    for (int i = 0; i < sheet->n_pairs; i++)
        if (sheet->pairs[i].shown)
            put_pair(sheet, &sheet->pairs[i], t);
    return t;
}
