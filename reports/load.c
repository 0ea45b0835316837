// SPDX-License-Identifier: Apache-2.0
// Loads as tables: what was offered and completed, at which latency and watts; a curve with a row for each level.
#include "harness/record/load.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "reports/view.h"

enum { WHY_SIZE = 120 };

static const eb_column rate_columns[] = {
    { .head = "offered", .unit = "req/s" },
    { .head = "completed", .unit = "req/s" },
    { .head = "tokens", .unit = "tok/s" },
    { .head = "goodput", .unit = "tok/s" },
};

static const eb_column latency_columns[] = {
    { .head = "TTFT ms", .unit = "p50" },
    { .head = "", .unit = "p99", .glue = true },
    { .head = "e2e ms", .unit = "p50" },
    { .head = "", .unit = "p99", .glue = true },
};

static const eb_column power_columns[] = {
    { .head = "power", .unit = "W" },
    { .head = "", .unit = "±", .left = true, .glue = true, .role = EB_ROLE_SPREAD },
    { .head = "", .unit = "tok/J" },
};

#define COUNT(a) (int)(sizeof(a) / sizeof *(a))

static void add_columns(eb_table *t, const eb_column *columns, int n)
{
    for (int i = 0; i < n; i++)
        eb_table_column(t, columns[i]);
}

static void number(eb_table *t, double value, int digits)
{
    char buf[48];
    eb_table_cell(t, isfinite(value) ? eb_fmt_sig(buf, sizeof buf, value, digits) : "-", EB_MARK_NONE);
}

static void put_rates(eb_table *t, const eb_load_row *row)
{
    static const eb_load_key keys[] = { EB_LOAD_OFFERED, EB_LOAD_COMPLETED, EB_LOAD_TOK_S, EB_LOAD_GOODPUT };
    for (int i = 0; i < COUNT(keys); i++)
        number(t, row->figures[keys[i]].value, 3);
}

static void put_latencies(eb_table *t, const eb_load_row *row)
{
    static const eb_load_percentile which[] = { EB_LOAD_TTFT_P50, EB_LOAD_TTFT_P99, EB_LOAD_E2E_P50, EB_LOAD_E2E_P99 };
    for (int i = 0; i < COUNT(which); i++)
        number(t, row->latency[which[i]].value / 1e6, 3);
}

// The farther end of the interval over the trials, where there are several, else how well a trial's joules are known.
static void put_power(eb_table *t, const eb_load_row *row)
{
    const eb_load_figure *f = &row->figures[EB_LOAD_POWER];
    char digits[48], half[64] = "";
    double spread = f->n > 1 ? fmax(f->hi - f->value, f->value - f->lo) : 0;
    spread = fmax(spread, isfinite(row->halfwidth_w) ? row->halfwidth_w : 0);
    eb_table_cell(t, eb_text_number(digits, sizeof digits, f->value, eb_text_place(f->value, spread)), EB_MARK_NONE);
    if (isfinite(f->value) && spread > 0)
        eb_text_spread(half, sizeof half, f->value, spread, false, eb_text_mark(f->interval, f->n));
    eb_table_about(t, f->value, *half ? half : NULL, NULL);
    eb_table_cell(t, half, EB_MARK_NONE);
    number(t, row->figures[EB_LOAD_TOK_PER_J].value, 3);
}

static bool any_power(const eb_load_result *r)
{
    bool any = false;
    for (int i = 0; i < r->n_rows; i++)
        any |= isfinite(r->rows[i].figures[EB_LOAD_POWER].value);
    return any;
}

static void put_standing(eb_table *t, const eb_load_row *row)
{
    char some[40] = "";
    if (row->standing == EB_LOAD_MISSED)
        snprintf(some, sizeof some, "%d of %d invalid", row->n_clear, row->n);
    eb_table_cell(t, row->standing == EB_LOAD_BEHIND ? "invalid" : some, EB_MARK_NONE);
}

static char *work_of(const eb_run *run, const eb_load_result *r)
{
    const eb_case_info *info = run->cases[r->case_index].info;
    char *name = eb_case_name(run, r->case_index),
         *work = eb_format("%s %d+%d b%d", name, info->prompt_tok, info->output_tok, info->batch);
    free(name);
    return work;
}

// Whether a case has so long a name that the table is better cut in it than continued below.
static bool long_names(const eb_run *run)
{
    enum { LONG = 48 };
    bool any = false;
    for (int i = 0; i < run->n_loads; i++) {
        char *work = work_of(run, run->loads[i]);
        any |= !run->loads[i]->curve && eb_text_width(work) > LONG;
        free(work);
    }
    return any;
}

