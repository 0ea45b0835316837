// SPDX-License-Identifier: Apache-2.0
// The forward pass, top to bottom. Read eb_forward at the end first.
//
//   rows n     tokens of the batch, each of a sequence and at a position
//   x          the residual stream; xb its norm, what the layers read
//   eb_linear  y = W x for all jobs of a list at once, W [out][in]
#include "workloads/engine/native/forward.h"

#include <string.h>
#include "workloads/engine/native/repack.h"

typedef struct embed_task {
    const eb_net *net;
    int first; // row of the batch
} embed_task;

static void embed_rows(void *arg, int64_t begin, int64_t end, int thread)
{
    const embed_task *t = arg;
    const eb_net *net = t->net;
    const eb_mat *w = &net->model->tok_embd; // [vocab][embd]
    const eb_state *s = net->state;
    (void)thread;
    for (int64_t i = t->first + begin; i < t->first + end; i++)
        net->kernels->dequant_row(w->type, w->data + (size_t)s->batch.token[i] * w->row_bytes, s->x + i * w->in, w->in);
}

static void embed(const eb_net *net)
{
    enum { GRAIN = 8 };
    eb_state *s = net->state;
    eb_trace_op(net, EB_OP_EMBEDDING, EB_NO_LAYER);
    for (int first = 0, n; first < s->batch.n; first += n) {
        n = s->batch.n - first < EB_REPACK_LOOKUPS ? s->batch.n - first : EB_REPACK_LOOKUPS;
        eb_pool_for(net->pool, n, GRAIN, embed_rows, &(embed_task){ net, first });
        s->looked_up = eb_repack_is_twice(net->model) ? s->looked_up + n : 0;
        if (s->looked_up < EB_REPACK_LOOKUPS)
            continue;
        eb_repack_let_go(net->model);
        s->looked_up = 0;
    }
}

static void attention_block(const eb_net *net, int layer)
{
    const eb_layer *w = &net->model->layer[layer];
    const eb_state *s = net->state;
    const int n = s->batch.n;
    eb_trace_op(net, EB_OP_NORM, layer);
    eb_norm(net, s->xb, s->x, w->attn_norm, n, net->model->hp.embd); // xb [n][embd]
    const eb_linear_job qkv[] = {
        { .w = &w->wq, .bias = w->bq, .x = s->xb, .y = s->q, .m = n },     // q [n][heads * dim_k]
        { .w = &w->wk, .bias = w->bk, .x = s->xb, .y = s->k_new, .m = n }, // k [n][kv_heads * dim_k]
        { .w = &w->wv, .bias = w->bv, .x = s->xb, .y = s->v_new, .m = n }, // v [n][kv_heads * dim_v]
    };
    eb_trace_op(net, EB_OP_QKV, layer);
    eb_linear(net, qkv, 3);
    eb_attention(net, layer); // att [n][heads * dim_v]
    eb_trace_op(net, EB_OP_ATTN_OUT, layer);
    eb_linear(net, &(eb_linear_job){ .w = &w->wo, .bias = w->bo, .x = s->att, .y = s->tmp, .add = s->x, .m = n }, 1);
}

static void ffn_block(const eb_net *net, int layer)
{
    const eb_layer *w = &net->model->layer[layer];
    const eb_state *s = net->state;
    const int n = s->batch.n;
    eb_trace_op(net, EB_OP_NORM, layer);
    eb_norm(net, s->xb, s->x, w->ffn_norm, n, net->model->hp.embd); // xb [n][embd]
    if (net->model->hp.experts) {
        eb_moe(net, layer); // x [n][embd] +=
        return;
    }
    eb_trace_op(net, EB_OP_FFN_IN, layer);
    eb_linear(net, // silu(gate xb) * (up xb): [n][ffn]
              &(eb_linear_job){ .w = &w->gate, .up = &w->up, .x = s->xb, .y = s->hidden, .y_up = s->hidden_up, .m = n },
              1);
    eb_trace_op(net, EB_OP_FFN_OUT, layer);
    eb_linear(net, &(eb_linear_job){ .w = &w->down, .x = s->hidden, .y = s->tmp, .add = s->x, .m = n }, 1);
}

static void ssm_block(const eb_net *net, int layer)
{
    const eb_state *s = net->state;
    eb_trace_op(net, EB_OP_NORM, layer);
    eb_norm(net, s->xb, s->x, net->model->layer[layer].attn_norm, s->batch.n, net->model->hp.embd); // xb [n][embd]
    if (net->model->info->ssm2)
        eb_mamba2(net, layer); // x [n][embd] +=
    else
        eb_mamba(net, layer);
}

// The head is run only for the rows that are asked for: in generation one per sequence.
static void head(const eb_net *net, float *logits)
{
    const eb_model *m = net->model;
    const eb_state *s = net->state;
    const size_t embd = (size_t)m->hp.embd;
    const int n = s->batch.n_out;
    if (n == 0)
        return;
    eb_trace_op(net, EB_OP_NORM, EB_NO_LAYER);
    for (int i = 0; i < n; i++)
        memcpy(s->xb + (size_t)i * embd, s->x + (size_t)s->batch.out[i] * embd, embd * sizeof *s->x);
    eb_norm(net, s->xb, s->xb, m->output_norm, n, m->hp.embd); // xb [n_out][embd]
    eb_trace_op(net, EB_OP_HEAD, EB_NO_LAYER);
    eb_linear(net, // logits [n_out][vocab]
              &(eb_linear_job){ .w = &m->output, .x = s->xb, .y = logits, .m = n, .few = true }, 1);
}

void eb_forward(const eb_net *net, float *logits)
{
    const eb_model *m = net->model;
    embed(net); // x [n][embd]
    if (!m->info->ssm)
        eb_rope_tables(net); // cos, sin [n][rot / 2]
    for (int layer = 0; layer < m->hp.layers; layer++) {
        if (m->info->ssm) {
            ssm_block(net, layer);
        } else {
            attention_block(net, layer);
            ffn_block(net, layer);
        }
    }
    head(net, logits);
}
