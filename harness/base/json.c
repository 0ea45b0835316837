// SPDX-License-Identifier: Apache-2.0
// cJSON, written so that numbers read back equal, and parsed with the checks that it leaves out.
#include "harness/base/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "harness/base/utf8.h"

enum { MAX_DEPTH = 64 };

static void position(const char *text, size_t at, int *line, int *column)
{
    *line = *column = 1;
    for (size_t i = 0; i < at; i++) {
        *column = text[i] == '\n' ? 1 : *column + 1;
        *line += text[i] == '\n';
    }
}

static cJSON *fail_at(eb_err *err, const char *name, const char *text, size_t at, const char *why)
{
    int line, column;
    position(text, at, &line, &column);
    eb_err_at(err, EB_USAGE, name, line, column, "%s", why);
    return NULL;
}

// What must hold of the bytes before cJSON sees them: UTF-8 without NUL, bounded nesting.
static const char *scan(const char *text, size_t len, size_t *at)
{
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < len;) {
        *at = i;
        int step = eb_utf8_len(text + i, len - i);
        if (step < 0)
            return "invalid UTF-8 in JSON";
        char c = text[i];
        if (c == '\0')
            return "NUL byte in JSON";
        if (in_string && c == '\\' && i + 1 < len && (unsigned char)text[i + 1] < 0x80)
            step = 2;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '{' || c == '['))
            depth++;
        else if (!in_string && (c == '}' || c == ']'))
            depth--;
        if (depth > MAX_DEPTH)
            return "JSON is nested too deeply";
        i += (size_t)step;
    }
    return NULL;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// A key that occurs twice in one object, or NULL. Recursion is bounded by MAX_DEPTH.
static const char *duplicate_key(const cJSON *json)
{
    const char *found = NULL;
    const char **keys = NULL;
    size_t n = 0, cap = 0;
    for (const cJSON *child = json->child; child && !found; child = child->next) {
        if (cJSON_IsObject(json)) {
            EB_GROW(keys, n, cap);
            keys[n++] = child->string;
        }
        found = duplicate_key(child);
    }
    if (!found && n > 1) {
        qsort(keys, n, sizeof *keys, by_key);
        for (size_t i = 1; i < n && !found; i++)
            if (!strcmp(keys[i - 1], keys[i]))
                found = keys[i];
    }
    free(keys);
    return found;
}

cJSON *eb_json_parse_fault(const char *text, size_t len, const char *name, eb_json_fault *fault, eb_err *err)
{
    size_t at = 0;
    const char *why = scan(text, len, &at);
    *fault = why ? EB_JSON_BYTES : EB_JSON_FINE;
    if (why)
        return fail_at(err, name, text, at, why);
    const char *end = text;
    cJSON *json = cJSON_ParseWithLengthOpts(text, len, &end, false);
    if (!json) {
        *fault = EB_JSON_MALFORMED;
        return fail_at(err, name, text, end >= text && end <= text + len ? (size_t)(end - text) : len,
                       "malformed JSON");
    }
    at = (size_t)(end - text);
    while (at < len && strchr(" \t\r\n", text[at]))
        at++;
    const char *twice = at < len ? NULL : duplicate_key(json);
    if (at < len) {
        *fault = EB_JSON_TRAILING;
        fail_at(err, name, text, at, "text after the end of the JSON value");
    } else if (twice) {
        *fault = EB_JSON_TWICE;
        eb_err_at(err, EB_USAGE, name, 0, 0, "key '%.100s' occurs twice in one JSON object", twice);
    }
    if (*fault == EB_JSON_FINE)
        return json;
    cJSON_Delete(json);
    return NULL;
}

cJSON *eb_json_parse(const char *text, size_t len, const char *name, eb_err *err)
{
    eb_json_fault ignored;
    return eb_json_parse_fault(text, len, name, &ignored, err);
}

static void add_raw(cJSON *obj, const char *key, const char *digits)
{
    cJSON_AddItemToObject(obj, key, cJSON_CreateRaw(digits));
}

// The fewest digits that read back equal.
static const char *number_text(char *text, size_t size, double value)
{
    int digits = 15; // 17 always do
    if (value == floor(value) && fabs(value) < 0x1p53)
        snprintf(text, size, "%.0f", value == 0 ? 0.0 : value);
    else
        do
            snprintf(text, size, "%.*g", digits, value);
        while (strtod(text, NULL) != value && ++digits <= 17);
    return text;
}