static eb_table *flat_table(const eb_run *run)
{
    eb_table *t = NULL;
    for (int i = 0; i < run->n_loads; i++) {
        const eb_load_result *r = run->loads[i];
        if (r->curve)
            continue;
        if (!t) {
            t = eb_table_new("Load");
            eb_table_column(t, (eb_column){ "", "case", .label = true, .left = true, .shrink = long_names(run) });
            eb_table_column(t, (eb_column){ "", "load", .label = true, .left = true });
            add_columns(t, rate_columns, COUNT(rate_columns));
            add_columns(t, latency_columns, COUNT(latency_columns));
            eb_table_column(t, (eb_column){ "", "", .left = true });
        }
        char *work = work_of(run, r);
        eb_table_row(t, NULL);
        eb_table_cell(t, work, EB_MARK_NONE);
        eb_table_cell(t, run->cases[r->case_index].info->load, EB_MARK_NONE);
        free(work);
        put_rates(t, &r->rows[0]);
        put_latencies(t, &r->rows[0]);
        put_standing(t, &r->rows[0]);
    }
    return t;
}

static eb_table *curve_table(const eb_run *run, const eb_load_result *r)
{
    char *name = eb_case_title(run, r->case_index), *title = eb_format("Load curve: %s", name), buf[16];
    const bool power = any_power(r);
    eb_table *t = eb_table_new(title);
    free(title);
    free(name);
    eb_table_column(t, (eb_column){ "", "load", .label = true });
    add_columns(t, rate_columns, COUNT(rate_columns));
    if (power)
        add_columns(t, power_columns, COUNT(power_columns));
    add_columns(t, latency_columns, COUNT(latency_columns));
    eb_table_column(t, (eb_column){ "", "", .left = true });
    for (int i = 0; i < r->n_rows; i++) {
        const eb_load_row *row = &r->rows[i];
        eb_table_row(t, NULL);
        snprintf(buf, sizeof buf, "%d %%", row->percent);
        eb_table_cell(t, row->percent ? buf : "idle", EB_MARK_NONE);
        put_rates(t, row);
        if (power)
            put_power(t, row);
        put_latencies(t, row);
        put_standing(t, row);
    }
    return t;
}

static int flat_tables(const eb_run *run)
{
    for (int i = 0; i < run->n_loads; i++)
        if (!run->loads[i]->curve)
            return 1;
    return 0;
}

int eb_load_tables(const eb_run *run)
{
    int n = flat_tables(run);
    for (int i = 0; i < run->n_loads; i++)
        n += run->loads[i]->curve;
    return n;
}

eb_table *eb_load_table(const eb_run *run, int table)
{
    int at = flat_tables(run);
    if (table < at)
        return flat_table(run);
    for (int i = 0; i < run->n_loads; i++)
        if (run->loads[i]->curve && at++ == table)
            return curve_table(run, run->loads[i]);
    return NULL;
}

// ---- in words ---------------------------------------------------------------------------------------------------

static void say_figure(eb_text *t, const eb_load_figure *f, const char *unit)
{
    char value[48], lo[48], hi[48];
    eb_text_add(t, "%s%s", eb_fmt_sig(value, sizeof value, f->value, 3), unit);
    if (f->n > 1)
        eb_text_add(t, " (%s to %s, %s)", eb_fmt_sig(lo, sizeof lo, f->lo, 3), eb_fmt_sig(hi, sizeof hi, f->hi, 3),
                    f->interval == EB_INTERVAL_CONFIDENCE ? "interval of the median" : "range of the trials");
}

static void say_curve(eb_text *t, const eb_load_result *r)
{
    char number[48];
    eb_text_add(t, "overall ");
    if (r->overall_tok_per_j.n) {
        say_figure(t, &r->overall_tok_per_j, " tok/J");
        eb_text_add(t, ", %s: sum of tok/s over sum of W, ten levels and active idle", eb_grade_name(r->grade));
    } else {
        eb_text_add(t, "tok/J unknown: not every level has an energy");
    }
    eb_text_add(t, "; 100 %% is %s requests/s",
                eb_fmt_sig(number, sizeof number, r->rows[0].figures[EB_LOAD_NOMINAL].value, 3));
    if (r->saturated_per_s.n)
        eb_text_add(t, ", found by saturating it (%s requests/s)",
                    eb_fmt_sig(number, sizeof number, r->saturated_per_s.value, 3));
    if (r->n_behind)
        eb_text_add(t, "; %d of its %d levels %s invalid, so the overall is of less work than was asked for",
                    r->n_invalid, r->n_levels, r->n_invalid == 1 ? "is" : "are");
}

// The schedules are drawn by chance; how far they are from the rate that was asked for is not the machine's doing.
static void say_schedule(eb_text *t, const eb_load_result *r)
{
    double lowest = INFINITY, highest = -INFINITY;
    for (int i = 0; i < r->n_levels; i++)
        if (isfinite(r->levels[i].schedule_frac)) {
            lowest = fmin(lowest, r->levels[i].schedule_frac);
            highest = fmax(highest, r->levels[i].schedule_frac);
        }
    if (lowest > highest)
        return;
    if (r->n_levels > 1)
        eb_text_add(t, "; the schedules themselves are %+.1f %% to %+.1f %% off their rates", 100 * (lowest - 1),
                    100 * (highest - 1));
    else
        eb_text_add(t, "; the schedule itself is %+.1f %% off its rate", 100 * (lowest - 1));
}

