// SPDX-License-Identifier: Apache-2.0
// A look at the energy channels under load, before anything is measured: how often each is updated and how regularly,
// what a read costs, whether it moves at all, and which dies mirror one counter (MEASUREMENT section 3).
#ifndef EB_RUN_CALIBRATE_H
#define EB_RUN_CALIBRATE_H

#include "harness/base/io.h"
#include "probes/probe.h"

#define EB_CALIBRATE_LOOK_NS   250000000ll  // every look takes this long
#define EB_CALIBRATE_MIRROR_NS 1200000000ll // the least in which two dies can be told to be one
#define EB_CALIBRATE_GAUGE_NS  1000000000ll // a gauge that states its period is not waited for longer,
#define EB_CALIBRATE_LIMIT_NS  5000000000ll // nor any other (a battery), or a counter that has not moved, than this

// What the samples of one channel say. 0 = they do not say.
typedef struct eb_calibration {
    int64_t period_ns; // mean time between updates
    int64_t jitter_ns; // its standard deviation, without what the polls' own coarseness adds
    int64_t read_ns;   // median bracket
    eb_liveness live;
    int64_t watched_ns; // time between its first and its last good reading
    size_t updates;
} eb_calibration;

// `samples`: of one channel in order of time, polled faster than the channel is updated; sources that are polled more
// slowly, and counters that are still for want of a whole unit, keep their period unknown.
void eb_calibrate_channel(const eb_channel *channel, const eb_sample *samples, size_t n, eb_calibration *out);

// Do the counters of two dies show one and the same energy? They must have moved, and grown equally over
// EB_CALIBRATE_MIRROR_NS - 0.2 s or more, all the time and at the end. a[i] and b[i] were read one after the other.
bool eb_calibrate_same(const eb_channel *channel, const eb_sample *a, const eb_sample *b, size_t n);

typedef struct eb_calibrate_setup {
    const eb_io *io;
    eb_probe *const *probes; // borrowed
    int n_probes;
    int64_t limit_ns;        // of the whole look; EB_CALIBRATE_LIMIT_NS or less
    bool (*stop)(void *arg); // ends it early; may be NULL
    void *arg;
} eb_calibrate_setup;

// Is there a counter or a gauge of energy to look at (and not only a model)?
bool eb_calibrate_worthwhile(const eb_channel *channels, int n);
// Looks, with a spinning thread on each CPU but one where `io` is the machine itself, and writes what was found into
// the channels of all probes, in order: period_ns (where found), jitter_ns, read_ns, live, duplicate, repeats, note.
// Returns how long it looked, in ns. Threads: reads the probes on the caller's thread.
int64_t eb_calibrate(const eb_calibrate_setup *setup, eb_channel *channels);

#endif
