// SPDX-License-Identifier: Apache-2.0
// Looks, Holm's steps and verdicts.
#include "harness/record/gate.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "harness/base/error.h"
#include "harness/base/mem.h"
#include "harness/record/gate_stats.h"

const eb_gate_limits eb_gate_class_limits[EB_GATE_CLASSES] = {
    [EB_GATE_MEDIAN] = { "median", 0.02, 0.05 },
    [EB_GATE_TAIL] = { "tail", 0.05, 0.15 },
    [EB_GATE_MEMORY] = { "memory", 0.02, 0.05 },
    [EB_GATE_COUNT] = { "count", 0.005, 0.01 },
};

const eb_gate_rule eb_gate_rule_default = {
    .pairs = { 10, 20, 40 },
    .alpha = { 0.0005, 0.0015, 0.003 },
    .beta = { 0.001, 0.003, 0.006 },
    .trim = 0.15,
};

const char *eb_gate_verdict_name(eb_gate_verdict verdict)
{
    static const char *const names[] = {
        [EB_GATE_PASS] = "pass",
        [EB_GATE_FAIL] = "fail",
        [EB_GATE_INCONCLUSIVE] = "inconclusive",
        [EB_GATE_INVALID] = "invalid",
    };
    return names[verdict];
}

int eb_gate_exit(eb_gate_verdict verdict, bool strict)
{
    static const int codes[] = {
        [EB_GATE_PASS] = EB_OK,
        [EB_GATE_FAIL] = EB_REGRESSION,
        [EB_GATE_INCONCLUSIVE] = EB_INCONCLUSIVE,
        [EB_GATE_INVALID] = EB_UNAVAILABLE,
    };
    return strict && verdict == EB_GATE_INCONCLUSIVE ? EB_REGRESSION : codes[verdict];
}

bool eb_gate_swap(eb_rng *order, int pair, bool before)
{
    return pair % 2 ? !before : eb_rng_below(order, 2) == 1;
}

int eb_gate_look(const eb_gate_rule *rule, int pairs)
{
    for (int k = 0; k < EB_GATE_LOOKS; k++)
        if (rule->pairs[k] == pairs)
            return k;
    return -1;
}

// The t test of mean x <= `at`, or of mean x >= `at` with upper. Pairs that are all alike have no spread: there the
// estimate itself decides.
static double p_value(const eb_gate_finding *f, double at, bool upper)
{
    double d = upper ? at - f->x : f->x - at;
    if (f->se > 0)
        return eb_student_tail(d / f->se, f->df);
    return d > 0 ? 0 : 1;
}

static void estimate(const eb_gate_rule *rule, int look, int m, const eb_gate_series *s, eb_gate_finding *f)
{
    *f = (eb_gate_finding){ .n = rule->pairs[look], .verdict = EB_GATE_INCONCLUSIVE };
    eb_trimmed t = eb_trimmed_mean(s->x, (size_t)f->n, rule->trim);
    f->x = t.mean;
    f->se = t.se;
    f->df = t.df;
    f->lo = f->x - eb_student_critical(rule->alpha[look] / m, f->df) * f->se;
    f->hi = f->x + eb_student_critical(rule->beta[look], f->df) * f->se;
    f->p_worse = p_value(f, 0, false);
    f->p_limit = p_value(f, log1p(s->limits.limit_frac), true);
}

// Holm (1979): the smallest p against alpha / m, the next against alpha / (m - 1), until one is not rejected.
static void holm(double alpha, int m, eb_gate_finding *f)
{
    for (int rejected = 0; rejected < m; rejected++) {
        int least = -1;
        for (int i = 0; i < m; i++)
            if (!f[i].worse && (least < 0 || f[i].p_worse < f[least].p_worse))
                least = i;
        if (f[least].p_worse > alpha / (m - rejected))
            return;
        f[least].worse = true;
    }
}

