// SPDX-License-Identifier: Apache-2.0
// The reference engine behind engine.h: opens a model file, checks that it fits, and hands requests to
// its session.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/mem.h"
#include "workloads/engine/native/ceiling.h"
#include "workloads/engine/native/check.h"
#include "workloads/engine/native/make.h"
#include "workloads/engine/native/memory.h"
#include "workloads/engine/native/native.h"
#include "workloads/engine/native/repack.h"
#include "workloads/engine/native/session.h"

enum { MAX_BATCH = 4096, MAX_CHUNK_TOK = 16384, MAX_CTX_TOK = 1 << 24 };

typedef struct native {
    eb_engine base;
    eb_engine_config config;
    eb_model *model;
    const eb_kernels *kernels;
    eb_pool *pool;
    eb_state state;
    eb_session session;
    bool due, packed; // packing, as a pass has been made or was asked to be forgotten; weights are packed for good
} native;

static const char *native_isa(void)
{
    eb_err ignored;
    eb_err_clear(&ignored);
    const eb_kernels *kernels = eb_native_kernels(&ignored);
    return kernels ? kernels->name : NULL;
}

static native *of(eb_engine *engine)
{
    return (native *)(void *)engine;
}

static const native *of_const(const eb_engine *engine)
{
    return (const native *)(const void *)engine;
}

// ---- open -------------------------------------------------------------------------------------------

static bool check_config(const eb_engine_config *c, eb_err *err)
{
    const struct {
        const char *name;
        int value, min, max;
    } rows[] = {
        { "threads", c->threads, 1, EB_POOL_MAX_THREADS },
        { "batch", c->max_batch, 1, MAX_BATCH },
        { "context", c->max_ctx_tok, 1, MAX_CTX_TOK },
        { "chunk", c->chunk_tok, 0, MAX_CHUNK_TOK },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].value < rows[i].min || rows[i].value > rows[i].max)
            return eb_err_set(err, EB_USAGE, "the engine takes a %s of %d to %d, not %d", rows[i].name, rows[i].min,
                              rows[i].max, rows[i].value);
    return true;
}

// Why this table cannot be had.
static const char *lacking(const char *name)
{
    for (const eb_kernels *const *k = eb_kernels_table; *k; k++)
        if (strcmp((*k)->name, name) == 0) {
            const char *why = (*k)->missing ? (*k)->missing() : NULL;
            return why ? why : "this machine lacks its instructions, or the system does not keep their registers";
        }
    return "there is no such table in this build";
}

const eb_kernels *eb_native_kernels(eb_err *err)
{
    const char *force = getenv("EFFBENCH_ISA");
    const eb_kernels *kernels = eb_kernels_pick(force && *force ? force : NULL);
    if (kernels)
        return kernels;
    char names[256] = "";
    for (const eb_kernels *const *k = eb_kernels_table; *k; k++)
        if ((*k)->usable() && strlen(names) + strlen((*k)->name) + 2 < sizeof names)
            snprintf(names + strlen(names), sizeof names - strlen(names), " %s", (*k)->name);
    force = force ? force : "";
    eb_err_set(err, EB_USAGE, "EFFBENCH_ISA=%.32s cannot be used: %s", force, lacking(force));
    eb_err_hint(err, "usable here:%s", names);
    return NULL;
}

