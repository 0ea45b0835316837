// SPDX-License-Identifier: Apache-2.0
// A gate's history: where a level changed, what a damaged file says, which warnings spoil a pair.
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness/base/stats.h"
#include "harness/record/gate_history.h"
#include "harness/record/gate_impl.h"
#include "harness/run/guards.h"

static void noise(double *x, int n, double sd, uint64_t seed)
{
    eb_rng rng;
    eb_rng_init(&rng, seed);
    for (int i = 0; i < n; i++)
        x[i] = sd * eb_rng_normal(&rng);
}

static void test_changes(void **state)
{
    (void)state;
    double x[60];
    int at[8];
    noise(x, 60, 0.01, 4);
    assert_int_equal(eb_history_changes(x, 60, 0.02, at, 8), 0);
    for (int i = 20; i < 60; i++)
        x[i] += 0.06;
    for (int i = 45; i < 60; i++)
        x[i] -= 0.08;
    assert_int_equal(eb_history_changes(x, 60, 0.02, at, 8), 2);
    assert_in_range(at[0], 19, 21);
    assert_in_range(at[1], 44, 46);
    assert_int_equal(eb_history_changes(x, 60, 0.2, at, 8), 0); // too small to matter
    assert_int_equal(eb_history_changes(x, 9, 0.02, at, 8), 0); // too few to tell
}

// A sharp step without any noise is found where it is; all alike is none.
static void test_changes_without_noise(void **state)
{
    (void)state;
    double x[20] = { 0 };
    int at[4];
    assert_int_equal(eb_history_changes(x, 20, 0.02, at, 4), 0);
    for (int i = 7; i < 20; i++)
        x[i] = 0.1;
    assert_int_equal(eb_history_changes(x, 20, 0.02, at, 4), 1);
    assert_int_equal(at[0], 7);
}

// In 400 steady histories of 40 gates a level change is seen in no more than one of fifty.
static void test_changes_in_nothing(void **state)
{
    (void)state;
    int seen = 0, at[4];
    for (uint64_t s = 0; s < 400; s++) {
        double x[40];
        noise(x, 40, 0.03, 1000 + s);
        seen += eb_history_changes(x, 40, 0.02, at, 4) > 0;
    }
    assert_in_range(seen, 0, 8);
}

static const char line[] =
    "{\"schema\":\"effbench.history/1\",\"utc\":\"2026-11-01T00:00:00Z\",\"fingerprint\":\"f1\","
    "\"verdict\":\"pass\",\"candidate\":\"a\",\"accepted\":true,\"reason\":\"\",\"cases\":[{\"id\":"
    "\"m\",\"metrics\":[{\"key\":\"itl_ns\",\"value\":12.5}]}]}";

static bool read_text(const char *text, eb_history *h, eb_err *err)
{
    char path[] = "/tmp/effbench-history-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    eb_err_clear(err);
    bool ok = eb_history_read(path, h, err);
    unlink(path);
    return ok;
}

static void test_lines(void **state)
{
    (void)state;
    eb_history h;
    eb_err err;
    char text[2000];
    snprintf(text, sizeof text, "%s\n\n%s\n{\"schema\":\"effb", line, line);
    assert_true(read_text(text, &h, &err));
    assert_int_equal(h.n, 2);
    assert_true(h.torn);
    assert_true(h.entries[1].accepted && h.entries[1].n_values == 1 && h.entries[1].values[0].value == 12.5);
    assert_true(eb_history_fits(&h, "x", "f1", &err));
    assert_false(eb_history_fits(&h, "x", "f2", &err));
    assert_int_equal(err.code, EB_UNAVAILABLE);
    eb_history_deinit(&h);
    assert_true(eb_history_read("/nonexistent/history.jsonl", &h, &err));
    assert_int_equal(h.n, 0);
    assert_true(eb_history_fits(&h, "x", "anything", &err));
}

static void test_damaged_lines(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"schema\":",
        "[]",
        "{\"schema\":\"other/1\"}",
        "nonsense",
        "{}",
        ("{\"schema\":\"effbench.history/1\",\"cases\":[{\"id\":\"m\",\"metrics\":[{\"key\":"
         "\"k\",\"value\":-1}]}]}")
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        eb_history h;
        eb_err err;
        char text[2000];
        snprintf(text, sizeof text, "%s\n%s\n", line, bad[i]);
        assert_false(read_text(text, &h, &err));
        assert_int_equal(err.code, EB_USAGE);
        assert_int_equal(err.line, 2);
        assert_int_equal(h.n, 0);
    }
}

