// SPDX-License-Identifier: Apache-2.0
// The real clock and the virtual one.
#include "harness/base/clock.h"

#include <errno.h>
#include <stdio.h>

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

const eb_clock eb_clock_real = { .now_ns = real_now, .sleep_until_ns = real_sleep };

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

eb_clock eb_clock_virtual(int64_t *now_ns)
{
    return (eb_clock){ .now_ns = virtual_now, .sleep_until_ns = virtual_sleep, .state = now_ns };
}

int64_t eb_suspended_ns(void)
{
    struct timespec ts;
    if (clock_gettime(CLOCK_BOOTTIME, &ts) != 0)
        return 0;
    // Read after: the difference may be short by the time between the two reads, never long.
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec - eb_now_ns();
}

void eb_utc_now(char *buf, int size)
{
    time_t now = time(NULL);
    struct tm tm;
    gmtime_r(&now, &tm);
    strftime(buf, (size_t)size, "%Y-%m-%dT%H:%M:%SZ", &tm);
}
