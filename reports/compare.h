// SPDX-License-Identifier: Apache-2.0
// A comparison of runs as text for people, CSV or JSON.
#ifndef EB_REPORTS_COMPARE_H
#define EB_REPORTS_COMPARE_H

#include <stdio.h>
#include "harness/record/compare.h"
#include "reports/table.h"
#include "reports/view.h"

typedef struct eb_compare_form {
    const char *name, *doc; // "term", "md", "html", "csv", "json"
    void (*write)(const eb_compare *c, bool color, FILE *out);
} eb_compare_form;
extern const eb_compare_form eb_compare_forms[]; // ends with name NULL

// ---- for compare_*.c ----

// Figures and ratios of a group; caller frees. NULL: nothing of it is known.
eb_table *eb_compare_figures_table(const eb_compare *c, const eb_compare_group *g);
eb_table *eb_compare_ratios_table(const eb_compare *c, const eb_compare_group *g);
// Whether any row of the group has the figure.
bool eb_compare_knows(const eb_compare *c, const eb_compare_group *g, eb_figure f);
// The best of a column, where it is one, and those that it is not told apart from though there are trials enough.
eb_mark eb_compare_mark(const eb_compare *c, int row, eb_figure f);
// Whether any cost of the group is made of demonstration prices.
bool eb_compare_made_up(const eb_compare *c, const eb_compare_group *g);
// The kind of energy that most rows of a group have, the reference's where two are as many; -1 = none has any.
int eb_compare_lead_kind(const eb_compare *c, const eb_compare_group *g, int *rows);
// The answer of a group in a sentence or two, without its stop; the second one as text that the caller frees.
void eb_compare_answer_print(const eb_compare *c, const eb_compare_group *g, const eb_answer_style *style, FILE *out);
char *eb_compare_answer(const eb_compare *c, const eb_compare_group *g);
// Who is cheapest at which utilisation, and where rows change places; NULL where no price depends on it. Caller frees.
char *eb_compare_ranking(const eb_compare *c, const eb_compare_group *g);
// Label of a row; an eb_turn_who.
const char *eb_compare_label_of(const void *compare, int row);
// `best`, `tied`: the marks of the form in words or signs, which the notes explain.
void eb_compare_notes(const eb_compare *c, const char *best, const char *tied, eb_notes *notes);
// Of the comparison itself, then those of each run that is in a row as its report says them, under its name. `all`: a
// line for each run; else what is said of many runs, alike but for its figures, is one line.
void eb_compare_warnings(const eb_compare *c, bool all, eb_notes *notes);
char *eb_compare_heading(const eb_compare *c); // caller frees
void eb_compare_write_html(const eb_compare *c, bool color, FILE *out);
void eb_compare_write_csv(const eb_compare *c, bool color, FILE *out);
void eb_compare_write_json(const eb_compare *c, bool color, FILE *out);

#endif
