// SPDX-License-Identifier: Apache-2.0
// /sys/devices/system/cpu/cpuN/cache/indexM: level, size, and shared_cpu_list, whose first CPU speaks for the cache.
#include "workloads/engine/native/caches.h"

#include <stdio.h>
#include <stdlib.h>

#include "harness/base/io.h"

enum { CPUS = 4096, CPU_GAP = 64, INDICES = 8, LINE_SIZE = 256 };
#define CPU_DIR "/sys/devices/system/cpu"

typedef struct cache {
    uint64_t level, bytes;
    bool first; // this CPU is the first of those that share it
} cache;

// "32768K"; 0 where it is no size.
static uint64_t size_of(const char *text)
{
    char *end;
    const unsigned long long n = strtoull(text, &end, 10);
    const unsigned shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
    return end > text && n < 1u << 30 ? (uint64_t)n << shift : 0;
}

static bool read_cache(const eb_io *io, int cpu, int index, cache *out)
{
    char path[128], size[LINE_SIZE], shared[LINE_SIZE];
    snprintf(path, sizeof path, CPU_DIR "/cpu%d/cache/index%d/level", cpu, index);
    if (eb_io_read_u64(io, path, &out->level) != 0)
        return false;
    snprintf(path, sizeof path, CPU_DIR "/cpu%d/cache/index%d/size", cpu, index);
    if (eb_io_read_line(io, path, size, sizeof size) <= 0)
        return false;
    snprintf(path, sizeof path, CPU_DIR "/cpu%d/cache/index%d/shared_cpu_list", cpu, index);
    if (eb_io_read_line(io, path, shared, sizeof shared) <= 0)
        return false;
    out->bytes = size_of(size);
    out->first = strtol(shared, NULL, 10) == cpu;
    return true;
}

uint64_t eb_caches_bytes(const char *root)
{
    eb_io io = eb_io_select(root);
    uint64_t sum = 0;
    for (int cpu = 0, gap = 0; cpu < CPUS && gap < CPU_GAP; cpu++) {
        cache last = { 0 }, c;
        for (int index = 0; index < INDICES && read_cache(&io, cpu, index, &c); index++)
            last = c.level >= last.level ? c : last;
        gap = last.level ? 0 : gap + 1;
        sum += last.first ? last.bytes : 0;
    }
    eb_io_deinit(&io);
    return sum;
}
