// SPDX-License-Identifier: Apache-2.0
// Structures -> lines of trials.jsonl.
#include "harness/record/records.h"

#include <math.h>
#include <stdlib.h>
#include "harness/base/json.h"
#include "harness/base/mem.h"

static char *to_line(cJSON *json)
{
    char *text = eb_json_print(json, false);
    char *line = eb_format("%s\n", text ? text : "");
    cJSON_free(text);
    cJSON_Delete(json);
    return line;
}

static cJSON *new_record(const char *kind)
{
    cJSON *json = cJSON_CreateObject();
    eb_json_add_str(json, "record", kind);
    return json;
}

static void add_known_u64(cJSON *obj, const char *key, bool known, uint64_t value)
{
    if (known)
        eb_json_add_u64str(obj, key, value);
    else
        eb_json_add_str(obj, key, NULL);
}

static void add_bytes(cJSON *obj, const uint64_t bytes[EB_CSV_COUNT])
{
    cJSON *lengths = eb_json_add_obj(obj, "bytes");
    for (int i = 0; i < EB_CSV_COUNT; i++)
        if (bytes[i] || !eb_csv_of_profile(i))
            eb_json_add_u64str(lengths, eb_csv_names[i], bytes[i]);
}

static void add_settings(cJSON *json, const eb_header *h)
{
    cJSON *list = eb_json_add_arr(json, "settings");
    for (int i = 0; i < h->n_settings; i++) {
        const eb_setting_row *row = &h->settings[i];
        cJSON *obj = eb_json_append_obj(list);
        eb_json_add_str(obj, "section", row->section);
        eb_json_add_str(obj, "name", row->name);
        eb_json_add_str(obj, "key", row->key);
        eb_json_add_str(obj, "value", row->value);
        eb_json_add_str(obj, "unit", row->unit);
        eb_json_add_str(obj, "origin", row->origin);
        if (row->idle)
            eb_json_add_str(obj, "applies", "no");
    }
}

static void add_op_metrics(cJSON *json, const eb_header *h)
{
    cJSON *list = h->n_op_metrics ? eb_json_add_arr(json, "op_metrics") : NULL;
    for (int i = 0; i < h->n_op_metrics; i++) {
        cJSON *obj = eb_json_append_obj(list);
        eb_json_add_str(obj, "key", h->op_metrics[i].key);
        eb_json_add_str(obj, "unit", h->op_metrics[i].unit);
        eb_json_add_str(obj, "formula", h->op_metrics[i].formula);
    }
}

static void add_machine(cJSON *json, const eb_header *h)
{
    cJSON *list = eb_json_add_arr(json, "machine");
    for (int i = 0; i < h->n_machine; i++) {
        cJSON *obj = eb_json_append_obj(list);
        eb_json_add_str(obj, "key", h->machine[i].key);
        eb_json_add_str(obj, "value", h->machine[i].value);
    }
}

static void add_sources(cJSON *json, const eb_header *h)
{
    cJSON *list = eb_json_add_arr(json, "sources");
    for (int i = 0; i < h->n_sources; i++) {
        cJSON *obj = eb_json_append_obj(list);
        eb_json_add_str(obj, "name", h->sources[i].name);
        eb_json_add_str(obj, "state", h->sources[i].state);
        eb_json_add_str(obj, "reason", h->sources[i].reason);
        eb_json_add_str(obj, "remedy", h->sources[i].remedy);
    }
}

static void add_channel(cJSON *list, const eb_channel *c)
{
    cJSON *obj = eb_json_append_obj(list);
    eb_json_add_str(obj, "name", c->name);
    eb_json_add_str(obj, "source", c->source);
    eb_json_add_str(obj, "zone", c->zone);
    eb_json_add_str(obj, "label", c->label);
    eb_json_add_str(obj, "domain", eb_domain_name(c->domain));
    eb_json_add_i64(obj, "socket", c->socket);
    eb_json_add_i64(obj, "die", c->die);
    eb_json_add_str(obj, "quantity", eb_quantity_name(c->quantity));
    eb_json_add_bool(obj, "cumulative", c->cumulative);
    eb_json_add_u64str(obj, "max_range", c->max_range);
    eb_json_add_u64str(obj, "modulus", c->modulus);
    eb_json_add_num(obj, "unit", c->unit);
    eb_json_add_num(obj, "scale", c->scale);
    eb_json_add_num(obj, "power_max_w", c->power_max_w);
    eb_json_add_u64str(obj, "gap_max_ns", (uint64_t)(c->gap_max_ns > 0 ? c->gap_max_ns : 0));
    eb_json_add_u64str(obj, "period_ns", (uint64_t)(c->period_ns > 0 ? c->period_ns : 0));
    eb_json_add_str(obj, "grade", eb_grade_name(c->grade));
    eb_json_add_str(obj, "scope", c->scope == EB_SCOPE_PROCESS ? "process" : "machine");
    eb_json_add_bool(obj, "duplicate", c->duplicate);
    if (c->repeats[0])
        eb_json_add_str(obj, "repeats", c->repeats);
    eb_json_add_u64str(obj, "jitter_ns", (uint64_t)(c->jitter_ns > 0 ? c->jitter_ns : 0));
    eb_json_add_u64str(obj, "read_ns", (uint64_t)(c->read_ns > 0 ? c->read_ns : 0));
    eb_json_add_num(obj, "class_frac", c->class_frac);
    eb_json_add_str(obj, "live", eb_liveness_name(c->live));
    eb_json_add_str(obj, "note", c->note);
}

