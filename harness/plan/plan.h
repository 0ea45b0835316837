// SPDX-License-Identifier: Apache-2.0
// Config text -> an immutable plan of cases x trials, every value with its origin.
// [cost] and [slo] are checked here (every price has a source and a date) and carried as settings;
// record/cost.h gives them their meaning.
// plan includes base and the option tables of probe.h, workload.h and engine.h only.
#ifndef EB_PLAN_PLAN_H
#define EB_PLAN_PLAN_H

#include "harness/base/error.h"
#include "harness/base/option.h"
#include "probes/groups.h"
#include "probes/probe.h"
#include "workloads/workload.h"

extern const eb_option eb_run_options[];   // [run]   (harness/plan/options.c)
extern const eb_option eb_model_options[]; // [model NAME]
extern const eb_option eb_cost_options[];  // [cost]
extern const eb_option eb_slo_options[];   // [slo]
// All tables, ends with NULL: run, engine(run), model, workload, probes, cost, slo.
extern const eb_option *const eb_option_tables[];
const eb_option *eb_option_find(const char *section, const char *key);

typedef enum eb_origin_kind { EB_ORIGIN_DEFAULT, EB_ORIGIN_FILE, EB_ORIGIN_FLAG } eb_origin_kind;

// One resolved value (a list keeps its whole text).
typedef struct eb_setting {
    const eb_option *option;
    char *name; // of [model NAME]; NULL else
    char *text; // as resolved, unquoted; "" = unset
    eb_origin_kind origin;
    int line;  // for FILE
    bool idle; // a default that its section, as it stands, does not look at: not shown
} eb_setting;

// The machine's ceilings: from a file kept for 30 days, or measured now, or not known.
typedef enum eb_ceiling_use { EB_CEILINGS_CACHED, EB_CEILINGS_MEASURE, EB_CEILINGS_OFF } eb_ceiling_use;

typedef struct eb_run_config {
    int trials_min, trials_max; // equal: no stop rule
    double target;              // relative half-width at which a case stops, e.g. 0.02
    int64_t idle_ns;            // idle baseline before the first case
    int64_t pause_ns;           // between trials
    uint64_t seed;
    bool cold_start;     // measure first_token_cold_ns once per case
    bool profile;        // operator spans of every trial
    int64_t max_time_ns; // 0 = none: no new round starts after it
    char *name;          // never NULL: the config's file name unless given
    char *out;           // NULL = not given
    eb_ceiling_use ceilings;
    eb_grade require_energy; // EB_GRADE_NONE = nothing required
} eb_run_config;

typedef struct eb_case {
    int index;            // 0-based position in the plan
    char *id;             // unique, stable: "smol/q8_0/dense/p128-n64-b1" (+"-d4096")
    char *model, *source; // section name; "shape:..." / "file:..."
    char *type;           // "" = as the file is
    uint64_t model_seed;
    char *workload; // section name
    const eb_workload_ops *ops;
    eb_workload_params params;
    int threads;
    eb_kv_type kv;
    int reference;        // quantized: index of the case with the reference type (of that case: its own),
                          // -1 = none (own reference file)
    char *reference_type; // quantized: "f16"; NULL else
} eb_case;

typedef struct eb_plan {
    char *config_path; // as given; "/dev/stdin" for "-"
    char *config_text; // what was read from it: a pipe cannot be read twice
    size_t config_len;
    eb_setting *settings;
    size_t n_settings, cap_settings;
    eb_run_config run;
    const eb_engine_ops *engine;
    eb_engine_setting *engine_settings; // of the engine's own section
    int n_engine_settings;
    bool affinity;
    eb_probe_config probes;
    eb_groups *groups; // metric groups: those that are built in, and the user's own
    eb_case *cases;
    int n_cases, cap_cases;
    char digest[33]; // hex of everything that changes what is measured
} eb_plan;

// `path` "-" is the standard input. `sets`: n texts `section[:name]:key=value` from --set. NULL and errors in `errs` on
// failure.
eb_plan *eb_plan_load(const char *path, const char *const *sets, int n_sets, eb_err_list *errs);
// The same from memory; `file` stands in messages. Without check_models no model file is looked at.
eb_plan *eb_plan_from_text(const char *file, const char *text, size_t len, const char *const *sets, int n_sets,
                           bool check_models, eb_err_list *errs);
void eb_plan_free(eb_plan *plan);

#endif
