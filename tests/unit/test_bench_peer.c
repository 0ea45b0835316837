// SPDX-License-Identifier: Apache-2.0
// The engine's benchmark and its peers: programs made up here stand for llama-bench in its dialects, its crashes and
// its chatter.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "tests/bench/engine/child.h"
#include "tests/bench/engine/peer.h"

static char dir[] = "/tmp/eb-peer-XXXXXX";

static void write_script(const char *name, const char *body)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "#!/bin/sh\n%s\n", body);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, 0755), 0);
}

static bool open_peer(const char *label, const char *name, bench_peer *p, eb_err *err)
{
    char item[192];
    snprintf(item, sizeof item, "%s%s/%s", label, dir, name);
    eb_err_clear(err);
    return bench_peer_open(item, p, err);
}

static bool measure(bench_peer *p, const char *options, const char *cell_name, bench_reading *out, eb_err *err)
{
    bench_cell cell;
    eb_err_clear(err);
    assert_true(bench_cell_parse(cell_name, &cell, err));
    return bench_peer_measure(p, options, &cell, "/a model.gguf", 2, out, err);
}

// Each test is answered only if it was asked for in the words of the dialect.
static const char new_dialect[] =
    "case \"$*\" in\n"
    "--help) echo ' --n-prompt --n-depth --no-warmup --output'; exit;;\n"
    "'-m /a model.gguf -t 2 -fa 1 -p 512 -n 0 -r 1 -o json') t='\"n_prompt\":512, \"n_gen\":0';;\n"
    "'-m /a model.gguf -t 2 -fa 1 -p 0 -n 128 -d 4096 -r 1 -o json') t='\"n_prompt\":0, \"n_gen\":128, "
    "\"n_depth\":4096';;\n"
    "'-m /a model.gguf -t 2 -fa 1 -p 0 -n 1 --no-warmup -r 1 -o json') t='\"n_prompt\":0, \"n_gen\":1';;\n"
    "*) echo \"error: what is $*\" >&2; exit 1;;\n"
    "esac\n"
    "echo \"[{ \\\"build_commit\\\":\\\"abc\\\", \\\"build_number\\\":3, \\\"n_threads\\\":2, $t, "
    "\\\"samples_ts\\\":[40.5] }]\"";
static const char old_dialect[] =
    "case \"$*\" in\n"
    "--help) echo ' --n-prompt --output -gp'; exit;;\n"
    "'-m /a model.gguf -t 2 -rtr 1 -p 512 -n 0 -r 2 -o json') t='\"n_prompt\":512, \"n_gen\":0';;\n"
    "'-m /a model.gguf -t 2 -rtr 1 -p 0 -n 0 -gp 4096,128 -r 1 -o json') t='\"n_prompt\":4096, \"n_gen\":128';;\n"
    "'-m /a model.gguf -t 2 -rtr 1 -p 0 -n 1 -w 0 -r 1 -o json') t='\"n_prompt\":0, \"n_gen\":1';;\n"
    "*) exit 1;;\n"
    "esac\n"
    "echo \"[{ \\\"n_threads\\\":2, $t, \\\"samples_ts\\\":[1, 7.5] }]\"";

static void test_dialects(void **state)
{
    (void)state;
    static const char *const cells[] = { "pp512", "tg128@4096", "cold" };
    bench_peer p;
    bench_reading r;
    eb_err err;
    write_script("new", new_dialect);
    write_script("old", old_dialect);
    assert_true(open_peer("a.cpp=", "new", &p, &err));
    assert_string_equal(p.label, "a.cpp");
    for (int i = 0; i < 3; i++) {
        assert_true(measure(&p, "-fa 1", cells[i], &r, &err));
        assert_true(i == 2 ? r.value > 0 && r.value < 600e9 : r.value == 40.5);
        assert_true(r.rss_peak_bytes > 0);
    }
    assert_string_equal(p.version, "abc (build 3)");
    assert_true(open_peer("", "old", &p, &err));
    assert_string_equal(p.label, "peer");
    for (int i = 0; i < 3; i++)
        assert_true(measure(&p, " -rtr  1 ", cells[i], &r, &err) && (i == 2 || r.value == 7.5));
}

static void test_refusals(void **state)
{
    (void)state;
    bench_peer p;
    bench_reading r;
    eb_err err;
    write_script("new", new_dialect);
    assert_true(open_peer("", "new", &p, &err));
    assert_false(measure(&p, "-unknown", "pp512", &r, &err)); // the peer's own words are kept
    assert_true(isnan(r.value) && strstr(err.message, "status 1") && strstr(err.hint, "error: what is -m"));
    assert_false(measure(&p, "-fa 1", "tg128x4", &r, &err)); // no llama-batched-bench beside it
    assert_non_null(strstr(err.message, "llama-batched-bench"));
    char many[600];
    memset(many, 'a', sizeof many - 1);
    many[sizeof many - 1] = 0;
    assert_false(measure(&p, many, "pp512", &r, &err));
    assert_int_equal(err.code, EB_USAGE);
    write_script("other", "echo usage: something else");
    assert_false(open_peer("", "other", &p, &err) || err.code != EB_USAGE);
    assert_false(open_peer("", "missing", &p, &err) || err.code != EB_USAGE);
    write_script("crash", "[ \"$1\" = --help ] && echo --n-prompt --output && exit; kill -ABRT $$");
    assert_true(open_peer("", "crash", &p, &err));
    assert_false(measure(&p, "", "pp512", &r, &err));
    assert_non_null(strstr(err.message, "signal 6"));
}

