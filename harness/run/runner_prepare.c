// SPDX-License-Identifier: Apache-2.0
#include "harness/run/runner_impl.h"

#include <stdio.h>
#include <string.h>

#include "harness/base/mem.h"
#include "harness/run/calibrate.h"
#include "harness/run/cold.h"
#include "harness/run/machine.h"

enum { SUSTAINED_TOKENS = 1 << 21 };

static void notice(void *arg, const char *line)
{
    const eb_runner *r = arg;
    if (r->job->hooks.notice)
        r->job->hooks.notice(r->job->hooks.arg, line);
}

// A run that goes on keeps what it was begun with.
static bool calibrate(eb_runner *r, eb_err *err)
{
    if (!r->plan->probes.calibrate || r->job->resume || eb_runner_simulates(r))
        return true;
    eb_calibrate_setup setup = { .io = r->job->io,
                                 .probes = r->found.probes,
                                 .n_probes = r->found.n_probes,
                                 .limit_ns = EB_CALIBRATE_LIMIT_NS,
                                 .stop = eb_runner_stop_asked,
                                 .arg = r };
    eb_runner_progress(r, "calibrate", NULL, 0);
    eb_calibrate(&setup, r->found.channels);
    return !eb_runner_interrupted(r, err) && eb_runner_require_energy(r, err);
}

static bool prepare_models(eb_runner *r, eb_err *err)
{
    for (int i = 0; i < r->plan->n_cases; i++) {
        const eb_case *c = &r->plan->cases[i];
        eb_model_spec spec = { c->source, c->type, c->model_seed };
        eb_runner_progress(r, "model", c, 0);
        if (eb_runner_interrupted(r, err) ||
            !r->plan->engine->prepare(&spec, r->cases[i].path, sizeof r->cases[i].path, notice, r, err))
            return false;
        spec.type = c->reference_type;
        char path[EB_RUNNER_PATH];
        if (c->reference_type && !r->plan->engine->prepare(&spec, path, sizeof path, notice, r, err))
            return false;
    }
    return true;
}

static bool quality(eb_runner *r, const eb_case *c, eb_case_facts *f, eb_err *err)
{
    if (!c->ops->needs_eval || !c->reference_type)
        return true;
    eb_model_spec spec = { c->source, c->reference_type, c->model_seed };
    char path[EB_RUNNER_PATH];
    eb_runner_close_engine(r);
    return r->plan->engine->prepare(&spec, path, sizeof path, notice, r, err) &&
           eb_facts_quality(r->plan, c, r->cases[c->index].path, path, &r->reference, f, err);
}

static bool case_facts(eb_runner *r, const eb_case *c, eb_err *err)
{
    eb_case_facts *f = &r->facts[c->index];
    int64_t load_ns;
    eb_runner_progress(r, "warm", c, 0);
    if (!eb_runner_open_engine(r, c, &load_ns, err) || !c->ops->prepare(&c->params, r->engine, err))
        return false;
    eb_facts_init(f, c, r->engine_path, r->engine);
    if (!quality(r, c, f, err))
        return false;
    if (r->plan->run.cold_start && r->job->self && !eb_runner_simulates(r)) {
        eb_runner_close_engine(r);
        eb_err cold;
        eb_err_clear(&cold);
        f->first_token_cold_ns = eb_cold_first_token(r->job->self, r->cases[c->index].path, c->threads,
                                                     r->plan->affinity, c->kv, eb_runner_stop_asked, r, &cold);
        if (f->first_token_cold_ns < 0 && !eb_runner_stop_asked(r))
            eb_warn(&r->warnings, "%s", cold.message);
    }
    return !eb_runner_interrupted(r, err);
}

static bool all_facts(eb_runner *r, eb_err *err)
{
    for (int i = 0; i < r->plan->n_cases; i++)
        if (!case_facts(r, &r->plan->cases[i], err))
            return false;
    eb_reference_deinit(&r->reference);
    eb_runner_close_engine(r);
    return true;
}

int eb_runner_most_threads(const eb_plan *plan)
{
    int most = 1;
    for (int i = 0; i < plan->n_cases; i++)
        most = plan->cases[i].threads > most ? plan->cases[i].threads : most;
    return most;
}

static bool describe(eb_runner *r, eb_err *err)
{
    if (!eb_ceilings_get(r->plan->engine, r->plan->run.ceilings, eb_runner_most_threads(r->plan), r->plan->affinity,
                         &r->warnings, &r->ceilings, err))
        return false;
    r->header = eb_header_build(r->plan, r->job->tool_version, &r->found);
    eb_machine_describe(r->job->io, r->ceilings.c.isa, r->header);
    eb_ceilings_describe(&r->ceilings, r->header);
    return true;
}

static bool allocate(eb_runner *r, eb_err *err)
{
    const eb_plan *plan = r->plan;
    for (int i = 0; i < plan->n_cases; i++) {
        const eb_workload_params *p = &plan->cases[i].params;
        size_t batch = (size_t)p->batch, tokens = batch * (size_t)p->output_tok, requests = batch;
        if (plan->cases[i].ops->room)
            plan->cases[i].ops->room(p, &tokens, &requests);
        if (p->duration_ns && tokens < SUSTAINED_TOKENS)
            tokens = SUSTAINED_TOKENS;
        if (p->duration_ns)
            requests += tokens / (size_t)p->output_tok;
        r->cap_tokens = tokens > r->cap_tokens ? tokens : r->cap_tokens;
        r->cap_requests = requests > r->cap_requests ? requests : r->cap_requests;
        r->cases[i].tok_s = eb_alloc(sizeof(double) * (size_t)plan->run.trials_max);
        r->cases[i].done = eb_alloc((size_t)plan->run.trials_max);
    }
    r->total = plan->n_cases * plan->run.trials_max;
    r->tokens = eb_try_alloc(r->cap_tokens, sizeof *r->tokens, "token marks", err);
    r->requests = eb_try_alloc(r->cap_requests, sizeof *r->requests, "requests", err);
    return r->tokens && r->requests;
}

bool eb_runner_prepare(eb_runner *r, eb_err *err)
{
    return calibrate(r, err) && allocate(r, err) && prepare_models(r, err) && describe(r, err) && all_facts(r, err);
}
