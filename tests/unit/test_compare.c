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

// A trial without a token leaves no joules per token, and yet joules of some kind.
static void test_energy_without_joules_per_token_has_its_kind(void **state)
{
    (void)state;
    eb_err err = { 0 };
    eb_compare_run *runs[] = { read_run("a", own), read_run("b", "seed=5") };
    eb_compare *whole = compare(runs, 2, EB_BY_MACHINE, &err);
    assert_non_null(whole);
    int kind = whole->rows[1].kind;
    eb_grade grade = whole->rows[1].grade;
    eb_compare_free(whole);
    assert_true(kind >= 0 && grade != EB_GRADE_NONE);
    runs[1]->cases[0].figures[EB_FIGURE_J_PER_TOK].value = NAN;
    eb_compare *c = compare(runs, 2, EB_BY_MACHINE, &err);
    assert_non_null(c);
    assert_int_equal(c->rows[1].kind, kind);
    assert_int_equal(c->rows[1].grade, grade);
    eb_compare_free(c);
    runs[1]->cases[0].figures[EB_FIGURE_TOK_PER_J].value = NAN;
    runs[1]->cases[0].figures[EB_FIGURE_POWER].value = NAN;
    c = compare(runs, 2, EB_BY_MACHINE, &err);
    assert_int_equal(c->rows[1].kind, -1);
    assert_int_equal(c->rows[1].grade, EB_GRADE_NONE);
    eb_compare_free(c);
    free_runs(runs, 2);
}

