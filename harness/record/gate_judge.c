// SPDX-License-Identifier: Apache-2.0
// Looks at what the pairs say so far, and the sentence that comes of it.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/base/units.h"
#include "harness/record/gate_impl.h"
#include "harness/record/gate_stats.h"

const char *eb_gate_class_name(eb_gate_class cls)
{
    return eb_gate_class_limits[cls].name;
}

int eb_check_sign(const eb_check_metric *m)
{
    return m->more_is_worse ? 1 : -1;
}

double eb_check_change(const eb_check_metric *m)
{
    if (m->gated && m->found.n)
        return expm1(eb_check_sign(m) * m->found.x);
    return isnan(m->ratio) ? m->cand_median / m->base_median - 1 : m->ratio - 1;
}

double eb_check_change_lo(const eb_check_metric *m)
{
    return m->gated && m->found.n ? expm1(m->more_is_worse ? m->found.lo : -m->found.hi) : NAN;
}

double eb_check_change_hi(const eb_check_metric *m)
{
    return m->gated && m->found.n ? expm1(m->more_is_worse ? m->found.hi : -m->found.lo) : NAN;
}

// Pair by pair, so that what drifts is in neither.
static double paired_ratio(const eb_check *c, const eb_check_metric *m)
{
    double *x = eb_realloc(NULL, (size_t)m->n + 1, sizeof *x);
    for (int i = 0; i < m->n; i++)
        x[i] = log(m->cand[i] / m->base[i]);
    double ratio = m->n == 1 ? exp(x[0]) : exp(eb_trimmed_mean(x, (size_t)m->n, c->options.rule.trim).mean);
    free(x);
    return ratio;
}

void eb_check_medians(eb_check *c)
{
    for (int i = 0; i < c->n_cases; i++)
        for (int k = 0; k < c->cases[i].n_metrics; k++) {
            eb_check_metric *m = &c->cases[i].metrics[k];
            if (m->n && !c->stored) {
                m->base_median = eb_median(m->base, (size_t)m->n);
                m->cand_median = eb_median(m->cand, (size_t)m->n);
                m->ratio = paired_ratio(c, m);
            }
        }
}

// ---- the sentence -------------------------------------------------------------------------------------------

