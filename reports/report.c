// SPDX-License-Identifier: Apache-2.0
// The table of output forms, and the report that lies beside the result.
#include "reports/report.h"

#include <stdlib.h>
#include <string.h>
#include "harness/base/file.h"
#include "reports/report_impl.h"

const eb_report_ops *const eb_report_table[] = { &eb_report_term, &eb_report_md, &eb_report_csv, &eb_report_json,
                                                 NULL };

const eb_report_ops *eb_report_find(const char *name)
{
    for (const eb_report_ops *const *ops = eb_report_table; *ops; ops++)
        if (!strcmp((*ops)->name, name))
            return *ops;
    return NULL;
}

bool eb_report_files(const eb_run *run, const char *dir, eb_err *err)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out)
        return eb_err_set(err, EB_FAILED, "no memory for report.md");
    bool ok = eb_report_md.write(run, &(eb_report_style){ .color = false }, out, err);
    if (fclose(out) != 0 && ok)
        ok = eb_err_set(err, EB_FAILED, "no memory for report.md");
    char *path = eb_path_join(dir, "report.md");
    ok = ok && eb_file_write_atomic(path, text, len, err);
    free(path);
    free(text);
    return ok;
}
