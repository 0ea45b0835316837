// SPDX-License-Identifier: Apache-2.0
// What ties a run.json to the raw files that it was made of: the digest of trials.jsonl, lengths and digests of the CSV
// files, and a digest of its own text. They tell that something was changed, damaged or mixed up; they are no
// signature: whoever changes the raw files can make a run.json that fits them.
#ifndef EB_RECORD_VOUCH_H
#define EB_RECORD_VOUCH_H

#include <stddef.h>
#include <stdint.h>
#include "harness/base/json.h"
#include "harness/record/journal.h"

// XXH64 of the first `bytes` bytes of a CSV file of the folder, as 16 hex digits; "" where it does not have them.
void eb_vouch_csv(const char *dir, int csv, uint64_t bytes, char out[17]);

// Adds "journal" to a run.json; what it says of its own text is filled in by eb_vouch_seal, once all of it is there.
void eb_vouch_add(cJSON *json, const eb_journal_data *d);
void eb_vouch_seal(char *text);

// Whether `text`, the run.json of `dir`, is as it was written and of the raw files beside it. False: `why` says which
// is not ("tokens.csv has changed since"). Files of before these digests are taken by what they have. `json`: of the
// text.
bool eb_vouch_check(const char *dir, const char *text, const cJSON *json, char *why, size_t size);

// Whether the run.json of `dir` is of a newer schema than this program knows: it must not be written over, for what it
// holds can then not be made again here. `what` says which ("has schema effbench.run/7, and this program knows ...").
bool eb_vouch_newer(const char *dir, char *what, size_t size);

#endif
