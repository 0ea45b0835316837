// SPDX-License-Identifier: Apache-2.0
// Numbers, names with an index and text out of /sys.
#include <errno.h>

#include "probes/sysfs.h"
#include "tests/unit/probe_tape.h"

static void numbers_are_exact_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int rc;
        int64_t value;
    } cases[] = {
        { "0", 0, 0 },
        { "12\n", 0, 12 },
        { " -7 \n", 0, -7 },
        { "\t8\r\n9\n", 0, 8 },
        { "9223372036854775807", 0, INT64_MAX },
        { "-9223372036854775807", 0, -INT64_MAX },
        { "9223372036854775808", -EBADMSG, 0 },
        { "99999999999999999999999999999", -EBADMSG, 0 },
        { "", -EBADMSG, 0 },
        { "\n5", -EBADMSG, 0 },
        { "-", -EBADMSG, 0 },
        { "--1", -EBADMSG, 0 },
        { "+1", -EBADMSG, 0 },
        { "- 1", -EBADMSG, 0 },
        { "1.5", -EBADMSG, 0 },
        { "1 2", -EBADMSG, 0 },
        { "0x10", -EBADMSG, 0 },
        { "<unknown>", -EBADMSG, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t value = 0;
        int rc = eb_sysfs_parse_s64(cases[i].text, strlen(cases[i].text), &value);
        if (rc != cases[i].rc || value != cases[i].value)
            fail_msg("'%s': %d, %lld", cases[i].text, rc, (long long)value);
    }
}

static void names_have_one_index(void **state)
{
    (void)state;
    unsigned n = 0;
    assert_true(eb_sysfs_index("temp12_input", "temp", "_input", &n));
    assert_int_equal(n, 12);
    assert_true(eb_sysfs_index("hwmon0", "hwmon", "", &n));
    assert_int_equal(n, 0);
    static const char *const bad[] = { "temp_input",   "temp1",        "temp1_inputs",
                                       "xtemp1_input", "temp01_input", "temp1234567_input",
                                       "temp-1_input", "temp 1_input", "" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (eb_sysfs_index(bad[i], "temp", "_input", &n))
            fail_msg("'%s' has index %u", bad[i], n);
}

static void lists_are_in_order_and_bounded(void **state)
{
    (void)state;
    eb_io io;
    eb_err err;
    eb_err_clear(&err);
    static const char text[] = "0 /d/x10 1\n0 /d/x2 1\n0 /d/x 1\n0 /d/y3 1\n0 /d/x100 1\n0 /d/x1 1\n0 /d/x7 1\n"
                               "0 /locked !EACCES\n";
    assert_true(eb_io_tape(text, &io, &err));
    unsigned list[8] = { 0 };
    static const unsigned want[] = { 1, 2, 7, 10, 100 };
    assert_int_equal(eb_sysfs_list_indices(&io, "/d", "x", "", list, 8), 5);
    assert_memory_equal(list, want, sizeof want);
    list[3] = 77;
    assert_int_equal(eb_sysfs_list_indices(&io, "/d", "x", "", list, 3), 3);
    assert_memory_equal(list, want, 3 * sizeof *want);
    assert_int_equal(list[3], 77);
    assert_int_equal(eb_sysfs_list_indices(&io, "/none", "x", "", list, 8), -ENOENT);
    assert_int_equal(eb_sysfs_list_indices(&io, "/locked", "x", "", list, 8), -EACCES);
    eb_io_deinit(&io);
}

static void text_is_fit_to_be_shown(void **state)
{
    (void)state;
    char text[] = "a\x1b[31m\xc3\xa9 \t";
    eb_probe_make_printable(text);
    assert_string_equal(text, "a?[31m??");
    char blank[] = "  ";
    eb_probe_make_printable(blank);
    assert_string_equal(blank, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_exact_or_refused),
        cmocka_unit_test(names_have_one_index),
        cmocka_unit_test(lists_are_in_order_and_bounded),
        cmocka_unit_test(text_is_fit_to_be_shown),
    };
    return cmocka_run_group_tests_name("sysfs", tests, NULL, NULL);
}
