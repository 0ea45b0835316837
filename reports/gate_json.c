// SPDX-License-Identifier: Apache-2.0
// All of a gate for programs: docs/check.schema.json says what may stand where.
#include <math.h>
#include <stdlib.h>

#include "harness/base/json.h"
#include "reports/gate.h"

static void add_rule(cJSON *json, const eb_check *c)
{
    const eb_gate_rule *r = &c->options.rule;
    cJSON *rule = eb_json_add_obj(json, "rule"), *looks = eb_json_add_arr(rule, "looks"),
          *limits = eb_json_add_obj(rule, "limits");
    eb_json_add_num(rule, "trim", r->trim);
    eb_json_add_str(rule, "energy_grade", eb_grade_name(c->options.energy_grade));
    for (int i = 0; i < EB_GATE_LOOKS; i++) {
        cJSON *look = eb_json_append_obj(looks);
        eb_json_add_i64(look, "pairs", r->pairs[i]);
        eb_json_add_num(look, "alpha", r->alpha[i]);
        eb_json_add_num(look, "beta", r->beta[i]);
    }
    for (int i = 0; i < EB_GATE_CLASSES; i++) {
        cJSON *limit = eb_json_add_obj(limits, c->options.limits[i].name);
        eb_json_add_num(limit, "margin_frac", c->options.limits[i].margin_frac);
        eb_json_add_num(limit, "limit_frac", c->options.limits[i].limit_frac);
    }
}

static void add_values(cJSON *obj, const char *key, const double *x, int n)
{
    cJSON *arr = eb_json_add_arr(obj, key);
    for (int i = 0; i < n; i++) {
        char text[40];
        snprintf(text, sizeof text, "%.17g", x[i]);
        cJSON_AddItemToArray(arr, cJSON_CreateRaw(text));
    }
}

static void add_metric(cJSON *arr, const eb_check *c, const eb_check_metric *m)
{
    cJSON *obj = eb_json_append_obj(arr);
    bool judged = eb_gate_judged(c, m);
    eb_json_add_str(obj, "key", m->key);
    eb_json_add_str(obj, "unit", m->unit);
    eb_json_add_str(obj, "class", eb_gate_class_name(m->cls));
    eb_json_add_str(obj, "worse", m->more_is_worse ? "more" : "less");
    eb_json_add_bool(obj, "gated", m->gated);
    eb_json_add_known(obj, "not_gated_because", m->why_not);
    eb_json_add_num(obj, "base", m->base_median);
    eb_json_add_num(obj, "candidate", m->cand_median);
    eb_json_add_num(obj, "change_frac", eb_check_change(m));
    eb_json_add_num(obj, "change_lo_frac", judged ? eb_check_change_lo(m) : NAN);
    eb_json_add_num(obj, "change_hi_frac", judged ? eb_check_change_hi(m) : NAN);
    eb_json_add_num(obj, "p_worse", judged ? m->found.p_worse : NAN);
    eb_json_add_num(obj, "p_limit", judged ? m->found.p_limit : NAN);
    eb_json_add_str(obj, "verdict", judged ? eb_gate_verdict_name(m->found.verdict) : NULL);
    eb_json_add_i64(obj, "n", m->n);
    add_values(obj, "base_values", m->base, m->n);
    add_values(obj, "candidate_values", m->cand, m->n);
}

static void add_facts(cJSON *obj, const eb_check_case *k)
{
    cJSON *arr = eb_json_add_arr(obj, "facts");
    for (int i = 0; i < k->n_facts; i++) {
        cJSON *f = eb_json_append_obj(arr);
        eb_json_add_str(f, "what", k->facts[i].what);
        eb_json_add_known(f, "base", k->facts[i].base);
        eb_json_add_known(f, "candidate", k->facts[i].cand);
        eb_json_add_bool(f, "gated", k->facts[i].gated);
        eb_json_add_str(f, "verdict", k->facts[i].gated ? eb_gate_verdict_name(k->facts[i].verdict) : NULL);
        eb_json_add_known(f, "note", k->facts[i].note);
    }
}

