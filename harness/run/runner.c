// SPDX-License-Identifier: Apache-2.0
#include "harness/run/runner.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/clock.h"
#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/base/timeline.h"
#include "harness/record/journal.h"
#include "harness/run/calibrate.h"
#include "harness/run/ceilings.h"
#include "harness/run/cold.h"
#include "harness/run/facts.h"
#include "harness/run/faults.h"
#include "harness/run/guards.h"
#include "harness/run/header.h"
#include "harness/run/machine.h"
#include "harness/run/rss.h"
#include "harness/run/sampler.h"
#include "harness/run/spans.h"

enum { PATH_SIZE = 512, SUSTAINED_TOKENS = 1 << 21 };
#define NAP_NS     20000000ll
#define PREROLL_NS 5000000ll

// One case while the run goes on.
typedef struct case_state {
    char path[PATH_SIZE]; // model file
    double *tok_s;        // of each finished trial
    int n;                // finished trials
    bool *done;           // by round, 0-based
    bool stopped;         // by the stop rule
    uint64_t rss_bytes;
} case_state;

typedef struct runner {
    const eb_run_job *job;
    const eb_plan *plan;
    eb_found found;
    eb_header *header;
    eb_ceiling_reading ceilings;
    eb_sampler *sampler;
    eb_journal *journal;
    eb_warnings warnings;
    case_state *cases;
    eb_case_facts *facts;
    eb_reference reference;
    // The open engine and what it was opened for.
    eb_engine *engine;
    char engine_path[PATH_SIZE];
    eb_engine_config engine_config;
    // Reused by every trial.
    eb_token_event *tokens;
    eb_request_row *requests;
    size_t cap_tokens, cap_requests;
    eb_spans spans; // of a profile
    int64_t trials_began_ns;
    int done, done_before, total, number;
    // The clock that engine, sampler and windows live by: the machine's, or that of an engine that simulates.
    const eb_clock *clock;
    eb_clock machine_clock;
    eb_timeline timeline;
} runner;

static bool simulates(const runner *r)
{
    return r->plan->engine->simulate != NULL;
}

static int64_t now_ns(const runner *r)
{
    return r->clock->now_ns(r->clock);
}

static bool stop_asked(void *arg)
{
    const runner *r = arg;
    return r->job->signal && *r->job->signal != 0;
}

static bool interrupted(const runner *r, eb_err *err)
{
    if (!stop_asked((void *)r))
        return false;
    eb_err_set(err, *r->job->signal == SIGTERM ? EB_SIGTERM : EB_SIGINT, "interrupted; what was finished is kept");
    eb_err_hint(err, "effbench run --resume '%s' goes on from here", r->job->dir);
    return true;
}

static void notice(void *arg, const char *line)
{
    const runner *r = arg;
    if (r->job->hooks.notice)
        r->job->hooks.notice(r->job->hooks.arg, line);
}

static void progress(const runner *r, const char *stage, const eb_case *c, int round)
{
    if (!r->job->hooks.progress)
        return;
    eb_progress p = { .stage = stage,
                      .case_id = c ? c->id : NULL,
                      .case_index = c ? c->index : 0,
                      .n_cases = r->plan->n_cases,
                      .round = round,
                      .rounds = r->plan->run.trials_max,
                      .done = r->done,
                      .total = r->total,
                      .tok_s = NAN,
                      .eta_s = NAN };
    if (c && r->cases[c->index].n > 0)
        p.tok_s = r->cases[c->index].tok_s[r->cases[c->index].n - 1];
    int here = r->done - r->done_before;
    if (here > 0 && r->trials_began_ns)
        p.eta_s = (double)(eb_now_ns() - r->trials_began_ns) / 1e9 / here * (r->total - r->done);
    r->job->hooks.progress(r->job->hooks.arg, &p);
}

// What the samples cannot say: why a source fell silent.
static void warn_of_trouble(runner *r)
{
    char why[512];
    for (int i = 0; i < r->found.n_probes; i++)
        if (eb_probe_trouble(r->found.probes[i], why, sizeof why))
            eb_warn(&r->warnings, "%s: %s", eb_probe_name(r->found.probes[i]), why);
}

