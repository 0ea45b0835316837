// SPDX-License-Identifier: Apache-2.0
// Offers, and the range of a cost over the ranges of its inputs. A cost rises or falls with each input whatever the
// others are, so that the corners found one input at a time are those of all together.
#include "harness/record/cost_range.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"

// ---- offers ----

static char *copy(const char *s)
{
    return s ? eb_strdup(s) : NULL;
}

static void add_row(eb_header *text, const eb_setting_row *s, const char *origin)
{
    text->settings = eb_realloc(text->settings, (size_t)text->n_settings + 1, sizeof *text->settings);
    text->settings[text->n_settings++] = (eb_setting_row){ .section = copy(s->section),
                                                           .name = copy(s->name),
                                                           .key = copy(s->key),
                                                           .value = copy(s->value),
                                                           .unit = copy(s->unit),
                                                           .origin = copy(origin) };
}

static void reread(eb_offer *offer)
{
    eb_cost_range_from_header(&offer->text, &offer->low, &offer->value, &offer->high);
}

void eb_offer_init(eb_offer *offer, const char *name, const eb_header *settings)
{
    *offer = (eb_offer){ .name = eb_strdup(name) };
    for (int i = 0; i < settings->n_settings; i++)
        if (!strcmp(settings->settings[i].section, "cost"))
            add_row(&offer->text, &settings->settings[i], settings->settings[i].origin);
    reread(offer);
}

const eb_setting_row *eb_offer_setting(const eb_offer *offer, const char *key)
{
    for (int i = 0; i < offer->text.n_settings; i++)
        if (!strcmp(offer->text.settings[i].key, key) && offer->text.settings[i].value &&
            offer->text.settings[i].value[0])
            return &offer->text.settings[i];
    return NULL;
}

void eb_offer_of_machine(eb_offer *offer, const eb_header *run)
{
    static const char *const keys[] = { "rest_of_system_w", "idle_w", "battery_wh" };
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
        for (int i = 0; i < run->n_settings && !eb_offer_setting(offer, keys[k]); i++) {
            const eb_setting_row *s = &run->settings[i];
            if (!strcmp(s->section, "cost") && !strcmp(s->key, keys[k]) && s->value && s->value[0])
                add_row(&offer->text, s, EB_OFFER_OF_RUN);
        }
    for (int i = 0; i < run->n_machine && !eb_offer_setting(offer, "battery_wh"); i++) {
        const eb_setting_row found = {
            .section = (char *)"cost", .key = (char *)"battery_wh", .value = run->machine[i].value, .unit = (char *)"wh"
        };
        if (!strcmp(run->machine[i].key, EB_MACHINE_BATTERY))
            add_row(&offer->text, &found, EB_OFFER_FOUND);
    }
    reread(offer);
}

void eb_offer_deinit(eb_offer *offer)
{
    for (int i = 0; i < offer->text.n_settings; i++) {
        eb_setting_row *s = &offer->text.settings[i];
        char *owned[] = { s->section, s->name, s->key, s->value, s->unit, s->origin };
        for (size_t k = 0; k < sizeof owned / sizeof *owned; k++)
            free(owned[k]);
    }
    free(offer->text.settings);
    free(offer->name);
    *offer = (eb_offer){ 0 };
}

// ---- the work ----

static void take_metric(const eb_case_result *c, const char *key, double *low, double *value, double *high)
{
    const eb_metric *m = eb_case_metric(c, key);
    *low = *value = *high = m ? m->value : NAN;
    if (m && m->interval != EB_INTERVAL_NONE && m->lo <= m->value && m->hi >= m->value) {
        *low = fmax(m->lo, 0);
        *high = m->hi;
    }
}

eb_cost_series eb_cost_series_of(const eb_case_result *c, const char *key)
{
    const eb_metric *m = eb_case_metric(c, key);
    eb_cost_series s = { 0 };
    if (m && c->figures)
        s = (eb_cost_series){ c->figures + (size_t)(m - c->metrics) * (size_t)c->n_figures, c->n_figures };
    for (int i = 0; i < s.n; i++)
        if (!isnan(s.items[i]))
            return s;
    return (eb_cost_series){ 0 };
}

void eb_cost_work_of(eb_cost_work *work, const eb_case_result *c, const eb_run *run, const eb_cost *cost)
{
    const eb_metric *power = eb_case_metric(c, "power_w");
    eb_cost_load same = { .prompt_per_output = eb_cost_prompt_per_output(c->info),
                          .boundary =
                              eb_cost_boundary(cost, run->header->boundary, power ? power->grade : EB_GRADE_NONE) };
    *work = (eb_cost_work){ same,
                            same,
                            same,
                            { .goodput_tok_s = eb_cost_series_of(c, "goodput_tok_s"),
                              .load_w = eb_cost_series_of(c, "power_w"),
                              .idle_w = eb_cost_series_of(c, "idle_power_w") } };
    take_metric(c, "goodput_tok_s", &work->low.goodput_tok_s, &work->value.goodput_tok_s, &work->high.goodput_tok_s);
    take_metric(c, "power_w", &work->low.load_w, &work->value.load_w, &work->high.load_w);
    take_metric(c, "idle_power_w", &work->low.idle_w, &work->value.idle_w, &work->high.idle_w);
}

