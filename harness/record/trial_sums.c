// SPDX-License-Identifier: Apache-2.0
// Latency, rate, energy, money and counters of one trial.
#include "harness/record/trial_sums.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/base/units.h"
#include "harness/record/domain.h"
#include "harness/record/latency.h"
#include "harness/record/phases.h"
#include "harness/record/trial_energy.h"
#include "harness/record/trial_parts.h"

static const double ns_per_s = 1e9;

void eb_slo_from_header(const eb_header *header, eb_slo *out)
{
    const struct {
        const char *key;
        double *limit;
    } limits[] = { { "ttft", &out->ttft_ns }, { "tpot", &out->tpot_ns }, { "e2e", &out->e2e_ns } };
    *out = (eb_slo){ INFINITY, INFINITY, INFINITY };
    for (int i = 0; i < header->n_settings; i++) {
        const eb_setting_row *s = &header->settings[i];
        int64_t ns;
        for (size_t k = 0; k < sizeof limits / sizeof *limits; k++)
            if (!strcmp(s->section, "slo") && !strcmp(s->key, limits[k].key) && s->value && s->value[0] &&
                eb_parse_time_ns(s->value, &ns, NULL))
                *limits[k].limit = (double)ns;
    }
}

// Ratio, unknown where there is nothing to divide by.
static double per(double a, double b)
{
    return b > 0 ? a / b : NAN;
}

static eb_spread relative(const eb_energy *e)
{
    if (e->status != EB_SAMPLE_OK || !(e->j > 0))
        return (eb_spread){ NAN, NAN, NAN, NAN };
    return (eb_spread){ e->boundary_j / e->j, e->quantum_j / e->j, 0, e->class_j / e->j };
}

static eb_spread times(eb_spread s, double factor)
{
    return (eb_spread){ s.boundary * factor, s.quantum * factor, s.baseline * factor, s.sensor * factor };
}

// The sensor that measures both is off by the same share of both.
static eb_spread of_net(const eb_spread *whole, double gross_j, double net_j, double idle_off_j)
{
    if (isnan(net_j))
        return (eb_spread){ NAN, NAN, NAN, NAN };
    double size = fmax(fabs(net_j), 1e-9); // of exactly 0 nothing is a part
    eb_spread s = times(*whole, fabs(gross_j) / size);
    s.baseline = fabs(idle_off_j) / size;
    s.sensor = whole->sensor;
    return s;
}

static void rates(eb_trial_sums *s, const eb_latency *l, const eb_phases *phases, const eb_trial_info *info)
{
    double window_s = (double)(info->t_end_ns - info->t_start_ns) / ns_per_s;
    s->ttft_ns = eb_median(s->pool[EB_POOL_TTFT].items, s->pool[EB_POOL_TTFT].n);
    s->itl_ns = eb_median(s->pool[EB_POOL_ITL].items, s->pool[EB_POOL_ITL].n);
    s->tpot_ns = eb_median(s->pool[EB_POOL_TPOT].items, s->pool[EB_POOL_TPOT].n);
    s->e2e_ns = eb_median(s->pool[EB_POOL_E2E].items, s->pool[EB_POOL_E2E].n);
    s->throughput_tok_s = per(l->output_tok, window_s);
    s->goodput_tok_s = per(l->good_tok, window_s);
    s->prefill_tok_s = l->first_tok > 0 ? per(l->prompt_tok, eb_phases_ns(phases, EB_PHASE_PREFILL) / ns_per_s) : NAN;
    s->decode_tok_s = l->decode_tok > 0 ? per(l->decode_tok, eb_phases_ns(phases, EB_PHASE_DECODE) / ns_per_s) : NAN;
    s->prefill_end_s =
        l->first_tok > 0 && !phases->alternate ? (double)(l->prefill_end_ns - info->t_start_ns) / ns_per_s : NAN;
    s->end_s = window_s;
}

// The same of a trial of which only sums were imported.
static void imported_rates(eb_trial_sums *s, const eb_trial_totals *t, const eb_slo *slo)
{
    s->prefill_tok_s = t->prompt_tok ? per((double)t->prompt_tok, (double)t->prefill_ns / ns_per_s) : NAN;
    s->decode_tok_s = t->output_tok ? per((double)t->output_tok, (double)t->decode_ns / ns_per_s) : NAN;
    s->throughput_tok_s = t->output_tok ? per((double)t->output_tok, s->end_s) : NAN;
    // Whether a limit was met is not known of any token; without limits all are good.
    bool no_limits = isinf(slo->ttft_ns) && isinf(slo->tpot_ns) && isinf(slo->e2e_ns);
    s->goodput_tok_s = no_limits ? s->throughput_tok_s : NAN;
}

