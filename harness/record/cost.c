// SPDX-License-Identifier: Apache-2.0
// Money and carbon per million tokens.
#include "harness/record/cost.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/units.h"

static const double seconds_per_year = 31.536e6, hours_per_year = 8760;

static const struct {
    const char *key;
    size_t offset;
    double absent;
} fields[] = {
    { "price_usd", offsetof(eb_cost, price_usd), NAN },
    { "usd_per_hour", offsetof(eb_cost, usd_per_hour), NAN },
    { "usd_per_kwh", offsetof(eb_cost, usd_per_kwh), NAN },
    { "residual", offsetof(eb_cost, residual), 0 },
    { "interest", offsetof(eb_cost, interest), 0 },
    { "years", offsetof(eb_cost, years), NAN },
    { "utilisation", offsetof(eb_cost, utilisation), NAN },
    { "pue", offsetof(eb_cost, pue), 1 },
    { "opex_usd_year", offsetof(eb_cost, opex_usd_year), 0 },
    { "rest_of_system_w", offsetof(eb_cost, rest_of_system_w), NAN },
    { "idle_w", offsetof(eb_cost, idle_w), NAN },
    { "intensity_g_per_kwh", offsetof(eb_cost, intensity_g_per_kwh), NAN },
    { "embodied_g", offsetof(eb_cost, embodied_g), NAN }, // left out, and said
    { "battery_wh", offsetof(eb_cost, battery_wh), NAN },
};

enum { N_FIELDS = sizeof fields / sizeof *fields };

// "0.2" or "20%".
static double parse_number(const char *text, double absent)
{
    char buf[64];
    size_t n = strlen(text);
    bool percent = n > 0 && text[n - 1] == '%';
    double value;
    if (!n || n >= sizeof buf)
        return absent;
    memcpy(buf, text, n + 1);
    if (percent)
        for (buf[--n] = '\0'; n > 0 && buf[n - 1] == ' ';)
            buf[--n] = '\0';
    if (!eb_parse_double(buf, &value, NULL))
        return absent;
    return percent ? value / 100 : value;
}

static bool parse_truth(const char *text)
{
    static const char *const yes[] = { "yes", "true", "on", "1" };
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (!strcmp(text, yes[i]))
            return true;
    return false;
}

void eb_cost_from_header(const eb_header *header, eb_cost *out)
{
    *out = (eb_cost){ 0 };
    for (int f = 0; f < N_FIELDS; f++)
        *(double *)(void *)((char *)out + fields[f].offset) = fields[f].absent;
    for (int i = 0; i < header->n_settings; i++) {
        const eb_setting_row *s = &header->settings[i];
        if (strcmp(s->section, "cost") != 0 || !s->value)
            continue;
        if (!strcmp(s->key, "demonstration"))
            out->demonstration = parse_truth(s->value);
        for (int f = 0; f < N_FIELDS; f++)
            if (!strcmp(s->key, fields[f].key))
                *(double *)(void *)((char *)out + fields[f].offset) = parse_number(s->value, fields[f].absent);
    }
}

double eb_cost_capex_year(double price, double residual, double interest, double years)
{
    double growth = pow(1 + interest, years);
    double crf = interest == 0 ? 1 / years : interest * growth / (growth - 1);
    return price * (1 - residual) * crf + price * residual * interest;
}

double eb_cost_system_w(const eb_cost *cost, double watts, eb_boundary boundary)
{
    return boundary == EB_BOUNDARY_COMPUTE ? watts + cost->rest_of_system_w : watts;
}

// The first of what a figure needs that is not known; NULL = all there.
typedef struct need {
    double value;
    const char *missing;
} need;

static bool lacks(const need *needs, size_t n, char *note, size_t size)
{
    for (size_t i = 0; i < n; i++) {
        if (!isnan(needs[i].value))
            continue;
        snprintf(note, size, "%s", needs[i].missing);
        return true;
    }
    return false;
}

static const char no_goodput[] = "no tokens within the limits of the SLO";
static const char no_power[] = "no energy was measured or estimated";
static const char no_idle[] = "no idle power: neither [cost] idle_w nor an idle baseline";
static const char no_rest[] = "boundary compute leaves out the rest of the machine: state [cost] rest_of_system_w";

eb_cost_result eb_cost_per_mtok(const eb_cost *cost, double goodput_tok_s, double load_w, double idle_w,
                                eb_boundary boundary)
{
    eb_cost_result r = { .usd_per_mtok = NAN, .gco2e_per_mtok = NAN };
    double goodput = goodput_tok_s > 0 ? goodput_tok_s : NAN;
    // A machine that is never idle needs no idle power.
    double idle = cost->utilisation == 1 ? 0 : isnan(cost->idle_w) ? idle_w : cost->idle_w;
    double rest = eb_cost_system_w(cost, 0, boundary);
    double kwh_year =
        (cost->utilisation * (load_w + rest) + (1 - cost->utilisation) * (idle + rest)) / 1000 * hours_per_year;
    double tokens_year = goodput * seconds_per_year * cost->utilisation;
    bool rented = isnan(cost->price_usd) && !isnan(cost->usd_per_hour);
    const need own[] = {
        { cost->price_usd, "no prices: [cost] gives neither price_usd nor usd_per_hour" },
        { cost->usd_per_kwh, "no price of electricity: [cost] usd_per_kwh" },
        { cost->years, "no years of use: [cost] years" },
        { cost->utilisation, "no utilisation: [cost] utilisation" },
        { goodput, no_goodput },
        { load_w, no_power },
        { idle, no_idle },
        { rest, no_rest },
    };
    const need rent[] = { { goodput, no_goodput } };
    if (rented && !lacks(rent, 1, r.note, sizeof r.note))
        r.usd_per_mtok = cost->usd_per_hour / (goodput * 3600) * 1e6;
    if (!rented && !lacks(own, sizeof own / sizeof *own, r.note, sizeof r.note))
        r.usd_per_mtok = (eb_cost_capex_year(cost->price_usd, cost->residual, cost->interest, cost->years) +
                          cost->pue * kwh_year * cost->usd_per_kwh + cost->opex_usd_year) /
                         tokens_year * 1e6;
    bool bare = isnan(cost->embodied_g) || cost->embodied_g == 0;
    double embodied_year = bare ? 0 : cost->embodied_g / cost->years;
    const need carbon[] = {
        { cost->intensity_g_per_kwh, "no carbon intensity: [cost] intensity_g_per_kwh" },
        { cost->utilisation, "no utilisation: [cost] utilisation" },
        { embodied_year, "no years of use: [cost] years" },
        { goodput, no_goodput },
        { load_w, no_power },
        { idle, no_idle },
        { rest, no_rest },
    };
    if (!lacks(carbon, sizeof carbon / sizeof *carbon, r.carbon_note, sizeof r.carbon_note))
        r.gco2e_per_mtok = (cost->pue * kwh_year * cost->intensity_g_per_kwh + embodied_year) / tokens_year * 1e6;
    return r;
}
