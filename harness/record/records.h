// SPDX-License-Identifier: Apache-2.0
// The lines of trials.jsonl: one JSON object each, told apart by "record". Private to record/.
// 64-bit values (ns, counters, byte lengths) are digit strings: a JSON number is exact to 2^53 only.
#ifndef EB_RECORD_RECORDS_H
#define EB_RECORD_RECORDS_H

#include <cjson/cJSON.h>
#include "harness/record/journal.h"

#define EB_JOURNAL_SCHEMA "effbench.journal/1"
#define EB_JOURNAL_LINES  "trials.jsonl"

// Times beyond this are damage; any two within it have a difference.
#define EB_TIME_MAX_NS (INT64_MAX / 2)

// The last two are there in a profile only; the length of a file that is not there is 0.
static inline bool eb_csv_of_profile(int csv)
{
    return csv == EB_CSV_SPANS || csv == EB_CSV_OPS;
}
extern const char *const eb_csv_names[EB_CSV_COUNT]; // "requests.csv", ...
extern const char *const eb_csv_heads[EB_CSV_COUNT]; // the first line, with its newline
// What it was before columns were added at its end, which may be read still; NULL = never another.
extern const char *const eb_csv_older_heads[EB_CSV_COUNT];

typedef enum eb_record_kind {
    EB_RECORD_HEADER,
    EB_RECORD_IDLE,
    EB_RECORD_CASE,
    EB_RECORD_TRIAL,
    EB_RECORD_RESUME,
    EB_RECORD_WARNINGS,
    EB_RECORD_END,
    EB_RECORD_COUNT
} eb_record_kind;

extern const char *const eb_record_kind_names[EB_RECORD_COUNT];

// Each gives one line with its newline; caller frees. `bytes`: lengths of the CSV files after the record.
char *eb_record_header(const eb_header *header, const uint64_t bytes[EB_CSV_COUNT]);
char *eb_record_facts(const eb_case_facts *facts);
char *eb_record_trial(const eb_trial_info *info, const uint64_t bytes[EB_CSV_COUNT]);
char *eb_record_resume(const char *utc);
// `kind`: EB_RECORD_WARNINGS or EB_RECORD_END.
char *eb_record_warnings(eb_record_kind kind, const char *utc, char *const *warnings, size_t n);

// Where a record was read, for messages.
typedef struct eb_record_place {
    const char *file;
    int line;
} eb_record_place;

bool eb_record_kind_of(const cJSON *json, eb_record_place at, eb_record_kind *out, eb_err *err);
// Fill a zeroed struct; what was filled is to be freed either way.
bool eb_record_read_header(const cJSON *json, eb_record_place at, eb_header *out, eb_err *err);
bool eb_record_read_facts(const cJSON *json, eb_record_place at, int n_cases, eb_case_facts *out, eb_err *err);
bool eb_record_read_trial(const cJSON *json, eb_record_place at, int n_cases, eb_trial_info *out, eb_err *err);
bool eb_record_read_bytes(const cJSON *json, eb_record_place at, uint64_t bytes[EB_CSV_COUNT], eb_err *err);

void eb_header_deinit(eb_header *header);
void eb_trial_info_deinit(eb_trial_info *info);

#endif
