// SPDX-License-Identifier: Apache-2.0
// Load: requests that arrive by a rule instead of all at once, served together while they last. Latencies count from
// the scheduled arrival, so that a queue shows in them, wherever it is.
#include <stdlib.h>

#include "harness/base/mem.h"
#include "workloads/load_curve.h"
#include "workloads/load_schedule.h"

static bool prepare(const eb_workload_params *params, eb_engine *engine, eb_err *err)
{
    return eb_generate_prepare("load", NULL, params, engine, err);
}

enum { CURVE_TOKENS = 1 << 21 };

static void room(const eb_workload_params *p, size_t *tokens, size_t *requests)
{
    if (p->load.mode == EB_LOAD_CURVE) { // how many is known once it is calibrated
        *tokens = CURVE_TOKENS;
        *requests = CURVE_TOKENS / (size_t)p->output_tok + 2 * (size_t)p->batch;
        return;
    }
    *requests = (size_t)p->load.requests;
    // A step needs room for a token of each sequence.
    *tokens = *requests * (size_t)p->output_tok + (size_t)p->batch;
}

static int users_of(const eb_load_params *load)
{
    return load->mode == EB_LOAD_SINGLE ? 1 : load->mode == EB_LOAD_CLOSED ? load->users : load->requests;
}

// Of its own for every trial and level, and the same in the n-th trial of any case with this seed.
static uint64_t schedule_seed(const eb_workload_params *p, const eb_trial_sink *sink)
{
    return p->seed * 0x9e3779b97f4a7c15u + (uint64_t)sink->round * 64;
}

static void end_of(eb_trial_sink *sink)
{
    sink->t_end_ns = sink->t_start_ns;
    for (size_t i = 0; i < sink->n_tokens; i++)
        if (sink->tokens[i].t_end_ns > sink->t_end_ns)
            sink->t_end_ns = sink->tokens[i].t_end_ns;
}

static void put_level(eb_drive *d)
{
    eb_trial_sink *sink = d->sink;
    int64_t last_ns = sink->n_requests ? sink->requests[sink->n_requests - 1].scheduled_ns : sink->t_start_ns;
    sink->levels[sink->n_levels++] = (eb_level_row){ .percent = -1,
                                                     .nominal_per_s = d->p->load.rate_per_s,
                                                     .t_start_ns = sink->t_start_ns,
                                                     .t_offered_ns = last_ns,
                                                     .t_end_ns = sink->t_end_ns };
}

static bool window(eb_drive *d, const int64_t *after_ns, eb_err *err)
{
    const eb_load_params *load = &d->p->load;
    eb_trial_sink *sink = d->sink;
    if (sink->mark)
        sink->mark(sink->arg, true);
    sink->t_start_ns = eb_drive_now_ns(d);
    const eb_arrivals all = { .t0_ns = sink->t_start_ns,
                              .after_ns = after_ns,
                              .n = load->requests,
                              .users = users_of(load),
                              .until_ns = INT64_MAX };
    bool ok = eb_drive_run(d, &all, err);
    if (sink->mark)
        sink->mark(sink->arg, false);
    end_of(sink);
    put_level(d);
    return ok;
}

static bool run_trial(const eb_workload_params *p, eb_engine *engine, eb_trial_sink *sink, eb_err *err)
{
    int64_t *after_ns = NULL;
    eb_drive d;
    if (!eb_drive_init(&d, p, engine, sink, err))
        return false;
    if (p->load.mode == EB_LOAD_SERVER) {
        after_ns = eb_alloc((size_t)p->load.requests * sizeof *after_ns);
        eb_load_schedule(after_ns, p->load.requests, p->load.rate_per_s, p->load.even, schedule_seed(p, sink));
    }
    bool ok = p->load.mode == EB_LOAD_CURVE ? eb_curve_run(&d, schedule_seed(p, sink), err) : window(&d, after_ns, err);
    engine->ops->reset(engine);
    free(after_ns);
    eb_drive_deinit(&d);
    return ok;
}

// How many requests a curve has is a matter of speed; what they generate is not: the first ones stand for all.
static void verify(const eb_trial_sink *sink, char digest[17])
{
    enum { FIRST = 4 };
    eb_trial_sink first = *sink;
    if (sink->n_levels > 1) {
        eb_token_event *kept = eb_alloc((sink->n_tokens + 1) * sizeof *kept);
        first.n_tokens = 0;
        for (size_t i = 0; i < sink->n_tokens; i++)
            if (sink->tokens[i].request < FIRST)
                kept[first.n_tokens++] = sink->tokens[i];
        first.tokens = kept;
        bool all = sink->n_requests >= FIRST;
        for (size_t i = 0; all && i < FIRST; i++)
            all = sink->requests[i].status == EB_REQUEST_OK;
        digest[0] = '\0';
        if (all)
            eb_generate_verify(&first, digest);
        free(kept);
        return;
    }
    eb_generate_verify(&first, digest);
}

const eb_workload_ops eb_workload_load = {
    .name = "load",
    .family = NULL,
    .doc = "Requests that arrive by a rule: one after the other, all at once, at random, or from users that wait.",
    .prepare = prepare,
    .run_trial = run_trial,
    .verify = verify,
    .room = room,
};
