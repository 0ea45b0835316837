// SPDX-License-Identifier: Apache-2.0
#include "harness/base/timeline.h"

#include <math.h>

#define START_NS 1000000000ll

void eb_timeline_init(eb_timeline *t)
{
    *t = (eb_timeline){
        .now_ns = START_NS, .period_ns = 1000000, .unit_uj = 61, .grade = EB_GRADE_COUNTER, .broken_trial = -1
    };
}

// 1 W is 1e-3 uJ per ns. The counter's updates lie on a grid of its period.
static void advance(eb_timeline *t, int64_t to_ns)
{
    int64_t update_ns = to_ns / t->period_ns * t->period_ns;
    if (update_ns > t->now_ns)
        t->shown_uj = floor((t->energy_uj + t->w * 1e-3 * (double)(update_ns - t->now_ns)) / t->unit_uj) * t->unit_uj;
    t->energy_uj += t->w * 1e-3 * (double)(to_ns - t->now_ns);
    t->now_ns = to_ns;
}

void eb_timeline_pass(eb_timeline *t, int64_t until_ns)
{
    while (t->tick && t->due_ns <= until_ns) {
        if (t->due_ns > t->now_ns)
            advance(t, t->due_ns);
        int64_t next_ns = t->tick(t->arg, t->now_ns);
        t->due_ns = next_ns > t->now_ns ? next_ns : t->now_ns + 1;
    }
    if (until_ns > t->now_ns)
        advance(t, until_ns);
}

void eb_timeline_watch(eb_timeline *t, int64_t (*tick)(void *arg, int64_t now_ns), void *arg, int64_t due_ns)
{
    t->tick = tick;
    t->arg = arg;
    t->due_ns = due_ns;
}

static int64_t now(const eb_clock *clock)
{
    return ((const eb_timeline *)clock->state)->now_ns;
}

static void sleep_until(const eb_clock *clock, int64_t t_ns)
{
    eb_timeline_pass(clock->state, t_ns);
}

static int64_t suspended(const eb_clock *clock)
{
    (void)clock;
    return 0;
}

eb_clock eb_timeline_clock(eb_timeline *t)
{
    return (eb_clock){ .now_ns = now, .sleep_until_ns = sleep_until, .suspended_ns = suspended, .state = t };
}
