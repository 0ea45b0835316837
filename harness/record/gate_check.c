// SPDX-License-Identifier: Apache-2.0
// Pairs in: figures taken, spoilt pairs left out.
#include "harness/record/gate_check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/log.h"
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "harness/record/gate_impl.h"
#include "harness/record/journal.h"

enum { VOID_MOST = 20, VOID_FIRST = 5 };

void eb_check_options_default(eb_check_options *out)
{
    *out = (eb_check_options){ .rule = eb_gate_rule_default, .energy_grade = EB_GRADE_COUNTER };
    for (int i = 0; i < EB_GATE_CLASSES; i++)
        out->limits[i] = eb_gate_class_limits[i];
}

eb_check *eb_check_new(const eb_check_options *options, const char *base, const char *cand)
{
    eb_check *c = eb_alloc(sizeof *c);
    *c = (eb_check){ .options = *options,
                     .base = eb_strdup(base),
                     .cand = eb_strdup(cand),
                     .look = -1,
                     .verdict = EB_GATE_INCONCLUSIVE };
    return c;
}

static void free_texts(char **texts, int n)
{
    for (int i = 0; i < n; i++)
        free(texts[i]);
    free(texts);
}

static void free_case(eb_check_case *k)
{
    for (int i = 0; i < k->n_metrics; i++) {
        free(k->metrics[i].base);
        free(k->metrics[i].cand);
    }
    for (int i = 0; i < k->n_facts; i++) {
        free(k->facts[i].base);
        free(k->facts[i].cand);
    }
    for (int i = 0; i < 2 * EB_LEVELS_MAX; i++)
        free(k->kept[i / EB_LEVELS_MAX][i % EB_LEVELS_MAX].frac);
    free_texts(k->why, k->n_why);
    free(k->metrics);
    free(k->operators);
    free(k->id);
    free(k->cand_id);
}

void eb_check_free(eb_check *c)
{
    if (!c)
        return;
    for (int i = 0; i < c->n_cases; i++)
        free_case(&c->cases[i]);
    char *owned[] = { c->base,        c->cand,    c->tool_version, c->started_utc,
                      c->fingerprint, c->machine, c->because,      c->accepted };
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
    free(c->cases);
    free(c->trends);
    free_texts(c->troubles, c->n_troubles);
    free_texts(c->notes, c->n_notes);
    free(c);
}

void eb_check_say(char ***texts, int *n, const char *text)
{
    for (int i = 0; i < *n; i++)
        if (strcmp((*texts)[i], text) == 0)
            return;
    *texts = eb_realloc(*texts, (size_t)*n + 1, sizeof **texts);
    (*texts)[(*n)++] = eb_strdup(text);
}

eb_check_step eb_check_invalid(eb_check *c, const char *fmt, ...)
{
    char text[600];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    free(c->because);
    c->because = eb_strdup(text);
    c->verdict = EB_GATE_INVALID;
    return EB_CHECK_ENDED;
}

// ---- facts ----------------------------------------------------------------------------------------------

static char *fact_text(const eb_case_result *r, int fact)
{
    static const char *const keys[] = { NULL, "model_bytes", "kv_bytes" };
    if (fact == 0)
        return eb_strdup(r->digest);
    const eb_metric *m = eb_case_metric(r, keys[fact]);
    return m && !isnan(m->value) ? eb_format("%.0f", m->value) : eb_strdup("");
}

static void judge_fact(const eb_check *c, const eb_check_case *k, int fact, eb_check_fact *f)
{
    bool known = f->base[0] && f->cand[0], equal = eb_check_same(f->base, f->cand);
    f->gated = k->same_work && known && !(fact == 0 && c->options.ignore & EB_TROUBLE_DIGEST);
    f->verdict = EB_GATE_PASS;
    if (!known)
        snprintf(f->note, sizeof f->note, "not known");
    else if (!k->same_work)
        snprintf(f->note, sizeof f->note, "another model, type, seed or sampling: not compared");
    else if (!f->gated)
        snprintf(f->note, sizeof f->note, "ignored");
    else if (!equal && (fact == 0 || strtod(f->cand, NULL) > strtod(f->base, NULL)))
        f->verdict = EB_GATE_FAIL;
    else if (!equal)
        snprintf(f->note, sizeof f->note, "smaller");
}

// A difference that was seen once stands.
static bool facts_equal(const eb_check *c, eb_check_case *k, const eb_case_result *a, const eb_case_result *b)
{
    static const char *const names[EB_CHECK_FACTS] = { "output digest", "model bytes", "cache bytes" };
    bool equal = true;
    for (int i = 0; i < EB_CHECK_FACTS; i++) {
        eb_check_fact *f = &k->facts[i];
        if (f->what && f->verdict == EB_GATE_FAIL)
            continue;
        free(f->base);
        free(f->cand);
        *f = (eb_check_fact){ .what = names[i], .base = fact_text(a, i), .cand = fact_text(b, i) };
        judge_fact(c, k, i, f);
        equal = equal && f->verdict != EB_GATE_FAIL;
    }
    k->n_facts = EB_CHECK_FACTS;
    return equal;
}

