// SPDX-License-Identifier: Apache-2.0
// A walk along spans and edges. Where an edge lies in its bracket is not known: the times are means over it.
#include "harness/record/op_track.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"

enum { COLUMNS = EB_SPLIT_COLUMNS, MAX_EDGES = 1 << 18 };

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

static void add_edge(eb_op_track *to, const double *time_ns, double j)
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

void eb_op_track_take(const eb_split_trial *trial, const eb_trace *trace, eb_op_track *to)
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

size_t eb_op_track_windows(const eb_op_track *t)
{
    size_t n = 0;
    for (size_t i = 1; i < t->n; i++)
        n += t->run[i] == t->run[i - 1];
    return n;
}

void eb_op_track_deinit(eb_op_track *t)
{
    free(t->time_s);
    free(t->j);
    free(t->run);
    *t = (eb_op_track){ 0 };
}
