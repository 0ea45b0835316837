// SPDX-License-Identifier: Apache-2.0
// State-space models: a recurrent state of fixed size in the place of a KV cache.
// No cache grows with the context: decode at depth costs what it costs at the start.
#include "workloads/workload_impl.h"

static bool prepare(const eb_workload_params *params, eb_engine *engine, eb_err *err)
{
    return eb_generate_prepare("ssm", "ssm", params, engine, err);
}

const eb_workload_ops eb_workload_ssm = {
    .name = "ssm",
    .family = "ssm",
    .doc = "State-space models: a recurrent state of fixed size in the place of a KV cache.",
    .prepare = prepare,
    .run_trial = eb_generate_trial,
    .verify = eb_generate_verify,
};
