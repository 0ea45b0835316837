// SPDX-License-Identifier: Apache-2.0
// The roofline of a profile: for each case, what its operators achieve over their arithmetic intensity, on logarithmic
// axes, under what this machine can do at most: its read bandwidth times the intensity, and its arithmetic.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "harness/record/profile.h"
#include "reports/plots_impl.h"

enum { MAX_PANELS = 24, PANEL_W = 470, PANEL_H = 380, LEFT = 66, RIGHT = 22, ABOVE = 32, BELOW = 54 };
enum { POINTS = EB_PHASE_COUNT * EB_OP_COUNT, PLOT_W = PANEL_W - LEFT - RIGHT, PLOT_H = PANEL_H - ABOVE - BELOW };

typedef struct point {
    double x, y; // FLOP/byte, GFLOP/s
    double share;
    int op;
    eb_phase phase;
} point;

typedef struct panel {
    point points[POINTS];
    int n;
    double read_gb_s, gflop_s; // the ceilings; NAN = not known
    double x0, x1, y0, y1;     // of the axes
} panel;

typedef struct box { // in pixels from the lower left of the axes
    double x0, y0, x1, y1;
} box;

static double ceiling_of(const eb_run *run, const char *key)
{
    double value;
    for (int i = 0; i < run->header->n_machine; i++)
        if (!strcmp(run->header->machine[i].key, key))
            return run->header->machine[i].value && eb_parse_double(run->header->machine[i].value, &value, NULL) &&
                           isfinite(value) && value > 0
                       ? value / 1e9
                       : NAN;
    return NAN;
}

// Only what moves memory and computes has a place here.
static void take_points(panel *p, const eb_profile *profile)
{
    for (int i = 0; i < profile->n_rows && p->n < POINTS; i++) {
        const eb_profile_row *r = &profile->rows[i];
        point q = { .x = r->flop / r->bytes,
                    .y = r->flop / r->time_s / 1e9,
                    .share = r->time_frac,
                    .op = r->op,
                    .phase = r->phase };
        if (r->op < EB_OP_COUNT && q.x > 0 && q.y > 0 && isfinite(q.x) && isfinite(q.y))
            p->points[p->n++] = q;
    }
}

static void widen(double *lo, double *hi, double value)
{
    if (value > 0 && isfinite(value)) {
        *lo = fmin(*lo, value);
        *hi = fmax(*hi, value);
    }
}

static panel panel_of(const eb_run *run, const eb_profile *profile)
{
    const eb_case_facts *facts = run->cases[profile->case_index].facts;
    panel p = { .read_gb_s = ceiling_of(run, "read_bandwidth_bytes_s"),
                .gflop_s = ceiling_of(run, facts && facts->int8 ? "int8_op_s" : "flop_s") };
    take_points(&p, profile);
    p.x0 = p.y0 = INFINITY;
    for (int i = 0; i < p.n; i++) {
        widen(&p.x0, &p.x1, p.points[i].x);
        widen(&p.y0, &p.y1, p.points[i].y);
    }
    widen(&p.x0, &p.x1, p.gflop_s / p.read_gb_s);
    widen(&p.y0, &p.y1, p.gflop_s);
    p.x0 /= 2;
    p.y0 /= 2;
    p.x1 *= 2;
    p.y1 *= 2;
    return p;
}

// ---- one panel ----

// The roof's corners: along the bandwidth up to the arithmetic, then level; what of it is known.
static void add_roof(eb_text *t, const panel *p, int number)
{
    double ridge = isfinite(p->gflop_s) ? p->gflop_s / p->read_gb_s : p->x1;
    eb_text_add(t, "$roof%d << END\n", number);
    if (isfinite(p->read_gb_s))
        eb_text_add(t, "%.9g %.9g\n%.9g %.9g\n", p->x0, p->x0 * p->read_gb_s, ridge, ridge * p->read_gb_s);
    else
        eb_text_add(t, "%.9g %.9g\n", p->x0, p->gflop_s);
    if (isfinite(p->gflop_s))
        eb_text_add(t, "%.9g %.9g\n", p->x1, p->gflop_s);
    eb_text_add(t, "END\n");
}

