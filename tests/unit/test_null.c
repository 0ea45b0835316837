// SPDX-License-Identifier: Apache-2.0
// The null engine and its timeline: without noise every time and every joule is known.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "harness/base/timeline.h"
#include "workloads/engine/null/null.h"
#include "workloads/workload.h"

#define MS 1000000

static const eb_engine_setting quiet[] = {
    { "run_noise", 0 },   { "drift", 0 },       { "session_noise", 0 },    { "outliers", 0 },
    { "token_noise", 0 }, { "watts_noise", 0 }, { "context_token", 1000 },
};
enum { QUIET = sizeof quiet / sizeof *quiet };

typedef struct bench {
    eb_timeline time;
    eb_engine *engine;
    eb_token_event tokens[64];
    eb_request_row requests[4];
    eb_trial_sink sink;
} bench;

static void open_bench(bench *b, const eb_engine_setting *settings, int n)
{
    eb_err err;
    *b = (bench){ 0 };
    eb_timeline_init(&b->time);
    eb_null_simulate(settings, n, &b->time);
    eb_engine_config config = {
        .threads = 1, .max_batch = 4, .max_ctx_tok = 1000, .settings = settings, .n_settings = n, .timeline = &b->time
    };
    b->engine = eb_engine_null.open("null:x", &config, &err);
    assert_non_null(b->engine);
}

static void run_trial(bench *b, int batch)
{
    eb_err err;
    eb_workload_params p = { .prompt_tok = 20, .output_tok = 9, .batch = batch, .seed = 3 };
    b->sink = (eb_trial_sink){ .tokens = b->tokens, .cap_tokens = 64, .requests = b->requests, .cap_requests = 4 };
    assert_true(eb_workload_find("dense")->run_trial(&p, b->engine, &b->sink, &err));
}

// 20 prompt tokens of 1 ms; decode steps of 12 ms + 1 us per token of context (20, 21, ... 27).
static void test_times_and_joules(void **state)
{
    (void)state;
    static bench b;
    open_bench(&b, quiet, QUIET);
    assert_int_equal(b.time.now_ns, 1200 * MS); // from one second, 200 ms to open
    double before_uj = b.time.energy_uj;
    run_trial(&b, 1);
    assert_int_equal(b.sink.n_tokens, 9);
    assert_int_equal(b.tokens[0].t_end_ns - b.sink.t_start_ns, 20 * MS);
    for (int i = 1; i < 9; i++) {
        assert_int_equal(b.tokens[i].phase, EB_PHASE_DECODE);
        assert_int_equal(b.tokens[i].t_end_ns - b.tokens[i - 1].t_end_ns, 12 * MS + 1000 * (20 + i - 1));
    }
    double decode_s = 8 * 0.012 + 188e-6; // 20 + 21 + ... + 27 = 188
    assert_true(fabs((b.time.energy_uj - before_uj) / 1e6 - (0.020 * 24 + decode_s * 18)) < 1e-9);
    eb_engine_null.close(b.engine);
}

static void test_batch(void **state)
{
    (void)state;
    static bench b;
    open_bench(&b, quiet, QUIET);
    run_trial(&b, 2);
    assert_int_equal(b.sink.n_tokens, 18);
    // One prefill after the other, then steps of both: 10 % longer.
    assert_int_equal(b.tokens[1].t_end_ns - b.sink.t_start_ns, 40 * MS);
    assert_int_equal(b.tokens[2].t_end_ns, b.tokens[3].t_end_ns);
    assert_int_equal(b.tokens[2].t_end_ns - b.tokens[1].t_end_ns, 13200000 + 1000 * 40);
    eb_engine_null.close(b.engine);
}

// The same trial number gives the same times, in another process too; another number others.
static void test_trials_go_by_number(void **state)
{
    (void)state;
    static bench a, b;
    open_bench(&a, NULL, 0);
    const eb_engine_setting later[] = { { "at", 7 } };
    open_bench(&b, later, 1);
    run_trial(&a, 1);
    int64_t first = a.sink.t_end_ns - a.sink.t_start_ns;
    a.time.trial = 7;
    run_trial(&a, 1);
    run_trial(&b, 1);
    assert_int_equal(a.sink.t_end_ns - a.sink.t_start_ns, b.sink.t_end_ns - b.sink.t_start_ns);
    assert_int_not_equal(first, b.sink.t_end_ns - b.sink.t_start_ns);
    char x[17], y[17];
    eb_workload_find("dense")->verify(&a.sink, x);
    eb_workload_find("dense")->verify(&b.sink, y);
    assert_string_equal(x, y);
    eb_engine_null.close(a.engine);
    eb_engine_null.close(b.engine);
}

