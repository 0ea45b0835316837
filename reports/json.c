// SPDX-License-Identifier: Apache-2.0
// run.json as it is; of several runs one document, docs/runs.schema.json.
#include <stdlib.h>
#include <string.h>
#include "harness/base/json.h"
#include "reports/report_impl.h"

// {"run":"NAME","report": and what follows is its run.json.
static void put_name(const char *name, FILE *out)
{
    cJSON *obj = cJSON_CreateObject();
    eb_json_add_str(obj, "run", name);
    char *text = eb_json_print(obj, false);
    fprintf(out, "%.*s,\"report\":", (int)strlen(text) - 1, text);
    free(text);
    cJSON_Delete(obj);
}

static bool write_json(const eb_run *run, const eb_report_style *style, FILE *out, eb_err *err)
{
    char *text = eb_run_json(run);
    if (!text)
        return eb_err_set(err, EB_FAILED, "no memory for run.json");
    size_t n = strlen(text);
    if (style->several)
        put_name(style->run, out);
    fputs(text, out);
    if (n == 0 || text[n - 1] != '\n')
        fputc('\n', out);
    if (style->several)
        fputc('}', out);
    free(text);
    return true;
}

const eb_report_ops eb_report_json = { .name = "json",
                                       .doc = "run.json",
                                       .open = "{\"schema\":\"effbench.runs/1\",\"runs\":[\n",
                                       .between = ",\n",
                                       .close = "\n]}\n",
                                       .write = write_json };
