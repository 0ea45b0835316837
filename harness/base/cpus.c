// SPDX-License-Identifier: Apache-2.0
// Affinity, and control groups of version 2 (cpu.max: quota and period in us, up the tree) or 1 (cpu.cfs_quota_us of
// the group that this process sees as the top).
#include "harness/base/cpus.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/cgroup.h"

enum { PATH_SIZE = EB_CGROUP_DIR + 64, LINE_SIZE = 128 };

int eb_cpus_allowed(void)
{
    cpu_set_t mask;
    int n = sched_getaffinity(0, sizeof mask, &mask) == 0 ? CPU_COUNT(&mask) : 1;
    return n > 0 ? n : 1;
}

// Of two numbers, NAN where they are no limit ("max", -1) or none at all.
static double quota_of(const char *quota, const char *period)
{
    char *quota_end, *period_end;
    double quota_us = strtod(quota, &quota_end), period_us = strtod(period, &period_end);
    bool good = quota_end > quota && period_end > period && quota_us > 0 && period_us > 0;
    return good && isfinite(quota_us) && isfinite(period_us) ? quota_us / period_us : NAN;
}

static double group_quota(const eb_io *io, const char *dir)
{
    char path[PATH_SIZE], line[LINE_SIZE];
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", dir);
    if (eb_io_read_line(io, path, line, sizeof line) <= 0)
        return NAN;
    return quota_of(line, line + strcspn(line, " "));
}

static double old_quota(const eb_io *io)
{
    static const char *const dirs[] = { "/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct" };
    char path[PATH_SIZE], quota[LINE_SIZE], period[LINE_SIZE];
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
        snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", dirs[i]);
        if (eb_io_read_line(io, path, quota, sizeof quota) <= 0)
            continue;
        snprintf(path, sizeof path, "%s/cpu.cfs_period_us", dirs[i]);
        if (eb_io_read_line(io, path, period, sizeof period) > 0)
            return quota_of(quota, period);
    }
    return NAN;
}

double eb_cpus_quota(const char *root)
{
    char dir[EB_CGROUP_DIR];
    eb_io io = eb_io_select(root && *root ? root : NULL);
    double least = fmin(old_quota(&io), INFINITY); // NAN: the other one
    eb_cgroup_own(&io, dir);
    do
        least = fmin(group_quota(&io, dir), least);
    while (eb_cgroup_up(dir));
    eb_io_deinit(&io);
    return least;
}

int eb_cpus_usable(void)
{
    const int allowed = eb_cpus_allowed();
    const double quota = eb_cpus_quota("");
    return quota < 1 ? 1 : quota < allowed ? (int)quota : allowed;
}
