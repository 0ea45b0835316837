// SPDX-License-Identifier: Apache-2.0
// Whether an emulator (RUNNER) runs the test: it is some twenty times slower, and keeps books on every mapped page.
#ifndef EB_TESTS_EMULATED_H
#define EB_TESTS_EMULATED_H

#include <stdbool.h>
#include <stdlib.h>

static inline bool emulated(void)
{
    const char *runner = getenv("RUNNER");
    return runner && *runner;
}

#endif
