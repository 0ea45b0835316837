// SPDX-License-Identifier: Apache-2.0
#include "harness/run/spans.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/mem.h"

enum {
    SPANS_PER_LAYER = 12,
    SPANS_PER_STEP = 8,           // outside of the layers
    LEAST_CHUNK_TOK = 32,         // prompt tokens of a prefill step, at least
    MOST_SPANS = 8 * 1024 * 1024, // 192 MiB
};

static size_t most_spans(const eb_plan *plan, const eb_case_facts *facts)
{
    size_t most = 1;
    for (int i = 0; i < plan->n_cases; i++) {
        const eb_workload_params *p = &plan->cases[i].params;
        size_t prompts = (size_t)p->batch * (size_t)p->prompt_tok;
        size_t steps = (size_t)p->output_tok + (size_t)p->batch + prompts / LEAST_CHUNK_TOK + 1;
        if (p->load.requests) // none of them shares a step, at worst
            steps = (size_t)p->load.requests * (size_t)(p->output_tok + p->prompt_tok / LEAST_CHUNK_TOK + 1);
        size_t spans = steps * ((size_t)facts[i].n_layer * SPANS_PER_LAYER + SPANS_PER_STEP);
        if (p->duration_ns || p->load.mode == EB_LOAD_CURVE)
            spans = MOST_SPANS;
        most = spans > most ? spans : most;
    }
    return most < MOST_SPANS ? most : MOST_SPANS;
}

// "LLC-LOAD-MISSES: nothing counts it" -> "nothing counts it": which event was tried for a name is no reason of its
// own.
static const char *reason_of(const eb_op_event *event)
{
    const char *reason = event->detection.reason, *colon = strstr(reason, ": ");
    return colon && !memchr(reason, ' ', (size_t)(colon - reason)) ? colon + 2 : reason;
}

// One warning for each reason, with the names of all events it keeps from being counted.
static void say_missing(const eb_op_event *events, int n, eb_warnings *w)
{
    enum { MOST = 64 };
    bool said[MOST] = { false };
    for (int i = 0; i < n && i < MOST; i++) {
        if (said[i] || events[i].detection.state == EB_PROBE_OK)
            continue;
        char names[256];
        int len = snprintf(names, sizeof names, "%s", events[i].name);
        for (int k = i + 1; k < n && k < MOST; k++) {
            if (events[k].detection.state == EB_PROBE_OK || strcmp(reason_of(&events[k]), reason_of(&events[i])) != 0)
                continue;
            said[k] = true;
            if (len < (int)sizeof names)
                len += snprintf(names + len, sizeof names - (size_t)len, ", %s", events[k].name);
        }
        eb_warn(w, "not counted by operator: %s: %s", names, reason_of(&events[i]));
    }
}

// Asked before the first trial, so that no round is given to counting where nothing can be counted, nor to what every
// kernel counts besides (task-clock and the like) unless that was asked for by name.
static bool can_count(const eb_plan *plan, const eb_io *io, eb_warnings *w)
{
    if (!*plan->probes.events)
        return false;
    eb_op_counters *c = eb_op_counters_new_groups(io, plan->groups, plan->probes.events, 1);
    const eb_op_event *events;
    int n = eb_op_counters_events(c, &events);
    say_missing(events, n, w);
    const bool by_name = strcmp(plan->probes.events, "auto") != 0;
    bool any = false;
    for (int i = 0; i < n; i++)
        any |= events[i].detection.state == EB_PROBE_OK &&
               (by_name || eb_groups_event(plan->groups ? plan->groups : eb_groups_builtin(), events[i].name));
    eb_op_counters_free(c);
    return any;
}

bool eb_spans_init(eb_spans *s, const eb_plan *plan, const eb_io *io, const eb_case_facts *facts, eb_warnings *warnings,
                   eb_err *err)
{
    *s = (eb_spans){ .on = plan->run.profile, .plan = plan, .io = io };
    if (!s->on)
        return true;
    if (!plan->engine->set_span_sink)
        return eb_err_set(err, EB_USAGE, "the engine '%s' does not tell its operators", plan->engine->name);
    s->count = can_count(plan, io, warnings);
    s->sink.cap = most_spans(plan, facts);
    s->sink.items = eb_try_alloc(s->sink.cap, sizeof *s->sink.items, "operator spans", err);
    // Written to once, so that no page is new inside a window.
    if (s->sink.items)
        memset(s->sink.items, 0, s->sink.cap * sizeof *s->sink.items);
    return s->sink.items;
}

