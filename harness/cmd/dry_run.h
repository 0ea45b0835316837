// SPDX-License-Identifier: Apache-2.0
// `effbench run --dry-run`.
#ifndef EB_CMD_DRY_RUN_H
#define EB_CMD_DRY_RUN_H

#include "harness/cmd/cmd.h"
#include "harness/plan/plan.h"

// Prints the plan, the sources and an estimate. EB_UNAVAILABLE where the run would be refused for want of energy.
int eb_dry_run(const eb_globals *globals, const eb_plan *plan);

#endif
