// SPDX-License-Identifier: Apache-2.0
#include "harness/record/csv_field.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/record/records.h"

bool eb_csv_u64(const char *s, size_t n, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned digit = (unsigned)(unsigned char)s[i] - '0';
        if (digit > 9 || value > (UINT64_MAX - digit) / 10)
            return false;
        value = 10 * value + digit;
    }
    *out = value;
    return n > 0 && value <= max;
}

bool eb_csv_i64(const char *s, size_t n, int64_t min, int64_t max, int64_t *out)
{
    bool negative = n > 0 && s[0] == '-';
    uint64_t size;
    if (!eb_csv_u64(s + negative, n - negative, INT64_MAX, &size))
        return false;
    *out = negative ? -(int64_t)size : (int64_t)size;
    return *out >= min && *out <= max;
}

bool eb_csv_u32(const char *s, size_t n, uint32_t *out)
{
    uint64_t value = 0;
    bool ok = eb_csv_u64(s, n, UINT32_MAX, &value);
    *out = (uint32_t)value;
    return ok;
}

bool eb_csv_time(const char *s, size_t n, int64_t *out)
{
    return eb_csv_i64(s, n, -EB_TIME_MAX_NS, EB_TIME_MAX_NS, out);
}

bool eb_csv_word(const char *word, const char *s, size_t n)
{
    return strlen(word) == n && memcmp(word, s, n) == 0;
}

int eb_csv_name(const char *s, size_t n, int count, const char *(*name)(int))
{
    for (int i = 0; i < count; i++)
        if (eb_csv_word(name(i), s, n))
            return i;
    return -1;
}

bool eb_csv_amount(const char *s, size_t n, double *out)
{
    char buf[EB_CSV_FIELD + 1], *end;
    *out = NAN;
    if (n == 0)
        return true;
    memcpy(buf, s, n);
    buf[n] = '\0';
    if (!(buf[0] >= '0' && buf[0] <= '9') || strpbrk(buf, "xXpP"))
        return false;
    *out = strtod(buf, &end);
    return end == buf + n && isfinite(*out);
}