// What is in no row gives the comparison neither a kind of energy nor a word.
static void test_a_run_without_a_match_says_nothing(void **state)
{
    (void)state;
    eb_err err = { 0 };
    eb_compare_run *runs[] = {
        read_run("odd", "seed=7 boundary=wall grade=wall channel=meter end=0 slo:ttft=1s case=u/f16/dense/9/9/1/1"),
        read_run("a", own), read_run("b", "seed=5")
    };
    eb_compare *c = compare(runs, 3, EB_BY_MACHINE, &err);
    assert_non_null(c);
    assert_int_equal(c->n_lone, 1);
    assert_int_equal(c->n_kinds, 1);
    assert_int_equal(strncmp(c->kinds[0], "counter,", 8), 0);
    assert_int_equal(c->rows[0].kind, 0);
    assert_int_equal(c->warnings.n, 0);
    eb_compare_free(c);
    // In a row, it has its say.
    eb_compare_run_free(runs[0]);
    runs[0] = read_run("odd", "seed=7 boundary=wall grade=wall channel=meter end=0 slo:ttft=1s");
    c = compare(runs, 3, EB_BY_MACHINE, &err);
    assert_int_equal(c->n_kinds, 2);
    assert_int_equal(c->warnings.n, 3); // it did not end, and two have other limits
    eb_compare_free(c);
    free_runs(runs, 3);
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

static const eb_ratio *per_dollar(const eb_compare *c, int row)
{
    return &c->rows[row].ratios[EB_FIGURE_TOK_PER_USD];
}

static void near(double a, double b)
{
    if (!(fabs(a / b - 1) < 1e-9))
        print_error("%.12g is not %.12g\n", a, b);
    assert_true(fabs(a / b - 1) < 1e-9);
}

// Rents of two machines that do the same: the ratio is that of the rents, over the whole of their ranges.
static void test_a_word_on_money_holds_over_the_ranges_of_prices(void **state)
{
    (void)state;
    static const struct {
        const char *reference, *other;
        double value, lo, hi;
        eb_word word;
    } rents[] = {
        { "2.5", "1,2,3", 1.25, 2.5 / 3, 2.5, EB_WORD_INCONCLUSIVE },
        { "2.5", "1,2,2.4", 1.25, 2.5 / 2.4, 2.5, EB_WORD_BETTER },
        { "1,2.5,4", "2", 1.25, 0.5, 2, EB_WORD_INCONCLUSIVE },
        { "1,2,3", "4,5,6", 0.4, 1.0 / 6, 0.75, EB_WORD_WORSE },
        { "1,2,3", "1,2,3", 1, 1.0 / 3, 3, EB_WORD_INCONCLUSIVE }, // as large, and not one offer
        { "2.5", "2", 1.25, 1.25, 1.25, EB_WORD_BETTER },
    };
    for (size_t i = 0; i < sizeof rents / sizeof *rents; i++) {
        eb_err err = { 0 };
        char *a = eb_format("noise=0 cost:usd_per_hour=%s", rents[i].reference),
             *b = eb_format("noise=0 cost:usd_per_hour=%s", rents[i].other);
        eb_compare_run *runs[] = { read_run("a", a), read_run("b", b) };
        eb_compare *c = compare(runs, 2, EB_BY_MACHINE, &err);
        const eb_ratio *r = per_dollar(c, 1);
        near(r->value, rents[i].value);
        near(r->lo, rents[i].lo);
        near(r->hi, rents[i].hi);
        assert_int_equal(r->word, rents[i].word);
        assert_true(r->prices == (strchr(a, ',') || strchr(b, ',')));
        near(c->rows[1].ratios[EB_FIGURE_USD].lo, 1 / rents[i].hi);
        assert_int_equal(c->rows[1].ratios[EB_FIGURE_USD].word, rents[i].word);
        eb_compare_free(c);
        free_runs(runs, 2);
        free(a);
        free(b);
    }
}

// What a row's machine would cost.
static double owned(const eb_compare_row *row, double price, double utilisation, double tariff)
{
    eb_cost cost;
    eb_header none = { 0 };
    eb_cost_from_header(&none, &cost);
    cost.price_usd = price;
    cost.years = 4;
    cost.utilisation = utilisation;
    cost.usd_per_kwh = tariff;
    cost.rest_of_system_w = 3;
    eb_cost_load load = { .goodput_tok_s = row->figures[EB_FIGURE_GOODPUT].value,
                          .load_w = row->figures[EB_FIGURE_POWER].value,
                          .idle_w = row->figures[EB_FIGURE_IDLE].value };
    return eb_cost_compute(&cost, &load).usd_per_mtok;
}

// The ends of an interval, a little wider by the counters' whole units.
static void spans(const eb_ratio *r, double lo, double hi)
{
    assert_true(r->lo <= lo * (1 + 1e-9) && r->lo > lo * 0.999);
    assert_true(r->hi >= hi * (1 - 1e-9) && r->hi < hi * 1.001);
}

// Two machines are not busy at once because they may be as busy: each has the whole range of its utilisation. Their
// tariff is one. Two offers for one machine have one utilisation.
static void test_utilisations_are_of_the_machines_and_tariffs_of_the_place(void **state)
{
    (void)state;
    static const char text[] = "noise=0 cost:price_usd=%s cost:years=4 cost:utilisation=0.1,0.3,0.6 "
                               "cost:usd_per_kwh=%s cost:rest_of_system_w=3";
    static const char *const rows[][2] = {
        { "price_usd", "1000" }, { "years", "4" }, { "utilisation", "0.1, 0.3, 0.6" }, { "usd_per_kwh", "0.25" }
    };
    eb_err err = { 0 };
    char *a = eb_format(text, "200", "0.25"), *b = eb_format(text, "1000", "0.25"),
         *dear = eb_format(text, "200", "0.1,0.25,0.5"), *far = eb_format(text, "2000", "0.1,0.25,0.5");
    eb_compare_run *runs[] = { read_run("a", a), read_run("b", b) };
    eb_compare *c = compare(runs, 2, EB_BY_MACHINE, &err);
    const eb_compare_row *x = &c->rows[0]; // both do the same
    near(x->figures[EB_FIGURE_USD].value, owned(x, 200, 0.3, 0.25));
    near(per_dollar(c, 1)->value, owned(x, 200, 0.3, 0.25) / owned(x, 1000, 0.3, 0.25));
    spans(per_dollar(c, 1), owned(x, 200, 0.6, 0.25) / owned(x, 1000, 0.1, 0.25),
          owned(x, 200, 0.1, 0.25) / owned(x, 1000, 0.6, 0.25));
    assert_int_equal(per_dollar(c, 1)->word, EB_WORD_INCONCLUSIVE);
    eb_compare_free(c);
    eb_setting_row out[4];
    eb_offer offer;
    eb_header prices = settings("cost", rows, 4, out);
    eb_offer_init(&offer, "dearer", &prices);
    eb_compare_options options = { .by = EB_BY_PRICE, .offers = &offer, .n_offers = 1 };
    c = eb_compare_new(runs, 1, &options, &err); // the offer, and the run's own prices
    x = &c->rows[0];
    assert_string_equal(c->rows[1].label, "config");
    spans(per_dollar(c, 1), owned(x, 1000, 0.6, 0.25) / owned(x, 200, 0.6, 0.25),
          owned(x, 1000, 0.1, 0.25) / owned(x, 200, 0.1, 0.25));
    assert_int_equal(per_dollar(c, 1)->word, EB_WORD_BETTER);
    eb_compare_free(c);
    eb_offer_deinit(&offer);
    free_runs(runs, 2);
    runs[0] = read_run("a", dear);
    runs[1] = read_run("b", far);
    c = compare(runs, 2, EB_BY_MACHINE, &err);
    x = &c->rows[0];
    spans(per_dollar(c, 1), owned(x, 200, 0.6, 0.1) / owned(x, 2000, 0.1, 0.1),
          owned(x, 200, 0.1, 0.5) / owned(x, 2000, 0.6, 0.5));
    eb_compare_free(c);
    free_runs(runs, 2);
    free(a);
    free(b);
    free(dear);
    free(far);
}

static eb_compare *priced(eb_compare_run **runs, int n, eb_compare_by by, const char *const (*prices)[2], int n_prices)
{
    eb_setting_row out[8];
    eb_err err = { 0 };
    eb_offer offer;
    eb_header text = settings("cost", prices, n_prices, out);
    eb_offer_init(&offer, "offer", &text);
    eb_compare_options options = { .by = by, .offers = &offer, .n_offers = 1 };
    eb_compare *c = eb_compare_new(runs, n, &options, &err);
    assert_non_null(c);
    eb_offer_deinit(&offer);
    return c;
}

// One offer for two machines: they pay one rent, whatever it is, one price, and are not as busy.
static void test_an_offer_is_one_by_itself_and_not_by_its_numbers(void **state)
{
    (void)state;
    static const char *const rent[][2] = { { "usd_per_hour", "1, 2, 3" } };
    static const char *const price[][2] = { { "price_usd", "100, 200, 400" },
                                            { "years", "4" },
                                            { "utilisation", "0.3" },
                                            { "usd_per_kwh", "0.25" },
                                            { "rest_of_system_w", "3" } };
    static const char *const busy[][2] = { { "price_usd", "200" },
                                           { "years", "4" },
                                           { "utilisation", "0.1, 0.3, 0.6" },
                                           { "usd_per_kwh", "0.25" },
                                           { "rest_of_system_w", "3" } };
    static const char alike[] = "noise=0 cost:price_usd=200 cost:years=4 cost:utilisation=0.1,0.3,0.6 "
                                "cost:usd_per_kwh=0.25 cost:rest_of_system_w=3";
    eb_err err = { 0 };
    eb_compare_run *runs[] = { read_run("a", alike), read_run("b", alike) };
    eb_compare *c = priced(runs, 2, EB_BY_MACHINE, rent, 1);
    near(per_dollar(c, 1)->lo, 1);
    near(per_dollar(c, 1)->hi, 1);
    assert_int_equal(per_dollar(c, 1)->word, EB_WORD_SAME);
    eb_compare_free(c);
    c = priced(runs, 2, EB_BY_MACHINE, price, 5);
    spans(per_dollar(c, 1), 1, 1);
    eb_compare_free(c);
    for (int own_prices = 0; own_prices < 2; own_prices++) {
        c = own_prices ? compare(runs, 2, EB_BY_MACHINE, &err) : priced(runs, 2, EB_BY_MACHINE, busy, 5);
        const eb_compare_row *x = &c->rows[0];
        double most = owned(x, 200, 0.1, 0.25) / owned(x, 200, 0.6, 0.25);
        spans(per_dollar(c, 1), 1 / most, most);
        assert_int_equal(per_dollar(c, 1)->word, EB_WORD_INCONCLUSIVE);
        eb_compare_free(c);
    }
    free_runs(runs, 2);
}

// The rate of one side is a factor on its prices at every end: a tariff that both share, and that may be a little
// different, does not take it back.
static void test_an_added_range_never_narrows(void **state)
{
    (void)state;
    static const char text[] = "noise=0 cost:price_usd=100 cost:years=4 cost:utilisation=0.5 cost:rest_of_system_w=3 "
                               "cost:usd_per_kwh=%s cost:usd_rate=%s";
    static const struct {
        const char *one, *range;
    } tariffs[] = { { "0.2", "0.1999,0.2,0.2001" }, { "20", "19.99,20,20.01" } };
    for (size_t i = 0; i < sizeof tariffs / sizeof *tariffs; i++) {
        eb_ratio found[2];
        for (int k = 0; k < 2; k++) {
            eb_err err = { 0 };
            const char *tariff = k ? tariffs[i].range : tariffs[i].one;
            char *fixed = eb_format(text, tariff, "1"), *moves = eb_format(text, tariff, "0.5,1,2");
            eb_compare_run *runs[] = { read_run("a", fixed), read_run("b", moves) };
            eb_compare *c = compare(runs, 2, EB_BY_MACHINE, &err);
            found[k] = *per_dollar(c, 1);
            spans(&found[k], 0.5, 2); // all of the cost is in the currency
            assert_int_equal(found[k].word, EB_WORD_INCONCLUSIVE);
            eb_compare_free(c);
            free_runs(runs, 2);
            free(fixed);
            free(moves);
        }
        assert_true(found[1].lo <= found[0].lo * (1 + 1e-6) && found[1].hi >= found[0].hi * (1 - 1e-6));
    }
}

// What costs nothing is cheaper than anything, and gives tokens without bound.
static void test_what_is_free_leads(void **state)
{
    (void)state;
    static const struct {
        const char *args[2];
        eb_lead leads[2];
        bool front[2];
    } sets[] = {
        { { "cost:usd_per_hour=0", "cost:usd_per_hour=50" }, { EB_LEAD_BEST, EB_LEAD_NONE }, { true, false } },
        { { "cost:usd_per_hour=50", "cost:usd_per_hour=0" }, { EB_LEAD_NONE, EB_LEAD_BEST }, { false, true } },
        { { "cost:usd_per_hour=0", "cost:usd_per_hour=0" }, { EB_LEAD_TIED, EB_LEAD_TIED }, { true, true } },
        { { "cost:usd_per_hour=0", "cost:usd_per_hour=1,2,3" }, { EB_LEAD_BEST, EB_LEAD_NONE }, { true, false } },
        { { "cost:usd_per_hour=1,2,3", "cost:usd_per_hour=0" }, { EB_LEAD_NONE, EB_LEAD_BEST }, { false, true } },
        { { "cost:usd_per_hour=0,0,3", "cost:usd_per_hour=2" }, { EB_LEAD_TIED, EB_LEAD_TIED }, { true, true } },
        { { "trials=3 cost:usd_per_hour=0", "trials=3 cost:usd_per_hour=50" },
          { EB_LEAD_BEST, EB_LEAD_NONE },
          { true, false } },
    };
    for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
        eb_err err = { 0 };
        char *a = eb_format("noise=0 %s", sets[s].args[0]), *b = eb_format("noise=0 %s", sets[s].args[1]);
        eb_compare_run *runs[] = { read_run("a", a), read_run("b", b) };
        eb_compare *c = compare(runs, 2, EB_BY_MACHINE, &err);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(c->rows[i].leads[EB_FIGURE_USD], sets[s].leads[i]);
            assert_int_equal(c->rows[i].leads[EB_FIGURE_TOK_PER_USD], sets[s].leads[i]);
            assert_true(c->rows[i].front == sets[s].front[i]);
        }
        eb_compare_free(c);
        free_runs(runs, 2);
        free(a);
        free(b);
    }
}

