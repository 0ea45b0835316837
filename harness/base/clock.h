// SPDX-License-Identifier: Apache-2.0
// One clock for token marks and probe samples: CLOCK_MONOTONIC, or a virtual one in tests.
#ifndef EB_BASE_CLOCK_H
#define EB_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

typedef struct eb_clock eb_clock;
struct eb_clock {
    int64_t (*now_ns)(const eb_clock *clock);
    void (*sleep_until_ns)(const eb_clock *clock, int64_t t_ns);
    // Time slept so far: CLOCK_BOOTTIME - CLOCK_MONOTONIC, to about 0.1 ms. Changes when the machine slept.
    int64_t (*suspended_ns)(const eb_clock *clock);
    void *state;
};

extern const eb_clock eb_clock_real;

// A virtual clock over caller's storage: sleeping sets the time, and the machine never slept. Single thread.
eb_clock eb_clock_virtual(int64_t *now_ns);

static inline int64_t eb_now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

// By more than this the time slept must have changed before the machine is said to have slept.
#define EB_SUSPEND_MIN_NS 1000000

// "2026-11-21T01:02:33Z" of the real time; size >= 32.
void eb_utc_now(char *buf, int size);

#endif
