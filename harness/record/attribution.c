// SPDX-License-Identifier: Apache-2.0
// Cumulative energy over time from raw samples: unwrapped, stamped at its edges, interpolated.
//
// A counter read at time t shows its last update, which happened at most one native period before, and after the
// previous read if the value moved in between. So the value is stamped in the middle of that bracket. Reads faster
// than the updates give narrow brackets, slower ones brackets of one period.
#include "harness/record/attribution.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/record/dead.h"
#include "harness/record/edge_times.h"

enum { NS_PER_S = 1000000000, STILL_PERIODS = 20 };

static const double late_ns = 250e6;         // an update may come late by this on a loaded or virtual machine
static const double blind_ns = 250e6;        // a gauge that did not read for this long is not drawn through
static const double blind_polls = 2.5;       // nor for this many polls, where these are longer
static const double z95 = 1.959963984540054; // half-width of 95 % in standard deviations

typedef struct point {
    double t_ns;     // the value is known to hold at t (relative to the trace's first sample)
    double value;    // cumulative: since the first sample; gauge: the reading
    double width_ns; // bracket of the edge and of the clock reads, in quadrature
    bool fresh;      // the first one, or the first after a hole: nothing is known of the time before
    bool late;       // readings before it failed
} point;

// A stretch in which the counter cannot be followed.
typedef struct hole {
    double from_ns, to_ns;
    eb_status status;
} hole;

struct eb_trace {
    eb_channel channel;
    int64_t origin_ns;
    double first_ns, last_ns;  // of the samples that could be read, relative to the origin
    double failed_ns;          // the last one that could not
    double poll_ns, period_ns; // median distance of the samples; native period, found where not known
    double edge_ns;            // median distance of the points
    point *points;             // edges of an energy counter; every sample of anything else
    size_t n;
    size_t *updates; // points[0..i] that are movements
    hole *holes;
    size_t n_holes, cap_holes;
};

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
    if (modulus && bounded && (double)dt_ns * most_per_ns > (double)modulus / 2)
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
    t->holes[t->n_holes++] = (hole){ from_ns, to_ns, status };
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
        t->points[t->n++] = (point){ at, value, (double)(s->t_after_ns - s->t_before_ns), broken || !last, failed };
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
    const hole *x = a, *y = b;
    return x->from_ns < y->from_ns ? -1 : x->from_ns > y->from_ns;
}

