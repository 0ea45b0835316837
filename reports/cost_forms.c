// SPDX-License-Identifier: Apache-2.0
// Costs on a terminal, as markdown and as CSV: the tables, what moves the figures, and what has to be said of them.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "reports/cost.h"
#include "reports/csv_text.h"
#include "reports/view.h"

enum { WIDTH = 100, INDENT = 10 };

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
    eb_cost_kind kind = eb_cost_kind_of(c);
    eb_text_add(&t, "%s: %s%s", offer->name, eb_cost_kind_title(kind),
                kind == EB_COST_RENTED ? ", electricity included" : "");
    const char *last = "";
    for (const eb_cost_field *f = eb_cost_fields; f->key; f++) {
        const eb_setting_row *s = eb_offer_setting(offer, f->key),
                             *source = f->source ? eb_offer_setting(offer, f->source) : NULL;
        const eb_setting_row *date = f->date ? eb_offer_setting(offer, f->date) : NULL;
        if (!s || !source || !strcmp(source->key, last) || !eb_cost_field_counts(f, kind))
            continue;
        eb_text_add(&t, "; %s %s (%s, %s)", f->key, s->value, source->value, date ? date->value : "no date");
        last = source->key;
    }
    if (c->demonstration)
        eb_text_add(&t, "; demonstration prices (demo in the tables): made up for show, not yours");
    if (kind == EB_COST_OWN && run->header->boundary == EB_BOUNDARY_COMPUTE && !isnan(c->rest_of_system_w))
        eb_text_add(&t, "; watts: boundary compute + %g W for the rest of the system, as stated", c->rest_of_system_w);
    EB_GROW(notes->items, notes->n, notes->cap);
    notes->items[notes->n++] = (eb_note){ "offer", eb_text_clean(t.s) };
    eb_text_deinit(&t);
}

// Who is cheapest between which utilisations, a line for each case that has more than one offer.
static void add_leaders(const eb_cost_sheet *sheet, eb_notes *notes)
{
    for (int c = 0; c < sheet->run->n_cases && sheet->n_offers > 1; c++) {
        eb_text t = { 0 };
        char to[16], *name = eb_case_title(sheet->run, c);
        for (int i = 0; i < sheet->n_leaders; i++) {
            const eb_cost_leader *l = &sheet->leaders[i];
            const char *offer = sheet->offers[l->offer].name;
            if (l->case_index != c)
                continue;
            eb_text_add(&t, "%s%s", t.n ? ", " : "", offer);
            if (l->from == 0 && l->to == 1)
                eb_text_add(&t, " at every utilisation");
            else if (l->to < 1)
                eb_text_add(&t, " up to %s %%", eb_text_percent(to, sizeof to, l->to));
            else
                eb_text_add(&t, " above");
        }
        if (t.n) {
            EB_GROW(notes->items, notes->n, notes->cap);
            char *text = eb_format("%s: %s", name, t.s);
            notes->items[notes->n++] = (eb_note){ "cheapest", eb_text_clean(text) };
            free(text);
        }
        eb_text_deinit(&t);
        free(name);
    }
}

static void add_left_out(const eb_cost_sheet *sheet, eb_notes *notes)
{
    int left = sheet->n_pairs - eb_cost_pairs_shown(sheet), change = 0;
    if (!left)
        return;
    for (int i = 0; i < sheet->n_pairs; i++)
        change += !sheet->pairs[i].shown && sheet->pairs[i].verdict == EB_BREAK_EVEN_AT;
    EB_GROW(notes->items, notes->n, notes->cap);
    char *others = change ? eb_format("%d change%s places where a third one is cheaper, %d never do from 0 to 100 %%",
                                      change, change == 1 ? "s" : "", left - change)
                          : eb_strdup("they never change places from 0 to 100 %");
    notes->items[notes->n++] = (eb_note){ "left out", eb_format("%d of %d pairs of offers: %s (--format json has all)",
                                                                left, sheet->n_pairs, others) };
    free(others);
}

static void collect(const eb_cost_sheet *sheet, eb_notes *notes)
{
    bool range = false;
    const char *engine = sheet->run->header->engine;
    if (engine && !strcmp(engine, "null")) {
        EB_GROW(notes->items, notes->n, notes->cap);
        notes->items[notes->n++] =
            (eb_note){ "warning", eb_strdup("simulated by engine = null: nothing was measured") };
    }
    add_reasons(sheet, notes);
    add_leaders(sheet, notes);
    add_left_out(sheet, notes);
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
    const eb_cost *cost = &sheet->offers[e->offer].value;
    char *title = eb_format("%s, %s (%s%s)", name, offer, eb_cost_kind_title(eb_cost_kind_of(cost)),
                            cost->demonstration ? ", demonstration prices" : "");
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
    eb_table *tables[] = { eb_cost_table(sheet), eb_cost_pair_table(sheet) };
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
    eb_table *costs = eb_cost_table(sheet), *pairs = eb_cost_pair_table(sheet);
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
          "grade,note,demonstration\n",
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
        fprintf(out, ",%s\n", offer->value.demonstration ? "yes" : "no");
    }
}

const eb_cost_form eb_cost_forms[] = {
    { "term", "tables for a terminal (default)", write_term },
    { "md", "the same as markdown", write_md },
    { "csv", "one row per case and offer", write_csv },
    { "json", "everything, with the sum and the tornado of each figure", eb_cost_write_json },
    { 0 },
};
