// SPDX-License-Identifier: Apache-2.0
// The sum of a cost with its numbers filled in, and what moves it.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "reports/cost.h"
#include "reports/text.h"

const char *eb_cost_kind_title(eb_cost_kind kind)
{
    static const char *const titles[] = { "no price", "own machine", "rented by the hour", "paid by the token" };
    return titles[kind];
}

const char *eb_cost_note_of(const eb_cost_entry *e)
{
    return isinf(e->tok_per_usd) ? "free: tokens per dollar without bound" : e->sum.note;
}

// A number as a person would write it into a sum: six digits, which are more than any of the inputs has.
typedef struct digits {
    char s[32];
} digits;

static digits num(double value)
{
    digits d;
    snprintf(d.s, sizeof d.s, "%.6g", value);
    // %g turns to exponents at a million, where people still count.
    if (strchr(d.s, 'e') && fabs(value) >= 1 && fabs(value) < 1e15)
        snprintf(d.s, sizeof d.s, "%.0f", value);
    return d;
}

// ---- the inputs ----

static const char *text_of(const eb_offer *offer, const char *key)
{
    const eb_setting_row *s = key ? eb_offer_setting(offer, key) : NULL;
    return s ? s->value : NULL;
}

static void put_origin(eb_text *t, const eb_offer *offer, const eb_cost_field *f)
{
    const eb_setting_row *s = eb_offer_setting(offer, f->key);
    const char *source = text_of(offer, f->source), *date = text_of(offer, f->date);
    char *clean = eb_text_clean(source ? source : s ? s->origin : "default");
    eb_text_add(t, "%s%s%s%s\n", clean, date ? ", " : "", date ? date : "",
                source || !s || !strcmp(s->origin, "default") ? "" : ", without a source: an assumption");
    free(clean);
}

static void put_inputs(eb_text *t, const eb_offer *offer)
{
    eb_cost low = offer->low, value = offer->value, high = offer->high;
    for (const eb_cost_field *f = eb_cost_fields; f->key; f++) {
        double v = *eb_cost_at(&value, f), l = *eb_cost_at(&low, f), h = *eb_cost_at(&high, f);
        const eb_setting_row *s = eb_offer_setting(offer, f->key);
        bool silent = !s || (!strcmp(s->origin, "default") && eb_cost_kind_of(&value) != EB_COST_OWN);
        if (isnan(v) || (silent && v == f->absent) || !eb_cost_field_counts(f, eb_cost_kind_of(&value)))
            continue;
        eb_cost_unit unit = eb_cost_unit_as_written(offer, f);
        eb_text_add(t, "  %-20s %s %s", f->key, num(v).s, f->money ? f->unit : unit.s); // money is turned into dollars
        if (l < h)
            eb_text_add(t, " (%s to %s)", num(l).s, num(h).s);
        eb_text_add(t, "%s", *f->unit || l < h ? "   " : "  ");
        put_origin(t, offer, f);
    }
    if (value.usd_rate != 1)
        eb_text_add(t, "  prices are written in %s and shown in USD\n", text_of(offer, "currency"));
    if (value.shared && text_of(offer, "shared_currency"))
        eb_text_add(t, "  prices of the shared [cost] are written in %s and shown in USD\n",
                    text_of(offer, "shared_currency"));
    else if (value.shared)
        eb_text_add(t, "  prices of the shared [cost] are in USD as written\n");
}

static void put_measured(eb_text *t, const char *key, double low, double value, double high, const char *unit,
                         const char *note)
{
    if (isnan(value))
        eb_text_add(t, "  %-20s not known\n", key);
    else if (low < high)
        eb_text_add(t, "  %-20s %s %s (%s to %s)   %s\n", key, num(value).s, unit, num(low).s, num(high).s, note);
    else
        eb_text_add(t, "  %-20s %s %s   %s\n", key, num(value).s, unit, note);
}

static void put_work(eb_text *t, const eb_cost_sheet *sheet, const eb_cost_entry *e)
{
    const eb_cost_work *w = &e->work;
    const eb_case_result *c = &sheet->run->cases[e->case_index];
    const eb_metric *power = eb_case_metric(c, "power_w");
    eb_boundary boundary = sheet->run->header->boundary;
    bool whole = boundary == EB_BOUNDARY_COMPUTE && w->value.boundary != boundary;
    bool stated = power && power->grade == EB_GRADE_ESTIMATE;
    char *note = eb_format("%s, boundary %s%s",
                           stated  ? "an estimate"
                           : power ? eb_grade_name(power->grade)
                                   : "",
                           eb_boundary_name(boundary), whole ? ", taken as the whole machine" : "");
    put_measured(t, "goodput_tok_s", w->low.goodput_tok_s, w->value.goodput_tok_s, w->high.goodput_tok_s, "tok/s",
                 "measured");
    put_measured(t, "power_w", w->low.load_w, w->value.load_w, w->high.load_w, "W", note);
    if (isnan(sheet->offers[e->offer].value.idle_w))
        put_measured(t, "idle_power_w", w->low.idle_w, w->value.idle_w, w->high.idle_w, "W", "idle baseline");
    free(note);
}

