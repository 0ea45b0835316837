// SPDX-License-Identifier: Apache-2.0
// Prices by the token, ranges, other currencies, the tornado, break-even points; what must hold of any cost.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "harness/base/stats.h"
#include "harness/base/option.h"
#include "harness/record/cost_rival.h"

enum { DRAWS = 2000 };

static void near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        print_error("%.17g is not %.17g\n", a, b);
    assert_true(fabs(a - b) <= tolerance);
}

typedef const char *row[2];

static eb_header settings_of(const row *rows, int n, eb_setting_row *out)
{
    for (int i = 0; i < n; i++)
        out[i] = (eb_setting_row){ .section = (char *)"cost",
                                   .key = (char *)rows[i][0],
                                   .value = (char *)rows[i][1],
                                   .unit = (char *)"",
                                   .origin = (char *)"t.ini:1" };
    return (eb_header){ .settings = out, .n_settings = n };
}

static void test_ranges_are_read(void **state)
{
    (void)state;
    static const row rows[] = { { "price_usd", "800, 1000, 1200" },
                                { "utilisation", "10%, 50 %,90%" },
                                { "years", "4" },
                                { "usd_per_kwh", "0.1,0.2" } };
    eb_setting_row out[8];
    eb_header h = settings_of(rows, 4, out);
    eb_cost low, value, high;
    eb_cost_range_from_header(&h, &low, &value, &high);
    near(low.price_usd, 800, 0);
    near(value.price_usd, 1000, 0);
    near(high.price_usd, 1200, 0);
    near(low.utilisation, 0.1, 1e-15);
    near(value.utilisation, 0.5, 1e-15);
    near(high.utilisation, 0.9, 1e-15);
    near(low.years, 4, 0);
    near(high.years, 4, 0);
    assert_true(isnan(value.usd_per_kwh)); // two numbers are no range
    near(value.usd_rate, 1, 0);
}

static void test_another_currency_becomes_dollars(void **state)
{
    (void)state;
    static const row rows[] = {
        { "currency", "EUR" }, { "usd_rate", "1.0, 1.1, 1.2" }, { "price_usd", "1000" },    { "usd_per_kwh", "0.30" },
        { "years", "4" },      { "utilisation", "0.5" },        { "opex_usd_year", "100" }, { "residual", "0.2" },
        { "pue", "1.5" }
    };
    eb_setting_row out[16];
    eb_header h = settings_of(rows, 9, out);
    eb_offer offer;
    eb_offer_init(&offer, "eu", &h);
    near(offer.value.price_usd, 1100, 1e-9);
    near(offer.value.usd_per_kwh, 0.33, 1e-12);
    near(offer.value.opex_usd_year, 110, 1e-9);
    near(offer.value.years, 4, 0); // no money
    near(offer.value.pue, 1.5, 0);
    eb_cost_load load = { .goodput_tok_s = 100, .load_w = 100, .idle_w = 10, .boundary = EB_BOUNDARY_WALL };
    eb_cost_work work = { .low = load, .value = load, .high = load };
    eb_cost_range range;
    eb_cost_range_find(&range, &offer, &work);
    assert_int_equal(range.n_bars, 1);
    assert_string_equal(range.bars[0].key, "usd_rate");
    near(range.cheapest / range.value, 1.0 / 1.1, 1e-12);
    near(range.dearest / range.value, 1.2 / 1.1, 1e-12);
    eb_offer_deinit(&offer);
}

