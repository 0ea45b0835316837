// SPDX-License-Identifier: Apache-2.0
// Two result folders: no pairs, two samples; spoilt trials are left out.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/record/gate_impl.h"
#include "harness/record/journal.h"

// A case of one side, and which of its trials are spoilt.
typedef struct stored {
    const char *side;
    const eb_run *run;
    const eb_case_result *result;
    bool *spoilt;
    int n_spoilt;
} stored;

static stored stored_of(eb_check *c, const char *side, const eb_run *run, const char *id)
{
    stored s = { side, run, eb_check_result(run, id), NULL, 0 };
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

static void lacking(eb_check *c, const eb_check_metric *m, const stored *s)
{
    char why[300];
    eb_check_lack(s->run, s->result, m->key, m->energy, why, sizeof why);
    char *what = eb_format("%s: " EB_TROUBLE_GAP_TEXT "%s%s%s", s->side, m->key, *why ? ": " : "", why);
    const char *cure = eb_trouble_cure(what);
    eb_check_invalid(c, "no %s in the %s's run%s%s%s%s", m->key, s->side, *why ? ": " : "", why, *cure ? "; " : "",
                     cure);
    free(what);
}

static void stored_metric(eb_check *c, eb_check_metric *m, const stored *a, const stored *b, int all)
{
    double *x, *y;
    int nx = figures_of(a, m->key, &x), ny = figures_of(b, m->key, &y);
    m->base_median = eb_median(x, (size_t)nx);
    m->cand_median = eb_median(y, (size_t)ny);
    if (m->gated && m->energy && !(nx && ny) && !(c->options.ignore & EB_TROUBLE_GAP))
        lacking(c, m, nx ? b : a);
    else if (m->gated)
        eb_gate_unpaired(&c->options.rule, x, nx, y, ny, eb_check_sign(m), &c->options.limits[m->cls], all, &m->found);
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
    int m = eb_check_gated(c);
    for (int i = 0; i < c->n_cases; i++)
        stored_case(c, base, cand, &c->cases[i], m);
    if (c->verdict == EB_GATE_INVALID)
        return true;
    c->look = 0;
    settle(c, m);
    eb_check_sentence(c);
    if (!eb_check_facts(c, base, cand))
        eb_check_fact_failed(c);
    return true;
}
