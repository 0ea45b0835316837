// SPDX-License-Identifier: Apache-2.0
// run.json -> what a comparison needs.
#include "harness/record/compare_read.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/file.h"
#include "harness/base/json.h"
#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/record/compare_settings.h"
#include "harness/record/records.h"
#include "harness/record/vouch.h"

enum { CASES_MAX = 1000, TRIALS_MAX = 10000, LEVELS_MAX = 100, WARNINGS_MAX = 10000 }; // as many as a plan may have
static const size_t run_json_limit = (size_t)1 << 28;

const eb_figure_def eb_figures[EB_FIGURE_COUNT] = {
    [EB_FIGURE_GOODPUT] = { "goodput_tok_s", 1, false, true, false },
    [EB_FIGURE_DECODE] = { "decode_tok_s", 1, false, false, false },
    [EB_FIGURE_PREFILL] = { "prefill_tok_s", 1, false, false, false },
    [EB_FIGURE_TTFT] = { "ttft_ns", -1, false, false, false },
    [EB_FIGURE_TPOT] = { "tpot_ns", -1, false, false, false },
    [EB_FIGURE_J_PER_TOK] = { "j_per_tok", -1, true, true, false },
    [EB_FIGURE_TOK_PER_J] = { "tok_per_j", 1, true, false, false },
    [EB_FIGURE_USD] = { "usd_per_mtok", -1, true, true, true },
    [EB_FIGURE_TOK_PER_USD] = { "tok_per_usd", 1, true, false, true },
    [EB_FIGURE_CARBON] = { "gco2e_per_mtok", -1, true, false, true },
    [EB_FIGURE_RSS] = { "rss_peak_bytes", -1, false, true, false },
    [EB_FIGURE_KLD] = { "kld_nats", -1, false, true, false },
    [EB_FIGURE_POWER] = { "power_w", 0, true, false, false },
    [EB_FIGURE_IDLE] = { "idle_power_w", 0, true, false, false },
};

// ---- from JSON ----

static char *text(const cJSON *obj, const char *key)
{
    return eb_strdup(eb_json_str(obj, key, ""));
}

static int whole(const cJSON *obj, const char *key)
{
    double value = eb_json_num(obj, key, 0);
    return value >= 0 && value <= 1e9 ? (int)value : 0;
}

static const cJSON *list_of(const cJSON *obj, const char *key)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(obj, key);
    return cJSON_IsArray(list) ? list : NULL;
}

static void take_trials(const cJSON *obj, eb_compare_value *v)
{
    const cJSON *list = list_of(obj, "trials");
    int n = list ? cJSON_GetArraySize(list) : 0;
    n = n < TRIALS_MAX ? n : TRIALS_MAX;
    v->trials = eb_realloc(NULL, (size_t)n + 1, sizeof *v->trials);
    for (const cJSON *item = n ? list->child : NULL; item && v->n_trials < n; item = item->next)
        v->trials[v->n_trials++] = cJSON_IsNumber(item) ? item->valuedouble : NAN;
}

// What is in the interval besides the spread of the trials.
static void take_budget(const cJSON *obj, eb_compare_value *v)
{
    const cJSON *budget = cJSON_GetObjectItemCaseSensitive(obj, "budget");
    double quantum = fmax(0, eb_json_num(budget, "quantisation", 0)),
           base = fmax(0, eb_json_num(budget, "baseline", 0));
    double sensor = fmax(0, eb_json_num(budget, "sensor_class", 0));
    if (v->value > 0) {
        v->common = hypot(quantum, base) / v->value;
        v->sensor = sensor / v->value;
    }
}

static void take_value(const cJSON *metrics, eb_figure f, eb_compare_value *v)
{
    const cJSON *obj = cJSON_GetObjectItemCaseSensitive(metrics, eb_figures[f].key);
    const char *interval = eb_json_str(obj, "interval", "none");
    *v = (eb_compare_value){ .value = eb_json_num(obj, "value", NAN),
                             .lo = eb_json_num(obj, "lo", NAN),
                             .hi = eb_json_num(obj, "hi", NAN) };
    v->interval = !strcmp(interval, "confidence") ? EB_INTERVAL_CONFIDENCE
                  : !strcmp(interval, "range")    ? EB_INTERVAL_RANGE
                                                  : EB_INTERVAL_NONE;
    eb_grade_parse(eb_json_str(obj, "grade", "none"), &v->grade);
    if (isnan(v->value))
        snprintf(v->note, sizeof v->note, "%s", eb_json_str(obj, "note", ""));
    take_trials(obj, v);
    take_budget(obj, v);
}

