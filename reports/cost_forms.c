// SPDX-License-Identifier: Apache-2.0
// The table of costs, from which utilisation on one offer is cheaper than another, and what moves the figures.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "reports/cost.h"
#include "reports/csv_text.h"
#include "reports/view.h"

enum { WIDTH = 100, INDENT = 10 };

// ---- tables ----

// Columns of which nothing is known are left out.
typedef struct figure {
    eb_column column;
    double (*of)(const eb_cost_sheet *sheet, const eb_cost_entry *e);
    void (*put)(char *buf, size_t size, double value);
} figure;

static double usd_of(const eb_cost_sheet *sheet, const eb_cost_entry *e)
{
    (void)sheet;
    return e->sum.usd_per_mtok;
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
    return 1e6 / e->sum.usd_per_mtok;
}

static double carbon_of(const eb_cost_sheet *sheet, const eb_cost_entry *e)
{
    (void)sheet;
    return e->sum.gco2e_per_mtok;
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
    eb_text_si(buf, size, value, NAN);
}

static void put_percent(char *buf, size_t size, double value)
{
    snprintf(buf, size, "%.0f %%", 100 * value);
}

static const figure figures[] = {
    { { .head = "price", .unit = "$/Mtok" }, usd_of, put_sig },
    { { .head = "at the", .unit = "cheapest" }, cheapest_of, put_sig },
    { { .head = "at the", .unit = "dearest" }, dearest_of, put_sig },
    { { .head = "perf/$", .unit = "tok/$" }, tok_per_usd_of, put_si },
    { { .head = "carbon", .unit = "g/Mtok" }, carbon_of, put_sig },
    { { .head = "of it", .unit = "embodied" }, embodied_of, put_percent },
    { { .head = "battery", .unit = "tok/charge" }, charge_of, put_si },
};
enum { N_FIGURES = sizeof figures / sizeof *figures };

static eb_table *cost_table(const eb_cost_sheet *sheet)
{
    eb_table *t = eb_table_new("Cost of a million output tokens");
    bool known[N_FIGURES] = { false };
    for (int f = 0; f < N_FIGURES; f++)
        for (int i = 0; i < sheet->n_entries; i++)
            known[f] = known[f] || f == 0 || !isnan(figures[f].of(sheet, &sheet->entries[i]));
    eb_table_column(t, (eb_column){ "", "case", .label = true, .left = true, .shrink = true });
    eb_table_column(t, (eb_column){ "", "offer", .label = true, .left = true });
    for (int f = 0; f < N_FIGURES; f++)
        if (known[f])
            eb_table_column(t, figures[f].column);
    eb_table_column(t, (eb_column){ "", "grade", .left = true });
    for (int i = 0; i < sheet->n_entries; i++) {
        const eb_cost_entry *e = &sheet->entries[i];
        char buf[32], *name = eb_case_title(sheet->run, e->case_index);
        bool watts = !isnan(e->sum.usd_per_mtok) && e->grade != EB_GRADE_NONE;
        eb_table_row(t, NULL);
        eb_table_cell(t, name, EB_MARK_NONE);
        eb_table_cell(t, sheet->offers[e->offer].name, EB_MARK_NONE);
        for (int f = 0; f < N_FIGURES; f++) {
            double value = figures[f].of(sheet, e);
            if (!isnan(value))
                figures[f].put(buf, sizeof buf, value);
            if (known[f])
                eb_table_cell(t, isnan(value) ? "-" : buf, EB_MARK_NONE);
        }
        eb_table_cell(t, watts ? eb_grade_name(e->grade) : "-", EB_MARK_NONE);
        free(name);
    }
    return t;
}

static void put_range(char *buf, size_t size, const eb_cost_pair *p)
{
    if (isnan(p->lo) || !(p->lo < p->hi) || p->lo >= 1)
        snprintf(buf, size, "-");
    else if (p->hi > 1)
        snprintf(buf, size, "%.3g %%-never", 100 * p->lo);
    else
        snprintf(buf, size, "%.3g-%.3g %%", 100 * p->lo, 100 * p->hi);
}

