// SPDX-License-Identifier: Apache-2.0
// Errors travel; they do not print. The last parameter of whatever can fail is an
// `eb_err *` (never NULL); a function that fails fills it once and returns false/NULL/-1.
// Only harness/cmd prints (eb_err_print) or exits (the code is the exit status).
// Threads: an eb_err belongs to one thread at a time.
#ifndef EB_BASE_ERROR_H
#define EB_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef enum eb_code {
    EB_OK = 0,
    EB_FAILED = 1,       // the run failed: I/O, memory, full disk, changed plan under --resume
    EB_USAGE = 2,        // command line, config, model file: the user can mend it
    EB_REGRESSION = 3,   // a gate found a regression
    EB_INCONCLUSIVE = 4, // a gate could not tell
    EB_UNAVAILABLE = 5,  // a required measurement is not to be had, or the run is invalid
    EB_SIGINT = 130,
    EB_SIGTERM = 143,
} eb_code;

typedef struct eb_err {
    eb_code code;
    int line, column;  // 1-based; 0 = not known
    char file[512];    // "" = no file
    char message[768]; // what and where and why, no newline, no trailing dot
    char hint[512];    // what to do next; "" = none
    char source[256];  // the source line that `column` points into (a long one is cut); "" = none
    int source_column; // column of its first byte; 0 = 1
} eb_err;

void eb_err_clear(eb_err *err);

// All setters return false, so that `return eb_err_set(err, ...)` reads well.
bool eb_err_set(eb_err *err, eb_code code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
bool eb_err_at(eb_err *err, eb_code code, const char *file, int line, int column, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
// message = "<what> '<path>': <strerror(errnum)>", with a hint where the errno has one; `what` is "cannot write",
// "cannot open" and the like.
bool eb_err_sys(eb_err *err, eb_code code, int errnum, const char *what, const char *path);
// The code of a place that was asked for and cannot be made: EB_USAGE where another one mends it, EB_FAILED where the
// machine does not do what it should (a full disk, no memory).
eb_code eb_err_place(int errnum);
// Behind the message; where there is no room for both, it is the message that is cut ("...").
bool eb_err_add(eb_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool eb_err_hint(eb_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

// Keeps the source line of err->column, or the part of it around that column.
void eb_err_source(eb_err *err, const char *line);

// `FILE:LINE:COL: error: MESSAGE` (`effbench: error: ...` without a file), the source line, a caret, `hint: HINT`.
void eb_err_print(const eb_err *err, FILE *to);

// A growing list, for readers that report every error of a file. Init with {0}.
// Hostile input makes errors without end: from EB_ERR_LIST_MAX on they are only counted.
enum { EB_ERR_LIST_MAX = 100 };
typedef struct eb_err_list {
    eb_err *items;
    size_t n, cap;
    size_t dropped;
} eb_err_list;

// Appends a cleared error and returns it (never NULL: out of memory aborts with a message).
eb_err *eb_err_list_add(eb_err_list *list);
void eb_err_list_deinit(eb_err_list *list);

#endif
