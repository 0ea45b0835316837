// SPDX-License-Identifier: Apache-2.0
// NVIDIA GPUs through their management library: the energy counter of each board (Volta and later; mJ since the driver
// was loaded), or, where it has none, its power. A board of which neither can be read stays a channel, of grade none:
// the joules of the others are not those of all. The library speaks of the machine itself: no other tree asks it.
#include "probes/nvml.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "probes/probe_impl.h"

#define PCI "/sys/bus/pci/devices"

// A sample's errnum is this plus what the library returned.
enum { MAX_BOARDS = 64, MOST_MW = 20000000, ERRNUM_BASE = 10000 };

static const int64_t period_ns = 100000000; // of both, until it is calibrated
static const double bound_w = 3000;         // above any board sold
static const double bound_over_limit = 4;

typedef struct board {
    unsigned index;
    eb_nvml_device device;
    bool counts;        // energy, not power
    int code;           // why it cannot be read; 0 = it can
    const char *what;   // what failed
    atomic_int failing; // what the last read returned
    char name[48], bus_id[32];
} board;

typedef struct state {
    eb_nvml nvml;
    bool loaded, begun;
    char why[160]; // the library was not loaded
    int code;      // of init or count
    const char *what;
    board boards[MAX_BOARDS];
    int n, n_good;
} state;

// ---- finding boards ----

static int read_energy(const state *s, const board *b, uint64_t *raw)
{
    unsigned long long mj = 0;
    int code = s->nvml.energy ? s->nvml.energy(b->device, &mj) : EB_NVML_FUNCTION_NOT_FOUND;
    *raw = code == EB_NVML_SUCCESS ? mj : 0;
    return code;
}

static int read_power(const state *s, const board *b, uint64_t *raw)
{
    unsigned mw = 0;
    int code = s->nvml.power ? s->nvml.power(b->device, &mw) : EB_NVML_FUNCTION_NOT_FOUND;
    *raw = code == EB_NVML_SUCCESS ? mw : 0;
    return code == EB_NVML_SUCCESS && mw > MOST_MW ? EB_NVML_UNKNOWN : code;
}

static int read_board(const state *s, const board *b, uint64_t *raw)
{
    return (b->counts ? read_energy : read_power)(s, b, raw);
}

static void describe(const state *s, board *b)
{
    eb_nvml_pci pci = { 0 };
    if (!s->nvml.name || s->nvml.name(b->device, b->name, sizeof b->name) != EB_NVML_SUCCESS)
        b->name[0] = '\0';
    b->name[sizeof b->name - 1] = '\0';
    eb_probe_make_printable(b->name);
    if (s->nvml.pci && s->nvml.pci(b->device, &pci) == EB_NVML_SUCCESS) {
        pci.bus_id[sizeof pci.bus_id - 1] = '\0';
        snprintf(b->bus_id, sizeof b->bus_id, "%s", pci.bus_id);
        eb_probe_make_printable(b->bus_id);
    }
}

// Found is not available: two good reads are. Where there is no energy, power may do.
static void try_board(const state *s, board *b)
{
    uint64_t raw;
    b->what = "nvmlDeviceGetHandleByIndex";
    b->code = s->nvml.by_index(b->index, &b->device);
    if (b->code)
        return;
    describe(s, b);
    b->counts = true;
    b->what = "energy";
    for (int i = 0; i < 2 && !b->code; i++)
        b->code = read_board(s, b, &raw);
    if (b->code != EB_NVML_NOT_SUPPORTED && b->code != EB_NVML_FUNCTION_NOT_FOUND)
        return;
    b->counts = false;
    b->what = "energy and power";
    b->code = 0;
    for (int i = 0; i < 2 && !b->code; i++)
        b->code = read_board(s, b, &raw);
}