static eb_table *pair_table(const eb_cost_sheet *sheet)
{
    eb_table *t = eb_table_new("Break-even utilisation");
    const eb_column columns[] = {
        { "", "case", .label = true, .left = true, .shrink = true },
        { "", "offers", .label = true, .left = true },
        { .head = "", .unit = "break-even" },
        { .head = "it may", .unit = "lie in", .left = true },
        { "cheaper", "below it", .left = true },
        { "cheaper", "above it", .left = true },
    };
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        eb_table_column(t, columns[i]);
    for (int i = 0; i < sheet->n_pairs; i++) {
        const eb_cost_pair *p = &sheet->pairs[i];
        static const char *const words[] = { "not known", "", "none", "none", "equal" };
        char buf[32], *name = eb_case_title(sheet->run, p->case_index),
                      *both = eb_format("%s, %s", sheet->offers[p->a].name, sheet->offers[p->b].name);
        eb_table_row(t, NULL);
        eb_table_cell(t, name, EB_MARK_NONE);
        eb_table_cell(t, both, EB_MARK_NONE);
        if (p->verdict == EB_BREAK_EVEN_AT)
            snprintf(buf, sizeof buf, "%.3g %%", 100 * p->utilisation);
        eb_table_cell(t, p->verdict == EB_BREAK_EVEN_AT ? buf : words[p->verdict], EB_MARK_NONE);
        put_range(buf, sizeof buf, p);
        eb_table_cell(t, buf, EB_MARK_NONE);
        eb_table_cell(t, p->below >= 0 ? sheet->offers[p->below].name : "-", EB_MARK_NONE);
        eb_table_cell(t, p->above >= 0 ? sheet->offers[p->above].name : "-", EB_MARK_NONE);
        free(both);
        free(name);
    }
    return t;
}

// ---- words ----

// Every reason once, with how many figures it takes away.
static void add_reasons(const eb_cost_sheet *sheet, eb_notes *notes)
{
    for (int i = 0; i < sheet->n_entries; i++) {
        const char *why = sheet->entries[i].sum.note;
        int n = 0;
        bool first = why[0] != '\0';
        for (int k = 0; k < sheet->n_entries; k++) {
            bool same = !strcmp(sheet->entries[k].sum.note, why);
            n += same;
            first = first && !(same && k < i);
        }
        if (!first)
            continue;
        EB_GROW(notes->items, notes->n, notes->cap);
        notes->items[notes->n++] = (eb_note){ "no price", eb_format("%d of %d figure%s: %s", n, sheet->n_entries,
                                                                    eb_s(sheet->n_entries), why) };
    }
}

static void add_offer(const eb_offer *offer, const eb_run *run, eb_notes *notes)
{
    eb_text t = { 0 };
    const eb_cost *c = &offer->value;
    eb_text_add(&t, "%s: %s", offer->name, eb_cost_kind_title(eb_cost_kind_of(c)));
    const char *last = "";
    for (const eb_cost_field *f = eb_cost_fields; f->key; f++) {
        const eb_setting_row *s = eb_offer_setting(offer, f->key),
                             *source = f->source ? eb_offer_setting(offer, f->source) : NULL;
        const eb_setting_row *date = f->date ? eb_offer_setting(offer, f->date) : NULL;
        if (!s || !source || !strcmp(source->key, last))
            continue;
        eb_text_add(&t, "; %s %s (%s, %s)", f->key, s->value, source->value, date ? date->value : "no date");
        last = source->key;
    }
    if (c->demonstration)
        eb_text_add(&t, "; demonstration prices: made up for show");
    if (eb_cost_kind_of(c) == EB_COST_OWN && run->header->boundary == EB_BOUNDARY_COMPUTE &&
        !isnan(c->rest_of_system_w))
        eb_text_add(&t, "; watts: boundary compute + %g W for the rest of the system, as stated", c->rest_of_system_w);
    EB_GROW(notes->items, notes->n, notes->cap);
    notes->items[notes->n++] = (eb_note){ "offer", eb_text_clean(t.s) };
    eb_text_deinit(&t);
}

static void collect(const eb_cost_sheet *sheet, eb_notes *notes)
{
    bool range = false;
    add_reasons(sheet, notes);
    for (int i = 0; i < sheet->n_offers; i++)
        add_offer(&sheet->offers[i], sheet->run, notes);
    for (int i = 0; i < sheet->n_entries; i++)
        range = range || sheet->entries[i].range.n_bars;
    if (range) {
        EB_GROW(notes->items, notes->n, notes->cap);
        notes->items[notes->n++] =
            (eb_note){ "range", eb_strdup("cheapest and dearest: every input, stated or measured, "
                                          "at the end of its range that makes it so") };
    }
}

// The cheapest case of an offer, -1 = none has a figure.
static int cheapest_entry(const eb_cost_sheet *sheet, int offer)
{
    int best = -1;
    for (int i = 0; i < sheet->n_entries; i++) {
        const eb_cost_entry *e = &sheet->entries[i];
        if (e->offer == offer && !isnan(e->sum.usd_per_mtok) &&
            (best < 0 || e->sum.usd_per_mtok < sheet->entries[best].sum.usd_per_mtok))
            best = i;
    }
    return best;
}

static char *entry_title(const eb_cost_sheet *sheet, const eb_cost_entry *e)
{
    char *name = eb_case_title(sheet->run, e->case_index), *offer = eb_text_clean(sheet->offers[e->offer].name);
    char *title =
        eb_format("%s, %s (%s)", name, offer, eb_cost_kind_title(eb_cost_kind_of(&sheet->offers[e->offer].value)));
    free(offer);
    free(name);
    return title;
}

