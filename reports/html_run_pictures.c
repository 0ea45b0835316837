// SPDX-License-Identifier: Apache-2.0
// Which pictures the page of a run has, in which of its sections, and what is written under them.
#include <math.h>
#include <stdlib.h>
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "harness/record/observations.h"
#include "reports/html.h"
#include "reports/plots_impl.h"
#include "reports/report_impl.h"
#include "reports/view.h"

enum { MAX_WORKS = 4, MAX_POWER = 24 };

static void add_latencies(const eb_run *run, eb_html_pictures *p)
{
    static const char *const captions[EB_OBSERVED_COUNT] = {
        [EB_OBSERVED_TTFT] = "Time to first token | each request; the tick is the median",
        [EB_OBSERVED_ITL] = "Time between tokens | how many gaps fall where, of all trials; the tick is the median",
        [EB_OBSERVED_E2E] = "Time of a whole request | from its scheduled arrival; the tick is the median",
    };
    eb_observations *all = eb_alloc((size_t)run->n_cases * sizeof *all + 1);
    for (int c = 0; c < run->n_cases; c++)
        eb_observations_collect(run, c, &all[c]);
    for (int k = 0; k < EB_OBSERVED_COUNT; k++)
        eb_html_picture_add(p, "speed", false, eb_plot_latency(run, all, (eb_observed)k), "%s", captions[k]);
    for (int c = 0; c < run->n_cases; c++)
        eb_observations_deinit(&all[c]);
    free(all);
}

static void add_power(const eb_run *run, eb_html_pictures *p)
{
    for (int i = 0; i < run->n_series && i < MAX_POWER; i++) {
        const eb_power_series *s = &run->series[i];
        char *script = eb_plot_power_of(run, s);
        if (!script)
            continue;
        const eb_metric *m = eb_rank_value(&run->cases[s->case_index], "power_w");
        char *name = eb_case_title(run, s->case_index);
        eb_html_picture_add(p, "power", false, script, "%s | trial %d%s%s%s", name, s->trial, m ? ", " : "",
                            m ? eb_grade_name(m->grade) : "", isfinite(run->idle_w) ? "; dotted: idle" : "");
        free(name);
    }
}

static bool first_of_its_work(const eb_run *run, int c)
{
    for (int i = 0; i < c; i++)
        if (eb_rank_comparable(run->cases[i].info, run->cases[c].info))
            return false;
    return true;
}

static int of_its_work(const eb_run *run, int c)
{
    int n = 0;
    for (int i = 0; i < run->n_cases; i++)
        n += eb_rank_comparable(run->cases[i].info, run->cases[c].info);
    return n;
}

static void add_works(const eb_run *run, eb_html_pictures *p)
{
    int works = 0;
    for (int c = 0; c < run->n_cases; c++) {
        const eb_case_info *i = run->cases[c].info;
        if (!first_of_its_work(run, c) || works++ == MAX_WORKS)
            continue;
        char *work = eb_format("%d prompt and %d output token%s, batch %d", i->prompt_tok, i->output_tok,
                               eb_s(i->output_tok), i->batch);
        eb_html_picture_add(
            p, "efficiency", false, eb_plot_front(run, c),
            "Speed against energy | %s; up and left is better; dotted: the Pareto front, where no other "
            "is both faster and thriftier; hollow: kept on it by differences within noise",
            work);
        eb_html_picture_add(p, "efficiency", false, eb_plot_utilisation(run, c),
                            "Performance per dollar against utilisation | %s; dotted: the utilisation in [cost]%s%s",
                            work, of_its_work(run, c) > EB_PLOT_MAX_CURVES ? "; the best six" : "",
                            eb_run_demonstration(run) ? "; demonstration prices" : "");
        free(work);
    }
}

void eb_html_run_pictures(const eb_run *run, eb_html_pictures *p)
{
    add_latencies(run, p);
    eb_html_picture_add(p, "energy", false, eb_plot_energy_by_phase(run),
                        "Energy of a token, by phase | shares: medians over the trials; grey: the phases are too short "
                        "for the counter");
    eb_html_picture_add(p, "energy", false, eb_plot_energy_by_domain(run), "Energy of a token, by part of the machine");
    add_power(run, p);
    add_works(run, p);
    eb_html_picture_add(p, "operators", true, eb_plot_roofline(run), "Roofline");
    eb_html_picture_add(p, "operators", true, eb_plot_operators(run), "Time and energy by operator");
    eb_html_picture_add(p, "course", true, eb_plot_sustained(run), "The course of the first sustained trial");
    eb_html_picture_add(p, "load", true, eb_plot_load(run),
                        "The first load curve | hollow: a level that was invalid in some trial");
}