// Somebody's file without an end of its last line is refused and never cut.
static void test_files_of_others(void **state)
{
    (void)state;
    static const char *const theirs[] = { "{\"my\":\"settings\"}", "x", "{\"schema\":\"effbench.run/1\"" };
    static const char *const ours[] = { "{", "{\"schema\":\"effbench.history/1", line };
    eb_history h;
    eb_err err;
    for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++) {
        assert_false(read_text(theirs[i], &h, &err));
        assert_int_equal(err.code, EB_USAGE);
        assert_int_equal(err.line, 1);
    }
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        assert_true(read_text(ours[i], &h, &err));
        assert_true(h.torn && h.n == 0);
        eb_history_deinit(&h);
    }
}

enum { WRITERS = 4, LINES_EACH = 3, ROUNDS = 12 };

// Waits until all are there, then appends; the candidate's text says whose line it is.
static void write_lines(const char *path, int writer, int start)
{
    char go, name[4200];
    eb_check_options options;
    eb_check_options_default(&options);
    bool ok = read(start, &go, 1) == 0; // closed by the parent
    for (int i = 0; ok && i < LINES_EACH; i++) {
        // Longer than a block now and then, so that a torn write would show.
        snprintf(name, sizeof name, "%d.%d%*s", writer, i, (writer + i) % 2 ? 4000 : 1, "x");
        eb_check *c = eb_check_new(&options, "base", name);
        eb_err err;
        eb_err_clear(&err);
        ok = eb_history_append(&(eb_history_to){ .path = path }, c, true, NULL, &err);
        eb_check_free(c);
    }
    _exit(ok ? 0 : 1);
}

// Gates that end together: each leaves its lines, whole and in its own order, and the half line that was there before
// is cut off once, by whoever comes first.
static void test_writers_at_once(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        char path[] = "/tmp/effbench-history-XXXXXX", head[1000];
        int start[2], fd = mkstemp(path), status, next[WRITERS] = { 0 };
        snprintf(head, sizeof head, "%s\n{\"schema\":\"effb", line);
        assert_true(fd >= 0 && write(fd, head, strlen(head)) == (ssize_t)strlen(head) && pipe(start) == 0);
        close(fd);
        for (int w = 0; w < WRITERS; w++)
            if (fork() == 0) {
                close(start[1]);
                write_lines(path, w, start[0]);
            }
        close(start[0]);
        close(start[1]);
        for (int w = 0; w < WRITERS; w++)
            assert_true(wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0);
        eb_history h;
        eb_err err;
        eb_err_clear(&err);
        assert_true(eb_history_read(path, &h, &err));
        assert_int_equal(h.n, 1 + WRITERS * LINES_EACH);
        assert_false(h.torn);
        for (int i = 1; i < h.n; i++) {
            int writer, number;
            assert_int_equal(sscanf(h.entries[i].candidate, "%d.%d", &writer, &number), 2);
            assert_int_equal(number, next[writer]++);
        }
        eb_history_deinit(&h);
        unlink(path);
    }
}

// A line that does not get in whole leaves the file as it was.
static void test_a_full_disk(void **state)
{
    (void)state;
    eb_check_options options;
    eb_check_options_default(&options);
    char path[] = "/tmp/effbench-history-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    dprintf(fd, "%s\n", line);
    close(fd);
    struct rlimit before, small = { sizeof line + 40, RLIM_INFINITY };
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    eb_check *c = eb_check_new(&options, "base", "candidate");
    eb_err err;
    eb_err_clear(&err);
    bool ok = eb_history_append(&(eb_history_to){ .path = path }, c, true, NULL, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_DFL);
    eb_check_free(c);
    assert_false(ok);
    assert_int_equal(err.code, EB_FAILED);
    eb_history h;
    assert_true(eb_history_read(path, &h, &err));
    assert_int_equal(h.n, 1);
    assert_false(h.torn);
    eb_history_deinit(&h);
    unlink(path);
}

static int lock_errno, lock_calls;

// Interrupted once, and then what the file system says.
static int no_lock(int fd, int operation)
{
    (void)fd;
    (void)operation;
    errno = lock_calls++ ? lock_errno : EINTR;
    return -1;
}

