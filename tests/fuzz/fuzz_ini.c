// SPDX-License-Identifier: Apache-2.0
// A config from anywhere: the reader, the tables, --set and the grid survive it and leave either a plan or errors.
// The text up to the first byte 0xFF is the config, each piece between further ones a --set.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "harness/plan/plan.h"

enum { SETS_MAX = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const eb_plan *plan, const eb_err_list *errs)
{
    if ((plan != NULL) != (errs->n == 0))
        abort();
    for (size_t i = 0; i < errs->n; i++)
        if (errs->items[i].code != EB_USAGE || !errs->items[i].message[0])
            abort();
    if (plan && (plan->n_cases < 1 || strlen(plan->digest) != 32))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    const char *sets[SETS_MAX];
    int n_sets = 0;
    memcpy(text, data, size);
    text[size] = '\0';
    char *mark = memchr(text, 0xFF, size);
    size_t len = mark ? (size_t)(mark - text) : size;
    while (mark && n_sets < SETS_MAX) {
        *mark = '\0';
        sets[n_sets++] = mark + 1;
        mark = memchr(mark + 1, 0xFF, size - (size_t)(mark + 1 - text));
    }
    eb_err_list errs = { 0 };
    eb_plan *plan = eb_plan_from_text("f.ini", text, len, sets, n_sets, false, &errs);
    check(plan, &errs);
    for (size_t i = 0; i < errs.n; i++) {
        char *shown = NULL;
        size_t n = 0;
        FILE *to = open_memstream(&shown, &n);
        eb_err_print(&errs.items[i], to);
        fclose(to);
        free(shown);
    }
    eb_plan_free(plan);
    eb_err_list_deinit(&errs);
    free(text);
    return 0;
}
