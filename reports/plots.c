// SPDX-License-Identifier: Apache-2.0
// plots/*.svg: power over time with its phases, tokens per second, joules per token. A plot without data is not made.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/file.h"
#include "harness/base/mem.h"
#include "reports/gnuplot.h"
#include "reports/report.h"
#include "reports/view.h"

enum { MAX_PANELS = 48, MAX_BARS = 60, MAX_POINTS = 1000, TITLE_WIDTH = 44, LIMIT_S = 60 };

static const char *const family_colors[] = { "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00" };
enum { N_FAMILY_COLORS = sizeof family_colors / sizeof *family_colors };
static const char *const grade_colors[EB_GRADE_COUNT] = {
    [EB_GRADE_NONE] = "#000000",    [EB_GRADE_ESTIMATE] = "#9A9A9A", [EB_GRADE_SAMPLED] = "#E69F00",
    [EB_GRADE_COUNTER] = "#0072B2", [EB_GRADE_WALL] = "#009E73",
};

static void begin(eb_text *t, int width, int height)
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

// ---- bars ----

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

// Three data blocks of one class: the bars, their error bars, their figures.
static void add_class_data(eb_text *t, const eb_run *run, const bars *b, const char *key, const coloring *how, int class)
{
    eb_text bar = { 0 }, error = { 0 }, label = { 0 };
    for (int i = 0; i < b->n; i++) {
        const eb_metric *m = eb_rank_value(&run->cases[b->order[i]], key);
        if (!m || how->class_of(run, b->order[i], key) != class)
            continue;
        double half = eb_text_halfwidth(m);
        char number[40];
        eb_text_number(number, sizeof number, m->value, eb_text_place(m->value, half));
        eb_text_add(&bar, "%.9g %d 0 %.9g %g %g\n", m->value, i, m->value, i - 0.36, i + 0.36);
        if (!isnan(half))
            eb_text_add(&error, "%.9g %d %.9g %.9g\n", m->value, i, m->lo, m->hi);
        eb_text_add(&label, "%.9g %d %s\n", isnan(half) ? m->value : m->hi, i, number);
    }
    // A block may not be empty; a missing point draws nothing.
    eb_text_add(t, "$bar%d << END\n%sEND\n", class, bar.n ? bar.s : "NaN NaN NaN NaN NaN NaN\n");
    eb_text_add(t, "$error%d << END\n%sEND\n", class, error.n ? error.s : "NaN NaN NaN NaN\n");
    eb_text_add(t, "$label%d << END\n%sEND\n", class, label.n ? label.s : "NaN NaN -\n");
    eb_text_deinit(&bar);
    eb_text_deinit(&error);
    eb_text_deinit(&label);
}

static int example_of(const eb_run *run, const bars *b, const char *key, const coloring *how, int class)
{
    for (int i = 0; i < b->n; i++)
        if (eb_rank_value(&run->cases[b->order[i]], key) && how->class_of(run, b->order[i], key) == class)
            return b->order[i];
    return -1;
}

