// SPDX-License-Identifier: Apache-2.0
// From a curve on a virtual clock to its table: what was offered and completed, which levels are valid, the watts of
// each level and the overall.
#include <math.h>
#include <stdio.h>

#include "harness/base/mem.h"
#include "harness/record/load.h"
#include "harness/record/load_level.h"
#include "tests/unit/load_fixture.h"
#include "workloads/load_curve.h"

enum { CAP = 1 << 18, READS_PER_S = 50, PROMPT = 6, OUTPUT = 5, BATCH = 8 };
#define MS 1000000ll
#define S  1000000000ll

static eb_token_event *tokens;
static eb_request_row *requests;

typedef struct sample {
    eb_header header;
    eb_case_info info;
    eb_channel channel;
    eb_journal_data data;
    eb_trial_data trials[8];
    bool dead[1];
    eb_sums_env env;
} sample;

static void sample_init(sample *s)
{
    *s = (sample){ .info = { .id = (char *)"tiny", .load = (char *)"curve poisson", .batch = BATCH } };
    s->channel = (eb_channel){ .name = "powercap/intel-rapl:0",
                               .source = "powercap",
                               .zone = "intel-rapl:0",
                               .label = "package-0",
                               .domain = EB_DOMAIN_PACKAGE,
                               .die = -1,
                               .quantity = EB_QUANTITY_ENERGY_UJ,
                               .cumulative = true,
                               .max_range = 262143328850,
                               .modulus = 262143328911,
                               .unit = 61.035,
                               .scale = 1,
                               .power_max_w = 500,
                               .period_ns = MS,
                               .grade = EB_GRADE_COUNTER };
    s->header = (eb_header){
        .interval_level = 0.95, .cases = &s->info, .n_cases = 1, .channels = &s->channel, .n_channels = 1, .cpus = 2
    };
    s->data = (eb_journal_data){ .header = s->header, .trials = s->trials };
    s->env = (eb_sums_env){ .header = &s->header, .dead = s->dead };
    eb_slo_from_header(&s->header, &s->env.slo);
}

static void sample_deinit(sample *s)
{
    for (int i = 0; i < s->data.n_trials; i++) {
        free(s->trials[i].requests);
        free(s->trials[i].tokens);
        free(s->trials[i].power);
    }
}

// Watts of a level: 10 idle, 1 more for every 10 % of load.
static double watts(const eb_level_row *l)
{
    return 10 + (l->percent > 0 ? l->percent / 10.0 : 0);
}

static void put_power(eb_trial_data *t)
{
    const int64_t from = t->info.t_start_ns - S / 2, to = t->info.t_end_ns + S / 2;
    const int n = (int)((to - from) / (S / READS_PER_S)) + 1;
    t->power = eb_alloc((size_t)n * sizeof *t->power);
    for (int i = 0; i < n; i++) {
        const int64_t at = from + i * (S / READS_PER_S);
        double uj = 1e6 * 10 * (double)(at - from) / 1e9; // idle all along, and what each level adds
        for (int l = 0; l < t->info.n_levels; l++) {
            const eb_level_row *row = &t->info.levels[l];
            int64_t end = at < row->t_end_ns ? at : row->t_end_ns;
            if (end > row->t_start_ns)
                uj += 1e6 * (watts(row) - 10) * (double)(end - row->t_start_ns) / 1e9;
        }
        t->power[t->n_power++] = (eb_power_row){ 0, { .t_before_ns = at, .t_after_ns = at, .raw = (uint64_t)uj } };
    }
}

static void add_trial(sample *s, timed_engine *e, const eb_load_params *load)
{
    eb_err err = { 0 };
    const eb_workload_params p = { .prompt_tok = PROMPT,
                                   .output_tok = OUTPUT,
                                   .batch = BATCH,
                                   .seed = 11,
                                   .sampling = { .top_p = 1 },
                                   .load = *load };
    eb_trial_sink sink = {
        .tokens = tokens, .cap_tokens = CAP, .requests = requests, .cap_requests = CAP, .round = s->data.n_trials + 1
    };
    if (!eb_workload_load.run_trial(&p, &e->base, &sink, &err))
        fail_msg("%s", err.message);
    eb_trial_data *t = &s->trials[s->data.n_trials++];
    t->info = (eb_trial_info){ .number = s->data.n_trials,
                               .round = sink.round,
                               .t_start_ns = sink.t_start_ns,
                               .t_end_ns = sink.t_end_ns,
                               .n_levels = sink.n_levels,
                               .saturated_per_s = sink.saturated_per_s };
    memcpy(t->info.levels, sink.levels, sizeof sink.levels);
    t->n_tokens = sink.n_tokens;
    t->n_requests = sink.n_requests;
    t->tokens = eb_alloc(sink.n_tokens * sizeof *t->tokens);
    t->requests = eb_alloc(sink.n_requests * sizeof *t->requests);
    memcpy(t->tokens, sink.tokens, sink.n_tokens * sizeof *t->tokens);
    memcpy(t->requests, sink.requests, sink.n_requests * sizeof *t->requests);
    put_power(t);
}

