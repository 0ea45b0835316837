// SPDX-License-Identifier: Apache-2.0
// Lines of trials.jsonl -> structures. Nothing in a line is believed before it is checked.
#include "harness/record/record_fields.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/formula.h"
#include "harness/base/json.h"
#include "harness/base/mem.h"

const char *const eb_csv_names[EB_CSV_COUNT] = { "requests.csv", "tokens.csv", "power.csv", "spans.csv",
                                                 "op_counters.csv" };
#define TOKENS_HEAD "trial,request,index,phase,t_start_ns,t_end_ns,token,energy_uj,energy_halfwidth_uj,grade"
const char *const eb_csv_heads[EB_CSV_COUNT] = {
    "trial,request,scheduled_ns,sent_ns,prompt_tok,output_tok,status\n",
    (TOKENS_HEAD ",source,domains,coverage\n"),
    "trial,channel,t_before_ns,t_after_ns,raw,status\n",
    "trial,op,phase,layer,t_start_ns,length_ns,bytes,flop\n",
    "trial,op,phase,event,value,running_frac,calls\n",
};

const char *const eb_csv_older_heads[EB_CSV_COUNT] = {
    [EB_CSV_TOKENS] = TOKENS_HEAD "\n",
};

const char *const eb_record_kind_names[EB_RECORD_COUNT] = { "header", "idle",     "case", "trial",
                                                            "resume", "warnings", "end" };

static void read_settings(eb_fields *f, eb_header *h)
{
    const cJSON *array, *item;
    int n = eb_fields_list(f, "settings", &array);
    h->settings = eb_alloc((size_t)n * sizeof *h->settings + 1);
    for (item = n ? array->child : NULL; item && f->ok; item = item->next) {
        eb_fields row = eb_fields_inside(f, item);
        h->settings[h->n_settings++] = (eb_setting_row){
            .section = eb_fields_text(&row, "section", true),
            .name = eb_fields_text(&row, "name", false),
            .key = eb_fields_text(&row, "key", true),
            .value = eb_fields_text(&row, "value", false),
            .unit = eb_fields_text(&row, "unit", false),
            .origin = eb_fields_text(&row, "origin", false),
        };
        char *applies = eb_fields_text(&row, "applies", false);
        h->settings[h->n_settings - 1].idle = applies && !strcmp(applies, "no");
        free(applies);
        f->ok = row.ok;
    }
}

static void read_op_metrics(eb_fields *f, eb_header *h)
{
    const cJSON *array, *item;
    int n = eb_fields_has(f, "op_metrics") ? eb_fields_list(f, "op_metrics", &array) : 0;
    h->op_metrics = eb_alloc((size_t)n * sizeof *h->op_metrics + 1);
    for (item = n ? array->child : NULL; item && f->ok; item = item->next) {
        eb_fields row = eb_fields_inside(f, item);
        eb_op_metric_row *m = &h->op_metrics[h->n_op_metrics++];
        *m = (eb_op_metric_row){ eb_fields_text(&row, "key", true), eb_fields_text(&row, "unit", true),
                                 eb_fields_text(&row, "formula", true) };
        eb_formula formula;
        eb_err why;
        if (row.ok && !eb_formula_parse(m->formula, &formula, &why))
            eb_fields_wrong(&row, "formula");
        f->ok = row.ok;
    }
}

static void read_machine(eb_fields *f, eb_header *h)
{
    const cJSON *array, *item;
    int n = eb_fields_list(f, "machine", &array);
    h->machine = eb_alloc((size_t)n * sizeof *h->machine + 1);
    for (item = n ? array->child : NULL; item && f->ok; item = item->next) {
        eb_fields row = eb_fields_inside(f, item);
        h->machine[h->n_machine++] =
            (eb_pair){ .key = eb_fields_text(&row, "key", true), .value = eb_fields_text(&row, "value", false) };
        f->ok = row.ok;
    }
}

static void read_sources(eb_fields *f, eb_header *h)
{
    const cJSON *array, *item;
    int n = eb_fields_list(f, "sources", &array);
    h->sources = eb_alloc((size_t)n * sizeof *h->sources + 1);
    for (item = n ? array->child : NULL; item && f->ok; item = item->next) {
        eb_fields row = eb_fields_inside(f, item);
        h->sources[h->n_sources++] = (eb_source_row){
            .name = eb_fields_text(&row, "name", true),
            .state = eb_fields_text(&row, "state", true),
            .reason = eb_fields_text_or_empty(&row, "reason"),
            .remedy = eb_fields_text_or_empty(&row, "remedy"),
        };
        f->ok = row.ok;
    }
}

