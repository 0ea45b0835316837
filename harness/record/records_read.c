// SPDX-License-Identifier: Apache-2.0
// Lines of trials.jsonl -> structures. Nothing in a line is believed before it is checked.
#include "harness/record/records.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/formula.h"
#include "harness/base/json.h"
#include "harness/base/mem.h"

enum { MAX_ITEMS = 100000 };

const char *const eb_csv_names[EB_CSV_COUNT] = { "requests.csv", "tokens.csv", "power.csv", "spans.csv",
                                                 "op_counters.csv" };
#define TOKENS_HEAD "trial,request,index,phase,t_start_ns,t_end_ns,token,energy_uj,energy_halfwidth_uj,grade"
const char *const eb_csv_heads[EB_CSV_COUNT] = {
    "trial,request,scheduled_ns,sent_ns,prompt_tok,output_tok,status\n",
    TOKENS_HEAD ",source,domains,coverage\n",
    "trial,channel,t_before_ns,t_after_ns,raw,status\n",
    "trial,op,phase,layer,t_start_ns,length_ns,bytes,flop\n",
    "trial,op,phase,event,value,running_frac,calls\n",
};

const char *const eb_csv_older_heads[EB_CSV_COUNT] = {
    [EB_CSV_TOKENS] = TOKENS_HEAD "\n",
};

static const char *const kind_names[EB_RECORD_COUNT] = { "header", "idle", "case", "trial", "resume", "end" };

// One object being read: the first thing wrong sets the error, the rest is then skipped.
typedef struct fields {
    const cJSON *json;
    eb_record_place at;
    eb_err *err;
    bool ok;
} fields;

static bool has(const fields *f, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(f->json, key) != NULL;
}

static void wrong(fields *f, const char *key)
{
    if (f->ok)
        eb_err_at(f->err, EB_USAGE, f->at.file, f->at.line, 0, "'%s' is missing or not what it should be", key);
    f->ok = false;
}

// NULL where the file has null; `required`: that is an error.
static char *text(fields *f, const char *key, bool required)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(f->json, key);
    if (cJSON_IsString(item))
        return eb_strdup(item->valuestring);
    if (required || (item && !cJSON_IsNull(item)))
        wrong(f, key);
    return required ? eb_strdup("") : NULL;
}

// "" where the file has null or nothing.
static char *text_or_empty(fields *f, const char *key)
{
    char *s = text(f, key, false);
    return s ? s : eb_strdup("");
}

static void text_into(fields *f, const char *key, char *buf, size_t size)
{
    const char *s = eb_json_str(f->json, key, NULL);
    if (!s || strlen(s) >= size)
        wrong(f, key);
    else
        memcpy(buf, s, strlen(s) + 1);
}

static int whole(fields *f, const char *key, int min, int max)
{
    double value = eb_json_num(f->json, key, NAN);
    if (!(value >= min && value <= max) || value != floor(value)) {
        wrong(f, key);
        return min;
    }
    return (int)value;
}

// NAN where the file has null.
static double number(fields *f, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(f->json, key);
    if (cJSON_IsNumber(item) && isfinite(item->valuedouble))
        return item->valuedouble;
    if (!cJSON_IsNull(item))
        wrong(f, key);
    return NAN;
}

// Digit string up to `max`; `absent` for null where that is allowed (known = false).
static uint64_t digits(fields *f, const char *key, uint64_t max, bool null_allowed, uint64_t absent)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(f->json, key);
    if (null_allowed && cJSON_IsNull(item))
        return absent;
    uint64_t value = eb_json_u64(f->json, key, UINT64_MAX);
    bool good = cJSON_IsString(item) && (value != UINT64_MAX || !strcmp(item->valuestring, "18446744073709551615"));
    if (!good || value > max) {
        wrong(f, key);
        return absent;
    }
    return value;
}

static bool truth(fields *f, const char *key)
{
    if (!cJSON_IsBool(cJSON_GetObjectItemCaseSensitive(f->json, key)))
        wrong(f, key);
    return eb_json_bool(f->json, key, false);
}

// Number of elements of an array of objects (or texts), 0 after an error.
static int list(fields *f, const char *key, const cJSON **out)
{
    *out = cJSON_GetObjectItemCaseSensitive(f->json, key);
    int n = cJSON_IsArray(*out) ? cJSON_GetArraySize(*out) : -1;
    if (n < 0 || n > MAX_ITEMS) {
        wrong(f, key);
        return 0;
    }
    return n;
}

static fields inside(const fields *f, const cJSON *json)
{
    return (fields){ .json = json, .at = f->at, .err = f->err, .ok = f->ok };
}

