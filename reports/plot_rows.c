// SPDX-License-Identifier: Apache-2.0
// What the pictures of the page have in common: a canvas as wide as a phone, a row for each case.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "reports/plots_impl.h"

void eb_plot_page(eb_text *t, int width, int height)
{
    eb_text_add(t,
                "set encoding utf8\nset terminal svg size %d,%d font 'sans-serif,11' noenhanced\n"
                "set termoption noenhanced\nset border 0\nset key off\n"
                "set tics nomirror scale 0 textcolor rgb '#5a626b'\nset grid lc rgb '#e6e8eb' lt 1 lw 1\n",
                width, height);
}

void eb_plot_margins(eb_text *t, const eb_plot_box *box)
{
    eb_text_add(t,
                "set lmargin at screen %.6f\nset rmargin at screen %.6f\nset tmargin at screen %.6f\n"
                "set bmargin at screen %.6f\n",
                (double)box->left / box->width, 1 - (double)box->right / box->width, 1 - (double)box->top / box->height,
                (double)box->bottom / box->height);
}

double eb_plot_text_px(const char *s)
{
    enum { EM = 11, OTHER = 700, WIDE = 1000 };
    static const unsigned short widths[] = {
        // of U+0020 to U+007E, thousandths of an em
        318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361,  318, 337, 636, 636, 636,
        636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632,
        575, 775, 752, 295, 295, 656, 557, 863, 748, 787, 603, 787, 695, 635,  611, 732, 684, 989, 685,
        611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635, 615, 352,  635, 634, 278, 278, 579,
        278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592,  525, 636, 337, 636, 838,
    };
    enum { N = sizeof widths / sizeof *widths };
    int sum = 0, columns = eb_text_width(s), plain = 0;
    for (const char *p = s; *p; p++)
        if (*p >= ' ' && *p < ' ' + N) {
            sum += widths[*p - ' '];
            plain++;
        }
    int others = columns - plain; // an ellipsis and wide letters are an em
    sum += strstr(s, "\xE2\x80\xA6") ? WIDE - OTHER : 0;
    return (sum + others * OTHER) * (double)EM / 1000;
}

char *eb_plot_fit(const char *s, double px)
{
    int columns = eb_text_width(s), most = (int)(px / 3) + 1; // no letter but i, j, l and some points is narrower
    columns = columns < most ? columns : most;
    for (;; columns--) {
        char *fitted = eb_text_fit(s, columns > 1 ? columns : 1);
        if (columns <= 1 || eb_plot_text_px(fitted) <= px)
            return fitted;
        free(fitted);
    }
}

int eb_plot_rows(eb_text *t, const eb_run *run, const int *cases, int n, int top)
{
    enum { ROW = 26, MOST = 172, LEAST = 90, GAP = 9, BOTTOM = 40 };
    double widest = LEAST;
    for (int i = 0; i < n; i++) {
        char *title = eb_case_title(run, cases[i]);
        widest = fmax(widest, eb_plot_text_px(title));
        free(title);
    }
    int left = (int)(2 + GAP + fmin(widest, MOST));
    const eb_plot_box box = { EB_PLOT_PAGE_WIDTH, top + n * ROW + BOTTOM, left, 14, top, BOTTOM };
    eb_plot_page(t, box.width, box.height);
    eb_plot_margins(t, &box);
    eb_text_add(t, "unset ytics\nset yrange [%g:-0.5]\n", n - 0.5);
    for (int i = 0; i < n; i++) {
        char *title = eb_case_title(run, cases[i]), *fitted = eb_plot_fit(title, MOST);
        eb_text_add(t, "set label %d ", i + 1);
        eb_gnuplot_quote(t, fitted);
        eb_text_add(t, " at graph 0, first %d right offset -0.9,0 textcolor rgb '#1a1d21'\n", i);
        free(fitted);
        free(title);
    }
    return box.height;
}

void eb_plot_key(eb_text *t, int *used, double *x, double y, const char *color, const char *name)
{
    int k = 500 + 2 * (*used)++;
    eb_text_add(t, "set label %d '■' at screen %.6f, screen %.6f left textcolor rgb '%s' font ',13'\n", k, *x, y,
                color);
    eb_text_add(t, "set label %d ", k + 1);
    eb_gnuplot_quote(t, name);
    eb_text_add(t, " at screen %.6f, screen %.6f left textcolor rgb '#5a626b'\n", *x + 14.0 / EB_PLOT_PAGE_WIDTH, y);
    *x += (30 + eb_plot_text_px(name)) / EB_PLOT_PAGE_WIDTH;
}

// 1, 2 or 5 times a power of ten, so that `n` of them or fewer fill the range.
static double nice_step(double range, int n)
{
    double step = pow(10, floor(log10(range / n)));
    static const double factors[] = { 1, 2, 5, 10 };
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++)
        if (range / (factors[i] * step) <= n)
            return factors[i] * step;
    return 10 * step;
}

void eb_plot_tics(eb_text *t, char axis, double low, double high, bool logscale)
{
    enum { MOST = 5, DECADE = 3 };
    if (!logscale) {
        eb_text_add(t, "set %ctics %.9g\n", axis, nice_step(high - low, MOST));
        return;
    }
    static const double steps[][DECADE] = { { 1, 2, 5 }, { 1, 3, 0 }, { 1, 0, 0 } };
    int n = 0;
    double decades = log10(high / low); // the narrower the axis of one, the fewer numbers find room in it
    const double *of = steps[decades > 2.6 ? 2 : decades > 1.6];
    eb_text_add(t, "set %ctics (", axis);
    for (double d = pow(10, floor(log10(low))); d <= high; d *= 10)
        for (int i = 0; i < DECADE; i++)
            if (of[i] > 0 && d * of[i] >= low && d * of[i] <= high)
                eb_text_add(t, "%s'%.6g' %.9g", n++ ? ", " : "", d * of[i], d * of[i]);
    eb_text_add(t, ")\n");
    if (n < 2) // a narrow range has no round numbers in it
        eb_text_add(t, "set %ctics ('%.3g' %.9g, '%.3g' %.9g)\n", axis, low, low, high, high);
}
