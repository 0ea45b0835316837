// SPDX-License-Identifier: Apache-2.0
// Numbers with units, in and out.
#define _GNU_SOURCE 1 // strtod_l
#include "harness/base/units.h"

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool fail_at(size_t *bad, size_t offset)
{
    if (bad)
        *bad = offset;
    return false;
}

static size_t span_digits(const char *s)
{
    return strspn(s, "0123456789");
}

// Length of `[+-]digits[.digits][e[+-]digits]` at s (".5" and "5." are taken), 0 = none; *junk = where it stops
// fitting.
static size_t span_number(const char *s, size_t *junk)
{
    size_t i = s[0] == '+' || s[0] == '-';
    size_t whole = span_digits(s + i), frac = 0;
    i += whole;
    if (s[i] == '.') {
        frac = span_digits(s + i + 1);
        i += 1 + frac;
    }
    *junk = whole + frac ? i : (size_t)(s[0] == '+' || s[0] == '-');
    if (whole + frac == 0)
        return 0;
    if (s[i] == 'e' || s[i] == 'E') {
        size_t sign = s[i + 1] == '+' || s[i + 1] == '-', digits = span_digits(s + i + 1 + sign);
        if (digits)
            i += 1 + sign + digits;
    }
    *junk = i;
    return i;
}

// The span has been checked, so strtod only converts; the C locale keeps '.' the decimal point.
static double convert(const char *s, size_t len)
{
    char buf[64];
    if (len >= sizeof buf)
        return NAN;
    memcpy(buf, s, len);
    buf[len] = '\0';
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    double value = c ? strtod_l(buf, NULL, c) : strtod(buf, NULL);
    if (c)
        freelocale(c);
    return value;
}

bool eb_parse_double(const char *s, double *out, size_t *bad)
{
    size_t junk, len = span_number(s, &junk);
    if (len == 0 || s[len] != '\0')
        return fail_at(bad, junk);
    double value = convert(s, len);
    if (!isfinite(value))
        return fail_at(bad, 0);
    *out = value;
    return true;
}

bool eb_parse_u64(const char *s, uint64_t *out, size_t *bad)
{
    size_t len = span_digits(s);
    if (len == 0 || s[len] != '\0')
        return fail_at(bad, len);
    errno = 0;
    unsigned long long value = strtoull(s, NULL, 10);
    if (errno == ERANGE)
        return fail_at(bad, 0);
    *out = value;
    return true;
}

typedef struct unit {
    const char *name;
    double factor;
} unit;

static const unit count_units[] = {
    { "", 1 },         { "k", 1024 },       { "K", 1024 },        { "Ki", 1024 }, { "M", 1048576 },
    { "Mi", 1048576 }, { "G", 1073741824 }, { "Gi", 1073741824 }, { NULL, 0 },
};
static const unit time_units[] = {
    { "ns", 1 },  { "us", 1e3 },   { "\xC2\xB5s", 1e3 }, { "ms", 1e6 },
    { "s", 1e9 }, { "min", 60e9 }, { "h", 3600e9 },      { NULL, 0 },
};
static const unit byte_units[] = {
    { "", 1 },
    { "B", 1 },
    { "k", 1e3 },
    { "kB", 1e3 },
    { "K", 1e3 },
    { "KB", 1e3 },
    { "M", 1e6 },
    { "MB", 1e6 },
    { "G", 1e9 },
    { "GB", 1e9 },
    { "T", 1e12 },
    { "TB", 1e12 },
    { "Ki", 1024 },
    { "KiB", 1024 },
    { "Mi", 1048576 },
    { "MiB", 1048576 },
    { "Gi", 1073741824 },
    { "GiB", 1073741824 },
    { "Ti", 1099511627776 },
    { "TiB", 1099511627776 },
    { NULL, 0 },
};

static const unit *find_unit(const unit *units, const char *name)
{
    for (const unit *u = units; u->name; u++)
        if (!strcmp(u->name, name))
            return u;
    return NULL;
}

bool eb_parse_int(const char *s, int64_t *out, size_t *bad)
{
    size_t sign = s[0] == '-' || s[0] == '+', len = sign + span_digits(s + sign);
    const unit *u = find_unit(count_units, s + len);
    if (len == sign || !u)
        return fail_at(bad, len);
    errno = 0;
    long long value = strtoll(s, NULL, 10);
    int64_t scaled;
    if (errno == ERANGE || __builtin_mul_overflow((int64_t)value, (int64_t)u->factor, &scaled))
        return fail_at(bad, 0);
    *out = scaled;
    return true;
}

