// SPDX-License-Identifier: Apache-2.0
// The course of a sustained trial as a small table, and the words about where it throttles.
#include "reports/view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "harness/record/sustained.h"

enum { ROWS = 12 };

static const eb_column columns[] = {
    { .head = "from", .unit = "s", .label = true },
    { .head = "decode", .unit = "tok/s" },
    { .head = "power", .unit = "W" },
    { .head = "", .unit = "±", .glue = true },
    { .head = "energy", .unit = "J/tok" },
    { .head = "hottest", .unit = "°C" },
    { .head = "clock", .unit = "MHz" },
    { .head = "", .unit = "", .left = true },
};

static void number(eb_table *t, double value, int digits)
{
    char buf[48];
    eb_table_cell(t, isfinite(value) ? eb_fmt_sig(buf, sizeof buf, value, digits) : "-", EB_MARK_NONE);
}

static double per(double a, double b)
{
    return b > 0 ? a / b : NAN;
}

// `n` windows from `from` on as one row.
static void put_row(eb_table *t, const eb_sustained *s, int from, int n)
{
    double tok = 0, decode_tok = 0, decode_s = 0, j = 0, half_j = 0, length_s = 0, hottest = NAN, hz = 0;
    int known_hz = 0, throttled = 0;
    char buf[48];
    for (int i = from; i < from + n; i++) {
        const eb_sustained_window *w = &s->windows[i];
        tok += w->tok;
        decode_tok += w->decode_tok;
        decode_s += w->decode_s;
        j += w->j;
        half_j = hypot(half_j, w->halfwidth_j);
        length_s += w->length_s;
        hottest = fmax(hottest, w->heat.temperature_c);
        known_hz += isfinite(w->heat.frequency_hz);
        hz += isfinite(w->heat.frequency_hz) ? w->heat.frequency_hz : 0;
        throttled += w->throttled;
    }
    eb_table_row(t, NULL);
    snprintf(buf, sizeof buf, "%.*f", s->ran_s < 60 ? 1 : 0, s->windows[from].t_s);
    eb_table_cell(t, buf, EB_MARK_NONE);
    number(t, per(decode_tok, decode_s), 3);
    number(t, per(j, length_s), 3);
    char half[64] = "", digits[48];
    if (isfinite(half_j))
        snprintf(half, sizeof half, "±%s", eb_fmt_sig(digits, sizeof digits, per(half_j, length_s), 1));
    eb_table_cell(t, half, EB_MARK_NONE);
    number(t, per(j, tok), 3);
    number(t, hottest, 3);
    number(t, per(hz, known_hz) / 1e6, 4);
    eb_table_cell(t, throttled == n ? "throttled" : throttled ? "throttled in part" : "", EB_MARK_NONE);
}

char *eb_sustained_title(const eb_run *run, const eb_sustained *s)
{
    char *name = eb_case_title(run, s->case_index), *title = eb_format("Over time: %s, trial %d", name, s->trial);
    free(name);
    return title;
}

eb_table *eb_sustained_table(const eb_run *run, const eb_sustained *s)
{
    char *title = eb_sustained_title(run, s);
    eb_table *t = eb_table_new(title);
    free(title);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        eb_table_column(t, columns[i]);
    int each = (s->n + ROWS - 1) / ROWS;
    for (int i = 0; i < s->n; i += each)
        put_row(t, s, i, i + each <= s->n ? each : s->n - i);
    return t;
}

static void say_verdict(eb_text *t, const eb_sustained *s)
{
    char why[200], at[32], length[32];
    eb_sustained_why(s, why, sizeof why);
    if (s->throttle.verdict == EB_THROTTLE_YES)
        eb_text_add(t, "throttles from %s s on, for %s s of it: %s", eb_fmt_sig(at, sizeof at, s->onset_s, 3),
                    eb_fmt_sig(length, sizeof length, s->throttled_s, 3), why);
    else if (s->throttle.verdict == EB_THROTTLE_NO)
        eb_text_add(t, "does not throttle: %s", why);
    else
        eb_text_add(t, "whether it throttles is unknown: %s", why);
}

char *eb_sustained_note(const eb_run *run, const eb_sustained *s)
{
    char *name = eb_case_title(run, s->case_index), a[32], b[32], c[32];
    eb_text t = { 0 };
    eb_text_add(&t, "%s, trial %d, %s s: ", name, s->trial, eb_fmt_sig(a, sizeof a, s->ran_s, 3));
    free(name);
    say_verdict(&t, s);
    eb_text_add(&t, "; %s tok/s in the first %s s, %s in the last", eb_fmt_sig(a, sizeof a, s->first.decode_tok_s, 3),
                eb_fmt_sig(b, sizeof b, s->edge_s, 2), eb_fmt_sig(c, sizeof c, s->last.decode_tok_s, 3));
    if (isfinite(s->sustained_frac))
        eb_text_add(&t, ", which is %.3g %% of the peak", 100 * s->sustained_frac);
    if (isfinite(s->first.w) && isfinite(s->last.w))
        eb_text_add(&t, "; %s and %s W (%s)", eb_fmt_sig(a, sizeof a, s->first.w, 3),
                    eb_fmt_sig(b, sizeof b, s->last.w, 3),
                    eb_grade_name(s->first.grade < s->last.grade ? s->first.grade : s->last.grade));
    if (s->ran_s < 0.95 * s->asked_s)
        eb_text_add(&t, "; it ended before its %s s because its tokens filled the memory set aside for them",
                    eb_fmt_sig(a, sizeof a, s->asked_s, 3));
    return t.s;
}
