// SPDX-License-Identifier: Apache-2.0
// Costs as JSON: docs/cost.schema.json.
#include <math.h>
#include <stdlib.h>
#include "harness/base/json.h"
#include "reports/cost.h"
#include "reports/turns.h"

static const char *const kinds[] = { "none", "own", "rented", "tokens" };

static void add_input(cJSON *list, const eb_offer *offer, const eb_cost_field *f)
{
    eb_cost low = offer->low, value = offer->value, high = offer->high;
    const eb_setting_row *s = eb_offer_setting(offer, f->key), *source = NULL, *date = NULL;
    if (isnan(*eb_cost_at(&value, f)))
        return;
    if (f->source) {
        source = eb_offer_setting(offer, f->source);
        date = eb_offer_setting(offer, f->date);
    }
    cJSON *obj = eb_json_append_obj(list);
    eb_json_add_str(obj, "key", f->key);
    eb_json_add_num(obj, "low", *eb_cost_at(&low, f));
    eb_json_add_num(obj, "value", *eb_cost_at(&value, f));
    eb_json_add_num(obj, "high", *eb_cost_at(&high, f));
    eb_json_add_known(obj, "unit", f->unit);
    eb_json_add_str(obj, "source", source ? source->value : NULL);
    eb_json_add_str(obj, "date", date ? date->value : NULL);
    eb_json_add_str(obj, "origin", s ? s->origin : "default");
}

static void add_offer(cJSON *list, const eb_offer *offer)
{
    cJSON *obj = eb_json_append_obj(list);
    eb_json_add_str(obj, "name", offer->name);
    eb_json_add_str(obj, "kind", kinds[eb_cost_kind_of(&offer->value)]);
    eb_json_add_bool(obj, "demonstration", offer->value.demonstration);
    cJSON *inputs = eb_json_add_arr(obj, "inputs");
    for (const eb_cost_field *f = eb_cost_fields; f->key; f++)
        add_input(inputs, offer, f);
}

static void add_sum(cJSON *obj, const eb_cost_entry *e)
{
    const eb_cost_result *r = &e->sum;
    cJSON *sum = eb_json_add_obj(obj, "sum");
    eb_json_add_num(sum, "goodput_tok_s", e->work.value.goodput_tok_s);
    eb_json_add_num(sum, "system_load_w", r->system_load_w);
    eb_json_add_num(sum, "system_idle_w", r->system_idle_w);
    eb_json_add_num(sum, "tokens_year", r->tokens_year);
    eb_json_add_num(sum, "kwh_year", r->kwh_year);
    eb_json_add_num(sum, "crf", r->crf);
    eb_json_add_num(sum, "capex_year", r->capex_year);
    eb_json_add_num(sum, "elec_year", r->elec_year);
    eb_json_add_num(sum, "energy_g_year", r->energy_g_year);
    eb_json_add_num(sum, "embodied_g_year", r->embodied_g_year);
    cJSON *curve = eb_json_add_obj(obj, "at_utilisation");
    eb_json_add_num(curve, "flat", e->curve.flat);
    eb_json_add_num(curve, "shared", e->curve.shared);
    cJSON *bars = eb_json_add_arr(obj, "tornado");
    for (int i = 0; i < e->range.n_bars; i++) {
        const eb_cost_bar *b = &e->range.bars[i];
        cJSON *bar = eb_json_append_obj(bars);
        eb_json_add_str(bar, "key", b->key);
        eb_json_add_num(bar, "low", b->low);
        eb_json_add_num(bar, "high", b->high);
        eb_json_add_num(bar, "usd_per_mtok_low", b->usd_low);
        eb_json_add_num(bar, "usd_per_mtok_high", b->usd_high);
    }
}

