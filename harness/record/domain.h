// SPDX-License-Identifier: Apache-2.0
// Domain algebra: which channels make up the energy of a boundary. Totals never add what contains each other: compute
// = packages + dram + gpu; platform and wall = system. Core and uncore are inside the package; a domain of unknown
// name is listed, never summed; of channels that repeat each other (mmio, a mirrored die, a second psys) one counts:
// that which moves before that which has not been seen to, then the original. Of each physical piece the best grade
// counts, then the earlier channel. A stated-watts channel counts only where nothing measured covers the boundary.
// What the calibration found dead does not count.
//
// What a piece is: a package or memory by socket and die (a die is inside a package whose die is not known); a GPU by
// its PCI address, where both channels' zones are one ("0000:01:00.0"). Otherwise one source tells its pieces by zone
// (two batteries are two pieces, the energy and the power of one rail have one zone), and two sources measure the same
// (psys and the batteries are one system).
#ifndef EB_RECORD_DOMAIN_H
#define EB_RECORD_DOMAIN_H

#include <stddef.h>
#include "harness/base/energy.h"

// counted[i] for each of n channels. `domains` gets "package-0 + dram-0 ..." and `missing` names what the boundary
// wants and nothing covers ("dram"); both may be NULL.
void eb_domain_count(const eb_channel *channels, int n, eb_boundary boundary, bool *counted, char *domains,
                     size_t domains_size, char *missing, size_t missing_size);

// Is channel i a part of the boundary that is there and missing from what is `counted`: it cannot be read, or its
// counter is dead? Not so a dead counter of memory: some machines that do not measure it show one. A model that stands
// for all (stated watts) lacks nothing.
bool eb_domain_lacks(const eb_channel *channels, int n, eb_boundary boundary, const bool *counted, int i);

// The same for one domain alone, whatever the boundary: each measured piece of it once.
void eb_domain_pick(const eb_channel *channels, int n, eb_domain domain, bool *counted);

// What texts call a piece: "package-0", "dram-1-die-0", a rail's label. Returns `buf`.
const char *eb_domain_piece_name(const eb_channel *c, char *buf, size_t size);

// The name of the channel that this one repeats, its own where it repeats none (or nobody knows which). Borrowed.
const char *eb_domain_original(const eb_channel *c);

// Are both one counter, or taken for one, by what their source says of duplicates?
bool eb_domain_repeats(const eb_channel *a, const eb_channel *b);

// Do both measure the same physical piece, or one a part of the other's?
bool eb_domain_same_piece(const eb_channel *a, const eb_channel *b);

#endif
