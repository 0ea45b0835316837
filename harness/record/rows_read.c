// SPDX-License-Identifier: Apache-2.0
// CSV text -> rows, by libcsv, a part of the file at a time. Each row is checked field by field; whatever is wrong
// is told with the file and the line.
#include "harness/record/rows.h"

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

enum { CHUNK = 65536, MAX_COLUMNS = 13, MAX_FIELD = 128, MAX_TEXT = 4096 };

typedef struct reader {
    eb_rows_file *file;
    eb_trial_data *trial;
    size_t cap;
    const struct table *table;
    int column, channel;
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
} reader;

// One column: false when the text is not what it must be.
typedef bool take_fn(reader *r, const char *s, size_t n);

typedef struct table {
    const char *names[MAX_COLUMNS];
    take_fn *take[MAX_COLUMNS];
    int columns;
    void (*keep)(reader *r);
} table;

static bool take_u64(const char *s, size_t n, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned digit = (unsigned)(unsigned char)s[i] - '0';
        if (digit > 9 || value > (UINT64_MAX - digit) / 10)
            return false;
        value = 10 * value + digit;
    }
    *out = value;
    return n > 0 && value <= max;
}

static bool take_i64(const char *s, size_t n, int64_t min, int64_t max, int64_t *out)
{
    bool negative = n > 0 && s[0] == '-';
    uint64_t size;
    if (!take_u64(s + negative, n - negative, INT64_MAX, &size))
        return false;
    *out = negative ? -(int64_t)size : (int64_t)size;
    return *out >= min && *out <= max;
}

static bool take_u32(const char *s, size_t n, uint32_t *out)
{
    uint64_t value = 0;
    bool ok = take_u64(s, n, UINT32_MAX, &value);
    *out = (uint32_t)value;
    return ok;
}

static bool take_time(const char *s, size_t n, int64_t *out)
{
    return take_i64(s, n, -EB_TIME_MAX_NS, EB_TIME_MAX_NS, out);
}

static bool is_word(const char *word, const char *s, size_t n)
{
    return strlen(word) == n && !memcmp(word, s, n);
}

// Index of the name among `count`, -1 = none.
static int take_name(const char *s, size_t n, int count, const char *(*name)(int))
{
    for (int i = 0; i < count; i++)
        if (is_word(name(i), s, n))
            return i;
    return -1;
}

static const char *phase_name(int i)
{
    return eb_phase_name((eb_phase)i);
}

static const char *request_status_name(int i)
{
    return eb_request_status_name((eb_request_status)i);
}

static const char *status_name(int i)
{
    return eb_status_name((eb_status)i);
}

static const char *grade_name(int i)
{
    return eb_grade_name((eb_grade)i);
}

static bool take_trial(reader *r, const char *s, size_t n)
{
    uint64_t number;
    return take_u64(s, n, INT32_MAX, &number) && (int)number == r->trial->info.number;
}

static bool take_request(reader *r, const char *s, size_t n)
{
    return take_u32(s, n, &r->request.request);
}

static bool take_scheduled(reader *r, const char *s, size_t n)
{
    return take_time(s, n, &r->request.scheduled_ns);
}

static bool take_sent(reader *r, const char *s, size_t n)
{
    return take_time(s, n, &r->request.sent_ns);
}

static bool take_prompt(reader *r, const char *s, size_t n)
{
    return take_u32(s, n, &r->request.prompt_tok);
}

static bool take_output(reader *r, const char *s, size_t n)
{
    return take_u32(s, n, &r->request.output_tok);
}

static bool take_request_status(reader *r, const char *s, size_t n)
{
    int i = take_name(s, n, EB_REQUEST_STATUS_COUNT, request_status_name);
    r->request.status = (eb_request_status)i;
    return i >= 0;
}

static bool take_token_request(reader *r, const char *s, size_t n)
{
    return take_u32(s, n, &r->token.request);
}

static bool take_index(reader *r, const char *s, size_t n)
{
    return take_u32(s, n, &r->token.index);
}

static bool take_phase(reader *r, const char *s, size_t n)
{
    int i = take_name(s, n, EB_PHASE_COUNT, phase_name);
    r->token.phase = (eb_phase)i;
    return i >= 0;
}

static bool take_token_start(reader *r, const char *s, size_t n)
{
    return take_time(s, n, &r->token.t_start_ns);
}

static bool take_token_end(reader *r, const char *s, size_t n)
{
    return take_time(s, n, &r->token.t_end_ns) && r->token.t_end_ns >= r->token.t_start_ns;
}

