// SPDX-License-Identifier: Apache-2.0
// The one table through which probes touch the machine, with three back ends:
//   real    the machine itself
//   rooted  every path under a prefix (--sysroot DIR): what is missing there is unknown and is
//           never taken from the real machine
//   tape    timestamp, value, errno replayed on a virtual clock (tests)
// Only the real one ever calls perf_event_open. The others know the events of whole CPUs that their tree holds as
// files /perf/TYPE/CONFIG@CPU (below the root, or as a tape's path): TYPE decimal, CONFIG in any base (2, 0x02), CPU
// decimal; the text is the count (and, where wanted, time enabled and time running in ns behind it), `!EACCES` and the
// like make the call fail. No such file, or an event of a process: ENODEV.
// Threads: one eb_io may be used from several threads; a tape may not.
#ifndef EB_BASE_IO_H
#define EB_BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "harness/base/clock.h"
#include "harness/base/error.h"

struct perf_event_attr;

typedef struct eb_io eb_io;
struct eb_io {
    const char *kind; // "real", "rooted", "tape"
    // All return -errno on failure. `path` is absolute as on the machine ("/sys/class/...").
    int (*open)(const eb_io *io, const char *path);                        // read-only handle >= 0
    ssize_t (*pread)(const eb_io *io, int handle, char *buf, size_t size); // from offset 0
    void (*close)(const eb_io *io, int handle);
    // Calls visit(arg, name) for each entry but . and ..; order unspecified; returns 0 or -errno.
    int (*list)(const eb_io *io, const char *path, void (*visit)(void *arg, const char *name), void *arg);
    int (*mode)(const eb_io *io, const char *path); // st_mode & 07777
    int (*perf_open)(const eb_io *io, struct perf_event_attr *attr, int pid, int cpu, int group, unsigned long flags);
    // Up to n values of the event's read_format. Returns how many there were; 0: the event is gone (its CPU went).
    int (*perf_read)(const eb_io *io, int handle, uint64_t *values, int n);
    eb_clock clock;
    struct eb_timeline
        *timeline; // scripted time and watts that stand in for the machine (base/timeline.h); NULL = none
    void *state;
};

eb_io eb_io_real(void);
// `root` is borrowed. Handles survive a fixture that replaces its files by rename (re-opened when
// the kept file was unlinked); an empty read (a writer that truncates) is retried a few times.
eb_io eb_io_rooted(const char *root);
// The back end for --sysroot / EFFBENCH_SYSROOT (`sysroot` may be NULL: real).
eb_io eb_io_select(const char *sysroot);

// Tape text, one event per line: `<t_ns> <path> <value>` or `<t_ns> <path> !<ERRNO NAME>` (EACCES, ...);
// '#' comments. A path reads as its newest event at or before the virtual now; before its first: ENOENT.
// EB_IO_TAPE_SUSPENDED is a path whose value is the time in ns that the machine has slept so far.
#define EB_IO_TAPE_SUSPENDED "/clock/suspended_ns"
bool eb_io_tape(const char *text, eb_io *out, eb_err *err);
void eb_io_deinit(eb_io *io);

// Helpers on top. Whole small files: read up to size-1 bytes, NUL-terminated, cut at the first newline.
ssize_t eb_io_read_line(const eb_io *io, const char *path, char *buf, size_t size);
// Digits only (spaces and one newline around allowed); 0 or -errno, -EBADMSG for empty or garbage.
int eb_io_read_u64(const eb_io *io, const char *path, uint64_t *out);
int eb_io_pread_u64(const eb_io *io, int handle, uint64_t *out);
// Whole file into a fresh NUL-terminated buffer of at most `limit` bytes (caller frees), or NULL with errno.
char *eb_io_slurp(const eb_io *io, const char *path, size_t limit);

#endif
