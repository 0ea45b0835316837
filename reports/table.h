// SPDX-License-Identifier: Apache-2.0
// A small table: label columns, value columns with a head and a unit line, rows in groups. Lays itself out within a
// number of terminal columns (shrinks one label column, then continues the value columns in a further block), or
// prints itself as GitHub markdown.
#ifndef EB_REPORTS_TABLE_H
#define EB_REPORTS_TABLE_H

#include <stdbool.h>
#include <stdio.h>

typedef enum eb_mark { EB_MARK_NONE, EB_MARK_BEST, EB_MARK_TIED } eb_mark;

// What a column says of the one it is glued to.
typedef enum eb_role { EB_ROLE_VALUE, EB_ROLE_SPREAD, EB_ROLE_GRADE } eb_role;

typedef struct eb_column {
    const char *head, *unit; // borrowed, static; unit "" = none
    bool label;              // names the row: repeated where the table continues; all come first
    bool left;               // aligned left (default: right)
    bool shrink;             // may be cut when the table is too wide (one label column)
    bool glue;               // stands one blank right of its neighbour and is never parted from it
    bool marks;              // has room for a mark after each value
    eb_role role;
    const char *key; // metric in it, static; NULL = none
} eb_column;

typedef struct eb_cell {
    char *text; // clean
    eb_mark mark;
    double sort;          // what the column is sorted by; NAN = the text
    char *spread, *about; // "±0.4"; where the figure comes from, in words; NULL = not said
} eb_cell;

typedef struct eb_table eb_table;
eb_table *eb_table_new(const char *title); // copied
void eb_table_free(eb_table *t);
void eb_table_column(eb_table *t, eb_column column); // before the first row
void eb_table_row(eb_table *t, const char *group);   // a heading is printed where the group changes; NULL = none
void eb_table_cell(eb_table *t, const char *text, eb_mark mark); // copies and cleans `text`; the next column of the row
// Of the cell set last, for forms that can show it; copies and cleans the texts, each may be NULL.
void eb_table_about(eb_table *t, double sort, const char *spread, const char *about);

bool eb_table_has_spread(const eb_table *t); // any column of ±
int eb_table_columns(const eb_table *t);     // value columns, without the labels

// ---- for a form of its own: everything borrowed ----
const char *eb_table_title(const eb_table *t);
int eb_table_width(const eb_table *t); // all columns
int eb_table_height(const eb_table *t);
const eb_column *eb_table_column_at(const eb_table *t, int column);
const eb_cell *eb_table_cell_at(const eb_table *t, int row, int column);
const char *eb_table_group(const eb_table *t, int row); // NULL = none
void eb_table_print(const eb_table *t, int width, bool color, FILE *out);
void eb_table_markdown(const eb_table *t, const char *group_head, FILE *out); // the group becomes the first column

#endif
