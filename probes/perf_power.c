// SPDX-License-Identifier: Apache-2.0
// RAPL energy through the kernel's perf PMU `power`, opened as its folder in /sys describes it: one system-wide event
// per energy and CPU of `cpumask` (one CPU per package or die). It needs CAP_PERFMON where powercap needs root, and
// is powercap's cross-check where both work. The rules are those of docs/energy-sources.md.
// Events are those of eb_io: a rooted or replayed tree has its own and never asks the kernel.
#include <errno.h>
#include <linux/perf_event.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "probes/power_pmu.h"
#include "probes/probe_impl.h"

#define PMU EB_POWER_PMU

enum { MAX_ITEMS = 1024, VALUES = 3 };

// The kernel's timer that keeps the 32-bit counters from wrapping unseen is sized for 200 W: real packages draw more.
static const int64_t gap_max_ns = 60000000000;
// An active event's running time goes on with every read; one that stopped has lost its CPU.
static const int64_t stopped_ns = 50000000;

typedef struct item {
    int event, cpu, socket, die;
    int handle, errnum;
    uint64_t running; // time that the event has run, as last seen
    int64_t ran_ns;   // when it was last seen to go on
    bool timed;       // it was seen to go on
} item;

typedef struct scan {
    const eb_io *io;
    eb_power_pmu pmu;
    item *items;
    int n, n_good;
    double unit_uj[EB_DOMAIN_COUNT]; // the hardware's; 0 = not known
} scan;

// ---- opening ----

static int topology(const eb_io *io, int cpu, const char *what)
{
    char path[96];
    uint64_t value;
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/%s", cpu, what);
    return eb_io_read_u64(io, path, &value) == 0 && value <= 65535 ? (int)value : -1;
}

// 0, or -errno. Keeps the time that the event has run.
static int read_item(const eb_io *io, item *it, int64_t now_ns, uint64_t *raw)
{
    uint64_t values[VALUES];
    int got = io->perf_read(io, it->handle, values, VALUES);
    if (got <= 0)
        return got ? got : -ENODEV;
    *raw = values[0];
    if (got < VALUES)
        return 0;
    if (values[2] != it->running) {
        it->timed = it->running != 0;
        it->running = values[2];
        it->ran_ns = now_ns;
    }
    return it->timed && now_ns - it->ran_ns > stopped_ns ? -ENODEV : 0;
}

// Found in a folder is not available: opens the event and reads it twice.
static void open_item(scan *s, item *it)
{
    const eb_power_event *e = &s->pmu.events[it->event];
    struct perf_event_attr attr = {
        .size = sizeof attr,
        .type = (uint32_t)s->pmu.type,
        .config = e->config[0],
        .config1 = e->config[1],
        .config2 = e->config[2],
        .read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
    };
    it->handle = s->io->perf_open(s->io, &attr, -1, it->cpu, -1, 0);
    it->errnum = it->handle < 0 ? -it->handle : 0;
    uint64_t raw;
    for (int i = 0; i < 2 && it->errnum == 0; i++)
        it->errnum = -read_item(s->io, it, s->io->clock.now_ns(&s->io->clock), &raw);
}

static void add_events(scan *s, int cpu, int socket, int die)
{
    for (int e = 0; e < s->pmu.n_events && s->n < MAX_ITEMS; e++) {
        if (s->pmu.events[e].why[0])
            continue;
        item *it = &s->items[s->n++];
        *it = (item){ .event = e, .cpu = cpu, .socket = socket, .die = die, .handle = -1 };
        open_item(s, it);
        s->n_good += it->errnum == 0;
    }
}

// The mask has one CPU per package, or, where a package is in it several times, one per die.
static void open_items(scan *s)
{
    int sockets[EB_PMU_CPUS_MAX] = { 0 };
    s->items = eb_alloc(sizeof *s->items * MAX_ITEMS);
    for (int c = 0; c < s->pmu.n_cpus; c++)
        sockets[c] = topology(s->io, s->pmu.cpus[c], "physical_package_id");
    for (int c = 0; c < s->pmu.n_cpus; c++) {
        bool alone = true;
        for (int k = 0; k < s->pmu.n_cpus; k++)
            alone = alone && (k == c || sockets[k] != sockets[c]);
        bool by_die = !alone && sockets[c] >= 0;
        add_events(s, s->pmu.cpus[c], sockets[c], by_die ? topology(s->io, s->pmu.cpus[c], "die_id") : -1);
    }
}

