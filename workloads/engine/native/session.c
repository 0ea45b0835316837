// SPDX-License-Identifier: Apache-2.0
// Requests come in, tokens go out. A step does prefill work first: prompts are taken in the order of
// their arrival and packed into one batch of at most chunk_tok tokens. Without any, it makes one token
// for each live sequence.
#include "workloads/engine/native/session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/clock.h"
#include "harness/base/mem.h"

size_t eb_session_bytes(const eb_model *m, const eb_engine_config *config)
{
    return (size_t)config->max_batch * (sizeof(eb_seq) + sizeof(uint32_t)) + (size_t)m->hp.vocab * sizeof(eb_candidate);
}

bool eb_session_init(eb_session *s, const eb_net *net, int chunk_tok, eb_err *err)
{
    const size_t batch = (size_t)net->state->max_batch;
    *s = (eb_session){ .net = *net, .chunk_tok = chunk_tok };
    s->seqs = eb_try_alloc(batch, sizeof *s->seqs, "the sequences", err);
    s->queue = s->seqs ? eb_try_alloc(batch, sizeof *s->queue, "the sequences", err) : NULL;
    s->candidates =
        s->queue ? eb_try_alloc((size_t)net->model->hp.vocab, sizeof *s->candidates, "the candidates", err) : NULL;
    return s->candidates;
}

void eb_session_deinit(eb_session *s)
{
    free(s->seqs);
    free(s->queue);
    free(s->candidates);
    *s = (eb_session){ 0 };
}

// ---- checks -----------------------------------------------------------------------------------------

static bool check_id(const eb_session *s, uint32_t id, eb_err *err)
{
    if (id >= (uint32_t)s->net.state->max_batch)
        return eb_err_set(err, EB_USAGE, "request %u: the engine was opened for ids 0 to %d", id,
                          s->net.state->max_batch - 1);
    if (s->seqs[id].phase != EB_SEQ_FREE)
        return eb_err_set(err, EB_USAGE, "request %u is still running", id);
    return true;
}

static bool check_room(const eb_session *s, uint32_t id, int64_t more, eb_err *err)
{
    const int64_t need = s->seqs[id].pos + more;
    if (need <= s->net.state->max_ctx)
        return true;
    return eb_err_set(err, EB_USAGE, "request %u needs a context of %lld tokens, the engine was opened for %d", id,
                      (long long)need, s->net.state->max_ctx);
}

static bool check_tokens(const eb_session *s, const int32_t *tokens, int n, eb_err *err)
{
    const int vocab = s->net.model->hp.vocab;
    for (int i = 0; i < n; i++)
        if (tokens[i] < 0 || tokens[i] >= vocab)
            return eb_err_set(err, EB_USAGE, "token %d at position %d is not in the vocabulary (0 to %d)", tokens[i], i,
                              vocab - 1);
    return true;
}

// ---- sequences --------------------------------------------------------------------------------------

static void forget(eb_session *s, uint32_t id)
{
    eb_seq *q = &s->seqs[id];
    if (q->used)
        eb_state_forget(s->net.state, s->net.model, (int)id);
    *q = (eb_seq){ 0 };
}

// A finished sequence keeps its memory dirty: whoever uses the id next cleans it, outside this window.
static void finish(eb_seq *q)
{
    q->phase = EB_SEQ_FREE;
    q->pos = 0;
}

static void leave_queue(eb_session *s, uint32_t id)
{
    int kept = 0;
    for (int i = 0; i < s->n_queue; i++)
        if (s->queue[i] != id)
            s->queue[kept++] = s->queue[i];
    s->n_queue = kept;
}

void eb_session_reset(eb_session *s)
{
    for (int i = 0; i < s->net.state->max_batch; i++)
        forget(s, (uint32_t)i);
    s->n_queue = s->n_live = 0;
}

void eb_session_cancel(eb_session *s, uint32_t id)
{
    if (id >= (uint32_t)s->net.state->max_batch || s->seqs[id].phase == EB_SEQ_FREE)
        return;
    if (s->seqs[id].phase == EB_SEQ_WAITING)
        leave_queue(s, id);
    else
        s->n_live--;
    finish(&s->seqs[id]);
}

bool eb_session_busy(const eb_session *s)
{
    return s->n_queue > 0 || s->n_live > 0;
}