static bool required_energy(const runner *r, eb_err *err)
{
    return eb_found_require(&r->found, r->plan->probes.boundary, r->plan->run.require_energy, err);
}

// ---- before anything is measured -------------------------------------------------------------------

// A run that goes on keeps what it was begun with.
static bool calibrate(runner *r, eb_err *err)
{
    if (!r->plan->probes.calibrate || r->job->resume || simulates(r))
        return true;
    eb_calibrate_setup setup = { .io = r->job->io,
                                 .probes = r->found.probes,
                                 .n_probes = r->found.n_probes,
                                 .limit_ns = EB_CALIBRATE_LIMIT_NS,
                                 .stop = stop_asked,
                                 .arg = r };
    progress(r, "calibrate", NULL, 0);
    eb_calibrate(&setup, r->found.channels);
    return !interrupted(r, err) && required_energy(r, err);
}

static bool prepare_models(runner *r, eb_err *err)
{
    for (int i = 0; i < r->plan->n_cases; i++) {
        const eb_case *c = &r->plan->cases[i];
        eb_model_spec spec = { c->source, c->type, c->model_seed };
        progress(r, "model", c, 0);
        if (interrupted(r, err) ||
            !r->plan->engine->prepare(&spec, r->cases[i].path, sizeof r->cases[i].path, notice, r, err))
            return false;
        spec.type = c->reference_type;
        char path[PATH_SIZE];
        if (c->reference_type && !r->plan->engine->prepare(&spec, path, sizeof path, notice, r, err))
            return false;
    }
    return true;
}

static void close_engine(runner *r)
{
    if (r->engine)
        r->plan->engine->close(r->engine);
    r->engine = NULL;
}

static bool same_config(const eb_engine_config *a, const eb_engine_config *b)
{
    return a->threads == b->threads && a->affinity == b->affinity && a->max_batch == b->max_batch &&
           a->max_ctx_tok == b->max_ctx_tok && a->kv == b->kv;
}

// Opens the case's model unless it is open already. *load_ns: -1 when it was.
static bool open_engine(runner *r, const eb_case *c, int64_t *load_ns, eb_err *err)
{
    eb_engine_config config = eb_case_engine_config(r->plan, c);
    const char *path = r->cases[c->index].path;
    *load_ns = -1;
    if (r->engine && strcmp(r->engine_path, path) == 0 && same_config(&config, &r->engine_config))
        return true;
    close_engine(r);
    eb_rss_reset(r->job->io);
    int64_t start = now_ns(r);
    config.timeline = simulates(r) ? &r->timeline : NULL;
    r->engine = r->plan->engine->open(path, &config, err);
    if (!r->engine)
        return false;
    *load_ns = now_ns(r) - start;
    snprintf(r->engine_path, sizeof r->engine_path, "%s", path);
    r->engine_config = config;
    return true;
}

static bool quality(runner *r, const eb_case *c, eb_case_facts *f, eb_err *err)
{
    if (!c->ops->needs_eval || !c->reference_type)
        return true;
    eb_model_spec spec = { c->source, c->reference_type, c->model_seed };
    char path[PATH_SIZE];
    close_engine(r);
    return r->plan->engine->prepare(&spec, path, sizeof path, notice, r, err) &&
           eb_facts_quality(r->plan, c, r->cases[c->index].path, path, &r->reference, f, err);
}

static bool case_facts(runner *r, const eb_case *c, eb_err *err)
{
    eb_case_facts *f = &r->facts[c->index];
    eb_engine_caps caps;
    int64_t load_ns;
    progress(r, "warm", c, 0);
    if (!open_engine(r, c, &load_ns, err) || !c->ops->prepare(&c->params, r->engine, err))
        return false;
    r->plan->engine->caps(r->engine, &caps);
    eb_facts_init(f, c, r->engine_path, &caps);
    if (!quality(r, c, f, err))
        return false;
    if (r->plan->run.cold_start && r->job->self && !simulates(r)) {
        close_engine(r);
        eb_err cold;
        eb_err_clear(&cold);
        f->first_token_cold_ns = eb_cold_first_token(r->job->self, r->cases[c->index].path, c->threads,
                                                     r->plan->affinity, c->kv, stop_asked, r, &cold);
        if (f->first_token_cold_ns < 0 && !stop_asked(r))
            eb_warn(&r->warnings, "%s", cold.message);
    }
    return !interrupted(r, err);
}

