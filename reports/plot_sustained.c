// SPDX-License-Identifier: Apache-2.0
// The course of a sustained trial: speed, power, temperature and frequency under each other, with the point where it
// throttles. The first trial of the first case that is one.
#include <math.h>
#include <stdlib.h>
#include "harness/base/mem.h"
#include "harness/record/sustained.h"
#include "reports/plots_impl.h"

enum { WIDTH = 720, PANEL_H = 150, TOP = 50, BELOW = 34, LEFT = 84, RIGHT = 24, PANELS = 4 };

static double value_of(const eb_sustained_window *w, int panel)
{
    const double values[PANELS] = { w->decode_tok_s, w->w, w->heat.temperature_c, w->heat.frequency_hz / 1e6 };
    return values[panel];
}

static const struct {
    const char *label, *color;
    bool from_zero;
} panels[PANELS] = {
    { "decode tok/s", "#0B4F7D", true },
    { "W", "#A6501A", true },
    { "°C", "#9C2A3F", false },
    { "MHz", "#3F6B2A", true },
};

static bool has_panel(const eb_sustained *s, int panel)
{
    int known = 0;
    for (int i = 0; i < s->n; i++)
        known += isfinite(value_of(&s->windows[i], panel));
    return known >= 2;
}

// At the middle of each window; a gap where it is not known.
static void add_data(eb_text *t, const eb_sustained *s, int panel)
{
    eb_text_add(t, "$course%d << END\n", panel);
    for (int i = 0; i < s->n; i++) {
        const eb_sustained_window *w = &s->windows[i];
        double value = value_of(w, panel);
        if (isfinite(value))
            eb_text_add(t, "%.9g %.9g\n", w->t_s + w->length_s / 2, value);
        else
            eb_text_add(t, "\n");
    }
    eb_text_add(t, "END\n");
}

static void add_panel(eb_text *t, const eb_sustained *s, int panel, int row, int rows, int height)
{
    double y = TOP + (double)row * PANEL_H;
    add_data(t, s, panel);
    eb_text_add(t, "set tmargin at screen %.6f\nset bmargin at screen %.6f\n", 1 - y / height,
                1 - (y + PANEL_H - BELOW) / height);
    eb_text_add(t, "set yrange [%s:*]\nset ylabel ", panels[panel].from_zero ? "0" : "*");
    eb_gnuplot_quote(t, panels[panel].label);
    eb_text_add(t, " offset 1.5,0\n%s", row + 1 == rows ? "set xlabel 's' offset 0,0.7\n" : "unset xlabel\n");
    eb_text_add(t, "plot $course%d using 1:2 with linespoints pt 7 ps 0.3 lw 1.6 lc rgb '%s' notitle\n", panel,
                panels[panel].color);
}

char *eb_plot_sustained(const eb_run *run)
{
    const eb_sustained *s = run->n_sustained ? run->sustained[0] : NULL;
    int rows = 0;
    for (int p = 0; s && p < PANELS; p++)
        rows += has_panel(s, p);
    if (!rows)
        return NULL;
    int height = TOP + rows * PANEL_H + 10;
    char *name = eb_case_title(run, s->case_index), *fitted = eb_text_fit(name, EB_PLOT_TITLE_WIDTH);
    char *heading = s->throttle.onset >= 0 ? eb_format("%s over time, throttles from %.3g s on", fitted, s->onset_s)
                                           : eb_format("%s over time", fitted);
    eb_text t = { 0 };
    eb_plot_begin(&t, WIDTH, height);
    eb_text_add(&t, "set grid y lc rgb '#e4e4e4' lt 1\nset xrange [0:%.9g]\nset multiplot\n", s->ran_s);
    eb_plot_heading(&t, heading, 1, 1, WIDTH, height);
    eb_text_add(&t, "set lmargin at screen %.6f\nset rmargin at screen %.6f\n", (double)LEFT / WIDTH,
                (double)(WIDTH - RIGHT) / WIDTH);
    if (s->throttle.onset >= 0)
        eb_text_add(&t, "set arrow 1 from %.9g, graph 0 to %.9g, graph 1 nohead lw 1.2 dt 2 lc rgb '#9C2A3F'\n",
                    s->onset_s, s->onset_s);
    for (int p = 0, row = 0; p < PANELS; p++)
        if (has_panel(s, p)) {
            add_panel(&t, s, p, row, rows, height);
            if (row++ == 0)
                eb_text_add(&t, "unset label\n"); // the heading, drawn once
        }
    eb_text_add(&t, "unset multiplot\n");
    free(heading);
    free(fitted);
    free(name);
    return t.s;
}
