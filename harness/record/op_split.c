// SPDX-License-Identifier: Apache-2.0
// Reads: eb_op_split at the end first. Columns are operators of a phase; groups are sets of columns that share a power.
#include "harness/record/op_split.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/record/nnls.h"

enum { MAX_WINDOWS = 1 << 18, WINDOWS_PER_GROUP = 20, COLUMNS = EB_SPLIT_COLUMNS };

static const double least_share = 0.003;   // of the time: less has no power of its own
static const double most_condition = 1000; // beyond it noise is multiplied until nothing is left
static const double vague = 0.5;           // of the mean power: the half-width that a power of its own may have
static const double sum_tolerance = 0.03;
static const double z95 = 1.959963984540054;

// The windows of one channel over all trials.
typedef struct windows {
    double *x; // [n][COLUMNS] seconds
    double *j; // [n]
    size_t n, cap;
    double *gram, *rhs; // x'x [COLUMNS][COLUMNS], x'j [COLUMNS]
} windows;

// ---- windows --------------------------------------------------------------------------------------------

// A walk along the time of one trial, cut into pieces of one column each: spans and the gaps between them.
typedef struct walk {
    const eb_split_trial *trial;
    double origin_ns;  // of the trace, in the trial's clock
    size_t next;       // span that comes next
    double begin, end; // the piece, in the trace's time
    int column;
    double done[COLUMNS]; // ns of each column before `begin`
} walk;

static double place(const walk *w, int64_t t_ns)
{
    return (double)(t_ns - w->trial->t_start_ns) + w->origin_ns;
}

static void next_piece(walk *w)
{
    const eb_split_trial *t = w->trial;
    w->begin = w->end;
    if (w->next >= t->n_spans) {
        w->end = INFINITY;
        w->column = EB_SPLIT_OUTSIDE;
        return;
    }
    const eb_span *s = &t->spans[w->next];
    double from = place(w, s->t_start_ns);
    if (from > w->begin) {
        w->end = from;
        w->column = EB_SPLIT_OUTSIDE;
        return;
    }
    w->end = from + s->length_ns;
    w->column = eb_split_column((eb_phase)s->phase, (eb_op)s->op);
    w->next++;
}

static void start_walk(walk *w, const eb_split_trial *trial, const eb_trace *trace)
{
    *w = (walk){ .trial = trial, .origin_ns = (double)(trial->t_start_ns - eb_trace_origin(trace)) };
    w->begin = w->end = w->origin_ns;
    next_piece(w);
}

// Time of each column before a moment that lies anywhere in [from, to], on average. Calls come in order of `from`.
static void mean_time(walk *w, double from, double to, double *out)
{
    while (w->end <= from) {
        w->done[w->column] += w->end - w->begin;
        next_piece(w);
    }
    memcpy(out, w->done, sizeof w->done);
    // Pieces that end before the bracket count whole; those inside by how much of the bracket lies behind them.
    walk ahead = *w;
    while (ahead.begin < to) {
        double p0 = fmax(ahead.begin, from), p1 = fmin(ahead.end, to), length = p1 - p0;
        out[ahead.column] += p0 - ahead.begin;
        if (to > from)
            out[ahead.column] += (length * length / 2 + length * (to - p1)) / (to - from);
        next_piece(&ahead);
    }
}

static bool inside(const eb_split_trial *t, const eb_trace *trace, const eb_edge *e)
{
    double from = (double)(t->t_start_ns - eb_trace_origin(trace)), to = (double)(t->t_end_ns - eb_trace_origin(trace));
    return e->t_ns - e->width_ns / 2 >= from && e->t_ns + e->width_ns / 2 <= to;
}

static void add_window(windows *to, const double *before, const double *after, double j)
{
    if (to->n == MAX_WINDOWS)
        return;
    if (to->n == to->cap) {
        to->cap = to->cap ? 2 * to->cap : 1024;
        to->x = eb_realloc(to->x, to->cap, COLUMNS * sizeof *to->x);
        to->j = eb_realloc(to->j, to->cap, sizeof *to->j);
    }
    double *x = to->x + to->n * COLUMNS;
    for (int c = 0; c < COLUMNS; c++)
        x[c] = (after[c] - before[c]) / 1e9;
    to->j[to->n++] = j;
}