static void because(eb_check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void because(eb_check *c, const char *fmt, ...)
{
    char text[600];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    free(c->because);
    c->because = eb_strdup(text);
}

eb_check_step eb_check_fact_failed(eb_check *c)
{
    for (int i = 0; i < c->n_cases; i++)
        for (int k = 0; k < c->cases[i].n_facts; k++) {
            const eb_check_fact *f = &c->cases[i].facts[k];
            if (f->verdict != EB_GATE_FAIL)
                continue;
            because(c, "%s of %s is %s, was %s: this is deterministic, any difference is a change", f->what,
                    c->cases[i].id, f->cand, f->base);
            c->verdict = EB_GATE_FAIL;
        }
    return EB_CHECK_ENDED;
}

typedef struct place {
    const eb_check_case *k;
    const eb_check_metric *m;
} place;

// The metric that stands for a verdict: of those that fail the one that is worst against its margin; of those that are
// open the widest.
static place foremost(const eb_check *c, eb_gate_verdict verdict)
{
    place best = { 0 };
    double most = -INFINITY;
    for (int i = 0; i < c->n_cases; i++)
        for (int k = 0; k < c->cases[i].n_metrics; k++) {
            const eb_check_metric *m = &c->cases[i].metrics[k];
            const eb_gate_finding *f = &m->found;
            const eb_gate_limits *l = &c->options.limits[m->cls];
            if (!m->gated || !f->n || f->verdict != verdict)
                continue;
            double by = verdict == EB_GATE_FAIL ? f->x / l->margin_frac : f->hi / l->limit_frac;
            if (!(by > most))
                continue;
            most = by;
            best = (place){ &c->cases[i], m };
        }
    return best;
}

int eb_check_gated(const eb_check *c)
{
    int m = 0;
    for (int i = 0; i < c->n_cases; i++)
        for (int k = 0; k < c->cases[i].n_metrics; k++)
            m += c->cases[i].metrics[k].gated;
    return m;
}

// Of what was asked for, the first one tells: energy that is too weak, a counter that is not there.
static void nothing_gated(eb_check *c)
{
    for (int i = 0; i < c->n_cases; i++)
        for (int k = 0; k < c->cases[i].n_metrics; k++) {
            const eb_check_metric *m = &c->cases[i].metrics[k];
            if (m->gated || m->explains || !m->why_not[0] || strcmp(m->why_not, EB_CHECK_NOT_ASKED) == 0)
                continue;
            because(c, "nothing can be gated here: %s: %s", m->key, m->why_not);
            return;
        }
    because(c, "nothing can be gated here: no metric is known on both sides");
}

void eb_check_sentence(eb_check *c)
{
    place p = foremost(c, c->verdict);
    if (!p.m) {
        nothing_gated(c);
        return;
    }
    if (isinf(p.m->found.hi)) {
        because(c, "%d trial%s of a side %s too few to judge %s of %s", p.m->found.n, eb_s(p.m->found.n),
                p.m->found.n == 1 ? "is" : "are", p.m->key, p.k->id);
        return;
    }
    const eb_gate_limits *l = &c->options.limits[p.m->cls];
    double by = 100 * fabs(expm1(p.m->found.x));
    double sure = 100 * expm1(p.m->found.lo);
    if (c->verdict == EB_GATE_FAIL && sure < 0.05) // rejected at a later step of Holm's: the bound is of the first one
        because(c, "%s of %s is certainly worse, by about %.1f %% (margin %g %%)", p.m->key, p.k->id, by,
                100 * l->margin_frac);
    else if (c->verdict == EB_GATE_FAIL)
        because(c, "%s of %s is worse by %.1f %%, certainly by more than %.1f %% (margin %g %%)", p.m->key, p.k->id, by,
                sure, 100 * l->margin_frac);
    else if (c->verdict == EB_GATE_PASS)
        because(
            c,
            "no metric is worse by its limit or more; nearest to it is %s of %s: %s by %.1f %%; worse by %.1f %% or "
            "more is excluded",
            p.m->key, p.k->id, p.m->found.x > 0 ? "worse" : "better", by, 100 * l->limit_frac);
    else
        because(
            c,
            "%s of %s may be worse by up to %.1f %%: more than the %g %% that a pass excludes, and not certainly worse",
            p.m->key, p.k->id, 100 * expm1(p.m->found.hi), 100 * l->limit_frac);
}

bool eb_check_nothing(eb_check *c, const eb_run *base, const eb_run *cand)
{
    eb_err ignored = { 0 };
    eb_check *probe = eb_check_new(&c->options, "", ""); // the first pair that counts says what c gates
    bool nothing = eb_check_begin(probe, base, cand, &ignored) && probe->verdict != EB_GATE_INVALID &&
                   eb_check_gated(probe) == 0 && eb_check_begin(c, base, cand, &ignored);
    eb_check_free(probe);
    if (!nothing)
        return false;
    nothing_gated(c);
    if (!eb_check_facts(c, base, cand))
        eb_check_fact_failed(c);
    return true;
}

// ---- looks ----------------------------------------------------------------------------------------------------

static double *log_ratios(const eb_check_metric *m)
{
    double *x = eb_realloc(NULL, (size_t)m->n + 1, sizeof *x);
    for (int i = 0; i < m->n; i++)
        x[i] = eb_check_sign(m) * log(m->cand[i] / m->base[i]);
    return x;
}

static void judge(eb_check *c)
{
    int m = eb_check_gated(c), n = 0;
    eb_gate_series *series = eb_alloc(sizeof *series * (size_t)(m + 1));
    eb_gate_finding *found = eb_alloc(sizeof *found * (size_t)(m + 1));
    for (int i = 0; i < c->n_cases; i++)
        for (int k = 0; k < c->cases[i].n_metrics; k++) {
            const eb_check_metric *metric = &c->cases[i].metrics[k];
            if (metric->gated)
                series[n++] = (eb_gate_series){ log_ratios(metric), metric->n, c->options.limits[metric->cls] };
        }
    c->verdict = eb_gate_judge(&c->options.rule, c->look, series, m, found);
    n = 0;
    for (int i = 0; i < c->n_cases; i++)
        for (int k = 0; k < c->cases[i].n_metrics; k++)
            if (c->cases[i].metrics[k].gated) {
                free((double *)series[n].x);
                c->cases[i].metrics[k].found = found[n++];
            }
    free(series);
    free(found);
}

bool eb_check_look(eb_check *c)
{
    int look = eb_gate_look(&c->options.rule, c->pairs);
    if (look < 0 || look <= c->look)
        return false;
    c->look = look;
    judge(c);
    eb_check_medians(c);
    eb_check_sentence(c);
    return c->verdict != EB_GATE_INCONCLUSIVE || look == EB_GATE_LOOKS - 1 || eb_check_gated(c) == 0;
}
