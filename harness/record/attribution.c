// SPDX-License-Identifier: Apache-2.0
// The energy of a window from a trace: cumulative energy interpolated between edges, with what is not known of it.
#include "harness/record/attribution.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/record/trace.h"

static const double z95 = 1.959963984540054; // half-width of 95 % in standard deviations

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

// For how long a unit was seen to fill, from its edge on or until it.
static double filling_ns(const eb_trace *t, const eb_trace_point *edge, bool until)
{
    if (!until)
        return t->last_ns - edge->t_ns;
    bool first = edge == t->points || !(edge - 1)->fresh;
    return edge->t_ns - (first ? t->first_ns : (edge - 1)->t_ns + (edge - 1)->width_ns / 2);
}

// What has come together in a coarse unit `away` from its edge: it is not full while it is not counted. Once it is
// overdue, power has fallen: where the samples end the unit is as likely anywhere between empty and full, and it got
// there at the old power in the beginning or evenly, of which the mean is taken.
static double part_of_unit(const eb_trace *t, const eb_trace_point *edge, double rate, double away)
{
    double seen_ns = filling_ns(t, edge, away < 0);
    double due = rate * fmax(seen_ns, 0) / t->coarse_uj, part = rate * fabs(away);
    if (due > 1) {
        double most = t->coarse_uj * (0.5 + 0.5 / due);
        part = (fmin(part, most) + most * fabs(away) / seen_ns) / 2;
    }
    return copysign(part, away);
}

static double reach_ns(const eb_trace *t, double at)
{
    return fmax(t->edge_ns, t->period_ns) + unseen_ns(t, at);
}

// Beyond the last edge the counter has not shown yet what is drawn: it goes on at the mean rate of the last stretch,
// long enough that the place of one edge does not matter, for at most the time between two edges while it is seen to
// stand still.
static double beyond(const eb_trace *t, const eb_trace_point *edge, double rate, double at)
{
    double away = at - edge->t_ns;
    if (t->coarse_uj > 0)
        return edge->value + part_of_unit(t, edge, rate, away);
    return edge->value + copysign(rate * fmin(fabs(away), reach_ns(t, at)), away);
}

// Mean power between two points; 0 where they are one.
static double rate_of(const eb_trace_point *a, const eb_trace_point *b)
{
    return a->t_ns != b->t_ns ? (b->value - a->value) / (b->t_ns - a->t_ns) : 0;
}

// Whether a coarse unit filled between the first reading and the first edge: where in it the reading was nobody knows.
static bool was_filling(const eb_trace *t, const eb_trace_point *first, const eb_trace_point *edge)
{
    return t->coarse_uj > 0 && first->fresh && !edge->fresh && edge->value - first->value < 1.5 * t->coarse_uj;
}

static const eb_trace_point *base_before(const eb_trace *t, size_t i)
{
    double wanted = 10 * fmax(t->edge_ns, t->period_ns);
    size_t k = i;
    while (k > 0 && t->points[i].t_ns - t->points[k].t_ns < wanted && !t->points[k].fresh &&
           !was_filling(t, &t->points[k - 1], &t->points[k]))
        k--;
    return &t->points[k];
}

static const eb_trace_point *base_after(const eb_trace *t, size_t i)
{
    double wanted = 10 * fmax(t->edge_ns, t->period_ns);
    size_t k = i;
    while (k + 1 < t->n && t->points[k].t_ns - t->points[i].t_ns < wanted && !t->points[k + 1].fresh)
        k++;
    return &t->points[k];
}