static scan *scan_pmu(const eb_io *io)
{
    scan *s = eb_alloc(sizeof *s);
    s->io = io;
    if (eb_power_pmu_read(io, &s->pmu))
        open_items(s);
    return s;
}

static void scan_free(scan *s)
{
    for (int i = 0; s && i < s->n; i++)
        if (s->items[i].handle >= 0)
            s->io->close(s->io, s->items[i].handle);
    if (s)
        free(s->items);
    free(s);
}

// ---- detect ----

static bool is_refused(int errnum)
{
    return errnum == EACCES || errnum == EPERM;
}

// What an errno of perf_event_open or of reading means, and the state that it puts the source in.
static const struct {
    int errnum;
    eb_probe_state state;
    const char *reason, *remedy;
} causes[] = {
    { ENODEV, EB_PROBE_NO_DEVICE, "its CPU is offline, or the counter has gone",
      "sudo chcpu -e CPU brings a CPU back" },
    { ENXIO, EB_PROBE_NO_DEVICE, "its CPU is offline, or the counter has gone", "sudo chcpu -e CPU brings a CPU back" },
    { ENOENT, EB_PROBE_NO_DRIVER, "the kernel has no such PMU or event", "sudo modprobe rapl" },
    { EINVAL, EB_PROBE_NO_DRIVER, "the kernel does not take the event as " PMU " describes it",
      "reload the driver (sudo modprobe -r rapl; sudo modprobe rapl) and look at dmesg" },
    { ENOSYS, EB_PROBE_NO_DRIVER, "this kernel has no perf_event_open", "a kernel with CONFIG_PERF_EVENTS" },
    { EBADMSG, EB_PROBE_NO_DRIVER, "what it gives is no number", "" },
    { EMFILE, EB_PROBE_NO_DRIVER, "too many open files", "ulimit -n 4096" },
};

static int cause_of(int errnum)
{
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
        if (causes[i].errnum == errnum)
            return (int)i;
    return -1;
}

static const char *reason_of(int errnum)
{
    int i = cause_of(errnum);
    return i >= 0 ? causes[i].reason : strerror(errnum);
}

static void say_no_device(const scan *s, eb_probe_detection *out)
{
    if (eb_probe_is_virtual(s->io))
        eb_probe_say(out, EB_PROBE_NO_DEVICE,
                     "measure on the host, use an external meter, or state the watts of this machine: "
                     "[probes] stated_load_w and stated_idle_w",
                     PMU " is not there; this is a virtual machine (flag hypervisor in /proc/cpuinfo), and hypervisors "
                         "pass no RAPL counters on");
    else
        eb_probe_say(out, EB_PROBE_NO_DEVICE, "on a machine with RAPL (Intel since 2012, AMD Zen): sudo modprobe rapl",
                     PMU " is not there: no driver for RAPL is loaded, or this machine has none");
}

// `state`: of the source, which may have other events that work.
static void say_no_permission(const scan *s, const item *it, eb_probe_state state, eb_probe_detection *out)
{
    char level[32];
    uint64_t dummy;
    if (eb_io_read_line(s->io, "/proc/sys/kernel/perf_event_paranoid", level, sizeof level) <= 0)
        snprintf(level, sizeof level, "not readable");
    eb_probe_make_printable(level);
    bool open_to_all = level[0] == '-' || (eb_parse_u64(level, &dummy, NULL) && dummy == 0);
    eb_probe_say(
        out, state,
        open_to_all
            ? "something else than the sysctl forbids the call perf_event_open: in a container, add the "
              "capability PERFMON and a filter that permits the call"
            : "for this program alone: sudo setcap cap_perfmon=ep effbench (kernel 5.8 and later); for all users "
              "until the next boot: sudo sysctl kernel.perf_event_paranoid=0; in a container also allow the "
              "call perf_event_open",
        "power/%s on CPU %d: %s (kernel.perf_event_paranoid is %s; events of whole CPUs need 0 or less, or "
        "CAP_PERFMON)",
        s->pmu.events[it->event].name, it->cpu, strerror(it->errnum), level);
}

