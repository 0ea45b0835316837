// SPDX-License-Identifier: Apache-2.0
// `effbench run --dry-run`: what the config comes to, what a run would measure with, what it would take. Sources are
// opened as a run opens them, so that what it says of them holds: a meter's command is started and must print.
#include "harness/cmd/dry_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/file.h"
#include "harness/base/mem.h"
#include "harness/base/timeline.h"
#include "harness/base/units.h"
#include "harness/cmd/help.h"
#include "harness/record/domain.h"
#include "harness/run/context.h"
#include "harness/run/header.h"
#include "harness/run/runner.h"

enum { VALUE_WIDTH = 36 };

static const char *origin(const eb_plan *plan, const eb_setting *s, char *buf, size_t size)
{
    static const char *const fixed[] = { [EB_ORIGIN_DEFAULT] = "default", [EB_ORIGIN_FLAG] = "--set" };
    if (s->origin != EB_ORIGIN_FILE)
        return fixed[s->origin];
    snprintf(buf, size, "%s:%d", eb_path_base(plan->config_path), s->line);
    return buf;
}

static void print_settings(const eb_plan *plan)
{
    printf("\noptions, and where each is from (`effbench help SECTION.KEY` explains one)\n");
    for (size_t i = 0; i < plan->n_settings; i++) {
        const eb_setting *s = &plan->settings[i];
        char where[300], key[160];
        if (!s->text || !*s->text || s->idle)
            continue;
        snprintf(key, sizeof key, "[%s%s%s] %s", s->option->section, s->name ? " " : "", s->name ? s->name : "",
                 s->option->key);
        bool wide = strlen(s->text) > VALUE_WIDTH; // then its origin is set below it
        printf("  %-34s = %-*s%s%*s%s\n", key, VALUE_WIDTH, s->text, wide ? "\n" : "", wide ? 40 + VALUE_WIDTH : 1, "",
               origin(plan, s, where, sizeof where));
    }
}

static void print_cases(const eb_plan *plan)
{
    printf("plan %s: %d case%s x %d", plan->digest, plan->n_cases, eb_s(plan->n_cases), plan->run.trials_min);
    if (plan->run.trials_max != plan->run.trials_min)
        printf(" to %d", plan->run.trials_max);
    printf(" trial%s%s\n", eb_s(plan->run.trials_max), plan->n_cases > 1 ? ", interleaved" : "");
    for (int i = 0; i < plan->n_cases; i++)
        printf("  %3d  %-58s %-10s %d thread%s\n", i + 1, plan->cases[i].id, plan->cases[i].ops->name,
               plan->cases[i].threads, eb_s(plan->cases[i].threads));
}

// Takes `text`.
static void put_wrapped(char *text)
{
    int lead = (int)strcspn(text, " ") + 1;
    printf("%.*s", lead, text);
    eb_cmd_wrap(text + lead, lead, 0);
    free(text);
}

static void print_energy(const eb_found *found, eb_boundary boundary)
{
    char domains[2048], missing[1024];
    bool *counted = eb_alloc((size_t)found->n_channels + 1);
    eb_grade grade = EB_GRADE_COUNT;
    eb_domain_count(found->channels, found->n_channels, boundary, counted, domains, sizeof domains, missing,
                    sizeof missing);
    for (int i = 0; i < found->n_channels; i++)
        if (counted[i] && found->channels[i].grade < grade)
            grade = found->channels[i].grade;
    if (domains[0])
        put_wrapped(eb_format("energy of boundary %s: %s, grade %s%s%s", eb_boundary_name(boundary), domains,
                              eb_grade_name(grade), missing[0] ? "; not measured: " : "", missing));
    else
        printf("energy of boundary %s: none, the run would print no joules\n", eb_boundary_name(boundary));
    free(counted);
}

static void put_probe(const eb_source_row *row)
{
    if (!row->reason || !row->reason[0]) {
        printf("  %-12s %s\n", row->name, row->state);
        return;
    }
    printf("  %-12s %-14s ", row->name, row->state);
    eb_cmd_wrap(row->reason, 30, 0);
}

// False and err where the run would be refused for want of energy.
static bool print_probes(const eb_globals *globals, const eb_plan *plan, eb_err *err)
{
    eb_io io = eb_io_select(globals->sysroot);
    eb_timeline timeline;
    eb_found found;
    eb_timeline_init(&timeline);
    if (plan->engine->simulate) {
        plan->engine->simulate(plan->engine_settings, plan->n_engine_settings, &timeline);
        io.timeline = &timeline;
    }
    eb_found_open(&found, &io, &plan->probes);
    printf("\nprobes\n");
    for (int i = 0; i < found.n_sources; i++)
        put_probe(&found.sources[i]);
    print_energy(&found, plan->probes.boundary);
    bool ok = eb_found_require(&found, plan->probes.boundary, plan->run.require_energy, err);
    eb_found_close(&found);
    eb_io_deinit(&io);
    return ok;
}

static void print_estimate(const eb_plan *plan)
{
    char a[32], b[32], c[32];
    eb_estimate e;
    eb_run_estimate(plan, &e);
    printf("\nestimate: %s of models to write, the largest %s in memory, %s of results,\n          ",
           eb_fmt_bytes(a, sizeof a, (double)e.model_bytes_to_write, 3),
           eb_fmt_bytes(b, sizeof b, (double)e.model_bytes_largest, 3),
           eb_fmt_bytes(c, sizeof c, (double)e.result_bytes, 2));
    if (isnan(e.seconds))
        printf("time not known");
    else
        printf("about %s without the making of models", eb_fmt_time(a, sizeof a, e.seconds * 1e9, 2));
    if (e.rounds < plan->run.trials_max)
        printf(" (max_time ends it after %d of %d rounds)", e.rounds, plan->run.trials_max);
    printf("\n");
}

int eb_dry_run(const eb_globals *globals, const eb_plan *plan)
{
    eb_err err;
    eb_err_clear(&err);
    print_cases(plan);
    eb_warnings warnings = { 0 };
    eb_context_warn(plan, &warnings);
    for (size_t i = 0; i < warnings.n; i++)
        printf("  warning: %s\n", warnings.items[i]);
    eb_warnings_deinit(&warnings);
    bool ok = print_probes(globals, plan, &err);
    print_estimate(plan);
    print_settings(plan);
    return ok ? EB_OK : eb_cmd_fail(&err);
}
