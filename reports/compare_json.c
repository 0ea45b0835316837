// SPDX-License-Identifier: Apache-2.0
// Comparisons as JSON: docs/compare.schema.json.
#include <math.h>
#include <stdlib.h>
#include "harness/base/json.h"
#include "reports/compare.h"
#include "reports/turns.h"

static const char *const intervals[] = { "none", "confidence", "range" };

static void add_run(cJSON *list, const eb_compare_run *run)
{
    cJSON *obj = eb_json_append_obj(list);
    eb_json_add_str(obj, "dir", run->dir);
    eb_json_add_str(obj, "name", run->name);
    eb_json_add_known(obj, "config", run->config);
    eb_json_add_known(obj, "started", run->started);
    eb_json_add_known(obj, "tool_version", run->tool_version);
    eb_json_add_known(obj, "engine", run->engine);
    eb_json_add_known(obj, "cpu_model", run->cpu_model);
    eb_json_add_known(obj, "fingerprint", run->fingerprint);
    eb_json_add_str(obj, "boundary", eb_boundary_name(run->boundary));
    eb_json_add_bool(obj, "complete", run->complete);
}

static void add_figure(cJSON *figures, const eb_compare_row *row, eb_figure f)
{
    const eb_compare_value *v = &row->figures[f];
    const eb_ratio *r = &row->ratios[f];
    cJSON *obj = eb_json_add_obj(figures, eb_figures[f].key);
    eb_json_add_num(obj, "value", v->value);
    eb_json_add_num(obj, "lo", v->lo);
    eb_json_add_num(obj, "hi", v->hi);
    eb_json_add_str(obj, "interval", intervals[v->interval]);
    eb_json_add_bool(obj, "price_ranges", false); // lo and hi are of the trials, at the prices in the middle
    eb_json_add_str(obj, "grade", eb_grade_name(v->grade));
    eb_json_add_known(obj, "note", v->note);
    cJSON *ratio = eb_json_add_obj(obj, "ratio");
    eb_json_add_num(ratio, "value", r->value);
    eb_json_add_num(ratio, "lo", r->lo);
    eb_json_add_num(ratio, "hi", r->hi);
    eb_json_add_str(ratio, "interval", intervals[r->interval]);
    eb_json_add_known(ratio, "word", eb_word_name(r->word));
    eb_json_add_bool(ratio, "mixed", r->mixed);
    eb_json_add_bool(ratio, "price_ranges", r->prices);
    eb_json_add_known(obj, "lead", eb_lead_name(row->leads[f]));
    eb_json_add_bool(obj, "as_good", row->as_good[f]);
}

static void add_row(cJSON *list, const eb_compare *c, const eb_compare_row *row)
{
    const eb_compare_run *run = c->runs[row->run];
    cJSON *obj = eb_json_append_obj(list);
    eb_json_add_str(obj, "label", row->label);
    eb_json_add_str(obj, "run", run->dir);
    eb_json_add_str(obj, "case", run->cases[row->case_index].id);
    eb_json_add_str(obj, "offer", row->offer < 0 ? NULL : c->options.offers[row->offer].name);
    eb_json_add_str(obj, "energy", row->kind < 0 ? NULL : c->kinds[row->kind]);
    eb_json_add_bool(obj, "demonstration", row->demonstration);
    eb_json_add_bool(obj, "front", row->front);
    eb_json_add_bool(obj, "front_within_noise", row->front_noise);
    eb_json_add_bool(obj, "other_output", row->other_digest);
    cJSON *curve = eb_json_add_obj(obj, "at_utilisation");
    eb_json_add_num(curve, "flat", row->curve.flat);
    eb_json_add_num(curve, "shared", row->curve.shared);
    cJSON *figures = eb_json_add_obj(obj, "metrics");
    for (int f = 0; f < EB_FIGURE_COUNT; f++)
        add_figure(figures, row, (eb_figure)f);
}

