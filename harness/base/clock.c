// SPDX-License-Identifier: Apache-2.0
// The real clock and the virtual one.
#include "harness/base/clock.h"

#include <errno.h>
#include <stdio.h>

enum { PAIRS_MAX = 5, PAIR_NS = 100000 };

static int64_t real_now(const eb_clock *clock)
{
    (void)clock;
    return eb_now_ns();
}

static void real_sleep(const eb_clock *clock, int64_t t_ns)
{
    (void)clock;
    struct timespec ts = { .tv_sec = t_ns / 1000000000, .tv_nsec = t_ns % 1000000000 };
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
        ;
}

static int64_t boot_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_BOOTTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

// Whatever comes between the two clock reads looks like sleep: the closest of a few pairs counts.
static int64_t real_suspended(const eb_clock *clock)
{
    (void)clock;
    int64_t closest = INT64_MAX, difference = 0;
    for (int i = 0; i < PAIRS_MAX && closest > PAIR_NS; i++) {
        int64_t before = eb_now_ns(), boot = boot_ns(), width = eb_now_ns() - before;
        if (width < closest) {
            closest = width;
            difference = boot - before - width / 2;
        }
    }
    return difference;
}

const eb_clock eb_clock_real = { .now_ns = real_now, .sleep_until_ns = real_sleep, .suspended_ns = real_suspended };

static int64_t virtual_now(const eb_clock *clock)
{
    return *(int64_t *)clock->state;
}

static void virtual_sleep(const eb_clock *clock, int64_t t_ns)
{
    int64_t *now = clock->state;
    if (t_ns > *now)
        *now = t_ns;
}

static int64_t virtual_suspended(const eb_clock *clock)
{
    (void)clock;
    return 0;
}

eb_clock eb_clock_virtual(int64_t *now_ns)
{
    return (eb_clock){
        .now_ns = virtual_now, .sleep_until_ns = virtual_sleep, .suspended_ns = virtual_suspended, .state = now_ns
    };
}

void eb_utc_now(char *buf, int size)
{
    time_t now = time(NULL);
    struct tm tm;
    gmtime_r(&now, &tm);
    strftime(buf, (size_t)size, "%Y-%m-%dT%H:%M:%SZ", &tm);
}
