// SPDX-License-Identifier: Apache-2.0
// Event counters charged to operators: each thread of an engine counts itself in perf groups of its own and says at
// every change (eb_span_sink.on_worker) what it did since the last one. What is counted between two shares, waiting
// for the next loop included, and between two steps stands under EB_OP_OTHER. A read costs about a microsecond, so
// time is better measured in another run than counters.
// A machine without a PMU, or a name that is not known, has a state and a reason per event, never a count of 0.
// Threads: new, get and free from one thread while no engine calls on_worker; on_worker from each worker on itself.
#ifndef EB_PROBES_OP_COUNTERS_H
#define EB_PROBES_OP_COUNTERS_H

#include "harness/base/span.h"
#include "probes/groups.h"
#include "probes/probe.h"

enum { EB_OP_COUNTERS_EVENTS = 32 };

typedef struct eb_op_event {
    char name[64];  // as asked for
    char event[64]; // what counts it here: "memory-stalls" is another event on each kind of CPU
    char label[48];
    bool time_ns;   // counts ns, not events
    bool user_only; // the kernel's share is refused
    bool hardware;
    eb_probe_detection detection; // state OK, or why it is not counted
} eb_op_event;

typedef struct eb_op_count {
    double value;        // scaled to the whole time where the kernel shared a counter out; NAN = unknown
    double running_frac; // of the time it was counted; < 1: `value` is an estimate
    uint64_t calls;      // of on_worker with this operator (0 for EB_OP_OTHER)
} eb_op_count;

typedef struct eb_op_counters eb_op_counters;

// `events`: comma list of names of the groups' events, kernel or libpfm4 names. "auto": all events of the groups, and
// task-clock, page-faults, context-switches; NULL = "auto". `workers`: threads of the engine.
// Never fails: what cannot be counted is said per event. `io` and `groups` are borrowed; eb_op_counters_new has those
// that are built in.
eb_op_counters *eb_op_counters_new(const eb_io *io, const char *events, int workers);
eb_op_counters *eb_op_counters_new_groups(const eb_io *io, const eb_groups *groups, const char *events, int workers);
void eb_op_counters_free(eb_op_counters *c); // NULL is fine

int eb_op_counters_events(const eb_op_counters *c, const eb_op_event **out); // borrowed
int eb_op_counters_good(const eb_op_counters *c);                            // events that are counted

// For eb_span_sink.on_worker, with the eb_op_counters as `arg`. The first call of a thread opens its groups. No
// allocation.
void eb_op_counters_on_worker(void *arg, int worker, eb_op op, eb_phase phase);
// Forgets the counts; the groups stay open.
void eb_op_counters_clear(eb_op_counters *c);

// Count of event i of one worker, or of all (worker -1; NAN when one of them could not count).
eb_op_count eb_op_counters_get(const eb_op_counters *c, int i, int worker, eb_op op, eb_phase phase);
// Why a worker's counts are missing; NULL = they are not.
const char *eb_op_counters_trouble(const eb_op_counters *c, int worker);

#endif
