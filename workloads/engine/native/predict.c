// SPDX-License-Identifier: Apache-2.0
// What a decode step must read and compute, from the shape alone: each weight of each matrix once
// (of the experts those that are used), each vector once, the cache or the state once.
#include "workloads/engine/native/hparams.h"

typedef struct cost {
    double bytes, flop;
} cost;

static void add_mat(cost *c, const eb_mat *m, double experts)
{
    if (!m->data)
        return;
    c->bytes += (double)m->expert_bytes * experts;
    c->flop += 2.0 * (double)m->in * (double)m->out * experts;
}

static void add_mats(cost *c, const eb_layer *y, double used)
{
    const eb_mat *plain[] = { &y->wq,      &y->wk,     &y->wv,     &y->wo,      &y->gate,
                              &y->up,      &y->down,   &y->router, &y->gate_sh, &y->up_sh,
                              &y->down_sh, &y->ssm_in, &y->ssm_x,  &y->ssm_dt,  &y->ssm_out };
    const eb_mat *experts[] = { &y->gate_exps, &y->up_exps, &y->down_exps };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        add_mat(c, plain[i], 1);
    for (size_t i = 0; i < sizeof experts / sizeof *experts; i++)
        add_mat(c, experts[i], used);
}

static void add_vec(cost *c, const float *v, double n)
{
    c->bytes += v ? 4 * n : 0;
}

static void add_vecs(cost *c, const eb_layer *y, const eb_hparams *hp)
{
    double heads_k = (double)hp->heads * hp->dim_k, kv_k = (double)hp->kv_heads * hp->dim_k;
    bool per_head = eb_arch_table[hp->arch].head_norm, ssm2 = eb_arch_table[hp->arch].ssm2;
    double channels = hp->d_inner + (ssm2 ? 2.0 * hp->groups * hp->d_state : 0);
    add_vec(c, y->attn_norm, hp->embd);
    add_vec(c, y->ffn_norm, hp->embd);
    add_vec(c, y->bq, heads_k);
    add_vec(c, y->bk, kv_k);
    add_vec(c, y->bv, (double)hp->kv_heads * hp->dim_v);
    add_vec(c, y->bo, hp->embd);
    add_vec(c, y->q_norm, per_head ? hp->dim_k : heads_k);
    add_vec(c, y->k_norm, per_head ? hp->dim_k : kv_k);
    add_vec(c, y->gate_inp_sh, hp->embd);
    add_vec(c, y->conv_w, channels * hp->d_conv);
    add_vec(c, y->conv_b, channels);
    add_vec(c, y->dt_b, ssm2 ? hp->dt_rank : hp->d_inner);
    add_vec(c, y->ssm_a, ssm2 ? hp->dt_rank : (double)hp->d_inner * hp->d_state);
    add_vec(c, y->ssm_d, ssm2 ? hp->dt_rank : hp->d_inner);
    add_vec(c, y->ssm_norm, hp->d_inner);
}

// The cache of `ctx` tokens, or the state: multiply, decay, add and contract for each element
// (mamba has a decay of its own per element: 7 operations; mamba2 shares it by head: 5).
static void add_memory(cost *c, const eb_hparams *hp, int ctx, int kv_elem_bytes)
{
    const eb_arch_info *info = &eb_arch_table[hp->arch];
    if (!info->ssm) {
        c->bytes += (double)ctx * hp->kv_heads * (hp->dim_k + hp->dim_v) * kv_elem_bytes;
        c->flop += 2.0 * ((double)ctx + 1) * hp->heads * (hp->dim_k + hp->dim_v);
        return;
    }
    double channels = hp->d_inner + (info->ssm2 ? 2.0 * hp->groups * hp->d_state : 0);
    double state = (double)hp->d_inner * hp->d_state;
    c->bytes += 4 * (state + channels * (hp->d_conv - 1));
    c->flop += state * (info->ssm2 ? 5 : 7) + 2 * channels * hp->d_conv;
}

static cost decode_cost(const eb_model *m, int ctx, int kv_elem_bytes)
{
    cost c = { 0 };
    for (int i = 0; i < m->hp.layers; i++) {
        add_mats(&c, &m->layer[i], m->hp.experts_used);
        add_vecs(&c, &m->layer[i], &m->hp);
        add_memory(&c, &m->hp, ctx, kv_elem_bytes);
    }
    add_mat(&c, &m->output, 1);
    add_vec(&c, m->output_norm, m->hp.embd);
    c.bytes += (double)m->tok_embd.row_bytes; // one row of the embedding
    return c;
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
