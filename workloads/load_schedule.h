// SPDX-License-Identifier: Apache-2.0
// When requests arrive that do not wait for each other.
#ifndef EB_WORKLOADS_LOAD_SCHEDULE_H
#define EB_WORKLOADS_LOAD_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

// at_ns[0..n-1]: arrivals after the start, ascending, at `rate_per_s` > 0. Poisson: gaps are independent and
// exponential with mean 1 / rate, the first one counted from the start; the same seed gives the same schedule. Even:
// request i at i / rate.
void eb_load_schedule(int64_t *at_ns, int n, double rate_per_s, bool even, uint64_t seed);

// The same for all arrivals before `length_ns`, at most `max` of them; returns their number.
int eb_load_schedule_until(int64_t *at_ns, int max, int64_t length_ns, double rate_per_s, bool even, uint64_t seed);

#endif
