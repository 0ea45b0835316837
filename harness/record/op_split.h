// SPDX-License-Identifier: Apache-2.0
// Joules of each operator from the times at which it ran and the counters' updates. Between two updates of a counter
//   E = sum over operators of power x time in between,
// thousands of such windows are solved for the powers, which cannot be negative (nnls.h), for each counted channel.
//
// When an update happened is known to a bracket only. Its place in there is as likely anywhere, so the time of an
// operator in a window is taken as its mean over the brackets at both ends: the energy is then linear in these times
// without bias, and what is left of the brackets is noise, which the half-widths hold (from the residuals of stretches
// of windows, so that what neighbours have in common counts). Windows are as many updates long as serve best.
//
// Operators that run too shortly for a power of their own, and those that share every window in the same proportion,
// are put together: the group has joules, its members have none. What is too short even together is taken to draw what
// one other operator does, and is a group beside it whose joules may be off by all of them; the sum over operators and
// groups is the energy, each joule once. Refused as a whole, with the reason: when the sum over the operators misses a
// phase's energy by more than 3 %, when too few windows are there, when nothing can be told apart. Threads: pure.
// Private to record/, but for the result.
#ifndef EB_RECORD_OP_SPLIT_H
#define EB_RECORD_OP_SPLIT_H

#include "harness/base/span.h"
#include "harness/record/attribution.h"

// One trial: its window, its spans in order of time, and the traces of the channels that count.
typedef struct eb_split_trial {
    int64_t t_start_ns, t_end_ns;
    const eb_span *spans;
    size_t n_spans;
    const eb_trace *const *traces;
    int n_traces;
} eb_split_trial;

enum { EB_SPLIT_OUTSIDE = EB_PHASE_COUNT * EB_OP_COUNT, EB_SPLIT_COLUMNS }; // the last one: between the steps

typedef struct eb_split_op {
    double time_s;
    double j, halfwidth_j; // of the operator; NAN = not told apart from the rest of its group, or too short
    int group;             // index of its group, -1 = it never ran
} eb_split_op;

typedef struct eb_split_group {
    int members; // operators that ran long enough to count; the time of others may be in it as well
    int like;    // column of the operator whose power these are taken to draw, too short to tell; -1 = their own
    double time_s, j, halfwidth_j, w; // 95 %; where `like` stands, halfwidth_j is j at least: nothing tells
} eb_split_group;

typedef struct eb_split {
    eb_split_op op[EB_SPLIT_COLUMNS]; // [phase * EB_OP_COUNT + op], EB_SPLIT_OUTSIDE
    eb_split_group groups[EB_SPLIT_COLUMNS];
    int n_groups;
    size_t windows;        // between two updates; of the channel that has the fewest
    int span;              // updates in each of the (overlapping) windows of the fit
    double residual_frac;  // rms residual / rms energy of a window, the worst channel's
    double condition;      // of the scaled columns, the worst channel's
    double sum_j, total_j; // the operators' sum, and what attribution has for the same windows
    double total_halfwidth_j;
    eb_grade grade;    // the weakest channel's
    char refused[160]; // why no operator has joules; "" = they have
} eb_split;

void eb_op_split(const eb_split_trial *trials, int n_trials, eb_split *out);

static inline int eb_split_column(eb_phase phase, eb_op op)
{
    return (int)phase * EB_OP_COUNT + (int)op;
}

#endif
