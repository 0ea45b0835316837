// SPDX-License-Identifier: Apache-2.0
// What is shown. Reads an eb_run and formats it, nothing else: no figure is computed here.
// Output is a function of the run alone (and of its folder's name and colour), so that a report printed later equals
// the one that the run printed, byte for byte.
#ifndef EB_REPORTS_REPORT_H
#define EB_REPORTS_REPORT_H

#include <stdio.h>
#include "harness/record/run.h"

typedef struct eb_report_style {
    bool color;      // ANSI; off for pipes, NO_COLOR, TERM=dumb
    const char *run; // the folder as it was named, for the forms that say whose figures they are; NULL = not said
    bool several;    // it stands in one document with other runs: see `open`
    bool follows;    // and another one was written before it: heads are there
} eb_report_style;

typedef struct eb_report_ops {
    const char *name, *doc; // "term", "md", "html", ...
    bool page;              // a whole document: of one run only
    // Several runs make one document: what stands before, between and after them. NULL: each is one of its own.
    const char *open, *between, *close;
    bool (*write)(const eb_run *run, const eb_report_style *style, FILE *out, eb_err *err);
} eb_report_ops;

extern const eb_report_ops *const eb_report_table[]; // ends with NULL
const eb_report_ops *eb_report_find(const char *name);

// plots/*.svg by gnuplot as a child process. Absent gnuplot: true, and *notice says so (static text), no failure.
bool eb_report_plots(const eb_run *run, const char *dir, const char **notice, eb_err *err);
// report.md and report.html beside run.json.
bool eb_report_files(const eb_run *run, const char *dir, eb_err *err);

#endif
