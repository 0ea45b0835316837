// SPDX-License-Identifier: Apache-2.0
// Raw samples of one channel -> a trace: counters unwrapped, edges stamped, breaks kept as holes.
//
// A counter read at time t shows its last update, which happened at most one native period before, and after the
// previous read if the value moved in between. So the value is stamped in the middle of that bracket. Reads faster
// than the updates give narrow brackets, slower ones brackets of one period.
#include "harness/record/trace.h"

#include <math.h>
#include <stdlib.h>
#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/record/dead.h"
#include "harness/record/edge_times.h"

enum { NS_PER_S = 1000000000, STILL_PERIODS = 20 };

static const double late_ns = 250e6;   // an update may come late by this on a loaded or virtual machine
static const double blind_polls = 2.5; // a gauge is not drawn through this many polls without a reading either

static uint64_t modulus_of(const eb_channel *c)
{
    if (c->modulus)
        return c->modulus;
    return c->max_range && c->max_range < UINT64_MAX ? c->max_range + 1 : 0;
}

eb_status eb_counter_diff_after(const eb_channel *c, uint64_t a, uint64_t b, int64_t dt_ns, double still_ns,
                                uint64_t *diff)
{
    uint64_t modulus = modulus_of(c);
    double unit = c->unit > 0 ? c->unit : 1;
    // Raw steps per ns at the most that the hardware can draw.
    bool bounded = c->quantity == EB_QUANTITY_ENERGY_UJ && c->power_max_w > 0 && c->scale > 0;
    double most_per_ns = bounded ? c->power_max_w * 1e6 / c->scale / NS_PER_S : 0;
    *diff = 0;
    if (modulus && (a >= modulus || b >= modulus))
        return EB_SAMPLE_RESET;
    // What moved between the reads was drawn between them, and for up to a period before.
    if (modulus && bounded && ((double)dt_ns + (double)c->period_ns) * most_per_ns > (double)modulus / 2)
        return EB_SAMPLE_AMBIGUOUS;
    if (c->gap_max_ns > 0 && dt_ns > c->gap_max_ns)
        return EB_SAMPLE_AMBIGUOUS;
    if (b < a && !modulus)
        return EB_SAMPLE_RESET;
    uint64_t d = b >= a ? b - a : modulus - a + b;
    // However close the two reads are, an update between them may bring what was drawn since the last one.
    double most_ns = fmax(2 * (double)c->period_ns, late_ns);
    double slack_ns = fmin(2 * (double)c->period_ns + still_ns, most_ns);
    if (bounded && (double)d > ((double)dt_ns + slack_ns) * most_per_ns + 2 * unit)
        return EB_SAMPLE_RESET;
    *diff = d;
    return EB_SAMPLE_OK;
}

eb_status eb_counter_diff(const eb_channel *c, uint64_t a, uint64_t b, int64_t dt_ns, uint64_t *diff)
{
    return eb_counter_diff_after(c, a, b, dt_ns, INFINITY, diff);
}

static void add_hole(eb_trace *t, double from_ns, double to_ns, eb_status status)
{
    EB_GROW(t->holes, t->n_holes, t->cap_holes);
    t->holes[t->n_holes++] = (eb_trace_hole){ from_ns, to_ns, status };
}

// A counter that broke and has not moved since has told nothing since: its equal readings are no 0 J.
static void lengthen_hole(eb_trace *t, double to_ns, double value, double *value_before)
{
    if (t->n_holes && t->channel.quantity == EB_QUANTITY_ENERGY_UJ && t->channel.cumulative && value == *value_before)
        t->holes[t->n_holes - 1].to_ns = to_ns;
    *value_before = value;
}

static double middle_ns(const eb_trace *t, const eb_sample *s)
{
    return ((double)(s->t_before_ns - t->origin_ns) + (double)(s->t_after_ns - t->origin_ns)) / 2;
}

