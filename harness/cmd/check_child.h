// SPDX-License-Identifier: Apache-2.0
// The process of a trial of `effbench check`. One at a time, from the main thread: it uses SIGALRM and the interval
// timer.
#ifndef EB_CMD_CHECK_CHILD_H
#define EB_CMD_CHECK_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include "harness/base/error.h"

typedef struct eb_check_child {
    int status; // as waitpid tells it
    bool late;  // it did not end within its limit, and was ended
} eb_check_child;

// Seconds that a trial may take whose side's longest one was of longest_ns; 0 = there was none.
int eb_check_limit_s(int64_t longest_ns, bool simulates);

// Runs a program in a process group of its own, its standard error into `log`, and waits for it. *signal is what our
// caller's handler caught, 0 = nothing: when it is set, or after limit_s, the whole group is ended. Nothing of the
// group is left when it returns. False: it could not be started (EB_USAGE), or *signal was set (EB_SIGINT, EB_SIGTERM).
bool eb_check_child_run(const char *program, char *const *argv, const char *log, int limit_s,
                        const volatile sig_atomic_t *signal, eb_check_child *out, eb_err *err);

// Sends a signal to the group of the trial that runs now, if any; may be called by a signal handler.
void eb_check_child_tell(int number);

// Whether a signal was caught, as an error.
bool eb_check_interrupted(const volatile sig_atomic_t *signal, eb_err *err);

#endif