static uint64_t plus(uint64_t a, uint64_t b)
{
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

// Weights that are only mapped count too: a token reads them all. Packed ones take the place of the mapped.
static bool check_memory(const native *e, eb_err *err)
{
    const uint64_t mapped = e->model->file->map_bytes, packed = eb_repack_bytes(e->model, e->kernels);
    uint64_t own = plus(eb_session_bytes(e->model, &e->config), plus(e->state.memory_bytes, e->state.work_bytes));
    uint64_t need = plus(own, packed > mapped ? packed : mapped);
    if (e->state.memory_bytes == SIZE_MAX || e->state.work_bytes == SIZE_MAX)
        need = UINT64_MAX;
    char what[160];
    snprintf(what, sizeof what, "model '%.60s' with %d x %d tokens of context", e->model->name, e->config.max_batch,
             e->config.max_ctx_tok);
    return eb_memory_check(eb_memory_root(), what, need, err) &&
           eb_memory_check_addresses(eb_memory_root(), what, plus(own, packed), err); // the mapping is there already
}

static bool open_parts(native *e, const char *path, eb_err *err)
{
    if (!check_config(&e->config, err) || !(e->kernels = eb_native_kernels(err)))
        return false;
    if (!(e->model = eb_model_open(path, err)))
        return false;
    eb_state_size(&e->state, e->model, e->kernels, &e->config);
    if (!check_memory(e, err) || !eb_state_alloc(&e->state, e->model, err))
        return false;
    if (!(e->pool = eb_pool_new(e->config.threads, e->config.affinity, err)) ||
        !eb_repack_bring_in(e->model, e->pool, err))
        return false;
    eb_net net = { .model = e->model, .kernels = e->kernels, .pool = e->pool, .state = &e->state };
    return eb_session_init(&e->session, &net, eb_state_chunk(&e->config), err);
}

static void native_close(eb_engine *engine)
{
    if (!engine)
        return;
    native *e = of(engine);
    eb_session_deinit(&e->session);
    eb_pool_free(e->pool);
    eb_state_deinit(&e->state);
    eb_model_close(e->model);
    free(e);
}

static eb_engine *native_open(const char *path, const eb_engine_config *config, eb_err *err)
{
    native *e = eb_alloc(sizeof *e);
    e->base.ops = &eb_engine_native;
    e->config = *config;
    if (open_parts(e, path, err))
        return &e->base;
    native_close(&e->base);
    return NULL;
}

// ---- what it is -------------------------------------------------------------------------------------

static void native_caps(const eb_engine *engine, eb_engine_caps *out)
{
    const native *e = of_const(engine);
    const eb_model *m = e->model;
    const eb_hparams *hp = &m->hp;
    *out = (eb_engine_caps){ .vocab = hp->vocab,
                             .max_ctx_tok = e->config.max_ctx_tok,
                             .max_batch = e->config.max_batch,
                             .threads = e->config.threads,
                             .n_layer = hp->layers,
                             .n_expert = hp->experts,
                             .n_expert_used = hp->experts_used,
                             .n_params = m->n_params,
                             .model_bytes = m->file->map_bytes,
                             .bytes_per_tok = eb_model_bytes_per_tok(m, 0, (int)e->state.kv_elem),
                             .flop_per_tok = eb_model_flop_per_tok(m, 0),
                             .has_eval = true,
                             .int8 = eb_repack_bytes(m, e->kernels) > m->file->map_bytes / 2 };
    if (!m->info->ssm)
        out->kv_bytes_per_tok = (double)hp->layers * hp->kv_heads * (hp->dim_k + hp->dim_v) * (double)e->state.kv_elem;
    snprintf(out->engine, sizeof out->engine, "%s", eb_engine_native.name);
    snprintf(out->isa, sizeof out->isa, "%s", e->kernels->name);
    snprintf(out->arch, sizeof out->arch, "%s", m->info->name);
    snprintf(out->family, sizeof out->family, "%s", eb_model_family(m));
    snprintf(out->model_name, sizeof out->model_name, "%s", m->name);
    snprintf(out->type, sizeof out->type, "%s", m->type);
}

static double native_prompt_flop(const eb_engine *engine, int depth_tok, int prompt_tok)
{
    return eb_model_prompt_flop(of_const(engine)->model, depth_tok, prompt_tok);
}

static void native_memory(const eb_engine *engine, eb_engine_memory *out)
{
    const native *e = of_const(engine);
    out->model_bytes = e->model->file->map_bytes;
    out->kv_bytes = e->state.memory_bytes;
    out->scratch_bytes = e->state.work_bytes + eb_session_bytes(e->model, &e->config);
}

// ---- requests ---------------------------------------------------------------------------------------

// Weights are packed for good where a first token has not to wait for that.
static bool pack(native *e, eb_err *err)
{
    return e->packed || (e->packed = eb_repack(e->model, e->kernels, e->pool, err));
}

static void native_reset(eb_engine *engine)
{
    eb_err again; // at the next step
    eb_err_clear(&again);
    of(engine)->due = true;
    pack(of(engine), &again);
    eb_session_reset(&of(engine)->session);
}

static bool native_fill_context(eb_engine *engine, uint32_t id, const int32_t *tokens, int n, eb_err *err)
{
    return pack(of(engine), err) && eb_session_fill(&of(engine)->session, id, tokens, n, err);
}

static bool native_submit(eb_engine *engine, const eb_request *request, eb_err *err)
{
    return eb_session_submit(&of(engine)->session, request, err);
}

// The work is done on the caller's time: there is nothing to wait for.
static int native_step(eb_engine *engine, int64_t timeout_ns, eb_token_event *events, int max, eb_err *err)
{
    native *e = of(engine);
    (void)timeout_ns;
    if (e->due && !pack(e, err))
        return -1;
    e->due = true;
    return eb_session_step(&e->session, events, max, err);
}

static bool native_busy(const eb_engine *engine)
{
    return eb_session_busy(&of_const(engine)->session);
}

static void native_cancel(eb_engine *engine, uint32_t id)
{
    eb_session_cancel(&of(engine)->session, id);
}

static void native_set_span_sink(eb_engine *engine, eb_span_sink *sink)
{
    eb_session_set_sink(&of(engine)->session, sink);
}

static void native_set_pulse(eb_engine *engine, const eb_pulse *pulse)
{
    eb_pool_set_pulse(of(engine)->pool, pulse);
}

static bool native_eval(eb_engine *engine, const int32_t *tokens, int n, int chunk, float *out, eb_err *err)
{
    return pack(of(engine), err) && eb_session_eval(&of(engine)->session, tokens, n, chunk, out, err);
}

static bool native_eval_batch(eb_engine *engine, const int32_t *tokens, int n, float *out, eb_err *err)
{
    return pack(of(engine), err) && eb_session_eval_batch(&of(engine)->session, tokens, n, out, err);
}

const eb_engine_ops eb_engine_native = {
    .name = "native",
    .doc = "the reference engine: GGUF files on this machine's CPU",
    .prepare = eb_native_prepare,
    .predict_bytes = eb_native_predict_bytes,
    .check = eb_native_check,
    .family = eb_native_family,
    .trained_ctx_tok = eb_native_trained_ctx_tok,
    .open = native_open,
    .caps = native_caps,
    .memory = native_memory,
    .prompt_flop = native_prompt_flop,
    .reset = native_reset,
    .fill_context = native_fill_context,
    .submit = native_submit,
    .step = native_step,
    .busy = native_busy,
    .cancel = native_cancel,
    .close = native_close,
    .eval = native_eval,
    .eval_batch = native_eval_batch,
    .set_span_sink = native_set_span_sink,
    .set_pulse = native_set_pulse,
    .ceilings = eb_native_ceilings,
    .isa = native_isa,
};
