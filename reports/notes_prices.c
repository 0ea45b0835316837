// SPDX-License-Identifier: Apache-2.0
// The prices that a run was given, as its config has them, with their sources and dates.
#include "reports/notes_impl.h"

#include <string.h>
#include <strings.h>
#include "reports/text.h"

static const struct {
    const char *key, *what, *unit, *origin; // of ORIGIN_source, ORIGIN_date; NULL = none needed
} prices[] = {
    { "price_usd", "machine", "$", "price" },
    { "years", "over", "years", NULL },
    { "utilisation", "utilisation", "", NULL },
    { "residual", "residual", "", NULL },
    { "interest", "interest", "", NULL },
    { "opex_usd_year", "other cost", "$/year", NULL },
    { "usd_per_hour", "rent", "$/h", "usd_per_hour" },
    { "usd_per_kwh", "electricity", "$/kWh", "tariff" },
    { "pue", "PUE", "", NULL },
    { "rest_of_system_w", "rest of the system", "W", NULL },
    { "idle_w", "idle", "W", NULL },
    { "intensity_g_per_kwh", "carbon", "gCO2e/kWh", "intensity" },
    { "embodied_g", "embodied", "gCO2e", "embodied" },
    { "battery_wh", "battery", "Wh", NULL },
};

// As the option table reads a bool: yes, true, on, 1.
bool eb_run_demonstration(const eb_run *run)
{
    const char *text = eb_run_setting(run, "cost", "demonstration");
    return text && (strspn(text, "yYtT1") > 0 || !strcasecmp(text, "on"));
}

// NULL where the prices are in dollars.
static const char *foreign_currency(const eb_run *run)
{
    const char *currency = eb_run_setting(run, "cost", "currency");
    return currency && strcmp(currency, "USD") != 0 ? currency : NULL;
}

static void add_origin(const eb_run *run, const char *origin, eb_text *t)
{
    char key[64];
    snprintf(key, sizeof key, "%s_source", origin);
    const char *source = eb_run_setting(run, "cost", key);
    snprintf(key, sizeof key, "%s_date", origin);
    const char *date = eb_run_setting(run, "cost", key);
    eb_text_add(t, " (%s, %s)", source ? source : "no source given", date ? date : "no date given");
}

static void add_price(const eb_run *run, size_t i, eb_text *t)
{
    const char *value = eb_run_setting(run, "cost", prices[i].key), *foreign = foreign_currency(run);
    if (!value || (!prices[i].origin && !strcmp(value, "0")))
        return;
    const char *unit = !strcmp(prices[i].unit, "years") && !strcmp(value, "1") ? "year" : prices[i].unit;
    bool money = unit[0] == '$';
    eb_text_add(t, "%s%s %s%s%s%s%s", t->n ? "; " : "", prices[i].what,
                !money    ? ""
                : foreign ? foreign
                          : "$",
                money && foreign ? " " : "", value, unit[0] && !money ? " " : "", unit + money);
    if (prices[i].origin)
        add_origin(run, prices[i].origin, t);
}

// What one of the currency is in dollars, in which all that is computed stands.
static void add_rate(const eb_run *run, eb_text *t)
{
    const char *foreign = foreign_currency(run), *rate = eb_run_setting(run, "cost", "usd_rate");
    if (!foreign || !rate || !t->n)
        return;
    eb_text_add(t, "; 1 %s = $%s", foreign, rate);
    add_origin(run, "usd_rate", t);
}

void eb_notes_prices(const eb_run *run, eb_notes *out)
{
    if (!eb_run_has_prices(run) && eb_header_imported(run->header))
        eb_notes_add(out, "prices",
                     "none in an import: `effbench cost DIR --prices FILE` takes a rent or a price per token "
                     "(configs/prices/), for the rows that have output tokens after a prompt");
    else if (!eb_run_has_prices(run))
        eb_notes_add(out, "prices",
                     "no prices given: set price_usd (with years and utilisation) or usd_per_hour in [cost] of the "
                     "config, with source and date; `effbench help cost.price_usd`");
    eb_text t = { 0 };
    for (size_t i = 0; i < sizeof prices / sizeof *prices; i++)
        add_price(run, i, &t);
    add_rate(run, &t);
    bool carbon = eb_run_setting(run, "cost", "intensity_g_per_kwh") || eb_run_setting(run, "cost", "battery_wh");
    if (t.n && (eb_run_has_prices(run) || carbon))
        eb_notes_add(
            out, "prices", "%s%s",
            eb_run_demonstration(run) ? "DEMONSTRATION (demo in the table), made up for show, not your prices: " : "",
            t.s);
    eb_text_deinit(&t);
}