static bool take_token(reader *r, const char *s, size_t n)
{
    int64_t value = 0;
    bool ok = take_i64(s, n, INT32_MIN, INT32_MAX, &value);
    r->token.token = (int32_t)value;
    return ok;
}

// Derived columns are computed again, not believed; they must only look like numbers.
static bool take_derived(reader *r, const char *s, size_t n)
{
    (void)r;
    for (size_t i = 0; i < n; i++)
        if (!s[i] || !strchr("0123456789.+-e", s[i]))
            return false;
    return true;
}

// Derived as well, and no number.
static bool take_text(reader *r, const char *s, size_t n)
{
    (void)r;
    (void)s;
    (void)n;
    return true;
}

static bool take_grade(reader *r, const char *s, size_t n)
{
    (void)r;
    return take_name(s, n, EB_GRADE_COUNT, grade_name) >= 0;
}

// Rows go round the channels in order, so the next one is tried first.
static bool take_channel(reader *r, const char *s, size_t n)
{
    const eb_header *h = r->file->header;
    for (int tried = 0; tried < h->n_channels; tried++) {
        r->channel = r->channel + 1 < h->n_channels ? r->channel + 1 : 0;
        if (is_word(h->channels[r->channel].name, s, n)) {
            r->power.channel = r->channel;
            return true;
        }
    }
    return false;
}

static bool take_before(reader *r, const char *s, size_t n)
{
    return take_time(s, n, &r->power.sample.t_before_ns);
}

static bool take_after(reader *r, const char *s, size_t n)
{
    return take_time(s, n, &r->power.sample.t_after_ns) && r->power.sample.t_after_ns >= r->power.sample.t_before_ns;
}

static bool take_raw(reader *r, const char *s, size_t n)
{
    return take_u64(s, n, UINT64_MAX, &r->power.sample.raw);
}

static bool take_status(reader *r, const char *s, size_t n)
{
    int i = take_name(s, n, EB_SAMPLE_STATUS_COUNT, status_name);
    r->power.sample.status = (eb_status)i;
    return i >= 0;
}

static const char *op_name(int i)
{
    return eb_op_name((eb_op)i);
}

static bool take_span_op(reader *r, const char *s, size_t n)
{
    int i = take_name(s, n, EB_OP_COUNT, op_name);
    r->span.op = (uint8_t)i;
    return i >= 0;
}

static bool take_span_phase(reader *r, const char *s, size_t n)
{
    int i = take_name(s, n, EB_PHASE_COUNT, phase_name);
    r->span.phase = (uint8_t)i;
    return i >= 0;
}

static bool take_layer(reader *r, const char *s, size_t n)
{
    uint64_t value = UINT16_MAX;
    bool ok = n == 0 || take_u64(s, n, UINT16_MAX - 1, &value);
    r->span.layer = (uint16_t)value;
    return ok;
}

// Spans are in order of time and do not overlap.
static bool take_span_start(reader *r, const char *s, size_t n)
{
    const eb_span *last = r->trial->n_spans ? &r->trial->spans[r->trial->n_spans - 1] : NULL;
    return take_time(s, n, &r->span.t_start_ns) && (!last || r->span.t_start_ns >= last->t_start_ns + last->length_ns);
}

static bool take_length(reader *r, const char *s, size_t n)
{
    return take_u32(s, n, &r->span.length_ns);
}

static bool take_bytes(reader *r, const char *s, size_t n)
{
    uint64_t value = 0;
    bool ok = take_u64(s, n, UINT64_MAX, &value);
    r->span.bytes = (float)value;
    return ok;
}

static bool take_flop(reader *r, const char *s, size_t n)
{
    uint64_t value = 0;
    bool ok = take_u64(s, n, UINT64_MAX, &value);
    r->span.flop = (float)value;
    return ok;
}

static bool take_op(reader *r, const char *s, size_t n)
{
    int i = take_name(s, n, EB_OP_COUNT, op_name);
    r->op.op = (eb_op)i;
    return i >= 0;
}

static bool take_op_phase(reader *r, const char *s, size_t n)
{
    int i = take_name(s, n, EB_PHASE_COUNT, phase_name);
    r->op.phase = (eb_phase)i;
    return i >= 0;
}

static bool take_event(reader *r, const char *s, size_t n)
{
    if (n == 0 || n >= sizeof r->op.event)
        return false;
    memset(r->op.event, 0, sizeof r->op.event);
    memcpy(r->op.event, s, n);
    for (size_t i = 0; i < n; i++)
        if (s[i] <= ' ' || s[i] > '~')
            return false;
    return true;
}

