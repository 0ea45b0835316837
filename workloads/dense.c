// SPDX-License-Identifier: Apache-2.0
// Dense transformers: every weight is read for every token.
// Every token reads every weight, so decode is bound by memory and prefill by arithmetic.
#include "workloads/workload_impl.h"

static bool prepare(const eb_workload_params *params, eb_engine *engine, eb_err *err)
{
    return eb_generate_prepare("dense", "dense", params, engine, err);
}

const eb_workload_ops eb_workload_dense = {
    .name = "dense",
    .family = "dense",
    .doc = "Dense transformers: every weight is read for every token.",
    .prepare = prepare,
    .run_trial = eb_generate_trial,
    .verify = eb_generate_verify,
};
