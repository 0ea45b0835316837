// SPDX-License-Identifier: Apache-2.0
// Metrics of a case from its sums, each by its rule in the table.
#include "harness/record/metrics.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/base/units.h"
#include "harness/record/lack.h"
#include "harness/record/metric_rule.h"

static double field_of(const void *base, size_t offset)
{
    return *(const double *)(const void *)((const char *)base + offset);
}

// What an energy per something would be made of.
static bool has_energy(const eb_trial_sums *t, const struct eb_metric_rule *rule)
{
    return t->energy_status == EB_SAMPLE_OK && !(rule->net && isnan(t->net_energy_j));
}

// Why an energy is not known, in the words of what happened to the counters.
static const char *in_words(eb_status status)
{
    return status == EB_SAMPLE_MISSING ? "the counters gave no reading of the window" : eb_status_name(status);
}

static const char *energy_absent(const eb_case_sums *c)
{
    if (!c->any_source)
        return "no energy source inside the boundary";
    for (int i = 0; i < c->n_trials; i++)
        if (c->trials[i].energy_status != EB_SAMPLE_OK)
            return in_words(c->trials[i].energy_status);
    return "";
}

// The domain that a metric is of; EB_DOMAIN_COUNT: of none.
static int domain_of(const struct eb_metric_rule *rule)
{
    int d = 0;
    while (d < EB_DOMAIN_COUNT &&
           (rule->absent != eb_metric_no_domain || rule->field != offsetof(eb_trial_sums, domain_j[d])))
        d++;
    return d;
}

static const char *domain_absent(const eb_case_sums *c, int domain)
{
    for (int i = 0; i < c->n_trials; i++)
        if (c->trials[i].domain_status[domain] != EB_SAMPLE_OK)
            return in_words(c->trials[i].domain_status[domain]);
    return eb_metric_no_domain;
}

static void say_absent(const eb_case_sums *c, const eb_metric_def *def, eb_metric *m)
{
    const struct eb_metric_rule *rule = def->rule;
    const char *why = rule->absent ? rule->absent : "";
    if (!c->n_trials && rule->kind != EB_RULE_FACT)
        why = "no trial was finished";
    else if (rule->why)
        why = (const char *)&c->trials[0] + rule->why;
    else if (why == eb_metric_no_domain)
        why = domain_absent(c, domain_of(rule));
    else if (def->energy && why != eb_metric_no_battery && *energy_absent(c))
        why = energy_absent(c);
    else if (why == eb_metric_no_battery && !isnan(c->env->cost.battery_wh))
        why = "the power of the whole machine is not known: state [cost] rest_of_system_w";
    else if (rule->net && rule->lacks && has_energy(&c->trials[0], rule))
        why = rule->lacks;
    if (eb_header_imported(c->env->header) && !rule->why && c->n_trials)
        why = "imported: not recorded there";
    snprintf(m->note, sizeof m->note, "%s", why);
}

static double median_field(const eb_case_sums *c, size_t offset)
{
    double *x = eb_realloc(NULL, (size_t)c->n_trials + 1, sizeof *x);
    size_t n = 0;
    for (int i = 0; i < c->n_trials; i++)
        if (!isnan(field_of(&c->trials[i], offset)))
            x[n++] = field_of(&c->trials[i], offset);
    double median = eb_median(x, n);
    free(x);
    return median;
}

// Half-width of a metric from that of each trial's figure, which is kept relative to it.
static double halfwidth(const eb_case_sums *c, const struct eb_metric_rule *rule, size_t part, double size)
{
    if (!rule->net)
        return size * median_field(c, rule->spread + part);
    // A net figure may lie near 0 in one trial and far from it in the next: shares of different wholes have no median.
    double *x = eb_realloc(NULL, (size_t)c->n_trials + 1, sizeof *x);
    size_t n = 0;
    for (int i = 0; i < c->n_trials; i++) {
        double one = fabs(field_of(&c->trials[i], rule->field)) * field_of(&c->trials[i], rule->spread + part);
        if (!isnan(one))
            x[n++] = one;
    }
    double median = eb_median(x, n);
    free(x);
    return median;
}

static void name_largest(eb_budget *b)
{
    const struct {
        double halfwidth;
        const char *name;
    } terms[] = { { b->run_to_run, "run to run" },
                  { b->boundary, "boundary" },
                  { b->quantisation, "quantisation" },
                  { b->baseline, "idle baseline" },
                  { b->sensor_class, "sensor class" } };
    double most = 0;
    b->largest = "";
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++)
        if (terms[i].halfwidth > most) {
            most = terms[i].halfwidth;
            b->largest = terms[i].name;
        }
}

