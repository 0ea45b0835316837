// SPDX-License-Identifier: Apache-2.0
// What a run leaves behind: the table on stdout, the files beside the journal, and whether the run is good.
#ifndef EB_CMD_RUN_SHOW_H
#define EB_CMD_RUN_SHOW_H

#include "harness/cmd/cmd.h"
#include "harness/plan/plan.h"

// Reads `dir` back. Everything that can be had is given: a folder that cannot be written does not keep the table from
// being printed. Returns the exit status: a case of which no trial succeeded, or energy weaker than the plan requires,
// is not good.
int eb_run_show(const eb_globals *globals, const eb_plan *plan, const char *dir);

// The same of --raw: no table, no files, only where the raw ones are. Energy weaker than the plan requires is an error
// here too; trials that failed are for `effbench report` to tell.
int eb_run_leave(const eb_plan *plan, const char *dir);

#endif
