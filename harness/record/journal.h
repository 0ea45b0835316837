// SPDX-License-Identifier: Apache-2.0
// The raw record of a run: trials.jsonl (one JSON object per line: header, idle, case, trial, resume,
// warnings, end), requests.csv, tokens.csv, power.csv. A trial is finished when its line is complete in
// trials.jsonl; the line holds the byte lengths of the CSV files after it, so that what a killed trial
// left behind it is cut off on resume and ignored on reading. Order: CSV rows, fsync, line, fsync.
#ifndef EB_RECORD_JOURNAL_H
#define EB_RECORD_JOURNAL_H

#include "harness/record/run.h"

typedef struct eb_journal eb_journal;

enum { EB_CSV_REQUESTS, EB_CSV_TOKENS, EB_CSV_POWER, EB_CSV_SPANS, EB_CSV_OPS, EB_CSV_COUNT };

// Creates DIR (which must not hold a run) and writes the header. All calls: one thread.
eb_journal *eb_journal_create(const char *dir, const eb_header *header, eb_err *err);
// Opens for appending after a kill. EB_FAILED when header->plan_digest or the fingerprint differs.
// `done` gets a fresh array (caller frees) with the finished trials' (case_index, round), in order.
eb_journal *eb_journal_resume(const char *dir, const eb_header *header, eb_trial_info **done, int *n_done, eb_err *err);

// The channels as they were when the run was begun, calibration and all; as many as the header has.
const eb_channel *eb_journal_channels(const eb_journal *j);

bool eb_journal_facts(eb_journal *j, const eb_case_facts *facts, eb_err *err);
// info->number 0: idle baseline (no tokens, no requests).
bool eb_journal_trial(eb_journal *j, const eb_trial_info *info, const eb_request_row *requests, size_t n_requests,
                      const eb_token_event *tokens, size_t n_tokens, const eb_power_row *power, size_t n_power,
                      eb_err *err);
// Before eb_journal_trial, in a profile: what goes beside that trial's rows. Copies.
void eb_journal_spans(eb_journal *j, int trial, const eb_span *spans, size_t n_spans, const eb_op_count_row *ops,
                      size_t n_ops);
// Of the whole run, as soon as they are known: an interrupted run keeps them, and one that goes on. None: nothing is
// written.
bool eb_journal_warnings(eb_journal *j, char *const *warnings, size_t n, eb_err *err);
bool eb_journal_end(eb_journal *j, const eb_warnings *warnings, eb_err *err); // the run is complete
void eb_journal_close(eb_journal *j);

// ---- reading ----
typedef struct eb_trial_data {
    eb_trial_info info;
    eb_request_row *requests;
    size_t n_requests;
    eb_token_event *tokens;
    size_t n_tokens;
    eb_power_row *power;
    size_t n_power;
    eb_span *spans;
    size_t n_spans;
    eb_op_count_row *ops;
    size_t n_ops;
} eb_trial_data;

typedef struct eb_journal_data {
    eb_header header;
    eb_case_facts *facts;
    int n_facts; // newest per case
    eb_trial_data *trials;
    int n_trials; // idle ones included
    char **warnings;
    int n_warnings;
    bool complete;
    char *ended_utc;
    char digest[17];                   // of trials.jsonl, up to its last complete line
    uint64_t csv_bytes[EB_CSV_COUNT];  // lengths of the CSV files after the last trial, in the order of eb_csv_names
    char csv_digest[EB_CSV_COUNT][17]; // of these bytes; "" = there are none
} eb_journal_data;

void eb_journal_digest(const char *lines, size_t len, char out[17]);

eb_journal_data *eb_journal_read(const char *dir, eb_err *err);
// NULL where the case was never opened.
const eb_case_facts *eb_journal_facts_of(const eb_journal_data *d, int case_index);
void eb_journal_data_free(eb_journal_data *d);

#endif
