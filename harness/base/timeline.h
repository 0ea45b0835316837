// SPDX-License-Identifier: Apache-2.0
// Virtual time and the energy that is drawn while it passes: what a scripted engine and a scripted counter share, so
// that times and watts belong together. Plain data; single thread.
#ifndef EB_BASE_TIMELINE_H
#define EB_BASE_TIMELINE_H

#include <stdbool.h>
#include "harness/base/clock.h"
#include "harness/base/energy.h"

typedef struct eb_timeline {
    int64_t now_ns;
    double w;         // drawn from now on
    double energy_uj; // drawn until now
    int trial;        // number of the trial under way, from 0: what drifts goes by it
    // The counter that shows the energy. NONE: there is none.
    eb_grade grade;
    int64_t period_ns; // it moves this often, > 0
    double unit_uj;    // by whole units, > 0
    double shown_uj;   // at its last update
    int broken_trial;  // its reads fail in this trial; -1 = in none
    // Whoever wants to look while time passes: called at due_ns, says when next. NULL = nobody.
    int64_t (*tick)(void *arg, int64_t now_ns);
    void *arg;
    int64_t due_ns;
} eb_timeline;

// At one second past zero, drawing nothing, a counter of 1 ms and 61 uJ.
void eb_timeline_init(eb_timeline *t);
void eb_timeline_pass(eb_timeline *t, int64_t until_ns); // earlier than now: nothing
void eb_timeline_watch(eb_timeline *t, int64_t (*tick)(void *arg, int64_t now_ns), void *arg, int64_t due_ns);
eb_clock eb_timeline_clock(eb_timeline *t); // sleeping passes the time; borrows t

#endif
