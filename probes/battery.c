// SPDX-License-Identifier: Apache-2.0
// Batteries: what the machine takes while it runs on them and on nothing else. Each by the best that its driver has:
// power_now, current_now x voltage_now, their averages, else what energy_now or charge_now has lost
// (probes/battery_supply.c). With a charger online, a battery that charges, or none that discharges, no reading is the
// machine's power: it is missing, with the reason. A battery that rests beside one that discharges gives 0 W. How often
// a value is updated no driver says: it is measured.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "probes/battery_supply.h"
#include "probes/probe_impl.h"
#include "probes/sysfs.h"

#define CLASS EB_SUPPLY_CLASS

static const double power_bound_w = 1000;
static const double counter_bound_w = 1e5; // one update may bring the energy of a minute

// ---- detect ----

// All of them or none: what one battery gives beside another that cannot be read is not what the machine takes.
static const eb_supply *unreadable(const eb_supplies *s)
{
    const eb_supply *bad = NULL;
    for (int i = 0; i < s->n; i++)
        if (s->items[i].battery && s->items[i].method < 0 && (!bad || eb_sysfs_refused(s->items[i].errnum)))
            bad = &s->items[i];
    return bad;
}

static void say_unreadable(const eb_supply *s, eb_probe_detection *out)
{
    char remedy[128];
    snprintf(remedy, sizeof remedy, "until the next boot: sudo chmod a+r " CLASS "/%s/*", s->name);
    if (eb_sysfs_refused(s->errnum))
        eb_probe_say(out, EB_PROBE_NO_PERMISSION, remedy, CLASS "/%s/%s: %s", s->name, s->bad_file,
                     strerror(s->errnum));
    else if (s->errnum == ENOENT)
        eb_probe_say(out, EB_PROBE_NO_DRIVER, "",
                     CLASS
                     "/%s has neither power_now, nor current_now with voltage_now, nor energy_now, nor charge_now "
                     "with voltage_now",
                     s->name);
    else
        eb_probe_say(out, EB_PROBE_NO_DRIVER, "look at dmesg for what the battery's driver says", CLASS "/%s/%s %s",
                     s->name, s->bad_file, eb_probe_why("battery", s->errnum));
}

static void say_obstacle(const eb_io *io, const eb_supply *s, eb_probe_detection *out)
{
    static const char unplug[] = "unplug the charger for as long as is measured";
    char status[24];
    eb_flow flow;
    if (!s->battery) {
        eb_probe_say(out, EB_PROBE_OFF, unplug, CLASS "/%s is online: the machine does not run on its battery alone",
                     s->name);
        return;
    }
    int errnum = eb_supply_status(io, s, status, sizeof status, &flow);
    if (flow == EB_FLOW_UNTOLD)
        eb_probe_say(out, eb_sysfs_refused(errnum) ? EB_PROBE_NO_PERMISSION : EB_PROBE_NO_DRIVER,
                     "look at dmesg for what the battery's driver says",
                     CLASS "/%s/status does not say whether it discharges", s->name);
    else
        eb_probe_say(out, EB_PROBE_OFF, unplug,
                     CLASS "/%s/status is '%s': only a battery that discharges says what the machine takes", s->name,
                     status);
}

// Do those that discharge say that they give nothing?
static bool all_zero(eb_supplies *s, const eb_flow *flows)
{
    for (int i = 0; i < s->n; i++) {
        eb_supply *item = &s->items[i];
        int64_t value = 0;
        if (item->battery && flows[i] == EB_FLOW_DISCHARGES &&
            (eb_supply_is_counter(item) || (eb_supply_read(s->io, item, &value) == 0 && value > 0)))
            return false;
    }
    return true;
}

// False, and why, where nothing can be measured.
static bool judge(eb_supplies *s, eb_probe_detection *out)
{
    eb_flow flows[EB_SUPPLIES];
    const eb_supply *bad = unreadable(s), *obstacle = eb_supplies_obstacle(s, flows);
    if (s->n_batteries == 0 && eb_sysfs_refused(s->errnum))
        eb_probe_say(out, EB_PROBE_NO_PERMISSION, "sudo chmod a+rx " CLASS, CLASS ": %s", strerror(s->errnum));
    else if (s->n_batteries == 0)
        eb_probe_say(out, EB_PROBE_NO_DEVICE, "", "no battery of the machine in " CLASS);
    else if (bad)
        say_unreadable(bad, out);
    else if (obstacle)
        say_obstacle(s->io, obstacle, out);
    else if (all_zero(s, flows))
        eb_probe_say(out, EB_PROBE_NO_DRIVER, "some say 0 W until seconds after the charger was unplugged: try again",
                     "the batteries discharge and say that they give 0 W");
    else
        return true;
    return false;
}

