// SPDX-License-Identifier: Apache-2.0
// Load curves of several runs over each other: tokens per second, watts and tokens per joule over the load.
#include <math.h>
#include <stdlib.h>
#include "reports/plots_impl.h"

enum { WIDTH = 720, PANEL_H = 160, LINE_H = 20, BELOW = 34, LEFT = 84, RIGHT = 24, PANELS = 3, NAME_PX = 200 };

static const char *const labels[PANELS] = { "tok/s", "W", "tok/J" };

static eb_load_figure figure_of(const eb_compare_level *level, int panel)
{
    const eb_load_figure figures[PANELS] = { level->tok_s, level->power_w, level->tok_per_j };
    return figures[panel];
}

static bool has_panel(const eb_plot_load_curve *c, int panel)
{
    int known = 0;
    for (int i = 0; i < c->n; i++)
        known += isfinite(figure_of(&c->levels[i], panel).value);
    return known >= 2;
}

// Where nothing is known of its interval, a figure is its own.
static void add_data(eb_text *t, const eb_plot_load_curve *c, int number, int panel)
{
    eb_text_add(t, "$load%d_%d << END\n", panel, number);
    for (int i = c->n - 1; i >= 0; i--) {
        eb_load_figure f = figure_of(&c->levels[i], panel);
        bool spread = isfinite(f.lo) && isfinite(f.hi);
        if (isfinite(f.value))
            eb_text_add(t, "%d %.9g %.9g %.9g %d\n", c->levels[i].percent, f.value, spread ? f.lo : f.value,
                        spread ? f.hi : f.value, c->levels[i].valid ? 7 : 6);
    }
    eb_text_add(t, "END\n");
}

static void add_panel(eb_text *t, const eb_plot_load_curve *curves, int n, int panel)
{
    int used = 0;
    for (int i = 0; i < n; i++)
        if (has_panel(&curves[i], panel))
            add_data(t, &curves[i], i, panel);
    eb_text_add(t, "set ylabel ");
    eb_gnuplot_quote(t, labels[panel]);
    eb_text_add(t, " offset 1.5,0\n");
    for (int i = 0; i < n; i++)
        if (has_panel(&curves[i], panel))
            eb_text_add(t,
                        "%s$load%d_%d using 1:2 with lines lw 1.6 lc rgb '%s' notitle, '' using 1:2:3:4 with "
                        "yerrorbars pt 0 lw 1 lc rgb '%s' notitle, '' using 1:2:5 with points pt variable ps 0.6 lc "
                        "rgb '%s' notitle",
                        used++ ? ", " : "plot ", panel, i, eb_plot_colors[i], eb_plot_colors[i], eb_plot_colors[i]);
    eb_text_add(t, "\n");
}

// The names in lines of three, above the panels.
static void add_names(eb_text *t, const eb_plot_load_curve *curves, int n, int height)
{
    for (int i = 0; i < n; i++) {
        char *fitted = eb_plot_fit(curves[i].name, NAME_PX - 30.0);
        eb_plot_legend(t, i, LEFT + (double)(i % 3) * NAME_PX, 16 + floor(i / 3.0) * LINE_H, eb_plot_colors[i], fitted,
                       WIDTH, height);
        free(fitted);
    }
}

char *eb_plot_load_of(const eb_plot_load_curve *curves, int n)
{
    int rows = 0, row = 0;
    bool panels[PANELS] = { false };
    n = n < EB_PLOT_MAX_CURVES ? n : EB_PLOT_MAX_CURVES;
    for (int p = 0; p < PANELS; p++) {
        for (int i = 0; i < n; i++)
            panels[p] = panels[p] || has_panel(&curves[i], p);
        rows += panels[p];
    }
    if (!rows)
        return NULL;
    int top = 16 + LINE_H * ((n + 2) / 3), height = top + rows * PANEL_H + 10;
    eb_text t = { 0 };
    eb_plot_begin(&t, WIDTH, height);
    eb_text_add(&t, "set grid y lc rgb '#e4e4e4' lt 1\nset xrange [0:105]\nset xtics 10\nset multiplot\n"
                    "set yrange [0:*]\nunset key\n");
    add_names(&t, curves, n, height);
    eb_text_add(&t, "set lmargin at screen %.6f\nset rmargin at screen %.6f\n", (double)LEFT / WIDTH,
                (double)(WIDTH - RIGHT) / WIDTH);
    for (int p = 0; p < PANELS; p++) {
        if (!panels[p])
            continue;
        double y = top + (double)row * PANEL_H;
        eb_text_add(&t, "set tmargin at screen %.6f\nset bmargin at screen %.6f\n%s", 1 - y / height,
                    1 - (y + PANEL_H - BELOW) / height,
                    row + 1 == rows ? "set xlabel 'load, %' offset 0,0.7\n" : "unset xlabel\n");
        add_panel(&t, curves, n, p);
        if (row++ == 0)
            eb_text_add(&t, "unset label\nunset object\n"); // the names, drawn once
    }
    eb_text_add(&t, "unset multiplot\n");
    return t.s;
}
