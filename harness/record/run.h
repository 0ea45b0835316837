// SPDX-License-Identifier: Apache-2.0
// What a run is once it is over, computed from the journal alone: eb_run -> eb_case_result ->
// eb_metric. Reporters see only this. record includes base and nothing else.
#ifndef EB_RECORD_RUN_H
#define EB_RECORD_RUN_H

#include "harness/base/energy.h"
#include "harness/base/error.h"
#include "harness/base/event.h"
#include "harness/base/log.h"
#include "harness/base/span.h"

#define EB_RUN_SCHEMA "effbench.run/1"

// ---- what the journal's header holds (written by run, read back by everybody) ----

typedef struct eb_pair {
    char *key, *value;
} eb_pair;

typedef struct eb_setting_row {                         // one resolved option
    char *section, *name, *key, *value, *unit, *origin; // origin: "default", "edge.ini:14", "--set"
    bool idle;      // a default that its section, as it stands, does not look at: kept, not shown
    bool unplanned; // does not change what is measured; known of a plan's own header, not of one read back
} eb_setting_row;

typedef struct eb_source_row { // one probe, as detected
    char *name, *state, *reason, *remedy;
} eb_source_row;

typedef struct eb_case_info { // one case of the plan
    int index;
    char *id, *family, *model, *source, *type, *workload, *kv;
    int prompt_tok, output_tok, batch, depth_tok, threads;
    int64_t duration_ns, window_ns; // sustained; 0 else
    char *reference_type;           // quantized; NULL else
    char *load;                     // load: "single", "server poisson 4/s", "closed 8 users"; NULL else
} eb_case_info;

// A metric of a profile's operators: a formula (harness/base/formula.h) of event counts and of time_s, calls, threads,
// bytes and flop, each of one operator in one phase of a trial.
typedef struct eb_op_metric_row {
    char *key, *unit, *formula;
} eb_op_metric_row;

typedef struct eb_header {
    char *tool_version, *config, *started_utc, *plan_digest, *engine;
    eb_boundary boundary;
    double interval_level; // 0.95, adjusted for the looks of the stop rule: see docs/metrics.md
    int trials_min, trials_max;
    int cpus; // online where the run was made: what the sampler's CPU time is a share of; 0 = not known
    eb_setting_row *settings;
    int n_settings;
    eb_op_metric_row *op_metrics; // of a profile
    int n_op_metrics;
    eb_pair *machine;
    int n_machine;     // the fingerprint's parts, ordered
    char *fingerprint; // digest over them
    eb_source_row *sources;
    int n_sources;
    eb_channel *channels;
    int n_channels;
    eb_case_info *cases;
    int n_cases;
} eb_header;

// Known once a case's model has been opened.
typedef struct eb_case_facts {
    int case_index;
    char arch[16], isa[16], model_name[64], type[16], path[512];
    int vocab, n_layer, n_expert, n_expert_used, threads;
    bool int8; // most weights are multiplied in 8-bit arithmetic: its ceiling counts
    uint64_t n_params, model_bytes;
    double bytes_per_tok, flop_per_tok, kv_bytes_per_tok;
    double flop_per_prompt_tok;  // of the case's prompt, on average
    int64_t first_token_cold_ns; // -1 = not measured
    double kld_nats, top1_agree; // NAN = not computed
    int quality_tok;
} eb_case_facts;

// Of an imported trial, whose tokens nobody stamped: its sums. Tokens of a phase without a time: only the whole is
// known.
typedef struct eb_trial_totals {
    bool known;
    int64_t prompt_tok, output_tok, prefill_ns, decode_ns; // decode_ns: of all output tokens
} eb_trial_totals;

// The kernel counts in ticks of 10 ms: of a shorter window nothing can be said about what others took of the CPU.
#define EB_LOAD_SEEN_NS 200000000
static inline bool eb_load_seen(int64_t window_ns)
{
    return window_ns >= EB_LOAD_SEEN_NS;
}