// One panel of bars of `key` between two fractions of the canvas.
static void add_bars(eb_text *t, const eb_run *run, const bars *b, const char *key, const char *title, const coloring *how,
                     double left, double right, bool legend)
{
    double most = 0;
    for (int i = 0; i < b->n; i++) {
        const eb_metric *m = eb_rank_value(&run->cases[b->order[i]], key);
        if (m)
            most = fmax(most, fmax(m->value, isnan(eb_text_halfwidth(m)) ? 0 : m->hi));
    }
    for (int class = 0; class < how->n_classes; class++)
        add_class_data(t, run, b, key, how, class);
    eb_text_add(t, "set lmargin at screen %.6f\nset rmargin at screen %.6f\n", left, right);
    eb_text_add(t, "set xrange [0:%.9g]\nset yrange [%g:-0.5]\nset xlabel '%s' textcolor rgb '#202020'\n",
                most > 0 ? 1.18 * most : 1, b->n - 0.5, title);
    eb_text_add(t, "set key %s\n", legend ? "at screen 0.99, screen 0.992 top right horizontal Left reverse samplen 1.5"
                                          : "off");
    const char *joint = "plot";
    for (int class = 0; class < how->n_classes; class++) {
        int example = example_of(run, b, key, how, class);
        if (example < 0)
            continue;
        eb_text_add(t, "%s $bar%d using 1:2:3:4:5:6 with boxxyerror fs solid 0.85 noborder lc rgb '%s' title ", joint,
                    class, how->colors[class]);
        eb_gnuplot_quote(t, class_name(run, how, example, key));
        eb_text_add(t, ", $error%d using 1:2:3:4 with xerrorbars ps 0 lw 1.4 lc rgb '#202020' notitle", class);
        eb_text_add(t, ", $label%d using 1:2:(stringcolumn(3)) with labels left offset 0.6,0 textcolor rgb '#202020' "
                       "font ',11' notitle", class);
        joint = ",";
    }
    eb_text_add(t, "%s\n", *joint == ',' ? "" : " NaN notitle");
}

typedef struct panel {
    const char *key, *title;
} panel;

// Bars of one or two metrics side by side; the names of the cases stand at the left.
static char *bar_script(const eb_run *run, const panel *panels, int n_panels, const char *heading, const coloring *how)
{
    enum { PANEL = 330, ROW = 25, TOP = 64, BOTTOM = 52, GAP = 28, CHAR = 8 };
    const char *keys[2];
    for (int p = 0; p < n_panels; p++)
        keys[p] = panels[p].key;
    bars b = bars_of(run, keys, n_panels);
    if (!b.n)
        return NULL;
    eb_text t = { 0 }, names = { 0 };
    int widest = 12;
    for (int i = 0; i < b.n; i++) {
        char *title = eb_case_title(run, b.order[i]), *fitted = eb_text_fit(title, TITLE_WIDTH);
        widest = eb_text_width(fitted) > widest ? eb_text_width(fitted) : widest;
        eb_text_add(&names, "set label %d ", i + 1);
        eb_gnuplot_quote(&names, fitted);
        eb_text_add(&names, " at graph 0, first %d right offset -0.8,0 textcolor rgb '#202020'\n", i);
        free(fitted);
        free(title);
    }
    int labels = widest * CHAR + 16, width = labels + n_panels * (PANEL + GAP), height = TOP + BOTTOM + ROW * b.n;
    begin(&t, width, height);
    eb_text_add(&t, "set multiplot\nset tmargin at screen %.6f\nset bmargin at screen %.6f\nunset ytics\n",
                1 - (double)TOP / height, (double)BOTTOM / height);
    eb_text_add(&t, "set label 1000 ");
    char *title = b.left ? eb_format("%s (%d of %d cases)", heading, b.n, b.n + b.left) : eb_strdup(heading);
    eb_gnuplot_quote(&t, title);
    free(title);
    eb_text_add(&t, " at screen 0.012, screen %.6f left font ',14' textcolor rgb '#000000'\n%s", 1 - 18.0 / height, names.s);
    for (int p = 0; p < n_panels; p++) {
        double left = (labels + p * (PANEL + GAP)) / (double)width;
        add_bars(&t, run, &b, panels[p].key, panels[p].title, how, left, left + (double)PANEL / width, p == 0);
        eb_text_add(&t, "unset label\n");
    }
    eb_text_add(&t, "unset multiplot\n");
    eb_text_deinit(&names);
    return t.s;
}

static char *tok_s_script(const eb_run *run)
{
    static const panel panels[] = { { "decode_tok_s", "decode, tokens per second" },
                                    { "prefill_tok_s", "prefill, tokens per second" } };
    return bar_script(run, panels, 2, "Speed", &family_coloring);
}

static char *j_per_tok_script(const eb_run *run)
{
    static const panel panels[] = { { "j_per_tok", "joules per output token, gross" } };
    return bar_script(run, panels, 1, "Energy", &grade_coloring);
}

