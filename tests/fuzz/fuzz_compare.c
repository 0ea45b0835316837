// SPDX-License-Identifier: Apache-2.0
// Fuzzes run.json as `effbench compare` reads it: the same bytes as two runs, compared by everything that can differ,
// and printed in every form.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/record/compare.h"
#include "reports/compare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print(const eb_compare *c)
{
    for (const eb_compare_form *f = eb_compare_forms; f->name; f++) {
        char *text = NULL;
        size_t n = 0;
        FILE *out = open_memstream(&text, &n);
        if (!out)
            abort();
        f->write(c, true, out);
        fclose(out);
        free(text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    eb_err err = { 0 };
    eb_compare_run *runs[2] = { eb_compare_parse("a/one", (const char *)data, size, &err), NULL };
    if (!runs[0]) {
        if (err.code != EB_USAGE || !err.message[0])
            abort();
        return 0;
    }
    runs[1] = eb_compare_parse("b/two", (const char *)data, size, &err);
    for (int by = 0; by < EB_BY_COUNT; by++) {
        eb_compare_options options = { .by = (eb_compare_by)by };
        eb_compare *c = eb_compare_new(runs, 2, &options, &err);
        if (c)
            print(c);
        eb_compare_free(c);
    }
    eb_compare_guess(runs, 1);
    eb_compare_run_free(runs[0]);
    eb_compare_run_free(runs[1]);
    return 0;
}
