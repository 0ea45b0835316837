// SPDX-License-Identifier: Apache-2.0
// run.json: what was computed, with everything that is needed to read it. A function of the raw files alone: no
// clock, no folder name, no order but theirs.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/file.h"
#include "harness/base/json.h"
#include "harness/base/mem.h"
#include "harness/record/crossing.h"
#include "harness/record/journal.h"
#include "harness/record/load_json.h"
#include "harness/record/profile_json.h"
#include "harness/record/provenance_json.h"
#include "harness/record/records.h"
#include "harness/record/sustained_json.h"
#include "harness/record/vouch.h"

static const char *const interval_names[] = {
    [EB_INTERVAL_NONE] = "none",
    [EB_INTERVAL_CONFIDENCE] = "confidence",
    [EB_INTERVAL_RANGE] = "range",
};

static void add_plan(cJSON *json, const eb_header *h)
{
    cJSON *settings = eb_json_add_arr(json, "settings");
    for (int i = 0; i < h->n_settings; i++) {
        const eb_setting_row *s = &h->settings[i];
        cJSON *obj = eb_json_append_obj(settings);
        eb_json_add_str(obj, "section", s->section);
        eb_json_add_known(obj, "name", s->name);
        eb_json_add_str(obj, "key", s->key);
        eb_json_add_known(obj, "value", s->value);
        eb_json_add_known(obj, "unit", s->unit);
        eb_json_add_str(obj, "origin", s->origin);
    }
    cJSON *machine = eb_json_add_obj(json, "machine");
    for (int i = 0; i < h->n_machine; i++)
        if (!cJSON_GetObjectItemCaseSensitive(machine, h->machine[i].key))
            eb_json_add_str(machine, h->machine[i].key, h->machine[i].value);
    eb_json_add_known(json, "fingerprint", h->fingerprint);
}

static void add_sources(cJSON *json, const eb_header *h)
{
    cJSON *list = eb_json_add_arr(json, "sources");
    for (int i = 0; i < h->n_sources; i++) {
        cJSON *obj = eb_json_append_obj(list);
        eb_json_add_str(obj, "name", h->sources[i].name);
        eb_json_add_str(obj, "state", h->sources[i].state);
        eb_json_add_known(obj, "reason", h->sources[i].reason);
        eb_json_add_known(obj, "remedy", h->sources[i].remedy);
    }
}

static void add_channels(cJSON *json, const eb_run *run)
{
    const eb_header *h = run->header;
    cJSON *list = eb_json_add_arr(json, "channels");
    for (int i = 0; i < h->n_channels; i++) {
        const eb_channel *c = &h->channels[i];
        cJSON *obj = eb_json_append_obj(list);
        eb_json_add_str(obj, "name", c->name);
        eb_json_add_str(obj, "source", c->source);
        eb_json_add_known(obj, "zone", c->zone);
        eb_json_add_known(obj, "label", c->label);
        eb_json_add_str(obj, "domain", eb_domain_name(c->domain));
        eb_json_add_num(obj, "socket", c->socket >= 0 ? c->socket : NAN);
        eb_json_add_num(obj, "die", c->die >= 0 ? c->die : NAN);
        eb_json_add_str(obj, "quantity", eb_quantity_name(c->quantity));
        eb_json_add_str(obj, "grade", eb_grade_name(c->grade));
        eb_json_add_num(obj, "period_ns", c->period_ns > 0 ? (double)c->period_ns : NAN);
        eb_json_add_num(obj, "jitter_ns", c->jitter_ns > 0 ? (double)c->jitter_ns : NAN);
        eb_json_add_num(obj, "read_ns", c->read_ns > 0 ? (double)c->read_ns : NAN);
        eb_json_add_num(obj, "class_frac", c->class_frac > 0 ? c->class_frac : NAN);
        eb_json_add_str(obj, "live", eb_liveness_name(c->live));
        eb_json_add_known(obj, "note", c->note);
        eb_json_add_bool(obj, "duplicate", c->duplicate);
        eb_json_add_bool(obj, "counted", run->counted[i]);
    }
}

