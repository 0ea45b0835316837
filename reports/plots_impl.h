// SPDX-License-Identifier: Apache-2.0
// The scripts of the plots, and what they have in common. For plot*.c only.
#ifndef EB_REPORTS_PLOTS_IMPL_H
#define EB_REPORTS_PLOTS_IMPL_H

#include "harness/record/compare_read.h"
#include "harness/record/front.h"
#include "harness/record/observations.h"
#include "reports/gnuplot.h"
#include "reports/view.h"

enum { EB_PLOT_TITLE_WIDTH = 44 };

// Each returns a script for gnuplot that writes an SVG, or NULL where the run has no data for it. Caller frees.
char *eb_plot_power(const eb_run *run);
char *eb_plot_tok_s(const eb_run *run);
char *eb_plot_j_per_tok(const eb_run *run);
char *eb_plot_sustained(const eb_run *run);
char *eb_plot_load(const eb_run *run);
char *eb_plot_roofline(const eb_run *run);
char *eb_plot_operators(const eb_run *run);

// ---- pictures of the page: small, in its colours (svg.c); NULL where there is nothing to draw ----

enum { EB_PLOT_PAGE_WIDTH = 400 }; // pixels, about as wide as a phone

// Power over time of one series.
char *eb_plot_power_of(const eb_run *run, const eb_power_series *s);
// `all`: observations of each case.
char *eb_plot_latency(const eb_run *run, const eb_observations *all, eb_observed what);
char *eb_plot_energy_by_phase(const eb_run *run);
char *eb_plot_energy_by_domain(const eb_run *run);
// Of the cases that do the same work as `like`.
char *eb_plot_front(const eb_run *run, int like);
char *eb_plot_utilisation(const eb_run *run, int like);

enum { EB_PLOT_MAX_POINTS = 100 };
typedef struct eb_plot_point {
    char *name;
    double j, j_low, j_high, tok_s, tok_s_low, tok_s_high; // equal ends: no interval
    eb_front front;                                        // by the words, as the tables have them; BEATEN: not ranked
} eb_plot_point;
// Sorts the points; at most EB_PLOT_MAX_POINTS are drawn, hollow those that only noise keeps on the front. `y_label`:
// plain text without quotes.
char *eb_plot_front_of(eb_plot_point *points, int n, const char *y_label);

typedef struct eb_plot_curve {
    char *name;
    eb_cost_curve curve;
} eb_plot_curve;
enum { EB_PLOT_MAX_CURVES = 6 };
extern const char *const eb_plot_colors[EB_PLOT_MAX_CURVES]; // of the curves of one picture, in their order
// The best of them, best first. `utilisation`: a mark; NAN = none.
char *eb_plot_utilisation_of(eb_plot_curve *lines, int n, double utilisation);

typedef struct eb_plot_load_curve {
    const char *name; // borrowed, as the levels are
    const eb_compare_level *levels;
    int n;
} eb_plot_load_curve;
// Load curves over each other; the first EB_PLOT_MAX_CURVES.
char *eb_plot_load_of(const eb_plot_load_curve *curves, int n);

typedef struct eb_plot_box {
    int width, height, left, right, top, bottom; // canvas and margins, pixels
} eb_plot_box;
void eb_plot_page(eb_text *t, int width, int height);
void eb_plot_margins(eb_text *t, const eb_plot_box *box);
// A row for each of n cases, named at the left, row i at y = i, `top` pixels free above; returns the canvas's height.
int eb_plot_rows(eb_text *t, const eb_run *run, const int *cases, int n, int top);
// How wide a text is in the pictures' letters, pixels: as DejaVu Sans, wider than most that a reader may have.
double eb_plot_text_px(const char *s);
// `s` cut in the middle so that it takes at most `px`. Caller frees.
char *eb_plot_fit(const char *s, double px);
// A colour and its name, at fractions of the canvas; moves x behind it, `used` counts them.
void eb_plot_key(eb_text *t, int *used, double *x, double y, const char *color, const char *name);
// Few round numbers along an axis.
void eb_plot_tics(eb_text *t, char axis, double low, double high, bool logscale);

// ---- plots.c: the frame of each script ----

// Terminal, canvas in pixels, and the looks of axes.
void eb_plot_begin(eb_text *t, int width, int height);
// The heading of the canvas, with "(shown of all cases)" where some found no room.
void eb_plot_heading(eb_text *t, const char *text, int shown, int all, int width, int height);
// A colour and its name outside the panels, at pixels from the top left; `number` from 0.
void eb_plot_legend(eb_text *t, int number, double x, double y, const char *color, const char *name, int width,
                    int height);

// ---- plot_ops.c: operators in colours, the same in each plot; EB_OP_COUNT stands for the time between the steps ----

unsigned eb_plot_op_rgb(int op);
// The colours and names of those that are `present`, from `y` pixels below the top on, in as many lines as they need;
// returns the pixels they take. NULL for `t`: only says how many.
int eb_plot_op_legend(eb_text *t, const bool present[EB_OP_COUNT + 1], int y, int width, int height);

#endif
