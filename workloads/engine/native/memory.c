// SPDX-License-Identifier: Apache-2.0
// /proc/meminfo, and control groups of version 2 (memory.max - memory.current + file pages, up the tree)
// or 1 (memory.limit_in_bytes of the group that this process sees as the top); apart, the limit on addresses.
#include "workloads/engine/native/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness/base/cgroup.h"
#include "harness/base/io.h"
#include "harness/base/units.h"

enum { PATH_SIZE = EB_CGROUP_DIR + 64, TEXT_SIZE = 8192 };

const char *eb_memory_root(void)
{
    const char *root = getenv("EFFBENCH_SYSROOT");
    return root ? root : "";
}

static bool read_text(const char *root, const char *path, char text[TEXT_SIZE])
{
    eb_io io = eb_io_select(root);
    char *found = eb_io_slurp(&io, path, TEXT_SIZE - 1);
    snprintf(text, TEXT_SIZE, "%s", found ? found : "");
    free(found);
    eb_io_deinit(&io);
    return text[0] != '\0';
}

// The number after `key` at the start of a line ("" = of the text).
static bool number_of(const char *text, const char *key, uint64_t *out)
{
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, strlen(key)) != 0)
            continue;
        const char *digits = line + strlen(key) + strspn(line + strlen(key), " \t");
        char *end;
        unsigned long long value = strtoull(digits, &end, 10);
        *out = value;
        return end > digits && *digits != '-';
    }
    return false;
}

static bool read_number(const char *root, const char *dir, const char *file, const char *key, uint64_t *out)
{
    char path[PATH_SIZE], text[TEXT_SIZE];
    if (snprintf(path, sizeof path, "/sys/fs/cgroup%s/%s", dir, file) >= (int)sizeof path)
        return false;
    return read_text(root, path, text) && number_of(text, key, out); // "max" is no number: no limit
}

static uint64_t room(uint64_t limit, uint64_t used, uint64_t cached)
{
    cached = cached < used ? cached : used;
    used -= cached;
    return limit > used ? limit - used : 0;
}

static uint64_t group_room(const char *root, const char *dir)
{
    uint64_t limit, used, cached = 0;
    if (read_number(root, dir, "memory.max", "", &limit) && read_number(root, dir, "memory.current", "", &used)) {
        read_number(root, dir, "memory.stat", "file ", &cached);
        return room(limit, used, cached);
    }
    char v1[PATH_SIZE];
    if (snprintf(v1, sizeof v1, "/memory%s", dir) >= (int)sizeof v1)
        return UINT64_MAX;
    if (read_number(root, v1, "memory.limit_in_bytes", "", &limit) &&
        read_number(root, v1, "memory.usage_in_bytes", "", &used)) {
        read_number(root, v1, "memory.stat", "total_cache ", &cached);
        return room(limit, used, cached);
    }
    return UINT64_MAX;
}

uint64_t eb_memory_available(const char *root)
{
    char text[TEXT_SIZE], dir[EB_CGROUP_DIR];
    uint64_t available = UINT64_MAX, kib;
    if (read_text(root, "/proc/meminfo", text) && number_of(text, "MemAvailable:", &kib) && kib <= UINT64_MAX / 1024)
        available = kib * 1024;
    eb_io io = eb_io_select(root);
    eb_cgroup_own(&io, dir);
    eb_io_deinit(&io);
    do {
        uint64_t here = group_room(root, dir);
        available = here < available ? here : available;
    } while (eb_cgroup_up(dir));
    return available;
}

bool eb_memory_check(const char *root, const char *what, uint64_t need, eb_err *err)
{
    char needs[32], has[32];
    uint64_t available = eb_memory_available(root);
    if (need <= available && need <= INT64_MAX)
        return true;
    eb_fmt_bytes(needs, sizeof needs, (double)need, 3);
    eb_fmt_bytes(has, sizeof has, (double)available, 3);
    if (need > INT64_MAX)
        eb_err_set(err, EB_FAILED, "%s needs more memory than any machine has", what);
    else
        eb_err_set(err, EB_FAILED, "%s needs %s of memory, %s are available", what, needs, has);
    return eb_err_hint(err, "take a smaller model or type, a shorter context or a smaller batch, or free memory");
}

bool eb_memory_check_addresses(const char *root, const char *what, uint64_t need, eb_err *err)
{
    struct rlimit limit;
    char text[TEXT_SIZE], needs[32], has[32];
    uint64_t pages = 0;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return true;
    if (!read_text(root, "/proc/self/statm", text) || !number_of(text, "", &pages))
        pages = 0;
    uint64_t left = room(limit.rlim_cur, pages * (uint64_t)sysconf(_SC_PAGESIZE), 0);
    if (need <= left)
        return true;
    eb_fmt_bytes(needs, sizeof needs, (double)need, 3);
    eb_fmt_bytes(has, sizeof has, (double)left, 3);
    eb_err_set(err, EB_FAILED, "%s needs %s of memory, the limit of this process leaves %s", what, needs, has);
    return eb_err_hint(
        err, "raise the limit (ulimit -v), or take a smaller model or type, a shorter context or a smaller batch");
}