// ---- the sum ----

static void put_watts(eb_text *t, const eb_cost *c, const eb_cost_entry *e)
{
    const eb_cost_result *r = &e->sum;
    double idle_w = isnan(c->idle_w) ? e->work.value.idle_w : c->idle_w;
    bool rest = e->work.value.boundary == EB_BOUNDARY_COMPUTE;
    if (isnan(r->mean_w) || eb_cost_kind_of(c) == EB_COST_TOKENS)
        return;
    if (rest)
        eb_text_add(t, "  P_load         = %s + %s = %s W\n", num(e->work.value.load_w).s, num(c->rest_of_system_w).s,
                    num(r->system_load_w).s);
    else
        eb_text_add(t, "  P_load         = %s W\n", num(r->system_load_w).s);
    if (c->utilisation < 1 && rest)
        eb_text_add(t, "  P_idle         = %s + %s = %s W\n", num(idle_w).s, num(c->rest_of_system_w).s,
                    num(r->system_idle_w).s);
    else if (c->utilisation < 1)
        eb_text_add(t, "  P_idle         = %s W\n", num(r->system_idle_w).s);
    if (c->utilisation < 1)
        eb_text_add(t, "  kwh_year       = (%s x %s + (1 - %s) x %s) / 1000 x 8760 = %s kWh\n", num(c->utilisation).s,
                    num(r->system_load_w).s, num(c->utilisation).s, num(r->system_idle_w).s, num(r->kwh_year).s);
    else
        eb_text_add(t, "  kwh_year       = %s / 1000 x 8760 = %s kWh\n", num(r->system_load_w).s, num(r->kwh_year).s);
}

static void put_tokens_year(eb_text *t, const eb_cost *c, const eb_cost_entry *e)
{
    if (!isnan(e->sum.tokens_year) && eb_cost_kind_of(c) != EB_COST_TOKENS)
        eb_text_add(t, "  tokens_year    = %s x 31536000 x %s = %s tok\n", num(e->work.value.goodput_tok_s).s,
                    num(c->utilisation).s, num(e->sum.tokens_year).s);
}

static void put_own(eb_text *t, const eb_cost *c, const eb_cost_result *r)
{
    if (c->interest == 0)
        eb_text_add(t, "  CRF            = 1 / %s = %s\n", num(c->years).s, num(r->crf).s);
    else
        eb_text_add(t, "  CRF            = %s (1 + %s)^%s / ((1 + %s)^%s - 1) = %s\n", num(c->interest).s,
                    num(c->interest).s, num(c->years).s, num(c->interest).s, num(c->years).s, num(r->crf).s);
    eb_text_add(t, "  capex_year     = %s x (1 - %s) x %s + %s x %s x %s = %s USD\n", num(c->price_usd).s,
                num(c->residual).s, num(r->crf).s, num(c->price_usd).s, num(c->residual).s, num(c->interest).s,
                num(r->capex_year).s);
    eb_text_add(t, "  elec_year      = %s x %s x %s = %s USD\n", num(c->pue).s, num(r->kwh_year).s,
                num(c->usd_per_kwh).s, num(r->elec_year).s);
    eb_text_add(t, "  usd_per_mtok   = (%s + %s + %s) / %s x 1000000 = %s USD/Mtok\n", num(r->capex_year).s,
                num(r->elec_year).s, num(c->opex_usd_year).s, num(r->tokens_year).s, num(r->usd_per_mtok).s);
}

// The sum has the medians of its inputs; the figure is the median of the trials' own.
static void put_figure(eb_text *t, double sum, double figure, const char *unit)
{
    if (strcmp(num(sum).s, num(figure).s) != 0)
        eb_text_add(t, "                 = %s %s: the median of the trials' own sums, as in the table\n", num(figure).s,
                    unit);
}

static void put_money(eb_text *t, const eb_cost *c, const eb_cost_entry *e)
{
    const eb_cost_result *r = &e->sum;
    if (isnan(r->usd_per_mtok)) {
        eb_text_add(t, "  usd_per_mtok   not known: %s\n", r->note);
        return;
    }
    switch (eb_cost_kind_of(c)) {
    case EB_COST_OWN:
        put_own(t, c, r);
        break;
    case EB_COST_RENTED:
        eb_text_add(t, "  usd_per_mtok   = %s / (%s x 3600) x 1000000 = %s USD/Mtok\n", num(c->usd_per_hour).s,
                    num(e->work.value.goodput_tok_s).s, num(r->usd_per_mtok).s);
        break;
    case EB_COST_TOKENS:
        if (isnan(c->usd_per_mtok_input))
            eb_text_add(t, "  usd_per_mtok   = %s USD/Mtok\n", num(r->usd_per_mtok).s);
        else
            eb_text_add(t, "  usd_per_mtok   = %s + %s x %s = %s USD/Mtok\n", num(c->usd_per_mtok_output).s,
                        num(c->usd_per_mtok_input).s, num(e->work.value.prompt_per_output).s, num(r->usd_per_mtok).s);
        break;
    default:
        break;
    }
    put_figure(t, r->usd_per_mtok, e->usd_per_mtok, "USD/Mtok");
    if (isinf(e->tok_per_usd))
        eb_text_add(t, "  tok_per_usd    without bound: free\n");
    else
        eb_text_add(t, "  tok_per_usd    = 1000000 / %s = %s tok/USD\n", num(e->usd_per_mtok).s, num(e->tok_per_usd).s);
}

