// SPDX-License-Identifier: Apache-2.0
// How far a run is, on stderr: one line that is rewritten on a terminal, plain lines elsewhere.
#ifndef EB_CMD_PROGRESS_H
#define EB_CMD_PROGRESS_H

#include "harness/run/runner.h"

typedef enum eb_progress_mode { EB_PROGRESS_AUTO, EB_PROGRESS_ALWAYS, EB_PROGRESS_NEVER } eb_progress_mode;

typedef struct eb_screen {
    bool on, line;   // shown at all; one line rewritten, or a line each
    bool sparse;     // lines only now and then, and without figures of time: a log that is read later
    bool dirty;      // something stands on the rewritten line
    bool said_trial; // that the trials began
    int64_t said_ns; // when the last line was printed
} eb_screen;

// auto: a rewritten line on a terminal, sparse lines elsewhere.
eb_screen eb_screen_open(eb_progress_mode mode);
// Hooks of a run (eb_run_hooks); `arg` is the eb_screen.
void eb_screen_progress(void *arg, const eb_progress *progress);
void eb_screen_notice(void *arg, const char *line);
void eb_screen_clear(eb_screen *s); // takes the rewritten line away

#endif
