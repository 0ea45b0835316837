// SPDX-License-Identifier: Apache-2.0
// Rows -> CSV text, in memory: a million rows are written with a handful of system calls.
#include "harness/record/rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"

static void reserve(eb_text *to, size_t more)
{
    if (to->cap - to->n >= more)
        return;
    size_t cap = to->cap ? to->cap : 65536;
    while (cap - to->n < more)
        cap *= 2;
    to->data = eb_realloc(to->data, cap, 1);
    to->cap = cap;
}

static void put_char(eb_text *to, char c)
{
    reserve(to, 1);
    to->data[to->n++] = c;
}

static void put_text(eb_text *to, const char *s)
{
    size_t n = strlen(s);
    reserve(to, n);
    memcpy(to->data + to->n, s, n);
    to->n += n;
}

static void put_u64(eb_text *to, uint64_t value)
{
    char digits[20];
    size_t n = 0;
    do
        digits[n++] = (char)('0' + value % 10);
    while (value /= 10);
    reserve(to, n);
    while (n)
        to->data[to->n++] = digits[--n];
}

static void put_i64(eb_text *to, int64_t value)
{
    if (value < 0)
        put_char(to, '-');
    put_u64(to, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

static void put_decimal(eb_text *to, double value, int digits)
{
    char text[40];
    if (!isfinite(value))
        return;
    snprintf(text, sizeof text, "%.*g", digits, value);
    put_text(to, text);
}

// Quoted only where a comma, quote or line end asks for it.
static void put_field(eb_text *to, const char *s)
{
    if (!strpbrk(s, ",\"\r\n")) {
        put_text(to, s);
        return;
    }
    put_char(to, '"');
    for (; *s; s++) {
        if (*s == '"')
            put_char(to, '"');
        put_char(to, *s);
    }
    put_char(to, '"');
}

void eb_rows_requests(eb_text *to, int trial, const eb_request_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const eb_request_row *r = &rows[i];
        put_i64(to, trial);
        put_char(to, ',');
        put_u64(to, r->request);
        put_char(to, ',');
        put_i64(to, r->scheduled_ns);
        put_char(to, ',');
        put_i64(to, r->sent_ns);
        put_char(to, ',');
        put_u64(to, r->prompt_tok);
        put_char(to, ',');
        put_u64(to, r->output_tok);
        put_char(to, ',');
        put_text(to, eb_request_status_name(r->status));
        put_char(to, '\n');
    }
}

void eb_rows_tokens(eb_text *to, int trial, const eb_token_event *rows, const eb_token_energy *energies, size_t n,
                    const eb_provenance *from)
{
    eb_text end = { 0 }; // of every row
    const char *const texts[] = { from->source, from->domains, from->coverage };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        put_char(&end, ',');
        put_field(&end, texts[i]);
    }
    put_char(&end, '\n');
    for (size_t i = 0; i < n; i++) {
        const eb_token_event *t = &rows[i];
        put_i64(to, trial);
        put_char(to, ',');
        put_u64(to, t->request);
        put_char(to, ',');
        put_u64(to, t->index);
        put_char(to, ',');
        put_text(to, eb_phase_name(t->phase));
        put_char(to, ',');
        put_i64(to, t->t_start_ns);
        put_char(to, ',');
        put_i64(to, t->t_end_ns);
        put_char(to, ',');
        put_i64(to, t->token);
        put_char(to, ',');
        put_decimal(to, energies[i].uj, 12);
        put_char(to, ',');
        put_decimal(to, energies[i].halfwidth_uj, 6);
        put_char(to, ',');
        put_text(to, eb_grade_name(energies[i].grade));
        reserve(to, end.n);
        memcpy(to->data + to->n, end.data, end.n);
        to->n += end.n;
    }
    free(end.data);
}

void eb_rows_power(eb_text *to, int trial, const eb_header *header, const eb_power_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const eb_sample *s = &rows[i].sample;
        put_i64(to, trial);
        put_char(to, ',');
        put_field(to, header->channels[rows[i].channel].name);
        put_char(to, ',');
        put_i64(to, s->t_before_ns);
        put_char(to, ',');
        put_i64(to, s->t_after_ns);
        put_char(to, ',');
        put_u64(to, s->raw);
        put_char(to, ',');
        put_text(to, eb_status_name(s->status));
        put_char(to, '\n');
    }
}

void eb_rows_spans(eb_text *to, int trial, const eb_span *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const eb_span *s = &rows[i];
        put_i64(to, trial);
        put_char(to, ',');
        put_text(to, eb_op_name((eb_op)s->op));
        put_char(to, ',');
        put_text(to, eb_phase_name((eb_phase)s->phase));
        put_char(to, ',');
        if (s->layer != UINT16_MAX)
            put_u64(to, s->layer);
        put_char(to, ',');
        put_i64(to, s->t_start_ns);
        put_char(to, ',');
        put_u64(to, s->length_ns);
        put_char(to, ',');
        put_u64(to, (uint64_t)s->bytes);
        put_char(to, ',');
        put_u64(to, (uint64_t)s->flop);
        put_char(to, '\n');
    }
}

void eb_rows_ops(eb_text *to, int trial, const eb_op_count_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const eb_op_count_row *r = &rows[i];
        char value[40] = "";
        if (!isnan(r->value))
            snprintf(value, sizeof value, "%.17g", r->value);
        put_i64(to, trial);
        put_char(to, ',');
        put_text(to, eb_op_name(r->op));
        put_char(to, ',');
        put_text(to, eb_phase_name(r->phase));
        put_char(to, ',');
        put_field(to, r->event);
        put_char(to, ',');
        put_text(to, value);
        put_char(to, ',');
        put_decimal(to, r->running_frac, 6);
        put_char(to, ',');
        put_u64(to, r->calls);
        put_char(to, '\n');
    }
}
