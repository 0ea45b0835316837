// SPDX-License-Identifier: Apache-2.0
// Comparisons on a terminal, as markdown and as CSV.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "reports/compare.h"
#include "reports/csv_text.h"
#include "reports/text.h"

enum { WIDTH = 100, INDENT = 10 };

char *eb_compare_heading(const eb_compare *c)
{
    int cases = 0;
    for (int i = 0; i < c->n_runs; i++)
        cases += c->runs[i]->n_cases;
    return eb_format("%d run%s, %d case%s, by %s: the same work in %d table%s", c->n_runs, eb_s(c->n_runs), cases,
                     eb_s(cases), eb_compare_by_name(c->options.by), c->n_groups, eb_s(c->n_groups));
}

static void write_term(const eb_compare *c, bool color, FILE *out)
{
    char *title = eb_compare_heading(c);
    eb_text_wrap(out, "", 0, title, WIDTH);
    free(title);
    for (int g = 0; g < c->n_groups; g++) {
        const eb_compare_group *group = &c->groups[g];
        eb_table *tables[] = { eb_compare_figures_table(c, group), eb_compare_ratios_table(c, group) };
        char *words[] = { eb_compare_answer(c, group), eb_compare_ranking(c, group) };
        for (int i = 0; i < 2; i++) {
            if (tables[i]) {
                fputc('\n', out);
                eb_table_print(tables[i], WIDTH, color, out);
            }
            eb_table_free(tables[i]);
        }
        for (int i = 0; i < 2; i++) {
            if (words[i])
                eb_text_wrap(out, "", 2, words[i], WIDTH);
            free(words[i]);
        }
    }
    fputc('\n', out);
    eb_notes notes = { 0 };
    eb_compare_notes(c, "*", "~", &notes);
    for (size_t i = 0; i < notes.n; i++)
        eb_text_wrap(out, notes.items[i].label, INDENT, notes.items[i].text, WIDTH);
    eb_notes_deinit(&notes);
}

static void put_md(FILE *out, const char *before, const char *text, const char *after)
{
    char *clean = eb_text_clean(text);
    fputs(before, out);
    eb_text_markdown(out, clean);
    fputs(after, out);
    free(clean);
}

static void write_md(const eb_compare *c, bool color, FILE *out)
{
    (void)color;
    char *title = eb_compare_heading(c);
    fprintf(out, "# Comparison\n\n");
    put_md(out, "", title, "\n");
    free(title);
    for (int g = 0; g < c->n_groups; g++) {
        const eb_compare_group *group = &c->groups[g];
        eb_table *figures = eb_compare_figures_table(c, group), *ratios = eb_compare_ratios_table(c, group);
        char *answer = eb_compare_answer(c, group), *ranking = eb_compare_ranking(c, group);
        put_md(out, "\n## ", group->title, "\n\n");
        put_md(out, "", answer, "\n\n");
        eb_table_markdown(figures, "", out);
        if (ratios) {
            put_md(out, "\nRelative to ", c->rows[group->reference].label, ":\n\n");
            eb_table_markdown(ratios, "", out);
        }
        if (ranking)
            put_md(out, "\n", ranking, "\n");
        eb_table_free(figures);
        eb_table_free(ratios);
        free(answer);
        free(ranking);
    }
    fputc('\n', out);
    eb_notes notes = { 0 };
    eb_compare_notes(c, "bold", "\xE2\x89\x88", &notes);
    for (size_t i = 0; i < notes.n; i++) {
        fprintf(out, "- %s: ", notes.items[i].label);
        put_md(out, "", notes.items[i].text, "\n");
    }
    eb_notes_deinit(&notes);
}

static void csv_row(const eb_compare *c, const eb_compare_group *g, const eb_compare_row *row, eb_figure f, FILE *out)
{
    static const char *const intervals[] = { "none", "confidence", "range" };
    const eb_compare_value *v = &row->figures[f];
    const eb_ratio *r = &row->ratios[f];
    const eb_compare_run *run = c->runs[row->run];
    const char *const names[] = { g->title, row->label, run->dir, run->cases[row->case_index].id, eb_figures[f].key };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        eb_csv_put_text(out, names[i]);
        fputc(',', out);
    }
    const double numbers[] = { v->value, v->lo, v->hi, r->value, r->lo, r->hi };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        eb_csv_put_number(out, numbers[i]);
        fputc(',', out);
    }
    fprintf(out, "%s,%s,%s,", intervals[r->interval], eb_word_name(r->word), r->mixed ? "yes" : "no");
    fprintf(out, "%s,", eb_grade_name(v->grade));
    eb_csv_put_text(out, v->grade != EB_GRADE_NONE && row->kind >= 0 ? c->kinds[row->kind] : "");
    fprintf(out, ",%s,", !row->front ? "no" : row->front_noise ? "within noise" : "yes");
    eb_csv_put_text(out, v->note);
    fprintf(out, ",%s\n", eb_figures[f].money && row->demonstration ? "yes" : "no");
}

void eb_compare_write_csv(const eb_compare *c, bool color, FILE *out)
{
    (void)color;
    fputs("work,label,run,case,metric,value,lo,hi,ratio,ratio_lo,ratio_hi,ratio_interval,word,mixed,grade,energy,front,"
          "note,demonstration\n",
          out);
    for (int g = 0; g < c->n_groups; g++)
        for (int i = c->groups[g].first; i < c->groups[g].first + c->groups[g].n; i++)
            for (int f = 0; f < EB_FIGURE_COUNT; f++)
                csv_row(c, &c->groups[g], &c->rows[i], (eb_figure)f, out);
}

const eb_compare_form eb_compare_forms[] = {
    { "term", "tables for a terminal (default)", write_term },
    { "md", "the same as markdown", write_md },
    { "html", "one self-contained page with pictures", eb_compare_write_html },
    { "csv", "one row per work, row and metric", eb_compare_write_csv },
    { "json", "everything (docs/compare.schema.json)", eb_compare_write_json },
    { 0 },
};