static bool all_facts(runner *r, eb_err *err)
{
    for (int i = 0; i < r->plan->n_cases; i++)
        if (!case_facts(r, &r->plan->cases[i], err))
            return false;
    eb_reference_deinit(&r->reference);
    close_engine(r);
    return true;
}

static int most_threads(const eb_plan *plan)
{
    int most = 1;
    for (int i = 0; i < plan->n_cases; i++)
        most = plan->cases[i].threads > most ? plan->cases[i].threads : most;
    return most;
}

static bool describe(runner *r, eb_err *err)
{
    if (!eb_ceilings_get(r->plan->engine, r->plan->run.ceilings, most_threads(r->plan), r->plan->affinity, &r->warnings,
                         &r->ceilings, err))
        return false;
    r->header = eb_header_build(r->plan, r->job->tool_version, &r->found);
    eb_machine_describe(r->job->io, r->ceilings.c.isa, r->header);
    eb_ceilings_describe(&r->ceilings, r->header);
    return true;
}

static bool allocate(runner *r, eb_err *err)
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

// ---- the journal and where it stands -----------------------------------------------------------------

static void apply_stop_rule(runner *r, const eb_case *c)
{
    const eb_run_config *run = &r->plan->run;
    case_state *s = &r->cases[c->index];
    s->stopped = eb_stop_now(s->tok_s, s->n, run->trials_min, run->trials_max, run->target);
    if (s->stopped)
        r->total -= run->trials_max - s->n;
}

// Of a sustained one not known here: it generates what it can. Of a load it is no measure: it may be what was offered.
static double trial_tok_s(const eb_case *c, const eb_trial_info *t)
{
    if (c->params.duration_ns || c->params.load.requests)
        return NAN;
    double tokens = (double)c->params.batch * c->params.output_tok;
    return t->t_end_ns > t->t_start_ns ? tokens * 1e9 / (double)(t->t_end_ns - t->t_start_ns) : NAN;
}

static void count_trial(runner *r, const eb_trial_info *t)
{
    const eb_case *c = &r->plan->cases[t->case_index];
    case_state *s = &r->cases[t->case_index];
    double tok_s = trial_tok_s(c, t);
    s->done[t->round - 1] = true;
    r->done++;
    if (!t->error && !isnan(tok_s)) {
        s->tok_s[s->n++] = tok_s;
        apply_stop_rule(r, c);
    }
}

static bool open_journal(runner *r, eb_err *err)
{
    if (!r->job->resume) {
        r->journal = eb_journal_create(r->job->dir, r->header, err);
    } else {
        eb_trial_info *done = NULL;
        int n_done = 0;
        r->journal = eb_journal_resume(r->job->dir, r->header, &done, &n_done, err);
        for (int i = 0; r->journal && i < n_done; i++) {
            const eb_trial_info *t = &done[i];
            r->number = t->number > r->number ? t->number : r->number;
            if (t->number > 0 && t->case_index >= 0 && t->case_index < r->plan->n_cases && t->round >= 1 &&
                t->round <= r->plan->run.trials_max && !r->cases[t->case_index].done[t->round - 1])
                count_trial(r, t);
        }
        free(done);
    }
    r->done_before = r->done;
    if (!r->journal)
        return false;
    if (r->found.n_channels > 0)
        memcpy(r->found.channels, eb_journal_channels(r->journal),
               sizeof *r->found.channels * (size_t)r->found.n_channels);
    for (int i = 0; i < r->plan->n_cases; i++)
        if (!eb_journal_facts(r->journal, &r->facts[i], err))
            return false;
    return true;
}

static bool wait_ns(runner *r, int64_t ns)
{
    int64_t until = now_ns(r) + ns;
    while (now_ns(r) < until && !stop_asked(r)) {
        int64_t nap = now_ns(r) + NAP_NS;
        r->clock->sleep_until_ns(r->clock, nap < until ? nap : until);
    }
    return !stop_asked(r);
}