static eb_load_result *result(sample *s)
{
    eb_load_result *r = eb_load_result_new(&s->env, &s->data, 0);
    assert_non_null(r);
    return r;
}

// A prompt takes 2 ms, a token of all 10 ms: eight sequences make 8 requests in 56 ms, which are 143 in a second.
static void calm(timed_engine *e)
{
    timed_init(e, 2 * MS, 10 * MS);
}

static const eb_load_params curve = { .mode = EB_LOAD_CURVE, .requests = 100, .level_ns = 20 * S };

static void the_curve_has_its_levels_and_their_overall(void **state)
{
    (void)state;
    sample s;
    timed_engine e;
    sample_init(&s);
    for (int t = 0; t < 2; t++) {
        calm(&e);
        add_trial(&s, &e, &curve);
    }
    eb_load_result *r = result(&s);
    assert_true(r->curve);
    assert_int_equal(r->n_rows, 11);
    assert_int_equal(r->n_trials, 2);
    assert_int_equal(r->n_levels, 22);
    double saturated = s.trials[0].info.saturated_per_s;
    assert_true(saturated > 130 && saturated < 8 / 0.056 + 1);
    for (int t = 0; t < 2; t++) {
        double tok_s = 0, w = 0;
        int64_t before = s.trials[t].info.t_start_ns;
        for (int i = 0; i <= EB_CURVE_LEVELS; i++) {
            const eb_load_level *l = &r->levels[t * 11 + i];
            int offered = 0;
            assert_int_equal(l->row.percent, 100 - 10 * i);
            assert_true(l->row.t_start_ns >= before);
            before = l->row.t_end_ns;
            for (size_t k = 0; k < s.trials[t].n_requests; k++)
                offered += s.trials[t].requests[k].scheduled_ns >= l->row.t_start_ns &&
                           s.trials[t].requests[k].scheduled_ns < l->row.t_offered_ns;
            assert_int_equal(l->offered, offered);
            assert_int_equal(l->completed, offered);
            assert_true(l->row.t_offered_ns - l->row.t_start_ns == 20 * S);
            assert_true(fabs(l->tok_s - l->offered * OUTPUT / l->length_s) < 1e-9);
            assert_true(fabs(l->w - watts(&l->row)) < 0.02);
            if (i > 0 && i < EB_CURVE_LEVELS) { // a queue may stay at the end of the first one
                assert_true(l->valid);
                assert_true(fabs(l->completed_per_s / l->offered_per_s - l->completed_frac) < 1e-12);
                assert_true(fabs(l->schedule_frac - 1) < 4 / sqrt(l->row.nominal_per_s * 20));
            }
            tok_s += l->tok_s;
            w += l->w;
        }
        const eb_load_level *idle = &r->levels[t * 11 + 10];
        assert_true(idle->valid && idle->offered == 0 && idle->tok_s == 0 && isnan(idle->offered_per_s));
        assert_true(tok_s / w >= r->overall_tok_per_j.lo && tok_s / w <= r->overall_tok_per_j.hi);
    }
    assert_int_equal(r->overall_tok_per_j.n, 2);
    assert_int_equal(r->grade, EB_GRADE_COUNTER);
    // 1.96 standard deviations of a Poisson count below the saturated rate.
    double n = saturated * 20;
    assert_true(fabs(s.trials[0].info.levels[0].nominal_per_s - saturated * (1 - 1.96 / sqrt(n))) < 1e-9);
    assert_true(eb_curve_maximum(saturated, 20 * S, true) == saturated);
    // Latency rises with the load.
    assert_true(r->rows[1].latency[EB_LOAD_E2E_P50].value > r->rows[9].latency[EB_LOAD_E2E_P50].value);
    eb_load_result_free(r);
    sample_deinit(&s);
}