static void add_idle(cJSON *json, const eb_run *run)
{
    cJSON *idle = eb_json_add_obj(json, "idle");
    bool known = !isnan(run->idle_w);
    eb_json_add_num(idle, "power_w", run->idle_w);
    eb_json_add_num(idle, "halfwidth_w", known ? run->idle_w_halfwidth : NAN);
    eb_json_add_str(idle, "grade", eb_grade_name(known ? run->idle_grade : EB_GRADE_NONE));
    eb_provenance_json(idle, &run->energy);
    eb_json_add_num(idle, "window_ns", run->idle_ns > 0 ? (double)run->idle_ns : NAN);
    cJSON *taken = eb_json_add_arr(idle, "taken");
    for (int i = 0; i < run->n_idles; i++) {
        const eb_idle_reading *r = &run->idles[i];
        cJSON *obj = eb_json_append_obj(taken);
        eb_json_add_known(obj, "at", r->taken_utc);
        eb_json_add_i64(obj, "after_trial", r->after_trial);
        eb_json_add_i64(obj, "t_start_ns", r->t_start_ns);
        eb_json_add_i64(obj, "t_end_ns", r->t_end_ns);
        eb_json_add_num(obj, "power_w", r->w);
        eb_json_add_num(obj, "halfwidth_w", r->halfwidth_w);
        eb_json_add_str(obj, "grade", eb_grade_name(r->grade));
    }
}

static void add_sampling(cJSON *json, const eb_run *run)
{
    cJSON *sampling = eb_json_add_obj(json, "sampling");
    eb_json_add_num(sampling, "cpu_frac", run->sampler_cpu_frac);
    eb_json_add_i64(sampling, "wide_samples", run->wide_samples);
}

static void add_energy(cJSON *obj, const eb_metric *m)
{
    const eb_budget *b = &m->budget;
    eb_json_add_num(obj, "halfwidth", fmax(m->hi - m->value, m->value - m->lo));
    eb_provenance_json(obj, m->from);
    cJSON *budget = eb_json_add_obj(obj, "budget");
    eb_json_add_num(budget, "boundary", b->boundary);
    eb_json_add_num(budget, "quantisation", b->quantisation);
    eb_json_add_num(budget, "baseline", b->baseline);
    eb_json_add_num(budget, "run_to_run", b->run_to_run);
    if (isnan(b->sensor_class))
        eb_json_add_str(budget, "sensor_class", "unknown");
    else
        eb_json_add_num(budget, "sensor_class", b->sensor_class);
    eb_json_add_known(budget, "largest", b->largest);
}

static void add_side(cJSON *check, const char *key, double j, double halfwidth_j, eb_grade grade,
                     const eb_provenance *from)
{
    cJSON *obj = eb_json_add_obj(check, key);
    eb_json_add_num(obj, "energy_j", j);
    eb_json_add_num(obj, "halfwidth_j", halfwidth_j);
    eb_json_add_str(obj, "grade", eb_grade_name(isnan(j) ? EB_GRADE_NONE : grade));
    eb_provenance_json(obj, from);
}

static void add_crosschecks(cJSON *json, const eb_run *run)
{
    cJSON *list = eb_json_add_arr(json, "cross_checks");
    for (int i = 0; i < run->n_checks; i++) {
        const eb_crosscheck *c = &run->checks[i];
        cJSON *obj = eb_json_append_obj(list);
        eb_json_add_str(obj, "counted", c->counted);
        eb_json_add_str(obj, "other", c->other);
        eb_json_add_i64(obj, "n", c->n);
        eb_json_add_num(obj, "counted_j", c->counted_j);
        eb_json_add_num(obj, "other_j", c->other_j);
        add_side(obj, "counted_energy", c->counted_j, c->counted_half_j, c->counted_grade, &c->counted_from);
        add_side(obj, "other_energy", c->other_j, c->other_half_j, c->other_grade, &c->other_from);
        eb_json_add_num(obj, "difference_frac", c->difference_frac);
        eb_json_add_num(obj, "halfwidth_frac", c->halfwidth_frac);
        if (c->n)
            eb_json_add_bool(obj, "agrees", c->agrees);
        else
            eb_json_add_str(obj, "agrees", NULL);
    }
}