// The table comes on either stream; one that was lost on the way out is asked for again.
static void test_batched(void **state)
{
    (void)state;
    bench_peer p;
    bench_reading r;
    eb_err err;
    write_script("new", new_dialect);
    write_script("llama-batched-bench",
                 "cd \"${0%/*}\" || exit 1\n"
                 "[ \"$*\" = '-m /a model.gguf -t 2 -fa 1 -c 2048 -npp 1 -ntg 256 -npl 4' ] || exit 1\n"
                 "echo '| PP | TG |'\n"
                 "[ -e seen ] && echo '| 1 | 256 | 4 | 9 | 1.0 | 2.0 | 3.0 | 341.25 | 5.0 | 6.0 |' >&2\n"
                 ": > seen");
    assert_true(open_peer("", "new", &p, &err));
    assert_true(measure(&p, "-fa 1", "tg256x4", &r, &err));
    assert_true(r.value == 341.25);
}

static void test_programs(void **state)
{
    (void)state;
    child_result r;
    eb_err err;
    char *endless[] = { (char *)"/bin/sh", (char *)"-c", (char *)"while :; do echo 0123456789abcdef; done", NULL };
    char *slow[] = { (char *)"/bin/sh", (char *)"-c", (char *)"echo now; exec sleep 600", NULL };
    char *missing[] = { (char *)"/no/such/program", NULL };
    char *words[] = { (char *)"/bin/sh", (char *)"-c",
                      (char *)"printf 'first\\nlast \\001words\\n\\n' >&2; echo 'out {'; echo '}'; exit 3", NULL };
    eb_err_clear(&err);
    assert_false(child_run(endless, false, 600, &r, &err));
    assert_non_null(strstr(err.message, "without end"));
    child_free(&r);
    eb_err_clear(&err);
    const int64_t t = eb_now_ns();
    assert_false(child_run(slow, false, 1, &r, &err));
    assert_true(eb_now_ns() - t < 300000000000); // killed, not waited for
    assert_string_equal(r.out, "now\n");
    child_free(&r);
    eb_err_clear(&err);
    assert_false(child_run(missing, false, 600, &r, &err));
    child_free(&r);
    eb_err_clear(&err);
    assert_false(child_run(words, false, 600, &r, &err));
    assert_string_equal(r.last_words, "last words");
    assert_string_equal(r.out, "out {\n}\n");
    assert_true(r.brace_ns >= r.start_ns);
    child_free(&r);
}

static bool good(const void *arg, void *out, eb_err *err)
{
    (void)err;
    *(int *)out = 2 * *(const int *)arg;
    return true;
}

static bool bad(const void *arg, void *out, eb_err *err)
{
    (void)arg, (void)out;
    return eb_err_set(err, EB_UNAVAILABLE, "no such thing");
}

static bool ends(const void *arg, void *out, eb_err *err)
{
    (void)arg, (void)out, (void)err;
    _exit(5);
}

static void test_functions(void **state)
{
    (void)state;
    const int seven = 7;
    int out = 0;
    uint64_t rss = 0;
    eb_err err;
    eb_err_clear(&err);
    assert_true(child_call(good, &seven, &out, sizeof out, &rss, &err));
    assert_true(out == 14 && rss > 0);
    assert_false(child_call(bad, &seven, &out, sizeof out, &rss, &err));
    assert_true(err.code == EB_UNAVAILABLE && strcmp(err.message, "no such thing") == 0);
    eb_err_clear(&err);
    assert_false(child_call(ends, &seven, &out, sizeof out, &rss, &err));
    assert_non_null(strstr(err.message, "status 5"));
}

static void test_burn(void **state)
{
    (void)state;
    eb_err err;
    eb_err_clear(&err);
    const pid_t pid = child_burn(&err);
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, NULL, WNOHANG), 0); // it runs
    child_end(pid);
    assert_int_equal(waitpid(pid, NULL, WNOHANG), -1); // and has been reaped
    child_end(0);
}

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    char command[64];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_dialects),  cmocka_unit_test(test_refusals),
                                        cmocka_unit_test(test_batched),   cmocka_unit_test(test_programs),
                                        cmocka_unit_test(test_functions), cmocka_unit_test(test_burn) };
    return cmocka_run_group_tests_name("bench_peer", tests, make_dir, remove_dir);
}
