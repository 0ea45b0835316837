// SPDX-License-Identifier: Apache-2.0
// Busy CPUs, so that a counter has something to count.
#ifndef EB_RUN_LOAD_H
#define EB_RUN_LOAD_H

typedef struct eb_load eb_load;

// A spinning thread for each CPU that the process may use but one, at least one.
eb_load *eb_load_start(void);
void eb_load_stop(eb_load *load); // waits for them; NULL is nothing

#endif
