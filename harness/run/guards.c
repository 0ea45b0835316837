// SPDX-License-Identifier: Apache-2.0
#include "harness/run/guards.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/record/run.h"

// Shares of a trial's time from which a disturbance is worth a warning.
#define STEAL_SHARE   0.01
#define FOREIGN_SHARE 0.10
#define HOT_C         95.0
#define LOAD_BUSY     0.5

enum { CPU_GAP = 16, THERMAL_ZONES = 32 };

static double vmstat(const char *text, const char *name)
{
    size_t len = strlen(name);
    for (const char *p = text; p && *p; p = strchr(p, '\n'), p += p != NULL)
        if (strncmp(p, name, len) == 0 && p[len] == ' ')
            return strtod(p + len, NULL);
    return NAN;
}

static void read_stat(const eb_io *io, eb_guard *g)
{
    // user nice system idle iowait irq softirq steal: USER_HZ ticks; guest time is inside user already.
    unsigned long long v[8] = { 0 };
    char line[256];
    g->busy_s = g->steal_s = NAN;
    if (eb_io_read_line(io, "/proc/stat", line, sizeof line) <= 0 ||
        sscanf(line, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6],
               &v[7]) != 8)
        return;
    double hz = (double)sysconf(_SC_CLK_TCK);
    g->busy_s = (double)(v[0] + v[1] + v[2] + v[5] + v[6]) / hz;
    g->steal_s = (double)v[7] / hz;
}

// Of all CPUs: a package may throttle a core that is not the first. CPUs that are off leave gaps.
static void read_throttle(const eb_io *io, eb_guard *g)
{
    static const char *const counts[] = { "core_throttle_count", "package_throttle_count" };
    g->throttle_count = NAN;
    for (int cpu = 0, gap = 0; cpu < EB_GUARD_CPUS && gap < CPU_GAP; cpu++) {
        gap++;
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            char path[96];
            uint64_t n;
            snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/thermal_throttle/%s", cpu, counts[i]);
            if (eb_io_read_u64(io, path, &n) != 0)
                continue;
            g->throttle_count = (isnan(g->throttle_count) ? 0 : g->throttle_count) + (double)n;
            gap = 0;
        }
    }
}

static void read_thermal(const eb_io *io, eb_guard *g)
{
    g->temperature_c = NAN;
    for (int i = 0; i < THERMAL_ZONES; i++) {
        char path[80];
        uint64_t milli;
        snprintf(path, sizeof path, "/sys/class/thermal/thermal_zone%d/temp", i);
        int rc = eb_io_read_u64(io, path, &milli);
        if (rc == 0 && milli < 200000 && !((double)milli / 1000 <= g->temperature_c))
            g->temperature_c = (double)milli / 1000;
    }
}

static void read_frequency(const eb_io *io, eb_guard *g)
{
    double sum = 0;
    int n = 0;
    for (; n < EB_GUARD_CPUS; n++) {
        char path[96];
        uint64_t khz;
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_cur_freq", n);
        if (eb_io_read_u64(io, path, &khz) != 0)
            break;
        sum += (double)khz * 1000;
    }
    g->frequency_hz = n ? sum / n : NAN;
}

void eb_guard_read(const eb_io *io, eb_guard *out)
{
    struct timespec cpu;
    *out = (eb_guard){ .t_ns = eb_now_ns(), .suspended_ns = io->clock.suspended_ns(&io->clock) };
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    out->own_cpu_ns = (int64_t)cpu.tv_sec * 1000000000 + cpu.tv_nsec;
    read_stat(io, out);
    char *text = eb_io_slurp(io, "/proc/vmstat", 1 << 16);
    out->swap_pages = vmstat(text, "pswpin") + vmstat(text, "pswpout");
    free(text);
    read_throttle(io, out);
    read_thermal(io, out);
    read_frequency(io, out);
    if (eb_io_read_line(io, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", out->governor,
                        sizeof out->governor) < 0)
        out->governor[0] = 0;
}

void eb_guard_compare(const eb_guard *before, const eb_guard *after, int64_t window_ns, eb_warnings *w)
{
    double span = (double)(after->t_ns - before->t_ns) / 1e9;
    double own = (double)(after->own_cpu_ns - before->own_cpu_ns) / 1e9;
    double steal = after->steal_s - before->steal_s, foreign = after->busy_s - before->busy_s - own;
    if (after->suspended_ns - before->suspended_ns > EB_SUSPEND_MIN_NS)
        eb_warn(w, "the machine was suspended during the trial");
    if (after->throttle_count > before->throttle_count)
        eb_warn(w, "the CPU throttled (counted over all CPUs: %.0f): cool it or lower its power limit",
                after->throttle_count - before->throttle_count);
    if (after->temperature_c >= HOT_C)
        eb_warn(w, "hottest thermal zone at %.0f C", after->temperature_c);
    if (after->swap_pages > before->swap_pages)
        eb_warn(w, "pages were swapped (%.0f): the model does not fit in memory",
                after->swap_pages - before->swap_pages);
    if (strcmp(before->governor, after->governor) != 0)
        eb_warn(w, "the frequency governor changed from '%s' to '%s'", before->governor, after->governor);
    if (!eb_load_seen(window_ns))
        return;
    if (steal > STEAL_SHARE * span)
        eb_warn(w, "the hypervisor stole %.1f %% of a CPU", 100 * steal / span);
    if (foreign > FOREIGN_SHARE * span)
        eb_warn(w, "other processes used %.0f %% of a CPU", 100 * foreign / span);
}

void eb_guard_machine(const eb_io *io, eb_warnings *w)
{
    eb_guard g;
    char line[64];
    eb_guard_read(io, &g);
    if (g.governor[0] && strcmp(g.governor, "performance") != 0)
        eb_warn(w, "the frequency governor is '%s': 'performance' gives steadier figures", g.governor);
    if (eb_io_read_line(io, "/proc/loadavg", line, sizeof line) > 0 && strtod(line, NULL) > LOAD_BUSY)
        eb_warn(w, "the machine was busy before the run (load average %.2f)", strtod(line, NULL));
}