static void energies(eb_trial_sums *s, const eb_trial_energy *energy, const eb_latency *l, const eb_phases *phases,
                     const eb_trial_data *trial, const eb_idle *idle)
{
    eb_energy whole = eb_trial_energy_window(energy, trial->info.t_start_ns, trial->info.t_end_ns),
              prefill = eb_phases_energy(phases, energy, EB_PHASE_PREFILL),
              decode = eb_phases_energy(phases, energy, EB_PHASE_DECODE);
    double window_s = s->end_s;
    eb_trial_parts_measure(s, energy, trial, phases, &whole, &prefill, &decode);
    s->energy_status = whole.status;
    s->energy_channel = whole.channel;
    s->grade = eb_trial_energy_grade(energy);
    s->energy_j = whole.j;
    s->j_per_tok = per(whole.j, l->output_tok);
    s->j_per_req = per(whole.j, l->n_ok);
    s->j_per_prompt_tok = l->first_tok > 0 ? per(prefill.j, l->prompt_tok) : NAN;
    s->j_per_decode_tok = per(decode.j, l->decode_tok);
    s->power_w = per(whole.j, window_s);
    s->tok_per_j = per(l->output_tok, whole.j);
    s->idle_power_w = idle->w;
    s->net_energy_j = whole.j - idle->w * window_s;
    s->net_power_w = s->power_w - idle->w;
    s->net_j_per_tok = per(s->net_energy_j, l->output_tok);
    s->net_grade = idle->grade < s->grade ? idle->grade : s->grade;
    s->spread_whole = relative(&whole);
    s->spread_prefill = relative(&prefill);
    s->spread_decode = relative(&decode);
    s->spread_net = of_net(&s->spread_whole, whole.j, s->net_energy_j, idle->halfwidth_w * window_s);
}

// Joules of each domain, measured channels only, whether or not the boundary counts them.
static void domains(eb_trial_sums *s, const eb_sums_env *env, const eb_trial_energy *energy, const eb_trial_info *info)
{
    const eb_header *h = env->header;
    eb_channel *live = eb_alloc((size_t)h->n_channels * sizeof *live + 1);
    bool *picked = eb_alloc((size_t)h->n_channels * sizeof *picked + 1);
    for (int c = 0; c < h->n_channels; c++) {
        live[c] = h->channels[c];
        if (env->dead[c])
            live[c].grade = EB_GRADE_NONE;
    }
    for (int d = 0; d < EB_DOMAIN_COUNT; d++) {
        bool any = false;
        eb_energy sum = { .grade = EB_GRADE_COUNT };
        s->domain_grade[d] = EB_GRADE_WALL;
        if (d != EB_DOMAIN_UNKNOWN && d != EB_DOMAIN_NONE)
            eb_domain_pick(live, h->n_channels, (eb_domain)d, picked);
        else
            memset(picked, 0, (size_t)h->n_channels * sizeof *picked);
        for (int c = 0; c < h->n_channels; c++) {
            if (!picked[c])
                continue;
            any = true;
            eb_energy part = eb_trial_energy_channel(energy, c, info->t_start_ns, info->t_end_ns);
            eb_energy_add(&sum, &part);
            if (live[c].grade < s->domain_grade[d])
                s->domain_grade[d] = live[c].grade;
        }
        s->domain_j[d] = any && sum.status == EB_SAMPLE_OK ? sum.j : NAN;
        s->domain_status[d] = any ? sum.status : EB_SAMPLE_OK;
        s->spread_domain[d] = relative(&sum);
    }
    free(picked);
    free(live);
}

