// SPDX-License-Identifier: Apache-2.0
// The look itself: polls the energy channels fast for a short time, then, where some have not said what they are, more
// slowly until they have or the time is up.
#include "harness/run/calibrate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include "harness/base/mem.h"
#include "harness/record/dead.h"
#include "harness/record/domain.h"
#include "harness/run/load.h"

enum { UPDATES_ENOUGH = 4, COST_SHARE = 5, SAMPLES_FIRST = 4096 };
#define FAST_NS  100000ll  // in the first look
#define SLOW_NS  1000000ll // behind it
#define CHECK_NS 50000000ll
#define EDGE_NS  1e6 // so that the judgement, which goes by the middle of the readings, agrees

typedef struct watched {
    const eb_channel *channel;
    eb_sample *samples;
    size_t n, cap;
    size_t updates;
    int64_t first_ns, last_ns; // of good readings
    uint64_t raw;
    bool good; // has been read
} watched;

typedef struct source {
    eb_probe *probe;
    watched *channels;
    int n;
    int64_t due_ns;
} source;

typedef struct look {
    const eb_calibrate_setup *setup;
    source *sources;
    int n;
    watched *watched; // of all channels, in order; only those of sources that are looked at fill
    eb_sample *scratch;
    int64_t began_ns;
} look;

static bool is_measured(const eb_channel *c)
{
    bool energy = c->quantity == EB_QUANTITY_ENERGY_UJ || c->quantity == EB_QUANTITY_POWER_UW;
    return energy && c->grade > EB_GRADE_ESTIMATE;
}

bool eb_calibrate_worthwhile(const eb_channel *channels, int n)
{
    for (int i = 0; i < n; i++)
        if (is_measured(&channels[i]))
            return true;
    return false;
}

static int64_t now_ns(const look *l)
{
    return l->setup->io->clock.now_ns(&l->setup->io->clock);
}

static void look_init(look *l, const eb_calibrate_setup *setup, const eb_channel *channels)
{
    int total = 0, widest = 1;
    *l = (look){ .setup = setup, .sources = eb_alloc((size_t)setup->n_probes * sizeof *l->sources + 1) };
    for (int i = 0; i < setup->n_probes; i++) {
        const eb_channel *own;
        int n = eb_probe_channels(setup->probes[i], &own);
        total += n;
        widest = n > widest ? n : widest;
    }
    l->watched = eb_alloc((size_t)total * sizeof *l->watched + 1);
    l->scratch = eb_alloc((size_t)widest * sizeof *l->scratch);
    for (int i = 0, first = 0; i < setup->n_probes; i++) {
        const eb_channel *own;
        int n = eb_probe_channels(setup->probes[i], &own);
        for (int k = 0; k < n; k++)
            l->watched[first + k].channel = &channels[first + k];
        if (eb_calibrate_worthwhile(channels + first, n))
            l->sources[l->n++] = (source){ .probe = setup->probes[i], .channels = &l->watched[first], .n = n };
        first += n;
    }
    for (int i = 0; i < total; i++) {
        l->watched[i].cap = is_measured(&channels[i]) ? SAMPLES_FIRST : 0;
        l->watched[i].samples = eb_alloc(l->watched[i].cap * sizeof(eb_sample) + 1);
    }
    l->began_ns = now_ns(l);
}

static void look_deinit(look *l, int n_channels)
{
    for (int i = 0; i < n_channels; i++)
        free(l->watched[i].samples);
    free(l->watched);
    free(l->sources);
    free(l->scratch);
}

static void take(watched *w, const eb_sample *s)
{
    if (!is_measured(w->channel))
        return;
    EB_GROW(w->samples, w->n, w->cap);
    w->samples[w->n++] = *s;
    if (s->status != EB_SAMPLE_OK)
        return;
    w->updates += w->good && s->raw != w->raw;
    w->first_ns = w->good ? w->first_ns : s->t_before_ns;
    w->last_ns = s->t_before_ns;
    w->raw = s->raw;
    w->good = true;
}

