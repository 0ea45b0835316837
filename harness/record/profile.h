// SPDX-License-Identifier: Apache-2.0
// A case by operator: time, predicted traffic and work, event counts, joules. Computed from spans.csv,
// op_counters.csv and power.csv; figures are per trial (the mean over the trials that measured time).
#ifndef EB_RECORD_PROFILE_H
#define EB_RECORD_PROFILE_H

#include "harness/record/journal.h"
#include "harness/record/op_split.h"
#include "harness/record/trial_sums.h"

typedef struct eb_profile_row {
    eb_phase phase;
    int op;                    // eb_op; EB_OP_COUNT = between the steps, no operator at all
    double calls;              // per trial
    double time_s, time_frac;  // of the window
    double bytes, flop;        // predicted
    double bw_frac, flop_frac; // of the machine's ceilings; NAN = not known
    double j, halfwidth_j, w;  // NAN = not known, see eb_profile.split; of its group where `shared`
    int group;                 // rows with the same one are told apart only together
    bool shared;               // the joules are the group's: it has other members, or draws what another operator does
    eb_grade grade;            // of j; EB_GRADE_NONE where there are none
    double *counts;            // [n_events] per trial of all threads, NAN = not counted
    double *metrics;           // [n_op_metrics of the header], NAN = not known
} eb_profile_row;

typedef struct eb_profile {
    int case_index, n_trials; // that measured time
    int n_counted;            // that counted events
    eb_profile_row *rows;     // by phase, the longest first
    int n_rows;
    char **events;
    double *running_frac; // [n_events] the least, 1 = never shared
    int n_events;
    eb_split split; // how the joules came about, or why there are none
} eb_profile;

// NULL when no trial of the case has spans.
eb_profile *eb_profile_new(const eb_sums_env *env, const eb_journal_data *d, int case_index);
void eb_profile_free(eb_profile *p); // NULL is fine
const char *eb_profile_op_name(const eb_profile_row *row);

// profile.csv: one line per case, phase and operator. Caller frees.
char *eb_profile_csv(const eb_run *run);
bool eb_profile_csv_write(const eb_run *run, const char *dir, eb_err *err);

#endif
