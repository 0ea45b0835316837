// SPDX-License-Identifier: Apache-2.0
// cJSON with the care it needs: numbers are written so that they read back equal (%.17g, whole
// numbers as digits), NAN and infinity as null; what is parsed is checked for trailing text,
// duplicate keys, invalid UTF-8 and depth.
#ifndef EB_BASE_JSON_H
#define EB_BASE_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include "harness/base/error.h"

typedef enum eb_json_fault {
    EB_JSON_FINE,
    EB_JSON_BYTES,     // not UTF-8, a NUL byte, nested too deeply
    EB_JSON_MALFORMED, // no JSON value; where the text ends too early, the place is at or before its end
    EB_JSON_TRAILING,  // text after the value
    EB_JSON_TWICE,     // a key is there twice in one object; its place is not known
} eb_json_fault;

cJSON *eb_json_parse(const char *text, size_t len, const char *name, eb_err *err); // caller: cJSON_Delete
// The same, and which kind of error it was.
cJSON *eb_json_parse_fault(const char *text, size_t len, const char *name, eb_json_fault *fault, eb_err *err);

void eb_json_add_num(cJSON *obj, const char *key, double value);
void eb_json_add_i64(cJSON *obj, const char *key, int64_t value);
void eb_json_add_u64(cJSON *obj, const char *key, uint64_t value);    // as digits
void eb_json_add_str(cJSON *obj, const char *key, const char *value); // NULL -> null; invalid UTF-8 replaced
void eb_json_add_bool(cJSON *obj, const char *key, bool value);
cJSON *eb_json_add_obj(cJSON *obj, const char *key);
cJSON *eb_json_add_arr(cJSON *obj, const char *key);
cJSON *eb_json_append_obj(cJSON *arr);
void eb_json_add_known(cJSON *obj, const char *key, const char *text); // as eb_json_add_str; "" -> null too
void eb_json_add_texts(cJSON *obj, const char *key, char *const *items, size_t n);
void eb_json_append_num(cJSON *arr, double value);      // as eb_json_add_num
void eb_json_append_str(cJSON *arr, const char *value); // as eb_json_add_str

// Getters: value or the fallback when missing or of another type. Whole numbers are exact only to
// 2^53: 64-bit values are stored as strings by eb_json_add_u64str and read by eb_json_u64.
double eb_json_num(const cJSON *obj, const char *key, double fallback);
int64_t eb_json_i64(const cJSON *obj, const char *key, int64_t fallback);
void eb_json_add_u64str(cJSON *obj, const char *key, uint64_t value);
uint64_t eb_json_u64(const cJSON *obj, const char *key, uint64_t fallback);       // string or number
const char *eb_json_str(const cJSON *obj, const char *key, const char *fallback); // borrowed
bool eb_json_bool(const cJSON *obj, const char *key, bool fallback);

char *eb_json_print(const cJSON *json, bool pretty); // caller frees

#endif
