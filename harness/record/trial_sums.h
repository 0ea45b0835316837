// SPDX-License-Identifier: Apache-2.0
// Every figure of one trial, by the formulas of docs/metrics.md. NAN = not known. Private to record/.
#ifndef EB_RECORD_TRIAL_SUMS_H
#define EB_RECORD_TRIAL_SUMS_H

#include "harness/base/bootstrap.h"
#include "harness/record/cost.h"
#include "harness/record/journal.h"

// Observations that percentiles are made of.
typedef enum eb_pool {
    EB_POOL_TTFT,
    EB_POOL_ITL,
    EB_POOL_TPOT,
    EB_POOL_E2E,
    EB_POOL_TOKEN_ENERGY, // J; of output tokens after the first, where the counters resolve them
    EB_POOL_COUNT
} eb_pool;

// As large as the buffer that the read ceiling is measured on: a token that reads this much is not helped by caches
// that the ceiling does not know.
#define EB_BEYOND_CACHES_BYTES 268435456.0

typedef struct eb_doubles {
    double *items;
    size_t n, cap;
    size_t moments; // distinct times that they were made at
} eb_doubles;

// Limits of [slo]; INFINITY = none.
typedef struct eb_slo {
    double ttft_ns, tpot_ns, e2e_ns;
} eb_slo;
void eb_slo_from_header(const eb_header *header, eb_slo *out);

typedef struct eb_idle {
    double w, halfwidth_w; // NAN = not measured
    eb_grade grade;
    int64_t ns;
} eb_idle;

// Half-widths (95 %) of one trial's figure, relative to it. The first three are in quadrature; the last is a bound of
// the sensors' own error, the same in every trial.
typedef struct eb_spread {
    double boundary, quantum, baseline;
    double sensor; // NAN = nobody published it
} eb_spread;

typedef struct eb_trial_sums {
    int number;
    // latency and rate
    double ttft_ns, itl_ns, tpot_ns, e2e_ns;
    double prefill_tok_s, decode_tok_s, throughput_tok_s, goodput_tok_s;
    // energy of the boundary
    double energy_j, j_per_tok, j_per_prompt_tok, j_per_decode_tok, j_per_req, power_w, tok_per_j;
    double net_energy_j, net_j_per_tok, net_power_w, idle_power_w;
    double domain_j[EB_DOMAIN_COUNT];
    // money
    double usd_per_mtok, tok_per_usd, tok_per_charge, gco2e_per_mtok;
    // machine
    double bw_frac, flop_frac;
    double load_ns, rss_peak_bytes, model_bytes, kv_bytes;
    double instructions, cycles, ipc, cache_misses, branch_misses, page_faults, major_faults, context_switches,
        cpu_migrations, cpu_time_ns, steal_ns, swap_pages;
    // of what is made of the whole, of a phase, of a domain, of the watts in a cost, of the net energy
    eb_spread spread_whole, spread_prefill, spread_decode, spread_domain[EB_DOMAIN_COUNT];
    eb_spread spread_usd, spread_carbon, spread_charge, spread_net;
    eb_spread none;           // what has no half-width of its own
    double updates_per_step;  // of the counted channel that has the fewest, in the decode time
    double token_halfwidth_j; // median of the pooled token energies' half-widths
    eb_grade grade, net_grade, domain_grade[EB_DOMAIN_COUNT], usd_grade, carbon_grade;
    eb_idle idle;                                            // the baseline that was used
    eb_status energy_status, domain_status[EB_DOMAIN_COUNT]; // of a domain that nothing measures: ok
    int energy_channel;                                      // whose energy_status it is; -1 = none's
    eb_cost_result cost;
    double prefill_end_s, end_s; // phases, from the window's start
    eb_doubles pool[EB_POOL_COUNT];
    eb_energy_row *rows; // window, phases, requests
    size_t n_rows, cap_rows;
} eb_trial_sums;

// What is the same for all trials of a run.
typedef struct eb_sums_env {
    const eb_header *header;
    const bool *dead; // channels that never moved
    eb_slo slo;
    eb_cost cost;
    double read_bytes_s, flop_s, int8_op_s; // the machine's ceilings; NAN = not measured
} eb_sums_env;

void eb_trial_sums_init(eb_trial_sums *s, const eb_sums_env *env, const eb_trial_data *trial,
                        const eb_case_facts *facts, const eb_idle *idle);
void eb_trial_sums_deinit(eb_trial_sums *s);

// Power over the trial's window in at most `max` equal steps. Returns their number, 0 = not known.
int eb_trial_power(const eb_sums_env *env, const eb_trial_data *trial, int max, double *t_s, double *w);

#endif
