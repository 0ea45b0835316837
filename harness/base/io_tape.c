// SPDX-License-Identifier: Apache-2.0
// The tape: a text of (time, path, value or errno) replayed behind the I/O table on a virtual clock.
// Values may hold \n and \\ so that one line of tape can be a file of several lines.
#include "harness/base/io.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/io_impl.h"
#include "harness/base/mem.h"

enum {
    TEXT_MAX = 16 << 20,
    LINE_MAX_BYTES = 65536,
};

typedef struct tape_event {
    int64_t t_ns;
    int errnum; // 0 = value
    char *value;
} tape_event;

typedef struct tape_path {
    char *path;
    tape_event *events; // in time order
    size_t n, cap;
} tape_path;

typedef struct tape_state {
    eb_io_state base;
    int64_t now_ns;
    tape_path *paths;
    size_t n, cap;
} tape_state;

// ---- reading the text ----

static tape_path *path_find(const tape_state *state, const char *path)
{
    for (size_t i = 0; i < state->n; i++)
        if (strcmp(state->paths[i].path, path) == 0)
            return &state->paths[i];
    return NULL;
}

static tape_path *path_add(tape_state *state, const char *path)
{
    tape_path *found = path_find(state, path);
    if (found)
        return found;
    EB_GROW(state->paths, state->n, state->cap);
    tape_path *added = &state->paths[state->n++];
    *added = (tape_path){ .path = eb_strdup(path) };
    return added;
}

static char *unescape(const char *text)
{
    char *value = eb_strdup(text), *to = value;
    for (const char *from = text; *from; from++) {
        if (from[0] == '\\' && (from[1] == 'n' || from[1] == '\\'))
            *to++ = *++from == 'n' ? '\n' : '\\';
        else
            *to++ = *from;
    }
    *to = '\0';
    return value;
}

static bool bad_line(eb_err *err, int line, const char *at, const char *start, const char *what, const char *word)
{
    eb_err_at(err, EB_USAGE, "tape", line, (int)(at - start) + 1, "%s '%.64s'", what, word);
    return eb_err_hint(err, "a line is '<t_ns> <path> <value>' or '<t_ns> <path> !EACCES'");
}

// `text` is the line without its newline, and is cut up.
static bool parse_line(tape_state *state, char *text, int line, eb_err *err)
{
    char *start = text, *end = NULL;
    text += strspn(text, " \t\r");
    if (*text == '\0' || *text == '#')
        return true;
    errno = 0;
    long long t_ns = strtoll(text, &end, 10);
    if (end == text || (*end != ' ' && *end != '\t') || t_ns < 0 || errno)
        return bad_line(err, line, text, start, "no time in ns in", text);
    char *path = end + strspn(end, " \t");
    if (*path != '/')
        return bad_line(err, line, path, start, "no absolute path in", path);
    char *value = path + strcspn(path, " \t\r");
    size_t path_len = (size_t)(value - path);
    value += strspn(value, " \t");
    value[strcspn(value, "\r")] = '\0';
    path[path_len] = '\0';
    int errnum = *value == '!' ? eb_io_errno_parse(value + 1) : 0;
    if (*value == '!' && errnum == 0)
        return bad_line(err, line, value, start, "unknown errno", value + 1);
    tape_path *to = path_add(state, path);
    if (to->n && to->events[to->n - 1].t_ns > t_ns)
        return bad_line(err, line, start, start, "time goes back for", path);
    EB_GROW(to->events, to->n, to->cap);
    to->events[to->n++] = (tape_event){ t_ns, errnum, errnum ? NULL : unescape(value) };
    return true;
}

static bool parse_text(tape_state *state, const char *text, eb_err *err)
{
    if (strnlen(text, TEXT_MAX + 1) > TEXT_MAX)
        return eb_err_set(err, EB_USAGE, "tape is longer than %d bytes", TEXT_MAX);
    for (int line = 1; *text; line++) {
        size_t len = strcspn(text, "\n");
        if (len > LINE_MAX_BYTES)
            return eb_err_at(err, EB_USAGE, "tape", line, 0, "line is longer than %d bytes", LINE_MAX_BYTES);
        char *copy = eb_strndup(text, len);
        bool ok = parse_line(state, copy, line, err);
        free(copy);
        if (!ok)
            return false;
        text += len + (text[len] == '\n');
    }
    return true;
}

// ---- replaying it ----

// The newest event at or before now, or NULL.
static const tape_event *event_now(const tape_state *state, const tape_path *path)
{
    size_t lo = 0, hi = path->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (path->events[mid].t_ns <= state->now_ns)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo ? &path->events[lo - 1] : NULL;
}

// What the kernel checks when a name is looked up; all else comes from the read.
static bool fails_open(int errnum)
{
    return errnum == ENOENT || errnum == EACCES || errnum == EPERM || errnum == ELOOP || errnum == ENOTDIR;
}

static int tape_open(const eb_io *io, const char *path)
{
    const tape_state *state = io->state;
    const tape_path *found = path_find(state, path);
    const tape_event *event = found ? event_now(state, found) : NULL;
    if (!event)
        return -ENOENT;
    return fails_open(event->errnum) ? -event->errnum : (int)(found - state->paths);
}

