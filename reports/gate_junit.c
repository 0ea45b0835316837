// SPDX-License-Identifier: Apache-2.0
// JUnit XML, as CI servers read it: a suite for each case, a test for each metric and fact; tests/fixtures/junit.xsd
// is the form it keeps to. What could not be told is an error, so that no server takes it for a pass.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/gate.h"
#include "reports/text.h"

// Attribute or text: what XML 1.0 does not allow has been replaced by eb_text_clean.
static void put(FILE *out, const char *text)
{
    char *clean = eb_text_clean(text);
    for (const char *p = clean; *p; p++) {
        const char *entity = *p == '&'   ? "&amp;"
                             : *p == '<' ? "&lt;"
                             : *p == '>' ? "&gt;"
                             : *p == '"' ? "&quot;"
                                         : NULL;
        if (entity)
            fputs(entity, out);
        else
            fputc(*p, out);
    }
    free(clean);
}

static void attribute(FILE *out, const char *name, const char *value)
{
    fprintf(out, " %s=\"", name);
    put(out, value);
    fputc('"', out);
}

typedef struct counts {
    int tests, failures, errors, skipped;
} counts;

// What a metric is as a test.
typedef enum outcome { PASSED, FAILED, ERROR, SKIPPED } outcome;

static outcome of_metric(const eb_check *c, const eb_check_metric *m)
{
    if (!m->gated)
        return SKIPPED;
    if (c->verdict == EB_GATE_INVALID || c->look < 0 || !m->found.n)
        return c->verdict == EB_GATE_FAIL ? SKIPPED : ERROR; // a fact failed: the metrics were not waited for
    if (m->found.verdict == EB_GATE_INCONCLUSIVE)            // another one failed before this one was decided
        return c->verdict == EB_GATE_FAIL ? SKIPPED : ERROR;
    return m->found.verdict == EB_GATE_FAIL ? FAILED : PASSED;
}

static outcome of_fact(const eb_check_fact *f)
{
    return !f->gated ? SKIPPED : f->verdict == EB_GATE_FAIL ? FAILED : PASSED;
}

static void count(counts *n, outcome o)
{
    n->tests++;
    n->failures += o == FAILED;
    n->errors += o == ERROR;
    n->skipped += o == SKIPPED;
}

static void count_case(const eb_check *c, const eb_check_case *k, counts *n)
{
    for (int i = 0; i < k->n_metrics; i++)
        if (!k->metrics[i].explains)
            count(n, of_metric(c, &k->metrics[i]));
    for (int i = 0; i < k->n_facts; i++)
        count(n, of_fact(&k->facts[i]));
}

static void put_outcome(FILE *out, outcome o, const char *message)
{
    static const char *const tags[] = { NULL, "failure", "error", "skipped" };
    if (o == PASSED)
        return;
    fprintf(out, "      <%s", tags[o]);
    attribute(out, "message", message);
    if (o != SKIPPED)
        attribute(out, "type", o == FAILED ? "regression" : "undecided");
    fputs("/>\n", out);
}

static void put_test(FILE *out, const char *suite, const char *name, outcome o, const char *message, const char *text)
{
    fputs("    <testcase", out);
    attribute(out, "classname", suite);
    attribute(out, "name", name);
    fputs(" time=\"0\">\n", out);
    put_outcome(out, o, message);
    if (text[0]) {
        fputs("      <system-out>", out);
        put(out, text);
        fputs("</system-out>\n", out);
    }
    fputs("    </testcase>\n", out);
}

// "A -> B (+1.2 %)", with the bounds of what was judged; "" where neither side is known.
static void put_change(char *text, size_t size, const eb_check *c, const eb_check_metric *m)
{
    char base[48], cand[48], change[32], lo[32], hi[32], bounds[80] = "";
    text[0] = '\0';
    if (!eb_gate_metric_shown(m))
        return;
    if (eb_gate_judged(c, m))
        snprintf(bounds, sizeof bounds, ", bounds %s to %s", eb_gate_percent(lo, sizeof lo, eb_check_change_lo(m)),
                 eb_gate_percent(hi, sizeof hi, eb_check_change_hi(m)));
    snprintf(text, size, "%s -> %s (%s%s)", eb_gate_value(base, sizeof base, m, m->base_median),
             eb_gate_value(cand, sizeof cand, m, m->cand_median),
             eb_gate_percent(change, sizeof change, eb_check_change(m)), bounds);
}