static state *find_boards(void)
{
    state *s = eb_alloc(sizeof *s);
    unsigned n = 0;
    s->loaded = eb_nvml_load(&s->nvml, s->why, sizeof s->why);
    if (!s->loaded)
        return s;
    s->what = "nvmlInit";
    s->code = s->nvml.init();
    s->begun = s->code == EB_NVML_SUCCESS;
    if (!s->begun)
        return s;
    s->what = "nvmlDeviceGetCount";
    s->code = s->nvml.count(&n);
    for (unsigned i = 0; s->code == EB_NVML_SUCCESS && i < n && i < MAX_BOARDS; i++) {
        board *b = &s->boards[s->n++];
        b->index = i;
        try_board(s, b);
        s->n_good += b->code == 0;
    }
    return s;
}

static void state_free(state *s)
{
    if (!s)
        return;
    if (s->begun)
        s->nvml.shutdown();
    eb_nvml_unload(&s->nvml);
    free(s);
}

// ---- detect ----

typedef struct pci_search {
    const eb_io *io;
    bool found;
} pci_search;

static void visit_pci(void *arg, const char *name)
{
    pci_search *search = arg;
    char path[512], vendor[16], class[16];
    if (search->found || strlen(name) > 32)
        return;
    snprintf(path, sizeof path, PCI "/%s/vendor", name);
    if (eb_io_read_line(search->io, path, vendor, sizeof vendor) <= 0 || strncmp(vendor, "0x10de", 6) != 0)
        return;
    snprintf(path, sizeof path, PCI "/%s/class", name);
    search->found = eb_io_read_line(search->io, path, class, sizeof class) > 0 && strncmp(class, "0x03", 4) == 0;
}

static void say_no_library(const eb_io *io, const state *s, eb_probe_detection *out)
{
    pci_search search = { .io = io };
    io->list(io, PCI, visit_pci, &search);
    if (search.found)
        eb_probe_say(
            out, EB_PROBE_NO_DRIVER,
            "install the driver's library (Debian: libnvidia-ml1); in a container, pass it in (NVIDIA Container "
            "Toolkit, capability utility)",
            "there is an NVIDIA GPU, but not its library: %s", s->why);
    else
        eb_probe_say(out, EB_PROBE_NO_DEVICE, "", "no NVIDIA GPU: %s", s->why);
}

static void say_board(const board *b, eb_probe_state as, eb_probe_detection *out)
{
    const eb_nvml_cause *cause = eb_nvml_cause_of(b->code);
    eb_probe_say(out, as, cause->remedy, "GPU %u%s%s: %s: %s [%d]", b->index, b->name[0] ? " " : "", b->name, b->what,
                 cause->reason, b->code);
}

static void detect(const eb_probe_env *env, eb_probe_detection *out)
{
    if (!eb_probe_io_is_real(env->io)) {
        eb_probe_say(out, EB_PROBE_NO_DEVICE, "", "the library speaks of the machine itself, not of a %s tree",
                     env->io->kind);
        return;
    }
    state *s = find_boards();
    const board *bad = NULL;
    out->parts = s->n > s->n_good;
    for (int i = 0; i < s->n && !bad; i++)
        bad = s->boards[i].code ? &s->boards[i] : NULL;
    const eb_nvml_cause *cause = eb_nvml_cause_of(s->code);
    if (!s->loaded)
        say_no_library(env->io, s, out);
    else if (s->code)
        eb_probe_say(out, cause->state, cause->remedy, "%s: %s [%d]", s->what, cause->reason, s->code);
    else if (s->n == 0)
        eb_probe_say(out, EB_PROBE_NO_DEVICE, "", "the library finds no board");
    else if (bad)
        say_board(bad, s->n_good ? EB_PROBE_PARTIAL : eb_nvml_cause_of(bad->code)->state, out);
    state_free(s);
}

// ---- open, read, close ----

static double bound_of(const state *s, const board *b)
{
    unsigned least_mw = 0, most_mw = 0;
    if (!s->nvml.limits || s->nvml.limits(b->device, &least_mw, &most_mw) != EB_NVML_SUCCESS || most_mw == 0)
        return bound_w;
    return fmin(bound_w, bound_over_limit * most_mw / 1e3);
}

