// SPDX-License-Identifier: Apache-2.0
// Seeded random numbers: xoshiro256** whose state is spread from the seed by splitmix64.
#include "harness/base/stats.h"

#include <math.h>

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t rotate_left(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

void eb_rng_init(eb_rng *rng, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        rng->s[i] = splitmix64(&seed);
}

uint64_t eb_rng_next(eb_rng *rng)
{
    uint64_t *s = rng->s;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

double eb_rng_uniform(eb_rng *rng)
{
    return (double)(eb_rng_next(rng) >> 11) * 0x1p-53;
}

double eb_rng_normal(eb_rng *rng)
{
    double u = 1.0 - eb_rng_uniform(rng); // (0, 1]: its logarithm exists
    double v = eb_rng_uniform(rng);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586476925286766559 * v);
}

uint64_t eb_rng_below(eb_rng *rng, uint64_t n)
{
    if (n < 2)
        return 0;
    uint64_t first_fair = -n % n; // 2^64 mod n: below it some remainders would come once too often
    uint64_t x;
    do
        x = eb_rng_next(rng);
    while (x < first_fair);
    return x % n;
}
