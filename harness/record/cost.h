// SPDX-License-Identifier: Apache-2.0
// Money and carbon, from [cost] as resolved in the header. Formulas: docs/metrics.md (MEASUREMENT section 6).
#ifndef EB_RECORD_COST_H
#define EB_RECORD_COST_H

#include "harness/record/run.h"

typedef struct eb_cost { // NAN = not given
    double price_usd, usd_per_hour, usd_per_kwh, residual, interest, years, utilisation, pue, opex_usd_year;
    double rest_of_system_w, idle_w, intensity_g_per_kwh, battery_wh;
    double embodied_g;  // NAN: counted as 0, and the metric says so
    bool demonstration; // the config says that these prices are made up for show
} eb_cost;

void eb_cost_from_header(const eb_header *header, eb_cost *out);

double eb_cost_capex_year(double price, double residual, double interest, double years); // (1000,.2,.08,4) = 257.54
typedef struct eb_cost_result {
    double usd_per_mtok, gco2e_per_mtok;
    char note[160], carbon_note[160]; // why the one or the other is not known
} eb_cost_result;

// Goodput in tok/s; load and idle watts inside `boundary`. Boundary compute takes rest_of_system_w on top and gives
// no figure without it. [cost] idle_w goes before `idle_w`. NAN inputs give NAN and a note that says which is missing.
eb_cost_result eb_cost_per_mtok(const eb_cost *cost, double goodput_tok_s, double load_w, double idle_w,
                                eb_boundary boundary);

// Watts of the whole system from those inside the boundary; NAN where the boundary leaves something out and nobody
// has stated it.
double eb_cost_system_w(const eb_cost *cost, double watts, eb_boundary boundary);

#endif
