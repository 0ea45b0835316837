// SPDX-License-Identifier: Apache-2.0
// One measurement of one side.
#ifndef EB_BENCH_READING_H
#define EB_BENCH_READING_H

#include <stdint.h>

typedef struct bench_reading {
    double value;            // tok/s; of a cold start ns from process start to first token
    uint64_t rss_peak_bytes; // of the process that measured
    uint64_t rss_most_bytes; // what ours may take: 1.15 x the file + cache or state + 64 MiB; 0 = no rule
} bench_reading;

#endif
