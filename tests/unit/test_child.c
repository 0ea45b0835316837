// SPDX-License-Identifier: Apache-2.0
// A command beside the measurement: its lines, whatever they are made of; how it ended; that nothing of it stays.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/base/clock.h"
#include "probes/child.h"

enum { LINES = 64, PATIENCE_MS = 20000 };

typedef struct heard {
    pthread_mutex_t lock;
    int n;
    char text[LINES][EB_CHILD_LINE_MAX + 1];
    size_t len[LINES];
    bool cut[LINES];
    int64_t came_ns[LINES];
} heard;

static heard all = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void on_line(void *arg, const char *text, size_t len, bool cut, int64_t came_ns)
{
    heard *h = arg;
    pthread_mutex_lock(&h->lock);
    if (h->n < LINES) {
        assert_true(len <= EB_CHILD_LINE_MAX && text[len] == '\0');
        memcpy(h->text[h->n], text, len + 1);
        h->len[h->n] = len;
        h->cut[h->n] = cut;
        h->came_ns[h->n] = came_ns;
    }
    h->n++;
    pthread_mutex_unlock(&h->lock);
}

static eb_child *start(const char *command)
{
    eb_err err;
    eb_err_clear(&err);
    all.n = 0;
    eb_child *child = eb_child_open(&(eb_child_setup){ .command = command, .line = on_line, .arg = &all }, &err);
    if (!child)
        fail_msg("%s", err.message);
    return child;
}

static void nap(void)
{
    nanosleep(&(struct timespec){ 0, 2000000 }, NULL);
}

static int count(void)
{
    pthread_mutex_lock(&all.lock);
    int n = all.n;
    pthread_mutex_unlock(&all.lock);
    return n;
}

static void wait_lines(int n)
{
    for (int ms = 0; count() < n; ms += 2) {
        assert_true(ms < PATIENCE_MS);
        nap();
    }
}

static void wait_end(eb_child *child, char *why)
{
    for (int ms = 0; !eb_child_ended(child, why); ms += 2) {
        assert_true(ms < PATIENCE_MS);
        nap();
    }
}

static void expect_end(const char *command, const char *want)
{
    char why[EB_CHILD_WHY_MAX];
    eb_child *child = start(command);
    wait_end(child, why);
    assert_string_equal(why, want);
    eb_child_close(child);
}

static void lines_of_all_kinds(void **state)
{
    (void)state;
    char why[EB_CHILD_WHY_MAX];
    int64_t before_ns = eb_now_ns();
    eb_child *child =
        start("printf 'one\\ntwo\\r\\n\\na\\000b\\n'; head -c 2000 /dev/zero | tr '\\0' x; echo; printf 'no end'");
    wait_end(child, why);
    eb_child_close(child);
    assert_int_equal(all.n, 6);
    assert_string_equal(all.text[0], "one");
    assert_string_equal(all.text[1], "two");
    assert_int_equal(all.len[2], 0);
    assert_int_equal(all.len[3], 3);
    assert_memory_equal(all.text[3], "a\0b", 3);
    assert_true(all.cut[4] && all.len[4] == EB_CHILD_LINE_MAX && !all.cut[3] && !all.cut[5]);
    assert_string_equal(all.text[5], "no end");
    for (int i = 0; i < all.n; i++) {
        assert_true(all.came_ns[i] >= (i ? all.came_ns[i - 1] : before_ns));
        assert_true(all.came_ns[i] <= eb_now_ns());
    }
}

static void ends_are_told_apart(void **state)
{
    (void)state;
    expect_end("exit 0", "the command ended with exit status 0");
    expect_end("exit 42", "the command ended with exit status 42");
    expect_end("kill -TERM $$", "the command was ended by signal 15 (Terminated)");
    expect_end("echo first >&2; echo 'last  words\t' >&2; exit 1", "the command ended with exit status 1: last  words");
    expect_end("printf '\\033[31mred\\n' >&2; exit 1", "the command ended with exit status 1: ?[31mred");
    char why[EB_CHILD_WHY_MAX];
    eb_child *child = start("exec >&-; sleep 1000");
    wait_end(child, why);
    assert_string_equal(why, "the command closed its output");
    eb_child_close(child);
    child = start("./there-is-no-such-command");
    wait_end(child, why);
    assert_non_null(strstr(why, "ended with exit status 127: "));
    eb_child_close(child);
}

static void assert_gone(pid_t pid)
{
    // What its shell left behind is an orphan, which the system reaps when it gets to it.
    for (int ms = 0; kill(pid, 0) == 0; ms += 2) {
        assert_true(ms < PATIENCE_MS);
        nap();
    }
    assert_int_equal(errno, ESRCH);
}

static void nothing_of_it_stays(void **state)
{
    (void)state;
    static const char *const commands[] = {
        "echo $$; exec sleep 1000",                         // ends at once
        "sleep 1000 & echo $!; wait",                       // has a child
        "sleep 1000 & echo $!",                             // is gone, its child is not
        "trap '' TERM; echo $$; while :; do sleep 1; done", // does not want to
        "(trap '' TERM; sleep 1000) & echo $!; exec sleep 1000",
        "while :; do echo $$; done", // talks without end
    };
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        eb_child *child = start(commands[i]);
        pid_t pid = eb_child_pid(child);
        wait_lines(1);
        int other = atoi(all.text[0]);
        assert_true(other > 1);
        assert_int_equal(getpgid(pid), pid);
        eb_child_close(child);
        assert_gone(pid);
        assert_gone(other);
        // Reaped: no zombie of ours.
        assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
        int n = count();
        nap();
        assert_int_equal(count(), n);
    }
}

// Its input is empty, our files are not its own, and signals are as a shell expects them.
static void it_inherits_nothing(void **state)
{
    (void)state;
    char why[EB_CHILD_WHY_MAX];
    int fd = open("/dev/null", O_RDONLY); // not close-on-exec
    assert_true(fd > 2);
    signal(SIGPIPE, SIG_IGN);
    eb_child *child =
        start("wc -c; for f in /proc/$$/fd/*; do case ${f##*/} in [012]) ;; *) echo $f; readlink $f;; esac; done; "
              "grep SigIgn /proc/$$/status");
    wait_end(child, why);
    eb_child_close(child);
    signal(SIGPIPE, SIG_DFL);
    close(fd);
    assert_true(all.n >= 2);
    assert_int_equal(atoi(all.text[0]), 0);
    // A shell may keep its own script or /proc open for a moment; nothing of ours is among them.
    for (int i = 1; i < all.n - 1; i++)
        assert_null(strstr(all.text[i], "/dev/null"));
    const char *ignored = strstr(all.text[all.n - 1], "SigIgn:");
    assert_non_null(ignored);
    assert_int_equal(strtoull(ignored + 7, NULL, 16) & 0x7fffffff, 0); // 32 and 33 are the C library's own
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_all_kinds),
        cmocka_unit_test(ends_are_told_apart),
        cmocka_unit_test(nothing_of_it_stays),
        cmocka_unit_test(it_inherits_nothing),
    };
    return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