// Journals of before the calibration have none of these.
static void read_calibration(eb_fields *f, eb_channel *c)
{
    char live[16] = "";
    if (!eb_fields_has(f, "live"))
        return;
    eb_fields_text_into(f, "live", live, sizeof live);
    eb_fields_text_into(f, "note", c->note, sizeof c->note);
    if (eb_fields_has(f, "gap_max_ns"))
        c->gap_max_ns = (int64_t)eb_fields_digits(f, "gap_max_ns", INT64_MAX, false, 0);
    c->jitter_ns = (int64_t)eb_fields_digits(f, "jitter_ns", INT64_MAX, false, 0);
    c->read_ns = (int64_t)eb_fields_digits(f, "read_ns", INT64_MAX, false, 0);
    c->class_frac = eb_fields_number(f, "class_frac");
    if (f->ok && !eb_liveness_parse(live, &c->live))
        eb_fields_wrong(f, "live");
    if (f->ok && !(c->class_frac >= 0))
        eb_fields_wrong(f, "class_frac");
}

static void read_channel(eb_fields *f, eb_channel *c)
{
    char domain[16] = "", quantity[24] = "", grade[16] = "", scope[16] = "";
    eb_fields_text_into(f, "name", c->name, sizeof c->name);
    eb_fields_text_into(f, "source", c->source, sizeof c->source);
    eb_fields_text_into(f, "zone", c->zone, sizeof c->zone);
    eb_fields_text_into(f, "label", c->label, sizeof c->label);
    eb_fields_text_into(f, "domain", domain, sizeof domain);
    eb_fields_text_into(f, "quantity", quantity, sizeof quantity);
    eb_fields_text_into(f, "grade", grade, sizeof grade);
    eb_fields_text_into(f, "scope", scope, sizeof scope);
    c->socket = eb_fields_whole(f, "socket", -1, 65535);
    c->die = eb_fields_whole(f, "die", -1, 65535);
    c->cumulative = eb_fields_truth(f, "cumulative");
    c->max_range = eb_fields_digits(f, "max_range", UINT64_MAX, false, 0);
    c->modulus = eb_fields_digits(f, "modulus", UINT64_MAX, false, 0);
    c->unit = eb_fields_number(f, "unit");
    c->scale = eb_fields_number(f, "scale");
    c->power_max_w = eb_fields_number(f, "power_max_w");
    c->period_ns = (int64_t)eb_fields_digits(f, "period_ns", INT64_MAX, false, 0);
    c->duplicate = eb_fields_truth(f, "duplicate");
    if (eb_fields_has(f, "repeats"))
        eb_fields_text_into(f, "repeats", c->repeats, sizeof c->repeats);
    read_calibration(f, c);
    c->scope = !strcmp(scope, "process") ? EB_SCOPE_PROCESS : EB_SCOPE_MACHINE;
    if (f->ok && !eb_domain_parse(domain, &c->domain))
        eb_fields_wrong(f, "domain");
    if (f->ok && !eb_quantity_parse(quantity, &c->quantity))
        eb_fields_wrong(f, "quantity");
    if (f->ok && !eb_grade_parse(grade, &c->grade))
        eb_fields_wrong(f, "grade");
    if (f->ok && !(c->scale > 0))
        eb_fields_wrong(f, "scale");
    if (f->ok && (!(c->unit >= 0) || !(c->power_max_w >= 0)))
        eb_fields_wrong(f, "unit");
}

static void read_channels(eb_fields *f, eb_header *h)
{
    const cJSON *array, *item;
    int n = eb_fields_list(f, "channels", &array);
    h->channels = eb_alloc((size_t)n * sizeof *h->channels + 1);
    for (item = n ? array->child : NULL; item && f->ok; item = item->next) {
        eb_fields row = eb_fields_inside(f, item);
        read_channel(&row, &h->channels[h->n_channels++]);
        f->ok = row.ok;
    }
}

