// SPDX-License-Identifier: Apache-2.0
// A profile of two trials of known spans, counts and watts: every figure of it, exactly.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include "harness/record/profile.h"
#include "tests/unit/journal_sample.h"

enum { MS = 1000000, STEPS = 4 };

static eb_op_metric_row metrics[] = {
    { (char *)"ipc", (char *)"-", (char *)"instructions / cycles" },
    { (char *)"gb_s", (char *)"GB/s", (char *)"64e-9 * llc-misses / time_s" },
    { (char *)"per_call", (char *)"1/call", (char *)"instructions / (calls * threads)" },
    { (char *)"intensity", (char *)"flop/B", (char *)"flop / bytes" },
    { (char *)"missing", (char *)"-", (char *)"branches / cycles" },
};

// A decode step: 30 ms qkv (3 GB, 6 GFLOP), 10 ms attention; a prefill of 200 ms head.
static size_t spans_of(int64_t t0, eb_span *out)
{
    size_t n = 0;
    out[n++] = (eb_span){ t0, 200 * MS, EB_OP_HEAD, EB_PHASE_PREFILL, UINT16_MAX, 0, 1e9f };
    for (int i = 0; i < STEPS; i++) {
        int64_t t = t0 + 200 * MS + i * 40 * MS;
        out[n++] = (eb_span){ t, 30 * MS, EB_OP_QKV, EB_PHASE_DECODE, 0, 3e9f, 6e9f };
        out[n++] = (eb_span){ t + 30 * MS, 10 * MS, EB_OP_ATTENTION, EB_PHASE_DECODE, 0, 0, 0 };
    }
    return n;
}

static eb_op_count_row count_of(eb_op op, const char *event, double value, double running)
{
    eb_op_count_row row = { .op = op, .phase = EB_PHASE_DECODE, .value = value, .running_frac = running, .calls = 8 };
    snprintf(row.event, sizeof row.event, "%s", event);
    return row;
}

static eb_run *a_run(sample_run *s)
{
    eb_err err = { 0 };
    sample_init(s);
    sample_setting(s, "run", "profile", "yes");
    s->header.op_metrics = metrics;
    s->header.n_op_metrics = sizeof metrics / sizeof *metrics;
    eb_journal *j = eb_journal_create(s->dir, &s->header, &err);
    assert_non_null(j);
    for (int c = 0; c < 2; c++) {
        eb_case_facts facts = sample_facts(c);
        assert_true(eb_journal_facts(j, &facts, &err));
    }
    for (int number = 1; number <= 3; number++) {
        eb_span spans[1 + 2 * STEPS];
        sample_trial(s, number, 0, number, 1);
        eb_op_count_row ops[] = {
            count_of(EB_OP_QKV, "cycles", 3e8, 1),           count_of(EB_OP_QKV, "instructions", 6e8, 0.75),
            count_of(EB_OP_QKV, "llc-misses", 3e7, 1),       count_of(EB_OP_ATTENTION, "cycles", 0, 1),
            count_of(EB_OP_ATTENTION, "instructions", 5, 1),
        };
        size_t n = spans_of(s->info.t_start_ns, spans);
        eb_journal_spans(j, number, spans, number == 3 ? 0 : n, ops, number == 3 ? sizeof ops / sizeof *ops : 0);
        assert_true(sample_write(s, j, &err));
    }
    eb_journal_close(j);
    eb_run *run = eb_run_load(s->dir, &err);
    if (!run)
        print_error("%s\n", err.message);
    assert_non_null(run);
    return run;
}

static const eb_profile_row *row_of(const eb_profile *p, int op)
{
    for (int i = 0; i < p->n_rows; i++)
        if (p->rows[i].op == op)
            return &p->rows[i];
    fail();
    return NULL;
}

static void figures_of_operators(void **state)
{
    (void)state;
    sample_run s;
    eb_run *run = a_run(&s);
    assert_int_equal(run->n_profiles, 1);
    const eb_profile *p = run->profiles[0];
    assert_int_equal(p->n_trials, 2);
    assert_int_equal(p->n_counted, 1);
    const eb_profile_row *qkv = row_of(p, EB_OP_QKV), *attention = row_of(p, EB_OP_ATTENTION);
    const eb_profile_row *outside = row_of(p, EB_OP_COUNT);
    assert_float_equal(qkv->time_s, 0.12, 1e-12);
    assert_float_equal(qkv->time_frac, 0.12, 1e-12); // of a window of 1 s
    assert_float_equal(attention->time_s, 0.04, 1e-12);
    assert_float_equal(outside->time_s, 0.64, 1e-12);
    assert_true(qkv->calls == STEPS && qkv->bytes == 12e9 && qkv->flop == 24e9);
    assert_true(attention->bytes == 0 && outside->calls == 0);
    // Metrics: per trial, all threads; the clock's time is that of the trials that were not counted.
    assert_float_equal(qkv->metrics[0], 2, 1e-12);
    assert_float_equal(qkv->metrics[1], 64e-9 * 3e7 / 0.12, 1e-9);
    assert_float_equal(qkv->metrics[2], 6e8 / (STEPS * 2), 1e-3); // two threads
    assert_float_equal(qkv->metrics[3], 2, 1e-12);
    assert_true(isnan(qkv->metrics[4]));       // nobody counted branches
    assert_true(isnan(attention->metrics[0])); // by 0 cycles
    assert_true(isnan(attention->metrics[1]) && isnan(outside->metrics[0]));
    assert_float_equal(attention->metrics[2], 5.0 / (STEPS * 2), 1e-12);
    for (int e = 0; e < p->n_events; e++)
        assert_true(p->running_frac[e] == (strcmp(p->events[e], "instructions") ? 1 : 0.75));
    eb_run_free(run);
    sample_deinit(&s);
}

static void the_same_in_csv(void **state)
{
    (void)state;
    sample_run s;
    eb_run *run = a_run(&s);
    char *csv = eb_profile_csv(run);
    assert_non_null(strstr(csv, "\"m/f16/dense/p4-n4-b2\",decode,qkv,4,0.12,0.12,1.2e+10,2.4e+10,1e+11,2e+11,"));
    assert_non_null(strstr(csv, ",cycles=300000000;instructions=600000000;llc-misses=30000000,ipc=2;gb_s=16;"
                                "per_call=75000000;intensity=2,,\""));
    assert_non_null(strstr(csv, ",cycles=0;instructions=5;llc-misses=,per_call=0.625,,\""));
    free(csv);
    eb_run_free(run);
    sample_deinit(&s);
}

static void a_formula_that_is_none_is_refused(void **state)
{
    (void)state;
    sample_run s;
    eb_err err = { 0 };
    metrics[1].formula = (char *)"64e-9 * * llc-misses";
    sample_init(&s);
    sample_setting(&s, "run", "profile", "yes");
    s.header.op_metrics = metrics;
    s.header.n_op_metrics = sizeof metrics / sizeof *metrics;
    eb_journal_close(eb_journal_create(s.dir, &s.header, &err));
    assert_null(eb_run_load(s.dir, &err));
    assert_int_equal(err.code, EB_USAGE);
    assert_non_null(strstr(err.message, "formula"));
    assert_int_equal(err.line, 1);
    sample_deinit(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_of_operators),
        cmocka_unit_test(the_same_in_csv),
        cmocka_unit_test(a_formula_that_is_none_is_refused),
    };
    return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
