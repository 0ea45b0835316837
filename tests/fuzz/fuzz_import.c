// SPDX-License-Identifier: Apache-2.0
// Any bytes as llama-bench's output: refused with one line, or cases and trials whose figures hold.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "harness/record/import_llama_bench.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    eb_import in;
    eb_err err = { 0 };
    char *text = malloc(size + 1); // as it is read from a file: with a NUL behind it
    if (!text)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    bool ok = eb_import_llama_bench(text, size, "bench.json", &in, &err);
    if (!ok && (err.code != EB_USAGE || !err.message[0] || strchr(err.message, '\n')))
        abort();
    int64_t last = 0;
    for (int i = 0; ok && i < in.n_trials; i++) {
        const eb_trial_info *t = &in.trials[i];
        if (t->case_index < 0 || t->case_index >= in.header.n_cases || t->t_start_ns != last ||
            t->t_end_ns <= t->t_start_ns || t->totals.prompt_tok < 0 || t->totals.output_tok < 0)
            abort();
        last = t->t_end_ns;
    }
    for (int c = 0; ok && c < in.header.n_cases; c++)
        if (!in.header.cases[c].model || !in.header.cases[c].type || in.header.cases[c].batch < 1)
            abort();
    eb_import_deinit(&in);
    free(text);
    return 0;
}
