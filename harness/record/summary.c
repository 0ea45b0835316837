// SPDX-License-Identifier: Apache-2.0
// A run from its folder: the journal is read, every trial summed up, every case given its metrics and warnings.
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/base/units.h"
#include "harness/record/crosscheck.h"
#include "harness/record/crossing.h"
#include "harness/record/dead.h"
#include "harness/record/idle.h"
#include "harness/record/journal.h"
#include "harness/record/lack.h"
#include "harness/record/load.h"
#include "harness/record/metrics.h"
#include "harness/record/profile.h"
#include "harness/record/provenance.h"
#include "harness/record/sustained.h"
#include "harness/record/trial_energy.h"

enum { SERIES_MAX = 400 };

static const double outlier_z = 14.8;

static const char *machine_fact(const eb_header *h, const char *key)
{
    for (int i = 0; i < h->n_machine; i++)
        if (!strcmp(h->machine[i].key, key))
            return h->machine[i].value;
    return NULL;
}

static double ceiling(const eb_header *h, const char *key)
{
    const char *text = machine_fact(h, key);
    double value;
    return text && eb_parse_double(text, &value, NULL) && value > 0 ? value : NAN;
}

// `own`: the number of each among the trials of its case.
static void warn_outliers(const eb_trial_sums *trials, const int *own, int n, const char *key, size_t offset,
                          eb_warnings *w)
{
    double *x = eb_realloc(NULL, (size_t)n + 1, sizeof *x);
    bool known = n >= 5; // of fewer, two that happen to agree make an outlier of the third
    for (int i = 0; i < n; i++) {
        x[i] = *(const double *)(const void *)((const char *)&trials[i] + offset);
        known = known && !isnan(x[i]);
    }
    for (int i = 0; known && i < n; i++) {
        char odd[32], usual[32], run[48] = "";
        double z = eb_modified_z(x[i], x, (size_t)n);
        if (own[i] != trials[i].number)
            snprintf(run, sizeof run, " of its case (%d of the run)", trials[i].number);
        if (fabs(z) > outlier_z)
            eb_warn(w, "trial %d%s is an outlier: %s %s, median %s; it is kept", own[i], run, key,
                    eb_fmt_sig(odd, sizeof odd, x[i], 4), eb_fmt_sig(usual, sizeof usual, eb_median(x, (size_t)n), 4));
    }
    free(x);
}

static void warn_of_trial(const eb_trial_info *info, eb_warnings *w)
{
    if (info->error)
        eb_warn(w, "trial %d failed and is left out: %s", info->number, info->error);
    for (int i = 0; i < info->n_warnings; i++)
        eb_warn(w, "trial %d: %s", info->number, info->warnings[i]);
}

static void warn_of_energy(const eb_header *h, const eb_trial_data *trial, const eb_trial_sums *sums, eb_warnings *w)
{
    char why[96];
    if (sums->energy_status == EB_SAMPLE_OK)
        return;
    eb_lack_say(trial, sums->energy_channel, sums->energy_status, why, sizeof why);
    eb_warn(w, "trial %d has no energy: %s %s", sums->number,
            sums->energy_channel >= 0 ? h->channels[sums->energy_channel].name : "the counter", why);
}

static void warn_of_case(const eb_journal_data *d, const eb_trial_sums *trials, const int *own, int n, bool any_source,
                         eb_warnings *w)
{
    for (int t = 0, i = 0; any_source && t < d->n_trials && i < n; t++)
        if (d->trials[t].info.number == trials[i].number && !d->trials[t].info.error)
            warn_of_energy(&d->header, &d->trials[t], &trials[i++], w);
    warn_outliers(trials, own, n, "decode_tok_s", offsetof(eb_trial_sums, decode_tok_s), w);
    warn_outliers(trials, own, n, "prefill_tok_s", offsetof(eb_trial_sums, prefill_tok_s), w);
    warn_outliers(trials, own, n, "j_per_tok", offsetof(eb_trial_sums, j_per_tok), w);
}