void eb_json_add_num(cJSON *obj, const char *key, double value)
{
    char text[40];
    if (isfinite(value))
        add_raw(obj, key, number_text(text, sizeof text, value));
    else
        cJSON_AddItemToObject(obj, key, cJSON_CreateNull());
}

void eb_json_add_i64(cJSON *obj, const char *key, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    add_raw(obj, key, text);
}

void eb_json_add_u64(cJSON *obj, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    add_raw(obj, key, text);
}

void eb_json_add_u64str(cJSON *obj, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    cJSON_AddItemToObject(obj, key, cJSON_CreateString(text));
}

// A copy with each byte that is no UTF-8 replaced by U+FFFD.
static char *clean_utf8(const char *value)
{
    size_t len = strlen(value), n = 0;
    char *clean = eb_alloc(3 * len + 1);
    for (size_t i = 0; i < len;) {
        int step = eb_utf8_len(value + i, len - i);
        memcpy(clean + n, step > 0 ? value + i : "\xef\xbf\xbd", step > 0 ? (size_t)step : 3);
        n += step > 0 ? (size_t)step : 3;
        i += step > 0 ? (size_t)step : 1;
    }
    return clean;
}

static cJSON *string_or_null(const char *value)
{
    if (!value)
        return cJSON_CreateNull();
    char *clean = clean_utf8(value);
    cJSON *item = cJSON_CreateString(clean);
    free(clean);
    return item;
}

void eb_json_add_str(cJSON *obj, const char *key, const char *value)
{
    cJSON_AddItemToObject(obj, key, string_or_null(value));
}

void eb_json_append_num(cJSON *arr, double value)
{
    char text[40];
    cJSON_AddItemToArray(arr,
                         isfinite(value) ? cJSON_CreateRaw(number_text(text, sizeof text, value)) : cJSON_CreateNull());
}

void eb_json_append_str(cJSON *arr, const char *value)
{
    cJSON_AddItemToArray(arr, string_or_null(value));
}

void eb_json_add_known(cJSON *obj, const char *key, const char *text)
{
    eb_json_add_str(obj, key, text && *text ? text : NULL);
}

void eb_json_add_texts(cJSON *obj, const char *key, char *const *items, size_t n)
{
    cJSON *list = eb_json_add_arr(obj, key);
    for (size_t i = 0; i < n; i++)
        eb_json_append_str(list, items[i]);
}

void eb_json_add_bool(cJSON *obj, const char *key, bool value)
{
    cJSON_AddItemToObject(obj, key, cJSON_CreateBool(value));
}

cJSON *eb_json_add_obj(cJSON *obj, const char *key)
{
    return cJSON_AddObjectToObject(obj, key);
}

cJSON *eb_json_add_arr(cJSON *obj, const char *key)
{
    return cJSON_AddArrayToObject(obj, key);
}

cJSON *eb_json_append_obj(cJSON *arr)
{
    cJSON *obj = cJSON_CreateObject();
    cJSON_AddItemToArray(arr, obj);
    return obj;
}

double eb_json_num(const cJSON *obj, const char *key, double fallback)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(obj, key);
    return cJSON_IsNumber(item) ? item->valuedouble : fallback;
}

int64_t eb_json_i64(const cJSON *obj, const char *key, int64_t fallback)
{
    double value = eb_json_num(obj, key, NAN);
    if (!(value >= -9223372036854775808.0 && value < 9223372036854775808.0) || value != floor(value))
        return fallback;
    return (int64_t)value;
}

uint64_t eb_json_u64(const cJSON *obj, const char *key, uint64_t fallback)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(obj, key);
    uint64_t value;
    if (cJSON_IsString(item))
        return eb_parse_u64(item->valuestring, &value, NULL) ? value : fallback;
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble < 0x1p64) ||
        item->valuedouble != floor(item->valuedouble))
        return fallback;
    return (uint64_t)item->valuedouble;
}

const char *eb_json_str(const cJSON *obj, const char *key, const char *fallback)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(obj, key);
    return cJSON_IsString(item) ? item->valuestring : fallback;
}

bool eb_json_bool(const cJSON *obj, const char *key, bool fallback)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(obj, key);
    return cJSON_IsBool(item) ? cJSON_IsTrue(item) : fallback;
}

char *eb_json_print(const cJSON *json, bool pretty)
{
    return pretty ? cJSON_Print(json) : cJSON_PrintUnformatted(json);
}
