// SPDX-License-Identifier: Apache-2.0
// Event counters of this process and of the threads it starts after opening: perf_event_open with `inherit`, by
// generic or libpfm4 name. Only ever on the machine itself: an event of a rooted or replayed tree would count
// something else.
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "harness/base/mem.h"
#include "probes/names.h"
#include "probes/probe_impl.h"

enum { MAX_EVENTS = 32 };

typedef struct counter {
    char name[64], label[48];
    bool time_ns, hardware, user_only;
    int fd, errnum; // errnum -1: the name is not known (`why` says more)
    uint64_t last;
} counter;

typedef struct counters_state {
    const eb_io *io;
    counter items[MAX_EVENTS];
    int n, n_good, n_left_out;
    char why[128]; // of the last name that is not known
} counters_state;

// Value scaled to the whole time where the kernel had to share counters. False: never ran, or could not be read.
static bool read_counter(counter *c, uint64_t *out)
{
    uint64_t buf[3]; // value, time enabled, time running
    if (read(c->fd, buf, sizeof buf) != (ssize_t)sizeof buf)
        return false;
    if (buf[2] == 0 && buf[1] > 0 && buf[0] == 0 && c->hardware)
        return false;
    double value = (double)buf[0];
    if (buf[2] > 0 && buf[2] < buf[1])
        value *= (double)buf[1] / (double)buf[2];
    uint64_t scaled = buf[2] == buf[1] || buf[2] == 0 ? buf[0] : (uint64_t)value;
    // Scaling is an estimate that may go back a little; a counter does not.
    c->last = scaled > c->last ? scaled : c->last;
    *out = c->last;
    return true;
}

static void open_counter(counters_state *state, counter *c, const eb_event_code *code)
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
        .inherit = 1,
        .read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
    };
    c->fd = state->io->perf_open(state->io, &attr, 0, -1, -1, 0);
    // A plain user is refused the kernel's share before anything else is looked at: only then is the cause seen.
    if (c->fd == -EACCES || c->fd == -EPERM) {
        attr.exclude_kernel = 1;
        c->user_only = true;
        c->fd = state->io->perf_open(state->io, &attr, 0, -1, -1, 0);
    }
    c->errnum = c->fd < 0 ? -c->fd : 0;
    uint64_t value;
    for (int i = 0; i < 2 && c->errnum == 0; i++)
        if (!read_counter(c, &value) && !c->hardware)
            c->errnum = EIO;
}

static void add_event(void *arg, const char *name)
{
    counters_state *state = arg;
    if (strncmp(name, "PAPI_", 5) == 0)
        return;
    if (state->n == MAX_EVENTS) {
        state->n_left_out++;
        return;
    }
    for (int i = 0; i < state->n; i++)
        if (strcasecmp(state->items[i].name, name) == 0)
            return;
    counter *c = &state->items[state->n++];
    *c = (counter){ .fd = -1, .hardware = true };
    eb_event_code code = { 0 };
    const eb_event_name *generic = eb_event_find(name);
    snprintf(c->name, sizeof c->name, "%s", generic ? generic->name : name);
    snprintf(c->label, sizeof c->label, "%.47s", generic ? generic->label : name);
    if (generic) {
        code.type = generic->type;
        code.config = generic->config;
        c->time_ns = generic->time_ns;
        c->hardware = generic->type == PERF_TYPE_HARDWARE;
    } else if (!eb_event_encode_other(name, &code, state->why, sizeof state->why)) {
        c->errnum = -1;
        return;
    }
    open_counter(state, c, &code);
    state->n_good += c->errnum == 0;
}

static void add_item(void *arg, const char *item)
{
    if (strcmp(item, "auto") != 0) {
        add_event(arg, item);
        return;
    }
    for (int i = 0; i < eb_event_auto_count; i++)
        add_event(arg, eb_event_names[i].name);
}

static counters_state *open_all(const eb_probe_env *env)
{
    counters_state *state = eb_alloc(sizeof *state);
    state->io = env->io;
    eb_probe_each_item(env->config->events ? env->config->events : "auto", add_item, state);
    return state;
}

static void free_all(counters_state *state)
{
    for (int i = 0; state && i < state->n; i++)
        if (state->items[i].fd >= 0)
            state->io->close(state->io, state->items[i].fd);
    free(state);
}

// ---- detect ----

static bool is_refused(int errnum)
{
    return errnum == EACCES || errnum == EPERM;
}

// What a user can mend comes first: a name, then a permission, then a machine.
static int kind_of(int errnum)
{
    return errnum == -1 ? 3 : is_refused(errnum) ? 2 : errnum ? 1 : 0;
}