typedef struct eb_trial_info {
    int number; // 1-based over the run, in execution order; 0 = idle baseline
    int case_index, round;
    int64_t t_start_ns, t_end_ns; // the measured window
    int64_t load_ns;              // -1 = the model was open already
    uint64_t rss_peak_bytes;      // 0 = not known
    uint64_t model_bytes, kv_bytes, scratch_bytes;
    int64_t sampler_cpu_ns; // CPU time that reading the probes took in the window; 0 = not known
    int wide_samples;       // readings dropped because something came between their two clock reads
    char digest[17];        // of the greedy output; "" = none
    char *error;            // why it failed; NULL = it did not
    char **warnings;
    int n_warnings;                     // guards: throttled, steal, swap, foreign load ...
    char taken_utc[24];                 // idle baselines: when; "" = not known
    eb_level_row levels[EB_LEVELS_MAX]; // of a load, in order of time
    int n_levels;
    double saturated_per_s; // see eb_trial_sink; 0 = not measured
    eb_trial_totals totals;
} eb_trial_info;

typedef struct eb_power_row {
    int channel;
    eb_sample sample;
} eb_power_row;

// What the threads of an engine counted while they ran an operator, over one trial.
typedef struct eb_op_count_row {
    eb_op op;
    eb_phase phase;
    char event[48];
    double value, running_frac; // < 1: the counter was shared, `value` is scaled up; NAN = not known
    uint64_t calls;             // of the operator, summed over threads
} eb_op_count_row;

// Key of the machine's fact of what its batteries hold when full, in Wh; there only where they say so.
#define EB_MACHINE_BATTERY "battery_wh"
// A folder made by `effbench import`: whose figures they are ("llama-bench"), NULL = our own. Borrowed.
const char *eb_header_imported(const eb_header *header);

// A run with [run] profile: its journal has spans.csv and op_counters.csv.
bool eb_header_profile(const eb_header *header);

// ---- what is computed ----

typedef enum eb_interval { EB_INTERVAL_NONE, EB_INTERVAL_CONFIDENCE, EB_INTERVAL_RANGE } eb_interval;

// What an energy's interval is made of: half-widths (95 %) in the metric's unit, as they enter it.
typedef struct eb_budget {
    double boundary;     // where the counters' edges lie at the ends of the time, and what is drawn between them
    double quantisation; // readings are whole units
    double baseline;     // of the idle power
    double run_to_run;   // of the median over the trials
    double sensor_class; // bound of the sensors' own error; NAN = unknown: nobody published it
    const char *largest; // name of the largest; "" = none is known
} eb_budget;

// Where an energy comes from. Texts of the case, "" = not known.
typedef struct eb_provenance {
    char *source;   // probes: "powercap", "powercap + nvml"
    char *domains;  // "package-0 + dram-0"
    char *coverage; // "complete", "without dram", "as stated"
} eb_provenance;

typedef struct eb_metric {
    const char *key, *unit;    // static, from the metric table
    double value, lo, hi;      // NAN = not known
    int n;                     // trials (or observations for percentiles) behind it
    eb_interval interval;      // what lo..hi is; RANGE when n is too small for a confidence
    eb_grade grade;            // energies and what is made of them; NONE else
    eb_budget budget;          // energies and what is made of them; largest NULL else
    const eb_provenance *from; // the same; NULL else. Borrowed from the case
    char note[160];            // why there is no value, what is missing, largest error term; "" = nothing
} eb_metric;

// Energy of a part of a trial: energy.csv.
typedef enum eb_part {
    EB_PART_WINDOW,
    EB_PART_PREFILL,
    EB_PART_DECODE,
    EB_PART_REQUEST, // its tokens' parts of their steps
    EB_PART_OUTSIDE, // the window's time in which no sequence was in a step
    EB_PART_COUNT
} eb_part;
typedef struct eb_energy_row {
    int trial;
    eb_part part;
    int64_t request;       // -1 = none
    double j, halfwidth_j; // NAN = not known
    eb_grade grade;
} eb_energy_row;

typedef struct eb_case_result {
    const eb_case_info *info;
    const eb_case_facts *facts; // NULL = never opened
    int n_trials, n_failed;
    eb_metric *metrics;
    int n_metrics;
    int *trial_numbers; // of the trials behind the metrics, in order
    int n_figures;
    double *figures; // n_metrics x n_figures: what each metric is the median of, by trial; NAN = not known, or a
                     // metric that is no median over trials
    char *missing;   // parts of the boundary that nothing covers in it, "" = none
    eb_provenance energy, domains[EB_DOMAIN_COUNT]; // of the boundary, and of each domain by itself
    eb_energy_row *energies;                        // of every trial that did not fail
    size_t n_energies;
    char digest[17]; // "" = none or not the same in all trials
    bool digest_differs;
    char **warnings;
    int n_warnings;
} eb_case_result;

