// SPDX-License-Identifier: Apache-2.0
#include "harness/run/rss.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void eb_rss_reset(const eb_io *io)
{
    if (strcmp(io->kind, "real") != 0)
        return;
    malloc_trim(0); // what earlier models left to the allocator is not the next one's
    // "5" resets VmHWM (Linux 4.0); where it is refused the peak is that of the whole run, which is still a bound.
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t n = write(fd, "5", 1);
    (void)n;
    close(fd);
}

uint64_t eb_rss_peak(const eb_io *io)
{
    char *text = eb_io_slurp(io, "/proc/self/status", 1 << 16);
    const char *line = text ? strstr(text, "\nVmHWM:") : NULL;
    uint64_t kb = line ? strtoull(line + 7, NULL, 10) : 0;
    free(text);
    return kb * 1024;
}