// A file system without locks takes the line all the same, and it is said; any other refusal writes nothing.
static void test_no_locks(void **state)
{
    (void)state;
    static const struct {
        int errnum;
        bool ok;
    } given[] = { { ENOLCK, true }, { EOPNOTSUPP, true }, { ENOSYS, true }, { EBADF, false }, { EIO, false } };
    eb_check_options options;
    eb_check_options_default(&options);
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        char path[] = "/tmp/effbench-history-XXXXXX";
        int fd = mkstemp(path);
        assert_true(fd >= 0);
        dprintf(fd, "%s\n{\"schema\":\"effb", line);
        close(fd);
        lock_errno = given[i].errnum;
        lock_calls = 0;
        eb_history_to to = { .path = path, .lock = no_lock };
        eb_check *c = eb_check_new(&options, "base", "candidate");
        eb_err err;
        eb_err_clear(&err);
        assert_int_equal(eb_history_append(&to, c, true, NULL, &err), given[i].ok);
        assert_int_equal(to.unlocked, given[i].ok);
        assert_int_equal(lock_calls, 2);
        assert_int_equal(err.code, given[i].ok ? EB_OK : EB_FAILED);
        eb_check_free(c);
        eb_history h;
        eb_err_clear(&err);
        assert_true(eb_history_read(path, &h, &err));
        assert_int_equal(h.n, given[i].ok ? 2 : 1);
        assert_int_equal(h.torn, !given[i].ok);
        eb_history_deinit(&h);
        unlink(path);
    }
}

// What the guards say of a trial is what spoils a pair.
static void test_troubles(void **state)
{
    (void)state;
    eb_guard a = { .steal_s = 0, .busy_s = 0 }, b = a;
    eb_warnings w = { 0 };
    b.t_ns = 1000000000;
    b.throttle_count = 3;
    b.swap_pages = 7;
    b.suspended_ns = 5000000000;
    snprintf(b.governor, sizeof b.governor, "powersave");
    b.steal_s = 0.2;
    b.busy_s = 0.8;
    eb_guard_compare(&a, &b, 1000000000, &w);
    unsigned seen = 0;
    for (size_t i = 0; i < w.n; i++)
        seen |= (unsigned)eb_trouble_of(w.items[i]);
    assert_int_equal(seen,
                     EB_TROUBLE_THROTTLE | EB_TROUBLE_SWAP | EB_TROUBLE_SUSPEND | EB_TROUBLE_LOAD | EB_TROUBLE_STEAL);
    eb_warnings_deinit(&w);
    // By the window, which the note on short trials goes by too, and not by the longer time between the two looks.
    for (int64_t window_ns = 199999999; window_ns <= 200000000; window_ns++) {
        w = (eb_warnings){ 0 };
        seen = 0;
        eb_guard_compare(&a, &b, window_ns, &w);
        for (size_t i = 0; i < w.n; i++)
            seen |= (unsigned)eb_trouble_of(w.items[i]) & (EB_TROUBLE_LOAD | EB_TROUBLE_STEAL);
        assert_int_equal(seen, eb_load_seen(window_ns) ? EB_TROUBLE_LOAD | EB_TROUBLE_STEAL : 0);
        assert_int_equal(eb_load_seen(window_ns), window_ns == 200000000);
        eb_warnings_deinit(&w);
    }
    assert_int_equal(eb_trouble_of("other processes used 30 % of a CPU"), EB_TROUBLE_NONE);
    assert_int_equal(eb_trouble_of("other processes used 50 % of a CPU"), EB_TROUBLE_LOAD);
    assert_int_equal(eb_trouble_of("the hypervisor stole 1.5 % of a CPU"), EB_TROUBLE_NONE);
    assert_int_equal(eb_trouble_of("hottest thermal zone at 96 C"), EB_TROUBLE_NONE);
    assert_int_equal(eb_trouble_of(""), EB_TROUBLE_NONE);
    // Advice is that of the trouble, and none where the trouble is not known.
    assert_non_null(strstr(eb_trouble_cure("base: no j_per_tok: the meter failed"), "effbench probes"));
    assert_non_null(strstr(eb_trouble_cure("candidate: the CPU throttled (3)"), "governor"));
    assert_non_null(strstr(eb_trouble_cure("base: the load was not kept up with: no request came"), "--ignore level"));
    // A meter is looked for only where it is the meter that is missing.
    static const struct {
        const char *trouble, *advice;
    } gaps[] = {
        { "base: no j_per_tok: no output tokens",
          "a trial without a token has nothing per token: `effbench run` shows its requests" },
        { "base: no itl_ns: needs two output tokens", "take a longer `output`" },
        { "base: no ttft_p99_ns: n too small for p99 (458 of 459)", "take more requests, or a longer `output`" },
        { "base: no j_per_tok: p may have gone half round between two reads, so that wraps cannot be told (ambiguous)",
          "the counter was not read in time: leave a CPU to the sampler; one that may go half round within an update "
          "of its own cannot be used" },
        { "base: no j_per_tok: p was reset", "nothing else may reset the counter or load its driver again" },
        { "base: no j_per_tok: p was suspended with the machine", "keep the machine awake" },
        { "base: no j_per_tok: p is gone", "`effbench probes` shows which meters can be read" },
        { "base: no instructions: no counter of it here", "`effbench probes` shows which counters can be read" },
        { "base: no ttft_ns", "" },
    };
    for (size_t i = 0; i < sizeof gaps / sizeof *gaps; i++)
        assert_string_equal(eb_trouble_cure(gaps[i].trouble), gaps[i].advice);
    assert_string_equal(eb_trouble_cure("base: hottest thermal zone at 96 C"), "");
    assert_string_equal(eb_trouble_cure("nothing known"), "");
}

