// SPDX-License-Identifier: Apache-2.0
// The process of a gate's trial: what it started ends with it, however it ends.
#include "harness/cmd/check_child.h"
#include "tests/unit/emulated.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static volatile sig_atomic_t caught;
static char log_path[] = "/tmp/effbench-child-XXXXXX";

static void on_signal(int number)
{
    caught = number == SIGUSR1 ? SIGINT : SIGTERM;
}

// Runs a script that inherits a pipe's end, and so does all that it starts: with the script gone, nobody may hold it.
static bool script(const char *text, int limit_s, eb_check_child *child, eb_err *err)
{
    char *argv[] = { (char *)"sh", (char *)"-c", (char *)text, NULL }, byte;
    int ends[2];
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    assert_int_equal(fcntl(ends[0], F_SETFD, FD_CLOEXEC), 0);
    eb_err_clear(err);
    bool ok = eb_check_child_run("/bin/sh", argv, log_path, limit_s, &caught, child, err);
    close(ends[1]);
    errno = 0;
    ssize_t got = read(ends[0], &byte, 1);
    if (got != 0)
        fail_msg("'%s': somebody still lives: %s", text, strerror(errno));
    close(ends[0]);
    return ok;
}

static void test_its_end(void **state)
{
    (void)state;
    eb_check_child child;
    eb_err err;
    assert_true(script("exit 3", 600, &child, &err));
    assert_true(WIFEXITED(child.status) && WEXITSTATUS(child.status) == 3 && !child.late);
    assert_true(script("kill -KILL $$", 600, &child, &err));
    assert_true(WIFSIGNALED(child.status) && WTERMSIG(child.status) == SIGKILL && !child.late);
    // It leads a group, has nothing to read, and its words are kept.
    assert_true(script("kill -0 -$$ || exit 4; if read x; then exit 5; fi; echo words >&2", 600, &child, &err));
    assert_int_equal(child.status, 0);
    char said[32] = "";
    FILE *f = fopen(log_path, "r");
    assert_non_null(f);
    assert_non_null(fgets(said, sizeof said, f));
    fclose(f);
    assert_string_equal(said, "words\n");
    char *argv[] = { (char *)"nothing", NULL };
    if (eb_check_child_run("/nothing/here", argv, log_path, 600, &caught, &child, &err))
        assert_true(emulated() && WEXITSTATUS(child.status) == 127); // its vfork does not tell the parent
    else
        assert_int_equal(err.code, EB_USAGE);
}

static void test_what_it_left(void **state)
{
    (void)state;
    eb_check_child child;
    eb_err err;
    assert_true(script("sleep 600 & exit 0", 600, &child, &err));
    assert_true(child.status == 0 && !child.late);
    assert_true(script("(trap '' TERM; exec sleep 600) & kill -TERM $$", 600, &child, &err));
    assert_true(WIFSIGNALED(child.status) && WTERMSIG(child.status) == SIGTERM && !child.late);
}

static void test_a_limit(void **state)
{
    (void)state;
    eb_check_child child;
    eb_err err;
    assert_true(script("sleep 600 & (trap '' TERM; sleep 600; sleep 600) & sleep 600; exit 0", 1, &child, &err));
    assert_true(child.late);
    assert_true(WIFSIGNALED(child.status) && WTERMSIG(child.status) == SIGTERM);
}

static void test_signals(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        eb_code code;
    } given[] = { { "kill -USR1 $PPID; sleep 600 & sleep 600", EB_SIGINT },
                  { "sleep 600 & kill -USR2 $PPID; sleep 600", EB_SIGTERM },
                  { "trap 'exit 0' TERM; sleep 600 & kill -USR1 $PPID; wait", EB_SIGINT } };
    eb_check_child child;
    eb_err err;
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        caught = 0;
        assert_false(script(given[i].script, 600, &child, &err));
        assert_int_equal(err.code, given[i].code);
        assert_false(child.late);
    }
    // What was caught before: nothing is started.
    unlink(log_path);
    assert_false(script("sleep 600", 600, &child, &err));
    assert_int_equal(err.code, EB_SIGINT);
    assert_int_equal(access(log_path, F_OK), -1);
    caught = 0;
    eb_check_child_tell(SIGKILL); // to nobody
}

// Each side has its own: a candidate that warmed up in 110 s is not ended because the base takes 1.5 s.
static void test_limits(void **state)
{
    (void)state;
    assert_int_equal(eb_check_limit_s(0, false), 3600);
    assert_int_equal(eb_check_limit_s(0, true), 80);
    assert_int_equal(eb_check_limit_s(1500000000, false), 100);
    assert_int_equal(eb_check_limit_s(110000000000, false), 60 + 20 * 111);
    assert_int_equal(eb_check_limit_s(110000000000, true), 60 + 20 * 111);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_its_end), cmocka_unit_test(test_what_it_left), cmocka_unit_test(test_a_limit),
        cmocka_unit_test(test_signals), cmocka_unit_test(test_limits),
    };
    struct sigaction sa = { .sa_handler = on_signal };
    sigemptyset(&sa.sa_mask);
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGUSR2, &sa, NULL);
    close(mkstemp(log_path));
    int rc = cmocka_run_group_tests_name("check_child", tests, NULL, NULL);
    unlink(log_path);
    return rc;
}
