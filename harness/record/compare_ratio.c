// SPDX-License-Identifier: Apache-2.0
// Ratios of medians by bootstrap.
#include "harness/record/compare_ratio.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/bootstrap.h"
#include "harness/base/mem.h"
#include "harness/base/stats.h"

const char *eb_word_name(eb_word word)
{
    static const char *const names[EB_WORD_COUNT] = { "", "better", "worse", "same", "inconclusive", "reference" };
    return names[word];
}

static int known(const double *x, int n, double *out)
{
    int k = 0;
    for (int i = 0; i < n; i++)
        if (x[i] >= 0 && isfinite(x[i]))
            out[k++] = x[i];
    return k;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// The median of n draws from n ascending values: how often each was drawn is enough to find it.
static double drawn_median(eb_rng *rng, const double *x, int n, int *drawn)
{
    memset(drawn, 0, (size_t)n * sizeof *drawn);
    for (int i = 0; i < n; i++)
        drawn[(eb_rng_next(rng) >> 32) * (uint64_t)n >> 32]++;
    int at = 0, seen = drawn[0];
    while (seen <= (n - 1) / 2)
        seen += drawn[++at];
    int upper = at;
    while (seen <= n / 2)
        seen += drawn[++upper];
    return (x[at] + x[upper]) / 2;
}

// The k-th smallest (Hoare's selection); reorders x.
static double select_kth(double *x, int n, int k)
{
    int lo = 0, hi = n - 1;
    while (lo < hi) {
        double pivot = x[(lo + hi) / 2];
        int i = lo, j = hi;
        while (i <= j) {
            while (x[i] < pivot)
                i++;
            while (x[j] > pivot)
                j--;
            if (i <= j) {
                double swap = x[i];
                x[i++] = x[j];
                x[j--] = swap;
            }
        }
        if (k <= j)
            hi = j;
        else if (k >= i)
            lo = i;
        else
            break;
    }
    return x[k];
}

// Of nothing to nothing it could be anything: by turns one and the other end.
static double over(double a, double b, int draw)
{
    return b > 0 ? a / b : a > 0 || draw % 2 ? INFINITY : 0;
}

static void bootstrap(const double *a, int na, const double *b, int nb, double level, uint64_t seed, eb_ratio *out)
{
    double d[EB_BOOTSTRAP_REPLICATES];
    int *drawn = eb_realloc(NULL, (size_t)(na > nb ? na : nb), sizeof *drawn);
    eb_rng rng;
    eb_rng_init(&rng, seed);
    for (int i = 0; i < EB_BOOTSTRAP_REPLICATES; i++) {
        double of_a = drawn_median(&rng, a, na, drawn);
        d[i] = over(of_a, drawn_median(&rng, b, nb, drawn), i);
    }
    int cut = (int)((1 - level) / 2 * (EB_BOOTSTRAP_REPLICATES + 1));
    cut = cut > 0 ? cut - 1 : 0;
    out->lo = select_kth(d, EB_BOOTSTRAP_REPLICATES, cut);
    out->hi = select_kth(d, EB_BOOTSTRAP_REPLICATES, EB_BOOTSTRAP_REPLICATES - 1 - cut);
    out->interval = EB_INTERVAL_CONFIDENCE;
    free(drawn);
}

// Medians and the range of what any trial is to any other; x and y: room for the known ones, left in ascending order.
static void relate_ranges(double *x, int nx, double *y, int ny, eb_ratio *out)
{
    double reference = ny ? eb_median(y, (size_t)ny) : 0;
    *out = (eb_ratio){ .value = NAN, .lo = NAN, .hi = NAN };
    if (!nx || !(reference > 0))
        return;
    qsort(x, (size_t)nx, sizeof *x, by_value);
    qsort(y, (size_t)ny, sizeof *y, by_value);
    out->value = eb_median(x, (size_t)nx) / reference;
    out->lo = x[0] / y[ny - 1];
    out->hi = over(x[nx - 1], y[0], 1);
    out->interval = EB_INTERVAL_RANGE;
}

static bool enough(int nx, int ny)
{
    return nx >= EB_BOOTSTRAP_TRIALS_MIN && ny >= EB_BOOTSTRAP_TRIALS_MIN;
}

void eb_ratio_of_trials(const double *a, int na, const double *b, int nb, double level, uint64_t seed, eb_ratio *out)
{
    double *x = eb_realloc(NULL, (size_t)(na + nb) + 1, sizeof *x), *y = x + na;
    int nx = known(a, na, x), ny = known(b, nb, y);
    relate_ranges(x, nx, y, ny, out);
    if (!isnan(out->value) && enough(nx, ny))
        bootstrap(x, nx, y, ny, level, seed, out);
    free(x);
}

bool eb_ratio_bound(const double *a, int na, const double *b, int nb, eb_ratio *out)
{
    double *x = eb_realloc(NULL, (size_t)(na + nb) + 1, sizeof *x), *y = x + na;
    int nx = known(a, na, x), ny = known(b, nb, y);
    relate_ranges(x, nx, y, ny, out);
    if (enough(nx, ny) && out->interval == EB_INTERVAL_RANGE)
        out->interval = EB_INTERVAL_CONFIDENCE; // of at least its level
    free(x);
    return out->interval == EB_INTERVAL_CONFIDENCE;
}

void eb_ratio_widen(eb_ratio *r, double common, double bound)
{
    if (!(r->value > 0) || !(common > 0 || bound > 0))
        return;
    double down = hypot(log(r->value / r->lo), common) + bound, up = hypot(log(r->hi / r->value), common) + bound;
    r->lo = r->value * exp(-down);
    r->hi = r->value * exp(up);
}

void eb_ratio_word(eb_ratio *r, int better)
{
    const double least = 1 / (1 + EB_RATIO_MARGIN), most = 1 + EB_RATIO_MARGIN;
    bool same = r->lo >= least && r->hi <= most, more = r->lo > 1, less = r->hi < 1;
    if (isnan(r->value) || !better)
        r->word = EB_WORD_NONE;
    else if (r->interval != EB_INTERVAL_CONFIDENCE)
        r->word = EB_WORD_INCONCLUSIVE;
    else if (same)
        r->word = EB_WORD_SAME;
    else if (more || less)
        r->word = more == (better > 0) ? EB_WORD_BETTER : EB_WORD_WORSE;
    else
        r->word = EB_WORD_INCONCLUSIVE;
}
