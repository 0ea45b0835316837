// SPDX-License-Identifier: Apache-2.0
// Why a trial has no energy, or a case no median over its trials, in words. Private to record/.
#ifndef EB_RECORD_LACK_H
#define EB_RECORD_LACK_H

#include "harness/record/journal.h"

// What happened to `channel` (-1: not known which) in the window of the trial: "was reset", "gave no reading in the
// last 0.3 s of its window", ...
void eb_lack_say(const eb_trial_data *trial, int channel, eb_status status, char *buf, size_t size);
// "no output tokens, in 2 of 7 trials": `what` was so in some, and a median of the others would be of chosen ones.
void eb_lack_of_trials(const char *what, int lacking, int n, char *buf, size_t size);

#endif
