// SPDX-License-Identifier: Apache-2.0
// Tokens per second against joules per token of the cases that do the same work, and which of them no other one beats
// by the words of their ratios.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "reports/plots_impl.h"

enum { NAME_PX = 140, WIDTH = EB_PLOT_PAGE_WIDTH, HEIGHT = 300 };
static const eb_plot_box frame = { WIDTH, HEIGHT, 50, 16, 14, 44 };
static const double line_px = 13;

typedef struct box {
    double x0, y0, x1, y1;
} box;

typedef struct place { // pixels from the top left
    double x, y;
    box bars; // how far its intervals reach
} place;

static void find_places(const eb_plot_point *points, place *places, int n, double x_max, double y_max)
{
    double x = (frame.width - frame.left - frame.right) / x_max, y = (frame.height - frame.top - frame.bottom) / y_max,
           zero = frame.height - frame.bottom;
    for (int i = 0; i < n; i++)
        places[i] = (place){ frame.left + x * points[i].j,
                             zero - y * points[i].tok_s,
                             { frame.left + x * points[i].j_low, zero - y * points[i].tok_s_high,
                               frame.left + x * points[i].j_high, zero - y * points[i].tok_s_low } };
}

static bool apart(const box *a, const box *b)
{
    return a->x1 <= b->x0 || b->x1 <= a->x0 || a->y1 <= b->y0 || b->y1 <= a->y0;
}

// Whether a box keeps off a point, and if asked for off its intervals with their ends.
static bool clear_of(const box *b, const place *p, bool bars)
{
    enum { DOT = 4, END = 4 };
    const box dot = { p->x - DOT, p->y - DOT, p->x + DOT, p->y + DOT };
    const box across = { p->bars.x0 - 1, p->y - END, p->bars.x1 + 1, p->y + END };
    const box along = { p->x - END, p->bars.y0 - 1, p->x + END, p->bars.y1 + 1 };
    return apart(b, &dot) && (!bars || (apart(b, &across) && apart(b, &along)));
}

// Where a name may stand, from its point: right or left of it, a bit higher or lower, at last a line further off.
static const struct {
    double x, lines;
    bool level, far;
} around[] = {
    { 7, -0.5, true, false },    { -7, -0.5, true, false },  { 6, -1.35, false, false }, { 6, 0.35, false, false },
    { -6, -1.35, false, false }, { -6, 0.35, false, false }, { 6, -2.2, false, true },   { -6, -2.2, false, true },
    { 6, 1.2, false, true },     { -6, 1.2, false, true },
};
enum { N_AROUND = sizeof around / sizeof *around };

// Level with its point it stands behind the end of the interval, unless intervals may be crossed.
static box box_at(const place *p, int k, double width, bool bars)
{
    bool left = around[k].x < 0;
    double from = !around[k].level || !bars ? p->x
                  : left                    ? p->bars.x0
                                            : p->bars.x1,
           x = from + around[k].x - (left ? width : 0), y = p->y + line_px * around[k].lines;
    return (box){ x, y, x + width, y + line_px };
}

// The first of the places around a point where its name hides nothing (`bars`: no interval either); false: there is
// none.
static bool find_room(const place *points, int n, int i, double width, const box *taken, int n_taken, bool bars,
                      box *out)
{
    for (int k = 0; k < N_AROUND; k++) {
        box b = box_at(&points[i], k, width, bars);
        bool free_of_all = (bars || !around[k].far) && b.x0 > frame.left + 2 && b.x1 < frame.width - 2 && b.y0 > 1 &&
                           b.y1 < frame.height - frame.bottom;
        for (int t = 0; t < n_taken && free_of_all; t++)
            free_of_all = apart(&b, &taken[t]);
        for (int p = 0; p < n && free_of_all; p++)
            free_of_all = clear_of(&b, &points[p], bars) || (p == i && !bars);
        if (free_of_all) {
            *out = b;
            return true;
        }
    }
    return false;
}

// Those on the front are named first; a name that finds no room is left to the table.
static void add_names(eb_text *t, const eb_plot_point *points, const place *places, int n)
{
    box taken[EB_PLOT_MAX_POINTS];
    int n_taken = 0;
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < n; i++) {
            box b;
            char *fitted = eb_plot_fit(points[i].name, NAME_PX);
            double width = eb_plot_text_px(fitted) + 1;
            if ((points[i].front != EB_FRONT_BEATEN) == !round &&
                (find_room(places, n, i, width, taken, n_taken, true, &b) ||
                 find_room(places, n, i, width, taken, n_taken, false, &b))) {
                taken[n_taken++] = b;
                eb_text_add(t, "set label %d ", n_taken);
                eb_gnuplot_quote(t, fitted);
                eb_text_add(t, " at screen %.6f, screen %.6f left front textcolor rgb '%s'\n", b.x0 / frame.width,
                            1 - (b.y0 + line_px / 2) / frame.height,
                            points[i].front != EB_FRONT_BEATEN ? "#1a1d21" : "#5a626b");
            }
            free(fitted);
        }
}

static int by_joules(const void *a, const void *b)
{
    double x = ((const eb_plot_point *)a)->j, y = ((const eb_plot_point *)b)->j;
    return (x > y) - (x < y);
}

