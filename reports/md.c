// SPDX-License-Identifier: Apache-2.0
// report.md: the answer in a sentence, then the tables, then everything that a reader needs to judge them.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/file.h"
#include "harness/base/mem.h"
#include "harness/record/profile.h"
#include "reports/report_impl.h"
#include "reports/view.h"

// A name from outside.
static void put(FILE *out, const char *text)
{
    char *clean = eb_text_clean(text);
    eb_text_markdown(out, clean);
    free(clean);
}

static const eb_answer_style markdown = { .put = put, .strong_open = "**", .strong_close = "**" };

static void put_tables(const eb_run *run, FILE *out)
{
    for (int b = 0; b < EB_BLOCK_COUNT; b++) {
        eb_table *t = eb_block_table(run, b);
        if (t) {
            fprintf(out, "\n## %s\n\n", eb_block_title(b));
            eb_table_markdown(t, "family", out);
        }
        eb_table_free(t);
    }
    for (int i = 0; i < run->n_profiles; i++) {
        eb_table *t = eb_profile_table(run, run->profiles[i]);
        char *name = eb_case_title(run, run->profiles[i]->case_index);
        fprintf(out, "\n## By operator: ");
        put(out, name);
        fprintf(out, "\n\n");
        eb_table_markdown(t, "phase", out);
        free(name);
        eb_table_free(t);
    }
    for (int i = 0; i < run->n_sustained; i++) {
        eb_table *t = eb_sustained_table(run, run->sustained[i]);
        char *title = eb_sustained_title(run, run->sustained[i]);
        fprintf(out, "\n## ");
        put(out, title);
        fprintf(out, "\n\n");
        eb_table_markdown(t, NULL, out);
        free(title);
        eb_table_free(t);
    }
    for (int i = 0; i < run->n_crossings + eb_load_tables(run); i++) {
        const bool crossing = i < run->n_crossings;
        eb_table *t = crossing ? eb_crossing_table(run, i) : eb_load_table(run, i - run->n_crossings);
        fprintf(out, "\n## ");
        put(out, eb_table_title(t));
        fprintf(out, "\n\n");
        eb_table_markdown(t, NULL, out);
        eb_table_free(t);
    }
    fprintf(out, "\n**Bold** is the best of a column where its interval is clear of the others', ≈ a tie.\n");
}

static void put_notes(const eb_run *run, FILE *out)
{
    eb_notes notes = { 0 };
    eb_notes_collect(run, &notes);
    fprintf(out, "\n## How to read it\n\n");
    const bool spread = eb_notes_spread(run);
    for (size_t i = 0; i < notes.n; i++) {
        if (!strcmp(notes.items[i].label, "* ~") || (!spread && !strcmp(notes.items[i].label, "±")))
            continue; // bold and ≈ stand for the former here
        fprintf(out, "- %s: ", notes.items[i].label);
        put(out, notes.items[i].text);
        fprintf(out, "\n");
    }
    eb_notes_deinit(&notes);
}

static void put_sources(const eb_run *run, FILE *out)
{
    const eb_header *h = run->header;
    fprintf(out,
            "\n## Sources of energy and counters\n\n| source | state | reason | remedy |\n| --- | --- | --- | --- |\n");
    for (int i = 0; i < h->n_sources; i++) {
        const char *const cells[] = { h->sources[i].name, h->sources[i].state, h->sources[i].reason,
                                      h->sources[i].remedy };
        fprintf(out, "|");
        for (size_t k = 0; k < sizeof cells / sizeof *cells; k++) {
            fprintf(out, " ");
            put(out, cells[k] ? cells[k] : "");
            fprintf(out, " |");
        }
        fprintf(out, "\n");
    }
}

static void put_machine(const eb_run *run, FILE *out)
{
    fprintf(out, "\n## Machine\n\n| fact | value |\n| --- | --- |\n");
    for (int i = 0; i < run->header->n_machine; i++) {
        fprintf(out, "| ");
        put(out, run->header->machine[i].key);
        fprintf(out, " | ");
        char *value = eb_fact_text(&run->header->machine[i]);
        put(out, value);
        free(value);
        fprintf(out, " |\n");
    }
}

static void put_settings(const eb_run *run, FILE *out)
{
    fprintf(out, "\n## Configuration\n\n| option | value | from |\n| --- | --- | --- |\n");
    for (int i = 0; i < run->header->n_settings; i++) {
        const eb_setting_row *s = &run->header->settings[i];
        if (!s->value || !s->value[0] || s->idle || (!strcmp(s->section, "run") && !strcmp(s->key, "out")))
            continue; // where the folder lies is no part of what was measured
        fprintf(out, "| ");
        put(out, s->section);
        if (s->name && s->name[0]) {
            fprintf(out, " ");
            put(out, s->name);
        }
        fprintf(out, ".");
        put(out, s->key);
        fprintf(out, " | ");
        put(out, s->value);
        fprintf(out, " | ");
        put(out, s->origin ? eb_path_base(s->origin) : "");
        fprintf(out, " |\n");
    }
}

static bool write_md(const eb_run *run, const eb_report_style *style, FILE *out, eb_err *err)
{
    (void)style;
    (void)err; // what the stream cannot take, its owner sees
    char *title = eb_run_title(run);
    eb_answer_print(run, &markdown, out);
    fprintf(out, "\n");
    put(out, title);
    fprintf(out, "\n");
    free(title);
    put_tables(run, out);
    put_notes(run, out);
    put_sources(run, out);
    put_machine(run, out);
    put_settings(run, out);
    fprintf(out,
            "\n## Where the figures come from\n\nEvery figure is computed from the raw files beside this report "
            "(trials.jsonl, requests.csv, tokens.csv, power.csv); `effbench report` on this folder makes run.json and "
            "the tables again from them.\n");
    return true;
}

const eb_report_ops eb_report_md = { .name = "md", .doc = "markdown, the answer first", .write = write_md };
