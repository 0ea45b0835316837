// SPDX-License-Identifier: Apache-2.0
// The generation loop on a scripted engine, and the comparison of logits against hand-made values.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "workloads/workload_impl.h"

// An engine that needs one prefill step for all, then one step per token; makes token = prompt sum + index.
enum { MAX_BATCH = 4 };
typedef struct fake_engine {
    eb_engine base;
    struct {
        bool live;
        int sum, made, want, context;
    } seq[MAX_BATCH];
    bool reversed; // events of a step in descending order of id
    int fail_at_step, steps, resets;
    char family[16];
} fake_engine;

static void fake_caps(const eb_engine *engine, eb_engine_caps *out)
{
    const fake_engine *f = (const fake_engine *)engine;
    *out = (eb_engine_caps){ .vocab = 100, .max_ctx_tok = 64, .max_batch = MAX_BATCH };
    snprintf(out->family, sizeof out->family, "%s", f->family);
    snprintf(out->model_name, sizeof out->model_name, "fake");
}

static void fake_reset(eb_engine *engine)
{
    fake_engine *f = (fake_engine *)engine;
    memset(f->seq, 0, sizeof f->seq);
    f->resets++;
}

static bool fake_fill(eb_engine *engine, uint32_t id, const int32_t *tokens, int n, eb_err *err)
{
    (void)err;
    ((fake_engine *)engine)->seq[id].context = n + tokens[0] * 0;
    return true;
}

static bool fake_submit(eb_engine *engine, const eb_request *r, eb_err *err)
{
    fake_engine *f = (fake_engine *)engine;
    (void)err;
    f->seq[r->id].live = true;
    f->seq[r->id].sum = f->seq[r->id].made = 0;
    f->seq[r->id].want = r->output_tok;
    for (int i = 0; i < r->prompt_tok; i++)
        f->seq[r->id].sum += r->prompt[i];
    return true;
}

static int fake_step(eb_engine *engine, int64_t timeout_ns, eb_token_event *events, int max, eb_err *err)
{
    fake_engine *f = (fake_engine *)engine;
    int n = 0;
    (void)timeout_ns;
    if (++f->steps == f->fail_at_step) {
        eb_err_set(err, EB_FAILED, "scripted failure");
        return -1;
    }
    int64_t t = eb_now_ns();
    for (int k = 0; k < MAX_BATCH; k++) {
        int id = f->reversed ? MAX_BATCH - 1 - k : k;
        if (!f->seq[id].live)
            continue;
        assert_true(n < max);
        int index = f->seq[id].made++;
        events[n++] = (eb_token_event){ .request = (uint32_t)id,
                                        .index = (uint32_t)index,
                                        .phase = index ? EB_PHASE_DECODE : EB_PHASE_PREFILL,
                                        .token = (f->seq[id].sum + index) % 100,
                                        .t_start_ns = t,
                                        .t_end_ns = eb_now_ns() };
        f->seq[id].live = f->seq[id].made < f->seq[id].want;
    }
    return n;
}

static bool fake_busy(const eb_engine *engine)
{
    const fake_engine *f = (const fake_engine *)engine;
    for (int id = 0; id < MAX_BATCH; id++)
        if (f->seq[id].live)
            return true;
    return false;
}

static const eb_engine_ops fake_ops = { .name = "fake",
                                        .caps = fake_caps,
                                        .reset = fake_reset,
                                        .fill_context = fake_fill,
                                        .submit = fake_submit,
                                        .step = fake_step,
                                        .busy = fake_busy };

static fake_engine fake(const char *family)
{
    fake_engine f = { .base = { &fake_ops } };
    snprintf(f.family, sizeof f.family, "%s", family);
    return f;
}

static eb_token_event tokens[64];
static eb_request_row requests[MAX_BATCH];
static int marks_begin, marks_end;

static void count_marks(void *arg, bool begin)
{
    (void)arg;
    marks_begin += begin;
    marks_end += !begin;
}

static eb_trial_sink sink_for(void)
{
    marks_begin = marks_end = 0;
    return (eb_trial_sink){
        .tokens = tokens, .cap_tokens = 64, .requests = requests, .cap_requests = MAX_BATCH, .mark = count_marks
    };
}

static const eb_workload_params params = {
    .prompt_tok = 5, .output_tok = 6, .batch = 3, .depth_tok = 2, .seed = 9, .sampling = { .top_p = 1 }
};

static void test_trial_holds_every_token(void **state)
{
    (void)state;
    fake_engine f = fake("dense");
    eb_err err;
    eb_err_clear(&err);
    eb_trial_sink sink = sink_for();
    assert_true(eb_workload_dense.run_trial(&params, &f.base, &sink, &err));
    assert_int_equal(sink.n_tokens, 18);
    assert_int_equal(sink.n_requests, 3);
    assert_int_equal(marks_begin, 1);
    assert_int_equal(marks_end, 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(requests[i].prompt_tok, 5);
        assert_int_equal(requests[i].output_tok, 6);
        assert_int_equal(requests[i].status, EB_REQUEST_OK);
        assert_int_equal(requests[i].scheduled_ns, sink.t_start_ns);
        assert_true(requests[i].sent_ns >= requests[i].scheduled_ns);
        assert_int_equal(f.seq[i].context, 2);
    }
    int64_t last = 0;
    for (size_t i = 0; i < sink.n_tokens; i++)
        last = tokens[i].t_end_ns > last ? tokens[i].t_end_ns : last;
    assert_int_equal(sink.t_end_ns, last);
}

