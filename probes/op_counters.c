// SPDX-License-Identifier: Apache-2.0
// Events are tried once on the caller's thread, which also settles how they fit into groups: members of a group are
// counted at the same time, so that their ratios hold; what the PMU cannot count beside the others begins a group of
// its own, and the kernel takes groups in turns. Software events have their own, which is always counted.
#include "probes/op_counters.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/mem.h"
#include "probes/names.h"
#include "probes/probe_impl.h"

enum { EVENTS = EB_OP_COUNTERS_EVENTS, GROUPS = 6, CACHE_LINE = 64, HEAD_VALUES = 3 };

#define ALWAYS "task-clock,page-faults,context-switches"

typedef struct counted {
    int index; // among the events
    int group;
    eb_event_code code;
} counted;

// What one thread counted while it did one thing.
typedef struct cell {
    uint64_t value[EVENTS], enabled_ns[GROUPS], running_ns[GROUPS], calls;
} cell;

typedef struct worker {
    bool open;
    int errnum; // why it cannot count
    int fd[EVENTS];
    cell last; // the readings before
    eb_op op;
    eb_phase phase;
    cell cells[EB_OP_COUNT][EB_PHASE_COUNT];
    char apart[CACHE_LINE]; // from what the next worker writes
} worker;

struct eb_op_counters {
    const eb_io *io;
    const eb_groups *metric_groups; // while events are added
    eb_op_event events[EVENTS];
    int n_events;
    counted good[EVENTS]; // members of a group follow each other
    int n_good, n_groups;
    int group_size[GROUPS];
    worker *workers;
    int n_workers;
};

// ---- opening ----------------------------------------------------------------------------------------

static int open_event(const eb_op_counters *c, const eb_event_code *code, int leader)
{
    struct perf_event_attr attr = {
        .size = sizeof attr,
        .type = code->type,
        .config = code->config,
        .config1 = code->config1,
        .config2 = code->config2,
        .exclude_user = code->exclude_user,
        .exclude_kernel = code->exclude_kernel,
        .exclude_hv = 1,
        .read_format = PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
    };
    return c->io->perf_open(c->io, &attr, 0, -1, leader, 0);
}

static bool refused(int rc)
{
    return rc == -EACCES || rc == -EPERM;
}

// As open_event; a plain user who is refused the kernel's share counts the user's.
static int open_trying(const eb_op_counters *c, eb_event_code *code, int leader)
{
    int fd = open_event(c, code, leader);
    if (!refused(fd) || code->exclude_kernel)
        return fd;
    eb_event_code user = *code;
    user.exclude_kernel = true;
    fd = open_event(c, &user, leader);
    if (!refused(fd))
        *code = user;
    return fd;
}

static void close_fds(const eb_op_counters *c, int *fd)
{
    for (int i = 0; i < c->n_good; i++)
        if (fd[i] >= 0)
            c->io->close(c->io, fd[i]);
}

// All groups on the calling thread; 0 or -errno, with nothing left open.
static int open_groups(const eb_op_counters *c, int *fd)
{
    int leader = -1, rc = 0;
    for (int i = 0; i < c->n_good; i++)
        fd[i] = -1;
    for (int i = 0; i < c->n_good && rc == 0; i++) {
        if (i == 0 || c->good[i].group != c->good[i - 1].group)
            leader = -1;
        fd[i] = open_event(c, &c->good[i].code, leader);
        leader = leader < 0 ? fd[i] : leader;
        rc = fd[i] < 0 ? fd[i] : 0;
    }
    if (rc)
        close_fds(c, fd);
    return rc;
}

// One reading of every group into `out`, as totals since they were opened.
static bool read_groups(const eb_op_counters *c, const int *fd, cell *out)
{
    for (int i = 0, g = 0; i < c->n_good; i += c->group_size[g++]) {
        uint64_t buf[HEAD_VALUES + EVENTS]; // number, time enabled, time running, values
        const int n = c->group_size[g];
        if (c->io->perf_read(c->io, fd[i], buf, HEAD_VALUES + n) != HEAD_VALUES + n || buf[0] != (uint64_t)n)
            return false;
        out->enabled_ns[g] = buf[1];
        out->running_ns[g] = buf[2];
        memcpy(out->value + i, buf + HEAD_VALUES, (size_t)n * sizeof *buf);
    }
    return true;
}

// ---- which events, in which groups ------------------------------------------------------------------

static bool software(uint32_t type)
{
    return type == PERF_TYPE_SOFTWARE || type == PERF_TYPE_TRACEPOINT;
}

static bool encode(const char *name, eb_op_event *e, eb_event_code *code, char *why, size_t size)
{
    const eb_event_name *generic = eb_event_find(name);
    *code = (eb_event_code){ 0 };
    if (!generic && !eb_event_encode_other(name, code, why, size))
        return false;
    if (generic) {
        code->type = generic->type;
        code->config = generic->config;
    }
    e->time_ns = generic && generic->time_ns;
    e->hardware = !software(code->type);
    snprintf(e->event, sizeof e->event, "%s", generic ? generic->name : name);
    snprintf(e->label, sizeof e->label, "%.47s", generic ? generic->label : name);
    return true;
}

