// SPDX-License-Identifier: Apache-2.0
// Runs lined up: what is the same work, which energies may stand together, what a limit and a price change. The runs
// are made by make_run, and what run.json gives must be what the raw files give.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "harness/base/file.h"
#include "harness/base/mem.h"
#include "harness/record/compare.h"
#include "tests/unit/folder.h"

static const char own[] =
    "cost:price_usd=200 cost:years=4 cost:utilisation=0.3 cost:usd_per_kwh=0.25 cost:rest_of_system_w=3";

static char *make(const char *name, const char *args)
{
    const char *bin = getenv("TESTBIN"), *runner = getenv("RUNNER"); // qemu-user of a cross build
    char *dir = eb_path_join(folder, name);
    char *command =
        eb_format("rm -rf '%s' && %s '%s/make_run' '%s' %s", dir, runner ? runner : "", bin ? bin : ".", dir, args);
    assert_int_equal(system(command), 0);
    free(command);
    return dir;
}

static eb_compare_run *read_run(const char *name, const char *args)
{
    eb_err err = { 0 };
    char *dir = make(name, args);
    eb_compare_run *run = eb_compare_read(dir, &err);
    if (!run)
        print_error("%s\n", err.message);
    assert_non_null(run);
    free(dir);
    return run;
}

static eb_compare *compare(eb_compare_run **runs, int n, eb_compare_by by, eb_err *err)
{
    eb_compare_options options = { .by = by };
    return eb_compare_new(runs, n, &options, err);
}

static void free_runs(eb_compare_run **runs, int n)
{
    for (int i = 0; i < n; i++)
        eb_compare_run_free(runs[i]);
}

static void same_values(const eb_compare_run *a, const eb_compare_run *b)
{
    assert_int_equal(a->n_cases, b->n_cases);
    for (int c = 0; c < a->n_cases; c++)
        for (int f = 0; f < EB_FIGURE_COUNT; f++) {
            const eb_compare_value *x = &a->cases[c].figures[f], *y = &b->cases[c].figures[f];
            assert_true((isnan(x->value) && isnan(y->value)) || x->value == y->value);
            assert_int_equal(x->n_trials, y->n_trials);
            for (int t = 0; t < x->n_trials; t++)
                assert_true(x->trials[t] == y->trials[t] || (isnan(x->trials[t]) && isnan(y->trials[t])));
        }
}

// From run.json, from the raw files, and from raw files beside a run.json of other ones.
static void test_run_json_is_believed_only_of_its_own_files(void **state)
{
    (void)state;
    eb_err err = { 0 };
    char *dir = make("a", own), *other = make("b", "speed=2 seed=5");
    eb_compare_run *raw = eb_compare_read(dir, &err);
    eb_run *run = eb_run_load(dir, &err);
    assert_true(eb_run_json_write(run, dir, &err));
    eb_compare_run *derived = eb_compare_read(dir, &err);
    same_values(raw, derived);
    for (int f = 0; f < EB_FIGURE_COUNT; f++) {
        const eb_metric *m = eb_case_metric(&run->cases[0], eb_figures[f].key);
        assert_true(m->value == raw->cases[0].figures[f].value ||
                    (isnan(m->value) && isnan(raw->cases[0].figures[f].value)));
    }
    char *copy = eb_format("cp '%s/run.json' '%s/run.json'", dir, other);
    assert_int_equal(system(copy), 0);
    eb_compare_run *foreign = eb_compare_read(other, &err);
    assert_true(foreign->cases[0].figures[EB_FIGURE_GOODPUT].value >
                1.9 * raw->cases[0].figures[EB_FIGURE_GOODPUT].value);
    // A tokens.csv that lost its end: run.json is not believed either.
    char *cut = eb_format("truncate -s 1000 '%s/tokens.csv'", dir);
    assert_int_equal(system(cut), 0);
    assert_null(eb_compare_read(dir, &err));
    assert_non_null(strstr(err.message, "shorter"));
    eb_run_free(run);
    eb_compare_run *all[] = { raw, derived, foreign };
    free_runs(all, 3);
    free(copy);
    free(cut);
    free(other);
    free(dir);
}

static void test_the_same_work(void **state)
{
    (void)state;
    eb_err err = { 0 };
    eb_compare_run *runs[] = {
        read_run("x", "case=t/f16/dense/16/16/1/1 case=t/f16/dense/16/32/1/1 case=t/f16/dense/16/16/2/1"),
        read_run("y", "case=t/f16/dense/16/16/1/2 case=t/q8_0/dense/16/32/1/1 case=u/f16/dense/16/16/2/1 "
                      "case=t/f16/moe/16/16/2/1 case=t/f16/dense/32/16/1/1"),
    };
    eb_compare *c = compare(runs, 2, EB_BY_MACHINE, &err);
    assert_int_equal(c->n_groups, 1);
    assert_int_equal(c->groups[0].n, 2);
    assert_int_equal(c->n_lone, 6); // other output, batch, type, model, family, prompt
    assert_int_equal(c->n_rows + c->n_lone, 8);
    assert_string_equal(c->rows[0].label, "x");
    const eb_ratio *r = &c->rows[1].ratios[EB_FIGURE_DECODE];
    assert_true(r->lo <= 2 && 2 <= r->hi && r->word == EB_WORD_BETTER);
    assert_int_equal(c->rows[1].ratios[EB_FIGURE_TTFT].word, EB_WORD_BETTER); // half of it
    eb_compare_free(c);
    c = compare(&runs[1], 1, EB_BY_MODEL, &err);
    assert_int_equal(c->n_groups, 1); // u and t (moe), of one lengths and batch
    assert_int_equal(c->groups[0].n, 2);
    eb_compare_free(c);
    assert_null(compare(&runs[1], 1, EB_BY_TYPE, &err));
    assert_non_null(strstr(err.message, "no common work"));
    free_runs(runs, 2);
}

