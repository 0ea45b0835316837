// SPDX-License-Identifier: Apache-2.0
// gnuplot's SVG made fit to stand inside a page: only drawing elements and attributes pass, ids are the plot's own,
// colours of the palette become the page's, so that they follow light and dark.
#ifndef EB_REPORTS_SVG_H
#define EB_REPORTS_SVG_H

#include <stdbool.h>
#include <stdio.h>
#include "reports/text.h"

// Writes one document of `n` bytes as an inline element. `id`: prefix of its ids, unique in the page; `label`: what it
// shows, in words. False where it is no SVG that we know how to read; then what was written is not to be used.
bool eb_svg_inline(const char *svg, size_t n, const char *id, const char *label, FILE *out);

// The length of the first document of several that follow each other, 0 = there is none.
size_t eb_svg_first(const char *text, size_t n);

#endif