// A number of at least 0, or nothing: not known.
static bool take_amount(const char *s, size_t n, double *out)
{
    char buf[MAX_FIELD + 1], *end;
    *out = NAN;
    if (n == 0)
        return true;
    memcpy(buf, s, n);
    buf[n] = '\0';
    if (!(buf[0] >= '0' && buf[0] <= '9') || strpbrk(buf, "xXpP"))
        return false;
    *out = strtod(buf, &end);
    return *end == '\0' && isfinite(*out);
}

static bool take_value(reader *r, const char *s, size_t n)
{
    return take_amount(s, n, &r->op.value);
}

static bool take_running(reader *r, const char *s, size_t n)
{
    return take_amount(s, n, &r->op.running_frac);
}

static bool take_calls(reader *r, const char *s, size_t n)
{
    return take_u64(s, n, UINT64_MAX, &r->op.calls);
}

static void keep_span(reader *r)
{
    EB_GROW(r->trial->spans, r->trial->n_spans, r->cap);
    r->trial->spans[r->trial->n_spans++] = r->span;
}

static void keep_op(reader *r)
{
    EB_GROW(r->trial->ops, r->trial->n_ops, r->cap);
    r->trial->ops[r->trial->n_ops++] = r->op;
}

static void keep_request(reader *r)
{
    EB_GROW(r->trial->requests, r->trial->n_requests, r->cap);
    r->trial->requests[r->trial->n_requests++] = r->request;
}

static void keep_token(reader *r)
{
    EB_GROW(r->trial->tokens, r->trial->n_tokens, r->cap);
    r->trial->tokens[r->trial->n_tokens++] = r->token;
}

static void keep_power(reader *r)
{
    EB_GROW(r->trial->power, r->trial->n_power, r->cap);
    r->trial->power[r->trial->n_power++] = r->power;
}

static const table tables[EB_CSV_COUNT] = {
    [EB_CSV_REQUESTS] = { .names = { "trial", "request", "scheduled_ns", "sent_ns", "prompt_tok", "output_tok",
                                     "status" },
                          .take = { take_trial, take_request, take_scheduled, take_sent, take_prompt, take_output,
                                    take_request_status },
                          .columns = 7,
                          .keep = keep_request },
    [EB_CSV_TOKENS] = { .names = { "trial", "request", "index", "phase", "t_start_ns", "t_end_ns", "token", "energy_uj",
                                   "energy_halfwidth_uj", "grade", "source", "domains", "coverage" },
                        .take = { take_trial, take_token_request, take_index, take_phase, take_token_start,
                                  take_token_end, take_token, take_derived, take_derived, take_grade, take_text,
                                  take_text, take_text },
                        .columns = 13,
                        .keep = keep_token },
    [EB_CSV_POWER] = { .names = { "trial", "channel", "t_before_ns", "t_after_ns", "raw", "status" },
                       .take = { take_trial, take_channel, take_before, take_after, take_raw, take_status },
                       .columns = 6,
                       .keep = keep_power },
    [EB_CSV_SPANS] = { .names = { "trial", "op", "phase", "layer", "t_start_ns", "length_ns", "bytes", "flop" },
                       .take = { take_trial, take_span_op, take_span_phase, take_layer, take_span_start, take_length,
                                 take_bytes, take_flop },
                       .columns = 8,
                       .keep = keep_span },
    [EB_CSV_OPS] = { .names = { "trial", "op", "phase", "event", "value", "running_frac", "calls" },
                     .take = { take_trial, take_op, take_op_phase, take_event, take_value, take_running, take_calls },
                     .columns = 7,
                     .keep = keep_op },
};

static void wrong(reader *r, const char *why)
{
    if (r->ok)
        eb_err_at(r->err, EB_USAGE, r->file->path, (int)(r->file->row + r->rows + 1), 0, "%s", why);
    r->ok = false;
}

static void on_field(void *s, size_t n, void *arg)
{
    reader *r = arg;
    if (!r->ok)
        return;
    if (r->column >= r->file->columns) {
        wrong(r, "too many columns");
        return;
    }
    size_t longest = r->table->take[r->column] == take_text ? MAX_TEXT : MAX_FIELD;
    if (n > longest || !r->table->take[r->column](r, n ? s : "", n)) {
        char why[96];
        snprintf(why, sizeof why, "column '%s' is not what it should be", r->table->names[r->column]);
        wrong(r, why);
    }
    r->column++;
}

static void on_row(int end, void *arg)
{
    reader *r = arg;
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
    reader r = { .file = f, .trial = trial, .table = &tables[csv], .channel = -1, .err = err, .ok = true };
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
