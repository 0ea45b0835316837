// SPDX-License-Identifier: Apache-2.0
#include "harness/record/throttle.h"

#include <math.h>
#include <stdlib.h>
#include "harness/base/mem.h"
#include "harness/base/stats.h"

static const double normal_mad = 1.4826; // a normal deviation over its median absolute one

const char *eb_throttle_verdict_name(eb_throttle_verdict verdict)
{
    static const char *const names[] = { "unknown", "no", "yes" };
    return (unsigned)verdict < 3 ? names[verdict] : "unknown";
}

// The known frequencies with the windows that they are of.
typedef struct levels {
    double *hz;
    int *window, n;
} levels;

static levels known_levels(const eb_throttle_window *w, int n)
{
    levels l = { .hz = eb_alloc((size_t)n * sizeof *l.hz + 1), .window = eb_alloc((size_t)n * sizeof *l.window + 1) };
    for (int i = 0; i < n; i++) {
        if (!(w[i].frequency_hz > 0) || !isfinite(w[i].frequency_hz))
            continue;
        l.hz[l.n] = w[i].frequency_hz;
        l.window[l.n++] = i;
    }
    return l;
}

static double noise(const levels *l)
{
    double *step = eb_alloc((size_t)l->n * sizeof *step + 1);
    for (int i = 0; i + 1 < l->n; i++)
        step[i] = fabs(l->hz[i + 1] - l->hz[i]);
    double s = normal_mad * eb_median(step, (size_t)l->n - 1) / sqrt(2);
    free(step);
    return s;
}

// Index into the levels, -1 = none.
static int first_run_below(const levels *l, double limit)
{
    for (int i = 0; i + 1 < l->n; i++) {
        int below = 0;
        while (below < EB_THROTTLE_RUN_WINDOWS && i + below < l->n && l->hz[i + below] < limit)
            below++;
        if (below == EB_THROTTLE_RUN_WINDOWS || (below == EB_THROTTLE_RUN_WINDOWS - 1 && i + below == l->n))
            return i;
    }
    return -1;
}

static void judge_frequency(eb_throttle *t, const eb_throttle_window *w, int n, unsigned *why)
{
    levels l = known_levels(w, n);
    t->n_frequency = l.n;
    t->frequency = l.n >= EB_THROTTLE_KNOWN_MIN;
    if (t->frequency) {
        t->start_hz = eb_median(l.hz, EB_THROTTLE_START_WINDOWS);
        t->limit_hz = t->start_hz - fmax(EB_THROTTLE_FRAC * t->start_hz, EB_THROTTLE_NOISE_TIMES * noise(&l));
        t->lowest_hz = l.hz[0];
        for (int i = 1; i < l.n; i++)
            t->lowest_hz = fmin(t->lowest_hz, l.hz[i]);
        int from = first_run_below(&l, t->limit_hz);
        for (int i = from; from >= 0 && i < l.n; i++)
            if (l.hz[i] < t->limit_hz)
                why[l.window[i]] |= EB_THROTTLE_FREQUENCY;
    }
    free(l.hz);
    free(l.window);
}

eb_throttle eb_throttle_find(const eb_throttle_window *w, int n, bool *throttled)
{
    eb_throttle t = { .onset = -1, .trip = -1, .start_hz = NAN, .limit_hz = NAN, .lowest_hz = NAN };
    unsigned *why = eb_alloc((size_t)n * sizeof *why + 1);
    judge_frequency(&t, w, n, why);
    bool trips = false;
    for (int i = 0; i < n; i++) {
        bool at_trip = w[i].temperature_c >= w[i].trip_c; // false where one is not known
        t.temperature |= isfinite(w[i].temperature_c);
        t.counter |= isfinite(w[i].counted);
        trips |= isfinite(w[i].temperature_c) && isfinite(w[i].trip_c);
        if (w[i].counted > 0)
            why[i] |= EB_THROTTLE_COUNTER;
        if (at_trip && t.trip < 0)
            t.trip = i;
        if (at_trip)
            why[i] |= EB_THROTTLE_TRIP;
    }
    for (int i = 0; i < n; i++) {
        unsigned counts = t.frequency ? EB_THROTTLE_FREQUENCY | EB_THROTTLE_COUNTER : ~0u;
        bool is = (why[i] & counts) != 0;
        if (throttled)
            throttled[i] = is;
        t.n += is;
        if (is && t.onset < 0)
            t.onset = i;
    }
    for (int i = t.onset; t.onset >= 0 && i < n && i <= t.onset + 1; i++)
        t.why |= why[i];
    bool known = t.frequency || t.counter || trips;
    t.verdict = t.n ? EB_THROTTLE_YES : known ? EB_THROTTLE_NO : EB_THROTTLE_UNKNOWN;
    free(why);
    return t;
}
