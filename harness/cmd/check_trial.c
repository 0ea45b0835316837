// SPDX-License-Identifier: Apache-2.0
// One trial of a side: a process of its own, so that sides may be different programs, and so that what a process is by
// chance (where its memory lies) is drawn anew for each trial and not once for a side.
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/file.h"
#include "harness/base/mem.h"
#include "harness/cmd/check.h"

extern char **environ;

enum { LOG_LIMIT = 1 << 20 };

// What a gate has no use for, or has done once and not for each trial.
static const char *const trimmed[] = { "run:trials=1",      "run:trials_max=1", "run:idle=0",
                                       "run:cold_start=no", "run:ceilings=off", "probes:calibrate=off" };
enum { N_TRIMMED = sizeof trimmed / sizeof *trimmed, FIXED_ARGS = 12 };

static bool start(const char *program, char *const *argv, const char *log, pid_t *pid, eb_err *err)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    int rc = posix_spawnp(pid, program, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return rc == 0 || eb_err_sys(err, EB_USAGE, rc, "cannot start", program);
}

// A child is interrupted as we are: the terminal tells both, anybody else only us.
static int wait_for(pid_t pid, const volatile sig_atomic_t *signal)
{
    int status = 0;
    bool told = false;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        if (*signal && !told) {
            kill(pid, SIGTERM);
            told = true;
        }
    return status;
}

// The first line of its log that says that something is wrong, else the last one.
static void complain(const eb_check_side *side, const char *log, int status, eb_err *err)
{
    eb_err ignored;
    size_t len = 0;
    char *text = eb_file_read(log, LOG_LIMIT, &len, &ignored), *line = text, said[300] = "it said nothing";
    for (char *next; line && *line; line = next) {
        next = line + strcspn(line, "\n");
        bool last = *next == '\0';
        *next = '\0';
        next += !last;
        if (*line)
            snprintf(said, sizeof said, "%.299s", line);
        if (strstr(line, "error: "))
            break;
    }
    free(text);
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : EB_FAILED;
    const char *what = strstr(said, "error: ") ? strstr(said, "error: ") + 7 : said;
    eb_err_set(err, code == EB_USAGE || code == EB_UNAVAILABLE ? (eb_code)code : EB_FAILED,
               "a trial of the %s ended with %s %d: %s", side->name, WIFEXITED(status) ? "status" : "signal",
               WIFEXITED(status) ? code : WTERMSIG(status), what);
    eb_err_hint(err, "effbench run %s", side->config);
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
                       const char *const *sets, int n_sets, const volatile sig_atomic_t *signal, eb_err *err)
{
    char **argv = arguments(side, a, dir, sets, n_sets), *log = eb_format("%s.log", dir);
    pid_t pid;
    eb_run *run = NULL;
    if (start(side->bin ? side->bin : self, argv, log, &pid, err)) {
        int status = wait_for(pid, signal);
        if (*signal)
            eb_err_set(err, *signal == SIGTERM ? EB_SIGTERM : EB_SIGINT, "interrupted");
        else if (status == 0)
            run = eb_run_load(dir, err);
        else
            complain(side, log, status, err);
    }
    free(argv);
    free(log);
    return run;
}