static void read_case(eb_fields *f, eb_case_info *c)
{
    c->id = eb_fields_text(f, "id", true);
    c->family = eb_fields_text(f, "family", true);
    c->model = eb_fields_text(f, "model", true);
    c->source = eb_fields_text_or_empty(f, "source");
    c->type = eb_fields_text_or_empty(f, "type");
    c->workload = eb_fields_text(f, "workload", true);
    c->kv = eb_fields_text_or_empty(f, "kv");
    c->prompt_tok = eb_fields_whole(f, "prompt_tok", 0, INT32_MAX);
    c->output_tok = eb_fields_whole(f, "output_tok", 0, INT32_MAX);
    c->batch = eb_fields_whole(f, "batch", 0, INT32_MAX);
    c->depth_tok = eb_fields_whole(f, "depth_tok", 0, INT32_MAX);
    if (eb_fields_has(f, "duration_ns")) {
        c->duration_ns = (int64_t)eb_fields_digits(f, "duration_ns", EB_TIME_MAX_NS, false, 0);
        c->window_ns = (int64_t)eb_fields_digits(f, "window_ns", EB_TIME_MAX_NS, false, 0);
    }
    c->threads = eb_fields_whole(f, "threads", 0, INT32_MAX);
    c->reference_type = eb_fields_text(f, "reference_type", false);
    c->load = eb_fields_has(f, "load") ? eb_fields_text(f, "load", false) : NULL;
}

static void read_cases(eb_fields *f, eb_header *h)
{
    const cJSON *array, *item;
    int n = eb_fields_list(f, "cases", &array);
    h->cases = eb_alloc((size_t)n * sizeof *h->cases + 1);
    for (item = n ? array->child : NULL; item && f->ok; item = item->next) {
        eb_fields row = eb_fields_inside(f, item);
        h->cases[h->n_cases].index = h->n_cases;
        read_case(&row, &h->cases[h->n_cases++]);
        f->ok = row.ok;
    }
}

bool eb_record_kind_of(const cJSON *json, eb_record_place at, eb_record_kind *out, eb_err *err)
{
    const char *kind = eb_json_str(json, "record", "");
    for (int i = 0; i < EB_RECORD_COUNT; i++) {
        if (!strcmp(kind, eb_record_kind_names[i])) {
            *out = (eb_record_kind)i;
            return true;
        }
    }
    return eb_err_at(err, EB_USAGE, at.file, at.line, 0, "not a record of a run");
}

bool eb_record_read_header(const cJSON *json, eb_record_place at, eb_header *h, eb_err *err)
{
    eb_fields f = { .json = json, .at = at, .err = err, .ok = true };
    const char *schema = eb_json_str(json, "schema", "");
    if (strcmp(schema, EB_JOURNAL_SCHEMA) != 0) {
        eb_err_at(err, EB_USAGE, at.file, at.line, 0, "journal of schema '%.40s', this program reads '%s'", schema,
                  EB_JOURNAL_SCHEMA);
        return eb_err_hint(err, "use the version of effbench that wrote it");
    }
    h->tool_version = eb_fields_text(&f, "tool_version", true);
    h->config = eb_fields_text(&f, "config", true);
    h->started_utc = eb_fields_text(&f, "started", true);
    h->plan_digest = eb_fields_text(&f, "plan_digest", true);
    h->engine = eb_fields_text(&f, "engine", true);
    h->fingerprint = eb_fields_text(&f, "fingerprint", true);
    if (!eb_boundary_parse(eb_json_str(json, "boundary", ""), &h->boundary))
        eb_fields_wrong(&f, "boundary");
    h->interval_level = eb_fields_number(&f, "interval_level");
    if (f.ok && !(h->interval_level > 0 && h->interval_level < 1))
        eb_fields_wrong(&f, "interval_level");
    h->trials_min = eb_fields_whole(&f, "trials_min", 0, INT32_MAX);
    h->trials_max = eb_fields_whole(&f, "trials_max", 0, INT32_MAX);
    h->cpus = eb_fields_has(&f, "cpus") ? eb_fields_whole(&f, "cpus", 0, INT32_MAX) : 0;
    read_settings(&f, h);
    read_op_metrics(&f, h);
    read_machine(&f, h);
    read_sources(&f, h);
    read_channels(&f, h);
    read_cases(&f, h);
    return f.ok;
}

