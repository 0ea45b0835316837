// SPDX-License-Identifier: Apache-2.0
// What a peer's benchmark prints, and the names of cells: the first line is the cell, the rest the output.
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/engine/cell.c"
#include "tests/bench/engine/figures.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    memcpy(text, data, size);
    text[size] = 0;
    char *line = strchr(text, '\n'), *output = line ? line + 1 : text + size;
    if (line)
        *line = 0;
    bench_cell cell;
    peer_figure f;
    eb_err err;
    eb_err_clear(&err);
    if (bench_cell_parse(text, &cell, &err)) {
        const size_t n = size - (size_t)(output - text);
        if (peer_figure_of_bench(output, n, "a peer", &cell, 2, &f, &err) && !(f.tok_s > 0))
            abort();
        eb_err_clear(&err);
        if (peer_figure_of_batched(output, n, "a peer", &cell, &f, &err) && !(f.tok_s > 0))
            abort();
    }
    free(text);
    return 0;
}
