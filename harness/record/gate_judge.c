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
#include "harness/record/journal.h"

const char *eb_gate_class_name(eb_gate_class cls)
{
    return eb_gate_class_limits[cls].name;
}

static int sign_of(const eb_check_metric *m)
{
    return m->more_is_worse ? 1 : -1;
}

double eb_check_change(const eb_check_metric *m)
{
    if (m->gated && m->found.n)
        return expm1(sign_of(m) * m->found.x);
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

static int gated_metrics(const eb_check *c)
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

static void sentence(eb_check *c)
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
            "no metric is worse; nearest to its limit is %s of %s: %s by %.1f %%; worse by %.1f %% or more is excluded",
            p.m->key, p.k->id, p.m->found.x > 0 ? "worse" : "better", by, 100 * l->limit_frac);
    else
        because(
            c,
            "%s of %s may be worse by up to %.1f %%: more than the %g %% that a pass excludes, and not certainly worse",
            p.m->key, p.k->id, 100 * expm1(p.m->found.hi), 100 * l->limit_frac);
}

// ---- looks ----------------------------------------------------------------------------------------------------

static double *log_ratios(const eb_check_metric *m)
{
    double *x = eb_realloc(NULL, (size_t)m->n + 1, sizeof *x);
    for (int i = 0; i < m->n; i++)
        x[i] = sign_of(m) * log(m->cand[i] / m->base[i]);
    return x;
}

static void judge(eb_check *c)
{
    int m = gated_metrics(c), n = 0;
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
    sentence(c);
    return c->verdict != EB_GATE_INCONCLUSIVE || look == EB_GATE_LOOKS - 1 || gated_metrics(c) == 0;
}

// ---- stored runs ------------------------------------------------------------------------------------------------

// A case of one side, and which of its trials are spoilt.
typedef struct stored {
    const char *side;
    const eb_case_result *result;
    bool *spoilt;
    int n_spoilt;
} stored;

static stored stored_of(eb_check *c, const char *side, const eb_run *run, const char *id)
{
    stored s = { side, eb_check_result(run, id), NULL, 0 };
    const eb_journal_data *d = run->raw;
    s.spoilt = eb_alloc((size_t)s.result->n_figures + 1);
    for (int i = 0; i < s.result->n_figures; i++)
        for (int t = 0; t < d->n_trials; t++)
            if (d->trials[t].info.number == s.result->trial_numbers[i]) {
                s.spoilt[i] = eb_check_trouble(c, side, run, &d->trials[t].info, NULL);
                s.n_spoilt += s.spoilt[i];
            }
    return s;
}

static int figures_of(const stored *s, const char *key, double **out)
{
    const eb_case_result *r = s->result;
    int n = 0;
    *out = eb_realloc(NULL, (size_t)r->n_figures + 1, sizeof **out);
    for (int i = 0; i < r->n_metrics; i++)
        for (int t = 0; strcmp(r->metrics[i].key, key) == 0 && t < r->n_figures; t++) {
            double v = r->figures[i * r->n_figures + t];
            if (isfinite(v) && v > 0 && !s->spoilt[t] && !isnan(r->metrics[i].value)) // not of chosen trials
                (*out)[n++] = v;
        }
    return n;
}

static void stored_metric(eb_check *c, eb_check_metric *m, const stored *a, const stored *b, int all)
{
    double *x, *y;
    int nx = figures_of(a, m->key, &x), ny = figures_of(b, m->key, &y);
    m->base_median = eb_median(x, (size_t)nx);
    m->cand_median = eb_median(y, (size_t)ny);
    if (m->gated && m->energy && !(nx && ny) && !(c->options.ignore & EB_TROUBLE_GAP))
        eb_check_invalid(c, "no %s in the %s's run; `effbench probes` shows which meters can be read", m->key,
                         nx ? b->side : a->side);
    else if (m->gated)
        eb_gate_unpaired(&c->options.rule, x, nx, y, ny, sign_of(m), &c->options.limits[m->cls], all, &m->found);
    free(x);
    free(y);
}

// What was said last of this side: both sides' troubles stand in one list.
static const char *last_trouble(const eb_check *c, const char *side)
{
    size_t len = strlen(side);
    for (int i = c->n_troubles; i-- > 0;)
        if (strncmp(c->troubles[i], side, len) == 0 && c->troubles[i][len] == ':')
            return c->troubles[i];
    return "";
}

