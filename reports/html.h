// SPDX-License-Identifier: Apache-2.0
// One self-contained page: the same blocks as the other forms, with pictures. Nothing in it is loaded from elsewhere.
#ifndef EB_REPORTS_HTML_H
#define EB_REPORTS_HTML_H

#include <stdio.h>
#include "reports/table.h"
#include "reports/text.h"
#include "reports/view.h"

// Text from outside: cleaned, and every character that HTML gives a meaning escaped. Good between tags and in quoted
// attributes.
void eb_html_put(FILE *out, const char *text);
void eb_html_table(const eb_table *t, const char *label, FILE *out);

// ---- the frame of a page ----
void eb_html_begin(FILE *out, const char *title);
void eb_html_end(FILE *out);

// ---- parts of a page ----

void eb_html_section(FILE *out, const char *id, const char *title); // ends with "</section>\n"
// Every column of a metric, in words, folded up.
void eb_html_definitions(const eb_table *t, FILE *out);
// "12 tok/s" does not break between the two; `line` is HTML already.
void eb_html_put_joined(FILE *out, const char *line);
int eb_html_count(const eb_notes *notes, const char *label);
// What is to be known, without the warnings. `alike`: what rows have in common that are ranked together.
void eb_html_notes(const eb_notes *notes, const char *alike, FILE *out);
void eb_html_warnings(const eb_notes *notes, FILE *out); // a section of its own; nothing without any
// A table of texts, the first of each row names it; NULL is an empty cell. Heads and label are our own words.
void eb_html_texts_begin(FILE *out, const char *label, const char *const *heads, int n);
void eb_html_texts_row(FILE *out, const char *const *cells, int n);
void eb_html_texts_end(FILE *out);

// ---- pictures: scripts in, figures out ----

typedef struct eb_html_picture {
    const char *section; // where in the page it stands; static
    char *caption;       // owned
    char *script;        // for gnuplot; owned
    char *svg;           // inline element, owned; NULL until drawn
    bool wide;           // needs more room than a phone has
} eb_html_picture;
typedef struct eb_html_pictures {
    eb_html_picture *items;
    size_t n, cap;
    char *notice; // why they are missing, owned; NULL = they are there
} eb_html_pictures;
// Takes the script; NULL: nothing to draw, the rest is ignored.
void eb_html_picture_add(eb_html_pictures *p, const char *section, bool wide, char *script, const char *caption_fmt,
                         ...) __attribute__((format(printf, 5, 6)));
void eb_html_run_pictures(const eb_run *run, eb_html_pictures *p);    // those of the page of one run
void eb_html_pictures_draw(eb_html_pictures *p, const char *program); // all by one gnuplot
bool eb_html_pictures_have(const eb_html_pictures *p, const char *section);
void eb_html_pictures_put(const eb_html_pictures *p, const char *section, FILE *out);
void eb_html_pictures_deinit(eb_html_pictures *p);

#endif
