// SPDX-License-Identifier: Apache-2.0
// Costs on a terminal, as markdown and as CSV: the tables, and what moves the figures.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "reports/cost.h"
#include "reports/csv_text.h"
#include "reports/view.h"

enum { WIDTH = 100, INDENT = 10 };

// The cheapest case of an offer, -1 = none has a figure.
static int cheapest_entry(const eb_cost_sheet *sheet, int offer)
{
    int best = -1;
    for (int i = 0; i < sheet->n_entries; i++) {
        const eb_cost_entry *e = &sheet->entries[i];
        if (e->offer == offer && !isnan(e->usd_per_mtok) &&
            (best < 0 || e->usd_per_mtok < sheet->entries[best].usd_per_mtok))
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
    eb_cost_notes(sheet, &notes);
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
    eb_cost_notes(sheet, &notes);
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
        const double numbers[] = { e->usd_per_mtok,   e->range.cheapest,
                                   e->range.dearest,  e->tok_per_usd,
                                   e->gco2e_per_mtok, isnan(offer->value.embodied_g) ? NAN : e->sum.embodied_frac,
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
        eb_csv_put_text(out, eb_cost_note_of(e));
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
