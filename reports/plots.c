// SPDX-License-Identifier: Apache-2.0
// plots/*.svg: power over time with its phases, tokens per second, joules per token; of a profile its roofline and its
// operators' shares. A plot without data is not made.
#include <stdlib.h>
#include "harness/base/file.h"
#include "harness/base/mem.h"
#include "reports/plots_impl.h"
#include "reports/report.h"

enum { LIMIT_S = 60 };

void eb_plot_begin(eb_text *t, int width, int height)
{
    eb_text_add(t,
                "set encoding utf8\n"
                "set terminal svg size %d,%d font 'sans-serif,12' noenhanced background '#ffffff'\n"
                "set termoption noenhanced\n"
                "set border 3 lc rgb '#606060'\n"
                "set tics nomirror out scale 0.5 textcolor rgb '#404040'\n"
                "set grid x lc rgb '#e4e4e4' lt 1\n",
                width, height);
}

void eb_plot_legend(eb_text *t, int number, double x, double y, const char *color, const char *name, int width,
                    int height)
{
    eb_text_add(
        t,
        "set object %d rectangle from screen %.6f, screen %.6f to screen %.6f, screen %.6f fc rgb '%s' fs solid "
        "border lc rgb '#808080' front\n",
        100 + number, x / width, 1 - (y + 6) / height, (x + 14) / width, 1 - (y - 6) / height, color);
    eb_text_add(t, "set label %d ", 1001 + number);
    eb_gnuplot_quote(t, name);
    eb_text_add(t, " at screen %.6f, screen %.6f left\n", (x + 20) / width, 1 - y / height);
}

void eb_plot_heading(eb_text *t, const char *text, int shown, int all, int width, int height)
{
    char *heading = shown < all ? eb_format("%s (%d of %d cases)", text, shown, all) : eb_strdup(text);
    eb_text_add(t, "set label 1000 ");
    eb_gnuplot_quote(t, heading);
    eb_text_add(t, " at screen %.6f, screen %.6f left font ',14' textcolor rgb '#000000'\n", 10.0 / width,
                1 - 20.0 / height);
    free(heading);
}

static const struct {
    const char *name;
    char *(*script)(const eb_run *run); // NULL = no data
} plots[] = {
    { "plots/power.svg", eb_plot_power },         { "plots/tok_s.svg", eb_plot_tok_s },
    { "plots/j_per_tok.svg", eb_plot_j_per_tok }, { "plots/roofline.svg", eb_plot_roofline },
    { "plots/operators.svg", eb_plot_operators }, { "plots/sustained.svg", eb_plot_sustained },
    { "plots/load.svg", eb_plot_load },
};

static eb_gnuplot_result draw(const char *script, const char *dir, const char *name, eb_err *err)
{
    char *svg = NULL, *path = eb_path_join(dir, name), *folder = eb_path_join(dir, "plots");
    size_t n = 0;
    eb_gnuplot_result result = eb_gnuplot_run("gnuplot", script, LIMIT_S, &svg, &n, err);
    if (result == EB_GNUPLOT_DONE && (!eb_mkdirs(folder, err) || !eb_file_write_atomic(path, svg, n, err)))
        result = EB_GNUPLOT_FAILED;
    free(svg);
    free(path);
    free(folder);
    return result;
}

bool eb_report_plots(const eb_run *run, const char *dir, const char **notice, eb_err *err)
{
    *notice = NULL;
    for (size_t i = 0; i < sizeof plots / sizeof *plots; i++) {
        char *script = plots[i].script(run);
        if (!script)
            continue;
        eb_gnuplot_result result = draw(script, dir, plots[i].name, err);
        free(script);
        if (result == EB_GNUPLOT_FAILED)
            return false;
        if (result == EB_GNUPLOT_ABSENT) {
            eb_err_clear(err);
            *notice = "no plots: gnuplot is not installed (Debian: gnuplot-nox)";
            return true;
        }
    }
    return true;
}