// The front as steps, by the values: below and right of them lies what is beaten, or kept there by noise alone.
static void add_steps(eb_text *steps, const eb_plot_point *points, int n, double x_max)
{
    double last = NAN;
    for (int i = 0; i < n; i++) {
        const eb_plot_point *p = &points[i];
        bool slower = false; // than one with as few joules
        for (int k = 0; k < n && !slower; k++)
            slower = points[k].front != EB_FRONT_BEATEN && points[k].j <= p->j && points[k].tok_s > p->tok_s;
        if (p->front == EB_FRONT_BEATEN || slower)
            continue;
        if (isfinite(last))
            eb_text_add(steps, "%.9g %.9g\n", p->j, last);
        eb_text_add(steps, "%.9g %.9g\n", p->j, p->tok_s);
        last = p->tok_s;
    }
    if (isfinite(last))
        eb_text_add(steps, "%.9g %.9g\n", x_max, last);
}

static void add_data(eb_text *t, const eb_plot_point *points, int n, double x_max)
{
    enum { FULL = 7, HOLLOW = 6 };
    eb_text dots = { 0 }, front = { 0 }, other = { 0 };
    for (int i = 0; i < n; i++) {
        const eb_plot_point *p = &points[i];
        eb_text_add(p->front != EB_FRONT_BEATEN ? &dots : &other, "%.9g %.9g %.9g %.9g %.9g %.9g %d\n", p->j, p->tok_s,
                    p->j_low, p->j_high, p->tok_s_low, p->tok_s_high, p->front == EB_FRONT_NOISE ? HOLLOW : FULL);
    }
    add_steps(&front, points, n, x_max);
    if (dots.n)
        eb_text_add(t, "$front << END\n%sEND\n$dots << END\n%sEND\n", front.s, dots.s);
    if (other.n)
        eb_text_add(t, "$other << END\n%sEND\n", other.s);
    if (dots.n)
        eb_text_add(t, "plot $front using 1:2 with lines lw 1.2 dt 3 lc rgb '#2f7d4f'");
    if (other.n)
        eb_text_add(t,
                    "%s $other using 1:2:3:4:5:6 with xyerrorbars pt 0 lw 1 lc rgb '#9aa2ab', $other using 1:2 with "
                    "points pt 7 ps 0.7 lc rgb '#9aa2ab'",
                    dots.n ? "," : "plot");
    if (dots.n)
        eb_text_add(t, ", $dots using 1:2:3:4:5:6 with xyerrorbars pt 0 lw 1 lc rgb '#2f7d4f', $dots using 1:2:7 with "
                       "points pt variable ps 0.9 lc rgb '#2f7d4f'");
    eb_text_add(t, "\n");
    eb_text_deinit(&dots);
    eb_text_deinit(&front);
    eb_text_deinit(&other);
}

char *eb_plot_front_of(eb_plot_point *points, int n, const char *y_label)
{
    place places[EB_PLOT_MAX_POINTS];
    double x_max = 0, y_max = 0;
    n = n < EB_PLOT_MAX_POINTS ? n : EB_PLOT_MAX_POINTS;
    if (n < 2)
        return NULL;
    qsort(points, (size_t)n, sizeof *points, by_joules);
    for (int i = 0; i < n; i++) {
        x_max = fmax(x_max, 1.12 * points[i].j_high);
        y_max = fmax(y_max, 1.12 * points[i].tok_s_high);
    }
    eb_text t = { 0 };
    find_places(points, places, n, x_max, y_max);
    eb_plot_page(&t, frame.width, frame.height);
    eb_plot_margins(&t, &frame);
    eb_text_add(&t,
                "set xrange [0:%.9g]\nset yrange [0:%.9g]\nset xlabel 'J per output token' offset 0,0.4 textcolor rgb "
                "'#5a626b'\nset ylabel '%s' offset 1.2,0 textcolor rgb '#5a626b'\n",
                x_max, y_max, y_label);
    eb_plot_tics(&t, 'x', 0, x_max, false);
    eb_plot_tics(&t, 'y', 0, y_max, false);
    add_names(&t, points, places, n);
    add_data(&t, points, n, x_max);
    return t.s;
}

// ---- of a run ----

static double low_of(const eb_metric *m)
{
    return isnan(eb_text_halfwidth(m)) ? m->value : m->lo;
}

static double high_of(const eb_metric *m)
{
    return isnan(eb_text_halfwidth(m)) ? m->value : m->hi;
}

// Joules of another kind than the strongest here are shown, and not ranked.
char *eb_plot_front(const eb_run *run, int like)
{
    eb_plot_point points[EB_PLOT_MAX_POINTS];
    eb_front *fronts = eb_alloc((size_t)run->n_cases * sizeof *fronts + 1);
    const eb_metric *joules[EB_PLOT_MAX_POINTS], *lead = NULL;
    int n = 0;
    eb_rank_fronts(run, "j_per_tok", "decode_tok_s", fronts);
    for (int i = 0; i < run->n_cases && n < EB_PLOT_MAX_POINTS; i++) {
        const eb_metric *j = eb_rank_value(&run->cases[i], "j_per_tok"),
                        *tok_s = eb_rank_value(&run->cases[i], "decode_tok_s");
        if (!j || !tok_s || !eb_rank_comparable(run->cases[i].info, run->cases[like].info))
            continue;
        lead = !lead || j->grade > lead->grade ? j : lead;
        joules[n] = j;
        points[n++] = (eb_plot_point){ eb_case_name(run, i), j->value,      low_of(j),      high_of(j),
                                       tok_s->value,         low_of(tok_s), high_of(tok_s), fronts[i] };
    }
    for (int i = 0; i < n; i++)
        points[i].front = eb_rank_same_energy(joules[i], lead) ? points[i].front : EB_FRONT_BEATEN;
    char *script = eb_plot_front_of(points, n, "decode, tokens per second");
    for (int i = 0; i < n; i++)
        free(points[i].name);
    free(fronts);
    return script;
}
