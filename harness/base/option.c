// SPDX-License-Identifier: Apache-2.0
// One value of one option: parsed, checked against its range, and described for help.
#include "harness/base/option.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "harness/base/words.h"

static bool refuse(eb_err *err, size_t offset, const char *message)
{
    eb_err_at(err, EB_USAGE, NULL, 0, (int)offset + 1, "%s", message);
    return false;
}

static bool has_range(const eb_option *opt)
{
    return opt->min != 0 || opt->max != 0;
}

static bool out_of_range(const eb_option *opt, const char *text, eb_err *err)
{
    char lo[40], hi[40];
    eb_err_at(err, EB_USAGE, NULL, 0, 1, "%s = %.60s is out of range", opt->key, text);
    if (!has_range(opt))
        return eb_err_hint(err, "a number that a computer can hold");
    return eb_err_hint(err, "allowed: %s to %s", eb_option_bound(lo, sizeof lo, opt, opt->min),
                       eb_option_bound(hi, sizeof hi, opt, opt->max));
}

// ---- one parser per type: fills out, or err with the column of the offence ----

// What is well written and still not taken is too large: the parsers then point at its beginning.
static bool too_large(const char *text, size_t bad)
{
    text += text[0] == '-' || text[0] == '+';
    text += text[0] == '.';
    return bad == 0 && isdigit((unsigned char)text[0]);
}

static bool not_a(const eb_option *opt, const char *text, const char *what, size_t bad, eb_err *err)
{
    char message[256];
    if (text[0] && bad > 0 && bad < strlen(text))
        snprintf(message, sizeof message, "'%.60s' does not belong after '%.*s' in %s", text + bad,
                 (int)(bad < 60 ? bad : 60), text, opt->key);
    else
        snprintf(message, sizeof message, "%s must be %s, not '%.60s'", opt->key, what, text);
    return refuse(err, bad < strlen(text) ? bad : 0, message);
}

static bool parse_bool(const eb_option *opt, const char *text, eb_value *out, eb_err *err)
{
    static const char *const words[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };
    for (int i = 0; i < 8; i++) {
        if (!strcmp(text, words[i])) {
            out->b = i & 1;
            return true;
        }
    }
    not_a(opt, text, "yes or no", 0, err);
    return eb_err_hint(err, "allowed: yes, no (or true, false, on, off, 1, 0)");
}

static bool parse_int(const eb_option *opt, const char *text, eb_value *out, eb_err *err)
{
    size_t bad = 0;
    double number;
    if (eb_parse_int(text, &out->i, &bad))
        return true;
    if (too_large(text, bad))
        return out_of_range(opt, text, err);
    // "0.5" is well written, only not whole: its first digits are no better than the rest.
    not_a(opt, text, "a whole number", eb_parse_double(text, &number, NULL) ? 0 : bad, err);
    return eb_err_hint(err, "a whole number such as 128, or 4k for 4096");
}

static bool parse_float(const eb_option *opt, const char *text, eb_value *out, eb_err *err)
{
    size_t bad = 0, len = strlen(text);
    bool fraction = opt->unit && !strcmp(opt->unit, "fraction");
    bool percent = fraction && len > 1 && text[len - 1] == '%';
    char *number = eb_strndup(text, percent ? len - 1 : len);
    bool ok = eb_parse_double(number, &out->f, &bad);
    free(number);
    if (ok && percent)
        out->f /= 100;
    if (ok)
        return true;
    if (too_large(text, bad))
        return out_of_range(opt, text, err);
    not_a(opt, text, "a number", bad, err);
    return eb_err_hint(err, fraction ? "a fraction such as 0.02, or 2%%" : "a number such as 0.21, without a unit");
}

static bool parse_time(const eb_option *opt, const char *text, eb_value *out, eb_err *err)
{
    size_t bad = 0;
    double bare;
    if (eb_parse_time_ns(text, &out->i, &bad))
        return true;
    if (text[0] == '-' ? eb_parse_time_ns(text + 1, &out->i, NULL) : too_large(text, bad))
        return out_of_range(opt, text, err);
    if (eb_parse_double(text, &bare, NULL))
        eb_err_at(err, EB_USAGE, NULL, 0, (int)bad + 1, "%s needs a unit: '%.60s' what?", opt->key, text);
    else
        not_a(opt, text, "a time", bad, err);
    return eb_err_hint(err, "a time such as 250ms, 2s or 1.5min (ns, us, ms, s, min, h)");
}

