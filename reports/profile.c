// SPDX-License-Identifier: Apache-2.0
// The tables of a profile: one per case, a line per operator and phase; and the words about its joules.
#include "reports/view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "harness/record/profile.h"

enum {
    ENERGY_COLUMNS = 4, // the last ones, where there are joules
    MOST_METRICS = 32,  // columns of metric groups; run.json has all of them
};

static const eb_column columns[] = {
    { .head = "operator", .unit = "", .label = true, .left = true, .shrink = true },
    { .head = "time", .unit = "ms" },
    { .head = "share", .unit = "%" },
    { .head = "GB/s", .unit = "" },
    { .head = "of", .unit = "peak %" },
    { .head = "GFLOP/s", .unit = "" },
    { .head = "of", .unit = "peak %" },
    { .head = "power", .unit = "W" },
    { .head = "energy", .unit = "J" },
    { .head = "", .unit = "±", .glue = true },
    { .head = "", .unit = "%" },
};

static void number(eb_table *t, double value, int digits)
{
    char buf[48];
    eb_table_cell(t, isfinite(value) ? eb_fmt_sig(buf, sizeof buf, value, digits) : "-", EB_MARK_NONE);
}

// A share of one in percent.
static void percent(eb_table *t, double frac)
{
    if (!(frac > 0 && frac < 1e-4)) {
        number(t, 100 * frac, 3);
        return;
    }
    char buf[16];
    eb_table_cell(t, eb_text_percent(buf, sizeof buf, frac), EB_MARK_NONE);
    eb_table_about(t, 100 * frac, NULL, NULL);
}

// What moves no memory or computes nothing that is counted has no rate.
static double rate(double amount, double time_s)
{
    return amount > 0 ? amount / time_s / 1e9 : NAN;
}

// Groups of several operators are lettered in the order in which they show.
static char letter(const eb_profile *p, int group)
{
    char c = 'a';
    for (int i = 0; i < p->n_rows; i++) {
        bool seen = false;
        if (!p->rows[i].shared)
            continue;
        if (p->rows[i].group == group)
            return c;
        for (int k = 0; k < i; k++)
            seen |= p->rows[k].shared && p->rows[k].group == p->rows[i].group;
        c = (char)(c + !seen);
    }
    return c;
}

// The metrics that are known of any operator; returns how many, MOST_METRICS at most.
static int known_metrics(const eb_run *run, const eb_profile *p, int out[MOST_METRICS])
{
    int n = 0;
    for (int m = 0; m < run->header->n_op_metrics && n < MOST_METRICS; m++) {
        bool known = false;
        for (int i = 0; i < p->n_rows && !known; i++)
            known = isfinite(p->rows[i].metrics[m]);
        if (known)
            out[n++] = m;
    }
    return n;
}

static void put_joules(eb_table *t, const eb_profile *p, const eb_profile_row *r);

static void put_row(eb_table *t, const eb_run *run, const eb_profile *p, const eb_profile_row *r)
{
    char text[64];
    eb_table_row(t, r->op == EB_OP_COUNT ? "beside" : eb_phase_name(r->phase));
    if (r->shared)
        snprintf(text, sizeof text, "%s (%c)", eb_profile_op_name(r), letter(p, r->group));
    else
        snprintf(text, sizeof text, "%s", eb_profile_op_name(r));
    eb_table_cell(t, text, EB_MARK_NONE);
    number(t, 1e3 * r->time_s, 3);
    percent(t, r->time_frac);
    number(t, rate(r->bytes, r->time_s), 3);
    percent(t, r->bytes > 0 ? r->bw_frac : NAN);
    number(t, rate(r->flop, r->time_s), 3);
    percent(t, r->flop > 0 ? r->flop_frac : NAN);
    if (!*p->split.refused)
        put_joules(t, p, r);
    int metrics[MOST_METRICS], n = known_metrics(run, p, metrics);
    for (int i = 0; i < n; i++)
        number(t, r->metrics[metrics[i]], 3);
}

static void put_joules(eb_table *t, const eb_profile *p, const eb_profile_row *r)
{
    char text[64];
    double sum_j = p->split.sum_j / p->n_trials;
    number(t, r->shared ? NAN : r->w, 3);
    if (r->shared)
        snprintf(text, sizeof text, "(%c)", letter(p, r->group));
    if (r->shared)
        eb_table_cell(t, text, EB_MARK_NONE);
    else
        number(t, r->j, 3);
    char half[48] = "";
    if (!r->shared && isfinite(r->halfwidth_j))
        snprintf(half, sizeof half, "±%s", eb_fmt_sig(text, sizeof text, r->halfwidth_j, 2));
    eb_table_cell(t, half, EB_MARK_NONE);
    percent(t, r->shared ? NAN : r->j / sum_j);
}

