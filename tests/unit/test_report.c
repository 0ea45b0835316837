// SPDX-License-Identifier: Apache-2.0
// The report of a run made by hand: who leads, what is said, what is never said.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "reports/report.h"
#include "reports/view.h"
#include "tests/unit/report_sample.h"

static char *written(const eb_run *run, const char *form)
{
    char *text = NULL;
    size_t n = 0;
    eb_err err = { 0 };
    FILE *out = open_memstream(&text, &n);
    assert_true(eb_report_find(form)->write(run, &(eb_report_style){ .run = "runs/a, b" }, out, &err));
    fclose(out);
    return text;
}

static int count(const char *text, const char *what)
{
    int n = 0;
    for (; (text = strstr(text, what)); text += strlen(what))
        n++;
    return n;
}

// The n-th line (from 1) of `text` that holds `what`; caller frees.
static char *line_with(const char *text, const char *what, int nth)
{
    for (;;) {
        size_t n = strcspn(text, "\n");
        char *line = strndup(text, n);
        if (strstr(line, what) && --nth == 0)
            return line;
        free(line);
        assert_true(text[n] != '\0');
        text += n + 1;
    }
}

static void every_form_is_found(void **state)
{
    (void)state;
    static const char *const names[] = { "term", "md", "csv", "json" };
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(eb_report_find(names[i])->name, names[i]);
    assert_null(eb_report_find("tem"));
}

static void the_terminal_table_fits_and_holds_every_case(void **state)
{
    (void)state;
    sample *s = sample_new();
    char *text = written(&s->run, "term"), *copy = strdup(text), *rest = copy;
    for (char *line; (line = strsep(&rest, "\n"));) {
        assert_true(eb_text_width(line) <= 100);
        assert_true(line[0] == '\0' || line[strlen(line) - 1] != ' ');
    }
    assert_int_equal(count(text, "\n  smollm2-135m"), 12); // three cases in three tables, one of them in two parts
    assert_int_equal(count(text, "\n  mamba-130m"), 8);
    assert_int_equal(count(text, "\n  smollm2-360m"), 15); // and in the table of quality
    assert_null(strstr(text, "/somewhere"));               // a report does not say where its folder lies
    assert_null(strstr(text, "nan"));
    free(copy);
    free(text);
    sample_free(s);
}

static void the_leader_is_marked_once_per_column(void **state)
{
    (void)state;
    sample *s = sample_new();
    eb_mark marks[SAMPLE_CASES];
    eb_rank_marks(&s->run, "decode_tok_s", marks);
    for (int i = 0; i < SAMPLE_CASES; i++)
        assert_int_equal(marks[i], i == 2 ? EB_MARK_BEST : EB_MARK_NONE);
    eb_rank_marks(&s->run, "ttft_ns", marks); // less is better
    assert_int_equal(marks[2], EB_MARK_BEST);
    eb_rank_marks(&s->run, "power_w", marks); // all alike
    assert_int_equal(marks[0], EB_MARK_TIED);
    eb_rank_marks(&s->run, "no_such_metric", marks);
    assert_int_equal(marks[2], EB_MARK_NONE);
    sample_free(s);
}

static void overlapping_intervals_are_a_tie(void **state)
{
    (void)state;
    sample *s = sample_new();
    eb_mark marks[SAMPLE_CASES];
    eb_metric *second = sample_find(s, 1, "decode_tok_s");
    second->hi = 151;
    eb_rank_marks(&s->run, "decode_tok_s", marks);
    assert_int_equal(marks[2], EB_MARK_TIED);
    assert_int_equal(marks[1], EB_MARK_TIED);
    assert_int_equal(marks[0], EB_MARK_NONE);
    second->hi = 150; // clear of 151.7 - 1.517
    eb_rank_marks(&s->run, "decode_tok_s", marks);
    assert_int_equal(marks[2], EB_MARK_BEST);
    second->interval = EB_INTERVAL_RANGE; // of too few trials: nothing is claimed of it, nor over it
    eb_rank_marks(&s->run, "decode_tok_s", marks);
    assert_int_equal(marks[2], EB_MARK_NONE);
    assert_int_equal(marks[1], EB_MARK_NONE);
    assert_int_equal(eb_rank_rivals_of(&s->run, "decode_tok_s", 2).few, 1);
    assert_int_equal(eb_rank_rivals_of(&s->run, "decode_tok_s", 2).tied, 0);
    second->interval = EB_INTERVAL_CONFIDENCE;
    sample_find(s, 2, "decode_tok_s")->interval = EB_INTERVAL_NONE; // seen once: leads, but is not shown to
    eb_rank_marks(&s->run, "decode_tok_s", marks);
    assert_int_equal(marks[2], EB_MARK_TIED);
    assert_int_equal(marks[1], EB_MARK_NONE);
    sample_free(s);
}

