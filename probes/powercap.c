// SPDX-License-Identifier: Apache-2.0
// RAPL energy through /sys/class/powercap: zones by their `name`, each with its own wrap range, unit and
// power bound; which zone repeats another; and, where nothing can be read, why and what to do.
// The rules are those of docs/energy-sources.md; a zone counts as available after an open and two good reads.
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "probes/probe_impl.h"
#include "probes/powercap_zone.h"

#define CLASS "/sys/class/powercap"

enum { MAX_ZONES = 1024, EMPTY_TRIES = 10, EMPTY_PAUSE_NS = 1000000 };

// Fallback bounds on the power of one zone: above any part sold, below what a reset counter implies.
static const double power_bounds_w[EB_DOMAIN_COUNT] = {
    [EB_DOMAIN_UNKNOWN] = 6000, [EB_DOMAIN_PACKAGE] = 1500, [EB_DOMAIN_CORE] = 1500,
    [EB_DOMAIN_UNCORE] = 500,   [EB_DOMAIN_DRAM] = 500,     [EB_DOMAIN_SYSTEM] = 6000,
};
static const double bound_over_limit = 4; // short peaks pass a power limit, but not by so much
static const double least_bound_w = 50;   // a limit that firmware left at a token value proves nothing

typedef struct found {
    eb_powercap_zone zone;
    char name[48]; // of the `name` file
    int errnum;    // why it cannot be read; 0 = it can
    int handle;    // kept, -1 = none
    uint64_t max_range, value;
} found;

typedef struct scan {
    const eb_io *io;
    found *items;
    int n, cap;
    int errnum; // of the listing itself
    int n_good;
} scan;

static void attribute_path(char *buf, size_t size, const found *f, const char *attribute)
{
    snprintf(buf, size, CLASS "/%s/%s", f->zone.id, attribute);
}

static void visit_entry(void *arg, const char *name)
{
    scan *s = arg;
    found f = { .handle = -1 };
    if (s->n >= MAX_ZONES || !eb_powercap_zone_parse(name, &f.zone))
        return;
    EB_GROW(s->items, s->n, s->cap);
    s->items[s->n++] = f;
}

static int compare(const void *a, const void *b)
{
    return eb_powercap_zone_compare(&((const found *)a)->zone, &((const found *)b)->zone);
}

// An empty read may be a writer between truncating and writing (never the kernel): it must not cost the zone its run.
static int read_patiently(const eb_io *io, int handle, uint64_t *value)
{
    int rc = eb_io_pread_u64(io, handle, value);
    for (int i = 0; i < EMPTY_TRIES && rc == -EBADMSG; i++) {
        io->clock.sleep_until_ns(&io->clock, io->clock.now_ns(&io->clock) + EMPTY_PAUSE_NS);
        rc = eb_io_pread_u64(io, handle, value);
    }
    return rc;
}

// Found in a folder is not available: opens the counter and reads it twice.
static void try_zone(const eb_io *io, found *f)
{
    char path[160];
    attribute_path(path, sizeof path, f, "name");
    if (eb_io_read_line(io, path, f->name, sizeof f->name) < 0)
        f->name[0] = '\0';
    eb_probe_make_printable(f->name);
    attribute_path(path, sizeof path, f, "energy_uj");
    f->handle = io->open(io, path);
    if (f->handle < 0) {
        f->errnum = -f->handle;
        return;
    }
    for (int i = 0; i < 2 && f->errnum == 0; i++)
        f->errnum = -read_patiently(io, f->handle, &f->value);
    attribute_path(path, sizeof path, f, "max_energy_range_uj");
    if (eb_io_read_u64(io, path, &f->max_range) || f->value > f->max_range)
        f->max_range = 0; // a range that the counter is beyond of is not its range
}

static void scan_zones(const eb_io *io, scan *out)
{
    *out = (scan){ .io = io };
    out->errnum = -io->list(io, CLASS, visit_entry, out);
    if (out->n)
        qsort(out->items, (size_t)out->n, sizeof *out->items, compare);
    int kept = 0;
    for (int i = 0; i < out->n; i++) {
        found *f = &out->items[i];
        try_zone(io, f);
        // Power caps of other kinds (dtpm, idle injection) need not have an energy counter.
        if (!f->zone.rapl && f->errnum == ENOENT)
            continue;
        out->n_good += f->errnum == 0;
        out->items[kept++] = *f;
    }
    out->n = kept;
}

static void scan_deinit(scan *s)
{
    for (int i = 0; i < s->n; i++)
        if (s->items[i].handle >= 0)
            s->io->close(s->io, s->items[i].handle);
    free(s->items);
}

// ---- detect ----

static const char *what_went_wrong(int errnum)
{
    return eb_probe_why("powercap", errnum);
}

