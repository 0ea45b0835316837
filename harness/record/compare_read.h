// SPDX-License-Identifier: Apache-2.0
// What a comparison needs of a run: run.json where it is of the raw files beside it, else computed from them again.
#ifndef EB_RECORD_COMPARE_READ_H
#define EB_RECORD_COMPARE_READ_H

#include "harness/record/cost_range.h"
#include "harness/record/load.h"

typedef enum eb_figure {
    EB_FIGURE_GOODPUT,
    EB_FIGURE_DECODE,
    EB_FIGURE_PREFILL,
    EB_FIGURE_TTFT,
    EB_FIGURE_TPOT,
    EB_FIGURE_J_PER_TOK,
    EB_FIGURE_TOK_PER_J,
    EB_FIGURE_USD,
    EB_FIGURE_TOK_PER_USD,
    EB_FIGURE_CARBON,
    EB_FIGURE_RSS,
    EB_FIGURE_KLD,
    EB_FIGURE_POWER,
    EB_FIGURE_IDLE,
    EB_FIGURE_COUNT
} eb_figure;

typedef struct eb_figure_def {
    const char *key; // of the metric
    int better;      // +1 more, -1 less, 0 not ranked
    bool energy;     // made of joules: has a grade and a set of domains
    bool objective;  // of the Pareto front
    bool money;      // made of prices and tariffs
} eb_figure_def;
extern const eb_figure_def eb_figures[EB_FIGURE_COUNT];

typedef struct eb_compare_value {
    double value, lo, hi; // NAN = not known
    eb_interval interval;
    eb_grade grade;
    // Relative half-widths of what all trials have in common: in quadrature, and the sensors' class as a bound.
    double common, sensor;
    double *trials; // by trial, NAN = not known in it; owned
    int n_trials;
    char note[160]; // why there is no value
} eb_compare_value;

typedef struct eb_compare_level { // of a load curve
    int percent;                  // of its own maximum, 0 = active idle
    bool valid;                   // in every trial
    eb_load_figure tok_s, power_w, tok_per_j;
} eb_compare_level;

typedef struct eb_compare_case {
    char *id, *family, *model, *source, *type, *workload, *kv, *arch, *isa, *model_name, *digest; // "" = not known
    char *domains, *coverage;
    char *load; // "server poisson 4/s"; "" = no load
    double n_params;
    int prompt_tok, output_tok, batch, depth_tok, threads;
    int *trial_numbers;
    int n_trials;
    eb_compare_value figures[EB_FIGURE_COUNT];
    eb_compare_level *levels; // 100 % first; none where it is no load curve
    int n_levels;
    char **warnings;
    int n_warnings;
} eb_compare_case;

typedef struct eb_compare_run {
    char *dir, *name; // as given; the folder's own name
    char *identity;   // digests of its raw files: the same in a copy; "" = not known
    char *cpu_model, *fingerprint, *config, *tool_version, *started, *engine;
    eb_boundary boundary;
    double level; // of its intervals
    bool complete;
    // Why its run.json was not believed, and that everything was computed again; "" = it was, or there is none.
    char doubt[160];
    eb_header text; // settings, and facts of the machine that may matter; nothing else is in it
    eb_compare_case *cases;
    int n_cases;
    char **warnings; // of the whole run
    int n_warnings;
} eb_compare_run;

// EB_USAGE for a folder that is no run, is damaged, or was written in another format.
eb_compare_run *eb_compare_read(const char *dir, eb_err *err);
// From the text of a run.json alone; nothing of `dir` is read.
eb_compare_run *eb_compare_parse(const char *dir, const char *text, size_t len, eb_err *err);
// Counts goodput again, by other limits than the run's own: reads requests.csv and tokens.csv, a trial at a time.
bool eb_compare_limit(eb_compare_run *run, const eb_header *limits, eb_err *err);
void eb_compare_run_free(eb_compare_run *run);

// The median of `trials` and its interval, as metrics have them.
void eb_compare_settle(eb_compare_value *v, double level);
// Value of an option of the run; NULL = not given. Borrowed.
const char *eb_compare_setting(const eb_compare_run *run, const char *section, const char *name, const char *key);

#endif
