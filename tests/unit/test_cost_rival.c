// SPDX-License-Identifier: Apache-2.0
// Two costs over ranges, against what draws from inside the ranges find.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include "harness/base/stats.h"
#include "harness/record/cost_rival.h"

static const eb_cost_load machine = { .goodput_tok_s = 100, .load_w = 20, .idle_w = 5, .boundary = EB_BOUNDARY_WALL };

static eb_cost own(double price, double years, double interest)
{
    return (eb_cost){ .price_usd = price,
                      .years = years,
                      .interest = interest,
                      .usd_per_hour = NAN,
                      .usd_per_mtok_output = NAN,
                      .usd_per_kwh = 0,
                      .utilisation = 0.3,
                      .pue = 1,
                      .rest_of_system_w = NAN,
                      .idle_w = NAN,
                      .embodied_g = NAN,
                      .usd_rate = 1,
                      .shared_usd_rate = NAN };
}

static eb_cost_rival rival(eb_cost cost, int run)
{
    return (eb_cost_rival){ cost, cost, cost, machine, machine, machine, run, 0, -1 };
}

static double between(eb_rng *rng, double lo, double hi)
{
    return lo + (hi - lo) * eb_rng_uniform(rng);
}

static double usd(const eb_cost *cost, double utilisation)
{
    eb_cost at = *cost;
    at.utilisation = utilisation;
    return eb_cost_compute(&at, &machine).usd_per_mtok;
}

// A machine that lasts 10 years and is worth half of its price then, and one that lasts 20 and is worth nothing, at one
// interest: what the one is of the other is most somewhere between the interest's ends.
static void test_the_most_lies_inside_a_shared_range(void **state)
{
    (void)state;
    eb_cost_rival brief = rival(own(300, 10, 0.08), 1), lasting = rival(own(300, 20, 0.08), 1);
    brief.low.residual = brief.value.residual = brief.high.residual = 0.5;
    brief.low.interest = lasting.low.interest = 0.0;
    brief.high.interest = lasting.high.interest = 0.3;
    double most = -INFINITY, at_end = -INFINITY, inside = 0;
    for (int i = 0; i <= 1000; i++) {
        eb_cost x = brief.value, y = lasting.value;
        x.interest = y.interest = 0.3 * i / 1000;
        double factor = usd(&x, 0.5) / usd(&y, 0.5);
        if (i == 0 || i == 1000)
            at_end = fmax(at_end, factor);
        if (factor > most) {
            most = factor;
            inside = x.interest;
        }
    }
    assert_true(inside > 0 && inside < 0.3 && most > at_end * 1.05); // else this tests nothing
    // With a factor between the two, corners alone would say: always below.
    double factor = (most + at_end) / 2;
    eb_cost_span span = eb_cost_surely_below(&brief, &lasting, factor);
    assert_false(span.from < 0.5 && span.to >= 0.5);
    span = eb_cost_surely_below(&brief, &lasting, most * 1.001);
    assert_true(span.from < 0.5 && span.to >= 0.5);
}

// Where both make the same of it, the ends suffice, and are exact.
static void test_the_same_recovery_is_tried_at_its_ends(void **state)
{
    (void)state;
    eb_cost_rival a = rival(own(300, 4, 0.05), 1), b = rival(own(310, 4, 0.05), 1);
    a.low.interest = b.low.interest = 0;
    a.high.interest = b.high.interest = 0.2;
    a.low.years = b.low.years = 2;
    a.high.years = b.high.years = 9;
    eb_cost_span span = eb_cost_surely_below(&a, &b, 1);
    assert_true(span.from == 0 && span.to == 1);
    span = eb_cost_surely_below(&b, &a, 1);
    assert_false(span.from < span.to);
    b.run = 2; // the same interest, but a life of its own
    span = eb_cost_surely_below(&a, &b, 1);
    assert_false(span.from < span.to);
}

typedef struct pairing {
    eb_cost_rival a, b;
} pairing;

static void spread(eb_rng *rng, double *low, const double *value, double *high)
{
    *low = *value * between(rng, 0.7, 1);
    *high = *value * between(rng, 1, 1.4);
}

static pairing draw(eb_rng *rng)
{
    pairing p = { rival(own(between(rng, 50, 500), between(rng, 1, 5), 0.06), 1), rival(own(1, 4, 0.06), 1) };
    p.b.low.price_usd = p.b.value.price_usd = p.b.high.price_usd = between(rng, 50, 500);
    p.a.value.usd_per_kwh = p.b.value.usd_per_kwh = 0.2;
    p.a.low.usd_per_kwh = p.b.low.usd_per_kwh = 0.1;
    p.a.high.usd_per_kwh = p.b.high.usd_per_kwh = 0.4;
    p.a.low.interest = p.b.low.interest = 0.01;
    p.a.high.interest = p.b.high.interest = 0.15;
    p.a.low.idle_w = p.a.value.idle_w = p.a.high.idle_w = between(rng, 1, 19);
    spread(rng, &p.b.low.price_usd, &p.b.value.price_usd, &p.b.high.price_usd);
    p.a.load_low.load_w = p.b.load_low.load_w = 15;
    p.a.load_high.load_w = p.b.load_high.load_w = 30;
    return p;
}

