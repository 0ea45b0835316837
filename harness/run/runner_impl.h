// SPDX-License-Identifier: Apache-2.0
// The state of a run, shared by the files that make it: runner.c (its course and its journal), runner_prepare.c (what
// comes before anything is measured), runner_trials.c (idle baselines and trials).
// Threads: the caller's alone.
#ifndef EB_RUN_RUNNER_IMPL_H
#define EB_RUN_RUNNER_IMPL_H

#include "harness/base/timeline.h"
#include "harness/record/journal.h"
#include "harness/run/ceilings.h"
#include "harness/run/facts.h"
#include "harness/run/header.h"
#include "harness/run/runner.h"
#include "harness/run/sampler.h"
#include "harness/run/spans.h"

enum { EB_RUNNER_PATH = 512 };

// One case while the run goes on.
typedef struct eb_case_state {
    char path[EB_RUNNER_PATH]; // model file
    double *tok_s;             // of each finished trial
    int n;                     // finished trials
    bool *done;                // by round, 0-based
    bool stopped;              // by the stop rule
} eb_case_state;

typedef struct eb_runner {
    const eb_run_job *job;
    const eb_plan *plan;
    eb_found found;
    eb_header *header;
    eb_ceiling_reading ceilings;
    eb_sampler *sampler;
    eb_journal *journal;
    eb_warnings warnings;
    size_t n_kept;  // of them, those that are in the journal
    int stopped_in; // the round that max_time did not let begin; 0 = none
    eb_case_state *cases;
    eb_case_facts *facts;
    eb_reference reference;
    // The open engine and what it was opened for.
    eb_engine *engine;
    char engine_path[EB_RUNNER_PATH];
    eb_engine_config engine_config;
    // Reused by every trial.
    eb_token_event *tokens;
    eb_request_row *requests;
    size_t cap_tokens, cap_requests;
    eb_spans spans; // of a profile
    int64_t trials_began_ns;
    int done, done_before, total, number;
    // The clock that engine, sampler and windows live by: the machine's, or that of an engine that simulates.
    const eb_clock *clock;
    eb_clock machine_clock;
    eb_timeline timeline;
} eb_runner;

bool eb_runner_simulates(const eb_runner *r);
int64_t eb_runner_now_ns(const eb_runner *r);
bool eb_runner_stop_asked(void *runner);
bool eb_runner_interrupted(const eb_runner *r, eb_err *err); // true: err says so
void eb_runner_progress(const eb_runner *r, const char *stage, const eb_case *c, int round);
bool eb_runner_require_energy(const eb_runner *r, eb_err *err);
int eb_runner_most_threads(const eb_plan *plan);
// A trial that is in the journal: what is known of its case, and what is left to do.
void eb_runner_count_trial(eb_runner *r, const eb_trial_info *t);

// Opens the case's model unless it is open already. *load_ns: -1 when it was.
bool eb_runner_open_engine(eb_runner *r, const eb_case *c, int64_t *load_ns, eb_err *err);
void eb_runner_close_engine(eb_runner *r);

// Calibrates, makes room and models, measures the machine, and finds the facts of each case.
bool eb_runner_prepare(eb_runner *r, eb_err *err);

bool eb_runner_idle_baseline(eb_runner *r, eb_err *err);
bool eb_runner_rounds(eb_runner *r, eb_err *err);

#endif