// A shared tariff of another currency: each rate moves what was written in its currency, and nothing else.
static void test_a_shared_price_has_a_rate_of_its_own(void **state)
{
    (void)state;
    static const row rows[] = { { "currency", "EUR" },     { "usd_rate", "1.0, 1.1, 1.2" },
                                { "price_usd", "1000" },   { "shared_usd_rate", "0.4, 0.5, 0.8" },
                                { "usd_per_kwh", "0.30" }, { "years", "4" },
                                { "utilisation", "0.5" } };
    eb_setting_row out[16];
    eb_header h = settings_of(rows, 7, out);
    out[4].name = (char *)EB_OPTION_SHARED;
    eb_offer offer;
    eb_offer_init(&offer, "eu", &h);
    near(offer.value.price_usd, 1100, 1e-9);
    near(offer.value.usd_per_kwh, 0.15, 1e-15);
    const eb_cost_field *f = eb_cost_fields;
    while (strcmp(f->key, "shared_usd_rate") != 0)
        f++;
    eb_cost dear = offer.value;
    eb_cost_set_input(&dear, f, 0.8);
    near(dear.usd_per_kwh, 0.24, 1e-15);
    near(dear.price_usd, 1100, 1e-9);
    eb_cost_load load = { .goodput_tok_s = 100, .load_w = 100, .idle_w = 10, .boundary = EB_BOUNDARY_WALL };
    eb_cost_work work = { .low = load, .value = load, .high = load };
    eb_cost_range range;
    eb_cost_range_find(&range, &offer, &work);
    assert_int_equal(range.n_bars, 2);
    eb_offer_deinit(&offer);
    // Without a rate the shared price is in dollars, whatever the offer's own are in.
    out[3].value = (char *)"";
    eb_offer_init(&offer, "eu", &h);
    near(offer.value.usd_per_kwh, 0.30, 0);
    eb_offer_deinit(&offer);
}

static void test_paid_by_the_token(void **state)
{
    (void)state;
    static const row rows[] = { { "usd_per_mtok_output", "0.4" },
                                { "usd_per_mtok_input", "0.1" },
                                { "intensity_g_per_kwh", "400" },
                                { "utilisation", "0.5" } };
    eb_setting_row out[8];
    eb_header h = settings_of(rows, 4, out);
    eb_cost c;
    eb_cost_from_header(&h, &c);
    eb_case_info info = { .prompt_tok = 100, .depth_tok = 28, .output_tok = 64 };
    near(eb_cost_prompt_per_output(&info), 2, 0);
    eb_cost_load load = { .goodput_tok_s = NAN, .load_w = NAN, .idle_w = NAN, .prompt_per_output = 2 };
    eb_cost_result r = eb_cost_compute(&c, &load); // needs no machine at all
    near(r.usd_per_mtok, 0.6, 1e-15);
    assert_true(isnan(r.gco2e_per_mtok));
    assert_non_null(strstr(r.carbon_note, "provider"));
    load.prompt_per_output = NAN;
    assert_true(isnan(eb_cost_compute(&c, &load).usd_per_mtok));
    c.usd_per_mtok_input = NAN;
    near(eb_cost_compute(&c, &load).usd_per_mtok, 0.4, 1e-15);
}

static void test_the_machine_is_the_runs(void **state)
{
    (void)state;
    static const row offered[] = { { "price_usd", "100" }, { "idle_w", "7" }, { "rest_of_system_w", "" } };
    static const row of_run[] = { { "price_usd", "999" }, { "idle_w", "5" }, { "rest_of_system_w", "3" } };
    eb_setting_row a[4], b[4];
    eb_header offer_text = settings_of(offered, 3, a), run = settings_of(of_run, 3, b);
    eb_offer offer;
    eb_offer_init(&offer, "x", &offer_text);
    eb_offer_of_machine(&offer, &run);
    near(offer.value.price_usd, 100, 0);
    near(offer.value.idle_w, 7, 0);
    near(offer.value.rest_of_system_w, 3, 0);
    assert_string_equal(eb_offer_setting(&offer, "rest_of_system_w")->origin, "the run's config");
    eb_offer_deinit(&offer);
}

// ---- any cost ----

static double between(eb_rng *rng, double lo, double hi)
{
    return lo + (hi - lo) * eb_rng_uniform(rng);
}

