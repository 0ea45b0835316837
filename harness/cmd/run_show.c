// SPDX-License-Identifier: Apache-2.0
#include "harness/cmd/run_show.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/record/load.h"
#include "harness/record/profile.h"
#include "harness/record/run.h"
#include "harness/record/sustained.h"
#include "reports/report.h"

// What is known of why an energy is missing: the warnings that name one of its channels.
static void say_causes(const eb_run *run, const eb_case_result *c)
{
    enum { MOST = 4 };
    int said = 0;
    for (int i = 0; i < c->n_warnings + run->n_warnings; i++) {
        const char *warning = i < c->n_warnings ? c->warnings[i] : run->warnings[i - c->n_warnings];
        bool named = false;
        for (int k = 0; k < run->header->n_channels && !named; k++) {
            const eb_channel *channel = &run->header->channels[k];
            size_t len = strlen(channel->source);
            bool of_source = !strncmp(warning, channel->source, len) && warning[len] == ':';
            named = channel->grade != EB_GRADE_NONE && (of_source || strstr(warning, channel->name));
        }
        if (named && said++ < MOST)
            fprintf(stderr, "  cause: %s\n", warning);
    }
}

static int judge_trials(const eb_run *run)
{
    for (int i = 0; run->complete && i < run->n_cases; i++)
        if (run->cases[i].n_trials - run->cases[i].n_failed <= 0) {
            fprintf(stderr, "effbench: error: no trial of '%s' succeeded\n", run->cases[i].info->id);
            return EB_FAILED;
        }
    return EB_OK;
}

static int judge_energy(const eb_run *run, const eb_plan *plan)
{
    for (int i = 0; i < run->n_cases; i++) {
        const eb_case_result *c = &run->cases[i];
        const eb_metric *energy = eb_case_metric(c, "energy_j");
        eb_grade grade = energy && !isnan(energy->value) ? energy->grade : EB_GRADE_NONE;
        const char *had = run->missing ? run->missing : "", *lacks = c->missing ? c->missing : "";
        if (run->complete && plan->run.require_energy && strcmp(had, lacks) != 0 && *lacks) {
            fprintf(stderr,
                    "effbench: error: the energy of '%s' is without %s, which was measured when the run began\n",
                    c->info->id, lacks);
            say_causes(run, c);
            return EB_UNAVAILABLE;
        }
        if (run->complete && grade < plan->run.require_energy) {
            fprintf(stderr, "effbench: error: '%s' has energy of grade '%s', '%s' was required%s%s\n", c->info->id,
                    eb_grade_name(grade), eb_grade_name(plan->run.require_energy),
                    energy && energy->note[0] ? ": " : "", energy ? energy->note : "");
            say_causes(run, c);
            return EB_UNAVAILABLE;
        }
    }
    return EB_OK;
}

static bool write_derived(const eb_run *run, const char *dir, eb_err *err)
{
    return eb_run_json_write(run, dir, err) && eb_energy_csv_write(run, dir, err) &&
           (!run->n_profiles || eb_profile_csv_write(run, dir, err)) &&
           (!run->n_loads || eb_load_csv_write(run, dir, err)) &&
           (!run->n_sustained || eb_sustained_csv_write(run, dir, err));
}

int eb_run_show(const eb_globals *globals, const eb_plan *plan, const char *dir)
{
    eb_err err;
    eb_err_clear(&err);
    const char *format = globals->format ? globals->format : "term", *missing = NULL;
    eb_run *run = eb_run_load(dir, &err);
    if (!run)
        return eb_cmd_fail(&err);
    int rc = EB_OK;
    eb_report_style style = { .color = globals->color, .run = dir };
    if (!eb_report_find(format)->write(run, &style, stdout, &err))
        rc = eb_cmd_fail(&err);
    fflush(stdout);
    eb_err_clear(&err);
    if ((!eb_cmd_say_newer(dir, true) && !write_derived(run, dir, &err)) || !eb_report_files(run, dir, &err))
        rc = eb_cmd_fail(&err);
    eb_err_clear(&err);
    if (!eb_report_plots(run, dir, &missing, &err))
        fprintf(stderr, "effbench: warning: no plots: %s\n", err.message);
    if (missing)
        fprintf(stderr, "%s\n", missing);
    if (rc == EB_OK)
        rc = judge_trials(run);
    if (rc == EB_OK)
        rc = judge_energy(run, plan);
    eb_run_free(run);
    fprintf(stderr, "results in %s\n", dir);
    if (rc == EB_OK)
        fprintf(stderr, "open %s/report.html; effbench compare %s OTHER; effbench cost %s --prices FILE\n", dir, dir,
                dir);
    return rc;
}

int eb_run_leave(const eb_plan *plan, const char *dir)
{
    eb_err err;
    eb_err_clear(&err);
    eb_run *run = plan->run.require_energy ? eb_run_load(dir, &err) : NULL;
    int rc = run ? judge_energy(run, plan) : err.code ? eb_cmd_fail(&err) : EB_OK;
    eb_run_free(run);
    fprintf(stderr, "results in %s\n", dir);
    if (rc == EB_OK)
        fprintf(stderr, "`effbench report %s` prints them\n", dir);
    return rc;
}
