// SPDX-License-Identifier: Apache-2.0
// Reads: eb_op_split at the end first. Columns are operators of a phase; groups are sets of columns that share a power.
#include "harness/record/op_split.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/record/nnls.h"

enum {
    COLUMNS = EB_SPLIT_COLUMNS,
    MAX_EDGES = 1 << 18,
    WINDOWS_PER_GROUP = 20,
    BLOCKS = 40,       // stretches of windows that are taken to be independent of each other
    LEAST_BLOCKS = 10, // for a half-width
    MAX_SPAN = 64,     // updates in a window
};

static const double least_share = 0.003;   // of the time: less has no power of its own
static const double most_condition = 1000; // beyond it noise is multiplied until nothing is left
static const double vague = 0.5;           // of the mean power: the half-width that a power of its own may have
static const double sum_tolerance = 0.03;

// One channel over all trials: at each of its edges, the time of every column so far and the energy so far.
typedef struct track {
    double *time_s; // [n][COLUMNS]
    double *j;      // [n]
    int *run;       // [n] edges of different runs have nothing to do with each other
    size_t n, cap;
    int runs;
} track;

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
    w->end = fmax(from + s->length_ns, w->begin); // spans that overlap lose what is not theirs alone
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

static void add_edge(track *to, const double *time_ns, double j)
{
    if (to->n == MAX_EDGES)
        return;
    if (to->n == to->cap) {
        to->cap = to->cap ? 2 * to->cap : 1024;
        to->time_s = eb_realloc(to->time_s, to->cap, COLUMNS * sizeof *to->time_s);
        to->j = eb_realloc(to->j, to->cap, sizeof *to->j);
        to->run = eb_realloc(to->run, to->cap, sizeof *to->run);
    }
    for (int c = 0; c < COLUMNS; c++)
        to->time_s[to->n * COLUMNS + (size_t)c] = time_ns[c] / 1e9;
    to->run[to->n] = to->runs;
    to->j[to->n++] = j;
}

static void take_edges(const eb_split_trial *trial, const eb_trace *trace, track *to)
{
    double time_ns[COLUMNS];
    walk w;
    start_walk(&w, trial, trace);
    to->runs++;
    for (size_t i = 0; i < eb_trace_edges(trace); i++) {
        eb_edge e = eb_trace_edge(trace, i);
        to->runs += e.fresh;
        if (e.fresh || !inside(trial, trace, &e))
            continue;
        mean_time(&w, e.t_ns - e.width_ns / 2, e.t_ns + e.width_ns / 2, time_ns);
        add_edge(to, time_ns, e.j);
    }
}

static size_t count_windows(const track *t)
{
    size_t n = 0;
    for (size_t i = 1; i < t->n; i++)
        n += t->run[i] == t->run[i - 1];
    return n;
}

// ---- the fit ----------------------------------------------------------------------------------------------

// One channel's windows of `span` updates each over groups of columns; a window begins at every edge. Columns are
// scaled to unit length.
typedef struct fit {
    const track *t;
    const int *group; // [COLUMNS], -1 = none
    int k;
    size_t span;
    double gram[EB_NNLS_MAX * EB_NNLS_MAX], rhs[EB_NNLS_MAX], length[EB_NNLS_MAX], power[EB_NNLS_MAX];
    double covariance[EB_NNLS_MAX * EB_NNLS_MAX];
    double residual_frac, condition, mean_w;
} fit;

// The window that begins at edge i: its groups' times to x, its energy; false where the run ends before.
static bool window(const fit *f, size_t i, double *x, double *j)
{
    const track *t = f->t;
    size_t end = i + f->span;
    if (end >= t->n || t->run[end] != t->run[i])
        return false;
    memset(x, 0, (size_t)f->k * sizeof *x);
    for (int c = 0; c < COLUMNS; c++)
        if (f->group[c] >= 0)
            x[f->group[c]] += t->time_s[end * COLUMNS + (size_t)c] - t->time_s[i * COLUMNS + (size_t)c];
    *j = t->j[end] - t->j[i];
    return true;
}

