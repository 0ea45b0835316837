// SPDX-License-Identifier: Apache-2.0
// The script, step by step, behind the engine interface.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "workloads/engine/null/null.h"

enum { VOCAB = 32000, LAYERS = 24, WATTS_STREAM = 1 };

typedef struct sequence {
    bool live, waiting;
    int context_tok, prompt_tok, output_tok, made_tok;
    uint32_t first; // of its prompt: the output depends on it
} sequence;

typedef struct null_engine {
    eb_engine base;
    eb_null_script script;
    eb_timeline *time; // borrowed, or its own
    eb_timeline own;
    eb_clock clock;
    int max_batch, max_ctx_tok, threads;
    sequence *sequences; // [max_batch]
    int live;
    // Of the trial under way.
    double slow, watts;
    eb_rng rng;
} null_engine;

static const char *const family_names[] = { "dense", "moe", "ssm" };

static bool null_prepare(const eb_model_spec *spec, char *path, size_t size, void (*notify)(void *, const char *),
                         void *arg, eb_err *err)
{
    (void)notify;
    (void)arg;
    const char *type = spec->type && spec->type[0] ? spec->type : "file";
    if (snprintf(path, size, "null:%s:%s", spec->source, type) < (int)size)
        return true;
    return eb_err_set(err, EB_USAGE, "the model's name '%.60s...' is too long", spec->source);
}

static uint64_t null_predict(const eb_model_spec *spec, bool *exists)
{
    (void)spec;
    *exists = true;
    return 0;
}

// Warm-ups come before a trial and belong to it: the same number, the same factors.
static void begin_trial(null_engine *e)
{
    uint64_t trial = e->script.at + (uint64_t)e->time->trial;
    e->slow = eb_null_script_factor(&e->script, trial);
    e->watts = e->script.watts_factor * eb_null_noise_plain(e->script.watts_frac, e->script.seed, WATTS_STREAM, trial);
    eb_rng_init(&e->rng, e->script.seed * 0x9e3779b97f4a7c15u + trial);
}

static void null_reset(eb_engine *engine)
{
    null_engine *e = (null_engine *)engine;
    memset(e->sequences, 0, sizeof *e->sequences * (size_t)e->max_batch);
    e->live = 0;
    begin_trial(e);
}

static eb_engine *null_open(const char *path, const eb_engine_config *config, eb_err *err)
{
    (void)path;
    (void)err;
    null_engine *e = eb_alloc(sizeof *e);
    e->base.ops = &eb_engine_null;
    eb_null_script_read(config->settings, config->n_settings, &e->script);
    eb_timeline_init(&e->own);
    eb_null_simulate(config->settings, config->n_settings, &e->own);
    e->time = config->timeline ? config->timeline : &e->own;
    e->clock = eb_timeline_clock(e->time);
    e->max_batch = config->max_batch;
    e->max_ctx_tok = config->max_ctx_tok;
    e->threads = config->threads;
    e->sequences = eb_alloc(sizeof *e->sequences * (size_t)e->max_batch);
    null_reset(&e->base);
    eb_timeline_pass(e->time, e->time->now_ns + (int64_t)(e->script.load_ns * e->slow));
    return &e->base;
}

static void null_caps(const eb_engine *engine, eb_engine_caps *out)
{
    const null_engine *e = (const null_engine *)engine;
    *out = (eb_engine_caps){ .engine = "null",
                             .isa = "none",
                             .arch = "null",
                             .model_name = "script",
                             .vocab = VOCAB,
                             .max_ctx_tok = e->max_ctx_tok,
                             .max_batch = e->max_batch,
                             .threads = e->threads,
                             .n_layer = LAYERS,
                             .model_bytes = e->script.model_bytes,
                             .bytes_per_tok = (double)e->script.model_bytes,
                             .flop_per_tok = 2.0 * (double)e->script.model_bytes };
    snprintf(out->family, sizeof out->family, "%s", family_names[e->script.family]);
}

static double null_prompt_flop(const eb_engine *engine, int depth_tok, int prompt_tok)
{
    const null_engine *e = (const null_engine *)engine;
    (void)depth_tok;
    return 2.0 * (double)e->script.model_bytes * prompt_tok;
}

static void null_memory(const eb_engine *engine, eb_engine_memory *out)
{
    const null_engine *e = (const null_engine *)engine;
    *out = (eb_engine_memory){ .model_bytes = e->script.model_bytes };
}

static bool known(const null_engine *e, uint32_t id, eb_err *err)
{
    return id < (uint32_t)e->max_batch ||
           eb_err_set(err, EB_FAILED, "sequence %u of an engine opened for %d", id, e->max_batch);
}