static bool too_many_spoilt(eb_check *c, const stored *s)
{
    if (2 * s->n_spoilt <= s->result->n_figures)
        return false;
    const char *last = last_trouble(c, s->side), *cure = eb_trouble_cure(last);
    eb_check_invalid(c, "%d of %d trials of the %s were spoilt, by: %s%s%s", s->n_spoilt, s->result->n_figures, s->side,
                     last, *cure ? "; " : "", cure);
    return true;
}

// Trials that are spoilt are left out, as pairs are; with more of them than of others there is no measurement.
static void stored_case(eb_check *c, const eb_run *base, const eb_run *cand, eb_check_case *k, int m)
{
    stored a = stored_of(c, "base", base, k->id), b = stored_of(c, "candidate", cand, k->cand_id);
    int na = a.result->n_figures - a.n_spoilt, nb = b.result->n_figures - b.n_spoilt;
    if (!too_many_spoilt(c, &a) && !too_many_spoilt(c, &b))
        for (int j = 0; j < k->n_metrics; j++)
            stored_metric(c, &k->metrics[j], &a, &b, m);
    c->void_pairs += a.n_spoilt > b.n_spoilt ? a.n_spoilt : b.n_spoilt;
    c->pairs = na < nb ? na : nb;
    free(a.spoilt);
    free(b.spoilt);
}

// Percentiles of a whole run are no figures of its trials: these have none.
static void drop_tails(eb_check *c)
{
    for (int i = 0; i < c->n_cases; i++)
        for (int k = 0; k < c->cases[i].n_metrics; k++) {
            eb_check_metric *m = &c->cases[i].metrics[k];
            if (m->gated && m->cls == EB_GATE_TAIL) {
                m->gated = false;
                snprintf(m->why_not, sizeof m->why_not, "stored runs have no percentile of each trial");
            }
        }
}

static void settle(eb_check *c, int m)
{
    double alpha = 0, beta = 0;
    for (int k = 0; k < EB_GATE_LOOKS; k++) {
        alpha += c->options.rule.alpha[k];
        beta += c->options.rule.beta[k];
    }
    eb_gate_limits *limits = eb_alloc(sizeof *limits * (size_t)(m + 1));
    eb_gate_finding *found = eb_alloc(sizeof *found * (size_t)(m + 1));
    for (int back = 0; back < 2; back++) {
        int n = 0;
        for (int i = 0; i < c->n_cases; i++)
            for (int k = 0; k < c->cases[i].n_metrics; k++) {
                eb_check_metric *metric = &c->cases[i].metrics[k];
                if (!metric->gated)
                    continue;
                if (back)
                    metric->found = found[n];
                limits[n] = c->options.limits[metric->cls];
                found[n++] = metric->found;
            }
        if (!back)
            c->verdict = eb_gate_settle(alpha, beta, limits, m, found);
    }
    free(limits);
    free(found);
}

// A base is what was there before: the other way round every better is a worse.
static void say_order(eb_check *c, const char *base, const char *cand)
{
    if (!base || !cand || strcmp(base, cand) <= 0)
        return;
    char *text =
        eb_format("the base ran after the candidate (%.20s and %.20s): the two may have been swapped", base, cand);
    eb_check_say(&c->notes, &c->n_notes, text);
    free(text);
}

bool eb_check_stored(eb_check *c, const eb_run *base, const eb_run *cand, eb_err *err)
{
    c->stored = true;
    if (!eb_check_begin(c, base, cand, err))
        return false;
    const char *a = base->header->fingerprint, *b = cand->header->fingerprint;
    if (c->verdict == EB_GATE_INVALID)
        return true;
    if (strcmp(a ? a : "", b ? b : "") != 0) {
        eb_check_invalid(c,
                         "the two runs are of different machines (%.40s and %.40s): run both sides on one, "
                         "`effbench check --base A.ini --cand B.ini`; `effbench compare` compares machines",
                         a ? a : "?", b ? b : "?");
        return true;
    }
    eb_check_say(
        &c->notes, &c->n_notes,
        "stored runs: what the machine did between them looks like a change; a gate that decides runs both sides now");
    say_order(c, base->header->started_utc, cand->header->started_utc);
    drop_tails(c);
    int m = gated_metrics(c);
    for (int i = 0; i < c->n_cases; i++)
        stored_case(c, base, cand, &c->cases[i], m);
    if (c->verdict == EB_GATE_INVALID)
        return true;
    c->look = 0;
    settle(c, m);
    sentence(c);
    if (!eb_check_facts(c, base, cand))
        eb_check_fact_failed(c);
    return true;
}
