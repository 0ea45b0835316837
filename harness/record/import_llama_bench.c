// SPDX-License-Identifier: Apache-2.0
// llama-bench's rows into cases and trials. Everything is checked before anything is written.
#include "harness/record/import_llama_bench.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <xxhash.h>
#include "harness/base/file.h"
#include "harness/base/json.h"
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "harness/record/import_rows.h"
#include "harness/record/records.h"

static const double ns_max = 1e15; // 11 days: nobody waits longer for a sample

// ---- the fields of a row ----

typedef struct source {
    const cJSON *json; // an object whose values are texts or numbers
    const char *file;
    int number; // of the row, from 1
    eb_err *err;
} source;

static bool bad(const source *s, const char *key, const char *why)
{
    eb_err_at(s->err, EB_USAGE, s->file, 0, 0, "row %d: '%s' %s", s->number, key, why);
    return eb_err_hint(s->err, "llama-bench -o json (or csv, jsonl) writes what can be imported");
}

static const char *text_of(const source *s, const char *key)
{
    const char *text = eb_json_str(s->json, key, "");
    return strlen(text) < 4096 ? text : "";
}

// A number, or a text that is one; NAN where there is none.
static double number_of(const source *s, const char *key)
{
    const char *text = eb_json_str(s->json, key, NULL);
    double x;
    if (!text)
        return eb_json_num(s->json, key, NAN);
    return eb_parse_double(text, &x, NULL) ? x : NAN;
}

static bool whole_of(const source *s, const char *key, int least, int *out)
{
    double x = number_of(s, key);
    if (!(x >= least && x <= INT32_MAX) || x != floor(x))
        return bad(s, key, "is missing or no count of tokens or threads");
    *out = (int)x;
    return true;
}

// ---- the model's name ----

// "qwen2 7B Q4_K - Medium" -> "qwen2 7B" and "q4_k_m": what follows the last word that is a weight type.
static const char *type_in(const char *name)
{
    static const char *const starts[] = { " Q", " IQ", " TQ", " F16", " F32", " BF16", " MXFP" };
    const char *found = NULL;
    for (const char *p = strchr(name, ' '); p; p = strchr(p + 1, ' '))
        for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
            size_t n = strlen(starts[i]);
            if (!strncasecmp(p, starts[i], n) && (isdigit((unsigned char)p[n]) || isdigit((unsigned char)p[n - 1])))
                found = p;
        }
    return found;
}

static void strip_word(char *name, const char *word)
{
    size_t n = strlen(name), w = strlen(word);
    if (n > w && !strcmp(name + n - w, word))
        name[n - w] = '\0';
}

static void split_name(const char *whole, char **model, char **type)
{
    static const char *const sizes[][2] = { { " - Medium", "_m" }, { " - Small", "_s" }, { " - Large", "_l" } };
    const char *at = type_in(whole);
    *model = eb_strndup(whole, at ? (size_t)(at - whole) : strlen(whole));
    strip_word(*model, " mostly");
    strip_word(*model, " all");
    *type = eb_strdup(at ? at + 1 : "");
    for (size_t i = 0; at && i < sizeof sizes / sizeof *sizes; i++)
        if (strlen(*type) > strlen(sizes[i][0]) && !strcmp(*type + strlen(*type) - strlen(sizes[i][0]), sizes[i][0]))
            memcpy(*type + strlen(*type) - strlen(sizes[i][0]), sizes[i][1], strlen(sizes[i][1]) + 1);
    for (char *p = *type; *p; p++)
        *p = *p == ' ' ? '_' : (char)tolower((unsigned char)*p);
}

// ---- trials ----

typedef struct test {
    int n_prompt, n_gen, n_depth, n_threads, n_seq;
} test;

static bool add_trial(eb_import *out, const source *s, const test *t, int case_index, int round, double ns)
{
    if (!(ns >= 1 && ns <= ns_max))
        return bad(s, "samples_ns", "is no time in nanoseconds");
    int64_t from = out->n_trials ? out->trials[out->n_trials - 1].t_end_ns : 0, took = (int64_t)llround(ns);
    if (from > EB_TIME_MAX_NS - took)
        return bad(s, "samples_ns", "adds up to more time than there is");
    EB_GROW(out->trials, out->n_trials, out->cap_trials);
    eb_trial_info *info = &out->trials[out->n_trials++];
    *info = (eb_trial_info){ .number = out->n_trials,
                             .case_index = case_index,
                             .round = round,
                             .t_start_ns = from,
                             .t_end_ns = from + took,
                             .load_ns = -1 };
    info->totals = (eb_trial_totals){ .known = true,
                                      .prompt_tok = (int64_t)t->n_prompt * t->n_seq,
                                      .output_tok = (int64_t)t->n_gen * t->n_seq,
                                      .prefill_ns = t->n_prompt && !t->n_gen ? took : 0,
                                      .decode_ns = t->n_gen && !t->n_prompt ? took : 0 };
    return true;
}

