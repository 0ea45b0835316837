// SPDX-License-Identifier: Apache-2.0
// One trial of a side: a process of its own, so that sides may be different programs, and so that what a process is by
// chance (where its memory lies) is drawn anew for each trial and not once for a side.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "harness/base/file.h"
#include "harness/base/mem.h"
#include "harness/cmd/check.h"
#include "harness/cmd/check_child.h"
#include "harness/record/records.h"

enum { LOG_LIMIT = 1 << 20 };

// What a gate has no use for, or has done once and not for each trial.
static const char *const trimmed[] = { "run:trials=1",      "run:trials_max=1", "run:idle=0",
                                       "run:cold_start=no", "run:ceilings=off", "probes:calibrate=off" };
enum { N_TRIMMED = sizeof trimmed / sizeof *trimmed, FIXED_ARGS = 12 };

// The first line of its log that says that something is wrong, else the last one.
static void last_words(const char *log, char *said, size_t size)
{
    eb_err why;
    size_t len = 0;
    eb_err_clear(&why);
    char *text = eb_file_read(log, LOG_LIMIT, &len, &why), *line = text;
    snprintf(said, size, "%.290s", text ? "it said nothing" : why.message);
    struct stat st;
    if (!text && stat(log, &st) == 0 && st.st_size > LOG_LIMIT)
        snprintf(said, size, "it said too much to show");
    for (char *next; line && *line; line = next) {
        next = line + strcspn(line, "\n");
        bool last = *next == '\0';
        *next = '\0';
        next += !last;
        if (*line)
            snprintf(said, size, "%s", line);
        if (strstr(line, "error: "))
            break;
    }
    free(text);
}

// What came of a trial that left no run to read.
static void complain(const eb_check_side *side, const eb_check_args *a, const char *log, int status, eb_err *err)
{
    char said[300], by[300] = "";
    last_words(log, said, sizeof said);
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : EB_FAILED;
    const char *what = strstr(said, "error: ") ? strstr(said, "error: ") + 7 : said;
    if (side->bin)
        snprintf(by, sizeof by, " by '%.290s'", side->bin);
    eb_err_set(err, code == EB_USAGE || code == EB_UNAVAILABLE ? (eb_code)code : EB_FAILED,
               "a trial of the %s%s ended with %s %d: %s", side->name, by, WIFEXITED(status) ? "status" : "signal",
               WIFEXITED(status) ? code : WTERMSIG(status), what);
    bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    eb_err_hint(err, "%s run %s%s%.300s%s", side->bin ? side->bin : "effbench", side->config,
                a->out ? "; all that it said is in " : "", a->out ? log : "",
                killed ? "; the system kills so what takes too much memory (dmesg tells)" : "");
}

static void complain_of_time(const eb_check_side *side, const char *self, int limit_s, eb_err *err)
{
    eb_err_set(err, EB_FAILED, "a trial of the %s by '%s' did not end within %d s, and was ended", side->name,
               side->bin ? side->bin : self, limit_s);
    eb_err_hint(err, "%s run %s", side->bin ? side->bin : "effbench", side->config);
}

// Of a program that ended well: what it left, if that is a run.
static eb_run *load(const eb_check_side *side, const char *dir, eb_err *err)
{
    eb_err why;
    eb_err_clear(&why);
    eb_run *run = eb_run_load(dir, &why);
    if (run)
        return run;
    if (!side->bin) {
        *err = why;
        return NULL;
    }
    char *lines = eb_path_join(dir, EB_JOURNAL_LINES);
    if (eb_file_exists(lines))
        eb_err_set(
            err, EB_USAGE,
            "a trial of the %s by '%s' ended with status 0 and left a run that cannot be read: %s, line %d: %.300s",
            side->name, side->bin, eb_path_base(why.file[0] ? why.file : lines), why.line, why.message);
    else
        eb_err_set(err, EB_USAGE, "a trial of the %s by '%s' ended with status 0 and left no run", side->name,
                   side->bin);
    free(lines);
    eb_err_hint(err, "see that it passes on what it is given: '%s run %s --out DIR' must fill DIR", side->bin,
                side->config);
    return NULL;
}

// Of a program that ended for what its run lacks: the run, if it went through to its end.
static eb_run *load_whole(const char *dir)
{
    eb_err ignored;
    eb_err_clear(&ignored);
    eb_run *run = eb_run_load(dir, &ignored);
    if (!run || run->complete)
        return run;
    eb_run_free(run);
    return NULL;
}

// `run` by another version may not know --raw: it is asked for nothing but what this version's own child knows.
static char **arguments(const eb_check_side *side, const eb_check_args *a, const char *dir, const char *const *sets,
                        int n_sets)
{
    int most = FIXED_ARGS + 2 * (N_TRIMMED + n_sets + side->n_sets + a->n_common + 1), n = 0;
    char **argv = eb_alloc(sizeof *argv * (size_t)most);
    const char *head[] = { "effbench", "run", side->config, "--raw", "--progress", "never", "--out", dir };
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        argv[n++] = (char *)head[i];
    const struct {
        const char *const *sets;
        int n;
    } lists[] = { { a->common, a->n_common },
                  { side->sets, side->n_sets },
                  { (const char *const *)&side->model_set, side->model_set != NULL },
                  { trimmed, N_TRIMMED },
                  { sets, n_sets } };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (int k = 0; k < lists[i].n; k++) {
            argv[n++] = (char *)"--set";
            argv[n++] = (char *)lists[i].sets[k];
        }
    return argv;
}

eb_run *eb_check_trial(const eb_check_side *side, const eb_check_args *a, const char *self, const char *dir,
                       const char *const *sets, int n_sets, bool gaps, int limit_s, const volatile sig_atomic_t *signal,
                       eb_err *err)
{
    char **argv = arguments(side, a, dir, sets, n_sets), *log = eb_format("%s.log", dir);
    eb_check_child child;
    eb_run *run = NULL;
    if (eb_check_child_run(side->bin ? side->bin : self, argv, log, limit_s, signal, &child, err)) {
        if (child.late)
            complain_of_time(side, self, limit_s, err);
        else if (child.status == 0)
            run = load(side, dir, err);
        else if (!gaps || !WIFEXITED(child.status) || WEXITSTATUS(child.status) != EB_UNAVAILABLE ||
                 !(run = load_whole(dir)))
            complain(side, a, log, child.status, err);
    }
    free(argv);
    free(log);
    return run;
}