// The best is told apart from the reference just where the table calls it better.
static void test_leads_say_what_the_tables_say(void **state)
{
    (void)state;
    eb_err err = { 0 };
    eb_compare_run *reference = read_run("a", "trials=6 noise=0.02");
    int better = 0, not_better = 0;
    for (int seed = 2; seed < 42; seed++) {
        char *args = eb_format("trials=6 noise=0.02 speed=1.015 seed=%d", seed);
        eb_compare_run *runs[] = { reference, read_run("b", args) };
        eb_compare *c = compare(runs, 2, EB_BY_MACHINE, &err);
        for (int f = 0; f < EB_FIGURE_COUNT; f++) {
            const eb_lead *lead = &c->rows[0].leads[f];
            eb_word word = c->rows[1].ratios[f].word;
            if (!eb_figures[f].better || c->rows[1].leads[f] == EB_LEAD_NONE || word == EB_WORD_NONE)
                continue;
            bool ahead = c->rows[1].leads[f] == EB_LEAD_BEST;
            assert_true((word == EB_WORD_BETTER) == ahead);
            assert_true(!ahead || *lead == EB_LEAD_NONE);
            better += ahead;
            not_better += !ahead;
        }
        eb_compare_free(c);
        eb_compare_run_free(runs[1]);
        free(args);
    }
    assert_true(better > 0 && not_better > 0);
    eb_compare_run_free(reference);
}