// Power over time of one trial per case, for the plots.
typedef struct eb_power_series {
    int case_index, trial;
    double *t_s, *w;
    int n; // t from the window's start
    double prefill_end_s, end_s;
} eb_power_series;

// One idle baseline.
typedef struct eb_idle_reading {
    int position;    // in the journal
    int after_trial; // number of the last trial before it, 0 = taken before the first
    int64_t t_start_ns, t_end_ns;
    double w, halfwidth_w; // NAN = not known
    eb_grade grade;
    char taken_utc[24];
} eb_idle_reading;
// What is counted of a physical piece against what another source says of the same.
typedef struct eb_crosscheck {
    char *counted, *other;               // channels, "a + b"
    int n;                               // trials in which both are known
    double counted_j, other_j;           // medians over these trials; NAN = there are none
    double counted_half_j, other_half_j; // medians of their half-widths
    eb_provenance counted_from,
        other_from; // coverage: that of the boundary where they are all of it, else "package only"
    eb_grade counted_grade, other_grade;
    double difference_frac, halfwidth_frac; // medians of other / counted - 1, and of what the half-widths allow
    bool agrees;                            // the difference is at most 1 %
} eb_crosscheck;

typedef struct eb_run {
    eb_header *header;
    eb_case_result *cases;
    int n_cases;
    eb_idle_reading *idles; // every baseline, in order
    int n_idles;
    double idle_w, idle_w_halfwidth; // over all of them; NAN = not measured
    eb_grade idle_grade;
    int64_t idle_ns; // 0 = not measured
    char **warnings;
    int n_warnings;               // of the whole run
    char *domains;                // "package-0 + package-1 + dram-0", "" = no energy
    bool *counted;                // per channel of the header: part of the boundary's energy
    eb_provenance energy;         // the same with its sources and coverage
    char *missing;                // parts of the boundary that no channel covers, "" = none
    double sampler_cpu_frac;      // what the sampling cost, as a share of the machine's CPU time; NAN = not known
    int64_t wide_samples;         // readings dropped over all trials
    struct eb_profile **profiles; // of the cases that have one (profile.h); a run with [run] profile
    int n_profiles;
    struct eb_sustained **sustained; // of every trial of sustained cases (sustained.h), in order
    int n_sustained;
    struct eb_load_result **loads; // of the cases that are loads (load.h)
    int n_loads;
    struct eb_crossing *crossings; // of context sweeps (crossing.h)
    int n_crossings;
    eb_crosscheck *checks;
    int n_checks;
    eb_power_series *series;
    int n_series;
    bool complete; // the end record is there
    char *ended_utc;
    void *raw; // owned journal data
} eb_run;

// Reads DIR's raw files and computes everything. EB_USAGE for a folder that is none.
eb_run *eb_run_load(const char *dir, eb_err *err);
void eb_run_free(eb_run *run);
const eb_metric *eb_case_metric(const eb_case_result *c, const char *key); // NULL = not in the table

// run.json's text; deterministic. Caller frees.
char *eb_run_json(const eb_run *run);
// Writes DIR/run.json (aside, renamed).
bool eb_run_json_write(const eb_run *run, const char *dir, eb_err *err);
// The same of energy.csv: the energy of every trial, phase and request.
char *eb_energy_csv(const eb_run *run);
bool eb_energy_csv_write(const eb_run *run, const char *dir, eb_err *err);

// The one table of metrics (metrics.c); docs/metrics.md and help are made from it.
struct eb_metric_rule;
typedef struct eb_metric_def {
    const char *key, *unit, *doc;
    int better;                        // +1 more is better, -1 less, 0 neither
    bool energy;                       // carries a grade
    const struct eb_metric_rule *rule; // how it is computed: private to record/
} eb_metric_def;
extern const eb_metric_def eb_metric_table[]; // ends with key NULL

#endif
