// SPDX-License-Identifier: Apache-2.0
// gnuplot as a child process: a script goes in, an SVG comes out. No shell, no files, no start-up files of the user.
#ifndef EB_REPORTS_GNUPLOT_H
#define EB_REPORTS_GNUPLOT_H

#include "harness/base/error.h"
#include "reports/text.h"

typedef enum eb_gnuplot_result { EB_GNUPLOT_DONE, EB_GNUPLOT_ABSENT, EB_GNUPLOT_FAILED } eb_gnuplot_result;

// Runs `program` ("gnuplot", found in PATH) on `script` for at most `limit_s` seconds. DONE: *svg is what it wrote on
// its standard output (caller frees). FAILED: err says why.
eb_gnuplot_result eb_gnuplot_run(const char *program, const char *script, int limit_s, char **svg, size_t *n,
                                 eb_err *err);

// Appends `s` as a quoted string of gnuplot's: single quotes, in which neither escapes nor back-quotes mean anything;
// a single quote in it becomes a typographic one.
void eb_gnuplot_quote(eb_text *t, const char *s);

#endif