// A source whose reads take long is read less often, so that the others are not kept waiting.
static void read_source(look *l, source *s, int64_t at_ns, int64_t interval_ns)
{
    int64_t before_ns = now_ns(l);
    eb_probe_read(s->probe, l->scratch);
    for (int i = 0; i < s->n; i++)
        take(&s->channels[i], &l->scratch[i]);
    int64_t least_ns = COST_SHARE * (now_ns(l) - before_ns);
    s->due_ns = at_ns + (least_ns > interval_ns ? least_ns : interval_ns);
}

static bool stopped(const look *l)
{
    return l->setup->stop && l->setup->stop(l->setup->arg);
}

static void poll_until(look *l, int64_t end_ns, int64_t interval_ns)
{
    const eb_clock *clock = &l->setup->io->clock;
    for (int64_t now = now_ns(l); now < end_ns && !stopped(l); now = now_ns(l)) {
        int64_t next = end_ns;
        for (int i = 0; i < l->n; i++) {
            if (l->sources[i].due_ns <= now)
                read_source(l, &l->sources[i], now, interval_ns);
            next = l->sources[i].due_ns < next ? l->sources[i].due_ns : next;
        }
        clock->sleep_until_ns(clock, next);
    }
}

static bool may_mirror(const eb_channel *a, const eb_channel *b)
{
    return is_measured(a) && is_measured(b) && a->cumulative && b->cumulative && a->domain == b->domain &&
           a->socket == b->socket && a->die != b->die && a->die >= 0 && b->die >= 0 &&
           strcmp(a->source, b->source) == 0;
}

// Does channel i stand for a piece, being no repeat or that of a channel which does not move?
static bool stands(const source *s, int i)
{
    const eb_channel *c = s->channels[i].channel;
    if (!c->duplicate)
        return true;
    for (int k = 0; k < s->n; k++)
        if (strcmp(s->channels[k].channel->name, c->repeats) == 0 && s->channels[k].updates > 0)
            return false;
    return c->repeats[0] != '\0';
}

static bool has_twin(const source *s, int i)
{
    for (int k = 0; stands(s, i) && k < s->n; k++)
        if (may_mirror(s->channels[i].channel, s->channels[k].channel) && s->channels[k].updates > 0 && stands(s, k))
            return true;
    return false;
}

// Has this channel said what it is, or is there no sense in waiting for it?
static bool settled(const source *s, int i, int64_t elapsed_ns)
{
    const watched *w = &s->channels[i];
    const eb_channel *c = w->channel;
    if (!is_measured(c) || !w->good)
        return true;
    if (!c->cumulative)
        return w->updates >= UPDATES_ENOUGH || (c->period_ns > 0 && elapsed_ns >= EB_CALIBRATE_GAUGE_NS);
    if (w->updates == 0)
        return (double)(w->last_ns - w->first_ns) > eb_dead_after_ns(c) + EDGE_NS;
    return w->updates >= UPDATES_ENOUGH && (elapsed_ns >= EB_CALIBRATE_MIRROR_NS || !has_twin(s, i));
}

static bool all_settled(const look *l, int64_t elapsed_ns)
{
    for (int i = 0; i < l->n; i++)
        for (int k = 0; k < l->sources[i].n; k++)
            if (!settled(&l->sources[i], k, elapsed_ns))
                return false;
    return true;
}

static void look_around(look *l)
{
    int64_t limit_ns = l->began_ns + l->setup->limit_ns, first_ns = l->began_ns + EB_CALIBRATE_LOOK_NS;
    int64_t at_ns = first_ns < limit_ns ? first_ns : limit_ns;
    poll_until(l, at_ns, FAST_NS);
    while (at_ns < limit_ns && !stopped(l) && !all_settled(l, at_ns - l->began_ns)) {
        at_ns = at_ns + CHECK_NS < limit_ns ? at_ns + CHECK_NS : limit_ns;
        poll_until(l, at_ns, SLOW_NS);
    }
}

