// SPDX-License-Identifier: Apache-2.0
// The table of output forms, and the report that lies beside the result.
#include "reports/report.h"

#include <stdlib.h>
#include <string.h>
#include "harness/base/file.h"
#include "reports/report_impl.h"

const eb_report_ops *const eb_report_table[] = {
    &eb_report_term, &eb_report_md,         &eb_report_html,      &eb_report_csv,      &eb_report_json,
    &eb_report_sql,  &eb_report_llama_json, &eb_report_llama_csv, &eb_report_llama_md, NULL,
};

const eb_report_ops *eb_report_find(const char *name)
{
    for (const eb_report_ops *const *ops = eb_report_table; *ops; ops++)
        if (!strcmp((*ops)->name, name))
            return *ops;
    return NULL;
}

static bool write_file(const eb_run *run, const eb_report_ops *ops, const char *dir, const char *name, eb_err *err)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out)
        return eb_err_set(err, EB_FAILED, "no memory for %s", name);
    bool ok = ops->write(run, &(eb_report_style){ .color = false }, out, err);
    if (fclose(out) != 0 && ok)
        ok = eb_err_set(err, EB_FAILED, "no memory for %s", name);
    char *path = eb_path_join(dir, name);
    ok = ok && eb_file_write_atomic(path, text, len, err);
    free(path);
    free(text);
    return ok;
}

bool eb_report_files(const eb_run *run, const char *dir, eb_err *err)
{
    return write_file(run, &eb_report_md, dir, "report.md", err) &&
           write_file(run, &eb_report_html, dir, "report.html", err);
}
