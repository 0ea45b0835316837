// SPDX-License-Identifier: Apache-2.0
// run.json as it is.
#include <stdlib.h>
#include <string.h>
#include "reports/report_impl.h"

static bool write_json(const eb_run *run, const eb_report_style *style, FILE *out, eb_err *err)
{
    (void)style;
    char *text = eb_run_json(run);
    if (!text)
        return eb_err_set(err, EB_FAILED, "no memory for run.json");
    size_t n = strlen(text);
    fputs(text, out);
    if (n == 0 || text[n - 1] != '\n')
        fputc('\n', out);
    free(text);
    return true;
}

const eb_report_ops eb_report_json = { .name = "json", .doc = "run.json", .write = write_json };
