// SPDX-License-Identifier: Apache-2.0
// The tables of a report, as data: which metric stands in which column, how it is written.
#include "reports/view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"

typedef enum kind {
    NUMBER,
    SI,         // with k, M, G
    SPREAD,     // the interval of `key`
    GRADE,      // the grade of `key`
    PRICE,      // a number, or in words that there are no prices
    DIVERGENCE, // a number; the reference type says that it is one
} kind;

typedef struct field {
    const char *key, *head, *unit;
    double scale;
    kind kind;
    bool always; // shown even where no case has a value
    bool ranked;
} field;

// Stands in the unit line of what is made of prices, when those are made up for show.
static const char DEMO[] = "demo";

static const char JOULES[] = "J/token", JOULES_UNIT[] = "J/tok";

static const field speed[] = {
    { "ttft_ns", "TTFT", "ms", 1e-6, NUMBER, true, true },
    { "tpot_ns", "TPOT", "p50 ms", 1e-6, NUMBER, true, true },
    { "prefill_tok_s", "prefill", "tok/s", 1, NUMBER, true, true },
    { "decode_tok_s", "decode", "tok/s", 1, NUMBER, true, true },
    { "rss_peak_bytes", "memory", "MB", 1e-6, NUMBER, true, true },
    { "bw_frac", "of read", "peak %", 100, NUMBER, false, false },
    { NULL, NULL, NULL, 0, NUMBER, false, false },
};
static const field energy[] = {
    { "power_w", "power", "W", 1, NUMBER, true, false },
    { "j_per_tok", JOULES, "gross", 1, NUMBER, true, true },
    { "j_per_tok", "", "±", 1, SPREAD, true, false },
    { "j_per_tok", "", "grade", 1, GRADE, true, false },
    { "net_j_per_tok", "net", JOULES_UNIT, 1, NUMBER, false, true },
    { "net_j_per_tok", "", "±", 1, SPREAD, false, false },
    { "j_per_prompt_tok", "prompt", JOULES_UNIT, 1, NUMBER, false, true },
    { "j_per_prompt_tok", "", "±", 1, SPREAD, false, false },
    { "j_per_decode_tok", "decode", JOULES_UNIT, 1, NUMBER, false, true },
    { "j_per_decode_tok", "", "±", 1, SPREAD, false, false },
    { NULL, NULL, NULL, 0, NUMBER, false, false },
};
static const field efficiency[] = {
    { "tok_per_j", "tok/J", "", 1, NUMBER, false, true },
    { "tok_per_j", "", "±", 1, SPREAD, false, false },
    { "tok_per_j", "", "grade", 1, GRADE, false, false },
    { "usd_per_mtok", "$/Mtok", DEMO, 1, PRICE, true, true },
    { "usd_per_mtok", "", "±", 1, SPREAD, false, false },
    { "tok_per_usd", "tok/$", DEMO, 1, SI, false, true },
    { "gco2e_per_mtok", "gCO2e/Mtok", DEMO, 1, NUMBER, false, true },
    { "tok_per_charge", "tok/charge", DEMO, 1, SI, false, true },
    { NULL, NULL, NULL, 0, NUMBER, false, false },
};
static const field quality[] = {
    { "kld_nats", "KLD", "nats", 1, DIVERGENCE, true, false },
    { "top1_agree", "top-1", "same %", 100, DIVERGENCE, true, false },
    { "bytes_per_tok", "MB read", "/token", 1e-6, NUMBER, false, false },
    { "model_bytes", "model", "MB", 1e-6, NUMBER, false, false },
    { "decode_tok_s", "decode", "tok/s", 1, NUMBER, false, false },
    { "j_per_tok", JOULES, "", 1, NUMBER, false, false },
    { "j_per_tok", "", "grade", 1, GRADE, false, false },
    { NULL, NULL, NULL, 0, NUMBER, false, false },
};

static const struct {
    const char *title;
    const field *fields;
} blocks[EB_BLOCK_COUNT] = {
    [EB_BLOCK_SPEED] = { "Speed", speed },
    [EB_BLOCK_ENERGY] = { "Energy", energy },
    [EB_BLOCK_EFFICIENCY] = { "Performance per watt, per dollar", efficiency },
    [EB_BLOCK_QUALITY] = { "Quality of the quantized types", quality },
};

const char *eb_block_title(int block)
{
    return blocks[block].title;
}

const char *eb_family_title(const char *family)
{
    static const char *const titles[][2] = { { "moe", "mixture of experts" }, { "ssm", "state space" } };
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (!strcmp(family, titles[i][0]))
            return titles[i][1];
    return family;
}