static void test_noise_decides_neither_leads_nor_fronts(void **state)
{
    (void)state;
    static const struct {
        const char *args[3];
        eb_lead leads[3];
        bool front[3], noise[3];
    } sets[] = {
        // The same but for noise, and one that is half as fast at the same watts.
        { { "noise=0.02", "noise=0.02 seed=2 speed=0.999", "speed=0.5" },
          { EB_LEAD_TIED, EB_LEAD_TIED, EB_LEAD_NONE },
          { true, true, false },
          { true, false, false } },
        { { "", "speed=0.9", "speed=0.5" },
          { EB_LEAD_BEST, EB_LEAD_NONE, EB_LEAD_NONE },
          { true, false, false },
          { false, false, false } },
        { { "trials=3", "trials=3 speed=0.9", "trials=3 speed=0.5" }, // nobody knows
          { EB_LEAD_FEW, EB_LEAD_FEW, EB_LEAD_FEW },
          { true, true, true },
          { false, true, true } },
        { { "", "speed=0.9 trials=3", "speed=0.5" },
          { EB_LEAD_FEW, EB_LEAD_FEW, EB_LEAD_NONE },
          { true, true, false },
          { false, true, false } },
    };
    for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
        eb_err err = { 0 };
        eb_compare_run *runs[] = { read_run("a", sets[s].args[0]), read_run("b", sets[s].args[1]),
                                   read_run("c", sets[s].args[2]) };
        eb_compare *c = compare(runs, 3, EB_BY_MACHINE, &err);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(c->rows[i].leads[EB_FIGURE_GOODPUT], sets[s].leads[i]);
            assert_int_equal(c->rows[i].leads[EB_FIGURE_TOK_PER_J], sets[s].leads[i]);
            assert_true(c->rows[i].front == sets[s].front[i]);
            assert_true(c->rows[i].front_noise == sets[s].noise[i]);
        }
        eb_front drawn[3]; // of the picture's two figures: memory is alike here
        eb_compare_front(c, &c->groups[0], EB_FIGURE_J_PER_TOK, EB_FIGURE_GOODPUT, drawn);
        for (int i = 0; i < 3; i++)
            assert_int_equal(drawn[i], !sets[s].front[i]  ? EB_FRONT_BEATEN
                                       : sets[s].noise[i] ? EB_FRONT_NOISE
                                                          : EB_FRONT_ON);
        eb_compare_free(c);
        free_runs(runs, 3);
    }
}