// Puts an event that works into the last group of its kind if it can be counted beside its members, else into a new
// one. Returns 0 or -errno.
static int place(eb_op_counters *c, int index, eb_event_code *code)
{
    int fd[EVENTS], group = c->n_groups - 1, opened = -1;
    const bool joins = group >= 0 && software(c->good[c->n_good - 1].code.type) == software(code->type);
    if (joins && open_groups(c, fd) == 0) {
        opened = open_trying(c, code, fd[c->n_good - c->group_size[group]]);
        close_fds(c, fd);
    }
    if (opened < 0) {
        group = c->n_groups;
        opened = group < GROUPS ? open_trying(c, code, -1) : -ENOSPC;
    }
    if (opened < 0)
        return opened;
    c->io->close(c->io, opened);
    c->n_groups = group + 1;
    c->group_size[group]++;
    c->good[c->n_good++] = (counted){ .index = index, .group = group, .code = *code };
    return 0;
}

static void say_refused(const eb_op_counters *c, const char *name, int errnum, eb_probe_detection *out)
{
    char level[32];
    if (eb_io_read_line(c->io, "/proc/sys/kernel/perf_event_paranoid", level, sizeof level) <= 0)
        snprintf(level, sizeof level, "not readable");
    eb_probe_say(out, EB_PROBE_NO_PERMISSION,
                 "sudo sysctl kernel.perf_event_paranoid=1, or sudo setcap cap_perfmon=ep effbench; in a container "
                 "also allow the call perf_event_open",
                 "%s: %s (kernel.perf_event_paranoid is %s)", name, strerror(errnum), level);
}

static void say(const eb_op_counters *c, const char *name, int errnum, bool hardware, eb_probe_detection *out)
{
    if (refused(-errnum)) {
        say_refused(c, name, errnum, out);
        return;
    }
    const bool device = hardware && errnum != ENOSYS;
    eb_probe_say(out, errnum == ENOSYS ? EB_PROBE_NO_DRIVER : EB_PROBE_NO_DEVICE,
                 device ? "run on the machine itself, or let the hypervisor pass its PMU on" : NULL, "%s: %s", name,
                 eb_event_cause(errnum, hardware));
}

// Tries one name for event `index`; true when it is counted from now on. `said`: a reason that stands already.
static bool try_name(eb_op_counters *c, int index, const char *name, bool *said)
{
    eb_op_event *e = &c->events[index];
    eb_event_code code;
    char why[128];
    if (!encode(name, e, &code, why, sizeof why)) {
        if (!*said)
            eb_probe_say(&e->detection, EB_PROBE_NO_DRIVER, "look the name up with `showevtinfo` of libpfm4",
                         "unknown event %s", why);
        return false;
    }
    int rc = place(c, index, &code);
    e->user_only = rc == 0 && code.exclude_kernel;
    if (rc == 0)
        eb_probe_say(&e->detection, EB_PROBE_OK, NULL, "%s", "");
    else
        say(c, name, -rc, e->hardware, &e->detection);
    *said = true;
    return rc == 0;
}

static void add_event(void *arg, const char *name)
{
    eb_op_counters *c = arg;
    for (int i = 0; i < c->n_events; i++)
        if (strcmp(c->events[i].name, name) == 0)
            return;
    if (c->n_events == EVENTS)
        return;
    if (c->n_events == EVENTS - 1) { // the last place says so
        eb_op_event *rest = &c->events[c->n_events++];
        snprintf(rest->name, sizeof rest->name, "%s", name);
        eb_probe_say(&rest->detection, EB_PROBE_PARTIAL, "ask for fewer events",
                     "%d events at once are all there is room for: "
                     "this one and what comes after it are left out",
                     EVENTS - 1);
        return;
    }
    const int index = c->n_events++;
    eb_op_event *e = &c->events[index];
    bool said = false;
    snprintf(e->name, sizeof e->name, "%s", name);
    if (!eb_probe_on_machine(c->io, &e->detection))
        return;
    const eb_group_event *wanted = eb_groups_event(c->metric_groups, name);
    if (!wanted)
        try_name(c, index, name, &said);
    for (int i = 0; wanted && i < wanted->n_candidates; i++)
        if (try_name(c, index, wanted->candidates[i], &said))
            return;
}

static bool is_software(const eb_group_event *event)
{
    const eb_event_name *generic = eb_event_find(event->candidates[0]);
    return generic && software(generic->type);
}

// Events of one kind follow each other, so that they share groups.
static void add_groups(eb_op_counters *c)
{
    for (int kind = 0; kind < 2; kind++)
        for (int i = 0; i < c->metric_groups->n_events; i++)
            if (is_software(&c->metric_groups->events[i]) == (kind == 1))
                add_event(c, c->metric_groups->events[i].name);
}

