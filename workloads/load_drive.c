// SPDX-License-Identifier: Apache-2.0
#include "workloads/load_drive.h"

#include <stdlib.h>
#include "harness/base/mem.h"

enum { PROMPTS_MAX = 1024 };
#define STEP_TIMEOUT_NS 1000000000ll
#define NAP_NS          50000000ll // how long a wish to stop may go unheard

static void free_all_slots(eb_drive *d)
{
    d->n_free = 0;
    for (int i = d->p->batch - 1; i >= 0; i--)
        d->free_slots[d->n_free++] = (uint32_t)i;
}

bool eb_drive_init(eb_drive *d, const eb_workload_params *p, eb_engine *engine, eb_trial_sink *sink, eb_err *err)
{
    eb_engine_caps caps;
    engine->ops->caps(engine, &caps);
    *d = (eb_drive){ .p = p, .engine = engine, .clock = eb_engine_clock(engine), .sink = sink };
    sink->n_tokens = sink->n_requests = 0;
    sink->n_levels = 0;
    sink->saturated_per_s = 0;
    d->n_prompts = sink->cap_requests < PROMPTS_MAX ? (int)sink->cap_requests : PROMPTS_MAX;
    const size_t batch = (size_t)p->batch, prompt = (size_t)p->prompt_tok;
    d->prompts = eb_try_alloc((size_t)d->n_prompts * prompt, sizeof *d->prompts, "prompts", err);
    if (!d->prompts)
        return false;
    for (int i = 0; i < d->n_prompts; i++)
        eb_generate_tokens(p->seed, (uint64_t)i, caps.vocab, d->prompts + (size_t)i * prompt, p->prompt_tok);
    d->request_of = eb_alloc(batch * sizeof *d->request_of);
    d->free_slots = eb_alloc(batch * sizeof *d->free_slots);
    free_all_slots(d);
    engine->ops->reset(engine);
    return true;
}

void eb_drive_deinit(eb_drive *d)
{
    free(d->prompts);
    free(d->request_of);
    free(d->free_slots);
    *d = (eb_drive){ 0 };
}

void eb_drive_forget(eb_drive *d)
{
    d->sink->n_tokens = d->sink->n_requests = d->n_sent = 0;
}

int64_t eb_drive_now_ns(const eb_drive *d)
{
    return d->clock->now_ns(d->clock);
}

// What it is doing now.
typedef struct course {
    const eb_arrivals *a;
    int arrived, finished;
} course;

static bool arrive(eb_drive *d, course *c, int64_t scheduled_ns, eb_err *err)
{
    eb_trial_sink *sink = d->sink;
    if (sink->n_requests == sink->cap_requests)
        return eb_err_set(err, EB_FAILED, "the trial's buffers are too small for more than %zu requests",
                          sink->cap_requests);
    sink->requests[sink->n_requests] = (eb_request_row){ .request = (uint32_t)sink->n_requests,
                                                         .scheduled_ns = scheduled_ns,
                                                         .sent_ns = scheduled_ns,
                                                         .prompt_tok = (uint32_t)d->p->prompt_tok,
                                                         .status = EB_REQUEST_CANCELLED };
    sink->n_requests++;
    c->arrived++;
    return true;
}

// Whose time has come by now.
static bool arrive_due(eb_drive *d, course *c, int64_t now_ns, eb_err *err)
{
    const eb_arrivals *a = c->a;
    while (a->after_ns && c->arrived < a->n && a->t0_ns + a->after_ns[c->arrived] <= now_ns)
        if (!arrive(d, c, a->t0_ns + a->after_ns[c->arrived], err))
            return false;
    return true;
}

// First come, first served, as long as there are slots.
static bool send_waiting(eb_drive *d, eb_err *err)
{
    const eb_workload_params *p = d->p;
    while (d->n_free > 0 && d->n_sent < d->sink->n_requests) {
        const size_t i = d->n_sent++;
        const uint32_t slot = d->free_slots[--d->n_free];
        eb_request r = { .id = slot,
                         .prompt = d->prompts + i % (size_t)d->n_prompts * (size_t)p->prompt_tok,
                         .prompt_tok = p->prompt_tok,
                         .output_tok = p->output_tok,
                         .sampling = p->sampling };
        r.sampling.seed += (uint64_t)i;
        d->request_of[slot] = (uint32_t)i;
        d->sink->requests[i].sent_ns = eb_drive_now_ns(d);
        if (!d->engine->ops->submit(d->engine, &r, err))
            return false;
    }
    return true;
}