// `number unit`, spaces between allowed, rounded to a whole number of base units, not negative.
static bool parse_scaled(const char *s, const unit *units, bool bare_zero, int64_t *out, size_t *bad)
{
    size_t junk, len = span_number(s, &junk);
    if (len == 0 || s[0] == '-')
        return fail_at(bad, s[0] == '-' ? 0 : junk);
    size_t at = len + strspn(s + len, " \t");
    double value = convert(s, len);
    const unit *u = find_unit(units, s + at);
    if (!u && bare_zero && s[at] == '\0' && value == 0)
        u = units;
    if (!u)
        return fail_at(bad, at);
    value = rint(value * u->factor);
    if (!(value < 9.2e18))
        return fail_at(bad, 0);
    *out = (int64_t)value;
    return true;
}

bool eb_parse_time_ns(const char *s, int64_t *out, size_t *bad)
{
    return parse_scaled(s, time_units, true, out, bad);
}

bool eb_parse_bytes(const char *s, int64_t *out, size_t *bad)
{
    return parse_scaled(s, byte_units, false, out, bad);
}

// ---- out ----

char *eb_fmt_below(char *buf, size_t size, double value, double limit)
{
    enum { FEWEST = 3, EXACT = 17 };
    int digits = FEWEST;
    snprintf(buf, size, "%.*g", digits, value);
    while (digits < EXACT && value < limit && !(strtod(buf, NULL) < limit))
        snprintf(buf, size, "%.*g", ++digits, value);
    return buf;
}

char *eb_fmt_sig(char *buf, size_t size, double value, int digits)
{
    if (isnan(value)) {
        snprintf(buf, size, "-");
        return buf;
    }
    if (isinf(value) || value == 0) {
        snprintf(buf, size, "%s", value == 0 ? "0" : value > 0 ? "inf" : "-inf");
        return buf;
    }
    if (digits < 1)
        digits = 1;
    if (digits > 17)
        digits = 17;
    // Rounding first tells the exponent that the printed number has: 9.999 becomes 10.0.
    char sci[40];
    snprintf(sci, sizeof sci, "%.*e", digits - 1, value);
    int exponent = atoi(strchr(sci, 'e') + 1), decimals = digits - 1 - exponent;
    if (exponent < -4 || exponent > 9 || (exponent == 9 && fabs(atof(sci)) > 1e9))
        snprintf(buf, size, "%s", sci);
    else if (decimals >= 0)
        snprintf(buf, size, "%.*f", decimals, value);
    else
        snprintf(buf, size, "%.0f", atof(sci));
    return buf;
}

// The largest unit in which the number, as it will be printed, is at least 1.
static char *fmt_unit(char *buf, size_t size, double value, int digits, const unit *units)
{
    if (!isfinite(value))
        return eb_fmt_sig(buf, size, value, digits);
    const unit *best = units;
    double half = 1 - 0.5 * pow(10, -(digits < 1 ? 1 : digits));
    for (const unit *u = units; u->name; u++)
        if (fabs(value) >= u->factor * half)
            best = u;
    char number[40];
    eb_fmt_sig(number, sizeof number, value / best->factor, digits);
    snprintf(buf, size, "%s %s", number, best->name);
    return buf;
}

char *eb_fmt_time(char *buf, size_t size, double ns, int digits)
{
    // Minutes and hours only from two of them on: "90.0 s" says more than "1.50 min".
    static const unit small[] = { { "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 }, { NULL, 0 } };
    static const unit minutes[] = { { "min", 60e9 }, { NULL, 0 } }, hours[] = { { "h", 3600e9 }, { NULL, 0 } };
    double size_ns = fabs(ns);
    return fmt_unit(buf, size, ns, digits, size_ns >= 7200e9 ? hours : size_ns >= 120e9 ? minutes : small);
}

char *eb_fmt_bytes(char *buf, size_t size, double bytes, int digits)
{
    static const unit units[] = {
        { "B", 1 }, { "kB", 1e3 }, { "MB", 1e6 }, { "GB", 1e9 }, { "TB", 1e12 }, { NULL, 0 }
    };
    // A count of bytes has no fraction: "512 B", not "512.00 B".
    if (fabs(bytes) < 1000 && bytes == rint(bytes)) {
        snprintf(buf, size, "%.0f B", bytes);
        return buf;
    }
    return fmt_unit(buf, size, bytes, digits, units);
}

const char *eb_s(long long n)
{
    return n == 1 ? "" : "s";
}
