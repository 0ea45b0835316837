// SPDX-License-Identifier: Apache-2.0
// Rows of the engine's benchmark as a Markdown table that is legible as plain text, and the rounds behind them as CSV.
#ifndef EB_BENCH_TABLE_H
#define EB_BENCH_TABLE_H

#include <stdio.h>
#include "tests/bench/engine/rounds.h"

void bench_table_head(FILE *to, const bench_setup *setup);
void bench_table_row(FILE *to, const bench_setup *setup, const char *model, const char *type, const bench_cost *cost,
                     const bench_rounds *rounds);
void bench_table_failure(FILE *to, const char *model, const char *type, const char *cell, const eb_err *err);
// What was compared with, and with which options it was tried.
void bench_table_legend(FILE *to, const bench_setup *setup);

void bench_csv_head(FILE *to);
void bench_csv_rows(FILE *to, const bench_setup *setup, const char *model, const char *type,
                    const bench_rounds *rounds);

#endif
