// SPDX-License-Identifier: Apache-2.0
// A comparison as one page: the answer of each group first, then its tables and pictures, then what the runs are.
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "reports/compare.h"
#include "reports/html.h"
#include "reports/plots_impl.h"
#include "reports/text.h"

enum { ANSWERS = 3, PICTURED = 12 };

// ---- pictures ----

static double low_of(const eb_compare_value *v)
{
    return v->interval == EB_INTERVAL_NONE ? v->value : v->lo;
}

static double high_of(const eb_compare_value *v)
{
    return v->interval == EB_INTERVAL_NONE ? v->value : v->hi;
}

static char *front_of(const eb_compare *c, const eb_compare_group *g)
{
    eb_plot_point *points = eb_alloc((size_t)g->n * sizeof *points + 1);
    eb_front *fronts = eb_alloc((size_t)g->n * sizeof *fronts + 1);
    int n = 0, rows, lead = eb_compare_lead_kind(c, g, &rows);
    eb_compare_front(c, g, EB_FIGURE_J_PER_TOK, EB_FIGURE_GOODPUT, fronts);
    for (int i = g->first; i < g->first + g->n && n < EB_PLOT_MAX_POINTS; i++) {
        const eb_compare_row *row = &c->rows[i];
        const eb_compare_value *j = &row->figures[EB_FIGURE_J_PER_TOK], *rate = &row->figures[EB_FIGURE_GOODPUT];
        if (isnan(j->value) || isnan(rate->value))
            continue;
        points[n++] =
            (eb_plot_point){ c->n_kinds > 1 && row->kind >= 0 ? eb_format("%s (%c)", row->label, 'A' + row->kind % 26)
                                                              : eb_strdup(row->label),
                             j->value,
                             low_of(j),
                             high_of(j),
                             rate->value,
                             low_of(rate),
                             high_of(rate),
                             row->kind == lead ? fronts[i - g->first] : EB_FRONT_BEATEN };
    }
    char *script = eb_plot_front_of(points, n, "tokens per second");
    for (int i = 0; i < n; i++)
        free(points[i].name);
    free(points);
    free(fronts);
    return script;
}

static char *curves_of(const eb_compare *c, const eb_compare_group *g)
{
    eb_plot_curve *lines = eb_alloc((size_t)g->n * sizeof *lines + 1);
    int n = 0;
    for (int i = g->first; i < g->first + g->n; i++) {
        double end = eb_cost_at_utilisation(c->rows[i].curve, 1);
        if (isfinite(end) && end > 0)
            lines[n++] = (eb_plot_curve){ c->rows[i].label, c->rows[i].curve };
    }
    char *script = n ? eb_plot_utilisation_of(lines, n, NAN) : NULL;
    free(lines);
    return script;
}

// A curve at several prices is one curve.
static bool drawn_before(const eb_compare *c, const eb_compare_group *g, int row)
{
    for (int i = g->first; i < row; i++)
        if (c->rows[i].run == c->rows[row].run && c->rows[i].case_index == c->rows[row].case_index)
            return true;
    return false;
}

static char *loads_of(const eb_compare *c, const eb_compare_group *g, int *n)
{
    eb_plot_load_curve *curves = eb_alloc((size_t)g->n * sizeof *curves + 1);
    *n = 0;
    for (int i = g->first; i < g->first + g->n; i++) {
        const eb_compare_case *x = &c->runs[c->rows[i].run]->cases[c->rows[i].case_index];
        if (x->n_levels && !drawn_before(c, g, i))
            curves[(*n)++] = (eb_plot_load_curve){ c->rows[i].label, x->levels, x->n_levels };
    }
    char *script = eb_plot_load_of(curves, *n);
    free(curves);
    return script;
}

static void group_id(char *id, size_t size, int g)
{
    snprintf(id, size, "work-%d", g + 1);
}

