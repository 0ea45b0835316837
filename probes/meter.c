// SPDX-License-Identifier: Apache-2.0
// An external meter as a command that prints a line per reading: a smart plug, a PDU, a BMC, an oscilloscope. What a
// line is and how it becomes energy: probes/meter_track.h. The command measures this machine, whatever tree /sys is
// read from, but by the machine's own clock: it is not run on a tape.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "probes/line_meter.h"
#include "probes/probe_impl.h"

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

static void take_line(eb_line_meter *m, const char *text, size_t len, bool cut, int64_t came_ns)
{
    eb_meter_track_line(&m->track, text, len, cut, came_ns);
}

static eb_grade grade_of(const eb_probe_config *config)
{
    bool joules = config->meter_format == EB_METER_JOULES;
    eb_grade implied = joules ? EB_GRADE_COUNTER : EB_GRADE_SAMPLED;
    if (config->meter_grade == EB_GRADE_NONE || (config->meter_grade == EB_GRADE_COUNTER && !joules))
        return implied;
    return config->meter_grade;
}

static void fill_channel(const eb_probe_config *config, eb_line_meter *m, eb_channel *c)
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
    eb_line_meter *m = eb_alloc(sizeof *m);
    probe->state = m;
    *m = (eb_line_meter){ .line = take_line, .clock = &probe->env.io->clock };
    eb_meter_setup setup = { .joules = config->meter_format == EB_METER_JOULES,
                             .max_w = config->meter_max_w,
                             .tick_ns = config->meter_tick_ns,
                             .timeout_ns = config->meter_timeout_ns };
    if (!eb_line_meter_open(m, config->meter, &setup, err))
        return false;
    probe->channels = eb_alloc(sizeof *probe->channels);
    probe->n = 1;
    fill_channel(config, m, &probe->channels[0]);
    return true;
}

static void read_probe(eb_probe *probe, eb_sample *out)
{
    eb_line_meter_read(probe->state, out);
}

static bool trouble(eb_probe *probe, char *buf, size_t size)
{
    return eb_line_meter_trouble(probe->state, buf, size);
}

static void close_probe(eb_probe *probe)
{
    if (probe->state)
        eb_line_meter_close(probe->state);
    free(probe->state);
}

const eb_probe_ops eb_probe_meter = {
    .name = "meter",
    .doc = "An external meter through a command that prints its readings: a smart plug, a PDU, a BMC, an oscilloscope",
    .detect = detect,
    .open = open_probe,
    .read = read_probe,
    .close = close_probe,
    .why = eb_line_meter_why,
    .trouble = trouble,
};