static void a_stall_shows_in_the_tail_of_its_level_alone(void **state)
{
    (void)state;
    sample s;
    timed_engine e;
    sample_init(&s);
    calm(&e);
    eb_load_params fixed = curve;
    fixed.rate_per_s = 60;
    e.stall_at_ns = e.now_ns + 20 * S * 3 + 10 * S; // in the middle of the 70 % level
    e.stall_ns = S;
    add_trial(&s, &e, &fixed);
    eb_load_result *r = result(&s);
    assert_true(e.stalled);
    assert_int_equal(r->saturated_per_s.n, 0);
    for (int i = 0; i < EB_CURVE_LEVELS; i++) {
        const eb_metric *p99 = &r->rows[i].latency[EB_LOAD_TTFT_P99], *p50 = &r->rows[i].latency[EB_LOAD_TTFT_P50];
        assert_true(p50->value < 0.2e9);
        if (r->levels[i].offered < 459)
            assert_true(isnan(p99->value) && strstr(p99->note, "n too small for p99"));
        else if (i == 3)
            assert_true(p99->value > 0.7e9 && p99->value < 1.3e9);
        else
            assert_true(p99->value < 0.3e9);
        assert_true(r->levels[i].valid); // it caught up
    }
    assert_true(r->levels[3].offered >= 459);
    eb_load_result_free(r);
    sample_deinit(&s);
}

static void more_than_it_can_do_is_invalid(void **state)
{
    (void)state;
    sample s;
    timed_engine e;
    char why[120];
    sample_init(&s);
    calm(&e);
    eb_load_params fixed = curve;
    fixed.rate_per_s = 300;
    add_trial(&s, &e, &fixed);
    eb_load_result *r = result(&s);
    const double can = 8 / 0.056;
    for (int i = 0; i < EB_CURVE_LEVELS; i++) {
        const eb_load_level *l = &r->levels[i];
        if (l->row.nominal_per_s > can) {
            assert_false(l->valid);
            assert_true(fabs(l->completed_per_s / can - 1) < 0.02);
            assert_non_null(strstr(eb_load_why(&r->rows[i], why, sizeof why), "% of the offered load"));
        } else {
            assert_true(l->valid);
            assert_true(fabs(l->completed_per_s / l->offered_per_s - 1) < 0.005);
            assert_string_equal(eb_load_why(&r->rows[i], why, sizeof why), "");
        }
    }
    // A level is given as much time again to finish, and the next one begins with an empty queue.
    assert_true(r->levels[0].completed < r->levels[0].offered);
    assert_true(r->levels[0].length_s >= 40 && r->levels[0].length_s < 40.1);
    assert_int_equal(r->n_invalid, 6);
    eb_load_result_free(r);
    sample_deinit(&s);
}

// A level in which no request came has completed none: both figures are of the same trials, or more could be completed
// than was offered.
static void no_more_is_completed_than_offered(void **state)
{
    (void)state;
    sample s;
    timed_engine e;
    int empty = 0, apart = 0;
    sample_init(&s);
    eb_load_params few = curve;
    few.rate_per_s = 0.3;
    for (int t = 0; t < 7; t++) {
        calm(&e);
        add_trial(&s, &e, &few);
    }
    eb_load_result *r = result(&s);
    for (int i = 0; i < r->n_levels; i++)
        if (r->levels[i].row.nominal_per_s > 0 && r->levels[i].offered == 0) {
            assert_true(r->levels[i].offered_per_s == 0 && r->levels[i].completed_per_s == 0);
            assert_true(isnan(r->levels[i].completed_frac) && !r->levels[i].valid);
            empty++;
        }
    for (int i = 0; i < EB_CURVE_LEVELS; i++) {
        const eb_load_figure *offered = &r->rows[i].figures[EB_LOAD_OFFERED],
                             *completed = &r->rows[i].figures[EB_LOAD_COMPLETED];
        assert_int_equal(offered->n, 7);
        assert_int_equal(completed->n, 7);
        assert_true(completed->value <= offered->value);
        assert_true(completed->lo <= offered->lo && completed->hi <= offered->hi);
        apart += r->rows[i].figures[EB_LOAD_COMPLETED_FRAC].n < 7;
    }
    assert_true(empty > 5 && apart > 1);
    eb_load_result_free(r);
    sample_deinit(&s);
}