static void say_no_device(const scan *s, eb_probe_detection *out)
{
    const char *what = s->errnum == ENOENT || s->errnum == ENOTDIR ? CLASS " is not there" : CLASS " lists no zones";
    if (eb_probe_is_virtual(s->io))
        eb_probe_say(out, EB_PROBE_NO_DEVICE,
                     "measure on the host, use an external meter, or state the watts of this machine: "
                     "[probes] stated_load_w and stated_idle_w",
                     "%s; this is a virtual machine (flag hypervisor in /proc/cpuinfo), and hypervisors pass no RAPL "
                     "counters on",
                     what);
    else
        eb_probe_say(out, EB_PROBE_NO_DEVICE,
                     "on a machine with RAPL (Intel since 2012, AMD Zen): sudo modprobe intel_rapl_msr; "
                     "otherwise state the watts: [probes] stated_load_w and stated_idle_w",
                     "%s: no driver for RAPL is loaded, or this machine has none", what);
}

static void say_no_permission(const eb_io *io, const char *path, eb_probe_detection *out)
{
    static const char remedy[] =
        "for all users until the next boot: sudo chmod a+r " CLASS "/*/energy_uj; for a group and for good: the udev "
        "rule 99-effbench-rapl.rules (docs/permissions.md); for this program alone: sudo setcap "
        "cap_dac_read_search=ep effbench";
    int mode = io->mode(io, path);
    char shown[32] = "mode not readable";
    if (mode >= 0)
        snprintf(shown, sizeof shown, "mode %04o", (unsigned)mode);
    eb_probe_say(out, EB_PROBE_NO_PERMISSION, remedy, "%s: %s (%s; only root may read it since CVE-2020-8694)", path,
                 strerror(EACCES), shown);
}

static const char driver_remedy[] =
    "reload the driver (sudo modprobe -r intel_rapl_msr; sudo modprobe intel_rapl_msr) and look at dmesg";

// None of the zones reads; the first speaks for all.
static void say_unreadable(const scan *s, eb_probe_detection *out)
{
    const found *f = &s->items[0];
    for (int i = 0; i < s->n; i++)
        if (s->items[i].errnum == EACCES || s->items[i].errnum == EPERM) {
            f = &s->items[i];
            break;
        }
    char path[160];
    attribute_path(path, sizeof path, f, "energy_uj");
    if (f->errnum == EACCES || f->errnum == EPERM) {
        say_no_permission(s->io, path, out);
        return;
    }
    if (f->errnum == ENOENT || f->errnum == ENODEV) {
        eb_probe_say(out, EB_PROBE_NO_DEVICE, "", "%s: %s: the zone has no energy counter", path,
                     what_went_wrong(f->errnum));
        return;
    }
    eb_probe_say(out, EB_PROBE_NO_DRIVER, driver_remedy, "%s: %s: the driver does not deliver", path,
                 what_went_wrong(f->errnum));
}

// The zones that fail with `errnum`, behind those that are in `names` already: "a, b (why)".
static size_t name_zones(const scan *s, int errnum, char *names, size_t size, size_t used)
{
    bool first = true;
    for (int i = 0; i < s->n && used < size; i++) {
        if (s->items[i].errnum != errnum)
            continue;
        const char *separator = first ? (used ? "; " : "") : ", ";
        used += (size_t)snprintf(names + used, size - used, "%s%s", separator, s->items[i].zone.id);
        first = false;
    }
    if (used < size)
        used += (size_t)snprintf(names + used, size - used, " (%s)", what_went_wrong(errnum));
    return used;
}

static void say_partial(const scan *s, eb_probe_detection *out)
{
    char names[200] = "";
    size_t used = 0;
    bool permission = false, driver = false;
    for (int i = 0; i < s->n; i++) {
        int errnum = s->items[i].errnum;
        bool named = errnum == 0;
        for (int k = 0; k < i; k++)
            named |= s->items[k].errnum == errnum;
        if (!named && used < sizeof names)
            used = name_zones(s, errnum, names, sizeof names, used);
        permission |= errnum == EACCES || errnum == EPERM;
        driver |= errnum != 0 && errnum != ENOENT && errnum != ENODEV;
    }
    const char *remedy = permission ? "sudo chmod a+r " CLASS "/*/energy_uj" : driver ? driver_remedy : "";
    eb_probe_say(out, EB_PROBE_PARTIAL, remedy, "%d of %d zones cannot be read: %s%s", s->n - s->n_good, s->n, names,
                 used >= sizeof names ? " ..." : "");
}

static void detect(const eb_probe_env *env, eb_probe_detection *out)
{
    scan s;
    scan_zones(env->io, &s);
    out->parts = s.n > s.n_good;
    if (s.errnum == EACCES || s.errnum == EPERM)
        say_no_permission(env->io, CLASS, out);
    else if (s.n == 0)
        say_no_device(&s, out);
    else if (s.n_good == 0)
        say_unreadable(&s, out);
    else if (s.n_good < s.n)
        say_partial(&s, out);
    scan_deinit(&s);
}

