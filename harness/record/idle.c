// SPDX-License-Identifier: Apache-2.0
// Baselines are taken before the first trial and after the last one, and again by a run that is taken up. What lies
// between two is interpolated: a machine that warms up drifts slowly.
#include "harness/record/idle.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/record/trial_energy.h"

static const double drift_worth_a_word = 0.02;
static const double ns_per_s = 1e9;

// Power of an idle record, with its spread over ten parts.
static eb_idle measure(const eb_sums_env *env, const eb_trial_data *trial)
{
    enum { PARTS = 10 };
    static const double t9 = 2.262157162854099; // 97.5 % of Student's t, PARTS - 1 degrees of freedom
    int64_t t0 = trial->info.t_start_ns, ns = trial->info.t_end_ns - t0;
    eb_idle idle = { .w = NAN, .halfwidth_w = NAN, .grade = EB_GRADE_NONE, .ns = ns };
    eb_trial_energy energy;
    eb_trial_energy_init(&energy, env->header, env->dead, trial->power, trial->n_power);
    eb_energy whole = eb_trial_energy_window(&energy, t0, t0 + ns);
    if (whole.status == EB_SAMPLE_OK && ns > 0) {
        double parts[PARTS], spread = 0;
        int n = 0;
        for (int i = 0; i < PARTS; i++) {
            eb_energy part = eb_trial_energy_window(&energy, t0 + ns / PARTS * i, t0 + ns / PARTS * (i + 1));
            if (part.status == EB_SAMPLE_OK)
                parts[n++] = part.j / ((double)ns / PARTS / ns_per_s);
        }
        if (n == PARTS)
            spread = t9 * eb_stddev(parts, PARTS) / sqrt(PARTS);
        idle.w = whole.j / ((double)ns / ns_per_s);
        idle.halfwidth_w = hypot(whole.halfwidth_j / ((double)ns / ns_per_s), spread);
        idle.grade = whole.grade;
    }
    eb_trial_energy_deinit(&energy);
    return idle;
}

int eb_idles_measure(const eb_sums_env *env, const eb_journal_data *d, eb_idle_reading **out)
{
    int n = 0, last = 0;
    *out = eb_alloc((size_t)d->n_trials * sizeof **out + 1);
    for (int t = 0; t < d->n_trials; t++) {
        const eb_trial_info *info = &d->trials[t].info;
        if (info->number || info->error) {
            last = info->number > last ? info->number : last;
            continue;
        }
        eb_idle own = measure(env, &d->trials[t]);
        eb_idle_reading *r = &(*out)[n++];
        *r = (eb_idle_reading){ .position = t,
                                .after_trial = last,
                                .t_start_ns = info->t_start_ns,
                                .t_end_ns = info->t_end_ns,
                                .w = own.w,
                                .halfwidth_w = own.halfwidth_w,
                                .grade = own.grade };
        memcpy(r->taken_utc, info->taken_utc, sizeof r->taken_utc);
    }
    return n;
}

static eb_idle of_one(const eb_idle_reading *r)
{
    return (eb_idle){ r->w, r->halfwidth_w, r->grade, r->t_end_ns - r->t_start_ns };
}

// What two of them differ beyond their half-widths, in quadrature; 0 = they agree.
static double drift(const eb_idle_reading *a, const eb_idle_reading *b)
{
    double apart = a->w - b->w,
           rest = apart * apart - a->halfwidth_w * a->halfwidth_w - b->halfwidth_w * b->halfwidth_w;
    return rest > 0 ? sqrt(rest) : 0;
}

static double middle(int64_t from_ns, int64_t to_ns)
{
    return ((double)from_ns + (double)to_ns) / 2;
}

eb_idle eb_idle_for(const eb_idle_reading *idles, int n, const eb_journal_data *d, int position)
{
    const eb_trial_info *trial = &d->trials[position].info;
    const eb_idle_reading *before = NULL, *after = NULL;
    for (int i = 0; i < n; i++) {
        if (isnan(idles[i].w))
            continue;
        if (idles[i].position < position)
            before = &idles[i];
        else if (!after)
            after = &idles[i];
    }
    if (!before && !after)
        return (eb_idle){ .w = NAN, .halfwidth_w = NAN, .grade = EB_GRADE_NONE };
    // After a restart of the machine its clock has begun anew, and what came before has no distance to it.
    if (before && after && (after->t_start_ns < trial->t_end_ns || before->t_end_ns > trial->t_start_ns))
        after = NULL;
    if (!before || !after)
        return of_one(before ? before : after);
    double from = middle(before->t_start_ns, before->t_end_ns), to = middle(after->t_start_ns, after->t_end_ns);
    double x = to > from ? (middle(trial->t_start_ns, trial->t_end_ns) - from) / (to - from) : 0.5;
    double halfwidth = hypot((1 - x) * before->halfwidth_w, x * after->halfwidth_w);
    return (eb_idle){ .w = (1 - x) * before->w + x * after->w,
                      .halfwidth_w = hypot(halfwidth, drift(before, after) / 2),
                      .grade = before->grade < after->grade ? before->grade : after->grade,
                      .ns = before->t_end_ns - before->t_start_ns + after->t_end_ns - after->t_start_ns };
}

eb_idle eb_idle_overall(const eb_idle_reading *idles, int n)
{
    eb_idle all = { .w = 0, .halfwidth_w = 0, .grade = EB_GRADE_COUNT };
    double most = 0;
    const eb_idle_reading *last = NULL;
    int known = 0;
    for (int i = 0; i < n; i++) {
        const eb_idle_reading *r = &idles[i];
        if (isnan(r->w))
            continue;
        known++;
        all.w += r->w;
        all.halfwidth_w = hypot(all.halfwidth_w, r->halfwidth_w);
        all.ns += r->t_end_ns - r->t_start_ns;
        all.grade = r->grade < all.grade ? r->grade : all.grade;
        most = last ? fmax(most, drift(last, r)) : 0;
        last = r;
    }
    if (!known)
        return (eb_idle){ .w = NAN, .halfwidth_w = NAN, .grade = EB_GRADE_NONE };
    all.w /= known;
    all.halfwidth_w = hypot(all.halfwidth_w / known, most / 2);
    return all;
}

static const char *when(const eb_idle_reading *r, char *buf, size_t size)
{
    if (r->after_trial)
        snprintf(buf, size, "after trial %d", r->after_trial);
    else
        snprintf(buf, size, "before the first trial");
    return buf;
}

void eb_idle_warn_drift(const eb_idle_reading *idles, int n, eb_warnings *warnings)
{
    const eb_idle_reading *last = NULL;
    int known = 0; // without any there are no net figures either
    for (int i = 0; i < n; i++)
        known += !isnan(idles[i].w);
    for (int i = 0; i < n; i++) {
        const eb_idle_reading *r = &idles[i];
        char first[40], second[40];
        if (isnan(r->w)) {
            if (known > 0)
                eb_warn(warnings, "the idle baseline %s has no energy: net figures stand on the others",
                        when(r, first, sizeof first));
            continue;
        }
        if (last && drift(last, r) > 0 && fabs(r->w - last->w) > drift_worth_a_word * fabs(last->w + r->w) / 2)
            eb_warn(warnings,
                    "the idle power drifted: %.3g W ±%.2g %s, %.3g W ±%.2g %s; net figures take what lies between, and "
                    "their intervals cover it",
                    last->w, last->halfwidth_w, when(last, first, sizeof first), r->w, r->halfwidth_w,
                    when(r, second, sizeof second));
        last = r;
    }
}
