// SPDX-License-Identifier: Apache-2.0
// The first load curve: tokens per second, watts and tokens per joule over the load, under each other.
#include <math.h>
#include <stdlib.h>
#include "harness/base/mem.h"
#include "harness/record/load.h"
#include "reports/plots_impl.h"

enum { WIDTH = 720, PANEL_H = 160, TOP = 50, BELOW = 34, LEFT = 84, RIGHT = 24, PANELS = 3 };

static const struct {
    const char *label, *color;
    eb_load_key key;
} panels[PANELS] = {
    { "tok/s", "#0B4F7D", EB_LOAD_TOK_S },
    { "W", "#A6501A", EB_LOAD_POWER },
    { "tok/J", "#3F6B2A", EB_LOAD_TOK_PER_J },
};

static bool has_panel(const eb_load_result *r, int panel)
{
    int known = 0;
    for (int i = 0; i < r->n_rows; i++)
        known += isfinite(r->rows[i].figures[panels[panel].key].value);
    return known >= 2;
}

// With the interval of each level; invalid levels are hollow.
static void add_data(eb_text *t, const eb_load_result *r, int panel)
{
    eb_text_add(t, "$load%d << END\n", panel);
    for (int i = r->n_rows - 1; i >= 0; i--) {
        const eb_load_figure *f = &r->rows[i].figures[panels[panel].key];
        if (isfinite(f->value))
            eb_text_add(t, "%d %.9g %.9g %.9g %d\n", r->rows[i].percent, f->value, f->lo, f->hi,
                        r->rows[i].standing == EB_LOAD_KEEPS ? 7 : 6);
    }
    eb_text_add(t, "END\n");
}

static void add_panel(eb_text *t, const eb_load_result *r, int panel, int row, int rows, int height)
{
    double y = TOP + (double)row * PANEL_H;
    const char *color = panels[panel].color;
    add_data(t, r, panel);
    eb_text_add(t, "set tmargin at screen %.6f\nset bmargin at screen %.6f\n", 1 - y / height,
                1 - (y + PANEL_H - BELOW) / height);
    eb_text_add(t, "set yrange [0:*]\nset ylabel ");
    eb_gnuplot_quote(t, panels[panel].label);
    eb_text_add(t, " offset 1.5,0\n%s", row + 1 == rows ? "set xlabel 'load, %' offset 0,0.7\n" : "unset xlabel\n");
    eb_text_add(t,
                "plot $load%d using 1:2 with lines lw 1.6 lc rgb '%s' notitle, '' using 1:2:3:4 with yerrorbars pt 0 "
                "lw 1 lc rgb '%s' notitle, '' using 1:2:5 with points pt variable ps 0.6 lc rgb '%s' notitle\n",
                panel, color, color, color);
}

char *eb_plot_load(const eb_run *run)
{
    const eb_load_result *r = NULL;
    int rows = 0;
    for (int i = 0; i < run->n_loads && !r; i++)
        r = run->loads[i]->curve ? run->loads[i] : NULL;
    for (int p = 0; r && p < PANELS; p++)
        rows += has_panel(r, p);
    if (!rows)
        return NULL;
    int height = TOP + rows * PANEL_H + 10;
    char *name = eb_case_title(run, r->case_index), *fitted = eb_text_fit(name, EB_PLOT_TITLE_WIDTH);
    char *heading = eb_format("%s over the load", fitted);
    eb_text t = { 0 };
    eb_plot_begin(&t, WIDTH, height);
    eb_text_add(&t, "set grid y lc rgb '#e4e4e4' lt 1\nset xrange [0:105]\nset xtics 10\nset multiplot\n");
    eb_plot_heading(&t, heading, 1, 1, WIDTH, height);
    eb_text_add(&t, "set lmargin at screen %.6f\nset rmargin at screen %.6f\n", (double)LEFT / WIDTH,
                (double)(WIDTH - RIGHT) / WIDTH);
    for (int p = 0, row = 0; p < PANELS; p++)
        if (has_panel(r, p)) {
            add_panel(&t, r, p, row, rows, height);
            if (row++ == 0)
                eb_text_add(&t, "unset label\n"); // the heading, drawn once
        }
    eb_text_add(&t, "unset multiplot\n");
    free(heading);
    free(fitted);
    free(name);
    return t.s;
}
