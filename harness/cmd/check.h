// SPDX-License-Identifier: Apache-2.0
// Between the files of `effbench check`: arguments, the two sides, their trials.
#ifndef EB_CMD_CHECK_H
#define EB_CMD_CHECK_H

#include <signal.h>
#include <stdbool.h>
#include "harness/base/error.h"
#include "harness/plan/plan.h"
#include "harness/record/gate_check.h"
#include "harness/record/gate_history.h"

enum { EB_CHECK_SETS = 256 };

typedef enum eb_side_kind { EB_SIDE_CONFIG, EB_SIDE_FOLDER, EB_SIDE_MODEL } eb_side_kind;
// By its name, and whether there is a folder of it.
eb_side_kind eb_check_kind_of(const char *operand);

// One side: what is run, by which program, with which changes.
typedef struct eb_check_side {
    const char *name;    // "base", "candidate"
    const char *operand; // as given: a config, a result folder, shape:NAME or file:PATH; NULL = the common config
    const char *bin;     // NULL = this program
    const char *sets[EB_CHECK_SETS];
    int n_sets;
    // Found by eb_check_side_resolve.
    eb_side_kind kind;
    const char *config;
    char *model_set; // of a side that is a model
    char *label;
    eb_plan *plan; // of a config
} eb_check_side;

typedef struct eb_check_args {
    eb_check_side sides[2]; // base, candidate
    const char *config;     // of a side without one of its own
    const char *common[EB_CHECK_SETS];
    int n_common;
    eb_check_options options;
    const char *out, *json, *junit, *history, *reason;
    bool strict, accept, block;
    int progress; // -1 never, 0 auto, 1 always
    bool seeded;
    uint64_t seed;
} eb_check_args;

// Whether what was named makes two sides of one kind; `loose`: what stood without an option, the first EB_CHECK_LOOSE
// of n. 0, or the status of an error that has been printed, with the command that was probably meant.
enum { EB_CHECK_LOOSE = 2 };
int eb_check_operands(const eb_check_args *a, const char *const *loose, int n);

// 0, or the status of a usage error that has been printed.
int eb_check_parse(eb_check_args *a, int argc, char **argv);

// What the side is: its config is read (every error of it in errs), its folder looked at, its program asked.
bool eb_check_side_resolve(eb_check_side *side, const eb_check_args *a, const volatile sig_atomic_t *signal,
                           eb_err_list *errs);
void eb_check_side_deinit(eb_check_side *side);

// Whether side->bin can be started and calls itself effbench when it is asked for its version; takes 10 s at most.
// EB_USAGE with what it did instead; EB_SIGINT or EB_SIGTERM when *signal was set meanwhile.
bool eb_check_program(const eb_check_side *side, const volatile sig_atomic_t *signal, eb_err *err);

// Runs one trial of each of the side's cases as a process of its own, into `dir`; `sets` are added. Its words go to
// `dir`.log. The run that it left, or NULL. `gaps`: one that ended for an energy that its config requires and one trial
// lacks is a run too, which the gate judges. *signal, limit_s: see eb_check_child_run.
eb_run *eb_check_trial(const eb_check_side *side, const eb_check_args *a, const char *self, const char *dir,
                       const char *const *sets, int n_sets, bool gaps, int limit_s, const volatile sig_atomic_t *signal,
                       eb_err *err);

// The pairs, until the gate is over. Trial folders lie below `dir`. A history of another machine ends it at the first.
bool eb_check_pairs(eb_check *c, const eb_check_args *a, const eb_history *history, const char *self, const char *dir,
                    const volatile sig_atomic_t *signal, eb_err *err);

#endif
