// SPDX-License-Identifier: Apache-2.0
// What an offer states, in a line: each figure in the currency that it is written in, with its source and day.
#include <math.h>
#include <string.h>
#include "harness/base/option.h"
#include "harness/base/units.h"
#include "reports/cost.h"
#include "reports/notes_impl.h"

static const char *text_of(const eb_offer *offer, const char *key)
{
    const eb_setting_row *s = key ? eb_offer_setting(offer, key) : NULL;
    return s ? s->value : NULL;
}

// A price that the offer took over from the shared section is in that section's currency.
static const char *currency_of(const eb_offer *offer, const eb_setting_row *s)
{
    bool shared = s && s->name && !strcmp(s->name, EB_OPTION_SHARED);
    const char *currency = text_of(offer, shared ? "shared_currency" : "currency");
    return currency ? currency : "USD";
}

eb_cost_unit eb_cost_unit_as_written(const eb_offer *offer, const eb_cost_field *f)
{
    eb_cost_unit unit;
    const char *text = text_of(offer, f->key), *rated = strcmp(f->key, "usd_rate") ? "shared_currency" : "currency";
    if (f->money)
        snprintf(unit.s, sizeof unit.s, "%.8s%s", currency_of(offer, eb_offer_setting(offer, f->key)),
                 f->unit + strlen("USD"));
    else if (!strcmp(f->key, "usd_rate") || !strcmp(f->key, "shared_usd_rate"))
        snprintf(unit.s, sizeof unit.s, "USD for 1 %.8s", text_of(offer, rated) ? text_of(offer, rated) : "USD");
    else
        snprintf(unit.s, sizeof unit.s, "%s",
                 !strcmp(f->key, "years") && text && !strcmp(text, "1") ? "year" : f->unit);
    return unit;
}

// "30 % (5 % to 80 %)".
static void say_percent(eb_text *t, double low, double value, double high)
{
    char a[16], b[16];
    eb_text_add(t, "%s %%", eb_text_percent(a, sizeof a, value));
    if (low < high)
        eb_text_add(t, " (%s %% to %s %%)", eb_text_percent(a, sizeof a, low), eb_text_percent(b, sizeof b, high));
}

// What an offer assumes of its use, and needs no source for: where a figure of it hangs on that.
static void say_use(eb_text *t, const eb_offer *offer, bool carbon)
{
    const eb_cost *low = &offer->low, *c = &offer->value, *high = &offer->high;
    bool own = eb_cost_kind_of(c) == EB_COST_OWN;
    if ((own || carbon) && !isnan(c->utilisation)) {
        eb_text_add(t, "; utilisation ");
        say_percent(t, low->utilisation, c->utilisation, high->utilisation);
        eb_text_add(t, "%s", own ? "" : ", for its carbon alone");
    }
    if ((own || (carbon && c->embodied_g > 0)) && !isnan(c->years)) {
        eb_text_add(t, "; %g year%s", c->years, c->years == 1 ? "" : "s");
        if (low->years < high->years)
            eb_text_add(t, " (%g to %g)", low->years, high->years);
    }
}

// What has no source and is no use of the machine: only where the offer, or the run's config, says it.
static void say_assumption(eb_text *t, const eb_offer *offer, const eb_cost_field *f, const eb_setting_row *s)
{
    eb_cost low = offer->low, value = offer->value, high = offer->high;
    if (!strcmp(s->origin, "default"))
        return;
    eb_text_add(t, "; %s ", f->key);
    if (!strcmp(f->key, "residual") || !strcmp(f->key, "interest"))
        say_percent(t, *eb_cost_at(&low, f), *eb_cost_at(&value, f), *eb_cost_at(&high, f));
    else
        eb_text_add(t, "%s", s->value);
    eb_text_add(t, "%s%s", *f->unit ? " " : "", f->unit);
    if (!strcmp(s->origin, EB_OFFER_OF_RUN) || !strcmp(s->origin, EB_OFFER_FOUND))
        eb_text_add(t, " (%s)", s->origin);
}

// Said elsewhere in the line: its use before, the rest of the machine after.
static bool said_apart(const eb_cost_field *f)
{
    static const char *const keys[] = { "utilisation", "years", "rest_of_system_w" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!strcmp(f->key, keys[i]))
            return true;
    return false;
}

// Of a rent the machine's own inputs enter its carbon and its battery alone.
static bool counts(const eb_cost_field *f, eb_cost_kind kind, bool carbon)
{
    bool machine = !f->source && strcmp(f->key, "battery_wh") != 0;
    return eb_cost_field_counts(f, kind) && (kind == EB_COST_OWN || carbon || !machine);
}

static void say_inputs(eb_text *t, const eb_offer *offer, bool carbon)
{
    const eb_setting_row *last = NULL; // the source of what was said last
    for (const eb_cost_field *f = eb_cost_fields; f->key; f++) {
        const eb_setting_row *s = eb_offer_setting(offer, f->key);
        const eb_cost_field *next = f + 1;
        if (!s || said_apart(f) || !counts(f, eb_cost_kind_of(&offer->value), carbon))
            continue;
        const char *source = text_of(offer, f->source), *date = text_of(offer, f->date);
        if (!f->source) {
            say_assumption(t, offer, f, s);
            continue;
        }
        if (!source)
            continue;
        eb_cost_unit unit = eb_cost_unit_as_written(offer, f);
        bool more = next->source && !strcmp(next->source, f->source) && eb_offer_setting(offer, next->key);
        bool joined = last && last == eb_offer_setting(offer, f->source);
        eb_text_add(t, "%s %s %s %s", joined ? "," : ";", f->key, s->value, unit.s);
        if (!more)
            eb_text_add(t, " (%s, %s)", source, date ? date : "no date");
        last = eb_offer_setting(offer, f->source);
    }
}

static void say_rest(eb_text *t, const eb_offer *offer)
{
    double low = offer->low.rest_of_system_w, value = offer->value.rest_of_system_w,
           high = offer->high.rest_of_system_w;
    if (isnan(value))
        return;
    eb_text_add(t, "; watts: boundary compute + %g W", value);
    if (low < high)
        eb_text_add(t, " (%g to %g)", low, high);
    eb_text_add(t, " for the rest of the system, as stated");
}

void eb_cost_note_offer(const eb_offer *offer, const eb_run *run, eb_notes *notes)
{
    eb_text t = { 0 };
    const eb_cost *c = &offer->value;
    eb_cost_kind kind = eb_cost_kind_of(c);
    bool carbon = kind == EB_COST_RENTED && !isnan(c->intensity_g_per_kwh);
    eb_text_add(&t, "%s: %s%s", offer->name, eb_cost_kind_title(kind),
                kind == EB_COST_RENTED ? ", electricity included" : "");
    say_use(&t, offer, carbon);
    say_inputs(&t, offer, carbon);
    if (c->demonstration)
        eb_text_add(&t, "; demonstration prices (demo in the tables): made up for show, not yours");
    if ((kind == EB_COST_OWN || carbon) && run->header->boundary == EB_BOUNDARY_COMPUTE)
        say_rest(&t, offer);
    eb_notes_add(notes, "offer", "%s", t.s);
    eb_text_deinit(&t);
}