// `what` watts for `ns`, as slow and as hungry as this trial is.
static void spend(null_engine *e, double ns, double w)
{
    double each = e->script.token_frac > 0 ? exp(e->script.token_frac * eb_rng_normal(&e->rng)) : 1;
    double idle_w = e->time->w;
    e->time->w = w * e->watts;
    eb_timeline_pass(e->time, e->time->now_ns + (int64_t)llround(ns * e->slow * each));
    e->time->w = idle_w;
}

static bool null_fill(eb_engine *engine, uint32_t id, const int32_t *tokens, int n, eb_err *err)
{
    null_engine *e = (null_engine *)engine;
    (void)tokens;
    if (!known(e, id, err))
        return false;
    e->sequences[id].context_tok += n;
    spend(e, e->script.prefill_ns * n, e->script.prefill_w);
    return true;
}

static bool null_submit(eb_engine *engine, const eb_request *r, eb_err *err)
{
    null_engine *e = (null_engine *)engine;
    if (!known(e, r->id, err))
        return false;
    sequence *s = &e->sequences[r->id];
    if (s->live)
        return eb_err_set(err, EB_FAILED, "sequence %u is busy", r->id);
    *s = (sequence){ .live = true,
                     .waiting = true,
                     .context_tok = s->context_tok,
                     .prompt_tok = r->prompt_tok,
                     .output_tok = r->output_tok,
                     .first = (uint32_t)r->prompt[0] };
    e->live++;
    return true;
}

static void finish(null_engine *e, sequence *s)
{
    *s = (sequence){ 0 };
    e->live--;
}

// Any function of prompt, place and script will do, as long as it is the same each time.
static int32_t token_of(const null_engine *e, const sequence *s)
{
    uint64_t x = (e->script.output * 1000003 + s->first) * 0x9e3779b97f4a7c15u + (uint64_t)s->made_tok;
    x ^= x >> 29;
    x *= 0xbf58476d1ce4e5b9u;
    return (int32_t)((x >> 32) % VOCAB);
}

static void tell(null_engine *e, uint32_t id, int64_t t_start_ns, eb_token_event *out)
{
    sequence *s = &e->sequences[id];
    *out = (eb_token_event){ .request = id,
                             .index = (uint32_t)s->made_tok,
                             .phase = s->made_tok ? EB_PHASE_DECODE : EB_PHASE_PREFILL,
                             .token = token_of(e, s),
                             .t_start_ns = t_start_ns,
                             .t_end_ns = e->time->now_ns };
    s->context_tok += s->made_tok ? 1 : s->prompt_tok;
    s->waiting = false;
    if (++s->made_tok >= s->output_tok)
        finish(e, s);
}

static int null_step(eb_engine *engine, int64_t timeout_ns, eb_token_event *events, int max, eb_err *err)
{
    null_engine *e = (null_engine *)engine;
    (void)timeout_ns;
    if (max < e->live)
        return eb_err_set(err, EB_FAILED, "room for %d events of %d sequences", max, e->live), -1;
    int64_t t_start_ns = e->time->now_ns;
    double context = 0;
    int n = 0;
    for (int i = 0; i < e->max_batch; i++) {
        const sequence *s = &e->sequences[i];
        if (s->live && s->waiting) {
            spend(e, e->script.prefill_ns * s->prompt_tok, e->script.prefill_w);
            tell(e, (uint32_t)i, t_start_ns, events);
            return 1;
        }
        context += s->live ? s->context_tok : 0;
    }
    if (e->live == 0)
        return 0;
    double more = 1 + e->script.batch_frac * (e->live - 1);
    spend(e, e->script.decode_ns * more + e->script.context_ns * context, e->script.decode_w);
    for (int i = 0; i < e->max_batch; i++)
        if (e->sequences[i].live)
            tell(e, (uint32_t)i, t_start_ns, &events[n++]);
    return n;
}

static bool null_busy(const eb_engine *engine)
{
    return ((const null_engine *)engine)->live > 0;
}

static void null_cancel(eb_engine *engine, uint32_t id)
{
    null_engine *e = (null_engine *)engine;
    if (id < (uint32_t)e->max_batch && e->sequences[id].live)
        finish(e, &e->sequences[id]);
}

static void null_close(eb_engine *engine)
{
    null_engine *e = (null_engine *)engine;
    free(e->sequences);
    free(e);
}

static const eb_clock *null_clock(const eb_engine *engine)
{
    return &((const null_engine *)engine)->clock;
}

const eb_engine_ops eb_engine_null = {
    .name = "null",
    .doc = "a script on a virtual clock: to try a pipeline dry",
    .prepare = null_prepare,
    .predict_bytes = null_predict,
    .open = null_open,
    .caps = null_caps,
    .memory = null_memory,
    .prompt_flop = null_prompt_flop,
    .reset = null_reset,
    .fill_context = null_fill,
    .submit = null_submit,
    .step = null_step,
    .busy = null_busy,
    .cancel = null_cancel,
    .close = null_close,
    .clock = null_clock,
    .simulate = eb_null_simulate,
    .options = eb_null_options,
};