// What the metric is the median of.
static void add_figures(cJSON *obj, const eb_case_result *c, int metric)
{
    const double *x = &c->figures[metric * c->n_figures];
    bool any = false;
    for (int t = 0; t < c->n_figures; t++)
        any = any || !isnan(x[t]);
    if (!any || isnan(c->metrics[metric].value))
        return;
    cJSON *list = eb_json_add_arr(obj, "trials");
    for (int t = 0; t < c->n_figures; t++)
        eb_json_append_num(list, x[t]);
}

static void add_metric(cJSON *metrics, const eb_case_result *c, int index)
{
    const eb_metric *m = &c->metrics[index];
    cJSON *obj = eb_json_add_obj(metrics, m->key);
    eb_json_add_num(obj, "value", m->value);
    eb_json_add_num(obj, "lo", m->lo);
    eb_json_add_num(obj, "hi", m->hi);
    eb_json_add_i64(obj, "n", m->n);
    eb_json_add_str(obj, "unit", m->unit);
    eb_json_add_str(obj, "grade", eb_grade_name(m->grade));
    eb_json_add_str(obj, "interval", interval_names[m->interval]);
    eb_json_add_known(obj, "note", m->note);
    if (c->figures)
        add_figures(obj, c, index);
    if (m->from)
        add_energy(obj, m);
}

static void add_case(cJSON *list, const eb_run *run, int index)
{
    const eb_case_result *c = &run->cases[index];
    const eb_case_info *info = c->info;
    const eb_case_facts *facts = c->facts;
    cJSON *obj = eb_json_append_obj(list);
    eb_json_add_str(obj, "id", info->id);
    eb_json_add_str(obj, "family", info->family);
    eb_json_add_str(obj, "model", info->model);
    eb_json_add_known(obj, "source", info->source);
    eb_json_add_known(obj, "type", info->type && *info->type ? info->type : facts ? facts->type : NULL);
    eb_json_add_str(obj, "workload", info->workload);
    eb_json_add_i64(obj, "prompt_tok", info->prompt_tok);
    eb_json_add_i64(obj, "output_tok", info->output_tok);
    eb_json_add_i64(obj, "batch", info->batch);
    eb_json_add_i64(obj, "depth_tok", info->depth_tok);
    eb_json_add_i64(obj, "threads", facts && facts->threads ? facts->threads : info->threads);
    eb_json_add_known(obj, "kv", info->kv);
    eb_json_add_known(obj, "reference_type", info->reference_type);
    if (info->load)
        eb_json_add_str(obj, "load", info->load);
    eb_json_add_known(obj, "arch", facts ? facts->arch : NULL);
    eb_json_add_known(obj, "isa", facts ? facts->isa : NULL);
    eb_json_add_known(obj, "model_name", facts ? facts->model_name : NULL);
    eb_json_add_num(obj, "n_params", facts && facts->n_params ? (double)facts->n_params : NAN);
    eb_json_add_i64(obj, "n_trials", c->n_trials);
    eb_json_add_i64(obj, "n_failed", c->n_failed);
    eb_json_add_known(obj, "digest", c->digest);
    eb_json_add_known(obj, "energy_source", c->energy.source);
    eb_json_add_known(obj, "domains", c->energy.domains);
    eb_json_add_known(obj, "coverage", c->energy.coverage);
    cJSON *numbers = eb_json_add_arr(obj, "trial_numbers");
    for (int i = 0; i < c->n_figures; i++)
        eb_json_append_num(numbers, c->trial_numbers[i]);
    cJSON *metrics = eb_json_add_obj(obj, "metrics");
    for (int i = 0; i < c->n_metrics; i++)
        add_metric(metrics, c, i);
    for (int i = 0; i < run->n_profiles; i++)
        if (run->profiles[i]->case_index == index)
            eb_profile_json(obj, run->header, run->profiles[i], &c->energy);
    eb_sustained_json(obj, run, index);
    for (int i = 0; i < run->n_loads; i++)
        if (run->loads[i]->case_index == index)
            eb_load_json(obj, run->loads[i], &c->energy);
    eb_json_add_texts(obj, "warnings", c->warnings, (size_t)c->n_warnings);
}

