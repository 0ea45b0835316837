// SPDX-License-Identifier: Apache-2.0
// A gate as it goes: pairs of runs in, verdict and reasons out. Reporters (reports/gate*.c) see only this.
// Pure bookkeeping over eb_run; starting the trials is harness/cmd's. Threads: one.
#ifndef EB_RECORD_GATE_CHECK_H
#define EB_RECORD_GATE_CHECK_H

#include "harness/record/gate.h"
#include "harness/record/run.h"

#define EB_CHECK_SCHEMA "effbench.check/1"

// What of a trial spoils its pair, unless it is ignored; as bits of eb_check_options.ignore.
typedef enum eb_trouble {
    EB_TROUBLE_NONE = 0,
    EB_TROUBLE_THROTTLE = 1, // throttled, or a changed governor
    EB_TROUBLE_SWAP = 2,
    EB_TROUBLE_SUSPEND = 4,
    EB_TROUBLE_LOAD = 8,    // other processes, from half of a CPU on
    EB_TROUBLE_STEAL = 16,  // the hypervisor, from 5 % of a CPU on
    EB_TROUBLE_GAP = 32,    // an energy that is gated was not to be had
    EB_TROUBLE_DIGEST = 64, // no trouble of a pair: outputs may differ
    EB_TROUBLE_LEVEL = 128  // a level of a load is not valid (load.h)
} eb_trouble;
#define EB_TROUBLE_NAMES "throttle, swap, suspend, load, steal, gap, level"
bool eb_trouble_parse(const char *name, eb_trouble *out); // one of these, or "digest"
// Of a warning of a trial (harness/run/guards.h).
eb_trouble eb_trouble_of(const char *warning);

typedef struct eb_check_options {
    eb_gate_rule rule;
    eb_gate_limits limits[EB_GATE_CLASSES];
    eb_grade energy_grade; // weaker energies are shown and not gated
    unsigned ignore;       // bits of eb_trouble
    const char *metrics;   // comma list of keys that are gated; NULL = all that can be
} eb_check_options;
void eb_check_options_default(eb_check_options *out);
// Whether `key` can be named in `metrics`.
bool eb_check_knows(const char *key);

typedef struct eb_check_metric {
    const char *key, *unit; // static
    eb_gate_class cls;
    bool explains;      // never gated: shown to say why another one changed
    bool more_is_worse; // else less is
    bool energy;
    bool gated;
    char why_not[160];   // "" = gated
    double *base, *cand; // of the pairs that count, [n]
    int n, cap;
    double base_median, cand_median; // NAN = none
    double ratio;                    // candidate / base, trimmed mean over the pairs; NAN = there are none
    eb_gate_finding found;           // of gated ones, once there was a look
} eb_check_metric;

typedef struct eb_check_fact { // deterministic: compared exactly
    const char *what;          // "output digest", "model bytes", "cache bytes"
    char *base, *cand;
    bool gated;
    eb_gate_verdict verdict;
    char note[120];
} eb_check_fact;

enum { EB_CHECK_PROFILED = 8 };    // most pairs with a profile
typedef struct eb_check_operator { // of profiled pairs
    eb_phase phase;
    const char *name;      // static
    double base_s, cand_s; // per trial, median over the pairs
    double base_j, cand_j; // NAN = not known
    // By side and pair.
    double time_s[2][EB_CHECK_PROFILED], energy_j[2][EB_CHECK_PROFILED];
} eb_check_operator;

// Completed over offered load of one level of one side, of each of its trials so far; NAN = no request came.
typedef struct eb_check_kept {
    double *frac;
    int n, cap;
} eb_check_kept;

enum { EB_CHECK_FACTS = 3 };
typedef struct eb_check_case {
    char *id, *cand_id;
    bool same_work; // same model, type, lengths: what is deterministic must be equal
    eb_check_metric *metrics;
    int n_metrics;
    eb_check_fact facts[EB_CHECK_FACTS];
    int n_facts;
    eb_check_operator *operators; // none unless profiled pairs were added
    int n_operators, n_profiled;
    char **why; // on a fail, one sentence each
    int n_why;
    eb_check_kept kept[2][EB_LEVELS_MAX]; // of pairs: by side and level
} eb_check_case;

enum { EB_CHECK_CHANGES = 16 };
typedef struct eb_check_level { // where the level of a history changed
    int place;                  // among the accepted entries, from 0
    char utc[24];
    double change_frac; // against the level before
} eb_check_level;

typedef struct eb_check_trend {  // the candidate against the accepted entries of a history
    const char *id, *key, *unit; // id: of the case, borrowed
    int n, n_all;                // entries of the level now, and in all
    double level;                // their median
    double change_frac;          // the candidate / level - 1
    eb_check_level changes[EB_CHECK_CHANGES];
    int n_changes;
} eb_check_trend;

typedef struct eb_check {
    eb_check_options options;
    char *base, *cand; // what the sides are, in words
    char *tool_version, *started_utc, *fingerprint, *machine;
    uint64_t seed;
    bool stored;    // of result folders: no pairs
    bool simulated; // engine = null
    eb_check_case *cases;
    int n_cases;
    int pairs, void_pairs;
    int look; // last one, -1 = none yet
    double seconds;
    eb_gate_verdict verdict;
    char *because;   // one sentence, never NULL once judged
    char **troubles; // why pairs were void, each once
    int n_troubles;
    char **notes;
    int n_notes;
    eb_check_trend *trends; // of --history
    int n_trends;
    char *accepted; // why a fail counts as accepted; NULL = it does not
} eb_check;

eb_check *eb_check_new(const eb_check_options *options, const char *base, const char *cand);
void eb_check_free(eb_check *c);

typedef enum eb_check_step {
    EB_CHECK_ERROR, // err
    EB_CHECK_COUNTED,
    EB_CHECK_VOID, // spoilt: another one in its place
    EB_CHECK_ENDED // verdict stands: invalid, or a deterministic difference
} eb_check_step;
// One trial of every case of each side.
eb_check_step eb_check_pair(eb_check *c, const eb_run *base, const eb_run *cand, eb_err *err);
// Whether these two runs, of a pair that does not count, show that nothing can be gated: pairs would tell no more. The
// verdict stands then: inconclusive, or a deterministic difference.
bool eb_check_nothing(eb_check *c, const eb_run *base, const eb_run *cand);
// At a look: judges, and says whether the gate is over. Elsewhere false.
bool eb_check_look(eb_check *c);
// Two whole runs against each other, unpaired: trimmed means, Welch's degrees of freedom, one look at all of alpha.
bool eb_check_stored(eb_check *c, const eb_run *base, const eb_run *cand, eb_err *err);
// Time and joules by operator of a profiled pair; no trial of the gate.
void eb_check_profile(eb_check *c, const eb_run *base, const eb_run *cand);
// Says why, once the verdict is `fail`.
void eb_check_explain(eb_check *c);

// candidate / base - 1, of medians and of bounds in the metric's own direction (lo <= hi). NAN = not known.
double eb_check_change(const eb_check_metric *m);
double eb_check_change_lo(const eb_check_metric *m);
double eb_check_change_hi(const eb_check_metric *m);
const char *eb_gate_class_name(eb_gate_class cls);

#endif
