// SPDX-License-Identifier: Apache-2.0
// The column names of llama-bench with joules added, so that what reads its output reads ours: one row for the prompts
// of a case (n_gen 0) and one for the tokens after the first (n_prompt 0, at the depth of the prompt). What has no
// meaning here has llama-bench's own neutral value.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/json.h"
#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/record/observations.h"
#include "reports/csv_text.h"
#include "reports/report_impl.h"
#include "reports/text.h"

typedef struct samples {
    double *ns, *ts, *j, *j_per_tok; // each trial's: time, tokens per second, joules (NAN = not known)
    size_t n;
} samples;

// A row of llama-bench's.
typedef struct test {
    const eb_run *run;
    const eb_case_result *c;
    const char *folder; // of the run, as it was named
    int n_prompt, n_gen, n_depth;
    char model_type[200]; // "NAME TYPE"
    eb_grade grade;
    samples s;
} test;

// ---- what is in a row ----

typedef enum kind { TEXT, WHOLE, NUMBER, FLAG } kind;
typedef struct value {
    const char *text;
    double number; // NAN = not known
} value;

static const char *fact(const test *t, const char *key)
{
    const eb_header *h = t->run->header;
    for (int i = 0; i < h->n_machine; i++)
        if (!strcmp(h->machine[i].key, key) && h->machine[i].value)
            return h->machine[i].value;
    return "";
}

static value text(const char *s)
{
    return (value){ s ? s : "", NAN };
}

static value number(double x)
{
    return (value){ "", x };
}

static double of_facts(const test *t, bool params)
{
    const eb_case_facts *f = t->c->facts;
    double x = !f ? 0 : (double)(params ? f->n_params : f->model_bytes);
    return x > 0 ? x : NAN;
}

static value model_type(const test *t)
{
    return text(t->model_type);
}

static double mean_known(const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return NAN;
    return n ? eb_mean(x, n) : NAN;
}

static double spread_known(const double *x, size_t n)
{
    return !isfinite(mean_known(x, n)) ? NAN : n < 2 ? 0 : eb_stddev(x, n);
}

static value build_commit(const test *t)
{
    return text(t->run->header->tool_version);
}
static value zero(const test *t)
{
    (void)t;
    return number(0);
}
static value one(const test *t)
{
    (void)t;
    return number(1);
}
static value cpu_info(const test *t)
{
    return text(fact(t, "cpu_model"));
}
static value nothing(const test *t)
{
    (void)t;
    return text("");
}
static value backends(const test *t)
{
    return text(t->run->header->engine);
}
static value model_filename(const test *t)
{
    return text(t->c->facts && t->c->facts->path[0] ? t->c->facts->path : t->c->info->source);
}
static value model_size(const test *t)
{
    return number(of_facts(t, false));
}
static value model_n_params(const test *t)
{
    return number(of_facts(t, true));
}
static value n_batch(const test *t)
{
    return number(t->c->info->prompt_tok);
}
static value n_threads(const test *t)
{
    return number(t->c->info->threads);
}
static value kv_type(const test *t)
{
    return text(t->c->info->kv);
}
static value split_mode(const test *t)
{
    (void)t;
    return text("none");
}
static value n_prompt(const test *t)
{
    return number(t->n_prompt);
}
static value n_gen(const test *t)
{
    return number(t->n_gen);
}
static value n_depth(const test *t)
{
    return number(t->n_depth);
}
static value test_time(const test *t)
{
    return text(t->run->header->started_utc);
}
static value avg_ns(const test *t)
{
    return number(mean_known(t->s.ns, t->s.n));
}
static value stddev_ns(const test *t)
{
    return number(spread_known(t->s.ns, t->s.n));
}
static value avg_ts(const test *t)
{
    return number(mean_known(t->s.ts, t->s.n));
}
static value stddev_ts(const test *t)
{
    return number(spread_known(t->s.ts, t->s.n));
}
static value avg_j(const test *t)
{
    return number(mean_known(t->s.j, t->s.n));
}
static value stddev_j(const test *t)
{
    return number(spread_known(t->s.j, t->s.n));
}
static value n_seq(const test *t)
{
    return number(t->c->info->batch);
}
static value grade(const test *t)
{
    return text(eb_grade_name(t->grade));
}
static value source(const test *t)
{
    return text(t->grade == EB_GRADE_NONE ? "" : t->c->energy.source);
}

