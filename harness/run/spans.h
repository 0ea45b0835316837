// SPDX-License-Identifier: Apache-2.0
// Operator spans of the trials of a profile: where they go while a trial runs, and into the journal after it. In the
// last round the threads count events by operator instead; reading counters costs time, so that round measures no time.
// Nothing here does anything where the plan is no profile. Threads: the runner's.
#ifndef EB_RUN_SPANS_H
#define EB_RUN_SPANS_H

#include "harness/plan/plan.h"
#include "harness/record/journal.h"
#include "probes/op_counters.h"

typedef struct eb_spans {
    bool on;
    bool count; // the last round counts events
    eb_span_sink sink;
    const eb_plan *plan; // borrowed, as is io
    const eb_io *io;
    eb_engine *engine;        // watched; NULL = none
    eb_op_counters *counters; // of this trial; NULL = it measures time
} eb_spans;

// Room for the longest trial of the plan. EB_USAGE where the engine cannot tell its operators. A warning for each
// reason why events cannot be counted by operator; where none can, the last round measures time like the others.
bool eb_spans_init(eb_spans *s, const eb_plan *plan, const eb_io *io, const eb_case_facts *facts, eb_warnings *warnings,
                   eb_err *err);
void eb_spans_deinit(eb_spans *s);

void eb_spans_watch(eb_spans *s, eb_engine *engine, int threads, int round);
void eb_spans_begin(eb_spans *s);  // right before the window
void eb_spans_forget(eb_spans *s); // the trial failed; before its engine is closed
// After the trial: no longer watched; the window's spans and counts go to the journal, before the trial itself.
void eb_spans_keep(eb_spans *s, eb_journal *journal, const eb_trial_info *info, eb_warnings *warnings);

#endif
