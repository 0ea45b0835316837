// SPDX-License-Identifier: Apache-2.0
#include "workloads/load_schedule.h"

#include <math.h>
#include "harness/base/stats.h"

// Beyond this no schedule goes: times stay well within int64.
static const double far_ns = 4e18;

typedef struct arrivals {
    eb_rng rng;
    double gap_ns, at_ns;
    int64_t i;
    bool even;
} arrivals;

static arrivals begin(double rate_per_s, bool even, uint64_t seed)
{
    arrivals a = { .gap_ns = 1e9 / rate_per_s, .even = even };
    eb_rng_init(&a.rng, seed);
    return a;
}

static int64_t next(arrivals *a)
{
    if (a->even)
        a->at_ns = (double)a->i++ * a->gap_ns;
    else
        a->at_ns -= log(1 - eb_rng_uniform(&a->rng)) * a->gap_ns;
    return (int64_t)fmin(a->at_ns, far_ns);
}

void eb_load_schedule(int64_t *at_ns, int n, double rate_per_s, bool even, uint64_t seed)
{
    arrivals a = begin(rate_per_s, even, seed);
    for (int i = 0; i < n; i++)
        at_ns[i] = next(&a);
}

int eb_load_schedule_until(int64_t *at_ns, int max, int64_t length_ns, double rate_per_s, bool even, uint64_t seed)
{
    arrivals a = begin(rate_per_s, even, seed);
    int n = 0;
    for (int64_t t; n < max && (t = next(&a)) < length_ns;)
        at_ns[n++] = t;
    return n;
}