static void detect(const eb_probe_env *env, eb_probe_detection *out)
{
    eb_supplies *s = eb_alloc(sizeof *s);
    eb_supplies_scan(env->io, s);
    judge(s, out);
    eb_supplies_deinit(s);
    free(s);
}

// ---- open ----

static void fill_channel(const eb_io *io, const eb_supply *s, eb_channel *c)
{
    bool counter = eb_supply_is_counter(s);
    *c = (eb_channel){
        .source = "battery",
        .domain = EB_DOMAIN_SYSTEM,
        .socket = -1,
        .die = -1,
        .quantity = counter ? EB_QUANTITY_ENERGY_UJ : EB_QUANTITY_POWER_UW,
        .cumulative = counter,
        .unit = eb_supply_unit_uj(io, s),
        .scale = 1,
        .power_max_w = counter ? counter_bound_w : power_bound_w,
        .grade = EB_GRADE_SAMPLED,
        .scope = EB_SCOPE_MACHINE,
    };
    snprintf(c->name, sizeof c->name, "battery/%s", s->name);
    snprintf(c->zone, sizeof c->zone, "%s", s->name);
    snprintf(c->label, sizeof c->label, "%s", s->name);
    if (counter)
        snprintf(c->note, sizeof c->note, "what %s has lost, in steps of %.3g J", eb_supply_file(s), c->unit / 1e6);
}

static bool open_probe(eb_probe *probe, eb_err *err)
{
    (void)err; // the core says what detect says
    eb_probe_detection why;
    eb_supplies *s = eb_alloc(sizeof *s);
    eb_supplies_scan(probe->env.io, s);
    probe->state = s;
    if (!judge(s, &why))
        return false;
    probe->channels = eb_alloc((size_t)s->n_batteries * sizeof *probe->channels);
    for (int i = 0; i < s->n; i++)
        if (s->items[i].battery)
            fill_channel(s->io, &s->items[i], &probe->channels[probe->n++]);
    return true;
}

// ---- read ----

static void read_battery(const eb_io *io, eb_supply *s, eb_sample *out)
{
    int64_t value = 0;
    out->t_before_ns = io->clock.now_ns(&io->clock);
    int rc = eb_supply_read(io, s, &value);
    out->t_after_ns = io->clock.now_ns(&io->clock);
    out->raw = (uint64_t)value;
    eb_probe_sample_result(rc, out);
}

// What a battery says while others decide whether it counts. Gone: its folder, and its status with it.
static void qualify(const eb_io *io, const eb_supply *s, eb_flow flow, bool blocked, eb_sample *out)
{
    char text[24];
    int errnum = flow == EB_FLOW_UNTOLD ? eb_supply_status(io, s, text, sizeof text, &flow) : 0;
    bool ok = out->status == EB_SAMPLE_OK;
    if (errnum && eb_probe_status(errnum) == EB_SAMPLE_GONE)
        eb_probe_sample_result(-errnum, out);
    else if (ok && (blocked || (flow == EB_FLOW_RESTS && out->raw != 0 && !eb_supply_is_counter(s))))
        eb_probe_sample_result(-EBUSY, out);
}

static void read_probe(eb_probe *probe, eb_sample *out)
{
    eb_supplies *s = probe->state;
    eb_flow flows[EB_SUPPLIES];
    bool blocked = eb_supplies_obstacle(s, flows) != NULL, power = false;
    int n = 0;
    for (int i = 0; i < s->n; i++) {
        if (!s->items[i].battery)
            continue;
        read_battery(s->io, &s->items[i], &out[n]);
        qualify(s->io, &s->items[i], flows[i], blocked, &out[n]);
        power |= out[n].status == EB_SAMPLE_OK && out[n].raw != 0;
        n++;
    }
    // Nothing runs on nothing.
    for (int i = 0; i < n && !power; i++)
        if (out[i].status == EB_SAMPLE_OK)
            eb_probe_sample_result(-EDOM, &out[i]);
}

static void close_probe(eb_probe *probe)
{
    if (probe->state)
        eb_supplies_deinit(probe->state);
    free(probe->state);
}

static const char *why(int errnum)
{
    return errnum == EBUSY    ? "a charger is online, or a battery does not discharge"
           : errnum == EDOM   ? "the batteries say that they give 0 W"
           : errnum == ERANGE ? "holds a value that no battery has"
                              : NULL;
}

const eb_probe_ops eb_probe_battery = {
    .name = "battery",
    .doc = "What the machine takes from its batteries while it runs on them alone",
    .detect = detect,
    .open = open_probe,
    .read = read_probe,
    .close = close_probe,
    .why = why,
};
