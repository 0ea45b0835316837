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

enum { MAX_ANSWERS = 6 };

// A name from outside.
static void put(FILE *out, const char *text)
{
    char *clean = eb_text_clean(text);
    eb_text_markdown(out, clean);
    free(clean);
}

// ---- the answer ----

static const struct {
    const char *key, *lead, *alone, *before, *unit; // alone: where no other case does the same work
    bool money;
} questions[] = {
    { "tok_per_j", "most tokens per joule", "tokens per joule", "", " tok/J", false },
    { "decode_tok_s", "fastest decode", "decode", "", " tok/s", false },
    { "usd_per_mtok", "cheapest", "cost", "$", " per million tokens", true },
};

// The strongest grade that any comparable case has: only those are ranked in the sentence.
static bool strongest(const eb_run *run, const char *key, int like, eb_grade *grade)
{
    bool found = false;
    for (int i = 0; i < run->n_cases; i++) {
        const eb_metric *m = eb_rank_value(&run->cases[i], key);
        if (!m || !eb_rank_comparable(run->cases[i].info, run->cases[like].info))
            continue;
        if (!found || m->grade > *grade)
            *grade = m->grade;
        found = true;
    }
    return found;
}

static int tied_with(const eb_run *run, const char *key, int best)
{
    eb_mark *marks = eb_alloc((size_t)run->n_cases * sizeof *marks);
    int n = 0;
    eb_rank_marks(run, key, marks);
    for (int i = 0; i < run->n_cases; i++)
        n += i != best && marks[i] == EB_MARK_TIED && eb_rank_comparable(run->cases[i].info, run->cases[best].info) &&
             eb_rank_same_energy(eb_rank_value(&run->cases[i], key), eb_rank_value(&run->cases[best], key));
    free(marks);
    return n;
}

static void put_caveats(const eb_run *run, size_t q, int best, FILE *out)
{
    const eb_case_result *c = &run->cases[best];
    const eb_metric *m = eb_rank_value(c, questions[q].key), *top1 = eb_rank_value(c, "top1_agree");
    int tied = tied_with(run, questions[q].key, best);
    if (m->grade != EB_GRADE_NONE)
        fprintf(out, ", %s", eb_grade_name(m->grade));
    if (questions[q].money && eb_run_demonstration(run))
        fprintf(out, ", demonstration prices");
    if (tied)
        fprintf(out, ", not told apart from %d other%s", tied, tied == 1 ? "" : "s");
    if (top1 && c->info->reference_type && strcmp(c->info->reference_type, c->info->type)) {
        char percent[40];
        eb_text_number(percent, sizeof percent, 100 * top1->value, eb_text_place(100 * top1->value, NAN));
        fprintf(out, ", same top choice as ");
        put(out, c->info->reference_type);
        fprintf(out, " in %s %%", percent);
    }
}

static bool has_rivals(const eb_run *run, int like)
{
    for (int i = 0; i < run->n_cases; i++)
        if (i != like && eb_rank_comparable(run->cases[i].info, run->cases[like].info))
            return true;
    return false;
}

static bool put_answer(const eb_run *run, size_t q, int like, bool first, FILE *out)
{
    eb_grade grade = EB_GRADE_NONE;
    if (!strongest(run, questions[q].key, like, &grade))
        return false;
    int best = eb_rank_best(run, questions[q].key, like, grade);
    if (best < 0)
        return false;
    const eb_metric *m = eb_rank_value(&run->cases[best], questions[q].key);
    char number[40], *title = eb_case_name(run, best);
    eb_text_number(number, sizeof number, m->value, eb_text_place(m->value, eb_text_halfwidth(m)));
    fprintf(out, "%s%s: **", first ? "" : "; ", has_rivals(run, like) ? questions[q].lead : questions[q].alone);
    put(out, title);
    fprintf(out, "** (%s%s%s", questions[q].before, number, questions[q].unit);
    put_caveats(run, q, best, out);
    fprintf(out, ")");
    free(title);
    return true;
}

static bool leads_its_kind(const eb_run *run, int c)
{
    for (int i = 0; i < c; i++)
        if (eb_rank_comparable(run->cases[i].info, run->cases[c].info))
            return false;
    return true;
}

static void put_answers(const eb_run *run, FILE *out)
{
    int shown = 0, left = 0;
    for (int c = 0; c < run->n_cases; c++) {
        if (!leads_its_kind(run, c))
            continue;
        if (shown == MAX_ANSWERS) {
            left++;
            continue;
        }
        const eb_case_info *i = run->cases[c].info;
        bool any = false;
        fprintf(out, "%sWith %d prompt and %d output tokens, batch %d", shown ? "\n\n" : "", i->prompt_tok,
                i->output_tok, i->batch);
        if (i->depth_tok)
            fprintf(out, ", after %d tokens of context", i->depth_tok);
        fprintf(out, ": ");
        for (size_t q = 0; q < sizeof questions / sizeof *questions; q++)
            any |= put_answer(run, q, c, !any, out);
        fprintf(out, any ? "." : "nothing was measured.");
        shown++;
    }
    fprintf(out, "\n");
    if (left)
        fprintf(out, "\nAnd %d more kind%s of work, in the tables.\n", left, left == 1 ? "" : "s");
    if (!eb_run_has_energy(run))
        fprintf(out, "\nNo energy source: joules are not known here.\n");
}

// ---- the rest ----

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
    fprintf(out, "\n**Bold** is the best of a column where its interval is clear of the others', ≈ a tie.\n");
}

static void put_notes(const eb_run *run, FILE *out)
{
    eb_notes notes = { 0 };
    eb_notes_collect(run, &notes);
    fprintf(out, "\n## How to read it\n\n");
    for (size_t i = 0; i < notes.n; i++) {
        if (!strcmp(notes.items[i].label, "* ~"))
            continue; // bold and ≈ stand for these here
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
        put(out, run->header->machine[i].value ? run->header->machine[i].value : "unknown");
        fprintf(out, " |\n");
    }
}

static void put_settings(const eb_run *run, FILE *out)
{
    fprintf(out, "\n## Configuration\n\n| option | value | from |\n| --- | --- | --- |\n");
    for (int i = 0; i < run->header->n_settings; i++) {
        const eb_setting_row *s = &run->header->settings[i];
        if (!s->value || !s->value[0] || (!strcmp(s->section, "run") && !strcmp(s->key, "out")))
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
    put_answers(run, out);
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
