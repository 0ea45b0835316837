// SPDX-License-Identifier: Apache-2.0
#include "probes/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "harness/base/clock.h"
#include "harness/base/mem.h"
#include "probes/probe_impl.h"

extern char **environ;

enum { READ_BYTES = 4096, COMPLAINT_MAX = 120, PAUSE_MS = 5, FLOOD_PAUSE_MS = 10, PATIENCE_MS = 500 };

// Lines put together from what a pipe brings.
typedef struct line_buffer {
    char text[EB_CHILD_LINE_MAX + 1];
    size_t len;
    bool cut;
} line_buffer;

struct eb_child {
    eb_child_setup setup;
    pid_t pid;
    int out, err, stop; // ends of the pipes, and the event that ends the thread
    line_buffer lines, complaints;
    pthread_t thread;
    pthread_mutex_t lock; // of the three below
    bool ended;
    char why[EB_CHILD_WHY_MAX];
    char complaint[COMPLAINT_MAX]; // the last line of stderr
};

// ---- start ----

static void close_pair(int fd[2])
{
    for (int i = 0; i < 2; i++)
        if (fd[i] >= 0)
            close(fd[i]);
}

// Signals as a shell expects them, whatever effbench does with its own.
static int start_shell(const char *command, int out, int err, pid_t *pid)
{
    char *argv[] = { (char *)"sh", (char *)"-c", (char *)command, NULL };
    sigset_t none, all;
    posix_spawnattr_t attr;
    posix_spawn_file_actions_t actions;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setpgroup(&attr, 0);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    posix_spawn_file_actions_adddup2(&actions, err, 2);
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    int rc = posix_spawn(pid, "/bin/sh", &actions, &attr, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attr);
    return rc;
}

// 0 or an errno.
static int start(eb_child *c)
{
    int out[2] = { -1, -1 }, err[2] = { -1, -1 }, rc = 0;
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0)
        rc = errno;
    // No end of a pipe may be 0, 1 or 2, which the child's own take the place of.
    for (int i = 0; i < 4 && !rc; i++) {
        int *fd = i < 2 ? &out[i] : &err[i - 2], moved = *fd > 2 ? *fd : fcntl(*fd, F_DUPFD_CLOEXEC, 3);
        if (moved < 0)
            rc = errno;
        else if (moved != *fd) {
            close(*fd);
            *fd = moved;
        }
    }
    if (!rc)
        rc = start_shell(c->setup.command, out[1], err[1], &c->pid);
    if (rc) {
        close_pair(out);
        close_pair(err);
        return rc;
    }
    close(out[1]);
    close(err[1]);
    c->out = out[0];
    c->err = err[0];
    fcntl(c->out, F_SETFL, O_NONBLOCK);
    fcntl(c->err, F_SETFL, O_NONBLOCK);
    return 0;
}

// ---- lines ----

typedef void line_sink(eb_child *c, const char *text, size_t len, bool cut, int64_t came_ns);

static void to_user(eb_child *c, const char *text, size_t len, bool cut, int64_t came_ns)
{
    c->setup.line(c->setup.arg, text, len, cut, came_ns);
}

static void to_complaint(eb_child *c, const char *text, size_t len, bool cut, int64_t came_ns)
{
    (void)len, (void)cut, (void)came_ns;
    char kept[COMPLAINT_MAX];
    snprintf(kept, sizeof kept, "%.*s", (int)sizeof kept - 1, text);
    eb_probe_make_printable(kept);
    if (!kept[0])
        return;
    pthread_mutex_lock(&c->lock);
    memcpy(c->complaint, kept, sizeof kept);
    pthread_mutex_unlock(&c->lock);
}

static void end_line(eb_child *c, line_buffer *b, line_sink *sink, int64_t came_ns)
{
    if (b->len > 0 && b->text[b->len - 1] == '\r' && !b->cut)
        b->len--;
    b->text[b->len] = '\0';
    sink(c, b->text, b->len, b->cut, came_ns);
    b->len = 0;
    b->cut = false;
}

// False at the end of the pipe.
static bool take(eb_child *c, int fd, line_buffer *b, line_sink *sink)
{
    char bytes[READ_BYTES];
    ssize_t n = read(fd, bytes, sizeof bytes);
    int64_t came_ns = eb_now_ns();
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    for (ssize_t i = 0; i < n; i++) {
        if (bytes[i] == '\n')
            end_line(c, b, sink, came_ns);
        else if (b->len < EB_CHILD_LINE_MAX)
            b->text[b->len++] = bytes[i];
        else
            b->cut = true;
    }
    if (n == 0 && b->len > 0)
        end_line(c, b, sink, came_ns);
    return n > 0;
}

// ---- end ----

// Looks without reaping, so that nobody else can get its id before it is closed.
static bool has_exited(pid_t pid, siginfo_t *info)
{
    memset(info, 0, sizeof *info);
    return waitid(P_PID, (id_t)pid, info, WEXITED | WNOHANG | WNOWAIT) == 0 && info->si_pid == pid;
}

