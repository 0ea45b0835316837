// SPDX-License-Identifier: Apache-2.0
// Reads the probes on a clock while a workload runs, into buffers allocated beforehand: raw counters
// with bracketed stamps, nothing computed. A window is bounded by two reads of every channel.
// Threads: all calls from one thread; reading happens on the sampler's own thread, at the window's ends on the
// caller's, and within a window on whichever thread beats (see eb_sampler_pulse).
#ifndef EB_RUN_SAMPLER_H
#define EB_RUN_SAMPLER_H

#include "harness/base/pulse.h"
#include "harness/record/run.h"
#include "probes/probe.h"

typedef struct eb_sampler eb_sampler;

typedef struct eb_sampler_setup {
    const eb_clock *clock;   // that of the probes' eb_io; copied
    eb_probe *const *probes; // borrowed for the sampler's life
    int n_probes;
    const eb_channel *channels; // of all probes, in order, as calibrated; NULL = as the probes state them
    const eb_probe_config *config;
    // Bounds the buffer: when it is full, every other set of samples is dropped and the interval doubles, so that a
    // window is always covered from end to end.
    size_t max_rows;
    // CPUs that the workload uses: with more CPUs than that the thread keeps to the others.
    int busy_cpus;
} eb_sampler_setup;

// Channels of all probes, in order, become channel 0..n-1 of the rows.
eb_sampler *eb_sampler_new(const eb_sampler_setup *setup, eb_err *err);
void eb_sampler_free(eb_sampler *s); // stops the thread

bool eb_sampler_start(eb_sampler *s, eb_err *err); // the thread, idle until begin
void eb_sampler_begin(eb_sampler *s);              // forgets earlier rows, reads every channel, then samples
void eb_sampler_read(eb_sampler *s);               // reads every channel now, due or not
void eb_sampler_end(eb_sampler *s);                // reads every channel, then stops sampling
// Without the thread: takes what is due at `now_ns`, and says when the next read is due.
int64_t eb_sampler_poll(eb_sampler *s, int64_t now_ns);

// Where the workload has every CPU, the sampler's thread can only run in its place, and waking it costs several times
// what a reading does. So a workload may beat in the midst of its work, and what is due is read there and then; the
// thread stays behind as the guard and reads what no beat has come for: counters late, gauges on time. Sources that
// take long to read are always left to the thread. NULL where there is a CPU to spare.
const eb_pulse *eb_sampler_pulse(const eb_sampler *s);

// Rows since begin, in time order per channel; valid until the next begin.
const eb_power_row *eb_sampler_rows(const eb_sampler *s, size_t *n);
// Of the window from begin to end: CPU time that reading took, the part of it that was spent in beats (the rest is the
// thread's), and readings dropped because their clock reads lay too far apart.
int64_t eb_sampler_cpu_ns(const eb_sampler *s);
int64_t eb_sampler_beats_ns(const eb_sampler *s);
int eb_sampler_wide(const eb_sampler *s);

#endif