// Every sample that was read, as a point: the value at the middle of its clock reads, counters unwrapped. Breaks in a
// counter become holes, after which it goes on from where it was.
static void take_samples(eb_trace *t, const eb_sample *samples, size_t n)
{
    const eb_sample *last = NULL;
    double value = 0, broken_value = NAN, from_ns = 0; // broken_value: what it was behind the last hole
    double moved_ns = -INFINITY;                       // when it was last seen to move
    eb_status broken = EB_SAMPLE_OK;
    bool failed = false;
    for (size_t i = 0; i < n; i++) {
        const eb_sample *s = &samples[i];
        if (s->status == EB_SAMPLE_MISSING) {
            failed = true;
            t->failed_ns = middle_ns(t, s);
            continue;
        }
        if (s->status != EB_SAMPLE_OK && !broken)
            broken = s->status;
        if (s->status == EB_SAMPLE_GONE)
            continue;
        double at = middle_ns(t, s);
        if (last && t->channel.cumulative) {
            uint64_t diff = 0;
            eb_status status = eb_counter_diff_after(&t->channel, last->raw, s->raw, s->t_before_ns - last->t_after_ns,
                                                     from_ns - moved_ns, &diff);
            if (!broken)
                broken = status;
            value += broken ? 0 : (double)diff * t->channel.scale;
        }
        if (broken && last) {
            lengthen_hole(t, from_ns, value, &broken_value);
            add_hole(t, from_ns, at, broken);
        }
        if (!t->channel.cumulative)
            value = (double)s->raw * t->channel.scale;
        t->points[t->n++] =
            (eb_trace_point){ at, value, (double)(s->t_after_ns - s->t_before_ns), broken || !last, failed };
        moved_ns = broken ? -INFINITY : last && last->raw != s->raw ? at : moved_ns;
        broken = EB_SAMPLE_OK;
        failed = false;
        last = s;
        from_ns = at;
    }
    if (last)
        lengthen_hole(t, broken ? from_ns : INFINITY, value, &broken_value);
    if (broken && last)
        add_hole(t, from_ns, INFINITY, broken);
}

static int compare_holes(const void *a, const void *b)
{
    const eb_trace_hole *x = a, *y = b;
    return x->from_ns < y->from_ns ? -1 : x->from_ns > y->from_ns;
}

// A counter has what was drawn while it did not read; a gauge does not, and nobody knows it.
static void find_blind_stretches(eb_trace *t)
{
    double limit_ns = fmax(EB_TRACE_BLIND_NS, blind_polls * t->poll_ns);
    size_t before = t->n_holes;
    for (size_t i = 1; i < t->n; i++)
        if (t->points[i].late && t->points[i].t_ns - t->points[i - 1].t_ns > limit_ns)
            add_hole(t, t->points[i - 1].t_ns, t->points[i].t_ns, EB_SAMPLE_MISSING);
    if (t->n && t->points[0].late && t->first_ns > limit_ns)
        add_hole(t, -INFINITY, t->points[0].t_ns, EB_SAMPLE_MISSING);
    if (t->n && t->failed_ns - t->last_ns > limit_ns)
        add_hole(t, t->last_ns, INFINITY, EB_SAMPLE_MISSING);
    if (t->n_holes > before)
        qsort(t->holes, t->n_holes, sizeof *t->holes, compare_holes);
}

// While the machine is on, what it draws moves its counters: one that was read well and stood still for longer than it
// can has told nothing, unless its next movement brings what was drawn meanwhile. Cores and graphics may be off.
static void find_stalls(eb_trace *t)
{
    bool may_rest = t->channel.domain == EB_DOMAIN_CORE || t->channel.domain == EB_DOMAIN_UNCORE;
    double limit_ns = fmax(eb_dead_after_ns(&t->channel), STILL_PERIODS * t->period_ns);
    size_t before = t->n_holes, since = 0;
    double rate = t->n > 1 && t->last_ns > t->first_ns ? t->points[t->n - 1].value / (t->last_ns - t->first_ns) : 0;
    for (size_t i = 1; i <= t->n && !may_rest; i++) {
        bool end = i == t->n, moved = !end && t->points[i].value != t->points[since].value;
        if (!end && !moved && !t->points[i].fresh)
            continue;
        double still_ns = t->points[i - 1].t_ns - t->points[since].t_ns;
        double brought = moved ? t->points[i].value - t->points[since].value : 0;
        // At the mean rate of all the time, a quarter of what was due is a late update.
        if (still_ns > limit_ns && rate > 0 && brought < rate * still_ns / 4)
            add_hole(t, t->points[since].t_ns, end ? INFINITY : t->points[i].t_ns, EB_SAMPLE_STALLED);
        since = i;
    }
    if (t->n_holes > before)
        qsort(t->holes, t->n_holes, sizeof *t->holes, compare_holes);
}

static double median_step(const eb_trace_point *points, size_t n)
{
    if (n < 2)
        return 0;
    double *steps = eb_realloc(NULL, n - 1, sizeof *steps);
    for (size_t i = 1; i < n; i++)
        steps[i - 1] = points[i].t_ns - points[i - 1].t_ns;
    double median = eb_median(steps, n - 1);
    free(steps);
    return median;
}

// The period as the source or the calibration says it, or, where they do not and the reads are fast enough to see it,
// as found.
static double find_period(const eb_trace *t)
{
    if (t->channel.period_ns > 0)
        return (double)t->channel.period_ns;
    size_t moved = 0;
    for (size_t i = 1; i < t->n; i++)
        moved += t->points[i].value != t->points[i - 1].value;
    // A gauge that hardly moved may be one that is slow: all that is known is that it can be as slow as this.
    if (t->channel.quantity == EB_QUANTITY_POWER_UW && moved < 2 && t->n > 2)
        return (t->points[t->n - 1].t_ns - t->points[0].t_ns) / (double)(moved + 1);
    if (moved < 2 || 2 * moved >= t->n)
        return 0;
    return (t->points[t->n - 1].t_ns - t->points[0].t_ns) / (double)moved;
}