static void read_settings(fields *f, eb_header *h)
{
    const cJSON *array, *item;
    int n = list(f, "settings", &array);
    h->settings = eb_alloc((size_t)n * sizeof *h->settings + 1);
    for (item = n ? array->child : NULL; item && f->ok; item = item->next) {
        fields row = inside(f, item);
        h->settings[h->n_settings++] = (eb_setting_row){
            .section = text(&row, "section", true),
            .name = text(&row, "name", false),
            .key = text(&row, "key", true),
            .value = text(&row, "value", false),
            .unit = text(&row, "unit", false),
            .origin = text(&row, "origin", false),
        };
        f->ok = row.ok;
    }
}

static void read_op_metrics(fields *f, eb_header *h)
{
    const cJSON *array, *item;
    int n = has(f, "op_metrics") ? list(f, "op_metrics", &array) : 0;
    h->op_metrics = eb_alloc((size_t)n * sizeof *h->op_metrics + 1);
    for (item = n ? array->child : NULL; item && f->ok; item = item->next) {
        fields row = inside(f, item);
        eb_op_metric_row *m = &h->op_metrics[h->n_op_metrics++];
        *m = (eb_op_metric_row){ text(&row, "key", true), text(&row, "unit", true), text(&row, "formula", true) };
        eb_formula formula;
        eb_err why;
        if (row.ok && !eb_formula_parse(m->formula, &formula, &why))
            wrong(&row, "formula");
        f->ok = row.ok;
    }
}

static void read_machine(fields *f, eb_header *h)
{
    const cJSON *array, *item;
    int n = list(f, "machine", &array);
    h->machine = eb_alloc((size_t)n * sizeof *h->machine + 1);
    for (item = n ? array->child : NULL; item && f->ok; item = item->next) {
        fields row = inside(f, item);
        h->machine[h->n_machine++] = (eb_pair){ .key = text(&row, "key", true), .value = text(&row, "value", false) };
        f->ok = row.ok;
    }
}

static void read_sources(fields *f, eb_header *h)
{
    const cJSON *array, *item;
    int n = list(f, "sources", &array);
    h->sources = eb_alloc((size_t)n * sizeof *h->sources + 1);
    for (item = n ? array->child : NULL; item && f->ok; item = item->next) {
        fields row = inside(f, item);
        h->sources[h->n_sources++] = (eb_source_row){
            .name = text(&row, "name", true),
            .state = text(&row, "state", true),
            .reason = text_or_empty(&row, "reason"),
            .remedy = text_or_empty(&row, "remedy"),
        };
        f->ok = row.ok;
    }
}

// Journals of before the calibration have none of these.
static void read_calibration(fields *f, eb_channel *c)
{
    char live[16] = "";
    if (!has(f, "live"))
        return;
    text_into(f, "live", live, sizeof live);
    text_into(f, "note", c->note, sizeof c->note);
    if (has(f, "gap_max_ns"))
        c->gap_max_ns = (int64_t)digits(f, "gap_max_ns", INT64_MAX, false, 0);
    c->jitter_ns = (int64_t)digits(f, "jitter_ns", INT64_MAX, false, 0);
    c->read_ns = (int64_t)digits(f, "read_ns", INT64_MAX, false, 0);
    c->class_frac = number(f, "class_frac");
    if (f->ok && !eb_liveness_parse(live, &c->live))
        wrong(f, "live");
    if (f->ok && !(c->class_frac >= 0))
        wrong(f, "class_frac");
}

static void read_channel(fields *f, eb_channel *c)
{
    char domain[16] = "", quantity[24] = "", grade[16] = "", scope[16] = "";
    text_into(f, "name", c->name, sizeof c->name);
    text_into(f, "source", c->source, sizeof c->source);
    text_into(f, "zone", c->zone, sizeof c->zone);
    text_into(f, "label", c->label, sizeof c->label);
    text_into(f, "domain", domain, sizeof domain);
    text_into(f, "quantity", quantity, sizeof quantity);
    text_into(f, "grade", grade, sizeof grade);
    text_into(f, "scope", scope, sizeof scope);
    c->socket = whole(f, "socket", -1, 65535);
    c->die = whole(f, "die", -1, 65535);
    c->cumulative = truth(f, "cumulative");
    c->max_range = digits(f, "max_range", UINT64_MAX, false, 0);
    c->modulus = digits(f, "modulus", UINT64_MAX, false, 0);
    c->unit = number(f, "unit");
    c->scale = number(f, "scale");
    c->power_max_w = number(f, "power_max_w");
    c->period_ns = (int64_t)digits(f, "period_ns", INT64_MAX, false, 0);
    c->duplicate = truth(f, "duplicate");
    read_calibration(f, c);
    c->scope = !strcmp(scope, "process") ? EB_SCOPE_PROCESS : EB_SCOPE_MACHINE;
    if (f->ok && !eb_domain_parse(domain, &c->domain))
        wrong(f, "domain");
    if (f->ok && !eb_quantity_parse(quantity, &c->quantity))
        wrong(f, "quantity");
    if (f->ok && !eb_grade_parse(grade, &c->grade))
        wrong(f, "grade");
    if (f->ok && !(c->scale > 0))
        wrong(f, "scale");
    if (f->ok && (!(c->unit >= 0) || !(c->power_max_w >= 0)))
        wrong(f, "unit");
}

