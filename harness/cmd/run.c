// SPDX-License-Identifier: Apache-2.0
// `effbench run`: config -> plan -> journal -> report. The table is printed from the result folder,
// read back, so that `effbench report` prints the same.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/file.h"
#include "harness/base/mem.h"
#include "harness/cmd/cmd.h"
#include "harness/cmd/dry_run.h"
#include "harness/cmd/progress.h"
#include "harness/cmd/resume.h"
#include "harness/cmd/run_show.h"
#include "harness/plan/plan.h"
#include "harness/run/runner.h"

enum { MAX_SETS = 256, SAME_SECOND_LIMIT = 1000 };

typedef struct run_args {
    const char *command; // "run", or "profile", which is a run
    const char *config, *out, *resume;
    const char *sets[MAX_SETS];
    int n_sets;
    char *require; // the --set that --require-energy stands for
    bool dry_run, raw;
    eb_progress_mode progress;
} run_args;

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    caught = number;
}

static void catch_signals(void)
{
    // One shot: a second Ctrl-C ends the program at once.
    struct sigaction sa = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };
    sigemptyset(&sa.sa_mask);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
}

// ---- arguments ----------------------------------------------------------------------------------------

static int take_option(run_args *a, int argc, char **argv, int *i)
{
    const char *value = NULL, *progress = NULL, *grade = NULL, *set = NULL;
    struct {
        const char *name, **value;
    } const options[] = { { "--set", &set },
                          { "--out", &a->out },
                          { "--resume", &a->resume },
                          { "--require-energy", &grade },
                          { "--progress", &progress } };
    static const char *const known[] = { "--set",     "--out",      "--resume", "--require-energy",
                                         "--dry-run", "--progress", "--raw" };
    if (strcmp(argv[*i], "--dry-run") == 0) {
        a->dry_run = true;
        return EB_OK;
    }
    if (strcmp(argv[*i], "--raw") == 0) {
        a->raw = true;
        return EB_OK;
    }
    const char *name = argv[*i];
    for (size_t k = 0; k < sizeof options / sizeof *options && !value; k++)
        if (eb_cmd_option(argc, argv, i, options[k].name, options[k].value)) {
            value = *options[k].value;
            if (!value || !*value)
                return eb_cmd_usage(a->command, "%s needs a value", options[k].name);
        }
    if (!value)
        return eb_cmd_unknown_key(a->command, name, *i + 1 < argc ? argv[*i + 1] : NULL, known,
                                  sizeof known / sizeof *known);
    if (set || grade) {
        if (a->n_sets == MAX_SETS)
            return eb_cmd_usage(a->command, "more than %d --set", MAX_SETS);
        eb_grade asked;
        if (grade && !eb_grade_parse(grade, &asked))
            return eb_cmd_usage(a->command, "--require-energy is none, estimate, sampled, counter or wall, not '%.40s'",
                                grade);
        if (grade)
            set = a->require = eb_format("run:require_energy=%s", grade);
        a->sets[a->n_sets++] = set;
    }
    if (progress) {
        static const char *const names[] = { "auto", "always", "never" };
        int mode = 0;
        while (mode < 3 && strcmp(progress, names[mode]) != 0)
            mode++;
        if (mode == 3)
            return eb_cmd_usage(a->command, "--progress is auto, always or never, not '%s'", progress);
        a->progress = (eb_progress_mode)mode;
    }
    return EB_OK;
}

static int parse_args(run_args *a, int argc, char **argv)
{
    bool plain = false;
    for (int i = 1; i < argc; i++) {
        if (!plain && strcmp(argv[i], "--") == 0) {
            plain = true;
        } else if (!plain && argv[i][0] == '-' && argv[i][1]) {
            int rc = take_option(a, argc, argv, &i);
            if (rc != EB_OK)
                return rc;
        } else if (a->config) {
            return eb_cmd_usage(a->command, "one config at a time: '%s' and '%s'", a->config, argv[i]);
        } else {
            a->config = argv[i];
        }
    }
    if (!a->config && !a->resume)
        return eb_cmd_usage(a->command, "which config? For instance: effbench %s configs/edge.ini", a->command);
    if (a->resume && a->out)
        return eb_cmd_usage(a->command, "--resume goes on in its own folder; --out has no place beside it");
    return EB_OK;
}

// ---- the result folder ----------------------------------------------------------------------------------

// results/NAME-YYYYMMDD-HHMMSS, with -2, -3 ... for more runs in the same second. Caller frees.
static char *fresh_folder(const eb_plan *plan, eb_err *err)
{
    time_t now = time(NULL);
    struct tm tm;
    char stamp[32];
    gmtime_r(&now, &tm);
    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &tm);
    const char *parent = "results";
    if (!eb_mkdirs(parent, err))
        return NULL;
    for (int k = 1; k < SAME_SECOND_LIMIT; k++) {
        char *dir = k == 1 ? eb_format("%s/%s-%s", parent, plan->run.name, stamp)
                           : eb_format("%s/%s-%s-%d", parent, plan->run.name, stamp, k);
        if (mkdir(dir, 0777) == 0)
            return dir;
        int errnum = errno;
        if (errnum != EEXIST) {
            eb_err_sys(err, eb_err_place(errnum), errnum, "cannot make the result folder", dir);
            free(dir);
            return NULL;
        }
        free(dir);
    }
    eb_err_set(err, EB_FAILED, "too many runs in one second in '%s'", parent);
    return NULL;
}

