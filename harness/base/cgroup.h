// SPDX-License-Identifier: Apache-2.0
// Control groups: where this process stands in the tree of version 2, /sys/fs/cgroup<dir>.
#ifndef EB_BASE_CGROUP_H
#define EB_BASE_CGROUP_H

#include <stdbool.h>
#include "harness/base/io.h"

enum { EB_CGROUP_DIR = 1024 };

// "/jobs/one"; "" = the top, or not known.
void eb_cgroup_own(const eb_io *io, char dir[EB_CGROUP_DIR]);
// To the group above; false at the top.
bool eb_cgroup_up(char dir[EB_CGROUP_DIR]);

#endif
