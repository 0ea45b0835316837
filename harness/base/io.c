// SPDX-License-Identifier: Apache-2.0
// The real back end, and the helpers that work on any.
#include "harness/base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "harness/base/io_impl.h"

ssize_t eb_io_fd_pread(int fd, char *buf, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = pread(fd, buf + done, size - done, (off_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return done ? (ssize_t)done : -errno;
        done += (size_t)got;
        if (got == 0 || size < EB_IO_PAGE)
            break;
    }
    return (ssize_t)done;
}

int eb_io_fd_list(int fd, void (*visit)(void *arg, const char *name), void *arg)
{
    DIR *dir = fdopendir(fd);
    if (!dir) {
        int errnum = errno;
        close(fd);
        return -errnum;
    }
    const struct dirent *entry;
    int n = 0;
    errno = 0;
    while (n < EB_IO_LIST_MAX && (entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            visit(arg, entry->d_name);
            n++;
        }
        errno = 0;
    }
    int rc = -errno;
    closedir(dir);
    return rc;
}

// O_NONBLOCK: a pipe or a terminal in the way must not hang the caller.
static int real_open(const eb_io *io, const char *path)
{
    (void)io;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    return fd < 0 ? -errno : fd;
}

static ssize_t real_pread(const eb_io *io, int handle, char *buf, size_t size)
{
    (void)io;
    return eb_io_fd_pread(handle, buf, size);
}

static void real_close(const eb_io *io, int handle)
{
    (void)io;
    close(handle);
}

static int real_list(const eb_io *io, const char *path, void (*visit)(void *arg, const char *name), void *arg)
{
    (void)io;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : eb_io_fd_list(fd, visit, arg);
}

static int real_mode(const eb_io *io, const char *path)
{
    (void)io;
    struct stat st;
    return stat(path, &st) ? -errno : (int)(st.st_mode & 07777);
}

static int real_perf_open(const eb_io *io, struct perf_event_attr *attr, int pid, int cpu, int group,
                          unsigned long flags)
{
    (void)io;
    long fd = syscall(SYS_perf_event_open, attr, pid, cpu, group, flags | PERF_FLAG_FD_CLOEXEC);
    return fd < 0 ? -errno : (int)fd;
}

static int real_perf_read(const eb_io *io, int handle, uint64_t *values, int n)
{
    (void)io;
    ssize_t got;
    do
        got = read(handle, values, (size_t)n * sizeof *values);
    while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : (int)((size_t)got / sizeof *values);
}

eb_io eb_io_real(void)
{
    return (eb_io){
        .kind = "real",
        .open = real_open,
        .pread = real_pread,
        .close = real_close,
        .list = real_list,
        .mode = real_mode,
        .perf_open = real_perf_open,
        .perf_read = real_perf_read,
        .clock = eb_clock_real,
    };
}

eb_io eb_io_select(const char *sysroot)
{
    return sysroot && *sysroot ? eb_io_rooted(sysroot) : eb_io_real();
}

void eb_io_deinit(eb_io *io)
{
    eb_io_state *state = io->state;
    if (state)
        state->deinit(io);
    memset(io, 0, sizeof *io);
}

ssize_t eb_io_read_line(const eb_io *io, const char *path, char *buf, size_t size)
{
    if (size == 0)
        return -EINVAL;
    buf[0] = '\0';
    int handle = io->open(io, path);
    if (handle < 0)
        return handle;
    ssize_t got = io->pread(io, handle, buf, size - 1);
    io->close(io, handle);
    if (got < 0) {
        buf[0] = '\0';
        return got;
    }
    buf[got] = '\0';
    buf[strcspn(buf, "\n")] = '\0';
    return (ssize_t)strlen(buf);
}

// A decimal number and nothing else but white space around it, up to the first newline.
static int parse_u64(const char *buf, size_t len, uint64_t *out)
{
    size_t i = 0;
    while (i < len && (buf[i] == ' ' || buf[i] == '\t'))
        i++;
    uint64_t value = 0;
    size_t digits = 0;
    for (; i < len && buf[i] >= '0' && buf[i] <= '9'; i++, digits++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (unsigned)(buf[i] - '0'), &value))
            return -EBADMSG;
    while (i < len && (buf[i] == ' ' || buf[i] == '\t' || buf[i] == '\r'))
        i++;
    if (digits == 0 || (i < len && buf[i] != '\n'))
        return -EBADMSG;
    *out = value;
    return 0;
}

int eb_io_pread_u64(const eb_io *io, int handle, uint64_t *out)
{
    char buf[64];
    ssize_t got = io->pread(io, handle, buf, sizeof buf);
    if (got < 0)
        return (int)got;
    return parse_u64(buf, (size_t)got, out);
}

int eb_io_read_u64(const eb_io *io, const char *path, uint64_t *out)
{
    int handle = io->open(io, path);
    if (handle < 0)
        return handle;
    int rc = eb_io_pread_u64(io, handle, out);
    io->close(io, handle);
    return rc;
}

char *eb_io_slurp(const eb_io *io, const char *path, size_t limit)
{
    int handle = io->open(io, path);
    if (handle < 0) {
        errno = -handle;
        return NULL;
    }
    char *buf = NULL;
    ssize_t got = -ENOMEM;
    // The size of a file in /proc is not known before: read again with twice the room until it fits.
    for (size_t size = EB_IO_PAGE;; size *= 2) {
        size_t room = size < limit ? size : limit;
        char *more = realloc(buf, room + 1);
        if (!more)
            break;
        buf = more;
        got = room ? io->pread(io, handle, buf, room) : 0;
        if (got < 0 || (size_t)got < room || room == limit)
            break;
    }
    io->close(io, handle);
    if (got < 0) {
        free(buf);
        errno = (int)-got;
        return NULL;
    }
    buf[got] = '\0';
    return buf;
}