static void draw(eb_rng *rng, eb_cost *c, eb_cost_load *load)
{
    *c = (eb_cost){ .price_usd = between(rng, 0, 20000),
                    .usd_per_hour = NAN,
                    .usd_per_mtok_output = NAN,
                    .usd_per_mtok_input = NAN,
                    .usd_per_kwh = between(rng, 0, 0.6),
                    .residual = between(rng, 0, 1),
                    .interest = eb_rng_below(rng, 4) ? between(rng, 0, 0.2) : 0,
                    .years = between(rng, 0.5, 10),
                    .utilisation = between(rng, 0.001, 1),
                    .pue = between(rng, 1, 2.5),
                    .opex_usd_year = between(rng, 0, 500),
                    .rest_of_system_w = between(rng, 0, 100),
                    .idle_w = NAN,
                    .intensity_g_per_kwh = between(rng, 0, 900),
                    .embodied_g = between(rng, 0, 1e6),
                    .battery_wh = NAN,
                    .usd_rate = 1 };
    double load_w = between(rng, 1, 1000);
    *load = (eb_cost_load){ .goodput_tok_s = between(rng, 0.1, 5000),
                            .load_w = load_w,
                            .idle_w = between(rng, 0, load_w),
                            .boundary = EB_BOUNDARY_COMPUTE };
}

// Dearer with price, tariff, PUE, interest, opex, watts; cheaper with utilisation, residual, years and goodput.
static void test_monotone(void **state)
{
    (void)state;
    static const struct {
        size_t field;
        double factor, add;
        int sign;
    } moves[] = {
        { offsetof(eb_cost, price_usd), 1.1, 1, 1 },   { offsetof(eb_cost, usd_per_kwh), 1.1, 0.01, 1 },
        { offsetof(eb_cost, pue), 1.1, 0, 1 },         { offsetof(eb_cost, opex_usd_year), 1, 10, 1 },
        { offsetof(eb_cost, interest), 1.2, 0.01, 1 }, { offsetof(eb_cost, rest_of_system_w), 1, 5, 1 },
        { offsetof(eb_cost, utilisation), 0.9, 0, 1 }, { offsetof(eb_cost, years), 0.9, 0, 1 },
        { offsetof(eb_cost, residual), 0.9, 0, 1 },
    };
    eb_rng rng;
    eb_rng_init(&rng, 20261121);
    for (int i = 0; i < DRAWS; i++) {
        eb_cost c;
        eb_cost_load load;
        draw(&rng, &c, &load);
        eb_cost_result base = eb_cost_compute(&c, &load);
        assert_true(base.usd_per_mtok > 0 && base.gco2e_per_mtok >= 0);
        for (size_t k = 0; k < sizeof moves / sizeof *moves; k++) {
            eb_cost moved = c;
            double *at = (double *)(void *)((char *)&moved + moves[k].field);
            *at = *at * moves[k].factor + moves[k].add;
            double usd = eb_cost_compute(&moved, &load).usd_per_mtok;
            if (!(usd >= base.usd_per_mtok * (1 - 1e-12)))
                print_error("move %zu in draw %d: %.17g below %.17g\n", k, i, usd, base.usd_per_mtok);
            assert_true(usd >= base.usd_per_mtok * (1 - 1e-12));
        }
        eb_cost_load faster = load, hotter = load;
        faster.goodput_tok_s *= 1.1;
        hotter.load_w *= 1.1;
        assert_true(eb_cost_compute(&c, &faster).usd_per_mtok < base.usd_per_mtok);
        assert_true(eb_cost_compute(&c, &hotter).usd_per_mtok >= base.usd_per_mtok);
        assert_true(eb_cost_compute(&c, &hotter).gco2e_per_mtok >= base.gco2e_per_mtok);
    }
}

