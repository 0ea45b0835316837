// SPDX-License-Identifier: Apache-2.0
// Rows of requests.csv, tokens.csv and power.csv, to text and back. Private to record/.
#ifndef EB_RECORD_ROWS_H
#define EB_RECORD_ROWS_H

#include "harness/record/journal.h"
#include "harness/record/records.h"

// Bytes that grow. Init with {0}, free(data) at the end.
typedef struct eb_text {
    char *data;
    size_t n, cap;
} eb_text;

// Energy that is written beside a token: NAN = not known at that resolution.
typedef struct eb_token_energy {
    double uj, halfwidth_uj;
    eb_grade grade;
} eb_token_energy;

// Energies of one trial's tokens from its power rows: out[n_tokens]. Tokens of one step (equal start and end) share
// its energy (share.h). Known only where every counted channel moved at least once per step on average.
void eb_token_energies(const eb_header *header, const eb_trial_info *info, const eb_token_event *tokens,
                       size_t n_tokens, const eb_power_row *power, size_t n_power, eb_token_energy *out);

void eb_rows_requests(eb_text *to, int trial, const eb_request_row *rows, size_t n);
void eb_rows_tokens(eb_text *to, int trial, const eb_token_event *rows, const eb_token_energy *energies, size_t n,
                    const eb_provenance *from);
void eb_rows_power(eb_text *to, int trial, const eb_header *header, const eb_power_row *rows, size_t n);

void eb_rows_spans(eb_text *to, int trial, const eb_span *rows, size_t n);
void eb_rows_ops(eb_text *to, int trial, const eb_op_count_row *rows, size_t n);

// A CSV file being read from front to back.
typedef struct eb_rows_file {
    char *path;
    int fd;
    uint64_t at;  // bytes read so far
    uint64_t row; // lines so far, the head included
    int columns;  // as its head has
    const eb_header *header;
} eb_rows_file;

// Opens and checks the head, which must end at byte `head_end`. EB_USAGE when it is another file.
bool eb_rows_open(eb_rows_file *f, const char *dir, int csv, const eb_header *header, uint64_t head_end, eb_err *err);
void eb_rows_close(eb_rows_file *f);
// Appends the rows of bytes [f->at, end) to the trial, whose number they must bear.
bool eb_rows_read(eb_rows_file *f, int csv, uint64_t end, eb_trial_data *trial, eb_err *err);

#endif
