// SPDX-License-Identifier: Apache-2.0
#include "harness/record/load_level.h"

#include <math.h>
#include <stdlib.h>
#include "harness/base/mem.h"
#include "harness/record/latency.h"

static double per(double a, double b)
{
    return b > 0 ? a / b : NAN;
}

double eb_load_slope(const double *x, const double *y, size_t n)
{
    double mx = 0, my = 0, xx = 0, xy = 0;
    for (size_t i = 0; i < n; i++) {
        mx += x[i] / (double)n;
        my += y[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        xx += (x[i] - mx) * (x[i] - mx);
        xy += (x[i] - mx) * (y[i] - my);
    }
    return n >= 3 && xx > 0 ? xy / xx : NAN;
}

// The requests of a level and their tokens, as if they were a trial of their own.
typedef struct part {
    eb_trial_data trial;
    int64_t *done_ns; // per request of `trial`: its last token's end
    int64_t t0_ns;
} part;

// Requests are numbered from 0 in the order of their rows; those of a damaged folder that are not are left out.
static part part_of(const eb_trial_data *trial, int level)
{
    const eb_trial_info *info = &trial->info;
    const int64_t t0 = info->levels[level].t_start_ns,
                  t1 = level + 1 < info->n_levels ? info->levels[level + 1].t_start_ns : INT64_MAX;
    part p = { .trial = { .info = *info }, .t0_ns = t0 };
    p.trial.requests = eb_realloc(NULL, trial->n_requests + 1, sizeof *p.trial.requests);
    p.trial.tokens = eb_realloc(NULL, trial->n_tokens + 1, sizeof *p.trial.tokens);
    p.done_ns = eb_alloc((trial->n_requests + 1) * sizeof *p.done_ns);
    size_t *place = eb_alloc((trial->n_requests + 1) * sizeof *place); // 1 + where in the part, 0 = not in it
    for (size_t i = 0; i < trial->n_requests; i++) {
        const eb_request_row *r = &trial->requests[i];
        if (r->request != i || r->scheduled_ns < t0 || r->scheduled_ns >= t1)
            continue;
        p.trial.requests[p.trial.n_requests++] = *r;
        place[i] = p.trial.n_requests;
    }
    for (size_t i = 0; i < trial->n_tokens; i++) {
        const eb_token_event *e = &trial->tokens[i];
        if (e->request >= trial->n_requests || !place[e->request])
            continue;
        int64_t *done = &p.done_ns[place[e->request] - 1];
        *done = e->t_end_ns > *done ? e->t_end_ns : *done;
        p.trial.tokens[p.trial.n_tokens++] = *e;
    }
    free(place);
    return p;
}

static void part_deinit(part *p)
{
    free(p->trial.requests);
    free(p->trial.tokens);
    free(p->done_ns);
}

// Requests finished per requests offered, and how the times of the finished ones lie over those they were due.
static void keeping_up(eb_load_level *out, const part *p)
{
    size_t n = 0;
    double *due = eb_realloc(NULL, p->trial.n_requests + 1, sizeof *due),
           *done = eb_realloc(NULL, p->trial.n_requests + 1, sizeof *done);
    for (size_t i = 0; i < p->trial.n_requests; i++) {
        const eb_request_row *r = &p->trial.requests[i];
        if (r->status != EB_REQUEST_OK || !p->done_ns[i])
            continue;
        due[n] = (double)(r->scheduled_ns - p->t0_ns) / 1e9;
        done[n++] = (double)(p->done_ns[i] - p->t0_ns) / 1e9;
    }
    double slope = eb_load_slope(due, done, n);
    out->offered = (int)p->trial.n_requests;
    out->completed = (int)n;
    out->completed_frac = fmin(per((double)n, (double)p->trial.n_requests), per(1, slope));
    if (isnan(slope))
        out->completed_frac = per((double)n, (double)p->trial.n_requests);
    free(due);
    free(done);
}

// A level of a curve takes what comes in its time; where the requests are counted, the gaps between them are.
static double offered_per_s(const part *p, const eb_level_row *row)
{
    const double n = (double)p->trial.n_requests;
    const eb_request_row *r = p->trial.requests;
    if (row->percent >= 0)
        return per(n, (double)(row->t_offered_ns - row->t_start_ns) / 1e9);
    return n > 1 ? per(n - 1, (double)(r[p->trial.n_requests - 1].scheduled_ns - r[0].scheduled_ns) / 1e9) : NAN;
}

static void rates(eb_load_level *out, const part *p)
{
    const eb_level_row *row = &out->row;
    out->offered_per_s = out->completed_per_s = out->schedule_frac = NAN;
    if (!(row->nominal_per_s > 0)) { // at no rate, or active idle
        out->valid = out->completed == out->offered;
        return;
    }
    out->offered_per_s = offered_per_s(p, row);
    // Where none came none was completed, which is known: a trial that has the one figure has the other.
    out->completed_per_s = out->offered ? out->offered_per_s * out->completed_frac : out->offered_per_s;
    out->schedule_frac = out->offered_per_s / row->nominal_per_s;
    out->valid = fabs(out->completed_frac - 1) <= EB_LOAD_TOLERANCE; // not when it is not known
}

void eb_load_level_measure(eb_load_level *out, const eb_sums_env *env, const eb_trial_data *trial,
                           const eb_trial_energy *energy, int i, eb_doubles pool[EB_POOL_COUNT])
{
    part p = part_of(trial, i);
    eb_latency latency;
    eb_latency_measure(&latency, &p.trial, &env->slo, pool);
    *out = (eb_load_level){ .trial = trial->info.number, .row = trial->info.levels[i] };
    keeping_up(out, &p);
    rates(out, &p);
    out->length_s = (double)(out->row.t_end_ns - out->row.t_start_ns) / 1e9;
    out->tok_s = per(latency.output_tok, out->length_s);
    out->goodput_tok_s = per(latency.good_tok, out->length_s);
    eb_energy e = eb_trial_energy_window(energy, out->row.t_start_ns, out->row.t_end_ns);
    out->j = e.j;
    out->halfwidth_j = e.halfwidth_j;
    out->grade = isnan(e.j) ? EB_GRADE_NONE : e.grade;
    out->w = per(e.j, out->length_s);
    out->tok_per_j = per(latency.output_tok, e.j);
    part_deinit(&p);
}
