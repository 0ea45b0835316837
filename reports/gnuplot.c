// SPDX-License-Identifier: Apache-2.0
// gnuplot as a child process.
#include "reports/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "harness/base/clock.h"
#include "harness/base/log.h"
#include "harness/base/mem.h"

enum { SVG_LIMIT = 64 << 20 };
enum { EXEC_FAILED = 127 };

extern char **environ;

void eb_gnuplot_quote(eb_text *t, const char *s)
{
    char *clean = eb_text_clean(s); // no newline is left, which would end the command
    eb_text_add(t, "'");
    for (const char *p = clean; *p; p++)
        eb_text_add(t, *p == '\'' ? "\xE2\x80\x99" : "%c", *p); // gnuplot 5.4 misreads its own '' at the start
    eb_text_add(t, "'");
    free(clean);
}

// The child's three streams: its script and its complaints are unnamed files, so that only its output has to be
// attended to and neither side can wait for the other.
typedef struct streams {
    FILE *script, *complaint;
    int out[2];
} streams;

static bool streams_open(streams *s, const char *script, eb_err *err)
{
    *s = (streams){ .script = tmpfile(), .complaint = tmpfile(), .out = { -1, -1 } };
    if (s->script && s->complaint && fputs(script, s->script) >= 0 && fflush(s->script) == 0 &&
        lseek(fileno(s->script), 0, SEEK_SET) == 0 && pipe2(s->out, O_CLOEXEC) == 0)
        return true;
    return eb_err_sys(err, EB_FAILED, errno, "cannot make the streams for", "gnuplot");
}

static void streams_close(streams *s)
{
    if (s->script)
        fclose(s->script);
    if (s->complaint)
        fclose(s->complaint);
    for (int i = 0; i < 2; i++)
        if (s->out[i] >= 0)
            close(s->out[i]);
}

// 0 or errno.
static int start(const char *program, const streams *s, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    char *const argv[] = { (char *)(uintptr_t)program, (char[]){ "-d" }, NULL }; // -d: without the user's settings
    int errnum = posix_spawn_file_actions_init(&actions);
    if (errnum)
        return errnum;
    posix_spawn_file_actions_adddup2(&actions, fileno(s->script), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, s->out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fileno(s->complaint), STDERR_FILENO);
    errnum = posix_spawnp(pid, program, &actions, NULL, argv, environ);
    eb_debug("plots", "%s -d: %s", program, errnum ? strerror(errnum) : "started");
    posix_spawn_file_actions_destroy(&actions);
    return errnum;
}

// Reads until the end of the stream; false (with errno) at the deadline, beyond the limit, or on an error.
static bool collect(int fd, int limit_s, char **data, size_t *n)
{
    int64_t deadline_ns = eb_now_ns() + (int64_t)limit_s * 1000000000;
    size_t cap = 0;
    for (;;) {
        int64_t left_ms = (deadline_ns - eb_now_ns()) / 1000000;
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int ready = left_ms > 0 ? poll(&p, 1, (int)left_ms) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        errno = ready == 0 ? ETIMEDOUT : errno;
        if (ready <= 0)
            return false;
        if (cap - *n < 1 << 16) {
            cap = 2 * cap + (1 << 17);
            *data = eb_realloc(*data, cap, 1);
        }
        ssize_t got = read(fd, *data + *n, cap - *n);
        if (got == 0)
            return true;
        if (got < 0 && errno != EINTR)
            return false;
        *n += got > 0 ? (size_t)got : 0;
        errno = EFBIG;
        if (*n > SVG_LIMIT)
            return false;
    }
}

static void complain(const streams *s, int status, eb_err *err)
{
    char line[400] = "";
    rewind(s->complaint);
    while (fgets(line, sizeof line, s->complaint) && strspn(line, " \t\r\n^") == strlen(line))
        ;
    line[strcspn(line, "\r\n")] = '\0';
    char *clean = eb_text_clean(line + strspn(line, " \t"));
    if (WIFSIGNALED(status))
        eb_err_set(err, EB_FAILED, "gnuplot was ended by signal %d", WTERMSIG(status));
    else
        eb_err_set(err, EB_FAILED, "gnuplot failed (exit %d): %s", WEXITSTATUS(status), clean);
    free(clean);
}

eb_gnuplot_result eb_gnuplot_run(const char *program, const char *script, int limit_s, char **svg, size_t *n,
                                 eb_err *err)
{
    streams s;
    pid_t pid;
    int status = 0;
    eb_gnuplot_result result = EB_GNUPLOT_FAILED;
    *svg = NULL;
    *n = 0;
    if (!streams_open(&s, script, err))
        goto out;
    int errnum = start(program, &s, &pid);
    if (errnum) {
        eb_err_sys(err, EB_FAILED, errnum, "cannot start", program);
        result = errnum == ENOENT ? EB_GNUPLOT_ABSENT : EB_GNUPLOT_FAILED;
        goto out;
    }
    close(s.out[1]);
    s.out[1] = -1;
    bool read_all = collect(s.out[0], limit_s, svg, n);
    errnum = errno;
    if (!read_all)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (!read_all)
        eb_err_sys(err, EB_FAILED, errnum, "no plot from", program);
    else if (WIFEXITED(status) && WEXITSTATUS(status) == EXEC_FAILED) // where a failed exec is not told at once
        result = EB_GNUPLOT_ABSENT;
    else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || *n == 0)
        complain(&s, status, err);
    else
        result = EB_GNUPLOT_DONE;
out:
    streams_close(&s);
    if (result != EB_GNUPLOT_DONE) {
        free(*svg);
        *svg = NULL;
    }
    return result;
}