// Trials of the decode speed of one case: `scatter`, relative, up and down by turns.
static void give_trials(sample *s, int c, double *figures, double middle, double scatter)
{
    enum { TRIALS = 7 };
    eb_metric *m = sample_find(s, c, "decode_tok_s");
    for (int i = 0; i < s->cases[c].n_metrics * TRIALS; i++)
        figures[i] = NAN;
    double *own = figures + (m - s->cases[c].metrics) * TRIALS;
    for (int i = 0; i < TRIALS; i++)
        own[i] = middle * (1 + scatter * (i - TRIALS / 2) / (TRIALS / 2));
    m->value = middle;
    m->lo = middle * (1 - scatter);
    m->hi = middle * (1 + scatter);
    s->cases[c].figures = figures;
    s->cases[c].n_figures = TRIALS;
}

// Shown to lie within 2 % is as good, which is known; within noise is what is not known.
static void the_same_is_no_noise(void **state)
{
    (void)state;
    static const struct {
        double scatter[2], second; // relative; the second one's speed, of 200
        int same, tied;
        const char *words;
    } pairs[] = {
        { { 0.001, 0.001 }, 199, 1, 0, "(200 tok/s, as good, within 2 %, as 1 other)" },
        { { 0.003, 0.003 }, 199.8, 1, 0, "(200 tok/s, as good, within 2 %, as 1 other)" }, // their intervals overlap
        { { 0.05, 0.05 }, 199, 0, 1, "(200 tok/s, within noise of 1 other)" },
        { { 0.001, 0.001 }, 190, 0, 0, "fastest decode: **smollm2-135m q4_0** (200 tok/s)" },
    };
    sample *s = sample_new();
    double figures[2][SAMPLE_METRICS * 7];
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        give_trials(s, 2, figures[0], 200, pairs[i].scatter[0]);
        give_trials(s, 1, figures[1], pairs[i].second, pairs[i].scatter[1]);
        eb_rank_rivals r = eb_rank_rivals_of(&s->run, "decode_tok_s", 2);
        assert_int_equal(r.n, SAMPLE_CASES - 1);
        assert_int_equal(r.same, pairs[i].same);
        assert_int_equal(r.tied, pairs[i].tied);
        assert_int_equal(r.few, 0);
        eb_mark marks[SAMPLE_CASES], other = pairs[i].same || pairs[i].tied ? EB_MARK_TIED : EB_MARK_NONE;
        eb_rank_marks(&s->run, "decode_tok_s", marks);
        assert_int_equal(marks[1], other);
        assert_int_equal(marks[2], other == EB_MARK_TIED ? EB_MARK_TIED : EB_MARK_BEST);
        eb_front fronts[SAMPLE_CASES]; // the joules are those of the sample: the second one has more
        eb_rank_fronts(&s->run, "decode_tok_s", "decode_tok_s", fronts);
        assert_int_equal(fronts[2], EB_FRONT_ON);
        assert_int_equal(fronts[1], other == EB_MARK_TIED ? EB_FRONT_NOISE : EB_FRONT_BEATEN);
        eb_rank_fronts(&s->run, "j_per_tok", "decode_tok_s", fronts);
        assert_int_equal(fronts[2], EB_FRONT_ON);
        assert_int_equal(fronts[1], EB_FRONT_BEATEN);
        char *text = written(&s->run, "md");
        assert_non_null(strstr(text, pairs[i].words));
        free(text);
    }
    s->cases[1].figures = s->cases[2].figures = NULL;
    sample_free(s);
}

