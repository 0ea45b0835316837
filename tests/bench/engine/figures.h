// SPDX-License-Identifier: Apache-2.0
// What a peer's benchmark printed, as one figure: llama-bench's JSON and llama-batched-bench's table, of one test each.
// Everything that is printed is doubted: another test than the one asked for is an error.
#ifndef EB_BENCH_FIGURES_H
#define EB_BENCH_FIGURES_H

#include "tests/bench/engine/cell.h"

typedef struct peer_figure {
    double tok_s;     // of the last repetition
    char version[64]; // "0ad4a86 (build 1)"; "" = not said
} peer_figure;

// `text` ends with a NUL at `len`; `name` is for messages.
bool peer_figure_of_bench(const char *text, size_t len, const char *name, const bench_cell *cell, int threads,
                          peer_figure *out, eb_err *err);
bool peer_figure_of_batched(const char *text, size_t len, const char *name, const bench_cell *cell, peer_figure *out,
                            eb_err *err);

#endif
