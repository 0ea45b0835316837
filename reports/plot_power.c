// SPDX-License-Identifier: Apache-2.0
// Power over time with its phases: a panel for each case.
#include <math.h>
#include <stdlib.h>
#include "harness/base/mem.h"
#include "reports/plots_impl.h"

enum { MAX_PANELS = 48, MAX_POINTS = 1000 };

static const char PREFILL[] = "#FBE3C0", DECODE[] = "#D9E9F5"; // shades of the phases

// Long traces are thinned to the lowest and highest sample of each stretch, so that no peak is lost.
static void add_series(eb_text *t, const eb_power_series *s, int block)
{
    int stretch = s->n > MAX_POINTS ? (s->n + MAX_POINTS / 2 - 1) / (MAX_POINTS / 2) : 1;
    eb_text_add(t, "$power%d << END\n", block);
    for (int i = 0; i < s->n; i += stretch) {
        int low = i, high = i;
        for (int k = i; k < i + stretch && k < s->n; k++) {
            low = s->w[k] < s->w[low] ? k : low;
            high = s->w[k] > s->w[high] ? k : high;
        }
        int first = low < high ? low : high, second = low < high ? high : low;
        eb_text_add(t, "%.9g %.9g\n", s->t_s[first], s->w[first]);
        if (second != first)
            eb_text_add(t, "%.9g %.9g\n", s->t_s[second], s->w[second]);
    }
    eb_text_add(t, "END\n");
}

static void add_phase(eb_text *t, int object, double from_s, double to_s, const char *color)
{
    if (isfinite(from_s) && isfinite(to_s) && to_s > from_s)
        eb_text_add(
            t, "set object %d rectangle from %.9g, graph 0 to %.9g, graph 1 fc rgb '%s' fs solid noborder behind\n",
            object, from_s, to_s, color);
}

static void add_power_panel(eb_text *t, const eb_run *run, const eb_power_series *s, int block)
{
    const eb_metric *m = eb_rank_value(&run->cases[s->case_index], "power_w");
    char *name = eb_case_title(run, s->case_index), *fitted = eb_text_fit(name, EB_PLOT_TITLE_WIDTH);
    char *title = m ? eb_format("%s (%s)", fitted, eb_grade_name(m->grade)) : eb_strdup(fitted);
    double end = isfinite(s->end_s) && s->end_s > 0 ? s->end_s : s->t_s[s->n - 1];
    if (isfinite(s->prefill_end_s)) // else they alternate
        add_phase(t, 1, 0, fmin(s->prefill_end_s, end), PREFILL);
    add_phase(t, 2, s->prefill_end_s, end, DECODE);
    eb_text_add(t, "set xrange [0:%.9g]\nset title ", end > 0 ? end : 1);
    eb_gnuplot_quote(t, title);
    eb_text_add(t,
                " offset 0,-0.5 font ',12'\nplot $power%d using 1:2 with lines lw 1.6 lc rgb '#0B4F7D' notitle\n"
                "unset object\nunset label\n",
                block);
    free(title);
    free(fitted);
    free(name);
}

static bool drawable(const eb_run *run, const eb_power_series *s)
{
    return s->n > 1 && s->case_index >= 0 && s->case_index < run->n_cases;
}

char *eb_plot_power(const eb_run *run)
{
    enum { PANEL_W = 350, PANEL_H = 205, TOP = 44, LEFT = 52, RIGHT = 18, ABOVE = 30, BELOW = 52 };
    int n = 0, all = 0;
    double most = 0;
    for (int i = 0; i < run->n_series; i++) {
        const eb_power_series *s = &run->series[i];
        all += drawable(run, s);
        for (int k = 0; k < s->n && drawable(run, s); k++)
            most = isfinite(s->w[k]) ? fmax(most, s->w[k]) : most;
    }
    n = all < MAX_PANELS ? all : MAX_PANELS;
    if (!n || !(most > 0))
        return NULL;
    int columns = n == 1 ? 1 : n <= 4 ? 2 : 3, rows = (n + columns - 1) / columns;
    int panel_w = n == 1 ? 2 * PANEL_W : PANEL_W, width = columns * panel_w, height = TOP + rows * PANEL_H;
    eb_text t = { 0 };
    eb_plot_begin(&t, width, height);
    eb_text_add(&t, "set grid y lc rgb '#e4e4e4' lt 1\nset yrange [0:%.9g]\nset ytics autofreq\n", 1.12 * most);
    eb_text_add(&t, "set xlabel 's' offset 0,0.7\nset ylabel 'W' offset 1,0\nset xtics autofreq\nset multiplot\n");
    eb_plot_heading(&t, "Power over time, one trial of each case", n, all, width, height);
    eb_plot_legend(&t, 0, width - 170, 20, PREFILL, "prefill", width, height);
    eb_plot_legend(&t, 1, width - 88, 20, DECODE, "decode", width, height);
    for (int i = 0, at = 0; i < run->n_series && at < n; i++) {
        const eb_power_series *s = &run->series[i];
        if (!drawable(run, s))
            continue;
        int row = at / columns;
        double x = (double)(at % columns) * panel_w, y = TOP + (double)row * PANEL_H;
        eb_text_add(&t, "set lmargin at screen %.6f\nset rmargin at screen %.6f\n", (x + LEFT) / width,
                    (x + panel_w - RIGHT) / width);
        eb_text_add(&t, "set tmargin at screen %.6f\nset bmargin at screen %.6f\n", 1 - (y + ABOVE) / height,
                    1 - (y + PANEL_H - BELOW) / height);
        add_series(&t, s, at);
        add_power_panel(&t, run, s, at++);
    }
    eb_text_add(&t, "unset multiplot\n");
    return t.s;
}

char *eb_plot_power_of(const eb_run *run, const eb_power_series *s)
{
    static const eb_plot_box frame = { EB_PLOT_PAGE_WIDTH, 170, 40, 12, 10, 38 };
    double most = 0, end = isfinite(s->end_s) && s->end_s > 0 ? s->end_s : s->n ? s->t_s[s->n - 1] : 0;
    for (int i = 0; i < s->n; i++)
        most = isfinite(s->w[i]) ? fmax(most, s->w[i]) : most;
    if (!drawable(run, s) || !(most > 0) || !(end > 0))
        return NULL;
    eb_text t = { 0 };
    eb_plot_page(&t, frame.width, frame.height);
    eb_plot_margins(&t, &frame);
    if (isfinite(s->prefill_end_s)) // else they alternate
        add_phase(&t, 1, 0, fmin(s->prefill_end_s, end), PREFILL);
    add_phase(&t, 2, s->prefill_end_s, end, DECODE);
    eb_text_add(&t,
                "set xrange [0:%.9g]\nset yrange [0:%.9g]\nset xlabel 's' offset 0,0.5 textcolor rgb '#5a626b'\n"
                "set ylabel 'W' offset 1.4,0 textcolor rgb '#5a626b'\n",
                end, 1.12 * most);
    eb_plot_tics(&t, 'x', 0, end, false);
    eb_plot_tics(&t, 'y', 0, 1.12 * most, false);
    if (isfinite(run->idle_w) && run->idle_w > 0 && run->idle_w < 1.12 * most)
        eb_text_add(&t, "set arrow 1 from 0, %.9g to %.9g, %.9g nohead lw 1 dt 3 lc rgb '#606060'\n", run->idle_w, end,
                    run->idle_w);
    add_series(&t, s, 0);
    eb_text_add(&t, "plot $power0 using 1:2 with lines lw 1.4 lc rgb '#0b5a8f'\n");
    return t.s;
}
