// SPDX-License-Identifier: Apache-2.0
// Loads on an engine with a virtual clock: when requests come, what waits, what a stall does to the latencies; and on
// the reference engine: what a request gets does not depend on whom it is served with.
#include <math.h>
#include <stdio.h>

#include "harness/base/stats.h"
#include "tests/unit/load_fixture.h"
#include "workloads/load_schedule.h"

enum { CAP = 20000 };
#define MS 1000000ll
#define S  1000000000ll

static eb_token_event tokens[CAP];
static eb_request_row requests[CAP];

static eb_trial_sink sink_for(int round)
{
    return (eb_trial_sink){
        .tokens = tokens, .cap_tokens = CAP, .requests = requests, .cap_requests = CAP, .round = round
    };
}

static eb_workload_params params_for(eb_load_params load, int batch)
{
    return (eb_workload_params){
        .prompt_tok = 6, .output_tok = 5, .batch = batch, .seed = 3, .sampling = { .top_p = 1 }, .load = load
    };
}

static void run(timed_engine *e, const eb_workload_params *p, eb_trial_sink *sink)
{
    eb_err err = { 0 };
    if (!eb_workload_load.run_trial(p, &e->base, sink, &err))
        fail_msg("%s", err.message);
    assert_int_equal(sink->n_requests, p->load.requests);
    assert_int_equal(sink->n_tokens, (size_t)p->load.requests * (size_t)p->output_tok);
    for (size_t i = 0; i < sink->n_requests; i++) {
        assert_int_equal(requests[i].request, i);
        assert_int_equal(requests[i].status, EB_REQUEST_OK);
        assert_int_equal(requests[i].prompt_tok, p->prompt_tok);
        assert_int_equal(requests[i].output_tok, p->output_tok);
        assert_true(requests[i].sent_ns >= requests[i].scheduled_ns);
    }
}

// The time of a request's token.
static int64_t token_ns(const eb_trial_sink *sink, uint32_t request, uint32_t index)
{
    for (size_t i = 0; i < sink->n_tokens; i++)
        if (tokens[i].request == request && tokens[i].index == index)
            return tokens[i].t_end_ns;
    fail_msg("request %u has no token %u", request, index);
    return 0;
}

// ---- schedules --------------------------------------------------------------------------------------

static void a_poisson_schedule_has_the_rate_and_its_spread(void **state)
{
    (void)state;
    enum { N = 9600 };
    static int64_t at[N], again[N], other[N];
    double sum = 0, squares = 0;
    eb_load_schedule(at, N, 50, false, 7);
    eb_load_schedule(again, N, 50, false, 7);
    eb_load_schedule(other, N, 50, false, 8);
    assert_memory_equal(at, again, sizeof at);
    assert_memory_not_equal(at, other, sizeof at);
    for (int i = 0; i < N; i++) {
        double gap_s = (double)(at[i] - (i ? at[i - 1] : 0)) / 1e9;
        assert_true(gap_s >= 0);
        sum += gap_s;
        squares += gap_s * gap_s;
    }
    // Exponential: mean 1/50, standard deviation the same; of 9,600 the mean is good to 2 % (1.96 sigma), here 3 sigma.
    double mean = sum / N, sd = sqrt(squares / N - mean * mean);
    assert_true(fabs(mean * 50 - 1) < 3 / sqrt(N));
    assert_true(fabs(sd / mean - 1) < 0.05);
}

static void an_even_schedule_is_even_and_both_end_in_time(void **state)
{
    (void)state;
    int64_t at[1000];
    eb_load_schedule(at, 4, 8, true, 1);
    for (int i = 0; i < 4; i++)
        assert_int_equal(at[i], i * S / 8);
    assert_int_equal(eb_load_schedule_until(at, 1000, 10 * S, 8, true, 1), 80);
    assert_int_equal(eb_load_schedule_until(at, 50, 10 * S, 8, true, 1), 50);
    int n = eb_load_schedule_until(at, 1000, 10 * S, 40, false, 1);
    assert_true(n > 400 - 3 * 20 && n < 400 + 3 * 20); // sigma = sqrt(400)
    assert_true(at[n - 1] < 10 * S);
}

// ---- modes ------------------------------------------------------------------------------------------

static void single_stream_asks_when_it_has_its_answer(void **state)
{
    (void)state;
    timed_engine e;
    timed_init(&e, 10 * MS, 2 * MS);
    eb_workload_params p = params_for((eb_load_params){ .mode = EB_LOAD_SINGLE, .requests = 20 }, 1);
    eb_trial_sink sink = sink_for(1);
    run(&e, &p, &sink);
    assert_int_equal(e.most_live, 1);
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(requests[i].scheduled_ns, i ? token_ns(&sink, i - 1, 4) : sink.t_start_ns);
        assert_int_equal(requests[i].sent_ns, requests[i].scheduled_ns);
        assert_int_equal(token_ns(&sink, i, 0) - requests[i].scheduled_ns, 10 * MS);
    }
    assert_int_equal(sink.t_end_ns - sink.t_start_ns, 20 * (10 + 4 * 2) * MS);
}