static void say(const eb_calibration *found, const watched *w, bool loaded, eb_channel *c)
{
    double seen_s = (double)found->watched_ns / 1e9, needed_s = eb_dead_after_ns(c) / 1e9;
    if (!c->cumulative || found->live == EB_LIVE_MOVES)
        return;
    if (!w->good)
        snprintf(c->note, sizeof c->note, "gave no reading while it was calibrated");
    else if (found->live == EB_LIVE_DEAD)
        snprintf(c->note, sizeof c->note, "does not move: stood still for more than %.3g s%s", needed_s,
                 loaded ? " under load" : "");
    else
        snprintf(c->note, sizeof c->note, "has not moved in %.2g s, and may take %.3g s to", seen_s, needed_s);
}

static void conclude(const watched *w, bool loaded, eb_channel *c)
{
    eb_calibration found;
    if (!is_measured(c))
        return;
    eb_calibrate_channel(c, w->samples, w->n, &found);
    c->period_ns = found.period_ns > 0 ? found.period_ns : c->period_ns;
    c->jitter_ns = found.jitter_ns;
    c->read_ns = found.read_ns;
    c->live = found.live;
    say(&found, w, loaded, c);
}

// Channel i shows what channel k does: all that repeat it repeat k's original from now on.
static void join(eb_channel *channels, int n, int k, int i)
{
    char kept[sizeof channels->name], gone[sizeof channels->name];
    snprintf(kept, sizeof kept, "%s", eb_domain_original(&channels[k]));
    snprintf(gone, sizeof gone, "%s", eb_domain_original(&channels[i]));
    for (int j = 0; j < n; j++) {
        eb_channel *c = &channels[j];
        if (strcmp(eb_domain_original(c), gone) != 0)
            continue;
        c->duplicate = true;
        snprintf(c->repeats, sizeof c->repeats, "%s", kept);
    }
}

// Of dies that show one counter one counts.
static void find_mirrors(const source *s, eb_channel *channels)
{
    for (int i = 1; i < s->n; i++) {
        for (int k = 0; k < i; k++) {
            const watched *a = &s->channels[k], *b = &s->channels[i];
            if (eb_domain_repeats(&channels[k], &channels[i]) || !may_mirror(&channels[k], &channels[i]) ||
                !stands(s, k) || !stands(s, i) || a->n != b->n ||
                !eb_calibrate_same(&channels[k], a->samples, b->samples, a->n))
                continue;
            join(channels, s->n, k, i);
            snprintf(channels[i].note, sizeof channels[i].note, "repeats %.48s: equal over %.3g s", channels[k].name,
                     (double)(b->last_ns - b->first_ns) / 1e9);
        }
    }
}

int64_t eb_calibrate(const eb_calibrate_setup *setup, eb_channel *channels)
{
    look l;
    int n_channels = 0;
    for (int i = 0; i < setup->n_probes; i++) {
        const eb_channel *own;
        n_channels += eb_probe_channels(setup->probes[i], &own);
    }
    if (!eb_calibrate_worthwhile(channels, n_channels))
        return 0;
    int slack = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    // What a tree of files shows has nothing to do with this machine's load.
    bool loaded = strcmp(setup->io->kind, "real") == 0;
    eb_load *load = loaded ? eb_load_start() : NULL;
    look_init(&l, setup, channels);
    look_around(&l);
    eb_load_stop(load);
    prctl(PR_SET_TIMERSLACK, slack > 0 ? slack : 0, 0, 0, 0);
    for (int i = 0; i < n_channels; i++)
        conclude(&l.watched[i], loaded, &channels[i]);
    for (int i = 0; i < l.n; i++)
        find_mirrors(&l.sources[i], channels + (l.sources[i].channels - l.watched));
    int64_t took_ns = now_ns(&l) - l.began_ns;
    look_deinit(&l, n_channels);
    return took_ns;
}
