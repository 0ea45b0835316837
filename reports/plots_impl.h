// SPDX-License-Identifier: Apache-2.0
// The scripts of the plots, and what they have in common. For plot*.c only.
#ifndef EB_REPORTS_PLOTS_IMPL_H
#define EB_REPORTS_PLOTS_IMPL_H

#include "reports/gnuplot.h"
#include "reports/view.h"

enum { EB_PLOT_TITLE_WIDTH = 44 };

// Each returns a script for gnuplot that writes an SVG, or NULL where the run has no data for it. Caller frees.
char *eb_plot_power(const eb_run *run);
char *eb_plot_tok_s(const eb_run *run);
char *eb_plot_j_per_tok(const eb_run *run);
char *eb_plot_sustained(const eb_run *run);
char *eb_plot_roofline(const eb_run *run);
char *eb_plot_operators(const eb_run *run);

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
