// SPDX-License-Identifier: Apache-2.0
// Money and carbon, from [cost] as resolved in a header or a price file. Formulas: docs/metrics.md, worked through in
// docs/cost.md (MEASUREMENT section 6). Money is in US dollars: other currencies are turned into them on reading.
#ifndef EB_RECORD_COST_H
#define EB_RECORD_COST_H

#include "harness/record/run.h"

// What one pays: a machine of one's own, a machine by the hour, or tokens.
typedef enum eb_cost_kind { EB_COST_NONE, EB_COST_OWN, EB_COST_RENTED, EB_COST_TOKENS } eb_cost_kind;

// What is made of them.
typedef enum eb_cost_figure { EB_COST_USD, EB_COST_CARBON } eb_cost_figure;

typedef struct eb_cost { // NAN = not given
    double price_usd, usd_per_hour, usd_per_kwh, residual, interest, years, utilisation, pue, opex_usd_year;
    double usd_per_mtok_output, usd_per_mtok_input;
    double rest_of_system_w, idle_w, intensity_g_per_kwh, battery_wh;
    double embodied_g; // NAN: counted as 0, and the metric says so
    double usd_rate;   // dollars for one unit of the currency that the text was written in; the prices here have it in
    double shared_usd_rate; // the same of those prices that a price file's shared section states in another currency;
                            // NAN: these are in dollars
    unsigned shared;        // which prices these are: bits by their place in eb_cost_fields
    bool demonstration;     // the config says that these prices are made up for show
} eb_cost;

// The numbers of eb_cost by their keys.
typedef struct eb_cost_field {
    const char *key, *unit;
    size_t offset;
    double absent;
    bool money;                // in the currency of the text
    bool falls;                // the more of it, the cheaper
    unsigned kinds;            // bits of eb_cost_kind: whose figures it enters, tokens per charge among them
    unsigned usd, carbon;      // the same of one figure
    const char *source, *date; // keys of where it comes from; NULL = an assumption
} eb_cost_field;
extern const eb_cost_field eb_cost_fields[]; // ends with key NULL
// Does an offer of this kind depend on it? A rent has its electricity in it, a price per token all of the machine.
bool eb_cost_field_counts(const eb_cost_field *field, eb_cost_kind kind);
// Does this figure of an offer with these prices?
bool eb_cost_field_enters(const eb_cost_field *field, const eb_cost *cost, eb_cost_figure figure);
double *eb_cost_at(eb_cost *cost, const eb_cost_field *field);
// Sets one input. Prices are in dollars: another rate of exchange moves those that were written in its currency.
void eb_cost_set_input(eb_cost *cost, const eb_cost_field *field, double value);

// The values in the middle, where low, value and high are given.
void eb_cost_from_header(const eb_header *header, eb_cost *out);
// All three; equal where one number is given. Any of them may be NULL.
void eb_cost_range_from_header(const eb_header *header, eb_cost *low, eb_cost *value, eb_cost *high);
eb_cost_kind eb_cost_kind_of(const eb_cost *cost);

double eb_cost_capex_year(double price, double residual, double interest, double years); // (1000,.2,.08,4) = 257.54

// What a machine does and draws at the work in question.
typedef struct eb_cost_load {
    double goodput_tok_s;     // output tokens
    double load_w, idle_w;    // inside `boundary`
    double prompt_per_output; // prompt tokens per output token; for prices by the token
    eb_boundary boundary;
} eb_cost_load;

// What a provider is sent per output token: the prompt, and the context before it where there is one.
double eb_cost_prompt_per_output(const eb_case_info *info);

// The sum, part by part. NAN = not known, or no part of it.
typedef struct eb_cost_result {
    double usd_per_mtok, gco2e_per_mtok;
    double embodied_frac;                                     // of the carbon
    double tokens_year, crf, capex_year, kwh_year, elec_year; // own machine; kwh_year without PUE
    double system_load_w, system_idle_w, mean_w;              // with the rest of the machine
    double energy_g_year, embodied_g_year;
    char note[160], carbon_note[160]; // why the one or the other is not known
} eb_cost_result;

// Boundary compute takes rest_of_system_w on top and gives no figure without it. [cost] idle_w goes before the load's.
// NAN inputs give NAN and a note that says which is missing.
eb_cost_result eb_cost_compute(const eb_cost *cost, const eb_cost_load *load);

// Stated watts (`estimate`) are those of the machine as their author means it: without a stated rest they are taken
// as the whole of it.
eb_boundary eb_cost_boundary(const eb_cost *cost, eb_boundary boundary, eb_grade grade);

// Watts of the whole system from those inside the boundary; NAN where the boundary leaves something out and nobody
// has stated it.
double eb_cost_system_w(const eb_cost *cost, double watts, eb_boundary boundary);

// ---- utilisation: cost.c ----

// usd_per_mtok = flat + shared / utilisation; NAN where it is not known. Rents and tokens have shared = 0.
typedef struct eb_cost_curve {
    double flat, shared;
} eb_cost_curve;
eb_cost_curve eb_cost_curve_of(const eb_cost *cost, const eb_cost_load *load);
double eb_cost_at_utilisation(eb_cost_curve curve, double utilisation);

// Costs that differ by no more, relative to them, are equal: the rest is arithmetic.
#define EB_COST_DUST 1e-9

typedef enum eb_break_even {
    EB_BREAK_EVEN_UNKNOWN,
    EB_BREAK_EVEN_AT,        // above it the one with the larger shared cost is cheaper
    EB_BREAK_EVEN_A_CHEAPER, // at every utilisation
    EB_BREAK_EVEN_B_CHEAPER,
    EB_BREAK_EVEN_EQUAL,
} eb_break_even;
// *at: the utilisation, in (0, 1]. NAN unless AT.
eb_break_even eb_cost_break_even(eb_cost_curve a, eb_cost_curve b, double *at);

#endif