static void add_case(cJSON *list, const eb_case_info *c)
{
    cJSON *obj = eb_json_append_obj(list);
    eb_json_add_str(obj, "id", c->id);
    eb_json_add_str(obj, "family", c->family);
    eb_json_add_str(obj, "model", c->model);
    eb_json_add_str(obj, "source", c->source);
    eb_json_add_str(obj, "type", c->type);
    eb_json_add_str(obj, "workload", c->workload);
    eb_json_add_str(obj, "kv", c->kv);
    eb_json_add_i64(obj, "prompt_tok", c->prompt_tok);
    eb_json_add_i64(obj, "output_tok", c->output_tok);
    eb_json_add_i64(obj, "batch", c->batch);
    eb_json_add_i64(obj, "depth_tok", c->depth_tok);
    if (c->duration_ns) {
        eb_json_add_u64str(obj, "duration_ns", (uint64_t)c->duration_ns);
        eb_json_add_u64str(obj, "window_ns", (uint64_t)c->window_ns);
    }
    eb_json_add_i64(obj, "threads", c->threads);
    eb_json_add_str(obj, "reference_type", c->reference_type);
    if (c->load)
        eb_json_add_str(obj, "load", c->load);
}

char *eb_record_header(const eb_header *h, const uint64_t bytes[EB_CSV_COUNT])
{
    cJSON *json = new_record("header");
    eb_json_add_str(json, "schema", EB_JOURNAL_SCHEMA);
    eb_json_add_str(json, "tool_version", h->tool_version);
    eb_json_add_str(json, "config", h->config);
    eb_json_add_str(json, "started", h->started_utc);
    eb_json_add_str(json, "plan_digest", h->plan_digest);
    eb_json_add_str(json, "engine", h->engine);
    eb_json_add_str(json, "boundary", eb_boundary_name(h->boundary));
    eb_json_add_num(json, "interval_level", h->interval_level);
    eb_json_add_i64(json, "trials_min", h->trials_min);
    eb_json_add_i64(json, "trials_max", h->trials_max);
    eb_json_add_i64(json, "cpus", h->cpus);
    add_settings(json, h);
    add_op_metrics(json, h);
    add_machine(json, h);
    eb_json_add_str(json, "fingerprint", h->fingerprint);
    add_sources(json, h);
    cJSON *channels = eb_json_add_arr(json, "channels");
    for (int i = 0; i < h->n_channels; i++)
        add_channel(channels, &h->channels[i]);
    cJSON *cases = eb_json_add_arr(json, "cases");
    for (int i = 0; i < h->n_cases; i++)
        add_case(cases, &h->cases[i]);
    add_bytes(json, bytes);
    return to_line(json);
}

