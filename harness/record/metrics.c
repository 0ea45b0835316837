// SPDX-License-Identifier: Apache-2.0
// The one table of metrics: key, unit, meaning, and where the figure comes from.
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

typedef enum rule_kind {
    RULE_TRIAL, // median over the trials of one of their figures
    RULE_POOL,  // percentile of all observations of all trials
    RULE_FACT,  // known once per case
} rule_kind;

struct eb_metric_rule {
    rule_kind kind;
    size_t field;  // TRIAL: of eb_trial_sums; FACT: of eb_case_facts
    size_t spread; // TRIAL: the relative half-width that goes with it
    eb_pool pool;
    double p;
    bool whole_number;  // FACT: an int64 below 0 when not known, not a double
    bool net;           // less the idle baseline: its grade counts too
    bool selective;     // TRIAL: a trial lacks it because of its size, so the others alone would be a choice
    size_t grade;       // TRIAL: of eb_trial_sums, 0 = that of the boundary's energy
    const char *absent; // why there is no value, where nothing better is known
    const char *note;   // said beside a value
    size_t why;         // TRIAL: a text of eb_trial_sums that says it better, 0 = none
};

#define RULE(...)     (&(const struct eb_metric_rule){ __VA_ARGS__ })
#define OF(member)    .field = offsetof(eb_trial_sums, member)
#define BY(member)    .spread = offsetof(eb_trial_sums, spread_##member)
#define WHY(member)   .why = offsetof(eb_trial_sums, cost.member)
#define BEARS(member) .grade = offsetof(eb_trial_sums, member)
#define DOMAIN(d)                                                                                                      \
    ENERGY(OF(domain_j[d]), BY(domain[d]), .grade = offsetof(eb_trial_sums, domain_grade[d]), .absent = no_domain)
#define TRIAL(...)   RULE(.kind = RULE_TRIAL, .spread = offsetof(eb_trial_sums, none), __VA_ARGS__)
#define ENERGY(...)  RULE(.kind = RULE_TRIAL, __VA_ARGS__)
#define POOL(q, p_)  RULE(.kind = RULE_POOL, .pool = EB_POOL_##q, .p = (p_))
#define FACT(m, ...) RULE(.kind = RULE_FACT, .field = offsetof(eb_case_facts, m), __VA_ARGS__)

static const char one_token[] = "needs two output tokens";
static const char short_phase[] = "the phase is shorter than two updates of its counter, or has no tokens";
static const char not_counted[] = "no counter of it here";
static const char no_domain[] = "no measured channel of this domain";
static const char no_baseline[] = "no idle baseline";
static const char no_battery[] = "no battery: [cost] battery_wh";
static const char no_ceiling[] = "this machine's ceiling was not measured";
static const char no_reference[] = "no reference type to compare with";
static const char predicted[] = "predicted from the model's shape";

