// SPDX-License-Identifier: Apache-2.0
// Cases by offers.
#include "harness/record/cost_sheet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/record/cost_leaders.h"

static double value_of(const eb_case_result *c, const char *key)
{
    const eb_metric *m = eb_case_metric(c, key);
    return m ? m->value : NAN;
}

static eb_grade grade_of(const eb_case_result *c, const eb_cost *cost)
{
    const eb_metric *power = eb_case_metric(c, "power_w"), *idle = eb_case_metric(c, "idle_power_w");
    if (eb_cost_kind_of(cost) != EB_COST_OWN || !power)
        return EB_GRADE_NONE;
    bool idles = cost->utilisation < 1 && isnan(cost->idle_w);
    return idles && idle && idle->grade < power->grade ? idle->grade : power->grade;
}

// Where the medians of the inputs make a figure that the trials have not, it is not known: there was a trial without a
// token within the limits.
static bool take_figure(const eb_cost *cost, const eb_cost_entry *e, eb_cost_of *of, double *value, double *sum,
                        char *note, size_t size)
{
    char why[160];
    snprintf(why, sizeof why, "%s", eb_cost_no_tokens);
    *value = isnan(*sum) ? NAN : eb_cost_median(cost, &e->work.value, &e->work.trials, of, why, sizeof why);
    if (!isnan(*value) || isnan(*sum))
        return true;
    *sum = NAN;
    snprintf(note, size, "%s", why);
    return false;
}

static double tokens_per_charge(const eb_case_result *c, const eb_cost *cost, const eb_cost_entry *e)
{
    eb_cost_series made = eb_cost_series_of(c, "throughput_tok_s"), watts = e->work.trials.load_w;
    eb_boundary boundary = e->work.value.boundary;
    int n = made.n < watts.n ? made.n : watts.n;
    size_t known = 0;
    if (!n)
        return cost->battery_wh * 3600 / e->sum.system_load_w * e->throughput_tok_s;
    double *x = eb_realloc(NULL, (size_t)n, sizeof *x);
    for (int i = 0; i < n; i++) {
        double value = cost->battery_wh * 3600 / eb_cost_system_w(cost, watts.items[i], boundary) * made.items[i];
        if (!isnan(value))
            x[known++] = value;
    }
    double median = eb_median(x, known);
    free(x);
    return median;
}

static void take_entry(eb_cost_sheet *sheet, int c, int offer)
{
    const eb_case_result *result = &sheet->run->cases[c];
    const eb_cost *cost = &sheet->offers[offer].value;
    eb_cost_entry *e = &sheet->entries[sheet->n_entries++];
    *e = (eb_cost_entry){ .case_index = c, .offer = offer };
    eb_cost_work_of(&e->work, result, sheet->run, cost);
    e->sum = eb_cost_compute(cost, &e->work.value);
    e->curve = eb_cost_curve_of(cost, &e->work.value);
    eb_cost_result *r = &e->sum;
    if (!take_figure(cost, e, eb_cost_usd_of, &e->usd_per_mtok, &r->usd_per_mtok, r->note, sizeof r->note))
        e->curve = (eb_cost_curve){ NAN, NAN };
    take_figure(cost, e, eb_cost_carbon_of, &e->gco2e_per_mtok, &r->gco2e_per_mtok, r->carbon_note,
                sizeof r->carbon_note);
    e->tok_per_usd = isnan(e->usd_per_mtok) ? NAN
                     : e->usd_per_mtok == 0
                         ? INFINITY
                         : eb_cost_median(cost, &e->work.value, &e->work.trials, eb_cost_tok_per_usd_of, NULL, 0);
    e->grade = grade_of(result, cost);
    e->throughput_tok_s = value_of(result, "throughput_tok_s");
    // A provider's tokens drain no battery of one's own.
    e->tok_per_charge = eb_cost_kind_of(cost) == EB_COST_TOKENS ? NAN : tokens_per_charge(result, cost, e);
    eb_cost_range_find(&e->range, &sheet->offers[offer], &e->work);
}

static eb_cost_rival rival_of(const eb_cost_sheet *sheet, const eb_cost_entry *e)
{
    eb_cost_rival r = eb_cost_rival_of(&sheet->offers[e->offer], &e->work);
    if (isnan(e->curve.flat))
        eb_cost_rival_pass_over(&r);
    return r;
}

