// SPDX-License-Identifier: Apache-2.0
// Names of domains, grades, boundaries, quantities, statuses: each reads back as itself, and no two are alike.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/base/energy.h"

#define ROUND_TRIP(kind, type, count)                                                                                  \
    static void kind##_names_read_back(void **state)                                                                   \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        for (int i = 0; i < (count); i++) {                                                                            \
            type got = (type)-1;                                                                                       \
            assert_true(kind##_parse(kind##_name((type)i), &got));                                                     \
            assert_int_equal(got, i);                                                                                  \
        }                                                                                                              \
        type untouched = (type)1;                                                                                      \
        assert_false(kind##_parse("nonsense", &untouched));                                                            \
        assert_false(kind##_parse("", &untouched));                                                                    \
        assert_false(kind##_parse(NULL, &untouched));                                                                  \
        assert_int_equal(untouched, 1);                                                                                \
        assert_string_equal(kind##_name((type)(count)), "invalid");                                                    \
        assert_string_equal(kind##_name((type)-1), "invalid");                                                         \
    }

ROUND_TRIP(eb_domain, eb_domain, EB_DOMAIN_COUNT)
ROUND_TRIP(eb_grade, eb_grade, EB_GRADE_COUNT)
ROUND_TRIP(eb_boundary, eb_boundary, EB_BOUNDARY_COUNT)
ROUND_TRIP(eb_quantity, eb_quantity, EB_QUANTITY_KINDS)

// The grade of a sum is the least of its parts: the order is the contract.
static void grades_are_ordered_weakest_first(void **state)
{
    (void)state;
    static const char *const order[] = { "none", "estimate", "sampled", "counter", "wall" };
    for (int i = 0; i < EB_GRADE_COUNT; i++)
        assert_string_equal(eb_grade_name((eb_grade)i), order[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eb_domain_names_read_back),        cmocka_unit_test(eb_grade_names_read_back),
        cmocka_unit_test(eb_boundary_names_read_back),      cmocka_unit_test(eb_quantity_names_read_back),
        cmocka_unit_test(grades_are_ordered_weakest_first),
    };
    return cmocka_run_group_tests_name("energy", tests, NULL, NULL);
}
