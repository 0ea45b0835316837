// SPDX-License-Identifier: Apache-2.0
// Shares of a profile's operators: a stacked bar of time for each case, and one of joules where they could be split.
#include <math.h>
#include <stdlib.h>
#include "harness/base/mem.h"
#include "harness/record/profile.h"
#include "reports/plots_impl.h"

enum { MAX_CASES = 30, BAR_W = 640, ROW = 26, TOP = 40, BOTTOM = 52, RIGHT = 30, CHAR_PX = 8 };
enum { TOGETHER = EB_OP_COUNT + 1, CLASSES }; // operators that only have joules together
static const char TOGETHER_NAME[] = "only told apart together";

// One bar: the shares of each class in percent, in the order in which they are stacked.
typedef struct bar {
    double share[CLASSES];
    const char *what; // "time", "joules"
    int case_index;
    eb_grade grade; // of joules
    bool first;     // of its case
} bar;

static bool make_time(const eb_profile *p, bar *out)
{
    double sum = 0;
    *out = (bar){ .what = "time", .case_index = p->case_index, .first = true };
    for (int i = 0; i < p->n_rows; i++) {
        double share = 100 * p->rows[i].time_frac;
        if (share > 0 && isfinite(share))
            sum += out->share[p->rows[i].op] += share;
    }
    return sum > 0;
}

// A group's joules stand once, however many rows it has.
static bool first_of_group(const eb_profile *p, int row)
{
    for (int i = 0; i < row; i++)
        if (p->rows[i].shared && p->rows[i].group == p->rows[row].group)
            return false;
    return true;
}

static bool make_joules(const eb_profile *p, bar *out)
{
    const double sum_j = p->split.sum_j / p->n_trials;
    *out = (bar){ .what = "joules", .case_index = p->case_index, .grade = p->split.grade };
    if (*p->split.refused || !(sum_j > 0))
        return false;
    for (int i = 0; i < p->n_rows; i++) {
        const eb_profile_row *r = &p->rows[i];
        double share = 100 * r->j / sum_j;
        if (share > 0 && isfinite(share) && (!r->shared || first_of_group(p, i)))
            out->share[r->shared ? TOGETHER : r->op] += share;
    }
    return true;
}

static const char *class_name(int class)
{
    return class == TOGETHER ? "together" : class == EB_OP_COUNT ? "outside" : eb_op_name((eb_op) class);
}

static unsigned class_rgb(int class)
{
    return class == TOGETHER ? 0xB0A8B9 : eb_plot_op_rgb(class);
}

// Dark colours carry white letters.
static const char *ink(unsigned rgb)
{
    double bright = 0.30 * (rgb >> 16 & 255) + 0.59 * (rgb >> 8 & 255) + 0.11 * (rgb & 255);
    return bright < 140 ? "#ffffff" : "#202020";
}

// A data block for each class, of the pieces that it has in all bars: from, to, bar, share; names where they fit.
static void add_class(eb_text *t, eb_text *plot, const bar *bars, int n, int class, int *label)
{
    bool any = false;
    for (int i = 0; i < n; i++) {
        const double share = bars[i].share[class];
        double from = 0;
        if (!(share > 0))
            continue;
        for (int k = 0; k < class; k++)
            from += bars[i].share[k];
        if (!any)
            eb_text_add(t, "$op%d << END\n", class);
        any = true;
        eb_text_add(t, "%.6f %.6f %d %.6f # %s\n", from, from + share, i, share, class_name(class));
        if (share / 100 * BAR_W > CHAR_PX * eb_text_width(class_name(class)))
            eb_text_add(plot, "set label %d '%s' at %.6f,%d center front font ',11' textcolor rgb '%s'\n", (*label)++,
                        class_name(class), from + share / 2, i, ink(class_rgb(class)));
    }
    if (any)
        eb_text_add(t, "END\n");
}