bool eb_session_submit(eb_session *s, const eb_request *r, eb_err *err)
{
    if (!check_id(s, r->id, err))
        return false;
    if (r->prompt_tok < 1 || r->output_tok < 1)
        return eb_err_set(err, EB_USAGE, "request %u: %d prompt and %d output tokens; each must be 1 or more", r->id,
                          r->prompt_tok, r->output_tok);
    if (!check_room(s, r->id, (int64_t)r->prompt_tok + r->output_tok, err) ||
        !check_tokens(s, r->prompt, r->prompt_tok, err) || !eb_sampling_check(&r->sampling, err))
        return false;
    eb_seq *q = &s->seqs[r->id];
    if (q->pos == 0)
        forget(s, r->id);
    q->phase = EB_SEQ_WAITING;
    q->used = true;
    q->prompt = r->prompt;
    q->prompt_tok = r->prompt_tok;
    q->prompt_done = q->produced = 0;
    q->output_tok = r->output_tok;
    q->sampling = r->sampling;
    eb_rng_init(&q->rng, r->sampling.seed);
    s->queue[s->n_queue++] = r->id;
    return true;
}

// Runs tokens of one sequence in batches of at most `chunk`; with `out` it gets the logits of each.
static bool run_tokens(eb_session *s, uint32_t id, const int32_t *tokens, int n, int chunk, float *out, eb_err *err)
{
    eb_seq *q = &s->seqs[id];
    eb_batch *b = &s->net.state->batch;
    q->used = true;
    for (int done = 0, len; done < n; done += len) {
        len = n - done < chunk ? n - done : chunk;
        eb_batch_clear(b);
        b->prompt = chunk > 1; // token by token is as output is made
        eb_batch_add(b, (int)id, q->pos, tokens + done, len, out ? len : 0);
        if (!eb_forward(&s->net, out ? out + (size_t)done * (size_t)s->net.model->hp.vocab : NULL, err))
            return false;
        q->pos += len;
    }
    return true;
}

bool eb_session_fill(eb_session *s, uint32_t id, const int32_t *tokens, int n, eb_err *err)
{
    if (n < 0)
        return eb_err_set(err, EB_USAGE, "a context of %d tokens cannot be", n);
    if (!check_id(s, id, err) || !check_room(s, id, n, err) || !check_tokens(s, tokens, n, err))
        return false;
    if (s->seqs[id].pos == 0)
        forget(s, id);
    return run_tokens(s, id, tokens, n, s->chunk_tok, NULL, err);
}

static bool check_eval(eb_session *s, const int32_t *tokens, int n, eb_err *err)
{
    if (eb_session_busy(s))
        return eb_err_set(err, EB_USAGE, "logits cannot be computed while requests are running");
    if (n < 1)
        return eb_err_set(err, EB_USAGE, "there are no tokens to compute logits for");
    eb_session_reset(s);
    return check_room(s, 0, n, err) && check_tokens(s, tokens, n, err);
}

bool eb_session_eval(eb_session *s, const int32_t *tokens, int n, int chunk, float *out, eb_err *err)
{
    if (!check_eval(s, tokens, n, err))
        return false;
    const bool ok = run_tokens(s, 0, tokens, n, chunk > 0 && chunk < s->chunk_tok ? chunk : s->chunk_tok, out, err);
    eb_session_reset(s);
    return ok;
}

bool eb_session_eval_batch(eb_session *s, const int32_t *tokens, int n, float *out, eb_err *err)
{
    eb_batch *b = &s->net.state->batch;
    const size_t vocab = (size_t)s->net.model->hp.vocab;
    const int sequences = s->net.state->max_batch;
    if (!check_eval(s, tokens, n, err))
        return false;
    bool ok = true;
    for (int pos = 0; ok && pos < n; pos++) {
        eb_batch_clear(b);
        for (int i = 0; i < sequences; i++) {
            s->seqs[i].used = true;
            eb_batch_add(b, i, pos, tokens + pos, 1, 1);
        }
        ok = eb_forward(&s->net, s->net.state->logits, err);
        memcpy(out + (size_t)pos * vocab, s->net.state->logits + (size_t)(pos % sequences) * vocab,
               vocab * sizeof *out);
    }
    eb_session_reset(s);
    return ok;
}

// ---- steps ------------------------------------------------------------------------------------------