// What differs only in what does not change the work is the same work.
static void test_sockets_do_not_make_another_energy(void **state)
{
    (void)state;
    static const struct {
        const char *args;
        bool mixed;
    } others[] = { { "seed=2 sockets=2", false },
                   { "seed=2 grade=sampled", true },
                   { "seed=2 channel=psys boundary=platform", true },
                   { "seed=2 grade=estimate", true } };
    eb_compare_run *base = read_run("base", own);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        eb_err err = { 0 };
        char *args = eb_format("%s %s", others[i].args, own);
        eb_compare_run *runs[] = { base, read_run("other", args) };
        eb_compare *c = compare(runs, 2, EB_BY_MACHINE, &err);
        assert_int_equal(c->n_kinds, 1 + others[i].mixed);
        assert_true(c->rows[1].ratios[EB_FIGURE_J_PER_TOK].mixed == others[i].mixed);
        assert_true(c->rows[1].ratios[EB_FIGURE_USD].mixed == others[i].mixed);
        assert_false(c->rows[1].ratios[EB_FIGURE_GOODPUT].mixed);
        if (others[i].mixed) // nobody of another kind keeps a row from the front
            assert_true(c->rows[0].front && c->rows[1].front);
        eb_compare_free(c);
        eb_compare_run_free(runs[1]);
        free(args);
    }
    eb_compare_run_free(base);
}

static eb_header settings(const char *section, const char *const (*rows)[2], int n, eb_setting_row *out)
{
    for (int i = 0; i < n; i++)
        out[i] = (eb_setting_row){ .section = (char *)section,
                                   .key = (char *)rows[i][0],
                                   .value = (char *)rows[i][1],
                                   .unit = (char *)"",
                                   .origin = (char *)"t:1" };
    return (eb_header){ .settings = out, .n_settings = n };
}

static void test_prices_again_are_the_prices(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "price_usd", "200" }, { "years", "4" }, { "utilisation", "0.3" }, { "usd_per_kwh", "0.25" }
    };
    eb_err err = { 0 };
    eb_setting_row out[4];
    eb_offer offer;
    eb_header text = settings("cost", rows, 4, out);
    eb_offer_init(&offer, "same", &text); // the rest of the machine comes from the run
    eb_compare_run *runs[] = { read_run("p", own), read_run("q", own) };
    eb_compare_options options = { .by = EB_BY_MACHINE, .offers = &offer, .n_offers = 1 };
    eb_compare *plain = compare(runs, 2, EB_BY_MACHINE, &err), *priced = eb_compare_new(runs, 2, &options, &err);
    for (int i = 0; i < plain->n_rows; i++) {
        const eb_compare_value *a = &plain->rows[i].figures[EB_FIGURE_USD],
                               *b = &priced->rows[i].figures[EB_FIGURE_USD];
        assert_true(fabs(a->value / b->value - 1) < 1e-12);
        assert_int_equal(a->grade, b->grade);
        for (int t = 0; t < a->n_trials; t++)
            assert_true(fabs(a->trials[t] / b->trials[t] - 1) < 1e-12);
        // The curve goes through the medians.
        assert_true(fabs(eb_cost_at_utilisation(plain->rows[i].curve, 0.3) / a->value - 1) < 0.01);
    }
    assert_int_equal(plain->warnings.n, 0);
    eb_compare_free(plain);
    eb_compare_free(priced);
    eb_offer_deinit(&offer);
    free_runs(runs, 2);
}

static void test_limits_count_again(void **state)
{
    (void)state;
    static const char *const wide[][2] = { { "tpot", "10s" } }, *const narrow[][2] = { { "tpot", "50ms" } };
    eb_err err = { 0 };
    eb_setting_row a[1], b[1];
    eb_header loose = settings("slo", wide, 1, a), strict = settings("slo", narrow, 1, b);
    eb_compare_run *run = read_run("slow", "requests=8 slow=4 noise=0");
    double before = run->cases[0].figures[EB_FIGURE_GOODPUT].value;
    assert_true(eb_compare_limit(run, &loose, &err));
    assert_true(fabs(run->cases[0].figures[EB_FIGURE_GOODPUT].value / before - 1) < 1e-12);
    assert_true(eb_compare_limit(run, &strict, &err));
    assert_true(fabs(run->cases[0].figures[EB_FIGURE_GOODPUT].value / before - 0.75) < 1e-12);
    eb_compare_run_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run_json_is_believed_only_of_its_own_files),
        cmocka_unit_test(test_the_same_work),
        cmocka_unit_test(test_sockets_do_not_make_another_energy),
        cmocka_unit_test(test_prices_again_are_the_prices),
        cmocka_unit_test(test_limits_count_again),
    };
    return cmocka_run_group_tests_name("compare", tests, folder_make, folder_remove);
}