static void test_steps_trends_and_outputs(void **state)
{
    (void)state;
    eb_null_script s;
    eb_engine_setting settings[QUIET + 4];
    memcpy(settings, quiet, sizeof quiet);
    settings[QUIET] = (eb_engine_setting){ "step_at", 5 };
    settings[QUIET + 1] = (eb_engine_setting){ "step", 0.25 };
    settings[QUIET + 2] = (eb_engine_setting){ "trend", 0.01 };
    settings[QUIET + 3] = (eb_engine_setting){ "output", 1 };
    eb_null_script_read(settings, QUIET + 4, &s);
    assert_true(fabs(eb_null_script_factor(&s, 0) - 1) < 1e-12);
    assert_true(fabs(eb_null_script_factor(&s, 4) - pow(1.01, 4)) < 1e-12);
    assert_true(fabs(eb_null_script_factor(&s, 5) - 1.25 * pow(1.01, 5)) < 1e-12);
    static bench a, b;
    char x[17], y[17];
    open_bench(&a, quiet, QUIET);
    open_bench(&b, settings, QUIET + 4);
    run_trial(&a, 1);
    run_trial(&b, 1);
    eb_workload_find("dense")->verify(&a.sink, x);
    eb_workload_find("dense")->verify(&b.sink, y);
    assert_string_not_equal(x, y);
    eb_engine_null.close(a.engine);
    eb_engine_null.close(b.engine);
}

// The counter moves on its grid, by whole units, and never runs ahead.
static void test_counter(void **state)
{
    (void)state;
    eb_timeline t;
    eb_timeline_init(&t);
    t.w = 10; // 10 mJ per ms: 163.9 units of 61 uJ
    eb_timeline_pass(&t, t.now_ns + MS / 2);
    assert_true(t.shown_uj == 0 && fabs(t.energy_uj - 5000) < 1e-6);
    eb_timeline_pass(&t, t.now_ns + MS);
    assert_true(t.shown_uj == 163 * 61);
    t.w = 0;
    eb_timeline_pass(&t, t.now_ns + 10 * MS);
    assert_true(t.shown_uj == 245 * 61); // 15 mJ in all
    eb_timeline_pass(&t, 0);
    assert_int_equal(t.now_ns, 1011500000);
}

static int64_t every_3_ms(void *arg, int64_t now_ns)
{
    int64_t *seen = arg;
    seen[0]++;
    seen[1] = now_ns;
    return now_ns + 3 * MS;
}

static void test_who_looks_is_called(void **state)
{
    (void)state;
    eb_timeline t;
    int64_t seen[2] = { 0 };
    eb_timeline_init(&t);
    eb_clock clock = eb_timeline_clock(&t);
    eb_timeline_watch(&t, every_3_ms, seen, t.now_ns + MS);
    clock.sleep_until_ns(&clock, t.now_ns + 10 * MS);
    assert_int_equal(seen[0], 4); // at 1, 4, 7 and 10 ms
    assert_int_equal(seen[1], 1010 * MS);
    assert_int_equal(clock.now_ns(&clock), 1010 * MS);
    eb_timeline_watch(&t, NULL, NULL, 0);
    clock.sleep_until_ns(&clock, t.now_ns + 10 * MS);
    assert_int_equal(seen[0], 4);
}

static void test_misuse(void **state)
{
    (void)state;
    static bench b;
    eb_err err;
    int32_t prompt[1] = { 1 };
    open_bench(&b, quiet, QUIET);
    eb_request r = { .id = 4, .prompt = prompt, .prompt_tok = 1, .output_tok = 1 };
    assert_false(eb_engine_null.submit(b.engine, &r, &err));
    r.id = 0;
    assert_true(eb_engine_null.submit(b.engine, &r, &err));
    assert_false(eb_engine_null.submit(b.engine, &r, &err));
    eb_engine_null.cancel(b.engine, 9);
    eb_engine_null.cancel(b.engine, 0);
    assert_false(eb_engine_null.busy(b.engine));
    assert_int_equal(eb_engine_null.step(b.engine, 0, b.tokens, 4, &err), 0);
    eb_engine_null.close(b.engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times_and_joules),
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_trials_go_by_number),
        cmocka_unit_test(test_steps_trends_and_outputs),
        cmocka_unit_test(test_counter),
        cmocka_unit_test(test_who_looks_is_called),
        cmocka_unit_test(test_misuse),
    };
    return cmocka_run_group_tests_name("null", tests, NULL, NULL);
}
