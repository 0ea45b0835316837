// SPDX-License-Identifier: Apache-2.0
// Costs of a row, trial by trial as the metrics have them.
#include "harness/record/compare_price.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "harness/base/mem.h"

static double at(const eb_compare_value *v, int i)
{
    return i < v->n_trials ? v->trials[i] : NAN;
}

static eb_cost_load load_of(const eb_compare_row *row, const eb_compare_run *run, const eb_cost *cost)
{
    const eb_compare_case *c = &run->cases[row->case_index];
    eb_case_info info = { .prompt_tok = c->prompt_tok, .output_tok = c->output_tok, .depth_tok = c->depth_tok };
    return (eb_cost_load){ .goodput_tok_s = row->figures[EB_FIGURE_GOODPUT].value,
                           .load_w = row->figures[EB_FIGURE_POWER].value,
                           .idle_w = row->figures[EB_FIGURE_IDLE].value,
                           .prompt_per_output = eb_cost_prompt_per_output(&info),
                           .boundary = eb_cost_boundary(cost, run->boundary, row->figures[EB_FIGURE_POWER].grade) };
}

static void begin(eb_compare_value *v, int n)
{
    free(v->trials);
    *v = (eb_compare_value){ .trials = eb_realloc(NULL, (size_t)n + 1, sizeof *v->trials), .n_trials = n };
}

// A trial without a token within the limits costs without bound: the median of the others would be of chosen trials.
static void settle(eb_compare_value *v, const eb_compare_value *goodput, double level, const char *note)
{
    int lacking = 0;
    for (int i = 0; i < v->n_trials; i++)
        lacking += at(goodput, i) == 0;
    eb_compare_settle(v, level);
    if (lacking) {
        v->value = v->lo = v->hi = NAN;
        v->interval = EB_INTERVAL_NONE;
    }
    if (isnan(v->value))
        snprintf(v->note, sizeof v->note, "%s", lacking ? "no tokens within the limits of the SLO" : note);
}

static double usd_of(const eb_cost_result *r)
{
    return r->usd_per_mtok;
}

static double carbon_of(const eb_cost_result *r)
{
    return r->gco2e_per_mtok;
}

// What the watts of all trials have in common enters a cost as far as the watts do.
static void take_watts(eb_compare_value *v, const eb_compare_row *row, const eb_cost *cost, const eb_cost_load *load,
                       double (*of)(const eb_cost_result *))
{
    const eb_compare_value *power = &row->figures[EB_FIGURE_POWER], *idle = &row->figures[EB_FIGURE_IDLE];
    eb_cost_load busier = *load, warmer = *load;
    busier.load_w *= 2;
    warmer.idle_w *= 2;
    eb_cost_result once = eb_cost_compute(cost, load), busy = eb_cost_compute(cost, &busier),
                   warm = eb_cost_compute(cost, &warmer);
    bool idles = cost->utilisation < 1 && isnan(cost->idle_w);
    double share = of(&busy) / of(&once) - 1, idle_share = idles ? of(&warm) / of(&once) - 1 : 0;
    v->grade = idles && idle->grade < power->grade ? idle->grade : power->grade;
    v->common = hypot(share * power->common, idles ? idle_share * idle->common : 0);
    v->sensor = share * power->sensor + (idles ? idle_share * idle->sensor : 0);
}

// An interval of the trials, wider by what they have in common.
static void widen(eb_compare_value *v)
{
    v->lo = v->value - hypot(v->value - v->lo, v->common * v->value) - v->sensor * v->value;
    v->hi = v->value + hypot(v->hi - v->value, v->common * v->value) + v->sensor * v->value;
}

void eb_compare_price(eb_compare_row *row, const eb_compare_run *run, const eb_offer *offer, bool again)
{
    eb_cost cost;
    if (offer)
        cost = offer->value;
    else
        eb_cost_from_header(&run->text, &cost);
    eb_cost_load load = load_of(row, run, &cost), one = load;
    row->curve = eb_cost_curve_of(&cost, &load);
    if (!offer && !again)
        return;
    eb_compare_value *usd = &row->figures[EB_FIGURE_USD], *per_usd = &row->figures[EB_FIGURE_TOK_PER_USD],
                     *carbon = &row->figures[EB_FIGURE_CARBON], *goodput = &row->figures[EB_FIGURE_GOODPUT];
    int n = goodput->n_trials;
    begin(usd, n);
    begin(per_usd, n);
    begin(carbon, n);
    for (int i = 0; i < n; i++) {
        one.goodput_tok_s = at(goodput, i);
        one.load_w = at(&row->figures[EB_FIGURE_POWER], i);
        one.idle_w = at(&row->figures[EB_FIGURE_IDLE], i);
        eb_cost_result r = eb_cost_compute(&cost, &one);
        usd->trials[i] = r.usd_per_mtok;
        per_usd->trials[i] = 1e6 / r.usd_per_mtok;
        carbon->trials[i] = r.gco2e_per_mtok;
    }
    eb_cost_result whole = eb_cost_compute(&cost, &load);
    settle(usd, goodput, run->level, whole.note);
    settle(per_usd, goodput, run->level, whole.note);
    settle(carbon, goodput, run->level, whole.carbon_note);
    if (eb_cost_kind_of(&cost) == EB_COST_OWN && !isnan(usd->value))
        take_watts(usd, row, &cost, &load, usd_of);
    if (!isnan(carbon->value))
        take_watts(carbon, row, &cost, &load, carbon_of);
    per_usd->grade = usd->grade;
    per_usd->common = usd->common;
    per_usd->sensor = usd->sensor;
    widen(usd);
    widen(per_usd);
    widen(carbon);
}