bool eb_record_read_facts(const cJSON *json, eb_record_place at, int n_cases, eb_case_facts *c, eb_err *err)
{
    eb_fields f = { .json = json, .at = at, .err = err, .ok = true };
    c->case_index = eb_fields_whole(&f, "case", 0, n_cases - 1);
    eb_fields_text_into(&f, "arch", c->arch, sizeof c->arch);
    eb_fields_text_into(&f, "isa", c->isa, sizeof c->isa);
    eb_fields_text_into(&f, "model_name", c->model_name, sizeof c->model_name);
    eb_fields_text_into(&f, "type", c->type, sizeof c->type);
    eb_fields_text_into(&f, "path", c->path, sizeof c->path);
    c->vocab = eb_fields_whole(&f, "vocab", 0, INT32_MAX);
    c->n_layer = eb_fields_whole(&f, "n_layer", 0, INT32_MAX);
    c->n_expert = eb_fields_whole(&f, "n_expert", 0, INT32_MAX);
    c->n_expert_used = eb_fields_whole(&f, "n_expert_used", 0, INT32_MAX);
    c->threads = eb_fields_whole(&f, "threads", 0, INT32_MAX);
    c->int8 = eb_fields_has(&f, "int8") && eb_fields_truth(&f, "int8");
    c->n_params = eb_fields_digits(&f, "n_params", INT64_MAX, false, 0);
    c->model_bytes = eb_fields_digits(&f, "model_bytes", INT64_MAX, false, 0);
    c->bytes_per_tok = eb_fields_number(&f, "bytes_per_tok");
    c->flop_per_tok = eb_fields_number(&f, "flop_per_tok");
    const bool prompts = eb_fields_has(&f, "flop_per_prompt_tok"); // older files have none
    c->flop_per_prompt_tok = prompts ? eb_fields_number(&f, "flop_per_prompt_tok") : NAN;
    c->kv_bytes_per_tok = eb_fields_number(&f, "kv_bytes_per_tok");
    c->first_token_cold_ns = (int64_t)eb_fields_digits(&f, "first_token_cold_ns", INT64_MAX, true, (uint64_t)-1);
    c->kld_nats = eb_fields_number(&f, "kld_nats");
    c->top1_agree = eb_fields_number(&f, "top1_agree");
    c->quality_tok = eb_fields_whole(&f, "quality_tok", 0, INT32_MAX);
    return f.ok;
}

static void read_warnings(eb_fields *f, eb_trial_info *t)
{
    const cJSON *array, *item;
    int n = eb_fields_list(f, "warnings", &array);
    t->warnings = eb_alloc((size_t)n * sizeof *t->warnings + 1);
    for (item = n ? array->child : NULL; item && f->ok; item = item->next) {
        if (cJSON_IsString(item))
            t->warnings[t->n_warnings++] = eb_strdup(item->valuestring);
        else
            eb_fields_wrong(f, "warnings");
    }
}

// In order of time, one after the other.
static void read_levels(eb_fields *f, eb_trial_info *t)
{
    const cJSON *array, *item;
    int n = eb_fields_has(f, "levels") ? eb_fields_list(f, "levels", &array) : 0;
    if (n > EB_LEVELS_MAX)
        eb_fields_wrong(f, "levels");
    for (item = n ? array->child : NULL; item && f->ok; item = item->next) {
        eb_fields row = eb_fields_inside(f, item);
        eb_level_row *l = &t->levels[t->n_levels];
        int64_t before_ns = t->n_levels ? t->levels[t->n_levels - 1].t_end_ns : 0;
        *l = (eb_level_row){ .percent = eb_fields_whole(&row, "percent", -1, 100),
                             .nominal_per_s = eb_fields_number(&row, "nominal_per_s"),
                             .t_start_ns = (int64_t)eb_fields_digits(&row, "t_start_ns", EB_TIME_MAX_NS, false, 0),
                             .t_offered_ns = (int64_t)eb_fields_digits(&row, "t_offered_ns", EB_TIME_MAX_NS, false, 0),
                             .t_end_ns = (int64_t)eb_fields_digits(&row, "t_end_ns", EB_TIME_MAX_NS, false, 0) };
        t->n_levels++;
        if (row.ok && !(l->nominal_per_s >= 0 && isfinite(l->nominal_per_s)))
            eb_fields_wrong(&row, "nominal_per_s");
        if (row.ok && l->t_start_ns < before_ns)
            eb_fields_wrong(&row, "t_start_ns");
        if (row.ok && l->t_offered_ns < l->t_start_ns)
            eb_fields_wrong(&row, "t_offered_ns");
        if (row.ok && l->t_end_ns < l->t_offered_ns)
            eb_fields_wrong(&row, "t_end_ns");
        f->ok = row.ok;
    }
    t->saturated_per_s = eb_fields_has(f, "saturated_per_s") ? eb_fields_number(f, "saturated_per_s") : 0;
}