const eb_metric_def eb_metric_table[] = {
    { "ttft_ns", "ns", "time to first token: first token's end - scheduled arrival, median of requests", -1, false,
      TRIAL(OF(ttft_ns)) },
    { "ttft_p50_ns", "ns", "median of ttft over all requests", -1, false, POOL(TTFT, 0.5) },
    { "ttft_p90_ns", "ns", "90th percentile of ttft over all requests", -1, false, POOL(TTFT, 0.9) },
    { "ttft_p99_ns", "ns", "99th percentile of ttft over all requests", -1, false, POOL(TTFT, 0.99) },
    { "itl_ns", "ns", "gap between one output token and the next, median of gaps", -1, false,
      TRIAL(OF(itl_ns), .absent = one_token) },
    { "itl_p50_ns", "ns", "median of the gaps of all trials", -1, false, POOL(ITL, 0.5) },
    { "itl_p90_ns", "ns", "90th percentile of the gaps of all trials", -1, false, POOL(ITL, 0.9) },
    { "itl_p99_ns", "ns", "99th percentile of the gaps of all trials", -1, false, POOL(ITL, 0.99) },
    { "tpot_ns", "ns", "time per output token: (last token - first token) / (output tokens - 1), median of requests",
      -1, false, TRIAL(OF(tpot_ns), .absent = one_token) },
    { "tpot_p50_ns", "ns", "median of tpot over all requests", -1, false, POOL(TPOT, 0.5) },
    { "tpot_p90_ns", "ns", "90th percentile of tpot over all requests", -1, false, POOL(TPOT, 0.9) },
    { "tpot_p99_ns", "ns", "99th percentile of tpot over all requests", -1, false, POOL(TPOT, 0.99) },
    { "e2e_ns", "ns", "last token's end - scheduled arrival, median of requests", -1, false, TRIAL(OF(e2e_ns)) },
    { "e2e_p50_ns", "ns", "median of e2e over all requests", -1, false, POOL(E2E, 0.5) },
    { "e2e_p90_ns", "ns", "90th percentile of e2e over all requests", -1, false, POOL(E2E, 0.9) },
    { "e2e_p99_ns", "ns", "99th percentile of e2e over all requests", -1, false, POOL(E2E, 0.99) },
    { "prefill_tok_s", "tok/s", "prompt tokens / prefill time", 1, false, TRIAL(OF(prefill_tok_s)) },
    { "decode_tok_s", "tok/s", "output tokens after the first / decode time", 1, false,
      TRIAL(OF(decode_tok_s), .absent = one_token) },
    { "throughput_tok_s", "tok/s", "output tokens in the window / window", 1, false, TRIAL(OF(throughput_tok_s)) },
    { "goodput_tok_s", "tok/s", "throughput of the requests that met every limit of the SLO", 1, false,
      TRIAL(OF(goodput_tok_s)) },
    { "energy_j", "J", "gross energy of the window inside the boundary", -1, true, ENERGY(OF(energy_j), BY(whole)) },
    { "j_per_tok", "J/tok", "energy of the window / output tokens of the window", -1, true,
      ENERGY(OF(j_per_tok), BY(whole)) },
    { "j_per_prompt_tok", "J/tok", "prefill energy / prompt tokens", -1, true,
      ENERGY(OF(j_per_prompt_tok), BY(prefill), .selective = true, .absent = short_phase) },
    { "j_per_decode_tok", "J/tok", "decode energy / output tokens after the first", -1, true,
      ENERGY(OF(j_per_decode_tok), BY(decode), .selective = true, .absent = short_phase) },
    { "j_per_req", "J/req", "energy of the window / requests finished in it", -1, true,
      ENERGY(OF(j_per_req), BY(whole)) },
    { "net_energy_j", "J", "energy - idle power x window", -1, true,
      ENERGY(OF(net_energy_j), BY(net), .net = true, .absent = no_baseline) },
    { "net_j_per_tok", "J/tok", "net energy / output tokens of the window", -1, true,
      ENERGY(OF(net_j_per_tok), BY(net), .net = true, .absent = no_baseline) },
    { "net_power_w", "W", "power - idle power", -1, true,
      ENERGY(OF(net_power_w), BY(net), .net = true, .absent = no_baseline) },
    { "power_w", "W", "energy / window", -1, true, ENERGY(OF(power_w), BY(whole)) },
    { "idle_power_w", "W", "power of the idle baseline inside the boundary", -1, true,
      ENERGY(OF(idle_power_w), .spread = offsetof(eb_trial_sums, none), .net = true, .absent = no_baseline) },
    { "tok_per_j", "tok/J", "output tokens / energy: performance per watt", 1, true, ENERGY(OF(tok_per_j), BY(whole)) },
    { "token_energy_p50_j", "J", "median of the energies of single tokens after the first", -1, true,
      POOL(TOKEN_ENERGY, 0.5) },
    { "token_energy_p90_j", "J", "90th percentile of the energies of single tokens", -1, true,
      POOL(TOKEN_ENERGY, 0.9) },
    { "token_energy_p99_j", "J", "99th percentile of the energies of single tokens", -1, true,
      POOL(TOKEN_ENERGY, 0.99) },
    { "energy_package_j", "J", "energy of the packages", -1, true, DOMAIN(EB_DOMAIN_PACKAGE) },
    { "energy_core_j", "J", "energy of the cores, inside the packages", -1, true, DOMAIN(EB_DOMAIN_CORE) },
    { "energy_uncore_j", "J", "energy of the uncore, inside the packages", -1, true, DOMAIN(EB_DOMAIN_UNCORE) },
    { "energy_dram_j", "J", "energy of the memory", -1, true, DOMAIN(EB_DOMAIN_DRAM) },
    { "energy_gpu_j", "J", "energy of the GPUs", -1, true, DOMAIN(EB_DOMAIN_GPU) },
    { "energy_system_j", "J", "energy of the system: psys, input rail, battery or wall", -1, true,
      DOMAIN(EB_DOMAIN_SYSTEM) },
    { "usd_per_mtok", "USD/Mtok", "cost of a million tokens at this goodput, power and utilisation", -1, true,
      ENERGY(OF(usd_per_mtok), BY(usd), BEARS(usd_grade), WHY(note), .selective = true) },
    { "tok_per_usd", "tok/USD", "1e6 / usd_per_mtok", 1, true,
      ENERGY(OF(tok_per_usd), BY(usd), BEARS(usd_grade), WHY(note), .selective = true) },
    { "tok_per_charge", "tok", "tokens per charge of the battery", 1, true,
      ENERGY(OF(tok_per_charge), BY(charge), .absent = no_battery) },
    { "gco2e_per_mtok", "g/Mtok", "CO2 equivalents of a million tokens", -1, true,
      ENERGY(OF(gco2e_per_mtok), BY(carbon), BEARS(carbon_grade), WHY(carbon_note), .selective = true) },
    { "bytes_per_tok", "B/tok", "bytes read to decode one token, batch 1, empty context", -1, false,
      FACT(bytes_per_tok, .note = predicted) },
    { "flop_per_tok", "FLOP/tok", "floating point operations to decode one token", -1, false,
      FACT(flop_per_tok, .note = predicted) },
    { "bw_frac", "fraction", "bytes read per second of decode / the machine's read bandwidth", 1, false,
      TRIAL(OF(bw_frac), .absent = no_ceiling) },
    { "flop_frac", "fraction", "operations per second of prefill / the machine's arithmetic ceiling", 1, false,
      TRIAL(OF(flop_frac), .absent = no_ceiling) },
    { "load_ns", "ns", "model opened to ready", -1, false, TRIAL(OF(load_ns), .absent = "the model was open already") },
    { "first_token_cold_ns", "ns", "process start to first token", -1, false,
      FACT(first_token_cold_ns, .whole_number = true, .absent = "no cold start was measured") },
    { "rss_peak_bytes", "B", "peak resident set of the process", -1, false, TRIAL(OF(rss_peak_bytes)) },
    { "model_bytes", "B", "size of the model file", -1, false, TRIAL(OF(model_bytes)) },
    { "kv_bytes", "B", "cache or state allocated", -1, false, TRIAL(OF(kv_bytes), .absent = "nothing allocated") },
    { "kld_nats", "nats", "mean KL divergence of the logits against the reference type", -1, false,
      FACT(kld_nats, .absent = no_reference) },
    { "top1_agree", "fraction", "how often the top choice is that of the reference type", 1, false,
      FACT(top1_agree, .absent = no_reference) },
    { "instructions", "count", "instructions retired in the window", 0, false,
      TRIAL(OF(instructions), .absent = not_counted) },
    { "cycles", "count", "core cycles in the window", 0, false, TRIAL(OF(cycles), .absent = not_counted) },
    { "ipc", "1", "instructions / cycles", 1, false, TRIAL(OF(ipc), .absent = not_counted) },
    { "cache_misses", "count", "last-level cache misses in the window", -1, false,
      TRIAL(OF(cache_misses), .absent = not_counted) },
    { "branch_misses", "count", "mispredicted branches in the window", -1, false,
      TRIAL(OF(branch_misses), .absent = not_counted) },
    { "page_faults", "count", "page faults in the window", -1, false, TRIAL(OF(page_faults), .absent = not_counted) },
    { "major_faults", "count", "page faults with I/O in the window", -1, false,
      TRIAL(OF(major_faults), .absent = not_counted) },
    { "context_switches", "count", "context switches in the window", -1, false,
      TRIAL(OF(context_switches), .absent = not_counted) },
    { "cpu_migrations", "count", "moves to another CPU in the window", -1, false,
      TRIAL(OF(cpu_migrations), .absent = not_counted) },
    { "cpu_time_ns", "ns", "CPU time of all threads in the window", -1, false,
      TRIAL(OF(cpu_time_ns), .absent = not_counted) },
    { "steal_ns", "ns", "time that the hypervisor took in the window", -1, false,
      TRIAL(OF(steal_ns), .absent = not_counted) },
    { "swap_pages", "count", "pages swapped in and out in the window", -1, false,
      TRIAL(OF(swap_pages), .absent = not_counted) },
    { 0 },
};