static void other_grades_and_other_work_are_not_ranked_together(void **state)
{
    (void)state;
    sample *s = sample_new();
    eb_mark marks[SAMPLE_CASES];
    for (int c = 3; c < 6; c++)
        sample_find(s, c, "j_per_tok")->grade = EB_GRADE_COUNTER;
    eb_rank_marks(&s->run, "j_per_tok", marks);
    assert_int_equal(marks[2], EB_MARK_BEST); // of the estimates
    assert_int_equal(marks[5], EB_MARK_BEST); // of the counters
    s->info[2].batch = 4;
    eb_rank_marks(&s->run, "j_per_tok", marks);
    assert_int_equal(marks[2], EB_MARK_NONE); // alone in its kind
    assert_int_equal(marks[1], EB_MARK_BEST);
    assert_int_equal(eb_rank_best(&s->run, "j_per_tok", 0, EB_GRADE_COUNTER), 5);
    assert_int_equal(eb_rank_best(&s->run, "j_per_tok", 0, EB_GRADE_WALL), -1);
    sample_free(s);
}

static void joules_carry_spread_and_grade(void **state)
{
    (void)state;
    sample *s = sample_new();
    char *text = written(&s->run, "term"), *line = line_with(strstr(text, "Energy"), "q4_0", 1);
    assert_non_null(strstr(line, "0.311* \xC2\xB1"
                                 "0.006 estimate"));
    free(line);
    free(text);
    for (int c = 0; c < SAMPLE_CASES; c++) {
        eb_metric *m = sample_find(s, c, "j_per_tok");
        m->interval = EB_INTERVAL_RANGE;
        m->n = 3;
    }
    text = written(&s->run, "term");
    line = line_with(strstr(text, "Energy"), "q4_0", 1);
    assert_non_null(strstr(line, "\xC2\xB1"
                                 "0.006r estimate"));
    free(line);
    free(text);
    text = written(&s->run, "md");
    assert_non_null(strstr(text, "r after it: only the range of 3 trials, too few for an interval"));
    free(text);
    sample_free(s);
}

static void small_models_take_millijoules(void **state)
{
    (void)state;
    sample *s = sample_new();
    for (int c = 0; c < SAMPLE_CASES; c++) {
        eb_metric *m = sample_find(s, c, "j_per_tok");
        m->value /= 100, m->lo /= 100, m->hi /= 100;
    }
    char *text = written(&s->run, "term"), *line = line_with(strstr(text, "Energy"), "q4_0", 1);
    assert_non_null(strstr(line, "3.11* \xC2\xB1"
                                 "0.06 estimate"));
    assert_non_null(strstr(text, "mJ/token"));
    assert_null(strstr(text, " J/token"));
    free(line);
    free(text);
    sample_free(s);
}

static void without_energy_it_says_so_once(void **state)
{
    (void)state;
    static const char *const keys[] = { "power_w",          "j_per_tok", "net_j_per_tok", "j_per_prompt_tok",
                                        "j_per_decode_tok", "tok_per_j", "usd_per_mtok",  "tok_per_usd" };
    sample *s = sample_new();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        sample_forget(s, keys[i], i < 6 ? "no energy source" : "watts are not known");
    char *text = written(&s->run, "term"), *md = written(&s->run, "md");
    assert_int_equal(count(text, "no energy source"), 1);
    assert_int_equal(count(text, "effbench probes"), 1);
    assert_null(strstr(text, "J/token"));
    assert_null(strstr(text, "tok/J"));
    assert_non_null(strstr(text, "unknown   $/Mtok: watts are not known (all cases)"));
    assert_null(strstr(text, "Performance per")); // no table without a column
    assert_null(strstr(md, "## Performance per"));
    assert_non_null(strstr(md, "\nNo energy source: joules are not known here.\n"));
    free(md);
    free(text);
    sample_free(s);
}