// ---- figures ----------------------------------------------------------------------------------------------

static void leave_out(eb_check_metric *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void leave_out(eb_check_metric *m, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(m->why_not, sizeof m->why_not, fmt, ap);
    va_end(ap);
    m->gated = false;
}

static double value_of(const eb_metric *m)
{
    return m && isfinite(m->value) && m->value > 0 ? m->value : NAN;
}

// The first pair tells what can be gated at all.
static bool first_look(eb_check *c, eb_check_metric *m, const eb_metric *a, const eb_metric *b)
{
    double x = value_of(a), y = value_of(b);
    if (!m->gated)
        return true;
    if (isnan(x) && isnan(y))
        leave_out(m, "%s", a && a->note[0] ? a->note : "not known");
    else if (m->energy && a->grade != b->grade && !isnan(x) && !isnan(y))
        return eb_check_invalid(c,
                                "energy of grade %s in the base and %s in the candidate: these do not compare; "
                                "--metrics ttft_ns,itl_ns gates without energy",
                                eb_grade_name(a->grade), eb_grade_name(b->grade)) != EB_CHECK_ENDED;
    else if (m->energy && !isnan(x) && !isnan(y) && a->grade < c->options.energy_grade)
        leave_out(m, "energy of grade %s; --energy-grade %s gates it", eb_grade_name(a->grade),
                  eb_grade_name(a->grade));
    return true;
}

static bool energy_domains(eb_check *c, eb_boundary base, eb_boundary cand, const eb_case_result *a,
                           const eb_case_result *b)
{
    if (base != cand)
        return eb_check_invalid(c,
                                "the energy is that of boundary %s in the base and %s in the candidate: these do not "
                                "compare; --metrics ttft_ns,itl_ns gates without energy",
                                eb_boundary_name(base), eb_boundary_name(cand)) != EB_CHECK_ENDED;
    const char *x = a->energy.domains, *y = b->energy.domains;
    if (!x || !y || !*x || !*y || eb_check_same(x, y))
        return true;
    return eb_check_invalid(c,
                            "the energy is that of %s in the base and of %s in the candidate: these do not compare; "
                            "--metrics ttft_ns,itl_ns gates without energy",
                            x, y) != EB_CHECK_ENDED;
}

static void keep(eb_check_metric *m, double x, double y)
{
    if (m->n == m->cap) {
        m->cap = m->cap ? 2 * m->cap : EB_GATE_PAIRS_MAX;
        m->base = eb_realloc(m->base, (size_t)m->cap, sizeof *m->base);
        m->cand = eb_realloc(m->cand, (size_t)m->cap, sizeof *m->cand);
    }
    m->base[m->n] = x;
    m->cand[m->n++] = y;
}

// ---- trouble ----------------------------------------------------------------------------------------------

// Of all trials of the case: those that failed bear no figures.
static bool trouble_in(eb_check *c, const char *side, const eb_run *run, const eb_case_result *r, eb_check_kept *kept)
{
    const eb_journal_data *d = run->raw;
    bool any = false;
    for (int t = 0; t < d->n_trials; t++) {
        const eb_trial_info *info = &d->trials[t].info;
        if (info->number && info->case_index == r - run->cases && !info->error)
            any = eb_check_trouble(c, side, run, info, kept) || any;
    }
    return any;
}

// What others took of the CPU in a short trial is not known: neither `load` nor `steal` can spoil it.
static void note_short(eb_check *c, const eb_run *run)
{
    const eb_journal_data *d = run->raw;
    const unsigned both = EB_TROUBLE_LOAD | EB_TROUBLE_STEAL;
    if (eb_check_same(run->header->engine, "null") || (c->options.ignore & both) == both)
        return;
    for (int t = 0; t < d->n_trials; t++) {
        const eb_trial_info *info = &d->trials[t].info;
        if (info->number && !info->error && !eb_load_seen(info->t_end_ns - info->t_start_ns))
            eb_check_say(&c->notes, &c->n_notes,
                         "there are trials of less than 0.2 s: whether other processes (load) or the hypervisor "
                         "(steal) took the CPU in them is not known; longer prompts and outputs tell");
    }
}

static bool gap_in(eb_check *c, const eb_check_case *k, const eb_run *base, const eb_run *cand)
{
    const eb_case_result *a = eb_check_result(base, k->id), *b = eb_check_result(cand, k->cand_id);
    bool any = false;
    for (int i = 0; i < k->n_metrics; i++) {
        const eb_check_metric *m = &k->metrics[i];
        const eb_metric *x = eb_case_metric(a, m->key), *y = eb_case_metric(b, m->key);
        if (!m->gated || (!isnan(value_of(x)) && !isnan(value_of(y))))
            continue;
        bool in_base = isnan(value_of(x));
        char why[300];
        eb_check_lack(in_base ? base : cand, in_base ? a : b, m->key, m->energy, why, sizeof why);
        char *what = eb_format(EB_TROUBLE_GAP_TEXT "%s%s%s", m->key, *why ? ": " : "", why);
        eb_check_say_trouble(c, in_base ? "base" : "candidate", what);
        free(what);
        any = true;
    }
    return any;
}

static bool usable(const eb_run *run, const char *side, eb_err *err)
{
    for (int i = 0; i < run->n_cases; i++)
        if (run->cases[i].n_trials - run->cases[i].n_failed <= 0)
            return eb_err_set(err, EB_FAILED, "no trial of '%s' succeeded on the %s's side", run->cases[i].info->id,
                              side);
    return true;
}

static eb_check_step spoilt(eb_check *c)
{
    c->void_pairs++;
    if (c->void_pairs < VOID_MOST && !(c->void_pairs >= VOID_FIRST && c->void_pairs > c->pairs))
        return EB_CHECK_VOID;
    const char *last = c->n_troubles ? c->troubles[c->n_troubles - 1] : "nothing known";
    const char *cure = eb_trouble_cure(last);
    return eb_check_invalid(c, "%d of %d pairs were spoilt, the last one by: %s%s%s", c->void_pairs,
                            c->void_pairs + c->pairs, last, *cure ? "; " : "", cure);
}

static bool is_spoilt(eb_check *c, const eb_run *base, const eb_run *cand)
{
    bool bad = false;
    for (int i = 0; i < c->n_cases; i++) {
        const eb_case_result *a = eb_check_result(base, c->cases[i].id),
                             *b = eb_check_result(cand, c->cases[i].cand_id);
        eb_check_case *k = &c->cases[i];
        bool base_bad = trouble_in(c, "base", base, a, k->kept[0]),
             cand_bad = trouble_in(c, "candidate", cand, b, k->kept[1]);
        bool gap = !(c->options.ignore & EB_TROUBLE_GAP) && gap_in(c, k, base, cand);
        bad = bad || base_bad || cand_bad || gap;
    }
    return bad;
}

bool eb_check_begin(eb_check *c, const eb_run *base, const eb_run *cand, eb_err *err)
{
    if (!usable(base, "base", err) || !usable(cand, "candidate", err))
        return false;
    note_short(c, base);
    note_short(c, cand);
    if (c->cases)
        return true;
    if (!eb_check_match(c, base, cand, err))
        return false;
    for (int i = 0; i < c->n_cases; i++) {
        eb_check_case *k = &c->cases[i];
        const eb_case_result *a = eb_check_result(base, k->id), *b = eb_check_result(cand, k->cand_id);
        bool energy = false;
        for (int j = 0; j < k->n_metrics; j++) {
            if (!first_look(c, &k->metrics[j], eb_case_metric(a, k->metrics[j].key),
                            eb_case_metric(b, k->metrics[j].key)))
                return true;
            energy = energy || (k->metrics[j].gated && k->metrics[j].energy);
        }
        if (energy && !energy_domains(c, base->header->boundary, cand->header->boundary, a, b))
            return true;
    }
    return true;
}

bool eb_check_facts(eb_check *c, const eb_run *base, const eb_run *cand)
{
    bool equal = true;
    for (int i = 0; i < c->n_cases; i++) {
        eb_check_case *k = &c->cases[i];
        const eb_case_result *a = eb_check_result(base, k->id), *b = eb_check_result(cand, k->cand_id);
        equal = facts_equal(c, k, a, b) && equal;
    }
    return equal;
}

eb_check_step eb_check_pair(eb_check *c, const eb_run *base, const eb_run *cand, eb_err *err)
{
    if (!eb_check_begin(c, base, cand, err))
        return EB_CHECK_ERROR;
    if (c->verdict == EB_GATE_INVALID)
        return EB_CHECK_ENDED;
    if (is_spoilt(c, base, cand))
        return spoilt(c);
    for (int i = 0; i < c->n_cases; i++) {
        eb_check_case *k = &c->cases[i];
        const eb_case_result *a = eb_check_result(base, k->id), *b = eb_check_result(cand, k->cand_id);
        for (int j = 0; a && b && j < k->n_metrics; j++) {
            eb_check_metric *m = &k->metrics[j];
            double x = value_of(eb_case_metric(a, m->key)), y = value_of(eb_case_metric(b, m->key));
            if (!isnan(x) && !isnan(y))
                keep(m, x, y);
            else if (m->gated) // ignored gaps would leave pairs of different metrics out of step
                leave_out(m, "not known in every pair");
        }
    }
    c->pairs++;
    if (eb_check_facts(c, base, cand))
        return EB_CHECK_COUNTED;
    eb_check_medians(c);
    return eb_check_fact_failed(c);
}
