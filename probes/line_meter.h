// SPDX-License-Identifier: Apache-2.0
// What sources that read a command's output share: the child, the energy that its lines add up to, the wait for the
// first readings, and the words for what went wrong.
// Threads: lines come on the child's thread and are taken under the lock; the rest as in probes/probe.h.
#ifndef EB_PROBES_LINE_METER_H
#define EB_PROBES_LINE_METER_H

#include <pthread.h>
#include "harness/base/clock.h"
#include "probes/child.h"
#include "probes/meter_track.h"

typedef struct eb_line_meter eb_line_meter;
struct eb_line_meter {
    // Puts a line into `track`; under the lock. `arg` is the owner's.
    void (*line)(eb_line_meter *m, const char *text, size_t len, bool cut, int64_t came_ns);
    void *arg;
    const eb_clock *clock; // borrowed
    eb_child *child;
    pthread_mutex_t lock;
    eb_meter_track track; // under the lock
    const char *fatal;    // under the lock: why waiting for more has no sense; NULL = it has
};

// Starts the command and waits for its first two readings; false and err (EB_UNAVAILABLE) when the timeout passes
// without one, or the command ends. `line`, `arg` and `clock` are set before. Close it in either case.
bool eb_line_meter_open(eb_line_meter *m, const char *command, const eb_meter_setup *setup, eb_err *err);
void eb_line_meter_read(eb_line_meter *m, eb_sample *out);
bool eb_line_meter_trouble(eb_line_meter *m, char *buf, size_t size);
// What the errnum of such a sample means; NULL = nothing of its own.
const char *eb_line_meter_why(int errnum);
void eb_line_meter_close(eb_line_meter *m);

#endif
