// SPDX-License-Identifier: Apache-2.0
// What a batch, and a decode step of one sequence, must read and compute: the sum over its operators.
#include "workloads/engine/native/hparams.h"
#include "workloads/engine/native/op_cost.h"

static void add(eb_op_cost *sum, eb_op_cost part)
{
    sum->bytes += part.bytes;
    sum->flop += part.flop;
}

static void add_ops(eb_op_cost *sum, const eb_model *m, const eb_op *ops, size_t n, int layer, const eb_op_load *load)
{
    for (size_t i = 0; i < n; i++)
        add(sum, eb_op_cost_of(m, ops[i], layer, load));
}

// Rows whose logits nobody wants end in the last layer, once what later tokens need of it is kept.
static eb_op_load load_behind(const eb_model *m, int layer, const eb_op_load *load)
{
    eb_op_load left = *load;
    if (layer < m->hp.layers - 1)
        return left;
    const int most = load->rows_out * m->hp.experts_used;
    left.rows = load->rows_out;
    left.experts = left.experts < most ? left.experts : most;
    return left;
}

static void add_layer(eb_op_cost *sum, const eb_model *m, int layer, const eb_op_load *load)
{
    static const eb_op attention[] = { EB_OP_NORM, EB_OP_QKV, EB_OP_ROPE, EB_OP_ATTENTION };
    static const eb_op feed_forward[] = { EB_OP_ATTN_OUT, EB_OP_NORM,   EB_OP_FFN_IN,
                                          EB_OP_FFN_OUT,  EB_OP_ROUTER, EB_OP_EXPERT };
    static const eb_op ssm[] = { EB_OP_NORM, EB_OP_SSM_IN, EB_OP_CONVOLUTION, EB_OP_SSM_PARAM, EB_OP_SCAN };
    static const eb_op ssm_out[] = { EB_OP_SSM_OUT };
    const eb_op_load left = load_behind(m, layer, load);
    if (m->info->ssm) {
        add_ops(sum, m, ssm, sizeof ssm / sizeof *ssm, layer, load);
        add_ops(sum, m, ssm_out, 1, layer, &left);
    } else {
        add_ops(sum, m, attention, sizeof attention / sizeof *attention, layer, load);
        add_ops(sum, m, feed_forward, sizeof feed_forward / sizeof *feed_forward, layer, &left);
    }
}

eb_op_cost eb_op_cost_of_batch(const eb_model *m, const eb_op_load *load)
{
    eb_op_cost sum = eb_op_cost_of(m, EB_OP_EMBEDDING, EB_NO_LAYER, load);
    for (int i = 0; i < m->hp.layers; i++)
        add_layer(&sum, m, i, load);
    const eb_op_load left = load_behind(m, m->hp.layers - 1, load);
    add(&sum, eb_op_cost_of(m, EB_OP_NORM, EB_NO_LAYER, &left));
    add(&sum, eb_op_cost_of(m, EB_OP_HEAD, EB_NO_LAYER, &left));
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

double eb_model_prompt_flop(const eb_model *m, int ctx, int tokens)
{
    const double n = tokens;
    const eb_op_load load = {
        .rows = tokens, .rows_out = 1, .runs = 1, .past_tok = ctx, .seen_tok = n * ctx + n * (n + 1) / 2
    };
    return eb_op_cost_of_batch(m, &load).flop;
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