static void fill_channel(const state *s, const board *b, eb_channel *c)
{
    *c = (eb_channel){
        .source = "nvml",
        .domain = EB_DOMAIN_GPU,
        .socket = -1,
        .die = -1,
        .quantity = b->counts ? EB_QUANTITY_ENERGY_UJ : EB_QUANTITY_POWER_UW,
        .cumulative = b->counts,
        .unit = 1,
        .scale = 1000,
        .power_max_w = b->counts && !b->code ? bound_of(s, b) : 0,
        .period_ns = period_ns,
        .grade = b->counts ? EB_GRADE_COUNTER : EB_GRADE_SAMPLED,
        .scope = EB_SCOPE_MACHINE,
    };
    snprintf(c->name, sizeof c->name, "nvml/%u", b->index);
    snprintf(c->zone, sizeof c->zone, "%.47s", b->bus_id[0] ? b->bus_id : c->name);
    if (b->name[0])
        snprintf(c->label, sizeof c->label, "%.47s", b->name);
    else
        snprintf(c->label, sizeof c->label, "GPU %u", b->index);
    if (!b->counts)
        snprintf(c->note, sizeof c->note,
                 "power without an energy counter: what the driver averages is not seen finer");
    if (b->code) {
        char why[80];
        snprintf(why, sizeof why, "%s: %s", b->what, eb_nvml_cause_of(b->code)->reason);
        eb_probe_unread(c, why);
    }
}

static bool open_probe(eb_probe *probe, eb_err *err)
{
    (void)err; // the core says what detect says
    if (!eb_probe_io_is_real(probe->env.io))
        return false;
    state *s = find_boards();
    probe->state = s;
    probe->channels = eb_alloc((size_t)s->n * sizeof *probe->channels + 1);
    for (int i = 0; i < s->n; i++)
        fill_channel(s, &s->boards[i], &probe->channels[probe->n++]);
    return probe->n > 0;
}

static void read_probe(eb_probe *probe, eb_sample *out)
{
    state *s = probe->state;
    const eb_clock *clock = &probe->env.io->clock;
    for (int i = 0; i < s->n; i++) {
        board *b = &s->boards[i];
        if (b->code) {
            eb_probe_sample_unread(probe->env.io, ERRNUM_BASE + b->code, out++);
            continue;
        }
        out->t_before_ns = clock->now_ns(clock);
        int code = read_board(s, b, &out->raw);
        out->t_after_ns = clock->now_ns(clock);
        out->status = code == EB_NVML_SUCCESS        ? EB_SAMPLE_OK
                      : eb_nvml_cause_of(code)->gone ? EB_SAMPLE_GONE
                                                     : EB_SAMPLE_MISSING;
        out->errnum = code == EB_NVML_SUCCESS ? 0 : ERRNUM_BASE + code;
        if (code != EB_NVML_SUCCESS) {
            out->raw = 0;
            atomic_store(&b->failing, code);
        }
        out++;
    }
}

static bool trouble(eb_probe *probe, char *buf, size_t size)
{
    state *s = probe->state;
    size_t at = 0;
    for (int i = 0; i < s->n && at < size; i++) {
        int code = atomic_load(&s->boards[i].failing);
        if (code)
            at += (size_t)snprintf(buf + at, size - at, "%sGPU %u%s%s: %s [%d]", at ? "; " : "", s->boards[i].index,
                                   s->boards[i].name[0] ? " " : "", s->boards[i].name, eb_nvml_cause_of(code)->reason,
                                   code);
    }
    return at > 0;
}

static const char *why(int errnum)
{
    return errnum > ERRNUM_BASE ? eb_nvml_cause_of(errnum - ERRNUM_BASE)->reason : NULL;
}

static void close_probe(eb_probe *probe)
{
    state_free(probe->state);
}

const eb_probe_ops eb_probe_nvml = {
    .name = "nvml",
    .doc = "NVIDIA GPUs: the energy counter of each board through the driver's library, or its power",
    .detect = detect,
    .open = open_probe,
    .read = read_probe,
    .close = close_probe,
    .why = why,
    .trouble = trouble,
};
