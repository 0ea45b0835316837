// SPDX-License-Identifier: Apache-2.0
// Between the files of the gate (gate_*.c).
#ifndef EB_RECORD_GATE_IMPL_H
#define EB_RECORD_GATE_IMPL_H

#include <stdarg.h>
#include "harness/record/gate_check.h"

#define EB_TROUBLE_GAP_TEXT "no "           // and the metric: how a gap stands among the troubles
#define EB_CHECK_NOT_ASKED  "not asked for" // why a metric that --metrics does not list is not gated

// Adds a copy of `text`, once.
void eb_check_say(char ***texts, int *n, const char *text);
// Adds "SIDE: WHAT" to the troubles.
void eb_check_say_trouble(eb_check *c, const char *side, const char *what);
// Sets the verdict and why; returns EB_CHECK_ENDED.
eb_check_step eb_check_invalid(eb_check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
eb_check_step eb_check_fact_failed(eb_check *c);
const eb_case_result *eb_check_result(const eb_run *run, const char *id); // NULL = there is none
bool eb_check_same(const char *a, const char *b);                         // NULL = ""
// Finds the cases of the same work on both sides, with what is gated of them; EB_USAGE where there are none.
bool eb_check_match(eb_check *c, const eb_run *base, const eb_run *cand, eb_err *err);
// Matches the cases and finds what can be gated, on the first call. True with c->verdict invalid: it is over.
bool eb_check_begin(eb_check *c, const eb_run *base, const eb_run *cand, eb_err *err);
// Whether a warning of the trial or a level of its load spoils it, unless that is ignored; says so among the troubles.
// `kept`: of the case and side, by level: the trials of `run` are some of its own; NULL = they are all.
bool eb_check_trouble(eb_check *c, const char *side, const eb_run *run, const eb_trial_info *info, eb_check_kept *kept);
// The same of the levels of its load alone.
bool eb_check_behind(eb_check *c, const char *side, const eb_run *run, const eb_trial_info *info, eb_check_kept *kept);
// Why the result has no such figure: of an energy what the run warns of, else what the metric itself says; "" = nobody
// knows. buf of 300 is enough; returns buf.
char *eb_check_lack(const eb_run *run, const eb_case_result *r, const char *key, bool energy, char *buf, size_t size);
// How a load that was not kept up with stands among the troubles, and what to do about one.
#define EB_TROUBLE_LEVEL_TEXT "the load was not kept up with: "
const char *eb_check_behind_cure(const char *text);
// What to do about a trouble, "SIDE: WARNING" as it stands among them; "" where there is nothing to say. Static.
const char *eb_trouble_cure(const char *text);
bool eb_check_facts(eb_check *c, const eb_run *base, const eb_run *cand); // false: one differs
void eb_check_medians(eb_check *c);
void eb_check_sentence(eb_check *c);         // the verdict's, of what was found
int eb_check_gated(const eb_check *c);       // metrics, of all cases
int eb_check_sign(const eb_check_metric *m); // 1: more is worse, else -1

#endif
