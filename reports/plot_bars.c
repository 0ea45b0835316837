// SPDX-License-Identifier: Apache-2.0
// Tokens per second and joules per token of every case, as bars with their intervals.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "reports/plots_impl.h"

enum { MAX_BARS = 60 };

static const char *const family_colors[] = { "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00" };
enum { N_FAMILY_COLORS = sizeof family_colors / sizeof *family_colors };
static const char *const grade_colors[EB_GRADE_COUNT] = {
    [EB_GRADE_NONE] = "#000000",    [EB_GRADE_ESTIMATE] = "#9A9A9A", [EB_GRADE_SAMPLED] = "#E69F00",
    [EB_GRADE_COUNTER] = "#0072B2", [EB_GRADE_WALL] = "#009E73",
};

typedef struct bars {
    int order[MAX_BARS], n, left; // cases from top to bottom, families together; how many found no room
} bars;

static bool has_any(const eb_case_result *c, const char *const *keys, int n_keys)
{
    for (int k = 0; k < n_keys; k++)
        if (eb_rank_value(c, keys[k]))
            return true;
    return false;
}

static bars bars_of(const eb_run *run, const char *const *keys, int n_keys)
{
    bars b = { .n = 0, .left = 0 };
    bool *done = eb_alloc((size_t)run->n_cases + 1);
    for (int first = 0; first < run->n_cases; first++)
        for (int i = first; i < run->n_cases && !done[first]; i++) {
            bool same = !strcmp(run->cases[i].info->family, run->cases[first].info->family);
            if (i > first && (done[i] || !same))
                continue;
            if (i > first)
                done[i] = true;
            if (!has_any(&run->cases[i], keys, n_keys))
                continue;
            if (b.n < MAX_BARS)
                b.order[b.n++] = i;
            else
                b.left++;
        }
    free(done);
    return b;
}

static int family_color(const eb_run *run, int c)
{
    int n = 0;
    for (int i = 0; i < run->n_cases; i++) {
        bool seen = false;
        for (int k = 0; k < i && !seen; k++)
            seen = !strcmp(run->cases[i].info->family, run->cases[k].info->family);
        if (!strcmp(run->cases[i].info->family, run->cases[c].info->family))
            return n % N_FAMILY_COLORS;
        n += !seen;
    }
    return 0;
}

// A way to colour bars: classes of cases, each with a name and a colour.
typedef struct coloring {
    int (*class_of)(const eb_run *run, int c, const char *key);
    int n_classes;
    const char *const *colors;
} coloring;

static int by_family(const eb_run *run, int c, const char *key)
{
    (void)key;
    return family_color(run, c);
}

static int by_grade(const eb_run *run, int c, const char *key)
{
    const eb_metric *m = eb_rank_value(&run->cases[c], key);
    return m ? (int)m->grade : EB_GRADE_NONE;
}

static const coloring family_coloring = { by_family, N_FAMILY_COLORS, family_colors };
static const coloring grade_coloring = { by_grade, EB_GRADE_COUNT, grade_colors };

static const char *class_name(const eb_run *run, const coloring *how, int c, const char *key)
{
    if (how == &grade_coloring)
        return eb_grade_name((eb_grade)by_grade(run, c, key));
    return eb_family_title(run->cases[c].info->family);
}

// Data blocks of one class: the bars with their figures, and the error bars. gnuplot crashes on plots without any
// point, so the caller draws what is there: n[0] bars, n[1] error bars.
static void add_class_data(eb_text *t, const eb_run *run, const bars *b, const char *key, const coloring *how,
                           int class, int n[2])
{
    eb_text bar = { 0 }, error = { 0 };
    n[0] = n[1] = 0;
    for (int i = 0; i < b->n; i++) {
        const eb_metric *m = eb_rank_value(&run->cases[b->order[i]], key);
        if (!m || how->class_of(run, b->order[i], key) != class)
            continue;
        double half = eb_text_halfwidth(m);
        char number[40];
        eb_text_number(number, sizeof number, m->value, eb_text_place(m->value, half));
        eb_text_add(&bar, "%.9g %d %g %g %.9g %s\n", m->value, i, i - 0.36, i + 0.36, isnan(half) ? m->value : m->hi,
                    number);
        n[0]++;
        if (isnan(half))
            continue;
        eb_text_add(&error, "%.9g %d %.9g %.9g\n", m->value, i, m->lo, m->hi);
        n[1]++;
    }
    if (n[0])
        eb_text_add(t, "$bar%d << END\n%sEND\n", class, bar.s);
    if (n[1])
        eb_text_add(t, "$error%d << END\n%sEND\n", class, error.s);
    eb_text_deinit(&bar);
    eb_text_deinit(&error);
}

static int example_of(const eb_run *run, const bars *b, const char *key, const coloring *how, int class)
{
    for (int i = 0; i < b->n; i++)
        if (eb_rank_value(&run->cases[b->order[i]], key) && how->class_of(run, b->order[i], key) == class)
            return b->order[i];
    return -1;
}

