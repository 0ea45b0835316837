// SPDX-License-Identifier: Apache-2.0
// Text for people.
#include "reports/text.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/utf8.h"

void eb_text_add(eb_text *t, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n >= 0) {
        if (t->n + (size_t)n + 1 > t->cap) {
            t->cap = 2 * t->cap + (size_t)n + 64;
            t->s = eb_realloc(t->s, t->cap, 1);
        }
        vsnprintf(t->s + t->n, (size_t)n + 1, fmt, again);
        t->n += (size_t)n;
    }
    va_end(again);
}

void eb_text_deinit(eb_text *t)
{
    free(t->s);
    *t = (eb_text){ 0 };
}

typedef struct span {
    uint32_t first, last;
} span;

// Controls, zero-width and direction marks, line separators, byte order mark, tags: nothing that a name needs.
static const span harmful[] = {
    { 0x00, 0x1F },     { 0x7F, 0x9F },     { 0xAD, 0xAD },     { 0x061C, 0x061C },
    { 0x180E, 0x180E }, { 0x200B, 0x200F }, { 0x2028, 0x202E }, { 0x2060, 0x206F },
    { 0xFEFF, 0xFEFF }, { 0xFFF9, 0xFFFB }, { 0xFFFE, 0xFFFF }, { 0xE0000, 0xE0FFF },
};
static const span combining[] = {
    { 0x0300, 0x036F }, { 0x0483, 0x0489 }, { 0x0591, 0x05BD }, { 0x0610, 0x061A }, { 0x064B, 0x065F },
    { 0x0900, 0x0902 }, { 0x093C, 0x093C }, { 0x0941, 0x0948 }, { 0x0E31, 0x0E31 }, { 0x0E34, 0x0E3A },
    { 0x0E47, 0x0E4E }, { 0x1AB0, 0x1AFF }, { 0x1DC0, 0x1DFF }, { 0x20D0, 0x20FF }, { 0x302A, 0x302D },
    { 0x3099, 0x309A }, { 0xFE00, 0xFE0F }, { 0xFE20, 0xFE2F },
};
static const span wide[] = {
    { 0x1100, 0x115F }, { 0x2E80, 0x303E },   { 0x3041, 0x33FF },   { 0x3400, 0x4DBF },   { 0x4E00, 0x9FFF },
    { 0xA000, 0xA4CF }, { 0xAC00, 0xD7A3 },   { 0xF900, 0xFAFF },   { 0xFE30, 0xFE6F },   { 0xFF00, 0xFF60 },
    { 0xFFE0, 0xFFE6 }, { 0x1F300, 0x1F64F }, { 0x1F680, 0x1F6FF }, { 0x1F900, 0x1F9FF }, { 0x20000, 0x3FFFD },
};

static bool among(uint32_t c, const span *spans, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (c >= spans[i].first && c <= spans[i].last)
            return true;
    return false;
}
#define AMONG(c, spans) among((c), (spans), sizeof(spans) / sizeof(spans)[0])

// Bytes of the character at `s`, 1 when malformed (then *c is U+FFFD); `s` is not at its end.
static int decode(const char *s, uint32_t *c)
{
    int len = eb_utf8_len(s, strlen(s) < 4 ? strlen(s) : 4);
    const unsigned char *u = (const unsigned char *)s;
    if (len <= 0) {
        *c = 0xFFFD;
        return 1;
    }
    *c = len == 1 ? u[0] : u[0] & (0xFFu >> (len + 1));
    for (int i = 1; i < len; i++)
        *c = *c << 6 | (u[i] & 0x3F);
    return len;
}

static int char_width(uint32_t c)
{
    return AMONG(c, combining) ? 0 : AMONG(c, wide) ? 2 : 1;
}

