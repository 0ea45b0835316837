// SPDX-License-Identifier: Apache-2.0
// What one row of the engine's benchmark measures, by its name:
//   ppN          prefill of N tokens, tok/s                     tgN          decode of N tokens, tok/s
//   tgN@D        decode with D tokens of context before         tgNxB        decode of B sequences at once, tok/s of
//   all cold         process start to first token                   scale-CELL   one thread to all of them busy-CELL
//   with a busy loop pinned to the last CPU
#ifndef EB_BENCH_CELL_H
#define EB_BENCH_CELL_H

#include "harness/base/error.h"
#include "workloads/engine/native/model.h"

typedef enum bench_kind { BENCH_PREFILL, BENCH_DECODE, BENCH_COLD } bench_kind;
typedef enum bench_against { BENCH_PEERS, BENCH_ONE_THREAD, BENCH_BUSY } bench_against;

typedef struct bench_cell {
    char name[32];
    bench_kind kind;
    bench_against against;
    int prompt_tok, output_tok, depth_tok, batch; // what does not apply is 0; batch >= 1
} bench_cell;

bool bench_cell_parse(const char *name, bench_cell *out, eb_err *err); // EB_USAGE

// What a token of the cell must read and compute, from the shape alone (op_cost.h), the mean over the cell: f16 cache,
// each weight once per step, experts as many as independent and even choices would hit.
typedef struct bench_cost {
    double bytes_per_tok, flop_per_tok;
} bench_cost;
bench_cost bench_cell_cost(const eb_model *m, const bench_cell *cell);

#endif
