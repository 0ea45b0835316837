// SPDX-License-Identifier: Apache-2.0
// A group of rows as tables: what each of them does, and what that is of the reference.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "reports/compare.h"
#include "reports/text.h"

static void put_plain(char *buf, size_t size, double value, double half)
{
    eb_text_number(buf, size, value, eb_text_place(value, half));
}

static void put_si(char *buf, size_t size, double value, double half)
{
    eb_text_si(buf, size, value, half);
}

static void put_milli(char *buf, size_t size, double value, double half)
{
    put_plain(buf, size, value * 1e3, half * 1e3);
}

static void put_ms(char *buf, size_t size, double value, double half)
{
    put_plain(buf, size, value / 1e6, half / 1e6);
}

static void put_mb(char *buf, size_t size, double value, double half)
{
    put_plain(buf, size, value / 1e6, half / 1e6);
}

static const struct {
    eb_figure figure;
    const char *head, *unit;
    void (*put)(char *buf, size_t size, double value, double half);
    bool ratio; // has a place in the table of ratios
} shown[] = {
    { EB_FIGURE_GOODPUT, "good", "tok/s", put_plain, true },
    { EB_FIGURE_DECODE, "decode", "tok/s", put_plain, false },
    { EB_FIGURE_PREFILL, "prefill", "tok/s", put_plain, true },
    { EB_FIGURE_TTFT, "TTFT", "ms", put_ms, true },
    { EB_FIGURE_TPOT, "TPOT", "ms", put_ms, false },
    { EB_FIGURE_J_PER_TOK, "energy", "J/tok", put_plain, false },
    { EB_FIGURE_TOK_PER_J, "perf/W", "tok/J", put_plain, true },
    { EB_FIGURE_USD, "cost", "$/Mtok", put_plain, false },
    { EB_FIGURE_TOK_PER_USD, "perf/$", "tok/$", put_si, true },
    { EB_FIGURE_CARBON, "carbon", "g/Mtok", put_plain, false },
    { EB_FIGURE_RSS, "memory", "MB", put_mb, false },
    { EB_FIGURE_KLD, "quality", "KLD", put_plain, false },
};
enum { N_SHOWN = sizeof shown / sizeof *shown };

// As in a report: one unit for the whole column, by the largest in it.
static bool in_millijoules(const eb_compare *c, const eb_compare_group *g, int k)
{
    double most = 0;
    for (int i = g->first; i < g->first + g->n && shown[k].figure == EB_FIGURE_J_PER_TOK; i++)
        most = fmax(most, isnan(c->rows[i].figures[EB_FIGURE_J_PER_TOK].value)
                              ? 0
                              : c->rows[i].figures[EB_FIGURE_J_PER_TOK].value);
    return most > 0 && most < EB_MILLIJOULES_BELOW;
}

static double half_of(const eb_compare_value *v)
{
    return v->interval == EB_INTERVAL_NONE ? NAN : fmax(v->hi - v->value, v->value - v->lo);
}

static bool any_known(const eb_compare *c, const eb_compare_group *g, int k)
{
    eb_figure f = shown[k].figure;
    // Prompts alone have no other speed; beside output tokens it would be one column too many.
    if (f == EB_FIGURE_PREFILL && eb_compare_knows(c, g, EB_FIGURE_GOODPUT))
        return false;
    for (int i = g->first; i < g->first + g->n; i++)
        if (!isnan(c->rows[i].figures[f].value))
            return c->options.by != EB_BY_PRICE || eb_figures[f].money;
    return false;
}

// Where nothing else says how fast output is made, decoding does.
static bool has_ratio(const eb_compare *c, const eb_compare_group *g, int k)
{
    bool decode = shown[k].figure == EB_FIGURE_DECODE && !eb_compare_knows(c, g, EB_FIGURE_GOODPUT);
    return (shown[k].ratio || decode) && any_known(c, g, k);
}

// Not of the reference's kind: not to be read in one column with it.
static bool set_apart(const eb_compare *c, const eb_compare_group *g, const eb_compare_row *row, eb_figure f)
{
    const eb_compare_row *ref = &c->rows[g->reference];
    return eb_figures[f].energy && row->figures[f].grade != EB_GRADE_NONE && ref->figures[f].grade != EB_GRADE_NONE &&
           row->kind != ref->kind;
}

