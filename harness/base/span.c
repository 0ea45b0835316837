// SPDX-License-Identifier: Apache-2.0
// Names of the operators.
#include "harness/base/span.h"

#include <string.h>

static const char *const op_names[EB_OP_COUNT] = {
    [EB_OP_OTHER] = "other",       [EB_OP_EMBEDDING] = "embedding", [EB_OP_NORM] = "norm",
    [EB_OP_QKV] = "qkv",           [EB_OP_ROPE] = "rope",           [EB_OP_ATTENTION] = "attention",
    [EB_OP_ATTN_OUT] = "attn_out", [EB_OP_FFN_IN] = "ffn_in",       [EB_OP_FFN_OUT] = "ffn_out",
    [EB_OP_ROUTER] = "router",     [EB_OP_EXPERT] = "expert",       [EB_OP_SSM_IN] = "ssm_in",
    [EB_OP_CONVOLUTION] = "conv",  [EB_OP_SSM_PARAM] = "ssm_param", [EB_OP_SCAN] = "scan",
    [EB_OP_SSM_OUT] = "ssm_out",   [EB_OP_HEAD] = "head",           [EB_OP_SAMPLING] = "sampling",
};

const char *eb_op_name(eb_op op)
{
    return (int)op >= 0 && op < EB_OP_COUNT ? op_names[op] : "invalid";
}

bool eb_op_parse(const char *s, eb_op *out)
{
    for (int i = 0; s && i < EB_OP_COUNT; i++)
        if (strcmp(op_names[i], s) == 0) {
            *out = (eb_op)i;
            return true;
        }
    return false;
}
