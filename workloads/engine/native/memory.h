// SPDX-License-Identifier: Apache-2.0
// How much memory there is, asked before any is taken.
#ifndef EB_NATIVE_MEMORY_H
#define EB_NATIVE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>
#include "harness/base/error.h"

// Bytes that can be had without swapping: the kernel's MemAvailable, or what the control group (or one
// above it) still allows where that is less; page cache counts as available. UINT64_MAX = not known.
// `root` is put before every path ("" = the machine itself).
uint64_t eb_memory_available(const char *root);

// EB_FAILED with need and availability when `need` bytes (UINT64_MAX: more than there can be) do not fit.
bool eb_memory_check(const char *root, const char *what, uint64_t need, eb_err *err);

// The same for the address space that `need` more bytes take, where the process has a limit on it (ulimit -v).
bool eb_memory_check_addresses(const char *root, const char *what, uint64_t need, eb_err *err);

// The tree that /proc and /sys are read in: EFFBENCH_SYSROOT, or "" for the machine itself.
const char *eb_memory_root(void);

#endif
