// SPDX-License-Identifier: Apache-2.0
// The one table of metrics: key, unit, meaning, and where the figure comes from.
#include <stddef.h>
#include "harness/record/metric_rule.h"

#define RULE(...)     (&(const struct eb_metric_rule){ __VA_ARGS__ })
#define OF(member)    .field = offsetof(eb_trial_sums, member)
#define BY(member)    .spread = offsetof(eb_trial_sums, spread_##member)
#define WHY(member)   .why = offsetof(eb_trial_sums, cost.member)
#define BEARS(member) .grade = offsetof(eb_trial_sums, member)
#define DOMAIN(d)                                                                                                      \
    ENERGY(OF(domain_j[d]), BY(domain[d]), .grade = offsetof(eb_trial_sums, domain_grade[d]),                          \
           .absent = eb_metric_no_domain)
#define TRIAL(...)   RULE(.kind = EB_RULE_TRIAL, .spread = offsetof(eb_trial_sums, none), __VA_ARGS__)
#define ENERGY(...)  RULE(.kind = EB_RULE_TRIAL, __VA_ARGS__)
#define POOL(q, p_)  RULE(.kind = EB_RULE_POOL, .pool = EB_POOL_##q, .p = (p_))
#define FACT(m, ...) RULE(.kind = EB_RULE_FACT, .field = offsetof(eb_case_facts, m), __VA_ARGS__)

const char eb_metric_one_token[] = "needs two output tokens";
static const char short_phase[] = "the phase is shorter than two updates of its counter, or has no tokens";
static const char no_good_token[] = "no tokens within the limits of the SLO", no_token[] = "no output tokens";
static const char no_request[] = "no request was finished";
static const char not_counted[] = "no counter of it here";
const char eb_metric_no_domain[] = "no measured channel of this domain";
static const char no_baseline[] = "no idle baseline";
const char eb_metric_no_battery[] = "no battery: none was found, and [cost] battery_wh states none";
static const char no_ceiling[] = "this machine's ceiling was not measured";
static const char no_arithmetic[] = "this machine's ceiling was not measured, or an older version wrote the file";
const char eb_metric_no_reference[] = "no reference type to compare with";
static const char predicted[] = "predicted from the model's shape";

