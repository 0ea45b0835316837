// SPDX-License-Identifier: Apache-2.0
// The parts of the notes. For notes*.c only.
#ifndef EB_REPORTS_NOTES_IMPL_H
#define EB_REPORTS_NOTES_IMPL_H

#include "reports/view.h"

void eb_notes_add(eb_notes *notes, const char *label, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

// notes_cases.c
void eb_notes_metrics(const eb_run *run, eb_notes *out);
void eb_notes_quality(const eb_run *run, eb_notes *out);
void eb_notes_profiles(const eb_run *run, eb_notes *out);
void eb_notes_warnings(const eb_run *run, eb_notes *out);

// Metrics that some table shows, found once.
typedef struct eb_shown_keys {
    const char *items[64];
    int n;
} eb_shown_keys;
eb_shown_keys eb_shown_keys_of(const eb_run *run);
bool eb_shown(const eb_shown_keys *k, const char *key);

// notes_prices.c
void eb_notes_prices(const eb_run *run, eb_notes *out);

#endif
