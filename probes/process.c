// SPDX-License-Identifier: Apache-2.0
// What the process uses and what disturbs it: /proc/self/{statm,stat,status}, /proc/stat and /proc/vmstat, all
// through the I/O table. Files are kept open and read whole, each once per read for all its channels.
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "harness/base/mem.h"
#include "probes/probe_impl.h"

// Some 40 us for all files: cheap ten times a second, not a hundred times; and ticks are 10 ms long anyway. The
// sampler reads a source at most five times per update of its channels.
static const int64_t worth_reading_ns = 500000000;

typedef enum file { FILE_STATM, FILE_STAT, FILE_STATUS, FILE_CPUS, FILE_VMSTAT, FILE_COUNT } file;

// Sizes below a page are read with one call: those files fit, or their first line is what is wanted.
static const struct {
    const char *path;
    size_t size;
} files[FILE_COUNT] = {
    [FILE_STATM] = { "/proc/self/statm", 256 },    [FILE_STAT] = { "/proc/self/stat", 1024 },
    [FILE_STATUS] = { "/proc/self/status", 8192 }, [FILE_CPUS] = { "/proc/stat", 512 },
    [FILE_VMSTAT] = { "/proc/vmstat", 16384 },
};

enum { BUFFER_SIZE = 16384 + 1 };

typedef struct field field;
struct field {
    const char *name, *label;
    file file;
    bool (*extract)(const char *text, const field *f, uint64_t *out);
    unsigned columns; // bit per column to add up
    const char *key;  // of files with one key per line
    eb_quantity quantity;
    bool cumulative;
    enum { STEP_ONE, STEP_PAGE, STEP_KIB, STEP_TICK } step;
    eb_scope scope;
};

typedef struct process_state {
    int handles[FILE_COUNT]; // -1 = not there
    const field *fields[16]; // of each channel
    char buffer[BUFFER_SIZE];
} process_state;

// Sum of the wanted columns (0-based) of white-space separated numbers up to the newline.
static bool add_columns(const char *p, unsigned columns, uint64_t *out)
{
    uint64_t sum = 0;
    for (int i = 0; columns >> i; i++) {
        p += strspn(p, " \t");
        if (*p == '\0' || *p == '\n')
            return false;
        if (columns >> i & 1) {
            char *end;
            if (!isdigit((unsigned char)*p))
                return false;
            errno = 0;
            uint64_t value = strtoull(p, &end, 10);
            if (errno || (*end && !strchr(" \t\n", *end)) || __builtin_add_overflow(sum, value, &sum))
                return false;
        }
        p += strcspn(p, " \t\n");
    }
    *out = sum;
    return true;
}

static bool from_start(const char *text, const field *f, uint64_t *out)
{
    return add_columns(text, f->columns, out);
}

// The command name in parentheses may hold anything, parentheses too; columns count from the state letter.
static bool after_command(const char *text, const field *f, uint64_t *out)
{
    const char *end = strrchr(text, ')');
    return end && add_columns(end + 1, f->columns, out);
}

static bool from_cpu_line(const char *text, const field *f, uint64_t *out)
{
    return strncmp(text, "cpu ", 4) == 0 && add_columns(text + 4, f->columns, out);
}

static bool of_key(const char *text, const field *f, uint64_t *out)
{
    size_t len = strlen(f->key);
    for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (strncmp(line, f->key, len) == 0 && strchr(": \t", line[len]) && line[len])
            return add_columns(line + len + 1, 1, out);
    return false;
}

#define BIT(n) (1u << (n))

// Columns: proc(5). In /proc/self/stat, counted from the state letter: minflt 7, majflt 9, utime 11, stime 12.
// In the cpu line: user 0, nice 1, system 2, idle 3, iowait 4, irq 5, softirq 6, steal 7.
static const field fields[] = {
    { "process/rss", "resident set", FILE_STATM, from_start, BIT(1), NULL, EB_QUANTITY_BYTES, false, STEP_PAGE,
      EB_SCOPE_PROCESS },
    { "process/rss_peak", "peak resident set", FILE_STATUS, of_key, 0, "VmHWM", EB_QUANTITY_BYTES, false, STEP_KIB,
      EB_SCOPE_PROCESS },
    { "process/minor_faults", "page faults without I/O", FILE_STAT, after_command, BIT(7), NULL, EB_QUANTITY_COUNT,
      true, STEP_ONE, EB_SCOPE_PROCESS },
    { "process/major_faults", "page faults with I/O", FILE_STAT, after_command, BIT(9), NULL, EB_QUANTITY_COUNT, true,
      STEP_ONE, EB_SCOPE_PROCESS },
    { "process/cpu_time", "user and system time, all threads", FILE_STAT, after_command, BIT(11) | BIT(12), NULL,
      EB_QUANTITY_TIME_NS, true, STEP_TICK, EB_SCOPE_PROCESS },
    { "process/voluntary_switches", "voluntary switches, main thread", FILE_STATUS, of_key, 0,
      "voluntary_ctxt_switches", EB_QUANTITY_COUNT, true, STEP_ONE, EB_SCOPE_PROCESS },
    { "process/involuntary_switches", "involuntary switches, main thread", FILE_STATUS, of_key, 0,
      "nonvoluntary_ctxt_switches", EB_QUANTITY_COUNT, true, STEP_ONE, EB_SCOPE_PROCESS },
    { "process/machine_busy_time", "busy time of all CPUs", FILE_CPUS, from_cpu_line,
      BIT(0) | BIT(1) | BIT(2) | BIT(5) | BIT(6), NULL, EB_QUANTITY_TIME_NS, true, STEP_TICK, EB_SCOPE_MACHINE },
    { "process/machine_steal_time", "time taken by the hypervisor", FILE_CPUS, from_cpu_line, BIT(7), NULL,
      EB_QUANTITY_TIME_NS, true, STEP_TICK, EB_SCOPE_MACHINE },
    { "process/swap_in", "pages swapped in", FILE_VMSTAT, of_key, 0, "pswpin", EB_QUANTITY_COUNT, true, STEP_ONE,
      EB_SCOPE_MACHINE },
    { "process/swap_out", "pages swapped out", FILE_VMSTAT, of_key, 0, "pswpout", EB_QUANTITY_COUNT, true, STEP_ONE,
      EB_SCOPE_MACHINE },
};
enum { N_FIELDS = sizeof fields / sizeof *fields };
_Static_assert(N_FIELDS <= 16, "process_state.fields holds them all");

