// SPDX-License-Identifier: Apache-2.0
// What the samples of a channel say about it. Pure functions.
#include <math.h>
#include <stdlib.h>
#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/record/dead.h"
#include "harness/run/calibrate.h"

enum { INTERVALS_MIN = 2, JITTER_MIN = 8, UNITS_MIN = 5, MIRROR_UPDATES = 5 };

// Two updates that follow each other.
typedef struct interval {
    double ns, gap_ns;     // between them; the longest time between two polls in it
    double before, behind; // the times between the polls that each was seen in
    double raw;            // what the second one added
} interval;

static double middle(const eb_sample *s)
{
    return (double)s->t_before_ns + (double)(s->t_after_ns - s->t_before_ns) / 2;
}

static double increment(const eb_channel *c, uint64_t from, uint64_t to)
{
    if (!c->cumulative || to >= from || !c->modulus || from >= c->modulus)
        return fabs((double)to - (double)from);
    return (double)(c->modulus - from + to);
}

// Fills out (of at least n) and returns how many; counts the updates, and the time watched.
static size_t find_intervals(const eb_channel *c, const eb_sample *samples, size_t n, interval *out,
                             eb_calibration *cal)
{
    const eb_sample *last = NULL, *first = NULL;
    double edge = NAN, edge_gap = 0, gap = 0;
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        const eb_sample *s = &samples[i];
        if (s->status != EB_SAMPLE_OK)
            continue;
        if (!first)
            first = s;
        double step = last ? middle(s) - middle(last) : 0;
        gap = fmax(gap, step);
        if (last && s->raw != last->raw) {
            double at = middle(s) - step / 2;
            if (!isnan(edge))
                out[found++] = (interval){ at - edge, gap, edge_gap, step, increment(c, last->raw, s->raw) };
            edge = at;
            edge_gap = gap = step;
            cal->updates++;
        }
        last = s;
    }
    if (last)
        cal->watched_ns = (int64_t)(middle(last) - middle(first));
    return found;
}

static double quantile(const interval *x, size_t n, size_t offset, double p)
{
    double *v = eb_realloc(NULL, n, sizeof *v);
    for (size_t i = 0; i < n; i++)
        v[i] = *(const double *)(const void *)((const char *)&x[i] + offset);
    double q = eb_quantile(v, n, p);
    free(v);
    return q;
}

// Keeps the intervals that satisfy least <= ns <= most and gap <= widest.
static size_t keep(interval *x, size_t n, double least, double most, double widest)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (x[i].ns >= least && x[i].ns <= most && x[i].gap_ns <= widest)
            x[kept++] = x[i];
    return kept;
}

// Those whose two updates were each seen between polls that followed closely: a late poll blurs more than it tells.
static size_t keep_sharp(interval *x, size_t n, double widest)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (x[i].before <= widest && x[i].behind <= widest)
            x[kept++] = x[i];
    return kept;
}

static double mean_of(const interval *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i].ns;
    return sum / (double)n;
}

// The edge of an update lies anywhere between two polls, which adds a twelfth of their distance squared at either end.
static double deviation(const interval *x, size_t n, double mean)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (x[i].ns - mean) * (x[i].ns - mean) * (double)n / (double)(n - 1) -
               (x[i].before * x[i].before + x[i].behind * x[i].behind) / 12;
    return sqrt(fmax(sum / (double)n, 0));
}