static void take_digest(eb_case_result *c, const eb_trial_info *info, bool first)
{
    if (first)
        memcpy(c->digest, info->digest, sizeof c->digest);
    else if (strcmp(c->digest, info->digest) != 0)
        c->digest_differs = true;
}

static void add_series(eb_run *run, const eb_sums_env *env, const eb_trial_data *trial, const eb_trial_sums *sums)
{
    eb_power_series *s = &run->series[run->n_series];
    double *t_s = eb_realloc(NULL, SERIES_MAX, sizeof *t_s), *w = eb_realloc(NULL, SERIES_MAX, sizeof *w);
    int n = eb_trial_power(env, trial, SERIES_MAX, t_s, w);
    if (n < 2) {
        free(t_s);
        free(w);
        return;
    }
    *s = (eb_power_series){ trial->info.case_index, trial->info.number, t_s, w, n, sums->prefill_end_s, sums->end_s };
    run->n_series++;
}

static void take_energies(eb_case_result *c, const eb_trial_sums *s)
{
    if (!s->n_rows)
        return;
    c->energies = eb_realloc(c->energies, c->n_energies + s->n_rows, sizeof *c->energies);
    memcpy(c->energies + c->n_energies, s->rows, s->n_rows * sizeof *s->rows);
    c->n_energies += s->n_rows;
}

static void take_case(eb_run *run, const eb_sums_env *run_env, int index)
{
    eb_journal_data *d = run->raw;
    eb_case_result *c = &run->cases[index];
    eb_warnings warnings = { 0 };
    eb_trial_sums *sums = eb_alloc((size_t)d->n_trials * sizeof *sums + 1);
    int *own = eb_alloc((size_t)d->n_trials * sizeof *own + 1);
    eb_sums_env own_env = *run_env, *env = &own_env;
    bool *dead = eb_alloc((size_t)d->header.n_channels + 1);
    eb_provenance_dead(d, index, run_env->dead, run->counted, dead, &warnings);
    env->dead = dead;
    eb_provenance_of(&d->header, dead, &c->energy, c->domains, &c->missing);
    eb_case_sums cs = { .env = env,
                        .trials = sums,
                        .missing = c->missing,
                        .energy = &c->energy,
                        .domains = c->domains,
                        .any_source = c->energy.domains[0] != '\0' };
    eb_idle_reading *idles;
    int n_idles = eb_idles_measure(env, d, &idles);
    for (int i = 0; i < n_idles; i++)
        cs.n_idles += !isnan(idles[i].w);
    c->info = &d->header.cases[index];
    cs.facts = c->facts = eb_journal_facts_of(d, index);
    for (int t = 0; t < d->n_trials; t++) {
        const eb_trial_data *trial = &d->trials[t];
        if (!trial->info.number || trial->info.case_index != index)
            continue;
        c->n_trials++;
        c->n_failed += trial->info.error != NULL;
        warn_of_trial(&trial->info, &warnings);
        if (trial->info.error || trial->n_ops) // a trial that counts by operator is slower for it
            continue;
        eb_idle idle = eb_idle_for(idles, n_idles, d, t);
        eb_trial_sums_init(&sums[cs.n_trials], env, trial, c->facts, &idle);
        take_energies(c, &sums[cs.n_trials]);
        take_digest(c, &trial->info, cs.n_trials == 0);
        if (cs.n_trials == 0)
            add_series(run, env, trial, &sums[0]);
        own[cs.n_trials++] = c->n_trials;
    }
    if (c->digest_differs) {
        c->digest[0] = '\0';
        eb_warn(&warnings, "the trials did not give the same output: their figures are of different work");
    }
    c->n_metrics = eb_metrics_compute(&cs, &c->metrics);
    c->n_figures = cs.n_trials;
    c->figures = eb_metrics_figures(&cs);
    c->trial_numbers = eb_alloc((size_t)cs.n_trials * sizeof *c->trial_numbers + 1);
    for (int i = 0; i < cs.n_trials; i++)
        c->trial_numbers[i] = sums[i].number;
    warn_of_case(d, sums, own, cs.n_trials, cs.any_source, &warnings);
    c->warnings = warnings.items;
    c->n_warnings = (int)warnings.n;
    for (int i = 0; i < cs.n_trials; i++)
        eb_trial_sums_deinit(&sums[i]);
    free(idles);
    free(dead);
    free(own);
    free(sums);
}

