// SPDX-License-Identifier: Apache-2.0
// The fields of one JSON object of trials.jsonl, each checked as it is taken. Texts are the caller's to free. Private
// to record/.
#ifndef EB_RECORD_RECORD_FIELDS_H
#define EB_RECORD_RECORD_FIELDS_H

#include "harness/base/json.h"
#include "harness/record/records.h"

// One object being read: the first thing wrong sets the error, the rest is then skipped.
typedef struct eb_fields {
    const cJSON *json;
    eb_record_place at;
    eb_err *err;
    bool ok;
} eb_fields;

bool eb_fields_has(const eb_fields *f, const char *key);
void eb_fields_wrong(eb_fields *f, const char *key); // the error that says so
// NULL where the file has null; `required`: that is an error.
char *eb_fields_text(eb_fields *f, const char *key, bool required);
char *eb_fields_text_or_empty(eb_fields *f, const char *key); // "" where the file has null or nothing
void eb_fields_text_into(eb_fields *f, const char *key, char *buf, size_t size);
int eb_fields_whole(eb_fields *f, const char *key, int min, int max);
double eb_fields_number(eb_fields *f, const char *key); // NAN where the file has null
// Digit string up to `max`; `absent` for null where that is allowed.
uint64_t eb_fields_digits(eb_fields *f, const char *key, uint64_t max, bool null_allowed, uint64_t absent);
bool eb_fields_truth(eb_fields *f, const char *key);
// Number of elements of an array of objects (or texts), 0 after an error.
int eb_fields_list(eb_fields *f, const char *key, const cJSON **out);
eb_fields eb_fields_inside(const eb_fields *f, const cJSON *json); // of an object in it

#endif
