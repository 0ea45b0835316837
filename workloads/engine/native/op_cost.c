// SPDX-License-Identifier: Apache-2.0
#include "workloads/engine/native/op_cost.h"

typedef struct call {
    const eb_model *m;
    const eb_hparams *hp;
    const eb_layer *w; // NULL outside the layers
    const eb_op_load *load;
    eb_op_cost cost;
} call;

// `copies` matrices of the stack are read, and `rows` tokens go through one each.
static void add_mat(call *c, const eb_mat *m, double copies, double rows)
{
    if (!m->data)
        return;
    c->cost.bytes += (double)m->expert_bytes * copies;
    c->cost.flop += 2.0 * (double)m->in * (double)m->out * rows;
}

static void add_plain(call *c, const eb_mat *m)
{
    add_mat(c, m, 1, c->load->rows);
}

static void add_vec(call *c, const float *v, double n)
{
    c->cost.bytes += v ? 4 * n : 0;
}

static double heads_k(const call *c)
{
    return (double)c->hp->heads * c->hp->dim_k;
}

static double kv_k(const call *c)
{
    return (double)c->hp->kv_heads * c->hp->dim_k;
}

static double channels(const call *c)
{
    return c->hp->d_inner + (c->m->info->ssm2 ? 2.0 * c->hp->groups * c->hp->d_state : 0);
}

static void embedding(call *c)
{
    c->cost.bytes += (double)c->m->tok_embd.row_bytes * c->load->rows;
}

static void norm(call *c)
{
    add_vec(c, c->w ? c->w->attn_norm : c->m->output_norm, c->hp->embd); // an FFN's norm is as long
}

static void qkv(call *c)
{
    add_plain(c, &c->w->wq);
    add_plain(c, &c->w->wk);
    add_plain(c, &c->w->wv);
    add_vec(c, c->w->bq, heads_k(c));
    add_vec(c, c->w->bk, kv_k(c));
    add_vec(c, c->w->bv, (double)c->hp->kv_heads * c->hp->dim_v);
}

static void rope(call *c)
{
    bool per_head = c->m->info->head_norm;
    if (!c->w)
        return;
    add_vec(c, c->w->q_norm, per_head ? c->hp->dim_k : heads_k(c));
    add_vec(c, c->w->k_norm, per_head ? c->hp->dim_k : kv_k(c));
}

static void attention(call *c)
{
    double width = (double)c->hp->dim_k + c->hp->dim_v;
    c->cost.bytes += c->load->past_tok * c->hp->kv_heads * width * c->load->kv_elem_bytes;
    c->cost.flop += 2 * c->load->seen_tok * c->hp->heads * width;
}

static void attn_out(call *c)
{
    add_plain(c, &c->w->wo);
    add_vec(c, c->w->bo, c->hp->embd);
}

static void ffn_in(call *c)
{
    add_plain(c, &c->w->gate);
    add_plain(c, &c->w->up);
}

static void ffn_out(call *c)
{
    add_plain(c, &c->w->down);
}

static void router(call *c)
{
    add_plain(c, &c->w->router);
}

static void expert(call *c)
{
    const eb_mat *chosen[] = { &c->w->gate_exps, &c->w->up_exps, &c->w->down_exps };
    const eb_mat *shared[] = { &c->w->gate_sh, &c->w->up_sh, &c->w->down_sh };
    for (int i = 0; i < 3; i++) {
        add_mat(c, chosen[i], c->load->experts, (double)c->load->rows * c->hp->experts_used);
        add_plain(c, shared[i]);
    }
    add_vec(c, c->w->gate_inp_sh, c->hp->embd);
}

static void ssm_in(call *c)
{
    add_plain(c, &c->w->ssm_in);
}

static void convolution(call *c)
{
    add_vec(c, c->w->conv_w, channels(c) * c->hp->d_conv);
    add_vec(c, c->w->conv_b, channels(c));
    c->cost.bytes += 4 * channels(c) * (c->hp->d_conv - 1) * c->load->runs;
    c->cost.flop += 2 * channels(c) * c->hp->d_conv * c->load->rows;
}

static void ssm_param(call *c)
{
    add_plain(c, &c->w->ssm_x);
    add_plain(c, &c->w->ssm_dt);
    if (!c->m->info->ssm2)
        add_vec(c, c->w->dt_b, c->hp->d_inner);
}

static void scan(call *c)
{
    bool ssm2 = c->m->info->ssm2;
    double state = (double)c->hp->d_inner * c->hp->d_state;
    if (ssm2)
        add_vec(c, c->w->dt_b, c->hp->dt_rank);
    add_vec(c, c->w->ssm_a, ssm2 ? c->hp->dt_rank : state);
    add_vec(c, c->w->ssm_d, ssm2 ? c->hp->dt_rank : c->hp->d_inner);
    add_vec(c, c->w->ssm_norm, c->hp->d_inner);
    c->cost.bytes += 4 * state * c->load->runs;
    c->cost.flop += state * (ssm2 ? 5 : 7) * c->load->rows;
}

static void ssm_out(call *c)
{
    add_plain(c, &c->w->ssm_out);
}

static void head(call *c)
{
    add_plain(c, &c->m->output);
}

static const struct {
    void (*add)(call *c);
    bool outside; // may be called outside the layers
} table[EB_OP_COUNT] = {
    [EB_OP_EMBEDDING] = { embedding, true },
    [EB_OP_NORM] = { norm, true },
    [EB_OP_QKV] = { qkv, false },
    [EB_OP_ROPE] = { rope, true },
    [EB_OP_ATTENTION] = { attention, false },
    [EB_OP_ATTN_OUT] = { attn_out, false },
    [EB_OP_FFN_IN] = { ffn_in, false },
    [EB_OP_FFN_OUT] = { ffn_out, false },
    [EB_OP_ROUTER] = { router, false },
    [EB_OP_EXPERT] = { expert, false },
    [EB_OP_SSM_IN] = { ssm_in, false },
    [EB_OP_CONVOLUTION] = { convolution, false },
    [EB_OP_SSM_PARAM] = { ssm_param, false },
    [EB_OP_SCAN] = { scan, false },
    [EB_OP_SSM_OUT] = { ssm_out, false },
    [EB_OP_HEAD] = { head, true },
};

eb_op_cost eb_op_cost_of(const eb_model *m, eb_op op, int layer, const eb_op_load *load)
{
    call c = { .m = m, .hp = &m->hp, .w = layer >= 0 ? &m->layer[layer] : NULL, .load = load };
    if (load->rows > 0 && table[op].add && (c.w || table[op].outside))
        table[op].add(&c);
    return c.cost;
}