static void start_fit(fit *f, const track *t, const int *group, int k, size_t span)
{
    double x[EB_NNLS_MAX], j, energy = 0, time_s = 0;
    *f = (fit){ .t = t, .group = group, .k = k, .span = span };
    for (size_t i = 0; i < t->n; i++) {
        if (!window(f, i, x, &j))
            continue;
        energy += j;
        for (int a = 0; a < k; a++) {
            time_s += x[a];
            for (int b = 0; b <= a; b++)
                f->gram[a * k + b] += x[a] * x[b];
            f->rhs[a] += x[a] * j;
        }
    }
    f->mean_w = time_s > 0 ? energy / time_s : 0;
    for (int a = 0; a < k; a++)
        f->length[a] = f->gram[a * k + a] > 0 ? sqrt(f->gram[a * k + a]) : 1;
    for (int a = 0; a < k; a++) {
        for (int b = 0; b <= a; b++)
            f->gram[b * k + a] = f->gram[a * k + b] /= f->length[a] * f->length[b];
        f->rhs[a] /= f->length[a];
    }
    f->condition = sqrt(eb_spd_condition(f->gram, k)); // of the times themselves, not of their products
}

// Sum over blocks of (sum of x r)(sum of x r)': what the residuals of a block have in common counts, however it comes
// about, since neighbours share edges, and edges their errors. (Sandwich with clusters, Liang and Zeger 1986.)
static int residual_products(fit *f, double *meat)
{
    const int k = f->k;
    double x[EB_NNLS_MAX], score[EB_NNLS_MAX] = { 0 }, squares = 0, energy = 0, j;
    size_t per_block = f->t->n / BLOCKS + 1, in_block = 0;
    int blocks = 0;
    if (per_block < 4 * f->span)
        per_block = 4 * f->span;
    for (size_t i = 0; i < f->t->n; i++) {
        if (window(f, i, x, &j)) {
            double r = j;
            for (int a = 0; a < k; a++)
                r -= x[a] * f->power[a];
            for (int a = 0; a < k; a++)
                score[a] += x[a] * r / f->length[a];
            squares += r * r;
            energy += j * j;
        }
        if (++in_block < per_block && i + 1 < f->t->n)
            continue;
        for (int a = 0; a < k; a++)
            for (int b = 0; b < k; b++)
                meat[a * k + b] += score[a] * score[b];
        memset(score, 0, sizeof score);
        blocks += in_block == per_block;
        in_block = 0;
    }
    f->residual_frac = energy > 0 ? sqrt(squares / energy) : NAN;
    return blocks;
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
    int blocks = residual_products(f, meat);
    if (blocks < LEAST_BLOCKS || blocks <= k / 2)
        return false;
    multiply(bread, meat, k, half);
    multiply(half, bread, k, f->covariance);
    double few = (double)blocks / (blocks - 1);
    for (int a = 0; a < k; a++)
        for (int b = 0; b < k; b++)
            f->covariance[a * k + b] *= few / (f->length[a] * f->length[b]);
    return true;
}