const eb_metric_def eb_metric_table[] = {
    { "ttft_ns", "ns", "time to first token: first token's end - scheduled arrival, median of requests", -1, false,
      TRIAL(OF(ttft_ns)) },
    { "ttft_p50_ns", "ns", "median of ttft over all requests", -1, false, POOL(TTFT, 0.5) },
    { "ttft_p90_ns", "ns", "90th percentile of ttft over all requests", -1, false, POOL(TTFT, 0.9) },
    { "ttft_p99_ns", "ns", "99th percentile of ttft over all requests", -1, false, POOL(TTFT, 0.99) },
    { "itl_ns", "ns", "gap between one output token and the next, median of gaps", -1, false,
      TRIAL(OF(itl_ns), .absent = eb_metric_one_token) },
    { "itl_p50_ns", "ns", "median of the gaps of all trials", -1, false, POOL(ITL, 0.5) },
    { "itl_p90_ns", "ns", "90th percentile of the gaps of all trials", -1, false, POOL(ITL, 0.9) },
    { "itl_p99_ns", "ns", "99th percentile of the gaps of all trials", -1, false, POOL(ITL, 0.99) },
    { "tpot_ns", "ns", "time per output token: (last token - first token) / (output tokens - 1), median of requests",
      -1, false, TRIAL(OF(tpot_ns), .absent = eb_metric_one_token) },
    { "tpot_p50_ns", "ns", "median of tpot over all requests", -1, false, POOL(TPOT, 0.5) },
    { "tpot_p90_ns", "ns", "90th percentile of tpot over all requests", -1, false, POOL(TPOT, 0.9) },
    { "tpot_p99_ns", "ns", "99th percentile of tpot over all requests", -1, false, POOL(TPOT, 0.99) },
    { "e2e_ns", "ns", "last token's end - scheduled arrival, median of requests", -1, false, TRIAL(OF(e2e_ns)) },
    { "e2e_p50_ns", "ns", "median of e2e over all requests", -1, false, POOL(E2E, 0.5) },
    { "e2e_p90_ns", "ns", "90th percentile of e2e over all requests", -1, false, POOL(E2E, 0.9) },
    { "e2e_p99_ns", "ns", "99th percentile of e2e over all requests", -1, false, POOL(E2E, 0.99) },
    { "prefill_tok_s", "tok/s", "prompt tokens / prefill time", 1, false, TRIAL(OF(prefill_tok_s)) },
    { "decode_tok_s", "tok/s", "output tokens after the first / decode time", 1, false,
      TRIAL(OF(decode_tok_s), .absent = eb_metric_one_token) },
    { "throughput_tok_s", "tok/s", "output tokens in the window / window", 1, false, TRIAL(OF(throughput_tok_s)) },
    { "goodput_tok_s", "tok/s", "throughput of the requests that met every limit of the SLO", 1, false,
      TRIAL(OF(goodput_tok_s)) },
    { "energy_j", "J", "gross energy of the window inside the boundary", -1, true, ENERGY(OF(energy_j), BY(whole)) },
    { "j_per_tok", "J/tok", "energy of the window / output tokens of the window", -1, true,
      ENERGY(OF(j_per_tok), BY(whole), .lacks = no_token, .absent = no_token) },
    { "j_per_prompt_tok", "J/tok", "prefill energy / prompt tokens", -1, true,
      ENERGY(OF(j_per_prompt_tok), BY(prefill), .lacks = short_phase, .absent = short_phase) },
    { "j_per_decode_tok", "J/tok", "decode energy / output tokens after the first", -1, true,
      ENERGY(OF(j_per_decode_tok), BY(decode), .lacks = short_phase, .absent = short_phase) },
    { "j_per_req", "J/req", "energy of the window / requests finished in it", -1, true,
      ENERGY(OF(j_per_req), BY(whole), .lacks = no_request, .absent = no_request) },
    { "net_energy_j", "J", "energy - idle power x window", -1, true,
      ENERGY(OF(net_energy_j), BY(net), .net = true, .absent = no_baseline) },
    { "net_j_per_tok", "J/tok", "net energy / output tokens of the window", -1, true,
      ENERGY(OF(net_j_per_tok), BY(net), .net = true, .lacks = no_token, .absent = no_baseline) },
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
      ENERGY(OF(usd_per_mtok), BY(usd), BEARS(usd_grade), WHY(note), .lacks = no_good_token) },
    { "tok_per_usd", "tok/USD", "1e6 / usd_per_mtok", 1, true,
      ENERGY(OF(tok_per_usd), BY(usd), BEARS(usd_grade), WHY(note), .lacks = no_good_token) },
    { "tok_per_charge", "tok", "tokens per charge of the battery", 1, true,
      ENERGY(OF(tok_per_charge), BY(charge), .absent = eb_metric_no_battery) },
    { "gco2e_per_mtok", "g/Mtok", "CO2 equivalents of a million tokens", -1, true,
      ENERGY(OF(gco2e_per_mtok), BY(carbon), BEARS(carbon_grade), WHY(carbon_note), .lacks = no_good_token) },
    { "bytes_per_tok", "B/tok", "bytes read to decode one token, batch 1, empty context", -1, false,
      FACT(bytes_per_tok, .note = predicted) },
    { "flop_per_tok", "FLOP/tok", "floating point operations to decode one token", -1, false,
      FACT(flop_per_tok, .note = predicted) },
    { "flop_per_prompt_tok", "FLOP/tok", "floating point operations of the prompt / its tokens", -1, false,
      FACT(flop_per_prompt_tok, .note = predicted) },
    { "bw_frac", "fraction", "bytes read per second of decode / the machine's read bandwidth", 1, false,
      TRIAL(OF(bw_frac), .absent = no_ceiling) },
    { "flop_frac", "fraction", "operations per second of prefill / the machine's arithmetic ceiling", 1, false,
      TRIAL(OF(flop_frac), .absent = no_arithmetic) },
    { "load_ns", "ns", "model opened until a first token can be made", -1, false,
      TRIAL(OF(load_ns), .absent = "the model was open already") },
    { "first_token_cold_ns", "ns", "process start to first token", -1, false,
      FACT(first_token_cold_ns, .whole_number = true, .absent = "no cold start was measured") },
    { "rss_peak_bytes", "B", "peak resident set of the process", -1, false, TRIAL(OF(rss_peak_bytes)) },
    { "model_bytes", "B", "size of the model file", -1, false, TRIAL(OF(model_bytes)) },
    { "kv_bytes", "B", "cache or state allocated", -1, false, TRIAL(OF(kv_bytes), .absent = "nothing allocated") },
    { "kld_nats", "nats", "mean KL divergence of the logits against the reference type", -1, false,
      FACT(kld_nats, .absent = eb_metric_no_reference) },
    { "top1_agree", "fraction", "how often the top choice is that of the reference type", 1, false,
      FACT(top1_agree, .absent = eb_metric_no_reference) },
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
