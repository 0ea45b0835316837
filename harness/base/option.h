// SPDX-License-Identifier: Apache-2.0
// Option tables: the one source for parsing, ranges, defaults, `effbench help SECTION.KEY`,
// the docs and the resolved config in the result. Whoever has options (run, workloads,
// engines, probes, cost) brings a `static const eb_option[]` that ends with {0}.
#ifndef EB_BASE_OPTION_H
#define EB_BASE_OPTION_H

#include <stdbool.h>
#include <stdint.h>
#include "harness/base/error.h"

typedef enum eb_option_type {
    EB_OPTION_BOOL,  // yes/no, true/false, on/off, 1/0
    EB_OPTION_INT,   // whole number, optional k/M/G (1024-steps: "4k" = 4096, see units.h)
    EB_OPTION_FLOAT, // number; '%' where unit is "fraction" divides by 100
    EB_OPTION_TIME,  // number with ns/us/ms/s/min/h -> ns (int64); a bare number is an error unless 0
    EB_OPTION_SIZE,  // bytes with B/k/M/G/KiB/MiB/GiB
    EB_OPTION_STRING,
    EB_OPTION_ENUM, // one of `choices`
    EB_OPTION_DATE, // YYYY-MM-DD, a real day
} eb_option_type;

typedef struct eb_choice {
    const char *name, *help;
} eb_choice;

enum {
    EB_OPTION_LIST = 1, // comma list allowed (spans a grid, or is a list by nature)
    EB_OPTION_REQUIRED = 2,
    EB_OPTION_UNPLANNED = 4, // does not change what is measured: left out of the plan's digest
    EB_OPTION_RANGE = 8,     // a number, or three: low, value, high
};

typedef struct eb_option {
    const char *section; // "run", "model", "workload", "probes", "cost", "slo"
    const char *key;
    eb_option_type type;
    const char *unit;         // "ns", "tok", "w", "usd", ... or NULL
    double min, max;          // inclusive; both 0 = no range
    const char *def;          // default as text, NULL = unset
    const eb_choice *choices; // ENUM: ends with {0}
    unsigned flags;
    const char *doc; // one or two sentences
} eb_option;

// The `name` that goes with a value which an offer took over from the shared section of a price file: it is in the
// currency of that section. plan/ writes it, record/ reads it.
#define EB_OPTION_SHARED "shared"

typedef struct eb_value {
    union {
        bool b;
        int64_t i; // INT, TIME (ns), SIZE (bytes), ENUM (index into choices)
        double f;  // FLOAT
    };
    const char *s; // the trimmed text of the value; borrowed from the caller's text
} eb_value;

// Parses one value (no list) of `opt` from `text` (trimmed copy owned by the caller).
// On failure err has the message, err->column the 1-based offset in text of the offence, and a hint.
bool eb_option_parse(const eb_option *opt, const char *text, eb_value *out, eb_err *err);

// Full help of one option on several lines; caller frees.
char *eb_option_help(const eb_option *opt);
// A bound of its range as a person writes it ("60 min", "1048576"); buf of 40 is enough; returns buf.
char *eb_option_bound(char *buf, size_t size, const eb_option *opt, double bound);
const char *eb_option_type_name(eb_option_type type);

// Nearest of `n` candidates, or NULL when none is near enough: the same but for case and separators (q4km, q4_k_m),
// then by edit distance, then one of which the other is the beginning.
const char *eb_nearest(const char *word, const char *const *candidates, int n);

#endif