static void add_operators(cJSON *obj, const eb_check_case *k)
{
    cJSON *arr = eb_json_add_arr(obj, "operators");
    for (int i = 0; i < k->n_operators; i++) {
        const eb_check_operator *o = &k->operators[i];
        cJSON *op = eb_json_append_obj(arr);
        eb_json_add_str(op, "phase", eb_phase_name(o->phase));
        eb_json_add_str(op, "operator", o->name);
        eb_json_add_num(op, "base_s", o->base_s);
        eb_json_add_num(op, "candidate_s", o->cand_s);
        eb_json_add_num(op, "base_j", o->base_j);
        eb_json_add_num(op, "candidate_j", o->cand_j);
    }
}

static void add_case(cJSON *arr, const eb_check *c, const eb_check_case *k)
{
    cJSON *obj = eb_json_append_obj(arr);
    eb_json_add_str(obj, "id", k->id);
    eb_json_add_str(obj, "candidate_id", k->cand_id);
    eb_json_add_bool(obj, "same_work", k->same_work);
    cJSON *metrics = eb_json_add_arr(obj, "metrics");
    for (int i = 0; i < k->n_metrics; i++)
        add_metric(metrics, c, &k->metrics[i]);
    add_facts(obj, k);
    add_operators(obj, k);
    eb_json_add_texts(obj, "why", k->why, (size_t)k->n_why);
}

static void add_trends(cJSON *json, const eb_check *c)
{
    cJSON *arr = eb_json_add_arr(json, "trends");
    for (int i = 0; i < c->n_trends; i++) {
        const eb_check_trend *t = &c->trends[i];
        cJSON *obj = eb_json_append_obj(arr);
        eb_json_add_str(obj, "id", t->id);
        eb_json_add_str(obj, "key", t->key);
        eb_json_add_str(obj, "unit", t->unit);
        eb_json_add_i64(obj, "n", t->n);
        eb_json_add_i64(obj, "n_all", t->n_all);
        eb_json_add_num(obj, "level", t->level);
        eb_json_add_num(obj, "change_frac", t->change_frac);
        cJSON *changes = eb_json_add_arr(obj, "changes");
        for (int k = 0; k < t->n_changes; k++) {
            cJSON *change = eb_json_append_obj(changes);
            eb_json_add_str(change, "utc", t->changes[k].utc);
            eb_json_add_num(change, "change_frac", t->changes[k].change_frac);
        }
    }
}

void eb_gate_write_json(const eb_check *c, bool color, FILE *out)
{
    (void)color;
    cJSON *json = cJSON_CreateObject();
    eb_json_add_str(json, "schema", EB_CHECK_SCHEMA);
    eb_json_add_str(json, "tool_version", c->tool_version);
    eb_json_add_str(json, "started_utc", c->started_utc);
    eb_json_add_str(json, "verdict", eb_gate_verdict_name(c->verdict));
    eb_json_add_str(json, "because", c->because ? c->because : "");
    eb_json_add_str(json, "base", c->base);
    eb_json_add_str(json, "candidate", c->cand);
    eb_json_add_known(json, "fingerprint", c->fingerprint ? c->fingerprint : "");
    eb_json_add_known(json, "machine", c->machine ? c->machine : "");
    eb_json_add_bool(json, "simulated", c->simulated);
    eb_json_add_bool(json, "stored", c->stored);
    eb_json_add_u64str(json, "seed", c->seed);
    eb_json_add_i64(json, "pairs", c->pairs);
    eb_json_add_i64(json, "spoilt_pairs", c->void_pairs);
    eb_json_add_i64(json, "looks", c->look + 1);
    eb_json_add_num(json, "seconds", c->seconds);
    eb_json_add_str(json, "change", eb_gate_change_note(c));
    eb_json_add_str(json, "bounds", eb_gate_bounds_note);
    add_rule(json, c);
    cJSON *cases = eb_json_add_arr(json, "cases");
    for (int i = 0; i < c->n_cases; i++)
        add_case(cases, c, &c->cases[i]);
    add_trends(json, c);
    eb_json_add_str(json, "accepted", c->accepted);
    eb_json_add_texts(json, "troubles", c->troubles, (size_t)c->n_troubles);
    eb_json_add_texts(json, "notes", c->notes, (size_t)c->n_notes);
    char *text = eb_json_print(json, true);
    fprintf(out, "%s\n", text);
    free(text);
    cJSON_Delete(json);
}
