// SPDX-License-Identifier: Apache-2.0
// One probe's readings, judged: a reading whose two clock reads lie too far apart says little about when the counter
// showed it, and one behind a suspend says nothing about the time before it.
// Threads: one at a time. Reading allocates nothing.
#ifndef EB_RUN_READER_H
#define EB_RUN_READER_H

#include "harness/base/clock.h"
#include "probes/probe.h"

// Wider than this (MEASUREMENT section 4), and than 4 times what the source takes when nothing comes between: a sensor
// behind a slow bus is always wide.
enum { EB_READER_WIDE_NS = 50000, EB_READER_WIDE_TIMES = 4, EB_READER_TRIES = 5 };

typedef struct eb_reader {
    eb_probe *probe; // borrowed
    eb_clock clock;
    int n;                // channels
    bool *judged;         // per channel: an energy
    int64_t *fastest_ns;  // per channel: what a read takes undisturbed
    eb_sample *again;     // a second reading
    int64_t suspended_ns; // at the last reading
    bool fresh;           // no reading yet
    int *slept;           // per channel: how many good readings are still to be marked
    int wide;             // readings dropped since begin
} eb_reader;

// `channels`: those of the probe, their read_ns as far as it is known.
void eb_reader_init(eb_reader *r, eb_probe *probe, const eb_clock *clock, const eb_channel *channels);
void eb_reader_deinit(eb_reader *r);
// Forgets earlier suspends and counts.
void eb_reader_begin(eb_reader *r);

// One reading of every channel into out[n]. An energy that is too wide is read once more; if that is no better, it is
// MISSING, and counted in r->wide.
void eb_reader_poll(eb_reader *r, eb_sample *out);
// The same for the end of a window, which nothing else can stand in for: up to EB_READER_TRIES readings, and the best
// is kept, wide as it may be: its own clock reads say how sure it is.
void eb_reader_boundary(eb_reader *r, eb_sample *out);

#endif