static ssize_t tape_pread(const eb_io *io, int handle, char *buf, size_t size)
{
    const tape_state *state = io->state;
    if (handle < 0 || (size_t)handle >= state->n)
        return -EBADF;
    const tape_event *event = event_now(state, &state->paths[handle]);
    if (!event)
        return -ENOENT;
    if (event->errnum)
        return -event->errnum;
    size_t len = strlen(event->value);
    memcpy(buf, event->value, len < size ? len : size);
    return (ssize_t)(len < size ? len : size);
}

static void tape_close(const eb_io *io, int handle)
{
    (void)io, (void)handle;
}

static bool is_there(const tape_state *state, const tape_path *path)
{
    const tape_event *event = event_now(state, path);
    return event && event->errnum != ENOENT;
}

// The component of `path` below `dir`, or NULL. *len gets its length.
static const char *below(const char *path, const char *dir, size_t *len)
{
    size_t n = strlen(dir);
    while (n > 0 && dir[n - 1] == '/')
        n--;
    if (strncmp(path, dir, n) != 0 || path[n] != '/' || path[n + 1] == '\0')
        return NULL;
    *len = strcspn(path + n + 1, "/");
    return path + n + 1;
}

static bool seen_before(const tape_state *state, size_t i, const char *dir, const char *name, size_t len)
{
    for (size_t j = 0; j < i; j++) {
        size_t other_len = 0;
        const char *other = is_there(state, &state->paths[j]) ? below(state->paths[j].path, dir, &other_len) : NULL;
        if (other && other_len == len && memcmp(other, name, len) == 0)
            return true;
    }
    return false;
}

static int tape_list(const eb_io *io, const char *path, void (*visit)(void *arg, const char *name), void *arg)
{
    const tape_state *state = io->state;
    const tape_path *self = path_find(state, path);
    const tape_event *event = self ? event_now(state, self) : NULL;
    if (event && event->errnum)
        return -event->errnum;
    int n = 0;
    for (size_t i = 0; i < state->n && n < EB_IO_LIST_MAX; i++) {
        size_t len = 0;
        const char *name = is_there(state, &state->paths[i]) ? below(state->paths[i].path, path, &len) : NULL;
        if (!name || len == 0 || len > 255 || seen_before(state, i, path, name, len))
            continue;
        char copy[256];
        memcpy(copy, name, len);
        copy[len] = '\0';
        visit(arg, copy);
        n++;
    }
    return n || event ? 0 : -ENOENT;
}

static int tape_mode(const eb_io *io, const char *path)
{
    const tape_state *state = io->state;
    const tape_path *found = path_find(state, path);
    const tape_event *event = found ? event_now(state, found) : NULL;
    if (!event || event->errnum == ENOENT)
        return -ENOENT;
    return event->errnum == EACCES ? 0400 : 0444;
}

// What an event's file says at this time is what the call says, errors of reading included: the kernel has no others.
static int tape_perf_open(const eb_io *io, struct perf_event_attr *attr, int pid, int cpu, int group,
                          unsigned long flags)
{
    (void)group, (void)flags;
    const tape_state *state = io->state;
    for (size_t i = 0; pid == -1 && i < state->n; i++) {
        const tape_event *event = event_now(state, &state->paths[i]);
        if (event && eb_io_perf_is(state->paths[i].path, attr, cpu))
            return event->errnum ? -event->errnum : (int)i;
    }
    return -ENODEV;
}

// How long the machine has slept is an event as well, of a path that no probe reads.
static int64_t tape_suspended(const eb_clock *clock)
{
    const tape_state *state = (const void *)((const char *)clock->state - offsetof(tape_state, now_ns));
    const tape_path *path = path_find(state, EB_IO_TAPE_SUSPENDED);
    const tape_event *event = path ? event_now(state, path) : NULL;
    return event && event->value ? strtoll(event->value, NULL, 10) : 0;
}

static void tape_deinit(eb_io *io)
{
    tape_state *state = io->state;
    for (size_t i = 0; i < state->n; i++) {
        for (size_t j = 0; j < state->paths[i].n; j++)
            free(state->paths[i].events[j].value);
        free(state->paths[i].events);
        free(state->paths[i].path);
    }
    free(state->paths);
    free(state);
}

bool eb_io_tape(const char *text, eb_io *out, eb_err *err)
{
    tape_state *state = eb_alloc(sizeof *state);
    state->base.deinit = tape_deinit;
    *out = (eb_io){
        .kind = "tape",
        .open = tape_open,
        .pread = tape_pread,
        .close = tape_close,
        .list = tape_list,
        .mode = tape_mode,
        .perf_open = tape_perf_open,
        .perf_read = eb_io_perf_file_read,
        .clock = eb_clock_virtual(&state->now_ns),
        .state = state,
    };
    out->clock.suspended_ns = tape_suspended;
    if (parse_text(state, text, err))
        return true;
    eb_io_deinit(out);
    return false;
}
