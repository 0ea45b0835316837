// SPDX-License-Identifier: Apache-2.0
// Numbers survive writing and reading; what cJSON lets pass is refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/json.h"

static cJSON *parse(const char *text, eb_err *err)
{
    eb_err_clear(err);
    return eb_json_parse(text, strlen(text), "x.json", err);
}

static void test_numbers_read_back_equal(void **state)
{
    (void)state;
    static const double values[] = { 0,
                                     1,
                                     -1,
                                     0.1,
                                     1.0 / 3,
                                     257.54,
                                     9007199254740991,
                                     9007199254740993e3,
                                     1e-300,
                                     1.7976931348623157e308,
                                     5e-324,
                                     -2.5e17,
                                     123456789.125 };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        cJSON *obj = cJSON_CreateObject();
        eb_err err;
        eb_json_add_num(obj, "v", values[i]);
        char *text = eb_json_print(obj, false);
        cJSON *back = parse(text, &err);
        assert_non_null(back);
        assert_true(eb_json_num(back, "v", -7) == values[i]);
        cJSON_Delete(back);
        cJSON_Delete(obj);
        free(text);
    }
}

static void test_text_of_numbers(void **state)
{
    (void)state;
    cJSON *obj = cJSON_CreateObject();
    eb_json_add_num(obj, "a", 0.1);
    eb_json_add_num(obj, "b", NAN);
    eb_json_add_num(obj, "c", -INFINITY);
    eb_json_add_num(obj, "d", 9007199254740991);
    eb_json_add_num(obj, "e", -0.0);
    eb_json_add_i64(obj, "f", INT64_MIN);
    eb_json_add_u64(obj, "g", UINT64_MAX);
    eb_json_add_u64str(obj, "h", UINT64_MAX);
    eb_json_add_str(obj, "i", NULL);
    eb_json_add_str(obj, "j", "a\"\xff\xc3\xa9");
    eb_json_add_bool(obj, "k", true);
    char *text = eb_json_print(obj, false);
    assert_string_equal(text,
                        "{\"a\":0.1,\"b\":null,\"c\":null,\"d\":9007199254740991,\"e\":0,"
                        "\"f\":-9223372036854775808,\"g\":18446744073709551615,"
                        "\"h\":\"18446744073709551615\",\"i\":null,\"j\":\"a\\\"\xef\xbf\xbd\xc3\xa9\",\"k\":true}");
    eb_err err;
    cJSON *back = parse(text, &err);
    assert_true(eb_json_u64(back, "h", 0) == UINT64_MAX);
    assert_true(eb_json_u64(back, "d", 0) == 9007199254740991u);
    assert_true(eb_json_u64(back, "g", 5) == 5); // 2^64 as a number: no uint64
    assert_true(isnan(eb_json_num(back, "b", NAN)));
    assert_true(eb_json_bool(back, "k", false));
    assert_string_equal(eb_json_str(back, "a", "none"), "none");
    assert_int_equal(eb_json_i64(back, "a", -3), -3);
    cJSON_Delete(back);
    cJSON_Delete(obj);
    free(text);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
        int line, column;
        eb_json_fault fault;
    } bad[] = {
        { "{\"a\":1} x", "text after the end of the JSON value", 1, 9, EB_JSON_TRAILING },
        { "{\"a\":1,\"b\":{\"c\":1,\"c\":2}}", "key 'c' occurs twice in one JSON object", 0, 0, EB_JSON_TWICE },
        { "{\n\"a\":\"\xc3\x28\"}", "invalid UTF-8 in JSON", 2, 6, EB_JSON_BYTES },
        { "{\"a\":}", "malformed JSON", 1, 6, EB_JSON_MALFORMED },
        { "", "malformed JSON", 1, 1, EB_JSON_MALFORMED },
        { "{\"a\":\"\xed\xa0\x80\"}", "invalid UTF-8 in JSON", 1, 7, EB_JSON_BYTES },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        eb_err err;
        assert_null(parse(bad[i].text, &err));
        assert_int_equal(err.code, EB_USAGE);
        assert_string_equal(err.message, bad[i].message);
        assert_string_equal(err.file, "x.json");
        assert_int_equal(err.line, bad[i].line);
        assert_int_equal(err.column, bad[i].column);
        eb_json_fault fault = EB_JSON_FINE;
        assert_null(eb_json_parse_fault(bad[i].text, strlen(bad[i].text), "x.json", &fault, &err));
        assert_int_equal(fault, bad[i].fault);
    }
    eb_err err = { 0 };
    assert_null(eb_json_parse("{\"a\":1}\0", 8, "x.json", &err));
    assert_string_equal(err.message, "NUL byte in JSON");
    char deep[400];
    memset(deep, '[', 200);
    memset(deep + 200, ']', 200);
    assert_null(eb_json_parse(deep, sizeof deep, "x.json", &err));
    assert_string_equal(err.message, "JSON is nested too deeply");
    cJSON *brackets = parse("{\"a\":\"[[[[\\\"[[[\",\"b\":[1,2] } \n", &err);
    assert_non_null(brackets);
    eb_json_fault fault = EB_JSON_TWICE;
    cJSON *fine = eb_json_parse_fault("[1]\n", 4, "x.json", &fault, &err);
    assert_int_equal(fault, EB_JSON_FINE);
    assert_non_null(fine);
    cJSON_Delete(fine);
    cJSON_Delete(brackets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_read_back_equal),
        cmocka_unit_test(test_text_of_numbers),
        cmocka_unit_test(test_what_is_refused),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