static const item *first_bad(const scan *s)
{
    const item *bad = NULL;
    for (int i = 0; i < s->n; i++)
        if (s->items[i].errnum && (!bad || (is_refused(s->items[i].errnum) && !is_refused(bad->errnum))))
            bad = &s->items[i];
    return bad;
}

static const eb_power_event *first_odd(const scan *s)
{
    for (int i = 0; i < s->pmu.n_events; i++)
        if (s->pmu.events[i].why[0])
            return &s->pmu.events[i];
    return NULL;
}

static void say_events(const scan *s, eb_probe_detection *out)
{
    const item *bad = first_bad(s);
    const eb_power_event *odd = first_odd(s);
    eb_probe_state state = EB_PROBE_PARTIAL;
    if (bad && s->n_good == 0) {
        int i = cause_of(bad->errnum);
        state = is_refused(bad->errnum) ? EB_PROBE_NO_PERMISSION : i >= 0 ? causes[i].state : EB_PROBE_NO_DRIVER;
    } else if (s->n_good == 0) {
        state = EB_PROBE_NO_DRIVER;
    }
    if (bad && is_refused(bad->errnum)) {
        say_no_permission(s, bad, state, out);
    } else if (bad) {
        int i = cause_of(bad->errnum), n_bad = s->n - s->n_good;
        char tree[64] = "", more[40] = "";
        if (bad->errnum == ENODEV && !eb_probe_io_is_real(s->io))
            snprintf(tree, sizeof tree, " (a %s tree has its events in perf/)", s->io->kind);
        if (n_bad > 1)
            snprintf(more, sizeof more, ", and %d more", n_bad - 1);
        eb_probe_say(out, state, i >= 0 ? causes[i].remedy : "", "power/%s on CPU %d%s: %s%s",
                     s->pmu.events[bad->event].name, bad->cpu, more, reason_of(bad->errnum), tree);
    } else if (odd) {
        eb_probe_say(out, state, "", "power/%s cannot be used: %s", odd->name, odd->why);
    }
}

static void detect(const eb_probe_env *env, eb_probe_detection *out)
{
    scan *s = scan_pmu(env->io);
    out->parts = s->n > s->n_good;
    if (s->pmu.problem[0])
        eb_probe_say(out, EB_PROBE_NO_DRIVER, "reload the driver: sudo modprobe -r rapl; sudo modprobe rapl", "%s",
                     s->pmu.problem);
    else if (s->pmu.errnum == ENOENT || s->pmu.errnum == ENOTDIR)
        say_no_device(s, out);
    else if (s->pmu.errnum)
        eb_probe_say(out, is_refused(s->pmu.errnum) ? EB_PROBE_NO_PERMISSION : EB_PROBE_NO_DRIVER, "",
                     PMU "/type: %s (it is readable by everybody on an unmasked /sys)", strerror(s->pmu.errnum));
    else
        say_events(s, out);
    scan_free(s);
}

// ---- open, read, close ----

static void fill_channel(const scan *s, const item *it, eb_channel *c)
{
    const eb_power_event *e = &s->pmu.events[it->event];
    bool system = e->domain == EB_DOMAIN_SYSTEM;
    double unit_uj = e->domain != EB_DOMAIN_UNKNOWN ? s->unit_uj[e->domain] : 0;
    *c = (eb_channel){
        .domain = e->domain,
        .socket = system ? -1 : it->socket,
        .die = system ? -1 : it->die,
        .quantity = EB_QUANTITY_ENERGY_UJ,
        .cumulative = true,
        .unit = fmax((unit_uj > 0 ? unit_uj : e->coarsest_unit_uj) / e->scale_uj, 1),
        .scale = e->scale_uj,
        .power_max_w = e->bound_w,
        .gap_max_ns = gap_max_ns,
        .period_ns = 1000000,
        .grade = EB_GRADE_COUNTER,
        .scope = EB_SCOPE_MACHINE,
    };
    snprintf(c->name, sizeof c->name, "perf_power/%s@%d", e->name, it->cpu);
    snprintf(c->source, sizeof c->source, "perf_power");
    snprintf(c->zone, sizeof c->zone, "%s@%d", e->name, it->cpu);
    snprintf(c->label, sizeof c->label, "%s", e->name);
}