static void list_kind(const counters_state *state, int kind, char *buf, size_t size)
{
    size_t used = 0;
    buf[0] = '\0';
    for (int i = 0; i < state->n && used < size; i++)
        if (kind_of(state->items[i].errnum) == kind)
            used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? ", " : "", state->items[i].name);
}

static eb_probe_state state_of(const counters_state *state, const counter *bad)
{
    if (state->n_good)
        return EB_PROBE_PARTIAL;
    if (is_refused(bad->errnum))
        return EB_PROBE_NO_PERMISSION;
    return bad->errnum == -1 || bad->errnum == ENOSYS ? EB_PROBE_NO_DRIVER : EB_PROBE_NO_DEVICE;
}

static void explain(const counters_state *state, eb_probe_detection *out)
{
    const counter *bad = NULL;
    for (int i = 0; i < state->n; i++)
        if (kind_of(state->items[i].errnum) > (bad ? kind_of(bad->errnum) : 0))
            bad = &state->items[i];
    if (!bad)
        return;
    char names[128];
    list_kind(state, kind_of(bad->errnum), names, sizeof names);
    eb_probe_state how = state_of(state, bad);
    if (bad->errnum == -1) {
        eb_probe_say(out, how, "look the name up with `showevtinfo` of libpfm4, or leave it out of [probes] events",
                     "unknown event %s", state->why);
        return;
    }
    if (is_refused(bad->errnum)) {
        char level[32];
        if (eb_io_read_line(state->io, "/proc/sys/kernel/perf_event_paranoid", level, sizeof level) <= 0)
            snprintf(level, sizeof level, "not readable");
        eb_probe_say(out, how,
                     "sudo sysctl kernel.perf_event_paranoid=1, or sudo setcap cap_perfmon=ep effbench; in a container "
                     "also allow the call perf_event_open",
                     "%s: %s (kernel.perf_event_paranoid is %s)", names, eb_event_cause(bad->errnum, bad->hardware),
                     level);
        return;
    }
    eb_probe_say(out, how, bad->hardware ? "run on the machine itself, or let the hypervisor pass its PMU on" : "",
                 "%s: %s", names, eb_event_cause(bad->errnum, bad->hardware));
}

static void detect(const eb_probe_env *env, eb_probe_detection *out)
{
    if (!eb_probe_on_machine(env->io, out))
        return;
    counters_state *state = open_all(env);
    if (state->n == 0)
        eb_probe_say(out, EB_PROBE_OFF, "name some in [probes] events, or set it to auto", "no events are asked for");
    else
        explain(state, out);
    free_all(state);
}

// ---- open, read, close ----

static bool open_probe(eb_probe *probe, eb_err *err)
{
    (void)err; // the core says what detect says
    if (!eb_probe_io_is_real(probe->env.io))
        return false;
    counters_state *state = open_all(&probe->env);
    probe->state = state;
    probe->channels = eb_alloc((size_t)(state->n_good + 1) * sizeof *probe->channels);
    int kept = 0;
    for (int i = 0; i < state->n; i++) {
        counter item = state->items[i];
        if (item.errnum)
            continue;
        eb_channel *c = &probe->channels[kept];
        *c = (eb_channel){
            .source = "counters",
            .domain = EB_DOMAIN_NONE,
            .socket = -1,
            .die = -1,
            .quantity = item.time_ns ? EB_QUANTITY_TIME_NS : EB_QUANTITY_COUNT,
            .cumulative = true,
            .unit = 1,
            .scale = 1,
            .grade = EB_GRADE_NONE,
            .scope = EB_SCOPE_PROCESS,
        };
        snprintf(c->name, sizeof c->name, "counters/%.54s", item.name);
        snprintf(c->label, sizeof c->label, "%.31s%s", item.label, item.user_only ? " (user mode)" : "");
        state->items[kept++] = item;
    }
    state->n = probe->n = kept;
    return kept > 0;
}

static void read_probe(eb_probe *probe, eb_sample *out)
{
    counters_state *state = probe->state;
    const eb_clock *clock = &state->io->clock;
    for (int i = 0; i < state->n; i++) {
        out[i].t_before_ns = clock->now_ns(clock);
        bool ok = read_counter(&state->items[i], &out[i].raw);
        out[i].t_after_ns = clock->now_ns(clock);
        out[i].status = ok ? EB_SAMPLE_OK : EB_SAMPLE_MISSING;
    }
}

static void close_probe(eb_probe *probe)
{
    free_all(probe->state);
}

const eb_probe_ops eb_probe_counters = {
    .name = "counters",
    .doc =
        "Event counters of the whole process (perf_event_open): cycles, instructions, cache and branch misses, faults",
    .detect = detect,
    .open = open_probe,
    .read = read_probe,
    .close = close_probe,
};