static void put_carbon(eb_text *t, const eb_cost *c, const eb_cost_entry *e)
{
    const eb_cost_result *r = &e->sum;
    if (isnan(r->gco2e_per_mtok)) {
        eb_text_add(t, "  gco2e_per_mtok not known: %s\n", r->carbon_note);
        return;
    }
    bool made = c->embodied_g > 0; // else the years of use are not asked for
    eb_text_add(t, "  gco2e_per_mtok = (%s x %s x %s%s%s%s%s) / %s x 1000000 = %s g/Mtok", num(c->pue).s,
                num(r->kwh_year).s, num(c->intensity_g_per_kwh).s, made ? " + " : "", made ? num(c->embodied_g).s : "",
                made ? " / " : "", made ? num(c->years).s : "", num(r->tokens_year).s, num(r->gco2e_per_mtok).s);
    if (isnan(c->embodied_g))
        eb_text_add(t, ", without the making of the machine: [cost] embodied_g\n");
    else
        eb_text_add(t, ", %.0f %% of it embodied\n", 100 * r->embodied_frac);
    put_figure(t, r->gco2e_per_mtok, e->gco2e_per_mtok, "g/Mtok");
}

char *eb_cost_explain(const eb_cost_sheet *sheet, const eb_cost_entry *e)
{
    eb_text t = { 0 };
    const eb_offer *offer = &sheet->offers[e->offer];
    const eb_cost *c = &offer->value;
    put_inputs(&t, offer);
    if (eb_cost_kind_of(c) != EB_COST_TOKENS)
        put_work(&t, sheet, e);
    put_tokens_year(&t, c, e);
    put_watts(&t, c, e);
    put_money(&t, c, e);
    put_carbon(&t, c, e);
    if (!isnan(e->tok_per_charge)) {
        double sum = c->battery_wh * 3600 / e->sum.system_load_w * e->throughput_tok_s;
        eb_text_add(&t, "  tok_per_charge = %s x 3600 / %s x %s = %s tok\n", num(c->battery_wh).s,
                    num(e->sum.system_load_w).s, num(e->throughput_tok_s).s, num(sum).s);
        put_figure(&t, sum, e->tok_per_charge, "tok");
    }
    if (e->range.cheapest < e->range.dearest)
        eb_text_add(&t,
                    "  interval       = %s to %s USD/Mtok: every input at its cheap end, every input at its dear end\n",
                    num(e->range.cheapest).s, num(e->range.dearest).s);
    return t.s;
}

// ---- the tornado ----

enum { BAR_WIDTH = 40 };

static void put_bar(eb_text *t, const eb_cost_range *r, const eb_cost_bar *b, double from, double to)
{
    char bar[BAR_WIDTH + 1];
    double low = fmin(b->usd_low, b->usd_high), high = fmin(fmax(b->usd_low, b->usd_high), to), scale = BAR_WIDTH - 1;
    int begin = (int)lround((low - from) / (to - from) * scale), end = (int)lround((high - from) / (to - from) * scale);
    int middle = (int)lround((r->value - from) / (to - from) * scale);
    memset(bar, ' ', BAR_WIDTH);
    memset(bar + begin, '=', (size_t)(end - begin) + 1);
    bar[middle] = '|';
    bar[BAR_WIDTH] = '\0';
    char low_text[32], high_text[32];
    snprintf(low_text, sizeof low_text, "%s", num(b->low).s);
    snprintf(high_text, sizeof high_text, "%s", num(b->high).s);
    eb_text_add(t, "  %-20s %10s .. %-10s %s  ", b->key, low_text, high_text, bar);
    eb_text_add(t, "%.3g .. %.3g\n", b->usd_low, b->usd_high);
}

char *eb_cost_tornado(const eb_cost_sheet *sheet, const eb_cost_entry *e)
{
    (void)sheet;
    const eb_cost_range *r = &e->range;
    double from = r->value, to = r->value;
    eb_text t = { 0 };
    for (int i = 0; i < r->n_bars; i++) {
        from = fmin(from, fmin(r->bars[i].usd_low, r->bars[i].usd_high));
        if (isfinite(r->bars[i].usd_low) && isfinite(r->bars[i].usd_high))
            to = fmax(to, fmax(r->bars[i].usd_low, r->bars[i].usd_high));
    }
    if (!(from < to))
        return NULL;
    for (int i = 0; i < r->n_bars; i++)
        put_bar(&t, r, &r->bars[i], from, to);
    return t.s;
}
