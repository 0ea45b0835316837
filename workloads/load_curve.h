// SPDX-License-Identifier: Apache-2.0
// The graduated curve: ten levels from 100 % to 10 % of a maximum, then active idle.
#ifndef EB_WORKLOADS_LOAD_CURVE_H
#define EB_WORKLOADS_LOAD_CURVE_H

#include "workloads/load_drive.h"

enum { EB_CURVE_LEVELS = 10 };

// The maximum that is graduated, in requests per second: the rate saturated_per_s that the engine reached with all
// sequences busy for as long as a level is; for random arrivals less 1.96 standard deviations of their number in a
// level, because a schedule that offers more than that rate leaves a queue which no level would see the end of.
double eb_curve_maximum(double saturated_per_s, int64_t level_ns, bool even);

// One curve as a trial: calibrates unless a rate is given, opens the window, runs the levels.
bool eb_curve_run(eb_drive *d, uint64_t seed, eb_err *err);

#endif
