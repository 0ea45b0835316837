// SPDX-License-Identifier: Apache-2.0
// The course of a sustained trial: speed, power, temperature and frequency in windows of equal length, and where the
// machine throttles (harness/record/throttle.h). Computed from tokens.csv and power.csv.
#ifndef EB_RECORD_SUSTAINED_H
#define EB_RECORD_SUSTAINED_H

#include "harness/record/journal.h"
#include "harness/record/throttle.h"
#include "harness/record/trial_sums.h"

typedef struct eb_sustained_window {
    double t_s, length_s; // from the trial's start
    double tok;           // output tokens: a step's tokens in proportion to the part of the step that lies inside
    double decode_tok, decode_s; // those after the first, and the time of their steps
    double tok_s, decode_tok_s;  // tok / length; decode_tok / decode_s, NAN = no decode in it
    double j, w, halfwidth_j;    // NAN = not known
    eb_grade grade;
    eb_throttle_window heat;
    bool throttled;
} eb_sustained_window;

// Of the first and the last stretch of `edge_s`: a minute, or a quarter of the trial where that is shorter.
typedef struct eb_sustained_edge {
    double decode_tok_s, w, halfwidth_w, j_per_tok, halfwidth_j_per_tok, frequency_hz, temperature_c; // NAN = not known
    eb_grade grade;
} eb_sustained_edge;

typedef struct eb_sustained {
    int case_index, trial;
    eb_sustained_window *windows;
    int n;                 // >= 1
    double asked_s, ran_s; // duration; the trial's window
    double edge_s;         // of the stretches below, in whole windows
    eb_sustained_edge first, last;
    double peak_tok_s;     // decode tokens/s of the fastest stretch of that length
    double sustained_frac; // last.decode_tok_s / peak_tok_s
    double hottest_c;
    eb_throttle throttle;
    double onset_s, throttled_s, trip_s; // NAN = none
} eb_sustained;

// NULL where the trial is none of a sustained case, or failed.
eb_sustained *eb_sustained_new(const eb_sums_env *env, const eb_trial_data *trial);
void eb_sustained_free(eb_sustained *s); // NULL is fine
// Why it throttles, or why that is not known, in one clause; buf of 200 is enough; returns buf.
char *eb_sustained_why(const eb_sustained *s, char *buf, size_t size);

// sustained.csv: one line per case, trial and window. Caller frees.
char *eb_sustained_csv(const eb_run *run);
bool eb_sustained_csv_write(const eb_run *run, const char *dir, eb_err *err);

#endif