static void offline_all_are_there_at_once(void **state)
{
    (void)state;
    timed_engine e;
    timed_init(&e, 10 * MS, 2 * MS);
    eb_workload_params p = params_for((eb_load_params){ .mode = EB_LOAD_OFFLINE, .requests = 30 }, 8);
    eb_trial_sink sink = sink_for(1);
    run(&e, &p, &sink);
    assert_int_equal(e.most_live, 8); // the others wait, first come, first served
    for (uint32_t i = 0; i < 30; i++) {
        assert_int_equal(requests[i].scheduled_ns, sink.t_start_ns);
        assert_true(i == 0 || requests[i].sent_ns >= requests[i - 1].sent_ns);
    }
    assert_int_equal(requests[7].sent_ns, sink.t_start_ns);
    assert_int_equal(requests[8].sent_ns, token_ns(&sink, 0, 4));
}

static void closed_loop_keeps_its_users(void **state)
{
    (void)state;
    timed_engine e;
    timed_init(&e, 10 * MS, 2 * MS);
    eb_workload_params p = params_for((eb_load_params){ .mode = EB_LOAD_CLOSED, .requests = 50, .users = 6 }, 4);
    eb_trial_sink sink = sink_for(1);
    run(&e, &p, &sink);
    assert_int_equal(e.most_live, 4); // two users always wait for a slot, and that is in their latency
    for (uint32_t i = 0; i < 50; i++) {
        int here = 0; // who asked before this one and had no answer yet, and itself
        for (uint32_t k = 0; k <= i; k++)
            here += token_ns(&sink, k, 4) > requests[i].scheduled_ns;
        assert_true(here <= 6);
        assert_true(i < 6 ? requests[i].scheduled_ns == sink.t_start_ns : requests[i].scheduled_ns > sink.t_start_ns);
    }
    // One user in a single slot is a single stream.
    eb_workload_params one = params_for((eb_load_params){ .mode = EB_LOAD_CLOSED, .requests = 9, .users = 1 }, 1);
    char a[17], b[17];
    timed_init(&e, 10 * MS, 2 * MS);
    sink = sink_for(1);
    run(&e, &one, &sink);
    const int64_t took_ns = sink.t_end_ns - sink.t_start_ns;
    eb_workload_load.verify(&sink, a);
    one.load = (eb_load_params){ .mode = EB_LOAD_SINGLE, .requests = 9 };
    timed_init(&e, 10 * MS, 2 * MS);
    sink = sink_for(1);
    run(&e, &one, &sink);
    eb_workload_load.verify(&sink, b);
    assert_int_equal(took_ns, sink.t_end_ns - sink.t_start_ns);
    assert_string_equal(a, b);
}

static eb_workload_params server(double rate_per_s, int n, int batch)
{
    return params_for((eb_load_params){ .mode = EB_LOAD_SERVER, .requests = n, .rate_per_s = rate_per_s }, batch);
}

static void server_requests_come_by_the_schedule_whatever_the_engine_does(void **state)
{
    (void)state;
    int64_t at[2][300];
    for (int slow = 0; slow < 2; slow++) {
        timed_engine e;
        timed_init(&e, slow ? 40 * MS : 2 * MS, slow ? 9 * MS : 1 * MS);
        eb_workload_params p = server(100, 300, 4);
        eb_trial_sink sink = sink_for(2);
        run(&e, &p, &sink);
        for (int i = 0; i < 300; i++)
            at[slow][i] = requests[i].scheduled_ns - sink.t_start_ns;
        if (slow)
            assert_true(requests[299].sent_ns > requests[299].scheduled_ns + S);
    }
    assert_memory_equal(at[0], at[1], sizeof at[0]);
    // Each trial has its own schedule, the same again for the same seed.
    timed_engine e;
    timed_init(&e, MS, MS);
    eb_workload_params p = server(100, 300, 16);
    eb_trial_sink sink = sink_for(3);
    run(&e, &p, &sink);
    assert_int_not_equal(requests[7].scheduled_ns - sink.t_start_ns, at[0][7]);
}

