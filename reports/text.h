// SPDX-License-Identifier: Apache-2.0
// Text for people: names from outside made harmless, columns counted as a terminal shows them, and figures with
// no more digits than their interval supports.
#ifndef EB_REPORTS_TEXT_H
#define EB_REPORTS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "harness/record/run.h"

// A growing text. Init with {0}; `s` is NULL until something was added.
typedef struct eb_text {
    char *s;
    size_t n, cap;
} eb_text;
void eb_text_add(eb_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void eb_text_deinit(eb_text *t);

// A copy that cannot move the cursor, colour the terminal or turn its direction: control, bidi and zero-width
// characters become U+FFFD, white space one blank, malformed bytes U+FFFD. Caller frees.
char *eb_text_clean(const char *s);

// Columns on a terminal (0 for combining marks, 2 for wide characters); `s` is clean.
int eb_text_width(const char *s);
// `s` cut in the middle with an ellipsis so that it takes at most `width` >= 1 columns. Caller frees.
char *eb_text_fit(const char *s, int width);
// "label  text ...", wrapped between words at `width` columns and indented under the text.
void eb_text_wrap(FILE *out, const char *label, int indent, const char *text, int width);
// What markdown would take for markup, as entities (there is no escape that also works inside a table). `s` is clean.
void eb_text_markdown(FILE *out, const char *s);

// Decimal place of the last digit worth printing (-2: hundredths): as the half-width says, its leading digit (two
// where that is a 1), at most three significant digits of the value; three when the half-width is not known; two where
// one digit alone, of a value below its half-width, would be more than a fifth off.
int eb_text_place(double value, double halfwidth);
// `value` rounded to that place; "-" for NAN.
char *eb_text_number(char *buf, size_t size, double value, int place);
// The same with k, M, G for thousands, millions, milliards ("41.2M").
char *eb_text_si(char *buf, size_t size, double value, double halfwidth);
// A share of one as percent, without the sign: "39.5", "0.051", "<0.01", "0"; "-" for NAN. A buffer of 16 is enough.
char *eb_text_percent(char *buf, size_t size, double frac);
// "±0.04", with `mark` behind it where that is not 0: eb_text_mark; never finer or coarser than the value beside it,
// and at least one step of its last digit, because the value itself is rounded to that. `si`: beside a number with k,
// M, G, in its steps. "-" for NAN, "" for 0: what has no spread gets no ±.
char *eb_text_spread(char *buf, size_t size, double value, double halfwidth, bool si, char mark);
// What a half-width is of: 0 an interval; 'r' the range of a few trials; 's' a single one, of which is known only what
// its counters leave.
char eb_text_mark(eb_interval interval, int n);
// Farther end of the metric's interval from its value; NAN without one.
double eb_text_halfwidth(const eb_metric *m);
// The same for showing: of a single trial what its counters leave, which says nothing of the next trial.
double eb_text_shown_halfwidth(const eb_metric *m);

// Tables whose joules per token are all less than this have them in millijoules.
#define EB_MILLIJOULES_BELOW 0.1

#endif