char *eb_text_clean(const char *s)
{
    eb_text out = { 0 };
    eb_text_add(&out, "%s", "");
    while (*s) {
        uint32_t c;
        int len = decode(s, &c);
        if (strchr(" \t\r\n\v\f", *s)) {
            while (s[len] && strchr(" \t\r\n\v\f", s[len]))
                len++;
            eb_text_add(&out, " ");
        } else if (c == 0xFFFD || AMONG(c, harmful)) {
            eb_text_add(&out, "\xEF\xBF\xBD");
        } else {
            eb_text_add(&out, "%.*s", len, s);
        }
        s += len;
    }
    return out.s;
}

int eb_text_width(const char *s)
{
    int width = 0;
    while (*s) {
        uint32_t c;
        s += decode(s, &c);
        width += char_width(c);
    }
    return width;
}

char *eb_text_fit(const char *s, int width)
{
    int total = eb_text_width(s);
    if (total <= width)
        return eb_strdup(s);
    // More of the head than of the tail; sizes and types stand at the tail.
    int head = width * 2 / 3, tail = width - 1 - head, column = 0;
    eb_text out = { 0 };
    eb_text_add(&out, "%s", "");
    bool cut = false;
    while (*s) {
        uint32_t c;
        int len = decode(s, &c), w = char_width(c);
        if (column + w <= head && !cut) {
            eb_text_add(&out, "%.*s", len, s);
        } else {
            if (!cut)
                eb_text_add(&out, "\xE2\x80\xA6");
            cut = true;
            if (column >= total - tail)
                eb_text_add(&out, "%.*s", len, s);
        }
        column += w;
        s += len;
    }
    return out.s;
}

