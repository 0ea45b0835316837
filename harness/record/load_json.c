// SPDX-License-Identifier: Apache-2.0
// A load in run.json.
#include <math.h>
#include "harness/base/json.h"
#include "harness/record/load_json.h"
#include "harness/record/provenance_json.h"

static void add_figure(cJSON *obj, const char *key, const eb_load_figure *f)
{
    cJSON *figure = eb_json_add_obj(obj, key);
    eb_json_add_num(figure, "value", f->value);
    eb_json_add_num(figure, "lo", f->lo);
    eb_json_add_num(figure, "hi", f->hi);
    eb_json_add_i64(figure, "n", f->n);
}

static void add_latency(cJSON *obj, const eb_metric *m)
{
    cJSON *latency = eb_json_add_obj(obj, m->key);
    eb_json_add_num(latency, "value", m->value);
    eb_json_add_num(latency, "lo", m->lo);
    eb_json_add_num(latency, "hi", m->hi);
    eb_json_add_i64(latency, "n", m->n);
    if (m->note[0])
        eb_json_add_str(latency, "note", m->note);
}

void eb_load_json(cJSON *case_obj, const eb_load_result *r, const eb_provenance *from)
{
    char why[120];
    cJSON *load = eb_json_add_obj(case_obj, "load_result");
    eb_json_add_i64(load, "trials", r->n_trials);
    eb_json_add_i64(load, "invalid_levels", r->n_invalid);
    if (r->curve) {
        add_figure(load, "saturated_per_s", &r->saturated_per_s);
        add_figure(load, "overall_tok_per_j", &r->overall_tok_per_j);
        eb_json_add_bool(load, "overall_valid", r->n_behind == 0);
        eb_json_add_str(load, "grade", eb_grade_name(r->grade));
    }
    eb_provenance_json(load, from);
    cJSON *rows = eb_json_add_arr(load, "levels");
    for (int i = 0; i < r->n_rows; i++) {
        const eb_load_row *row = &r->rows[i];
        cJSON *obj = eb_json_append_obj(rows);
        if (r->curve)
            eb_json_add_i64(obj, "percent", row->percent);
        eb_json_add_bool(obj, "valid", row->standing == EB_LOAD_KEEPS);
        eb_json_add_i64(obj, "trials_valid", row->n_valid);
        if (row->standing == EB_LOAD_MISSED)
            eb_load_misses(row, why, sizeof why);
        else
            eb_load_why(row, why, sizeof why);
        eb_json_add_str(obj, "reason", why);
        for (int k = 0; k < EB_LOAD_KEYS; k++)
            add_figure(obj, eb_load_key_names[k], &row->figures[k]);
        eb_json_add_num(obj, "power_halfwidth_w", row->halfwidth_w);
        eb_json_add_str(obj, "grade", eb_grade_name(row->grade));
        for (int k = 0; k < EB_LOAD_PERCENTILES; k++)
            add_latency(obj, &row->latency[k]);
    }
}
