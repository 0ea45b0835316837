// SPDX-License-Identifier: Apache-2.0
#include "harness/record/rows_fields.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/record/csv_field.h"

enum { MAX_TEXT = 4096 };

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

static const char *op_name(int i)
{
    return eb_op_name((eb_op)i);
}

static bool take_u32(eb_row_reader *r, void *field, const char *s, size_t n)
{
    (void)r;
    return eb_csv_u32(s, n, field);
}

static bool take_u64(eb_row_reader *r, void *field, const char *s, size_t n)
{
    (void)r;
    return eb_csv_u64(s, n, UINT64_MAX, field);
}

static bool take_time(eb_row_reader *r, void *field, const char *s, size_t n)
{
    (void)r;
    return eb_csv_time(s, n, field);
}

static bool take_amount(eb_row_reader *r, void *field, const char *s, size_t n)
{
    (void)r;
    return eb_csv_amount(s, n, field);
}

// A whole number that is kept as float.
static bool take_float(eb_row_reader *r, void *field, const char *s, size_t n)
{
    uint64_t value = 0;
    (void)r;
    bool ok = eb_csv_u64(s, n, UINT64_MAX, &value);
    *(float *)field = (float)value;
    return ok;
}

static bool take_request_status(eb_row_reader *r, void *field, const char *s, size_t n)
{
    int i = eb_csv_name(s, n, EB_REQUEST_STATUS_COUNT, request_status_name);
    (void)r;
    *(eb_request_status *)field = (eb_request_status)i;
    return i >= 0;
}

static bool take_status(eb_row_reader *r, void *field, const char *s, size_t n)
{
    int i = eb_csv_name(s, n, EB_SAMPLE_STATUS_COUNT, status_name);
    (void)r;
    *(eb_status *)field = (eb_status)i;
    return i >= 0;
}

static bool take_phase(eb_row_reader *r, void *field, const char *s, size_t n)
{
    int i = eb_csv_name(s, n, EB_PHASE_COUNT, phase_name);
    (void)r;
    *(eb_phase *)field = (eb_phase)i;
    return i >= 0;
}

static bool take_op(eb_row_reader *r, void *field, const char *s, size_t n)
{
    int i = eb_csv_name(s, n, EB_OP_COUNT, op_name);
    (void)r;
    *(eb_op *)field = (eb_op)i;
    return i >= 0;
}

// Spans are many: a byte each.
static bool take_span_phase(eb_row_reader *r, void *field, const char *s, size_t n)
{
    eb_phase phase;
    bool ok = take_phase(r, &phase, s, n);
    *(uint8_t *)field = (uint8_t)phase;
    return ok;
}

static bool take_span_op(eb_row_reader *r, void *field, const char *s, size_t n)
{
    eb_op op;
    bool ok = take_op(r, &op, s, n);
    *(uint8_t *)field = (uint8_t)op;
    return ok;
}

static bool take_token(eb_row_reader *r, void *field, const char *s, size_t n)
{
    int64_t value = 0;
    (void)r;
    bool ok = eb_csv_i64(s, n, INT32_MIN, INT32_MAX, &value);
    *(int32_t *)field = (int32_t)value;
    return ok;
}

static bool take_trial(eb_row_reader *r, void *field, const char *s, size_t n)
{
    (void)field;
    uint64_t number;
    return eb_csv_u64(s, n, INT32_MAX, &number) && (int)number == r->trial->info.number;
}

// Times are of a clock that starts at 0 and never goes back.
static bool in_order(eb_row_reader *r, bool ok, const char *why)
{
    r->why = ok ? NULL : why;
    return ok;
}

static bool take_scheduled(eb_row_reader *r, void *field, const char *s, size_t n)
{
    return eb_csv_time(s, n, field) && in_order(r, r->request.scheduled_ns >= 0, "below 0");
}

// Requests wait, and are never early.
static bool take_sent(eb_row_reader *r, void *field, const char *s, size_t n)
{
    return eb_csv_time(s, n, field) &&
           in_order(r, r->request.sent_ns >= r->request.scheduled_ns, "before scheduled_ns");
}

// Requests are numbered from 0 on, as they came; of another numbering nothing is said.
static bool take_token_start(eb_row_reader *r, void *field, const char *s, size_t n)
{
    uint32_t i = r->token.request;
    const eb_request_row *from = i < r->trial->n_requests ? &r->trial->requests[i] : NULL;
    return eb_csv_time(s, n, field) && in_order(r, !from || from->request != i || r->token.t_start_ns >= from->sent_ns,
                                                "before its request was sent");
}

static bool take_token_end(eb_row_reader *r, void *field, const char *s, size_t n)
{
    return eb_csv_time(s, n, field) && in_order(r, r->token.t_end_ns >= r->token.t_start_ns, "before t_start_ns");
}

// Derived columns are computed again, not believed; they must only look like numbers.
static bool take_derived(eb_row_reader *r, void *field, const char *s, size_t n)
{
    (void)field;
    (void)r;
    for (size_t i = 0; i < n; i++)
        if ((unsigned)(unsigned char)s[i] - '0' > 9 && s[i] != '.' && s[i] != '+' && s[i] != '-' && s[i] != 'e')
            return false;
    return true;
}

// Derived as well, and no number.
static bool take_text(eb_row_reader *r, void *field, const char *s, size_t n)
{
    (void)field;
    (void)r;
    (void)s;
    (void)n;
    return true;
}

static bool take_grade(eb_row_reader *r, void *field, const char *s, size_t n)
{
    (void)field;
    (void)r;
    return eb_csv_name(s, n, EB_GRADE_COUNT, grade_name) >= 0;
}

