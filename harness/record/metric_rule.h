// SPDX-License-Identifier: Apache-2.0
// How a metric of the table (metric_table.c) is made of a case's sums (metrics.c). Private to these two.
#ifndef EB_RECORD_METRIC_RULE_H
#define EB_RECORD_METRIC_RULE_H

#include "harness/record/metrics.h"

typedef enum eb_rule_kind {
    EB_RULE_TRIAL, // median over the trials of one of their figures
    EB_RULE_POOL,  // percentile of all observations of all trials
    EB_RULE_FACT,  // known once per case
} eb_rule_kind;

struct eb_metric_rule {
    eb_rule_kind kind;
    size_t field;  // TRIAL: of eb_trial_sums; FACT: of eb_case_facts
    size_t spread; // TRIAL: the relative half-width that goes with it
    eb_pool pool;
    double p;
    bool whole_number; // FACT: an int64 below 0 when not known, not a double
    bool net;          // less the idle baseline: its grade counts too
    const char
        *lacks;   // TRIAL: why a trial lacks it by its own doing: the others alone would be a choice. NULL = none does
    size_t grade; // TRIAL: of eb_trial_sums, 0 = that of the boundary's energy
    const char *absent; // why there is no value, where nothing better is known
    const char *note;   // said beside a value
    size_t why;         // TRIAL: a text of eb_trial_sums that says it better, 0 = none
};

// Words for a value that is not there which say what kind of metric it is: compared by address.
extern const char eb_metric_one_token[], eb_metric_no_domain[], eb_metric_no_battery[], eb_metric_no_reference[];

#endif
