// SPDX-License-Identifier: Apache-2.0
// A command that runs beside the measurement and prints lines: started through /bin/sh in a process group of its own,
// with nothing of ours but two pipes, ended by its id, reaped. A thread waits for its output, so that a line has the
// time at which it came and the pipe never fills, whoever reads the probe and how often.
// Threads: open and close from one thread; `line` is called on the child's thread, `ended` from any.
#ifndef EB_PROBES_CHILD_H
#define EB_PROBES_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "harness/base/error.h"

enum {
    EB_CHILD_LINE_MAX = 512, // bytes of a line; the rest of a longer one is dropped
    EB_CHILD_WHY_MAX = 200,
};

typedef struct eb_child eb_child;

typedef struct eb_child_setup {
    const char *command; // of /bin/sh -c
    // A line of its output without its end (LF or CR LF), with a NUL behind its `len` bytes; it may hold others. `cut`:
    // it was longer than EB_CHILD_LINE_MAX. A last line without an end counts. `came_ns`: CLOCK_MONOTONIC.
    void (*line)(void *arg, const char *text, size_t len, bool cut, int64_t came_ns);
    void *arg;
} eb_child_setup;

// NULL and err (EB_UNAVAILABLE) when it cannot be started. A command that does not exist ends with status 127 instead.
eb_child *eb_child_open(const eb_child_setup *setup, eb_err *err);
// Has it ended, or closed its output? Then `why` (EB_CHILD_WHY_MAX) says how, with the last line of its stderr.
bool eb_child_ended(eb_child *child, char *why);
pid_t eb_child_pid(const eb_child *child); // also the id of its process group
// SIGTERM to its process group, SIGKILL to what of it is left after half a second; reaps it. `line` is not called any
// more once this has returned.
void eb_child_close(eb_child *child);

#endif