char *eb_record_facts(const eb_case_facts *f)
{
    cJSON *json = new_record("case");
    eb_json_add_i64(json, "case", f->case_index);
    eb_json_add_str(json, "arch", f->arch);
    eb_json_add_str(json, "isa", f->isa);
    eb_json_add_str(json, "model_name", f->model_name);
    eb_json_add_str(json, "type", f->type);
    eb_json_add_str(json, "path", f->path);
    eb_json_add_i64(json, "vocab", f->vocab);
    eb_json_add_i64(json, "n_layer", f->n_layer);
    eb_json_add_i64(json, "n_expert", f->n_expert);
    eb_json_add_i64(json, "n_expert_used", f->n_expert_used);
    eb_json_add_i64(json, "threads", f->threads);
    eb_json_add_bool(json, "int8", f->int8);
    eb_json_add_u64str(json, "n_params", f->n_params);
    eb_json_add_u64str(json, "model_bytes", f->model_bytes);
    eb_json_add_num(json, "bytes_per_tok", f->bytes_per_tok);
    eb_json_add_num(json, "flop_per_tok", f->flop_per_tok);
    eb_json_add_num(json, "flop_per_prompt_tok", f->flop_per_prompt_tok);
    eb_json_add_num(json, "kv_bytes_per_tok", f->kv_bytes_per_tok);
    add_known_u64(json, "first_token_cold_ns", f->first_token_cold_ns >= 0, (uint64_t)f->first_token_cold_ns);
    eb_json_add_num(json, "kld_nats", f->kld_nats);
    eb_json_add_num(json, "top1_agree", f->top1_agree);
    eb_json_add_i64(json, "quality_tok", f->quality_tok);
    return to_line(json);
}

static void add_levels(cJSON *json, const eb_trial_info *t)
{
    cJSON *list = t->n_levels ? eb_json_add_arr(json, "levels") : NULL;
    for (int i = 0; i < t->n_levels; i++) {
        const eb_level_row *l = &t->levels[i];
        cJSON *obj = eb_json_append_obj(list);
        eb_json_add_i64(obj, "percent", l->percent);
        eb_json_add_num(obj, "nominal_per_s", l->nominal_per_s);
        eb_json_add_u64str(obj, "t_start_ns", (uint64_t)l->t_start_ns);
        eb_json_add_u64str(obj, "t_offered_ns", (uint64_t)l->t_offered_ns);
        eb_json_add_u64str(obj, "t_end_ns", (uint64_t)l->t_end_ns);
    }
    if (t->saturated_per_s > 0)
        eb_json_add_num(json, "saturated_per_s", t->saturated_per_s);
}

static void add_totals(cJSON *json, const eb_trial_totals *t)
{
    eb_json_add_i64(json, "prompt_tok", t->prompt_tok);
    eb_json_add_i64(json, "output_tok", t->output_tok);
    add_known_u64(json, "prefill_ns", t->prefill_ns > 0, (uint64_t)t->prefill_ns);
    add_known_u64(json, "decode_ns", t->decode_ns > 0, (uint64_t)t->decode_ns);
}

char *eb_record_trial(const eb_trial_info *t, const uint64_t bytes[EB_CSV_COUNT])
{
    cJSON *json = new_record(t->number ? "trial" : "idle");
    if (!t->number)
        eb_json_add_str(json, "at", t->taken_utc);
    eb_json_add_i64(json, "trial", t->number);
    eb_json_add_i64(json, "case", t->number ? t->case_index : -1);
    eb_json_add_i64(json, "round", t->round);
    eb_json_add_u64str(json, "t_start_ns", (uint64_t)t->t_start_ns);
    eb_json_add_u64str(json, "t_end_ns", (uint64_t)t->t_end_ns);
    add_known_u64(json, "load_ns", t->load_ns >= 0, (uint64_t)t->load_ns);
    add_known_u64(json, "rss_peak_bytes", t->rss_peak_bytes > 0, t->rss_peak_bytes);
    eb_json_add_u64str(json, "model_bytes", t->model_bytes);
    eb_json_add_u64str(json, "kv_bytes", t->kv_bytes);
    eb_json_add_u64str(json, "scratch_bytes", t->scratch_bytes);
    add_known_u64(json, "sampler_cpu_ns", t->sampler_cpu_ns > 0, (uint64_t)t->sampler_cpu_ns);
    eb_json_add_i64(json, "wide_samples", t->wide_samples);
    add_levels(json, t);
    eb_json_add_str(json, "digest", t->digest);
    eb_json_add_str(json, "error", t->error);
    eb_json_add_texts(json, "warnings", t->warnings, (size_t)t->n_warnings);
    if (t->totals.known)
        add_totals(eb_json_add_obj(json, "totals"), &t->totals);
    add_bytes(json, bytes);
    return to_line(json);
}

char *eb_record_resume(const char *utc)
{
    cJSON *json = new_record("resume");
    eb_json_add_str(json, "at", utc);
    return to_line(json);
}

char *eb_record_warnings(eb_record_kind kind, const char *utc, char *const *warnings, size_t n)
{
    cJSON *json = new_record(eb_record_kind_names[kind]);
    eb_json_add_str(json, "at", utc);
    eb_json_add_texts(json, "warnings", warnings, n);
    return to_line(json);
}