// The interval from the trials, at least as wide as the counters leave it, with what all trials have in common added:
// the baseline in quadrature, the sensors' class as a bound.
static void widen(const eb_case_sums *c, const struct eb_metric_rule *rule, eb_metric *m)
{
    // The errors of the edges differ from trial to trial; the median of n averages them out (its standard deviation is
    // sqrt(pi / 2) of the mean's). Whole units may be the same ones each time.
    static const double of_median = 1.2533141373155003;
    double size = fabs(m->value), averaged = m->interval == EB_INTERVAL_CONFIDENCE ? of_median / sqrt(m->n) : 1;
    eb_budget *b = &m->budget;
    if (rule->spread == offsetof(eb_trial_sums, none) ||
        isnan(median_field(c, rule->spread + offsetof(eb_spread, boundary))))
        return;
    b->boundary = averaged * halfwidth(c, rule, offsetof(eb_spread, boundary), size);
    b->quantisation = halfwidth(c, rule, offsetof(eb_spread, quantum), size);
    b->baseline = halfwidth(c, rule, offsetof(eb_spread, baseline), size);
    b->run_to_run = m->n > 1 ? (m->hi - m->lo) / 2 : NAN;
    b->sensor_class = size * median_field(c, rule->spread + offsetof(eb_spread, sensor));
    name_largest(b);
    // Over enough trials the interval holds the edges' errors already; whole units it may not.
    double edges = m->interval == EB_INTERVAL_CONFIDENCE ? 0 : b->boundary;
    double counter = hypot(edges, b->quantisation), sensor = isnan(b->sensor_class) ? 0 : b->sensor_class;
    double down = fmax(m->value - m->lo, counter), up = fmax(m->hi - m->value, counter);
    m->lo = m->value - hypot(down, b->baseline) - sensor;
    m->hi = m->value + hypot(up, b->baseline) + sensor;
    const char *missing = rule->absent == eb_metric_no_domain ? "" : c->missing; // a domain is whole in itself
    snprintf(m->note, sizeof m->note, "%s%s%slargest error term: %s", *missing ? "without " : "", missing,
             *missing ? "; " : "", b->largest);
}

// Nothing takes less than idling does: a net figure that is not above 0 says something of the baseline, not of the
// work.
static void judge_net(const eb_case_sums *c, eb_metric *m)
{
    char gross[20], idle[20], half[20], note[sizeof m->note];
    if (m->value > 0 && m->lo > 0)
        return;
    double idle_w = median_field(c, offsetof(eb_trial_sums, idle_power_w)), half_w = 0;
    for (int i = 0; i < c->n_trials; i++)
        half_w = fmax(half_w, isnan(c->trials[i].idle.w) ? 0 : c->trials[i].idle.halfwidth_w);
    eb_fmt_sig(gross, sizeof gross, median_field(c, offsetof(eb_trial_sums, power_w)), 3);
    eb_fmt_sig(idle, sizeof idle, idle_w, 3);
    eb_fmt_sig(half, sizeof half, half_w, 2);
    if (m->value > 0) {
        snprintf(note, sizeof note, "%s", m->note);
        snprintf(m->note, sizeof m->note, "may be nothing: the interval reaches below 0; %.100s", note);
        return;
    }
    snprintf(m->note, sizeof m->note, "%s: %s W gross, %s W ±%s W idle",
             m->hi > 0 ? "within the idle baseline's spread"
                       : "below the idle baseline, which was busier than the work",
             gross, idle, half);
    m->value = m->lo = m->hi = NAN;
    m->interval = EB_INTERVAL_NONE;
    m->grade = EB_GRADE_NONE;
    m->budget = (eb_budget){ NAN, NAN, NAN, NAN, NAN, NULL };
}

static void say_money(const eb_case_sums *c, const struct eb_metric_rule *rule, eb_metric *m)
{
    bool bare = rule->field == offsetof(eb_trial_sums, gco2e_per_mtok) && isnan(c->env->cost.embodied_g);
    bool demonstration = c->env->cost.demonstration;
    if (bare || demonstration)
        snprintf(m->note, sizeof m->note, "%s%s%s", demonstration ? "demonstration prices" : "",
                 bare && demonstration ? "; " : "", bare ? "without the making of the machine: [cost] embodied_g" : "");
}

// Baselines are few, and the trials between them share them: the half-width is the baseline's own.
static void idle_metric(const eb_case_sums *c, eb_metric *m)
{
    double half = 0, ns = 0;
    for (int i = 0; i < c->n_trials; i++)
        if (!isnan(c->trials[i].idle.w)) {
            half = fmax(half, c->trials[i].idle.halfwidth_w);
            ns = fmax(ns, (double)c->trials[i].idle.ns);
            m->grade = c->trials[i].idle.grade;
        }
    m->lo = fmin(m->lo, m->value) - half;
    m->hi = fmax(m->hi, m->value) + half;
    m->interval = EB_INTERVAL_CONFIDENCE;
    m->budget.baseline = half;
    name_largest(&m->budget);
    m->n = c->n_idles;
    snprintf(m->note, sizeof m->note, "%d baseline%s of %.3g s in all", c->n_idles, eb_s(c->n_idles), ns / 1e9);
}