static void add_bars(eb_text *t, const bar *bars, int n)
{
    eb_text labels = { 0 }, plot = { 0 };
    int label = 200;
    for (int class = 0; class < CLASSES; class ++) {
        bool any = false;
        for (int i = 0; i < n && !any; i++)
            any = bars[i].share[class] > 0;
        add_class(t, &labels, bars, n, class, &label);
        if (any)
            eb_text_add(&plot,
                        "%s $op%d using 1:3:1:2:($3-0.4):($3+0.4) with boxxyerror fs solid 1 border lc rgb '#ffffff' "
                        "lc rgb '#%06X' notitle",
                        plot.n ? "," : "plot", class, class_rgb(class));
    }
    eb_text_add(t, "%s%s\n", labels.s ? labels.s : "", plot.s);
    eb_text_deinit(&labels);
    eb_text_deinit(&plot);
}

// Left of the bars; returns the widest, in characters.
static int add_names(eb_text *t, const eb_run *run, const bar *bars, int n)
{
    int widest = 12;
    for (int i = 0; i < n; i++) {
        char *title = bars[i].first ? eb_case_title(run, bars[i].case_index) : eb_strdup("");
        char *fitted = eb_text_fit(title, EB_PLOT_TITLE_WIDTH);
        char *name = bars[i].first ? eb_format("%s, %s", fitted, bars[i].what)
                                   : eb_format("%s (%s)", bars[i].what, eb_grade_name(bars[i].grade));
        widest = eb_text_width(name) > widest ? eb_text_width(name) : widest;
        eb_text_add(t, "set label %d ", i + 1);
        eb_gnuplot_quote(t, name);
        eb_text_add(t, " at graph 0, first %d right offset -0.8,0 textcolor rgb '#202020'\n", i);
        free(name);
        free(fitted);
        free(title);
    }
    return widest;
}

static char *script(const eb_run *run, const bar *bars, int n, int shown, int all)
{
    bool present[EB_OP_COUNT + 1] = { false }, together = false;
    for (int i = 0; i < n; i++) {
        for (int op = 0; op <= EB_OP_COUNT; op++)
            present[op] |= bars[i].share[op] > 0;
        together |= bars[i].share[TOGETHER] > 0;
    }
    eb_text t = { 0 }, names = { 0 };
    int labels = CHAR_PX * add_names(&names, run, bars, n) + 16, width = labels + BAR_W + RIGHT;
    int legend = eb_plot_op_legend(NULL, present, 0, width, 1) + (together ? 20 : 0);
    int top = TOP + legend + 8, height = top + BOTTOM + ROW * n;
    eb_plot_begin(&t, width, height);
    eb_plot_heading(&t, "Share of time and of joules by operator", shown, all, width, height);
    eb_plot_op_legend(&t, present, TOP, width, height);
    if (together) {
        char color[16];
        snprintf(color, sizeof color, "#%06X", class_rgb(TOGETHER));
        eb_plot_legend(&t, TOGETHER, 12, TOP + legend - 10, color, TOGETHER_NAME, width, height);
    }
    eb_text_add(&t,
                "unset ytics\nset xrange [0:100]\nset yrange [%g:-0.5]\nset xlabel '%%' offset 0,0.5\n"
                "set lmargin at screen %.6f\nset rmargin at screen %.6f\nset tmargin at screen %.6f\n"
                "set bmargin at screen %.6f\n%s",
                n - 0.5, (double)labels / width, 1 - (double)RIGHT / width, 1 - (double)top / height,
                (double)BOTTOM / height, names.s);
    add_bars(&t, bars, n);
    eb_text_deinit(&names);
    return t.s;
}

char *eb_plot_operators(const eb_run *run)
{
    bar *bars = eb_alloc((size_t)2 * MAX_CASES * sizeof *bars);
    int n = 0, shown = 0, all = 0;
    for (int i = 0; i < run->n_profiles; i++) {
        bar time;
        if (!make_time(run->profiles[i], &time))
            continue;
        all++;
        if (shown == MAX_CASES)
            continue;
        shown++;
        bars[n++] = time;
        n += make_joules(run->profiles[i], &bars[n]);
    }
    char *text = n ? script(run, bars, n, shown, all) : NULL;
    free(bars);
    return text;
}