// What is drawn from inside every range costs what the interval says.
static void test_the_interval_holds_every_draw(void **state)
{
    (void)state;
    eb_rng rng;
    eb_rng_init(&rng, 7);
    for (int i = 0; i < DRAWS / 10; i++) {
        eb_offer offer = { 0 };
        eb_cost_work work = { 0 };
        draw(&rng, &offer.value, &work.value);
        offer.low = offer.high = offer.value;
        offer.low.price_usd *= 0.7;
        offer.high.price_usd *= 1.5;
        offer.low.utilisation *= 0.3;
        offer.high.utilisation = fmin(1, offer.high.utilisation * 1.6);
        offer.low.residual *= 0.5;
        offer.high.years *= 2;
        offer.high.interest += 0.1;
        work.low = work.high = work.value;
        work.low.goodput_tok_s *= 0.9;
        work.high.goodput_tok_s *= 1.2;
        work.high.load_w *= 1.1;
        eb_cost_range range;
        eb_cost_range_find(&range, &offer, &work);
        assert_true(range.cheapest <= range.value && range.value <= range.dearest);
        assert_int_equal(range.n_bars, 7);
        for (int b = 1; b < range.n_bars; b++)
            assert_true(fabs(range.bars[b].usd_high - range.bars[b].usd_low) <=
                        fabs(range.bars[b - 1].usd_high - range.bars[b - 1].usd_low));
        for (int k = 0; k < 20; k++) {
            eb_cost c = offer.value;
            eb_cost_load load = work.value;
            c.price_usd = between(&rng, offer.low.price_usd, offer.high.price_usd);
            c.utilisation = between(&rng, offer.low.utilisation, offer.high.utilisation);
            c.residual = between(&rng, offer.low.residual, offer.high.residual);
            c.years = between(&rng, offer.low.years, offer.high.years);
            c.interest = between(&rng, offer.low.interest, offer.high.interest);
            load.goodput_tok_s = between(&rng, work.low.goodput_tok_s, work.high.goodput_tok_s);
            load.load_w = between(&rng, work.low.load_w, work.high.load_w);
            double usd = eb_cost_compute(&c, &load).usd_per_mtok;
            assert_true(usd >= range.cheapest * (1 - 1e-12) && usd <= range.dearest * (1 + 1e-12));
        }
    }
}

static void test_no_goodput_at_the_low_end_has_no_bound(void **state)
{
    (void)state;
    eb_rng rng;
    eb_rng_init(&rng, 9);
    eb_offer offer = { 0 };
    eb_cost_work work = { 0 };
    draw(&rng, &offer.value, &work.value);
    offer.low = offer.high = offer.value;
    work.low = work.high = work.value;
    work.low.goodput_tok_s = 0;
    eb_cost_range range;
    eb_cost_range_find(&range, &offer, &work);
    assert_true(isinf(range.dearest) && range.n_bars == 1);
}

static void test_break_even(void **state)
{
    (void)state;
    eb_rng rng;
    eb_rng_init(&rng, 3);
    int met = 0;
    for (int i = 0; i < DRAWS; i++) {
        eb_cost a, b;
        eb_cost_load at_a, at_b;
        draw(&rng, &a, &at_a);
        draw(&rng, &b, &at_b);
        if (i % 3 == 0) { // a rent: flat
            b = (eb_cost){ .price_usd = NAN, .usd_per_hour = between(&rng, 0.01, 5), .usd_per_mtok_output = NAN };
            b.utilisation = 1;
        }
        eb_cost_curve ca = eb_cost_curve_of(&a, &at_a), cb = eb_cost_curve_of(&b, &at_b);
        near(eb_cost_at_utilisation(ca, a.utilisation) / eb_cost_compute(&a, &at_a).usd_per_mtok, 1, 1e-9);
        double at;
        eb_break_even verdict = eb_cost_break_even(ca, cb, &at);
        if (verdict == EB_BREAK_EVEN_AT) {
            met++;
            assert_true(at > 0 && at <= 1);
            double there = eb_cost_at_utilisation(ca, at);
            near(there / eb_cost_at_utilisation(cb, at), 1, 1e-9);
            // The one with the larger shared cost is cheaper above.
            bool a_above = eb_cost_at_utilisation(ca, at * 1.01) < eb_cost_at_utilisation(cb, at * 1.01);
            assert_int_equal(a_above, ca.shared > cb.shared);
        } else {
            for (double u = 0.001; u <= 1; u += 0.037) {
                bool a_cheaper = eb_cost_at_utilisation(ca, u) <= eb_cost_at_utilisation(cb, u) * (1 + 1e-9);
                assert_true(a_cheaper == (verdict == EB_BREAK_EVEN_A_CHEAPER));
            }
        }
        double back;
        eb_cost_break_even(cb, ca, &back);
        assert_true(verdict != EB_BREAK_EVEN_AT || fabs(at - back) < 1e-12);
    }
    assert_true(met > DRAWS / 20);
    double at;
    eb_cost_curve same = { 1, 2 }, none = { NAN, NAN };
    assert_int_equal(eb_cost_break_even(same, same, &at), EB_BREAK_EVEN_EQUAL);
    assert_int_equal(eb_cost_break_even(same, none, &at), EB_BREAK_EVEN_UNKNOWN);
    assert_true(isnan(at));
}

