// SPDX-License-Identifier: Apache-2.0
// RAPL energy through /sys/class/powercap: zones by their `name`, each with its own wrap range, unit and
// power bound; and which zone repeats another. The rules are those of docs/energy-sources.md.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "probes/powercap_scan.h"

// Fallback bounds on the power of one zone: above any part sold, below what a reset counter implies.
static const double power_bounds_w[EB_DOMAIN_COUNT] = {
    [EB_DOMAIN_UNKNOWN] = 6000, [EB_DOMAIN_PACKAGE] = 1500, [EB_DOMAIN_CORE] = 1500,
    [EB_DOMAIN_UNCORE] = 500,   [EB_DOMAIN_DRAM] = 500,     [EB_DOMAIN_SYSTEM] = 6000,
};
static const double bound_over_limit = 4; // short peaks pass a power limit, but not by so much
static const double least_bound_w = 50;   // a limit that firmware left at a token value proves nothing

// The greatest power limit of the zone in W; 0 where it says none.
static double limit_w(const eb_io *io, const eb_powercap_found *f)
{
    static const char *const attributes[] = { "constraint_%d_power_limit_uw", "constraint_%d_max_power_uw" };
    double limit = 0;
    for (int i = 0; i < 4; i++) {
        for (size_t k = 0; k < 2; k++) {
            char attribute[48], path[160];
            snprintf(attribute, sizeof attribute, k ? attributes[1] : attributes[0], i);
            eb_powercap_path(path, sizeof path, f, attribute);
            uint64_t uw = 0;
            if (eb_io_read_u64(io, path, &uw) == 0)
                limit = fmax(limit, (double)uw * 1e-6);
        }
    }
    return limit;
}

static double power_bound_w(const eb_io *io, const eb_powercap_found *f, eb_domain domain)
{
    double limit = limit_w(io, f);
    double fallback = power_bounds_w[domain];
    if (limit <= 0)
        return fallback;
    return fmax(fmin(limit * bound_over_limit, fallback), least_bound_w);
}

static const eb_powercap_found *parent_of(const eb_powercap_scan *s, const eb_powercap_found *f)
{
    eb_powercap_zone parent;
    if (!eb_powercap_zone_parent(&f->zone, &parent))
        return NULL;
    for (int i = 0; i < s->n; i++)
        if (strcmp(s->items[i].zone.id, parent.id) == 0)
            return &s->items[i];
    return NULL;
}

static void fill_channel(const eb_powercap_scan *s, const eb_powercap_found *f, eb_channel *c)
{
    eb_powercap_name name = eb_powercap_name_parse(f->name);
    const eb_powercap_found *parent = parent_of(s, f);
    eb_powercap_name above = { .socket = -1, .die = -1 };
    if (parent)
        above = eb_powercap_name_parse(parent->name);
    *c = (eb_channel){
        .domain = f->zone.rapl ? name.domain : EB_DOMAIN_UNKNOWN,
        .socket = name.socket >= 0 ? name.socket : above.socket,
        .die = name.socket >= 0 ? name.die : above.die,
        .quantity = EB_QUANTITY_ENERGY_UJ,
        .cumulative = true,
        .max_range = f->max_range,
        .scale = 1,
        .period_ns = 1000000,
        .grade = EB_GRADE_COUNTER,
        .scope = EB_SCOPE_MACHINE,
    };
    snprintf(c->name, sizeof c->name, "powercap/%s", f->zone.id);
    snprintf(c->source, sizeof c->source, "powercap");
    snprintf(c->zone, sizeof c->zone, "%s", f->zone.id);
    snprintf(c->label, sizeof c->label, "%s", f->name);
    eb_powercap_wrap(f->max_range, &c->unit, &c->modulus);
    if (c->modulus == 0)
        snprintf(c->note, sizeof c->note, "max_energy_range_uj is not usable: a wrap will be taken for a reset");
    c->power_max_w = power_bound_w(s->io, f, c->domain);
}

// The same counter shown by two interfaces: the zone of the one that ranks lower repeats the other. A zone of
// unknown kind is never summed and so repeats nothing.
static bool repeats(const eb_powercap_found *a, const eb_channel *ca, const eb_powercap_found *b, const eb_channel *cb)
{
    if (strcmp(a->zone.type, b->zone.type) == 0 || ca->domain == EB_DOMAIN_UNKNOWN)
        return false;
    return ca->domain == cb->domain && ca->socket == cb->socket && ca->die == cb->die &&
           strcmp(ca->label, cb->label) == 0 && eb_powercap_zone_compare(&a->zone, &b->zone) > 0;
}

