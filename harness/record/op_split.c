// SPDX-License-Identifier: Apache-2.0
// Reads: eb_op_split at the end first. Columns are operators of a phase; groups are sets of columns that share a power.
#include "harness/record/op_split.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "harness/record/op_fit.h"

enum {
    COLUMNS = EB_SPLIT_COLUMNS,
    WINDOWS_PER_GROUP = 20,
    MAX_SPAN = 64, // updates in a window
};

static const double least_share = 0.003;   // of the time: less has no power of its own
static const double most_condition = 1000; // beyond it noise is multiplied until nothing is left
static const double vague = 0.5;           // of the mean power: the half-width that a power of its own may have
static const double sum_tolerance = 0.03;

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
static void merge_alike(const eb_op_fit *f, int *group, int *n)
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
static bool merge_vague(const eb_op_fit *f, int *group, int *n)
{
    int worst = 0, partner = -1;
    double lowest = INFINITY;
    for (int g = 1; g < f->k; g++)
        worst = eb_op_fit_halfwidth_w(f, g) > eb_op_fit_halfwidth_w(f, worst) ? g : worst;
    if (eb_op_fit_halfwidth_w(f, worst) <= vague * f->mean_w)
        return false;
    for (int g = 0; g < f->k; g++) {
        double r = f->covariance[worst * f->k + g] / (eb_op_fit_halfwidth_w(f, worst) * eb_op_fit_halfwidth_w(f, g));
        if (g != worst && !(r >= lowest)) {
            lowest = r;
            partner = g;
        }
    }
    merge(group, n, worst, partner);
    return true;
}

// A way to group the columns and to cut the time, and what it comes to.
typedef struct solution {
    int group[COLUMNS], n;
    eb_op_fit *fits; // one per channel
    double variance; // of the powers, weighed by their times
} solution;

// Fits all channels; puts groups together and begins anew while some cannot be told apart. False: no solution.
static bool settle(solution *s, const eb_op_track *tracks, int n_tracks, size_t span)
{
    for (int c = 0; c < n_tracks;) {
        eb_op_fit_start(&s->fits[c], &tracks[c], s->group, s->n, span);
        bool apart = s->fits[c].condition <= most_condition;
        if (s->n == 1 && !apart)
            return false;
        if (!apart)
            merge_alike(&s->fits[c], s->group, &s->n);
        else if (!eb_op_fit_solve(&s->fits[c]))
            return false;
        if (apart && (s->n == 1 || !merge_vague(&s->fits[c], s->group, &s->n)))
            c++;
        else
            c = 0;
    }
    return true;
}

static double variance_of(const solution *s, int n_tracks, const eb_split_op *op)
{
    double time_s[EB_NNLS_MAX] = { 0 }, sum = 0;
    for (int c = 0; c < COLUMNS; c++)
        if (s->group[c] >= 0)
            time_s[s->group[c]] += op[c].time_s;
    for (int t = 0; t < n_tracks; t++)
        for (int g = 0; g < s->n; g++)
            sum += pow(eb_op_fit_halfwidth_w(&s->fits[t], g) * time_s[g], 2);
    return sum;
}