// `ids`: one for each group that is pictured; they have to outlive the pictures.
static void add_pictures(const eb_compare *c, char (*ids)[24], eb_html_pictures *p)
{
    for (int g = 0; g < c->n_groups && g < PICTURED; g++) {
        const eb_compare_group *group = &c->groups[g];
        eb_html_picture_add(
            p, ids[g], false, front_of(c, group),
            "Speed against energy | up and left is better; dotted: the Pareto front of these two%s; hollow: kept on it "
            "by differences within noise; grey: beaten by the words%s",
            c->n_kinds > 1 ? ", among the kind of energy that most have" : "",
            c->n_kinds > 1 ? ", or energy of another kind" : "");
        eb_html_picture_add(p, ids[g], false, curves_of(c, group),
                            "Performance per dollar against utilisation | each at its own prices, everything else as "
                            "measured%s",
                            group->n > EB_PLOT_MAX_CURVES ? "; the best six" : "");
        int n_curves;
        char *loads = loads_of(c, group, &n_curves);
        eb_html_picture_add(p, ids[g], true, loads,
                            "Load curves | load: percent of each one's own maximum, 0 is active idle; hollow: a level "
                            "that was invalid in some trial%s",
                            n_curves > EB_PLOT_MAX_CURVES ? "; the first six" : "");
    }
}

// ---- the page ----

static void put_answer(const eb_compare *c, const eb_compare_group *g, FILE *out)
{
    static const eb_answer_style style = { .put = eb_html_put, .strong_open = "<strong>", .strong_close = "</strong>" };
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    if (!to)
        return;
    eb_compare_answer_print(c, g, &style, to);
    fclose(to);
    if (text && *text)
        fputc(toupper((unsigned char)*text), out);
    if (text && *text)
        eb_html_put_joined(out, text + 1);
    fputc('.', out);
    free(text);
}

static void put_answers(const eb_compare *c, FILE *out)
{
    fprintf(out, "<div class=\"answer\" id=\"answer\">\n");
    for (int g = 0; g < c->n_groups && g < ANSWERS; g++) {
        fprintf(out, "<p><span class=\"work\">");
        eb_html_put(out, c->groups[g].title);
        fprintf(out, "</span> ");
        put_answer(c, &c->groups[g], out);
        fprintf(out, "</p>\n");
    }
    fprintf(out, "</div>\n");
}

// What a reader in a hurry must not miss.
static void put_flags(const eb_compare *c, const eb_notes *notes, FILE *out)
{
    const struct {
        int n;
        const char *one, *more, *to;
        bool warn;
    } flags[] = {
        { eb_html_count(notes, "prices"), "prices made up for show", "prices made up for show", "reading", true },
        { eb_html_count(notes, "warning"), "warning", "warnings", "warnings", true },
        { c->n_kinds > 1 ? c->n_kinds : 0, "", "kinds of energy, not ranked with each other", "reading", true },
        { eb_html_count(notes, "not known"), "figure not known, and why", "figures not known, and why", "reading",
          false },
        { c->n_lone, "work that only one has, left out", "works that only one has, left out", "reading", false },
    };
    fprintf(out, "<ul class=\"flags\">\n");
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (!flags[i].n)
            continue;
        fprintf(out, "<li%s><a href=\"#%s\">", flags[i].warn ? " class=\"warn\"" : "", flags[i].to);
        if (i)
            fprintf(out, "%d ", flags[i].n);
        fprintf(out, "%s</a></li>\n", flags[i].n == 1 ? flags[i].one : flags[i].more);
    }
    fprintf(out, "</ul>\n");
}

static void put_nav(const eb_compare *c, const eb_notes *notes, FILE *out)
{
    char id[24];
    fprintf(out, "<nav aria-label=\"Contents\"><ul>\n");
    for (int g = 0; g < c->n_groups && g < PICTURED; g++) {
        group_id(id, sizeof id, g);
        fprintf(out, "<li><a href=\"#%s\">", id);
        eb_html_put(out, c->groups[g].title);
        fprintf(out, "</a></li>\n");
    }
    fprintf(out,
            "<li><a href=\"#reading\">How to read it</a></li>\n%s<li><a href=\"#runs\">Runs</a></li>\n</ul></nav>\n",
            eb_html_count(notes, "warning") ? "<li><a href=\"#warnings\">Warnings</a></li>\n" : "");
}

