// SPDX-License-Identifier: Apache-2.0
#include "harness/record/edge_times.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"

enum {
    CELLS = 24,          // of a bracket
    TABLE = 2048,        // of the normal density
    LEARN = 2000,        // brackets that the spread is learnt from
    LEAST_BRACKETS = 16, // fewer show no rhythm
    STEPS_MAX = 64,      // periods between two edges, beyond which the rhythm is lost
};

static const double stray = 1e-5;         // chance of an update out of rhythm, spread over a bracket
static const double reach_sd = 6;         // of the table
static const double error_reach = 3;      // standard deviations that a due time may lie outside of its bracket
static const double worth = 0.9;          // brackets as wide as this share of the period say nothing
static const double gain_per_edge = 0.02; // log likelihood that a rhythm must be worth

typedef struct model {
    double period_ns, spread_ns, error_ns;
    double density[TABLE + 1]; // of |z| from 0 to reach_sd
} model;

static void set_model(model *m, double spread_ns, double error_ns)
{
    m->spread_ns = spread_ns;
    m->error_ns = error_ns;
    for (int i = 0; i <= TABLE; i++) {
        double z = reach_sd * i / TABLE;
        m->density[i] = exp(-z * z / 2);
    }
}

// Due times may lie outside of the bracket by the errors.
static double cell_width(const model *m, const eb_bracket *b)
{
    return (b->to_ns - b->from_ns + 2 * error_reach * m->error_ns) / CELLS;
}

static double cell(const model *m, const eb_bracket *b, int i)
{
    return b->from_ns - error_reach * m->error_ns + cell_width(m, b) * (i + 0.5);
}

static double below(double z)
{
    return 0.5 * erfc(-z * M_SQRT1_2);
}

// Chance that an update due at each cell came inside of the bracket.
static void weigh(const model *m, const eb_bracket *b, double *p)
{
    for (int i = 0; i < CELLS && m->error_ns > 0; i++) {
        double at = cell(m, b, i);
        p[i] *= below((b->to_ns - at) / m->error_ns) - below((b->from_ns - at) / m->error_ns);
    }
}

// Periods between two brackets; 0 = out of rhythm.
static int steps_between(const model *m, const eb_bracket *a, const eb_bracket *b)
{
    double away = ((b->from_ns + b->to_ns) - (a->from_ns + a->to_ns)) / 2;
    double steps = round(away / m->period_ns);
    return b->fresh || !(steps >= 1 && steps <= STEPS_MAX) ? 0 : (int)steps;
}

// How likely each cell of `b` is after each of `a`: to[j] = sum over i of from[i] p(i -> j), or the other way round.
static void carry(const model *m, const eb_bracket *a, const eb_bracket *b, int steps, const double *from, double *to,
                  bool back)
{
    double ha = cell_width(m, a), hb = cell_width(m, b);
    double sd = sqrt(steps * m->spread_ns * m->spread_ns + (ha * ha + hb * hb) / 12); // cells are not points
    double scale = TABLE / (reach_sd * sd), height = hb / (sd * 2.5066282746310002), sum = 0;
    double shift = cell(m, b, 0) - cell(m, a, 0) - steps * m->period_ns;
    memset(to, 0, CELLS * sizeof *to);
    for (int i = 0; i < CELLS; i++)
        sum += from[i];
    for (int i = 0; i < CELLS; i++)
        for (int j = 0; j < CELLS; j++) {
            double at = fabs(shift + j * hb - i * ha) * scale;
            if (at < TABLE)
                *(back ? &to[i] : &to[j]) += (back ? from[j] : from[i]) * m->density[(int)at];
        }
    for (int i = 0; i < CELLS; i++)
        to[i] = to[i] * height + stray * sum / CELLS;
}

static double normalise(double *p)
{
    double sum = 0;
    for (int i = 0; i < CELLS; i++)
        sum += p[i];
    for (int i = 0; i < CELLS; i++)
        p[i] /= sum;
    return sum;
}

static void uniform(double *p)
{
    for (int i = 0; i < CELLS; i++)
        p[i] = 1.0 / CELLS;
}

// Forward sums into p [n][CELLS]; returns the log likelihood against brackets without any rhythm.
static double forward(const model *m, const eb_bracket *b, size_t n, double *p)
{
    double gain = 0;
    for (size_t k = 0; k < n; k++) {
        double *now = p + k * CELLS;
        int steps = k ? steps_between(m, &b[k - 1], &b[k]) : 0;
        if (steps == 0) {
            uniform(now);
            weigh(m, &b[k], now);
            normalise(now);
            continue;
        }
        carry(m, &b[k - 1], &b[k], steps, now - CELLS, now, false);
        weigh(m, &b[k], now);
        // Of an update anywhere within half a period of its due time, a bracket holds its width's share by chance.
        double chance = fmin((b[k].to_ns - b[k].from_ns) / m->period_ns, 1);
        gain += log(normalise(now) / chance);
    }
    return gain;
}

// Mean and mean square, from `at`, of an update that was due there and came inside of the bracket.
static void truncated(const model *m, const eb_bracket *b, double at, double *mean, double *square)
{
    double a = (b->from_ns - at) / m->error_ns, z = (b->to_ns - at) / m->error_ns, mass = below(z) - below(a);
    double da = exp(-a * a / 2) * 0.3989422804014327, dz = exp(-z * z / 2) * 0.3989422804014327;
    *mean = mass > 1e-12 ? m->error_ns * (da - dz) / mass : (fabs(a) < fabs(z) ? b->from_ns : b->to_ns) - at;
    *square = mass > 1e-12 ? m->error_ns * m->error_ns * (1 + (a * da - z * dz) / mass) : *mean * *mean;
}

