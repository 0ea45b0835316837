// SPDX-License-Identifier: Apache-2.0
// What the reports of the compared runs warn of.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "reports/compare.h"
#include "reports/notes_impl.h"

enum { NAMED = 3, LINES = 16 }; // of runs that are said alike; of what is said of runs altogether

typedef struct warning {
    const char *run;
    char *text;
    size_t like; // the first one with the same words; itself where there is none before it
    int runs;    // of the first one: that say the like
    const char *last;
} warning;
typedef struct warnings {
    warning *items;
    size_t n, cap;
} warnings;

// What the comparison says itself of every such run.
static bool said_already(const eb_compare_run *run, const char *text)
{
    static const char simulated[] = "simulated by engine = ", unfinished[] = "the run did not end";
    return (!strcmp(run->engine, "null") && !strncmp(text, simulated, strlen(simulated))) ||
           (!run->complete && !strncmp(text, unfinished, strlen(unfinished)));
}

static bool in_a_row(const eb_compare *c, int run, int case_index)
{
    for (int i = 0; i < c->n_rows; i++)
        if (c->rows[i].run == run && (case_index < 0 || c->rows[i].case_index == case_index))
            return true;
    return false;
}

// As much of a run as its warnings are worded by; cases that are in no row warn of nothing.
static void collect_of_run(const eb_compare *c, int r, eb_notes *notes)
{
    const eb_compare_run *from = c->runs[r];
    size_t n = (size_t)from->n_cases;
    eb_case_info *infos = eb_alloc(n * sizeof *infos + 1);
    eb_metric *joules = eb_alloc(n * sizeof *joules + 1);
    eb_case_result *cases = eb_alloc(n * sizeof *cases + 1);
    char **own = eb_alloc((size_t)from->n_warnings * sizeof *own + 1);
    eb_header header = from->text;
    eb_run run = { .header = &header, .cases = cases, .n_cases = from->n_cases, .warnings = own };
    for (int i = 0; i < from->n_warnings; i++)
        if (!said_already(from, from->warnings[i]))
            own[run.n_warnings++] = from->warnings[i];
    for (int i = 0; i < from->n_cases; i++) {
        const eb_compare_case *k = &from->cases[i];
        const eb_compare_value *v = &k->figures[EB_FIGURE_J_PER_TOK];
        infos[i] = (eb_case_info){ .id = k->id,
                                   .family = k->family,
                                   .model = k->model,
                                   .source = k->source,
                                   .type = k->type,
                                   .workload = k->workload,
                                   .kv = k->kv,
                                   .load = k->load[0] ? k->load : NULL,
                                   .prompt_tok = k->prompt_tok,
                                   .output_tok = k->output_tok,
                                   .batch = k->batch,
                                   .depth_tok = k->depth_tok,
                                   .threads = k->threads };
        joules[i] = (eb_metric){ .key = eb_figures[EB_FIGURE_J_PER_TOK].key, .value = v->value, .grade = v->grade };
        cases[i] = (eb_case_result){ .info = &infos[i],
                                     .metrics = &joules[i],
                                     .n_metrics = 1,
                                     .warnings = k->warnings,
                                     .n_warnings = in_a_row(c, r, i) ? k->n_warnings : 0 };
    }
    eb_notes_warnings(&run, notes);
    void *const blocks[] = { infos, joules, cases, own };
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        free(blocks[i]);
}

static bool is_digit(char c)
{
    return isdigit((unsigned char)c) != 0;
}

// The same but for its numbers.
static bool alike(const char *a, const char *b)
{
    while (*a && *b) {
        if (is_digit(*a) && is_digit(*b)) {
            a += strspn(a, "0123456789.");
            b += strspn(b, "0123456789.");
        } else if (*a++ != *b++) {
            return false;
        }
    }
    return !*a && !*b;
}

static void add(warnings *all, const char *run, const char *text)
{
    EB_GROW(all->items, all->n, all->cap);
    size_t like = 0;
    while (like < all->n && !(all->items[like].like == like && alike(all->items[like].text, text)))
        like++;
    all->items[all->n++] = (warning){ .run = run, .text = eb_strdup(text), .like = like };
    warning *first = &all->items[like];
    first->runs += first->last != run;
    first->last = run;
}

static warnings collect(const eb_compare *c)
{
    warnings all = { 0 };
    for (int r = 0; r < c->n_runs; r++) {
        eb_notes notes = { 0 };
        if (in_a_row(c, r, -1))
            collect_of_run(c, r, &notes);
        for (size_t i = 0; i < notes.n; i++)
            add(&all, c->runs[r]->name, notes.items[i].text);
        eb_notes_deinit(&notes);
    }
    return all;
}

// The first one in full; of how many more runs the same is said, and of which.
static void note_alike(const warnings *all, size_t first, eb_notes *notes)
{
    const warning *said = &all->items[first];
    const char *last = said->run;
    eb_text names = { 0 };
    bool same = true;
    int named = 0;
    for (size_t i = first + 1; i < all->n; i++) {
        const warning *w = &all->items[i];
        if (w->like != first)
            continue;
        same = same && !strcmp(w->text, said->text);
        if (w->run != last && named++ < NAMED)
            eb_text_add(&names, "%s%s", named > 1 ? ", " : "", w->run);
        last = w->run;
    }
    if (named > NAMED)
        eb_text_add(&names, " and %d more", named - NAMED);
    eb_notes_add(notes, "warning", "%s: %s; %s of %d more runs (%s)", said->run, said->text,
                 same ? "the same" : "the same but for its figures", named, names.s);
    eb_text_deinit(&names);
}

void eb_compare_warnings(const eb_compare *c, bool all, eb_notes *notes)
{
    size_t lines = 0, left = 0;
    for (size_t i = 0; i < c->warnings.n; i++)
        eb_notes_add(notes, "warning", "%s", c->warnings.items[i]);
    warnings said = collect(c);
    for (size_t i = 0; i < said.n; i++) {
        const warning *w = &said.items[i];
        bool many = !all && said.items[w->like].runs > NAMED;
        if (many && w->like != i)
            continue; // with the first one
        if (!all && lines++ >= LINES)
            left++;
        else if (many)
            note_alike(&said, i, notes);
        else
            eb_notes_add(notes, "warning", "%s: %s", w->run, w->text);
    }
    if (left)
        eb_notes_add(notes, "warning", "and %zu more of the runs, in the JSON", left);
    for (size_t i = 0; i < said.n; i++)
        free(said.items[i].text);
    free(said.items);
}