static char *self_path(void)
{
    char buf[4096];
    ssize_t n = readlink("/proc/self/exe", buf, sizeof buf - 1);
    return n > 0 ? eb_strndup(buf, (size_t)n) : NULL;
}

// What the runner cannot know: whether a folder is left, and that it can be gone on with.
static void advise(eb_err *err, bool started, const run_args *args, const char *dir)
{
    bool signalled = err->code == EB_SIGINT || err->code == EB_SIGTERM;
    char before[sizeof err->hint];
    memcpy(before, err->hint, sizeof before);
    if (signalled && !started && !args->resume) {
        eb_err_set(err, err->code, "interrupted before anything was measured; no result is left");
    } else if (err->code == EB_FAILED && started) {
        eb_err_hint(err, "%.300s%s`effbench run --resume '%s'` goes on from what is finished", before,
                    before[0] ? "; then " : "", dir);
    }
}

static int execute(const eb_globals *globals, const run_args *args, const eb_plan *plan, const char *dir)
{
    eb_err err;
    eb_err_clear(&err);
    eb_io io = eb_io_select(globals->sysroot);
    eb_screen s = eb_screen_open(args->progress);
    char *self = self_path();
    bool started = false;
    eb_run_job job = { .plan = plan,
                       .io = &io,
                       .dir = dir,
                       .resume = args->resume != NULL,
                       .tool_version = eb_version,
                       .self = self,
                       .signal = &caught,
                       .hooks = { .progress = eb_screen_progress, .notice = eb_screen_notice, .arg = &s } };
    catch_signals();
    bool ok = eb_run_execute(&job, &started, &err);
    eb_screen_clear(&s);
    int rc = EB_OK;
    if (started && !args->raw)
        rc = eb_run_show(globals, plan, dir);
    else if (ok)
        rc = eb_run_leave(plan, dir);
    if (!ok) {
        advise(&err, started, args, dir);
        rc = eb_cmd_fail(&err);
    }
    if (!started && !args->resume)
        eb_resume_forget(dir);
    free(self);
    eb_io_deinit(&io);
    return rc;
}

static int run_plan(const eb_globals *globals, const run_args *args, const eb_plan *plan)
{
    eb_err err;
    eb_err_clear(&err);
    if (args->dry_run)
        return eb_dry_run(globals, plan);
    const char *given = args->resume ? args->resume : args->out ? args->out : plan->run.out;
    char *dir = given ? eb_strdup(given) : fresh_folder(plan, &err);
    if (!dir)
        return eb_cmd_fail(&err);
    int rc;
    if (!args->resume && !eb_resume_save(dir, plan->config_text, plan->config_len, args->sets, args->n_sets, &err))
        rc = eb_cmd_fail(&err);
    else if (args->resume && eb_resume_complete(dir, plan)) { // another idle baseline would change its net energies
        fprintf(stderr, "effbench: this run is complete; nothing is measured again\n");
        rc = args->raw ? eb_run_leave(plan, dir) : eb_run_show(globals, plan, dir);
    } else
        rc = execute(globals, args, plan, dir);
    free(dir);
    return rc;
}

static int run(const eb_globals *globals, int argc, char **argv)
{
    run_args args = { .command = argv[0] };
    eb_err_list errs = { 0 };
    eb_err err;
    eb_err_clear(&err);
    eb_resume saved = { 0 };
    int rc = parse_args(&args, argc, argv);
    if (rc != EB_OK)
        return rc;
    if (!eb_cmd_report_format(globals->format))
        return EB_USAGE;
    if (args.resume && !args.config) {
        if (!eb_resume_load(args.resume, &saved, &err))
            return eb_cmd_fail(&err);
        args.config = saved.config;
        for (int i = 0; i < saved.n_sets && args.n_sets < MAX_SETS; i++)
            args.sets[args.n_sets++] = saved.sets[i];
    }
    eb_plan *plan = eb_plan_load(args.config, args.sets, args.n_sets, &errs);
    rc = plan ? run_plan(globals, &args, plan) : eb_cmd_fail_all(&errs);
    eb_plan_free(plan);
    eb_err_list_deinit(&errs);
    eb_resume_deinit(&saved);
    free(args.require);
    return rc;
}

const eb_command eb_cmd_run = {
    .name = "run",
    .synopsis = "run CONFIG [--set section[:name]:key=value] [--out DIR] [--dry-run]",
    .doc = "measure what a config asks for and print the table",
    .run = run,
    .help = "  CONFIG                     an INI file (- is the standard input); configs/ has some, `effbench\n"
            "                             help SECTION.KEY` explains each option\n"
            "  --set S[:NAME]:KEY=VALUE   change an option; may be repeated\n"
            "  --out DIR                  result folder (default: results/NAME-DATE-TIME)\n"
            "  --raw                      measure and print nothing but the name of the folder, on stderr;\n"
            "                             `effbench report DIR` does the rest\n"
            "  --dry-run                  print the plan, the probes and an estimate; run nothing\n"
            "  --resume DIR               go on with an interrupted run: finished trials are kept\n"
            "  --require-energy GRADE     estimate, sampled, counter or wall: what is weaker is an error (exit 5)\n"
            "  --progress MODE            progress on stderr: never, always (a line for each trial), or auto: on\n"
            "                             a terminal one line that is rewritten, elsewhere a line every 10 s at\n"
            "                             most\n"
            "  --format F                 what to print at the end, as for `effbench report`\n",
    .once = (const char *const[]){ "--out", "--resume", "--require-energy", "--progress", NULL },
};