void eb_spans_deinit(eb_spans *s)
{
    eb_op_counters_free(s->counters);
    free(s->sink.items);
    *s = (eb_spans){ 0 };
}

void eb_spans_watch(eb_spans *s, eb_engine *engine, int threads, int round)
{
    if (!s->on)
        return;
    s->sink.on_worker = NULL;
    // The only round there is measures time.
    if (s->count && round > 1 && round == s->plan->run.trials_max) {
        s->counters = eb_op_counters_new_groups(s->io, s->plan->groups, s->plan->probes.events, threads);
        s->sink.on_worker = eb_op_counters_on_worker;
        s->sink.arg = s->counters;
    }
    s->engine = engine;
    engine->ops->set_span_sink(engine, &s->sink);
}

void eb_spans_begin(eb_spans *s)
{
    s->sink.n = 0;
    s->sink.dropped = 0;
    if (s->counters)
        eb_op_counters_clear(s->counters);
}

void eb_spans_forget(eb_spans *s)
{
    if (s->engine)
        s->engine->ops->set_span_sink(s->engine, NULL);
    s->engine = NULL;
    eb_op_counters_free(s->counters);
    s->counters = NULL;
}

static size_t spans_inside(const eb_spans *s, const eb_trial_info *info, const eb_span **first)
{
    size_t begin = 0, end = s->sink.n;
    while (begin < end && s->sink.items[begin].t_start_ns < info->t_start_ns)
        begin++;
    while (end > begin && s->sink.items[end - 1].t_start_ns + s->sink.items[end - 1].length_ns > info->t_end_ns)
        end--;
    *first = s->sink.items + begin;
    return end - begin;
}

static eb_op_count_row *counted(const eb_spans *s, size_t *n)
{
    const eb_op_event *events = NULL;
    int n_events = s->counters ? eb_op_counters_events(s->counters, &events) : 0;
    eb_op_count_row *rows = eb_alloc((size_t)n_events * EB_OP_COUNT * EB_PHASE_COUNT * sizeof *rows + 1);
    *n = 0;
    for (int e = 0; e < n_events; e++)
        for (int k = 0; k < EB_OP_COUNT * EB_PHASE_COUNT && events[e].detection.state == EB_PROBE_OK; k++) {
            eb_op op = (eb_op)(k % EB_OP_COUNT);
            eb_phase phase = (eb_phase)(k / EB_OP_COUNT);
            eb_op_count c = eb_op_counters_get(s->counters, e, -1, op, phase);
            if (c.calls == 0 && op != EB_OP_OTHER)
                continue;
            eb_op_count_row *row = &rows[(*n)++];
            *row = (eb_op_count_row){
                .op = op, .phase = phase, .value = c.value, .running_frac = c.running_frac, .calls = c.calls
            };
            snprintf(row->event, sizeof row->event, "%.47s", events[e].name);
        }
    return rows;
}

void eb_spans_keep(eb_spans *s, eb_journal *journal, const eb_trial_info *info, eb_warnings *warnings)
{
    if (!s->on || !s->engine)
        return;
    eb_engine_caps caps;
    s->engine->ops->caps(s->engine, &caps);
    s->engine->ops->set_span_sink(s->engine, NULL); // before the counters are looked at: nobody counts any more
    const eb_span *first;
    size_t n = spans_inside(s, info, &first), n_ops;
    eb_op_count_row *ops = counted(s, &n_ops);
    // A trial that counts tells no times.
    eb_journal_spans(journal, info->number, first, s->counters ? 0 : n, ops, n_ops);
    free(ops);
    if (s->sink.dropped)
        eb_warn(warnings, "operator spans that did not fit and are lost: %llu; the end of the trial is missing",
                (unsigned long long)s->sink.dropped);
    for (int i = 0; s->counters && i < caps.threads; i++)
        if (eb_op_counters_trouble(s->counters, i)) {
            eb_warn(warnings, "operators: thread %d does not count: %s", i, eb_op_counters_trouble(s->counters, i));
            break;
        }
    eb_spans_forget(s);
}
