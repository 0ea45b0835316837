// SPDX-License-Identifier: Apache-2.0
// The engine's own side of a cell, each measurement in a process of its own (child.h).
#ifndef EB_BENCH_OURS_H
#define EB_BENCH_OURS_H

#include "tests/bench/engine/cell.h"
#include "tests/bench/engine/reading.h"
#include "workloads/engine/engine.h"

typedef struct bench_ours {
    const eb_engine_ops *ops;
    const char *model_path;
    const char *program; // effbench, for cold starts
    const bench_cell *cell;
    int threads;
} bench_ours;

// Opens the engine, warms up, measures the cell once.
bool bench_ours_measure(const bench_ours *job, bench_reading *out, eb_err *err);
bool bench_ours_ceilings(const bench_ours *job, eb_ceilings *out, eb_err *err);

#endif
