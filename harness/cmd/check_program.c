// SPDX-License-Identifier: Apache-2.0
// Whether the program that is to run a side is an effbench: asked for its version before anything is measured, for what
// is none may end well and leave nothing, or never end.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/cmd/check.h"
#include "harness/cmd/check_child.h"

extern char **environ;

enum { ANSWER_S = 10, HEARD_MAX = 4096, TICK_MS = 10 };

typedef struct answer {
    char text[HEARD_MAX + 1]; // what it said first, stdout and stderr
    size_t n;
    bool ended, late; // late: it was ended, its time being over
    int status;
} answer;

static bool spawn_asked(const char *program, int out, pid_t *pid, int *errnum)
{
    char *argv[] = { (char *)"effbench", (char *)"--version", NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attr);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    posix_spawn_file_actions_adddup2(&actions, out, 2);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP); // so that what a script started ends with it
    *errnum = posix_spawnp(pid, program, &actions, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&actions);
    return *errnum == 0;
}

static bool says_effbench(const answer *a)
{
    for (const char *line = a->text; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (strncmp(line, "effbench", 8) == 0)
            return true;
    return false;
}

// Until it says what we look for, it has said enough, ended, its time is over, or a signal was caught. The pipe may
// outlive the program.
static void listen_to(int fd, pid_t pid, const volatile sig_atomic_t *signal, answer *a)
{
    int64_t end_ns = eb_now_ns() + (int64_t)ANSWER_S * 1000000000;
    bool open = true;
    while (!says_effbench(a) && a->n < HEARD_MAX && eb_now_ns() < end_ns && !*signal) {
        struct pollfd p = { .fd = open ? fd : -1, .events = POLLIN };
        poll(&p, 1, TICK_MS);
        ssize_t got = p.revents ? read(fd, a->text + a->n, HEARD_MAX - a->n) : -1;
        if (got > 0) {
            for (ssize_t i = 0; i < got; i++) // one text, whatever it is made of
                a->text[a->n + (size_t)i] = a->text[a->n + (size_t)i] ? a->text[a->n + (size_t)i] : '?';
            a->n += (size_t)got;
            continue;
        }
        open = open && !p.revents;
        if (a->ended)
            break;
        a->ended = waitpid(pid, &a->status, WNOHANG) == pid;
    }
    a->late = !a->ended && eb_now_ns() >= end_ns;
    kill(-pid, SIGKILL);
    while (!a->ended && waitpid(pid, &a->status, 0) < 0 && errno == EINTR)
        continue;
}

static bool cannot_start(const eb_check_side *side, int errnum, eb_err *err)
{
    struct stat st;
    eb_err_set(err, EB_USAGE, "cannot start the %s's program '%s': %s", side->name, side->bin, strerror(errnum));
    if (!strchr(side->bin, '/') && stat(side->bin, &st) == 0)
        return eb_err_hint(err, "a program of this folder is named ./%s", side->bin);
    if (stat(side->bin, &st) == 0 && S_ISDIR(st.st_mode))
        return eb_err_hint(err, "it is a folder: name the effbench in it");
    if (errnum == EACCES)
        return eb_err_hint(err, "see that it is a program, and that this user may run it");
    if (errnum == ENOEXEC)
        return eb_err_hint(err, "it is no program of this machine; a script begins with #!/bin/sh");
    return eb_err_hint(err, "name an effbench with --%s-bin", side->name[0] == 'b' ? "base" : "cand");
}

static bool no_effbench(const eb_check_side *side, answer *a, eb_err *err)
{
    char *first = a->text + strspn(a->text, "\r\n \t");
    first[strcspn(first, "\r\n")] = '\0';
    char said[120], end[64] = "";
    snprintf(said, sizeof said, *first ? "it said '%.100s'" : "it said nothing", first);
    if (a->late)
        snprintf(end, sizeof end, " and did not end within %d s", ANSWER_S);
    else if (a->ended && WIFSIGNALED(a->status))
        snprintf(end, sizeof end, " and died of signal %d", WTERMSIG(a->status));
    eb_err_set(err, EB_USAGE, "the %s's program '%s' is no effbench: asked for --version, %s%s", side->name, side->bin,
               said, end);
    return eb_err_hint(err, "name an effbench with --%s-bin: '%.200s --version' says which one it is",
                       side->name[0] == 'b' ? "base" : "cand", side->bin);
}

bool eb_check_program(const eb_check_side *side, const volatile sig_atomic_t *signal, eb_err *err)
{
    answer *a = &(answer){ 0 };
    int pipe_fd[2], errnum;
    pid_t pid;
    if (pipe2(pipe_fd, O_CLOEXEC) != 0)
        return eb_err_sys(err, EB_FAILED, errno, "cannot make a pipe to", side->bin);
    bool started = spawn_asked(side->bin, pipe_fd[1], &pid, &errnum);
    close(pipe_fd[1]);
    if (started) {
        fcntl(pipe_fd[0], F_SETFL, O_NONBLOCK);
        listen_to(pipe_fd[0], pid, signal, a);
    }
    close(pipe_fd[0]);
    if (!started)
        return cannot_start(side, errnum, err);
    if (eb_check_interrupted(signal, err))
        return false;
    // One that fails at this may still be a script that knows `run` alone: its first trial tells.
    return says_effbench(a) || (WIFEXITED(a->status) && WEXITSTATUS(a->status) != 0) || no_effbench(side, a, err);
}
