// SPDX-License-Identifier: Apache-2.0
// MEASUREMENT's section 6, worked out by hand.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "harness/record/cost.h"

static void near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        print_error("%.17g is not %.17g\n", a, b);
    assert_true(fabs(a - b) <= tolerance);
}

static eb_cost_result compute(const eb_cost *c, double goodput, double load_w, double idle_w, eb_boundary boundary)
{
    return eb_cost_compute(c, &(eb_cost_load){ .goodput_tok_s = goodput,
                                               .load_w = load_w,
                                               .idle_w = idle_w,
                                               .prompt_per_output = 2,
                                               .boundary = boundary });
}

static eb_cost own_machine(void)
{
    return (eb_cost){ .price_usd = 1000,
                      .usd_per_hour = NAN,
                      .usd_per_mtok_output = NAN,
                      .usd_per_mtok_input = NAN,
                      .usd_per_kwh = 0.3,
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
                      .battery_wh = NAN };
}

static void test_capex(void **state)
{
    (void)state;
    near(eb_cost_capex_year(1000, 0.2, 0.08, 4), 257.54, 0.005);
    near(eb_cost_capex_year(1000, 0.2, 0, 4), 200, 1e-9);
    near(eb_cost_capex_year(1000, 0.2, 1e-17, 4), 200, 1e-9); // where (1 + r)^n is 1 in floating point
    near(eb_cost_capex_year(1000, 0, 1, 50), 1000, 1e-9);
    near(eb_cost_capex_year(1000, 1, 0.08, 4), 80, 1e-9); // nothing is lost but the interest
}

static void test_own_machine(void **state)
{
    (void)state;
    eb_cost c = own_machine();
    eb_cost_result r = compute(&c, 100, 200, 50, EB_BOUNDARY_WALL);
    // 100 tok/s half of the year: 1.5768e9 tokens. 125 W on average: 1095 kWh.
    double electricity = 1.2 * 1095 * 0.3;
    near(r.usd_per_mtok, (257.536643 + electricity + 10) / 1576.8, 1e-6);
    near(r.gco2e_per_mtok, (1.2 * 1095 * 400 + 20000) / 1576.8, 1e-9);
    assert_string_equal(r.note, "");
    assert_string_equal(r.carbon_note, "");
    // Electricity alone, always busy: $/Mtok = J/tok x $/kWh / 3.6.
    c.price_usd = c.opex_usd_year = c.embodied_g = 0;
    c.pue = c.utilisation = 1;
    r = compute(&c, 100, 200, NAN, EB_BOUNDARY_PLATFORM);
    near(r.usd_per_mtok, 2.0 * 0.3 / 3.6, 1e-12);
}

static void test_rented(void **state)
{
    (void)state;
    eb_cost c = own_machine();
    c.price_usd = NAN;
    c.usd_per_hour = 3.6;
    near(compute(&c, 100, NAN, NAN, EB_BOUNDARY_COMPUTE).usd_per_mtok, 10, 1e-12);
}

static void test_boundary_compute_needs_the_rest(void **state)
{
    (void)state;
    eb_cost c = own_machine();
    eb_cost_result r = compute(&c, 100, 200, 50, EB_BOUNDARY_COMPUTE);
    assert_true(isnan(r.usd_per_mtok) && isnan(r.gco2e_per_mtok));
    assert_non_null(strstr(r.note, "rest_of_system_w"));
    assert_true(isnan(eb_cost_system_w(&c, 200, EB_BOUNDARY_COMPUTE)));
    c.rest_of_system_w = 30;
    near(eb_cost_system_w(&c, 200, EB_BOUNDARY_COMPUTE), 230, 0);
    near(eb_cost_system_w(&c, 200, EB_BOUNDARY_WALL), 200, 0);
    near(compute(&c, 100, 200, 50, EB_BOUNDARY_COMPUTE).usd_per_mtok,
         compute(&c, 100, 230, 80, EB_BOUNDARY_WALL).usd_per_mtok, 1e-12);
}

static void test_what_is_missing_is_named(void **state)
{
    (void)state;
    static const struct {
        size_t field;
        const char *note;
    } table[] = {
        { offsetof(eb_cost, price_usd), "price_usd" },
        { offsetof(eb_cost, usd_per_kwh), "usd_per_kwh" },
        { offsetof(eb_cost, years), "years" },
        { offsetof(eb_cost, utilisation), "utilisation" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        eb_cost c = own_machine();
        *(double *)((char *)&c + table[i].field) = NAN;
        eb_cost_result r = compute(&c, 100, 200, 50, EB_BOUNDARY_WALL);
        assert_true(isnan(r.usd_per_mtok));
        assert_non_null(strstr(r.note, table[i].note));
    }
    eb_cost c = own_machine();
    assert_non_null(strstr(compute(&c, 0, 200, 50, EB_BOUNDARY_WALL).note, "SLO"));
    assert_non_null(strstr(compute(&c, 100, NAN, 50, EB_BOUNDARY_WALL).note, "no energy"));
    assert_non_null(strstr(compute(&c, 100, 200, NAN, EB_BOUNDARY_WALL).note, "idle_w"));
    c.idle_w = 50;
    assert_false(isnan(compute(&c, 100, 200, NAN, EB_BOUNDARY_WALL).usd_per_mtok));
    c.intensity_g_per_kwh = NAN;
    eb_cost_result r = compute(&c, 100, 200, 50, EB_BOUNDARY_WALL);
    assert_true(isnan(r.gco2e_per_mtok) && !isnan(r.usd_per_mtok));
    assert_non_null(strstr(r.carbon_note, "intensity_g_per_kwh"));
}

static void test_from_the_header(void **state)
{
    (void)state;
    static const char *const given[][3] = {
        { "cost", "price_usd", "1200" }, { "cost", "residual", "20%" },      { "cost", "utilisation", "0.25" },
        { "cost", "interest", "8 %" },   { "cost", "demonstration", "yes" }, { "run", "years", "3" },
        { "cost", "pue", "" },           { "cost", "usd_per_hour", "" },
    };
    eb_setting_row rows[8];
    for (int i = 0; i < 8; i++)
        rows[i] = (eb_setting_row){ .section = (char *)given[i][0],
                                    .key = (char *)given[i][1],
                                    .value = (char *)given[i][2] };
    eb_header h = { .settings = rows, .n_settings = 8 };
    eb_cost c;
    eb_cost_from_header(&h, &c);
    near(c.price_usd, 1200, 0);
    near(c.residual, 0.2, 1e-15);
    near(c.utilisation, 0.25, 0);
    near(c.interest, 0.08, 1e-15);
    near(c.pue, 1, 0);
    assert_true(c.demonstration);
    assert_true(isnan(c.years) && isnan(c.usd_per_hour) && isnan(c.idle_w) && isnan(c.rest_of_system_w));
    near(c.opex_usd_year, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_capex),
        cmocka_unit_test(test_own_machine),
        cmocka_unit_test(test_rented),
        cmocka_unit_test(test_boundary_compute_needs_the_rest),
        cmocka_unit_test(test_what_is_missing_is_named),
        cmocka_unit_test(test_from_the_header),
    };
    return cmocka_run_group_tests_name("cost", tests, NULL, NULL);
}