eb_mark eb_compare_mark(const eb_compare *c, int row, eb_figure f)
{
    eb_lead lead = c->rows[row].leads[f];
    return lead == EB_LEAD_BEST ? EB_MARK_BEST : lead == EB_LEAD_TIED ? EB_MARK_TIED : EB_MARK_NONE;
}

// For forms with room for it: the spread beside each value, and where the value comes from.
static void put_about(eb_table *t, const eb_compare *c, const eb_compare_row *row, int k, bool milli)
{
    const eb_compare_value *v = &row->figures[shown[k].figure];
    const eb_compare_run *run = c->runs[row->run];
    char spread[64];
    if (isnan(v->value))
        return;
    bool si = shown[k].put == put_si, known = isfinite(half_of(v)), energy = v->grade != EB_GRADE_NONE;
    double scale = shown[k].put == put_ms || shown[k].put == put_mb ? 1e-6 : milli ? 1e3 : 1;
    eb_text_spread(spread, sizeof spread, scale * v->value, scale * half_of(v), si,
                   eb_text_mark(v->interval, v->n_trials));
    char *what = eb_format("%s%s; %s%s%s", energy ? "grade " : "", energy ? eb_grade_name(v->grade) : "run", run->name,
                           energy && row->kind >= 0 ? ", " : "", energy && row->kind >= 0 ? c->kinds[row->kind] : "");
    char *about = eb_figure_about(eb_figures[shown[k].figure].key, v->value, v->lo, v->hi, v->n_trials, v->interval,
                                  run->level, what);
    eb_table_about(t, v->value, known && *spread ? spread : NULL, about);
    free(about);
    free(what);
}

static void put_grade(eb_table *t, const eb_compare *c, const eb_compare_row *row, bool several)
{
    bool price = c->options.by == EB_BY_PRICE; // there it is that of the watts in the cost, where any are in it
    const eb_compare_value *usd = &row->figures[EB_FIGURE_USD];
    char *text = price ? eb_strdup(isnan(usd->value) || usd->grade == EB_GRADE_NONE ? "-" : eb_grade_name(usd->grade))
                 : row->kind < 0 ? eb_strdup("no energy")
                 : several       ? eb_format("%s %c", eb_grade_name(row->grade), 'A' + row->kind % 26)
                                 : eb_strdup(eb_grade_name(row->grade));
    eb_table_cell(t, text, EB_MARK_NONE);
    free(text);
}

static void put_figure(eb_table *t, const eb_compare *c, const eb_compare_group *g, int i, int k)
{
    char number[40] = "-", cell[48];
    const eb_compare_row *row = &c->rows[i];
    const eb_compare_value *v = &row->figures[shown[k].figure];
    bool milli = in_millijoules(c, g, k);
    if (isinf(v->value)) // tokens per dollar of what costs nothing
        snprintf(number, sizeof number, "free");
    else if (!isnan(v->value))
        (milli ? put_milli : shown[k].put)(number, sizeof number, v->value, half_of(v));
    bool apart = !isnan(v->value) && set_apart(c, g, row, shown[k].figure);
    snprintf(cell, sizeof cell, "%s%s", apart ? "\xE2\x89\xA0" : "", number);
    eb_table_cell(t, cell, eb_compare_mark(c, i, shown[k].figure));
    put_about(t, c, row, k, milli);
}