// The reasons of what stands as "-" or "invalid" in the table.
static void say_rows(eb_text *t, const eb_load_result *r)
{
    char why[WHY_SIZE];
    int said = 0;
    for (int i = 0; i < r->n_rows; i++) {
        const eb_load_row *row = &r->rows[i];
        bool behind = row->standing == EB_LOAD_BEHIND;
        if (behind && !r->curve && row->figures[EB_LOAD_COMPLETED_FRAC].n) {
            eb_text_add(t, "; invalid"); // how much was completed has been said
            if (row->n > 1)
                eb_text_add(t, " in %d of %d trials", row->n - row->n_valid, row->n);
        } else if (row->n_valid < row->n) {
            eb_text_add(t, "; ");
            if (r->curve)
                eb_text_add(t, "%d %%%s ", row->percent, behind ? "" : ":");
            eb_text_add(t, "%s", (behind ? eb_load_why : eb_load_misses)(row, why, sizeof why));
        }
    }
    for (int i = 0; i < r->n_rows && !said; i++)
        for (int k = 0; k < EB_LOAD_PERCENTILES && !said; k++)
            if (r->rows[i].latency[k].note[0]) {
                eb_text_add(t, "; %s", r->rows[i].latency[k].note);
                if (r->curve)
                    eb_text_add(t, " at %d %%", r->rows[i].percent);
                said = 1;
            }
}

// What is invalid does not read as what is just valid.
static const char *percent_of(char *buf, size_t size, double frac)
{
    const double limit = 100 * (1 - EB_LOAD_TOLERANCE);
    eb_fmt_sig(buf, size, 100 * frac, 3);
    return 100 * frac < limit && strtod(buf, NULL) >= limit ? eb_fmt_below(buf, size, 100 * frac, limit) : buf;
}

// In one figure where the trials have the same one, else from the least to the most of them.
static void say_completed(eb_text *t, const eb_load_result *r)
{
    double least = INFINITY, most = -INFINITY;
    char lo[48], hi[48];
    for (int i = 0; i < r->n_levels; i++)
        if (isfinite(r->levels[i].completed_frac)) {
            least = fmin(least, r->levels[i].completed_frac);
            most = fmax(most, r->levels[i].completed_frac);
        }
    percent_of(lo, sizeof lo, least);
    percent_of(hi, sizeof hi, most);
    bool spread = strcmp(lo, hi) != 0;
    eb_text_add(t, "completed %s%s%s %% of the offered load", lo, spread ? " to " : "", spread ? hi : "");
}

char *eb_load_note(const eb_run *run, const eb_load_result *r)
{
    char *name = eb_case_title(run, r->case_index);
    const eb_load_row *only = &r->rows[0];
    eb_text t = { 0 };
    eb_text_add(&t, "%s: ", name);
    free(name);
    if (r->curve)
        say_curve(&t, r);
    else if (only->figures[EB_LOAD_OFFERED].n)
        say_completed(&t, r);
    else
        eb_text_add(&t, "as fast as it goes: no rate was asked for");
    say_schedule(&t, r);
    say_rows(&t, r);
    return t.s;
}

// The highest level that was kept up with.
static const eb_load_row *best_level(const eb_load_result *r)
{
    for (int i = 0; i < r->n_rows; i++)
        if (r->rows[i].percent > 0 && r->rows[i].standing == EB_LOAD_KEEPS)
            return &r->rows[i];
    return NULL;
}

void eb_load_answer(const eb_run *run, const eb_load_result *r, const eb_answer_style *style, FILE *out)
{
    char *name = eb_case_title(run, r->case_index), number[48], tok_s[48];
    const eb_load_row *best = best_level(r);
    fprintf(out, "Load curve of %s", style->strong_open);
    style->put(out, name);
    fprintf(out, "%s: ", style->strong_close);
    free(name);
    if (r->overall_tok_per_j.n)
        fprintf(out, "%s tok/J over ten levels and active idle (%s); ",
                eb_fmt_sig(number, sizeof number, r->overall_tok_per_j.value, 3), eb_grade_name(r->grade));
    if (best)
        fprintf(out, "keeps up with %s requests/s (%s tok/s).",
                eb_fmt_sig(number, sizeof number, best->figures[EB_LOAD_OFFERED].value, 3),
                eb_fmt_sig(tok_s, sizeof tok_s, best->figures[EB_LOAD_TOK_S].value, 3));
    else
        fprintf(out, "kept up with no level.");
}