static void add_roof_names(eb_text *t, const panel *p, int label)
{
    char text[32];
    if (isfinite(p->gflop_s))
        eb_text_add(t, "set label %d '%s GFLOP/s' at %.9g,%.9g right offset 0,0.6 font ',10' textcolor rgb '#606060'\n",
                    label, eb_fmt_sig(text, sizeof text, p->gflop_s, 3), p->x1, p->gflop_s);
    if (!isfinite(p->read_gb_s))
        return;
    // In the middle of what is seen of the slope, along it: one decade up for each to the right.
    double from = fmax(p->x0, p->y0 / p->read_gb_s), to = fmin(p->x1, p->y1 / p->read_gb_s);
    if (isfinite(p->gflop_s))
        to = fmin(to, p->gflop_s / p->read_gb_s);
    if (!(to > from))
        return;
    double middle = sqrt(from * to), slope = (PLOT_H / log(p->y1 / p->y0)) / (PLOT_W / log(p->x1 / p->x0));
    eb_text_add(t,
                "set label %d '%s GB/s read' at %.9g,%.9g center rotate by %.3g offset -0.5,0.5 font ',10' textcolor "
                "rgb '#606060'\n",
                label + 1, eb_fmt_sig(text, sizeof text, p->read_gb_s, 3), middle, middle * p->read_gb_s,
                atan(slope) * 180 / M_PI);
}

// In units of gnuplot's point size: the area goes with the share of time.
static double size_of(const point *q)
{
    return 0.7 + 1.3 * sqrt(fmin(fmax(q->share, 0), 1));
}

static bool overlap(const box *a, const box *b)
{
    return a->x0 < b->x1 && b->x0 < a->x1 && a->y0 < b->y1 && b->y0 < a->y1;
}

static double pixels(double value, double lo, double hi, int size)
{
    return size * log(value / lo) / log(hi / lo);
}

// Names beside the points, where there is room for them; the legend has the colours of all.
static int add_names(eb_text *t, const panel *p, int label)
{
    enum { CHAR = 6, HALF = 6, AWAY = 4, OFFSET_PX = 8 };
    box taken[2 * POINTS];
    int n = 0;
    for (int i = 0; i < p->n; i++) {
        double x = pixels(p->points[i].x, p->x0, p->x1, PLOT_W), y = pixels(p->points[i].y, p->y0, p->y1, PLOT_H);
        double half = 4 * size_of(&p->points[i]);
        taken[n++] = (box){ x - half, y - half, x + half, y + half };
    }
    for (int i = 0; i < p->n; i++) {
        const char *name = eb_op_name((eb_op)p->points[i].op);
        const double width = CHAR * (double)strlen(name);
        for (int left = 0; left < 2; left++) {
            double y = (taken[i].y0 + taken[i].y1) / 2, x = left ? taken[i].x0 - AWAY : taken[i].x1 + AWAY;
            box b = { left ? x - width : x, y - HALF, left ? x : x + width, y + HALF };
            bool fits = b.x0 >= 0 && b.x1 <= PLOT_W;
            for (int k = 0; k < n && fits; k++)
                fits = k == i || !overlap(&b, &taken[k]);
            if (!fits)
                continue;
            taken[n++] = b;
            eb_text_add(t, "set label %d '%s' at %.9g,%.9g %s offset %.2f,0 font ',10' textcolor rgb '#202020'\n",
                        label++, name, p->points[i].x, p->points[i].y, left ? "right" : "left",
                        (left ? -1 : 1) * (taken[i].x1 - taken[i].x0 + 2 * AWAY) / 2 / OFFSET_PX);
            break;
        }
    }
    return label;
}

// Points of one phase: x, y, size, colour. How many.
static int add_points(eb_text *t, const panel *p, eb_phase phase, int number)
{
    int n = 0;
    for (int i = 0; i < p->n; i++) {
        const point *q = &p->points[i];
        if (q->phase != phase)
            continue;
        if (n++ == 0)
            eb_text_add(t, "$%s%d << END\n", eb_phase_name(phase), number);
        eb_text_add(t, "%.9g %.9g %.3f %u # %s\n", q->x, q->y, size_of(q), eb_plot_op_rgb(q->op),
                    eb_op_name((eb_op)q->op));
    }
    if (n)
        eb_text_add(t, "END\n");
    return n;
}

static const int point_types[EB_PHASE_COUNT] = { [EB_PHASE_PREFILL] = 7, [EB_PHASE_DECODE] = 13 };