// Three in a hundred unanswered is more than 2 %, whatever the pace of the others.
static void lost_requests_make_it_invalid(void **state)
{
    (void)state;
    for (int lost = 1; lost <= 3; lost++) {
        sample s;
        timed_engine e;
        sample_init(&s);
        s.info.load = (char *)"server poisson 20/s";
        calm(&e);
        add_trial(&s, &e, &(eb_load_params){ .mode = EB_LOAD_SERVER, .requests = 100, .rate_per_s = 20 });
        for (int i = 0; i < lost; i++)
            s.trials[0].requests[99 - i].status = EB_REQUEST_FAILED;
        eb_load_result *r = result(&s);
        assert_false(r->curve);
        assert_int_equal(r->n_rows, 1);
        assert_int_equal(r->overall_tok_per_j.n, 0);
        assert_int_equal(r->levels[0].completed, 100 - lost);
        if (lost != 2) // exactly at the limit, the pace decides
            assert_true(r->levels[0].valid == (lost < 2));
        assert_true(fabs(r->levels[0].completed_frac - (1 - lost / 100.0)) < 0.01);
        const eb_metric *p99 = &r->rows[0].latency[EB_LOAD_E2E_P99];
        char want[64];
        snprintf(want, sizeof want, "n too small for p99 (%d of 459)", 100 - lost);
        assert_true(isnan(p99->value));
        assert_string_equal(p99->note, want);
        eb_load_result_free(r);
        sample_deinit(&s);
    }
}

// What is said of a level holds over its trials: one that misses by a hair is noise, one that misses by far is named,
// and where most miss it was not kept up with.
static void a_level_stands_by_its_trials(void **state)
{
    (void)state;
    static const struct {
        int lost[4], n; // of 100 requests, in each of n trials
        eb_load_standing standing;
        int n_valid, n_clear;
        const char *why, *misses;
    } given[] = {
        { { 0, 0, 0 }, 3, EB_LOAD_KEEPS, 3, 0, "", "" },
        { { 0, 3, 0 },
          3,
          EB_LOAD_KEEPS,
          2,
          0,
          "",
          "under 98 % of the offered load in 1 of 3 trials (97 % at the least)" },
        { { 0, 40, 0 },
          3,
          EB_LOAD_MISSED,
          2,
          1,
          "",
          "under 98 % of the offered load in 1 of 3 trials (60 % at the least)" },
        { { 3, 0, 3 }, 3, EB_LOAD_BEHIND, 1, 0, "invalid in 2 of 3 trials: completed 97 % of the offered load", "" },
        { { 3 }, 1, EB_LOAD_BEHIND, 0, 0, "invalid: completed 97 % of the offered load", "" },
        { { 0, 30 }, 2, EB_LOAD_BEHIND, 1, 1, "invalid in 1 of 2 trials: completed 85 % of the offered load", "" },
        { { 100, 100 }, 2, EB_LOAD_BEHIND, 0, 2, "invalid in 2 of 2 trials: completed 0 % of the offered load", "" },
    };
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        sample s;
        timed_engine e;
        char text[120];
        sample_init(&s);
        s.info.load = (char *)"server even 20/s";
        for (int t = 0; t < given[i].n; t++) {
            calm(&e);
            add_trial(&s, &e,
                      &(eb_load_params){ .mode = EB_LOAD_SERVER, .requests = 100, .rate_per_s = 20, .even = true });
            for (int k = 0; k < given[i].lost[t]; k++)
                s.trials[t].requests[99 - k].status = EB_REQUEST_FAILED;
        }
        eb_load_result *r = result(&s);
        const eb_load_row *row = &r->rows[0];
        assert_int_equal(row->standing, given[i].standing);
        assert_int_equal(row->n_valid, given[i].n_valid);
        assert_int_equal(row->n_clear, given[i].n_clear);
        assert_int_equal(r->n_behind, given[i].standing != EB_LOAD_KEEPS);
        assert_string_equal(eb_load_why(row, text, sizeof text), given[i].why);
        assert_string_equal(eb_load_misses(row, text, sizeof text), given[i].misses);
        eb_load_result_free(r);
        sample_deinit(&s);
    }
    // A trial in which nothing came is one of which nobody knows that it was kept up with.
    const double frac[] = { 1, NAN, 0.99, NAN };
    assert_false(eb_load_behind(frac, 3));
    assert_true(eb_load_behind(frac, 4) && eb_load_behind(frac + 1, 1) && !eb_load_behind(frac, 0));
}

