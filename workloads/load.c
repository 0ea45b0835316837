// SPDX-License-Identifier: Apache-2.0
// Load: requests that arrive by a rule instead of all at once, served together while they last. Latencies count from
// the scheduled arrival, so that a queue shows in them, wherever it is.
#include <stdlib.h>

#include "harness/base/mem.h"
#include "workloads/load_drive.h"
#include "workloads/load_schedule.h"

static bool prepare(const eb_workload_params *params, eb_engine *engine, eb_err *err)
{
    return eb_generate_prepare("load", NULL, params, engine, err);
}

static void room(const eb_workload_params *p, size_t *tokens, size_t *requests)
{
    *requests = (size_t)p->load.requests;
    // A step needs room for a token of each sequence.
    *tokens = *requests * (size_t)p->output_tok + (size_t)p->batch;
}

static int users_of(const eb_load_params *load)
{
    return load->mode == EB_LOAD_SINGLE ? 1 : load->mode == EB_LOAD_CLOSED ? load->users : load->requests;
}

// Of its own for every trial, and the same in the n-th trial of any case with this seed.
static uint64_t schedule_seed(const eb_workload_params *p, const eb_trial_sink *sink)
{
    return p->seed * 0x9e3779b97f4a7c15u + (uint64_t)sink->round;
}

static void end_of(eb_trial_sink *sink)
{
    sink->t_end_ns = sink->t_start_ns;
    for (size_t i = 0; i < sink->n_tokens; i++)
        if (sink->tokens[i].t_end_ns > sink->t_end_ns)
            sink->t_end_ns = sink->tokens[i].t_end_ns;
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
    bool ok = window(&d, after_ns, err);
    engine->ops->reset(engine);
    free(after_ns);
    eb_drive_deinit(&d);
    return ok;
}

const eb_workload_ops eb_workload_load = {
    .name = "load",
    .family = NULL,
    .doc = "Requests that arrive by a rule: one after the other, all at once, at random, or from users that wait.",
    .prepare = prepare,
    .run_trial = run_trial,
    .verify = eb_generate_verify,
    .room = room,
};