bool eb_run_has_energy(const eb_run *run)
{
    for (int i = 0; i < run->n_cases; i++)
        if (eb_rank_value(&run->cases[i], "j_per_tok") || eb_rank_value(&run->cases[i], "energy_j"))
            return true;
    return false;
}

bool eb_run_has_trials(const eb_run *run)
{
    for (int i = 0; i < run->n_cases; i++)
        if (run->cases[i].n_trials > run->cases[i].n_failed)
            return true;
    return false;
}

bool eb_run_has_prices(const eb_run *run)
{
    return eb_run_setting(run, "cost", "price_usd") || eb_run_setting(run, "cost", "usd_per_hour") ||
           eb_run_setting(run, "cost", "usd_per_kwh");
}

// A case is the reference of a type sweep when its own type is what the others are compared with.
static bool is_reference(const eb_case_info *c)
{
    return c->reference_type && !strcmp(c->reference_type, c->type);
}

static bool in_block(const eb_case_result *c, int block)
{
    return block != EB_BLOCK_QUALITY || c->info->reference_type;
}

static bool column_wanted(const eb_run *run, int block, const field *f)
{
    if (f->always && !(f->kind == PRICE && eb_run_has_prices(run))) // without prices the column says so
        return true;
    for (int i = 0; i < run->n_cases; i++)
        if (in_block(&run->cases[i], block) && eb_rank_value(&run->cases[i], f->key))
            return true;
    return false;
}

// Small models take millijoules per token: one unit for all columns of joules, by the largest of them.
static bool in_millijoules(const eb_run *run)
{
    double most = 0;
    for (int i = 0; i < run->n_cases; i++) {
        const eb_metric *m = eb_rank_value(&run->cases[i], "j_per_tok");
        most = m ? fmax(most, m->value) : most;
    }
    return most > 0 && most < EB_MILLIJOULES_BELOW;
}

static double scale_of(const eb_run *run, const field *f)
{
    return strstr(f->key, "j_per_") && in_millijoules(run) ? 1e3 * f->scale : f->scale;
}

static bool knows_block(const eb_run *run, int block)
{
    for (int i = 0; i < run->n_cases; i++)
        for (const field *f = blocks[block].fields; f->key; f++)
            if (eb_rank_value(&run->cases[i], f->key))
                return true;
    return false;
}

static bool block_wanted(const eb_run *run, int block)
{
    if (block == EB_BLOCK_ENERGY && !eb_run_has_energy(run))
        return false; // said in words, once
    if (block == EB_BLOCK_EFFICIENCY && !eb_run_has_prices(run) && !knows_block(run, block))
        return false; // said in words, once
    for (int i = 0; i < run->n_cases; i++)
        if (in_block(&run->cases[i], block))
            return true;
    return false;
}

bool eb_block_shows(const eb_run *run, const char *key)
{
    for (int b = 0; b < EB_BLOCK_COUNT; b++)
        for (const field *f = blocks[b].fields; f->key; f++)
            if (!strcmp(f->key, key) && block_wanted(run, b) && (f->always || column_wanted(run, b, f)))
                return true;
    return false;
}

bool eb_block_has_cell(const eb_case_result *c, const char *key)
{
    for (int b = 0; b < EB_BLOCK_COUNT; b++)
        for (const field *f = blocks[b].fields; f->key; f++)
            if (!strcmp(f->key, key) && in_block(c, b))
                return true;
    return false;
}

// Which of the label columns tell rows of this run apart.
typedef struct labels {
    bool threads, kv, workload, depth, load;
} labels;

static bool same_row(const eb_case_info *a, const eb_case_info *b)
{
    return !strcmp(a->family, b->family) && !strcmp(a->model, b->model) && !strcmp(a->type, b->type) &&
           eb_rank_comparable(a, b);
}

static labels labels_of(const eb_run *run)
{
    labels l = { 0 };
    for (int i = 1; i < run->n_cases; i++) {
        const eb_case_info *a = run->cases[i - 1].info, *b = run->cases[i].info;
        l.threads |= a->threads != b->threads;
        l.kv |= strcmp(a->kv, b->kv) != 0;
    }
    for (int i = 0; i < run->n_cases; i++) {
        l.depth |= run->cases[i].info->depth_tok != 0;
        l.load |= run->cases[i].info->load != NULL;
    }
    for (int i = 0; i < run->n_cases; i++)
        for (int k = 0; k < i; k++) {
            const eb_case_info *a = run->cases[i].info, *b = run->cases[k].info;
            l.workload |= same_row(a, b) && a->threads == b->threads && !strcmp(a->kv, b->kv);
        }
    return l;
}