static value avg_j_per_tok(const test *t)
{
    return number(mean_known(t->s.j_per_tok, t->s.n));
}

static value folder(const test *t)
{
    return text(t->folder);
}

// llama-bench's names in llama-bench's order, then ours.
static const struct {
    const char *name;
    kind kind;
    value (*get)(const test *t);
} columns[] = {
    { "build_commit", TEXT, build_commit },
    { "build_number", WHOLE, zero },
    { "cpu_info", TEXT, cpu_info },
    { "gpu_info", TEXT, nothing },
    { "backends", TEXT, backends },
    { "model_filename", TEXT, model_filename },
    { "model_type", TEXT, model_type },
    { "model_size", WHOLE, model_size },
    { "model_n_params", WHOLE, model_n_params },
    { "n_batch", WHOLE, n_batch },
    { "n_ubatch", WHOLE, n_batch },
    { "n_threads", WHOLE, n_threads },
    { "type_k", TEXT, kv_type },
    { "type_v", TEXT, kv_type },
    { "n_gpu_layers", WHOLE, zero },
    { "split_mode", TEXT, split_mode },
    { "main_gpu", WHOLE, zero },
    { "no_kv_offload", FLAG, zero },
    { "flash_attn", FLAG, zero },
    { "use_mmap", FLAG, one },
    { "embeddings", FLAG, zero },
    { "n_prompt", WHOLE, n_prompt },
    { "n_gen", WHOLE, n_gen },
    { "n_depth", WHOLE, n_depth },
    { "test_time", TEXT, test_time },
    { "avg_ns", WHOLE, avg_ns },
    { "stddev_ns", WHOLE, stddev_ns },
    { "avg_ts", NUMBER, avg_ts },
    { "stddev_ts", NUMBER, stddev_ts },
    { "n_seq", WHOLE, n_seq },
    { "avg_j", NUMBER, avg_j },
    { "stddev_j", NUMBER, stddev_j },
    { "avg_j_per_tok", NUMBER, avg_j_per_tok },
    { "energy_grade", TEXT, grade },
    { "energy_source", TEXT, source },
    { "run", TEXT, folder },
};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

// ---- the rows of a run ----

// Joules of a trial's phase; NAN = not known.
static double joules_of(const eb_case_result *c, int trial, eb_part part, eb_grade *worst)
{
    for (size_t i = 0; i < c->n_energies; i++)
        if (c->energies[i].trial == trial && c->energies[i].part == part) {
            *worst = c->energies[i].grade < *worst ? c->energies[i].grade : *worst;
            return c->energies[i].j;
        }
    return NAN;
}

// A trial may be of several requests after each other; llama-bench's sample is of one test, so that tokens / time is
// its rate. Those of a load come as they come.
static double tests_in(const test *t, double tok)
{
    double one = (double)(t->n_prompt + t->n_gen) * t->c->info->batch;
    return t->c->info->load || !(one > 0) || !(tok > one) ? 1 : tok / one;
}

static void fill(test *t, const eb_trial_phases *trials, size_t n, eb_part part)
{
    samples *s = &t->s;
    s->ns = eb_alloc((n + 1) * sizeof *s->ns);
    s->ts = eb_alloc((n + 1) * sizeof *s->ts);
    s->j = eb_alloc((n + 1) * sizeof *s->j);
    s->j_per_tok = eb_alloc((n + 1) * sizeof *s->j_per_tok);
    t->grade = EB_GRADE_WALL;
    for (size_t i = 0; i < n; i++) {
        double ns = part == EB_PART_PREFILL ? trials[i].prefill_ns : trials[i].decode_ns;
        double tok = part == EB_PART_PREFILL ? trials[i].prompt_tok : trials[i].decode_tok;
        if (!(ns > 0))
            continue;
        double tests = tests_in(t, tok), j = joules_of(t->c, trials[i].trial, part, &t->grade);
        s->ns[s->n] = ns / tests;
        s->ts[s->n] = tok / ns * 1e9;
        s->j[s->n] = j / tests;
        s->j_per_tok[s->n] = j / tok;
        s->n++;
    }
    if (!isfinite(mean_known(s->j, s->n)))
        t->grade = EB_GRADE_NONE;
}

