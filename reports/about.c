// SPDX-License-Identifier: Apache-2.0
// Where a figure comes from, in words: its interval, its trials, and for an energy who measured what of it.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "reports/view.h"

enum { DIGITS = 4 };

// Nanoseconds and bytes in steps that people read.
static const struct {
    const char *unit, *shown;
    double scale;
} scales[] = {
    { "ns", "ms", 1e-6 }, { "B", "MB", 1e-6 }, { "B/tok", "MB/tok", 1e-6 }, { "FLOP/tok", "MFLOP/tok", 1e-6 }
};

static double scale_of(const char *of, const char **unit)
{
    *unit = of;
    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++)
        if (!strcmp(of, scales[i].unit)) {
            *unit = scales[i].shown;
            return scales[i].scale;
        }
    return 1;
}

// Facts of the machine that are large numbers, and the steps that people read.
static const struct {
    const char *key, *shown;
    double scale;
} fact_scales[] = {
    { "read_bandwidth_bytes_s", "GB/s", 1e-9 },
    { "flop_s", "GFLOP/s", 1e-9 },
    { "int8_op_s", "GOP/s", 1e-9 },
};

char *eb_fact_text(const eb_pair *fact)
{
    eb_text t = { 0 };
    eb_text_add(&t, "%s", fact->value ? fact->value : "unknown");
    for (size_t i = 0; fact->value && i < sizeof fact_scales / sizeof *fact_scales; i++) {
        char *end;
        const double value = strtod(fact->value, &end);
        if (!strcmp(fact->key, fact_scales[i].key) && end != fact->value && *end == '\0' && isfinite(value))
            eb_text_add(&t, " (%.3g %s)", value * fact_scales[i].scale, fact_scales[i].shown);
    }
    return t.s;
}

const char *eb_metric_doc(const char *key)
{
    for (const eb_metric_def *d = eb_metric_table; d->key; d++)
        if (!strcmp(d->key, key))
            return d->doc;
    return "";
}

static void add_interval(eb_text *t, double lo, double hi, int n, eb_interval interval, double level, double scale)
{
    const char *what = interval == EB_INTERVAL_CONFIDENCE ? "interval" : "range";
    if (interval == EB_INTERVAL_NONE || n < 1)
        return;
    eb_text_add(t, n == 1 ? ", a single one" : ", of %d", n);
    if (n == 1 && interval == EB_INTERVAL_RANGE)
        return;
    if (interval == EB_INTERVAL_CONFIDENCE)
        eb_text_add(t, ", %.4g %%", 100 * level);
    eb_text_add(t, " %s %.*g to %.*g", what, DIGITS, scale * lo, DIGITS, scale * hi);
}

char *eb_figure_about(const char *key, double value, double lo, double hi, int n, eb_interval interval, double level,
                      const char *what)
{
    eb_text t = { 0 };
    const char *unit = "";
    double scale = 1;
    for (const eb_metric_def *d = eb_metric_table; d->key; d++)
        if (!strcmp(d->key, key))
            scale = scale_of(d->unit, &unit);
    eb_text_add(&t, "%s = %.*g %s", key, DIGITS, scale * value, unit);
    add_interval(&t, lo, hi, n, interval, level, scale);
    eb_text_add(&t, "%s%s", *what ? "; " : "", what);
    return t.s;
}

char *eb_metric_about(const eb_run *run, const eb_metric *m)
{
    eb_text t = { 0 };
    const char *unit;
    double scale = scale_of(m->unit, &unit);
    eb_text_add(&t, "%s = %.*g %s", m->key, DIGITS, scale * m->value, unit);
    if (!isnan(eb_text_halfwidth(m)) || m->n == 1)
        add_interval(&t, m->lo, m->hi, m->n, m->interval, run->header->interval_level, scale);
    if (eb_text_mark(m->interval, m->n) == 's' && !isnan(eb_text_shown_halfwidth(m)))
        eb_text_add(&t, ", by its counters %.*g to %.*g", DIGITS, scale * m->lo, DIGITS, scale * m->hi);
    if (m->grade != EB_GRADE_NONE)
        eb_text_add(&t, "; grade %s", eb_grade_name(m->grade));
    const eb_provenance *from = m->from;
    if (from && from->source && *from->source)
        eb_text_add(&t, "; from %s", from->source);
    if (from && from->domains && *from->domains)
        eb_text_add(&t, " (%s)", from->domains);
    if (from && from->coverage && *from->coverage)
        eb_text_add(&t, ", coverage %s", from->coverage);
    if (m->note[0])
        eb_text_add(&t, "; %s", m->note);
    return t.s;
}
