// SPDX-License-Identifier: Apache-2.0
#include "harness/base/cgroup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 8192 };

// The line "0::/path".
void eb_cgroup_own(const eb_io *io, char dir[EB_CGROUP_DIR])
{
    char *text = eb_io_slurp(io, "/proc/self/cgroup", TEXT_MAX);
    const char *line = !text ? NULL : strncmp(text, "0::/", 4) == 0 ? text : strstr(text, "\n0::/");
    dir[0] = '\0';
    if (line) {
        line = strchr(line, '/');
        snprintf(dir, EB_CGROUP_DIR, "%.*s", (int)strcspn(line, "\n"), line);
    }
    if (strcmp(dir, "/") == 0 || strstr(dir, ".."))
        dir[0] = '\0';
    free(text);
}

bool eb_cgroup_up(char dir[EB_CGROUP_DIR])
{
    char *slash = strrchr(dir, '/');
    if (slash)
        *slash = '\0';
    return slash != NULL;
}
