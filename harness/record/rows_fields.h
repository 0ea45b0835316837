// SPDX-License-Identifier: Apache-2.0
// What the columns of each CSV file hold: field by field into a row, and the row into its trial. Private to
// rows_read.c.
#ifndef EB_RECORD_ROWS_FIELDS_H
#define EB_RECORD_ROWS_FIELDS_H

#include "harness/record/rows.h"

enum { EB_ROW_COLUMNS = 13 }; // at most

typedef struct eb_row_reader {
    eb_rows_file *file;
    eb_trial_data *trial;
    size_t cap;
    const struct eb_row_table *table;
    int column, channel;
    const char *why; // what is wrong with a field that reads well and cannot be; NULL = it does not read well
    uint64_t rows;
    union {
        eb_request_row request;
        eb_token_event token;
        eb_power_row power;
        eb_span span;
        eb_op_count_row op;
    };
    eb_err *err;
    bool ok;
} eb_row_reader;

// The text of one column -> its field of the row: false when the text is not what it must be.
typedef bool eb_row_take(eb_row_reader *r, void *field, const char *s, size_t n);

typedef struct eb_row_column {
    const char *name;
    eb_row_take *take;
    size_t at; // where in the reader the field is; 0 = there is none
} eb_row_column;

typedef struct eb_row_table {
    eb_row_column columns[EB_ROW_COLUMNS];
    void (*keep)(eb_row_reader *r);
} eb_row_table;

extern const eb_row_table eb_row_tables[EB_CSV_COUNT];
size_t eb_row_longest(const eb_row_column *column); // bytes that a field may have

#endif