static double slope(const eb_trace_point *a, const eb_trace_point *b)
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
    const eb_trace_point *a = &t->points[i - 1], *b = &t->points[i];
    double length = b->t_ns - a->t_ns, f = (at - a->t_ns) / length, own = slope(a, b), noise = 0;
    double before = own, after = own;
    if (i >= 2 && !a->fresh && !was_filling(t, a - 1, a)) {
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

// Cumulative energy at a time, how wide the bracket of its nearest edge is, the power there, and how far the
// interpolation may be off.
typedef struct reading {
    double uj, width_ns, rate, bend_uj;
} reading;

// Powers of the stretches next to the end of a trace, from there inwards, and what the edges' brackets make of the
// difference between two of them while power is steady.
typedef struct last_powers {
    double w[10], noise; // uJ per ns
    size_t n;
} last_powers;

static last_powers last_powers_of(const eb_trace *t, const eb_trace_point *edge, bool behind)
{
    last_powers p = { 0 };
    size_t i = (size_t)(edge - t->points), most = sizeof p.w / sizeof *p.w;
    while (p.n < most && (behind ? i > 0 && !t->points[i].fresh : i + 1 < t->n && !t->points[i + 1].fresh)) {
        const eb_trace_point *near = &t->points[i], *far = behind ? near - 1 : near + 1;
        p.w[p.n++] = fabs(slope(near, far));
        if (p.n <= 2)
            p.noise = hypot(p.noise, hypot(near->width_ns, far->width_ns) / fabs(far->t_ns - near->t_ns));
        i = behind ? i - 1 : i + 1;
    }
    p.noise *= fmax(p.w[0], p.w[1]) / sqrt(12);
    return p;
}

// What is left of the square.
static double beyond_noise(double x, double noise)
{
    return fmax(x * x - noise * noise, 0);
}

// How far the power in the part that no edge has shown yet may be from the mean `rate` that is drawn through it: as the
// last stretch is, and as neighbours differ in any case. Where the last stretch differs from its neighbour more than
// any did before, power has stepped somewhere in it, and the later it did, the larger the step is than what is seen of
// it: nine times that is enough for all but one in twenty places. Power does not fall below zero.
static double strange_power(const eb_trace *t, const eb_trace_point *edge, double rate, bool behind)
{
    if (t->coarse_uj > 0)
        return 0;
    last_powers p = last_powers_of(t, edge, behind);
    if (p.n < 2)
        return 0;
    double usual = 0, noise = 2 * p.noise, step = p.w[0] - p.w[1];
    for (size_t k = 2; k < p.n; k++)
        usual = fmax(usual, fabs(p.w[k] - p.w[k - 1]));
    double most = t->channel.power_max_w > 0 ? t->channel.power_max_w / 1000 : INFINITY;
    if (step < 0)
        most = fmax(rate, p.w[0]);
    double squares = beyond_noise(p.w[0] - rate, noise) + beyond_noise(usual, 1.5 * noise) +
                     81 * beyond_noise(step, fmax(1.75 * usual, 1.25 * noise));
    return fmin(sqrt(squares), most);
}

static reading reading_beyond(const eb_trace *t, const eb_trace_point *edge, const eb_trace_point *base, double at)
{
    // One coarse unit alone: no more is known of the power than that it filled it in all the time.
    double rate = t->coarse_uj > 0 && base == edge && !edge->fresh ? t->coarse_uj / t->fill_ns : rate_of(base, edge);
    double width_ns = hypot(edge->width_ns, unseen_ns(t, at));
    // The last update lies anywhere in the bracket, and what came after it was drawn at that power.
    double away_ns = hypot(fmin(fabs(at - edge->t_ns), reach_ns(t, at)), width_ns / sqrt(12));
    double off_uj = strange_power(t, edge, rate, at > edge->t_ns) * away_ns;
    return (reading){ beyond(t, edge, rate, at), width_ns, rate, off_uj };
}

static reading energy_at(const eb_trace *t, double at)
{
    size_t i = points_until(t, at);
    if (i == 0)
        return reading_beyond(t, &t->points[0], base_after(t, 0), at);
    const eb_trace_point *a = &t->points[i - 1];
    if (i == t->n)
        return reading_beyond(t, a, base_before(t, i - 1), at);
    const eb_trace_point *b = &t->points[i];
    if (was_filling(t, a, b))
        return reading_beyond(t, b, base_after(t, i), at);
    double width_ns = at - a->t_ns < b->t_ns - at ? a->width_ns : b->width_ns;
    bend off = bend_of(t, i, at);
    double around = rate_of(base_before(t, i - 1), base_after(t, i));
    return (reading){ a->value + slope(a, b) * (at - a->t_ns) + off.taken_uj, width_ns, around, off.full_uj };
}

// Lines of a program come when the machine lets it run: late ones leave the end of a window unseen for a moment. It is
// drawn through, and the half-width has what may have been drawn there.
static double lateness_ns(const eb_channel *c)
{
    bool lines = !strcmp(c->source, "meter") || !strcmp(c->source, "pmic");
    return lines && c->cumulative ? EB_TRACE_BLIND_NS : 0;
}

// Whether the samples reach the window and nothing in it is broken.
static eb_status window_status(const eb_trace *t, double from, double to)
{
    double reach = t->poll_ns + (t->channel.cumulative ? t->period_ns : fmin(t->period_ns, EB_TRACE_BLIND_NS)) +
                   lateness_ns(&t->channel);
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
    const eb_trace_point *a = &t->points[i - 1], *b = &t->points[i];
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

// What the place of an edge is worth is the power there. Up to a quarter more than the window's is how well a few edges
// tell it; and less is not counted on.
static double power_at(const reading *r, double window)
{
    return r->rate > 1.25 * window ? r->rate : window;
}

// A unit that is cut off at either end: the difference of two that lie anywhere. Where a window sees hardly more than
// one of them, that is all of it, and either may be a whole one.
static double quantum_uj(const eb_trace *t, double from, double to)
{
    double unit = (t->channel.unit > 0 ? t->channel.unit : 1) * t->channel.scale;
    size_t a = points_until(t, from), b = points_until(t, to);
    double counted = b ? t->points[b - 1].value - t->points[a ? a - 1 : 0].value : 0;
    bool coarse = t->coarse_uj > 0 || !t->updates[t->n - 1];
    return coarse && counted < 1.5 * unit ? unit : z95 * unit * sqrt(2.0 / 12);
}

static void counter_joules(const eb_trace *t, double from, double to, eb_energy *e)
{
    reading a = energy_at(t, from), b = energy_at(t, to);
    double uj = fmax(b.uj - a.uj, 0), w = to > from ? uj / (to - from) : 0;
    // Each edge lies anywhere in its bracket and each reading is cut to the hardware's unit: uniform, 1/sqrt(12). The
    // bend counts in full: put right or not, the step may stand elsewhere than at the window's end.
    double first = power_at(&a, w) * a.width_ns, last = power_at(&b, w) * b.width_ns;
    double edges = (first * first + last * last) / 12;
    e->boundary_j = z95 * sqrt(edges + a.bend_uj * a.bend_uj + b.bend_uj * b.bend_uj) / 1e6;
    e->quantum_j = quantum_uj(t, from, to) / 1e6;
    e->j = uj / 1e6;
}

static void gauge_joules(const eb_trace *t, double from, double to, eb_energy *e)
{
    e->j = gauge_integral(t, from, to) / 1e6 / 1e9;
    double w = to > from ? e->j / (to - from) : 0, step = fmax(t->poll_ns, t->period_ns);
    double unit_j = (t->channel.unit > 0 ? t->channel.unit : 1) * t->channel.scale / 1e6 * (to - from) / 1e9;
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

static void add(eb_energy *sum, const eb_energy *part, double boundary_j)
{
    if (part->status != EB_SAMPLE_OK && sum->status == EB_SAMPLE_OK) {
        sum->status = part->status;
        sum->channel = part->channel;
    }
    sum->j += part->j;
    sum->boundary_j = boundary_j;
    sum->quantum_j = hypot(sum->quantum_j, part->quantum_j);
    sum->halfwidth_j = total_halfwidth(sum);
    sum->class_j += part->class_j;
    if (part->grade < sum->grade)
        sum->grade = part->grade;
}

// Counters that one firmware updates are updated together, and are read one after another: where one's edge lies, the
// others' do.
void eb_energy_add(eb_energy *sum, const eb_energy *part)
{
    add(sum, part, sum->boundary_j + part->boundary_j);
}

void eb_energy_join(eb_energy *sum, const eb_energy *part)
{
    add(sum, part, hypot(sum->boundary_j, part->boundary_j));
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
    const eb_trace_point *p = &t->points[i];
    return (eb_edge){ .t_ns = p->t_ns, .width_ns = p->width_ns, .j = p->value / 1e6, .fresh = p->fresh };
}

int64_t eb_trace_origin(const eb_trace *t)
{
    return t->origin_ns;
}