// Time that is simulated has no thread beside it: who looks is called while it passes.
static int64_t tick(void *arg, int64_t at_ns)
{
    return eb_sampler_poll(arg, at_ns);
}

static void begin_sampling(runner *r)
{
    eb_sampler_begin(r->sampler);
    if (simulates(r))
        eb_timeline_watch(&r->timeline, tick, r->sampler, now_ns(r));
}

static void end_sampling(runner *r)
{
    eb_timeline_watch(&r->timeline, NULL, NULL, 0);
    eb_sampler_end(r->sampler);
}

static bool idle_baseline(runner *r, eb_err *err)
{
    if (r->plan->run.idle_ns <= 0)
        return true;
    progress(r, "idle", NULL, 0);
    close_engine(r); // before and after the trials alike: no model in memory, no threads
    eb_trial_info info = { .number = 0, .case_index = -1, .load_ns = -1 };
    eb_utc_now(info.taken_utc, sizeof info.taken_utc);
    begin_sampling(r);
    info.t_start_ns = now_ns(r);
    wait_ns(r, r->plan->run.idle_ns);
    info.t_end_ns = now_ns(r);
    end_sampling(r);
    if (interrupted(r, err))
        return false;
    size_t n;
    const eb_power_row *rows = eb_sampler_rows(r->sampler, &n);
    return eb_journal_trial(r->journal, &info, NULL, 0, NULL, 0, rows, n, err);
}

// ---- trials --------------------------------------------------------------------------------------------

static void mark(void *arg, bool begin)
{
    runner *r = arg;
    if (!begin) {
        end_sampling(r);
        return;
    }
    // A few updates earlier than the window: at its start the counter shows what was drawn until its last update, and
    // what was drawn since then is known only from the power before.
    begin_sampling(r);
    r->clock->sleep_until_ns(r->clock, now_ns(r) + PREROLL_NS);
    eb_sampler_read(r->sampler);
    eb_spans_begin(&r->spans);
}

