// SPDX-License-Identifier: Apache-2.0
// The worked example of docs/cost.md: what the page says, what the program computes, and what comes out when the loan
// is paid back year by year and the electricity counted hour by hour. All to 0.1 %.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/record/cost.h"

static void agree(const char *what, double a, double b)
{
    if (!(fabs(a - b) <= 0.001 * fabs(b)))
        print_error("%s: %.9g is not %.9g\n", what, a, b);
    assert_true(fabs(a - b) <= 0.001 * fabs(b));
}

// The result of the row `| `key` | sum | result |` of the page.
static double page(const char *key)
{
    const char *root = getenv("SRC");
    char path[1024], line[1024], start[64];
    double value = NAN;
    snprintf(path, sizeof path, "%s/docs/cost.md", root ? root : ".");
    snprintf(start, sizeof start, "| `%s` |", key);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        char *last = strncmp(line, start, strlen(start)) ? NULL : strrchr(line, '|');
        if (!last)
            continue;
        *last = '\0';
        value = strtod(strrchr(line, '|') + 1, NULL);
    }
    fclose(f);
    if (isnan(value))
        print_error("the page has no row `%s`\n", key);
    assert_false(isnan(value));
    return value;
}

// The equal yearly payment that leaves nothing of a debt after `years`, found by trying.
static double payment(double debt, double interest, int years)
{
    double lo = 0, hi = debt * (1 + interest);
    for (int i = 0; i < 200; i++) {
        double left = debt, pay = (lo + hi) / 2;
        for (int y = 0; y < years; y++)
            left = left * (1 + interest) - pay;
        *(left > 0 ? &lo : &hi) = pay;
    }
    return (lo + hi) / 2;
}

// What wears off is paid back; what is left at the end only bears interest.
static double capital(void)
{
    return payment(1000 * 0.8, 0.08, 4) + 1000 * 0.2 * 0.08;
}

typedef struct year {
    double tok, kwh;
} year;

// Hour by hour; busy in the share `utilisation` of each.
static year add_up(double utilisation)
{
    year sum = { 0, 0 };
    for (int hour = 0; hour < 365 * 24; hour++) {
        sum.tok += 100 * 3600 * utilisation;
        sum.kwh += (200 * utilisation + 50 * (1 - utilisation)) / 1000;
    }
    return sum;
}

static double usd_per_mtok(double utilisation)
{
    year y = add_up(utilisation);
    return (capital() + 1.2 * y.kwh * 0.30 + 10) / (y.tok / 1e6);
}

// Where the owner's cost comes down to `flat`, by halving.
static double crossing(double flat)
{
    double lo = 1e-4, hi = 1;
    for (int i = 0; i < 60; i++)
        *(usd_per_mtok((lo + hi) / 2) > flat ? &lo : &hi) = (lo + hi) / 2;
    return lo;
}

static const eb_cost owner = { .price_usd = 1000,
                               .usd_per_hour = NAN,
                               .usd_per_mtok_output = NAN,
                               .usd_per_mtok_input = NAN,
                               .usd_per_kwh = 0.30,
                               .residual = 0.2,
                               .interest = 0.08,
                               .years = 4,
                               .utilisation = 0.5,
                               .pue = 1.2,
                               .opex_usd_year = 10,
                               .rest_of_system_w = NAN,
                               .idle_w = NAN,
                               .intensity_g_per_kwh = 400,
                               .embodied_g = 80000,
                               .battery_wh = NAN,
                               .usd_rate = 1 };
static const eb_cost_load work = {
    .goodput_tok_s = 100, .load_w = 200, .idle_w = 50, .prompt_per_output = 2, .boundary = EB_BOUNDARY_WALL
};

static void three(const char *key, double program, double otherwise)
{
    agree(key, program, otherwise);
    agree(key, page(key), otherwise);
}

static void test_the_sum(void **state)
{
    (void)state;
    eb_cost_result r = eb_cost_compute(&owner, &work);
    year y = add_up(0.5);
    three("tokens_year", r.tokens_year, y.tok);
    three("crf", r.crf, payment(1, 0.08, 4));
    three("capex_year", r.capex_year, capital());
    three("kwh_year", r.kwh_year, y.kwh);
    three("elec_year", r.elec_year, 1.2 * y.kwh * 0.30);
    three("usd_per_mtok", r.usd_per_mtok, usd_per_mtok(0.5));
    double grams = 1.2 * y.kwh * 400 + 80000.0 / 4;
    three("gco2e_per_mtok", r.gco2e_per_mtok, grams / (y.tok / 1e6));
    three("embodied_frac", r.embodied_frac, 80000.0 / 4 / grams);
}

static void test_against_renting_and_tokens(void **state)
{
    (void)state;
    eb_cost rent = owner, tokens = owner;
    rent.price_usd = tokens.price_usd = NAN;
    rent.usd_per_hour = 0.20;
    tokens.usd_per_mtok_output = 0.40;
    tokens.usd_per_mtok_input = 0.10;
    double flat_rent = 0.20 / (100.0 * 3600) * 1e6, flat_tokens = (0.40 * 1e6 + 0.10 * 2e6) / 1e6, at;
    three("rented", eb_cost_compute(&rent, &work).usd_per_mtok, flat_rent);
    three("tokens", eb_cost_compute(&tokens, &work).usd_per_mtok, flat_tokens);
    eb_cost_curve own = eb_cost_curve_of(&owner, &work);
    three("flat", own.flat, 2 * usd_per_mtok(1) - usd_per_mtok(0.5));
    three("shared", own.shared, usd_per_mtok(0.5) - usd_per_mtok(1));
    assert_int_equal(eb_cost_break_even(own, eb_cost_curve_of(&rent, &work), &at), EB_BREAK_EVEN_AT);
    three("break_even_rented", at, crossing(flat_rent));
    assert_int_equal(eb_cost_break_even(own, eb_cost_curve_of(&tokens, &work), &at), EB_BREAK_EVEN_AT);
    three("break_even_tokens", at, crossing(flat_tokens));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_sum),
        cmocka_unit_test(test_against_renting_and_tokens),
    };
    return cmocka_run_group_tests_name("cost_worked", tests, NULL, NULL);
}
