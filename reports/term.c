// SPDX-License-Identifier: Apache-2.0
// The tables on a terminal: 100 columns wide wherever they go, so that a file and a screen hold the same text.
#include "reports/report_impl.h"

#include <stdlib.h>
#include <string.h>
#include "reports/view.h"

enum { WIDTH = 100, INDENT = 10 };

static void write_notes(const eb_run *run, bool color, FILE *out)
{
    eb_notes notes = { 0 };
    eb_notes_collect(run, &notes);
    const bool spread = eb_notes_spread(run);
    for (size_t i = 0; i < notes.n; i++) {
        if (!spread && !strcmp(notes.items[i].label, "±"))
            continue;
        if (color) // warnings stand out, the rest stands back
            fputs(!strcmp(notes.items[i].label, "warning") ? "\033[33m" : "\033[2m", out);
        eb_text_wrap(out, notes.items[i].label, INDENT, notes.items[i].text, WIDTH);
        if (color)
            fputs("\033[0m", out);
    }
    eb_notes_deinit(&notes);
}

static void put_name(FILE *out, const char *text)
{
    char *clean = eb_text_clean(text);
    fputs(clean, out);
    free(clean);
}

// The answer first.
static void write_answer(const eb_run *run, FILE *out)
{
    static const eb_answer_style plain = { .put = put_name, .strong_open = "", .strong_close = "" };
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    if (!to)
        return;
    eb_answer_print(run, &plain, to);
    fclose(to);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        eb_text_wrap(out, "", 0, line, WIDTH);
    free(text);
}

static bool write_term(const eb_run *run, const eb_report_style *style, FILE *out, eb_err *err)
{
    (void)err; // what the stream cannot take, its owner sees
    char *title = eb_run_title(run);
    eb_text_wrap(out, "", 0, title, WIDTH);
    free(title);
    write_answer(run, out);
    for (int b = 0; b < EB_BLOCK_COUNT; b++) {
        eb_table *t = eb_block_table(run, b);
        if (t) {
            fputc('\n', out);
            eb_table_print(t, WIDTH, style->color, out);
        }
        eb_table_free(t);
    }
    for (int i = 0; i < run->n_profiles; i++) {
        eb_table *t = eb_profile_table(run, run->profiles[i]);
        fputc('\n', out);
        eb_table_print(t, WIDTH, style->color, out);
        eb_table_free(t);
    }
    for (int i = 0; i < run->n_sustained; i++) {
        eb_table *t = eb_sustained_table(run, run->sustained[i]);
        fputc('\n', out);
        eb_table_print(t, WIDTH, style->color, out);
        eb_table_free(t);
    }
    for (int i = 0; i < run->n_crossings; i++) {
        eb_table *t = eb_crossing_table(run, i);
        fputc('\n', out);
        eb_table_print(t, WIDTH, style->color, out);
        eb_table_free(t);
    }
    for (int i = 0; i < eb_load_tables(run); i++) {
        eb_table *t = eb_load_table(run, i);
        fputc('\n', out);
        eb_table_print(t, WIDTH, style->color, out);
        eb_table_free(t);
    }
    fputc('\n', out);
    write_notes(run, style->color, out);
    return true;
}

const eb_report_ops eb_report_term = { .name = "term", .doc = "tables for a terminal (default)", .write = write_term };