eb_gate_verdict eb_gate_settle(double alpha, double beta, const eb_gate_limits *limits, int m, eb_gate_finding *out)
{
    bool failed = false, all_pass = m > 0;
    holm(alpha, m, out);
    for (int i = 0; i < m; i++) {
        eb_gate_finding *f = &out[i];
        if (f->worse && f->x > log1p(limits[i].margin_frac))
            f->verdict = EB_GATE_FAIL;
        else if (f->p_limit <= beta)
            f->verdict = EB_GATE_PASS;
        failed = failed || f->verdict == EB_GATE_FAIL;
        all_pass = all_pass && f->verdict == EB_GATE_PASS;
    }
    return failed ? EB_GATE_FAIL : all_pass ? EB_GATE_PASS : EB_GATE_INCONCLUSIVE;
}

static double sum(const double *x)
{
    double s = 0;
    for (int k = 0; k < EB_GATE_LOOKS; k++)
        s += x[k];
    return s;
}

static eb_trimmed logs(const double *x, int n, double trim)
{
    double *l = eb_realloc(NULL, (size_t)n + 1, sizeof *l);
    for (int i = 0; i < n; i++)
        l[i] = log(x[i]);
    eb_trimmed t = eb_trimmed_mean(l, (size_t)n, trim);
    free(l);
    return t;
}

void eb_gate_unpaired(const eb_gate_rule *rule, const double *base, int n_base, const double *cand, int n_cand,
                      int sign, const eb_gate_limits *limits, int m, eb_gate_finding *f)
{
    enum { LEAST = 4 };
    *f = (eb_gate_finding){ .n = n_base < n_cand ? n_base : n_cand,
                            .x = NAN,
                            .se = NAN,
                            .lo = -INFINITY,
                            .hi = INFINITY,
                            .p_worse = 1,
                            .p_limit = 1,
                            .verdict = EB_GATE_INCONCLUSIVE };
    if (f->n < LEAST)
        return;
    eb_trimmed a = logs(base, n_base, rule->trim), b = logs(cand, n_cand, rule->trim);
    double va = a.se * a.se, vb = b.se * b.se;
    f->x = sign * (b.mean - a.mean);
    f->se = sqrt(va + vb);
    double df = va + vb > 0 ? (va + vb) * (va + vb) / (va * va / a.df + vb * vb / b.df) : a.df + b.df;
    f->df = df < 1 ? 1 : (int)df;
    f->lo = f->x - eb_student_critical(sum(rule->alpha) / m, f->df) * f->se;
    f->hi = f->x + eb_student_critical(sum(rule->beta), f->df) * f->se;
    f->p_worse = p_value(f, 0, false);
    f->p_limit = p_value(f, log1p(limits->limit_frac), true);
}

eb_gate_verdict eb_gate_judge(const eb_gate_rule *rule, int look, const eb_gate_series *series, int m,
                              eb_gate_finding *out)
{
    assert(look >= 0 && look < EB_GATE_LOOKS);
    for (int i = 0; i < m; i++) {
        if (series[i].n < rule->pairs[look])
            return EB_GATE_INCONCLUSIVE;
        estimate(rule, look, m, &series[i], &out[i]);
    }
    eb_gate_limits *limits = eb_realloc(NULL, (size_t)m + 1, sizeof *limits);
    for (int i = 0; i < m; i++)
        limits[i] = series[i].limits;
    eb_gate_verdict verdict = eb_gate_settle(rule->alpha[look], rule->beta[look], limits, m, out);
    free(limits);
    return verdict;
}

eb_gate_verdict eb_gate_decide(const eb_gate_rule *rule, const eb_gate_series *series, int m, eb_gate_finding *out,
                               int *look)
{
    int fewest = m ? series[0].n : 0;
    for (int i = 1; i < m; i++)
        fewest = series[i].n < fewest ? series[i].n : fewest;
    *look = -1;
    eb_gate_verdict verdict = EB_GATE_INCONCLUSIVE;
    for (int k = 0; k < EB_GATE_LOOKS && rule->pairs[k] <= fewest && verdict == EB_GATE_INCONCLUSIVE; k++) {
        *look = k;
        verdict = eb_gate_judge(rule, k, series, m, out);
    }
    return verdict;
}
