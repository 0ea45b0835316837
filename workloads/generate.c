// SPDX-License-Identifier: Apache-2.0
// The one generation loop: submit a batch, step until it is done, keep every token's marks.
#include "workloads/workload_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "harness/base/clock.h"
#include "harness/base/mem.h"
#include "harness/base/stats.h"

enum { WARM_PROMPT_TOK = 32, WARM_OUTPUT_TOK = 3, DEPTH_PIECE_TOK = 512, STEP_TIMEOUT_NS = 1000000000 };

void eb_generate_tokens(uint64_t seed, uint64_t stream, int vocab, int32_t *out, int n)
{
    eb_rng rng;
    eb_rng_init(&rng, seed * 0x9e3779b97f4a7c15u + stream);
    for (int i = 0; i < n; i++)
        out[i] = (int32_t)eb_rng_below(&rng, (uint64_t)vocab);
}

static bool fits(const char *workload, const char *family, const eb_workload_params *p, const eb_engine_caps *caps,
                 eb_err *err)
{
    if (family && strcmp(family, caps->family) != 0) {
        eb_err_set(err, EB_USAGE, "workload kind '%s' does not fit model '%s', which is of family %s (%s)", workload,
                   caps->model_name, caps->family, caps->arch);
        return eb_err_hint(err, "use kind = %s, or name another model in the workload's 'model' key", caps->family);
    }
    int64_t need = (int64_t)p->depth_tok + p->prompt_tok + p->output_tok;
    if (need > caps->max_ctx_tok || p->batch > caps->max_batch)
        return eb_err_set(err, EB_USAGE,
                          "workload '%s' needs %lld tokens x %d sequences, the engine was opened for %d x %d", workload,
                          (long long)need, p->batch, caps->max_ctx_tok, caps->max_batch);
    return true;
}

static bool stop_asked(const eb_trial_sink *sink)
{
    return sink && sink->stop && sink->stop(sink->arg);
}

// The tokens of the step come when the spinning is over, as they would from a slower engine.
static void hold_up(const eb_clock *clock, int64_t began_ns, double handicap, eb_token_event *events, int n)
{
    int64_t ended_ns = clock->now_ns(clock), until_ns = ended_ns + (int64_t)(handicap * (double)(ended_ns - began_ns));
    bool real = clock == &eb_clock_real;
    while (real && clock->now_ns(clock) < until_ns)
        ;
    if (!real)
        clock->sleep_until_ns(clock, until_ns);
    for (int i = 0; i < n; i++)
        events[i].t_end_ns += until_ns - ended_ns;
}

int eb_generate_step(const eb_workload_params *p, eb_engine *engine, int64_t timeout_ns, eb_token_event *events,
                     int max, eb_err *err)
{
    if (!(p->handicap > 0))
        return engine->ops->step(engine, timeout_ns, events, max, err);
    const eb_clock *clock = eb_engine_clock(engine);
    int64_t began_ns = clock->now_ns(clock);
    int n = engine->ops->step(engine, timeout_ns, events, max, err);
    hold_up(clock, began_ns, p->handicap, events, n);
    return n;
}

// Runs the submitted requests to their end; events go to `tokens` (NULL: thrown away).
static bool drain(const eb_workload_params *p, eb_engine *engine, eb_trial_sink *sink, eb_token_event *scratch,
                  eb_err *err)
{
    while (engine->ops->busy(engine)) {
        if (stop_asked(sink))
            return eb_err_set(err, EB_SIGINT, "interrupted");
        eb_token_event *to = sink ? sink->tokens + sink->n_tokens : scratch;
        int room = sink ? (int)(sink->cap_tokens - sink->n_tokens) : p->batch;
        int n = eb_generate_step(p, engine, STEP_TIMEOUT_NS, to, room, err);
        if (n < 0)
            return false;
        if (sink)
            sink->n_tokens += (size_t)n;
    }
    return true;
}

static bool warm_up(const eb_workload_params *p, eb_engine *engine, const eb_engine_caps *caps, eb_err *err)
{
    int32_t prompt[WARM_PROMPT_TOK];
    int n = p->prompt_tok < WARM_PROMPT_TOK ? p->prompt_tok : WARM_PROMPT_TOK;
    int out = p->output_tok < WARM_OUTPUT_TOK ? p->output_tok : WARM_OUTPUT_TOK;
    eb_generate_tokens(p->seed, ~0ull, caps->vocab, prompt, n);
    engine->ops->reset(engine);
    for (int i = 0; i < p->batch; i++) {
        eb_request r = {
            .id = (uint32_t)i, .prompt = prompt, .prompt_tok = n, .output_tok = out, .sampling = p->sampling
        };
        if (!engine->ops->submit(engine, &r, err))
            return false;
    }
    eb_token_event *scratch = eb_alloc(sizeof *scratch * (size_t)p->batch);
    bool ok = drain(p, engine, NULL, scratch, err);
    free(scratch);
    engine->ops->reset(engine);
    return ok;
}

bool eb_generate_prepare(const char *workload, const char *family, const eb_workload_params *params, eb_engine *engine,
                         eb_err *err)
{
    eb_engine_caps caps;
    engine->ops->caps(engine, &caps);
    return fits(workload, family, params, &caps, err) && warm_up(params, engine, &caps, err);
}