static void put_entry(const eb_cost_sheet *sheet, const eb_cost_entry *e, const char *before, const char *after,
                      char *text, FILE *out)
{
    char *title = entry_title(sheet, e);
    if (text)
        fprintf(out, "\n%s%s%s%s", before, title, after, text);
    free(text);
    free(title);
}

// ---- forms ----

static void write_term(const eb_cost_sheet *sheet, const eb_cost_style *style, FILE *out)
{
    char *title = eb_run_title(sheet->run);
    eb_text_wrap(out, "", 0, title, WIDTH);
    free(title);
    eb_table *tables[] = { cost_table(sheet), sheet->n_pairs ? pair_table(sheet) : NULL };
    for (int i = 0; i < 2; i++) {
        if (tables[i]) {
            fputc('\n', out);
            eb_table_print(tables[i], WIDTH, style->color, out);
        }
        eb_table_free(tables[i]);
    }
    for (int i = 0; i < sheet->n_entries; i++) {
        const eb_cost_entry *e = &sheet->entries[i];
        if (style->explain)
            put_entry(sheet, e, "", "\n", eb_cost_explain(sheet, e), out);
        if (style->explain || i == cheapest_entry(sheet, e->offer))
            put_entry(sheet, e, "What moves it: ", "\n", eb_cost_tornado(sheet, e), out);
    }
    fputc('\n', out);
    eb_notes notes = { 0 };
    collect(sheet, &notes);
    for (size_t i = 0; i < notes.n; i++)
        eb_text_wrap(out, notes.items[i].label, INDENT, notes.items[i].text, WIDTH);
    eb_notes_deinit(&notes);
}

static void write_md(const eb_cost_sheet *sheet, const eb_cost_style *style, FILE *out)
{
    char *title = eb_run_title(sheet->run);
    fprintf(out, "# Cost of a million output tokens\n\n");
    eb_text_markdown(out, title);
    fprintf(out, "\n\n");
    free(title);
    eb_table *costs = cost_table(sheet), *pairs = sheet->n_pairs ? pair_table(sheet) : NULL;
    eb_table_markdown(costs, "", out);
    if (pairs) {
        fprintf(out, "\n## Break-even utilisation\n\n");
        eb_table_markdown(pairs, "", out);
    }
    eb_table_free(costs);
    eb_table_free(pairs);
    for (int i = 0; i < sheet->n_entries; i++) {
        const eb_cost_entry *e = &sheet->entries[i];
        char *text = style->explain ? eb_cost_explain(sheet, e) : NULL;
        char *block = text ? eb_format("%s```\n", text) : NULL;
        put_entry(sheet, e, "## ", "\n\n```\n", block, out);
        free(text);
    }
    fputc('\n', out);
    eb_notes notes = { 0 };
    collect(sheet, &notes);
    for (size_t i = 0; i < notes.n; i++) {
        fprintf(out, "- %s: ", notes.items[i].label);
        eb_text_markdown(out, notes.items[i].text);
        fputc('\n', out);
    }
    eb_notes_deinit(&notes);
}

static void write_csv(const eb_cost_sheet *sheet, const eb_cost_style *style, FILE *out)
{
    (void)style;
    fputs("case,offer,kind,usd_per_mtok,cheapest,dearest,tok_per_usd,gco2e_per_mtok,embodied_frac,tok_per_charge,"
          "grade,note\n",
          out);
    for (int i = 0; i < sheet->n_entries; i++) {
        const eb_cost_entry *e = &sheet->entries[i];
        const eb_offer *offer = &sheet->offers[e->offer];
        const double numbers[] = { e->sum.usd_per_mtok,   e->range.cheapest,
                                   e->range.dearest,      1e6 / e->sum.usd_per_mtok,
                                   e->sum.gco2e_per_mtok, isnan(offer->value.embodied_g) ? NAN : e->sum.embodied_frac,
                                   e->tok_per_charge };
        eb_csv_put_text(out, sheet->run->cases[e->case_index].info->id);
        fputc(',', out);
        eb_csv_put_text(out, offer->name);
        fprintf(out, ",%s", eb_cost_kind_title(eb_cost_kind_of(&offer->value)));
        for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
            fputc(',', out);
            eb_csv_put_number(out, numbers[k]);
        }
        fprintf(out, ",%s,", eb_grade_name(e->grade));
        eb_csv_put_text(out, e->sum.note);
        fputc('\n', out);
    }
}

const eb_cost_form eb_cost_forms[] = {
    { "term", "tables for a terminal (default)", write_term },
    { "md", "the same as markdown", write_md },
    { "csv", "one row per case and offer", write_csv },
    { "json", "everything, with the sum and the tornado of each figure", eb_cost_write_json },
    { 0 },
};
