// SPDX-License-Identifier: Apache-2.0
#include "workloads/engine/null/noise.h"

#include <math.h>

#include "harness/base/stats.h"

enum { SESSION, START, DRIFT, RUN, OUTLIER, PLAIN };
// What an AR(1) process was longer ago does not show: 0.99^1000 is 4e-5.
enum { MEMORY = 1000 };

static void stream(eb_rng *rng, uint64_t seed, uint64_t kind, uint64_t index)
{
    eb_rng_init(rng, (seed * 0x9e3779b97f4a7c15u + kind) * 0xbf58476d1ce4e5b9u + index);
}

static double normal(uint64_t seed, uint64_t kind, uint64_t index)
{
    eb_rng rng;
    stream(&rng, seed, kind, index);
    return eb_rng_normal(&rng);
}

// Stationary from the first trial on; unit variance.
static double drift(double phi, uint64_t seed, uint64_t index)
{
    uint64_t from = index > MEMORY ? index - MEMORY : 0;
    double x = normal(seed, START, from);
    for (uint64_t i = from + 1; i <= index; i++)
        x = phi * x + sqrt(1 - phi * phi) * normal(seed, DRIFT, i);
    return x;
}

double eb_null_noise_factor(const eb_null_noise *n, uint64_t seed, uint64_t index)
{
    eb_rng rng;
    stream(&rng, seed, OUTLIER, index);
    double x = n->run_frac * normal(seed, RUN, index);
    if (n->session_frac > 0)
        x += n->session_frac * normal(seed, SESSION, 0);
    if (n->drift_frac > 0)
        x += n->drift_frac * drift(n->drift_phi, seed, index);
    return exp(x) * (eb_rng_uniform(&rng) < n->outlier_prob ? 1 + n->outlier_frac : 1);
}

double eb_null_noise_plain(double frac, uint64_t seed, uint64_t stream_number, uint64_t index)
{
    return frac > 0 ? exp(frac * normal(seed, PLAIN + stream_number, index)) : 1;
}
