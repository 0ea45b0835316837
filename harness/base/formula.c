// SPDX-License-Identifier: Apache-2.0
// Formulas: a descent through sums, products and factors that leaves the steps in the order of a stack.
#include "harness/base/formula.h"

#include <math.h>
#include <string.h>

#include "harness/base/units.h"

enum { DEPTH = 16, NUMBER = 48 };

typedef struct parser {
    const char *text, *at;
    eb_formula *out;
    eb_err *err;
    int depth;
} parser;

static bool sum(parser *p);

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// Characters of a name after its first; those between its parts do not end it.
static size_t name_length(const char *s)
{
    size_t n = 0;
    if (!is_letter(*s))
        return 0;
    for (size_t i = 1;; i++) {
        if (is_letter(s[i]) || is_digit(s[i]))
            n = i;
        else if (!s[i] || !strchr(":.-", s[i]))
            return n + 1;
    }
}

bool eb_formula_is_name(const char *s, size_t n)
{
    return n > 0 && n < EB_FORMULA_NAME && name_length(s) == n;
}

static bool wrong(parser *p, const char *why)
{
    eb_err_set(p->err, EB_USAGE, "%s", why);
    p->err->column = (int)(p->at - p->text) + 1;
    return false;
}

static char next(parser *p)
{
    p->at += strspn(p->at, " \t");
    return *p->at;
}

static bool add(parser *p, char kind, int name, double number)
{
    if (p->out->n_steps == EB_FORMULA_STEPS)
        return wrong(p, "the formula is too long");
    p->out->steps[p->out->n_steps++] = (eb_formula_step){ .kind = kind, .name = name, .number = number };
    return true;
}

static bool add_name(parser *p)
{
    eb_formula *f = p->out;
    size_t n = name_length(p->at);
    int i = 0;
    if (n >= EB_FORMULA_NAME)
        return wrong(p, "the name is too long");
    while (i < f->n_names && (strlen(f->names[i]) != n || memcmp(f->names[i], p->at, n) != 0))
        i++;
    if (i == EB_FORMULA_NAMES)
        return wrong(p, "the formula has too many names");
    if (i == f->n_names) {
        memcpy(f->names[f->n_names], p->at, n);
        f->name_at[f->n_names] = (int)(p->at - p->text);
        f->names[f->n_names++][n] = '\0';
    }
    if (!add(p, '@', i, 0))
        return false;
    p->at += n;
    return true;
}

static size_t digits(const char *s)
{
    return strspn(s, "0123456789");
}

static bool add_number(parser *p)
{
    char buf[NUMBER];
    size_t n = digits(p->at), whole = n;
    if (p->at[n] == '.')
        n += 1 + digits(p->at + n + 1);
    if (whole == 0 && n <= 1)
        return wrong(p, "a number, a name or ( is expected here");
    if (p->at[n] == 'e' || p->at[n] == 'E') {
        size_t sign = p->at[n + 1] == '-' || p->at[n + 1] == '+', power = digits(p->at + n + 1 + sign);
        if (!power)
            return wrong(p, "the exponent of the number is missing");
        n += 1 + sign + power;
    }
    if (n >= sizeof buf)
        return wrong(p, "the number is too long");
    memcpy(buf, p->at, n);
    buf[n] = '\0';
    double value;
    if (!eb_parse_double(buf, &value, NULL))
        return wrong(p, "this is no number that can be had");
    if (!add(p, '#', 0, value))
        return false;
    p->at += n;
    return true;
}

static bool factor(parser *p)
{
    char c = next(p);
    if (c != '(' && c != '-')
        return is_letter(c) ? add_name(p) : add_number(p);
    if (p->depth == DEPTH)
        return wrong(p, "the formula is nested too deeply");
    p->depth++;
    p->at++;
    bool ok = c == '-' ? factor(p) && add(p, '~', 0, 0) : sum(p);
    if (ok && c == '(' && next(p) != ')')
        return wrong(p, "a ) is missing here");
    p->depth--;
    p->at += ok && c == '(';
    return ok;
}

static bool chain(parser *p, bool (*operand)(parser *p), const char *operators)
{
    if (!operand(p))
        return false;
    for (char c = next(p); c && strchr(operators, c); c = next(p)) {
        p->at++;
        if (!operand(p) || !add(p, c, 0, 0))
            return false;
    }
    return true;
}

static bool product(parser *p)
{
    return chain(p, factor, "*/");
}

static bool sum(parser *p)
{
    return chain(p, product, "+-");
}

bool eb_formula_parse(const char *text, eb_formula *out, eb_err *err)
{
    parser p = { .text = text, .at = text, .out = out, .err = err };
    memset(out, 0, sizeof *out);
    if (strlen(text) >= EB_FORMULA_TEXT)
        return wrong(&p, "the formula is too long");
    if (!sum(&p))
        return false;
    return next(&p) == '\0' || wrong(&p, "an operator (+ - * /) or the end is expected here");
}

static double apply(char kind, double a, double b)
{
    switch (kind) {
    case '+':
        return a + b;
    case '-':
        return a - b;
    case '*':
        return a * b;
    default:
        return b == 0 ? NAN : a / b;
    }
}

double eb_formula_eval(const eb_formula *f, double (*value)(void *arg, const char *name), void *arg)
{
    double stack[EB_FORMULA_STEPS + 1] = { NAN };
    int n = 0;
    for (int i = 0; i < f->n_steps; i++) {
        const eb_formula_step *s = &f->steps[i];
        if (s->kind == '#')
            stack[n++] = s->number;
        else if (s->kind == '@')
            stack[n++] = value(arg, f->names[s->name]);
        else if (s->kind == '~')
            stack[n - 1] = -stack[n - 1];
        else {
            n--;
            stack[n - 1] = apply(s->kind, stack[n - 1], stack[n]);
        }
    }
    return isfinite(stack[0]) ? stack[0] : NAN;
}
