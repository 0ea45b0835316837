// SPDX-License-Identifier: Apache-2.0
// Money and carbon per million tokens.
#include "harness/record/cost.h"

#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/option.h"
#include "harness/base/units.h"
#include "harness/record/cost_trials.h"

static const double seconds_per_year = 31.536e6, hours_per_year = 8760;

#define FIELD(name) #name, .offset = offsetof(eb_cost, name)
#define FROM(stem)  .source = stem "_source", .date = stem "_date"

enum {
    OWN = 1 << EB_COST_OWN,
    HOUR = 1 << EB_COST_RENTED,
    TOKEN = 1 << EB_COST_TOKENS,
    MACHINE = OWN | HOUR | 1 << EB_COST_NONE
}; // carbon needs no price

const eb_cost_field eb_cost_fields[] = {
    { FIELD(price_usd), .kinds = OWN, .usd = OWN, .unit = "USD", .absent = NAN, .money = true, FROM("price") },
    { FIELD(residual), .kinds = OWN, .usd = OWN, .falls = true, .unit = "", .absent = 0 },
    { FIELD(interest), .kinds = OWN, .usd = OWN, .unit = "a year", .absent = 0 },
    { FIELD(years), .kinds = OWN | HOUR, .usd = OWN, .carbon = MACHINE, .falls = true, .unit = "years", .absent = NAN },
    { FIELD(opex_usd_year), .kinds = OWN, .usd = OWN, .unit = "USD a year", .absent = 0, .money = true, FROM("opex") },
    { FIELD(usd_per_hour), .kinds = HOUR, .usd = HOUR, .unit = "USD/h", .absent = NAN, .money = true,
      FROM("usd_per_hour") },
    { FIELD(usd_per_mtok_output), .kinds = TOKEN, .usd = TOKEN, .unit = "USD/Mtok", .absent = NAN, .money = true,
      FROM("usd_per_mtok") },
    { FIELD(usd_per_mtok_input), .kinds = TOKEN, .usd = TOKEN, .unit = "USD/Mtok", .absent = NAN, .money = true,
      FROM("usd_per_mtok") },
    { FIELD(utilisation), .kinds = OWN | HOUR, .usd = OWN, .carbon = MACHINE, .falls = true, .unit = "",
      .absent = NAN },
    { FIELD(usd_per_kwh), .kinds = OWN, .usd = OWN, .unit = "USD/kWh", .absent = NAN, .money = true, FROM("tariff") },
    { FIELD(pue), .kinds = OWN | HOUR, .usd = OWN, .carbon = MACHINE, .unit = "", .absent = 1 },
    { FIELD(rest_of_system_w), .kinds = OWN | HOUR, .usd = OWN, .carbon = MACHINE, .unit = "W", .absent = NAN },
    { FIELD(idle_w), .kinds = OWN | HOUR, .usd = OWN, .carbon = MACHINE, .unit = "W", .absent = NAN },
    { FIELD(intensity_g_per_kwh), .kinds = OWN | HOUR, .carbon = MACHINE, .unit = "g/kWh", .absent = NAN,
      FROM("intensity") },
    { FIELD(embodied_g), .kinds = OWN | HOUR, .carbon = MACHINE, .unit = "g", .absent = NAN,
      FROM("embodied") }, // left out, and said
    { FIELD(battery_wh), .kinds = OWN | HOUR, .unit = "Wh", .absent = NAN },
    { FIELD(usd_rate), .kinds = OWN | HOUR | TOKEN, .usd = OWN | HOUR | TOKEN, .unit = "USD", .absent = 1,
      FROM("usd_rate") },
    { FIELD(shared_usd_rate), .kinds = OWN | HOUR | TOKEN, .usd = OWN | HOUR | TOKEN, .unit = "USD", .absent = NAN,
      FROM("shared_usd_rate") },
    { 0 },
};
// Which of them are shared prices is a bit each (eb_cost.shared).
_Static_assert(sizeof eb_cost_fields / sizeof *eb_cost_fields - 1 <= sizeof((eb_cost *)0)->shared * CHAR_BIT,
               "a field of eb_cost_fields has no bit");

bool eb_cost_field_counts(const eb_cost_field *field, eb_cost_kind kind)
{
    return kind == EB_COST_NONE || (field->kinds >> kind & 1);
}

bool eb_cost_field_enters(const eb_cost_field *field, const eb_cost *cost, eb_cost_figure figure)
{
    bool making = figure == EB_COST_CARBON && field->offset == offsetof(eb_cost, years); // are its years asked for?
    return ((figure == EB_COST_CARBON ? field->carbon : field->usd) >> eb_cost_kind_of(cost) & 1) &&
           (!making || cost->embodied_g > 0);
}

