// SPDX-License-Identifier: Apache-2.0
// What llama-bench wrote (JSON, JSON lines, CSV), as the journal of a run: a case for each of its rows, a trial for
// each of its samples. Tokens are not stamped and joules not known there, so none are made up.
#ifndef EB_RECORD_IMPORT_LLAMA_BENCH_H
#define EB_RECORD_IMPORT_LLAMA_BENCH_H

#include "harness/record/journal.h"

enum { EB_IMPORT_MAX_BYTES = 64 << 20, EB_IMPORT_MAX_ROWS = 1000, EB_IMPORT_MAX_SAMPLES = 1000 };

// Setting `joules` of section `import`, where the rows had some.
#define EB_IMPORT_JOULES_LEFT_OUT "left out"

typedef struct eb_import {
    eb_header header;
    eb_case_facts *facts; // of each case
    eb_trial_info *trials;
    int n_trials, cap_trials;
    eb_warnings warnings;
} eb_import;

// `name`: of the file, for messages. EB_USAGE for what is not llama-bench's; *out is to be freed either way.
bool eb_import_llama_bench(const char *text, size_t len, const char *name, eb_import *out, eb_err *err);
// Writes the journal of a new folder.
bool eb_import_write(const eb_import *in, const char *dir, eb_err *err);
void eb_import_deinit(eb_import *in);

#endif
