// SPDX-License-Identifier: Apache-2.0
#include "harness/record/crosscheck.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/base/units.h"
#include "harness/record/domain.h"
#include "harness/record/provenance.h"
#include "harness/record/trial_energy.h"

// Which channels stand on either side: two sources may cut the same piece into different numbers of parts (a package
// and its dies, a system and its batteries).
typedef struct sides {
    bool *counted, *other;
    double *counted_j, *other_j, *difference, *halfwidth; // of the trials in which both are known
    double *counted_half_j, *other_half_j;
    size_t n;
} sides;

typedef struct checker {
    const eb_journal_data *d;
    const bool *counted, *dead;
    int n; // channels
    sides *items;
    int n_items, cap;
} checker;

static bool tells(const checker *k, int i)
{
    const eb_channel *c = &k->d->header.channels[i];
    return (c->quantity == EB_QUANTITY_ENERGY_UJ || c->quantity == EB_QUANTITY_POWER_UW) &&
           c->grade >= EB_GRADE_SAMPLED && c->domain != EB_DOMAIN_UNKNOWN && c->live != EB_LIVE_DEAD &&
           !(k->dead && k->dead[i]);
}

// A meter at the wall sees the power supply's losses, which nothing inside does: they are no check of each other. Nor
// is a second psys, of which nobody says what it holds.
static bool comparable(const checker *k, int counted, int other)
{
    const eb_channel *a = &k->d->header.channels[counted], *b = &k->d->header.channels[other];
    bool alike = (a->grade == EB_GRADE_WALL) == (b->grade == EB_GRADE_WALL);
    return alike && !(a->domain == EB_DOMAIN_SYSTEM && (a->duplicate || b->duplicate)) && eb_domain_same_piece(a, b);
}

// The counted channels that channel i measures, or measures a part of. False: there are none.
static bool counted_of(const checker *k, int i, bool *out)
{
    bool any = false;
    for (int c = 0; c < k->n; c++) {
        out[c] = k->counted[c] && tells(k, c) && comparable(k, c, i);
        any = any || out[c];
    }
    return any;
}

// Does channel i stand beside those of `other`: of the same source, another piece, measured against the same?
static bool belongs(const checker *k, const sides *s, int first, int i, bool *scratch)
{
    const eb_channel *channels = k->d->header.channels, *c = &channels[i];
    if (i == first || k->counted[i] || !tells(k, i) || c->duplicate || channels[first].duplicate ||
        strcmp(c->source, channels[first].source) != 0)
        return false;
    for (int o = 0; o < k->n; o++)
        if (s->other[o] && eb_domain_same_piece(&channels[o], c))
            return false;
    return counted_of(k, i, scratch) && memcmp(scratch, s->counted, (size_t)k->n) == 0;
}

static void find_sides(checker *k)
{
    bool *taken = eb_alloc((size_t)k->n + 1), *scratch = eb_alloc((size_t)k->n + 1);
    for (int i = 0; i < k->n; i++) {
        if (taken[i] || k->counted[i] || !tells(k, i))
            continue;
        sides s = { .counted = eb_alloc((size_t)k->n), .other = eb_alloc((size_t)k->n) };
        if (!counted_of(k, i, s.counted)) {
            free(s.counted);
            free(s.other);
            continue;
        }
        s.other[i] = true;
        for (int o = i; o < k->n; o++)
            if (!taken[o] && belongs(k, &s, i, o, scratch))
                s.other[o] = taken[o] = true;
        EB_GROW(k->items, k->n_items, k->cap);
        k->items[k->n_items++] = s;
    }
    free(taken);
    free(scratch);
}

static void take_trial(checker *k, const eb_trial_data *trial)
{
    eb_trial_energy energy;
    eb_trial_energy_init(&energy, &k->d->header, k->dead, trial->power, trial->n_power);
    for (int i = 0; i < k->n_items; i++) {
        sides *s = &k->items[i];
        int64_t from_ns = trial->info.t_start_ns, to_ns = trial->info.t_end_ns;
        memcpy(energy.counted, s->counted, (size_t)k->n);
        eb_energy a = eb_trial_energy_window(&energy, from_ns, to_ns);
        memcpy(energy.counted, s->other, (size_t)k->n);
        eb_energy b = eb_trial_energy_window(&energy, from_ns, to_ns);
        if (a.status != EB_SAMPLE_OK || b.status != EB_SAMPLE_OK || !(a.j > 0))
            continue;
        s->counted_j[s->n] = a.j;
        s->other_j[s->n] = b.j;
        s->counted_half_j[s->n] = a.halfwidth_j;
        s->other_half_j[s->n] = b.halfwidth_j;
        s->difference[s->n] = b.j / a.j - 1;
        s->halfwidth[s->n++] = hypot(a.halfwidth_j, b.halfwidth_j) / a.j;
    }
    eb_trial_energy_deinit(&energy);
}

