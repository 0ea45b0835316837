// SPDX-License-Identifier: Apache-2.0
// A counter's edges, each with the time that every operator had had until then. Private to op_split.c and what it is
// made of.
#ifndef EB_RECORD_OP_TRACK_H
#define EB_RECORD_OP_TRACK_H

#include "harness/record/op_split.h"

// One channel over all trials: at each of its edges, the time of every column so far and the energy so far.
typedef struct eb_op_track {
    double *time_s; // [n][EB_SPLIT_COLUMNS]
    double *j;      // [n]
    int *run;       // [n] edges of different runs have nothing to do with each other
    size_t n, cap;
    int runs;
} eb_op_track;

// Appends the edges of one trial's trace; start with {0}.
void eb_op_track_take(const eb_split_trial *trial, const eb_trace *trace, eb_op_track *to);
size_t eb_op_track_windows(const eb_op_track *t); // between two edges of one run
void eb_op_track_deinit(eb_op_track *t);

#endif
