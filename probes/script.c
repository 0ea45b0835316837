// SPDX-License-Identifier: Apache-2.0
// The counter of a timeline: what the null engine's script draws, as a counter shows it. Only there, and alone there.
#include <stdio.h>
#include <stdlib.h>

#include "harness/base/mem.h"
#include "harness/base/timeline.h"
#include "probes/probe_impl.h"

static void detect(const eb_probe_env *env, eb_probe_detection *out)
{
    const eb_timeline *t = env->io->timeline;
    if (!t)
        eb_probe_say(out, EB_PROBE_OFF, "set engine = null in [run] of the config",
                     "watts are scripted with engine = null");
    else if (t->grade == EB_GRADE_NONE)
        eb_probe_say(out, EB_PROBE_OFF, "set another grade in [null] of the config", "the script has no counter");
}

static bool open_probe(eb_probe *probe, eb_err *err)
{
    const eb_timeline *t = probe->env.io->timeline;
    if (!t || t->grade == EB_GRADE_NONE)
        return eb_err_set(err, EB_UNAVAILABLE, "nothing is scripted");
    probe->channels = eb_alloc(sizeof *probe->channels);
    probe->n = 1;
    probe->channels[0] = (eb_channel){
        .name = "script/machine",
        .source = "script",
        .label = "scripted",
        .domain = probe->env.config->boundary == EB_BOUNDARY_COMPUTE ? EB_DOMAIN_PACKAGE : EB_DOMAIN_SYSTEM,
        .socket = -1,
        .die = -1,
        .quantity = EB_QUANTITY_ENERGY_UJ,
        .cumulative = true,
        .unit = t->unit_uj,
        .scale = 1,
        .period_ns = t->period_ns,
        .grade = t->grade,
        .scope = EB_SCOPE_MACHINE,
    };
    return true;
}

static void read_probe(eb_probe *probe, eb_sample *out)
{
    const eb_timeline *t = probe->env.io->timeline;
    *out = (eb_sample){ .t_before_ns = t->now_ns,
                        .t_after_ns = t->now_ns,
                        .raw = (uint64_t)t->shown_uj,
                        .status = t->trial == t->broken_trial ? EB_SAMPLE_MISSING : EB_SAMPLE_OK };
}

static void close_probe(eb_probe *probe)
{
    (void)probe;
}

const eb_probe_ops eb_probe_script = {
    .name = "script",
    .doc = "The scripted watts of engine = null",
    .scripted = true,
    .detect = detect,
    .open = open_probe,
    .read = read_probe,
    .close = close_probe,
};