// Half-width of a group's power, 95 %: Student's t for the blocks' number (its expansion to 1 / n).
static double halfwidth_w(const fit *f, int g)
{
    static const double z = 1.959963984540054;
    return z * (1 + (1 + z * z) / (4 * (BLOCKS - 1))) * sqrt(fmax(f->covariance[g * f->k + g], 0));
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
    double lowest = INFINITY;
    for (int g = 1; g < f->k; g++)
        worst = halfwidth_w(f, g) > halfwidth_w(f, worst) ? g : worst;
    if (halfwidth_w(f, worst) <= vague * f->mean_w)
        return false;
    for (int g = 0; g < f->k; g++) {
        double r = f->covariance[worst * f->k + g] / (halfwidth_w(f, worst) * halfwidth_w(f, g));
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
    fit *fits;       // one per channel
    double variance; // of the powers, weighed by their times
} solution;

// Fits all channels; puts groups together and begins anew while some cannot be told apart. False: no solution.
static bool settle(solution *s, const track *tracks, int n_tracks, size_t span)
{
    for (int c = 0; c < n_tracks;) {
        start_fit(&s->fits[c], &tracks[c], s->group, s->n, span);
        bool apart = s->fits[c].condition <= most_condition;
        if (s->n == 1 && !apart)
            return false;
        if (!apart)
            merge_alike(&s->fits[c], s->group, &s->n);
        else if (!solve_fit(&s->fits[c]))
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
            sum += pow(halfwidth_w(&s->fits[t], g) * time_s[g], 2);
    return sum;
}

// Short windows have more of the edges' errors in them, long ones less of what tells operators apart: the length that
// tells most of them apart is taken, and of these the one with the narrowest half-widths.
static bool best_solution(const track *tracks, int n_tracks, const eb_split_op *op, solution *best)
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
        fit *fits = best->fits;
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

static void add_powers(eb_split *out, const fit *f)
{
    for (int g = 0; g < f->k; g++) {
        eb_split_group *to = &out->groups[g];
        to->w += f->power[g];
        to->j += f->power[g] * to->time_s;
        to->halfwidth_j = hypot(to->halfwidth_j, halfwidth_w(f, g) * to->time_s);
    }
    out->residual_frac = fmax(out->residual_frac, f->residual_frac);
    out->condition = fmax(out->condition, f->condition);
}

// Energy that attribution has for the trials' windows; NAN when any is not known.
static double total_energy(const eb_split_trial *trials, int n, double *halfwidth_j, eb_grade *grade)
{
    eb_energy sum = { .grade = EB_GRADE_COUNT };
    for (int t = 0; t < n; t++)
        for (int c = 0; c < trials[t].n_traces; c++) {
            eb_energy part = eb_trace_energy(trials[t].traces[c], trials[t].t_start_ns, trials[t].t_end_ns);
            eb_energy_add(&sum, &part);
        }
    *grade = sum.grade == EB_GRADE_COUNT ? EB_GRADE_NONE : sum.grade;
    *halfwidth_j = sum.status == EB_SAMPLE_OK ? sum.halfwidth_j : NAN;
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

static void solve_tracks(const track *tracks, int n_tracks, eb_split *out)
{
    solution best = { .fits = eb_alloc((size_t)n_tracks * sizeof *best.fits + 1) };
    int ran = first_groups(out->op, best.group);
    bool enough = out->windows >= (size_t)(WINDOWS_PER_GROUP * ran);
    bool solved = enough && best_solution(tracks, n_tracks, out->op, &best);
    out->n_groups = solved ? best.n : ran;
    name_groups(out, best.group);
    for (int c = 0; c < n_tracks && solved; c++)
        add_powers(out, &best.fits[c]);
    out->span = solved ? (int)best.fits[0].span : 0;
    free(best.fits);
    char few[160];
    snprintf(few, sizeof few, "%zu updates of the counter are too few for %d operators: at least %d", out->windows, ran,
             WINDOWS_PER_GROUP * ran);
    if (!enough)
        refuse(out, few);
    else if (!solved || (ran > 1 && out->n_groups == 1))
        refuse(out, "the operators share every update of the counter in much the same proportion");
    else
        share_out(out, best.group);
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
    track *tracks = eb_alloc((size_t)n_tracks * sizeof *tracks + 1);
    for (int c = 0; c < n_tracks && !why; c++) {
        for (int t = 0; t < n_trials; t++)
            take_edges(&trials[t], trials[t].traces[c], &tracks[c]);
        size_t windows = count_windows(&tracks[c]);
        out->windows = windows < out->windows ? windows : out->windows;
    }
    if (out->windows == SIZE_MAX)
        out->windows = 0;
    if (why)
        refuse(out, why);
    else
        solve_tracks(tracks, n_tracks, out);
    check_sum(out);
    for (int c = 0; c < n_tracks; c++) {
        free(tracks[c].time_s);
        free(tracks[c].j);
        free(tracks[c].run);
    }
    free(tracks);
}
