// SPDX-License-Identifier: Apache-2.0
// What this machine's arithmetic does at most: products and sums in registers, nothing loaded and nothing stored.
#ifndef EB_BENCH_PEAK_H
#define EB_BENCH_PEAK_H

#include <stdbool.h>
#include "harness/base/error.h"

// The kinds of products that an engine's instruction set may have (kernels.h): of f32 numbers; of plain 16-bit weights
// with prompts; of quantized weights, rounded to 8 bits.
typedef enum bench_peak_kind { BENCH_PEAK_F32, BENCH_PEAK_PROMPT, BENCH_PEAK_INT8 } bench_peak_kind;

typedef struct bench_peak {
    double ops_s;  // operations per second of all threads, a product and its sum being two
    char name[20]; // of the instruction, as in "avx512 fma"
} bench_peak;

// The fastest instruction that products of `kind`, and those of f32 numbers beside them, are made of in the engine's
// instruction set `isa` (a name of eb_kernels_table, usable here). Runs its own threads, for some tenths of a second.
// Call it in a process of its own (child.h): an instruction that a machine claims to have and has not would end it.
bool bench_peak_measure(int threads, const char *isa, bench_peak_kind kind, bench_peak *out, eb_err *err);

#endif