static void without_prices_the_column_says_so(void **state)
{
    (void)state;
    sample *s = sample_new();
    sample_forget(s, "usd_per_mtok", "no price");
    sample_forget(s, "tok_per_usd", "no price");
    for (int i = 0; i < s->header.n_settings; i++)
        if (!strcmp(s->settings[i].section, "cost"))
            s->settings[i].value = (char *)"";
    char *text = written(&s->run, "term");
    assert_int_equal(count(text, "no prices given"), SAMPLE_CASES + 1); // in each row, and below with the remedy
    assert_null(strstr(text, "DEMONSTRATION"));
    assert_null(strstr(text, "demo "));
    free(text);
    sample_free(s);
}

static void a_column_of_prices_without_any_is_not_there(void **state)
{
    (void)state;
    sample *s = sample_new();
    char *text = written(&s->run, "md");
    assert_non_null(strstr(text, "| $/Mtok demo |"));
    free(text);
    sample_forget(s, "usd_per_mtok", "watts are not known");
    sample_forget(s, "tok_per_usd", "watts are not known");
    text = written(&s->run, "md");
    assert_null(strstr(text, "| $/Mtok")); // but why there is none
    assert_non_null(strstr(text, "$/Mtok: watts are not known"));
    free(text);
    sample_free(s);
}

static void prices_carry_source_and_date(void **state)
{
    (void)state;
    sample *s = sample_new();
    char *text = written(&s->run, "md");
    assert_non_null(strstr(text,
                           "prices: DEMONSTRATION (demo in the table), made up for show, not your prices: machine $599 "
                           "(a made-up shop, 2026-01-02); over 4 years; electricity $0.21/kWh (a made-up bill, "
                           "2026-01-03)"));
    assert_non_null(strstr(text, "$/Mtok demo"));
    free(text);
    sample_free(s);
}

static void the_answer_comes_first(void **state)
{
    (void)state;
    sample *s = sample_new();
    char *text = written(&s->run, "md"), *line = line_with(text, "With", 1);
    assert_string_equal(line,
                        "With 128 prompt and 64 output tokens, batch 1: most tokens per joule: **smollm2-135m q4_0** "
                        "(3.22 tok/J, estimate); fastest decode: **smollm2-135m q4_0** (152 tok/s); cheapest: "
                        "**smollm2-135m q4_0** ($0.791 per million tokens, estimate, demonstration prices).");
    assert_true(!strncmp(text, "With", 4));
    free(line);
    free(text);
    eb_metric *m = sample_find(s, 8, "tok_per_j"); // a quantized type leads: its price in quality is said
    m->value = 4, m->lo = 3.9, m->hi = 4.1;
    text = written(&s->run, "md");
    assert_non_null(strstr(text, "**smollm2-360m q4_0** (4.00 tok/J, estimate, same top choice as f16 in 91.2 %)"));
    free(text);
    sample_free(s);
}

static void warnings_are_said_once(void **state)
{
    (void)state;
    sample *s = sample_new();
    char *stolen[] = { (char *)"the hypervisor stole 12 % of a CPU" };
    for (int c = 0; c < 5; c++) {
        s->cases[c].warnings = stolen;
        s->cases[c].n_warnings = 1;
    }
    char *text = written(&s->run, "md");
    assert_non_null(strstr(text, "- warning: the hypervisor stole 12 % of a CPU (smollm2-135m f16, smollm2-135m q8_0, "
                                 "smollm2-135m q4_0 and 2 more)\n"));
    assert_int_equal(count(text, "stole 12 %"), 1);
    free(text);
    sample_free(s);
}

static void rows_that_look_alike_get_a_column_that_tells_them_apart(void **state)
{
    (void)state;
    sample *s = sample_new();
    char *text = written(&s->run, "term");
    assert_null(strstr(text, "threads"));
    free(text);
    s->info[2].type = s->info[1].type; // two rows of the same model, type and work
    s->info[2].threads = 4;
    text = written(&s->run, "term");
    assert_non_null(strstr(text, "threads"));
    free(text);
    s->info[2].threads = 2;
    s->info[2].workload = (char *)"other";
    text = written(&s->run, "term");
    assert_non_null(strstr(text, "workload"));
    char *title = eb_case_title(&s->run, 2);
    assert_string_equal(title, "smollm2-135m q8_0 (other)");
    free(title);
    free(text);
    sample_free(s);
}