static void read_channels(fields *f, eb_header *h)
{
    const cJSON *array, *item;
    int n = list(f, "channels", &array);
    h->channels = eb_alloc((size_t)n * sizeof *h->channels + 1);
    for (item = n ? array->child : NULL; item && f->ok; item = item->next) {
        fields row = inside(f, item);
        read_channel(&row, &h->channels[h->n_channels++]);
        f->ok = row.ok;
    }
}

static void read_case(fields *f, eb_case_info *c)
{
    c->id = text(f, "id", true);
    c->family = text(f, "family", true);
    c->model = text(f, "model", true);
    c->source = text_or_empty(f, "source");
    c->type = text_or_empty(f, "type");
    c->workload = text(f, "workload", true);
    c->kv = text_or_empty(f, "kv");
    c->prompt_tok = whole(f, "prompt_tok", 0, INT32_MAX);
    c->output_tok = whole(f, "output_tok", 0, INT32_MAX);
    c->batch = whole(f, "batch", 0, INT32_MAX);
    c->depth_tok = whole(f, "depth_tok", 0, INT32_MAX);
    if (has(f, "duration_ns")) {
        c->duration_ns = (int64_t)digits(f, "duration_ns", EB_TIME_MAX_NS, false, 0);
        c->window_ns = (int64_t)digits(f, "window_ns", EB_TIME_MAX_NS, false, 0);
    }
    c->threads = whole(f, "threads", 0, INT32_MAX);
    c->reference_type = text(f, "reference_type", false);
    c->load = has(f, "load") ? text(f, "load", false) : NULL;
}

static void read_cases(fields *f, eb_header *h)
{
    const cJSON *array, *item;
    int n = list(f, "cases", &array);
    h->cases = eb_alloc((size_t)n * sizeof *h->cases + 1);
    for (item = n ? array->child : NULL; item && f->ok; item = item->next) {
        fields row = inside(f, item);
        h->cases[h->n_cases].index = h->n_cases;
        read_case(&row, &h->cases[h->n_cases++]);
        f->ok = row.ok;
    }
}

bool eb_record_kind_of(const cJSON *json, eb_record_place at, eb_record_kind *out, eb_err *err)
{
    const char *kind = eb_json_str(json, "record", "");
    for (int i = 0; i < EB_RECORD_COUNT; i++) {
        if (!strcmp(kind, kind_names[i])) {
            *out = (eb_record_kind)i;
            return true;
        }
    }
    return eb_err_at(err, EB_USAGE, at.file, at.line, 0, "not a record of a run");
}

