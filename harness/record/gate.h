// SPDX-License-Identifier: Apache-2.0
// The gate: is the candidate worse than the base? Pairs of trials, one of each side, run one right after the other in
// random order (A B B A or B A A B); each metric of a pair is x = ln(candidate / base), turned so that x > 0 is worse.
//
//   H0 of a metric        the candidate is not worse: mean x <= 0
//   looks                 after 10, 20 and 40 pairs; each spends a part of alpha = 0.005 (0.0005, 0.0015, 0.003), which
//                         holds whatever the looks have to do with each other (Bonferroni)
//   test                  t of the mean with 15 % trimmed at each end (gate_stats.h); Holm over the gated metrics at
//   the look's alpha fail                  H0 rejected and the estimate beyond the class's margin (2 % for medians)
//   pass                  an x of the class's limit (5 % for medians) or more is rejected at the look's part of beta =
//   0.01 inconclusive          neither, after the last look
//
// The first fail ends the gate, and so does a look at which every metric passes. docs/ci.md has the reasons and what
// `make bench-gate` finds. Pure functions, no state; threads: any.
#ifndef EB_RECORD_GATE_H
#define EB_RECORD_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include "harness/base/stats.h"

enum { EB_GATE_LOOKS = 3, EB_GATE_PAIRS_MAX = 40, EB_GATE_METRICS_MAX = 256 };

typedef enum eb_gate_verdict {
    EB_GATE_PASS,
    EB_GATE_FAIL,
    EB_GATE_INCONCLUSIVE, // of a gate that goes on: not decided yet
    EB_GATE_INVALID,
    EB_GATE_VERDICTS
} eb_gate_verdict;
const char *eb_gate_verdict_name(eb_gate_verdict verdict); // "pass", "fail", "inconclusive", "invalid"
int eb_gate_exit(eb_gate_verdict verdict, bool strict);    // 0, 3, 4, 5; strict: inconclusive is 3 too

typedef enum eb_gate_class {
    EB_GATE_MEDIAN, // a trial's median latency, its energy per token
    EB_GATE_TAIL,   // a trial's percentile, where it has observations enough for one
    EB_GATE_MEMORY, // peak resident set
    EB_GATE_COUNT,  // instructions, where they are counted
    EB_GATE_CLASSES
} eb_gate_class;

typedef struct eb_gate_limits {
    const char *name;
    double margin_frac; // an estimate beyond it is worth a fail
    double limit_frac;  // what a pass excludes
} eb_gate_limits;
extern const eb_gate_limits eb_gate_class_limits[EB_GATE_CLASSES];

// What a gate spends and where it looks. The default is the only one whose error rates were simulated.
typedef struct eb_gate_rule {
    int pairs[EB_GATE_LOOKS]; // ascending
    double alpha[EB_GATE_LOOKS], beta[EB_GATE_LOOKS];
    double trim;
} eb_gate_rule;
extern const eb_gate_rule eb_gate_rule_default;

// One metric's pairs. x is the caller's, n values of the pairs that count, in order.
typedef struct eb_gate_series {
    const double *x;
    int n;
    eb_gate_limits limits;
} eb_gate_series;

typedef struct eb_gate_finding {
    int n;
    double x, se; // trimmed mean of ln(candidate / base), turned so that more is worse, and its standard error
    int df;
    double lo, hi;  // bounds of x: lo > 0 is a rejection at Holm's strictest step, hi < limit a pass
    double p_worse; // of H0
    double p_limit; // of "worse by the limit or more"
    bool worse;     // H0 rejected, after Holm
    eb_gate_verdict verdict;
} eb_gate_finding;

// Whether pair i (from 0) begins with the candidate: two pairs are a block, A B B A or B A A B at random. `before`: of
// the pair before it.
bool eb_gate_swap(eb_rng *order, int pair, bool before);

// Which look `pairs` are enough for: 0..EB_GATE_LOOKS-1, or -1 when the count is not that of a look.
int eb_gate_look(const eb_gate_rule *rule, int pairs);
// Judges m metrics at `look`, by the first rule->pairs[look] values of each (fewer: not decided). out[m].
// The verdict of all: fail when one fails, pass when all pass, else inconclusive. m = 0: inconclusive.
eb_gate_verdict eb_gate_judge(const eb_gate_rule *rule, int look, const eb_gate_series *series, int m,
                              eb_gate_finding *out);
// Two samples that are no pairs: trimmed means of ln(value), variances added, Welch's degrees of freedom (rounded
// down); one look at the whole of alpha and beta. `sign` -1: less is worse. Values are positive; fewer than 4 of a
// side: not decided.
void eb_gate_unpaired(const eb_gate_rule *rule, const double *base, int n_base, const double *cand, int n_cand,
                      int sign, const eb_gate_limits *limits, int m, eb_gate_finding *out);
// Holm's steps over what eb_gate_unpaired found, and the verdicts.
eb_gate_verdict eb_gate_settle(double alpha, double beta, const eb_gate_limits *limits, int m, eb_gate_finding *out);

// All looks in turn, as far as the pairs go, until one decides. *look gets the last one (-1: none was reached).
eb_gate_verdict eb_gate_decide(const eb_gate_rule *rule, const eb_gate_series *series, int m, eb_gate_finding *out,
                               int *look);

#endif