static void set_repeats(eb_channel *c, const eb_channel *original)
{
    c->duplicate = true;
    memcpy(c->repeats, original->name, sizeof c->repeats);
}

// Platform energy is one: kernels that do not number it show it once for each package. The first that reads is taken
// for the original, and another one counts where that turns out to be dead.
static void mark_second_platforms(eb_channel *channels, int n)
{
    const eb_channel *first = NULL;
    for (int i = 0; i < n; i++) {
        eb_channel *c = &channels[i];
        if (c->domain != EB_DOMAIN_SYSTEM || c->duplicate)
            continue;
        if (first)
            set_repeats(c, first);
        if (first && c->grade != EB_GRADE_NONE)
            snprintf(c->note, sizeof c->note, "a second psys: it may be in the first one");
        first = first ? first : c;
    }
}

static void mark_duplicates(const eb_powercap_scan *s, eb_channel *channels)
{
    for (int i = 0; i < s->n; i++)
        for (int j = 0; j < s->n && !channels[i].duplicate && s->items[i].errnum == 0; j++)
            if (s->items[j].errnum == 0 && repeats(&s->items[i], &channels[i], &s->items[j], &channels[j]))
                set_repeats(&channels[i], &channels[j]);
    mark_second_platforms(channels, s->n);
}

// Another zone measures what this one would, by the same name: it is listed, so that it is seen which one is taken.
static bool is_replaced(const eb_channel *unread, const eb_channel *good, int n)
{
    bool replaced = false;
    for (int i = 0; i < n && !replaced; i++)
        replaced = unread->domain != EB_DOMAIN_UNKNOWN && good[i].domain == unread->domain &&
                   good[i].socket == unread->socket && good[i].die == unread->die &&
                   strcmp(good[i].label, unread->label) == 0;
    return replaced;
}

// Those that read come first. Of the others only those stay, unread, that a sum would lack without a word, and those in
// whose place another one counts.
static void part_unreadable(eb_powercap_scan *s, eb_channel *channels)
{
    eb_powercap_found *items = eb_alloc((size_t)s->n * sizeof *items + 1);
    eb_channel *parted = eb_alloc((size_t)s->n * sizeof *parted + 1);
    int good = 0;
    for (int i = 0; i < s->n; i++)
        if (s->items[i].errnum == 0) {
            parted[good] = channels[i];
            items[good++] = s->items[i];
        }
    int kept = good;
    for (int i = 0; i < s->n; i++) {
        eb_powercap_found f = s->items[i];
        if (f.errnum == 0)
            continue;
        if (f.handle >= 0)
            s->io->close(s->io, f.handle);
        f.handle = -1;
        if (!eb_probe_worth_naming(&channels[i], parted, kept) && !is_replaced(&channels[i], parted, good))
            continue;
        parted[kept] = channels[i];
        eb_probe_unread(&parted[kept], eb_powercap_why(f.errnum));
        items[kept++] = f;
    }
    if (kept > 0) {
        memcpy(s->items, items, (size_t)kept * sizeof *items);
        memcpy(channels, parted, (size_t)kept * sizeof *parted);
    }
    s->n = kept;
    free(items);
    free(parted);
}

static bool open_probe(eb_probe *probe, eb_err *err)
{
    (void)err; // the core says what detect says
    eb_powercap_scan *s = eb_alloc(sizeof *s);
    eb_powercap_scan_zones(probe->env.io, s);
    probe->state = s;
    probe->channels = eb_alloc((size_t)(s->n + 1) * sizeof *probe->channels);
    for (int i = 0; i < s->n; i++)
        fill_channel(s, &s->items[i], &probe->channels[i]); // a parent gives its socket even if it does not read
    part_unreadable(s, probe->channels);
    mark_duplicates(s, probe->channels);
    probe->n = s->n;
    return probe->n > 0;
}

static void read_probe(eb_probe *probe, eb_sample *out)
{
    const eb_powercap_scan *s = probe->state;
    for (int i = 0; i < s->n; i++)
        if (s->items[i].errnum == 0)
            eb_probe_sample_handle(s->io, s->items[i].handle, &out[i]);
        else
            eb_probe_sample_unread(s->io, s->items[i].errnum, &out[i]);
}

static void close_probe(eb_probe *probe)
{
    if (probe->state)
        eb_powercap_scan_deinit(probe->state);
    free(probe->state);
}

const eb_probe_ops eb_probe_powercap = {
    .name = "powercap",
    .doc = "RAPL energy counters of packages, cores, DRAM and platform through the kernel's powercap interface",
    .detect = eb_powercap_detect,
    .open = open_probe,
    .read = read_probe,
    .close = close_probe,
};
