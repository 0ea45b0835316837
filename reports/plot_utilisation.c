// SPDX-License-Identifier: Apache-2.0
// Tokens per dollar against the share of the year in which the machine works, everything else as measured and priced.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/record/cost_range.h"
#include "reports/plots_impl.h"

enum { STEPS = 40, WIDTH = EB_PLOT_PAGE_WIDTH, HEIGHT = 300 };
static const double from_frac = 0.01, line_px = 14;
static const eb_plot_box frame = { WIDTH, HEIGHT, 50, 122, 14, 44 };
const char *const eb_plot_colors[EB_PLOT_MAX_CURVES] = { "#0b5a8f", "#c2571a", "#2f7d4f",
                                                         "#8a4b8f", "#9c2a3f", "#8a6d00" };

static double tok_per_usd(eb_cost_curve curve, double utilisation)
{
    double usd = eb_cost_at_utilisation(curve, utilisation);
    return usd > 0 ? 1e6 / usd : NAN;
}

static int by_end(const void *a, const void *b)
{
    double x = tok_per_usd(((const eb_plot_curve *)a)->curve, 1), y = tok_per_usd(((const eb_plot_curve *)b)->curve, 1);
    return (x < y) - (x > y);
}

static void add_lines(eb_text *t, const eb_plot_curve *lines, int n, double scale, double y_max)
{
    double h = frame.height - frame.top - frame.bottom, last = -INFINITY;
    for (int i = 0; i < n; i++) {
        char *fitted = eb_plot_fit(lines[i].name, frame.right - 8.0);
        double end = frame.top + h * (1 - tok_per_usd(lines[i].curve, 1) / scale / y_max);
        last = fmax(end, last + line_px);
        eb_text_add(t, "set label %d ", i + 1);
        eb_gnuplot_quote(t, fitted);
        eb_text_add(t, " at screen %.6f, screen %.6f left textcolor rgb '%s'\n", 1 - (frame.right - 6.0) / frame.width,
                    1 - last / frame.height, eb_plot_colors[i]);
        free(fitted);
        eb_text_add(t, "$line%d << END\n", i);
        for (int k = 0; k <= STEPS; k++) {
            double u = from_frac + (1 - from_frac) * k / STEPS;
            eb_text_add(t, "%.9g %.9g\n", 100 * u, tok_per_usd(lines[i].curve, u) / scale);
        }
        eb_text_add(t, "END\n");
    }
    for (int i = 0; i < n; i++)
        eb_text_add(t, "%s$line%d using 1:2 with lines lw 1.8 lc rgb '%s'", i ? ", " : "plot ", i, eb_plot_colors[i]);
    eb_text_add(t, "\n");
}

char *eb_plot_utilisation_of(eb_plot_curve *lines, int n, double utilisation)
{
    bool depends = false;
    qsort(lines, (size_t)n, sizeof *lines, by_end);
    n = n < EB_PLOT_MAX_CURVES ? n : EB_PLOT_MAX_CURVES;
    for (int i = 0; i < n; i++)
        depends = depends || lines[i].curve.shared > 0;
    if (!depends)
        return NULL; // a rent is paid by the hour in use: there is nothing to spread
    double most = tok_per_usd(lines[0].curve, 1), scale = most >= 2e6 ? 1e6 : most >= 2e3 ? 1e3 : 1;
    const char *unit = scale > 1e3 ? "million tokens per dollar"
                       : scale > 1 ? "thousand tokens per dollar"
                                   : "tokens per dollar";
    double y_max = 1.08 * most / scale;
    eb_text t = { 0 };
    eb_plot_page(&t, frame.width, frame.height);
    eb_plot_margins(&t, &frame);
    eb_text_add(&t,
                "set xrange [0:100]\nset yrange [0:%.9g]\nset xlabel 'utilisation, %%' offset 0,0.4 textcolor rgb "
                "'#5a626b'\nset ylabel '%s' offset 1.2,0 textcolor rgb '#5a626b'\nset xtics 25\n",
                y_max, unit);
    eb_plot_tics(&t, 'y', 0, y_max, false);
    if (isfinite(utilisation) && utilisation < 1)
        eb_text_add(&t, "set arrow 1 from %.9g, graph 0 to %.9g, graph 1 nohead lw 1 dt 3 lc rgb '#606060'\n",
                    100 * utilisation, 100 * utilisation);
    add_lines(&t, lines, n, scale, y_max);
    return t.s;
}

char *eb_plot_utilisation(const eb_run *run, int like)
{
    eb_cost cost;
    eb_cost_from_header(run->header, &cost);
    eb_plot_curve *lines = eb_alloc((size_t)run->n_cases * sizeof *lines + 1);
    int n = 0;
    for (int i = 0; i < run->n_cases; i++) {
        eb_cost_work work;
        eb_cost_work_of(&work, &run->cases[i], run, &cost);
        eb_cost_curve curve = eb_cost_curve_of(&cost, &work.value);
        if (isfinite(tok_per_usd(curve, 1)) && eb_rank_comparable(run->cases[i].info, run->cases[like].info))
            lines[n++] = (eb_plot_curve){ eb_case_name(run, i), curve };
    }
    char *script = eb_plot_utilisation_of(lines, n, cost.utilisation);
    for (int i = 0; i < n; i++)
        free(lines[i].name);
    free(lines);
    return script;
}
