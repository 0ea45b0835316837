// SPDX-License-Identifier: Apache-2.0
// Six powercap zones in a temporary folder, read as those of a machine are: kept handles and pread. One set per
// process, one thread.
#ifndef EB_BENCH_ZONES_H
#define EB_BENCH_ZONES_H

#include <stdbool.h>
#include "probes/probe_impl.h"

enum { ZONES = 6 };

// False after a message on stderr.
bool zones_make(void);
void zones_remove(void);
// An open handle of the first zone's counter: pread gives its text; the caller closes it. Negative: an errno.
int zones_open_first(void);
// The probe over all zones, through `io`, which must live as long; NULL after a message on stderr.
eb_probe *zones_probe(eb_io *io, const eb_probe_config *config);

#endif
