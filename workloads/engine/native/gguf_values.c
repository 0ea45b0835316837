// SPDX-License-Identifier: Apache-2.0
// Keys and tensors of a GGUF file that was read, by name, and values as the numbers that are asked for.
#include <string.h>
#include "workloads/engine/native/gguf_impl.h"

const eb_gguf_value_type eb_gguf_value_types[EB_GGUF_TYPE_COUNT] = {
    [EB_GGUF_U8] = { "u8", 1 },       [EB_GGUF_I8] = { "i8", 1 },     [EB_GGUF_U16] = { "u16", 2 },
    [EB_GGUF_I16] = { "i16", 2 },     [EB_GGUF_U32] = { "u32", 4 },   [EB_GGUF_I32] = { "i32", 4 },
    [EB_GGUF_F32] = { "f32", 4 },     [EB_GGUF_BOOL] = { "bool", 1 }, [EB_GGUF_STRING] = { "string", 0 },
    [EB_GGUF_U64] = { "u64", 8 },     [EB_GGUF_I64] = { "i64", 8 },   [EB_GGUF_F64] = { "f64", 8 },
    [EB_GGUF_ARRAY] = { "array", 0 },
};

const eb_gguf_kv *eb_gguf_find(const eb_gguf *g, const char *key)
{
    for (size_t i = 0; i < g->n_kv; i++)
        if (!strcmp(g->kv[i].key, key))
            return &g->kv[i];
    return NULL;
}

const eb_gguf_tensor *eb_gguf_tensor_find(const eb_gguf *g, const char *name)
{
    eb_gguf_tensor **sorted = g->index;
    size_t lo = 0, hi = g->n_tensors;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int order = strcmp(name, sorted[mid]->name);
        if (order == 0)
            return sorted[mid];
        if (order < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return NULL;
}

// The integer of `type` at `at` as a signed 64-bit number; false where the type is no integer or it does not fit.
static bool as_i64(eb_gguf_type type, const uint8_t *at, int64_t *out)
{
    uint64_t raw = 0;
    if (type == EB_GGUF_F32 || type == EB_GGUF_F64 || type == EB_GGUF_BOOL || type == EB_GGUF_STRING ||
        type == EB_GGUF_ARRAY)
        return false;
    int bytes = eb_gguf_value_types[type].bytes;
    memcpy(&raw, at, (size_t)bytes);
    bool is_signed = type == EB_GGUF_I8 || type == EB_GGUF_I16 || type == EB_GGUF_I32 || type == EB_GGUF_I64;
    if (is_signed) {
        uint64_t sign = (uint64_t)1 << (8 * bytes - 1);
        *out = (int64_t)((raw ^ sign) - sign);
        return true;
    }
    *out = (int64_t)raw;
    return raw <= INT64_MAX;
}

bool eb_gguf_item_u32(const eb_gguf_kv *kv, uint64_t i, uint32_t *out)
{
    int64_t v = 0;
    if (kv->type != EB_GGUF_ARRAY || i >= kv->n || kv->item == EB_GGUF_STRING ||
        !as_i64(kv->item, kv->value + i * (uint64_t)eb_gguf_value_types[kv->item].bytes, &v) || v < 0 || v > UINT32_MAX)
        return false;
    *out = (uint32_t)v;
    return true;
}

static bool wrong(const eb_gguf *g, const eb_gguf_kv *kv, const char *wanted, eb_err *err)
{
    eb_err_at(err, EB_USAGE, g->path, 0, 0, "key '%s' is a value of type %s that is no %s", kv->key,
              eb_gguf_value_types[kv->type].name, wanted);
    return eb_err_hint(err, "the file is damaged or of another kind; get or make it again");
}

bool eb_gguf_u32(const eb_gguf *g, const char *key, uint32_t *out, eb_err *err)
{
    const eb_gguf_kv *kv = eb_gguf_find(g, key);
    int64_t v;
    if (!kv)
        return false;
    if (!as_i64(kv->type, kv->value, &v) || v < 0 || v > UINT32_MAX)
        return wrong(g, kv, "whole number from 0 to 4294967295", err);
    *out = (uint32_t)v;
    return true;
}

bool eb_gguf_f32(const eb_gguf *g, const char *key, float *out, eb_err *err)
{
    const eb_gguf_kv *kv = eb_gguf_find(g, key);
    if (!kv)
        return false;
    double d = 0;
    float f = 0;
    if (kv->type == EB_GGUF_F32) {
        memcpy(&f, kv->value, 4);
        d = f;
    } else if (kv->type == EB_GGUF_F64) {
        memcpy(&d, kv->value, 8);
    } else {
        return wrong(g, kv, "floating point number", err);
    }
    if (!(d >= -3.4e38 && d <= 3.4e38))
        return wrong(g, kv, "finite number", err);
    *out = (float)d;
    return true;
}

bool eb_gguf_str(const eb_gguf *g, const char *key, char *buf, size_t size)
{
    const eb_gguf_kv *kv = eb_gguf_find(g, key);
    if (!kv || kv->type != EB_GGUF_STRING || kv->n >= size || memchr(kv->value, 0, (size_t)kv->n))
        return false;
    memcpy(buf, kv->value, (size_t)kv->n);
    buf[kv->n] = 0;
    return true;
}