static void add_panel(eb_text *t, const eb_run *run, const eb_profile *profile, const panel *p, int number)
{
    enum { FIRST_LABEL = 1 };
    const bool roof = isfinite(p->read_gb_s) || isfinite(p->gflop_s);
    char *name = eb_case_title(run, profile->case_index), *title = eb_text_fit(name, EB_PLOT_TITLE_WIDTH);
    eb_text plot = { 0 };
    if (roof) {
        add_roof(t, p, number);
        add_roof_names(t, p, add_names(t, p, FIRST_LABEL));
        eb_text_add(&plot, "plot $roof%d using 1:2 with lines lw 1.8 lc rgb '#404040' notitle", number);
    } else {
        add_names(t, p, FIRST_LABEL);
    }
    for (int phase = 0; phase < EB_PHASE_COUNT; phase++)
        if (add_points(t, p, (eb_phase)phase, number))
            eb_text_add(&plot, "%s $%s%d using 1:2:3:4 with points pt %d ps variable lc rgb variable notitle",
                        plot.n ? "," : "plot", eb_phase_name((eb_phase)phase), number, point_types[phase]);
    eb_text_add(t, "set xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\nset title ", p->x0, p->x1, p->y0, p->y1);
    eb_gnuplot_quote(t, title);
    eb_text_add(t, " offset 0,-0.5 font ',12'\n%s\nunset object\nunset label\n", plot.s);
    eb_text_deinit(&plot);
    free(title);
    free(name);
}

// ---- the canvas ----

static void add_marks(eb_text *t, int width, int height)
{
    static const eb_phase phases[] = { EB_PHASE_PREFILL, EB_PHASE_DECODE };
    for (int i = 0; i < 2; i++)
        eb_text_add(
            t, "set label %d '%s' at screen %.6f, screen %.6f left point pt %d ps 1.1 lc rgb '#404040' offset 1,0\n",
            2001 + i, eb_phase_name(phases[i]), (width - 160.0 + 76 * i) / width, 1 - 20.0 / height,
            point_types[phases[i]]);
}

char *eb_plot_roofline(const eb_run *run)
{
    enum { HEAD = 40 };
    const eb_profile *shown[MAX_PANELS];
    bool present[EB_OP_COUNT + 1] = { false };
    int n = 0, all = 0;
    panel *panels = eb_alloc(MAX_PANELS * sizeof *panels);
    for (int i = 0; i < run->n_profiles; i++) {
        panel p = panel_of(run, run->profiles[i]);
        all += p.n > 0;
        if (!p.n || n == MAX_PANELS)
            continue;
        for (int k = 0; k < p.n; k++)
            present[p.points[k].op] = true;
        shown[n] = run->profiles[i];
        panels[n++] = p;
    }
    eb_text t = { 0 };
    int columns = n > 1 ? 2 : 1, rows = (n + columns - 1) / columns, width = columns * PANEL_W;
    int top = HEAD + eb_plot_op_legend(NULL, present, 0, width, 1), height = top + rows * PANEL_H;
    if (n) {
        eb_plot_begin(&t, width, height);
        eb_text_add(&t, "set grid y lc rgb '#e4e4e4' lt 1\nset logscale xy\nset format xy '%%g'\n"
                        "set xlabel 'arithmetic intensity, FLOP/byte' offset 0,0.4\nset ylabel 'GFLOP/s' offset 1,0\n"
                        "set multiplot\n");
        eb_plot_heading(&t, "Roofline by operator", n, all, width, height);
        add_marks(&t, width, height);
        eb_plot_op_legend(&t, present, HEAD, width, height);
    }
    for (int i = 0; i < n; i++) {
        const int column = i % columns, row = i / columns;
        double x = (double)column * PANEL_W, y = top + (double)row * PANEL_H;
        eb_text_add(&t, "set lmargin at screen %.6f\nset rmargin at screen %.6f\n", (x + LEFT) / width,
                    (x + PANEL_W - RIGHT) / width);
        eb_text_add(&t, "set tmargin at screen %.6f\nset bmargin at screen %.6f\n", 1 - (y + ABOVE) / height,
                    1 - (y + PANEL_H - BELOW) / height);
        add_panel(&t, run, shown[i], &panels[i], i);
    }
    if (n)
        eb_text_add(&t, "unset multiplot\n");
    free(panels);
    return t.s;
}
