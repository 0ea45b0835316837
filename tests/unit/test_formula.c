// SPDX-License-Identifier: Apache-2.0
// Formulas: exact values, the place of every mistake, and random trees against their own evaluation.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "harness/base/formula.h"
#include "harness/base/stats.h"

// a = 2, b = 8, c = 0, u unknown, and three names as events have them.
static double value_of(void *arg, const char *name)
{
    static const struct {
        const char *name;
        double value;
    } values[] = { { "a", 2 }, { "b", 8 }, { "c", 0 }, { "llc-misses", 3 }, { "A:B-1.x", 5 }, { "_9", 7 } };
    (void)arg;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (strcmp(values[i].name, name) == 0)
            return values[i].value;
    return NAN;
}

static double evaluate(const char *text)
{
    eb_formula f;
    eb_err err = { 0 };
    if (!eb_formula_parse(text, &f, &err))
        fail_msg("'%s': %d: %s", text, err.column, err.message);
    return eb_formula_eval(&f, value_of, NULL);
}

static void values_are_exact(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } cases[] = {
        { "1", 1 },
        { " 1.5e3 ", 1500 },
        { ".5", 0.5 },
        { "2.", 2 },
        { "64e-9*1e9", 64 },
        { "1+2*3", 7 },
        { "(1+2)*3", 9 },
        { "8-4-2", 2 },
        { "8/4/2", 1 },
        { "-a - -b", 6 },
        { "-(a+b)*2", -20 },
        { "--3", 3 },
        { "2*-a", -4 },
        { "b / a", 4 },
        { "b/a", 4 },
        { "b -a", 6 },
        { "1000 * llc-misses / b", 375 },
        { "A:B-1.x+_9", 12 },
        { "a- b", -6 },
        { "c/a", 0 },
        { "a*(b+(a*(b -a)))", 40 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (evaluate(cases[i].text) != cases[i].value)
            fail_msg("'%s' = %.17g, not %g", cases[i].text, evaluate(cases[i].text), cases[i].value);
}

static void unknown_is_not_zero(void **state)
{
    (void)state;
    static const char *const unknown[] = { "u", "a + u", "0 * u", "a / c", "c / c", "1e308 * 10", "a/(b-8)", "1/-c" };
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        if (!isnan(evaluate(unknown[i])))
            fail_msg("'%s' has a value", unknown[i]);
}

static void mistakes_have_a_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int column;
    } cases[] = {
        { "", 1 },     { "  ", 3 },   { "a +", 4 },   { "a b", 3 },   { "(a", 3 },   { "a)", 2 }, { "1e", 1 },
        { "1e+", 1 },  { ".", 1 },    { "a + *", 5 }, { "a $ b", 3 }, { "+a", 1 },   { "()", 2 }, { "1e999", 1 },
        { "0x10", 2 }, { "inf%", 4 }, { "1..2", 3 },  { "a,b", 2 },   { "\x80", 1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        eb_formula f;
        eb_err err = { 0 };
        if (eb_formula_parse(cases[i].text, &f, &err))
            fail_msg("'%s' was taken", cases[i].text);
        if (err.column != cases[i].column || err.code != EB_USAGE || !err.message[0])
            fail_msg("'%s': column %d, not %d: %s", cases[i].text, err.column, cases[i].column, err.message);
    }
}

static void sizes_are_bounded(void **state)
{
    (void)state;
    eb_formula f;
    eb_err err = { 0 };
    char text[EB_FORMULA_TEXT + 100] = "";
    memset(text, '(', 40);
    memset(text + 40, '1', 1);
    memset(text + 41, ')', 40);
    assert_false(eb_formula_parse(text, &f, &err));
    memset(text, '-', EB_FORMULA_TEXT - 2);
    memcpy(text + EB_FORMULA_TEXT - 2, "1", 2);
    assert_false(eb_formula_parse(text, &f, &err));
    memset(text, '9', EB_FORMULA_TEXT);
    text[EB_FORMULA_TEXT] = '\0';
    assert_false(eb_formula_parse(text, &f, &err));
    text[0] = '\0';
    for (int i = 0; i < 17; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%sn%d", i ? "+" : "", i);
    assert_false(eb_formula_parse(text, &f, &err)); // 17 names
    *strrchr(text, '+') = '\0';
    assert_true(eb_formula_parse(text, &f, &err));
    assert_int_equal(f.n_names, EB_FORMULA_NAMES);
    text[0] = '\0';
    for (int i = 0; i < 33; i++)
        strcat(text, i ? "+1" : "1");
    assert_false(eb_formula_parse(text, &f, &err)); // 65 steps
    text[strlen(text) - 2] = '\0';
    assert_true(eb_formula_parse(text, &f, &err));
    memset(text, 'n', EB_FORMULA_NAME);
    text[EB_FORMULA_NAME] = '\0';
    assert_false(eb_formula_parse(text, &f, &err));
    text[EB_FORMULA_NAME - 1] = '\0';
    assert_true(eb_formula_parse(text, &f, &err));
    assert_string_equal(f.names[0], text);
}

// A random tree, written with the parentheses that it needs and evaluated as it is made.
static double grow(eb_rng *rng, int depth, int binds, char *out, size_t size)
{
    char left[200], right[200];
    if (depth == 0 || eb_rng_below(rng, 4) == 0) {
        static const char *const leaves[] = { "a", "b", "llc-misses", "3", "0.25", "1e2" };
        static const double values[] = { 2, 8, 3, 3, 0.25, 100 };
        int i = (int)eb_rng_below(rng, 6);
        snprintf(out, size, "%s", leaves[i]);
        return values[i];
    }
    char op = "+-*/"[eb_rng_below(rng, 4)];
    int mine = op == '+' || op == '-' ? 1 : 2;
    double x = grow(rng, depth - 1, mine, left, sizeof left), y = grow(rng, depth - 1, mine + 1, right, sizeof right);
    bool close = mine < binds;
    snprintf(out, size, "%s%.90s %c %.90s%s", close ? "(" : "", left, op, right, close ? ")" : "");
    return op == '+' ? x + y : op == '-' ? x - y : op == '*' ? x * y : y == 0 ? NAN : x / y;
}

static void random_trees_agree(void **state)
{
    (void)state;
    eb_rng rng;
    eb_rng_init(&rng, 20261121);
    for (int i = 0; i < 20000; i++) {
        char text[200];
        double want = grow(&rng, 3, 0, text, sizeof text), got = evaluate(text);
        if (!(got == want || (isnan(got) && !isfinite(want))))
            fail_msg("'%s' = %.17g, not %.17g", text, got, want);
    }
}

static void names_are_those_of_events(void **state)
{
    (void)state;
    static const char *const good[] = { "cycles", "LLC-LOAD-MISSES", "CYCLE_ACTIVITY:STALLS_MEM_ANY", "a:b.0x1:c" };
    static const char *const bad[] = { "", "9a", "a-", "a:", "a b", "-a", "a,b", "a+b", "a=b" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(eb_formula_is_name(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(eb_formula_is_name(bad[i], strlen(bad[i])));
    assert_false(eb_formula_is_name("cycles", 3)); // not to the end of the name
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_exact),      cmocka_unit_test(unknown_is_not_zero),
        cmocka_unit_test(mistakes_have_a_place), cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(random_trees_agree),    cmocka_unit_test(names_are_those_of_events),
    };
    return cmocka_run_group_tests_name("formula", tests, NULL, NULL);
}