// A counter moves at each update unless its unit is not full: then it tells the power, not the period. A gauge may
// repeat itself, and its shorter intervals are the period.
static void find_period(const eb_channel *c, interval *x, size_t n, eb_calibration *cal)
{
    if (n < INTERVALS_MIN)
        return;
    double unit = c->unit > 0 ? c->unit : 1;
    if (c->cumulative && quantile(x, n, offsetof(interval, raw), 0.5) < UNITS_MIN * unit)
        return;
    // A time without polls as long as the period may hide an update.
    size_t seen = n;
    n = keep(x, n, 0, INFINITY, 0.9 * mean_of(x, n));
    if (n < INTERVALS_MIN)
        return;
    double usual = quantile(x, n, offsetof(interval, ns), c->cumulative ? 0.5 : 0.2);
    double poll = quantile(x, n, offsetof(interval, behind), 0.5);
    n = keep(x, n, 0.5 * usual - poll, 1.5 * usual + poll, INFINITY);
    if (n < INTERVALS_MIN || 4 * n < seen)
        return;
    cal->period_ns = (int64_t)(mean_of(x, n) + 0.5);
    n = keep_sharp(x, n, 2 * poll);
    cal->jitter_ns = n >= JITTER_MIN ? (int64_t)(deviation(x, n, mean_of(x, n)) + 0.5) : 0;
}

static int64_t median_width(const eb_sample *samples, size_t n)
{
    double *v = eb_realloc(NULL, n + 1, sizeof *v);
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        if (samples[i].status == EB_SAMPLE_OK)
            v[k++] = (double)(samples[i].t_after_ns - samples[i].t_before_ns);
    double width = k ? eb_median(v, k) : 0;
    free(v);
    return (int64_t)(width + 0.5);
}

void eb_calibrate_channel(const eb_channel *channel, const eb_sample *samples, size_t n, eb_calibration *out)
{
    interval *intervals = eb_realloc(NULL, n + 1, sizeof *intervals);
    *out = (eb_calibration){ 0 };
    size_t found = find_intervals(channel, samples, n, intervals, out);
    find_period(channel, intervals, found, out);
    free(intervals);
    out->read_ns = median_width(samples, n);
    // What is judged by its own period, as found, is judged by the right one.
    eb_channel known = *channel;
    known.period_ns = out->period_ns > 0 ? out->period_ns : channel->period_ns;
    if (out->updates > 0)
        out->live = EB_LIVE_MOVES;
    else if (out->watched_ns > 0 && (double)out->watched_ns >= eb_dead_after_ns(&known))
        out->live = EB_LIVE_DEAD;
}

// Growth since the first good pair, unwrapped.
typedef struct growth {
    double total, largest;
    uint64_t last;
    size_t updates;
} growth;

static void grow(const eb_channel *c, growth *g, uint64_t raw)
{
    double more = increment(c, g->last, raw);
    g->total += more;
    g->largest = fmax(g->largest, more);
    g->updates += raw != g->last;
    g->last = raw;
}

bool eb_calibrate_same(const eb_channel *c, const eb_sample *a, const eb_sample *b, size_t n)
{
    double unit = c->unit > 0 ? c->unit : 1, began = NAN, ended = NAN, apart = 0, rate = 0;
    growth ga = { 0 }, gb = { 0 };
    size_t equal = 0, pairs = 0;
    for (size_t i = 0; i < n; i++) {
        if (a[i].status != EB_SAMPLE_OK || b[i].status != EB_SAMPLE_OK)
            continue;
        ended = middle(&b[i]);
        if (isnan(began)) {
            began = ended;
            ga.last = a[i].raw;
            gb.last = b[i].raw;
            continue;
        }
        grow(c, &ga, a[i].raw);
        grow(c, &gb, b[i].raw);
        rate = ended > began ? ga.total / (ended - began) : 0;
        // b was read a little later, and may have grown by that much
        apart = fabs(gb.total - ga.total);
        equal += apart <= 1.01 * unit + rate * (double)(b[i].t_after_ns - a[i].t_before_ns);
        pairs++;
        if (apart > fmax(ga.largest, gb.largest) + 2 * unit)
            return false;
    }
    return ended - began >= EB_CALIBRATE_MIRROR_NS - 200e6 && ga.updates >= MIRROR_UPDATES &&
           gb.updates >= MIRROR_UPDATES && 2 * equal >= pairs;
}
