// SPDX-License-Identifier: Apache-2.0
// What this machine's arithmetic does at most: products and sums in registers, nothing loaded and nothing stored.
#ifndef EB_BENCH_PEAK_H
#define EB_BENCH_PEAK_H

#include <stdbool.h>
#include "harness/base/error.h"

// Operations per second of `threads` threads, a product and its sum being two; names as in "avx512 fma".
typedef struct bench_peak {
    double float_ops_s,
        int8_ops_s; // 8-bit products of quantized weights; NAN = this machine has no instruction of its own
    char float_name[16], int8_name[16];
} bench_peak;

// Runs its own threads, for some tenths of a second. Call it in a process of its own (child.h): an instruction that a
// machine claims to have and has not would end it.
bool bench_peak_measure(int threads, bench_peak *out, eb_err *err);

#endif
