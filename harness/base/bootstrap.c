// SPDX-License-Identifier: Apache-2.0
// Block bootstrap of a share, carried back to a quantile.
#include "harness/base/bootstrap.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include "harness/base/mem.h"
#include "harness/base/stats.h"

// P[|T| <= t], the finite series for whole degrees of freedom (Abramowitz and Stegun 26.7.3, 26.7.4).
static double student_within(double t, int df)
{
    double angle = atan(t / sqrt(df)), s = sin(angle), c = cos(angle), term = df % 2 ? c : 1, sum = 0;
    for (int i = df % 2 ? 3 : 2; i <= df; i += 2) {
        sum += term;
        term *= c * c * (i - 1) / i;
    }
    if (df % 2 == 0)
        return s * sum;
    return 2 / 3.141592653589793238 * (angle + s * sum);
}

double eb_student_quantile(double p, int df)
{
    assert(p > 0 && p < 1 && df >= 1);
    double within = fabs(2 * p - 1), low = 0, high = 1;
    while (student_within(high, df) < within && high < 1e12)
        high *= 2;
    for (int i = 0; i < 100; i++) {
        double mid = low + (high - low) / 2;
        *(student_within(mid, df) < within ? &low : &high) = mid;
    }
    return copysign(high, p - 0.5);
}

size_t eb_bootstrap_block(size_t n, size_t moments)
{
    assert(n && moments && moments <= n);
    size_t together = (n + moments - 1) / moments, root = (size_t)cbrt((double)moments);
    while (root * root * root < moments)
        root++;
    return root * together < n ? root * together : n;
}

// A trial as prefix sums: below[i] of its first i observations, itself and then its first block again, are at or
// below the limit.
typedef struct prefix {
    uint32_t *below;
    size_t n, block;
} prefix;

static prefix prefix_of(const eb_series *s, size_t block, double limit)
{
    prefix p = { eb_realloc(NULL, s->n + block + 1, sizeof *p.below), s->n, block };
    p.below[0] = 0;
    for (size_t i = 0; i < s->n + block; i++)
        p.below[i + 1] = p.below[i] + (s->x[i < s->n ? i : i - s->n] <= limit);
    return p;
}

// Fair to one part in 2^32 / n.
static size_t draw(eb_rng *rng, size_t n)
{
    return (size_t)((eb_rng_next(rng) >> 32) * n >> 32);
}

static double rebuilt_below(eb_rng *rng, const prefix *t)
{
    uint64_t below = 0;
    for (size_t done = 0; done < t->n; done += t->block) {
        size_t start = draw(rng, t->n), length = t->n - done < t->block ? t->n - done : t->block;
        below += t->below[start + length] - t->below[start];
    }
    return (double)below;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// Shares of the replicates, ascending.
static void replicate(const prefix *trials, size_t k, uint64_t seed, double share[EB_BOOTSTRAP_REPLICATES])
{
    eb_rng rng;
    eb_rng_init(&rng, seed);
    for (int b = 0; b < EB_BOOTSTRAP_REPLICATES; b++) {
        double below = 0, n = 0;
        for (size_t i = 0; i < k; i++) {
            const prefix *t = &trials[k < EB_BOOTSTRAP_TRIALS_MIN ? i : draw(&rng, k)];
            below += rebuilt_below(&rng, t);
            n += (double)t->n;
        }
        share[b] = below / n;
    }
    qsort(share, EB_BOOTSTRAP_REPLICATES, sizeof *share, by_value);
}

static double tail(size_t k, double level)
{
    double outside = (1 - level) / 2;
    if (k < EB_BOOTSTRAP_TRIALS_MIN)
        return outside;
    double z = eb_student_quantile(1 - outside, (int)k - 1) * sqrt((double)k / (double)(k - 1));
    return erfc(z / sqrt(2)) / 2;
}

bool eb_block_bootstrap_quantile(const eb_series *trials, size_t k, const double *sorted, double p, double level,
                                 uint64_t seed, double *lo, double *hi)
{
    size_t n = 0, at, from, least_block;
    for (size_t i = 0; i < k; i++)
        n += trials[i].n;
    assert(n && n < UINT32_MAX && p > 0 && p < 1 && level > 0 && level < 1);
    double rank = ceil(p * (double)n - 1e-9), share[EB_BOOTSTRAP_REPLICATES];
    at = rank < 1 ? 0 : (size_t)rank - 1;
    for (from = at; from < n && sorted[from] <= sorted[at]; from++)
        ;
    double own = (double)from / (double)n; // share at or below the quantile: above p where values are equal
    prefix *t = eb_realloc(NULL, k, sizeof *t);
    least_block = (n + EB_BOOTSTRAP_BLOCKS_MAX - 1) / EB_BOOTSTRAP_BLOCKS_MAX;
    for (size_t i = 0; i < k; i++) {
        size_t block = eb_bootstrap_block(trials[i].n, trials[i].moments);
        block = block < least_block ? least_block : block;
        t[i] = prefix_of(&trials[i], block < trials[i].n ? block : trials[i].n, sorted[at]);
    }
    replicate(t, k, seed, share);
    for (size_t i = 0; i < k; i++)
        free(t[i].below);
    free(t);
    double outside = tail(k, level);
    int cut = (int)(outside * (EB_BOOTSTRAP_REPLICATES + 1));
    bool reached = cut > 0;
    cut = cut > 0 ? cut - 1 : 0;
    // One observation further at the upper end, as in the exact interval of order statistics.
    double first = floor((share[cut] - own + p) * (double)n + 1e-9);
    double last = ceil((share[EB_BOOTSTRAP_REPLICATES - 1 - cut] - own + p) * (double)n - 1e-9) + 1;
    reached = reached && first >= 1 && last <= (double)n;
    *lo = sorted[first < 1 ? 0 : (size_t)first - 1];
    *hi = sorted[last > (double)n ? n - 1 : (size_t)last - 1];
    return reached && k >= EB_BOOTSTRAP_TRIALS_MIN;
}
