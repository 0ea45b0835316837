// SPDX-License-Identifier: Apache-2.0
// The candidate's figures over time: a JSON line for each gate, only ever appended. It shows the trend and where the
// level changed; it does not decide, unless it is asked to. A file belongs to one machine.
// Threads: one. What is read is bounded and checked.
#ifndef EB_RECORD_GATE_HISTORY_H
#define EB_RECORD_GATE_HISTORY_H

#include "harness/record/gate_check.h"

#define EB_HISTORY_SCHEMA "effbench.history/1"

typedef struct eb_history_value {
    char *id, *key; // case and metric
    double value;   // the candidate's median, > 0
} eb_history_value;

typedef struct eb_history_entry {
    char *utc, *fingerprint, *verdict, *candidate, *reason; // reason "" = none
    bool accepted;                                          // passed, or accepted with a reason: part of the level
    eb_history_value *values;
    int n_values;
} eb_history_entry;

typedef struct eb_history {
    eb_history_entry *entries;
    int n, cap;
    bool torn; // the last line has no end: it is left out, and cut off before the next one is appended
} eb_history;

// A file that is not there is an empty history. EB_USAGE with file and line for a damaged line, and for a last one
// without its end that does not begin as ours do.
bool eb_history_read(const char *path, eb_history *out, eb_err *err);
void eb_history_deinit(eb_history *h);
// Whether the history is that of this machine; EB_UNAVAILABLE with both fingerprints when not.
bool eb_history_fits(const eb_history *h, const char *path, const char *fingerprint, eb_err *err);
// Where a line is appended. `lock`: flock(2), NULL = that itself. `unlocked` is found: the file system has no locks
// (ENOLCK, EOPNOTSUPP, ENOSYS), so that gates must not end together there.
typedef struct eb_history_to {
    const char *path;
    int (*lock)(int fd, int operation);
    bool unlocked;
} eb_history_to;
// Appends the gate in one write, synced, while it holds the file's lock where there is one: gates that end together
// leave a whole line each. A line without its end is cut off first; one that does not get in whole (full disk) is taken
// out again.
bool eb_history_append(eb_history_to *to, const eb_check *c, bool accepted, const char *reason, eb_err *err);

// Fills c->trends from the accepted entries; `block`: a median beyond the class's limit against them (and beyond three
// of their scaled MADs, from 5 entries on) makes the verdict a fail.
void eb_history_compare(const eb_history *h, eb_check *c, bool block);

// Where the level of x[n] (logarithms, in order of time) changed: indices of the first value of each new level, in
// order, at most `max`; returns their number. Binary segmentation: of all splits with 5 values or more on each side the
// one with the largest Welch t of the means counts, when its p, times the number of splits, is at most 0.001 and the
// levels differ by `least`; then both parts are looked at again.
int eb_history_changes(const double *x, int n, double least, int *at, int max);

#endif