static void deinit(test *t)
{
    free(t->s.ns);
    free(t->s.ts);
    free(t->s.j);
    free(t->s.j_per_tok);
}

// Calls `put` for every row; a phase that no trial has is none.
static void each_test(const eb_run *run, const eb_report_style *style, void (*put)(const test *t, int row, void *to),
                      void *to)
{
    int row = 0;
    for (int c = 0; c < run->n_cases; c++) {
        const eb_case_info *i = run->cases[c].info;
        eb_trial_phases *trials;
        size_t n = eb_trial_phases_collect(run, c, &trials);
        bool whole = eb_header_imported(run->header) != NULL; // its rates are of all output tokens, after no prompt
        test rows[] = {
            { .run = run, .c = &run->cases[c], .n_prompt = i->prompt_tok, .n_depth = i->depth_tok },
            { .run = run,
              .c = &run->cases[c],
              .n_gen = i->output_tok > 0 ? i->output_tok - !whole : 0,
              .n_depth = i->depth_tok + (whole ? 0 : i->prompt_tok) },
        };
        for (int k = 0; k < 2; k++) {
            const char *type = i->type[0] || !run->cases[c].facts ? i->type : run->cases[c].facts->type;
            rows[k].folder = style->run;
            snprintf(rows[k].model_type, sizeof rows[k].model_type, "%s %s", i->model, type);
            fill(&rows[k], trials, n, k ? EB_PART_DECODE : EB_PART_PREFILL);
            if (rows[k].s.n && (rows[k].n_prompt || rows[k].n_gen))
                put(&rows[k], row++, to);
            deinit(&rows[k]);
        }
        free(trials);
    }
}

// ---- json ----

static void add_samples(cJSON *obj, const char *name, const double *x, size_t n, bool whole)
{
    cJSON *list = eb_json_add_arr(obj, name);
    for (size_t i = 0; i < n; i++) {
        char buf[40];
        snprintf(buf, sizeof buf, whole ? "%.0f" : "%.9g", x[i]);
        cJSON_AddItemToArray(list, isfinite(x[i]) ? cJSON_CreateRaw(buf) : cJSON_CreateNull());
    }
}

static void put_json(const test *t, int row, void *to)
{
    (void)row;
    cJSON *obj = eb_json_append_obj(to);
    for (int i = 0; i < N_COLUMNS; i++) {
        value v = columns[i].get(t);
        if (columns[i].kind == TEXT)
            eb_json_add_str(obj, columns[i].name, v.text);
        else if (columns[i].kind == FLAG)
            eb_json_add_bool(obj, columns[i].name, v.number != 0);
        else
            eb_json_add_num(obj, columns[i].name, columns[i].kind == WHOLE ? round(v.number) : v.number);
    }
    add_samples(obj, "samples_ns", t->s.ns, t->s.n, true);
    add_samples(obj, "samples_ts", t->s.ts, t->s.n, false);
    add_samples(obj, "samples_j", t->s.j, t->s.n, false);
}

static bool write_json(const eb_run *run, const eb_report_style *style, FILE *out, eb_err *err)
{
    (void)err; // what the stream cannot take, its owner sees
    cJSON *all = cJSON_CreateArray();
    each_test(run, style, put_json, all);
    char *json = eb_json_print(all, true);
    if (!style->several)
        fprintf(out, "%s\n", json);
    else if (cJSON_GetArraySize(all)) // in one array with the others'
        fprintf(out, "%.*s", (int)strlen(json) - 2, json + 1);
    free(json);
    cJSON_Delete(all);
    return true;
}

// ---- csv ----

typedef struct rows_out {
    FILE *out;
    bool headed;  // by a run before
    bool several; // runs: each row names its own
} rows_out;

