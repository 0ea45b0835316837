// SPDX-License-Identifier: Apache-2.0
// Pairs in: cases matched, figures taken, spoilt pairs left out.
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

// What is gated where it is known, and what only explains.
static const struct {
    const char *key;
    eb_gate_class cls;
    bool explains;
} table[] = {
    { "ttft_ns", EB_GATE_MEDIAN, false },         { "itl_ns", EB_GATE_MEDIAN, false },
    { "j_per_tok", EB_GATE_MEDIAN, false },       { "ttft_p99_ns", EB_GATE_TAIL, false },
    { "itl_p99_ns", EB_GATE_TAIL, false },        { "e2e_p99_ns", EB_GATE_TAIL, false },
    { "rss_peak_bytes", EB_GATE_MEMORY, false },  { "instructions", EB_GATE_COUNT, false },
    { "throughput_tok_s", EB_GATE_MEDIAN, true }, { "power_w", EB_GATE_MEDIAN, true },
    { "prefill_tok_s", EB_GATE_MEDIAN, true },    { "decode_tok_s", EB_GATE_MEDIAN, true },
    { "j_per_prompt_tok", EB_GATE_MEDIAN, true }, { "j_per_decode_tok", EB_GATE_MEDIAN, true },
};
enum { N_TABLE = sizeof table / sizeof *table, VOID_MOST = 20, VOID_FIRST = 5 };

void eb_check_options_default(eb_check_options *out)
{
    *out = (eb_check_options){ .rule = eb_gate_rule_default, .energy_grade = EB_GRADE_COUNTER };
    for (int i = 0; i < EB_GATE_CLASSES; i++)
        out->limits[i] = eb_gate_class_limits[i];
}

bool eb_check_knows(const char *key)
{
    for (int i = 0; i < N_TABLE; i++)
        if (strcmp(table[i].key, key) == 0)
            return !table[i].explains;
    return false;
}