static bool measure(runner *r, const eb_case *c, eb_trial_sink *sink, eb_trial_info *info, eb_warnings *w, eb_err *err)
{
    eb_guard before, after;
    if (!open_engine(r, c, &info->load_ns, err) || !c->ops->prepare(&c->params, r->engine, err))
        return false;
    eb_spans_watch(&r->spans, r->engine, c->threads, info->round);
    if (r->plan->engine->set_pulse)
        r->plan->engine->set_pulse(r->engine, eb_sampler_pulse(r->sampler));
    eb_guard_read(r->job->io, &before);
    if (!c->ops->run_trial(&c->params, r->engine, sink, err))
        return false;
    eb_guard_read(r->job->io, &after);
    if (!simulates(r)) // what the machine does meanwhile is of no weight
        eb_guard_compare(&before, &after, w);
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

static bool one_trial(runner *r, const eb_case *c, int round, eb_err *err)
{
    eb_trial_info info = { .number = r->number + 1, .case_index = c->index, .round = round, .load_ns = -1 };
    eb_trial_sink sink = { .tokens = r->tokens,
                           .cap_tokens = r->cap_tokens,
                           .requests = r->requests,
                           .cap_requests = r->cap_requests,
                           .round = round,
                           .mark = mark,
                           .stop = stop_asked,
                           .arg = r };
    eb_warnings w = { 0 };
    eb_err failure;
    eb_err_clear(&failure);
    progress(r, "trial", c, round);
    r->timeline.trial = r->number;
    bool ok = measure(r, c, &sink, &info, &w, &failure);
    if (!ok && interrupted(r, err)) { // a trial that was cut short is no trial; one that was finished is kept
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
        close_engine(r);
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
        count_trial(r, &info);
    }
    eb_warnings_deinit(&w);
    return ok;
}

static bool rounds(runner *r, eb_err *err)
{
    const eb_run_config *run = &r->plan->run;
    int64_t began = r->trials_began_ns = eb_now_ns();
    for (int round = 1; round <= run->trials_max; round++) {
        if (run->max_time_ns > 0 && eb_now_ns() - began > run->max_time_ns) {
            eb_warn(&r->warnings, "stopped by max_time after %d of %d rounds", round - 1, run->trials_max);
            break;
        }
        for (int i = 0; i < r->plan->n_cases; i++) {
            const eb_case *c = &r->plan->cases[i];
            if (r->cases[i].stopped || r->cases[i].done[round - 1])
                continue;
            if (interrupted(r, err) || !one_trial(r, c, round, err))
                return false;
            if (run->pause_ns > 0)
                wait_ns(r, run->pause_ns);
        }
    }
    return true;
}

static bool make_sampler(runner *r, eb_err *err)
{
    eb_sampler_setup setup = { .clock = &r->job->io->clock,
                               .probes = r->found.probes,
                               .n_probes = r->found.n_probes,
                               .channels = eb_journal_channels(r->journal),
                               .config = &r->plan->probes,
                               .max_rows = EB_RUN_ROWS,
                               .busy_cpus = most_threads(r->plan) };
    r->sampler = eb_sampler_new(&setup, err);
    return r->sampler != NULL;
}

// ---- all of it -----------------------------------------------------------------------------------------

static void begin_time(runner *r)
{
    const eb_plan *plan = r->plan;
    r->clock = &r->job->io->clock;
    if (!simulates(r))
        return;
    eb_timeline_init(&r->timeline);
    plan->engine->simulate(plan->engine_settings, plan->n_engine_settings, &r->timeline);
    r->machine_clock = r->job->io->clock;
    r->job->io->clock = eb_timeline_clock(&r->timeline);
    r->job->io->timeline = &r->timeline;
    eb_warn(&r->warnings, "simulated by engine = %s: times and watts are a script's, nothing was measured",
            plan->engine->name);
}

static void end_time(runner *r)
{
    if (!simulates(r))
        return;
    r->job->io->clock = r->machine_clock;
    r->job->io->timeline = NULL;
}

static void release(runner *r)
{
    end_time(r);
    close_engine(r);
    eb_reference_deinit(&r->reference);
    eb_sampler_free(r->sampler);
    if (r->journal)
        eb_journal_close(r->journal);
    eb_found_close(&r->found);
    eb_header_free_built(r->header);
    eb_warnings_deinit(&r->warnings);
    for (int i = 0; r->cases && i < r->plan->n_cases; i++) {
        free(r->cases[i].tok_s);
        free(r->cases[i].done);
    }
    free(r->cases);
    free(r->facts);
    eb_spans_deinit(&r->spans);
    free(r->tokens);
    free(r->requests);
}

bool eb_run_execute(const eb_run_job *job, bool *started, eb_err *err)
{
    const eb_plan *plan = job->plan;
    runner r = { .job = job, .plan = plan };
    bool ok = false;
    *started = false;
    begin_time(&r);
    r.cases = eb_alloc(sizeof *r.cases * (size_t)plan->n_cases);
    r.facts = eb_alloc(sizeof *r.facts * (size_t)plan->n_cases);
    // Probes first: event counters are inherited by threads that start after them.
    eb_found_open(&r.found, job->io, &plan->probes);
    if (!simulates(&r))
        eb_guard_machine(job->io, &r.warnings);
    eb_found_warn(&r.found, &plan->probes, &r.warnings);
    if (!required_energy(&r, err) || !calibrate(&r, err) || !allocate(&r, err) || !prepare_models(&r, err) ||
        !describe(&r, err) || !all_facts(&r, err) ||
        !eb_spans_init(&r.spans, plan, job->io, r.facts, &r.warnings, err) || !open_journal(&r, err))
        goto out;
    *started = true;
    ok = required_energy(&r, err) && make_sampler(&r, err) && (simulates(&r) || eb_sampler_start(r.sampler, err)) &&
         idle_baseline(&r, err) && rounds(&r, err) && idle_baseline(&r, err);
    eb_ceilings_settle(&r.ceilings, &r.warnings);
    warn_of_trouble(&r);
    ok = ok && eb_journal_end(r.journal, &r.warnings, err);
out:
    release(&r);
    return ok;
}