// One trial for each sample; where only means are there (CSV), a single one of them, and a warning.
static bool add_trials(eb_import *out, const source *s, const test *t, int case_index)
{
    const cJSON *samples = cJSON_GetObjectItemCaseSensitive(s->json, "samples_ns"), *item;
    int n = cJSON_IsArray(samples) ? cJSON_GetArraySize(samples) : 0, round = 0;
    if (n > EB_IMPORT_MAX_SAMPLES)
        return bad(s, "samples_ns", "has more than 1000 samples");
    if (!n) {
        double mean = number_of(s, "avg_ns");
        if (!(mean >= 1 && mean <= ns_max))
            return bad(s, "avg_ns", "is missing or no time in nanoseconds");
        if (!out->warnings.n)
            eb_warn(&out->warnings,
                    "only the means of llama-bench's repetitions are there (its CSV has no samples): each "
                    "is taken as a single trial, and nothing is known of the spread");
        return add_trial(out, s, t, case_index, 0, mean);
    }
    cJSON_ArrayForEach(item, samples)
    {
        if (!add_trial(out, s, t, case_index, round++, cJSON_IsNumber(item) ? item->valuedouble : NAN))
            return false;
    }
    return true;
}

// ---- cases ----

static char *test_name(const test *t)
{
    if (t->n_prompt && t->n_gen)
        return eb_format("pp%d+tg%d", t->n_prompt, t->n_gen);
    return eb_format(t->n_gen ? "tg%d" : "pp%d", t->n_gen ? t->n_gen : t->n_prompt);
}

static void describe(eb_import *out, const source *s, const test *t)
{
    eb_header *h = &out->header;
    eb_case_info *c = &h->cases[h->n_cases];
    eb_case_facts *f = &out->facts[h->n_cases];
    const char *k = text_of(s, "type_k"), *v = text_of(s, "type_v");
    double params = number_of(s, "model_n_params"), size = number_of(s, "model_size");
    *c = (eb_case_info){ .index = h->n_cases,
                         .family = eb_strdup("imported"),
                         .source = eb_format("file:%s", text_of(s, "model_filename")),
                         .workload = test_name(t),
                         .kv = strcmp(k, v) ? eb_format("%s/%s", k, v) : eb_strdup(k),
                         .prompt_tok = t->n_prompt,
                         .output_tok = t->n_gen,
                         .batch = t->n_seq,
                         .depth_tok = t->n_depth,
                         .threads = t->n_threads };
    split_name(text_of(s, "model_type"), &c->model, &c->type);
    c->id = eb_format("%s/%s/%s/%d", c->model, c->type, c->workload, h->n_cases + 1);
    *f = (eb_case_facts){ .case_index = h->n_cases,
                          .threads = t->n_threads,
                          .n_params = params >= 0 && params < 1e18 ? (uint64_t)params : 0,
                          .model_bytes = size >= 0 && size < 1e18 ? (uint64_t)size : 0,
                          .bytes_per_tok = NAN,
                          .flop_per_tok = NAN,
                          .flop_per_prompt_tok = NAN,
                          .kv_bytes_per_tok = NAN,
                          .first_token_cold_ns = -1,
                          .kld_nats = NAN,
                          .top1_agree = NAN };
    snprintf(f->arch, sizeof f->arch, "%.*s", (int)strcspn(c->model, " "), c->model);
    snprintf(f->model_name, sizeof f->model_name, "%s", c->model);
    snprintf(f->type, sizeof f->type, "%s", c->type);
    snprintf(f->path, sizeof f->path, "%s", text_of(s, "model_filename"));
    h->n_cases++;
}

static bool add_row(eb_import *out, const source *s)
{
    test t = { 0 };
    if (!cJSON_IsObject(s->json))
        return bad(s, "it", "is no object");
    if (!*text_of(s, "model_type"))
        return bad(s, "model_type", "is missing");
    if (!whole_of(s, "n_prompt", 0, &t.n_prompt) || !whole_of(s, "n_gen", 0, &t.n_gen) ||
        !whole_of(s, "n_threads", 0, &t.n_threads))
        return false;
    t.n_depth = 0; // older ones have none
    if (cJSON_HasObjectItem(s->json, "n_depth") && !whole_of(s, "n_depth", 0, &t.n_depth))
        return false;
    t.n_seq = 1; // only our own have it
    if (cJSON_HasObjectItem(s->json, "n_seq") && !whole_of(s, "n_seq", 1, &t.n_seq))
        return false;
    if (((int64_t)t.n_prompt + t.n_gen) * t.n_seq > INT32_MAX)
        return bad(s, "n_prompt", "and n_gen are more tokens than can be");
    if (!t.n_prompt && !t.n_gen)
        return bad(s, "n_prompt", "and n_gen are both 0");
    describe(out, s, &t);
    return add_trials(out, s, &t, out->header.n_cases - 1);
}

// ---- the run ----