static bool parse_size(const eb_option *opt, const char *text, eb_value *out, eb_err *err)
{
    size_t bad = 0;
    if (eb_parse_bytes(text, &out->i, &bad))
        return true;
    if (text[0] == '-' ? eb_parse_bytes(text + 1, &out->i, NULL) : too_large(text, bad))
        return out_of_range(opt, text, err);
    not_a(opt, text, "a size", bad, err);
    return eb_err_hint(err, "a size such as 512M or 2GiB (k, M, G: 1000; Ki, Mi, Gi: 1024)");
}

static bool parse_string(const eb_option *opt, const char *text, eb_value *out, eb_err *err)
{
    (void)opt, (void)text, (void)out, (void)err;
    return true;
}

static bool parse_enum(const eb_option *opt, const char *text, eb_value *out, eb_err *err)
{
    const char *names[64] = { 0 };
    int n = 0;
    for (const eb_choice *c = opt->choices; c->name && n < 64; c++) {
        if (!strcmp(c->name, text)) {
            out->i = n;
            return true;
        }
        names[n++] = c->name;
    }
    const char *near = eb_nearest(text, names, n);
    char list[400] = "";
    for (int i = 0; i < n; i++)
        eb_words_add(list, sizeof list, ", ", names[i]);
    eb_err_at(err, EB_USAGE, NULL, 0, 1, "%s cannot be '%.60s'", opt->key, text);
    if (near)
        return eb_err_hint(err, "did you mean '%s'? allowed: %s", near, list);
    return eb_err_hint(err, "allowed: %s", list);
}