// A counter has what was drawn while it did not read; a gauge does not, and nobody knows it.
static void find_blind_stretches(eb_trace *t)
{
    double limit_ns = fmax(blind_ns, blind_polls * t->poll_ns);
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

static double median_step(const point *points, size_t n)
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
    double before_ns = -INFINITY, value = NAN;
    for (size_t i = 0; i < t->n; i++) {
        point p = t->points[i];
        if (p.fresh || p.value != value) {
            double bracket = fmin(p.fresh ? INFINITY : p.t_ns - before_ns, t->period_ns);
            double at = fmax(p.t_ns - bracket / 2, kept ? t->points[kept - 1].t_ns + 1 : -INFINITY);
            t->updates[kept] = (kept ? t->updates[kept - 1] : 0) + !p.fresh;
            t->points[kept++] = (point){ at, p.value, hypot(bracket, p.width_ns), p.fresh, false };
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
        const point *p = &t->points[i];
        b[i] = (eb_bracket){ p->t_ns - p->width_ns / 2, p->t_ns + p->width_ns / 2, p->fresh, 0, 0 };
    }
    if (t->period_ns > 0 && !isinf(eb_edge_times(b, t->n, t->period_ns)))
        for (size_t i = 0; i < t->n; i++) {
            point *p = &t->points[i];
            p->t_ns = fmax(b[i].mean_ns, i ? t->points[i - 1].t_ns + 1 : -INFINITY);
            // The uniform bracket that is as wide; a tenth more because the rhythm itself is an estimate.
            p->width_ns = 1.1 * sqrt(12) * b[i].sd_ns;
        }
    free(b);
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
        find_unit(t), find_stalls(t), keep_edges(t), refine_edges(t);
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

// Exact for every time that a clock gives; the ends of the type stand for ever.
static double since(const eb_trace *t, int64_t at_ns)
{
    int64_t difference;
    if (__builtin_sub_overflow(at_ns, t->origin_ns, &difference))
        return at_ns < 0 ? -INFINITY : INFINITY;
    return (double)difference;
}

// Number of points at or before `at`.
static size_t points_until(const eb_trace *t, double at)
{
    size_t low = 0, high = t->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (t->points[mid].t_ns <= at)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

// How far outside of the samples that could be read: nothing is known there, not even that the counter stood still.
static double unseen_ns(const eb_trace *t, double at)
{
    return fmax(fmax(at - t->last_ns, t->first_ns - at), 0);
}

// Beyond the last edge the counter has not shown yet what is drawn: it goes on at the mean rate of the last stretch,
// long enough that the place of one edge does not matter, for at most the time between two edges while it is seen to
// stand still.
static double beyond(const eb_trace *t, const point *edge, const point *base, double at)
{
    double span = edge->t_ns - base->t_ns, reach = fmax(t->edge_ns, t->period_ns) + unseen_ns(t, at);
    double rate = span != 0 ? (edge->value - base->value) / span : 0;
    double away = at - edge->t_ns;
    return edge->value + rate * copysign(fmin(fabs(away), reach), away);
}

static const point *base_before(const eb_trace *t, size_t i)
{
    double wanted = 10 * fmax(t->edge_ns, t->period_ns);
    size_t k = i;
    while (k > 0 && t->points[i].t_ns - t->points[k].t_ns < wanted && !t->points[k].fresh)
        k--;
    return &t->points[k];
}

static const point *base_after(const eb_trace *t, size_t i)
{
    double wanted = 10 * fmax(t->edge_ns, t->period_ns);
    size_t k = i;
    while (k + 1 < t->n && t->points[k].t_ns - t->points[i].t_ns < wanted && !t->points[k + 1].fresh)
        k++;
    return &t->points[k];
}

static double slope(const point *a, const point *b)
{
    return (b->value - a->value) / (b->t_ns - a->t_ns);
}

// What the neighbours of the stretch before point i tell of its inside. If the power changed from the one's to the
// other's at the place that is asked for, the straight line is off there by step x length x f (1 - f), which is taken
// back where the step is more than three times what the edges' brackets can make of a steady power. Since the
// correction depends on the place alone and never lets the energy fall, windows that touch still add up.
typedef struct bend {
    double full_uj, taken_uj; // how far off at most; how much of that is put right
} bend;

static bend bend_of(const eb_trace *t, size_t i, double at)
{
    const point *a = &t->points[i - 1], *b = &t->points[i];
    double length = b->t_ns - a->t_ns, f = (at - a->t_ns) / length, own = slope(a, b), noise = 0;
    double before = own, after = own;
    if (i >= 2 && !a->fresh) {
        before = slope(a - 1, a);
        noise = hypot(noise, hypot((a - 1)->width_ns, a->width_ns) / (a->t_ns - (a - 1)->t_ns));
    }
    if (i + 1 < t->n && !(b + 1)->fresh) {
        after = slope(b, b + 1);
        noise = hypot(noise, hypot(b->width_ns, (b + 1)->width_ns) / ((b + 1)->t_ns - b->t_ns));
    }
    double step = before - after, sure = 9 * own * own * noise * noise / 12, taken = 0;
    if (step * step > sure)
        taken = copysign(fmin(fabs(step) * (1 - sure / (step * step)), own), step);
    return (bend){ fabs(step) * length * f * (1 - f), taken * length * f * (1 - f) };
}

// Cumulative energy at a time, how wide the bracket of its nearest edge is, and how far the interpolation may be off.
typedef struct reading {
    double uj, width_ns, bend_uj;
} reading;

static reading energy_at(const eb_trace *t, double at)
{
    size_t i = points_until(t, at);
    if (i == 0)
        return (reading){ beyond(t, &t->points[0], base_after(t, 0), at),
                          hypot(t->points[0].width_ns, unseen_ns(t, at)), 0 };
    const point *a = &t->points[i - 1];
    if (i == t->n)
        return (reading){ beyond(t, a, base_before(t, i - 1), at), hypot(a->width_ns, unseen_ns(t, at)), 0 };
    const point *b = &t->points[i];
    double width_ns = at - a->t_ns < b->t_ns - at ? a->width_ns : b->width_ns;
    bend off = bend_of(t, i, at);
    return (reading){ a->value + slope(a, b) * (at - a->t_ns) + off.taken_uj, width_ns, off.full_uj };
}

// Whether the samples reach the window and nothing in it is broken.
static eb_status window_status(const eb_trace *t, double from, double to)
{
    double reach = t->poll_ns + (t->channel.cumulative ? t->period_ns : fmin(t->period_ns, blind_ns));
    if (!t->n || to < from || from < t->first_ns - reach)
        return EB_SAMPLE_MISSING;
    size_t low = 0, high = t->n_holes; // the first hole that ends after the window begins
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (t->holes[mid].to_ns <= from)
            low = mid + 1;
        else
            high = mid;
    }
    if (low < t->n_holes && to > t->holes[low].from_ns)
        return t->holes[low].status;
    return to > t->last_ns + reach ? EB_SAMPLE_MISSING : EB_SAMPLE_OK;
}

static double gauge_at(const eb_trace *t, double at)
{
    size_t i = points_until(t, at);
    if (i == 0 || i == t->n)
        return t->points[i ? t->n - 1 : 0].value;
    const point *a = &t->points[i - 1], *b = &t->points[i];
    return a->value + (b->value - a->value) * (at - a->t_ns) / (b->t_ns - a->t_ns);
}

// Trapezoids between the readings; the first and the last reading hold beyond them.
static double gauge_integral(const eb_trace *t, double from, double to)
{
    double sum = 0, at = from, value = gauge_at(t, from);
    for (size_t i = points_until(t, from); i < t->n && t->points[i].t_ns < to; i++) {
        sum += (value + t->points[i].value) / 2 * (t->points[i].t_ns - at);
        at = t->points[i].t_ns;
        value = t->points[i].value;
    }
    return sum + (value + gauge_at(t, to)) / 2 * (to - at);
}

static double total_halfwidth(const eb_energy *e)
{
    return hypot(e->boundary_j, e->quantum_j);
}

static void counter_joules(const eb_trace *t, double from, double to, eb_energy *e)
{
    reading a = energy_at(t, from), b = energy_at(t, to);
    double uj = fmax(b.uj - a.uj, 0), w = to > from ? uj / (to - from) : 0;
    // Each edge lies anywhere in its bracket and each reading is cut to the hardware's unit: uniform, 1/sqrt(12). The
    // bend counts in full: put right or not, the step may stand elsewhere than at the window's end.
    double unit = (t->channel.unit > 0 ? t->channel.unit : 1) * t->channel.scale;
    double edges = w * w * (a.width_ns * a.width_ns + b.width_ns * b.width_ns) / 12;
    e->boundary_j = z95 * sqrt(edges + a.bend_uj * a.bend_uj + b.bend_uj * b.bend_uj) / 1e6;
    e->quantum_j = z95 * unit * sqrt(2.0 / 12) / 1e6;
    e->j = uj / 1e6;
}

static void gauge_joules(const eb_trace *t, double from, double to, eb_energy *e)
{
    e->j = gauge_integral(t, from, to) / 1e6 / NS_PER_S;
    double w = to > from ? e->j / (to - from) : 0, step = fmax(t->poll_ns, t->period_ns);
    double unit_j = (t->channel.unit > 0 ? t->channel.unit : 1) * t->channel.scale / 1e6 * (to - from) / NS_PER_S;
    e->boundary_j = z95 * fabs(w) * step * sqrt(2.0 / 12);
    e->quantum_j = z95 * unit_j / sqrt(12);
}

eb_energy eb_energy_unknown(eb_status status)
{
    return (eb_energy){ .j = NAN,
                        .halfwidth_j = NAN,
                        .boundary_j = NAN,
                        .quantum_j = NAN,
                        .class_j = NAN,
                        .grade = EB_GRADE_NONE,
                        .status = status,
                        .channel = -1 };
}

eb_energy eb_trace_energy(const eb_trace *t, int64_t t0_ns, int64_t t1_ns)
{
    double from = since(t, t0_ns), to = since(t, t1_ns);
    eb_energy e = eb_energy_unknown(window_status(t, from, to));
    bool counter = t->channel.quantity == EB_QUANTITY_ENERGY_UJ && t->channel.cumulative;
    if (e.status == EB_SAMPLE_OK && !counter && t->channel.quantity != EB_QUANTITY_POWER_UW)
        e.status = EB_SAMPLE_MISSING;
    if (e.status != EB_SAMPLE_OK)
        return e;
    e.grade = t->channel.grade;
    (counter ? counter_joules : gauge_joules)(t, from, to, &e);
    e.halfwidth_j = total_halfwidth(&e);
    e.class_j = t->channel.class_frac > 0 ? t->channel.class_frac * fabs(e.j) : NAN;
    return e;
}

void eb_energy_add(eb_energy *sum, const eb_energy *part)
{
    if (part->status != EB_SAMPLE_OK && sum->status == EB_SAMPLE_OK) {
        sum->status = part->status;
        sum->channel = part->channel;
    }
    sum->j += part->j;
    sum->boundary_j = hypot(sum->boundary_j, part->boundary_j);
    sum->quantum_j = hypot(sum->quantum_j, part->quantum_j);
    sum->halfwidth_j = total_halfwidth(sum);
    sum->class_j += part->class_j;
    if (part->grade < sum->grade)
        sum->grade = part->grade;
}

double eb_trace_delta(const eb_trace *t, int64_t t0_ns, int64_t t1_ns)
{
    double from = since(t, t0_ns), to = since(t, t1_ns);
    if (!t->channel.cumulative || window_status(t, from, to) != EB_SAMPLE_OK)
        return NAN;
    if (t->channel.quantity == EB_QUANTITY_ENERGY_UJ)
        return energy_at(t, to).uj - energy_at(t, from).uj;
    return gauge_at(t, to) - gauge_at(t, from);
}

size_t eb_trace_updates(const eb_trace *t, int64_t t0_ns, int64_t t1_ns)
{
    size_t a = points_until(t, since(t, t0_ns)), b = points_until(t, since(t, t1_ns));
    if (b <= a)
        return 0;
    return t->updates[b - 1] - (a ? t->updates[a - 1] : 0);
}

size_t eb_trace_edges(const eb_trace *t)
{
    return t->channel.cumulative && t->channel.quantity == EB_QUANTITY_ENERGY_UJ ? t->n : 0;
}

eb_edge eb_trace_edge(const eb_trace *t, size_t i)
{
    const point *p = &t->points[i];
    return (eb_edge){ .t_ns = p->t_ns, .width_ns = p->width_ns, .j = p->value / 1e6, .fresh = p->fresh };
}

int64_t eb_trace_origin(const eb_trace *t)
{
    return t->origin_ns;
}
