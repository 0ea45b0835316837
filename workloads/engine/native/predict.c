// SPDX-License-Identifier: Apache-2.0
// What a batch, and a decode step of one sequence, must read and compute: the sum over its operators.
#include "workloads/engine/native/hparams.h"
#include "workloads/engine/native/op_cost.h"

static void add(eb_op_cost *sum, eb_op_cost part)
{
    sum->bytes += part.bytes;
    sum->flop += part.flop;
}

static void add_layer(eb_op_cost *sum, const eb_model *m, int layer, const eb_op_load *load)
{
    static const eb_op attention[] = { EB_OP_QKV,    EB_OP_ROPE,    EB_OP_ATTENTION, EB_OP_ATTN_OUT,
                                       EB_OP_FFN_IN, EB_OP_FFN_OUT, EB_OP_ROUTER,    EB_OP_EXPERT };
    static const eb_op ssm[] = { EB_OP_SSM_IN, EB_OP_CONVOLUTION, EB_OP_SSM_PARAM, EB_OP_SCAN, EB_OP_SSM_OUT };
    const eb_op *ops = m->info->ssm ? ssm : attention;
    size_t n = m->info->ssm ? sizeof ssm / sizeof *ssm : sizeof attention / sizeof *attention;
    for (size_t i = 0; i < n; i++)
        add(sum, eb_op_cost_of(m, ops[i], layer, load));
    add(sum, eb_op_cost_of(m, EB_OP_NORM, layer, load));
    if (m->layer[layer].ffn_norm)
        add(sum, eb_op_cost_of(m, EB_OP_NORM, layer, load));
}

eb_op_cost eb_op_cost_of_batch(const eb_model *m, const eb_op_load *load)
{
    eb_op_cost sum = eb_op_cost_of(m, EB_OP_EMBEDDING, EB_NO_LAYER, load);
    for (int i = 0; i < m->hp.layers; i++)
        add_layer(&sum, m, i, load);
    add(&sum, eb_op_cost_of(m, EB_OP_NORM, EB_NO_LAYER, load));
    add(&sum, eb_op_cost_of(m, EB_OP_HEAD, EB_NO_LAYER, load));
    return sum;
}

static eb_op_cost decode_cost(const eb_model *m, int ctx, int kv_elem_bytes)
{
    const eb_op_load load = { .rows = 1,
                              .rows_out = 1,
                              .runs = 1,
                              .past_tok = ctx,
                              .seen_tok = (double)ctx + 1,
                              .experts = m->hp.experts_used,
                              .kv_elem_bytes = kv_elem_bytes };
    return eb_op_cost_of_batch(m, &load);
}

double eb_model_bytes_per_tok(const eb_model *m, int ctx, int kv_elem_bytes)
{
    return decode_cost(m, ctx, kv_elem_bytes).bytes;
}

double eb_model_flop_per_tok(const eb_model *m, int ctx)
{
    return decode_cost(m, ctx, 0).flop;
}

const char *eb_hparams_family(const eb_hparams *hp)
{
    if (eb_arch_table[hp->arch].ssm)
        return "ssm";
    return eb_hparams_moe(hp) ? "moe" : "dense";
}

const char *eb_model_family(const eb_model *m)
{
    return eb_hparams_family(&m->hp);
}
