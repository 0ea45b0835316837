// SPDX-License-Identifier: Apache-2.0
#include "harness/record/load.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/base/units.h"
#include "harness/record/load_level.h"
#include "harness/record/percentile.h"

const char *const eb_load_key_names[EB_LOAD_KEYS] = {
    [EB_LOAD_NOMINAL] = "nominal_per_s",       [EB_LOAD_OFFERED] = "offered_per_s",
    [EB_LOAD_COMPLETED] = "completed_per_s",   [EB_LOAD_COMPLETED_FRAC] = "completed_frac",
    [EB_LOAD_SCHEDULE_FRAC] = "schedule_frac", [EB_LOAD_TOK_S] = "throughput_tok_s",
    [EB_LOAD_GOODPUT] = "goodput_tok_s",       [EB_LOAD_POWER] = "power_w",
    [EB_LOAD_TOK_PER_J] = "tok_per_j",
};

static const struct {
    const char *key;
    eb_pool pool;
    double p;
} percentiles[EB_LOAD_PERCENTILES] = {
    [EB_LOAD_TTFT_P50] = { "ttft_p50_ns", EB_POOL_TTFT, 0.5 },
    [EB_LOAD_TTFT_P90] = { "ttft_p90_ns", EB_POOL_TTFT, 0.9 },
    [EB_LOAD_TTFT_P99] = { "ttft_p99_ns", EB_POOL_TTFT, 0.99 },
    [EB_LOAD_TPOT_P50] = { "tpot_p50_ns", EB_POOL_TPOT, 0.5 },
    [EB_LOAD_E2E_P50] = { "e2e_p50_ns", EB_POOL_E2E, 0.5 },
    [EB_LOAD_E2E_P99] = { "e2e_p99_ns", EB_POOL_E2E, 0.99 },
};

static double value_of(const eb_load_level *l, eb_load_key key)
{
    const double values[EB_LOAD_KEYS] = {
        [EB_LOAD_NOMINAL] = l->row.nominal_per_s > 0 ? l->row.nominal_per_s : NAN,
        [EB_LOAD_OFFERED] = l->offered_per_s,
        [EB_LOAD_COMPLETED] = l->completed_per_s,
        [EB_LOAD_COMPLETED_FRAC] = l->completed_frac,
        [EB_LOAD_SCHEDULE_FRAC] = l->schedule_frac,
        [EB_LOAD_TOK_S] = l->tok_s,
        [EB_LOAD_GOODPUT] = l->goodput_tok_s,
        [EB_LOAD_POWER] = l->w,
        [EB_LOAD_TOK_PER_J] = l->tok_per_j,
    };
    return values[key];
}

// Of those that are known.
static eb_load_figure figure_of(const double *x, int n, double level)
{
    eb_load_figure f = { .value = NAN, .lo = NAN, .hi = NAN };
    double *known = eb_alloc(((size_t)n + 1) * sizeof *known);
    for (int i = 0; i < n; i++)
        if (isfinite(x[i]))
            known[f.n++] = x[i];
    if (f.n) {
        f.value = eb_median(known, (size_t)f.n);
        f.interval =
            eb_median_interval(known, (size_t)f.n, level, &f.lo, &f.hi) ? EB_INTERVAL_CONFIDENCE : EB_INTERVAL_RANGE;
    }
    free(known);
    return f;
}

// ---- what is collected -----------------------------------------------------------------------------------------

// sums[level][trial] hold nothing but the latencies of that level.
typedef struct collection {
    eb_trial_sums *sums;
    double *overall, *saturated;
    int n, max_trials, n_rows;
} collection;

static bool counts(const eb_trial_data *t, int case_index)
{
    return t->info.number > 0 && t->info.case_index == case_index && !t->info.error && t->info.n_levels > 0 &&
           !t->n_ops;
}

// Sum of tokens per second over sum of watts.
static double overall_of(const eb_load_level *levels, int n)
{
    double tok_s = 0, w = 0;
    for (int i = 0; i < n; i++) {
        tok_s += levels[i].tok_s;
        w += levels[i].w;
    }
    return w > 0 ? tok_s / w : NAN;
}

