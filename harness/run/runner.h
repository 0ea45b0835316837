// SPDX-License-Identifier: Apache-2.0
// plan -> journal. Takes the cases in turn, round by round (A B C A B C), lets a workload drive an engine
// while the sampler reads the probes, and appends each trial to the journal as it ends.
#ifndef EB_RUN_RUNNER_H
#define EB_RUN_RUNNER_H

#include <signal.h>
#include "harness/base/io.h"
#include "harness/base/log.h"
#include "harness/plan/plan.h"

typedef struct eb_progress {
    const char *stage;   // "calibrate", "model", "idle", "warm", "trial"
    const char *case_id; // NULL = none
    int case_index, n_cases, round, rounds;
    int done, total; // trials
    double tok_s;    // of this case's last trial; NAN = none yet
    double eta_s;    // NAN = not known yet
} eb_progress;

typedef struct eb_run_hooks {
    void (*progress)(void *arg, const eb_progress *progress); // never called inside a measured window
    void (*notice)(void *arg, const char *line);              // one line, no newline
    void *arg;
} eb_run_hooks;

typedef struct eb_run_job {
    const eb_plan *plan;
    eb_io *io;
    const char *dir; // result folder
    bool resume;
    const char *tool_version;
    const char *self;                    // this program's path, for cold starts; NULL: not measured
    const volatile sig_atomic_t *signal; // the signal that came, 0 = none
    eb_run_hooks hooks;
} eb_run_job;

// False with err: EB_SIGINT/EB_SIGTERM when interrupted (what was finished is in the journal), else
// the reason. *started tells whether `dir` holds a run now.
bool eb_run_execute(const eb_run_job *job, bool *started, eb_err *err);

// How often the stop rule may look, and the confidence level that keeps 95 % over all the looks.
int eb_stop_looks(int trials_min, int trials_max);
double eb_stop_level(int trials_min, int trials_max);
bool eb_stop_is_look(int n, int trials_min, int trials_max);
// After n trials with the tokens per second x: is their median known to within +-target (a share of it)? Only at a
// look.
bool eb_stop_now(const double *x, int n, int trials_min, int trials_max, double target);

enum { EB_RUN_ROWS = 1 << 20 }; // readings kept of one trial; more are thinned

// Rough figures for --dry-run.
typedef struct eb_estimate {
    uint64_t model_bytes_to_write, model_bytes_largest, result_bytes;
    double seconds; // NAN = not known (a model file that does not exist yet has unknown work)
    int rounds;     // of trials: fewer than trials_max where max_time ends the run
} eb_estimate;
void eb_run_estimate(const eb_plan *plan, eb_estimate *out);

#endif
