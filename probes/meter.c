// SPDX-License-Identifier: Apache-2.0
// An external meter as a command that prints a line per reading: a smart plug, a PDU, a BMC, an oscilloscope. What a
// line is and how it becomes energy: probes/meter_track.h. The command measures this machine, whatever tree /sys is
// read from, but by the machine's own clock: it is not run on a tape.
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "probes/child.h"
#include "probes/meter_track.h"
#include "probes/probe_impl.h"

enum { FIRST_LINES = 2 };
static const int64_t nap_ns = 5000000;

typedef struct meter {
    eb_child *child;
    pthread_mutex_t lock;
    eb_meter_track track; // under the lock
} meter;

static void detect(const eb_probe_env *env, eb_probe_detection *out)
{
    if (!env->config->meter)
        eb_probe_say(out, EB_PROBE_OFF,
                     "set meter = COMMAND in [probes] of the config: a program that prints a line per reading, `TIME "
                     "WATTS` or `WATTS` (docs/energy-sources.md)",
                     "no command of an external meter is given");
    else if (strcmp(env->io->kind, "tape") == 0)
        eb_probe_say(out, EB_PROBE_NO_DEVICE, "", "a meter runs by the machine's own clock, which a tape is not");
}

static void on_line(void *arg, const char *text, size_t len, bool cut, int64_t came_ns)
{
    meter *m = arg;
    pthread_mutex_lock(&m->lock);
    eb_meter_track_line(&m->track, text, len, cut, came_ns);
    pthread_mutex_unlock(&m->lock);
}

// ---- open ----

static int64_t readings(meter *m)
{
    pthread_mutex_lock(&m->lock);
    int64_t good = m->track.good;
    pthread_mutex_unlock(&m->lock);
    return good;
}

static bool say_silent(meter *m, int64_t waited_ns, int64_t good, eb_err *err)
{
    char waited[32], refused[EB_METER_WHY_MAX + 64] = "";
    pthread_mutex_lock(&m->lock);
    if (m->track.refused)
        snprintf(refused, sizeof refused, " (%lld refused: %s)", (long long)m->track.refused, m->track.refusal);
    pthread_mutex_unlock(&m->lock);
    eb_err_set(err, EB_UNAVAILABLE, "no %s for %s%s", good ? "second usable line" : "usable line",
               eb_fmt_time(waited, sizeof waited, (double)waited_ns, 2), refused);
    return eb_err_hint(err, "the command must print a line per reading and not keep it back (flush it); a slow meter "
                            "needs a longer [probes] meter_timeout");
}

// Found is not available: two good readings are.
static bool wait_for_lines(eb_probe *probe, eb_err *err)
{
    meter *m = probe->state;
    const eb_clock *clock = &probe->env.io->clock;
    int64_t seen = 0, since_ns = clock->now_ns(clock);
    for (;;) {
        char why[EB_CHILD_WHY_MAX];
        bool ended = eb_child_ended(m->child, why);
        int64_t good = readings(m), now_ns = clock->now_ns(clock);
        if (good >= FIRST_LINES)
            return true;
        if (ended) {
            eb_err_set(err, EB_UNAVAILABLE, "%s", why);
            return eb_err_hint(err, "try it by hand: /bin/sh -c '%s'", probe->env.config->meter);
        }
        if (good > seen) {
            seen = good;
            since_ns = now_ns;
        }
        if (now_ns - since_ns > m->track.setup.timeout_ns)
            return say_silent(m, now_ns - since_ns, good, err);
        clock->sleep_until_ns(clock, now_ns + nap_ns);
    }
}

static eb_grade grade_of(const eb_probe_config *config)
{
    bool joules = config->meter_format == EB_METER_JOULES;
    eb_grade implied = joules ? EB_GRADE_COUNTER : EB_GRADE_SAMPLED;
    if (config->meter_grade == EB_GRADE_NONE || (config->meter_grade == EB_GRADE_COUNTER && !joules))
        return implied;
    return config->meter_grade;
}

