// SPDX-License-Identifier: Apache-2.0
// Costs trial by trial.
#include "harness/record/cost_trials.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/record/lack.h"

static double at(eb_cost_series s, int i, double otherwise)
{
    return !s.items ? otherwise : i < s.n ? s.items[i] : NAN;
}

int eb_cost_n_trials(const eb_cost_trials *t)
{
    return t->goodput_tok_s.items ? t->goodput_tok_s.n
           : t->load_w.items      ? t->load_w.n
           : t->idle_w.items      ? t->idle_w.n
                                  : 1;
}

double eb_cost_usd_of(const eb_cost_result *r)
{
    return r->usd_per_mtok;
}

double eb_cost_tok_per_usd_of(const eb_cost_result *r)
{
    return 1e6 / r->usd_per_mtok;
}

double eb_cost_carbon_of(const eb_cost_result *r)
{
    return r->gco2e_per_mtok;
}

void eb_cost_of_trials(const eb_cost *cost, const eb_cost_load *load, const eb_cost_trials *t, eb_cost_of *of,
                       double *out)
{
    eb_cost_load one = *load;
    for (int i = 0; i < eb_cost_n_trials(t); i++) {
        one.goodput_tok_s = at(t->goodput_tok_s, i, load->goodput_tok_s);
        one.load_w = at(t->load_w, i, load->load_w);
        one.idle_w = at(t->idle_w, i, load->idle_w);
        eb_cost_result r = eb_cost_compute(cost, &one);
        out[i] = of(&r);
    }
}

int eb_cost_lacking(const eb_cost_trials *t, const double *values)
{
    int lacking = 0;
    for (int i = 0; i < eb_cost_n_trials(t); i++)
        lacking += isnan(values[i]) && at(t->goodput_tok_s, i, NAN) == 0;
    return lacking;
}

const char eb_cost_no_tokens[] = "no tokens within the limits of the SLO";

void eb_cost_say_lacking(const eb_cost_trials *t, int lacking, char *note, size_t size)
{
    if (lacking < eb_cost_n_trials(t))
        eb_lack_of_trials(eb_cost_no_tokens, lacking, eb_cost_n_trials(t), note, size);
    else
        snprintf(note, size, "%s", eb_cost_no_tokens);
}

double eb_cost_median(const eb_cost *cost, const eb_cost_load *load, const eb_cost_trials *t, eb_cost_of *of,
                      char *note, size_t size)
{
    int n = eb_cost_n_trials(t);
    size_t known = 0;
    double *values = eb_realloc(NULL, (size_t)n + 1, sizeof *values);
    eb_cost_of_trials(cost, load, t, of, values);
    int lacking = eb_cost_lacking(t, values);
    if (lacking)
        eb_cost_say_lacking(t, lacking, note, size);
    for (int i = 0; i < n; i++)
        if (!isnan(values[i]))
            values[known++] = values[i];
    double median = lacking ? NAN : eb_median(values, known);
    free(values);
    return median;
}
