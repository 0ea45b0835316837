// SPDX-License-Identifier: Apache-2.0
// INI text -> entries with line and column. No packaged reader gives columns, hence this one.
// Grammar: `[section]` or `[section NAME]`; `key = value`; '#' or ';' starts a comment at the line
// start or after white space; values may be "quoted" (no escapes but \" and \\) to keep # ; , and
// spaces. UTF-8 BOM and CRLF are taken. Limits: file 1 MiB, line 4096 bytes, 10,000 entries; NUL
// bytes and invalid UTF-8 are errors. Every error of the text is reported, not the first, but of JSON or markup one.
#ifndef EB_PLAN_INI_H
#define EB_PLAN_INI_H

#include "harness/base/error.h"

typedef struct eb_ini_entry {
    char *section, *name;                             // "model", "smol"; name NULL when the section has none
    char *key, *value;                                // value with quotes still in place where there were any
    int line, key_column, value_column, section_line; // 1-based
} eb_ini_entry;

typedef struct eb_ini_section {
    char *section, *name;
    int line, column;
} eb_ini_section;

typedef struct eb_ini {
    char *file;   // as shown in messages
    char **lines; // 0-based text of each line (for carets)
    int n_lines;
    eb_ini_entry *entries;
    size_t n, cap;
    eb_ini_section *sections; // in order, also empty ones
    size_t n_sections, cap_sections;
} eb_ini;

// False if any error was added to `errs`; `out` is valid (and to be deinited) either way.
bool eb_ini_parse(const char *file, const char *text, size_t len, eb_ini *out, eb_err_list *errs);
void eb_ini_deinit(eb_ini *ini);

#endif
