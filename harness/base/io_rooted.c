// SPDX-License-Identifier: Apache-2.0
// The back end of --sysroot: every path is looked up inside one folder. Absolute symbolic links are
// taken as links inside it and ".." stops at it, so that nothing of the real machine is ever read.
// A handle is a descriptor; a table beside it keeps the path, to open the file again when a fixture
// has put another one in its place.
#include "harness/base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "harness/base/io_impl.h"
#include "harness/base/mem.h"

enum {
    MAX_LINKS = 40,      // as the kernel's own limit
    MAX_DEPTH = 64,      // folders below the root
    EMPTY_RETRIES = 64,  // a writer that truncates before it writes is back within microseconds
    RESOLVE_RETRIES = 8, // openat2 says EAGAIN when the tree is renamed under it
};

typedef struct rooted_state {
    eb_io_state base;
    int root; // O_PATH descriptor, or -errno
    pthread_mutex_t lock;
    char **paths; // by handle
    int n_paths;
} rooted_state;

// ---- looking a path up ----

typedef struct walk {
    int dirs[MAX_DEPTH + 1]; // dirs[0] is the root (borrowed)
    int depth;
    int links;
    char rest[2 * EB_IO_PATH_MAX];
} walk;

static void walk_up_to(walk *w, int depth)
{
    while (w->depth > depth)
        close(w->dirs[w->depth--]);
}

// Puts the target of the link `fd` in front of what is left of the path.
static int walk_link(walk *w, int fd, const char *after)
{
    char target[2 * EB_IO_PATH_MAX];
    ssize_t n = readlinkat(fd, "", target, EB_IO_PATH_MAX);
    if (n < 0)
        return -errno;
    if (++w->links > MAX_LINKS)
        return -ELOOP;
    size_t left = strlen(after);
    if ((size_t)n + left + 2 > EB_IO_PATH_MAX)
        return -ENAMETOOLONG;
    target[n] = '/';
    memcpy(target + n + 1, after, left + 1);
    memcpy(w->rest, target, (size_t)n + left + 2);
    if (target[0] == '/')
        walk_up_to(w, 0);
    return 0;
}