static void take_profiles(eb_run *run, const eb_sums_env *env)
{
    run->profiles = eb_alloc((size_t)run->n_cases * sizeof(void *) + 1);
    for (int i = 0; i < run->n_cases; i++) {
        eb_profile *p = eb_profile_new(env, run->raw, i);
        if (p)
            run->profiles[run->n_profiles++] = p;
    }
}

static void take_sustained(eb_run *run, const eb_sums_env *env)
{
    const eb_journal_data *d = run->raw;
    run->sustained = eb_alloc((size_t)d->n_trials * sizeof(void *) + 1);
    for (int t = 0; t < d->n_trials; t++) {
        eb_sustained *s = eb_sustained_new(env, &d->trials[t]);
        if (s)
            run->sustained[run->n_sustained++] = s;
    }
}

static void take_loads(eb_run *run, const eb_sums_env *env)
{
    run->loads = eb_alloc((size_t)run->n_cases * sizeof(void *) + 1);
    for (int i = 0; i < run->n_cases; i++) {
        eb_load_result *r = eb_load_result_new(env, run->raw, i);
        if (r)
            run->loads[run->n_loads++] = r;
    }
}

static void warn_of_run(const eb_journal_data *d, eb_warnings *w)
{
    bool finished = false;
    for (int i = 0; i < d->n_warnings; i++)
        eb_warn(w, "%s", d->warnings[i]);
    for (int t = 0; t < d->n_trials; t++) {
        const eb_trial_info *info = &d->trials[t].info;
        finished = finished || info->number > 0;
        for (int i = 0; !info->number && i < info->n_warnings; i++)
            eb_warn(w, "idle baseline: %s", info->warnings[i]);
    }
    if (!d->complete)
        eb_warn(w, "the run did not end (interrupted, or still going on): %s; `effbench run --resume DIR` goes on",
                finished ? "these are the trials that finished" : "no trial finished, so there are no figures");
}

// CPU time of the sampler over the CPU time that the machine had in the trials' windows.
static void sum_sampling(eb_run *run, const eb_journal_data *d)
{
    double cpu_ns = 0, had_ns = 0;
    for (int t = 0; t < d->n_trials; t++) {
        const eb_trial_info *info = &d->trials[t].info;
        run->wide_samples += info->wide_samples;
        if (!info->number || info->error || info->sampler_cpu_ns <= 0)
            continue;
        cpu_ns += (double)info->sampler_cpu_ns;
        had_ns += (double)(info->t_end_ns - info->t_start_ns) * d->header.cpus;
    }
    run->sampler_cpu_frac = had_ns > 0 ? cpu_ns / had_ns : NAN;
}