// "128+64@4k": prompt, output, and the context that was there before.
static void shape_text(const eb_case_info *c, char *buf, size_t size)
{
    bool kilo = c->depth_tok % 1024 == 0;
    int n = snprintf(buf, size, "%d+%d", c->prompt_tok, c->output_tok);
    if (c->depth_tok && n > 0 && (size_t)n < size)
        snprintf(buf + n, size - (size_t)n, "@%d%s", kilo ? c->depth_tok / 1024 : c->depth_tok, kilo ? "k" : "");
}

static const char *type_of(const eb_case_result *c)
{
    return c->info->type[0] ? c->info->type : c->facts && c->facts->type[0] ? c->facts->type : "-";
}

static char *case_text(const eb_run *run, int c, bool shape)
{
    const eb_case_info *info = run->cases[c].info;
    labels l = labels_of(run);
    eb_text t = { 0 };
    eb_text_add(&t, "%s %s", info->model, type_of(&run->cases[c]));
    if (shape) {
        char text[64];
        shape_text(info, text, sizeof text);
        eb_text_add(&t, " %s b%d", text, info->batch);
        if (info->load)
            eb_text_add(&t, " %s", info->load);
    }
    if (l.threads)
        eb_text_add(&t, " t%d", info->threads);
    if (l.kv)
        eb_text_add(&t, " kv %s", info->kv);
    if (l.workload)
        eb_text_add(&t, " (%s)", info->workload);
    char *clean = eb_text_clean(t.s);
    eb_text_deinit(&t);
    return clean;
}

char *eb_case_name(const eb_run *run, int c)
{
    return case_text(run, c, false);
}

char *eb_case_title(const eb_run *run, int c)
{
    bool shapes = false;
    for (int i = 0; i < run->n_cases; i++)
        shapes |= !eb_rank_comparable(run->cases[c].info, run->cases[i].info);
    return case_text(run, c, shapes);
}

static void add_labels(eb_table *t, labels l)
{
    eb_table_column(t, (eb_column){ "", "model", .label = true, .left = true, .shrink = true });
    if (l.workload)
        eb_table_column(t, (eb_column){ "", "workload", .label = true, .left = true });
    eb_table_column(t, (eb_column){ "", "type", .label = true, .left = true });
    eb_table_column(t, (eb_column){ "prompt", l.depth ? "+out@depth" : "+output", .label = true });
    eb_table_column(t, (eb_column){ "", "batch", .label = true });
    if (l.load)
        eb_table_column(t, (eb_column){ "", "load", .label = true, .left = true });
    if (l.threads)
        eb_table_column(t, (eb_column){ "", "threads", .label = true });
    if (l.kv)
        eb_table_column(t, (eb_column){ "", "kv", .label = true, .left = true });
}

static void put_labels(eb_table *t, const eb_case_result *c, labels l)
{
    char buf[64];
    eb_table_cell(t, c->info->model, EB_MARK_NONE);
    if (l.workload)
        eb_table_cell(t, c->info->workload, EB_MARK_NONE);
    eb_table_cell(t, type_of(c), EB_MARK_NONE);
    shape_text(c->info, buf, sizeof buf);
    eb_table_cell(t, buf, EB_MARK_NONE);
    snprintf(buf, sizeof buf, "%d", c->info->batch);
    eb_table_cell(t, buf, EB_MARK_NONE);
    if (l.load)
        eb_table_cell(t, c->info->load ? c->info->load : "", EB_MARK_NONE);
    snprintf(buf, sizeof buf, "%d", c->info->threads);
    if (l.threads)
        eb_table_cell(t, buf, EB_MARK_NONE);
    if (l.kv)
        eb_table_cell(t, c->info->kv, EB_MARK_NONE);
}

static void spread_text(const eb_metric *m, double scale, bool si, char *buf, size_t size)
{
    eb_text_spread(buf, size, m->value * scale, eb_text_shown_halfwidth(m) * scale, si,
                   eb_text_mark(m->interval, m->n));
}

// "counter", and where the energies of the rows are of several kinds, which one: "counter b".
static void grade_text(const eb_run *run, const eb_case_result *c, const eb_metric *m, char *buf, size_t size)
{
    int own = eb_energy_kind(run, (int)(c - run->cases));
    const char *grade = eb_grade_name(m ? m->grade : EB_GRADE_NONE);
    if (!m || own < 0 || m->grade == EB_GRADE_NONE || eb_energy_kinds(run) < 2)
        snprintf(buf, size, "%s", grade);
    else
        snprintf(buf, size, "%s %c", grade, 'a' + own % 26);
}