static void take_trial(eb_load_result *r, collection *c, const eb_sums_env *env, const eb_trial_data *trial)
{
    eb_trial_energy energy;
    eb_trial_energy_init(&energy, env->header, env->dead, trial->power, trial->n_power);
    eb_load_level *first = &r->levels[r->n_levels];
    for (int i = 0; i < c->n_rows; i++) {
        eb_load_level *l = &r->levels[r->n_levels++];
        eb_load_level_measure(l, env, trial, &energy, i, c->sums[i * c->max_trials + c->n].pool);
        r->n_invalid += !l->valid;
        r->grade = l->grade < r->grade ? l->grade : r->grade;
    }
    c->overall[c->n] = overall_of(first, c->n_rows);
    c->saturated[c->n] = trial->info.saturated_per_s > 0 ? trial->info.saturated_per_s : NAN;
    c->n++;
    eb_trial_energy_deinit(&energy);
}

bool eb_load_clear_miss(const eb_load_level *l)
{
    return !l->valid && (!(l->row.nominal_per_s > 0) || !(l->completed_frac >= 1 - EB_LOAD_CLEAR));
}

bool eb_load_behind(const double *completed_frac, int n)
{
    double *x = eb_alloc(((size_t)n + 1) * sizeof *x);
    for (int i = 0; i < n; i++)
        x[i] = isfinite(completed_frac[i]) ? completed_frac[i] : 0; // nobody knows that it was kept up with
    bool behind = n > 0 && !(eb_median(x, (size_t)n) >= 1 - EB_LOAD_TOLERANCE);
    free(x);
    return behind;
}

// One trial that misses by a hair says little of a level that the others keep up with; that most do says it.
static void judge_row(eb_load_row *row, const eb_load_level *first, int stride, double *frac)
{
    row->least_frac = NAN;
    for (int t = 0; t < row->n; t++) {
        const eb_load_level *l = &first[t * stride];
        row->n_valid += l->valid;
        row->n_clear += eb_load_clear_miss(l);
        row->least_frac = fmin(row->least_frac, l->completed_frac); // of a number and NAN the number
        frac[t] = l->completed_frac;
    }
    bool rate = first->row.nominal_per_s > 0, behind = rate ? eb_load_behind(frac, row->n) : row->n_valid < row->n;
    row->standing = behind ? EB_LOAD_BEHIND : row->n_clear ? EB_LOAD_MISSED : EB_LOAD_KEEPS;
}

static void make_row(eb_load_result *r, const collection *c, int i, double level)
{
    eb_load_row *row = &r->rows[i];
    double *x = eb_alloc(((size_t)c->n + 1) * sizeof *x), *half = eb_alloc(((size_t)c->n + 1) * sizeof *half);
    *row = (eb_load_row){ .percent = r->levels[i].row.percent, .n = c->n, .grade = EB_GRADE_WALL };
    judge_row(row, &r->levels[i], c->n_rows, x);
    r->n_behind += row->standing != EB_LOAD_KEEPS;
    for (int t = 0; t < c->n; t++) {
        const eb_load_level *l = &r->levels[t * c->n_rows + i];
        row->grade = l->grade < row->grade ? l->grade : row->grade;
        half[t] = l->length_s > 0 ? l->halfwidth_j / l->length_s : NAN;
    }
    row->halfwidth_w = figure_of(half, c->n, level).value;
    for (int k = 0; k < EB_LOAD_KEYS; k++) {
        for (int t = 0; t < c->n; t++)
            x[t] = value_of(&r->levels[t * c->n_rows + i], (eb_load_key)k);
        row->figures[k] = figure_of(x, c->n, level);
    }
    for (int k = 0; k < EB_LOAD_PERCENTILES; k++) {
        eb_percentiles p;
        eb_percentiles_init(&p, &c->sums[i * c->max_trials], c->n, percentiles[k].pool);
        row->latency[k] = (eb_metric){ .key = percentiles[k].key, .unit = "ns", .value = NAN, .lo = NAN, .hi = NAN };
        eb_percentiles_metric(&p, percentiles[k].p, level, (uint64_t)i * EB_LOAD_PERCENTILES + (uint64_t)k,
                              &row->latency[k]);
        eb_percentiles_deinit(&p);
    }
    free(x);
    free(half);
}

