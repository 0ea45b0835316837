// SPDX-License-Identifier: Apache-2.0
// CSV text -> rows, by libcsv, a part of the file at a time. Each row is checked field by field (rows_fields.c);
// whatever is wrong is told with the file and the line.
#include "harness/record/rows_fields.h"

#include <csv.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "harness/base/file.h"
#include "harness/base/mem.h"

enum { CHUNK = 65536 };

static void wrong(eb_row_reader *r, const char *why)
{
    if (r->ok)
        eb_err_at(r->err, EB_USAGE, r->file->path, (int)(r->file->row + r->rows + 1), 0, "%s", why);
    r->ok = false;
}

static void on_field(void *s, size_t n, void *arg)
{
    eb_row_reader *r = arg;
    if (!r->ok)
        return;
    if (r->column >= r->file->columns) {
        wrong(r, "too many columns");
        return;
    }
    if (n > eb_row_longest(r->table, r->column) || !r->table->take[r->column](r, n ? s : "", n)) {
        char why[96];
        snprintf(why, sizeof why, "column '%s' is not what it should be", r->table->names[r->column]);
        wrong(r, why);
    }
    r->column++;
}

static void on_row(int end, void *arg)
{
    eb_row_reader *r = arg;
    (void)end;
    if (r->ok && r->column != r->file->columns)
        wrong(r, "too few columns");
    if (!r->ok)
        return;
    r->table->keep(r);
    r->column = 0;
    r->rows++;
}

// -1 with err, else the bytes read (at least 1).
static ssize_t read_some(eb_rows_file *f, char *buf, uint64_t end, eb_err *err)
{
    size_t want = end - f->at < CHUNK ? (size_t)(end - f->at) : CHUNK;
    ssize_t n;
    do
        n = pread(f->fd, buf, want, (off_t)f->at);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        eb_err_sys(err, EB_USAGE, errno, "cannot read", f->path);
    else if (n == 0)
        eb_err_at(err, EB_USAGE, f->path, 0, 0, "shorter than %s says: %llu bytes of %llu are there", EB_JOURNAL_LINES,
                  (unsigned long long)f->at, (unsigned long long)end);
    return n > 0 ? n : -1;
}

bool eb_rows_read(eb_rows_file *f, int csv, uint64_t end, eb_trial_data *trial, eb_err *err)
{
    if (end < f->at)
        return eb_err_at(err, EB_USAGE, f->path, 0, 0, "the lengths in %s go backwards", EB_JOURNAL_LINES);
    eb_row_reader r = {
        .file = f, .trial = trial, .table = &eb_row_tables[csv], .channel = -1, .err = err, .ok = true
    };
    struct csv_parser parser;
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
        return eb_err_set(err, EB_FAILED, "libcsv cannot be started");
    char *buf = eb_alloc(CHUNK);
    char last = '\n';
    while (r.ok && f->at < end) {
        uint64_t rows = r.rows;
        ssize_t n = read_some(f, buf, end, err);
        if (n < 0) {
            r.ok = false;
            break;
        }
        if (csv_parse(&parser, buf, (size_t)n, on_field, on_row, &r) != (size_t)n)
            wrong(&r, csv_strerror(csv_error(&parser)));
        f->at += (uint64_t)n;
        last = buf[n - 1];
        if (n == CHUNK && r.rows == rows)
            wrong(&r, "line is too long");
    }
    if (r.ok && (last != '\n' || r.column))
        wrong(&r, "the last row is cut off");
    csv_free(&parser); // not csv_fini: it would deliver a partial row
    free(buf);
    f->row += r.rows;
    return r.ok;
}

static int columns_of(const char *head)
{
    int n = 1;
    for (; *head; head++)
        n += *head == ',';
    return n;
}

bool eb_rows_open(eb_rows_file *f, const char *dir, int csv, const eb_header *header, uint64_t head_end, eb_err *err)
{
    char head[160];
    *f = (eb_rows_file){ .path = eb_path_join(dir, eb_csv_names[csv]), .header = header, .row = 1 };
    f->fd = open(f->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (f->fd < 0)
        return eb_err_sys(err, EB_USAGE, errno, "cannot open", f->path);
    const char *const known[] = { eb_csv_heads[csv], eb_csv_older_heads[csv] };
    for (size_t i = 0; i < sizeof known / sizeof *known && !f->columns; i++) {
        size_t n = known[i] ? strlen(known[i]) : 0;
        if (!n || n != head_end || pread(f->fd, head, n, 0) != (ssize_t)n || memcmp(head, known[i], n) != 0)
            continue;
        f->at = n;
        f->columns = columns_of(known[i]);
    }
    return f->columns ||
           eb_err_at(err, EB_USAGE, f->path, 1, 0, "not a file of this program: the first line is another");
}

void eb_rows_close(eb_rows_file *f)
{
    if (f->path && f->fd >= 0)
        close(f->fd);
    free(f->path);
    *f = (eb_rows_file){ 0 };
}
