// SPDX-License-Identifier: Apache-2.0
#include "workloads/load_curve.h"

#include <math.h>
#include <stdlib.h>
#include "harness/base/mem.h"
#include "workloads/load_schedule.h"

// The schedules of all levels, one behind the other.
typedef struct plan {
    int64_t *after_ns;
    int first[EB_CURVE_LEVELS + 1]; // of each level; last: their number
    double max_per_s;
} plan;

double eb_curve_maximum(double saturated_per_s, int64_t level_ns, bool even)
{
    double n = saturated_per_s * (double)level_ns / 1e9;
    if (even || !(n > 0))
        return saturated_per_s;
    return saturated_per_s * fmax(1 - 1.96 / sqrt(n), 0.5);
}

// Requests per second with all sequences busy and others waiting. The first quarter of the time is left out: it fills.
static bool saturate(eb_drive *d, double *per_s, eb_err *err)
{
    const eb_workload_params *p = d->p;
    eb_trial_sink *sink = d->sink;
    const int64_t t0 = eb_drive_now_ns(d), end = t0 + p->load.level_ns, from = t0 + p->load.level_ns / 4;
    const eb_arrivals busy = { .t0_ns = t0, .n = INT32_MAX, .users = 2 * p->batch, .until_ns = end };
    if (!eb_drive_run(d, &busy, err))
        return false;
    double tok = 0;
    for (size_t i = 0; i < sink->n_tokens; i++)
        tok += sink->tokens[i].t_end_ns > from && sink->tokens[i].t_end_ns <= end;
    *per_s = tok / p->output_tok / ((double)(end - from) / 1e9);
    eb_drive_forget(d);
    if (*per_s > 0)
        return true;
    eb_err_set(err, EB_FAILED, "no token was made in the time of a level: the maximum of the curve cannot be found");
    return eb_err_hint(err, "a longer `level`, or shorter prompts");
}

// Room for a level: as many requests as there may be with any luck.
static int most_requests(double mean)
{
    return (int)fmin(mean + 10 * sqrt(mean) + 10, 1e9);
}

static bool make_plan(plan *s, const eb_drive *d, uint64_t seed, eb_err *err)
{
    const eb_load_params *load = &d->p->load;
    double seconds = (double)load->level_ns / 1e9;
    size_t room = 0, at = 0;
    for (int i = 0; i < EB_CURVE_LEVELS; i++)
        room += (size_t)most_requests(s->max_per_s * (EB_CURVE_LEVELS - i) / EB_CURVE_LEVELS * seconds);
    s->after_ns = eb_try_alloc(room, sizeof *s->after_ns, "schedules", err);
    if (!s->after_ns)
        return false;
    for (int i = 0; i < EB_CURVE_LEVELS; i++) {
        double rate = s->max_per_s * (EB_CURVE_LEVELS - i) / EB_CURVE_LEVELS;
        s->first[i] = (int)at;
        at += (size_t)eb_load_schedule_until(s->after_ns + at, most_requests(rate * seconds), load->level_ns, rate,
                                             load->even, seed + (uint64_t)i);
    }
    s->first[EB_CURVE_LEVELS] = (int)at;
    if (at <= d->sink->cap_requests && at * (size_t)d->p->output_tok + (size_t)d->p->batch <= d->sink->cap_tokens)
        return true;
    eb_err_set(
        err, EB_FAILED,
        "a curve up to %.4g requests per second has %zu requests: more tokens than a trial keeps in memory (%zu)",
        s->max_per_s, at, d->sink->cap_tokens);
    return eb_err_hint(err, "a shorter `level`, or a lower `rate`");
}

// A level is given the time of another one to finish its requests; what is left then is given up.
static bool run_level(eb_drive *d, const plan *s, int i, eb_err *err)
{
    const int64_t level_ns = d->p->load.level_ns, t0 = eb_drive_now_ns(d);
    const bool idle = i == EB_CURVE_LEVELS;
    const int first = s->first[i], n = idle ? 0 : s->first[i + 1] - first;
    const int percent = 100 * (EB_CURVE_LEVELS - i) / EB_CURVE_LEVELS;
    const eb_arrivals level = {
        .t0_ns = t0, .after_ns = s->after_ns + first, .n = n, .least_ns = t0 + level_ns, .until_ns = t0 + 2 * level_ns
    };
    if (!eb_drive_run(d, &level, err))
        return false;
    const int64_t now = eb_drive_now_ns(d);
    d->sink->levels[d->sink->n_levels++] = (eb_level_row){ .percent = percent,
                                                           .nominal_per_s = s->max_per_s * percent / 100,
                                                           .t_start_ns = t0,
                                                           .t_offered_ns = t0 + level_ns,
                                                           .t_end_ns = now > t0 + level_ns ? now : t0 + level_ns };
    return true;
}

bool eb_curve_run(eb_drive *d, uint64_t seed, eb_err *err)
{
    const eb_load_params *load = &d->p->load;
    eb_trial_sink *sink = d->sink;
    plan s = { .max_per_s = load->rate_per_s };
    if (!(s.max_per_s > 0)) {
        if (!saturate(d, &sink->saturated_per_s, err))
            return false;
        s.max_per_s = eb_curve_maximum(sink->saturated_per_s, load->level_ns, load->even);
    }
    bool ok = make_plan(&s, d, seed, err);
    if (ok) {
        if (sink->mark)
            sink->mark(sink->arg, true);
        sink->t_start_ns = eb_drive_now_ns(d);
        for (int i = 0; ok && i <= EB_CURVE_LEVELS; i++)
            ok = run_level(d, &s, i, err);
        sink->t_end_ns = eb_drive_now_ns(d);
        if (sink->mark)
            sink->mark(sink->arg, false);
    }
    free(s.after_ns);
    return ok;
}