// Context depth: filled before the window, so that it costs nothing that is measured; in pieces, so that minutes of
// it can be interrupted.
static bool fill_depth(const eb_workload_params *p, eb_engine *engine, const eb_trial_sink *sink, int vocab,
                       eb_err *err)
{
    if (p->depth_tok == 0)
        return true;
    int32_t *tokens = eb_alloc(sizeof *tokens * (size_t)p->depth_tok);
    bool ok = true;
    for (int i = 0; ok && i < p->batch; i++) {
        eb_generate_tokens(p->seed, 0x10000u + (uint64_t)i, vocab, tokens, p->depth_tok);
        for (int at = 0, n; ok && at < p->depth_tok; at += n) {
            n = p->depth_tok - at < DEPTH_PIECE_TOK ? p->depth_tok - at : DEPTH_PIECE_TOK;
            ok = stop_asked(sink) ? eb_err_set(err, EB_SIGINT, "interrupted")
                                  : engine->ops->fill_context(engine, (uint32_t)i, tokens + at, n, err);
        }
    }
    free(tokens);
    return ok;
}

static void fill_rows(const eb_workload_params *p, eb_trial_sink *sink)
{
    for (size_t i = 0; i < sink->n_tokens; i++)
        if (sink->tokens[i].request < sink->n_requests)
            sink->requests[sink->tokens[i].request].output_tok++;
    sink->t_end_ns = sink->n_tokens ? sink->tokens[0].t_end_ns : sink->t_start_ns;
    for (size_t i = 0; i < sink->n_tokens; i++)
        if (sink->tokens[i].t_end_ns > sink->t_end_ns)
            sink->t_end_ns = sink->tokens[i].t_end_ns;
    for (size_t i = 0; i < sink->n_requests; i++)
        if (sink->requests[i].output_tok != (uint32_t)p->output_tok)
            sink->requests[i].status = EB_REQUEST_FAILED;
}

// The measured window: nothing here but the submits, the steps and one clock read.
static bool window(const eb_workload_params *p, eb_engine *engine, eb_trial_sink *sink, const int32_t *prompts,
                   eb_err *err)
{
    const eb_clock *clock = eb_engine_clock(engine);
    bool ok = true;
    if (sink->mark)
        sink->mark(sink->arg, true);
    sink->t_start_ns = clock->now_ns(clock);
    for (int i = 0; ok && i < p->batch; i++) {
        eb_request r = { .id = (uint32_t)i,
                         .prompt = prompts + (size_t)i * (size_t)p->prompt_tok,
                         .prompt_tok = p->prompt_tok,
                         .output_tok = p->output_tok,
                         .sampling = p->sampling };
        r.sampling.seed += (uint64_t)i;
        sink->requests[i] = (eb_request_row){ .request = (uint32_t)i,
                                              .scheduled_ns = sink->t_start_ns,
                                              .sent_ns = clock->now_ns(clock),
                                              .prompt_tok = (uint32_t)p->prompt_tok,
                                              .status = EB_REQUEST_OK };
        sink->n_requests++;
        ok = engine->ops->submit(engine, &r, err);
    }
    ok = ok && drain(p, engine, sink, NULL, err);
    if (sink->mark)
        sink->mark(sink->arg, false);
    return ok;
}

bool eb_generate_trial(const eb_workload_params *params, eb_engine *engine, eb_trial_sink *sink, eb_err *err)
{
    eb_engine_caps caps;
    engine->ops->caps(engine, &caps);
    sink->n_tokens = sink->n_requests = 0;
    if (sink->cap_requests < (size_t)params->batch ||
        sink->cap_tokens < (size_t)params->batch * (size_t)params->output_tok)
        return eb_err_set(err, EB_FAILED, "the trial's buffers are too small for %d x %d tokens", params->batch,
                          params->output_tok);
    size_t n = (size_t)params->batch * (size_t)params->prompt_tok;
    int32_t *prompts = eb_try_alloc(n, sizeof *prompts, "prompts", err);
    if (!prompts)
        return false;
    for (int i = 0; i < params->batch; i++)
        eb_generate_tokens(params->seed, (uint64_t)i, caps.vocab, prompts + (size_t)i * (size_t)params->prompt_tok,
                           params->prompt_tok);
    engine->ops->reset(engine);
    bool ok = fill_depth(params, engine, sink, caps.vocab, err) && window(params, engine, sink, prompts, err);
    if (ok)
        fill_rows(params, sink);
    free(prompts);
    return ok;
}

// A sum of hashes does not depend on the order in which sequences finished a step.
void eb_generate_verify(const eb_trial_sink *sink, char digest[17])
{
    uint64_t sum = 0;
    for (size_t i = 0; i < sink->n_tokens; i++) {
        const eb_token_event *e = &sink->tokens[i];
        uint64_t key[3] = { e->request, e->index, (uint64_t)(uint32_t)e->token };
        sum += XXH3_64bits(key, sizeof key);
    }
    snprintf(digest, 17, "%016llx", (unsigned long long)sum);
}
