// SPDX-License-Identifier: Apache-2.0
// Metric groups: which events are counted for each operator of a profile, and what is made of them. They are text files
// (probes/groups/*.txt, built into the program, or a user's own):
//
//   # a comment
//   group llc = Misses of the last-level cache
//   event instructions
//   event llc-misses = cache-misses, LLC-LOAD-MISSES       the first that this machine counts
//   metric llc_mpki [1/kinstr] = 1000 * llc-misses / instructions
//
// A formula (harness/base/formula.h) has the events named so far and the variables of eb_group_variables, each of one
// operator in one phase, all threads together. Threads: one.
#ifndef EB_PROBES_GROUPS_H
#define EB_PROBES_GROUPS_H

#include "harness/base/error.h"
#include "harness/base/formula.h"

enum { EB_GROUPS_MAX = 16, EB_GROUP_EVENTS = 16, EB_GROUP_METRICS = 32, EB_GROUP_CANDIDATES = 8, EB_GROUP_KEY = 32 };

typedef struct eb_group_event {
    char name[EB_FORMULA_NAME];                            // as formulas have it
    char candidates[EB_GROUP_CANDIDATES][EB_FORMULA_NAME]; // kernel or libpfm4 names, tried in this order
    int n_candidates;
} eb_group_event;

typedef struct eb_group {
    char name[EB_GROUP_KEY], doc[128];
} eb_group;

typedef struct eb_group_metric {
    int group;
    char key[EB_GROUP_KEY], unit[16];
    char text[EB_FORMULA_TEXT]; // the formula as it was written
    eb_formula formula;
} eb_group_metric;

typedef struct eb_groups {
    eb_group groups[EB_GROUPS_MAX];
    int n_groups;
    eb_group_event events[EB_GROUP_EVENTS]; // of all groups, each once
    int n_events;
    eb_group_metric metrics[EB_GROUP_METRICS];
    int n_metrics;
} eb_groups;

// Adds the groups of a text; `file` is for messages. False with every error of it in `errs` (EB_USAGE), and `groups` as
// it was. A key or a group's name that is there already is an error, and so is an event that is told in two ways.
bool eb_groups_read(eb_groups *groups, const char *file, const char *text, size_t len, eb_err_list *errs);
bool eb_groups_read_file(eb_groups *groups, const char *path, eb_err_list *errs);

// Those that are built in; borrowed, for ever.
const eb_groups *eb_groups_builtin(void);

const eb_group_event *eb_groups_event(const eb_groups *groups, const char *name); // NULL = none

// What a formula knows besides events; ends with name NULL.
typedef struct eb_group_variable {
    const char *name, *doc;
} eb_group_variable;
extern const eb_group_variable eb_group_variables[];

// The texts of probes/groups/*.txt, made by the Makefile; ends with file NULL.
typedef struct eb_group_text {
    const char *file, *text;
} eb_group_text;
extern const eb_group_text eb_group_texts[];

#endif
