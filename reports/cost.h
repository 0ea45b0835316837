// SPDX-License-Identifier: Apache-2.0
// What a run costs under several offers, as text for people, CSV or JSON.
#ifndef EB_REPORTS_COST_H
#define EB_REPORTS_COST_H

#include <stdio.h>
#include "harness/record/cost_sheet.h"
#include "reports/table.h"

typedef struct eb_cost_style {
    bool color;
    bool explain; // the whole sum of every case and offer, with the numbers filled in
} eb_cost_style;

typedef struct eb_cost_form {
    const char *name, *doc; // "term", "md", "csv", "json"
    void (*write)(const eb_cost_sheet *sheet, const eb_cost_style *style, FILE *out);
} eb_cost_form;
extern const eb_cost_form eb_cost_forms[]; // ends with name NULL

// "own machine", "rented by the hour", "paid by the token".
const char *eb_cost_kind_title(eb_cost_kind kind);

// ---- for cost_*.c ----

// Why an entry has no price, or none of its tokens per dollar; "" = it has both.
const char *eb_cost_note_of(const eb_cost_entry *e);

// Tables; caller frees. The break-even points: those that are shown, NULL where there are none.
eb_table *eb_cost_table(const eb_cost_sheet *sheet);
eb_table *eb_cost_pair_table(const eb_cost_sheet *sheet);

// What has to be said in words, in the order of cost_notes.c; to be freed by eb_notes_deinit.
struct eb_notes;
void eb_cost_notes(const eb_cost_sheet *sheet, struct eb_notes *notes);
// Everything that an offer states and one of its figures depends on. cost_offers.c
void eb_cost_note_offer(const eb_offer *offer, const eb_run *run, struct eb_notes *notes);

// The unit of an input as it is written: money in the currency of the text, a single year; "" = none.
typedef struct eb_cost_unit {
    char s[32];
} eb_cost_unit;
eb_cost_unit eb_cost_unit_as_written(const eb_offer *offer, const eb_cost_field *f);

// The sum, line by line. Caller frees.
char *eb_cost_explain(const eb_cost_sheet *sheet, const eb_cost_entry *entry);
// What moves the figure, widest first, as bars of text; NULL where nothing has a range. Caller frees.
char *eb_cost_tornado(const eb_cost_sheet *sheet, const eb_cost_entry *entry);
void eb_cost_write_json(const eb_cost_sheet *sheet, const eb_cost_style *style, FILE *out);

#endif