double *eb_cost_at(eb_cost *cost, const eb_cost_field *field)
{
    return (double *)(void *)((char *)cost + field->offset);
}

static bool is_shared(const eb_cost *cost, const eb_cost_field *field)
{
    return cost->shared >> (field - eb_cost_fields) & 1;
}

// Prices in the currency of this rate, times `factor`.
static void move_prices(eb_cost *cost, const eb_cost_field *rate, double factor)
{
    bool shared = rate->offset == offsetof(eb_cost, shared_usd_rate);
    for (const eb_cost_field *f = eb_cost_fields; f->key; f++)
        if (f->money && is_shared(cost, f) == shared)
            *eb_cost_at(cost, f) *= factor;
}

static bool is_rate(const eb_cost_field *field)
{
    return field->offset == offsetof(eb_cost, usd_rate) || field->offset == offsetof(eb_cost, shared_usd_rate);
}

void eb_cost_set_input(eb_cost *cost, const eb_cost_field *field, double value)
{
    if (is_rate(field))
        move_prices(cost, field, value / *eb_cost_at(cost, field));
    *eb_cost_at(cost, field) = value;
}

// ---- reading ----

// "0.2" or "20%", spaces around it; false for what is no number.
static bool parse_number(const char *text, size_t n, double *out)
{
    char buf[64];
    while (n && *text == ' ')
        text++, n--;
    while (n && text[n - 1] == ' ')
        n--;
    if (!n || n >= sizeof buf)
        return false;
    memcpy(buf, text, n);
    buf[n] = '\0';
    bool percent = buf[n - 1] == '%';
    if (percent)
        for (buf[--n] = '\0'; n > 0 && buf[n - 1] == ' ';)
            buf[--n] = '\0';
    if (!eb_parse_double(buf, out, NULL))
        return false;
    *out = percent ? *out / 100 : *out;
    return true;
}

// One number, or "low, value, high".
static bool parse_range(const char *text, double out[3])
{
    const char *comma = strchr(text, ','), *second = comma ? strchr(comma + 1, ',') : NULL;
    if (!comma) {
        if (!parse_number(text, strlen(text), &out[0]))
            return false;
        out[1] = out[2] = out[0];
        return true;
    }
    return second && parse_number(text, (size_t)(comma - text), &out[0]) &&
           parse_number(comma + 1, (size_t)(second - comma - 1), &out[1]) &&
           parse_number(second + 1, strlen(second + 1), &out[2]);
}

static bool parse_truth(const char *text)
{
    static const char *const yes[] = { "yes", "true", "on", "1" };
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (!strcmp(text, yes[i]))
            return true;
    return false;
}

static void take_number(const eb_setting_row *s, eb_cost out[3])
{
    double range[3];
    for (const eb_cost_field *f = eb_cost_fields; f->key; f++) {
        if (strcmp(s->key, f->key) != 0 || !parse_range(s->value, range))
            continue;
        for (int i = 0; i < 3; i++) {
            *eb_cost_at(&out[i], f) = range[i];
            if (s->name && !strcmp(s->name, EB_OPTION_SHARED))
                out[i].shared |= 1U << (f - eb_cost_fields);
        }
    }
}

// What the machine's own battery holds, where nobody states another.
static void take_found_battery(const eb_header *header, eb_cost out[3])
{
    for (int i = 0; i < header->n_machine; i++) {
        double wh;
        if (strcmp(header->machine[i].key, EB_MACHINE_BATTERY) != 0 ||
            !eb_parse_double(header->machine[i].value, &wh, NULL) || !(wh > 0))
            continue;
        for (int k = 0; k < 3; k++)
            if (isnan(out[k].battery_wh))
                out[k].battery_wh = wh;
    }
}

void eb_cost_range_from_header(const eb_header *header, eb_cost *low, eb_cost *value, eb_cost *high)
{
    eb_cost all[3] = { 0 };
    for (int i = 0; i < 3; i++)
        for (const eb_cost_field *f = eb_cost_fields; f->key; f++)
            *eb_cost_at(&all[i], f) = f->absent;
    for (int i = 0; i < header->n_settings; i++) {
        const eb_setting_row *s = &header->settings[i];
        if (strcmp(s->section, "cost") != 0 || !s->value)
            continue;
        if (!strcmp(s->key, "demonstration"))
            for (int k = 0; k < 3; k++)
                all[k].demonstration = parse_truth(s->value);
        take_number(s, all);
    }
    take_found_battery(header, all);
    for (int i = 0; i < 3; i++)
        for (const eb_cost_field *f = eb_cost_fields; f->key; f++)
            if (is_rate(f) && !isnan(*eb_cost_at(&all[1], f)))
                move_prices(&all[i], f, *eb_cost_at(&all[1], f)); // the rate's own range is a bar of its own
    eb_cost *const out[] = { low, value, high };
    for (int i = 0; i < 3; i++)
        if (out[i])
            *out[i] = all[i];
}

