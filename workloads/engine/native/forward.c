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
    _Atomic bool failed;
} embed_task;

// A token's row of the embedding; where packed weights stand for that, from the file (repack.h). NULL = it cannot be
// read.
static const uint8_t *embedding_of(const eb_net *net, int32_t token, int thread)
{
    const eb_mat *w = &net->model->tok_embd; // [vocab][embd]
    const uint8_t *row = w->data + (size_t)token * w->row_bytes;
    uint8_t *room = eb_state_room(net->state, thread);
    if (!eb_repack_rows_in_file(net->model))
        return row;
    return eb_gguf_read(net->model->file, row, w->row_bytes, room) ? room : NULL;
}

static void embed_rows(void *arg, int64_t begin, int64_t end, int thread)
{
    embed_task *t = arg;
    const eb_net *net = t->net;
    const eb_mat *w = &net->model->tok_embd;
    const eb_state *s = net->state;
    for (int64_t i = begin; i < end; i++) {
        const uint8_t *row = embedding_of(net, s->batch.token[i], thread);
        if (row)
            net->kernels->dequant_row(w->type, row, s->x + i * w->in, w->in);
        else
            t->failed = true;
    }
}

static bool embed(const eb_net *net, eb_err *err)
{
    enum { GRAIN = 8 };
    embed_task t = { .net = net };
    eb_trace_op(net, EB_OP_EMBEDDING, EB_NO_LAYER);
    eb_pool_for(net->pool, net->state->batch.n, GRAIN, embed_rows, &t);
    if (!t.failed)
        return true;
    eb_err_at(err, EB_FAILED, net->model->file->path, 0, 0, "the file cannot be read any more");
    return eb_err_hint(err, "check the disk, and that nothing is writing to the file");
}

void eb_keep_out_rows(const eb_net *net, int layer, float *also, size_t width)
{
    const size_t embd = (size_t)net->model->hp.embd;
    eb_state *s = net->state;
    if (layer < net->model->hp.layers - 1)
        return;
    s->batch.live = s->batch.n_out;
    for (int i = 0; i < s->batch.n_out; i++) {
        const size_t to = (size_t)i, from = (size_t)s->batch.out[i];
        if (to == from)
            continue;
        memcpy(s->x + to * embd, s->x + from * embd, embd * sizeof *s->x);
        memcpy(also + to * width, also + from * width, width * sizeof *also);
    }
}

static void attention_block(const eb_net *net, int layer)
{
    const eb_layer *w = &net->model->layer[layer];
    const eb_hparams *hp = &net->model->hp;
    const eb_state *s = net->state;
    const int n = s->batch.n;
    eb_trace_op(net, EB_OP_NORM, layer);
    eb_norm(net, s->xb, s->x, w->attn_norm, n, hp->embd); // xb [n][embd]
    const eb_linear_job qkv[] = {
        { .w = &w->wq, .bias = w->bq, .x = s->xb, .y = s->q, .m = n },     // q [n][heads * dim_k]
        { .w = &w->wk, .bias = w->bk, .x = s->xb, .y = s->k_new, .m = n }, // k [n][kv_heads * dim_k]
        { .w = &w->wv, .bias = w->bv, .x = s->xb, .y = s->v_new, .m = n }, // v [n][kv_heads * dim_v]
    };
    eb_trace_op(net, EB_OP_QKV, layer);
    eb_linear(net, qkv, 3);
    eb_attention(net, layer); // att [n][heads * dim_v]
    eb_keep_out_rows(net, layer, s->att, (size_t)hp->heads * (size_t)hp->dim_v);
    eb_trace_op(net, EB_OP_ATTN_OUT, layer);
    eb_linear(net,
              &(eb_linear_job){ .w = &w->wo, .bias = w->bo, .x = s->att, .y = s->tmp, .add = s->x, .m = s->batch.live },
              1);
}

static void ffn_block(const eb_net *net, int layer)
{
    const eb_layer *w = &net->model->layer[layer];
    const eb_state *s = net->state;
    const int n = s->batch.live;
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

static void head(const eb_net *net, float *logits)
{
    const eb_model *m = net->model;
    const eb_state *s = net->state;
    const int n = s->batch.live;
    if (n == 0)
        return;
    eb_trace_op(net, EB_OP_NORM, EB_NO_LAYER);
    eb_norm(net, s->xb, s->x, m->output_norm, n, m->hp.embd); // xb [n_out][embd]
    eb_trace_op(net, EB_OP_HEAD, EB_NO_LAYER);
    eb_linear(net, // logits [n_out][vocab]
              &(eb_linear_job){ .w = &m->output, .x = s->xb, .y = logits, .m = n, .few = true }, 1);
}

bool eb_forward(const eb_net *net, float *logits, eb_err *err)
{
    const eb_model *m = net->model;
    net->state->batch.live = net->state->batch.n;
    if (!embed(net, err)) // x [n][embd]
        return false;
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
    return true;
}