// ---- the range ----

static const struct {
    const char *key, *unit;
    size_t offset, series; // in the load, in the trials
} measured[] = {
    { "goodput_tok_s", "tok/s", offsetof(eb_cost_load, goodput_tok_s), offsetof(eb_cost_trials, goodput_tok_s) },
    { "power_w", "W", offsetof(eb_cost_load, load_w), offsetof(eb_cost_trials, load_w) },
    { "idle_power_w", "W", offsetof(eb_cost_load, idle_w), offsetof(eb_cost_trials, idle_w) },
};

// One end of all inputs, that is changed piece by piece.
typedef struct corner {
    eb_cost cost;
    eb_cost_load load;
    eb_cost_trials trials; // of what is not at one of its ends
} corner;

static double usd(const corner *c)
{
    return eb_cost_median(&c->cost, &c->load, &c->trials, eb_cost_usd_of, NULL, 0);
}

static void add_bar(eb_cost_range *range, eb_cost_bar bar)
{
    if (range->n_bars == EB_COST_BARS || isnan(bar.usd_low) || isnan(bar.usd_high) || bar.usd_low == bar.usd_high)
        return;
    int at = range->n_bars++;
    double swing = fabs(bar.usd_high - bar.usd_low);
    for (; at > 0 && fabs(range->bars[at - 1].usd_high - range->bars[at - 1].usd_low) < swing; at--)
        range->bars[at] = range->bars[at - 1];
    range->bars[at] = bar;
}

static double *load_at(eb_cost_load *load, size_t offset)
{
    return (double *)(void *)((char *)load + offset);
}

// Measured input i is `value` in every trial.
static void fix(corner *c, int i, double value)
{
    *load_at(&c->load, measured[i].offset) = value;
    *(eb_cost_series *)(void *)((char *)&c->trials + measured[i].series) = (eb_cost_series){ 0 };
}

static void try_input(eb_cost_range *range, const eb_offer *offer, const eb_cost_field *f, const corner *middle,
                      corner *cheap, corner *dear)
{
    eb_cost low = offer->low, high = offer->high;
    corner down = *middle, up = *middle;
    eb_cost_bar bar = { .key = f->key, .unit = f->unit, .low = *eb_cost_at(&low, f), .high = *eb_cost_at(&high, f) };
    if (!(bar.low < bar.high))
        return;
    eb_cost_set_input(&down.cost, f, bar.low);
    eb_cost_set_input(&up.cost, f, bar.high);
    bar.usd_low = usd(&down);
    bar.usd_high = usd(&up);
    bool falls = bar.usd_high < bar.usd_low;
    eb_cost_set_input(&cheap->cost, f, falls ? bar.high : bar.low);
    eb_cost_set_input(&dear->cost, f, falls ? bar.low : bar.high);
    add_bar(range, bar);
}

static void try_measured(eb_cost_range *range, const eb_cost_work *work, int i, const corner *middle, corner *cheap,
                         corner *dear)
{
    eb_cost_load low = work->low, high = work->high;
    corner down = *middle, up = *middle;
    size_t at = measured[i].offset;
    eb_cost_bar bar = {
        .key = measured[i].key, .unit = measured[i].unit, .low = *load_at(&low, at), .high = *load_at(&high, at)
    };
    if (!(bar.low < bar.high))
        return;
    fix(&down, i, bar.low);
    fix(&up, i, bar.high);
    bar.usd_low = usd(&down);
    bar.usd_high = usd(&up);
    if (isnan(bar.usd_low)) // no goodput at all at the low end: without bound
        bar.usd_low = INFINITY;
    bool falls = bar.usd_high < bar.usd_low;
    fix(cheap, i, falls ? bar.high : bar.low);
    fix(dear, i, falls ? bar.low : bar.high);
    add_bar(range, bar);
}

void eb_cost_range_find(eb_cost_range *range, const eb_offer *offer, const eb_cost_work *work)
{
    corner middle = { offer->value, work->value, work->trials }, cheap = middle, dear = middle;
    *range = (eb_cost_range){ .value = usd(&middle), .cheapest = NAN, .dearest = NAN };
    if (isnan(range->value))
        return;
    for (const eb_cost_field *f = eb_cost_fields; f->key; f++)
        try_input(range, offer, f, &middle, &cheap, &dear);
    for (int i = 0; i < (int)(sizeof measured / sizeof *measured); i++)
        try_measured(range, work, i, &middle, &cheap, &dear);
    range->cheapest = fmin(usd(&cheap), range->value);
    range->dearest = isnan(usd(&dear)) ? INFINITY : fmax(usd(&dear), range->value);
}
