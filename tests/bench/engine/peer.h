// SPDX-License-Identifier: Apache-2.0
// Another engine, as its llama-bench measures it: a program of the user's, run as it is. Batches are measured by the
// llama-batched-bench beside it.
#ifndef EB_BENCH_PEER_H
#define EB_BENCH_PEER_H

#include "tests/bench/engine/cell.h"
#include "tests/bench/engine/reading.h"

enum { PEER_MAX = 4, PEER_OPTIONS_MAX = 12 };

typedef struct bench_peer {
    char label[24], path[512], batched_path[528];
    char version[64];   // as its output says; "" until it has been run
    bool has_depth;     // -d DEPTH, else -gp DEPTH,N
    bool has_no_warmup; // --no-warmup, else -w 0
} bench_peer;

// `item`: PATH or LABEL=PATH. Runs it with --help to learn its dialect.
bool bench_peer_open(const char *item, bench_peer *out, eb_err *err);

// Runs the cell once on the file with `options`, separated by spaces.
bool bench_peer_measure(bench_peer *peer, const char *options, const bench_cell *cell, const char *model_path,
                        int threads, bench_reading *out, eb_err *err);

#endif
