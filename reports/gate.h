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

// Private to reports/gate*.c.
void eb_gate_write_term(const eb_check *c, bool color, FILE *out);
void eb_gate_write_json(const eb_check *c, bool color, FILE *out);
void eb_gate_write_junit(const eb_check *c, bool color, FILE *out);
void eb_gate_write_github(const eb_check *c, bool color, FILE *out);
void eb_gate_write_summary(const eb_check *c, bool color, FILE *out);
extern const char eb_gate_bounds_note[]; // what the column of bounds says
// "+4.9 %", "-" for NAN; buf of 32 is enough.
char *eb_gate_percent(char *buf, size_t size, double share);
// A metric's value with its unit, for people.
char *eb_gate_value(char *buf, size_t size, const eb_check_metric *m, double value);

#endif
