// SPDX-License-Identifier: Apache-2.0
// Where a KV cache begins to cost more than a state: exact on lines, open where the lengths do not bound it, and as
// often right as its interval says.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/record/crossing.h"
#include "harness/record/journal.h"

enum { DEPTHS = 5, ROUNDS = 7, CASES = 2 * DEPTHS };
static const int depths[DEPTHS] = { 0, 512, 1024, 2048, 4096 };

// ---- the lines ------------------------------------------------------------------------------------------------

static eb_crossing lines(eb_crossing_point *points, int n, const double (*y)[3])
{
    for (int i = 0; i < n; i++)
        points[i] = (eb_crossing_point){ .length_tok = 100 * (i + 1), .lo = y[i][0], .diff = y[i][1], .hi = y[i][2] };
    eb_crossing c = { .points = points, .n = n };
    eb_crossing_solve(&c);
    return c;
}

static void near(double got, double want)
{
    if (!(fabs(got - want) < 1e-9))
        fail_msg("%.12g, not %.12g", got, want);
}

static void lines_cross_where_they_do(void **state)
{
    (void)state;
    eb_crossing_point p[4];
    eb_crossing c = lines(p, 4, (const double[][3]){ { -4, -3, -2 }, { -2, -1, 0.5 }, { -1, 1, 3 }, { 1, 3, 5 } });
    assert_int_equal(c.verdict, EB_CROSSING_FOUND);
    assert_int_equal(c.n_rises, 1);
    near(c.length_tok, 250);
    near(c.lo_tok, 180);
    near(c.hi_tok, 350);
    char *words = eb_crossing_words(&c);
    assert_non_null(strstr(words, "from 250 tokens of context on"));
    assert_non_null(strstr(words, "180 to 350"));
    free(words);
    c.lo_tok = -INFINITY;
    c.hi_tok = INFINITY;
    words = eb_crossing_words(&c);
    assert_non_null(strstr(words, "not told from which length on"));
    assert_non_null(strstr(words, "meet at 250 tokens of context"));
    assert_non_null(strstr(words, "anywhere"));
    free(words);
}

static void bounds_may_be_open(void **state)
{
    (void)state;
    eb_crossing_point p[3];
    eb_crossing c = lines(p, 3, (const double[][3]){ { -2, -1, 1 }, { -1, 1, 3 }, { -0.5, 2, 4 } });
    assert_int_equal(c.verdict, EB_CROSSING_FOUND);
    near(c.length_tok, 150);
    assert_true(isinf(c.lo_tok) && c.lo_tok < 0 && isinf(c.hi_tok) && c.hi_tok > 0);
    c = lines(p, 3, (const double[][3]){ { -5, -4, -3 }, { -4, -3, -2 }, { -3, -2, -1 } });
    assert_int_equal(c.verdict, EB_CROSSING_KV_LESS);
    assert_true(isnan(c.length_tok) && isnan(c.lo_tok) && isnan(c.hi_tok));
    c = lines(p, 3, (const double[][3]){ { -5, -4, -3 }, { -4, -3, -2 }, { -3, -1, 1 } });
    assert_int_equal(c.verdict, EB_CROSSING_KV_LESS); // but it may have crossed already
    near(c.lo_tok, 200 + 100 * 2.0 / 3);
    assert_true(isinf(c.hi_tok));
    c = lines(p, 3, (const double[][3]){ { 1, 2, 3 }, { 2, 3, 4 }, { 3, 4, 5 } });
    assert_int_equal(c.verdict, EB_CROSSING_STATE_LESS);
    assert_true(isnan(c.lo_tok) && isnan(c.hi_tok));
    c = lines(p, 3, (const double[][3]){ { -1, 2, 3 }, { 2, 3, 4 }, { 3, 4, 5 } });
    assert_int_equal(c.verdict, EB_CROSSING_STATE_LESS);
    assert_true(isinf(c.lo_tok));
    near(c.hi_tok, 100 + 100 / 3.0);
    c = lines(p, 3, (const double[][3]){ { -1, NAN, 3 }, { 2, 3, 4 }, { 3, 4, 5 } });
    assert_int_equal(c.verdict, EB_CROSSING_UNKNOWN);
}

static void the_first_of_several_is_meant(void **state)
{
    (void)state;
    eb_crossing_point p[4];
    eb_crossing c = lines(p, 4, (const double[][3]){ { -1, -1, -1 }, { 1, 1, 1 }, { -1, -1, -1 }, { 3, 3, 3 } });
    assert_int_equal(c.n_rises, 2);
    near(c.length_tok, 150);
    near(c.lo_tok, 150);
    near(c.hi_tok, 325);
}

// ---- a run ----------------------------------------------------------------------------------------------------

typedef struct sample {
    eb_header header;
    eb_case_info infos[CASES];
    eb_case_facts facts[CASES];
    eb_provenance from;
    eb_metric metrics[CASES][2];
    double figures[CASES][2 * ROUNDS];
    int numbers[CASES][ROUNDS];
    eb_case_result cases[CASES];
    eb_journal_data data;
    eb_trial_data trials[CASES * ROUNDS];
    eb_run run;
} sample;

