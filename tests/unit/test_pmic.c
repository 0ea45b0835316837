// SPDX-License-Identifier: Apache-2.0
// Rails of a power management chip: what a line is, what a set adds up to, what is left out.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "probes/pmic.h"

static void take(eb_pmic *p, const char *text)
{
    const char *why = eb_pmic_line(p, text, strlen(text));
    if (why)
        fail_msg("'%s' %s", text, why);
}

static void refuse(eb_pmic *p, const char *text, const char *want)
{
    const char *why = eb_pmic_line(p, text, strlen(text));
    if (!why || !strstr(why, want))
        fail_msg("'%s' %s", text, why ? why : "was taken");
}

static void a_set_is_the_sum_of_its_rails(void **state)
{
    (void)state;
    eb_pmic p = { 0 };
    double w;
    take(&p, "   3V3_SYS_A current(1)=0.06652000A");
    take(&p, "VDD_CORE_A current(7)=2.00000000A");
    take(&p, "3V3_SYS_V volt(9)=3.31364200V\r");
    take(&p, "VDD_CORE_V volt(15)=0.75000000V  ");
    take(&p, "EXT5V_V volt(24)=5.15014500V");
    take(&p, "BATT_V volt(25)=0.00488400V");
    assert_null(eb_pmic_end(&p, &w));
    assert_float_equal(w, 0.06652 * 3.313642 + 2 * 0.75, 1e-12);
    assert_int_equal(p.n_counting, 2);
    char left_out[64];
    eb_pmic_left_out(&p, left_out, sizeof left_out);
    assert_string_equal(left_out, "EXT5V, BATT");
    eb_pmic_left_out(&p, left_out, 4);
    assert_string_equal(left_out, "EXT");
}

// A sum without a rail that was in it is no smaller power: it is none.
static void a_set_lacks_no_rail(void **state)
{
    (void)state;
    eb_pmic p = { 0 };
    double w;
    take(&p, "a_A x=1A"), take(&p, "a_V x=5V"), take(&p, "b_A x=1A"), take(&p, "b_V x=3V");
    assert_null(eb_pmic_end(&p, &w));
    assert_float_equal(w, 8, 1e-12);
    take(&p, "a_A x=1A"), take(&p, "a_V x=5V"), take(&p, "b_A x=1A");
    assert_string_equal(eb_pmic_end(&p, &w), "lacks a rail that earlier ones had");
    // A rail that was not there at first does not join later.
    take(&p, "a_A x=2A"), take(&p, "a_V x=5V"), take(&p, "b_A x=1A"), take(&p, "b_V x=3V");
    take(&p, "c_A x=9A"), take(&p, "c_V x=9V");
    assert_null(eb_pmic_end(&p, &w));
    assert_float_equal(w, 13, 1e-12);
    assert_string_equal(eb_pmic_end(&p, &w), "holds no rail");
}

static void nothing_is_no_power(void **state)
{
    (void)state;
    eb_pmic p = { 0 };
    double w;
    assert_string_equal(eb_pmic_end(&p, &w), "holds no rail");
    take(&p, "EXT5V_V volt(24)=5.15014500V");
    assert_string_equal(eb_pmic_end(&p, &w), "has no rail with both a current and a voltage");
    assert_false(p.known);
}

static void lines_that_are_none(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } cases[] = {
        { "error=1 error_msg=\"Command not registered\"", "is no current and no voltage" },
        { "A=1A", "is no current and no voltage" },
        { "_A=1A", "is no current and no voltage" },
        { "xA=1A", "is no current and no voltage" },
        { "x_A current(1)", "is no current and no voltage" },
        { "x_A current(1)=", "is no current and no voltage" },
        { "x_A current(1)=1V", "is no current and no voltage" },
        { "x_W power(1)=1W", "is no current and no voltage" },
        { "x_A current(1)=A", "holds no number" },
        { "x_A current(1)=nanA", "holds no number" },
        { "x_A current(1)=1e999A", "holds no number" },
        { "x_A current(1)=1.0.0A", "holds no number" },
        { "x_A current(1)=11111111111111111111111111111111111111A", "holds no number" },
        { "x_A current(1)=-0.1A", "is beyond" },
        { "x_V volt(1)=101V", "is beyond" },
        { "a_name_that_is_longer_than_any_rail_has_A x=1A", "is no current and no voltage" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        eb_pmic p = { 0 };
        refuse(&p, cases[i].text, cases[i].why);
        assert_int_equal(p.n, 0);
    }
    eb_pmic p = { 0 };
    assert_non_null(strstr(eb_pmic_line(&p, "x_A\0=1A", 7), "NUL"));
    take(&p, "x_A x=1A");
    refuse(&p, "x_A x=1A", "stands twice");
    for (int i = 1; i < EB_PMIC_RAILS_MAX; i++) {
        char line[32];
        snprintf(line, sizeof line, "r%d_V x=1V", i);
        take(&p, line);
    }
    refuse(&p, "more_V x=1V", "one rail too many");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_is_the_sum_of_its_rails),
        cmocka_unit_test(a_set_lacks_no_rail),
        cmocka_unit_test(nothing_is_no_power),
        cmocka_unit_test(lines_that_are_none),
    };
    return cmocka_run_group_tests_name("pmic", tests, NULL, NULL);
}