static eb_grade grade_of(const eb_trial_sums *t, const struct eb_metric_rule *rule)
{
    if (rule->net)
        return t->net_grade;
    return rule->grade ? *(const eb_grade *)(const void *)((const char *)t + rule->grade) : t->grade;
}

// A phase is too short for its counter in the quick trials first, and energy and cost per token are without bound where
// there was no token, or no good one: the median of the rest would be a median of chosen trials. A broken counter
// chooses nothing.
static bool would_choose(const eb_case_sums *c, const eb_metric_def *def, eb_metric *m)
{
    const struct eb_metric_rule *rule = def->rule;
    int lacking = 0;
    for (int i = 0; i < c->n_trials; i++) {
        const eb_trial_sums *t = &c->trials[i];
        bool chosen = rule->why ? t->goodput_tok_s == 0 : has_energy(t, rule);
        lacking += chosen && isnan(field_of(t, rule->field));
    }
    if (!rule->lacks || !lacking)
        return false;
    eb_lack_of_trials(rule->lacks, lacking, c->n_trials, m->note, sizeof m->note);
    return true;
}

static void trial_metric(const eb_case_sums *c, const eb_metric_def *def, eb_metric *m)
{
    const struct eb_metric_rule *rule = def->rule;
    double *x = eb_realloc(NULL, (size_t)c->n_trials + 1, sizeof *x);
    size_t n = 0;
    eb_grade grade = EB_GRADE_COUNT;
    for (int i = 0; i < c->n_trials; i++) {
        const eb_trial_sums *t = &c->trials[i];
        eb_grade own = grade_of(t, rule);
        if (isnan(field_of(t, rule->field)))
            continue;
        x[n++] = field_of(t, rule->field);
        grade = own < grade ? own : grade;
    }
    if (n && would_choose(c, def, m))
        n = 0;
    m->n = (int)n;
    m->value = eb_median(x, n);
    if (n) {
        bool kept = eb_median_interval(x, n, c->env->header->interval_level, &m->lo, &m->hi);
        m->interval = kept ? EB_INTERVAL_CONFIDENCE : EB_INTERVAL_RANGE;
        m->grade = def->energy ? grade : EB_GRADE_NONE;
    }
    free(x);
    if (!n)
        return;
    if (rule->field == offsetof(eb_trial_sums, idle_power_w))
        idle_metric(c, m);
    else if (def->energy)
        widen(c, rule, m);
    if (rule->net && rule->field != offsetof(eb_trial_sums, idle_power_w))
        judge_net(c, m);
    if (rule->why)
        say_money(c, rule, m);
    if (rule->field == offsetof(eb_trial_sums, bw_frac) && m->value > 1)
        snprintf(m->note, sizeof m->note, "%s",
                 c->facts->bytes_per_tok < EB_BEYOND_CACHES_BYTES
                     ? "above the memory's bandwidth: the model fits into the caches"
                     : "above the ceiling, which was measured too low");
    else if (rule->field == offsetof(eb_trial_sums, bw_frac) && c->facts->n_expert > 0 &&
             c->env->header->cases[c->facts->case_index].batch > 1)
        snprintf(m->note, sizeof m->note, "at least: sequences of a batch may read experts of their own");
    if (rule->field == offsetof(eb_trial_sums, goodput_tok_s) && isinf(c->env->slo.ttft_ns) &&
        isinf(c->env->slo.tpot_ns) && isinf(c->env->slo.e2e_ns))
        snprintf(m->note, sizeof m->note, "no SLO is set: equals throughput_tok_s");
}

// The same for a run and a metric whenever it is computed.
static uint64_t bootstrap_seed(const eb_header *h, const char *key)
{
    const char *seed = "";
    for (int i = 0; i < h->n_settings; i++)
        if (!strcmp(h->settings[i].section, "run") && !strcmp(h->settings[i].key, "seed") && h->settings[i].value)
            seed = h->settings[i].value;
    return XXH64(key, strlen(key), XXH64(seed, strlen(seed), 0));
}

