// SPDX-License-Identifier: Apache-2.0
// The stated-watts model: where nothing measures energy, the user may state what the machine takes idle and
// under full load, and gets an `estimate`: the load's share is the process's CPU time over all CPUs it may use.
// It reads nothing of /sys or /proc, and so works the same under --sysroot.
#include "probes/stated.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "harness/base/mem.h"
#include "probes/probe_impl.h"

typedef struct stated_state {
    double load_w, idle_w;
    int cpus;
    int64_t start_ns, start_cpu_ns;
} stated_state;

// 1 W is 1 nJ per ns.
uint64_t eb_stated_energy_nj(double load_w, double idle_w, int64_t elapsed_ns, int64_t cpu_ns, int cpus)
{
    double base_w = isnan(idle_w) ? 0 : idle_w;
    double busy_ns = (double)cpu_ns / cpus;
    double nj = base_w * (double)elapsed_ns + (load_w - base_w) * busy_ns;
    return nj > 0 ? (uint64_t)nj : 0;
}

static int64_t process_cpu_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

// CPUs that the process may use: those are what full load means for it.
static int usable_cpus(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    int n = sched_getaffinity(0, sizeof set, &set) ? 0 : CPU_COUNT(&set);
    return n > 0 ? n : 1;
}

static void detect(const eb_probe_env *env, eb_probe_detection *out)
{
    double load_w = env->config->stated_load_w, idle_w = env->config->stated_idle_w;
    if (isnan(load_w))
        eb_probe_say(out, EB_PROBE_OFF,
                     "set stated_load_w (and stated_idle_w, stated_source, stated_date) in [probes] of the config; the "
                     "joules are then marked `estimate`",
                     isnan(idle_w) ? "no watts are stated for this machine"
                                   : "stated_idle_w is given but stated_load_w is not");
    else if (!(load_w > 0) || (!isnan(idle_w) && !(idle_w >= 0 && idle_w <= load_w)))
        eb_probe_say(out, EB_PROBE_OFF, "set 0 <= stated_idle_w <= stated_load_w",
                     "the stated watts contradict each other: %g W under load, %g W idle", load_w, idle_w);
}

static bool open_probe(eb_probe *probe, eb_err *err)
{
    (void)err; // the core says what detect says
    const eb_probe_config *config = probe->env.config;
    eb_probe_detection found = { 0 };
    detect(&probe->env, &found);
    if (found.state != EB_PROBE_OK)
        return false;
    stated_state *state = eb_alloc(sizeof *state);
    probe->state = state;
    state->load_w = config->stated_load_w;
    state->idle_w = config->stated_idle_w;
    state->cpus = usable_cpus();
    const eb_clock *clock = &probe->env.io->clock;
    state->start_ns = clock->now_ns(clock);
    state->start_cpu_ns = process_cpu_ns();
    probe->channels = eb_alloc(sizeof *probe->channels);
    probe->n = 1;
    eb_channel *c = &probe->channels[0];
    // The watts are those of the boundary that the user chose.
    *c = (eb_channel){
        .name = "stated/machine",
        .source = "stated",
        .domain = config->boundary == EB_BOUNDARY_COMPUTE ? EB_DOMAIN_PACKAGE : EB_DOMAIN_SYSTEM,
        .socket = -1,
        .die = -1,
        .quantity = EB_QUANTITY_ENERGY_UJ,
        .cumulative = true,
        .unit = 1,
        .scale = 1e-3,
        .grade = EB_GRADE_ESTIMATE,
        .scope = EB_SCOPE_MACHINE,
    };
    if (isnan(state->idle_w))
        snprintf(c->label, sizeof c->label, "stated %g W busy", state->load_w);
    else
        snprintf(c->label, sizeof c->label, "stated %g W load, %g W idle", state->load_w, state->idle_w);
    return true;
}

static void read_probe(eb_probe *probe, eb_sample *out)
{
    const stated_state *state = probe->state;
    const eb_clock *clock = &probe->env.io->clock;
    out->t_before_ns = clock->now_ns(clock);
    int64_t cpu_ns = process_cpu_ns() - state->start_cpu_ns;
    out->t_after_ns = clock->now_ns(clock);
    int64_t elapsed_ns = out->t_before_ns + (out->t_after_ns - out->t_before_ns) / 2 - state->start_ns;
    out->raw = eb_stated_energy_nj(state->load_w, state->idle_w, elapsed_ns, cpu_ns, state->cpus);
    out->status = EB_SAMPLE_OK;
}

static void close_probe(eb_probe *probe)
{
    free(probe->state);
}

const eb_probe_ops eb_probe_stated = {
    .name = "stated",
    .doc = "Estimate from stated watts: idle watts x time + (load - idle watts) x the process's share of the CPUs",
    .detect = detect,
    .open = open_probe,
    .read = read_probe,
    .close = close_probe,
};