// One panel of bars of `key` between two fractions of the canvas.
static void add_bars(eb_text *t, const eb_run *run, const bars *b, const char *key, const char *title,
                     const coloring *how, double left, double right)
{
    double most = 0;
    eb_text plot = { 0 };
    for (int i = 0; i < b->n; i++) {
        const eb_metric *m = eb_rank_value(&run->cases[b->order[i]], key);
        if (m)
            most = fmax(most, fmax(m->value, isnan(eb_text_halfwidth(m)) ? 0 : m->hi));
    }
    for (int class = 0; class < how->n_classes; class ++) {
        int n[2];
        add_class_data(t, run, b, key, how, class, n);
        if (n[0])
            eb_text_add(&plot, "%s $bar%d using 1:2:(0):1:3:4 with boxxyerror fs solid noborder lc rgb '%s' notitle",
                        plot.n ? "," : "plot", class, how->colors[class]);
        if (n[1])
            eb_text_add(&plot, ", $error%d using 1:2:3:4 with xerrorbars pt 0 lw 1.4 lc rgb '#202020' notitle", class);
        if (n[0])
            eb_text_add(&plot,
                        ", $bar%d using 5:2:(stringcolumn(6)) with labels left offset 0.6,0 textcolor rgb "
                        "'#202020' font ',11' notitle",
                        class);
    }
    eb_text_add(t, "set lmargin at screen %.6f\nset rmargin at screen %.6f\n", left, right);
    eb_text_add(t, "set xrange [0:%.9g]\nset yrange [%g:-0.5]\nset title '%s' offset 0,-0.5 font ',12'\n%s\n",
                most > 0 ? 1.2 * most : 1, b->n - 0.5, title, plot.n ? plot.s : "");
    eb_text_deinit(&plot);
}

typedef struct panel {
    const char *key, *title;
} panel;

enum { CHAR_PX = 8 }; // more than the widest usual character of the 12 pt font takes

static void add_classes(eb_text *t, const eb_run *run, const bars *b, const char *key, const coloring *how, int x,
                        int y, int width, int height)
{
    for (int class = 0; class < how->n_classes; class ++) {
        int example = example_of(run, b, key, how, class);
        if (example < 0)
            continue;
        const char *name = class_name(run, how, example, key);
        eb_plot_legend(t, class, x, y, how->colors[class], name, width, height);
        x += 40 + (int)(0.85 * CHAR_PX * eb_text_width(name));
    }
}

// The names of the cases left of the first panel; returns the widest, in characters.
static int add_names(eb_text *t, const eb_run *run, const bars *b)
{
    int widest = 12;
    for (int i = 0; i < b->n; i++) {
        char *title = eb_case_title(run, b->order[i]), *fitted = eb_text_fit(title, EB_PLOT_TITLE_WIDTH);
        widest = eb_text_width(fitted) > widest ? eb_text_width(fitted) : widest;
        eb_text_add(t, "set label %d ", i + 1);
        eb_gnuplot_quote(t, fitted);
        eb_text_add(t, " at graph 0, first %d right offset -0.8,0 textcolor rgb '#202020'\n", i);
        free(fitted);
        free(title);
    }
    return widest;
}

// Bars of one or two metrics side by side.
static char *bar_script(const eb_run *run, const panel *panels, int n_panels, const char *heading, const coloring *how)
{
    enum { PANEL = 330, ROW = 25, TOP = 92, BOTTOM = 36, GAP = 28 };
    const char *keys[2];
    for (int p = 0; p < n_panels; p++)
        keys[p] = panels[p].key;
    bars b = bars_of(run, keys, n_panels);
    if (!b.n)
        return NULL;
    eb_text t = { 0 }, names = { 0 };
    int labels = add_names(&names, run, &b) * CHAR_PX + 16, width = labels + n_panels * (PANEL + GAP);
    int height = TOP + BOTTOM + ROW * b.n;
    eb_plot_begin(&t, width, height);
    eb_text_add(&t, "set multiplot\nset tmargin at screen %.6f\nset bmargin at screen %.6f\nunset ytics\n",
                1 - (double)TOP / height, (double)BOTTOM / height);
    eb_plot_heading(&t, heading, b.n, b.n + b.left, width, height);
    add_classes(&t, run, &b, keys[0], how, 10, 46, width, height);
    eb_text_add(&t, "%s", names.s);
    for (int p = 0; p < n_panels; p++) {
        double left = (labels + p * (PANEL + GAP)) / (double)width;
        add_bars(&t, run, &b, panels[p].key, panels[p].title, how, left, left + (double)PANEL / width);
        eb_text_add(&t, "unset label\nunset object\n");
    }
    eb_text_add(&t, "unset multiplot\n");
    eb_text_deinit(&names);
    return t.s;
}

char *eb_plot_tok_s(const eb_run *run)
{
    static const panel panels[] = { { "decode_tok_s", "decode, tokens per second" },
                                    { "prefill_tok_s", "prefill, tokens per second" } };
    return bar_script(run, panels, 2, "Speed", &family_coloring);
}

char *eb_plot_j_per_tok(const eb_run *run)
{
    static const panel panels[] = { { "j_per_tok", "joules per output token, gross" } };
    return bar_script(run, panels, 1, "Energy", &grade_coloring);
}