// ---- open ----

// The greatest power limit of the zone in W; 0 where it says none.
static double limit_w(const eb_io *io, const found *f)
{
    static const char *const attributes[] = { "constraint_%d_power_limit_uw", "constraint_%d_max_power_uw" };
    double limit = 0;
    for (int i = 0; i < 4; i++) {
        for (size_t k = 0; k < 2; k++) {
            char attribute[48], path[160];
            snprintf(attribute, sizeof attribute, k ? attributes[1] : attributes[0], i);
            attribute_path(path, sizeof path, f, attribute);
            uint64_t uw = 0;
            if (eb_io_read_u64(io, path, &uw) == 0)
                limit = fmax(limit, (double)uw * 1e-6);
        }
    }
    return limit;
}

static double power_bound_w(const eb_io *io, const found *f, eb_domain domain)
{
    double limit = limit_w(io, f);
    double fallback = power_bounds_w[domain];
    if (limit <= 0)
        return fallback;
    return fmax(fmin(limit * bound_over_limit, fallback), least_bound_w);
}

static const found *parent_of(const scan *s, const found *f)
{
    eb_powercap_zone parent;
    if (!eb_powercap_zone_parent(&f->zone, &parent))
        return NULL;
    for (int i = 0; i < s->n; i++)
        if (strcmp(s->items[i].zone.id, parent.id) == 0)
            return &s->items[i];
    return NULL;
}

static void fill_channel(const scan *s, const found *f, eb_channel *c)
{
    eb_powercap_name name = eb_powercap_name_parse(f->name);
    const found *parent = parent_of(s, f);
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
static bool repeats(const found *a, const eb_channel *ca, const found *b, const eb_channel *cb)
{
    if (strcmp(a->zone.type, b->zone.type) == 0 || ca->domain == EB_DOMAIN_UNKNOWN)
        return false;
    return ca->domain == cb->domain && ca->socket == cb->socket && ca->die == cb->die &&
           strcmp(ca->label, cb->label) == 0 && eb_powercap_zone_compare(&a->zone, &b->zone) > 0;
}

// Platform energy is one: kernels that do not number it show it once for each package.
static bool is_second_platform(const eb_channel *channels, int i)
{
    for (int j = 0; j < i && channels[i].domain == EB_DOMAIN_SYSTEM; j++)
        if (channels[j].domain == EB_DOMAIN_SYSTEM && channels[j].grade != EB_GRADE_NONE)
            return true;
    return false;
}

static void mark_duplicates(const scan *s, eb_channel *channels)
{
    for (int i = 0; i < s->n; i++) {
        for (int j = 0; j < s->n && !channels[i].duplicate; j++)
            channels[i].duplicate = repeats(&s->items[i], &channels[i], &s->items[j], &channels[j]);
        if (!channels[i].duplicate && is_second_platform(channels, i)) {
            channels[i].duplicate = true;
            snprintf(channels[i].note, sizeof channels[i].note, "a second psys: it may be in the first one");
        }
    }
}

// Those that read come first. Of the others only those stay, unread, that a sum would lack without a word.
static void part_unreadable(scan *s, eb_channel *channels)
{
    found *items = eb_alloc((size_t)s->n * sizeof *items + 1);
    eb_channel *parted = eb_alloc((size_t)s->n * sizeof *parted + 1);
    int good = 0;
    for (int i = 0; i < s->n; i++)
        if (s->items[i].errnum == 0) {
            parted[good] = channels[i];
            items[good++] = s->items[i];
        }
    int kept = good;
    for (int i = 0; i < s->n; i++) {
        found f = s->items[i];
        if (f.errnum == 0)
            continue;
        if (f.handle >= 0)
            s->io->close(s->io, f.handle);
        f.handle = -1;
        if (!eb_probe_worth_naming(&channels[i], parted, kept))
            continue;
        parted[kept] = channels[i];
        eb_probe_unread(&parted[kept], what_went_wrong(f.errnum));
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
    scan *s = eb_alloc(sizeof *s);
    scan_zones(probe->env.io, s);
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
    const scan *s = probe->state;
    for (int i = 0; i < s->n; i++)
        if (s->items[i].errnum == 0)
            eb_probe_sample_handle(s->io, s->items[i].handle, &out[i]);
        else
            eb_probe_sample_unread(s->io, s->items[i].errnum, &out[i]);
}

static void close_probe(eb_probe *probe)
{
    if (probe->state)
        scan_deinit(probe->state);
    free(probe->state);
}

const eb_probe_ops eb_probe_powercap = {
    .name = "powercap",
    .doc = "RAPL energy counters of packages, cores, DRAM and platform through the kernel's powercap interface",
    .detect = detect,
    .open = open_probe,
    .read = read_probe,
    .close = close_probe,
};
