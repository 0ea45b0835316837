// SPDX-License-Identifier: Apache-2.0
// What the terminal can do.
#ifndef EB_BASE_TERM_H
#define EB_BASE_TERM_H

#include <stdbool.h>
#include <stdio.h>

typedef enum eb_color_mode { EB_COLOR_AUTO, EB_COLOR_ALWAYS, EB_COLOR_NEVER } eb_color_mode;

bool eb_color_mode_parse(const char *s, eb_color_mode *out); // "auto", "always", "never"
// AUTO: only on a terminal, and neither NO_COLOR (https://no-color.org) nor TERM=dumb is set.
bool eb_term_color(eb_color_mode mode, FILE *to);
// A terminal on which a line can be rewritten (progress).
bool eb_term_live(FILE *to);
int eb_term_width(FILE *to); // columns; 100 when it is no terminal or does not say

#endif