// Packs waiting prompts into the batch; prompts that end in it get logits. At most `max` of these.
static void pack_prompts(eb_session *s, int max)
{
    eb_batch *b = &s->net.state->batch;
    eb_batch_clear(b);
    b->prompt = s->chunk_tok > 1;
    for (int i = 0; i < s->n_queue && b->n < s->chunk_tok; i++) {
        const eb_seq *q = &s->seqs[s->queue[i]];
        int left = q->prompt_tok - q->prompt_done, room = s->chunk_tok - b->n;
        int n = left < room ? left : room;
        if (n == left && b->n_out == max)
            return;
        eb_batch_add(b, (int)s->queue[i], q->pos, q->prompt + q->prompt_done, n, n == left);
    }
}

static void pack_live(eb_session *s)
{
    eb_batch *b = &s->net.state->batch;
    eb_batch_clear(b);
    for (int i = 0; i < s->net.state->max_batch; i++)
        if (s->seqs[i].phase == EB_SEQ_LIVE)
            eb_batch_add(b, i, s->seqs[i].pos, &s->seqs[i].last, 1, 1);
}

static void pick_token(eb_session *s, eb_seq *q, const float *logits)
{
    q->last = eb_sample(s->net.kernels, &q->sampling, &q->rng, logits, s->net.model->hp.vocab, s->candidates);
    q->produced++;
}

// The batch has run: moves its sequences on and writes an event for each that made a token.
static int collect(eb_session *s, int64_t t_start_ns, eb_token_event *events)
{
    const eb_batch *b = &s->net.state->batch;
    int n = 0;
    eb_trace_op(&s->net, b->n_out > 0 ? EB_OP_SAMPLING : EB_OP_OTHER, EB_NO_LAYER);
    for (int i = 0; i < b->n_runs; i++) {
        eb_seq *q = &s->seqs[b->runs[i].seq];
        const bool prefill = q->phase == EB_SEQ_WAITING;
        if (prefill && q->prompt_done == 0)
            q->t_start_ns = t_start_ns;
        q->pos += b->runs[i].n;
        q->prompt_done += prefill ? b->runs[i].n : 0;
        if (prefill && q->prompt_done < q->prompt_tok)
            continue;
        pick_token(s, q, s->net.state->logits + (size_t)n * (size_t)s->net.model->hp.vocab);
        events[n++] = (eb_token_event){ .request = (uint32_t)b->runs[i].seq,
                                        .index = (uint32_t)q->produced - 1,
                                        .phase = prefill ? EB_PHASE_PREFILL : EB_PHASE_DECODE,
                                        .token = q->last,
                                        .t_start_ns = prefill ? q->t_start_ns : t_start_ns };
    }
    const int64_t t_end_ns = eb_now_ns();
    if (s->net.tracer)
        eb_tracer_end(s->net.tracer, t_end_ns);
    for (int i = 0; i < n; i++)
        events[i].t_end_ns = t_end_ns;
    return n;
}

// What the events mean for the sequences: prefill is over, or all tokens are made.
static void settle(eb_session *s, const eb_token_event *events, int n)
{
    for (int i = 0; i < n; i++) {
        eb_seq *q = &s->seqs[events[i].request];
        if (q->phase == EB_SEQ_WAITING) {
            leave_queue(s, events[i].request);
            q->phase = EB_SEQ_LIVE;
            s->n_live++;
        }
        if (q->produced == q->output_tok) {
            s->n_live--;
            finish(q);
        }
    }
}

void eb_session_set_sink(eb_session *s, eb_span_sink *sink)
{
    s->tracer = (eb_tracer){ .sink = sink };
    eb_pool_watch(s->net.pool, sink && sink->on_worker ? eb_tracer_worker : NULL, &s->tracer);
}

int eb_session_step(eb_session *s, eb_token_event *events, int max, eb_err *err)
{
    if (!eb_session_busy(s))
        return 0;
    const bool prefill = s->n_queue > 0;
    if (max < (prefill ? 1 : s->n_live)) {
        eb_err_set(err, EB_FAILED, "room for %d token events, a step needs %d", max, prefill ? 1 : s->n_live);
        return -1;
    }
    const int64_t t_start_ns = eb_now_ns();
    s->net.tracer = s->tracer.sink ? &s->tracer : NULL;
    if (s->net.tracer)
        eb_tracer_begin(s->net.tracer, prefill ? EB_PHASE_PREFILL : EB_PHASE_DECODE, t_start_ns);
    if (prefill)
        pack_prompts(s, max);
    else
        pack_live(s);
    assert(s->net.state->batch.n <= s->net.state->rows);
    int n = -1;
    if (eb_forward(&s->net, s->net.state->logits, err)) {
        n = collect(s, t_start_ns, events);
        settle(s, events, n);
    }
    s->net.tracer = NULL;
    return n;
}
