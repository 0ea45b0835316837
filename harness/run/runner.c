// SPDX-License-Identifier: Apache-2.0
#include "harness/run/context.h"
#include "harness/run/runner_impl.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/clock.h"
#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/run/guards.h"
#include "harness/run/rss.h"

bool eb_runner_simulates(const eb_runner *r)
{
    return r->plan->engine->simulate != NULL;
}

int64_t eb_runner_now_ns(const eb_runner *r)
{
    return r->clock->now_ns(r->clock);
}

bool eb_runner_stop_asked(void *arg)
{
    const eb_runner *r = arg;
    return r->job->signal && *r->job->signal != 0;
}

bool eb_runner_interrupted(const eb_runner *r, eb_err *err)
{
    if (!eb_runner_stop_asked((void *)r))
        return false;
    eb_err_set(err, *r->job->signal == SIGTERM ? EB_SIGTERM : EB_SIGINT, "interrupted; what was finished is kept");
    eb_err_hint(err, "effbench run --resume '%s' goes on from here", r->job->dir);
    return true;
}

void eb_runner_progress(const eb_runner *r, const char *stage, const eb_case *c, int round)
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

// What a source runs to get its readings; NULL = nothing that a config names.
static const char *command_of(const eb_probe_config *config, const char *source)
{
    return !strcmp(source, "meter") ? config->meter : !strcmp(source, "pmic") ? config->pmic_command : NULL;
}

// What the samples cannot say: why a source fell silent.
static void warn_of_trouble(eb_runner *r)
{
    char why[512];
    for (int i = 0; i < r->found.n_probes; i++) {
        const char *command = command_of(&r->plan->probes, eb_probe_name(r->found.probes[i]));
        if (eb_probe_trouble(r->found.probes[i], why, sizeof why))
            eb_warn(&r->warnings, "%s: %s%s%s", eb_probe_name(r->found.probes[i]), why,
                    command ? "; try it by hand: " : "", command ? command : "");
    }
}

bool eb_runner_require_energy(const eb_runner *r, eb_err *err)
{
    return eb_found_require(&r->found, r->plan->probes.boundary, r->plan->run.require_energy, err);
}

// ---- the engine at hand ---------------------------------------------------------------------------------

void eb_runner_close_engine(eb_runner *r)
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

bool eb_runner_open_engine(eb_runner *r, const eb_case *c, int64_t *load_ns, eb_err *err)
{
    eb_engine_config config = eb_case_engine_config(r->plan, c);
    const char *path = r->cases[c->index].path;
    *load_ns = -1;
    if (r->engine && strcmp(r->engine_path, path) == 0 && same_config(&config, &r->engine_config))
        return true;
    eb_runner_close_engine(r);
    eb_rss_reset(r->job->io);
    int64_t start = eb_runner_now_ns(r);
    config.timeline = eb_runner_simulates(r) ? &r->timeline : NULL;
    r->engine = r->plan->engine->open(path, &config, err);
    if (!r->engine)
        return false;
    *load_ns = eb_runner_now_ns(r) - start;
    snprintf(r->engine_path, sizeof r->engine_path, "%s", path);
    r->engine_config = config;
    return true;
}

// ---- the journal and where it stands -----------------------------------------------------------------

static void apply_stop_rule(eb_runner *r, const eb_case *c)
{
    const eb_run_config *run = &r->plan->run;
    eb_case_state *s = &r->cases[c->index];
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

void eb_runner_count_trial(eb_runner *r, const eb_trial_info *t)
{
    const eb_case *c = &r->plan->cases[t->case_index];
    eb_case_state *s = &r->cases[t->case_index];
    double tok_s = trial_tok_s(c, t);
    s->done[t->round - 1] = true;
    r->done++;
    if (!t->error && !isnan(tok_s)) {
        s->tok_s[s->n++] = tok_s;
        apply_stop_rule(r, c);
    }
}

static bool keep_warnings(eb_runner *r, eb_err *err)
{
    size_t from = r->n_kept;
    if (from == r->warnings.n)
        return true;
    r->n_kept = r->warnings.n;
    return eb_journal_warnings(r->journal, r->warnings.items + from, r->warnings.n - from, err);
}

static bool open_journal(eb_runner *r, eb_err *err)
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
                eb_runner_count_trial(r, t);
        }
        free(done);
    }
    r->done_before = r->done;
    if (!r->journal)
        return false;
    if (r->found.n_channels > 0)
        memcpy(r->found.channels, eb_journal_channels(r->journal),
               sizeof *r->found.channels * (size_t)r->found.n_channels);
    if (!keep_warnings(r, err))
        return false;
    for (int i = 0; i < r->plan->n_cases; i++)
        if (!eb_journal_facts(r->journal, &r->facts[i], err))
            return false;
    return true;
}

