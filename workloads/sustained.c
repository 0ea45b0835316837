// SPDX-License-Identifier: Apache-2.0
// The same work for minutes: what a machine holds once it is warm, and where it begins to throttle.
// A closed loop of rounds: a batch is submitted, generates its tokens, is forgotten, and the next one follows, so that
// the context stays bounded by prompt + output however long it goes on. The window ends with the first step that is
// over when the time is up; what was under way then is cancelled.
#include <stdlib.h>
#include <string.h>

#include "harness/base/mem.h"
#include "workloads/workload_impl.h"

enum { STEP_TIMEOUT_NS = 1000000000 };

static bool prepare(const eb_workload_params *params, eb_engine *engine, eb_err *err)
{
    return eb_generate_prepare("sustained", NULL, params, engine, err);
}

typedef struct loop {
    const eb_workload_params *p;
    eb_engine *engine;
    eb_trial_sink *sink;
    const int32_t *prompts;
    const eb_clock *clock;
    int64_t deadline_ns;
} loop;

static int64_t now_ns(const loop *l)
{
    return l->clock->now_ns(l->clock);
}

// Time, and room for the events of one more step.
static bool goes_on(const loop *l)
{
    return now_ns(l) < l->deadline_ns && l->sink->cap_tokens - l->sink->n_tokens >= (size_t)l->p->batch;
}

static bool submit(const loop *l, uint32_t first, eb_err *err)
{
    const eb_workload_params *p = l->p;
    int64_t scheduled_ns = first ? now_ns(l) : l->sink->t_start_ns;
    for (int i = 0; i < p->batch; i++) {
        eb_request r = { .id = (uint32_t)i,
                         .prompt = l->prompts + (size_t)i * (size_t)p->prompt_tok,
                         .prompt_tok = p->prompt_tok,
                         .output_tok = p->output_tok,
                         .sampling = p->sampling };
        r.sampling.seed += (uint64_t)i;
        l->sink->requests[l->sink->n_requests++] = (eb_request_row){ .request = first + (uint32_t)i,
                                                                     .scheduled_ns = scheduled_ns,
                                                                     .sent_ns = now_ns(l),
                                                                     .prompt_tok = (uint32_t)p->prompt_tok,
                                                                     .status = EB_REQUEST_CANCELLED };
        if (!l->engine->ops->submit(l->engine, &r, err))
            return false;
    }
    return true;
}

// One round. The engine counts its sequences from 0 in each; here every request has a number of its own.
static bool round_of(const loop *l, eb_err *err)
{
    eb_trial_sink *sink = l->sink;
    uint32_t first = (uint32_t)sink->n_requests;
    if (first)
        l->engine->ops->reset(l->engine);
    if (!submit(l, first, err))
        return false;
    while (l->engine->ops->busy(l->engine) && goes_on(l)) {
        if (sink->stop && sink->stop(sink->arg))
            return eb_err_set(err, EB_SIGINT, "interrupted");
        eb_token_event *to = sink->tokens + sink->n_tokens;
        int n = eb_generate_step(l->p, l->engine, STEP_TIMEOUT_NS, to, (int)(sink->cap_tokens - sink->n_tokens), err);
        if (n < 0)
            return false;
        for (int i = 0; i < n; i++)
            to[i].request += first;
        sink->n_tokens += (size_t)n;
    }
    return true;
}

static bool window(const loop *l, eb_err *err)
{
    eb_trial_sink *sink = l->sink;
    const size_t batch = (size_t)l->p->batch;
    bool ok = round_of(l, err);
    while (ok && goes_on(l) && sink->cap_requests - sink->n_requests >= batch)
        ok = round_of(l, err);
    return ok;
}

static void fill_rows(const eb_workload_params *p, eb_trial_sink *sink)
{
    sink->t_end_ns = sink->t_start_ns;
    for (size_t i = 0; i < sink->n_tokens; i++) {
        const eb_token_event *e = &sink->tokens[i];
        if (e->request < sink->n_requests && ++sink->requests[e->request].output_tok == (uint32_t)p->output_tok)
            sink->requests[e->request].status = EB_REQUEST_OK;
        if (e->t_end_ns > sink->t_end_ns)
            sink->t_end_ns = e->t_end_ns;
    }
}

static bool run_trial(const eb_workload_params *p, eb_engine *engine, eb_trial_sink *sink, eb_err *err)
{
    eb_engine_caps caps;
    engine->ops->caps(engine, &caps);
    sink->n_tokens = sink->n_requests = 0;
    if (sink->cap_requests < (size_t)p->batch || sink->cap_tokens < (size_t)p->batch)
        return eb_err_set(err, EB_FAILED, "the trial's buffers are too small for %d sequences", p->batch);
    size_t n = (size_t)p->batch * (size_t)p->prompt_tok;
    int32_t *prompts = eb_try_alloc(n, sizeof *prompts, "prompts", err);
    if (!prompts)
        return false;
    for (int i = 0; i < p->batch; i++)
        eb_generate_tokens(p->seed, (uint64_t)i, caps.vocab, prompts + (size_t)i * (size_t)p->prompt_tok,
                           p->prompt_tok);
    engine->ops->reset(engine);
    if (sink->mark)
        sink->mark(sink->arg, true);
    const eb_clock *clock = eb_engine_clock(engine);
    sink->t_start_ns = clock->now_ns(clock);
    loop l = { p, engine, sink, prompts, clock, sink->t_start_ns + p->duration_ns };
    bool ok = window(&l, err);
    if (sink->mark)
        sink->mark(sink->arg, false);
    engine->ops->reset(engine);
    if (ok)
        fill_rows(p, sink);
    free(prompts);
    return ok;
}

// How many rounds there are is a matter of speed; what they generate is not: the first one stands for all. None where
// the time was up before its end.
static void verify(const eb_trial_sink *sink, char digest[17])
{
    eb_trial_sink first = *sink;
    size_t batch = 0, n = 0;
    while (batch < sink->n_requests && sink->requests[batch].scheduled_ns == sink->t_start_ns)
        batch++;
    while (n < sink->n_tokens && sink->tokens[n].request < batch)
        n++;
    first.n_tokens = n;
    digest[0] = '\0';
    if (batch && sink->requests[batch - 1].status == EB_REQUEST_OK)
        eb_generate_verify(&first, digest);
}

const eb_workload_ops eb_workload_sustained = {
    .name = "sustained",
    .family = NULL,
    .doc = "The same work for minutes: what a machine holds once it is warm, and where it throttles.",
    .prepare = prepare,
    .run_trial = run_trial,
    .verify = verify,
};