static void take_pair(eb_cost_sheet *sheet, int c, int a, int b)
{
    const eb_cost_entry *row = &sheet->entries[c * sheet->n_offers];
    eb_cost_pair *p = &sheet->pairs[sheet->n_pairs++];
    *p = (eb_cost_pair){ .case_index = c, .a = a, .b = b, .above = -1, .below = -1 };
    eb_cost_rival x = rival_of(sheet, &row[a]), y = rival_of(sheet, &row[b]);
    eb_cost_rivals_meet(&x, &y, &p->lo, &p->hi);
    p->verdict = eb_cost_break_even(row[a].curve, row[b].curve, &p->utilisation);
    if (p->verdict == EB_BREAK_EVEN_AT) {
        p->above = row[a].curve.shared > row[b].curve.shared ? a : b;
        p->below = p->above == a ? b : a;
    } else if (p->verdict == EB_BREAK_EVEN_A_CHEAPER || p->verdict == EB_BREAK_EVEN_B_CHEAPER) {
        p->above = p->below = p->verdict == EB_BREAK_EVEN_A_CHEAPER ? a : b;
    }
}

// The pair of two offers of a case, however they are named.
static eb_cost_pair *pair_of(eb_cost_pair *pairs, int n, int x, int y)
{
    for (int i = 0; i < n; i++)
        if ((pairs[i].a == x && pairs[i].b == y) || (pairs[i].a == y && pairs[i].b == x))
            return &pairs[i];
    return NULL;
}

// Marks the pairs at which the cheapest changes.
static void find_leads(const eb_cost_sheet *sheet, int c, eb_cost_pair *pairs, int n_pairs)
{
    int n = sheet->n_offers;
    eb_cost_curve *curves = eb_realloc(NULL, (size_t)n + 1, sizeof *curves);
    eb_cost_leader *found = eb_realloc(NULL, (size_t)n + 1, sizeof *found);
    for (int i = 0; i < n; i++)
        curves[i] = sheet->entries[c * n + i].curve;
    int count = eb_cost_leaders(curves, n, found);
    for (int i = 1; i < count; i++) {
        eb_cost_pair *change = pair_of(pairs, n_pairs, found[i - 1].row, found[i].row);
        if (change)
            change->leads = true;
    }
    free(found);
    free(curves);
}

static void find_turns(eb_cost_sheet *sheet, int c)
{
    eb_cost_rival *rivals = eb_realloc(NULL, (size_t)sheet->n_offers + 1, sizeof *rivals);
    for (int i = 0; i < sheet->n_offers; i++)
        rivals[i] = rival_of(sheet, &sheet->entries[c * sheet->n_offers + i]);
    eb_cost_turns_init(&sheet->turns[c], rivals, sheet->n_offers);
    free(rivals);
}

// 0: not worth a line; the more, the sooner.
static int weight_of(const eb_cost_pair *p)
{
    bool may = p->lo < p->hi && p->lo < 1; // false where they are not known
    return p->leads ? 3 : p->verdict == EB_BREAK_EVEN_AT ? 2 : may ? 1 : 0;
}

static void choose_shown(eb_cost_pair *pairs, int n)
{
    int shown = 0;
    for (int weight = 3; weight > 0; weight--)
        for (int i = 0; i < n; i++)
            if (weight_of(&pairs[i]) == weight && (pairs[i].leads || shown < EB_COST_PAIRS_SHOWN)) {
                pairs[i].shown = true;
                shown++;
            }
}

int eb_cost_pairs_shown(const eb_cost_sheet *sheet)
{
    int n = 0;
    for (int i = 0; i < sheet->n_pairs; i++)
        n += sheet->pairs[i].shown;
    return n;
}

void eb_cost_sheet_init(eb_cost_sheet *sheet, const eb_run *run, const eb_offer *offers, int n_offers)
{
    size_t n = (size_t)run->n_cases * (size_t)n_offers;
    *sheet = (eb_cost_sheet){ .run = run, .offers = offers, .n_offers = n_offers };
    sheet->entries = eb_realloc(NULL, n + 1, sizeof *sheet->entries);
    sheet->pairs = eb_realloc(NULL, n * (size_t)n_offers + 1, sizeof *sheet->pairs);
    sheet->turns = eb_alloc((size_t)run->n_cases * sizeof *sheet->turns + 1);
    for (int c = 0; c < run->n_cases; c++)
        for (int i = 0; i < n_offers; i++)
            take_entry(sheet, c, i);
    for (int c = 0; c < run->n_cases; c++) {
        int first = sheet->n_pairs;
        for (int a = 0; a < n_offers; a++)
            for (int b = a + 1; b < n_offers; b++)
                take_pair(sheet, c, a, b);
        find_leads(sheet, c, sheet->pairs + first, sheet->n_pairs - first);
        find_turns(sheet, c);
        choose_shown(sheet->pairs + first, sheet->n_pairs - first);
    }
}

void eb_cost_sheet_deinit(eb_cost_sheet *sheet)
{
    free(sheet->entries);
    free(sheet->pairs);
    for (int c = 0; sheet->turns && c < sheet->run->n_cases; c++)
        eb_cost_turns_deinit(&sheet->turns[c]);
    free(sheet->turns);
    *sheet = (eb_cost_sheet){ 0 };
}
