// SPDX-License-Identifier: Apache-2.0
#include "harness/record/dead.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/record/domain.h"
#include "harness/record/trial_energy.h"

enum { UNITS = 5, PERIODS = 20 };

static const double least_w = 0.5; // a small board's processor, idle
static const double shortest_ns = 250e6;

double eb_dead_after_ns(const eb_channel *c)
{
    if (c->quantity != EB_QUANTITY_ENERGY_UJ || !c->cumulative || c->grade == EB_GRADE_ESTIMATE)
        return INFINITY;
    double unit_uj = (c->unit > 0 ? c->unit : 1) * c->scale;
    return fmax(shortest_ns, fmax(PERIODS * (double)c->period_ns, UNITS * unit_uj / least_w * 1e3));
}

// What the trials saw of a channel.
typedef struct seen {
    const eb_sample *last;
    double under_load_ns;
    bool moved;
} seen;

static void look(const eb_trial_data *trial, seen *channels, int n)
{
    for (int i = 0; i < n; i++)
        channels[i].last = NULL;
    for (size_t i = 0; i < trial->n_power; i++) {
        const eb_sample *now = &trial->power[i].sample;
        seen *c = &channels[trial->power[i].channel];
        if (now->status == EB_SAMPLE_MISSING || now->status == EB_SAMPLE_GONE)
            continue;
        if (c->last) {
            c->moved = c->moved || c->last->raw != now->raw;
            if (trial->info.number) // the idle baseline is no load
                c->under_load_ns += fmax((double)(now->t_before_ns - c->last->t_before_ns), 0);
        }
        c->last = now;
    }
}

// The channel that moved in place of channel i, of the same counter: then i needs no time of its own to be told from a
// slow one; -1 = none. A repeat of an original that moved counts nothing in any case.
static int moving_repeat(const eb_header *h, const seen *channels, int i)
{
    const eb_channel *c = &h->channels[i];
    int found = -1;
    if (channels[i].moved || !isfinite(eb_dead_after_ns(c)))
        return -1;
    for (int k = 0; k < h->n_channels; k++) {
        if (!channels[k].moved || !eb_domain_repeats(c, &h->channels[k]))
            continue;
        if (c->duplicate && !h->channels[k].duplicate)
            return -1;
        found = found < 0 ? k : found;
    }
    return found;
}

static eb_grade weakest(const eb_header *h, const bool *dead, char *domains, size_t size)
{
    eb_grade grade = EB_GRADE_COUNT;
    bool *counted = eb_alloc((size_t)h->n_channels + 1);
    eb_live_count(h, dead, counted, domains, size, NULL, 0);
    for (int i = 0; i < h->n_channels; i++)
        if (counted[i] && h->channels[i].grade < grade)
            grade = h->channels[i].grade;
    free(counted);
    return grade == EB_GRADE_COUNT ? EB_GRADE_NONE : grade;
}

// What takes the place of the dead ones, where it is of a weaker grade.
static void warn_of_fallback(const eb_header *h, const bool *dead, eb_warnings *warnings)
{
    char domains[2048];
    bool *none = eb_alloc((size_t)h->n_channels + 1);
    eb_grade before = weakest(h, none, domains, sizeof domains), after = weakest(h, dead, domains, sizeof domains);
    free(none);
    if (after >= before)
        return;
    if (after == EB_GRADE_NONE)
        eb_warn(warnings, "nothing else measures boundary '%s': no joules", eb_boundary_name(h->boundary));
    else
        eb_warn(warnings, "the energy is that of %s, grade %s", domains, eb_grade_name(after));
}

// Under a hypervisor the processor's own counters stand still; what else does is silent for reasons of its own.
static const char *guess(const eb_channel *c, int repeat)
{
    bool processor = !strcmp(c->source, "powercap") || !strcmp(c->source, "perf_power");
    return processor && repeat < 0 ? " (a virtual machine?)" : "";
}

void eb_dead_find(const eb_journal_data *d, bool *dead, eb_warnings *warnings)
{
    const eb_header *h = &d->header;
    seen *channels = eb_alloc((size_t)h->n_channels * sizeof *channels + 1);
    bool any = false;
    for (int t = 0; t < d->n_trials; t++)
        look(&d->trials[t], channels, h->n_channels);
    for (int i = 0; i < h->n_channels; i++) {
        const eb_channel *c = &h->channels[i];
        const seen *s = &channels[i];
        int repeat = moving_repeat(h, channels, i);
        bool enough = c->live == EB_LIVE_DEAD || s->under_load_ns >= eb_dead_after_ns(c);
        dead[i] = !s->moved && (enough || repeat >= 0);
        if (dead[i] && c->live == EB_LIVE_DEAD)
            eb_warn(warnings, "%s %s: it counts nothing here%s and is left out", c->name, c->note, guess(c, repeat));
        else if (dead[i] && repeat >= 0 && !c->duplicate)
            eb_warn(warnings, "%s never moved, but %s, which repeats it, did and counts in its place", c->name,
                    h->channels[repeat].name);
        else if (dead[i] && repeat < 0)
            eb_warn(warnings, "%s never moved in %.3g s: it counts nothing here%s and is left out", c->name,
                    s->under_load_ns / 1e9, guess(c, repeat));
        any = any || dead[i];
    }
    if (any)
        warn_of_fallback(h, dead, warnings);
    free(channels);
}
