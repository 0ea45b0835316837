// SPDX-License-Identifier: Apache-2.0
// Cases whose context is longer than their model was trained for: they run, and it is said.
#ifndef EB_RUN_CONTEXT_H
#define EB_RUN_CONTEXT_H

#include "harness/base/log.h"
#include "harness/plan/plan.h"

// A warning for each model that some case reaches beyond, naming the longest. Nothing where the engine cannot tell.
void eb_context_warn(const eb_plan *plan, eb_warnings *warnings);

#endif
