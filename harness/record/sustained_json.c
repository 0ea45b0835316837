// SPDX-License-Identifier: Apache-2.0
// Sustained trials in run.json: their two ends, and where the machine began to throttle.
#include "harness/record/sustained_json.h"

#include <math.h>
#include "harness/base/json.h"
#include "harness/record/provenance_json.h"
#include "harness/record/sustained.h"

static void add_edge(cJSON *obj, const char *key, const eb_sustained_edge *e)
{
    cJSON *edge = eb_json_add_obj(obj, key);
    eb_json_add_num(edge, "decode_tok_s", e->decode_tok_s);
    eb_json_add_num(edge, "power_w", e->w);
    eb_json_add_num(edge, "halfwidth_w", e->halfwidth_w);
    eb_json_add_str(edge, "grade", eb_grade_name(e->grade));
    eb_json_add_num(edge, "j_per_tok", e->j_per_tok);
    eb_json_add_num(edge, "halfwidth_j_per_tok", e->halfwidth_j_per_tok);
    eb_json_add_num(edge, "frequency_hz", e->frequency_hz);
    eb_json_add_num(edge, "temperature_c", e->temperature_c);
}

static void add_throttle(cJSON *obj, const eb_sustained *s)
{
    const eb_throttle *t = &s->throttle;
    char why[200];
    cJSON *throttle = eb_json_add_obj(obj, "throttle");
    eb_json_add_str(throttle, "throttled", eb_throttle_verdict_name(t->verdict));
    eb_json_add_num(throttle, "at_s", s->onset_s);
    eb_json_add_num(throttle, "throttled_s", s->throttled_s);
    eb_json_add_str(throttle, "reason", eb_sustained_why(s, why, sizeof why));
    eb_json_add_bool(throttle, "frequency", t->why & EB_THROTTLE_FREQUENCY);
    eb_json_add_bool(throttle, "counter", t->why & EB_THROTTLE_COUNTER);
    eb_json_add_bool(throttle, "trip_point", t->why & EB_THROTTLE_TRIP);
    eb_json_add_num(throttle, "trip_point_at_s", s->trip_s);
    eb_json_add_num(throttle, "start_hz", t->start_hz);
    eb_json_add_num(throttle, "limit_hz", t->limit_hz);
    eb_json_add_num(throttle, "lowest_hz", t->lowest_hz);
}

void eb_sustained_json(cJSON *case_obj, const eb_run *run, int index)
{
    cJSON *list = NULL;
    for (int i = 0; i < run->n_sustained; i++) {
        const eb_sustained *s = run->sustained[i];
        if (s->case_index != index)
            continue;
        if (!list)
            list = eb_json_add_arr(case_obj, "sustained");
        cJSON *obj = eb_json_append_obj(list);
        eb_json_add_i64(obj, "trial", s->trial);
        eb_json_add_num(obj, "duration_s", s->asked_s);
        eb_json_add_num(obj, "ran_s", s->ran_s);
        eb_json_add_i64(obj, "windows", s->n);
        eb_json_add_num(obj, "edge_s", s->edge_s);
        eb_provenance_json(obj, &run->cases[index].energy);
        add_edge(obj, "first", &s->first);
        add_edge(obj, "last", &s->last);
        eb_json_add_num(obj, "peak_tok_s", s->peak_tok_s);
        eb_json_add_num(obj, "sustained_frac", s->sustained_frac);
        eb_json_add_num(obj, "hottest_c", s->hottest_c);
        add_throttle(obj, s);
    }
}
