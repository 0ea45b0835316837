// SPDX-License-Identifier: Apache-2.0
// What wants a little time on a busy thread: an engine calls it between pieces of its work, so that something can be
// done there that would cost more on a thread of its own (waking one takes tens of microseconds on a virtual machine).
// Plain data.
#ifndef EB_BASE_PULSE_H
#define EB_BASE_PULSE_H

#include <stdint.h>

typedef struct eb_pulse {
    // Returns the time now (CLOCK_MONOTONIC ns). Microseconds long at most; never allocates, never blocks.
    int64_t (*beat)(void *arg);
    void *arg;
} eb_pulse;

#endif
