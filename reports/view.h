// SPDX-License-Identifier: Apache-2.0
// What the terminal and the markdown report have in common: which tables there are, who leads in a column, and what
// has to be said in words.
#ifndef EB_REPORTS_VIEW_H
#define EB_REPORTS_VIEW_H

#include "harness/record/front.h"
#include "reports/table.h"
#include "reports/text.h"

// ---- rank.c: the leader of a column, among rows that may be compared ----

// Same prompt, output, batch, depth and load.
bool eb_rank_comparable(const eb_case_info *a, const eb_case_info *b);
// The metric when it has a value, else NULL.
const eb_metric *eb_rank_value(const eb_case_result *c, const char *key);
// BEST: better than all comparable rows of the same grade, by the words of a comparison (compare_ratio.h). TIED: the
// best where it is not, and those that it is not told apart from, or that are as good. Lone rows get no mark, nor what
// has too few trials for a word. `marks` has run->n_cases entries.
void eb_rank_marks(const eb_run *run, const char *key, eb_mark *marks);
// What the best of a column has beside it: how many may be ranked with it, and of those how many are shown to be as
// good (EB_WORD_SAME), how many lie within noise of it, and how many are not told apart from it for want of trials.
typedef struct eb_rank_rivals {
    int n, same, tied, few;
} eb_rank_rivals;
eb_rank_rivals eb_rank_rivals_of(const eb_run *run, const char *key, int best);
// Index of the best case that is comparable with case `like` and has `grade`, -1 = none or metric without a direction.
int eb_rank_best(const eb_run *run, const char *key, int like, eb_grade grade);

// How each case stands in the front of two metrics, among those that may be ranked with it and have both; BEATEN where
// it has not. `out` has run->n_cases entries.
void eb_rank_fronts(const eb_run *run, const char *key, const char *other, eb_front *out);

// May two energies stand in one ranking? The same grade, from the same domains. Always for what is no energy.
bool eb_rank_same_energy(const eb_metric *a, const eb_metric *b);
// Which kind of energy a case has, counted from 0 in the order of the cases: grade, source, domains, coverage; -1 =
// none.
int eb_energy_kind(const eb_run *run, int c);
int eb_energy_kinds(const eb_run *run); // how many there are

// ---- about.c: where a figure comes from ----

// "298.7 tok/s: median of 7 trials, 95 % interval 297.1 to 301.2", for an energy its grade, source, coverage and
// largest error term. Caller frees.
char *eb_metric_about(const eb_run *run, const eb_metric *m);
// The same of a figure that is no metric of a run; `level` of its interval, `what`: of its energy, "" = nothing is
// said.
char *eb_figure_about(const char *key, double value, double lo, double hi, int n, eb_interval interval, double level,
                      const char *what);
// The value of a fact of the machine as it stands in the raw files, large ones in a unit that people read beside it:
// "1.4e+10 (14 GB/s)"; "unknown" where there is none. Caller frees.
char *eb_fact_text(const eb_pair *fact);
// What the metric is, from the metric table; "" = unknown key. Static.
const char *eb_metric_doc(const char *key);

// ---- blocks.c: the tables ----

enum { EB_BLOCK_SPEED, EB_BLOCK_ENERGY, EB_BLOCK_EFFICIENCY, EB_BLOCK_QUALITY, EB_BLOCK_COUNT };

// NULL when the run has nothing for it. Rows are grouped by family, in the plan's order otherwise. Caller frees.
eb_table *eb_block_table(const eb_run *run, int block);
const char *eb_block_title(int block);
// Does any table of this run have a column of this metric, or would it if there were a value?
bool eb_block_shows(const eb_run *run, const char *key);
// What the table calls that column: "decode tok/s"; the key itself where there is none. Caller frees.
char *eb_block_column_name(const eb_run *run, const char *key);
// Does this case stand in a table that can have one?
bool eb_block_has_cell(const eb_case_result *c, const char *key);
// Display name of a family ("moe" -> "mixture of experts").
const char *eb_family_title(const char *family);
// "MODEL TYPE", and what else tells the case from the others of the run; clean. Caller frees.
char *eb_case_title(const eb_run *run, int c);
// The same without prompt, output, batch and depth, where those have been said.
char *eb_case_name(const eb_run *run, int c);
bool eb_run_has_energy(const eb_run *run);
bool eb_run_has_trials(const eb_run *run); // any that did not fail
bool eb_run_has_prices(const eb_run *run);

