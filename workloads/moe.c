// SPDX-License-Identifier: Apache-2.0
// Mixture-of-experts models: a router picks a few experts per token.
// A token reads the shared weights and its experts' only; a random router spreads them near-uniformly.
#include "workloads/workload_impl.h"

static bool prepare(const eb_workload_params *params, eb_engine *engine, eb_err *err)
{
    return eb_generate_prepare("moe", "moe", params, engine, err);
}

const eb_workload_ops eb_workload_moe = {
    .name = "moe",
    .family = "moe",
    .doc = "Mixture-of-experts models: a router picks a few experts per token.",
    .prepare = prepare,
    .run_trial = eb_generate_trial,
    .verify = eb_generate_verify,
};