static void take_windows(const eb_split_trial *trial, const eb_trace *trace, windows *to)
{
    double times[2][COLUMNS];
    int side = 0;
    bool have = false;
    eb_edge last = { 0 };
    walk w;
    start_walk(&w, trial, trace);
    for (size_t i = 0; i < eb_trace_edges(trace); i++) {
        eb_edge e = eb_trace_edge(trace, i);
        if (e.fresh || !inside(trial, trace, &e)) {
            have = false;
            continue;
        }
        mean_time(&w, e.t_ns - e.width_ns / 2, e.t_ns + e.width_ns / 2, times[side]);
        if (have)
            add_window(to, times[!side], times[side], e.j - last.j);
        have = true;
        last = e;
        side = !side;
    }
}

// ---- the fit ----------------------------------------------------------------------------------------------

// One channel's windows over groups of columns; columns scaled to unit length.
typedef struct fit {
    const windows *w;
    const int *group; // [COLUMNS], -1 = none
    int k;
    double gram[EB_NNLS_MAX * EB_NNLS_MAX], rhs[EB_NNLS_MAX], length[EB_NNLS_MAX], power[EB_NNLS_MAX];
    double covariance[EB_NNLS_MAX * EB_NNLS_MAX];
    double residual_frac, condition;
} fit;

static void sum_products(windows *w)
{
    w->gram = eb_alloc(COLUMNS * COLUMNS * sizeof *w->gram);
    w->rhs = eb_alloc(COLUMNS * sizeof *w->rhs);
    for (size_t i = 0; i < w->n; i++) {
        const double *x = w->x + i * COLUMNS;
        for (int a = 0; a < COLUMNS; a++) {
            if (x[a] == 0)
                continue;
            for (int b = 0; b < COLUMNS; b++)
                w->gram[a * COLUMNS + b] += x[a] * x[b];
            w->rhs[a] += x[a] * w->j[i];
        }
    }
}

static void start_fit(fit *f, const windows *w, const int *group, int k)
{
    *f = (fit){ .w = w, .group = group, .k = k };
    for (int a = 0; a < COLUMNS; a++) {
        for (int b = 0; b < COLUMNS && group[a] >= 0; b++)
            if (group[b] >= 0)
                f->gram[group[a] * k + group[b]] += w->gram[a * COLUMNS + b];
        if (group[a] >= 0)
            f->rhs[group[a]] += w->rhs[a];
    }
    for (int a = 0; a < k; a++)
        f->length[a] = f->gram[a * k + a] > 0 ? sqrt(f->gram[a * k + a]) : 1;
    for (int a = 0; a < k; a++) {
        for (int b = 0; b < k; b++)
            f->gram[a * k + b] /= f->length[a] * f->length[b];
        f->rhs[a] /= f->length[a];
    }
    f->condition = sqrt(eb_spd_condition(f->gram, k)); // of the times themselves, not of their products
}

static void row_of(const fit *f, size_t i, double *x)
{
    memset(x, 0, (size_t)f->k * sizeof *x);
    for (int c = 0; c < COLUMNS; c++)
        if (f->group[c] >= 0)
            x[f->group[c]] += f->w->x[i * COLUMNS + (size_t)c];
}

