// SPDX-License-Identifier: Apache-2.0
// `effbench report`: every figure of a result folder again, from its raw files.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/file.h"
#include "harness/base/json.h"
#include "harness/base/mem.h"
#include "harness/base/option.h"
#include "harness/base/words.h"
#include "harness/cmd/cmd.h"
#include "harness/record/profile.h"
#include "harness/record/load.h"
#include "harness/record/sustained.h"
#include "harness/record/vouch.h"
#include "reports/report.h"
#include "reports/text.h"

enum { DERIVED_LIMIT = 1 << 30 };

const eb_report_ops *eb_cmd_report_format(const char *name)
{
    const eb_report_ops *ops = eb_report_find(name ? name : "term");
    if (ops)
        return ops;
    const char *names[16] = { "term" };
    int n = 0;
    for (const eb_report_ops *const *o = eb_report_table; *o && n < 16; o++)
        names[n++] = (*o)->name;
    const char *near = eb_nearest(name, names, n);
    char list[160] = "";
    for (int i = 0; i < n; i++)
        eb_words_add(list, sizeof list, ", ", names[i]);
    eb_err err = { 0 };
    eb_err_set(&err, EB_USAGE, "there is no report format '%.40s'", name);
    if (near)
        eb_err_hint(&err, "did you mean '%s'? The formats are %s", near, list);
    else
        eb_err_hint(&err, "the formats are %s", list);
    eb_cmd_fail(&err);
    return NULL;
}

static void warn(const eb_err *err)
{
    fprintf(stderr, "effbench: warning: %s\n", err->message);
}

// NULL: not there, or not to be read.
static char *read_derived(const char *path, size_t *len)
{
    eb_err ignored = { 0 };
    return eb_file_read_regular(path, DERIVED_LIMIT, len, &ignored);
}

// run.json and energy.csv are derived: written when they are missing or are not what the raw files give. A folder that
// cannot be written (an archive, another user's) can still be read.
static void refresh(const eb_run *run, const char *dir, const char *name, char *want,
                    bool (*write)(const eb_run *, const char *, eb_err *))
{
    eb_err err = { 0 };
    size_t len = 0;
    char *path = eb_path_join(dir, name);
    char *have = read_derived(path, &len);
    bool same = have && want && len == strlen(want) && !memcmp(have, want, len);
    if (!same && !write(run, dir, &err))
        warn(&err);
    free(want);
    free(have);
    free(path);
}

// What was handed on as run.json is not what its raw files give: said before it is made again.
static void doubt_run_json(const char *dir)
{
    eb_err err = { 0 };
    size_t len = 0;
    char why[80], *path = eb_path_join(dir, "run.json");
    char *text = read_derived(path, &len);
    cJSON *json = text ? eb_json_parse(text, len, path, &err) : NULL;
    if (text && !json)
        fprintf(stderr, "effbench: warning: '%s' is damaged; it is made again from the raw files\n", path);
    else if (json && !eb_vouch_check(dir, text, json, why, sizeof why))
        fprintf(stderr, "effbench: warning: '%s' is not of the raw files beside it: %s; it is made again from them\n",
                path, why);
    cJSON_Delete(json);
    free(text);
    free(path);
}

static void refresh_derived(const eb_run *run, const char *dir)
{
    if (eb_cmd_say_newer(dir, true))
        return;
    doubt_run_json(dir);
    refresh(run, dir, "run.json", eb_run_json(run), eb_run_json_write);
    refresh(run, dir, "energy.csv", eb_energy_csv(run), eb_energy_csv_write);
    if (run->n_profiles)
        refresh(run, dir, "profile.csv", eb_profile_csv(run), eb_profile_csv_write);
    if (run->n_loads)
        refresh(run, dir, "load.csv", eb_load_csv(run), eb_load_csv_write);
    if (run->n_sustained)
        refresh(run, dir, "sustained.csv", eb_sustained_csv(run), eb_sustained_csv_write);
}

static void make_plots(const eb_run *run, const char *dir)
{
    eb_err err = { 0 };
    const char *notice = NULL;
    if (!eb_report_files(run, dir, &err))
        warn(&err);
    eb_err_clear(&err);
    if (!eb_report_plots(run, dir, &notice, &err))
        warn(&err);
    else if (notice)
        fprintf(stderr, "effbench: notice: %s\n", notice);
}

