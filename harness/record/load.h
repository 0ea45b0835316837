// SPDX-License-Identifier: Apache-2.0
// Loads: what was offered and what was completed, at which latency and watts, level by level; and the curve's overall
// tokens per joule. Computed from requests.csv, tokens.csv, power.csv and the levels in trials.jsonl.
#ifndef EB_RECORD_LOAD_H
#define EB_RECORD_LOAD_H

#include "harness/record/journal.h"
#include "harness/record/trial_sums.h"

// Completed over offered load may be so far from 1.
#define EB_LOAD_TOLERANCE 0.02
// A single trial that misses by no more than twice that is noise where its fellows keep up.
#define EB_LOAD_CLEAR (2 * EB_LOAD_TOLERANCE)

// One level of one trial. NAN = not known.
typedef struct eb_load_level {
    int trial;
    eb_level_row row;
    int offered, completed; // requests
    // Of levels at a rate; NAN else. Offered: by the schedule as it came out. Completed: offered x completed_frac.
    double offered_per_s, completed_per_s;
    double schedule_frac; // offered / nominal rate: chance, not the machine
    // The lesser of completed / offered requests and of the pace at which they were completed over the pace at which
    // they came: 1 / slope of the least-squares line of completion over scheduled arrival. A machine that keeps up has
    // 1, whatever its latency is.
    double completed_frac;
    bool valid; // keeps up within EB_LOAD_TOLERANCE, or has no rate to keep up with
    double length_s, tok_s, goodput_tok_s;
    double j, halfwidth_j, w, tok_per_j;
    eb_grade grade;
} eb_load_level;

// Whether a level was kept up with, over its trials.
typedef enum eb_load_standing {
    EB_LOAD_KEEPS,  // in the median, and no trial missed it clearly
    EB_LOAD_MISSED, // in the median, and some trial missed it clearly
    EB_LOAD_BEHIND  // not in the median; of a level of no rate: some request was not answered
} eb_load_standing;

// Median over the trials, with their interval (EB_INTERVAL_RANGE: their range).
typedef struct eb_load_figure {
    double value, lo, hi;
    int n;
    eb_interval interval;
} eb_load_figure;

typedef enum eb_load_key {
    EB_LOAD_NOMINAL,
    EB_LOAD_OFFERED,
    EB_LOAD_COMPLETED,
    EB_LOAD_COMPLETED_FRAC,
    EB_LOAD_SCHEDULE_FRAC,
    EB_LOAD_TOK_S,
    EB_LOAD_GOODPUT,
    EB_LOAD_POWER,
    EB_LOAD_TOK_PER_J,
    EB_LOAD_KEYS
} eb_load_key;
extern const char *const eb_load_key_names[EB_LOAD_KEYS];

typedef enum eb_load_percentile {
    EB_LOAD_TTFT_P50,
    EB_LOAD_TTFT_P90,
    EB_LOAD_TTFT_P99,
    EB_LOAD_TPOT_P50,
    EB_LOAD_E2E_P50,
    EB_LOAD_E2E_P99,
    EB_LOAD_PERCENTILES
} eb_load_percentile;

// One level of a case, over its trials.
typedef struct eb_load_row {
    int percent;
    int n, n_valid, n_clear; // trials; valid ones; those that missed clearly
    eb_load_standing standing;
    double least_frac; // completed_frac of the trial with the least that is known; NAN = of none
    eb_load_figure figures[EB_LOAD_KEYS];
    eb_metric latency[EB_LOAD_PERCENTILES]; // over the requests of all trials; refused where they are too few
    double halfwidth_w;                     // of the power: median over the trials
    eb_grade grade;                         // the weakest
} eb_load_row;

typedef struct eb_load_result {
    int case_index;
    bool curve;
    eb_load_row *rows; // 100 % first, active idle last; one where it is no curve
    int n_rows;
    eb_load_level *levels; // of all trials, in order
    int n_levels;
    int n_trials;
    // Curve: sum of tokens/s over sum of watts, over all levels and idle. With n_behind > 0 it stands for less work
    // than was asked for.
    eb_load_figure overall_tok_per_j;
    eb_grade grade;
    int n_invalid; // levels, of all trials
    int n_behind;  // rows that do not stand as EB_LOAD_KEEPS
    eb_load_figure saturated_per_s;
} eb_load_result;

// NULL where the case is no load or has no finished trial.
eb_load_result *eb_load_result_new(const eb_sums_env *env, const eb_journal_data *data, int case_index);
void eb_load_result_free(eb_load_result *r); // NULL is fine
// Whether one trial says by itself that the level was not kept up with: more than EB_LOAD_CLEAR is missing, nothing is
// known, or a level of no rate has requests without an answer.
bool eb_load_clear_miss(const eb_load_level *level);
// Whether what `n` trials completed of a rate, NAN where it is not known, is too little in their median.
bool eb_load_behind(const double *completed_frac, int n);
// Why a row stands as EB_LOAD_BEHIND, "" where it does not; buf of 120 is enough; returns buf.
char *eb_load_why(const eb_load_row *row, char *buf, size_t size);
// Of a row that stands otherwise: the trials that missed it, "" where none did; buf of 120 is enough; returns buf.
char *eb_load_misses(const eb_load_row *row, char *buf, size_t size);

// load.csv: one line per case, trial and level. Caller frees.
char *eb_load_csv(const eb_run *run);
bool eb_load_csv_write(const eb_run *run, const char *dir, eb_err *err);

#endif
