// SPDX-License-Identifier: Apache-2.0
// Files of our own: read whole, written aside and renamed.
#include "harness/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "harness/base/mem.h"

// Reads until the end or one byte past `limit`; -errno on failure.
static ssize_t read_up_to(int fd, char **data, size_t limit)
{
    struct stat st;
    size_t cap = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 ? (size_t)st.st_size + 2 : 65536;
    if (cap > limit + 2)
        cap = limit + 2;
    size_t n = 0;
    char *buf = malloc(cap);
    for (;;) {
        if (!buf)
            return -ENOMEM;
        *data = buf;
        ssize_t got = read(fd, buf + n, cap - 1 - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        n += (size_t)got;
        if (got == 0 || n > limit)
            break;
        if (n == cap - 1) {
            cap = 2 * cap > limit + 2 ? limit + 2 : 2 * cap;
            buf = realloc(buf, cap);
            if (!buf)
                free(*data), *data = NULL;
        }
    }
    buf[n] = '\0';
    return (ssize_t)n;
}

int eb_file_open_regular(const char *path, eb_err *err)
{
    struct stat st = { 0 };
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        eb_err_sys(err, EB_USAGE, errno, "cannot open", path);
        return -1;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return fd;
    close(fd);
    eb_err_set(err, EB_USAGE, "'%s' is not a file but %s", path,
               S_ISDIR(st.st_mode)    ? "a folder"
               : S_ISFIFO(st.st_mode) ? "a pipe"
                                      : "a device");
    return -1;
}

static char *read_opened(int fd, const char *path, size_t limit, size_t *len, eb_err *err)
{
    char *data = NULL;
    ssize_t n = read_up_to(fd, &data, limit);
    close(fd);
    if (n < 0)
        eb_err_sys(err, n == -ENOMEM ? EB_FAILED : EB_USAGE, (int)-n, "cannot read", path);
    else if ((size_t)n > limit)
        eb_err_at(err, EB_USAGE, path, 0, 0, "file is larger than the limit of %zu bytes", limit);
    if (n < 0 || (size_t)n > limit) {
        free(data);
        return NULL;
    }
    if (len)
        *len = (size_t)n;
    return data;
}

char *eb_file_read(const char *path, size_t limit, size_t *len, eb_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        return read_opened(fd, path, limit, len, err);
    eb_err_sys(err, EB_USAGE, errno, "cannot open", path);
    return NULL;
}

char *eb_file_read_regular(const char *path, size_t limit, size_t *len, eb_err *err)
{
    int fd = eb_file_open_regular(path, err);
    return fd >= 0 ? read_opened(fd, path, limit, len, err) : NULL;
}

// 0 or errno.
static int write_all(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

static void sync_directory_of(const char *path)
{
    const char *base = eb_path_base(path);
    char *dir = base == path ? eb_strdup(".") : eb_strndup(path, (size_t)(base - path));
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd); // some file systems refuse it; the rename is atomic all the same
        close(fd);
    }
    free(dir);
}

bool eb_file_write_atomic(const char *path, const void *data, size_t len, eb_err *err)
{
    char *aside = eb_format("%s.tmp.%ld", path, (long)getpid());
    int errnum = 0;
    int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0) {
        eb_err_sys(err, EB_FAILED, errno, "cannot write", path);
        free(aside);
        return false;
    }
    errnum = write_all(fd, data, len);
    if (!errnum && fsync(fd) != 0)
        errnum = errno;
    if (close(fd) != 0 && !errnum)
        errnum = errno;
    if (!errnum && rename(aside, path) != 0)
        errnum = errno;
    if (errnum) {
        unlink(aside);
        eb_err_sys(err, EB_FAILED, errnum, "cannot write", path);
    } else {
        sync_directory_of(path);
    }
    free(aside);
    return !errnum;
}

bool eb_mkdirs(const char *path, eb_err *err)
{
    char *part = eb_strdup(path);
    bool ok = *path != '\0' || eb_err_set(err, EB_USAGE, "the name of the folder to make is empty");
    for (char *p = part; ok && *p;) {
        p += strspn(p, "/");
        p += strcspn(p, "/");
        char kept = *p;
        *p = '\0';
        struct stat st;
        int errnum = mkdir(part, 0777) == 0 ? 0 : errno; // of a folder that is there it may be EEXIST, EROFS, EACCES
        if (errnum && !(stat(part, &st) == 0 && S_ISDIR(st.st_mode)))
            ok = eb_err_sys(err, eb_err_place(errnum), errnum == EEXIST ? ENOTDIR : errnum, "cannot make the folder",
                            part);
        *p = kept;
    }
    free(part);
    return ok;
}

bool eb_file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

bool eb_folder_exists(const char *path, const char *what, eb_err *err)
{
    struct stat st;
    if (stat(path, &st) != 0 && (errno == ENOENT || errno == ENOTDIR))
        return eb_err_set(err, EB_USAGE, "'%s' does not exist", path);
    return stat(path, &st) != 0 || S_ISDIR(st.st_mode) ||
           eb_err_set(err, EB_USAGE, "'%s' is a file and not %s", path, what);
}

char *eb_path_join(const char *dir, const char *name)
{
    size_t n = strlen(dir);
    if (!n || name[0] == '/')
        return eb_strdup(name);
    return eb_format("%s%s%s", dir, dir[n - 1] == '/' ? "" : "/", name);
}

const char *eb_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *eb_cache_folder(void)
{
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (xdg && *xdg == '/')
        return eb_path_join(xdg, "effbench");
    return home && *home == '/' ? eb_path_join(home, ".cache/effbench") : NULL;
}