eb_table *eb_profile_table(const eb_run *run, const eb_profile *p)
{
    char *name = eb_case_title(run, p->case_index), *title = eb_format("By operator: %s", name);
    eb_table *t = eb_table_new(title);
    free(title);
    free(name);
    size_t n = sizeof columns / sizeof *columns - (*p->split.refused ? ENERGY_COLUMNS : 0);
    for (size_t i = 0; i < n; i++)
        eb_table_column(t, columns[i]);
    int metrics[MOST_METRICS], n_metrics = known_metrics(run, p, metrics);
    for (int i = 0; i < n_metrics; i++) {
        const eb_op_metric_row *metric = &run->header->op_metrics[metrics[i]];
        eb_table_column(t, (eb_column){ .head = metric->key, .unit = metric->unit });
    }
    for (int i = 0; i < p->n_rows; i++)
        put_row(t, run, p, &p->rows[i]);
    return t;
}

// " (estimate) by the watts of decode scan, too short for their own"; empty for a group that has watts of its own.
static char *like_text(const eb_profile *p, int g)
{
    const int column = p->split.groups[g].like;
    for (int i = 0; i < p->n_rows && column >= 0; i++) {
        const eb_profile_row *r = &p->rows[i];
        bool outside = r->op == EB_OP_COUNT;
        if (column == (outside ? EB_SPLIT_OUTSIDE : eb_split_column(r->phase, (eb_op)r->op)))
            return eb_format(" (%s) by the watts of %s%s%s, too short for their own", eb_grade_name(EB_GRADE_ESTIMATE),
                             outside ? "" : eb_phase_name(r->phase), outside ? "" : " ", eb_profile_op_name(r));
    }
    return eb_strdup("");
}

// Operators that have joules together: "(a) decode qkv + decode rope: 1.2 J ±0.3".
static char *groups_text(const eb_profile *p, char *text)
{
    for (int g = 0; g < p->split.n_groups; g++) {
        char *members = eb_strdup("");
        const eb_profile_row *any = NULL;
        for (int i = 0; i < p->n_rows; i++) {
            const eb_profile_row *r = &p->rows[i];
            if (!r->shared || r->group != g)
                continue;
            char *more = eb_format("%s%s%s %s", members, any ? " + " : "",
                                   r->op == EB_OP_COUNT ? "" : eb_phase_name(r->phase), eb_profile_op_name(r));
            free(members);
            members = more;
            any = r;
        }
        if (any) {
            char j[32], half[32], *like = like_text(p, g);
            char *more =
                eb_format("%s; (%c)%s%s: %s J ±%s%s", text, letter(p, g), *members == ' ' ? "" : " ", members,
                          eb_fmt_sig(j, sizeof j, any->j, 3), eb_fmt_sig(half, sizeof half, any->halfwidth_j, 2), like);
            free(like);
            free(text);
            text = more;
        }
        free(members);
    }
    return text;
}

// Events that did not always have a counter of their own.
static char *shared_text(const eb_profile *p, char *text)
{
    int n = 0;
    for (int e = 0; e < p->n_events; e++) {
        if (!(p->running_frac[e] < 0.995))
            continue;
        char percent[32];
        char *more = eb_format("%s%s%s (%s %%)", text,
                               n++ ? ", "
                                   : "; events that shared a counter, scaled up, with the part of the time that they "
                                     "had it: ",
                               p->events[e], eb_fmt_sig(percent, sizeof percent, 100 * p->running_frac[e], 2));
        free(text);
        text = more;
    }
    return text;
}

char *eb_profile_note(const eb_run *run, const eb_profile *p)
{
    const eb_split *s = &p->split;
    if (*s->refused)
        return shared_text(p, eb_format("joules are not split by operator: %s", s->refused));
    const eb_provenance *from = &run->cases[p->case_index].energy;
    char residual[32], condition[32], sum[32], total[32], off[32], half[32];
    char *text = eb_format(
        "joules (grade %s, of %s, source %s, coverage %s) by non-negative least squares over %zu update%s of the "
        "counter in windows of %d; residual "
        "%s %%, condition number %s; the operators' sum is %s J of %s J ±%s measured (%s %%)",
        eb_grade_name(s->grade), from->domains, from->source, from->coverage, s->windows, eb_s((long long)s->windows),
        s->span, eb_fmt_sig(residual, sizeof residual, 100 * s->residual_frac, 2),
        eb_fmt_sig(condition, sizeof condition, s->condition, 2),
        eb_fmt_sig(sum, sizeof sum, s->sum_j / p->n_trials, 4),
        eb_fmt_sig(total, sizeof total, s->total_j / p->n_trials, 4),
        eb_fmt_sig(half, sizeof half, s->total_halfwidth_j / p->n_trials, 2),
        eb_fmt_sig(off, sizeof off, 100 * (s->sum_j / s->total_j - 1), 2));
    return shared_text(p, groups_text(p, text));
}
