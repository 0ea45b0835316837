// SPDX-License-Identifier: Apache-2.0
// Performance events of a rooted or replayed tree: files /perf/TYPE/CONFIG@CPU that stand for events of a whole CPU,
// so that nothing there is ever asked of the kernel. What the text means: io.h.
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/io_impl.h"
#include "harness/base/units.h"

static const struct {
    const char *name;
    int errnum;
} errnos[] = {
    { "EACCES", EACCES },   { "EAGAIN", EAGAIN },   { "EBADMSG", EBADMSG },
    { "EBUSY", EBUSY },     { "EINTR", EINTR },     { "EINVAL", EINVAL },
    { "EIO", EIO },         { "EISDIR", EISDIR },   { "ELOOP", ELOOP },
    { "ENODATA", ENODATA }, { "ENODEV", ENODEV },   { "ENOENT", ENOENT },
    { "ENOMEM", ENOMEM },   { "ENOTDIR", ENOTDIR }, { "EOPNOTSUPP", EOPNOTSUPP },
    { "EPERM", EPERM },     { "ENXIO", ENXIO },     { "ETIMEDOUT", ETIMEDOUT },
};

int eb_io_errno_parse(const char *name)
{
    for (size_t i = 0; i < sizeof errnos / sizeof *errnos; i++)
        if (strcmp(errnos[i].name, name) == 0)
            return errnos[i].errnum;
    return 0;
}

// A number at *p that ends at `end`, which is stepped over. Base 0: as in C.
static bool number(const char **p, int base, char end, uint64_t *out)
{
    char *after = NULL;
    if (**p < '0' || **p > '9')
        return false;
    errno = 0;
    *out = strtoull(*p, &after, base);
    if (errno || *after != end)
        return false;
    *p = after + (end != '\0');
    return true;
}

bool eb_io_perf_is(const char *path, const struct perf_event_attr *attr, int cpu)
{
    static const char folder[] = "/perf/";
    uint64_t type, config, on;
    const char *p = path + strlen(folder);
    if (!attr || cpu < 0 || strncmp(path, folder, strlen(folder)) != 0)
        return false;
    return number(&p, 10, '/', &type) && number(&p, 0, '@', &config) && number(&p, 10, '\0', &on) &&
           type == attr->type && config == attr->config && on == (uint64_t)cpu;
}

static int parse_values(char *text, uint64_t *values, int n)
{
    char *rest = text, *word;
    int got = 0;
    while (got < n && (word = strtok_r(rest, " \t\r", &rest)))
        if (!eb_parse_u64(word, &values[got++], NULL))
            return -EBADMSG;
    return got;
}

int eb_io_perf_file_read(const eb_io *io, int handle, uint64_t *values, int n)
{
    char text[128];
    ssize_t got = io->pread(io, handle, text, sizeof text - 1);
    if (got == -ENOENT)
        return -ENODEV;
    if (got < 0)
        return (int)got;
    text[got] = '\0';
    text[strcspn(text, "\n")] = '\0';
    if (text[0] == '!') {
        int errnum = eb_io_errno_parse(text + 1);
        return errnum ? -errnum : -EBADMSG;
    }
    return parse_values(text, values, n);
}
