// SPDX-License-Identifier: Apache-2.0
// A percentile, refused where the sample is too small for it, and its interval: a confidence interval where the
// simulations in tests/unit/test_bootstrap.c support one, else the range of the trials.
#include "harness/record/percentile.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/stats.h"

// Trials whose own percentiles differ by more than this factor do not repeat the same thing: beyond it the bootstrap
// keeps its promise for medians only.
static const double most_spread = 2;

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void eb_percentiles_init(eb_percentiles *p, const eb_trial_sums *trials, int n_trials, eb_pool pool)
{
    size_t room = (size_t)n_trials + 1, n = 0;
    *p = (eb_percentiles){ .trials = eb_realloc(NULL, room, sizeof *p->trials),
                           .sorted_trials = eb_realloc(NULL, room, sizeof *p->sorted_trials) };
    for (int i = 0; i < n_trials; i++)
        n += trials[i].pool[pool].n;
    p->sorted = eb_realloc(NULL, n + 1, sizeof *p->sorted);
    for (int i = 0; i < n_trials; i++) {
        const eb_doubles *d = &trials[i].pool[pool];
        if (!d->n)
            continue;
        double *own = eb_realloc(NULL, d->n, sizeof *own);
        memcpy(own, d->items, d->n * sizeof *own);
        qsort(own, d->n, sizeof *own, by_value);
        memcpy(p->sorted + p->n, own, d->n * sizeof *own);
        p->n += d->n;
        p->sorted_trials[p->k] = own;
        p->trials[p->k++] = (eb_series){ d->items, d->n, d->moments };
    }
    qsort(p->sorted, p->n, sizeof *p->sorted, by_value);
}

void eb_percentiles_deinit(eb_percentiles *p)
{
    for (size_t i = 0; i < p->k; i++)
        free(p->sorted_trials[i]);
    free(p->sorted_trials);
    free(p->trials);
    free(p->sorted);
}

// Each trial has told one thing only: its median. Over these the exact interval of a median holds.
static bool one_moment_each(const eb_percentiles *p)
{
    for (size_t i = 0; i < p->k; i++)
        if (p->trials[i].moments > 1 || p->trials[i].n != p->trials[0].n)
            return false;
    return true;
}

static void interval_of(const eb_percentiles *p, double quantile, double level, uint64_t seed, eb_metric *m)
{
    double *own = eb_realloc(NULL, p->k, sizeof *own), low = INFINITY, high = -INFINITY;
    bool kept;
    for (size_t i = 0; i < p->k; i++) {
        own[i] = eb_quantile_sorted(p->sorted_trials[i], p->trials[i].n, quantile);
        low = fmin(low, own[i]);
        high = fmax(high, own[i]);
    }
    if (quantile == 0.5 && one_moment_each(p))
        kept = eb_median_interval(own, p->k, level, &m->lo, &m->hi);
    else
        kept = eb_block_bootstrap_quantile(p->trials, p->k, p->sorted, quantile, level, seed, &m->lo, &m->hi) &&
               (quantile == 0.5 || high <= most_spread * low);
    free(own);
    m->interval = kept ? EB_INTERVAL_CONFIDENCE : EB_INTERVAL_RANGE;
    m->lo = fmin(kept ? m->lo : fmin(m->lo, low), m->value);
    m->hi = fmax(kept ? m->hi : fmax(m->hi, high), m->value);
}

void eb_percentiles_metric(const eb_percentiles *p, double quantile, double level, uint64_t seed, eb_metric *m)
{
    // A median is a median and exempt.
    int64_t least = quantile > 0.5 ? eb_percentile_min_n(quantile, 0) : 1;
    m->n = (int)p->n;
    if (!p->n)
        return;
    if ((int64_t)p->n < least) {
        snprintf(m->note, sizeof m->note, "n too small for p%g (%zu of %lld)", quantile * 100, p->n, (long long)least);
        return;
    }
    size_t half = p->n / 2;
    m->value = eb_quantile_sorted(p->sorted, p->n, quantile);
    if (quantile == 0.5 && p->n % 2 == 0)
        m->value = p->sorted[half - 1] + (p->sorted[half] - p->sorted[half - 1]) / 2;
    interval_of(p, quantile, level, seed, m);
}