static void put_group(const eb_compare *c, int g, const eb_html_pictures *pictures, FILE *out)
{
    const eb_compare_group *group = &c->groups[g];
    char id[24], *ranking = eb_compare_ranking(c, group);
    eb_table *figures = eb_compare_figures_table(c, group), *ratios = eb_compare_ratios_table(c, group);
    group_id(id, sizeof id, g);
    eb_html_section(out, id, group->title);
    if (g >= ANSWERS) {
        fprintf(out, "<p>");
        put_answer(c, group, out);
        fprintf(out, "</p>\n");
    }
    eb_html_table(figures, group->title, out);
    eb_html_definitions(figures, out);
    if (ratios) {
        fprintf(out, "<h3>");
        eb_html_put(out, eb_table_title(ratios));
        fprintf(out, "</h3>\n");
        eb_html_table(ratios, eb_table_title(ratios), out);
    }
    if (ranking) {
        fprintf(out, "<p class=\"words after\">%c", toupper((unsigned char)*ranking));
        eb_html_put(out, ranking + (*ranking != '\0'));
        fprintf(out, ".</p>\n");
    }
    eb_html_pictures_put(pictures, id, out);
    fprintf(out, "</section>\n");
    eb_table_free(figures);
    eb_table_free(ratios);
    free(ranking);
}

static void put_runs(const eb_compare *c, FILE *out)
{
    static const char *const heads[] = { "run", "machine", "config", "started", "boundary", "fingerprint", "effbench" };
    enum { N = sizeof heads / sizeof *heads };
    eb_html_section(out, "runs", "Runs");
    eb_html_texts_begin(out, "Runs", heads, N);
    for (int i = 0; i < c->n_runs; i++) {
        const eb_compare_run *r = c->runs[i];
        char *name = eb_format("%s%s", r->name, r->complete ? "" : " (not complete)");
        eb_html_texts_row(out,
                          (const char *const[]){ name, r->cpu_model, r->config, r->started,
                                                 eb_boundary_name(r->boundary), r->fingerprint, r->tool_version },
                          N);
        free(name);
    }
    eb_html_texts_end(out);
    fprintf(out, "</section>\n");
}

void eb_compare_write_html(const eb_compare *c, bool color, FILE *out)
{
    (void)color;
    eb_html_pictures pictures = { 0 };
    eb_notes notes = { 0 };
    char *heading = eb_compare_heading(c), ids[PICTURED][24];
    for (int g = 0; g < PICTURED; g++)
        group_id(ids[g], sizeof ids[g], g);
    add_pictures(c, ids, &pictures);
    eb_html_pictures_draw(&pictures, "gnuplot");
    eb_compare_notes(c, "\xE2\x98\x85", "\xE2\x89\x88", &notes);
    eb_html_begin(out, "effbench comparison");
    fprintf(out, "<header>\n<h1>Comparison</h1>\n<p class=\"meta\">");
    eb_html_put(out, heading);
    fprintf(out, "</p>\n");
    put_answers(c, out);
    put_flags(c, &notes, out);
    put_nav(c, &notes, out);
    fprintf(out, "</header>\n");
    if (pictures.notice) {
        fprintf(out, "<p class=\"notice\">");
        eb_html_put(out, pictures.notice);
        fprintf(out, "</p>\n");
    }
    for (int g = 0; g < c->n_groups; g++)
        put_group(c, g, &pictures, out);
    eb_html_notes(&notes, "the same work, and for energy the same grade, boundary and domains", out);
    eb_html_warnings(&notes, out);
    put_runs(c, out);
    eb_html_end(out);
    free(heading);
    eb_notes_deinit(&notes);
    eb_html_pictures_deinit(&pictures);
}