static void test_what_is_sure_holds_of_every_draw(void **state)
{
    (void)state;
    eb_rng rng;
    eb_rng_init(&rng, 5);
    int sure = 0, met = 0;
    for (int i = 0; i < 300; i++) {
        pairing p = draw(&rng);
        eb_cost_span a = eb_cost_surely_below(&p.a, &p.b, 1), b = eb_cost_surely_below(&p.b, &p.a, 1);
        double lo, hi;
        eb_cost_rivals_meet(&p.a, &p.b, &lo, &hi);
        for (int k = 0; k < 60; k++) {
            double u = between(&rng, 0.01, 1), at;
            eb_cost x = p.a.value, y = p.b.value;
            eb_cost_load load = machine;
            x.usd_per_kwh = y.usd_per_kwh = between(&rng, 0.1, 0.4);
            x.interest = y.interest = between(&rng, 0.01, 0.15);
            y.price_usd = between(&rng, p.b.low.price_usd, p.b.high.price_usd);
            load.load_w = between(&rng, 15, 30);
            eb_cost_curve cx = eb_cost_curve_of(&x, &load), cy = eb_cost_curve_of(&y, &load);
            double ratio = eb_cost_at_utilisation(cx, u) / eb_cost_at_utilisation(cy, u);
            assert_true(!(u > a.from && u < a.to) || ratio <= 1 + 1e-3);
            assert_true(!(u > b.from && u < b.to) || ratio >= 1 - 1e-3);
            sure += (u > a.from && u < a.to) || (u > b.from && u < b.to);
            if (eb_cost_break_even(cx, cy, &at) == EB_BREAK_EVEN_AT) {
                met++;
                assert_true(at >= lo * (1 - 1e-3) && at <= hi * (1 + 1e-3));
            }
        }
    }
    assert_true(sure > 1000 && met > 500); // the draws do exercise it
}

// A rent by the hour, tokens or a machine, each with or without ranges.
static eb_cost_rival draw_any(eb_rng *rng, bool ranges)
{
    eb_cost_rival r = rival(own(between(rng, 50, 500), 4, 0.06), 1);
    double kind = eb_rng_uniform(rng), dollars = between(rng, 0.1, 1);
    r.value.usd_per_kwh = 0.2;
    if (kind < 0.4) {
        r.value.price_usd = NAN;
        r.value.usd_per_hour = dollars;
    } else if (kind < 0.8) {
        r.value.price_usd = NAN;
        r.value.usd_per_mtok_output = dollars / 3600 / machine.goodput_tok_s * 1e6;
    }
    r.low = r.high = r.value;
    if (!ranges)
        return r;
    spread(rng, &r.low.price_usd, &r.value.price_usd, &r.high.price_usd);
    spread(rng, &r.low.usd_per_hour, &r.value.usd_per_hour, &r.high.usd_per_hour);
    spread(rng, &r.low.usd_per_mtok_output, &r.value.usd_per_mtok_output, &r.high.usd_per_mtok_output);
    r.load_low.goodput_tok_s = 90;
    r.load_high.goodput_tok_s = 115;
    return r;
}

static bool is_flat(const eb_cost_rival *r)
{
    return eb_cost_kind_of(&r->value) != EB_COST_OWN;
}

// Where two meet is a fact of the two: it does not hang on which is named first. And two flat ones never meet.
static void test_the_order_of_two_does_not_matter(void **state)
{
    (void)state;
    eb_rng rng;
    eb_rng_init(&rng, 11);
    int flat = 0, apart = 0, open = 0;
    for (int i = 0; i < 1200; i++) {
        eb_cost_rival a = draw_any(&rng, i % 2), b = draw_any(&rng, i % 3 == 0);
        if (i % 7 == 0) { // alike where nothing moves, and perhaps not in their ranges
            eb_cost_rival other = a;
            other.low = other.value;
            b = i % 14 == 0 ? a : other;
        }
        double lo, hi, lo_back, hi_back;
        eb_cost_rivals_meet(&a, &b, &lo, &hi);
        eb_cost_rivals_meet(&b, &a, &lo_back, &hi_back);
        assert_true(lo == lo_back && hi == hi_back && lo <= hi);
        if (is_flat(&a) && is_flat(&b)) {
            flat++;
            assert_true(lo == 0 && hi == 0);
        } else {
            apart += lo == hi;
            open += lo < hi;
        }
    }
    assert_true(flat > 400 && apart > 20 && open > 100); // the draws do exercise it
}

static void test_what_enters_which_figure(void **state)
{
    (void)state;
    eb_cost_rival r = rival(own(100, 4, 0), 1);
    r.value.intensity_g_per_kwh = r.low.intensity_g_per_kwh = r.high.intensity_g_per_kwh = 400;
    r.high.usd_per_kwh = 0.3;
    r.high.years = 5;
    assert_true(eb_cost_rival_ranges(&r, EB_COST_USD));
    assert_false(eb_cost_rival_ranges(&r, EB_COST_CARBON)); // nobody says what the making took
    r.low.embodied_g = r.value.embodied_g = r.high.embodied_g = 1000;
    assert_true(eb_cost_rival_ranges(&r, EB_COST_CARBON));
}

static bool count_to_three(const eb_cost_corner *at, void *context)
{
    (void)at;
    return ++*(int *)context < 3;
}

static void test_a_visit_may_be_the_last(void **state)
{
    (void)state;
    eb_cost_rival a = rival(own(100, 4, 0), 1);
    a.low.usd_per_kwh = 0.1;
    a.high.usd_per_kwh = 0.3;
    a.low.price_usd = 50;
    a.high.price_usd = 200;
    int visits = 0; // of four corners
    eb_cost_each_corner(&a, &a, EB_COST_USD, true, count_to_three, &visits);
    assert_int_equal(visits, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_most_lies_inside_a_shared_range),
        cmocka_unit_test(test_the_same_recovery_is_tried_at_its_ends),
        cmocka_unit_test(test_what_is_sure_holds_of_every_draw),
        cmocka_unit_test(test_the_order_of_two_does_not_matter),
        cmocka_unit_test(test_what_enters_which_figure),
        cmocka_unit_test(test_a_visit_may_be_the_last),
    };
    return cmocka_run_group_tests_name("cost_rival", tests, NULL, NULL);
}