// The words do not contradict the figures: what is under 98 % does not read as 98, and what is missing in trials
// without a request is not said to be completed.
static void what_is_said_of_a_level_is_so(void **state)
{
    (void)state;
    static const struct {
        eb_load_standing standing;
        double nominal, frac, least;
        int known, n, n_valid;
        const char *why, *misses;
    } given[] = {
        { EB_LOAD_BEHIND, 2, 0.9797, 0.9, 3, 3, 1, "invalid in 2 of 3 trials: completed 97.97 % of the offered load",
          "" },
        { EB_LOAD_BEHIND, 2, 0.5, 0.5, 1, 1, 0, "invalid: completed 50 % of the offered load", "" },
        { EB_LOAD_BEHIND, 2, 1, 1, 1, 3, 1, "invalid in 2 of 3 trials: no request came", "" },
        { EB_LOAD_BEHIND, 2, NAN, NAN, 0, 3, 0, "invalid in 3 of 3 trials: no request came", "" },
        { EB_LOAD_BEHIND, 0, 1, 0.9, 3, 3, 2, "invalid in 1 of 3 trials: not every request was answered", "" },
        { EB_LOAD_KEEPS, 2, 1, 0.97996, 3, 3, 2, "",
          "under 98 % of the offered load in 1 of 3 trials (97.996 % at the least)" },
        { EB_LOAD_MISSED, 2, 1, 0.979, 4, 5, 3, "",
          "under 98 % of the offered load, or no request at all, in 2 of 5 trials (97.9 % at the least)" },
        { EB_LOAD_MISSED, 2, 1, 0.99, 2, 3, 2, "", "no request came in 1 of 3 trials" },
        { EB_LOAD_KEEPS, 2, 1, 0.99, 3, 3, 3, "", "" },
    };
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        char text[120];
        eb_load_row row = {
            .standing = given[i].standing, .n = given[i].n, .n_valid = given[i].n_valid, .least_frac = given[i].least
        };
        row.figures[EB_LOAD_COMPLETED_FRAC] = (eb_load_figure){ .value = given[i].frac, .n = given[i].known };
        row.figures[EB_LOAD_NOMINAL].n = given[i].nominal > 0 ? given[i].n : 0;
        assert_string_equal(eb_load_why(&row, text, sizeof text), given[i].why);
        assert_string_equal(eb_load_misses(&row, text, sizeof text), given[i].misses);
    }
}

static void what_is_no_load_has_no_result(void **state)
{
    (void)state;
    sample s;
    timed_engine e;
    sample_init(&s);
    assert_null(eb_load_result_new(&s.env, &s.data, 0)); // no trial
    calm(&e);
    add_trial(&s, &e, &(eb_load_params){ .mode = EB_LOAD_OFFLINE, .requests = 20 });
    eb_load_result *r = result(&s);
    assert_true(r->levels[0].valid && isnan(r->levels[0].offered_per_s));
    assert_true(r->levels[0].offered == 20 && r->levels[0].tok_s > 0);
    eb_load_result_free(r);
    s.info.load = NULL;
    assert_null(eb_load_result_new(&s.env, &s.data, 0));
    sample_deinit(&s);
}

static void the_slope_of_a_line(void **state)
{
    (void)state;
    const double x[] = { 0, 1, 2, 3 }, y[] = { 5, 7, 9, 11 }, flat[] = { 1, 1, 1, 1 };
    assert_true(fabs(eb_load_slope(x, y, 4) - 2) < 1e-12);
    assert_true(isnan(eb_load_slope(x, y, 2)));
    assert_true(isnan(eb_load_slope(flat, y, 4)));
}

static int make(void **state)
{
    (void)state;
    tokens = eb_alloc(CAP * sizeof *tokens);
    requests = eb_alloc(CAP * sizeof *requests);
    return 0;
}

static int release(void **state)
{
    (void)state;
    free(tokens);
    free(requests);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_curve_has_its_levels_and_their_overall),
        cmocka_unit_test(a_stall_shows_in_the_tail_of_its_level_alone),
        cmocka_unit_test(more_than_it_can_do_is_invalid),
        cmocka_unit_test(no_more_is_completed_than_offered),
        cmocka_unit_test(lost_requests_make_it_invalid),
        cmocka_unit_test(a_level_stands_by_its_trials),
        cmocka_unit_test(what_is_said_of_a_level_is_so),
        cmocka_unit_test(what_is_no_load_has_no_result),
        cmocka_unit_test(the_slope_of_a_line),
    };
    return cmocka_run_group_tests_name("load_result", tests, make, release);
}
