// SPDX-License-Identifier: Apache-2.0
// Built without libpfm4: only the generic event names are known.
#include <stdio.h>
#include "probes/names.h"

bool eb_event_encode_other(const char *name, eb_event_code *out, char *why, size_t size)
{
    (void)out;
    snprintf(why, size, "'%s' is no generic event, and this program is built without libpfm4", name);
    return false;
}