static char *names_of(const checker *k, const bool *which)
{
    char *names = eb_strdup("");
    for (int i = 0; i < k->n; i++) {
        if (!which[i])
            continue;
        char *longer = eb_format("%s%s%s", names, *names ? " + " : "", k->d->header.channels[i].name);
        free(names);
        names = longer;
    }
    return names;
}

static eb_grade weakest(const checker *k, const bool *which)
{
    eb_grade grade = EB_GRADE_WALL;
    for (int i = 0; i < k->n; i++)
        if (which[i] && k->d->header.channels[i].grade < grade)
            grade = k->d->header.channels[i].grade;
    return grade;
}

static double median_of(const double *x, size_t n)
{
    return n ? eb_median(x, n) : NAN;
}

static void warn(const eb_crosscheck *c, eb_warnings *warnings)
{
    char a[32], b[32], percent[32], room[64] = "", width[32];
    if (c->agrees || !c->n)
        return;
    if (fabs(c->difference_frac) <= c->halfwidth_frac)
        snprintf(room, sizeof room, "; their half-widths alone allow %s %%",
                 eb_fmt_sig(width, sizeof width, 100 * c->halfwidth_frac, 2));
    eb_warn(warnings, "%s and %s measure the same and disagree: %s J and %s J, %s%s %% (median of %d trial%s)%s",
            c->counted, c->other, eb_fmt_sig(a, sizeof a, c->counted_j, 4), eb_fmt_sig(b, sizeof b, c->other_j, 4),
            c->difference_frac > 0 ? "+" : "", eb_fmt_sig(percent, sizeof percent, 100 * c->difference_frac, 3), c->n,
            eb_s(c->n), room);
}

static eb_crosscheck result_of(const checker *k, const sides *s)
{
    bool all = true; // that the boundary's energy is the sum of
    for (int i = 0; i < k->n; i++)
        all = all && (s->counted[i] || !k->counted[i]);
    eb_crosscheck c = {
        .counted = names_of(k, s->counted),
        .other = names_of(k, s->other),
        .n = (int)s->n,
        .counted_j = median_of(s->counted_j, s->n),
        .other_j = median_of(s->other_j, s->n),
        .counted_half_j = median_of(s->counted_half_j, s->n),
        .other_half_j = median_of(s->other_half_j, s->n),
        .counted_from = eb_provenance_of_channels(&k->d->header, s->counted, all),
        .other_from = eb_provenance_of_channels(&k->d->header, s->other, all),
        .counted_grade = weakest(k, s->counted),
        .other_grade = weakest(k, s->other),
        .difference_frac = median_of(s->difference, s->n),
        .halfwidth_frac = median_of(s->halfwidth, s->n),
    };
    c.agrees = s->n && fabs(c.difference_frac) <= EB_CROSSCHECK_LIMIT;
    return c;
}

int eb_crosscheck_run(const eb_journal_data *d, const bool *counted, const bool *dead, eb_crosscheck **out,
                      eb_warnings *warnings)
{
    checker k = { .d = d, .counted = counted, .dead = dead, .n = d->header.n_channels };
    find_sides(&k);
    for (int i = 0; i < k.n_items; i++) {
        sides *s = &k.items[i];
        double **arrays[] = { &s->counted_j, &s->other_j,        &s->difference,
                              &s->halfwidth, &s->counted_half_j, &s->other_half_j };
        for (size_t a = 0; a < sizeof arrays / sizeof *arrays; a++)
            *arrays[a] = eb_alloc((size_t)d->n_trials * sizeof(double) + 1);
    }
    for (int t = 0; k.n_items && t < d->n_trials; t++)
        if (d->trials[t].info.number && !d->trials[t].info.error)
            take_trial(&k, &d->trials[t]);
    *out = eb_alloc((size_t)k.n_items * sizeof **out + 1);
    for (int i = 0; i < k.n_items; i++) {
        sides *s = &k.items[i];
        (*out)[i] = result_of(&k, s);
        warn(&(*out)[i], warnings);
        free(s->counted);
        free(s->other);
        free(s->counted_j);
        free(s->other_j);
        free(s->difference);
        free(s->halfwidth);
        free(s->counted_half_j);
        free(s->other_half_j);
    }
    free(k.items);
    return k.n_items;
}

void eb_crosschecks_free(eb_crosscheck *checks, int n)
{
    for (int i = 0; i < n; i++) {
        free(checks[i].counted);
        free(checks[i].other);
        eb_provenance_deinit(&checks[i].counted_from);
        eb_provenance_deinit(&checks[i].other_from);
    }
    free(checks);
}
