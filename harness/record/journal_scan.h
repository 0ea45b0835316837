// SPDX-License-Identifier: Apache-2.0
// trials.jsonl as a whole: what a run has, and up to which byte of each file it is finished. Private to record/.
#ifndef EB_RECORD_JOURNAL_SCAN_H
#define EB_RECORD_JOURNAL_SCAN_H

#include "harness/record/journal.h"
#include "harness/record/records.h"

typedef struct eb_scanned_trial {
    eb_trial_info info;
    uint64_t bytes[EB_CSV_COUNT]; // lengths of the CSV files after it
} eb_scanned_trial;

typedef struct eb_scan {
    eb_header header;
    eb_case_facts *facts; // newest per case
    int n_facts, cap_facts;
    eb_scanned_trial *trials; // idle ones included
    int n_trials, cap_trials;
    uint64_t head_bytes[EB_CSV_COUNT], csv_bytes[EB_CSV_COUNT]; // after the header, after the last record
    uint64_t line_bytes;                                        // end of the last complete line
    char digest[17];                                            // of the complete lines
    char **warnings;
    int n_warnings, cap_warnings;
    int n_kept; // of the warnings, those that do not belong to its end
    bool complete;
    char *ended_utc;
} eb_scan;

// An incomplete last line is left out. EB_USAGE for a folder that is no run, or a damaged one.
bool eb_scan_read(const char *dir, eb_scan *out, eb_err *err);
void eb_scan_deinit(eb_scan *scan);

#endif
