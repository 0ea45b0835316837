// SPDX-License-Identifier: Apache-2.0
// Who is cheapest at which utilisation, told only as far as the ranges of the inputs let it be.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include "harness/base/stats.h"
#include "harness/record/cost_turns.h"

static const eb_cost_load machine = { .goodput_tok_s = 100, .load_w = 20, .idle_w = 5, .boundary = EB_BOUNDARY_WALL };

static eb_cost_rival rival(double price, double rent, double per_mtok)
{
    const eb_cost cost = { .price_usd = price,
                           .usd_per_hour = rent,
                           .usd_per_mtok_output = per_mtok,
                           .usd_per_mtok_input = NAN,
                           .years = 4,
                           .usd_per_kwh = 0.2,
                           .utilisation = 0.3,
                           .pue = 1,
                           .rest_of_system_w = NAN,
                           .idle_w = NAN,
                           .embodied_g = NAN,
                           .usd_rate = 1,
                           .shared_usd_rate = NAN };
    return (eb_cost_rival){ cost, cost, cost, machine, machine, machine, 1, 0, -1 };
}

static eb_cost_rival own(double price)
{
    return rival(price, NAN, NAN);
}

static eb_cost_rival rent(double usd_per_hour)
{
    return rival(NAN, usd_per_hour, NAN);
}

static void is(const eb_cost_turn *t, eb_turn word, double from, double to, int n)
{
    assert_int_equal(t->word, word);
    assert_int_equal(t->n, n);
    assert_true(fabs(t->from - from) < 1e-9 && fabs(t->to - to) < 1e-9);
}

static double meet(const eb_cost_rival *a, const eb_cost_rival *b)
{
    double at;
    assert_int_equal(
        eb_cost_break_even(eb_cost_curve_of(&a->value, &a->load), eb_cost_curve_of(&b->value, &b->load), &at),
        EB_BREAK_EVEN_AT);
    return at;
}

static void test_exact_prices(void **state)
{
    (void)state;
    eb_cost_rival r[] = { own(200), rent(0.03), own(500), rival(NAN, NAN, NAN) };
    eb_cost_turns t;
    double at = meet(&r[0], &r[1]);
    eb_cost_turns_init(&t, r, 4);
    assert_int_equal(t.n, 2);
    is(&t.items[0], EB_TURN_SURE, 0, at, 1);
    is(&t.items[1], EB_TURN_SURE, at, 1, 1);
    assert_int_equal(t.items[0].who[0], 1);
    assert_int_equal(t.items[1].who[0], 0);
    eb_cost_turns_deinit(&t);
    eb_cost_turns_init(&t, r + 3, 1); // no price
    assert_int_equal(t.n, 0);
    eb_cost_turns_deinit(&t);
}

// The same price in dollars and in a currency: they differ in the last bit, and neither leads.
static void test_the_last_bit_crowns_nobody(void **state)
{
    (void)state;
    eb_cost_rival r[] = { own(110), own(100), rent(0.02) };
    r[1].low.price_usd = r[1].value.price_usd = r[1].high.price_usd = 100 * 1.1;
    assert_true(r[0].value.price_usd != r[1].value.price_usd); // else this tests nothing
    eb_cost_turns t;
    double at = meet(&r[0], &r[2]);
    eb_cost_turns_init(&t, r, 3);
    assert_int_equal(t.n, 2);
    is(&t.items[0], EB_TURN_SURE, 0, at, 1);
    is(&t.items[1], EB_TURN_SAME, at, 1, 2);
    assert_false(t.items[1].near);
    eb_cost_turns_deinit(&t);
    eb_cost_rival free_of_charge[] = { rent(0), rent(0) };
    free_of_charge[0].load_high.goodput_tok_s = free_of_charge[1].load_high.goodput_tok_s = 120; // moves nothing
    eb_cost_turns_init(&t, free_of_charge, 2);
    assert_int_equal(t.n, 1);
    is(&t.items[0], EB_TURN_SAME, 0, 1, 2);
    assert_false(t.items[0].near);
    eb_cost_turns_deinit(&t);
    // A millionth is more than a bit, and of exact prices it counts.
    eb_cost_rival close[] = { rent(0.02), rent(0.02 * (1 + 1e-6)) };
    eb_cost_turns_init(&t, close, 2);
    assert_int_equal(t.n, 1);
    is(&t.items[0], EB_TURN_SURE, 0, 1, 1);
    eb_cost_turns_deinit(&t);
}

