// SPDX-License-Identifier: Apache-2.0
// How latencies are spread: every observation of a case where they are few, else how many fall where; a tick at the
// median.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/stats.h"
#include "reports/plots_impl.h"

enum { MAX_ROWS = 40, FEW = 60, BINS = 56 };

typedef struct axis {
    double low, high; // ms
    bool log;
} axis;

static axis axis_of(const eb_observations *all, const int *cases, int n, eb_observed what)
{
    axis a = { INFINITY, 0, false };
    for (int i = 0; i < n; i++) {
        const double *x = all[cases[i]].items[what];
        size_t k = all[cases[i]].n[what];
        a.low = fmin(a.low, x[0] / 1e6);
        a.high = fmax(a.high, x[k - 1] / 1e6);
    }
    a.log = a.low > 0 && a.high > 6 * a.low;
    double factor = pow(a.high / a.low, 0.04), room = 0.06 * fmax(a.high - a.low, 0.2 * a.high);
    a.high = a.log ? a.high * factor : a.high + room;
    a.low = a.log ? a.low / factor : fmax(a.low - room, 0);
    return a;
}

static double place_of(const axis *a, double ms)
{
    return a->log ? log(ms / a->low) / log(a->high / a->low) : (ms - a->low) / (a->high - a->low);
}

static double value_at(const axis *a, double place)
{
    return a->log ? a->low * pow(a->high / a->low, place) : a->low + place * (a->high - a->low);
}

static void add_points(eb_text *t, const double *x, size_t n, int row)
{
    for (size_t i = 0; i < n; i++) // spread over the row's height, the same each time
        eb_text_add(t, "%.9g %.3f\n", x[i] / 1e6, row + 0.22 * (double)((int)((i * 7) % 5) - 2) / 2);
}

static void add_histogram(eb_text *t, const double *x, size_t n, int row, const axis *a)
{
    int count[BINS] = { 0 }, most = 1, first = BINS, last = -1;
    for (size_t i = 0; i < n; i++) {
        int bin = (int)(place_of(a, x[i] / 1e6) * BINS);
        bin = bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin;
        count[bin]++;
        most = count[bin] > most ? count[bin] : most;
        first = bin < first ? bin : first;
        last = bin > last ? bin : last;
    }
    double base = row + 0.38;
    eb_text_add(t, "%.9g %.4f\n", value_at(a, (double)first / BINS), base);
    for (int b = first; b <= last; b++) {
        double y = base - 0.76 * count[b] / most;
        eb_text_add(t, "%.9g %.4f\n%.9g %.4f\n", value_at(a, (double)b / BINS), y, value_at(a, (b + 1.0) / BINS), y);
    }
    eb_text_add(t, "%.9g %.4f\n\n", value_at(a, (last + 1.0) / BINS), base);
}

static void add_data(eb_text *t, const eb_observations *all, const int *cases, int n, eb_observed what, const axis *a)
{
    eb_text points = { 0 }, shapes = { 0 };
    eb_text_add(t, "$medians << END\n");
    for (int i = 0; i < n; i++) {
        const double *x = all[cases[i]].items[what];
        size_t k = all[cases[i]].n[what];
        eb_text_add(t, "%.9g %d\n", eb_median(x, k) / 1e6, i);
        if (k <= FEW)
            add_points(&points, x, k, i);
        else
            add_histogram(&shapes, x, k, i, a);
    }
    eb_text_add(t, "END\n");
    if (points.n)
        eb_text_add(t, "$points << END\n%sEND\n", points.s);
    if (shapes.n)
        eb_text_add(t, "$shapes << END\n%sEND\n", shapes.s);
    eb_text_add(t, "plot ");
    if (shapes.n)
        eb_text_add(t, "$shapes using 1:2 with filledcurves closed fc rgb '#0b5a8f' fs transparent solid 0.3, "
                       "$shapes using 1:2 with lines lw 1 lc rgb '#0b5a8f', ");
    if (points.n)
        eb_text_add(t, "$points using 1:2 with points pt 7 ps 0.35 lc rgb '#0b5a8f', ");
    eb_text_add(t, "$medians using 1:($2+0.42):(0):(-0.84) with vectors nohead lw 2 lc rgb '#c2571a'\n");
    eb_text_deinit(&points);
    eb_text_deinit(&shapes);
}

char *eb_plot_latency(const eb_run *run, const eb_observations *all, eb_observed what)
{
    int cases[MAX_ROWS], n = 0;
    for (int i = 0; i < run->n_cases && n < MAX_ROWS; i++)
        if (all[i].n[what])
            cases[n++] = i;
    if (!n)
        return NULL;
    axis a = axis_of(all, cases, n, what);
    if (!(a.high > a.low))
        return NULL;
    eb_text t = { 0 };
    eb_plot_rows(&t, run, cases, n, 8);
    eb_text_add(&t, "%sset xrange [%.9g:%.9g]\nset xlabel 'ms' offset 0,0.4 textcolor rgb '#5a626b'\n",
                a.log ? "set logscale x\n" : "", a.low, a.high);
    eb_plot_tics(&t, 'x', a.low, a.high, a.log);
    add_data(&t, all, cases, n, what, &a);
    return t.s;
}
