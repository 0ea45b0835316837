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

// ---- plots.c: the frame of each script ----

// Terminal, canvas in pixels, and the looks of axes.
void eb_plot_begin(eb_text *t, int width, int height);
// The heading of the canvas, with "(shown of all cases)" where some found no room.
void eb_plot_heading(eb_text *t, const char *text, int shown, int all, int width, int height);
// A colour and its name outside the panels, at pixels from the top left; `number` from 0.
void eb_plot_legend(eb_text *t, int number, double x, double y, const char *color, const char *name, int width,
                    int height);

#endif