static void add_setting(eb_header *h, const char *key, const char *value, const char *origin)
{
    h->settings = eb_realloc(h->settings, (size_t)h->n_settings + 1, sizeof *h->settings);
    h->settings[h->n_settings++] =
        (eb_setting_row){ eb_strdup("import"), eb_strdup(""),     eb_strdup(key), eb_strdup(value),
                          eb_strdup(""),       eb_strdup(origin), false,          false };
}

// Rows of `effbench report --format llama-bench-json` have joules, and nothing of what counts as one here: no boundary,
// no coverage, no error. They are left out, and it is said.
static void look_for_joules(eb_import *out, const cJSON *rows, const char *file)
{
    const cJSON *row;
    bool found = false;
    cJSON_ArrayForEach(row, rows)
    {
        source s = { .json = row, .file = file };
        found = found || isfinite(number_of(&s, "avg_j"));
    }
    if (found)
        add_setting(&out->header, "joules", EB_IMPORT_JOULES_LEFT_OUT, eb_path_base(file));
}

// The machine as the rows tell it; where they differ, the first one speaks and a warning says so.
static void add_machine(eb_import *out, const cJSON *rows, const char *file)
{
    static const char *const keys[][2] = { { "cpu_model", "cpu_info" },
                                           { "gpu_model", "gpu_info" },
                                           { "backends", "backends" },
                                           { "build", "build_commit" } };
    enum { N = sizeof keys / sizeof *keys };
    eb_header *h = &out->header;
    XXH64_hash_t hash = 0;
    h->machine = eb_alloc(N * sizeof *h->machine);
    for (size_t i = 0; i < N; i++) {
        const cJSON *row;
        source first = { .json = rows->child, .file = file };
        const char *value = text_of(&first, keys[i][1]);
        cJSON_ArrayForEach(row, rows)
        {
            source s = { .json = row, .file = file };
            if (strcmp(text_of(&s, keys[i][1]), value) != 0) {
                eb_warn(&out->warnings, "the rows are of several machines or builds (%s): the first one is shown",
                        keys[i][1]);
                break;
            }
        }
        hash = XXH64(value, strlen(value), hash);
        h->machine[h->n_machine++] = (eb_pair){ eb_strdup(keys[i][0]), eb_strdup(*value ? value : "unknown") };
    }
    h->fingerprint = eb_format("imported-%016llx", (unsigned long long)hash);
}

static void begin(eb_import *out, const cJSON *rows, const char *text, size_t len, const char *name)
{
    eb_header *h = &out->header;
    source first = { .json = rows->child, .file = name };
    const char *when = text_of(&first, "test_time");
    h->tool_version = eb_strdup(EB_VERSION);
    h->config = eb_strdup(eb_path_base(name));
    h->started_utc = eb_strdup(when);
    h->engine = eb_strdup("llama-bench");
    h->boundary = EB_BOUNDARY_COMPUTE;
    h->interval_level = 0.95;
    h->trials_min = h->trials_max = 1;
    // The same file gives the same plan.
    h->plan_digest = eb_format("%016llx", (unsigned long long)XXH64(text, len, 0));
    add_setting(h, "from", "llama-bench", eb_path_base(name));
    look_for_joules(out, rows, name);
    add_machine(out, rows, name);
    size_t n = (size_t)cJSON_GetArraySize(rows);
    h->cases = eb_alloc(n * sizeof *h->cases + 1);
    out->facts = eb_alloc(n * sizeof *out->facts + 1);
}

bool eb_import_llama_bench(const char *text, size_t len, const char *name, eb_import *out, eb_err *err)
{
    *out = (eb_import){ 0 };
    cJSON *rows = eb_import_rows(text, len, name, err);
    if (!rows)
        return false;
    source s = { .file = name, .err = err };
    bool ok = true;
    begin(out, rows, text, len, name);
    for (s.json = rows->child; s.json && ok; s.json = s.json->next) {
        s.number++;
        ok = add_row(out, &s);
    }
    cJSON_Delete(rows);
    return ok;
}

bool eb_import_write(const eb_import *in, const char *dir, eb_err *err)
{
    eb_journal *j = eb_journal_create(dir, &in->header, err);
    bool ok = j != NULL;
    for (int c = 0; c < in->header.n_cases && ok; c++)
        ok = eb_journal_facts(j, &in->facts[c], err);
    for (int i = 0; i < in->n_trials && ok; i++)
        ok = eb_journal_trial(j, &in->trials[i], NULL, 0, NULL, 0, NULL, 0, err);
    ok = ok && eb_journal_end(j, &in->warnings, err);
    eb_journal_close(j);
    return ok;
}

void eb_import_deinit(eb_import *in)
{
    eb_header_deinit(&in->header);
    for (int i = 0; i < in->n_trials; i++)
        eb_trial_info_deinit(&in->trials[i]);
    eb_warnings_deinit(&in->warnings);
    free(in->trials);
    free(in->facts);
    *in = (eb_import){ 0 };
}