static void read_totals(eb_fields *f, eb_trial_totals *t)
{
    if (!eb_fields_has(f, "totals"))
        return;
    eb_fields in = eb_fields_inside(f, cJSON_GetObjectItemCaseSensitive(f->json, "totals"));
    t->known = true;
    t->prompt_tok = eb_fields_whole(&in, "prompt_tok", 0, INT32_MAX);
    t->output_tok = eb_fields_whole(&in, "output_tok", 0, INT32_MAX);
    t->prefill_ns = (int64_t)eb_fields_digits(&in, "prefill_ns", EB_TIME_MAX_NS, true, 0);
    t->decode_ns = (int64_t)eb_fields_digits(&in, "decode_ns", EB_TIME_MAX_NS, true, 0);
    f->ok = in.ok;
}

bool eb_record_read_trial(const cJSON *json, eb_record_place at, int n_cases, eb_trial_info *t, eb_err *err)
{
    eb_fields f = { .json = json, .at = at, .err = err, .ok = true };
    bool idle = !strcmp(eb_json_str(json, "record", ""), eb_record_kind_names[EB_RECORD_IDLE]);
    t->number = eb_fields_whole(&f, "trial", idle ? 0 : 1, idle ? 0 : INT32_MAX);
    t->case_index = eb_fields_whole(&f, "case", idle ? -1 : 0, idle ? -1 : n_cases - 1);
    if (idle && eb_fields_has(&f, "at"))
        eb_fields_text_into(&f, "at", t->taken_utc, sizeof t->taken_utc);
    t->round = eb_fields_whole(&f, "round", 0, INT32_MAX);
    t->t_start_ns = (int64_t)eb_fields_digits(&f, "t_start_ns", EB_TIME_MAX_NS, false, 0);
    t->t_end_ns = (int64_t)eb_fields_digits(&f, "t_end_ns", EB_TIME_MAX_NS, false, 0);
    t->load_ns = (int64_t)eb_fields_digits(&f, "load_ns", INT64_MAX, true, (uint64_t)-1);
    t->rss_peak_bytes = eb_fields_digits(&f, "rss_peak_bytes", INT64_MAX, true, 0);
    t->model_bytes = eb_fields_digits(&f, "model_bytes", INT64_MAX, false, 0);
    t->kv_bytes = eb_fields_digits(&f, "kv_bytes", INT64_MAX, false, 0);
    t->scratch_bytes = eb_fields_digits(&f, "scratch_bytes", INT64_MAX, false, 0);
    t->sampler_cpu_ns =
        eb_fields_has(&f, "sampler_cpu_ns") ? (int64_t)eb_fields_digits(&f, "sampler_cpu_ns", INT64_MAX, true, 0) : 0;
    t->wide_samples = eb_fields_has(&f, "wide_samples") ? eb_fields_whole(&f, "wide_samples", 0, INT32_MAX) : 0;
    read_levels(&f, t);
    eb_fields_text_into(&f, "digest", t->digest, sizeof t->digest);
    t->error = eb_fields_text(&f, "error", false);
    read_warnings(&f, t);
    read_totals(&f, &t->totals);
    if (f.ok && t->t_end_ns < t->t_start_ns)
        eb_fields_wrong(&f, "t_end_ns");
    return f.ok;
}

bool eb_record_read_bytes(const cJSON *json, eb_record_place at, uint64_t bytes[EB_CSV_COUNT], eb_err *err)
{
    eb_fields f = { .json = cJSON_GetObjectItemCaseSensitive(json, "bytes"), .at = at, .err = err, .ok = true };
    for (int i = 0; i < EB_CSV_COUNT; i++)
        bytes[i] = eb_csv_of_profile(i) && !eb_fields_has(&f, eb_csv_names[i])
                       ? 0
                       : eb_fields_digits(&f, eb_csv_names[i], INT64_MAX, false, 0);
    return f.ok;
}
