// SPDX-License-Identifier: Apache-2.0
// The text of a CSV field: taken whole or refused, bytes of 0 inside it included.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "harness/base/event.h"
#include "harness/record/csv_field.h"

#define FIELD(literal) literal, sizeof(literal) - 1

static const char *phase_name(int i)
{
    return eb_phase_name((eb_phase)i);
}

static void a_name_is_all_of_the_field(void **state)
{
    (void)state;
    assert_int_equal(eb_csv_name(FIELD("prefill"), EB_PHASE_COUNT, phase_name), EB_PHASE_PREFILL);
    assert_int_equal(eb_csv_name(FIELD("decode"), EB_PHASE_COUNT, phase_name), EB_PHASE_DECODE);
    assert_int_equal(eb_csv_name(FIELD(""), EB_PHASE_COUNT, phase_name), -1);
    assert_int_equal(eb_csv_name(FIELD("decod"), EB_PHASE_COUNT, phase_name), -1);
    assert_int_equal(eb_csv_name(FIELD("decodes"), EB_PHASE_COUNT, phase_name), -1);
    // As long as the field is, no byte behind the name is looked at.
    assert_int_equal(eb_csv_name(FIELD("decode\0"), EB_PHASE_COUNT, phase_name), -1);
    assert_int_equal(
        eb_csv_name(FIELD("decode\0and a long tail that ends beyond every name"), EB_PHASE_COUNT, phase_name), -1);
}

static void an_amount_is_all_of_the_field(void **state)
{
    (void)state;
    double value;
    assert_true(eb_csv_amount(FIELD("1.5e3"), &value));
    assert_true(value == 1500);
    assert_true(eb_csv_amount(FIELD(""), &value));
    assert_true(isnan(value));
    assert_false(eb_csv_amount(FIELD("1.5\0junk"), &value));
    assert_false(eb_csv_amount(FIELD("1.5 "), &value));
    assert_false(eb_csv_amount(FIELD("-1"), &value));
    assert_false(eb_csv_amount(FIELD("0x10"), &value));
    assert_false(eb_csv_amount(FIELD("1e999"), &value));
    uint64_t whole;
    assert_false(eb_csv_u64(FIELD("12\0"), UINT64_MAX, &whole));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_all_of_the_field),
        cmocka_unit_test(an_amount_is_all_of_the_field),
    };
    return cmocka_run_group_tests_name("csv_field", tests, NULL, NULL);
}
