// SPDX-License-Identifier: Apache-2.0
// This machine's ceilings (read bandwidth, arithmetic) for a run: measured, or kept from a run before in
// $XDG_CACHE_HOME/effbench/ceilings-KEY.json. KEY is a digest of the machine itself (whatever --sysroot shows), the
// engine, its instruction set, threads, affinity and the CPUs that this process may use. A file is good for 30 days.
#ifndef EB_RUN_CEILINGS_H
#define EB_RUN_CEILINGS_H

#include "harness/base/log.h"
#include "harness/plan/plan.h"
#include "harness/record/run.h"

typedef struct eb_ceiling_reading {
    eb_ceilings c; // isa is set whatever the mode; NAN = not measured
    int threads;
    bool cached;                 // taken from the file
    char measured_utc[24];       // "" = not measured
    char path[512];              // of the file; "" = there is none
    double read_frac, flop_frac; // the largest share that a trial made of them, see eb_ceilings_compare
} eb_ceiling_reading;

// By `mode`. A file that cannot be read is measured anew, with a warning; one that cannot be written is none.
bool eb_ceilings_get(const eb_engine_ops *engine, eb_ceiling_use mode, int threads, bool affinity,
                     eb_warnings *warnings, eb_ceiling_reading *out, eb_err *err);
// What the file says, without measuring: for estimates. False where there is none.
bool eb_ceilings_peek(const eb_engine_ops *engine, int threads, bool affinity, eb_ceiling_reading *out);

// Appends them to the machine's facts: read_bandwidth_bytes_s, flop_s, ceiling_threads, ceiling_measured_utc,
// ceiling_cached.
void eb_ceilings_describe(const eb_ceiling_reading *reading, eb_header *header);

// Holds a trial's tokens against them. Reading counts for models beyond the caches only.
void eb_ceilings_compare(eb_ceiling_reading *reading, const eb_case_facts *facts, int prompt_tok,
                         const eb_token_event *tokens, size_t n);
// After the last trial: kept ceilings that the run was above by more than 2 % are forgotten, so that the next run
// measures them, and said in a warning.
void eb_ceilings_settle(const eb_ceiling_reading *reading, eb_warnings *warnings);

#endif
