// SPDX-License-Identifier: Apache-2.0
// A context sweep of a model with a KV cache against one with a state of fixed size: the length from which on the cache
// costs more per token. The trials of one round are taken as pairs (they ran close to each other); at each length the
// median of the pairs' difference has an interval, and between two lengths all three are joined by lines.
#ifndef EB_RECORD_CROSSING_H
#define EB_RECORD_CROSSING_H

#include "harness/record/run.h"

typedef struct eb_crossing_point {
    double length_tok; // mean context while it generates: depth + prompt + output / 2
    int kv_case, state_case;
    double kv, state;    // medians over the trials
    double diff, lo, hi; // kv - state: median over the rounds, its interval or range
    int n;               // rounds in which both are known
} eb_crossing_point;

typedef enum eb_crossing_verdict {
    EB_CROSSING_FOUND,
    EB_CROSSING_KV_LESS,    // the cache costs less at every length
    EB_CROSSING_STATE_LESS, // the state does
    EB_CROSSING_UNKNOWN,    // the lengths do not tell: some difference is not known
} eb_crossing_verdict;

typedef struct eb_crossing {
    const char *what, *unit; // "j_per_tok", "J/tok", or "s_per_decode_tok", "s/tok"; static
    eb_crossing_point *points;
    int n; // >= 2, by length
    eb_crossing_verdict verdict;
    double length_tok; // where the difference rises through 0; NAN = it does not
    // The lengths at which a difference of 0 is within the interval. -INFINITY, INFINITY: the lengths that were
    // measured do not bound it on this side. NAN = at none.
    double lo_tok, hi_tok;
    int n_rises;          // how often it rises through 0; > 1: the first one is meant
    eb_interval interval; // RANGE where the rounds are too few for a confidence
    eb_grade grade;       // of energies
} eb_crossing;

// All pairs of a run that share at least two depths and everything but the model. Returns their number.
int eb_crossings_find(const eb_run *run, eb_crossing **out);
void eb_crossings_free(eb_crossing *list, int n);

// The same of points that are there: fills everything but what, unit, points, n, interval and grade. `x` ascending.
void eb_crossing_solve(eb_crossing *c);

// In one clause; caller frees.
char *eb_crossing_words(const eb_crossing *c);

#endif