static eb_load_figure load_figure(const cJSON *level, eb_load_key key)
{
    const cJSON *obj = cJSON_GetObjectItemCaseSensitive(level, eb_load_key_names[key]);
    return (eb_load_figure){ .value = eb_json_num(obj, "value", NAN),
                             .lo = eb_json_num(obj, "lo", NAN),
                             .hi = eb_json_num(obj, "hi", NAN),
                             .n = whole(obj, "n") };
}

static void take_levels(const cJSON *load, eb_compare_case *c)
{
    const cJSON *list = list_of(load, "levels");
    int n = list ? cJSON_GetArraySize(list) : 0;
    c->levels = eb_alloc((size_t)(n < LEVELS_MAX ? n : LEVELS_MAX) * sizeof *c->levels + 1);
    for (const cJSON *l = n ? list->child : NULL; l && c->n_levels < LEVELS_MAX; l = l->next)
        if (cJSON_GetObjectItemCaseSensitive(l, "percent")) // a level of no curve has none
            c->levels[c->n_levels++] = (eb_compare_level){ .percent = whole(l, "percent"),
                                                           .valid = eb_json_bool(l, "valid", false),
                                                           .tok_s = load_figure(l, EB_LOAD_TOK_S),
                                                           .power_w = load_figure(l, EB_LOAD_POWER),
                                                           .tok_per_j = load_figure(l, EB_LOAD_TOK_PER_J) };
}

static char **take_warnings(const cJSON *obj, int *n)
{
    const cJSON *list = list_of(obj, "warnings");
    int most = list ? cJSON_GetArraySize(list) : 0;
    most = most < WARNINGS_MAX ? most : WARNINGS_MAX;
    char **warnings = eb_alloc((size_t)most * sizeof *warnings + 1);
    *n = 0;
    for (const cJSON *w = most ? list->child : NULL; w && *n < most; w = w->next)
        if (cJSON_IsString(w))
            warnings[(*n)++] = eb_strdup(w->valuestring);
    return warnings;
}

static void free_warnings(char **warnings, int n)
{
    for (int i = 0; i < n; i++)
        free(warnings[i]);
    free(warnings);
}

static void take_case(const cJSON *obj, eb_compare_case *c)
{
    const cJSON *numbers = list_of(obj, "trial_numbers"), *metrics = cJSON_GetObjectItemCaseSensitive(obj, "metrics");
    *c = (eb_compare_case){ .id = text(obj, "id"),
                            .family = text(obj, "family"),
                            .model = text(obj, "model"),
                            .source = text(obj, "source"),
                            .type = text(obj, "type"),
                            .workload = text(obj, "workload"),
                            .kv = text(obj, "kv"),
                            .arch = text(obj, "arch"),
                            .isa = text(obj, "isa"),
                            .model_name = text(obj, "model_name"),
                            .digest = text(obj, "digest"),
                            .domains = text(obj, "domains"),
                            .coverage = text(obj, "coverage"),
                            .load = text(obj, "load"),
                            .n_params = eb_json_num(obj, "n_params", NAN),
                            .prompt_tok = whole(obj, "prompt_tok"),
                            .output_tok = whole(obj, "output_tok"),
                            .batch = whole(obj, "batch"),
                            .depth_tok = whole(obj, "depth_tok"),
                            .threads = whole(obj, "threads") };
    c->trial_numbers = eb_alloc((size_t)(numbers ? cJSON_GetArraySize(numbers) : 0) * sizeof *c->trial_numbers + 1);
    for (const cJSON *n = numbers ? numbers->child : NULL; n; n = n->next)
        c->trial_numbers[c->n_trials++] = cJSON_IsNumber(n) ? n->valueint : 0;
    for (int f = 0; f < EB_FIGURE_COUNT; f++)
        take_value(metrics, (eb_figure)f, &c->figures[f]);
    take_levels(cJSON_GetObjectItemCaseSensitive(obj, "load_result"), c);
    c->warnings = take_warnings(obj, &c->n_warnings);
}