// The rate is kept through a stall of a second: what came meanwhile shows it, as long as time runs from the schedule.
static void a_stall_of_a_second_shows_in_the_tail(void **state)
{
    (void)state;
    enum { N = 1000, RATE = 100 };
    double ttft[2][N], from_sent[N];
    int64_t last_arrival_ns[2];
    for (int stall = 0; stall < 2; stall++) {
        timed_engine e;
        timed_init(&e, 2 * MS, MS);
        e.stall_at_ns = e.now_ns + 5 * S;
        e.stall_ns = stall ? S : 0;
        eb_workload_params p = server(RATE, N, 8);
        eb_trial_sink sink = sink_for(1);
        run(&e, &p, &sink);
        for (uint32_t i = 0; i < N; i++) {
            ttft[stall][i] = (double)(token_ns(&sink, i, 0) - requests[i].scheduled_ns) / 1e9;
            from_sent[i] = (double)(token_ns(&sink, i, 0) - requests[i].sent_ns) / 1e9;
        }
        last_arrival_ns[stall] = requests[N - 1].scheduled_ns - sink.t_start_ns;
    }
    assert_int_equal(last_arrival_ns[0], last_arrival_ns[1]);
    double calm99 = eb_quantile(ttft[0], N, 0.99), stalled99 = eb_quantile(ttft[1], N, 0.99);
    assert_true(calm99 < 0.05);
    assert_true(stalled99 > 0.8 && stalled99 < 1.3);
    assert_true(fabs(eb_median(ttft[0], N) - eb_median(ttft[1], N)) < 0.005); // the tail, not the middle
    // Who came in the stall waited for its rest: about a hundred, half of them for more than half a second.
    int waited = 0;
    for (int i = 0; i < N; i++)
        waited += ttft[1][i] > 0.5;
    assert_true(waited > RATE / 2 - 25 && waited < RATE / 2 + 60);
    // A client that counts from its own sending would hardly have seen it.
    assert_true(eb_quantile(from_sent, N, 0.99) < 0.1);
}

// ---- ends -------------------------------------------------------------------------------------------

static bool stop_now(void *arg)
{
    timed_engine *e = arg;
    return e->now_ns >= 6 * S;
}

static void failures_end_it_with_a_reason(void **state)
{
    (void)state;
    timed_engine e;
    eb_err err = { 0 };
    eb_workload_params p = server(100, 500, 4);
    eb_trial_sink sink = sink_for(1);
    timed_init(&e, MS, MS);
    e.fail_at_step = 30;
    assert_false(eb_workload_load.run_trial(&p, &e.base, &sink, &err));
    assert_string_equal(err.message, "scripted failure");

    eb_err_clear(&err);
    timed_init(&e, MS, MS);
    sink = sink_for(1);
    sink.stop = stop_now;
    sink.arg = &e;
    assert_false(eb_workload_load.run_trial(&p, &e.base, &sink, &err));
    assert_int_equal(err.code, EB_SIGINT);
    assert_in_range(e.now_ns, 6 * S, 6 * S + 60 * MS); // also while it waits for the next arrival

    eb_err_clear(&err);
    timed_init(&e, MS, MS);
    sink = sink_for(1);
    sink.cap_tokens = 40;
    assert_false(eb_workload_load.run_trial(&p, &e.base, &sink, &err));
    assert_non_null(strstr(err.message, "too small for more than 40 tokens"));

    eb_err_clear(&err);
    timed_init(&e, MS, MS);
    sink = sink_for(1);
    sink.cap_requests = 7;
    assert_false(eb_workload_load.run_trial(&p, &e.base, &sink, &err));
    assert_non_null(strstr(err.message, "too small for more than 7 requests"));

    eb_err_clear(&err);
    timed_init(&e, MS, MS);
    e.deaf = true;
    sink = sink_for(1);
    assert_false(eb_workload_load.run_trial(&p, &e.base, &sink, &err));
    assert_non_null(strstr(err.message, "the engine is idle while 1 requests wait"));
}

static void the_room_is_enough(void **state)
{
    (void)state;
    for (int mode = EB_LOAD_SINGLE; mode <= EB_LOAD_CLOSED; mode++) {
        timed_engine e;
        eb_err err = { 0 };
        eb_workload_params p =
            params_for((eb_load_params){ .mode = (eb_load_mode)mode, .requests = 40, .users = 9, .rate_per_s = 900 },
                       mode == EB_LOAD_SINGLE ? 1 : 7);
        eb_trial_sink sink = sink_for(1);
        eb_workload_load.room(&p, &sink.cap_tokens, &sink.cap_requests);
        assert_true(sink.cap_tokens <= CAP && sink.cap_requests <= CAP);
        timed_init(&e, 3 * MS, MS);
        assert_true(eb_workload_load.run_trial(&p, &e.base, &sink, &err));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_poisson_schedule_has_the_rate_and_its_spread),
        cmocka_unit_test(an_even_schedule_is_even_and_both_end_in_time),
        cmocka_unit_test(single_stream_asks_when_it_has_its_answer),
        cmocka_unit_test(offline_all_are_there_at_once),
        cmocka_unit_test(closed_loop_keeps_its_users),
        cmocka_unit_test(server_requests_come_by_the_schedule_whatever_the_engine_does),
        cmocka_unit_test(a_stall_of_a_second_shows_in_the_tail),
        cmocka_unit_test(failures_end_it_with_a_reason),
        cmocka_unit_test(the_room_is_enough),
    };
    return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}
