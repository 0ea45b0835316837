// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/engine/cell.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/engine/native/op_cost.h"

enum { MOST_TOK = 1 << 20, MOST_BATCH = 4096, F16_BYTES = 2 };

// Takes a whole number of 1 to `most` off the front of *s.
static bool number(const char **s, int most, int *out)
{
    char *end;
    if (**s < '0' || **s > '9')
        return false;
    long n = strtol(*s, &end, 10);
    *s = end;
    *out = (int)n;
    return n >= 1 && n <= most;
}

static bool starts(const char **s, const char *prefix)
{
    size_t n = strlen(prefix);
    if (strncmp(*s, prefix, n) != 0)
        return false;
    *s += n;
    return true;
}

static bool parse(const char *s, bench_cell *c)
{
    if (starts(&s, "scale-"))
        c->against = BENCH_ONE_THREAD;
    else if (starts(&s, "busy-"))
        c->against = BENCH_BUSY;
    if (strcmp(s, "cold") == 0) {
        c->kind = BENCH_COLD;
        return c->against == BENCH_PEERS;
    }
    c->kind = starts(&s, "pp") ? BENCH_PREFILL : BENCH_DECODE;
    if (c->kind == BENCH_PREFILL)
        return number(&s, MOST_TOK, &c->prompt_tok) && !*s;
    if (!starts(&s, "tg") || !number(&s, MOST_TOK, &c->output_tok))
        return false;
    if (starts(&s, "@") && !number(&s, MOST_TOK, &c->depth_tok))
        return false;
    if (starts(&s, "x") && !number(&s, MOST_BATCH, &c->batch))
        return false;
    return !*s && (c->depth_tok == 0 || c->batch == 1);
}

bool bench_cell_parse(const char *name, bench_cell *out, eb_err *err)
{
    *out = (bench_cell){ .batch = 1 };
    if (strlen(name) < sizeof out->name && parse(name, out)) {
        snprintf(out->name, sizeof out->name, "%s", name);
        return true;
    }
    eb_err_set(err, EB_USAGE, "CELLS: '%.40s' is no cell", name);
    return eb_err_hint(err, "ppN, tgN, tgN@DEPTH, tgNxBATCH, cold, scale-CELL or busy-CELL, as in pp512 tg128x16");
}

// Distinct experts that `rows` tokens choose, each `used` of `experts`.
static double distinct(const eb_hparams *hp, double rows)
{
    return hp->experts ? hp->experts * (1 - pow(1 - (double)hp->experts_used / hp->experts, rows)) : 0;
}

bench_cost bench_cell_cost(const eb_model *m, const bench_cell *cell)
{
    const bool prefill = cell->kind == BENCH_PREFILL;
    const double n = cell->prompt_tok, batch = cell->batch;
    // Mean context of a decode step: what was there, the prompt's one token, half of the output.
    const double past = batch * (cell->depth_tok + 1 + (cell->output_tok - 1) / 2.0);
    const int rows = prefill ? cell->prompt_tok : cell->batch;
    const eb_op_load load = { .rows = rows,
                              .rows_out = prefill ? 1 : rows,
                              .runs = prefill ? 1 : rows,
                              .past_tok = prefill ? 0 : past,
                              .seen_tok = prefill ? n * (n + 1) / 2 : past + batch,
                              .experts = (int)(distinct(&m->hp, rows) + 0.5),
                              .kv_elem_bytes = F16_BYTES };
    if (cell->kind == BENCH_COLD)
        return (bench_cost){ NAN, NAN };
    const eb_op_cost cost = eb_op_cost_of_batch(m, &load);
    return (bench_cost){ cost.bytes / rows, cost.flop / rows };
}
