// SPDX-License-Identifier: Apache-2.0
// The parent's side of a cold start: what the child is told, and what is made of its answer. The child is a script.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "harness/base/clock.h"
#include "harness/run/cold.h"
#include "tests/unit/emulated.h"

// Later than any clock of this machine says, so that it is after the start.
#define LATE "9000000000000000000"

static char script[64];

static void child_says(const char *text)
{
    FILE *f = fopen(script, "w");
    assert_non_null(f);
    fprintf(f, "#!/bin/sh\n%s\n", text);
    fclose(f);
    assert_int_equal(chmod(script, 0700), 0);
}

static int make_script(void **state)
{
    (void)state;
    snprintf(script, sizeof script, "/tmp/effbench-cold-XXXXXX");
    int fd = mkstemp(script);
    return fd < 0 ? -1 : close(fd);
}

static int remove_script(void **state)
{
    (void)state;
    return unlink(script);
}

static bool at_once(void *arg)
{
    (void)arg;
    return true;
}

static int64_t start(int threads, bool affinity, eb_kv_type kv, bool (*stop)(void *arg), eb_err *err)
{
    eb_err_clear(err);
    return eb_cold_first_token(script, "a model.gguf", threads, affinity, kv, stop, NULL, err);
}

static void test_the_child_is_told_what_the_run_is(void **state)
{
    (void)state;
    eb_err err;
    child_says("case \"$*\" in 'first-token --threads 3 --affinity no --kv f32 -- a model.gguf') echo " LATE ";; esac");
    assert_true(start(3, false, EB_KV_F32, NULL, &err) > 0);
    assert_true(start(3, true, EB_KV_F32, NULL, &err) < 0);
    child_says("case \"$*\" in 'first-token --threads 1 --affinity yes --kv f16 -- a model.gguf') echo " LATE
               ";; esac");
    assert_true(start(1, true, EB_KV_F16, NULL, &err) > 0);
}

static void test_the_time_is_from_the_start(void **state)
{
    (void)state;
    eb_err err;
    child_says("echo " LATE);
    const int64_t before_ns = eb_now_ns(), t_ns = start(1, true, EB_KV_F16, NULL, &err), after_ns = eb_now_ns();
    assert_true(t_ns <= strtoll(LATE, NULL, 10) - before_ns);
    assert_true(t_ns >= strtoll(LATE, NULL, 10) - after_ns);
}

static void test_no_answer_is_no_time(void **state)
{
    (void)state;
    static const char *const answers[] = { "exit 1",         "echo",       "echo none", "echo 17", ("echo " LATE " ns"),
                                           ("printf " LATE), "kill -9 $$", "echo -5" };
    eb_err err;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        child_says(answers[i]);
        assert_int_equal(start(1, true, EB_KV_F16, NULL, &err), -1);
        assert_non_null(strstr(err.message, "a model.gguf"));
    }
    child_says("exec sleep 600"); // stopped: it is not waited for
    assert_int_equal(start(1, true, EB_KV_F16, at_once, &err), -1);
    assert_int_equal(unlink(script), 0);
    assert_int_equal(start(1, true, EB_KV_F16, NULL, &err), -1);
    assert_non_null(strstr(err.message, emulated() ? "a model.gguf" : script)); // its vfork tells nothing of exec
    child_says("exit 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_child_is_told_what_the_run_is),
        cmocka_unit_test(test_the_time_is_from_the_start),
        cmocka_unit_test(test_no_answer_is_no_time),
    };
    return cmocka_run_group_tests_name("cold", tests, make_script, remove_script);
}