// Options that were left unset say nothing.
static void take_settings(const cJSON *json, eb_header *h)
{
    const cJSON *list = list_of(json, "settings");
    h->settings = eb_alloc((size_t)(list ? cJSON_GetArraySize(list) : 0) * sizeof *h->settings + 1);
    for (const cJSON *s = list ? list->child : NULL; s; s = s->next)
        if (eb_json_str(s, "value", "")[0] &&
            eb_compare_keeps(eb_json_str(s, "section", ""), eb_json_str(s, "key", "")))
            h->settings[h->n_settings++] = (eb_setting_row){ .section = text(s, "section"),
                                                             .name = text(s, "name"),
                                                             .key = text(s, "key"),
                                                             .value = text(s, "value"),
                                                             .unit = text(s, "unit"),
                                                             .origin = text(s, "origin") };
}

static void take_machine(const cJSON *json, eb_header *h)
{
    const cJSON *machine = cJSON_GetObjectItemCaseSensitive(json, "machine");
    bool is_object = cJSON_IsObject(machine);
    h->machine = eb_alloc((size_t)(is_object ? cJSON_GetArraySize(machine) : 0) * sizeof *h->machine + 1);
    for (const cJSON *m = is_object ? machine->child : NULL; m; m = m->next)
        if (cJSON_IsString(m) && eb_compare_keeps(NULL, m->string))
            h->machine[h->n_machine++] = (eb_pair){ eb_strdup(m->string), eb_strdup(m->valuestring) };
}

// A copy of a folder has the same raw files.
static char *identity_of(const cJSON *json)
{
    const cJSON *journal = cJSON_GetObjectItemCaseSensitive(json, "journal");
    const cJSON *digests = cJSON_GetObjectItemCaseSensitive(journal, "digests");
    char *identity = text(journal, "digest");
    for (int i = 0; i < EB_CSV_COUNT && *identity; i++) {
        char *longer = eb_format("%s %s", identity, eb_json_str(digests, eb_csv_names[i], "-"));
        free(identity);
        identity = longer;
    }
    return identity;
}

static eb_compare_run *from_json(const char *dir, const cJSON *json, eb_err *err)
{
    const cJSON *cases = list_of(json, "cases");
    int n = cases ? cJSON_GetArraySize(cases) : 0;
    if (!cases || n > CASES_MAX) {
        eb_err_set(err, EB_USAGE, "'%s': run.json has no list of at most %d cases", dir, CASES_MAX);
        return NULL;
    }
    double level = eb_json_num(json, "interval_level", NAN);
    if (!(level > 0 && level < 1)) {
        eb_err_set(err, EB_USAGE, "'%s': run.json has no interval_level between 0 and 1", dir);
        return NULL;
    }
    eb_compare_run *run = eb_alloc(sizeof *run);
    size_t len = strlen(dir);
    while (len > 1 && dir[len - 1] == '/')
        len--;
    run->dir = eb_strndup(dir, len);
    run->name = eb_strdup(eb_path_base(run->dir));
    run->identity = identity_of(json);
    run->cpu_model = text(cJSON_GetObjectItemCaseSensitive(json, "machine"), "cpu_model");
    run->fingerprint = text(json, "fingerprint");
    run->engine = text(json, "engine");
    run->config = text(json, "config");
    run->tool_version = text(json, "tool_version");
    run->started = text(json, "started");
    run->level = level;
    run->complete = eb_json_bool(json, "complete", false);
    eb_boundary_parse(eb_json_str(json, "boundary", "compute"), &run->boundary);
    take_settings(json, &run->text);
    take_machine(json, &run->text);
    run->warnings = take_warnings(json, &run->n_warnings);
    run->cases = eb_alloc((size_t)n * sizeof *run->cases + 1);
    for (const cJSON *c = cases->child; c; c = c->next)
        take_case(c, &run->cases[run->n_cases++]);
    return run;
}

// ---- from the folder ----

static bool known_schema(const char *dir, const cJSON *json, eb_err *err)
{
    const char *schema = eb_json_str(json, "schema", "");
    if (strncmp(schema, "effbench.run/", 13) != 0 || !strcmp(schema, EB_RUN_SCHEMA))
        return true;
    return eb_err_set(err, EB_USAGE, "'%s' was written as %.40s by effbench %.20s, and this one reads %s", dir, schema,
                      eb_json_str(json, "tool_version", "(unknown)"), EB_RUN_SCHEMA);
}

static cJSON *computed_again(const char *dir, eb_err *err)
{
    eb_run *run = eb_run_load(dir, err);
    if (!run)
        return NULL;
    char *made = eb_run_json(run);
    cJSON *json = eb_json_parse(made, strlen(made), dir, err);
    free(made);
    eb_run_free(run);
    return json;
}