void eb_text_wrap(FILE *out, const char *label, int indent, const char *text, int width)
{
    int column = eb_text_width(label);
    int gap = column < indent ? indent - column : column > 0;
    fprintf(out, "%s%*s", label, gap, "");
    column += gap;
    bool first = true;
    while (*text) {
        // A command in back-quotes stays on one line, to be copied.
        const char *close = *text == '`' ? strchr(text + 1, '`') : NULL;
        int quoted = close && close - text < width / 2 ? (int)(close - text) : 0;
        int len = quoted + (int)strcspn(text + quoted, " ");
        char *word = eb_strndup(text, (size_t)len);
        int w = eb_text_width(word);
        if (!first && column + 1 + w > width) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
            first = true;
        }
        fprintf(out, "%s%s", first ? "" : " ", word);
        column += w + !first;
        first = false;
        free(word);
        text += len;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

void eb_text_markdown(FILE *out, const char *s)
{
    for (const char *p = s; *p; p++) {
        // Inside a word an underscore is no markup, and names are full of them.
        bool inside = *p == '_' && p > s && isalnum((unsigned char)p[-1]) && isalnum((unsigned char)p[1]);
        if (strchr("|<>&*_`[]\\~#", *p) && !inside)
            fprintf(out, "&#%d;", *p);
        else
            fputc(*p, out);
    }
}

// Exponent of the leading digit of x > 0, after rounding to `digits` digits (9.99 has 1 when printed as 10).
static int leading(double x, int digits)
{
    char buf[40];
    snprintf(buf, sizeof buf, "%.*e", digits - 1, x);
    return atoi(strchr(buf, 'e') + 1);
}

int eb_text_place(double value, double halfwidth)
{
    enum { DIGITS = 3 };
    double v = fabs(value);
    if (!isfinite(v) || v == 0)
        return isfinite(halfwidth) && halfwidth > 0 ? leading(halfwidth, 1) : 0;
    int finest = leading(v, DIGITS) - (DIGITS - 1), coarsest = leading(v, 1);
    if (!isfinite(halfwidth) || halfwidth <= 0)
        return finest;
    int place = leading(halfwidth, 1);
    if (halfwidth < 1.95 * pow(10, place))
        place--; // a leading 1 alone would round the half-width by up to half of itself
    place = place < finest ? finest : place > coarsest ? coarsest : place;
    // One digit alone, of a figure that is smaller than its half-width, may be a third off.
    double step = pow(10, place);
    return fabs(round(v / step) * step - v) > v / 5 ? place - 1 : place;
}

char *eb_text_number(char *buf, size_t size, double value, int place)
{
    if (!isfinite(value)) {
        snprintf(buf, size, "-");
    } else if (place > 0) {
        double step = pow(10, place);
        snprintf(buf, size, "%.0f", round(value / step) * step);
    } else if (place < -12) {
        snprintf(buf, size, "%.2e", value);
    } else {
        snprintf(buf, size, "%.*f", -place, value == 0 ? 0.0 : value);
    }
    return buf;
}

char *eb_text_si(char *buf, size_t size, double value, double halfwidth)
{
    static const struct {
        double factor;
        const char *letter;
    } steps[] = { { 1e9, "G" }, { 1e6, "M" }, { 1e3, "k" }, { 1, "" } };
    size_t i = 0;
    if (!isfinite(value))
        return eb_text_number(buf, size, value, 0);
    double step = pow(10, eb_text_place(value, halfwidth)), rounded = round(value / step) * step;
    while (steps[i].factor > 1 && fabs(rounded) < (1 - 1e-9) * steps[i].factor)
        i++;
    double v = value / steps[i].factor, h = halfwidth / steps[i].factor;
    eb_text_number(buf, size, v, eb_text_place(v, h));
    size_t used = strlen(buf);
    snprintf(buf + used, size - used, "%s", steps[i].letter);
    return buf;
}

char *eb_text_spread(char *buf, size_t size, double value, double halfwidth, bool si, char mark)
{
    char digits[40];
    double factor = 1;
    const char *letter = "";
    if (!isfinite(halfwidth)) {
        snprintf(buf, size, "-");
        return buf;
    }
    if (halfwidth == 0) {
        buf[0] = '\0';
        return buf;
    }
    int place = eb_text_place(value, halfwidth);
    if (si) {
        eb_text_si(digits, sizeof digits, value, halfwidth);
        char last = digits[strlen(digits) - 1];
        letter = last == 'G' ? "G" : last == 'M' ? "M" : last == 'k' ? "k" : "";
        factor = last == 'G' ? 1e9 : last == 'M' ? 1e6 : last == 'k' ? 1e3 : 1;
    }
    double shown = fmax(halfwidth, pow(10, place)) / factor;
    eb_text_number(digits, sizeof digits, shown, place - (int)lround(log10(factor)));
    snprintf(buf, size, "±%s%s%.1s", digits, letter, &mark);
    return buf;
}

char eb_text_mark(eb_interval interval, int n)
{
    return interval != EB_INTERVAL_RANGE ? '\0' : n < 2 ? 's' : 'r';
}

double eb_text_shown_halfwidth(const eb_metric *m)
{
    bool single = m->interval == EB_INTERVAL_RANGE && m->n < 2 && m->budget.largest && isfinite(m->value);
    double half = single ? fmax(m->hi - m->value, m->value - m->lo) : NAN;
    return isfinite(half) && half > 0 ? half : eb_text_halfwidth(m);
}

double eb_text_halfwidth(const eb_metric *m)
{
    bool single = m->interval == EB_INTERVAL_RANGE && m->n < 2;
    if (single || m->interval == EB_INTERVAL_NONE || !isfinite(m->lo) || !isfinite(m->hi) || !isfinite(m->value))
        return NAN;
    return fmax(fmax(m->hi - m->value, m->value - m->lo), 0);
}

char *eb_text_percent(char *buf, size_t size, double frac)
{
    if (isnan(frac))
        snprintf(buf, size, "-");
    else if (frac > 0 && frac < 1e-4) // below what a share is read for; %g would turn to exponents
        snprintf(buf, size, "<0.01");
    else
        snprintf(buf, size, "%.3g", 100 * frac);
    return buf;
}