eb_run *eb_run_load(const char *dir, eb_err *err)
{
    char domains[2048], missing[1024];
    eb_journal_data *d = eb_journal_read(dir, err);
    if (!d)
        return NULL;
    eb_run *run = eb_alloc(sizeof *run);
    eb_warnings warnings = { 0 };
    bool *dead = eb_alloc((size_t)d->header.n_channels + 1), *counted = eb_alloc((size_t)d->header.n_channels + 1);
    warn_of_run(d, &warnings);
    eb_dead_find(d, dead, &warnings);
    eb_live_count(&d->header, dead, counted, domains, sizeof domains, missing, sizeof missing);
    eb_sums_env env = { .header = &d->header, .dead = dead };
    eb_slo_from_header(&d->header, &env.slo);
    eb_cost_from_header(&d->header, &env.cost);
    env.read_bytes_s = ceiling(&d->header, "read_bandwidth_bytes_s");
    env.flop_s = ceiling(&d->header, "flop_s");
    env.int8_op_s = ceiling(&d->header, "int8_op_s");
    run->raw = d;
    run->counted = counted;
    run->header = &d->header;
    run->domains = eb_strdup(domains);
    eb_provenance_of_boundary(&d->header, dead, &run->energy, NULL);
    run->missing = eb_strdup(domains[0] ? missing : "");
    run->complete = d->complete;
    run->ended_utc = eb_strdup(d->ended_utc ? d->ended_utc : "");
    run->n_idles = eb_idles_measure(&env, d, &run->idles);
    eb_idle_warn_drift(run->idles, run->n_idles, &warnings);
    eb_idle idle = eb_idle_overall(run->idles, run->n_idles);
    run->idle_w = idle.w;
    run->idle_w_halfwidth = idle.halfwidth_w;
    run->idle_grade = idle.grade;
    run->idle_ns = idle.ns;
    sum_sampling(run, d);
    run->n_cases = d->header.n_cases;
    run->cases = eb_alloc((size_t)run->n_cases * sizeof *run->cases + 1);
    run->series = eb_alloc((size_t)run->n_cases * sizeof *run->series + 1);
    for (int i = 0; i < run->n_cases; i++)
        take_case(run, &env, i);
    if (eb_header_profile(run->header))
        take_profiles(run, &env);
    take_sustained(run, &env);
    take_loads(run, &env);
    run->n_crossings = eb_crossings_find(run, &run->crossings);
    run->n_checks = eb_crosscheck_run(d, counted, dead, &run->checks, &warnings);
    run->warnings = warnings.items;
    run->n_warnings = (int)warnings.n;
    free(dead);
    return run;
}

void eb_run_free(eb_run *run)
{
    if (!run)
        return;
    for (int i = 0; i < run->n_cases; i++) {
        for (int k = 0; k < run->cases[i].n_warnings; k++)
            free(run->cases[i].warnings[k]);
        free(run->cases[i].warnings);
        free(run->cases[i].metrics);
        free(run->cases[i].figures);
        free(run->cases[i].trial_numbers);
        free(run->cases[i].energies);
        free(run->cases[i].missing);
        eb_provenance_deinit(&run->cases[i].energy);
        for (int k = 0; k < EB_DOMAIN_COUNT; k++)
            eb_provenance_deinit(&run->cases[i].domains[k]);
    }
    for (int i = 0; i < run->n_profiles; i++)
        eb_profile_free(run->profiles[i]);
    free(run->profiles);
    for (int i = 0; i < run->n_sustained; i++)
        eb_sustained_free(run->sustained[i]);
    free(run->sustained);
    for (int i = 0; i < run->n_loads; i++)
        eb_load_result_free(run->loads[i]);
    free(run->loads);
    eb_crossings_free(run->crossings, run->n_crossings);
    for (int i = 0; i < run->n_series; i++) {
        free(run->series[i].t_s);
        free(run->series[i].w);
    }
    for (int i = 0; i < run->n_warnings; i++)
        free(run->warnings[i]);
    free(run->warnings);
    free(run->cases);
    free(run->series);
    eb_crosschecks_free(run->checks, run->n_checks);
    free(run->counted);
    free(run->idles);
    free(run->domains);
    free(run->missing);
    eb_provenance_deinit(&run->energy);
    free(run->ended_utc);
    eb_journal_data_free(run->raw);
    free(run);
}

const eb_metric *eb_case_metric(const eb_case_result *c, const char *key)
{
    for (int i = 0; i < c->n_metrics; i++)
        if (!strcmp(c->metrics[i].key, key))
            return &c->metrics[i];
    return NULL;
}
