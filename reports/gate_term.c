// SPDX-License-Identifier: Apache-2.0
// For people: the answer first, then a line for each metric.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "reports/gate.h"
#include "reports/text.h"

enum { WIDTH = 100 };

static const char *colour_of(eb_gate_verdict v)
{
    static const char *const codes[] = { [EB_GATE_PASS] = "\033[32m",
                                         [EB_GATE_FAIL] = "\033[31m",
                                         [EB_GATE_INCONCLUSIVE] = "\033[33m",
                                         [EB_GATE_INVALID] = "\033[35m" };
    return codes[v];
}

static void wrapped(FILE *out, const char *head, const char *text)
{
    char *clean = eb_text_clean(text);
    eb_text_wrap(out, head, 10, clean, WIDTH);
    free(clean);
}

static void head(const eb_check *c, bool color, FILE *out)
{
    fprintf(out, "%s%s%s\n", color ? colour_of(c->verdict) : "", eb_gate_verdict_name(c->verdict),
            color ? "\033[0m" : "");
    wrapped(out, "", c->because ? c->because : "");
    fputc('\n', out);
    wrapped(out, "base", c->base);
    wrapped(out, "candidate", c->cand);
}

static const char *word(const eb_check *c, const eb_check_metric *m)
{
    return eb_gate_judged(c, m) ? eb_gate_verdict_name(m->found.verdict) : "not judged";
}

// The last columns may be empty: no line ends with blanks. Takes `line`.
static void put_row(FILE *out, char *line)
{
    size_t n = strlen(line);
    while (n && line[n - 1] == ' ')
        n--;
    fprintf(out, "%.*s\n", (int)n, line);
    free(line);
}

static void metric_line(const eb_check *c, const eb_check_metric *m, FILE *out)
{
    char base[48], cand[48], change[32], lo[32], hi[32], range[72];
    if (!eb_gate_metric_shown(m))
        return;
    snprintf(range, sizeof range, "%s to %s", eb_gate_percent(lo, sizeof lo, eb_check_change_lo(m)),
             eb_gate_percent(hi, sizeof hi, eb_check_change_hi(m)));
    put_row(out,
            eb_format("  %-18s %14s %14s %9s  %-20s %s", m->key, eb_gate_value(base, sizeof base, m, m->base_median),
                      eb_gate_value(cand, sizeof cand, m, m->cand_median),
                      eb_gate_percent(change, sizeof change, eb_check_change(m)), m->gated && m->found.n ? range : "",
                      m->gated      ? word(c, m)
                      : m->explains ? ""
                                    : "not gated"));
}

static void reasons_not(const eb_check_case *k, FILE *out)
{
    for (int i = 0; i < k->n_metrics; i++)
        if (!k->metrics[i].gated && k->metrics[i].why_not[0]) {
            char text[220];
            snprintf(text, sizeof text, "%s: %s", k->metrics[i].key, k->metrics[i].why_not);
            wrapped(out, "not gated", text);
        }
    for (int i = 0; i < k->n_facts; i++)
        if (!k->facts[i].gated && k->facts[i].note[0] && eb_gate_fact_shown(&k->facts[i])) {
            char text[220];
            snprintf(text, sizeof text, "%s: %s", k->facts[i].what, k->facts[i].note);
            wrapped(out, "not gated", text);
        }
}

static void facts(const eb_check_case *k, FILE *out)
{
    for (int i = 0; i < k->n_facts; i++) {
        const eb_check_fact *f = &k->facts[i];
        if (!eb_gate_fact_shown(f))
            continue;
        bool equal = strcmp(f->base, f->cand) == 0;
        fprintf(out, "  %-18s %14.14s %14.14s %9s  %-20s %s\n", f->what, f->base, f->cand, equal ? "equal" : "differs",
                "", f->gated ? eb_gate_verdict_name(f->verdict) : "not gated");
    }
}

static void one_case(const eb_check *c, const eb_check_case *k, FILE *out)
{
    bool table = eb_gate_case_shown(k);
    if (!table && c->verdict == EB_GATE_INVALID)
        return;
    char *id = eb_text_clean(k->id), *cand = eb_text_clean(k->cand_id);
    fprintf(out, "\n%s%s%s\n", id, strcmp(id, cand) ? " against " : "", strcmp(id, cand) ? cand : "");
    if (table)
        fprintf(out, "  %-18s %14s %14s %9s  %-20s %s\n", "", "base", "candidate", "change", "bounds", "verdict");
    for (int explains = 0; explains < 2; explains++)
        for (int i = 0; i < k->n_metrics; i++)
            if (k->metrics[i].explains == explains)
                metric_line(c, &k->metrics[i], out);
    facts(k, out);
    for (int i = 0; i < k->n_why; i++)
        wrapped(out, i ? "" : "why", k->why[i]);
    reasons_not(k, out);
    free(id);
    free(cand);
}

static void trends(const eb_check *c, FILE *out)
{
    for (int i = 0; i < c->n_trends; i++) {
        const eb_check_trend *t = &c->trends[i];
        char text[300], change[32];
        int at = snprintf(text, sizeof text, "%.40s of %.120s: %s against the median of %d accepted gate%s%s", t->key,
                          t->id, eb_gate_percent(change, sizeof change, t->change_frac), t->n, eb_s(t->n),
                          t->n_changes ? "; level changed" : "");
        for (int k = t->n_changes > 2 ? t->n_changes - 2 : 0; k < t->n_changes && at < (int)sizeof text; k++)
            at += snprintf(text + at, sizeof text - (size_t)at, " %s at %.16s",
                           eb_gate_percent(change, sizeof change, t->changes[k].change_frac), t->changes[k].utc);
        wrapped(out, i ? "" : "history", text);
    }
}

// How many trials and pairs, and how to read the table, where there is one.
static void how(const eb_check *c, FILE *out)
{
    char text[300];
    if (c->stored)
        snprintf(text, sizeof text, "%d trial%s of a side, unpaired; one look at all of alpha and beta", c->pairs,
                 eb_s(c->pairs));
    else
        snprintf(text, sizeof text, "%d counted, %d spoilt, in %.0f s; order by seed %llu; %d of %d looks", c->pairs,
                 c->void_pairs, c->seconds, (unsigned long long)c->seed, c->look + 1, EB_GATE_LOOKS);
    if (!c->stored || c->pairs)
        wrapped(out, c->stored ? "trials" : "pairs", text);
    if (!eb_gate_any_shown(c))
        return;
    wrapped(out, "change", eb_gate_change_note(c));
    wrapped(out, "bounds", eb_gate_bounds_note);
}

void eb_gate_write_term(const eb_check *c, bool color, FILE *out)
{
    head(c, color, out);
    for (int i = 0; i < c->n_cases; i++)
        one_case(c, &c->cases[i], out);
    if (eb_gate_any_shown(c) || !c->stored || c->pairs || c->n_troubles || c->n_notes || c->simulated)
        fputc('\n', out);
    how(c, out);
    trends(c, out);
    if (c->accepted)
        wrapped(out, "accepted", c->accepted);
    for (int i = 0; i < c->n_troubles; i++)
        wrapped(out, i ? "" : "spoilt by", c->troubles[i]);
    for (int i = 0; i < c->n_notes; i++)
        wrapped(out, "note", c->notes[i]);
    if (c->simulated)
        wrapped(out, "note", "simulated by engine = null: nothing was measured");
}
