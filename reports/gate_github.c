// SPDX-License-Identifier: Apache-2.0
// GitHub Actions: workflow commands that become annotations, and the markdown of the step's summary.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/units.h"
#include "reports/gate.h"
#include "reports/text.h"

// A workflow command ends with its line; in a property also : and , have a meaning.
static void escaped(FILE *out, const char *text, bool property)
{
    char *clean = eb_text_clean(text);
    for (const char *p = clean; *p; p++)
        if (*p == '%' || (property && (*p == ':' || *p == ',')))
            fprintf(out, "%%%02X", (unsigned)(unsigned char)*p);
        else
            fputc(*p, out);
    free(clean);
}

static void annotate(FILE *out, const char *level, const char *title, const char *text)
{
    fprintf(out, "::%s title=", level);
    escaped(out, title, true);
    fputs("::", out);
    escaped(out, text, false);
    fputc('\n', out);
}

void eb_gate_github_error(const char *text, FILE *out)
{
    annotate(out, "error", "effbench check: no verdict", text);
}

void eb_gate_write_github(const eb_check *c, bool color, FILE *out)
{
    (void)color;
    static const char *const levels[] = { [EB_GATE_PASS] = "notice",
                                          [EB_GATE_FAIL] = "error",
                                          [EB_GATE_INCONCLUSIVE] = "warning",
                                          [EB_GATE_INVALID] = "warning" };
    char title[64];
    snprintf(title, sizeof title, "effbench check: %s", eb_gate_verdict_name(c->verdict));
    annotate(out, levels[c->verdict], title, c->because ? c->because : "");
    for (int i = 0; i < c->n_cases; i++)
        for (int k = 0; k < c->cases[i].n_why; k++)
            annotate(out, "notice", "why", c->cases[i].why[k]);
}

static void cell(FILE *out, const char *text)
{
    char *clean = eb_text_clean(text);
    eb_text_markdown(out, clean);
    free(clean);
}

static void row(const eb_check *c, const eb_check_metric *m, FILE *out)
{
    char base[48], cand[48], change[32], lo[32], hi[32];
    if (!eb_gate_metric_shown(m))
        return;
    bool judged = eb_gate_judged(c, m);
    fprintf(out, "| `%s` | %s | %s | %s | %s%s%s | %s |\n", m->key, eb_gate_value(base, sizeof base, m, m->base_median),
            eb_gate_value(cand, sizeof cand, m, m->cand_median),
            eb_gate_percent(change, sizeof change, eb_check_change(m)),
            judged ? eb_gate_percent(lo, sizeof lo, eb_check_change_lo(m)) : "", judged ? " to " : "",
            judged ? eb_gate_percent(hi, sizeof hi, eb_check_change_hi(m)) : "",
            judged        ? eb_gate_verdict_name(m->found.verdict)
            : m->explains ? ""
                          : "not gated");
}

// Each reason once, with all that it keeps out.
static void not_gated(const eb_check_case *k, FILE *out)
{
    for (int j = 0; j < k->n_metrics; j++) {
        const char *why = k->metrics[j].why_not;
        int first = 0; // why_not is empty of what is gated
        while (strcmp(k->metrics[first].why_not, why) != 0)
            first++;
        if (!why[0] || first != j)
            continue;
        fputs("- not gated (", out);
        cell(out, why);
        fputc(')', out);
        for (int i = j; i < k->n_metrics; i++)
            if (strcmp(k->metrics[i].why_not, why) == 0)
                fprintf(out, "%s `%s`", i == j ? ":" : ",", k->metrics[i].key);
        fputc('\n', out);
    }
}

static void one_case(const eb_check *c, const eb_check_case *k, FILE *out)
{
    fputs("### ", out);
    cell(out, k->id);
    fputs("\n\n", out);
    if (eb_gate_case_shown(k))
        fputs("| metric | base | candidate | change | bounds | verdict |\n| --- | --- | --- | --- | --- | --- |\n",
              out);
    for (int j = 0; j < k->n_metrics; j++)
        row(c, &k->metrics[j], out);
    for (int j = 0; j < k->n_facts; j++)
        if (eb_gate_fact_shown(&k->facts[j]))
            fprintf(out, "| %s | %s | %s | | | %s |\n", k->facts[j].what, k->facts[j].base, k->facts[j].cand,
                    k->facts[j].gated ? eb_gate_verdict_name(k->facts[j].verdict) : "not gated");
    fputc('\n', out);
    for (int j = 0; j < k->n_why; j++) {
        fputs("- ", out);
        cell(out, k->why[j]);
        fputc('\n', out);
    }
    not_gated(k, out);
    for (int j = 0; j < k->n_facts; j++)
        if (!k->facts[j].gated && k->facts[j].note[0] && eb_gate_fact_shown(&k->facts[j])) {
            fputs("- not gated (", out);
            cell(out, k->facts[j].note);
            fprintf(out, "): %s\n", k->facts[j].what);
        }
}

static void lists(const eb_check *c, FILE *out)
{
    for (int i = 0; i < c->n_troubles; i++) {
        fputs("- spoilt a pair: ", out);
        cell(out, c->troubles[i]);
        fputc('\n', out);
    }
    for (int i = 0; i < c->n_notes; i++) {
        fputs("- ", out);
        cell(out, c->notes[i]);
        fputc('\n', out);
    }
    if (eb_gate_any_shown(c))
        fprintf(out, "\nchange: %s  \nbounds: %s\n", eb_gate_change_note(c), eb_gate_bounds_note);
    const char *simulated = c->simulated ? "; simulated, nothing was measured" : "";
    if (c->stored)
        fprintf(out, "\n%d trial%s of a side, unpaired, %d spoilt%s\n", c->pairs, eb_s(c->pairs), c->void_pairs,
                simulated);
    else
        fprintf(out, "\n%d pair%s, %d spoilt, %.0f s, seed %llu%s\n", c->pairs, eb_s(c->pairs), c->void_pairs,
                c->seconds, (unsigned long long)c->seed, simulated);
}

void eb_gate_write_summary(const eb_check *c, bool color, FILE *out)
{
    (void)color;
    fprintf(out, "## effbench check: %s\n\n", eb_gate_verdict_name(c->verdict));
    cell(out, c->because ? c->because : "");
    fputs("\n\nbase: ", out);
    cell(out, c->base);
    fputs("  \ncandidate: ", out);
    cell(out, c->cand);
    fputs("\n\n", out);
    for (int i = 0; i < c->n_cases; i++)
        if (eb_gate_case_shown(&c->cases[i]) || c->verdict != EB_GATE_INVALID)
            one_case(c, &c->cases[i], out);
    lists(c, out);
}