static bool make_sampler(eb_runner *r, eb_err *err)
{
    eb_sampler_setup setup = { .clock = &r->job->io->clock,
                               .probes = r->found.probes,
                               .n_probes = r->found.n_probes,
                               .channels = eb_journal_channels(r->journal),
                               .config = &r->plan->probes,
                               .max_rows = EB_RUN_ROWS,
                               .busy_cpus = eb_runner_most_threads(r->plan) };
    r->sampler = eb_sampler_new(&setup, err);
    return r->sampler != NULL;
}

// ---- all of it -----------------------------------------------------------------------------------------

static void begin_time(eb_runner *r)
{
    const eb_plan *plan = r->plan;
    r->clock = &r->job->io->clock;
    if (!eb_runner_simulates(r))
        return;
    eb_timeline_init(&r->timeline);
    plan->engine->simulate(plan->engine_settings, plan->n_engine_settings, &r->timeline);
    r->machine_clock = r->job->io->clock;
    r->job->io->clock = eb_timeline_clock(&r->timeline);
    r->job->io->timeline = &r->timeline;
    eb_warn(&r->warnings, "simulated by engine = %s: times and watts are a script's, nothing was measured",
            plan->engine->name);
}

static void end_time(eb_runner *r)
{
    if (!eb_runner_simulates(r))
        return;
    r->job->io->clock = r->machine_clock;
    r->job->io->timeline = NULL;
}

static void release(eb_runner *r)
{
    end_time(r);
    eb_runner_close_engine(r);
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

// Said now, and not only after an hour: what the energy will lack, and contexts too long for a model.
static void warn_at_start(eb_runner *r)
{
    const eb_run_hooks *hooks = &r->job->hooks;
    size_t before = r->warnings.n;
    eb_found_warn(&r->found, &r->plan->probes, &r->warnings);
    eb_context_warn(r->plan, &r->warnings);
    for (size_t i = before; i < r->warnings.n && hooks->notice && !eb_runner_stop_asked(r); i++) {
        char *line = eb_format("warning: %s", r->warnings.items[i]);
        hooks->notice(hooks->arg, line);
        free(line);
    }
}

// What came up in the course is kept of an interrupted run too, if that can be written; how it came to its end only of
// one that did.
static bool end_journal(eb_runner *r, bool ok, eb_err *err)
{
    eb_err ignored;
    eb_ceilings_settle(&r->ceilings, &r->warnings);
    warn_of_trouble(r);
    bool kept = keep_warnings(r, ok ? err : &ignored);
    if (r->stopped_in)
        eb_warn(&r->warnings, "stopped by max_time after %d of %d rounds", r->stopped_in - 1, r->plan->run.trials_max);
    return ok && kept && eb_journal_end(r->journal, &r->warnings, err);
}

bool eb_run_execute(const eb_run_job *job, bool *started, eb_err *err)
{
    const eb_plan *plan = job->plan;
    eb_runner r = { .job = job, .plan = plan };
    bool ok = false;
    *started = false;
    begin_time(&r);
    r.cases = eb_alloc(sizeof *r.cases * (size_t)plan->n_cases);
    r.facts = eb_alloc(sizeof *r.facts * (size_t)plan->n_cases);
    // Probes first: event counters are inherited by threads that start after them.
    eb_found_open(&r.found, job->io, &plan->probes);
    if (!eb_runner_simulates(&r))
        eb_guard_machine(job->io, &r.warnings);
    warn_at_start(&r);
    if (!eb_runner_require_energy(&r, err) || !eb_runner_prepare(&r, err) ||
        !eb_spans_init(&r.spans, plan, job->io, r.facts, &r.warnings, err) || !open_journal(&r, err))
        goto out;
    *started = true;
    ok = eb_runner_require_energy(&r, err) && make_sampler(&r, err) &&
         (eb_runner_simulates(&r) || eb_sampler_start(r.sampler, err)) && eb_runner_idle_baseline(&r, err) &&
         eb_runner_rounds(&r, err) && eb_runner_idle_baseline(&r, err);
    ok = end_journal(&r, ok, err);
out:
    release(&r);
    return ok;
}
