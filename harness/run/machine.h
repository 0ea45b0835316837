// SPDX-License-Identifier: Apache-2.0
// The machine as a list of named facts, read through the I/O table (so that a rooted tree describes its own
// machine), and the digest by which a stored baseline of another machine is refused.
#ifndef EB_RUN_MACHINE_H
#define EB_RUN_MACHINE_H

#include "harness/base/io.h"
#include "harness/record/run.h"

// Fills header->machine and header->fingerprint. What cannot be read is "unknown". `isa`: instruction
// set in use; sources and channels must be in the header already (for a fact that is no part of the fingerprint).
void eb_machine_describe(const eb_io *io, const char *isa, eb_header *header);
// Appends a pair that is not part of the fingerprint (measured ceilings).
void eb_machine_add(eb_header *header, const char *key, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