// The engine counts its sequences by slots; here every request has a number of its own.
static bool take(eb_drive *d, course *c, eb_token_event *e, eb_err *err)
{
    const uint32_t slot = e->request;
    if (slot >= (uint32_t)d->p->batch)
        return eb_err_set(err, EB_FAILED, "the engine made a token for sequence %u of %d", slot, d->p->batch);
    e->request = d->request_of[slot];
    eb_request_row *row = &d->sink->requests[e->request];
    if (++row->output_tok < (uint32_t)d->p->output_tok)
        return true;
    row->status = EB_REQUEST_OK;
    d->free_slots[d->n_free++] = slot;
    c->finished++;
    if (!c->a->after_ns && c->arrived < c->a->n)
        return arrive(d, c, e->t_end_ns, err); // whoever has an answer asks again at once
    return true;
}

// The next arrival, or where there is none, the end.
static int64_t next_ns(const course *c)
{
    const eb_arrivals *a = c->a;
    int64_t next = a->after_ns && c->arrived < a->n ? a->t0_ns + a->after_ns[c->arrived] : a->least_ns;
    return next < a->until_ns ? next : a->until_ns;
}

static bool step(eb_drive *d, course *c, int64_t now_ns, eb_err *err)
{
    eb_trial_sink *sink = d->sink;
    const size_t room = sink->cap_tokens - sink->n_tokens;
    if (room < (size_t)d->p->batch)
        return eb_err_set(err, EB_FAILED, "the trial's buffers are too small for more than %zu tokens",
                          sink->cap_tokens);
    // An engine that waits for its tokens must be back for the next arrival, if that can be served.
    int64_t wait_ns = c->arrived < c->a->n && d->n_free > 0 ? next_ns(c) - now_ns : STEP_TIMEOUT_NS;
    wait_ns = wait_ns < 0 ? 0 : wait_ns > STEP_TIMEOUT_NS ? STEP_TIMEOUT_NS : wait_ns;
    eb_token_event *to = sink->tokens + sink->n_tokens;
    int n = eb_generate_step(d->p, d->engine, wait_ns, to, (int)(room < INT32_MAX ? room : INT32_MAX), err);
    if (n < 0)
        return false;
    sink->n_tokens += (size_t)n;
    for (int i = 0; i < n; i++)
        if (!take(d, c, &to[i], err))
            return false;
    return true;
}

// What has not been answered stays cancelled; what has not been sent is never served.
static void cut(eb_drive *d)
{
    d->engine->ops->reset(d->engine);
    free_all_slots(d);
    d->n_sent = d->sink->n_requests;
}

// One turn: a step of the engine, or, without work for it, a nap. Sets *over at the end.
static bool turn(eb_drive *d, course *c, bool *over, eb_err *err)
{
    const eb_arrivals *a = c->a;
    const int64_t now = eb_drive_now_ns(d);
    if (now >= a->until_ns) {
        cut(d);
        *over = true;
        return true;
    }
    if (!arrive_due(d, c, now, err) || !send_waiting(d, err))
        return false;
    if (d->engine->ops->busy(d->engine))
        return step(d, c, now, err);
    if (c->finished < c->arrived)
        return eb_err_set(err, EB_FAILED, "the engine is idle while %d requests wait for their tokens",
                          c->arrived - c->finished);
    const int64_t next = next_ns(c);
    *over = c->arrived == a->n && now >= a->least_ns;
    if (!*over && next > now)
        d->clock->sleep_until_ns(d->clock, next - now < NAP_NS ? next : now + NAP_NS);
    return true;
}

bool eb_drive_run(eb_drive *d, const eb_arrivals *a, eb_err *err)
{
    course c = { .a = a };
    bool over = false;
    for (int i = 0; !a->after_ns && i < a->users && i < a->n; i++)
        if (!arrive(d, &c, a->t0_ns, err))
            return false;
    while (!over) {
        if (d->sink->stop && d->sink->stop(d->sink->arg))
            return eb_err_set(err, EB_SIGINT, "interrupted");
        if (!turn(d, &c, &over, err))
            return false;
    }
    return true;
}