static void set_place(const model *m, eb_bracket *b, const double *p)
{
    double sum = 0, squares = 0, h = cell_width(m, b), middle = (b->from_ns + b->to_ns) / 2;
    for (int i = 0; i < CELLS; i++) {
        double at = cell(m, b, i), mean = 0, square = h * h / 12;
        if (m->error_ns > 0)
            truncated(m, b, at, &mean, &square);
        at -= middle;
        sum += p[i] * (at + mean);
        squares += p[i] * (at * at + 2 * at * mean + square);
    }
    b->mean_ns = fmin(fmax(middle + sum, b->from_ns), b->to_ns);
    b->sd_ns = sqrt(fmax(squares - sum * sum, 0));
}

static void backward(const model *m, eb_bracket *b, size_t n, double *p)
{
    double after[CELLS], before[CELLS], both[CELLS];
    uniform(after);
    for (size_t k = n; k-- > 0;) {
        for (int i = 0; i < CELLS; i++)
            both[i] = p[k * CELLS + (size_t)i] * after[i];
        normalise(both);
        set_place(m, &b[k], both);
        int steps = k ? steps_between(m, &b[k - 1], &b[k]) : 0;
        if (steps == 0) {
            uniform(after);
            continue;
        }
        weigh(m, &b[k], after);
        carry(m, &b[k - 1], &b[k], steps, after, before, true);
        normalise(before);
        memcpy(after, before, sizeof after);
    }
}

// The mean period over all stretches that are in rhythm, counted in periods as roughly known.
static double find_period(const model *m, const eb_bracket *b, size_t n, size_t *edges)
{
    double length = 0, steps = 0;
    *edges = 0;
    for (size_t k = 1; k < n; k++) {
        int s = steps_between(m, &b[k - 1], &b[k]);
        if (s == 0)
            continue;
        length += ((b[k].from_ns + b[k].to_ns) - (b[k - 1].from_ns + b[k - 1].to_ns)) / 2;
        steps += s;
        ++*edges;
    }
    return steps > 0 ? length / steps : NAN;
}

static double mean_width(const eb_bracket *b, size_t n)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += b[k].to_ns - b[k].from_ns;
    return sum / (double)n;
}

static void take_middles(eb_bracket *b, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        b[k].mean_ns = (b[k].from_ns + b[k].to_ns) / 2;
        b[k].sd_ns = (b[k].to_ns - b[k].from_ns) / sqrt(12);
    }
}

// A candidate, and how much more likely than chance the brackets are under it.
typedef struct guess {
    double spread_ns, error_ns, gain;
} guess;

static void try_guess(model *m, const eb_bracket *b, size_t n, double *p, double spread_ns, double error_ns,
                      guess *best)
{
    set_model(m, spread_ns, error_ns);
    double gain = forward(m, b, n, p);
    if (gain > best->gain)
        *best = (guess){ spread_ns, error_ns, gain };
}

// Spread alone, then errors on top of a rhythm that hardly wanders, then closer around the better of the two.
static guess find_guess(model *m, const eb_bracket *b, size_t n, double *p)
{
    const double least = m->period_ns / 512, most = m->period_ns / 4;
    guess best = { INFINITY, 0, gain_per_edge * (double)n };
    for (double s = least; s < most; s *= 2)
        try_guess(m, b, n, p, s, 0, &best);
    if (isinf(best.spread_ns))
        return best;
    for (double s = least; s < most; s *= 2)
        try_guess(m, b, n, p, least, s, &best);
    for (double by = M_SQRT2; by > 1.1; by = sqrt(by)) {
        guess from = best;
        for (int up = 0; up < 2; up++) {
            double f = up ? by : 1 / by;
            if (from.error_ns > 0)
                try_guess(m, b, n, p, from.spread_ns, from.error_ns * f, &best);
            else
                try_guess(m, b, n, p, from.spread_ns * f, 0, &best);
        }
    }
    if (best.error_ns > 0)
        try_guess(m, b, n, p, 2 * best.spread_ns, best.error_ns, &best);
    return best;
}

double eb_edge_times(eb_bracket *b, size_t n, double period_ns)
{
    size_t edges;
    take_middles(b, n);
    model *m = eb_alloc(sizeof *m);
    m->period_ns = period_ns;
    double found = find_period(m, b, n, &edges);
    guess best = { .spread_ns = INFINITY };
    // A period that is not the stated one is none that steps could be counted with.
    if (edges >= LEAST_BRACKETS && fabs(found / period_ns - 1) < 0.15 && mean_width(b, n) < worth * found) {
        double *p = eb_alloc(n * CELLS * sizeof *p);
        m->period_ns = found;
        best = find_guess(m, b, n < LEARN ? n : LEARN, p);
        if (!isinf(best.spread_ns)) {
            set_model(m, best.spread_ns, best.error_ns);
            forward(m, b, n, p);
            backward(m, b, n, p);
        }
        free(p);
    }
    free(m);
    return fmax(best.spread_ns, best.error_ns);
}