static bool listed(const char *list, const char *key)
{
    size_t len = strlen(key);
    for (const char *p = list; p && *p; p += strcspn(p, ","), p += *p == ',')
        if (strcspn(p, ",") == len && strncmp(p, key, len) == 0)
            return true;
    return list == NULL;
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

// ---- cases ----------------------------------------------------------------------------------------------

static bool same(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

// The same shape of work, whatever model does it.
static bool same_shape(const eb_case_info *a, const eb_case_info *b)
{
    return same(a->family, b->family) && a->prompt_tok == b->prompt_tok && a->output_tok == b->output_tok &&
           a->batch == b->batch && a->depth_tok == b->depth_tok && same(a->load, b->load);
}

static const char *setting(const eb_header *h, const char *section, const char *name, const char *key)
{
    for (int i = 0; i < h->n_settings; i++)
        if (same(h->settings[i].section, section) && same(h->settings[i].key, key) && same(h->settings[i].name, name))
            return h->settings[i].value;
    return "";
}

// What the output depends on beside model and lengths.
static bool same_draws(const eb_run *base, const eb_run *cand, const eb_case_info *a, const eb_case_info *b)
{
    static const char *const keys[] = { "temperature", "top_k", "top_p" };
    const eb_header *x = base->header, *y = cand->header;
    bool equal = same(setting(x, "run", "", "seed"), setting(y, "run", "", "seed")) &&
                 same(setting(x, "model", a->model, "seed"), setting(y, "model", b->model, "seed"));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        equal =
            equal && same(setting(x, "workload", a->workload, keys[i]), setting(y, "workload", b->workload, keys[i]));
    return equal;
}

static bool same_work(const eb_run *base, const eb_run *cand, const eb_case_info *a, const eb_case_info *b)
{
    return same_shape(a, b) && same(a->source, b->source) && same(a->type, b->type) && same(a->kv, b->kv) &&
           same(base->header->engine, cand->header->engine) && same_draws(base, cand, a, b);
}

static int by_id(const eb_run *run, const char *id)
{
    for (int k = 0; k < run->n_cases; k++)
        if (same(run->cases[k].info->id, id))
            return k;
    return -1;
}

// A case by its id, else by its place, where the one that stands there has no other partner and the same shape.
static int partner(const eb_run *base, const eb_run *cand, int i)
{
    int k = by_id(cand, base->cases[i].info->id);
    if (k >= 0 || base->n_cases != cand->n_cases || by_id(base, cand->cases[i].info->id) >= 0)
        return k;
    return same_shape(base->cases[i].info, cand->cases[i].info) ? i : -1;
}

static void begin_metrics(const eb_check *c, eb_check_case *k)
{
    k->metrics = eb_alloc(sizeof *k->metrics * N_TABLE);
    for (int i = 0; i < N_TABLE; i++) {
        const eb_metric_def *def = eb_metric_table;
        while (def->key && strcmp(def->key, table[i].key) != 0)
            def++;
        eb_check_metric *m = &k->metrics[k->n_metrics++];
        *m = (eb_check_metric){ .key = def->key,
                                .unit = def->unit,
                                .cls = table[i].cls,
                                .explains = table[i].explains,
                                .more_is_worse = def->better <= 0,
                                .energy = def->energy,
                                .gated = !table[i].explains,
                                .base_median = NAN,
                                .cand_median = NAN,
                                .ratio = NAN };
        if (m->gated && !listed(c->options.metrics, m->key)) {
            m->gated = false;
            snprintf(m->why_not, sizeof m->why_not, "not asked for");
        }
    }
}

static bool begin_cases(eb_check *c, const eb_run *base, const eb_run *cand, eb_err *err)
{
    c->cases = eb_alloc(sizeof *c->cases * (size_t)(base->n_cases + 1));
    for (int i = 0; i < base->n_cases; i++) {
        int p = partner(base, cand, i);
        if (p < 0)
            continue;
        eb_check_case *k = &c->cases[c->n_cases++];
        k->id = eb_strdup(base->cases[i].info->id);
        k->cand_id = eb_strdup(cand->cases[p].info->id);
        k->same_work = same_work(base, cand, base->cases[i].info, cand->cases[p].info);
        begin_metrics(c, k);
    }
    if (c->n_cases < base->n_cases || c->n_cases < cand->n_cases) {
        char *text =
            eb_format("%d of %d case%s of the base and %d of the candidate are the same work; the others are left out",
                      c->n_cases, base->n_cases, eb_s(base->n_cases), cand->n_cases);
        eb_check_say(&c->notes, &c->n_notes, text);
        free(text);
    }
    c->fingerprint = eb_strdup(base->header->fingerprint ? base->header->fingerprint : "");
    c->simulated = same(base->header->engine, "null") || same(cand->header->engine, "null");
    if (c->n_cases)
        return true;
    eb_err_set(err, EB_USAGE, "the base and the candidate have no work in common");
    return eb_err_hint(err,
                       "cases match by their id, or by workload, prompt, output, batch and depth in the same order");
}

const eb_case_result *eb_check_result(const eb_run *run, const char *id)
{
    for (int i = 0; i < run->n_cases; i++)
        if (same(run->cases[i].info->id, id))
            return &run->cases[i];
    return NULL;
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
    bool known = f->base[0] && f->cand[0], equal = same(f->base, f->cand);
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
        return eb_check_invalid(c, "energy of grade %s in the base and %s in the candidate: these do not compare",
                                eb_grade_name(a->grade), eb_grade_name(b->grade)) != EB_CHECK_ENDED;
    else if (m->energy && !isnan(x) && !isnan(y) && a->grade < c->options.energy_grade)
        leave_out(m, "energy of grade %s; --energy-grade %s gates it", eb_grade_name(a->grade),
                  eb_grade_name(a->grade));
    return true;
}

static bool energy_domains(eb_check *c, const eb_case_result *a, const eb_case_result *b)
{
    const char *x = a->energy.domains, *y = b->energy.domains;
    if (!x || !y || !*x || !*y || same(x, y))
        return true;
    return eb_check_invalid(c, "the energy is that of %s in the base and of %s in the candidate: these do not compare",
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

bool eb_check_trouble(eb_check *c, const char *side, const eb_trial_info *info)
{
    bool any = false;
    for (int i = 0; i < info->n_warnings; i++) {
        eb_trouble t = eb_trouble_of(info->warnings[i]);
        if (t == EB_TROUBLE_NONE || t & c->options.ignore)
            continue;
        char *text = eb_format("%s: %s", side, info->warnings[i]);
        eb_check_say(&c->troubles, &c->n_troubles, text);
        free(text);
        any = true;
    }
    return any;
}

// Of all trials of the case: those that failed bear no figures.
static bool trouble_in(eb_check *c, const char *side, const eb_run *run, const eb_case_result *r)
{
    const eb_journal_data *d = run->raw;
    bool any = false;
    for (int t = 0; t < d->n_trials; t++) {
        const eb_trial_info *info = &d->trials[t].info;
        if (info->number && info->case_index == r - run->cases && !info->error)
            any = eb_check_trouble(c, side, info) || any;
    }
    return any;
}

static bool gap_in(eb_check *c, const eb_check_case *k, const eb_case_result *a, const eb_case_result *b)
{
    bool any = false;
    for (int i = 0; i < k->n_metrics; i++) {
        const eb_check_metric *m = &k->metrics[i];
        const eb_metric *x = eb_case_metric(a, m->key), *y = eb_case_metric(b, m->key);
        if (!m->gated || (!isnan(value_of(x)) && !isnan(value_of(y))))
            continue;
        const eb_metric *lacking = isnan(value_of(x)) ? x : y;
        char *text = eb_format("%s: no %s%s%s", lacking == x ? "base" : "candidate", m->key,
                               lacking && lacking->note[0] ? ": " : "", lacking ? lacking->note : "");
        eb_check_say(&c->troubles, &c->n_troubles, text);
        free(text);
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
    return eb_check_invalid(c, "%d of %d pairs were spoilt, the last one by: %s", c->void_pairs,
                            c->void_pairs + c->pairs, c->n_troubles ? c->troubles[c->n_troubles - 1] : "nothing known");
}

static bool is_spoilt(eb_check *c, const eb_run *base, const eb_run *cand)
{
    bool bad = false;
    for (int i = 0; i < c->n_cases; i++) {
        const eb_case_result *a = eb_check_result(base, c->cases[i].id),
                             *b = eb_check_result(cand, c->cases[i].cand_id);
        bool base_bad = trouble_in(c, "base", base, a), cand_bad = trouble_in(c, "candidate", cand, b);
        bool gap = !(c->options.ignore & EB_TROUBLE_GAP) && gap_in(c, &c->cases[i], a, b);
        bad = bad || base_bad || cand_bad || gap;
    }
    return bad;
}

bool eb_check_begin(eb_check *c, const eb_run *base, const eb_run *cand, eb_err *err)
{
    if (!usable(base, "base", err) || !usable(cand, "candidate", err))
        return false;
    if (c->cases)
        return true;
    if (!begin_cases(c, base, cand, err))
        return false;
    if (base->header->boundary != cand->header->boundary) {
        eb_check_invalid(c,
                         "the energy is that of boundary %s in the base and %s in the candidate: these do not compare",
                         eb_boundary_name(base->header->boundary), eb_boundary_name(cand->header->boundary));
        return true;
    }
    for (int i = 0; i < c->n_cases; i++) {
        eb_check_case *k = &c->cases[i];
        const eb_case_result *a = eb_check_result(base, k->id), *b = eb_check_result(cand, k->cand_id);
        if (!energy_domains(c, a, b))
            return true;
        for (int j = 0; j < k->n_metrics; j++)
            if (!first_look(c, &k->metrics[j], eb_case_metric(a, k->metrics[j].key),
                            eb_case_metric(b, k->metrics[j].key)))
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
