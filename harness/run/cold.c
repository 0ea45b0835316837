// SPDX-License-Identifier: Apache-2.0
#include "harness/run/cold.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/clock.h"

extern char **environ;

enum { POLL_MS = 50, LIMIT_S = 600, STEP_NS = 1000000000 };

static bool spawn(const char *self, char *const argv[], pid_t *pid, int *out, eb_err *err)
{
    int fd[2];
    if (pipe2(fd, O_CLOEXEC) != 0) {
        eb_err_sys(err, EB_FAILED, errno, "cannot make a pipe for", self);
        return false;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fd[1], 1);
    int rc = posix_spawn(pid, self, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(fd[1]);
    if (rc != 0) {
        close(fd[0]);
        eb_err_sys(err, EB_FAILED, rc, "cannot start", self);
        return false;
    }
    *out = fd[0];
    return true;
}

// Reads the one line that the child prints; false when it ends, is stopped or takes too long.
static bool read_line(int fd, char *buf, size_t size, bool (*stop)(void *arg), void *arg)
{
    size_t n = 0;
    int64_t until = eb_now_ns() + (int64_t)LIMIT_S * 1000000000;
    while (n + 1 < size && eb_now_ns() < until && !(stop && stop(arg))) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int rc = poll(&p, 1, POLL_MS);
        if (rc < 0 && errno != EINTR)
            return false;
        if (rc <= 0)
            continue;
        ssize_t got = read(fd, buf + n, size - 1 - n);
        if (got <= 0)
            return false;
        n += (size_t)got;
        buf[n] = 0;
        if (strchr(buf, '\n'))
            return true;
    }
    return false;
}

int64_t eb_cold_first_token(const char *self, const char *model_path, int threads, bool affinity, eb_kv_type kv,
                            bool (*stop)(void *arg), void *arg, eb_err *err)
{
    char n_threads[16], line[64] = "";
    snprintf(n_threads, sizeof n_threads, "%d", threads);
    const char *pinned = affinity ? "yes" : "no", *cache = kv == EB_KV_F16 ? "f16" : "f32";
    char *argv[] = { (char *)"effbench",
                     (char *)"first-token",
                     (char *)"--threads",
                     n_threads,
                     (char *)"--affinity",
                     (char *)pinned,
                     (char *)"--kv",
                     (char *)cache,
                     (char *)"--",
                     (char *)model_path,
                     NULL };
    pid_t pid;
    int fd = -1, status = 0;
    int64_t start = eb_now_ns();
    if (!spawn(self, argv, &pid, &fd, err))
        return -1;
    bool got = read_line(fd, line, sizeof line, stop, arg);
    close(fd);
    if (!got)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    char *end = line;
    long long t = got ? strtoll(line, &end, 10) : 0;
    if (!got || end == line || *end != '\n' || t <= start) {
        eb_err_set(err, EB_FAILED, "the cold start of '%s' gave no first token", model_path);
        return -1;
    }
    return t - start;
}

bool eb_cold_child(const eb_engine_ops *ops, const char *model_path, int threads, bool affinity, eb_kv_type kv,
                   int64_t *t_ns, eb_err *err)
{
    eb_engine_config config = { .threads = threads, .affinity = affinity, .max_batch = 1, .max_ctx_tok = 16, .kv = kv };
    eb_engine *engine = ops->open(model_path, &config, err);
    if (!engine)
        return false;
    int32_t prompt = 0;
    eb_token_event event = { 0 };
    eb_request r = { .prompt = &prompt, .prompt_tok = 1, .output_tok = 1 };
    bool ok = ops->submit(engine, &r, err);
    int n = 0;
    while (ok && n == 0 && ops->busy(engine)) {
        n = ops->step(engine, STEP_NS, &event, 1, err);
        ok = n >= 0;
    }
    if (ok && n == 0)
        ok = eb_err_set(err, EB_FAILED, "the engine made no token");
    if (ok)
        *t_ns = event.t_end_ns;
    ops->close(engine);
    return ok;
}