static double field_of(const void *base, size_t offset)
{
    return *(const double *)(const void *)((const char *)base + offset);
}

// Why an energy is not known, in the words of what happened to the counters.
static const char *energy_absent(const eb_case_sums *c)
{
    if (!c->any_source)
        return "no energy source inside the boundary";
    for (int i = 0; i < c->n_trials; i++)
        if (c->trials[i].energy_status != EB_SAMPLE_OK)
            return c->trials[i].energy_status == EB_SAMPLE_MISSING ? "the counters gave no reading of the window"
                                                                   : eb_status_name(c->trials[i].energy_status);
    return "";
}

static void say_absent(const eb_case_sums *c, const eb_metric_def *def, eb_metric *m)
{
    const struct eb_metric_rule *rule = def->rule;
    const char *why = rule->absent ? rule->absent : "";
    if (!c->n_trials && rule->kind != RULE_FACT)
        why = "no trial was finished";
    else if (rule->why)
        why = (const char *)&c->trials[0] + rule->why;
    else if (def->energy && why != no_domain && why != no_battery && *energy_absent(c))
        why = energy_absent(c);
    else if (why == no_battery && !isnan(c->env->cost.battery_wh))
        why = "the power of the whole machine is not known: state [cost] rest_of_system_w";
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
    b->boundary = averaged * size * median_field(c, rule->spread + offsetof(eb_spread, boundary));
    b->quantisation = size * median_field(c, rule->spread + offsetof(eb_spread, quantum));
    b->baseline = size * median_field(c, rule->spread + offsetof(eb_spread, baseline));
    b->run_to_run = m->n > 1 ? (m->hi - m->lo) / 2 : NAN;
    b->sensor_class = size * median_field(c, rule->spread + offsetof(eb_spread, sensor));
    name_largest(b);
    // Over enough trials the interval holds the edges' errors already; whole units it may not.
    double edges = m->interval == EB_INTERVAL_CONFIDENCE ? 0 : b->boundary;
    double counter = hypot(edges, b->quantisation), sensor = isnan(b->sensor_class) ? 0 : b->sensor_class;
    double down = fmax(m->value - m->lo, counter), up = fmax(m->hi - m->value, counter);
    m->lo = m->value - hypot(down, b->baseline) - sensor;
    m->hi = m->value + hypot(up, b->baseline) + sensor;
    const char *missing = rule->absent == no_domain ? "" : c->missing; // a domain is whole in itself
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
    snprintf(m->note, sizeof m->note, "%d baseline%s of %.3g s in all", c->n_idles, c->n_idles == 1 ? "" : "s",
             ns / 1e9);
}