// ---- answer.c: the answer in a sentence ----

typedef struct eb_answer_style {
    void (*put)(FILE *out, const char *text); // a name from outside
    const char *strong_open, *strong_close;   // around the best case's name
} eb_answer_style;
// ", as good, within 2 %, as 1 other, within noise of 2 others": those that the best does not lead. `ranges`: the
// noise is of prices too.
void eb_answer_rivals(eb_rank_rivals rivals, bool ranges, FILE *out);
// Sentences without a line break in them, an empty line between two; ends with a line end.
void eb_answer_print(const eb_run *run, const eb_answer_style *style, FILE *out);

// ---- profile.c: a case by operator ----

struct eb_profile;
eb_table *eb_profile_table(const eb_run *run, const struct eb_profile *p); // caller frees
// How its joules came about and what they are of, or why there are none; which events shared counters. Caller frees.
char *eb_profile_note(const eb_run *run, const struct eb_profile *p);

// ---- sustained.c: a sustained trial over time ----

struct eb_sustained;
eb_table *eb_sustained_table(const eb_run *run, const struct eb_sustained *s); // caller frees
char *eb_sustained_title(const eb_run *run, const struct eb_sustained *s);     // caller frees
// Where it throttles and why, and what is left of its speed. Caller frees.
char *eb_sustained_note(const eb_run *run, const struct eb_sustained *s);

// ---- load.c: what was offered and completed ----

struct eb_load_result;
// One table of the loads that are no curves, and one of each curve, with a row for each level.
int eb_load_tables(const eb_run *run);
eb_table *eb_load_table(const eb_run *run, int table); // caller frees
// The overall, what the schedule did, and why levels are invalid. Caller frees.
char *eb_load_note(const eb_run *run, const struct eb_load_result *r);
// Whether a case is the smallest batch of a model's sweep over at least three, and which case is the largest.
bool eb_batch_sweep(const eb_run *run, int c, int *last);
void eb_batch_answer(const eb_run *run, int c, int last, const eb_answer_style *style, FILE *out);
// One sentence about a curve.
void eb_load_answer(const eb_run *run, const struct eb_load_result *r, const eb_answer_style *style, FILE *out);

// ---- crossing.c: context sweeps, KV cache against state ----

// One table for each of run->crossings; caller frees.
eb_table *eb_crossing_table(const eb_run *run, int crossing);
char *eb_crossing_note(const eb_run *run, int crossing);     // where they cross; caller frees
bool eb_crossing_same_pair(const eb_run *run, int a, int b); // of the same two models, in energy and in time
void eb_crossing_answer(const eb_run *run, int crossing, const eb_answer_style *style, FILE *out);

// ---- notes.c: the words under the tables ----

typedef struct eb_note {
    const char *label; // "energy", "idle", ...; static
    char *text;        // one paragraph, clean
} eb_note;
typedef struct eb_notes {
    eb_note *items;
    size_t n, cap;
} eb_notes;
void eb_notes_collect(const eb_run *run, eb_notes *out);
void eb_notes_deinit(eb_notes *notes);
// Whether a form of plain text, which has ± in some columns only, shows any.
bool eb_notes_spread(const eb_run *run);
// "effbench 0.1.0 · edge.ini · started ... · 9 cases, 7 trials each". Caller frees.
char *eb_run_title(const eb_run *run);
bool eb_run_demonstration(const eb_run *run); // the config says that its prices are made up for show
// Resolved text of an option, or NULL when it is unset. Borrowed.
const char *eb_run_setting(const eb_run *run, const char *section, const char *key);

#endif
