// SPDX-License-Identifier: Apache-2.0
// The kernel's generic events: the same on every CPU, and known without any library.
#include "probes/names.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <strings.h>

#define HW PERF_TYPE_HARDWARE
#define SW PERF_TYPE_SOFTWARE

// Four hardware events: with two of them on fixed counters no CPU of the last fifteen years has to multiplex.
const eb_event_name eb_event_names[] = {
    { "task-clock", "CPU time of all threads", SW, PERF_COUNT_SW_TASK_CLOCK, true },
    { "page-faults", "page faults", SW, PERF_COUNT_SW_PAGE_FAULTS, false },
    { "context-switches", "context switches", SW, PERF_COUNT_SW_CONTEXT_SWITCHES, false },
    { "cpu-migrations", "moves to another CPU", SW, PERF_COUNT_SW_CPU_MIGRATIONS, false },
    { "cycles", "core cycles", HW, PERF_COUNT_HW_CPU_CYCLES, false },
    { "instructions", "instructions retired", HW, PERF_COUNT_HW_INSTRUCTIONS, false },
    { "cache-misses", "last-level cache misses", HW, PERF_COUNT_HW_CACHE_MISSES, false },
    { "branch-misses", "mispredicted branches", HW, PERF_COUNT_HW_BRANCH_MISSES, false },
    { "cache-references", "last-level cache references", HW, PERF_COUNT_HW_CACHE_REFERENCES, false },
    { "branches", "branches retired", HW, PERF_COUNT_HW_BRANCH_INSTRUCTIONS, false },
    { "ref-cycles", "cycles at the reference clock", HW, PERF_COUNT_HW_REF_CPU_CYCLES, false },
    { "stalled-cycles-frontend", "cycles stalled in the front end", HW, PERF_COUNT_HW_STALLED_CYCLES_FRONTEND, false },
    { "stalled-cycles-backend", "cycles stalled in the back end", HW, PERF_COUNT_HW_STALLED_CYCLES_BACKEND, false },
    { "cpu-clock", "CPU clock", SW, PERF_COUNT_SW_CPU_CLOCK, true },
    { "minor-faults", "page faults without I/O", SW, PERF_COUNT_SW_PAGE_FAULTS_MIN, false },
    { "major-faults", "page faults with I/O", SW, PERF_COUNT_SW_PAGE_FAULTS_MAJ, false },
    { "alignment-faults", "alignment faults", SW, PERF_COUNT_SW_ALIGNMENT_FAULTS, false },
    { 0 },
};
const int eb_event_auto_count = 8;

const eb_event_name *eb_event_find(const char *name)
{
    for (const eb_event_name *e = eb_event_names; e->name; e++)
        if (strcasecmp(e->name, name) == 0)
            return e;
    return NULL;
}

const char *eb_event_cause(int errnum, bool hardware)
{
    if (errnum == ENOENT || errnum == ENODEV || errnum == EOPNOTSUPP)
        return hardware ? "this machine has no performance monitoring unit that counts them" : "not in this kernel";
    if (errnum == ENOSYS)
        return "this kernel has no perf_event_open";
    return strerror(errnum);
}