static void meet(const eb_offer *a, const eb_offer *b, const eb_cost_work *work, double *lo, double *hi)
{
    eb_cost_rival x = eb_cost_rival_of(a, work), y = eb_cost_rival_of(b, work);
    eb_cost_rivals_meet(&x, &y, lo, hi);
}

// Whatever is drawn from the ranges, the offers meet within the interval; what both state alike moves for both.
static void test_break_even_range(void **state)
{
    (void)state;
    eb_rng rng;
    eb_rng_init(&rng, 21);
    int seen = 0;
    for (int i = 0; i < DRAWS / 10; i++) {
        eb_offer own = { 0 }, rent = { 0 };
        eb_cost_work work = { 0 };
        draw(&rng, &own.value, &work.value);
        double flat = eb_cost_curve_of(&own.value, &work.value).flat;
        rent.value = (eb_cost){ .price_usd = NAN,
                                .usd_per_mtok_output = NAN,
                                .usd_per_hour = flat * 3600 * work.value.goodput_tok_s / 1e6 * between(&rng, 1.1, 5),
                                .usd_per_kwh = own.value.usd_per_kwh,
                                .utilisation = own.value.utilisation,
                                .usd_rate = 1 };
        own.low = own.high = own.value;
        rent.low = rent.high = rent.value;
        own.low.price_usd *= 0.8;
        own.high.price_usd *= 1.2;
        own.low.usd_per_kwh *= 0.9;
        own.high.usd_per_kwh *= 1.1;
        rent.low.usd_per_kwh = own.low.usd_per_kwh;
        rent.high.usd_per_kwh = own.high.usd_per_kwh;
        rent.low.usd_per_hour *= 0.95;
        rent.high.usd_per_hour *= 1.3;
        work.low = work.high = work.value;
        work.low.load_w *= 0.9;
        work.high.load_w *= 1.1;
        double lo, hi, lo2, hi2;
        meet(&own, &rent, &work, &lo, &hi);
        meet(&rent, &own, &work, &lo2, &hi2);
        assert_true(lo == lo2 && hi == hi2 && lo <= hi);
        for (int k = 0; k < 20; k++) {
            eb_cost a = own.value, b = rent.value;
            eb_cost_load load = work.value;
            double at;
            a.price_usd = between(&rng, own.low.price_usd, own.high.price_usd);
            a.usd_per_kwh = b.usd_per_kwh = between(&rng, own.low.usd_per_kwh, own.high.usd_per_kwh);
            b.usd_per_hour = between(&rng, rent.low.usd_per_hour, rent.high.usd_per_hour);
            load.load_w = between(&rng, work.low.load_w, work.high.load_w);
            if (eb_cost_break_even(eb_cost_curve_of(&a, &load), eb_cost_curve_of(&b, &load), &at) != EB_BREAK_EVEN_AT)
                continue;
            seen++;
            assert_true(at >= lo * (1 - 1e-9) && at <= hi * (1 + 1e-9));
        }
    }
    assert_true(seen > DRAWS / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges_are_read),
        cmocka_unit_test(test_another_currency_becomes_dollars),
        cmocka_unit_test(test_a_shared_price_has_a_rate_of_its_own),
        cmocka_unit_test(test_paid_by_the_token),
        cmocka_unit_test(test_the_machine_is_the_runs),
        cmocka_unit_test(test_monotone),
        cmocka_unit_test(test_the_interval_holds_every_draw),
        cmocka_unit_test(test_no_goodput_at_the_low_end_has_no_bound),
        cmocka_unit_test(test_break_even),
        cmocka_unit_test(test_break_even_range),
    };
    return cmocka_run_group_tests_name("cost_range", tests, NULL, NULL);
}