eb_table *eb_compare_figures_table(const eb_compare *c, const eb_compare_group *g)
{
    eb_table *t = eb_table_new(g->title);
    int grade_after = N_SHOWN - 1; // beside the joules, where they are shown
    for (int k = 0; k < N_SHOWN; k++)
        grade_after = shown[k].figure == (c->options.by == EB_BY_PRICE ? EB_FIGURE_TOK_PER_USD : EB_FIGURE_J_PER_TOK) &&
                              any_known(c, g, k)
                          ? k
                          : grade_after;
    eb_table_column(
        t, (eb_column){
               .head = "", .unit = eb_compare_by_name(c->options.by), .label = true, .left = true, .shrink = true });
    for (int k = 0; k < N_SHOWN; k++) {
        if (any_known(c, g, k))
            eb_table_column(t, (eb_column){ .head = shown[k].head,
                                            .unit = in_millijoules(c, g, k) ? "mJ/tok" : shown[k].unit,
                                            .marks = true,
                                            .key = eb_figures[shown[k].figure].key });
        if (shown[k].figure == EB_FIGURE_USD && eb_compare_made_up(c, g))
            eb_table_column(t, (eb_column){ .head = "", .unit = "", .left = true, .glue = true });
        if (k == grade_after)
            eb_table_column(t, (eb_column){ .head = "", .unit = "grade", .left = true, .role = EB_ROLE_GRADE });
    }
    eb_table_column(t, (eb_column){ .head = "on the", .unit = "front" });
    for (int i = g->first; i < g->first + g->n; i++) {
        const eb_compare_row *row = &c->rows[i];
        eb_table_row(t, NULL);
        eb_table_cell(t, row->label, EB_MARK_NONE);
        for (int k = 0; k < N_SHOWN; k++) {
            if (any_known(c, g, k))
                put_figure(t, c, g, i, k);
            if (any_known(c, g, k) && shown[k].figure == EB_FIGURE_USD && eb_compare_made_up(c, g))
                eb_table_cell(t, row->demonstration && !isnan(row->figures[shown[k].figure].value) ? "demo" : "",
                              EB_MARK_NONE);
            if (k == grade_after)
                put_grade(t, c, row, c->n_kinds > 1);
        }
        eb_table_cell(t, !row->front ? "-" : row->front_noise ? "~yes" : "yes", EB_MARK_NONE);
    }
    return t;
}

// ---- ratios ----

static const char *const ratio_units[] = { "ratio", "interval", "word" };

static void ratio_cells(eb_table *t, const eb_ratio *r)
{
    char buf[64];
    if (r->word == EB_WORD_REFERENCE || isnan(r->value)) {
        eb_table_cell(t, r->word == EB_WORD_REFERENCE ? "1" : "-", EB_MARK_NONE);
        eb_table_cell(t, "", EB_MARK_NONE);
        eb_table_cell(t, r->word == EB_WORD_REFERENCE ? "reference" : "not known", EB_MARK_NONE);
        return;
    }
    char number[3][24];
    const double values[3] = { r->value, r->lo, r->hi };
    for (int i = 0; i < 3; i++)
        eb_text_number(number[i], sizeof number[i], values[i], eb_text_place(values[i], NAN));
    snprintf(buf, sizeof buf, "%s%s", r->mixed ? "\xE2\x89\xA0" : "", number[0]);
    eb_table_cell(t, buf, EB_MARK_NONE);
    snprintf(buf, sizeof buf, "%s-%s", number[1], number[2]);
    eb_table_cell(t, buf, EB_MARK_NONE);
    snprintf(buf, sizeof buf, "%s%s", eb_word_name(r->word), r->mixed ? " \xE2\x89\xA0" : "");
    eb_table_cell(t, buf, EB_MARK_NONE);
}

eb_table *eb_compare_ratios_table(const eb_compare *c, const eb_compare_group *g)
{
    char *title = eb_format("Relative to %s", c->rows[g->reference].label);
    eb_table *t = eb_table_new(title);
    int n = 0;
    free(title);
    eb_table_column(
        t, (eb_column){
               .head = "", .unit = eb_compare_by_name(c->options.by), .label = true, .left = true, .shrink = true });
    for (int k = 0; k < N_SHOWN; k++)
        for (int u = 0; u < 3 && has_ratio(c, g, k); u++, n++)
            eb_table_column(t, (eb_column){ .head = u                                      ? ""
                                                    : shown[k].figure == EB_FIGURE_GOODPUT ? "good tok/s"
                                                                                           : shown[k].head,
                                            .unit = ratio_units[u],
                                            .left = u == 2,
                                            .glue = u > 0 });
    for (int i = g->first; i < g->first + g->n; i++) {
        if (i == g->reference)
            continue;
        eb_table_row(t, NULL);
        eb_table_cell(t, c->rows[i].label, EB_MARK_NONE);
        for (int k = 0; k < N_SHOWN; k++)
            if (has_ratio(c, g, k))
                ratio_cells(t, &c->rows[i].ratios[shown[k].figure]);
    }
    if (n)
        return t;
    eb_table_free(t);
    return NULL;
}