bool eb_record_read_header(const cJSON *json, eb_record_place at, eb_header *h, eb_err *err)
{
    fields f = { .json = json, .at = at, .err = err, .ok = true };
    const char *schema = eb_json_str(json, "schema", "");
    if (strcmp(schema, EB_JOURNAL_SCHEMA) != 0) {
        eb_err_at(err, EB_USAGE, at.file, at.line, 0, "journal of schema '%.40s', this program reads '%s'", schema,
                  EB_JOURNAL_SCHEMA);
        return eb_err_hint(err, "use the version of effbench that wrote it");
    }
    h->tool_version = text(&f, "tool_version", true);
    h->config = text(&f, "config", true);
    h->started_utc = text(&f, "started", true);
    h->plan_digest = text(&f, "plan_digest", true);
    h->engine = text(&f, "engine", true);
    h->fingerprint = text(&f, "fingerprint", true);
    if (!eb_boundary_parse(eb_json_str(json, "boundary", ""), &h->boundary))
        wrong(&f, "boundary");
    h->interval_level = number(&f, "interval_level");
    if (f.ok && !(h->interval_level > 0 && h->interval_level < 1))
        wrong(&f, "interval_level");
    h->trials_min = whole(&f, "trials_min", 0, INT32_MAX);
    h->trials_max = whole(&f, "trials_max", 0, INT32_MAX);
    h->cpus = has(&f, "cpus") ? whole(&f, "cpus", 0, INT32_MAX) : 0;
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
    fields f = { .json = json, .at = at, .err = err, .ok = true };
    c->case_index = whole(&f, "case", 0, n_cases - 1);
    text_into(&f, "arch", c->arch, sizeof c->arch);
    text_into(&f, "isa", c->isa, sizeof c->isa);
    text_into(&f, "model_name", c->model_name, sizeof c->model_name);
    text_into(&f, "type", c->type, sizeof c->type);
    text_into(&f, "path", c->path, sizeof c->path);
    c->vocab = whole(&f, "vocab", 0, INT32_MAX);
    c->n_layer = whole(&f, "n_layer", 0, INT32_MAX);
    c->n_expert = whole(&f, "n_expert", 0, INT32_MAX);
    c->n_expert_used = whole(&f, "n_expert_used", 0, INT32_MAX);
    c->threads = whole(&f, "threads", 0, INT32_MAX);
    c->int8 = has(&f, "int8") && truth(&f, "int8");
    c->n_params = digits(&f, "n_params", INT64_MAX, false, 0);
    c->model_bytes = digits(&f, "model_bytes", INT64_MAX, false, 0);
    c->bytes_per_tok = number(&f, "bytes_per_tok");
    c->flop_per_tok = number(&f, "flop_per_tok");
    c->kv_bytes_per_tok = number(&f, "kv_bytes_per_tok");
    c->first_token_cold_ns = (int64_t)digits(&f, "first_token_cold_ns", INT64_MAX, true, (uint64_t)-1);
    c->kld_nats = number(&f, "kld_nats");
    c->top1_agree = number(&f, "top1_agree");
    c->quality_tok = whole(&f, "quality_tok", 0, INT32_MAX);
    return f.ok;
}

static void read_warnings(fields *f, eb_trial_info *t)
{
    const cJSON *array, *item;
    int n = list(f, "warnings", &array);
    t->warnings = eb_alloc((size_t)n * sizeof *t->warnings + 1);
    for (item = n ? array->child : NULL; item && f->ok; item = item->next) {
        if (cJSON_IsString(item))
            t->warnings[t->n_warnings++] = eb_strdup(item->valuestring);
        else
            wrong(f, "warnings");
    }
}

// In order of time, one after the other.
static void read_levels(fields *f, eb_trial_info *t)
{
    const cJSON *array, *item;
    int n = has(f, "levels") ? list(f, "levels", &array) : 0;
    if (n > EB_LEVELS_MAX)
        wrong(f, "levels");
    for (item = n ? array->child : NULL; item && f->ok; item = item->next) {
        fields row = inside(f, item);
        eb_level_row *l = &t->levels[t->n_levels];
        int64_t before_ns = t->n_levels ? t->levels[t->n_levels - 1].t_end_ns : 0;
        *l = (eb_level_row){ .percent = whole(&row, "percent", -1, 100),
                             .nominal_per_s = number(&row, "nominal_per_s"),
                             .t_start_ns = (int64_t)digits(&row, "t_start_ns", EB_TIME_MAX_NS, false, 0),
                             .t_offered_ns = (int64_t)digits(&row, "t_offered_ns", EB_TIME_MAX_NS, false, 0),
                             .t_end_ns = (int64_t)digits(&row, "t_end_ns", EB_TIME_MAX_NS, false, 0) };
        t->n_levels++;
        if (row.ok && !(l->nominal_per_s >= 0 && isfinite(l->nominal_per_s)))
            wrong(&row, "nominal_per_s");
        if (row.ok && l->t_start_ns < before_ns)
            wrong(&row, "t_start_ns");
        if (row.ok && l->t_offered_ns < l->t_start_ns)
            wrong(&row, "t_offered_ns");
        if (row.ok && l->t_end_ns < l->t_offered_ns)
            wrong(&row, "t_end_ns");
        f->ok = row.ok;
    }
    t->saturated_per_s = has(f, "saturated_per_s") ? number(f, "saturated_per_s") : 0;
}

static void read_totals(fields *f, eb_trial_totals *t)
{
    if (!has(f, "totals"))
        return;
    fields in = inside(f, cJSON_GetObjectItemCaseSensitive(f->json, "totals"));
    t->known = true;
    t->prompt_tok = whole(&in, "prompt_tok", 0, INT32_MAX);
    t->output_tok = whole(&in, "output_tok", 0, INT32_MAX);
    t->prefill_ns = (int64_t)digits(&in, "prefill_ns", EB_TIME_MAX_NS, true, 0);
    t->decode_ns = (int64_t)digits(&in, "decode_ns", EB_TIME_MAX_NS, true, 0);
    f->ok = in.ok;
}