// The folder's name before what is printed of it: into stdout where a person reads it, to stderr where a program does.
static void put_folder(const char *dir, bool person)
{
    char *name = eb_text_clean(dir);
    fprintf(person ? stdout : stderr, "%s%s%s", person ? "# " : "effbench: run ", name, person ? "\n\n" : "\n");
    free(name);
}

// As a part of one document; a run that has nothing to say there leaves nothing, no comma either.
static bool write_part(const eb_run *run, const eb_report_ops *ops, const eb_report_style *style, int *written,
                       eb_err *err)
{
    char *text = NULL;
    size_t len = 0;
    FILE *part = open_memstream(&text, &len);
    if (!part)
        return eb_err_set(err, EB_FAILED, "no memory for the report");
    bool ok = ops->write(run, style, part, err);
    if (fclose(part) != 0 && ok)
        ok = eb_err_set(err, EB_FAILED, "no memory for the report");
    if (ok && len) {
        fputs((*written)++ ? ops->between : ops->open, stdout);
        fwrite(text, 1, len, stdout);
    }
    free(text);
    return ok;
}

// `several`: it is one of many, of which `*written` stand there.
static int report_one(const eb_globals *globals, const eb_report_ops *ops, const char *dir, bool several, bool plots,
                      int *written)
{
    eb_err err = { 0 };
    eb_run *run = eb_run_load(dir, &err);
    if (!run)
        return eb_cmd_fail(&err);
    refresh_derived(run, dir);
    if (plots)
        make_plots(run, dir);
    bool person = !strcmp(ops->name, "term") || !strcmp(ops->name, "md");
    fflush(stdout);
    bool joint = several && ops->open;
    if (several && !joint)
        put_folder(dir, person);
    eb_report_style style = { .color = globals->color, .run = dir, .several = joint, .follows = joint && *written };
    bool ok = joint ? write_part(run, ops, &style, written, &err) : ops->write(run, &style, stdout, &err);
    if (several && ok)
        fputs(person ? "\n" : "", stdout);
    eb_run_free(run);
    return ok ? EB_OK : eb_cmd_fail(&err);
}

static int run_report(const eb_globals *globals, int argc, char **argv)
{
    const char **dirs = eb_alloc((size_t)argc * sizeof *dirs);
    int n = 0, status = EB_OK, written = 0;
    bool plots = false, options = true;
    for (int i = 1; i < argc && status == EB_OK; i++) {
        if (options && !strcmp(argv[i], "--"))
            options = false;
        else if (options && !strcmp(argv[i], "--plots"))
            plots = true;
        else if (options && argv[i][0] == '-' && argv[i][1])
            status = eb_cmd_unknown("report", argv[i], (const char *const[]){ "--plots" }, 1);
        else
            dirs[n++] = argv[i];
    }
    const eb_report_ops *ops = status == EB_OK ? eb_cmd_report_format(globals->format) : NULL;
    if (status == EB_OK && !ops)
        status = EB_USAGE;
    if (status == EB_OK && ops->page && n > 1)
        status = eb_cmd_usage(
            "report", "--format %s makes a page of one folder; `effbench compare RUN... --format %s` of several",
            ops->name, ops->name);
    if (status == EB_OK && n == 0)
        status = eb_cmd_usage("report", "needs the folder of a run (results/NAME-DATE-TIME)");
    for (int i = 0; ops && i < n && !(ops->page && n > 1); i++) {
        int one = report_one(globals, ops, dirs[i], n > 1, plots, &written); // one bad folder does not stop the rest
        status = status == EB_OK ? one : status;
    }
    if (written)
        fputs(ops->close, stdout);
    free(dirs);
    return status;
}

const eb_command eb_cmd_report = {
    .name = "report",
    .synopsis = "effbench report RUN... [--format term|md|html|csv|json|sql|...] [--plots]",
    .doc = "every figure of a result folder, computed again from its raw files",
    .run = run_report,
    .help = "  RUN             a result folder; several are printed one after another, each under its name; of\n"
            "                  csv, json and llama-bench's they make one document\n"
            "  --format FORM   term (default), md, html (one page with pictures, of one folder), csv (one row per\n"
            "                  case and metric), json (run.json), sql (for SQLite), llama-bench-json,\n"
            "                  llama-bench-csv, llama-bench-md (llama-bench's names, with joules)\n"
            "  --plots         write report.md, report.html and plots/*.svg of the folder again (the plots need\n"
            "                  gnuplot)\n"
            "\n"
            "Writes RUN/run.json and energy.csv again where they are missing or are not what the raw files give.\n"
            "What a newer effbench made of them is left as it is.\n",
};