static void add_ranking(cJSON *obj, const eb_compare *c, const eb_compare_group *g)
{
    cJSON *turns = eb_json_add_arr(obj, "cheapest"), *crossings = eb_json_add_arr(obj, "break_even");
    for (int i = 0; i < g->turns.n; i++)
        eb_turn_add_json(eb_json_append_obj(turns), &g->turns.items[i], "label", "labels", eb_compare_label_of, c);
    for (int i = 0; i < g->n_crossings; i++) {
        cJSON *x = eb_json_append_obj(crossings);
        eb_json_add_num(x, "utilisation", g->crossings[i].utilisation);
        eb_json_add_str(x, "cheaper_below", c->rows[g->crossings[i].below].label);
        eb_json_add_str(x, "cheaper_above", c->rows[g->crossings[i].above].label);
    }
}

static void add_group(cJSON *list, const eb_compare *c, const eb_compare_group *g)
{
    cJSON *obj = eb_json_append_obj(list);
    eb_json_add_str(obj, "title", g->title);
    eb_json_add_str(obj, "reference", c->rows[g->reference].label);
    cJSON *objectives = eb_json_add_arr(obj, "objectives");
    for (int f = 0; f < EB_FIGURE_COUNT; f++)
        if (g->objectives[f])
            eb_json_append_str(objectives, eb_figures[f].key);
    cJSON *rows = eb_json_add_arr(obj, "rows");
    for (int i = g->first; i < g->first + g->n; i++)
        add_row(rows, c, &c->rows[i]);
    add_ranking(obj, c, g);
}

static void add_differences(cJSON *list, const eb_compare *c)
{
    for (int i = 0; i < c->n_differences; i++) {
        const eb_compare_difference *d = &c->differences[i];
        cJSON *obj = eb_json_append_obj(list);
        eb_json_add_str(obj, "run", c->runs[d->run]->dir);
        eb_json_add_str(obj, "label", d->label);
        eb_json_add_str(obj, "against", d->against);
        cJSON *settings = eb_json_add_arr(obj, "settings");
        for (int k = 0; k < d->n; k++) {
            cJSON *item = eb_json_append_obj(settings);
            eb_json_add_str(item, "section", d->items[k].section);
            eb_json_add_str(item, "key", d->items[k].key);
            eb_json_add_str(item, "value", d->items[k].value);
            eb_json_add_str(item, "reference", d->items[k].reference);
        }
    }
}

void eb_compare_write_json(const eb_compare *c, bool color, FILE *out)
{
    (void)color;
    cJSON *json = cJSON_CreateObject();
    eb_json_add_str(json, "schema", "effbench.compare/1");
    eb_json_add_str(json, "by", eb_compare_by_name(c->options.by));
    cJSON *slo = eb_json_add_obj(json, "limits");
    for (int i = 0; c->options.slo && i < c->options.slo->n_settings; i++)
        eb_json_add_known(slo, c->options.slo->settings[i].key, c->options.slo->settings[i].value);
    cJSON *runs = eb_json_add_arr(json, "runs"), *groups = eb_json_add_arr(json, "work"),
          *lone = eb_json_add_arr(json, "unmatched");
    for (int i = 0; i < c->n_runs; i++)
        add_run(runs, c->runs[i]);
    for (int i = 0; i < c->n_groups; i++)
        add_group(groups, c, &c->groups[i]);
    for (int i = 0; i < c->n_lone; i++) {
        cJSON *obj = eb_json_append_obj(lone);
        eb_json_add_str(obj, "title", c->lone[i].title);
        eb_json_add_str(obj, "label", c->lone[i].label);
        eb_json_add_str(obj, "run", c->runs[c->lone[i].run]->dir);
    }
    add_differences(eb_json_add_arr(json, "settings_that_differ"), c);
    eb_notes warnings = { 0 };
    cJSON *texts = eb_json_add_arr(json, "warnings");
    eb_compare_warnings(c, true, &warnings);
    for (size_t i = 0; i < warnings.n; i++)
        eb_json_append_str(texts, warnings.items[i].text);
    eb_notes_deinit(&warnings);
    char *text = eb_json_print(json, true);
    fprintf(out, "%s\n", text);
    free(text);
    cJSON_Delete(json);
}
