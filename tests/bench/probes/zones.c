// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/probes/zones.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/file.h"

enum { PATH_SIZE = 512 };

static char root[] = "/tmp/eb-bench-XXXXXX";

static bool complain(const eb_err *err)
{
    eb_err_print(err, stderr);
    return false;
}

// The machine itself, with its files below `root`.
static int below_open(const eb_io *io, const char *path)
{
    char whole[PATH_SIZE];
    (void)io;
    snprintf(whole, sizeof whole, "%s%s", root, path);
    int fd = open(whole, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int below_list(const eb_io *io, const char *path, void (*visit)(void *arg, const char *name), void *arg)
{
    char whole[PATH_SIZE];
    eb_io real = eb_io_real();
    (void)io;
    snprintf(whole, sizeof whole, "%s%s", root, path);
    return real.list(&real, whole, visit, arg);
}

static bool put(const char *zone, const char *name, const char *text)
{
    char path[PATH_SIZE];
    eb_err err;
    eb_err_clear(&err);
    snprintf(path, sizeof path, "%s/sys/class/powercap/%s", root, zone);
    if (!eb_mkdirs(path, &err))
        return complain(&err);
    snprintf(path, sizeof path, "%s/sys/class/powercap/%s/%s", root, zone, name);
    if (!eb_file_write_atomic(path, text, strlen(text), &err))
        return complain(&err);
    return true;
}

bool zones_make(void)
{
    static const char *const zones[ZONES][2] = {
        { "intel-rapl:0", "package-0" }, { "intel-rapl:0:0", "core" }, { "intel-rapl:0:1", "dram" },
        { "intel-rapl:1", "package-1" }, { "intel-rapl:1:0", "core" }, { "intel-rapl:1:1", "dram" },
    };
    bool ok = mkdtemp(root) != NULL;
    for (int i = 0; ok && i < ZONES; i++)
        ok = put(zones[i][0], "name", zones[i][1]) && put(zones[i][0], "energy_uj", "123456789012\n") &&
             put(zones[i][0], "max_energy_range_uj", "262143328850\n");
    return ok;
}

void zones_remove(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    if (system(command) != 0)
        fprintf(stderr, "could not remove %s\n", root);
}

int zones_open_first(void)
{
    return below_open(NULL, "/sys/class/powercap/intel-rapl:0/energy_uj");
}

eb_probe *zones_probe(eb_io *io, const eb_probe_config *config)
{
    eb_err err;
    eb_err_clear(&err);
    *io = eb_io_real();
    io->open = below_open;
    io->list = below_list;
    eb_probe_env env = { io, config };
    eb_probe *probe = eb_probe_open(&eb_probe_powercap, &env, &err);
    const eb_channel *channels;
    if (!probe)
        complain(&err);
    else if (eb_probe_channels(probe, &channels) != ZONES)
        eb_probe_close(probe), probe = NULL;
    return probe;
}