static void put_csv(const test *t, int row, void *to)
{
    const rows_out *csv = to;
    FILE *out = csv->out;
    bool head = row == 0 && !csv->headed;
    for (int i = 0; i < N_COLUMNS && head; i++)
        fprintf(out, "%s%s", i ? "," : "", columns[i].name);
    if (head)
        fputc('\n', out);
    for (int i = 0; i < N_COLUMNS; i++) {
        value v = columns[i].get(t);
        fputs(i ? "," : "", out);
        if (columns[i].kind == TEXT)
            eb_csv_put_text(out, v.text);
        else
            eb_csv_put_number(out, columns[i].kind == WHOLE ? round(v.number) : v.number);
    }
    fputc('\n', out);
}

static bool write_csv(const eb_run *run, const eb_report_style *style, FILE *out, eb_err *err)
{
    (void)err;
    each_test(run, style, put_csv, &(rows_out){ .out = out, .headed = style->follows });
    return true;
}

// ---- markdown: the columns that llama-bench shows, and joules ----

static void put_name(FILE *out, const char *s)
{
    char *clean = eb_text_clean(s);
    eb_text_markdown(out, clean);
    free(clean);
}

static void put_size(FILE *out, double x, double unit, const char *name)
{
    if (isfinite(x))
        fprintf(out, " %.2f %s |", x / unit, name);
    else
        fprintf(out, " |");
}

static void put_mean(FILE *out, double mean, double spread, const char *format)
{
    if (isfinite(mean)) {
        fputc(' ', out);
        fprintf(out, format, mean);
        fprintf(out, " ± ");
        fprintf(out, format, spread);
    }
    fprintf(out, " |");
}

static void put_md(const test *t, int row, void *to)
{
    const rows_out *md = to;
    FILE *out = md->out;
    double params = model_n_params(t).number;
    if (row == 0 && !md->headed)
        fprintf(out,
                "| model | size | params | backend | threads | test | t/s | J/t | energy |%s\n"
                "| --- | ---: | ---: | --- | ---: | --- | ---: | ---: | --- |%s\n",
                md->several ? " run |" : "", md->several ? " --- |" : "");
    fprintf(out, "| ");
    put_name(out, model_type(t).text);
    fprintf(out, " |");
    put_size(out, model_size(t).number, 1024.0 * 1024, "MiB");
    put_size(out, params, params < 1e9 ? 1e6 : 1e9, params < 1e9 ? "M" : "B");
    fprintf(out, " ");
    put_name(out, t->run->header->engine ? t->run->header->engine : "");
    fprintf(out, " | %d | %s%d", t->c->info->threads, t->n_gen ? "tg" : "pp", t->n_gen ? t->n_gen : t->n_prompt);
    if (t->n_depth)
        fprintf(out, " @ d%d", t->n_depth);
    if (t->c->info->batch > 1)
        fprintf(out, " x%d", t->c->info->batch);
    fprintf(out, " |");
    put_mean(out, avg_ts(t).number, stddev_ts(t).number, "%.2f");
    put_mean(out, mean_known(t->s.j_per_tok, t->s.n), spread_known(t->s.j_per_tok, t->s.n), "%.4f");
    fprintf(out, " %s |", t->grade == EB_GRADE_NONE ? "" : eb_grade_name(t->grade));
    if (md->several) {
        fputc(' ', out);
        put_name(out, t->folder ? t->folder : "");
        fputs(" |", out);
    }
    fputc('\n', out);
}

static bool write_md(const eb_run *run, const eb_report_style *style, FILE *out, eb_err *err)
{
    (void)err;
    each_test(run, style, put_md, &(rows_out){ .out = out, .headed = style->follows, .several = style->several });
    return true;
}

const eb_report_ops eb_report_llama_json = { .name = "llama-bench-json",
                                             .doc = "llama-bench's names, with joules",
                                             .open = "[",
                                             .between = ",",
                                             .close = "]\n",
                                             .write = write_json };
const eb_report_ops eb_report_llama_csv = {
    .name = "llama-bench-csv", .doc = "the same as CSV", .open = "", .between = "", .close = "", .write = write_csv
};
const eb_report_ops eb_report_llama_md = { .name = "llama-bench-md",
                                           .doc = "the same as a table in markdown",
                                           .open = "",
                                           .between = "",
                                           .close = "",
                                           .write = write_md };