eb_compare_run *eb_compare_parse(const char *dir, const char *text, size_t len, eb_err *err)
{
    cJSON *json = eb_json_parse(text, len, dir, err);
    eb_compare_run *run = json && known_schema(dir, json, err) ? from_json(dir, json, err) : NULL;
    cJSON_Delete(json);
    return run;
}

// Ratios of figures that were defined differently would be no comparison: the raw files are for the user to choose.
static void say_way_out(const char *dir, eb_err *err)
{
    char *lines = eb_path_join(dir, EB_JOURNAL_LINES);
    if (eb_file_exists(lines))
        eb_err_add(err,
                   "; without its run.json its figures are computed from its raw files, by this one's definitions");
    free(lines);
}

static bool believes(const char *dir, const char *made, const cJSON *json, char *doubt, size_t size)
{
    char why[80] = "";
    bool ours = !strcmp(eb_json_str(json, "schema", ""), EB_RUN_SCHEMA);
    if (eb_vouch_check(dir, made, json, why, sizeof why) && ours)
        return true;
    snprintf(doubt, size, "is not of the raw files beside it: %s; all is computed from them again",
             why[0] ? why : "it does not name its schema");
    return false;
}

// The run.json of the folder, or, where it is none of the raw files beside it, what they give; `doubt` then says why.
static cJSON *read_json(const char *dir, char *doubt, size_t size, eb_err *err)
{
    eb_err ignored = { 0 };
    size_t len = 0;

    char *path = eb_path_join(dir, "run.json");
    char *made = eb_file_read_regular(path, run_json_limit, &len, &ignored);
    cJSON *json = made ? eb_json_parse(made, len, path, &ignored) : NULL;
    free(path);
    bool readable = !json || known_schema(dir, json, err);
    if (!readable)
        say_way_out(dir, err);
    bool believed = json && readable && believes(dir, made, json, doubt, size);
    if (made && !json)
        snprintf(doubt, size, "is damaged; all is computed from the raw files again");
    free(made);
    if (believed)
        return json;
    cJSON_Delete(json);
    return readable ? computed_again(dir, err) : NULL;
}

eb_compare_run *eb_compare_read(const char *dir, eb_err *err)
{
    char doubt[sizeof((eb_compare_run *)0)->doubt] = "";
    cJSON *json = read_json(dir, doubt, sizeof doubt, err);
    eb_compare_run *run = json ? from_json(dir, json, err) : NULL;
    if (run)
        snprintf(run->doubt, sizeof run->doubt, "%s", doubt);
    cJSON_Delete(json);
    return run;
}

static void free_case(eb_compare_case *c)
{
    char *owned[] = { c->id,   c->family, c->model,      c->source, c->type,    c->workload, c->kv,
                      c->arch, c->isa,    c->model_name, c->digest, c->domains, c->coverage, c->load };
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
    for (int f = 0; f < EB_FIGURE_COUNT; f++)
        free(c->figures[f].trials);
    free_warnings(c->warnings, c->n_warnings);
    free(c->trial_numbers);
    free(c->levels);
}

void eb_compare_run_free(eb_compare_run *run)
{
    if (!run)
        return;
    for (int i = 0; i < run->n_cases; i++)
        free_case(&run->cases[i]);
    eb_header_deinit(&run->text);
    free_warnings(run->warnings, run->n_warnings);
    char *owned[] = { run->identity, run->dir,          run->name,    run->cpu_model, run->fingerprint,
                      run->config,   run->tool_version, run->started, run->engine,    (char *)run->cases };
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
    free(run);
}

void eb_compare_settle(eb_compare_value *v, double level)
{
    double *x = eb_realloc(NULL, (size_t)v->n_trials + 1, sizeof *x);
    size_t n = 0;
    for (int i = 0; i < v->n_trials; i++)
        if (!isnan(v->trials[i]))
            x[n++] = v->trials[i];
    v->value = eb_median(x, n);
    v->lo = v->hi = NAN;
    v->interval = EB_INTERVAL_NONE;
    if (n)
        v->interval = eb_median_interval(x, n, level, &v->lo, &v->hi) ? EB_INTERVAL_CONFIDENCE : EB_INTERVAL_RANGE;
    free(x);
}

const char *eb_compare_setting(const eb_compare_run *run, const char *section, const char *name, const char *key)
{
    for (int i = 0; i < run->text.n_settings; i++) {
        const eb_setting_row *s = &run->text.settings[i];
        if (!strcmp(s->section, section) && !strcmp(s->key, key) && (!name || !strcmp(s->name, name)) && s->value[0])
            return s->value;
    }
    return NULL;
}