static void field_text(const eb_run *run, const eb_case_result *c, const field *f, char *buf, size_t size)
{
    const eb_metric *m = eb_rank_value(c, f->key);
    double scale = scale_of(run, f);
    snprintf(buf, size, "-");
    if (f->kind == PRICE && !eb_run_has_prices(run))
        snprintf(buf, size, "no prices given");
    else if (f->kind == DIVERGENCE && is_reference(c->info))
        snprintf(buf, size, "reference");
    else if (f->kind == GRADE)
        grade_text(run, c, m, buf, size);
    else if (m && f->kind == SPREAD)
        spread_text(m, scale, false, buf, size);
    else if (m && f->kind == SI)
        eb_text_si(buf, size, m->value, eb_text_shown_halfwidth(m));
    else if (m)
        eb_text_number(buf, size, m->value * scale,
                       eb_text_place(m->value * scale, eb_text_shown_halfwidth(m) * scale));
}

// For forms with room for it: the spread beside each value, and where the value comes from.
static void put_about(const eb_run *run, const eb_case_result *c, const field *f, eb_table *t)
{
    const eb_metric *m = eb_rank_value(c, f->key);
    bool beside = f->kind == SPREAD || f->kind == GRADE, spread = m && !isnan(eb_text_shown_halfwidth(m));
    char buf[64] = "", *about = m ? eb_metric_about(run, m) : NULL;
    if (spread)
        spread_text(m, f->kind == SI ? 1 : scale_of(run, f), f->kind == SI, buf, sizeof buf);
    eb_table_about(t, m && !beside ? m->value : NAN, *buf && !beside ? buf : NULL, about);
    free(about);
}

static void put_rows(const eb_run *run, int block, eb_table *t, labels l, const field *const *fields, int n_fields)
{
    eb_mark *marks = eb_alloc((size_t)(n_fields + 1) * (size_t)(run->n_cases + 1) * sizeof *marks);
    bool *done = eb_alloc((size_t)run->n_cases + 1);
    for (int f = 0; f < n_fields; f++)
        if (fields[f]->ranked)
            eb_rank_marks(run, fields[f]->key, marks + f * run->n_cases);
    for (int first = 0; first < run->n_cases; first++)
        for (int i = first; i < run->n_cases; i++) { // the rest of the family follows its first case
            const eb_case_result *c = &run->cases[i];
            if (done[i] || !in_block(c, block) || strcmp(c->info->family, run->cases[first].info->family))
                continue;
            done[i] = true;
            eb_table_row(t, eb_family_title(c->info->family));
            put_labels(t, c, l);
            for (int f = 0; f < n_fields; f++) {
                char buf[64];
                field_text(run, c, fields[f], buf, sizeof buf);
                eb_table_cell(t, buf, marks[f * run->n_cases + i]);
                put_about(run, c, fields[f], t);
            }
        }
    free(done);
    free(marks);
}

static const char *head_of(const field *f, bool milli)
{
    return f->head == JOULES && milli ? "mJ/token" : f->head;
}

static const char *unit_of(const eb_run *run, const field *f, bool milli)
{
    if (f->unit == DEMO && !eb_run_demonstration(run))
        return "";
    return f->unit == JOULES_UNIT && milli ? "mJ/tok" : f->unit;
}

char *eb_block_column_name(const eb_run *run, const char *key)
{
    for (int b = 0; b < EB_BLOCK_COUNT; b++)
        for (const field *f = blocks[b].fields; f->key; f++) {
            if (strcmp(f->key, key) || !block_wanted(run, b))
                continue;
            bool milli = in_millijoules(run);
            const char *unit = f->unit == DEMO ? "" : unit_of(run, f, milli);
            return eb_format("%s%s%s", head_of(f, milli), *unit && *unit != '/' ? " " : "", unit);
        }
    return eb_strdup(key);
}

eb_table *eb_block_table(const eb_run *run, int block)
{
    const field *fields[12];
    int n = 0;
    bool any = false;
    for (const field *f = blocks[block].fields; f->key && !any; f++)
        any = column_wanted(run, block, f);
    if (!any || !block_wanted(run, block))
        return NULL;
    eb_table *t = eb_table_new(blocks[block].title);
    bool milli = in_millijoules(run);
    labels l = labels_of(run);
    add_labels(t, l);
    for (const field *f = blocks[block].fields; f->key; f++) {
        if (!column_wanted(run, block, f))
            continue;
        bool beside = f->kind == SPREAD || f->kind == GRADE;
        const char *head = head_of(f, milli), *unit = unit_of(run, f, milli);
        eb_table_column(t, (eb_column){ head, unit, .left = beside, .glue = beside, .marks = f->ranked,
                                        .role = f->kind == SPREAD  ? EB_ROLE_SPREAD
                                                : f->kind == GRADE ? EB_ROLE_GRADE
                                                                   : EB_ROLE_VALUE,
                                        .key = f->key });
        fields[n++] = f;
    }
    put_rows(run, block, t, l, fields, n);
    return t;
}
