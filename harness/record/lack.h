// SPDX-License-Identifier: Apache-2.0
// Why a trial has no energy, in words. Private to record/.
#ifndef EB_RECORD_LACK_H
#define EB_RECORD_LACK_H

#include "harness/record/journal.h"

// What happened to `channel` (-1: not known which) in the window of the trial: "was reset", "gave no reading in the
// last 0.3 s of its window", ...
void eb_lack_say(const eb_trial_data *trial, int channel, eb_status status, char *buf, size_t size);

#endif