// The leader's word to each rival is of those two, whoever is the reference.
static void test_the_same_is_no_noise(void **state)
{
    (void)state;
    static const struct {
        const char *reference, *lead, *other;
        bool as_good;
    } sets[] = {
        { "speed=0.5", "noise=0.0005 seed=2", "noise=0.0005 seed=3 speed=0.99", true },
        { "speed=0.5", "noise=0.05 seed=2", "noise=0.05 seed=3 speed=0.99", false },
        { "noise=0.0005 speed=0.99", "noise=0.0005 seed=2", "noise=0.0005 seed=3 speed=0.99", true },
    };
    for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
        eb_err err = { 0 };
        eb_compare_run *runs[] = { read_run("a", sets[s].reference), read_run("b", sets[s].lead),
                                   read_run("c", sets[s].other) };
        eb_compare *c = compare(runs, 3, EB_BY_MACHINE, &err);
        const eb_figure f = EB_FIGURE_GOODPUT;
        bool first = c->rows[1].figures[f].value > c->rows[2].figures[f].value;
        const eb_compare_row *best = &c->rows[first ? 1 : 2], *rival = &c->rows[first ? 2 : 1];
        assert_int_equal(best->leads[f], EB_LEAD_TIED);
        assert_int_equal(rival->leads[f], EB_LEAD_TIED);
        assert_true(rival->as_good[f] == sets[s].as_good);
        assert_false(best->as_good[f]);
        assert_true(c->rows[0].as_good[f] == (s == 2));
        eb_compare_free(c);
        free_runs(runs, 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run_json_is_believed_only_of_its_own_files),
        cmocka_unit_test(test_the_same_work),
        cmocka_unit_test(test_sockets_do_not_make_another_energy),
        cmocka_unit_test(test_a_run_without_a_match_says_nothing),
        cmocka_unit_test(test_prices_again_are_the_prices),
        cmocka_unit_test(test_limits_count_again),
        cmocka_unit_test(test_a_word_on_money_holds_over_the_ranges_of_prices),
        cmocka_unit_test(test_energy_without_joules_per_token_has_its_kind),
        cmocka_unit_test(test_utilisations_are_of_the_machines_and_tariffs_of_the_place),
        cmocka_unit_test(test_an_offer_is_one_by_itself_and_not_by_its_numbers),
        cmocka_unit_test(test_an_added_range_never_narrows),
        cmocka_unit_test(test_what_is_free_leads),
        cmocka_unit_test(test_leads_say_what_the_tables_say),
        cmocka_unit_test(test_noise_decides_neither_leads_nor_fronts),
        cmocka_unit_test(test_the_same_is_no_noise),
    };
    return cmocka_run_group_tests_name("compare", tests, folder_make, folder_remove);
}