static void test_digest_is_of_the_tokens_alone(void **state)
{
    (void)state;
    char a[17], b[17], c[17];
    eb_err err;
    eb_err_clear(&err);
    fake_engine f = fake("dense");
    eb_trial_sink sink = sink_for();
    assert_true(eb_workload_dense.run_trial(&params, &f.base, &sink, &err));
    eb_workload_dense.verify(&sink, a);
    f.reversed = true;
    sink = sink_for();
    assert_true(eb_workload_dense.run_trial(&params, &f.base, &sink, &err));
    eb_workload_dense.verify(&sink, b);
    assert_string_equal(a, b);
    tokens[7].token ^= 1;
    eb_workload_dense.verify(&sink, c);
    assert_string_not_equal(a, c);
    assert_int_equal(strlen(a), 16);
}

static void test_wrong_family_is_refused(void **state)
{
    (void)state;
    eb_err err;
    eb_err_clear(&err);
    fake_engine f = fake("moe");
    assert_false(eb_workload_dense.prepare(&params, &f.base, &err));
    assert_int_equal(err.code, EB_USAGE);
    assert_non_null(strstr(err.hint, "kind = moe"));
    eb_err_clear(&err);
    assert_true(eb_workload_moe.prepare(&params, &f.base, &err));
    assert_true(eb_workload_quantized.prepare(&params, &f.base, &err)); // any family
    assert_false(eb_workload_ssm.prepare(&params, &f.base, &err));
}

static void test_too_long_is_refused(void **state)
{
    (void)state;
    eb_err err;
    eb_err_clear(&err);
    fake_engine f = fake("dense");
    eb_workload_params p = params;
    p.depth_tok = 60;
    assert_false(eb_workload_dense.prepare(&p, &f.base, &err));
    assert_int_equal(err.code, EB_USAGE);
}

static bool stop_now(void *arg)
{
    (void)arg;
    return true;
}

static void test_failure_and_interrupt_end_the_window(void **state)
{
    (void)state;
    eb_err err;
    eb_err_clear(&err);
    fake_engine f = fake("dense");
    f.fail_at_step = 3;
    eb_trial_sink sink = sink_for();
    assert_false(eb_workload_dense.run_trial(&params, &f.base, &sink, &err));
    assert_string_equal(err.message, "scripted failure");
    assert_int_equal(marks_end, 1); // sampling stops however the window ends
    eb_err_clear(&err);
    f = fake("dense");
    sink = sink_for();
    sink.stop = stop_now;
    eb_workload_params deep = params;
    deep.depth_tok = 0;
    assert_false(eb_workload_dense.run_trial(&deep, &f.base, &sink, &err));
    assert_int_equal(err.code, EB_SIGINT);
    assert_int_equal(marks_end, 1);
    // Depth is filled before the window, and can be interrupted too.
    deep.depth_tok = 20;
    f = fake("dense");
    sink = sink_for();
    sink.stop = stop_now;
    assert_false(eb_workload_dense.run_trial(&deep, &f.base, &sink, &err));
    assert_int_equal(err.code, EB_SIGINT);
    assert_int_equal(f.seq[0].context, 0);
    assert_int_equal(marks_end, 0);
}

static void test_tokens_are_seeded_and_in_range(void **state)
{
    (void)state;
    int32_t a[200], b[200], c[200];
    eb_generate_tokens(1, 2, 50, a, 200);
    eb_generate_tokens(1, 2, 50, b, 200);
    eb_generate_tokens(2, 2, 50, c, 200);
    assert_memory_equal(a, b, sizeof a);
    assert_memory_not_equal(a, c, sizeof a);
    for (int i = 0; i < 200; i++)
        assert_in_range(a[i], 0, 49);
}

static void test_quality_of_known_distributions(void **state)
{
    (void)state;
    // p = (1/2, 1/4, 1/4) against q = (1/4, 1/2, 1/4): D = 1/2 ln 2 + 1/4 ln(1/2) = 1/4 ln 2; shifts do not matter.
    const float p[] = { logf(2) + 7, 7, 7, 1, 2, 3 }, q[] = { -3, logf(2) - 3, -3, 11, 12, 13 };
    eb_quality out;
    eb_quality_compare(p, q, 1, 3, &out);
    assert_true(fabs(out.kld_nats - 0.25 * log(2)) < 1e-6);
    assert_true(out.top1_agree == 0);
    eb_quality_compare(p, q, 2, 3, &out); // the second row is the same distribution
    assert_true(fabs(out.kld_nats - 0.125 * log(2)) < 1e-6);
    assert_true(out.top1_agree == 0.5);
    assert_int_equal(out.n_tok, 2);
    eb_quality_compare(p, p, 2, 3, &out);
    assert_true(out.kld_nats == 0 && out.top1_agree == 1);
    eb_quality_compare(p, q, 0, 3, &out);
    assert_true(isnan(out.kld_nats) && isnan(out.top1_agree));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trial_holds_every_token),
        cmocka_unit_test(test_digest_is_of_the_tokens_alone),
        cmocka_unit_test(test_wrong_family_is_refused),
        cmocka_unit_test(test_too_long_is_refused),
        cmocka_unit_test(test_failure_and_interrupt_end_the_window),
        cmocka_unit_test(test_tokens_are_seeded_and_in_range),
        cmocka_unit_test(test_quality_of_known_distributions),
    };
    return cmocka_run_group_tests_name("workload", tests, NULL, NULL);
}
