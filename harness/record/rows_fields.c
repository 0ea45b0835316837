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

static bool take_trial(eb_row_reader *r, const char *s, size_t n)
{
    uint64_t number;
    return eb_csv_u64(s, n, INT32_MAX, &number) && (int)number == r->trial->info.number;
}

static bool take_request(eb_row_reader *r, const char *s, size_t n)
{
    return eb_csv_u32(s, n, &r->request.request);
}

static bool take_scheduled(eb_row_reader *r, const char *s, size_t n)
{
    return eb_csv_time(s, n, &r->request.scheduled_ns);
}

static bool take_sent(eb_row_reader *r, const char *s, size_t n)
{
    return eb_csv_time(s, n, &r->request.sent_ns);
}

static bool take_prompt(eb_row_reader *r, const char *s, size_t n)
{
    return eb_csv_u32(s, n, &r->request.prompt_tok);
}

static bool take_output(eb_row_reader *r, const char *s, size_t n)
{
    return eb_csv_u32(s, n, &r->request.output_tok);
}

static bool take_request_status(eb_row_reader *r, const char *s, size_t n)
{
    int i = eb_csv_name(s, n, EB_REQUEST_STATUS_COUNT, request_status_name);
    r->request.status = (eb_request_status)i;
    return i >= 0;
}

static bool take_token_request(eb_row_reader *r, const char *s, size_t n)
{
    return eb_csv_u32(s, n, &r->token.request);
}

static bool take_index(eb_row_reader *r, const char *s, size_t n)
{
    return eb_csv_u32(s, n, &r->token.index);
}

static bool take_phase(eb_row_reader *r, const char *s, size_t n)
{
    int i = eb_csv_name(s, n, EB_PHASE_COUNT, phase_name);
    r->token.phase = (eb_phase)i;
    return i >= 0;
}

static bool take_token_start(eb_row_reader *r, const char *s, size_t n)
{
    return eb_csv_time(s, n, &r->token.t_start_ns);
}

static bool take_token_end(eb_row_reader *r, const char *s, size_t n)
{
    return eb_csv_time(s, n, &r->token.t_end_ns) && r->token.t_end_ns >= r->token.t_start_ns;
}

static bool take_token(eb_row_reader *r, const char *s, size_t n)
{
    int64_t value = 0;
    bool ok = eb_csv_i64(s, n, INT32_MIN, INT32_MAX, &value);
    r->token.token = (int32_t)value;
    return ok;
}

// Derived columns are computed again, not believed; they must only look like numbers.
static bool take_derived(eb_row_reader *r, const char *s, size_t n)
{
    (void)r;
    for (size_t i = 0; i < n; i++)
        if ((unsigned)(unsigned char)s[i] - '0' > 9 && s[i] != '.' && s[i] != '+' && s[i] != '-' && s[i] != 'e')
            return false;
    return true;
}

// Derived as well, and no number.
static bool take_text(eb_row_reader *r, const char *s, size_t n)
{
    (void)r;
    (void)s;
    (void)n;
    return true;
}

static bool take_grade(eb_row_reader *r, const char *s, size_t n)
{
    (void)r;
    return eb_csv_name(s, n, EB_GRADE_COUNT, grade_name) >= 0;
}

// Rows go round the channels in order, so the next one is tried first.
static bool take_channel(eb_row_reader *r, const char *s, size_t n)
{
    const eb_header *h = r->file->header;
    for (int tried = 0; tried < h->n_channels; tried++) {
        r->channel = r->channel + 1 < h->n_channels ? r->channel + 1 : 0;
        if (eb_csv_word(h->channels[r->channel].name, s, n)) {
            r->power.channel = r->channel;
            return true;
        }
    }
    return false;
}

static bool take_before(eb_row_reader *r, const char *s, size_t n)
{
    return eb_csv_time(s, n, &r->power.sample.t_before_ns);
}

static bool take_after(eb_row_reader *r, const char *s, size_t n)
{
    return eb_csv_time(s, n, &r->power.sample.t_after_ns) && r->power.sample.t_after_ns >= r->power.sample.t_before_ns;
}

static bool take_raw(eb_row_reader *r, const char *s, size_t n)
{
    return eb_csv_u64(s, n, UINT64_MAX, &r->power.sample.raw);
}

static bool take_status(eb_row_reader *r, const char *s, size_t n)
{
    int i = eb_csv_name(s, n, EB_SAMPLE_STATUS_COUNT, status_name);
    r->power.sample.status = (eb_status)i;
    return i >= 0;
}

static const char *op_name(int i)
{
    return eb_op_name((eb_op)i);
}

static bool take_span_op(eb_row_reader *r, const char *s, size_t n)
{
    int i = eb_csv_name(s, n, EB_OP_COUNT, op_name);
    r->span.op = (uint8_t)i;
    return i >= 0;
}

static bool take_span_phase(eb_row_reader *r, const char *s, size_t n)
{
    int i = eb_csv_name(s, n, EB_PHASE_COUNT, phase_name);
    r->span.phase = (uint8_t)i;
    return i >= 0;
}

static bool take_layer(eb_row_reader *r, const char *s, size_t n)
{
    uint64_t value = UINT16_MAX;
    bool ok = n == 0 || eb_csv_u64(s, n, UINT16_MAX - 1, &value);
    r->span.layer = (uint16_t)value;
    return ok;
}

// Spans are in order of time and do not overlap.
static bool take_span_start(eb_row_reader *r, const char *s, size_t n)
{
    const eb_span *last = r->trial->n_spans ? &r->trial->spans[r->trial->n_spans - 1] : NULL;
    return eb_csv_time(s, n, &r->span.t_start_ns) &&
           (!last || r->span.t_start_ns >= last->t_start_ns + last->length_ns);
}

static bool take_length(eb_row_reader *r, const char *s, size_t n)
{
    return eb_csv_u32(s, n, &r->span.length_ns);
}

static bool take_bytes(eb_row_reader *r, const char *s, size_t n)
{
    uint64_t value = 0;
    bool ok = eb_csv_u64(s, n, UINT64_MAX, &value);
    r->span.bytes = (float)value;
    return ok;
}

static bool take_flop(eb_row_reader *r, const char *s, size_t n)
{
    uint64_t value = 0;
    bool ok = eb_csv_u64(s, n, UINT64_MAX, &value);
    r->span.flop = (float)value;
    return ok;
}

static bool take_op(eb_row_reader *r, const char *s, size_t n)
{
    int i = eb_csv_name(s, n, EB_OP_COUNT, op_name);
    r->op.op = (eb_op)i;
    return i >= 0;
}

static bool take_op_phase(eb_row_reader *r, const char *s, size_t n)
{
    int i = eb_csv_name(s, n, EB_PHASE_COUNT, phase_name);
    r->op.phase = (eb_phase)i;
    return i >= 0;
}

static bool take_event(eb_row_reader *r, const char *s, size_t n)
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

static bool take_value(eb_row_reader *r, const char *s, size_t n)
{
    return eb_csv_amount(s, n, &r->op.value);
}

static bool take_running(eb_row_reader *r, const char *s, size_t n)
{
    return eb_csv_amount(s, n, &r->op.running_frac);
}

static bool take_calls(eb_row_reader *r, const char *s, size_t n)
{
    return eb_csv_u64(s, n, UINT64_MAX, &r->op.calls);
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

const eb_row_table eb_row_tables[EB_CSV_COUNT] = {
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

size_t eb_row_longest(const eb_row_table *t, int column)
{
    return t->take[column] == take_text ? MAX_TEXT : EB_CSV_FIELD;
}