static void test_ranges_leave_it_open(void **state)
{
    (void)state;
    eb_cost_rival r[] = { own(200), rent(0.03) }, low[] = { own(150), rent(0.03) }, high[] = { own(260), rent(0.03) };
    r[0].low.price_usd = 150;
    r[0].high.price_usd = 260;
    eb_cost_turns t;
    double from = meet(&low[0], &low[1]), to = meet(&high[0], &high[1]);
    eb_cost_turns_init(&t, r, 2);
    assert_int_equal(t.n, 3);
    is(&t.items[0], EB_TURN_SURE, 0, from, 1);
    is(&t.items[1], EB_TURN_OPEN, from, to, 2);
    is(&t.items[2], EB_TURN_SURE, to, 1, 1);
    assert_int_equal(t.items[0].who[0], 1);
    assert_int_equal(t.items[2].who[0], 0);
    eb_cost_turns_deinit(&t);
    // What was measured, and how far that may be off, leaves it open too.
    eb_cost_rival m[] = { own(200), rival(NAN, NAN, 0.1) };
    for (int i = 0; i < 2; i++) {
        m[i].load_low.goodput_tok_s = 90;
        m[i].load_high.goodput_tok_s = 110;
    }
    eb_cost_turns_init(&t, m, 2);
    assert_int_equal(t.n, 3);
    assert_int_equal(t.items[1].word, EB_TURN_OPEN);
    eb_cost_turns_deinit(&t);
    // Known to within 2 %.
    eb_cost_rival near[] = { rent(0.02), rent(0.02) };
    near[1].low.usd_per_hour = 0.0199;
    near[1].high.usd_per_hour = 0.0201;
    eb_cost_turns_init(&t, near, 2);
    assert_int_equal(t.n, 1);
    is(&t.items[0], EB_TURN_SAME, 0, 1, 2);
    assert_true(t.items[0].near);
    eb_cost_turns_deinit(&t);
}

static double between(eb_rng *rng, double lo, double hi)
{
    return lo + (hi - lo) * eb_rng_uniform(rng);
}

enum { N = 6 };

// Whatever is drawn from inside the ranges, the cheapest is one of those that are named.
static void test_the_cheapest_of_every_draw_is_named(void **state)
{
    (void)state;
    eb_rng rng;
    eb_rng_init(&rng, 17);
    int sure = 0, open = 0;
    for (int d = 0; d < 60; d++) {
        eb_cost_rival r[N];
        eb_cost_turns t;
        for (int i = 0; i < N; i++) {
            double width = between(&rng, 0, 0.3), value = i % 2 ? between(&rng, 0.01, 0.04) : between(&rng, 100, 900);
            r[i] = i % 2 ? rent(value) : own(value);
            double *low = i % 2 ? &r[i].low.usd_per_hour : &r[i].low.price_usd,
                   *high = i % 2 ? &r[i].high.usd_per_hour : &r[i].high.price_usd;
            *low *= 1 - width;
            *high *= 1 + width;
            r[i].low.usd_per_kwh = 0.1;
            r[i].high.usd_per_kwh = 0.4;
        }
        eb_cost_turns_init(&t, r, N);
        assert_true(t.n > 0 && t.items[0].from == 0 && t.items[t.n - 1].to == 1);
        for (int k = 0; k < t.n; k++) {
            const eb_cost_turn *turn = &t.items[k];
            assert_true(turn->from < turn->to && (k == 0 || turn->from == turn[-1].to));
            sure += turn->word == EB_TURN_SURE;
            open += turn->word == EB_TURN_OPEN;
            for (int draw = 0; draw < 40; draw++) {
                double u = between(&rng, turn->from, turn->to), tariff = between(&rng, 0.1, 0.4), best = INFINITY;
                int cheapest = -1;
                for (int i = 0; i < N; i++) {
                    eb_cost c = r[i].value;
                    c.price_usd = between(&rng, r[i].low.price_usd, r[i].high.price_usd);
                    c.usd_per_hour = between(&rng, r[i].low.usd_per_hour, r[i].high.usd_per_hour);
                    c.usd_per_kwh = tariff;
                    c.utilisation = u;
                    double usd = eb_cost_compute(&c, &machine).usd_per_mtok;
                    cheapest = usd < best ? i : cheapest;
                    best = fmin(usd, best);
                }
                bool named = false;
                for (int i = 0; i < turn->n; i++)
                    named = named || turn->who[i] == cheapest;
                assert_true(named);
            }
        }
        eb_cost_turns_deinit(&t);
    }
    assert_true(sure > 30 && open > 30); // the draws do exercise it
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_prices),
        cmocka_unit_test(test_the_last_bit_crowns_nobody),
        cmocka_unit_test(test_ranges_leave_it_open),
        cmocka_unit_test(test_the_cheapest_of_every_draw_is_named),
    };
    return cmocka_run_group_tests_name("cost_turns", tests, NULL, NULL);
}
