// SPDX-License-Identifier: Apache-2.0
// One model over several weight types: tokens, joules and bytes per token beside the KL divergence and top-1 agreement
// of its logits with the reference type's. The generation loop of any family; the runner adds the comparison of logits
// (needs_eval).
#include "workloads/workload_impl.h"

static bool prepare(const eb_workload_params *params, eb_engine *engine, eb_err *err)
{
    return eb_generate_prepare("quantized", NULL, params, engine, err);
}

const eb_workload_ops eb_workload_quantized = {
    .name = "quantized",
    .family = NULL,
    .doc = "One model over several weight types: tokens, joules and bytes per token beside the KL divergence and top-1 "
           "agreement of its logits with the reference type's.",
    .needs_eval = true,
    .prepare = prepare,
    .run_trial = eb_generate_trial,
    .verify = eb_generate_verify,
};