// Sum over windows of x x' r r, with what neighbours have in common: they share an edge, so what one has too much the
// other has too little. (Sandwich of White 1980, with one lag as in Newey and West 1987, of weight 1 because it ends
// there.)
static void residual_products(fit *f, double *meat)
{
    const int k = f->k;
    double rows[2][EB_NNLS_MAX], squares = 0, energy = 0, last = 0;
    for (size_t i = 0; i < f->w->n; i++) {
        double *x = rows[i & 1], *before = rows[!(i & 1)], r = f->w->j[i];
        row_of(f, i, x);
        for (int a = 0; a < k; a++)
            r -= x[a] * f->power[a];
        squares += r * r;
        energy += f->w->j[i] * f->w->j[i];
        for (int a = 0; a < k; a++)
            for (int b = 0; b < k; b++)
                meat[a * k + b] += x[a] * x[b] * r * r + (i ? (x[a] * before[b] + before[a] * x[b]) * r * last : 0);
        last = r;
    }
    for (int a = 0; a < k; a++)
        for (int b = 0; b < k; b++)
            meat[a * k + b] /= f->length[a] * f->length[b];
    f->residual_frac = energy > 0 ? sqrt(squares / energy) : NAN;
}

static void multiply(const double *a, const double *b, int k, double *out)
{
    for (int i = 0; i < k; i++)
        for (int j = 0; j < k; j++) {
            out[i * k + j] = 0;
            for (int c = 0; c < k; c++)
                out[i * k + j] += a[i * k + c] * b[c * k + j];
        }
}

static bool solve_fit(fit *f)
{
    const int k = f->k;
    double meat[EB_NNLS_MAX * EB_NNLS_MAX] = { 0 }, bread[EB_NNLS_MAX * EB_NNLS_MAX], half[EB_NNLS_MAX * EB_NNLS_MAX];
    if (!eb_nnls(f->gram, f->rhs, k, f->power) || !eb_spd_inverse(f->gram, k, bread))
        return false;
    for (int a = 0; a < k; a++)
        f->power[a] /= f->length[a];
    residual_products(f, meat);
    multiply(bread, meat, k, half);
    multiply(half, bread, k, f->covariance);
    for (int a = 0; a < k; a++)
        for (int b = 0; b < k; b++)
            f->covariance[a * k + b] /= f->length[a] * f->length[b];
    return true;
}

static double sd_of(const fit *f, int g)
{
    return sqrt(fmax(f->covariance[g * f->k + g], 0));
}

// ---- groups -----------------------------------------------------------------------------------------------

static void merge(int *group, int *n, int a, int b)
{
    int into = a < b ? a : b, from = a < b ? b : a;
    for (int c = 0; c < COLUMNS; c++) {
        if (group[c] == from)
            group[c] = into;
        else if (group[c] > from)
            group[c]--;
    }
    --*n;
}

static bool little(const eb_split_op *op, int c)
{
    double total = 0;
    for (int i = 0; i < COLUMNS; i++)
        total += op[i].time_s;
    return op[c].time_s < least_share * total;
}

// Columns that ran get a group each. Those that hardly ran share one; if that is little as well, it is taken to draw
// what the longest of the others does, which is wrong by a share of that share.
static int first_groups(const eb_split_op *op, int *group)
{
    int n = 0, longest = -1;
    double little_s = 0, total = 0;
    for (int c = 0; c < COLUMNS; c++) {
        bool small = little(op, c);
        group[c] = op[c].time_s <= 0 || small ? -1 : n++;
        longest = longest < 0 || op[c].time_s > op[longest].time_s ? c : longest;
        little_s += small ? op[c].time_s : 0;
        total += op[c].time_s;
    }
    int rest = little_s >= least_share * total ? n++ : group[longest];
    for (int c = 0; c < COLUMNS; c++)
        if (group[c] < 0 && op[c].time_s > 0)
            group[c] = rest;
    return n;
}

// Times that cancel: the two that weigh most in it, one on each side.
static void merge_alike(const fit *f, int *group, int *n)
{
    double v[EB_NNLS_MAX] = { 0 };
    int most = 0, least = 0;
    eb_spd_least(f->gram, f->k, v);
    for (int i = 1; i < f->k; i++) {
        most = v[i] > v[most] ? i : most;
        least = v[i] < v[least] ? i : least;
    }
    merge(group, n, most, most == least ? (most + 1) % f->k : least);
}

