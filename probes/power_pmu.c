// SPDX-License-Identifier: Apache-2.0
// The PMU `power` from its folder in /sys.
#include "probes/power_pmu.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/units.h"
#include "probes/powercap_zone.h"
#include "probes/probe_impl.h"

#define PMU      EB_POWER_PMU
#define POWERCAP "/sys/class/powercap"

// What the kernel calls them. With the power that it cannot exceed and the coarsest unit
// seen, in uJ.
static const struct {
    const char *name;
    eb_domain domain;
    double bound_w, coarsest_unit_uj;
} known[] = {
    { "energy-pkg", EB_DOMAIN_PACKAGE, 1500, 61.03515625 }, { "energy-cores", EB_DOMAIN_CORE, 1500, 61.03515625 },
    { "energy-ram", EB_DOMAIN_DRAM, 500, 61.03515625 },     { "energy-gpu", EB_DOMAIN_UNCORE, 500, 61.03515625 },
    { "energy-psys", EB_DOMAIN_SYSTEM, 6000, 1e6 },
};
static ssize_t read_pmu(const eb_io *io, const char *folder, const char *name, const char *suffix, char *buf,
                        size_t size)
{
    char path[160];
    snprintf(path, sizeof path, PMU "%s/%s%s", folder, name, suffix);
    return eb_io_read_line(io, path, buf, size);
}

static void visit_event(void *arg, const char *name)
{
    eb_power_pmu *pmu = arg;
    if (strncmp(name, "energy-", 7) != 0 || strlen(name) >= sizeof pmu->events[0].name || strchr(name, '.') ||
        pmu->n_events == EB_POWER_EVENTS_MAX)
        return;
    eb_power_event *e = &pmu->events[pmu->n_events++];
    *e = (eb_power_event){ .rank = INT_MAX, .bound_w = 6000, .coarsest_unit_uj = 61.03515625 };
    memcpy(e->name, name, strlen(name));
    eb_probe_make_printable(e->name);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i].name, e->name) != 0)
            continue;
        e->rank = (int)i;
        e->domain = known[i].domain;
        e->bound_w = known[i].bound_w;
        e->coarsest_unit_uj = known[i].coarsest_unit_uj;
    }
}

// By table, then by name, so that a folder's order does not show.
static int compare_events(const void *a, const void *b)
{
    const eb_power_event *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void put_term(const eb_io *io, eb_power_event *e, const char *name, uint64_t value)
{
    eb_pmu_field field = { 0, UINT64_MAX };
    char text[64];
    static const char *const words[EB_PMU_CONFIGS] = { "config", "config1", "config2" };
    int word = -1;
    for (int i = 0; i < EB_PMU_CONFIGS; i++)
        if (strcmp(name, words[i]) == 0)
            word = i;
    if (word >= 0)
        field.config = word;
    else if (read_pmu(io, "/format", name, "", text, sizeof text) < 0) {
        if (strcmp(name, "event") != 0) // its place is the same in every PMU
            snprintf(e->why, sizeof e->why, "its term %s is not in %s", name, "format/");
    } else if (!eb_pmu_field_parse(text, &field)) {
        snprintf(e->why, sizeof e->why, "format/%s is not understood", name);
    }
    if (!e->why[0] && !eb_pmu_field_put(&field, value, e->config))
        snprintf(e->why, sizeof e->why, "its %s does not fit format/%s", name, name);
}

static void describe_event(const eb_io *io, eb_power_event *e)
{
    char text[128], name[32];
    uint64_t value = 0;
    int rc = 0, terms = 0;
    const char *rest = text;
    if (read_pmu(io, "/events", e->name, "", text, sizeof text) > 0)
        for (; !e->why[0] && (rc = eb_pmu_term_next(&rest, name, &value)) == 1; terms++)
            put_term(io, e, name, value);
    if (!e->why[0] && (rc < 0 || terms == 0))
        snprintf(e->why, sizeof e->why, "events/%s is not understood", e->name);
    if (e->why[0])
        return;
    double scale_j = 0;
    if (read_pmu(io, "/events", e->name, ".unit", text, sizeof text) < 0)
        text[0] = '\0';
    eb_probe_make_printable(text);
    if (strcmp(text, "Joules") != 0)
        snprintf(e->why, sizeof e->why, "its unit is '%.32s' and not Joules", text);
    else if (read_pmu(io, "/events", e->name, ".scale", text, sizeof text) <= 0 ||
             (eb_probe_make_printable(text), !eb_parse_double(text, &scale_j, NULL)) || scale_j < 1e-15 ||
             scale_j > 1e3)
        snprintf(e->why, sizeof e->why, "events/%s.scale is no number of joules", e->name);
    e->scale_uj = scale_j * 1e6;
}

bool eb_power_pmu_read(const eb_io *io, eb_power_pmu *out)
{
    *out = (eb_power_pmu){ .io = io };
    char text[4096];
    int rc = eb_io_read_u64(io, PMU "/type", &out->type);
    if (rc == -EBADMSG || (rc == 0 && out->type > UINT32_MAX)) {
        snprintf(out->problem, sizeof out->problem, PMU "/type is no number");
        return false;
    }
    out->errnum = -rc;
    if (rc)
        return false;
    rc = (int)eb_io_read_line(io, PMU "/cpumask", text, sizeof text);
    out->n_cpus = rc < 0 ? -1 : eb_pmu_cpus_parse(text, out->cpus, EB_PMU_CPUS_MAX);
    if (out->n_cpus < 0) {
        out->n_cpus = 0;
        snprintf(out->problem, sizeof out->problem, PMU "/cpumask: %s",
                 rc < 0  ? strerror(-rc)
                 : *text ? "is no list of CPUs"
                         : "is empty: no CPU reads this PMU");
        return false;
    }
    rc = io->list(io, PMU "/events", visit_event, out);
    if (out->n_events == 0) {
        snprintf(out->problem, sizeof out->problem, PMU "/events: %s",
                 rc < 0 ? strerror(-rc) : "no energy is among them");
        return false;
    }
    qsort(out->events, (size_t)out->n_events, sizeof *out->events, compare_events);
    for (int i = 0; i < out->n_events; i++)
        describe_event(io, &out->events[i]);
    return true;
}

// ---- the hardware's unit, which the PMU does not tell: powercap's ranges are readable where its counters are not ----

typedef struct units {
    const eb_io *io;
    double *uj;
} units;

static void visit_zone(void *arg, const char *entry)
{
    units *u = arg;
    eb_powercap_zone zone;
    char path[160], name[48];
    uint64_t range = 0, modulus;
    double unit = 0;
    if (!eb_powercap_zone_parse(entry, &zone) || !zone.rapl)
        return;
    snprintf(path, sizeof path, POWERCAP "/%s/name", zone.id);
    if (eb_io_read_line(u->io, path, name, sizeof name) <= 0)
        return;
    snprintf(path, sizeof path, POWERCAP "/%s/max_energy_range_uj", zone.id);
    if (eb_io_read_u64(u->io, path, &range) == 0)
        eb_powercap_wrap(range, &unit, &modulus);
    eb_domain domain = eb_powercap_name_parse(name).domain;
    u->uj[domain] = fmax(u->uj[domain], unit);
}

void eb_power_units_read(const eb_io *io, double unit_uj[EB_DOMAIN_COUNT])
{
    units u = { io, unit_uj };
    memset(unit_uj, 0, EB_DOMAIN_COUNT * sizeof *unit_uj);
    io->list(io, POWERCAP, visit_zone, &u);
}