// Rows go round the channels in order, so the next one is tried first.
static bool take_channel(eb_row_reader *r, void *field, const char *s, size_t n)
{
    const eb_header *h = r->file->header;
    for (int tried = 0; tried < h->n_channels; tried++) {
        r->channel = r->channel + 1 < h->n_channels ? r->channel + 1 : 0;
        if (eb_csv_word(h->channels[r->channel].name, s, n)) {
            *(int *)field = r->channel;
            return true;
        }
    }
    return false;
}

static bool take_after(eb_row_reader *r, void *field, const char *s, size_t n)
{
    return eb_csv_time(s, n, field) && r->power.sample.t_after_ns >= r->power.sample.t_before_ns;
}

static bool take_layer(eb_row_reader *r, void *field, const char *s, size_t n)
{
    uint64_t value = UINT16_MAX;
    (void)r;
    bool ok = n == 0 || eb_csv_u64(s, n, UINT16_MAX - 1, &value);
    *(uint16_t *)field = (uint16_t)value;
    return ok;
}

// Spans are in order of time and do not overlap.
static bool take_span_start(eb_row_reader *r, void *field, const char *s, size_t n)
{
    const eb_span *last = r->trial->n_spans ? &r->trial->spans[r->trial->n_spans - 1] : NULL;
    return eb_csv_time(s, n, field) && (!last || r->span.t_start_ns >= last->t_start_ns + last->length_ns);
}

static bool take_event(eb_row_reader *r, void *field, const char *s, size_t n)
{
    if (n == 0 || n >= sizeof r->op.event)
        return false;
    memset(field, 0, sizeof r->op.event);
    memcpy(field, s, n);
    for (size_t i = 0; i < n; i++)
        if (s[i] <= ' ' || s[i] > '~')
            return false;
    return true;
}

static void keep_span(eb_row_reader *r)
{
    EB_GROW(r->trial->spans, r->trial->n_spans, r->cap);
    r->trial->spans[r->trial->n_spans++] = r->span;
}

static void keep_op(eb_row_reader *r)
{
    EB_GROW(r->trial->ops, r->trial->n_ops, r->cap);
    r->trial->ops[r->trial->n_ops++] = r->op;
}

static void keep_request(eb_row_reader *r)
{
    EB_GROW(r->trial->requests, r->trial->n_requests, r->cap);
    r->trial->requests[r->trial->n_requests++] = r->request;
}

static void keep_token(eb_row_reader *r)
{
    EB_GROW(r->trial->tokens, r->trial->n_tokens, r->cap);
    r->trial->tokens[r->trial->n_tokens++] = r->token;
}

static void keep_power(eb_row_reader *r)
{
    EB_GROW(r->trial->power, r->trial->n_power, r->cap);
    r->trial->power[r->trial->n_power++] = r->power;
}

#define AT(field) offsetof(eb_row_reader, field)

const eb_row_table eb_row_tables[EB_CSV_COUNT] = {
    [EB_CSV_REQUESTS] = { { { "trial", take_trial, 0 },
                            { "request", take_u32, AT(request.request) },
                            { "scheduled_ns", take_scheduled, AT(request.scheduled_ns) },
                            { "sent_ns", take_sent, AT(request.sent_ns) },
                            { "prompt_tok", take_u32, AT(request.prompt_tok) },
                            { "output_tok", take_u32, AT(request.output_tok) },
                            { "status", take_request_status, AT(request.status) } },
                          keep_request },
    [EB_CSV_TOKENS] = { { { "trial", take_trial, 0 },
                          { "request", take_u32, AT(token.request) },
                          { "index", take_u32, AT(token.index) },
                          { "phase", take_phase, AT(token.phase) },
                          { "t_start_ns", take_token_start, AT(token.t_start_ns) },
                          { "t_end_ns", take_token_end, AT(token.t_end_ns) },
                          { "token", take_token, AT(token.token) },
                          { "energy_uj", take_derived, 0 },
                          { "energy_halfwidth_uj", take_derived, 0 },
                          { "grade", take_grade, 0 },
                          { "source", take_text, 0 },
                          { "domains", take_text, 0 },
                          { "coverage", take_text, 0 } },
                        keep_token },
    [EB_CSV_POWER] = { { { "trial", take_trial, 0 },
                         { "channel", take_channel, AT(power.channel) },
                         { "t_before_ns", take_time, AT(power.sample.t_before_ns) },
                         { "t_after_ns", take_after, AT(power.sample.t_after_ns) },
                         { "raw", take_u64, AT(power.sample.raw) },
                         { "status", take_status, AT(power.sample.status) } },
                       keep_power },
    [EB_CSV_SPANS] = { { { "trial", take_trial, 0 },
                         { "op", take_span_op, AT(span.op) },
                         { "phase", take_span_phase, AT(span.phase) },
                         { "layer", take_layer, AT(span.layer) },
                         { "t_start_ns", take_span_start, AT(span.t_start_ns) },
                         { "length_ns", take_u32, AT(span.length_ns) },
                         { "bytes", take_float, AT(span.bytes) },
                         { "flop", take_float, AT(span.flop) } },
                       keep_span },
    [EB_CSV_OPS] = { { { "trial", take_trial, 0 },
                       { "op", take_op, AT(op.op) },
                       { "phase", take_phase, AT(op.phase) },
                       { "event", take_event, AT(op.event) },
                       { "value", take_amount, AT(op.value) },
                       { "running_frac", take_amount, AT(op.running_frac) },
                       { "calls", take_u64, AT(op.calls) } },
                     keep_op },
};

size_t eb_row_longest(const eb_row_column *column)
{
    return column->take == take_text ? MAX_TEXT : EB_CSV_FIELD;
}