bool eb_record_read_trial(const cJSON *json, eb_record_place at, int n_cases, eb_trial_info *t, eb_err *err)
{
    fields f = { .json = json, .at = at, .err = err, .ok = true };
    bool idle = !strcmp(eb_json_str(json, "record", ""), kind_names[EB_RECORD_IDLE]);
    t->number = whole(&f, "trial", idle ? 0 : 1, idle ? 0 : INT32_MAX);
    t->case_index = whole(&f, "case", idle ? -1 : 0, idle ? -1 : n_cases - 1);
    if (idle && has(&f, "at"))
        text_into(&f, "at", t->taken_utc, sizeof t->taken_utc);
    t->round = whole(&f, "round", 0, INT32_MAX);
    t->t_start_ns = (int64_t)digits(&f, "t_start_ns", EB_TIME_MAX_NS, false, 0);
    t->t_end_ns = (int64_t)digits(&f, "t_end_ns", EB_TIME_MAX_NS, false, 0);
    t->load_ns = (int64_t)digits(&f, "load_ns", INT64_MAX, true, (uint64_t)-1);
    t->rss_peak_bytes = digits(&f, "rss_peak_bytes", INT64_MAX, true, 0);
    t->model_bytes = digits(&f, "model_bytes", INT64_MAX, false, 0);
    t->kv_bytes = digits(&f, "kv_bytes", INT64_MAX, false, 0);
    t->scratch_bytes = digits(&f, "scratch_bytes", INT64_MAX, false, 0);
    t->sampler_cpu_ns = has(&f, "sampler_cpu_ns") ? (int64_t)digits(&f, "sampler_cpu_ns", INT64_MAX, true, 0) : 0;
    t->wide_samples = has(&f, "wide_samples") ? whole(&f, "wide_samples", 0, INT32_MAX) : 0;
    read_levels(&f, t);
    text_into(&f, "digest", t->digest, sizeof t->digest);
    t->error = text(&f, "error", false);
    read_warnings(&f, t);
    read_totals(&f, &t->totals);
    if (f.ok && t->t_end_ns < t->t_start_ns)
        wrong(&f, "t_end_ns");
    return f.ok;
}

bool eb_record_read_bytes(const cJSON *json, eb_record_place at, uint64_t bytes[EB_CSV_COUNT], eb_err *err)
{
    fields f = { .json = cJSON_GetObjectItemCaseSensitive(json, "bytes"), .at = at, .err = err, .ok = true };
    for (int i = 0; i < EB_CSV_COUNT; i++)
        bytes[i] =
            eb_csv_of_profile(i) && !has(&f, eb_csv_names[i]) ? 0 : digits(&f, eb_csv_names[i], INT64_MAX, false, 0);
    return f.ok;
}

void eb_header_deinit(eb_header *h)
{
    for (int i = 0; i < h->n_settings; i++) {
        eb_setting_row *s = &h->settings[i];
        char *const texts[] = { s->section, s->name, s->key, s->value, s->unit, s->origin };
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
            free(texts[k]);
    }
    for (int i = 0; i < h->n_machine; i++) {
        free(h->machine[i].key);
        free(h->machine[i].value);
    }
    for (int i = 0; i < h->n_sources; i++) {
        free(h->sources[i].name);
        free(h->sources[i].state);
        free(h->sources[i].reason);
        free(h->sources[i].remedy);
    }
    for (int i = 0; i < h->n_cases; i++) {
        eb_case_info *c = &h->cases[i];
        char *const texts[] = { c->id,       c->family, c->model,          c->source, c->type,
                                c->workload, c->kv,     c->reference_type, c->load };
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
            free(texts[k]);
    }
    for (int i = 0; i < h->n_op_metrics; i++) {
        free(h->op_metrics[i].key);
        free(h->op_metrics[i].unit);
        free(h->op_metrics[i].formula);
    }
    void *const blocks[] = { h->op_metrics,   h->settings, h->machine,     h->sources, h->channels,    h->cases,
                             h->tool_version, h->config,   h->started_utc, h->engine,  h->plan_digest, h->fingerprint };
    for (size_t k = 0; k < sizeof blocks / sizeof *blocks; k++)
        free(blocks[k]);
    *h = (eb_header){ 0 };
}

void eb_trial_info_deinit(eb_trial_info *t)
{
    for (int i = 0; i < t->n_warnings; i++)
        free(t->warnings[i]);
    free(t->warnings);
    free(t->error);
    *t = (eb_trial_info){ 0 };
}