// Under two updates of the counter per step a token's energy is little more than its share of the time.
static bool unresolved(const eb_case_sums *c, eb_metric *m)
{
    double fewest = INFINITY;
    for (int i = 0; i < c->n_trials; i++)
        if (c->trials[i].energy_status == EB_SAMPLE_OK)
            fewest = fmin(fewest, c->trials[i].updates_per_step);
    if (isinf(fewest))
        snprintf(m->note, sizeof m->note, "%s", *energy_absent(c) ? energy_absent(c) : eb_metric_one_token);
    else if (fewest < 2)
        snprintf(m->note, sizeof m->note,
                 "%.2g updates of the counter per token, and two are needed: only the mean is known", fewest);
    return fewest < 2 || isinf(fewest);
}

static void pool_metric(const eb_case_sums *c, const eb_metric_def *def, eb_metric *m)
{
    if (def->energy && unresolved(c, m))
        return;
    eb_percentiles_metric(&c->pools[def->rule->pool], def->rule->p, c->env->header->interval_level,
                          bootstrap_seed(c->env->header, def->key), m);
    if (!def->energy || isnan(m->value))
        return;
    // Every observation has its own error: the distribution is not known more finely than that.
    double half = median_field(c, offsetof(eb_trial_sums, token_halfwidth_j));
    m->budget.run_to_run = (m->hi - m->lo) / 2;
    m->budget.boundary = half;
    name_largest(&m->budget);
    m->lo = fmin(m->lo, m->value - half);
    m->hi = fmax(m->hi, m->value + half);
    m->grade = c->trials[0].grade;
    snprintf(m->note, sizeof m->note, "each token known to %.2g %%", 100 * half / m->value);
}

static void fact_metric(const eb_case_sums *c, const eb_metric_def *def, eb_metric *m)
{
    const struct eb_metric_rule *rule = def->rule;
    if (!c->facts)
        return;
    if (rule->whole_number) {
        int64_t value = *(const int64_t *)(const void *)((const char *)c->facts + rule->field);
        m->value = value >= 0 ? (double)value : NAN;
    } else {
        m->value = field_of(c->facts, rule->field);
    }
    if (isnan(m->value))
        return;
    bool quality = rule->absent == eb_metric_no_reference;
    m->n = quality ? c->facts->quality_tok : 1;
    snprintf(m->note, sizeof m->note, "%s", rule->note ? rule->note : "");
}

static const eb_provenance *provenance_of(const eb_case_sums *c, const eb_metric_def *def)
{
    int d = domain_of(def->rule);
    return d < EB_DOMAIN_COUNT ? &c->domains[d] : c->energy;
}

static void compute_one(const eb_case_sums *c, const eb_metric_def *def, eb_metric *m)
{
    static void (*const compute[])(const eb_case_sums *, const eb_metric_def *, eb_metric *) = {
        [EB_RULE_TRIAL] = trial_metric,
        [EB_RULE_POOL] = pool_metric,
        [EB_RULE_FACT] = fact_metric,
    };
    *m = (eb_metric){ .key = def->key, .unit = def->unit, .value = NAN, .lo = NAN, .hi = NAN };
    m->budget = (eb_budget){ NAN, NAN, NAN, NAN, NAN, NULL };
    compute[def->rule->kind](c, def, m);
    if (m->grade != EB_GRADE_NONE)
        m->from = provenance_of(c, def);
    if (isnan(m->value) && !m->note[0])
        say_absent(c, def, m);
}

bool eb_metrics_one(const eb_case_sums *c, const char *key, eb_metric *out)
{
    for (const eb_metric_def *def = eb_metric_table; def->key; def++)
        if (!strcmp(def->key, key) && def->rule->kind != EB_RULE_POOL) {
            compute_one(c, def, out);
            return true;
        }
    return false;
}

static int count_metrics(void)
{
    int n = 0;
    while (eb_metric_table[n].key)
        n++;
    return n;
}

double *eb_metrics_figures(const eb_case_sums *c)
{
    int n = count_metrics();
    double *figures = eb_realloc(NULL, (size_t)n * (size_t)c->n_trials + 1, sizeof *figures);
    for (int i = 0; i < n; i++)
        for (int t = 0; t < c->n_trials; t++)
            figures[i * c->n_trials + t] = eb_metric_table[i].rule->kind == EB_RULE_TRIAL
                                               ? field_of(&c->trials[t], eb_metric_table[i].rule->field)
                                               : NAN;
    return figures;
}

int eb_metrics_compute(eb_case_sums *c, eb_metric **out)
{
    int n = count_metrics();
    *out = eb_alloc((size_t)n * sizeof **out);
    for (int i = 0; i < EB_POOL_COUNT; i++)
        eb_percentiles_init(&c->pools[i], c->trials, c->n_trials, (eb_pool)i);
    for (int i = 0; i < n; i++)
        compute_one(c, &eb_metric_table[i], &(*out)[i]);
    for (int i = 0; i < EB_POOL_COUNT; i++)
        eb_percentiles_deinit(&c->pools[i]);
    return n;
}