static void fill_channel(const eb_probe_config *config, meter *m, eb_channel *c)
{
    pthread_mutex_lock(&m->lock);
    *c = (eb_channel){
        .name = "meter/energy",
        .source = "meter",
        .domain = config->meter_domain,
        .socket = -1,
        .die = -1,
        .quantity = EB_QUANTITY_ENERGY_UJ,
        .cumulative = true,
        .unit = m->track.unit_j > 0 ? fmax(m->track.unit_j * 1e6, 1) : 1,
        .scale = 1,
        .period_ns = m->track.usual_ns,
        .class_frac = config->meter_class,
        .grade = grade_of(config),
        .scope = EB_SCOPE_MACHINE,
    };
    pthread_mutex_unlock(&m->lock);
    snprintf(c->label, sizeof c->label, c->grade == EB_GRADE_WALL ? "wall meter" : "meter");
}

static bool open_probe(eb_probe *probe, eb_err *err)
{
    const eb_probe_config *config = probe->env.config;
    eb_probe_detection found = { 0 };
    detect(&probe->env, &found);
    if (found.state != EB_PROBE_OK)
        return false; // the core says what detect says
    meter *m = eb_alloc(sizeof *m);
    probe->state = m;
    pthread_mutex_init(&m->lock, NULL);
    eb_meter_setup setup = { .joules = config->meter_format == EB_METER_JOULES,
                             .max_w = config->meter_max_w,
                             .tick_ns = config->meter_tick_ns,
                             .timeout_ns = config->meter_timeout_ns };
    eb_meter_track_init(&m->track, &setup);
    m->child = eb_child_open(&(eb_child_setup){ .command = config->meter, .line = on_line, .arg = m }, err);
    if (!m->child || !wait_for_lines(probe, err))
        return false;
    probe->channels = eb_alloc(sizeof *probe->channels);
    probe->n = 1;
    fill_channel(config, m, &probe->channels[0]);
    return true;
}

// ---- read ----

static void read_probe(eb_probe *probe, eb_sample *out)
{
    meter *m = probe->state;
    const eb_clock *clock = &probe->env.io->clock;
    char why[EB_CHILD_WHY_MAX];
    bool ended = eb_child_ended(m->child, why);
    pthread_mutex_lock(&m->lock);
    out->t_before_ns = clock->now_ns(clock);
    eb_meter_track_read(&m->track, out->t_before_ns, out);
    out->t_after_ns = clock->now_ns(clock);
    pthread_mutex_unlock(&m->lock);
    // The last line before the end still counts.
    if (ended && out->status == EB_SAMPLE_MISSING)
        out->status = EB_SAMPLE_GONE;
}

static bool trouble(eb_probe *probe, char *buf, size_t size)
{
    meter *m = probe->state;
    const eb_clock *clock = &probe->env.io->clock;
    char why[EB_CHILD_WHY_MAX];
    bool ended = eb_child_ended(m->child, why);
    size_t at = ended ? (size_t)snprintf(buf, size, "%s", why) : 0;
    char rest[2 * EB_METER_WHY_MAX];
    pthread_mutex_lock(&m->lock);
    bool more = eb_meter_track_trouble(&m->track, clock->now_ns(clock), rest, sizeof rest);
    pthread_mutex_unlock(&m->lock);
    if (more && at < size)
        snprintf(buf + at, size - at, "%s%s", at ? "; " : "", rest);
    return ended || more;
}

static void close_probe(eb_probe *probe)
{
    meter *m = probe->state;
    if (!m)
        return;
    eb_child_close(m->child);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

const eb_probe_ops eb_probe_meter = {
    .name = "meter",
    .doc = "An external meter through a command that prints its readings: a smart plug, a PDU, a BMC, an oscilloscope",
    .detect = detect,
    .open = open_probe,
    .read = read_probe,
    .close = close_probe,
    .trouble = trouble,
};
