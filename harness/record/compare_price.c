// SPDX-License-Identifier: Apache-2.0
// Costs of a row, trial by trial as the metrics have them.
#include "harness/record/compare_price.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "harness/base/mem.h"

static eb_cost_series series(const eb_compare_value *v)
{
    static const double none[1];
    return (eb_cost_series){ v->trials ? v->trials : none, v->n_trials };
}

eb_cost_load eb_compare_load(const eb_compare_row *row, const eb_compare_run *run, const eb_cost *cost)
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
    *v = (eb_compare_value){ .trials = eb_realloc(NULL, (size_t)n + 1, sizeof *v->trials), .n_trials = n };
}

static void settle(eb_compare_value *v, const eb_cost_trials *trials, double level, const char *note)
{
    int lacking = eb_cost_lacking(trials, v->trials);
    eb_compare_settle(v, level);
    if (lacking) {
        v->value = v->lo = v->hi = NAN;
        v->interval = EB_INTERVAL_NONE;
    }
    if (lacking)
        eb_cost_say_lacking(trials, lacking, v->note, sizeof v->note);
    else if (isnan(v->value))
        snprintf(v->note, sizeof v->note, "%s", note);
}

// What the watts of all trials have in common enters a cost as far as the watts do.
static void take_watts(eb_compare_value *v, const eb_compare_row *row, const eb_cost *cost, const eb_cost_load *load,
                       eb_cost_of *of)
{
    const eb_compare_value *power = &row->figures[EB_FIGURE_POWER], *idle = &row->figures[EB_FIGURE_IDLE];
    eb_cost_load busier = *load, warmer = *load;
    busier.load_w *= 2;
    warmer.idle_w *= 2;
    eb_cost_result once = eb_cost_compute(cost, load), busy = eb_cost_compute(cost, &busier),
                   warm = eb_cost_compute(cost, &warmer);
    bool idles = cost->utilisation < 1 && isnan(cost->idle_w);
    bool any = of(&once) > 0; // nothing is made of watts where nothing is paid
    double share = any ? of(&busy) / of(&once) - 1 : 0, idle_share = any && idles ? of(&warm) / of(&once) - 1 : 0;
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

void eb_compare_price_at(const eb_compare_row *row, const eb_compare_run *run, const eb_cost *cost, eb_figure f,
                         eb_compare_value *out)
{
    eb_cost_load load = eb_compare_load(row, run, cost);
    const eb_cost_trials trials = { series(&row->figures[EB_FIGURE_GOODPUT]), series(&row->figures[EB_FIGURE_POWER]),
                                    series(&row->figures[EB_FIGURE_IDLE]) };
    bool carbon = f == EB_FIGURE_CARBON;
    begin(out, trials.goodput_tok_s.n);
    eb_cost_of_trials(cost, &load, &trials,
                      carbon               ? eb_cost_carbon_of
                      : f == EB_FIGURE_USD ? eb_cost_usd_of
                                           : eb_cost_tok_per_usd_of,
                      out->trials);
    eb_cost_result whole = eb_cost_compute(cost, &load);
    settle(out, &trials, run->level, carbon ? whole.carbon_note : whole.note);
    if (!isnan(out->value) && (carbon || eb_cost_kind_of(cost) == EB_COST_OWN))
        take_watts(out, row, cost, &load, carbon ? eb_cost_carbon_of : eb_cost_usd_of);
    widen(out);
}

void eb_compare_price(eb_compare_row *row, const eb_compare_run *run, const eb_offer *offer, bool again)
{
    static const eb_figure priced[] = { EB_FIGURE_USD, EB_FIGURE_TOK_PER_USD, EB_FIGURE_CARBON };
    eb_compare_prices *p = &row->prices;
    if (offer)
        *p = (eb_compare_prices){ offer->low, offer->value, offer->high };
    else
        eb_cost_range_from_header(&run->text, &p->low, &p->value, &p->high);
    eb_cost_load load = eb_compare_load(row, run, &p->value);
    row->curve = eb_cost_curve_of(&p->value, &load);
    for (size_t i = 0; i < sizeof priced / sizeof *priced && (offer || again); i++) {
        eb_compare_value made = { 0 };
        eb_compare_price_at(row, run, &p->value, priced[i], &made);
        free(row->figures[priced[i]].trials);
        row->figures[priced[i]] = made;
    }
    if (isnan(row->figures[EB_FIGURE_USD].value)) // a trial without a token, that the median of the others hides
        row->curve = (eb_cost_curve){ NAN, NAN };
    eb_compare_value *per_dollar = &row->figures[EB_FIGURE_TOK_PER_USD];
    if (row->figures[EB_FIGURE_USD].value == 0) { // a run's own metrics give no number there, and a free offer leads
        per_dollar->value = INFINITY;
        snprintf(per_dollar->note, sizeof per_dollar->note, "free: tokens per dollar without bound");
    }
}