// A power that is known to a half of the mean at best is put together with what it is taken for.
static bool merge_vague(const fit *f, int *group, int *n)
{
    int worst = 0, partner = -1;
    double time_s = 0, j = 0, lowest = INFINITY;
    for (size_t i = 0; i < f->w->n; i++)
        j += f->w->j[i];
    for (size_t i = 0; i < f->w->n * COLUMNS; i++)
        time_s += f->w->x[i];
    for (int g = 1; g < f->k; g++)
        worst = sd_of(f, g) > sd_of(f, worst) ? g : worst;
    if (z95 * sd_of(f, worst) <= vague * j / time_s)
        return false;
    for (int g = 0; g < f->k; g++) {
        double r = f->covariance[worst * f->k + g] / (sd_of(f, worst) * sd_of(f, g));
        if (g != worst && !(r >= lowest)) {
            lowest = r;
            partner = g;
        }
    }
    merge(group, n, worst, partner);
    return true;
}

// Fits all channels; puts groups together and begins anew while one of them cannot be told apart. False: no solution.
static bool settle(fit *fits, const windows *channels, int n_channels, int *group, int *n)
{
    for (int c = 0; c < n_channels;) {
        start_fit(&fits[c], &channels[c], group, *n);
        bool apart = fits[c].condition <= most_condition;
        if (*n == 1 && !apart)
            return false;
        if (!apart)
            merge_alike(&fits[c], group, n);
        else if (!solve_fit(&fits[c]))
            return false;
        if (apart && (*n == 1 || !merge_vague(&fits[c], group, n)))
            c++;
        else
            c = 0;
    }
    return true;
}

// ---- all of it ----------------------------------------------------------------------------------------------

static void refuse(eb_split *out, const char *why)
{
    snprintf(out->refused, sizeof out->refused, "%s", why);
    for (int c = 0; c < COLUMNS; c++)
        out->op[c].j = out->op[c].halfwidth_j = NAN;
    for (int g = 0; g < out->n_groups; g++)
        out->groups[g].j = out->groups[g].halfwidth_j = out->groups[g].w = NAN;
    out->sum_j = NAN;
}

static void take_times(const eb_split_trial *trials, int n, eb_split *out)
{
    for (int t = 0; t < n; t++) {
        double spans_s = 0;
        for (size_t i = 0; i < trials[t].n_spans; i++) {
            const eb_span *s = &trials[t].spans[i];
            out->op[eb_split_column((eb_phase)s->phase, (eb_op)s->op)].time_s += s->length_ns / 1e9;
            spans_s += s->length_ns / 1e9;
        }
        double window_s = (double)(trials[t].t_end_ns - trials[t].t_start_ns) / 1e9;
        out->op[EB_SPLIT_OUTSIDE].time_s += fmax(window_s - spans_s, 0);
    }
}

static void add_powers(eb_split *out, const fit *f)
{
    for (int g = 0; g < f->k; g++) {
        eb_split_group *to = &out->groups[g];
        to->w += f->power[g];
        to->j += f->power[g] * to->time_s;
        to->halfwidth_j = hypot(to->halfwidth_j, z95 * sd_of(f, g) * to->time_s);
    }
    out->residual_frac = fmax(out->residual_frac, f->residual_frac);
    out->condition = fmax(out->condition, f->condition);
}

// Energy that attribution has for the trials' windows; NAN when any is not known.
static double total_energy(const eb_split_trial *trials, int n, eb_grade *grade)
{
    eb_energy sum = { .grade = EB_GRADE_COUNT };
    for (int t = 0; t < n; t++)
        for (int c = 0; c < trials[t].n_traces; c++) {
            eb_energy part = eb_trace_energy(trials[t].traces[c], trials[t].t_start_ns, trials[t].t_end_ns);
            eb_energy_add(&sum, &part);
        }
    *grade = sum.grade == EB_GRADE_COUNT ? EB_GRADE_NONE : sum.grade;
    return sum.status == EB_SAMPLE_OK ? sum.j : NAN;
}