// kv: 3 + d / 1000 J; state: 5 J. They cross at a depth of 2000, which is a mean context of 2000 + 8 + 16.
static sample *sample_new(eb_rng *rng, double noise, int rounds)
{
    sample *s = eb_alloc(sizeof *s);
    s->from = (eb_provenance){ .domains = (char *)"package-0" };
    s->header.interval_level = 0.95;
    for (int c = 0; c < CASES; c++) {
        const bool kv = c < DEPTHS;
        s->infos[c] = (eb_case_info){ .model = (char *)(kv ? "a" : "b"),
                                      .type = (char *)"q8_0",
                                      .workload = (char *)(kv ? "cache" : "state"),
                                      .id = (char *)"x",
                                      .prompt_tok = 8,
                                      .output_tok = 32,
                                      .batch = 1,
                                      .threads = 2,
                                      .depth_tok = depths[c % DEPTHS] };
        s->facts[c] = (eb_case_facts){ .kv_bytes_per_tok = kv ? 4096 : 0 };
        double y = kv ? 3 + depths[c % DEPTHS] / 1000.0 : 5;
        s->metrics[c][0] = (eb_metric){ .key = "j_per_tok", .value = y, .grade = EB_GRADE_COUNTER, .from = &s->from };
        s->metrics[c][1] = (eb_metric){ .key = "decode_tok_s", .value = 1 / y };
        s->cases[c] = (eb_case_result){ .info = &s->infos[c],
                                        .facts = &s->facts[c],
                                        .metrics = s->metrics[c],
                                        .n_metrics = 2,
                                        .figures = s->figures[c],
                                        .n_figures = rounds,
                                        .trial_numbers = s->numbers[c] };
        for (int r = 0; r < rounds; r++) {
            double value = y * exp(noise * eb_rng_normal(rng));
            s->figures[c][r] = value;
            s->figures[c][rounds + r] = 1 / value;
            s->numbers[c][r] = s->data.n_trials + 1;
            s->trials[s->data.n_trials++].info =
                (eb_trial_info){ .number = s->numbers[c][r], .case_index = c, .round = r + 1 };
        }
    }
    s->data.trials = s->trials;
    s->run = (eb_run){ .header = &s->header, .cases = s->cases, .n_cases = CASES, .raw = &s->data };
    return s;
}

static void a_sweep_is_found_and_its_length_exact(void **state)
{
    (void)state;
    eb_rng rng;
    eb_rng_init(&rng, 1);
    sample *s = sample_new(&rng, 0, ROUNDS);
    eb_crossing *c;
    assert_int_equal(eb_crossings_find(&s->run, &c), 2);
    for (int i = 0; i < 2; i++) { // joules, and the same in seconds
        assert_string_equal(c[i].what, i ? "s_per_decode_tok" : "j_per_tok");
        assert_int_equal(c[i].grade, i ? EB_GRADE_NONE : EB_GRADE_COUNTER);
        assert_int_equal(c[i].n, DEPTHS);
        assert_int_equal(c[i].interval, EB_INTERVAL_CONFIDENCE);
        near(c[i].length_tok, 2024);
        near(c[i].lo_tok, 2024);
        near(c[i].hi_tok, 2024);
    }
    eb_crossings_free(c, 2);
    // Joules of different counters are not held against each other; seconds are.
    eb_provenance other = { .domains = (char *)"psys" };
    s->metrics[CASES - 1][0].from = &other;
    assert_int_equal(eb_crossings_find(&s->run, &c), 1);
    assert_string_equal(c[0].what, "s_per_decode_tok");
    eb_crossings_free(c, 1);
    // Other work, or no second depth: nothing to compare.
    for (int i = DEPTHS; i < CASES; i++)
        s->infos[i].output_tok = 33;
    assert_int_equal(eb_crossings_find(&s->run, &c), 0);
    eb_crossings_free(c, 0);
    free(s);
}

static void too_few_rounds_give_a_range(void **state)
{
    (void)state;
    eb_rng rng;
    eb_rng_init(&rng, 2);
    sample *s = sample_new(&rng, 0.02, 3);
    eb_crossing *c;
    int n = eb_crossings_find(&s->run, &c);
    assert_int_equal(n, 2);
    assert_int_equal(c[0].interval, EB_INTERVAL_RANGE);
    assert_int_equal(c[0].points[0].n, 3);
    char *words = eb_crossing_words(&c[0]);
    assert_non_null(strstr(words, "by the range of the trials"));
    free(words);
    eb_crossings_free(c, n);
    free(s);
}

static void the_interval_keeps_its_promise(void **state)
{
    (void)state;
    enum { RUNS = 1000 };
    eb_rng rng;
    eb_rng_init(&rng, 3);
    int holds = 0, found = 0;
    for (int i = 0; i < RUNS; i++) {
        sample *s = sample_new(&rng, 0.03, ROUNDS);
        eb_crossing *c;
        int n = eb_crossings_find(&s->run, &c);
        found += c[0].verdict == EB_CROSSING_FOUND;
        holds += c[0].lo_tok <= 2024 && c[0].hi_tok >= 2024;
        eb_crossings_free(c, n);
        free(s);
    }
    printf("# %d of %d intervals hold the length, %d found it\n", holds, RUNS, found);
    assert_true(found > 990);
    assert_true(holds >= RUNS * 0.95 - 2.33 * sqrt(RUNS * 0.95 * 0.05));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_cross_where_they_do),     cmocka_unit_test(bounds_may_be_open),
        cmocka_unit_test(the_first_of_several_is_meant), cmocka_unit_test(a_sweep_is_found_and_its_length_exact),
        cmocka_unit_test(too_few_rounds_give_a_range),   cmocka_unit_test(the_interval_keeps_its_promise),
    };
    return cmocka_run_group_tests_name("crossing", tests, NULL, NULL);
}