// Counters of a trial: the first line whose channels are all there gives the value, their sum.
static const struct {
    size_t offset;
    const char *channels[2];
} counter_table[] = {
    { offsetof(eb_trial_sums, instructions), { "counters/instructions" } },
    { offsetof(eb_trial_sums, instructions), { "counters/PAPI_TOT_INS" } },
    { offsetof(eb_trial_sums, cycles), { "counters/cycles" } },
    { offsetof(eb_trial_sums, cycles), { "counters/PAPI_TOT_CYC" } },
    { offsetof(eb_trial_sums, cache_misses), { "counters/cache-misses" } },
    { offsetof(eb_trial_sums, branch_misses), { "counters/branch-misses" } },
    { offsetof(eb_trial_sums, page_faults), { "counters/page-faults" } },
    { offsetof(eb_trial_sums, page_faults), { "process/minor_faults", "process/major_faults" } },
    { offsetof(eb_trial_sums, major_faults), { "process/major_faults" } },
    { offsetof(eb_trial_sums, context_switches), { "counters/context-switches" } },
    { offsetof(eb_trial_sums, context_switches), { "process/voluntary_switches", "process/involuntary_switches" } },
    { offsetof(eb_trial_sums, cpu_migrations), { "counters/cpu-migrations" } },
    { offsetof(eb_trial_sums, cpu_time_ns), { "counters/task-clock" } },
    { offsetof(eb_trial_sums, cpu_time_ns), { "process/cpu_time" } },
    { offsetof(eb_trial_sums, steal_ns), { "process/machine_steal_time" } },
    { offsetof(eb_trial_sums, swap_pages), { "process/swap_in", "process/swap_out" } },
};

static double channel_delta(const eb_trial_energy *energy, const char *name, const eb_trial_info *info)
{
    for (int c = 0; c < energy->n; c++)
        if (!strcmp(energy->header->channels[c].name, name))
            return eb_trace_delta(energy->traces[c], info->t_start_ns, info->t_end_ns);
    return NAN;
}

static void counters(eb_trial_sums *s, const eb_trial_energy *energy, const eb_trial_info *info)
{
    for (size_t i = 0; i < sizeof counter_table / sizeof *counter_table; i++) {
        double *field = (double *)(void *)((char *)s + counter_table[i].offset);
        const char *const *names = counter_table[i].channels;
        if (!isnan(*field))
            continue;
        *field = channel_delta(energy, names[0], info);
        if (names[1])
            *field += channel_delta(energy, names[1], info);
    }
    s->ipc = per(s->instructions, s->cycles);
}

// What the watts' half-widths make of a cost, which is linear in both.
static eb_spread of_cost(const eb_spread *whole, double value, double with_twice, double with_idle)
{
    eb_spread s = times(*whole, fabs(per(with_twice - value, value)));
    s.baseline = isnan(with_idle) ? 0 : fabs(per(with_idle - value, value));
    return s;
}

static void money(eb_trial_sums *s, const eb_sums_env *env, const eb_idle *idle, const eb_case_info *info)
{
    static const eb_spread unknown = { NAN, NAN, NAN, NAN };
    const eb_cost *cost = &env->cost;
    eb_cost_load at = { .goodput_tok_s = s->goodput_tok_s,
                        .load_w = s->power_w,
                        .idle_w = s->idle_power_w,
                        .prompt_per_output = eb_cost_prompt_per_output(info),
                        .boundary = eb_cost_boundary(cost, env->header->boundary, s->grade) },
                 busier = at, warmer = at;
    busier.load_w *= 2;
    warmer.idle_w = idle->w + idle->halfwidth_w;
    double system_w = eb_cost_system_w(cost, s->power_w, at.boundary);
    s->cost = eb_cost_compute(cost, &at);
    eb_cost_result load = eb_cost_compute(cost, &busier), rest = eb_cost_compute(cost, &warmer);
    // A rent has no watts in it; idle watts count where the machine idles and nobody stated them.
    bool rented = eb_cost_kind_of(cost) != EB_COST_OWN, idles = cost->utilisation < 1 && isnan(cost->idle_w);
    s->carbon_grade = idles ? s->net_grade : s->grade;
    s->usd_grade = rented ? EB_GRADE_NONE : s->carbon_grade;
    s->spread_usd =
        rented ? unknown : of_cost(&s->spread_whole, s->cost.usd_per_mtok, load.usd_per_mtok, rest.usd_per_mtok);
    s->spread_carbon = of_cost(&s->spread_whole, s->cost.gco2e_per_mtok, load.gco2e_per_mtok, rest.gco2e_per_mtok);
    s->spread_charge = times(s->spread_whole, per(s->power_w, system_w));
    s->usd_per_mtok = s->cost.usd_per_mtok;
    s->gco2e_per_mtok = s->cost.gco2e_per_mtok;
    s->tok_per_usd = per(1e6, s->usd_per_mtok);
    s->tok_per_charge = per(cost->battery_wh * 3600 * s->throughput_tok_s, system_w);
}