// How many levels the case's trials have: those of the first one; trials with others are damaged and left out.
static int levels_of(const eb_journal_data *data, int case_index, int *n_trials)
{
    int n = 0;
    *n_trials = 0;
    for (int t = 0; t < data->n_trials; t++) {
        if (!counts(&data->trials[t], case_index))
            continue;
        n = n ? n : data->trials[t].info.n_levels;
        *n_trials += data->trials[t].info.n_levels == n;
    }
    return n;
}

eb_load_result *eb_load_result_new(const eb_sums_env *env, const eb_journal_data *data, int case_index)
{
    collection c = { 0 };
    c.n_rows = env->header->cases[case_index].load ? levels_of(data, case_index, &c.max_trials) : 0;
    if (!c.n_rows)
        return NULL;
    const size_t cells = (size_t)c.n_rows * (size_t)c.max_trials;
    eb_load_result *r = eb_alloc(sizeof *r);
    *r =
        (eb_load_result){ .case_index = case_index, .curve = c.n_rows > 1, .n_rows = c.n_rows, .grade = EB_GRADE_WALL };
    r->levels = eb_alloc(cells * sizeof *r->levels);
    r->rows = eb_alloc((size_t)c.n_rows * sizeof *r->rows);
    c.sums = eb_alloc(cells * sizeof *c.sums);
    c.overall = eb_alloc((size_t)c.max_trials * sizeof *c.overall);
    c.saturated = eb_alloc((size_t)c.max_trials * sizeof *c.saturated);
    for (int t = 0; t < data->n_trials; t++)
        if (counts(&data->trials[t], case_index) && data->trials[t].info.n_levels == c.n_rows)
            take_trial(r, &c, env, &data->trials[t]);
    r->n_trials = c.n;
    const double level = env->header->interval_level;
    for (int i = 0; i < c.n_rows; i++)
        make_row(r, &c, i, level);
    r->overall_tok_per_j = figure_of(c.overall, r->curve ? c.n : 0, level);
    r->saturated_per_s = figure_of(c.saturated, c.n, level);
    for (size_t i = 0; i < cells; i++)
        eb_trial_sums_deinit(&c.sums[i]);
    free(c.sums);
    free(c.overall);
    free(c.saturated);
    return r;
}

void eb_load_result_free(eb_load_result *r)
{
    if (r) {
        free(r->levels);
        free(r->rows);
    }
    free(r);
}

char *eb_load_why(const eb_load_row *row, char *buf, size_t size)
{
    const eb_load_figure *f = &row->figures[EB_LOAD_COMPLETED_FRAC];
    buf[0] = '\0';
    if (row->standing != EB_LOAD_BEHIND)
        return buf;
    char trials[48] = "", percent[32];
    if (row->n > 1)
        snprintf(trials, sizeof trials, " in %d of %d trials", row->n - row->n_valid, row->n);
    if (!row->figures[EB_LOAD_NOMINAL].n)
        snprintf(buf, size, "invalid%s: not every request was answered", trials);
    else if (!f->n || f->value >= 1 - EB_LOAD_TOLERANCE) // of those trials that had one, enough was completed
        snprintf(buf, size, "invalid%s: no request came", trials);
    else
        snprintf(buf, size, "invalid%s: completed %s %% of the offered load", trials,
                 eb_fmt_below(percent, sizeof percent, 100 * f->value, 100 * (1 - EB_LOAD_TOLERANCE)));
    return buf;
}

char *eb_load_misses(const eb_load_row *row, char *buf, size_t size)
{
    buf[0] = '\0';
    if (row->standing == EB_LOAD_BEHIND || row->n_valid == row->n)
        return buf;
    char percent[32];
    const double limit = 100 * (1 - EB_LOAD_TOLERANCE);
    bool none = row->figures[EB_LOAD_COMPLETED_FRAC].n < row->n;
    if (row->least_frac < 1 - EB_LOAD_TOLERANCE)
        snprintf(buf, size, "under %g %% of the offered load%s in %d of %d trials (%s %% at the least)", limit,
                 none ? ", or no request at all," : "", row->n - row->n_valid, row->n,
                 eb_fmt_below(percent, sizeof percent, 100 * row->least_frac, limit));
    else
        snprintf(buf, size, "no request came in %d of %d trials", row->n - row->n_valid, row->n);
    return buf;
}