static int days_in(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static bool parse_date(const eb_option *opt, const char *text, eb_value *out, eb_err *err)
{
    (void)out;
    bool shape = strlen(text) == 10;
    for (int i = 0; shape && i < 10; i++)
        shape = i == 4 || i == 7 ? text[i] == '-' : isdigit((unsigned char)text[i]) != 0;
    int year = 0, month = 0, day = 0;
    if (shape && sscanf(text, "%4d-%2d-%2d", &year, &month, &day) == 3 && year >= 1970 && month >= 1 && month <= 12 &&
        day >= 1 && day <= days_in(year, month))
        return true;
    not_a(opt, text, "a date", 0, err);
    return eb_err_hint(err, "a day as YYYY-MM-DD, such as 2026-01-31");
}

typedef struct type_info {
    const char *name;
    bool (*parse)(const eb_option *opt, const char *text, eb_value *out, eb_err *err);
} type_info;

static const type_info types[] = {
    [EB_OPTION_BOOL] = { "yes/no", parse_bool },   [EB_OPTION_INT] = { "whole number", parse_int },
    [EB_OPTION_FLOAT] = { "number", parse_float }, [EB_OPTION_TIME] = { "time", parse_time },
    [EB_OPTION_SIZE] = { "size", parse_size },     [EB_OPTION_STRING] = { "text", parse_string },
    [EB_OPTION_ENUM] = { "choice", parse_enum },   [EB_OPTION_DATE] = { "date", parse_date },
};

const char *eb_option_type_name(eb_option_type type)
{
    return types[type].name;
}

// ---- ranges ----

char *eb_option_bound(char *buf, size_t size, const eb_option *opt, double bound)
{
    if (opt->type == EB_OPTION_TIME && bound != 0)
        eb_fmt_time(buf, size, bound, 3);
    else if (opt->type == EB_OPTION_SIZE)
        eb_fmt_bytes(buf, size, bound, 3);
    else if (opt->type == EB_OPTION_INT)
        snprintf(buf, size, "%.0f", bound);
    else
        snprintf(buf, size, "%.6g", bound);
    // "60.0 min" is a bound, not a measurement: its zeros say nothing.
    char *dot = strchr(buf, '.'), *end = dot ? dot + 1 + strspn(dot + 1, "0") : NULL;
    if (dot && (*end == ' ' || *end == '\0'))
        memmove(dot, end, strlen(end) + 1);
    return buf;
}

static bool check_range(const eb_option *opt, const char *text, const eb_value *value, eb_err *err)
{
    bool whole = opt->type == EB_OPTION_INT || opt->type == EB_OPTION_TIME || opt->type == EB_OPTION_SIZE;
    if (!has_range(opt) || (!whole && opt->type != EB_OPTION_FLOAT))
        return true;
    // Bounds of whole numbers are exact as doubles; a value beside one need not be.
    bool inside = whole ? value->i >= (int64_t)opt->min && value->i <= (int64_t)opt->max
                        : value->f >= opt->min && value->f <= opt->max;
    return inside || out_of_range(opt, text, err);
}

bool eb_option_parse(const eb_option *opt, const char *text, eb_value *out, eb_err *err)
{
    *out = (eb_value){ .s = text };
    if (text[0] == '\0') {
        eb_err_at(err, EB_USAGE, NULL, 0, 1, "%s has no value", opt->key);
        return eb_err_hint(err, "leave the line out for the default%s%s", opt->def ? ": " : "",
                           opt->def ? opt->def : "");
    }
    return types[opt->type].parse(opt, text, out, err) && check_range(opt, text, out, err);
}

// ---- help ----

typedef struct text {
    char *s;
    size_t n, cap;
} text;

static void put(text *t, const char *s)
{
    size_t len = strlen(s);
    while (t->n + len + 1 > t->cap) {
        t->cap = t->cap ? 2 * t->cap : 512;
        t->s = eb_realloc(t->s, t->cap, 1);
    }
    memcpy(t->s + t->n, s, len + 1);
    t->n += len;
}

// Words broken into lines of at most 96 columns, all but the first indented; the first goes on at `column`.
static void put_wrapped(text *t, const char *s, size_t indent, size_t column)
{
    enum { WIDTH = 96 };
    bool first = true; // of its line
    while (*s) {
        size_t len = strcspn(s, " ");
        if (!first && column + 1 + len > WIDTH) {
            put(t, "\n");
            for (column = 0; column < indent; column++)
                put(t, " ");
            first = true;
        }
        char *word = eb_format("%s%.*s", first ? "" : " ", (int)len, s);
        put(t, word);
        free(word);
        column += len + !first;
        first = false;
        s += len;
        s += strspn(s, " ");
    }
    put(t, "\n");
}

char *eb_option_help(const eb_option *opt)
{
    text t = { 0 };
    char line[512], lo[40], hi[40];
    snprintf(line, sizeof line, "%s.%s\n", opt->section, opt->key);
    put(&t, line);
    put(&t, "  ");
    put_wrapped(&t, opt->doc, 2, 2);
    // A time is written with its own unit, whatever the program counts in.
    bool unit = opt->unit && opt->type != EB_OPTION_TIME;
    snprintf(line, sizeof line, "  type     %s%s%s%s%s%s\n", types[opt->type].name, unit ? ", " : "",
             unit ? opt->unit : "", opt->flags & EB_OPTION_LIST ? ", a comma list is allowed" : "",
             opt->flags & EB_OPTION_RANGE ? ", or low, value, high" : "",
             opt->flags & EB_OPTION_REQUIRED ? ", required" : "");
    put(&t, line);
    if (has_range(opt)) {
        snprintf(line, sizeof line, "  range    %s to %s\n", eb_option_bound(lo, sizeof lo, opt, opt->min),
                 eb_option_bound(hi, sizeof hi, opt, opt->max));
        put(&t, line);
    }
    snprintf(line, sizeof line, "  default  %s\n", opt->def && opt->def[0] ? opt->def : "none");
    put(&t, line);
    for (const eb_choice *c = opt->choices; c && c->name; c++) {
        snprintf(line, sizeof line, "  %s %-14s ", c == opt->choices ? "values  " : "        ", c->name);
        put(&t, line);
        put_wrapped(&t, c->help ? c->help : "", 26, strlen(line));
    }
    return t.s;
}