static eb_grade grade_of(const eb_trial_sums *t, const struct eb_metric_rule *rule)
{
    if (rule->net)
        return t->net_grade;
    return rule->grade ? *(const eb_grade *)(const void *)((const char *)t + rule->grade) : t->grade;
}

// A phase is too short for its counter in the quick trials first, and a cost per token is without bound where no token
// was good: the median of the rest would be a median of chosen trials. A broken counter chooses nothing.
static bool would_choose(const eb_case_sums *c, const eb_metric_def *def, eb_metric *m)
{
    const struct eb_metric_rule *rule = def->rule;
    int lacking = 0;
    for (int i = 0; i < c->n_trials; i++) {
        const eb_trial_sums *t = &c->trials[i];
        bool chosen = rule->why ? t->goodput_tok_s == 0 : t->energy_status == EB_SAMPLE_OK;
        lacking += chosen && isnan(field_of(t, rule->field));
    }
    if (!rule->selective || !lacking)
        return false;
    snprintf(m->note, sizeof m->note, "%s, in %d of %d trials",
             rule->why ? "no tokens within the limits of the SLO" : rule->absent, lacking, c->n_trials);
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
        snprintf(m->note, sizeof m->note, "%s", *energy_absent(c) ? energy_absent(c) : one_token);
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
    bool quality = rule->absent == no_reference;
    m->n = quality ? c->facts->quality_tok : 1;
    snprintf(m->note, sizeof m->note, "%s", rule->note ? rule->note : "");
}

static const eb_provenance *provenance_of(const eb_case_sums *c, const eb_metric_def *def)
{
    for (int d = 0; d < EB_DOMAIN_COUNT; d++)
        if (def->rule->field == offsetof(eb_trial_sums, domain_j[d]) && def->rule->absent == no_domain)
            return &c->domains[d];
    return c->energy;
}

static void compute_one(const eb_case_sums *c, const eb_metric_def *def, eb_metric *m)
{
    static void (*const compute[])(const eb_case_sums *, const eb_metric_def *, eb_metric *) = {
        [RULE_TRIAL] = trial_metric,
        [RULE_POOL] = pool_metric,
        [RULE_FACT] = fact_metric,
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
        if (!strcmp(def->key, key) && def->rule->kind != RULE_POOL) {
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
            figures[i * c->n_trials + t] = eb_metric_table[i].rule->kind == RULE_TRIAL
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