static double step_scale(const field *f)
{
    switch (f->step) {
    case STEP_PAGE:
        return (double)sysconf(_SC_PAGESIZE);
    case STEP_KIB:
        return 1024;
    case STEP_TICK:
        return 1e9 / (double)sysconf(_SC_CLK_TCK);
    default:
        return 1;
    }
}

// The file's text in state->buffer; 0 or -errno.
static int read_file(const eb_io *io, process_state *state, file f)
{
    if (state->handles[f] < 0)
        return -ENOENT;
    ssize_t got = io->pread(io, state->handles[f], state->buffer, files[f].size);
    if (got < 0)
        return (int)got;
    state->buffer[got] = '\0';
    return 0;
}

static void open_files(const eb_io *io, process_state *state)
{
    for (int f = 0; f < FILE_COUNT; f++)
        state->handles[f] = io->open(io, files[f].path);
}

static void close_files(const eb_io *io, process_state *state)
{
    for (int f = 0; f < FILE_COUNT; f++)
        if (state->handles[f] >= 0)
            io->close(io, state->handles[f]);
}

// Fills state->fields with those that can be read now, and returns how many.
static int find_fields(const eb_io *io, process_state *state)
{
    int n = 0;
    for (int f = 0; f < FILE_COUNT; f++) {
        if (read_file(io, state, (file)f))
            continue;
        uint64_t value;
        for (int i = 0; i < N_FIELDS; i++)
            if (fields[i].file == (file)f && fields[i].extract(state->buffer, &fields[i], &value))
                state->fields[n++] = &fields[i];
    }
    return n;
}

static void detect(const eb_probe_env *env, eb_probe_detection *out)
{
    process_state *state = eb_alloc(sizeof *state);
    open_files(env->io, state);
    int n = find_fields(env->io, state);
    char missing[160] = "";
    size_t used = 0;
    for (int i = 0; i < N_FIELDS && used < sizeof missing; i++) {
        bool found = false;
        for (int k = 0; k < n; k++)
            found |= state->fields[k] == &fields[i];
        if (!found)
            used += (size_t)snprintf(missing + used, sizeof missing - used, "%s%s", used ? ", " : "",
                                     strchr(fields[i].name, '/') + 1);
    }
    if (n == 0)
        eb_probe_say(out, EB_PROBE_NO_DEVICE, "", "/proc/self and /proc/stat are not there");
    else if (n < N_FIELDS)
        eb_probe_say(out, EB_PROBE_PARTIAL, "", "not in /proc here: %s", missing);
    close_files(env->io, state);
    free(state);
}

static bool open_probe(eb_probe *probe, eb_err *err)
{
    (void)err; // the core says what detect says
    process_state *state = eb_alloc(sizeof *state);
    probe->state = state;
    open_files(probe->env.io, state);
    probe->n = find_fields(probe->env.io, state);
    probe->channels = eb_alloc((size_t)(probe->n + 1) * sizeof *probe->channels);
    for (int i = 0; i < probe->n; i++) {
        const field *f = state->fields[i];
        eb_channel *c = &probe->channels[i];
        *c = (eb_channel){
            .source = "process",
            .domain = EB_DOMAIN_NONE,
            .socket = -1,
            .die = -1,
            .quantity = f->quantity,
            .cumulative = f->cumulative,
            .unit = 1,
            .scale = step_scale(f),
            .period_ns = worth_reading_ns,
            .grade = EB_GRADE_NONE,
            .scope = f->scope,
        };
        snprintf(c->name, sizeof c->name, "%s", f->name);
        snprintf(c->label, sizeof c->label, "%s", f->label);
    }
    return probe->n > 0;
}

static void read_probe(eb_probe *probe, eb_sample *out)
{
    process_state *state = probe->state;
    const eb_io *io = probe->env.io;
    int done = -1, rc = 0;
    eb_sample stamp = { 0 };
    for (int i = 0; i < probe->n; i++) {
        const field *f = state->fields[i];
        if ((int)f->file != done) { // channels are in the order of their files
            stamp.t_before_ns = io->clock.now_ns(&io->clock);
            rc = read_file(io, state, f->file);
            stamp.t_after_ns = io->clock.now_ns(&io->clock);
            done = (int)f->file;
        }
        out[i] = stamp;
        out[i].status = rc ? eb_probe_status(-rc) : EB_SAMPLE_OK;
        if (rc == 0 && !f->extract(state->buffer, f, &out[i].raw))
            out[i].status = EB_SAMPLE_MISSING;
    }
}

static void close_probe(eb_probe *probe)
{
    process_state *state = probe->state;
    if (state)
        close_files(probe->env.io, state);
    free(state);
}

const eb_probe_ops eb_probe_process = {
    .name = "process",
    .doc = "Use of memory and CPU by this process, and what disturbs it: faults, switches, steal, foreign load, swap",
    .detect = detect,
    .open = open_probe,
    .read = read_probe,
    .close = close_probe,
};
