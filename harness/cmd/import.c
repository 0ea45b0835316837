// SPDX-License-Identifier: Apache-2.0
// `effbench import`: what another program measured, as a result folder of ours.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness/base/file.h"
#include "harness/base/mem.h"
#include "harness/cmd/cmd.h"
#include "harness/record/import_llama_bench.h"
#include "reports/report.h"

typedef struct import_args {
    const char *from, *file, *out;
} import_args;

static int parse_args(import_args *a, int argc, char **argv)
{
    bool options = true;
    for (int i = 1; i < argc; i++) {
        if (options && !strcmp(argv[i], "--"))
            options = false;
        else if (options && eb_cmd_option(argc, argv, &i, "--out", &a->out)) {
            if (!a->out || !*a->out)
                return eb_cmd_usage("import", "--out needs the name of a folder");
        } else if (options && argv[i][0] == '-' && argv[i][1])
            return eb_cmd_unknown("import", argv[i], (const char *const[]){ "--out" }, 1);
        else if (!a->from)
            a->from = argv[i];
        else if (!a->file)
            a->file = argv[i];
        else
            return eb_cmd_usage("import", "takes one file, and '%.60s' is another", argv[i]);
    }
    if (!a->from || strcmp(a->from, "llama-bench") != 0)
        return eb_cmd_usage("import", "reads what llama-bench wrote: `effbench import llama-bench FILE`");
    return a->file ? EB_OK : eb_cmd_usage("import", "needs the file that llama-bench wrote (-o json, jsonl or csv)");
}

// results/NAME-YYYYMMDD-HHMMSS, with -2, -3 ... for more in the same second. Caller frees.
static char *new_folder(const char *file)
{
    const char *base = eb_path_base(file), *dot = strrchr(base, '.');
    int n = dot && dot > base ? (int)(dot - base) : (int)strlen(base);
    char stamp[32];
    struct tm tm;
    time_t now = time(NULL);
    gmtime_r(&now, &tm);
    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &tm);
    char *dir = eb_format("results/%.*s-%s", n, base, stamp);
    for (int i = 2; eb_file_exists(dir); i++) {
        free(dir);
        dir = eb_format("results/%.*s-%s-%d", n, base, stamp, i);
    }
    return dir;
}

// The same files and the same table as after a run of our own.
static int show(const eb_globals *globals, const eb_report_ops *ops, const char *dir)
{
    eb_err err = { 0 };
    const char *notice = NULL;
    eb_run *run = eb_run_load(dir, &err);
    if (!run)
        return eb_cmd_fail(&err);
    int rc = EB_OK;
    eb_report_style style = { .color = globals->color, .run = dir };
    if (!ops->write(run, &style, stdout, &err) || !eb_run_json_write(run, dir, &err) ||
        !eb_energy_csv_write(run, dir, &err) || !eb_report_files(run, dir, &err))
        rc = eb_cmd_fail(&err);
    eb_err_clear(&err);
    if (!eb_report_plots(run, dir, &notice, &err))
        fprintf(stderr, "effbench: warning: no plots: %s\n", err.message);
    if (notice)
        fprintf(stderr, "%s\n", notice);
    eb_run_free(run);
    fflush(stdout);
    fprintf(stderr, "results in %s\n", dir);
    return rc;
}

static int run_import(const eb_globals *globals, int argc, char **argv)
{
    import_args args = { 0 };
    eb_err err = { 0 };
    int rc = parse_args(&args, argc, argv);
    if (rc != EB_OK || !args.file)
        return rc;
    const eb_report_ops *ops = eb_cmd_report_format(globals->format);
    if (!ops)
        return EB_USAGE;
    bool piped = !strcmp(args.file, "-");
    const char *name = piped ? "llama-bench" : args.file;
    size_t len = 0;
    char *text = eb_file_read(piped ? "/dev/stdin" : args.file, EB_IMPORT_MAX_BYTES, &len, &err);
    if (!text) {
        err.code = EB_USAGE; // a file that the user can mend, as a config is
        if (!err.hint[0])
            eb_err_hint(&err, "give the file that llama-bench wrote (-o json, jsonl or csv)");
        return eb_cmd_fail(&err);
    }
    eb_import in;
    char *dir = args.out ? eb_strdup(args.out) : new_folder(name);
    bool ok = eb_import_llama_bench(text, len, name, &in, &err) && eb_import_write(&in, dir, &err);
    eb_import_deinit(&in);
    free(text);
    rc = ok ? show(globals, ops, dir) : eb_cmd_fail(&err);
    free(dir);
    return rc;
}

const eb_command eb_cmd_import = {
    .name = "import",
    .synopsis = "effbench import llama-bench FILE [--out DIR] [--format F]",
    .doc = "make a result folder of what llama-bench measured",
    .run = run_import,
    .help = "  FILE          what llama-bench wrote with -o json, jsonl or csv (- is the standard input)\n"
            "  --out DIR     result folder (default: results/NAME-DATE-TIME)\n"
            "  --format F    what to print at the end, as for `effbench report`\n"
            "\n"
            "A case for each row, a trial for each repetition (CSV has only their mean). There are no joules and\n"
            "no times of single tokens in such a file, so the folder has none: its grade is none.\n",
    .once = (const char *const[]){ "--out", NULL },
};