static void add_entry(cJSON *list, const eb_cost_sheet *sheet, const eb_cost_entry *e)
{
    const eb_offer *offer = &sheet->offers[e->offer];
    cJSON *obj = eb_json_append_obj(list);
    eb_json_add_str(obj, "case", sheet->run->cases[e->case_index].info->id);
    eb_json_add_str(obj, "offer", offer->name);
    eb_json_add_num(obj, "usd_per_mtok", e->usd_per_mtok);
    eb_json_add_num(obj, "cheapest", e->range.cheapest);
    eb_json_add_num(obj, "dearest", e->range.dearest);
    eb_json_add_num(obj, "tok_per_usd", e->tok_per_usd);
    eb_json_add_num(obj, "gco2e_per_mtok", e->gco2e_per_mtok);
    eb_json_add_num(obj, "embodied_frac", isnan(offer->value.embodied_g) ? NAN : e->sum.embodied_frac);
    eb_json_add_num(obj, "tok_per_charge", e->tok_per_charge);
    eb_json_add_str(obj, "grade", eb_grade_name(e->grade));
    eb_json_add_bool(obj, "demonstration", offer->value.demonstration);
    eb_json_add_known(obj, "note", eb_cost_note_of(e));
    eb_json_add_known(obj, "carbon_note", e->sum.carbon_note);
    add_sum(obj, e);
}

static const char *const verdicts[] = { "unknown", "at", "never", "never", "equal" };

static void add_pair(cJSON *list, const eb_cost_sheet *sheet, const eb_cost_pair *p)
{
    cJSON *obj = eb_json_append_obj(list);
    eb_json_add_str(obj, "case", sheet->run->cases[p->case_index].info->id);
    eb_json_add_str(obj, "a", sheet->offers[p->a].name);
    eb_json_add_str(obj, "b", sheet->offers[p->b].name);
    eb_json_add_str(obj, "verdict", verdicts[p->verdict]);
    eb_json_add_num(obj, "utilisation", p->utilisation);
    eb_json_add_num(obj, "utilisation_low", p->lo <= 1 ? p->lo : NAN);
    eb_json_add_num(obj, "utilisation_high", p->hi <= 1 ? p->hi : NAN);
    eb_json_add_str(obj, "cheaper_below", p->below >= 0 ? sheet->offers[p->below].name : NULL);
    eb_json_add_str(obj, "cheaper_above", p->above >= 0 ? sheet->offers[p->above].name : NULL);
    eb_json_add_bool(obj, "changes_cheapest", p->leads);
    eb_json_add_bool(obj, "demonstration",
                     sheet->offers[p->a].value.demonstration || sheet->offers[p->b].value.demonstration);
}

static const char *name_of(const void *sheet, int offer)
{
    return ((const eb_cost_sheet *)sheet)->offers[offer].name;
}

static void add_turns(cJSON *list, const eb_cost_sheet *sheet, int c)
{
    for (int i = 0; i < sheet->turns[c].n; i++) {
        cJSON *obj = eb_json_append_obj(list);
        eb_json_add_str(obj, "case", sheet->run->cases[c].info->id);
        eb_turn_add_json(obj, &sheet->turns[c].items[i], "offer", "offers", name_of, sheet);
    }
}

void eb_cost_write_json(const eb_cost_sheet *sheet, const eb_cost_style *style, FILE *out)
{
    (void)style;
    cJSON *json = cJSON_CreateObject();
    eb_json_add_str(json, "schema", "effbench.cost/1");
    eb_json_add_str(json, "tool_version", sheet->run->header->tool_version);
    eb_json_add_str(json, "boundary", eb_boundary_name(sheet->run->header->boundary));
    eb_json_add_str(json, "currency", "USD");
    cJSON *offers = eb_json_add_arr(json, "offers"), *costs = eb_json_add_arr(json, "costs"),
          *pairs = eb_json_add_arr(json, "break_even"), *turns = eb_json_add_arr(json, "cheapest");
    for (int i = 0; i < sheet->n_offers; i++)
        add_offer(offers, &sheet->offers[i]);
    for (int i = 0; i < sheet->n_entries; i++)
        add_entry(costs, sheet, &sheet->entries[i]);
    for (int i = 0; i < sheet->n_pairs; i++)
        add_pair(pairs, sheet, &sheet->pairs[i]);
    for (int c = 0; c < sheet->run->n_cases; c++)
        add_turns(turns, sheet, c);
    char *text = eb_json_print(json, true);
    fprintf(out, "%s\n", text);
    free(text);
    cJSON_Delete(json);
}