// ---- power over time ----

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
        eb_text_add(t, "set object %d rectangle from %.9g, graph 0 to %.9g, graph 1 fc rgb '%s' fs solid noborder behind\n",
                    object, from_s, to_s, color);
}

static void add_power_panel(eb_text *t, const eb_run *run, const eb_power_series *s, int block)
{
    const eb_metric *m = eb_rank_value(&run->cases[s->case_index], "power_w");
    char *name = eb_case_title(run, s->case_index), *fitted = eb_text_fit(name, TITLE_WIDTH);
    char *title = m ? eb_format("%s (%s)", fitted, eb_grade_name(m->grade)) : eb_strdup(fitted);
    double end = isfinite(s->end_s) && s->end_s > 0 ? s->end_s : s->t_s[s->n - 1];
    add_phase(t, 1, 0, fmin(s->prefill_end_s, end), "#FBE3C0");
    add_phase(t, 2, s->prefill_end_s, end, "#D9E9F5");
    eb_text_add(t, "set xrange [0:%.9g]\nset title ", end > 0 ? end : 1);
    eb_gnuplot_quote(t, title);
    eb_text_add(t, " offset 0,-0.5 font ',12'\nplot $power%d using 1:2 with lines lw 1.6 lc rgb '#0B4F7D' notitle\n"
                   "unset object 1\nunset object 2\nunset object 11\nunset object 12\nunset label\n",
                block);
    free(title);
    free(fitted);
    free(name);
}

// The heading and what the two shades mean, in the canvas's own coordinates so that they stand above all panels.
static void add_power_heading(eb_text *t, int width, int height, int shown, int all)
{
    double y = 1 - 20.0 / height, half = 6.0 / height;
    const char *const names[] = { "prefill", "decode" }, *const colors[] = { "#FBE3C0", "#D9E9F5" };
    eb_text_add(t, "set label 1000 'Power over time, one trial of each case");
    if (shown < all)
        eb_text_add(t, " (%d of %d)", shown, all);
    eb_text_add(t, "' at screen %.6f, screen %.6f left font ',14' textcolor rgb '#000000'\n", 10.0 / width, y);
    for (int i = 0; i < 2; i++) {
        double x = 1 - (170.0 - 82 * i) / width;
        eb_text_add(t, "set object %d rectangle from screen %.6f, screen %.6f to screen %.6f, screen %.6f fc rgb '%s' fs "
                       "solid border lc rgb '#808080' front\n",
                    11 + i, x, y - half, x + 14.0 / width, y + half, colors[i]);
        eb_text_add(t, "set label %d '%s' at screen %.6f, screen %.6f left\n", 1001 + i, names[i], x + 20.0 / width, y);
    }
}

static bool drawable(const eb_run *run, const eb_power_series *s)
{
    return s->n > 1 && s->case_index >= 0 && s->case_index < run->n_cases;
}

static char *power_script(const eb_run *run)
{
    enum { PANEL_W = 350, PANEL_H = 190, TOP = 44, LEFT = 52, RIGHT = 18, ABOVE = 28, BELOW = 44 };
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
    begin(&t, width, height);
    eb_text_add(&t, "set grid y lc rgb '#e4e4e4' lt 1\nset yrange [0:%.9g]\nset ytics autofreq\n", 1.12 * most);
    eb_text_add(&t, "set xlabel 's' offset 0,0.4\nset ylabel 'W' offset 1,0\nset xtics autofreq\nset multiplot\n");
    add_power_heading(&t, width, height, n, all);
    for (int i = 0, at = 0; i < run->n_series && at < n; i++) {
        const eb_power_series *s = &run->series[i];
        if (!drawable(run, s))
            continue;
        double x = (double)(at % columns) * panel_w, y = TOP + (double)(at / columns) * PANEL_H;
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

// ---- all of them ----

static const struct {
    const char *name;
    char *(*script)(const eb_run *run); // NULL = no data
} plots[] = {
    { "plots/power.svg", power_script },
    { "plots/tok_s.svg", tok_s_script },
    { "plots/j_per_tok.svg", j_per_tok_script },
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