void eb_cost_from_header(const eb_header *header, eb_cost *out)
{
    eb_cost_range_from_header(header, NULL, out, NULL);
}

// ---- the sum ----

eb_cost_kind eb_cost_kind_of(const eb_cost *cost)
{
    return !isnan(cost->price_usd)             ? EB_COST_OWN
           : !isnan(cost->usd_per_hour)        ? EB_COST_RENTED
           : !isnan(cost->usd_per_mtok_output) ? EB_COST_TOKENS
                                               : EB_COST_NONE;
}

// r (1 + r)^n / ((1 + r)^n - 1), in a form that neither a tiny r nor a long life upsets.
static double recovery_factor(double interest, double years)
{
    return interest == 0 ? 1 / years : interest / -expm1(-years * log1p(interest));
}

double eb_cost_capex_year(double price, double residual, double interest, double years)
{
    return price * (1 - residual) * recovery_factor(interest, years) + price * residual * interest;
}

double eb_cost_system_w(const eb_cost *cost, double watts, eb_boundary boundary)
{
    return boundary == EB_BOUNDARY_COMPUTE ? watts + cost->rest_of_system_w : watts;
}

eb_boundary eb_cost_boundary(const eb_cost *cost, eb_boundary boundary, eb_grade grade)
{
    return grade == EB_GRADE_ESTIMATE && isnan(cost->rest_of_system_w) ? EB_BOUNDARY_PLATFORM : boundary;
}

double eb_cost_prompt_per_output(const eb_case_info *info)
{
    return info->output_tok > 0 ? (double)(info->prompt_tok + info->depth_tok) / info->output_tok : NAN;
}

// The first of what a figure needs that is not known.
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

#define LACKS(needs, note) lacks((needs), sizeof(needs) / sizeof *(needs), (note), sizeof(note))

static const char no_goodput[] = "the goodput is not known";
static const char no_power[] = "no energy was measured or estimated";
static const char no_idle[] = "no idle power: neither [cost] idle_w nor an idle baseline";
static const char no_rest[] = "boundary compute leaves out the rest of the machine: state [cost] rest_of_system_w";

// Inputs as they enter the sum: NAN where not known.
typedef struct inputs {
    double goodput, load_w, idle_w, rest_w, prompt_per_output;
    const char *no_goodput; // why
} inputs;

static void money(const eb_cost *cost, const inputs *in, eb_cost_result *r)
{
    const need own[] = {
        { cost->price_usd, "no prices: [cost] gives none of price_usd, usd_per_hour, usd_per_mtok_output" },
        { cost->usd_per_kwh, "no price of electricity: [cost] usd_per_kwh" },
        { cost->years, "no years of use: [cost] years" },
        { cost->utilisation, "no utilisation: [cost] utilisation" },
        { in->goodput, in->no_goodput },
        { in->load_w, no_power },
        { in->idle_w, no_idle },
        { in->rest_w, no_rest },
    };
    const need rent[] = { { in->goodput, in->no_goodput } };
    bool output_only = isnan(cost->usd_per_mtok_input);
    const need prompt[] = { { output_only ? 0 : in->prompt_per_output, "no prompt tokens per output token" } };
    switch (eb_cost_kind_of(cost)) {
    case EB_COST_RENTED:
        if (!LACKS(rent, r->note))
            r->usd_per_mtok = cost->usd_per_hour / (in->goodput * 3600) * 1e6;
        return;
    case EB_COST_TOKENS:
        if (!LACKS(prompt, r->note))
            r->usd_per_mtok =
                cost->usd_per_mtok_output + (output_only ? 0 : cost->usd_per_mtok_input * in->prompt_per_output);
        return;
    default:
        break;
    }
    if (LACKS(own, r->note))
        return;
    r->crf = recovery_factor(cost->interest, cost->years);
    r->capex_year = eb_cost_capex_year(cost->price_usd, cost->residual, cost->interest, cost->years);
    r->elec_year = cost->pue * r->kwh_year * cost->usd_per_kwh;
    r->usd_per_mtok = (r->capex_year + r->elec_year + cost->opex_usd_year) / r->tokens_year * 1e6;
}

