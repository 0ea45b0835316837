// SPDX-License-Identifier: Apache-2.0
// Small arithmetic on named values: + - * / parentheses, a sign, decimal numbers, names. A name begins with a letter or
// _ and goes on with letters, digits, _ : . and -, as event names do ("llc-misses", "CYCLE_ACTIVITY:STALLS_MEM_ANY"):
// a minus between two names needs a space before it.
// Plain data of a bounded size. Threads: pure functions.
#ifndef EB_BASE_FORMULA_H
#define EB_BASE_FORMULA_H

#include "harness/base/error.h"

enum { EB_FORMULA_TEXT = 256, EB_FORMULA_NAME = 64, EB_FORMULA_NAMES = 16, EB_FORMULA_STEPS = 64 };

typedef struct eb_formula_step {
    char kind; // '#' a number, '@' a value by its name, '~' changes the sign, else + - * /
    int name;  // index into names
    double number;
} eb_formula_step;

typedef struct eb_formula {
    char names[EB_FORMULA_NAMES][EB_FORMULA_NAME]; // each once, as they come
    int name_at[EB_FORMULA_NAMES];                 // where each first stands in the text, from 0
    int n_names;
    eb_formula_step steps[EB_FORMULA_STEPS]; // operands before their operator
    int n_steps;
} eb_formula;

// False with err (EB_USAGE; err->column is the place in `text`, from 1) for what is no formula, or longer than
// EB_FORMULA_TEXT - 1, with too many names, too many steps or parentheses too deep.
bool eb_formula_parse(const char *text, eb_formula *out, eb_err *err);

// NAN = unknown: a value that is, a division by 0, an overflow. `value` is asked once per occurrence.
double eb_formula_eval(const eb_formula *f, double (*value)(void *arg, const char *name), void *arg);

bool eb_formula_is_name(const char *s, size_t n); // could be a name in a formula

#endif