// What a figure lacks is what the run says of its trial, its case or itself; of a figure that is no energy, or of a run
// that has its joules, what the metric says.
static void test_lacks(void **state)
{
    (void)state;
    char *of_trial[] = { (char *)"trial 3: other processes used 9 % of a CPU",
                         (char *)"trial 3 has no energy: powercap/intel-rapl:0 was reset" },
         *of_case[] = { (char *)"script gave no reading in any trial of this case: it is left out here, and so on" },
         *of_run[] = { (char *)"powercap/intel-rapl:0 never moved in 3.2 s: it counts nothing here and is left out" };
    eb_metric metrics[] = { { .key = "j_per_tok", .value = NAN, .note = "no energy source inside the boundary" },
                            { .key = "ttft_ns", .value = NAN },
                            { .key = "energy_j", .value = NAN } };
    eb_case_result r = { .metrics = metrics, .n_metrics = 3, .warnings = of_trial, .n_warnings = 2 };
    eb_run run = { .warnings = of_run, .n_warnings = 1 };
    char why[300];
#define LACK(key, energy) eb_check_lack(&run, &r, key, energy, why, sizeof why)
    assert_string_equal(LACK("j_per_tok", true), "powercap/intel-rapl:0 was reset");
    r.warnings = of_case;
    r.n_warnings = 1;
    assert_string_equal(LACK("j_per_tok", true), "script gave no reading in any trial of this case");
    r.n_warnings = 0;
    assert_string_equal(LACK("j_per_tok", true), "powercap/intel-rapl:0 never moved in 3.2 s");
    assert_string_equal(LACK("ttft_ns", false), "");
    assert_string_equal(LACK("e2e_p99_ns", false), "");
    run.n_warnings = 0;
    assert_string_equal(LACK("j_per_tok", true), "no energy source inside the boundary");
    run.n_warnings = 1;
    metrics[2].value = 12; // there are joules, beside a counter that is left out
    snprintf(metrics[0].note, sizeof metrics[0].note, "no output tokens");
    assert_string_equal(LACK("j_per_tok", true), "no output tokens");
}

// "The last one by" is: a trouble that comes again is the last one again, and each stands there once.
static void test_the_last_trouble(void **state)
{
    (void)state;
    eb_check_options options;
    eb_check_options_default(&options);
    eb_check *c = eb_check_new(&options, "base", "candidate");
    static const char *const said[] = { "one", "two", "three", "one", "three", "three" };
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        eb_check_say_trouble(c, "base", said[i]);
    assert_int_equal(c->n_troubles, 3);
    assert_string_equal(c->troubles[0], "base: two");
    assert_string_equal(c->troubles[1], "base: one");
    assert_string_equal(c->troubles[2], "base: three");
    eb_check_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_changes_without_noise),
        cmocka_unit_test(test_changes_in_nothing),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_damaged_lines),
        cmocka_unit_test(test_files_of_others),
        cmocka_unit_test(test_writers_at_once),
        cmocka_unit_test(test_a_full_disk),
        cmocka_unit_test(test_no_locks),
        cmocka_unit_test(test_troubles),
        cmocka_unit_test(test_lacks),
        cmocka_unit_test(test_the_last_trouble),
    };
    return cmocka_run_group_tests_name("gate_history", tests, NULL, NULL);
}