static void carbon(const eb_cost *cost, const inputs *in, eb_cost_result *r)
{
    bool bare = isnan(cost->embodied_g) || cost->embodied_g == 0;
    double embodied_year = bare ? 0 : cost->embodied_g / cost->years;
    const need needs[] = {
        { eb_cost_kind_of(cost) == EB_COST_TOKENS ? NAN : 0, "the provider's machine is not known" },
        { cost->intensity_g_per_kwh, "no carbon intensity: [cost] intensity_g_per_kwh" },
        { cost->utilisation, "no utilisation: [cost] utilisation" },
        { embodied_year, "no years of use: [cost] years" },
        { in->goodput, in->no_goodput },
        { in->load_w, no_power },
        { in->idle_w, no_idle },
        { in->rest_w, no_rest },
    };
    if (LACKS(needs, r->carbon_note))
        return;
    r->energy_g_year = cost->pue * r->kwh_year * cost->intensity_g_per_kwh;
    r->embodied_g_year = embodied_year;
    r->gco2e_per_mtok = (r->energy_g_year + r->embodied_g_year) / r->tokens_year * 1e6;
    r->embodied_frac = r->embodied_g_year > 0 ? r->embodied_g_year / (r->energy_g_year + r->embodied_g_year) : 0;
}

eb_cost_result eb_cost_compute(const eb_cost *cost, const eb_cost_load *load)
{
    eb_cost_result r = { .usd_per_mtok = NAN,
                         .gco2e_per_mtok = NAN,
                         .embodied_frac = NAN,
                         .crf = NAN,
                         .capex_year = NAN,
                         .elec_year = NAN,
                         .energy_g_year = NAN,
                         .embodied_g_year = NAN };
    // A machine that is never idle needs no idle power.
    bool never_idle = cost->utilisation == 1;
    inputs in = { .goodput = load->goodput_tok_s > 0 ? load->goodput_tok_s : NAN,
                  .load_w = load->load_w,
                  .idle_w = never_idle            ? 0
                            : isnan(cost->idle_w) ? load->idle_w
                                                  : cost->idle_w,
                  .rest_w = eb_cost_system_w(cost, 0, load->boundary),
                  .prompt_per_output = load->prompt_per_output,
                  .no_goodput = isnan(load->goodput_tok_s) ? no_goodput : eb_cost_no_tokens };
    r.system_load_w = in.load_w + in.rest_w;
    r.system_idle_w = never_idle ? NAN : in.idle_w + in.rest_w;
    r.mean_w =
        never_idle ? r.system_load_w : cost->utilisation * r.system_load_w + (1 - cost->utilisation) * r.system_idle_w;
    r.kwh_year = r.mean_w / 1000 * hours_per_year;
    r.tokens_year = in.goodput * seconds_per_year * cost->utilisation;
    money(cost, &in, &r);
    carbon(cost, &in, &r);
    return r;
}

// ---- utilisation ----

eb_cost_curve eb_cost_curve_of(const eb_cost *cost, const eb_cost_load *load)
{
    eb_cost whole = *cost, half = *cost;
    whole.utilisation = 1;
    half.utilisation = 0.5;
    double at_whole = eb_cost_compute(&whole, load).usd_per_mtok, at_half = eb_cost_compute(&half, load).usd_per_mtok;
    if (eb_cost_kind_of(cost) != EB_COST_OWN)
        return (eb_cost_curve){ at_whole, 0 };
    return (eb_cost_curve){ 2 * at_whole - at_half, at_half - at_whole };
}

double eb_cost_at_utilisation(eb_cost_curve curve, double utilisation)
{
    return curve.flat + curve.shared / utilisation;
}

eb_break_even eb_cost_break_even(eb_cost_curve a, eb_cost_curve b, double *at)
{
    *at = NAN;
    double flat = a.flat - b.flat, shared = a.shared - b.shared, whole = flat + shared;
    if (isnan(whole))
        return EB_BREAK_EVEN_UNKNOWN;
    double slack = EB_COST_DUST * (fabs(a.flat) + fabs(b.flat) + fabs(a.shared) + fabs(b.shared)) / 2;
    flat = fabs(flat) <= slack ? 0 : flat;
    shared = fabs(shared) <= slack ? 0 : shared;
    if (flat == 0 && shared == 0)
        return EB_BREAK_EVEN_EQUAL;
    if (flat * shared < 0 && -shared / flat <= 1) {
        *at = -shared / flat;
        return EB_BREAK_EVEN_AT;
    }
    // The sign holds from utilisation 1 down to 0; where they meet at 1 itself the shared part decides.
    double sign = fabs(whole) > slack ? whole : shared;
    return sign < 0 ? EB_BREAK_EVEN_A_CHEAPER : EB_BREAK_EVEN_B_CHEAPER;
}