static void share_out(eb_split *out, const int *group)
{
    out->sum_j = 0;
    for (int g = 0; g < out->n_groups; g++)
        out->sum_j += out->groups[g].j;
    for (int c = 0; c < COLUMNS; c++) {
        if (group[c] < 0)
            continue;
        const eb_split_group *g = &out->groups[group[c]];
        if (g->members == 1 && !little(out->op, c)) {
            out->op[c].j = g->w * out->op[c].time_s;
            out->op[c].halfwidth_j = g->halfwidth_j * out->op[c].time_s / g->time_s;
        }
    }
}

static void name_groups(eb_split *out, const int *group)
{
    for (int c = 0; c < COLUMNS; c++) {
        out->op[c].group = group[c];
        if (group[c] < 0)
            continue;
        out->groups[group[c]].members += !little(out->op, c);
        out->groups[group[c]].time_s += out->op[c].time_s;
    }
}

static void solve_channels(windows *channels, int n_channels, eb_split *out)
{
    int group[COLUMNS];
    int ran = first_groups(out->op, group);
    fit *fits = eb_alloc((size_t)n_channels * sizeof *fits);
    out->n_groups = ran;
    for (int c = 0; c < n_channels; c++)
        sum_products(&channels[c]);
    bool enough = out->windows >= (size_t)(WINDOWS_PER_GROUP * ran);
    bool solved = enough && settle(fits, channels, n_channels, group, &out->n_groups);
    name_groups(out, group);
    for (int c = 0; c < n_channels && solved; c++)
        add_powers(out, &fits[c]);
    free(fits);
    char few[160];
    snprintf(few, sizeof few, "%zu updates of the counter are too few for %d operators: at least %d", out->windows, ran,
             WINDOWS_PER_GROUP * ran);
    if (!enough)
        refuse(out, few);
    else if (!solved || (ran > 1 && out->n_groups == 1))
        refuse(out, "the operators share every update of the counter in much the same proportion");
    else
        share_out(out, group);
}

static void check_sum(eb_split *out)
{
    double off = out->sum_j / out->total_j - 1;
    char why[160];
    if (*out->refused)
        return;
    if (isnan(off) || isinf(off))
        snprintf(why, sizeof why, "the energy of the windows is not known");
    else if (fabs(off) > sum_tolerance)
        snprintf(why, sizeof why, "the operators' sum misses the measured energy by %+.1f %% (at most 3 %%)",
                 100 * off);
    else
        return;
    refuse(out, why);
}

static const char *no_counter(const eb_split_trial *trials, int n)
{
    bool any = false, gauge = false;
    for (int t = 0; t < n; t++)
        for (int c = 0; c < trials[t].n_traces; c++) {
            any = true;
            gauge |= eb_trace_edges(trials[t].traces[c]) == 0;
        }
    return !any ? "nothing measures the energy" : gauge ? "the energy is not counted but sampled or stated" : NULL;
}

void eb_op_split(const eb_split_trial *trials, int n_trials, eb_split *out)
{
    *out = (eb_split){ .sum_j = NAN, .windows = SIZE_MAX };
    for (int c = 0; c < COLUMNS; c++)
        out->op[c] = (eb_split_op){ .j = NAN, .halfwidth_j = NAN, .group = -1 };
    take_times(trials, n_trials, out);
    out->total_j = total_energy(trials, n_trials, &out->grade);
    const char *why = no_counter(trials, n_trials);
    int n_channels = n_trials ? trials[0].n_traces : 0;
    windows *channels = eb_alloc((size_t)n_channels * sizeof *channels + 1);
    for (int c = 0; c < n_channels && !why; c++) {
        for (int t = 0; t < n_trials; t++)
            take_windows(&trials[t], trials[t].traces[c], &channels[c]);
        out->windows = channels[c].n < out->windows ? channels[c].n : out->windows;
    }
    if (out->windows == SIZE_MAX)
        out->windows = 0;
    if (why)
        refuse(out, why);
    else
        solve_channels(channels, n_channels, out);
    check_sum(out);
    for (int c = 0; c < n_channels; c++) {
        free(channels[c].x);
        free(channels[c].j);
        free(channels[c].gram);
        free(channels[c].rhs);
    }
    free(channels);
}