static void add_points(cJSON *list, const eb_run *run, const eb_crossing *c)
{
    for (int i = 0; i < c->n; i++) {
        const eb_crossing_point *p = &c->points[i];
        cJSON *obj = eb_json_append_obj(list);
        eb_json_add_num(obj, "length_tok", p->length_tok);
        eb_json_add_str(obj, "kv_case", run->cases[p->kv_case].info->id);
        eb_json_add_str(obj, "state_case", run->cases[p->state_case].info->id);
        eb_json_add_num(obj, "kv", p->kv);
        eb_json_add_num(obj, "state", p->state);
        eb_json_add_num(obj, "difference", p->diff);
        eb_json_add_num(obj, "lo", p->lo);
        eb_json_add_num(obj, "hi", p->hi);
        eb_json_add_i64(obj, "n", p->n);
    }
}

// A bound that the measured lengths do not give is null; `lo_open`, `hi_open` tell it from one that is not known.
static void add_crossings(cJSON *json, const eb_run *run)
{
    static const char *const verdicts[] = { "found", "kv_less", "state_less", "unknown" };
    cJSON *list = run->n_crossings ? eb_json_add_arr(json, "crossings") : NULL;
    for (int i = 0; i < run->n_crossings; i++) {
        const eb_crossing *c = &run->crossings[i];
        const eb_provenance *from = &run->cases[c->points[0].kv_case].energy;
        bool energy = c->grade != EB_GRADE_NONE;
        char *words = eb_crossing_words(c);
        cJSON *obj = eb_json_append_obj(list);
        eb_json_add_str(obj, "of", c->what);
        eb_json_add_str(obj, "unit", c->unit);
        eb_json_add_str(obj, "verdict", verdicts[c->verdict]);
        eb_json_add_num(obj, "length_tok", c->length_tok);
        eb_json_add_num(obj, "lo_tok", c->lo_tok);
        eb_json_add_num(obj, "hi_tok", c->hi_tok);
        eb_json_add_bool(obj, "lo_open", isinf(c->lo_tok));
        eb_json_add_bool(obj, "hi_open", isinf(c->hi_tok));
        eb_json_add_str(obj, "interval", interval_names[c->interval]);
        eb_json_add_str(obj, "grade", eb_grade_name(c->grade));
        eb_json_add_known(obj, "source", energy ? from->source : NULL);
        eb_json_add_known(obj, "domains", energy ? from->domains : NULL);
        eb_json_add_known(obj, "coverage", energy ? from->coverage : NULL);
        eb_json_add_str(obj, "words", words);
        add_points(eb_json_add_arr(obj, "points"), run, c);
        free(words);
    }
}

char *eb_run_json(const eb_run *run)
{
    const eb_header *h = run->header;
    cJSON *json = cJSON_CreateObject();
    eb_json_add_str(json, "schema", EB_RUN_SCHEMA);
    eb_json_add_str(json, "tool_version", h->tool_version);
    eb_json_add_bool(json, "complete", run->complete);
    eb_json_add_known(json, "started", h->started_utc);
    eb_json_add_known(json, "ended", run->ended_utc);
    eb_json_add_known(json, "config", h->config);
    eb_json_add_known(json, "plan_digest", h->plan_digest);
    if (run->raw)
        eb_vouch_add(json, run->raw);
    eb_json_add_known(json, "engine", h->engine);
    eb_json_add_str(json, "boundary", eb_boundary_name(h->boundary));
    eb_json_add_num(json, "interval_level", h->interval_level);
    add_plan(json, h);
    add_sources(json, h);
    add_channels(json, run);
    add_idle(json, run);
    add_sampling(json, run);
    eb_json_add_known(json, "domains", run->domains);
    eb_json_add_known(json, "missing", run->missing);
    add_crosschecks(json, run);
    add_crossings(json, run);
    cJSON *cases = eb_json_add_arr(json, "cases");
    for (int i = 0; i < run->n_cases; i++)
        add_case(cases, run, i);
    eb_json_add_texts(json, "warnings", run->warnings, (size_t)run->n_warnings);
    char *text = eb_json_print(json, true);
    char *line = eb_format("%s\n", text ? text : "");
    eb_vouch_seal(line);
    cJSON_free(text);
    cJSON_Delete(json);
    return line;
}

bool eb_run_json_write(const eb_run *run, const char *dir, eb_err *err)
{
    char *path = eb_path_join(dir, "run.json"), *text = eb_run_json(run);
    bool ok = eb_file_write_atomic(path, text, strlen(text), err);
    free(text);
    free(path);
    return ok;
}
