// SPDX-License-Identifier: Apache-2.0
// CSV text -> rows, a part of the file at a time. Each row is checked field by field (rows_fields.c); whatever is wrong
// is told with the file and the line. Split here and not by libcsv, which hands over one byte at a time: a comparison
// may have millions of rows to read.
#include "harness/record/rows_fields.h"

#include <errno.h>
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

static bool on_field(eb_row_reader *r, const char *s, size_t n)
{
    const eb_row_column *column = &r->table->columns[r->column];
    if (r->column >= r->file->columns) {
        wrong(r, "too many columns");
    } else if (n > eb_row_longest(column) || !column->take(r, (char *)r + column->at, s, n)) {
        char why[96];
        snprintf(why, sizeof why, "column '%s' is %s", column->name, r->why ? r->why : "not what it should be");
        wrong(r, why);
    }
    r->column++;
    return r->ok;
}

// The text of a quoted field, its doubled quotes made single in place; returns what follows it, NULL = not closed.
static char *unquote(char *s, char *end, size_t *n)
{
    char *to = s + 1;
    for (char *from = s + 1; from < end; from++) {
        if (*from == '"' && (from + 1 == end || from[1] != '"')) {
            *n = (size_t)(to - (s + 1));
            return from + 1;
        }
        from += *from == '"';
        *to++ = *from;
    }
    return NULL;
}

static void on_row(eb_row_reader *r, char *s, char *end)
{
    r->column = 0;
    for (bool more = true; more;) {
        char *next;
        size_t n;
        if (s < end && *s == '"') {
            next = unquote(s, end, &n);
            s++;
            if (!next || (next < end && *next != ',')) {
                wrong(r, "a quote stands where none may");
                return;
            }
        } else {
            next = memchr(s, ',', (size_t)(end - s));
            next = next ? next : end;
            n = (size_t)(next - s);
        }
        if (!on_field(r, s, n))
            return;
        more = next < end;
        s = next + 1;
    }
    if (r->column != r->file->columns) {
        wrong(r, "too few columns");
        return;
    }
    r->table->keep(r);
    r->rows++;
}

// Whether there is an odd number of quotes: a line that ends inside quotes goes on.
static bool odd_quotes(const char *s, const char *end)
{
    bool odd = false;
    while (s < end && (s = memchr(s, '"', (size_t)(end - s)))) {
        odd = !odd;
        s++;
    }
    return odd;
}

// The rows of `buf` that are whole; returns how many bytes they were.
static size_t take_rows(eb_row_reader *r, char *buf, size_t len)
{
    char *row = buf, *from = buf, *end;
    bool quoted = false;
    while (r->ok && (end = memchr(from, '\n', (size_t)(buf + len - from)))) {
        quoted ^= odd_quotes(from, end);
        from = end + 1;
        if (quoted)
            continue;
        on_row(r, row, end > row && end[-1] == '\r' ? end - 1 : end);
        row = from;
    }
    return (size_t)(row - buf);
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
    char *buf = eb_alloc(2 * CHUNK); // the beginning of a row, and what is read after it
    size_t kept = 0;
    while (r.ok && f->at < end) {
        ssize_t n = read_some(f, buf + kept, end, err);
        if (n < 0) {
            r.ok = false;
            break;
        }
        f->at += (uint64_t)n;
        size_t len = kept + (size_t)n, taken = take_rows(&r, buf, len);
        kept = len - taken;
        if (kept > CHUNK)
            wrong(&r, "line is too long");
        else
            memmove(buf, buf + taken, kept);
    }
    if (r.ok && kept)
        wrong(&r, "the last row is cut off");
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
    f->fd = eb_file_open_regular(f->path, err);
    if (f->fd < 0)
        return false;
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