// A second CPU of the same package and die reads the same counter again; so may every CPU that reads psys, of which
// one part has one and another part one per package, undocumented.
static void mark_duplicates(const scan *s, eb_channel *channels)
{
    for (int i = 0; i < s->n; i++) {
        eb_channel *c = &channels[i];
        for (int j = 0; j < i && !c->duplicate; j++) {
            const eb_channel *first = &channels[j];
            bool known_place = c->socket >= 0 && c->socket == first->socket && c->die == first->die;
            if (c->domain == EB_DOMAIN_UNKNOWN || c->domain != first->domain || first->duplicate ||
                !(known_place || c->domain == EB_DOMAIN_SYSTEM))
                continue;
            c->duplicate = true;
            memcpy(c->repeats, first->name, sizeof c->repeats);
            snprintf(c->note, sizeof c->note, "CPU %d reads it already", s->items[j].cpu);
        }
    }
}

// Those that read come first. Of the others only those stay, unread, that a sum would lack without a word.
static void part_unreadable(scan *s, eb_channel *channels)
{
    item *items = eb_alloc((size_t)s->n * sizeof *items + 1);
    int good = 0;
    for (int i = 0; i < s->n; i++)
        if (s->items[i].errnum == 0) {
            fill_channel(s, &s->items[i], &channels[good]);
            items[good++] = s->items[i];
        }
    int kept = good;
    for (int i = 0; i < s->n; i++) {
        item it = s->items[i];
        if (it.errnum == 0)
            continue;
        if (it.handle >= 0)
            s->io->close(s->io, it.handle);
        it.handle = -1;
        fill_channel(s, &it, &channels[kept]);
        if (!eb_probe_worth_naming(&channels[kept], channels, kept))
            continue;
        eb_probe_unread(&channels[kept], reason_of(it.errnum));
        items[kept++] = it;
    }
    if (kept > 0)
        memcpy(s->items, items, (size_t)kept * sizeof *items);
    s->n = kept;
    free(items);
}

static bool open_probe(eb_probe *probe, eb_err *err)
{
    (void)err; // the core says what detect says
    scan *s = scan_pmu(probe->env.io);
    probe->state = s;
    eb_power_units_read(s->io, s->unit_uj);
    probe->channels = eb_alloc((size_t)(s->n + 1) * sizeof *probe->channels);
    part_unreadable(s, probe->channels);
    probe->n = s->n;
    if (s->n == 0)
        return false;
    mark_duplicates(s, probe->channels);
    return true;
}

static void read_probe(eb_probe *probe, eb_sample *out)
{
    scan *s = probe->state;
    const eb_clock *clock = &s->io->clock;
    for (int i = 0; i < s->n; i++) {
        if (s->items[i].errnum) {
            eb_probe_sample_unread(s->io, s->items[i].errnum, &out[i]);
            continue;
        }
        out[i].t_before_ns = clock->now_ns(clock);
        int rc = read_item(s->io, &s->items[i], out[i].t_before_ns, &out[i].raw);
        out[i].t_after_ns = clock->now_ns(clock);
        eb_probe_sample_result(rc, &out[i]);
    }
}

static void close_probe(eb_probe *probe)
{
    scan_free(probe->state);
}

const eb_probe_ops eb_probe_perf_power = {
    .name = "perf_power",
    .doc = "RAPL energy counters of packages, cores, DRAM and platform through the kernel's perf PMU `power`",
    .detect = detect,
    .open = open_probe,
    .read = read_probe,
    .close = close_probe,
};
