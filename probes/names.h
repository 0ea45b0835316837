// SPDX-License-Identifier: Apache-2.0
// Names of countable events -> what perf_event_open takes. The kernel's generic names are a table of our own;
// any other name is libpfm4's to know (names_pfm.c), or unknown where it is not built in (names_plain.c).
#ifndef EB_PROBES_NAMES_H
#define EB_PROBES_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What goes into perf_event_attr. (A struct of our own: libpfm4 brings a perf_event.h that cannot be included
// beside the kernel's.)
typedef struct eb_event_code {
    uint32_t type;
    uint64_t config, config1, config2;
    bool exclude_user, exclude_kernel;
} eb_event_code;

typedef struct eb_event_name {
    const char *name, *label;
    uint32_t type;
    uint64_t config;
    bool time_ns; // counts time, not events
} eb_event_name;

// Ends with name NULL. The first `eb_event_auto_count` of them are what "auto" means.
extern const eb_event_name eb_event_names[];
extern const int eb_event_auto_count;

const eb_event_name *eb_event_find(const char *name); // NULL = not a generic one

// What an error number of perf_event_open means for an event of this kind.
const char *eb_event_cause(int errnum, bool hardware);

// False and a reason in `why` for a name that is not known here.
bool eb_event_encode_other(const char *name, eb_event_code *out, char *why, size_t size);

#endif