// Short windows have more of the edges' errors in them, long ones less of what tells operators apart: the length that
// tells most of them apart is taken, and of these the one with the narrowest half-widths.
static bool best_solution(const eb_op_track *tracks, int n_tracks, const eb_split_op *op, solution *best)
{
    bool any = false;
    solution s = { .fits = eb_alloc((size_t)n_tracks * sizeof *s.fits + 1) };
    for (size_t span = 1; span <= MAX_SPAN; span *= 2) {
        s.n = first_groups(op, s.group);
        if (!settle(&s, tracks, n_tracks, span))
            continue;
        s.variance = variance_of(&s, n_tracks, op);
        if (any && !(s.n > best->n || (s.n == best->n && s.variance < best->variance)))
            continue;
        eb_op_fit *fits = best->fits;
        *best = s;
        s.fits = fits;
        for (int c = 0; c < n_tracks; c++)
            best->fits[c].group = best->group;
        any = true;
    }
    free(s.fits);
    return any;
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

static void add_powers(eb_split *out, const eb_op_fit *f)
{
    for (int g = 0; g < f->k; g++) {
        eb_split_group *to = &out->groups[g];
        to->w += f->power[g];
        to->j += f->power[g] * to->time_s;
        to->halfwidth_j = hypot(to->halfwidth_j, eb_op_fit_halfwidth_w(f, g) * to->time_s);
    }
    out->residual_frac = fmax(out->residual_frac, f->residual_frac);
    out->condition = fmax(out->condition, f->condition);
}

// Energy that attribution has for the trials' windows; NAN when any is not known.
static double total_energy(const eb_split_trial *trials, int n, double *halfwidth_j, eb_grade *grade)
{
    eb_energy sum = { .grade = EB_GRADE_COUNT };
    for (int t = 0; t < n; t++) {
        eb_energy trial = { .grade = EB_GRADE_COUNT };
        for (int c = 0; c < trials[t].n_traces; c++) {
            eb_energy part = eb_trace_energy(trials[t].traces[c], trials[t].t_start_ns, trials[t].t_end_ns);
            eb_energy_add(&trial, &part);
        }
        eb_energy_join(&sum, &trial);
    }
    *grade = sum.grade == EB_GRADE_COUNT ? EB_GRADE_NONE : sum.grade;
    *halfwidth_j = sum.status == EB_SAMPLE_OK ? sum.halfwidth_j : NAN;
    return sum.status == EB_SAMPLE_OK ? sum.j : NAN;
}

// Of a group with one operator that counts, those that hardly ran become a group beside it that draws the same.
static void part(eb_split *out, int g)
{
    eb_split_group *from = &out->groups[g], to = { .like = -1, .w = from->w };
    double all_s = from->time_s, all_halfwidth_j = from->halfwidth_j;
    for (int c = 0; c < COLUMNS; c++) {
        if (out->op[c].group != g)
            continue;
        if (!little(out->op, c)) {
            to.like = c;
            continue;
        }
        out->op[c].group = out->n_groups;
        to.time_s += out->op[c].time_s;
    }
    if (!(to.time_s > 0))
        return;
    from->time_s = out->op[to.like].time_s;
    from->j = from->w * from->time_s;
    from->halfwidth_j = all_halfwidth_j * from->time_s / all_s;
    to.j = to.w * to.time_s;
    to.halfwidth_j = fmax(all_halfwidth_j * to.time_s / all_s, to.j);
    out->groups[out->n_groups++] = to;
}

static void share_out(eb_split *out)
{
    out->sum_j = 0;
    for (int g = 0; g < out->n_groups; g++)
        out->sum_j += out->groups[g].j;
    for (int g = 0, n = out->n_groups; g < n; g++)
        if (out->groups[g].members == 1)
            part(out, g);
    for (int c = 0; c < COLUMNS; c++) {
        eb_split_op *op = &out->op[c];
        if (op->group < 0 || out->groups[op->group].members != 1)
            continue;
        op->j = out->groups[op->group].j;
        op->halfwidth_j = out->groups[op->group].halfwidth_j;
    }
}

static void name_groups(eb_split *out, const int *group)
{
    for (int g = 0; g < out->n_groups; g++)
        out->groups[g].like = -1;
    for (int c = 0; c < COLUMNS; c++) {
        out->op[c].group = group[c];
        if (group[c] < 0)
            continue;
        out->groups[group[c]].members += !little(out->op, c);
        out->groups[group[c]].time_s += out->op[c].time_s;
    }
}

static void solve_tracks(const eb_op_track *tracks, int n_tracks, eb_split *out)
{
    solution best = { .fits = eb_alloc((size_t)n_tracks * sizeof *best.fits + 1) };
    int ran = first_groups(out->op, best.group);
    bool enough = out->windows >= (size_t)WINDOWS_PER_GROUP * (size_t)ran;
    bool solved = enough && best_solution(tracks, n_tracks, out->op, &best);
    out->n_groups = solved ? best.n : ran;
    name_groups(out, best.group);
    for (int c = 0; c < n_tracks && solved; c++)
        add_powers(out, &best.fits[c]);
    out->span = solved ? (int)best.fits[0].span : 0;
    free(best.fits);
    char few[160];
    snprintf(few, sizeof few, "%zu update%s of the counter %s too few for %d operator%s: at least %d", out->windows,
             eb_s((long long)out->windows), out->windows == 1 ? "is" : "are", ran, eb_s(ran), WINDOWS_PER_GROUP * ran);
    if (!enough)
        refuse(out, few);
    else if (!solved || (ran > 1 && out->n_groups == 1))
        refuse(out, "the operators share every update of the counter in much the same proportion");
    else
        share_out(out);
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
    out->total_j = total_energy(trials, n_trials, &out->total_halfwidth_j, &out->grade);
    const char *why = no_counter(trials, n_trials);
    int n_tracks = n_trials ? trials[0].n_traces : 0;
    eb_op_track *tracks = eb_alloc((size_t)n_tracks * sizeof *tracks + 1);
    for (int c = 0; c < n_tracks && !why; c++) {
        for (int t = 0; t < n_trials; t++)
            eb_op_track_take(&trials[t], trials[t].traces[c], &tracks[c]);
        size_t windows = eb_op_track_windows(&tracks[c]);
        out->windows = windows < out->windows ? windows : out->windows;
    }
    if (out->windows == SIZE_MAX)
        out->windows = 0;
    if (why)
        refuse(out, why);
    else
        solve_tracks(tracks, n_tracks, out);
    check_sum(out);
    for (int c = 0; c < n_tracks; c++)
        eb_op_track_deinit(&tracks[c]);
    free(tracks);
}
