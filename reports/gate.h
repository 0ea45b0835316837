// SPDX-License-Identifier: Apache-2.0
// Output forms of a gate. A function of the eb_check alone.
#ifndef EB_REPORTS_GATE_H
#define EB_REPORTS_GATE_H

#include <stdio.h>
#include "harness/record/gate_check.h"

typedef struct eb_gate_form {
    const char *name; // "term", "json", "junit", "github", "md" (the summary of a step)
    void (*write)(const eb_check *c, bool color, FILE *out);
} eb_gate_form;

const eb_gate_form *eb_gate_form_find(const char *name); // NULL = there is none

// The annotation of a gate that came to no verdict.
void eb_gate_github_error(const char *text, FILE *out);

// Private to reports/gate*.c.
void eb_gate_write_term(const eb_check *c, bool color, FILE *out);
void eb_gate_write_json(const eb_check *c, bool color, FILE *out);
void eb_gate_write_junit(const eb_check *c, bool color, FILE *out);
void eb_gate_write_github(const eb_check *c, bool color, FILE *out);
void eb_gate_write_summary(const eb_check *c, bool color, FILE *out);
extern const char eb_gate_bounds_note[];            // what the column of bounds says
const char *eb_gate_change_note(const eb_check *c); // and that of changes
// Whether there is a figure of it on any side, and whether a look has judged it.
bool eb_gate_metric_shown(const eb_check_metric *m);
bool eb_gate_fact_shown(const eb_check_fact *f);
bool eb_gate_judged(const eb_check *c, const eb_check_metric *m);
// Whether the table of the case, or that of any, has a row: an invalid gate may have measured nothing.
bool eb_gate_case_shown(const eb_check_case *k);
bool eb_gate_any_shown(const eb_check *c);
// "+4.9 %", "-" for NAN; buf of 32 is enough.
char *eb_gate_percent(char *buf, size_t size, double share);
// A metric's value with its unit, for people.
char *eb_gate_value(char *buf, size_t size, const eb_check_metric *m, double value);

#endif
