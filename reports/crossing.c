// SPDX-License-Identifier: Apache-2.0
// A context sweep of a KV cache against a state, length by length, and where they cross.
#include "harness/record/crossing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "reports/view.h"

static const struct {
    const char *said; // of an energy, of a time
    const char *unit;
    double scale;
} ways[] = { { "energy", "mJ/tok", 1000 }, { "time of a decode step", "ms/tok", 1000 } };

static size_t way_of(const eb_crossing *c)
{
    return c->grade == EB_GRADE_NONE;
}

static void number(eb_table *t, double value, int digits)
{
    char buf[48];
    eb_table_cell(t, isfinite(value) ? eb_fmt_sig(buf, sizeof buf, value, digits) : "-", EB_MARK_NONE);
}

// The depth is what the rows differ in: without it.
static char *series_name(const eb_run *run, int c)
{
    const eb_case_info *info = run->cases[c].info;
    return eb_format("%s %s", info->model, info->type[0] ? info->type : "file");
}

eb_table *eb_crossing_table(const eb_run *run, int crossing)
{
    const eb_crossing *c = &run->crossings[crossing];
    const size_t way = way_of(c);
    char *kv = series_name(run, c->points[0].kv_case), *state = series_name(run, c->points[0].state_case),
         *title = eb_format("Context, %s: %s with its KV cache, %s with its state", ways[way].said, kv, state), buf[48];
    eb_table *t = eb_table_new(title);
    eb_table_column(t, (eb_column){ .head = "context", .unit = "tok", .label = true });
    eb_table_column(t, (eb_column){ .head = "KV cache", .unit = ways[way].unit });
    eb_table_column(t, (eb_column){ .head = "state", .unit = ways[way].unit });
    eb_table_column(t, (eb_column){ .head = "difference", .unit = ways[way].unit });
    eb_table_column(t, (eb_column){ .head = "from", .unit = "" });
    eb_table_column(t, (eb_column){ .head = "to", .unit = "" });
    eb_table_column(t, (eb_column){ .head = "KV cache", .unit = "/ state" });
    for (int i = 0; i < c->n; i++) {
        const eb_crossing_point *p = &c->points[i];
        eb_table_row(t, NULL);
        snprintf(buf, sizeof buf, "%.0f", p->length_tok);
        eb_table_cell(t, buf, EB_MARK_NONE);
        number(t, p->kv * ways[way].scale, 3);
        number(t, p->state * ways[way].scale, 3);
        number(t, p->diff * ways[way].scale, 3);
        number(t, p->lo * ways[way].scale, 2);
        number(t, p->hi * ways[way].scale, 2);
        number(t, p->kv / p->state, 3);
    }
    free(title);
    free(state);
    free(kv);
    return t;
}

char *eb_crossing_note(const eb_run *run, int crossing)
{
    const eb_crossing *c = &run->crossings[crossing];
    char *kv = series_name(run, c->points[0].kv_case), *state = series_name(run, c->points[0].state_case),
         *words = eb_crossing_words(c);
    char *note = eb_format("%s, %s (KV cache) and %s (state): %s%s%s", ways[way_of(c)].said, kv, state, words,
                           c->grade != EB_GRADE_NONE ? "; joules: " : "",
                           c->grade != EB_GRADE_NONE ? eb_grade_name(c->grade) : "");
    free(words);
    free(state);
    free(kv);
    return note;
}

bool eb_crossing_same_pair(const eb_run *run, int a, int b)
{
    const eb_crossing_point *p = run->crossings[a].points, *q = run->crossings[b].points;
    return p->kv_case == q->kv_case && p->state_case == q->state_case;
}

static void put_name(const eb_run *run, int c, const eb_answer_style *style, FILE *out)
{
    char *name = series_name(run, c);
    fprintf(out, "%s", style->strong_open);
    style->put(out, name);
    fprintf(out, "%s", style->strong_close);
    free(name);
}

void eb_crossing_answer(const eb_run *run, int crossing, const eb_answer_style *style, FILE *out)
{
    const eb_crossing *c = &run->crossings[crossing];
    char *words = eb_crossing_words(c);
    fprintf(out, "%s per token, ", c->grade == EB_GRADE_NONE ? "Time of decode" : "Joules");
    put_name(run, c->points[0].kv_case, style, out);
    fprintf(out, " (KV cache) and ");
    put_name(run, c->points[0].state_case, style, out);
    fprintf(out, " (state): %s%s%s%s.", words, c->grade == EB_GRADE_NONE ? "" : " (",
            c->grade == EB_GRADE_NONE ? "" : eb_grade_name(c->grade), c->grade == EB_GRADE_NONE ? "" : ")");
    free(words);
}