// A counter of coarse units at little power moves when a unit is full, however often it is updated (1 J at 3 W: each
// third of a second). 0 = its units are finer than its updates.
static double unit_period(const eb_trace *t)
{
    double moved = t->n ? t->points[t->n - 1].value - t->points[0].value : 0, unit = t->channel.unit * t->channel.scale;
    double full_ns = moved > 0 ? (t->last_ns - t->first_ns) * unit / moved : 0;
    return t->period_ns > 0 && full_ns > 2 * t->period_ns ? full_ns : 0;
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

// Where nobody says what the counter's unit is, its steps do: what all of them are multiples of.
static void find_unit(eb_trace *t)
{
    uint64_t unit = 0;
    for (size_t i = 1; i < t->n && t->channel.unit <= 0; i++)
        unit =
            common_divisor(unit, (uint64_t)llround((t->points[i].value - t->points[i - 1].value) / t->channel.scale));
    if (unit > 0)
        t->channel.unit = (double)unit;
}

// Keeps the first sample, those at which the value moved, and those after a hole; moves each back to where the update
// must have happened.
static void keep_edges(eb_trace *t)
{
    size_t kept = 0;
    double before_ns = -INFINITY, value = NAN, longest_ns = fmax(t->period_ns, t->fill_ns);
    for (size_t i = 0; i < t->n; i++) {
        eb_trace_point p = t->points[i];
        if (p.fresh || p.value != value) {
            double bracket = fmin(p.fresh ? INFINITY : p.t_ns - before_ns, longest_ns);
            double at = fmax(p.t_ns - bracket / 2, kept ? t->points[kept - 1].t_ns + 1 : -INFINITY);
            t->updates[kept] = (kept ? t->updates[kept - 1] : 0) + !p.fresh;
            t->points[kept++] = (eb_trace_point){ at, p.value, hypot(bracket, p.width_ns), p.fresh, false };
        }
        before_ns = p.t_ns;
        value = p.value;
    }
    t->n = kept;
}

// Puts the edges where their rhythm says that they were.
static void refine_edges(eb_trace *t)
{
    eb_bracket *b = eb_realloc(NULL, t->n + 1, sizeof *b);
    for (size_t i = 0; i < t->n; i++) {
        const eb_trace_point *p = &t->points[i];
        b[i] = (eb_bracket){ p->t_ns - p->width_ns / 2, p->t_ns + p->width_ns / 2, p->fresh, 0, 0 };
    }
    if (t->period_ns > 0 && !isinf(eb_edge_times(b, t->n, t->period_ns)))
        for (size_t i = 0; i < t->n; i++) {
            eb_trace_point *p = &t->points[i];
            p->t_ns = fmax(b[i].mean_ns, i ? t->points[i - 1].t_ns + 1 : -INFINITY);
            // The uniform bracket that is as wide; a tenth more because the rhythm itself is an estimate.
            p->width_ns = 1.1 * sqrt(12) * b[i].sd_ns;
        }
    free(b);
}

static void make_edges(eb_trace *t)
{
    find_unit(t);
    t->fill_ns = unit_period(t);
    if (t->fill_ns > 0)
        t->coarse_uj = t->channel.unit * t->channel.scale;
    find_stalls(t);
    keep_edges(t);
    if (t->fill_ns == 0)
        refine_edges(t); // units fill as power goes: in no rhythm
}

eb_trace *eb_trace_new(const eb_channel *channel, const eb_sample *samples, size_t n)
{
    eb_trace *t = eb_alloc(sizeof *t);
    t->channel = *channel;
    t->points = eb_alloc((n + 1) * sizeof *t->points);
    t->updates = eb_alloc((n + 1) * sizeof *t->updates);
    t->origin_ns = n ? samples[0].t_before_ns : 0;
    take_samples(t, samples, n);
    if (t->n) {
        t->first_ns = t->points[0].t_ns;
        t->last_ns = t->points[t->n - 1].t_ns;
    }
    t->poll_ns = median_step(t->points, t->n);
    if (!channel->cumulative)
        find_blind_stretches(t);
    t->period_ns = find_period(t);
    if (channel->cumulative && channel->quantity == EB_QUANTITY_ENERGY_UJ)
        make_edges(t);
    else
        for (size_t i = 0; i < t->n; i++)
            t->updates[i] = i ? t->updates[i - 1] + (t->points[i].value != t->points[i - 1].value) : 0;
    t->edge_ns = median_step(t->points, t->n);
    return t;
}

void eb_trace_free(eb_trace *t)
{
    if (!t)
        return;
    free(t->points);
    free(t->updates);
    free(t->holes);
    free(t);
}