static void csv_holds_every_metric_quoted(void **state)
{
    (void)state;
    sample *s = sample_new();
    s->info[0].model = (char *)"a \"b\", c";
    eb_metric *m = sample_find(s, 0, "ttft_ns");
    const eb_provenance from = { (char *)"stated", (char *)"a \"board\", whole", (char *)"as stated" };
    sample_find(s, 0, "j_per_tok")->hi = 1e300;
    sample_find(s, 0, "j_per_tok")->from = &from;
    *m = (eb_metric){ .key = "ttft_ns", .unit = "ns", .value = 0.1, .lo = NAN, .hi = NAN, .n = 1, .note = "one\ntwo" };
    char *text = written(&s->run, "csv"), *line = line_with(text, "ttft_ns", 1);
    assert_string_equal(line,
                        "smollm2-135m,dense,\"a \"\"b\"\", c\",f16,128,64,1,0,2,ttft_ns,0.1,,,1,ns,none,none,\"one");
    free(line);
    line = line_with(text, "j_per_tok", 1);
    assert_string_equal(
        line, "smollm2-135m,dense,\"a \"\"b\"\", c\",f16,128,64,1,0,2,j_per_tok,0.912,0.89376,"
              "1e+300,7,J/tok,estimate,confidence,,1e+300,stated,\"a \"\"board\"\", whole\",as stated,\"runs/a, b\"");
    int metrics = 0;
    for (int c = 0; c < SAMPLE_CASES; c++)
        metrics += s->cases[c].n_metrics;
    assert_int_equal(count(text, "\n"), 1 + metrics + 1); // a head line, and the note of two lines
    free(line);
    free(text);
    sample_free(s);
}

static void a_run_of_nothing_is_still_a_report(void **state)
{
    (void)state;
    sample *s = sample_new();
    s->run.n_cases = s->run.n_series = 0;
    for (int f = 0; f < 3; f++) {
        char *text = written(&s->run, (const char *[]){ "term", "md", "csv" }[f]);
        assert_true(strlen(text) > 0);
        free(text);
    }
    sample_free(s);
}

static void the_same_run_prints_the_same(void **state)
{
    (void)state;
    sample *a = sample_new(), *b = sample_new();
    for (int f = 0; f < 3; f++) {
        const char *form = (const char *[]){ "term", "md", "csv" }[f];
        char *x = written(&a->run, form), *y = written(&b->run, form);
        assert_string_equal(x, y);
        free(x);
        free(y);
    }
    sample_free(a);
    sample_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_is_found),
        cmocka_unit_test(the_terminal_table_fits_and_holds_every_case),
        cmocka_unit_test(the_leader_is_marked_once_per_column),
        cmocka_unit_test(overlapping_intervals_are_a_tie),
        cmocka_unit_test(the_same_is_no_noise),
        cmocka_unit_test(other_grades_and_other_work_are_not_ranked_together),
        cmocka_unit_test(joules_carry_spread_and_grade),
        cmocka_unit_test(small_models_take_millijoules),
        cmocka_unit_test(without_energy_it_says_so_once),
        cmocka_unit_test(without_prices_the_column_says_so),
        cmocka_unit_test(a_column_of_prices_without_any_is_not_there),
        cmocka_unit_test(prices_carry_source_and_date),
        cmocka_unit_test(the_answer_comes_first),
        cmocka_unit_test(warnings_are_said_once),
        cmocka_unit_test(rows_that_look_alike_get_a_column_that_tells_them_apart),
        cmocka_unit_test(csv_holds_every_metric_quoted),
        cmocka_unit_test(a_run_of_nothing_is_still_a_report),
        cmocka_unit_test(the_same_run_prints_the_same),
    };
    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
