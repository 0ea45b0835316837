// SPDX-License-Identifier: Apache-2.0
#include "harness/record/record_fields.h"

#include <math.h>
#include <string.h>
#include "harness/base/mem.h"

enum { MAX_ITEMS = 100000 };

bool eb_fields_has(const eb_fields *f, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(f->json, key) != NULL;
}

void eb_fields_wrong(eb_fields *f, const char *key)
{
    if (f->ok)
        eb_err_at(f->err, EB_USAGE, f->at.file, f->at.line, 0, "'%s' is missing or not what it should be", key);
    f->ok = false;
}

char *eb_fields_text(eb_fields *f, const char *key, bool required)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(f->json, key);
    if (cJSON_IsString(item))
        return eb_strdup(item->valuestring);
    if (required || (item && !cJSON_IsNull(item)))
        eb_fields_wrong(f, key);
    return required ? eb_strdup("") : NULL;
}

char *eb_fields_text_or_empty(eb_fields *f, const char *key)
{
    char *s = eb_fields_text(f, key, false);
    return s ? s : eb_strdup("");
}

void eb_fields_text_into(eb_fields *f, const char *key, char *buf, size_t size)
{
    const char *s = eb_json_str(f->json, key, NULL);
    if (!s || strlen(s) >= size)
        eb_fields_wrong(f, key);
    else
        memcpy(buf, s, strlen(s) + 1);
}

int eb_fields_whole(eb_fields *f, const char *key, int min, int max)
{
    double value = eb_json_num(f->json, key, NAN);
    if (!(value >= min && value <= max) || value != floor(value)) {
        eb_fields_wrong(f, key);
        return min;
    }
    return (int)value;
}

double eb_fields_number(eb_fields *f, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(f->json, key);
    if (cJSON_IsNumber(item) && isfinite(item->valuedouble))
        return item->valuedouble;
    if (!cJSON_IsNull(item))
        eb_fields_wrong(f, key);
    return NAN;
}

uint64_t eb_fields_digits(eb_fields *f, const char *key, uint64_t max, bool null_allowed, uint64_t absent)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(f->json, key);
    if (null_allowed && cJSON_IsNull(item))
        return absent;
    uint64_t value = eb_json_u64(f->json, key, UINT64_MAX);
    bool good = cJSON_IsString(item) && (value != UINT64_MAX || !strcmp(item->valuestring, "18446744073709551615"));
    if (!good || value > max) {
        eb_fields_wrong(f, key);
        return absent;
    }
    return value;
}

bool eb_fields_truth(eb_fields *f, const char *key)
{
    if (!cJSON_IsBool(cJSON_GetObjectItemCaseSensitive(f->json, key)))
        eb_fields_wrong(f, key);
    return eb_json_bool(f->json, key, false);
}

int eb_fields_list(eb_fields *f, const char *key, const cJSON **out)
{
    *out = cJSON_GetObjectItemCaseSensitive(f->json, key);
    int n = cJSON_IsArray(*out) ? cJSON_GetArraySize(*out) : -1;
    if (n < 0 || n > MAX_ITEMS) {
        eb_fields_wrong(f, key);
        return 0;
    }
    return n;
}

eb_fields eb_fields_inside(const eb_fields *f, const cJSON *json)
{
    return (eb_fields){ .json = json, .at = f->at, .err = f->err, .ok = f->ok };
}