static void metric_test(const eb_check *c, const eb_check_case *k, const eb_check_metric *m, FILE *out)
{
    char text[300], message[600];
    outcome o = of_metric(c, m);
    put_change(text, sizeof text, c, m);
    if (!m->gated && text[0])
        snprintf(message, sizeof message, "shown and not gated (%s): %s", m->why_not, text);
    else if (!m->gated)
        snprintf(message, sizeof message, "not gated: %s", m->why_not);
    else
        snprintf(message, sizeof message, "%s",
                 o == FAILED  ? text
                 : o == ERROR ? "not decided: the test `verdict` of effbench.check says why"
                              : "not decided when the gate ended");
    put_test(out, k->id, m->key, o, message, text);
}

static void fact_test(const eb_check_case *k, const eb_check_fact *f, FILE *out)
{
    char text[300] = "";
    outcome o = of_fact(f);
    if (eb_gate_fact_shown(f))
        snprintf(text, sizeof text, "%.100s -> %.100s", f->base[0] ? f->base : "-", f->cand[0] ? f->cand : "-");
    put_test(out, k->id, f->what, o, o == FAILED ? text : f->note, text);
}

static void put_case(const eb_check *c, const eb_check_case *k, FILE *out)
{
    counts n = { 0 };
    count_case(c, k, &n);
    fputs("  <testsuite", out);
    attribute(out, "name", k->id);
    fprintf(out, " tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"%d\" time=\"%.3f\">\n", n.tests, n.failures,
            n.errors, n.skipped, c->seconds);
    for (int i = 0; i < k->n_metrics; i++)
        if (!k->metrics[i].explains)
            metric_test(c, k, &k->metrics[i], out);
    for (int i = 0; i < k->n_facts; i++)
        fact_test(k, &k->facts[i], out);
    if (k->n_why)
        fputs("    <system-out>", out);
    for (int i = 0; i < k->n_why; i++) {
        put(out, k->why[i]);
        fputs(i + 1 < k->n_why ? "\n" : "</system-out>\n", out);
    }
    fputs("  </testsuite>\n", out);
}

// An invalid gate may have no case at all: it is a test by itself, so that it shows.
static void put_verdict(const eb_check *c, FILE *out)
{
    outcome o = c->verdict == EB_GATE_PASS ? PASSED : c->verdict == EB_GATE_FAIL ? FAILED : ERROR;
    fprintf(out, "  <testsuite name=\"gate\" tests=\"1\" failures=\"%d\" errors=\"%d\" skipped=\"0\" time=\"%.3f\">\n",
            o == FAILED, o == ERROR, c->seconds);
    put_test(out, "effbench.check", "verdict", o, c->because, o == PASSED ? c->because : "");
    if (eb_gate_any_shown(c)) {
        fputs("    <system-out>change: ", out);
        put(out, eb_gate_change_note(c));
        fputs("\nbounds: ", out);
        put(out, eb_gate_bounds_note);
        fputs("</system-out>\n", out);
    }
    fputs("  </testsuite>\n", out);
}

void eb_gate_write_junit(const eb_check *c, bool color, FILE *out)
{
    (void)color;
    counts n = { .tests = 1, .failures = c->verdict == EB_GATE_FAIL, .errors = c->verdict >= EB_GATE_INCONCLUSIVE };
    for (int i = 0; i < c->n_cases; i++)
        count_case(c, &c->cases[i], &n);
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"effbench check\" tests=\"%d\" "
            "failures=\"%d\" errors=\"%d\" skipped=\"%d\" time=\"%.3f\">\n",
            n.tests, n.failures, n.errors, n.skipped, c->seconds);
    put_verdict(c, out);
    for (int i = 0; i < c->n_cases; i++)
        put_case(c, &c->cases[i], out);
    fputs("</testsuites>\n", out);
}