static void roofline(eb_trial_sums *s, const eb_sums_env *env, const eb_trial_data *trial, const eb_case_facts *facts)
{
    const eb_case_info *c = &env->header->cases[trial->info.case_index];
    if (!facts || c->batch < 1 || c->load) // of a load it is not known how many shared a step
        return;
    // A step reads the weights once for all sequences and each sequence's own cache, half of the output long on
    // average. Sequences that choose other experts read more: of a mixture in a batch this is the least.
    double context = c->depth_tok + c->prompt_tok + c->output_tok / 2.0;
    double bytes = facts->bytes_per_tok / c->batch + facts->kv_bytes_per_tok * context;
    s->bw_frac = per(bytes * s->decode_tok_s, env->read_bytes_s);
    s->flop_frac = per(facts->flop_per_prompt_tok * s->prefill_tok_s, facts->int8 ? env->int8_op_s : env->flop_s);
}

static void forget(eb_trial_sums *s)
{
    // The figures stand in a row, doubles all.
    double *const from = &s->ttft_ns, *const to = &s->token_halfwidth_j;
    for (double *field = from; field <= to; field++)
        *field = NAN;
}

void eb_trial_sums_init(eb_trial_sums *s, const eb_sums_env *env, const eb_trial_data *trial,
                        const eb_case_facts *facts, const eb_idle *idle)
{
    const eb_trial_info *info = &trial->info;
    *s = (eb_trial_sums){ .number = info->number, .idle = *idle };
    forget(s);
    eb_latency latency;
    eb_latency_measure(&latency, trial, &env->slo, s->pool);
    eb_phases phases;
    eb_phases_find(&phases, trial, &latency);
    rates(s, &latency, &phases, info);
    if (info->totals.known)
        imported_rates(s, &info->totals, &env->slo);
    eb_trial_energy energy;
    eb_trial_energy_init(&energy, env->header, env->dead, trial->power, trial->n_power);
    energies(s, &energy, &latency, &phases, trial, idle);
    eb_phases_deinit(&phases);
    domains(s, env, &energy, info);
    counters(s, &energy, info);
    eb_trial_energy_deinit(&energy);
    eb_debug("metrics", "trial %d: window %.6f s, %g J, %g W idle, %g tok/s decode, %zu readings", info->number,
             s->end_s, s->energy_j, s->idle_power_w, s->decode_tok_s, trial->n_power);
    money(s, env, idle, &env->header->cases[info->case_index]);
    roofline(s, env, trial, facts);
    s->load_ns = info->load_ns >= 0 ? (double)info->load_ns : NAN;
    s->rss_peak_bytes = info->rss_peak_bytes ? (double)info->rss_peak_bytes : NAN;
    uint64_t file = facts && facts->model_bytes ? facts->model_bytes : info->model_bytes;
    s->model_bytes = file ? (double)file : NAN;
    s->kv_bytes = info->kv_bytes ? (double)info->kv_bytes : NAN;
}

void eb_trial_sums_deinit(eb_trial_sums *s)
{
    for (int p = 0; p < EB_POOL_COUNT; p++)
        free(s->pool[p].items);
    free(s->rows);
}

int eb_trial_power(const eb_sums_env *env, const eb_trial_data *trial, int max, double *t_s, double *w)
{
    int64_t t0 = trial->info.t_start_ns, ns = trial->info.t_end_ns - t0;
    eb_trial_energy energy;
    eb_trial_energy_init(&energy, env->header, env->dead, trial->power, trial->n_power);
    size_t updates = eb_trial_energy_updates(&energy, t0, t0 + ns) / 2;
    int n = updates < (size_t)max ? (int)updates : max;
    for (int i = 0; i < n; i++) {
        int64_t from = t0 + ns / n * i, to = t0 + ns / n * (i + 1);
        eb_energy part = eb_trial_energy_window(&energy, from, to);
        if (part.status != EB_SAMPLE_OK || to <= from) {
            n = 0;
            break;
        }
        t_s[i] = ((double)(from - t0) + (double)(to - t0)) / 2 / ns_per_s;
        w[i] = part.j / ((double)(to - from) / ns_per_s);
    }
    eb_trial_energy_deinit(&energy);
    return n;
}
