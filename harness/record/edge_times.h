// SPDX-License-Identifier: Apache-2.0
// When a counter's updates happened, from brackets and from their rhythm. A poller knows of each update only that it
// came between two polls; but updates come a period apart, give or take, so that each bracket says something of its
// neighbours. A hidden Markov model on a grid: the state is when each update was due, the distance to the next due time
// is normal with the period's mean and a spread (the rhythm wanders), and an update comes at its due time with a normal
// error (it is late or early by itself). Forward and backward sums give the mean and the standard deviation of each
// update's time, given all brackets. Spread and error are those under which the brackets are most likely; "no
// rhythm at all" is among the choices, and leaves the middle of each bracket.
// Threads: pure. Private to record/.
#ifndef EB_RECORD_EDGE_TIMES_H
#define EB_RECORD_EDGE_TIMES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct eb_bracket {
    double from_ns, to_ns; // in; the update came in between
    bool fresh;            // in; nothing is known of the time before: no rhythm is carried over
    double mean_ns, sd_ns; // out
} eb_bracket;

// `period_ns` > 0: the native period, roughly (15 %). Brackets are in order of time. Returns the larger of spread and
// error as found, INFINITY where there is no rhythm to be used (then mean and sd are those of a uniform bracket).
double eb_edge_times(eb_bracket *brackets, size_t n, double period_ns);

#endif
