// SPDX-License-Identifier: Apache-2.0
#include "probes/sysfs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "probes/probe_impl.h"

enum { EMPTY_TRIES = 10, EMPTY_PAUSE_NS = 1000000, INDEX_DIGITS = 6 };

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

int eb_sysfs_parse_s64(const char *text, size_t len, int64_t *out)
{
    size_t i = 0;
    while (i < len && is_space(text[i]))
        i++;
    bool negative = i < len && text[i] == '-';
    i += negative;
    int64_t value = 0;
    size_t digits = 0;
    for (; i < len && is_digit(text[i]); i++, digits++)
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, text[i] - '0', &value))
            return -EBADMSG;
    while (i < len && is_space(text[i]))
        i++;
    if (digits == 0 || (i < len && text[i] != '\n'))
        return -EBADMSG;
    *out = negative ? -value : value;
    return 0;
}

int eb_sysfs_pread_s64(const eb_io *io, int handle, int64_t *out)
{
    char buf[64];
    ssize_t got = io->pread(io, handle, buf, sizeof buf);
    return got < 0 ? (int)got : eb_sysfs_parse_s64(buf, (size_t)got, out);
}

int eb_sysfs_read_s64(const eb_io *io, const char *path, int64_t *out)
{
    int handle = io->open(io, path);
    if (handle < 0)
        return handle;
    int rc = eb_sysfs_pread_s64(io, handle, out);
    io->close(io, handle);
    return rc;
}

void eb_sysfs_read_text(const eb_io *io, const char *path, char *buf, size_t size)
{
    if (eb_io_read_line(io, path, buf, size) < 0)
        buf[0] = '\0';
    eb_probe_make_printable(buf);
}

bool eb_sysfs_uevent(const eb_io *io, const char *path, const char *key, char *buf, size_t size)
{
    char *text = eb_io_slurp(io, path, 4096);
    size_t key_len = strlen(key);
    buf[0] = '\0';
    for (const char *line = text; line && !buf[0]; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (strncmp(line, key, key_len) == 0 && line[key_len] == '=')
            snprintf(buf, size, "%.*s", (int)strcspn(line + key_len + 1, "\n"), line + key_len + 1);
    free(text);
    eb_probe_make_printable(buf);
    return buf[0] != '\0';
}

// An empty file may have a writer between truncating and writing (never the kernel).
static int read_patiently(const eb_io *io, int handle, int64_t *value)
{
    char buf[64];
    ssize_t got = io->pread(io, handle, buf, sizeof buf);
    for (int i = 0; i < EMPTY_TRIES && got == 0; i++) {
        io->clock.sleep_until_ns(&io->clock, io->clock.now_ns(&io->clock) + EMPTY_PAUSE_NS);
        got = io->pread(io, handle, buf, sizeof buf);
    }
    return got < 0 ? (int)got : eb_sysfs_parse_s64(buf, (size_t)got, value);
}

int eb_sysfs_open_number(const eb_io *io, const char *path, int64_t *value)
{
    int handle = io->open(io, path);
    if (handle < 0)
        return handle;
    int rc = read_patiently(io, handle, value);
    if (rc == 0)
        rc = read_patiently(io, handle, value);
    if (rc == 0)
        return handle;
    io->close(io, handle);
    return rc;
}

bool eb_sysfs_index(const char *name, const char *prefix, const char *suffix, unsigned *index)
{
    size_t n = strlen(prefix);
    if (strncmp(name, prefix, n) != 0)
        return false;
    const char *digits = name + n;
    unsigned value = 0;
    size_t len = 0;
    for (; len <= INDEX_DIGITS && is_digit(digits[len]); len++)
        value = value * 10 + (unsigned)(digits[len] - '0');
    if (len == 0 || len > INDEX_DIGITS || (digits[0] == '0' && len > 1) || strcmp(digits + len, suffix) != 0)
        return false;
    *index = value;
    return true;
}

typedef struct indices {
    const char *prefix, *suffix;
    unsigned *out;
    int n, size;
} indices;

// Keeps the smallest `size`, in order: what a folder lists first is chance.
static void visit_entry(void *arg, const char *name)
{
    indices *list = arg;
    unsigned index;
    if (!eb_sysfs_index(name, list->prefix, list->suffix, &index))
        return;
    int at = list->n;
    while (at > 0 && list->out[at - 1] > index)
        at--;
    if (at == list->size)
        return;
    int moved = list->n - at - (list->n == list->size);
    memmove(&list->out[at + 1], &list->out[at], (size_t)moved * sizeof *list->out);
    list->out[at] = index;
    list->n += list->n < list->size;
}

int eb_sysfs_list_indices(const eb_io *io, const char *dir, const char *prefix, const char *suffix, unsigned *out,
                          int size)
{
    indices list = { prefix, suffix, out, 0, size };
    int rc = io->list(io, dir, visit_entry, &list);
    return rc ? rc : list.n;
}

const char *eb_sysfs_why(int errnum)
{
    return eb_probe_why("", errnum);
}

bool eb_sysfs_refused(int errnum)
{
    return errnum == EACCES || errnum == EPERM;
}