static void pause_ms(int ms)
{
    struct timespec t = { ms / 1000, (ms % 1000) * 1000000l };
    nanosleep(&t, NULL);
}

static bool wait_exited(pid_t pid, siginfo_t *info)
{
    bool exited = has_exited(pid, info);
    for (int ms = 0; !exited && ms < PATIENCE_MS; ms += PAUSE_MS) {
        pause_ms(PAUSE_MS);
        exited = has_exited(pid, info);
    }
    return exited;
}

static void say_how(eb_child *c)
{
    char how[64] = "closed its output";
    siginfo_t info;
    if (wait_exited(c->pid, &info)) {
        if (info.si_code == CLD_EXITED)
            snprintf(how, sizeof how, "ended with exit status %d", info.si_status);
        else
            snprintf(how, sizeof how, "was ended by signal %d (%s)", info.si_status, strsignal(info.si_status));
    }
    while (c->err >= 0 && take(c, c->err, &c->complaints, to_complaint)) {
        struct pollfd more = { .fd = c->err, .events = POLLIN };
        if (poll(&more, 1, 0) <= 0)
            break;
    }
    pthread_mutex_lock(&c->lock);
    snprintf(c->why, sizeof c->why, "the command %s%s%s", how, c->complaint[0] ? ": " : "", c->complaint);
    c->ended = true;
    pthread_mutex_unlock(&c->lock);
}

static void *serve(void *arg)
{
    eb_child *c = arg;
    bool complains = true;
    for (;;) {
        struct pollfd fds[] = { { .fd = c->stop, .events = POLLIN },
                                { .fd = c->out, .events = POLLIN },
                                { .fd = complains ? c->err : -1, .events = POLLIN } };
        if (poll(fds, 3, -1) < 0 && errno != EINTR)
            break;
        if (fds[0].revents)
            break;
        if (fds[2].revents)
            complains = take(c, c->err, &c->complaints, to_complaint);
        int waiting = 0;
        if (fds[1].revents)
            ioctl(c->out, FIONREAD, &waiting);
        if (fds[1].revents && !take(c, c->out, &c->lines, to_user)) {
            say_how(c);
            break;
        }
        // Whoever prints without end shall wait at a full pipe, not take a CPU from what is measured.
        if (waiting >= READ_BYTES)
            pause_ms(FLOOD_PAUSE_MS);
    }
    return NULL;
}

// The pipe ends when everyone who holds it is gone: the shell may have left children behind.
static bool pipe_ended(int fd)
{
    char bytes[READ_BYTES];
    ssize_t n;
    do
        n = read(fd, bytes, sizeof bytes);
    while (n > 0);
    return n == 0;
}

static void end_group(eb_child *c)
{
    siginfo_t info;
    bool gone = has_exited(c->pid, &info) && pipe_ended(c->out);
    if (!gone)
        kill(-c->pid, SIGTERM);
    for (int ms = 0; !gone && ms < PATIENCE_MS; ms += PAUSE_MS) {
        pause_ms(PAUSE_MS);
        gone = has_exited(c->pid, &info) && pipe_ended(c->out);
    }
    kill(-c->pid, SIGKILL); // its leader is not reaped yet: the id is still its own
    while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

// ---- the interface ----

static void release(eb_child *c)
{
    int fds[] = { c->out, c->err, c->stop };
    for (int i = 0; i < 3; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

eb_child *eb_child_open(const eb_child_setup *setup, eb_err *err)
{
    eb_child *c = eb_alloc(sizeof *c);
    *c = (eb_child){ .setup = *setup, .out = -1, .err = -1 };
    pthread_mutex_init(&c->lock, NULL);
    c->stop = eventfd(0, EFD_CLOEXEC);
    int rc = c->stop < 0 ? errno : start(c);
    if (rc) {
        eb_err_set(err, EB_UNAVAILABLE, "the command cannot be started: %s", strerror(rc));
        release(c);
        return NULL;
    }
    // Signals are for the threads that know what to do with them.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&c->thread, NULL, serve, c);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc) {
        eb_err_set(err, EB_UNAVAILABLE, "no thread can be started to read the command's output: %s", strerror(rc));
        end_group(c);
        release(c);
        return NULL;
    }
    return c;
}

bool eb_child_ended(eb_child *c, char *why)
{
    pthread_mutex_lock(&c->lock);
    bool ended = c->ended;
    if (ended)
        memcpy(why, c->why, sizeof c->why);
    pthread_mutex_unlock(&c->lock);
    return ended;
}

pid_t eb_child_pid(const eb_child *c)
{
    return c->pid;
}

void eb_child_close(eb_child *c)
{
    if (!c)
        return;
    uint64_t one = 1;
    while (write(c->stop, &one, sizeof one) < 0 && errno == EINTR)
        ;
    pthread_join(c->thread, NULL);
    end_group(c);
    release(c);
}
