// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/engine/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/base/mem.h"

extern char **environ;

enum { MOST_OUT_BYTES = 4 << 20, PIECE_BYTES = 65536, POLL_MS = 100 };

// ---- a program ----------------------------------------------------------------------------------------

static bool start(char *const argv[], bool together, pid_t *pid, int out[2], int errors[2], eb_err *err)
{
    if (pipe2(out, O_CLOEXEC) != 0)
        return eb_err_sys(err, EB_FAILED, errno, "cannot make a pipe for", argv[0]);
    if (pipe2(errors, O_CLOEXEC) != 0) {
        close(out[0]), close(out[1]);
        return eb_err_sys(err, EB_FAILED, errno, "cannot make a pipe for", argv[0]);
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, P_tmpdir);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_adddup2(&actions, together ? out[1] : errors[1], 2);
    int rc = posix_spawn(pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]), close(errors[1]);
    if (rc == 0)
        return true;
    close(out[0]), close(errors[0]);
    return eb_err_sys(err, EB_FAILED, rc, "cannot start", argv[0]);
}

static void keep_words(child_result *r, const char *piece, size_t n)
{
    size_t have = strlen(r->last_words);
    for (size_t i = 0; i < n; i++) {
        const bool text = piece[i] >= ' ' && piece[i] < 127;
        if (text && r->line_ended)
            have = 0;
        if (text && have + 1 < sizeof r->last_words)
            r->last_words[have++] = piece[i];
        r->line_ended = piece[i] == '\n' || (r->line_ended && !text);
    }
    r->last_words[have] = 0;
}

// Takes what a pipe has; *open becomes false at its end. False when it is too much.
static bool take(child_result *r, int fd, bool is_out, bool *open)
{
    char piece[PIECE_BYTES];
    ssize_t n = read(fd, piece, sizeof piece);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    *open = n > 0;
    if (!is_out) {
        keep_words(r, piece, (size_t)n);
        return true;
    }
    if (r->brace_ns == 0 && memchr(piece, '}', (size_t)n))
        r->brace_ns = eb_now_ns();
    if (r->out_len + (size_t)n > MOST_OUT_BYTES)
        return false;
    r->out = eb_realloc(r->out, r->out_len + (size_t)n + 1, 1);
    memcpy(r->out + r->out_len, piece, (size_t)n);
    r->out_len += (size_t)n;
    r->out[r->out_len] = 0;
    return true;
}

static bool listen_to(child_result *r, int out, int errors, int limit_s, const char *name, eb_err *err)
{
    const int64_t until = r->start_ns + (int64_t)limit_s * 1000000000;
    bool out_open = true, errors_open = true;
    while (out_open || errors_open) {
        struct pollfd p[2] = { { .fd = out_open ? out : -1, .events = POLLIN },
                               { .fd = errors_open ? errors : -1, .events = POLLIN } };
        if (eb_now_ns() > until)
            return eb_err_set(err, EB_FAILED, "'%s' was not done after %d s", name, limit_s);
        if (poll(p, 2, POLL_MS) <= 0)
            continue;
        if ((p[0].revents && !take(r, out, true, &out_open)) || (p[1].revents && !take(r, errors, false, &errors_open)))
            return eb_err_set(err, EB_FAILED, "'%s' prints without end, or cannot be read", name);
    }
    return true;
}

static bool reap(pid_t pid, struct rusage *usage, const char *name, const char *last_words, eb_err *err)
{
    int status = 0;
    while (wait4(pid, &status, 0, usage) < 0)
        if (errno != EINTR)
            return eb_err_sys(err, EB_FAILED, errno, "cannot wait for", name);
    if (err->code != EB_OK || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
        return err->code == EB_OK;
    if (WIFSIGNALED(status))
        eb_err_set(err, EB_FAILED, "'%s' was ended by signal %d", name, WTERMSIG(status));
    else
        eb_err_set(err, EB_FAILED, "'%s' ended with status %d", name, WEXITSTATUS(status));
    return *last_words ? eb_err_hint(err, "its last words: %s", last_words) : false;
}

bool child_run(char *const argv[], bool together, int limit_s, child_result *r, eb_err *err)
{
    pid_t pid;
    int out[2], errors[2];
    struct rusage usage = { 0 };
    *r = (child_result){ .start_ns = eb_now_ns() };
    r->out = eb_alloc(1);
    if (!start(argv, together, &pid, out, errors, err))
        return false;
    if (!listen_to(r, out[0], errors[0], limit_s, argv[0], err))
        kill(pid, SIGKILL);
    close(out[0]), close(errors[0]);
    bool ok = reap(pid, &usage, argv[0], r->last_words, err);
    r->rss_peak_bytes = (uint64_t)usage.ru_maxrss * 1024;
    return ok;
}

void child_free(child_result *r)
{
    free(r->out);
    *r = (child_result){ 0 };
}

// ---- a function ---------------------------------------------------------------------------------------

static bool write_all(int fd, const void *data, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t wrote = write(fd, (const char *)data + done, n - done);
        if (wrote < 0 && errno != EINTR)
            return false;
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    return true;
}

static bool read_all(int fd, void *data, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t got = read(fd, (char *)data + done, n - done);
        if (got == 0 || (got < 0 && errno != EINTR))
            return false;
        done += got > 0 ? (size_t)got : 0;
    }
    return true;
}

static void as_child(child_fn *fn, const void *arg, void *out, size_t size, int fd)
{
    eb_err err;
    eb_err_clear(&err);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    fn(arg, out, &err);
    _exit(write_all(fd, &err, sizeof err) && write_all(fd, out, size) ? 0 : 1);
}

bool child_call(child_fn *fn, const void *arg, void *out, size_t size, uint64_t *rss_peak_bytes, eb_err *err)
{
    int fd[2];
    if (pipe2(fd, O_CLOEXEC) != 0)
        return eb_err_sys(err, EB_FAILED, errno, "cannot make a pipe for", "a measurement");
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        as_child(fn, arg, out, size, fd[1]);
    close(fd[1]);
    eb_err theirs;
    const bool told = pid > 0 && read_all(fd[0], &theirs, sizeof theirs) && read_all(fd[0], out, size);
    close(fd[0]);
    if (pid < 0)
        return eb_err_sys(err, EB_FAILED, errno, "cannot start", "a measurement");
    struct rusage usage = { 0 };
    bool ok = reap(pid, &usage, "the measurement", "", err);
    *rss_peak_bytes = (uint64_t)usage.ru_maxrss * 1024;
    if (ok && told)
        *err = theirs;
    return ok && told && err->code == EB_OK;
}

// ---- a busy loop --------------------------------------------------------------------------------------

pid_t child_burn(eb_err *err)
{
    cpu_set_t mask, one;
    CPU_ZERO(&one);
    if (sched_getaffinity(0, sizeof mask, &mask) != 0)
        return eb_err_sys(err, EB_FAILED, errno, "cannot read the CPUs of", "this process"), -1;
    for (int i = CPU_SETSIZE - 1; i >= 0 && CPU_COUNT(&one) == 0; i--)
        if (CPU_ISSET(i, &mask))
            CPU_SET(i, &one);
    pid_t pid = fork();
    if (pid < 0)
        eb_err_sys(err, EB_FAILED, errno, "cannot start", "a busy loop");
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sched_setaffinity(0, sizeof one, &one);
    for (volatile unsigned long i = 0;; i++)
        ;
}

void child_end(pid_t pid)
{
    if (pid <= 0)
        return;
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}
