// SPDX-License-Identifier: Apache-2.0
#include "harness/run/runner_impl.h"

#include <string.h>

#include "harness/base/clock.h"
#include "harness/run/faults.h"
#include "harness/run/guards.h"
#include "harness/run/rss.h"

#define NAP_NS     20000000ll
#define PREROLL_NS 5000000ll

static bool wait_ns(eb_runner *r, int64_t ns)
{
    int64_t until = eb_runner_now_ns(r) + ns;
    while (eb_runner_now_ns(r) < until && !eb_runner_stop_asked(r)) {
        int64_t nap = eb_runner_now_ns(r) + NAP_NS;
        r->clock->sleep_until_ns(r->clock, nap < until ? nap : until);
    }
    return !eb_runner_stop_asked(r);
}

// Time that is simulated has no thread beside it: who looks is called while it passes.
static int64_t tick(void *arg, int64_t at_ns)
{
    return eb_sampler_poll(arg, at_ns);
}

static void begin_sampling(eb_runner *r)
{
    eb_sampler_begin(r->sampler);
    if (eb_runner_simulates(r))
        eb_timeline_watch(&r->timeline, tick, r->sampler, eb_runner_now_ns(r));
}

static void end_sampling(eb_runner *r)
{
    eb_timeline_watch(&r->timeline, NULL, NULL, 0);
    eb_sampler_end(r->sampler);
}

bool eb_runner_idle_baseline(eb_runner *r, eb_err *err)
{
    if (r->plan->run.idle_ns <= 0)
        return true;
    eb_runner_progress(r, "idle", NULL, 0);
    eb_runner_close_engine(r); // before and after the trials alike: no model in memory, no threads
    eb_trial_info info = { .number = 0, .case_index = -1, .load_ns = -1 };
    eb_utc_now(info.taken_utc, sizeof info.taken_utc);
    begin_sampling(r);
    info.t_start_ns = eb_runner_now_ns(r);
    wait_ns(r, r->plan->run.idle_ns);
    info.t_end_ns = eb_runner_now_ns(r);
    end_sampling(r);
    if (eb_runner_interrupted(r, err))
        return false;
    size_t n;
    const eb_power_row *rows = eb_sampler_rows(r->sampler, &n);
    return eb_journal_trial(r->journal, &info, NULL, 0, NULL, 0, rows, n, err);
}

// ---- trials --------------------------------------------------------------------------------------------

static void mark(void *arg, bool begin)
{
    eb_runner *r = arg;
    if (!begin) {
        end_sampling(r);
        return;
    }
    // A few updates earlier than the window: at its start the counter shows what was drawn until its last update, and
    // what was drawn since then is known only from the power before.
    begin_sampling(r);
    r->clock->sleep_until_ns(r->clock, eb_runner_now_ns(r) + PREROLL_NS);
    eb_sampler_read(r->sampler);
    eb_spans_begin(&r->spans);
}

static bool measure(eb_runner *r, const eb_case *c, eb_trial_sink *sink, eb_trial_info *info, eb_warnings *w,
                    eb_err *err)
{
    eb_guard before, after;
    if (!eb_runner_open_engine(r, c, &info->load_ns, err) || !c->ops->prepare(&c->params, r->engine, err))
        return false;
    eb_spans_watch(&r->spans, r->engine, c->threads, info->round);
    if (r->plan->engine->set_pulse)
        r->plan->engine->set_pulse(r->engine, eb_sampler_pulse(r->sampler));
    eb_guard_read(r->job->io, &before);
    if (!c->ops->run_trial(&c->params, r->engine, sink, err))
        return false;
    eb_guard_read(r->job->io, &after);
    if (!eb_runner_simulates(r)) // what the machine does meanwhile is of no weight
        eb_guard_compare(&before, &after, sink->t_end_ns - sink->t_start_ns, w);
    eb_engine_memory memory;
    r->plan->engine->memory(r->engine, &memory);
    c->ops->verify(sink, info->digest);
    info->t_start_ns = sink->t_start_ns;
    info->t_end_ns = sink->t_end_ns;
    memcpy(info->levels, sink->levels, sizeof info->levels);
    info->n_levels = sink->n_levels;
    info->saturated_per_s = sink->saturated_per_s;
    info->rss_peak_bytes = eb_rss_peak(r->job->io);
    info->model_bytes = memory.model_bytes;
    info->kv_bytes = memory.kv_bytes;
    info->scratch_bytes = memory.scratch_bytes;
    return true;
}

static bool one_trial(eb_runner *r, const eb_case *c, int round, eb_err *err)
{
    eb_trial_info info = { .number = r->number + 1, .case_index = c->index, .round = round, .load_ns = -1 };
    eb_trial_sink sink = { .tokens = r->tokens,
                           .cap_tokens = r->cap_tokens,
                           .requests = r->requests,
                           .cap_requests = r->cap_requests,
                           .round = round,
                           .mark = mark,
                           .stop = eb_runner_stop_asked,
                           .arg = r };
    eb_warnings w = { 0 };
    eb_err failure;
    eb_err_clear(&failure);
    eb_runner_progress(r, "trial", c, round);
    r->timeline.trial = r->number;
    bool ok = measure(r, c, &sink, &info, &w, &failure);
    if (!ok && eb_runner_interrupted(r, err)) { // a trial that was cut short is no trial; one that was finished is kept
        eb_warnings_deinit(&w);
        return false;
    }
    size_t n = 0;
    const eb_power_row *rows = ok ? eb_sampler_rows(r->sampler, &n) : NULL;
    if (!ok) {
        info.error = failure.message;
        eb_spans_forget(&r->spans);
        info.t_start_ns = info.t_end_ns = 0;
        sink.n_tokens = sink.n_requests = 0;
        eb_runner_close_engine(r);
    }
    info.sampler_cpu_ns = ok ? eb_sampler_cpu_ns(r->sampler) : 0;
    info.wide_samples = ok ? eb_sampler_wide(r->sampler) : 0;
    if (ok)
        eb_spans_keep(&r->spans, r->journal, &info, &w);
    eb_faults_warn(r->found.channels, r->found.n_channels, rows, n, &w);
    info.warnings = w.items;
    info.n_warnings = (int)w.n;
    ok = eb_journal_trial(r->journal, &info, sink.requests, sink.n_requests, sink.tokens, sink.n_tokens, rows, n, err);
    if (ok) {
        eb_ceilings_compare(&r->ceilings, &r->facts[c->index], c->params.prompt_tok, sink.tokens, sink.n_tokens);
        r->number++;
        eb_runner_count_trial(r, &info);
    }
    eb_warnings_deinit(&w);
    return ok;
}

bool eb_runner_rounds(eb_runner *r, eb_err *err)
{
    const eb_run_config *run = &r->plan->run;
    int64_t began = r->trials_began_ns = eb_now_ns();
    for (int round = 1; round <= run->trials_max; round++) {
        if (run->max_time_ns > 0 && eb_now_ns() - began > run->max_time_ns) {
            r->stopped_in = round;
            break;
        }
        for (int i = 0; i < r->plan->n_cases; i++) {
            const eb_case *c = &r->plan->cases[i];
            if (r->cases[i].stopped || r->cases[i].done[round - 1])
                continue;
            if (eb_runner_interrupted(r, err) || !one_trial(r, c, round, err))
                return false;
            if (run->pause_ns > 0)
                wait_ns(r, run->pause_ns);
        }
    }
    return true;
}