static void add_item(void *arg, const char *item)
{
    if (strcmp(item, "auto") != 0) {
        add_event(arg, item);
        return;
    }
    add_groups(arg);
    eb_probe_each_item(ALWAYS, add_event, arg);
}

eb_op_counters *eb_op_counters_new_groups(const eb_io *io, const eb_groups *groups, const char *events, int workers)
{
    eb_op_counters *c = eb_alloc(sizeof *c);
    c->io = io;
    c->n_workers = workers;
    c->workers = eb_alloc((size_t)workers * sizeof *c->workers);
    c->metric_groups = groups;
    eb_probe_each_item(events ? events : "auto", add_item, c);
    c->metric_groups = NULL;
    return c;
}

eb_op_counters *eb_op_counters_new(const eb_io *io, const char *events, int workers)
{
    return eb_op_counters_new_groups(io, eb_groups_builtin(), events, workers);
}

void eb_op_counters_free(eb_op_counters *c)
{
    for (int w = 0; c && w < c->n_workers; w++)
        if (c->workers[w].open && c->workers[w].errnum == 0)
            close_fds(c, c->workers[w].fd);
    if (c)
        free(c->workers);
    free(c);
}

int eb_op_counters_events(const eb_op_counters *c, const eb_op_event **out)
{
    *out = c->events;
    return c->n_events;
}

int eb_op_counters_good(const eb_op_counters *c)
{
    return c->n_good;
}

// ---- counting ---------------------------------------------------------------------------------------

// A thread's first call: nothing to charge yet.
static void open_worker(const eb_op_counters *c, worker *w)
{
    w->open = true;
    w->errnum = -open_groups(c, w->fd);
    if (w->errnum == 0 && !read_groups(c, w->fd, &w->last)) {
        close_fds(c, w->fd);
        w->errnum = EIO;
    }
}

static void charge(const eb_op_counters *c, worker *w)
{
    cell now = { 0 }, *to = &w->cells[w->op][w->phase];
    if (!read_groups(c, w->fd, &now)) {
        close_fds(c, w->fd);
        w->errnum = EIO;
        return;
    }
    for (int i = 0; i < c->n_good; i++) {
        to->value[i] += now.value[i] - w->last.value[i];
        w->last.value[i] = now.value[i];
    }
    for (int g = 0; g < c->n_groups; g++) {
        to->enabled_ns[g] += now.enabled_ns[g] - w->last.enabled_ns[g];
        to->running_ns[g] += now.running_ns[g] - w->last.running_ns[g];
        w->last.enabled_ns[g] = now.enabled_ns[g];
        w->last.running_ns[g] = now.running_ns[g];
    }
}

void eb_op_counters_on_worker(void *arg, int index, eb_op op, eb_phase phase)
{
    const eb_op_counters *c = arg;
    if (index < 0 || index >= c->n_workers || c->n_good == 0)
        return;
    worker *w = &c->workers[index];
    if (!w->open)
        open_worker(c, w);
    else if (w->errnum == 0)
        charge(c, w);
    w->op = op;
    w->phase = phase;
    w->cells[op][phase].calls += op != EB_OP_OTHER;
}

void eb_op_counters_clear(eb_op_counters *c)
{
    for (int w = 0; w < c->n_workers; w++)
        memset(c->workers[w].cells, 0, sizeof c->workers[w].cells);
}

// ---- what came of it --------------------------------------------------------------------------------

static const counted *counted_as(const eb_op_counters *c, int i, int *slot)
{
    for (*slot = 0; *slot < c->n_good; (*slot)++)
        if (c->good[*slot].index == i)
            return &c->good[*slot];
    return NULL;
}

eb_op_count eb_op_counters_get(const eb_op_counters *c, int i, int index, eb_op op, eb_phase phase)
{
    eb_op_count out = { .value = NAN, .running_frac = NAN };
    int slot;
    const counted *event = counted_as(c, i, &slot);
    const int first = index < 0 ? 0 : index, end = index < 0 ? c->n_workers : index + 1;
    double value = 0, enabled = 0, running = 0;
    bool whole = event != NULL;
    for (int w = first; event && w < end; w++) {
        const cell *at = &c->workers[w].cells[op][phase];
        value += (double)at->value[slot];
        enabled += (double)at->enabled_ns[event->group];
        running += (double)at->running_ns[event->group];
        out.calls += at->calls;
        whole = whole && c->workers[w].errnum == 0;
    }
    if (!whole)
        return out;
    out.running_frac = enabled > 0 ? running / enabled : 1;
    if (running > 0 || enabled == 0)
        out.value = running > 0 && running < enabled ? value * (enabled / running) : value;
    return out;
}

const char *eb_op_counters_trouble(const eb_op_counters *c, int index)
{
    const int errnum = index >= 0 && index < c->n_workers ? c->workers[index].errnum : 0;
    return errnum ? eb_event_cause(errnum, false) : NULL;
}
