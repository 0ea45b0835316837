// SPDX-License-Identifier: Apache-2.0
// The caches that stand before memory, as the kernel tells of them.
#ifndef EB_NATIVE_CACHES_H
#define EB_NATIVE_CACHES_H

#include <stdint.h>

// Bytes of all last-level caches of the machine together; 0 = not known. `root` is put before every path ("" = the
// machine itself).
uint64_t eb_caches_bytes(const char *root);

#endif
