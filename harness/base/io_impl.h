// SPDX-License-Identifier: Apache-2.0
// What the back ends of io.h share. For io*.c only.
#ifndef EB_BASE_IO_IMPL_H
#define EB_BASE_IO_IMPL_H

#include "harness/base/io.h"

// Every back end's `state` begins with this (the real one has no state).
typedef struct eb_io_state {
    void (*deinit)(eb_io *io);
} eb_io_state;

enum {
    EB_IO_PATH_MAX = 4096,
    EB_IO_LIST_MAX = 65536, // entries visited of one directory
    EB_IO_PAGE = 4096,
};

// pread from offset 0. Buffers of a page and more are filled up to the end of the file, because
// procfs hands long files out in pieces; smaller ones take one call, as one value needs.
ssize_t eb_io_fd_pread(int fd, char *buf, size_t size);
// Visits the entries of directory `fd` and closes it; 0 or -errno.
int eb_io_fd_list(int fd, void (*visit)(void *arg, const char *name), void *arg);
// Opens `path` inside the folder `root` component by component: what --sysroot falls back to where the
// kernel has no openat2. A descriptor or -errno.
int eb_io_rooted_walk(int root, const char *path, int flags);

// Error number of a name such as EACCES; 0 = not known.
int eb_io_errno_parse(const char *name);

// ---- events as files (io_perf.c) ----
enum { EB_IO_PERF_VALUES = 3 };
// Whether `path` is the file of this event.
bool eb_io_perf_is(const char *path, const struct perf_event_attr *attr, int cpu);
// Reads an open file of an event: the number of values (0 = empty), or -errno.
int eb_io_perf_file_read(const eb_io *io, int handle, uint64_t *values, int n);

#endif
