// SPDX-License-Identifier: Apache-2.0
// Readings of energy channels that failed in a trial, with their cause. The journal keeps the status of a reading
// alone; why it failed is known only while it is measured, so it is said then.
#ifndef EB_RUN_FAULTS_H
#define EB_RUN_FAULTS_H

#include "harness/base/log.h"
#include "harness/record/journal.h"

// One warning for each energy channel some readings of which failed: how many, and what the last of them said. What was
// dropped because its clock reads lay too far apart is not a fault.
void eb_faults_warn(const eb_channel *channels, int n_channels, const eb_power_row *rows, size_t n,
                    eb_warnings *warnings);

#endif