// Takes one component off `rest`. Returns a descriptor when it was the last one, -errno, or -EINPROGRESS.
static int walk_step(walk *w, int flags)
{
    char name[256];
    char *start = w->rest + strspn(w->rest, "/");
    size_t len = strcspn(start, "/");
    char *after = start + len + strspn(start + len, "/");
    if (len >= sizeof name)
        return -ENAMETOOLONG;
    memcpy(name, start, len);
    name[len] = '\0';
    if (len == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        if (len == 2 && w->depth > 0)
            walk_up_to(w, w->depth - 1);
        memmove(w->rest, after, strlen(after) + 1);
        if (*w->rest)
            return -EINPROGRESS;
        int fd = openat(w->dirs[w->depth], ".", flags | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
    }
    int fd = openat(w->dirs[w->depth], name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    struct stat st;
    int rc = fstat(fd, &st) ? -errno : 0;
    if (rc == 0 && S_ISLNK(st.st_mode)) {
        rc = walk_link(w, fd, after);
        close(fd);
        return rc ? rc : -EINPROGRESS;
    }
    if (rc == 0 && *after == '\0') {
        close(fd);
        fd = openat(w->dirs[w->depth], name, flags | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
    }
    if (rc == 0 && !S_ISDIR(st.st_mode))
        rc = -ENOTDIR;
    if (rc == 0 && w->depth == MAX_DEPTH)
        rc = -ENAMETOOLONG;
    if (rc) {
        close(fd);
        return rc;
    }
    w->dirs[++w->depth] = fd;
    memmove(w->rest, after, strlen(after) + 1);
    return -EINPROGRESS;
}

int eb_io_rooted_walk(int root, const char *path, int flags)
{
    walk w = { .dirs = { root } };
    size_t len = strlen(path);
    if (len >= EB_IO_PATH_MAX)
        return -ENAMETOOLONG;
    memcpy(w.rest, path, len + 1);
    int rc;
    do
        rc = walk_step(&w, flags);
    while (rc == -EINPROGRESS);
    walk_up_to(&w, 0);
    return rc;
}

static int resolve(const eb_io *io, const char *path, int flags)
{
    const rooted_state *state = io->state;
    if (state->root < 0)
        return state->root;
    struct open_how how = { .flags = (uint64_t)(flags | O_CLOEXEC),
                            .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
    const char *inside = path + strspn(path, "/");
    long fd = -1;
    for (int i = 0; i < RESOLVE_RETRIES; i++) {
        fd = syscall(SYS_openat2, state->root, *inside ? inside : ".", &how, sizeof how);
        if (fd >= 0)
            return (int)fd;
        if (errno != EAGAIN && errno != EINTR)
            break;
    }
    // EPERM: a sandbox that forbids calls it does not know.
    if (errno == ENOSYS || errno == EPERM || errno == EINVAL || errno == EAGAIN)
        return eb_io_rooted_walk(state->root, path, flags);
    return -errno;
}

// ---- handles ----

static void keep_path(rooted_state *state, int fd, const char *path)
{
    pthread_mutex_lock(&state->lock);
    if (fd >= state->n_paths) {
        state->paths = eb_realloc(state->paths, (size_t)fd + 16, sizeof *state->paths);
        memset(state->paths + state->n_paths, 0, (size_t)(fd + 16 - state->n_paths) * sizeof *state->paths);
        state->n_paths = fd + 16;
    }
    free(state->paths[fd]);
    state->paths[fd] = eb_strdup(path);
    pthread_mutex_unlock(&state->lock);
}

// The kept path is stable until its handle is closed; only the table of them may move.
static const char *kept_path(rooted_state *state, int fd)
{
    pthread_mutex_lock(&state->lock);
    const char *path = fd >= 0 && fd < state->n_paths ? state->paths[fd] : NULL;
    pthread_mutex_unlock(&state->lock);
    return path;
}

static int open_file(const eb_io *io, const char *path)
{
    return resolve(io, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
}

static int rooted_open(const eb_io *io, const char *path)
{
    int fd = open_file(io, path);
    if (fd >= 0)
        keep_path(io->state, fd, path);
    return fd;
}

// When the kept file was unlinked or replaced by rename, puts its successor under the same descriptor.
static int refresh(const eb_io *io, int handle)
{
    struct stat st;
    if (fstat(handle, &st))
        return -errno;
    if (st.st_nlink > 0)
        return 0;
    const char *path = kept_path(io->state, handle);
    if (!path)
        return -EBADF;
    int fd = open_file(io, path);
    if (fd < 0)
        return fd;
    int rc = dup3(fd, handle, O_CLOEXEC) < 0 ? -errno : 0;
    close(fd);
    return rc;
}

static ssize_t rooted_pread(const eb_io *io, int handle, char *buf, size_t size)
{
    ssize_t got = 0;
    for (int i = 0; i < EMPTY_RETRIES; i++) {
        int rc = refresh(io, handle);
        if (rc)
            return rc;
        got = eb_io_fd_pread(handle, buf, size);
        if (got != 0)
            break;
        sched_yield();
    }
    return got;
}

static void rooted_close(const eb_io *io, int handle)
{
    rooted_state *state = io->state;
    pthread_mutex_lock(&state->lock);
    if (handle >= 0 && handle < state->n_paths) {
        free(state->paths[handle]);
        state->paths[handle] = NULL;
    }
    pthread_mutex_unlock(&state->lock);
    close(handle);
}

static int rooted_list(const eb_io *io, const char *path, void (*visit)(void *arg, const char *name), void *arg)
{
    int fd = resolve(io, path, O_RDONLY | O_DIRECTORY);
    return fd < 0 ? fd : eb_io_fd_list(fd, visit, arg);
}

static int rooted_mode(const eb_io *io, const char *path)
{
    int fd = resolve(io, path, O_PATH);
    if (fd < 0)
        return fd;
    struct stat st;
    int rc = fstat(fd, &st) ? -errno : (int)(st.st_mode & 07777);
    close(fd);
    return rc;
}

typedef struct event_search {
    const struct perf_event_attr *attr;
    int cpu;
    char dir[32], path[320]; // path "" = not found
} event_search;

static void match_event(void *arg, const char *name)
{
    event_search *search = arg;
    char path[sizeof search->path];
    snprintf(path, sizeof path, "%s/%.255s", search->dir, name);
    if (eb_io_perf_is(path, search->attr, search->cpu))
        memcpy(search->path, path, sizeof path);
}

static int rooted_perf_open(const eb_io *io, struct perf_event_attr *attr, int pid, int cpu, int group,
                            unsigned long flags)
{
    (void)group, (void)flags;
    if (!attr || pid != -1)
        return -ENODEV;
    event_search search = { .attr = attr, .cpu = cpu };
    snprintf(search.dir, sizeof search.dir, "/perf/%u", attr->type);
    int rc = rooted_list(io, search.dir, match_event, &search);
    if (rc || !search.path[0])
        return -ENODEV;
    int handle = rooted_open(io, search.path);
    uint64_t values[EB_IO_PERF_VALUES];
    rc = handle < 0 ? handle : eb_io_perf_file_read(io, handle, values, EB_IO_PERF_VALUES);
    if (rc < 0 && handle >= 0)
        rooted_close(io, handle);
    return rc < 0 ? rc : handle;
}

static void rooted_deinit(eb_io *io)
{
    rooted_state *state = io->state;
    for (int i = 0; i < state->n_paths; i++)
        free(state->paths[i]);
    free(state->paths);
    if (state->root >= 0)
        close(state->root);
    pthread_mutex_destroy(&state->lock);
    free(state);
}

eb_io eb_io_rooted(const char *root)
{
    rooted_state *state = eb_alloc(sizeof *state);
    state->base.deinit = rooted_deinit;
    state->root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (state->root < 0)
        state->root = -errno;
    pthread_mutex_init(&state->lock, NULL);
    return (eb_io){
        .kind = "rooted",
        .open = rooted_open,
        .pread = rooted_pread,
        .close = rooted_close,
        .list = rooted_list,
        .mode = rooted_mode,
        .perf_open = rooted_perf_open,
        .perf_read = eb_io_perf_file_read,
        .clock = eb_clock_real,
        .state = state,
    };
}
