// SPDX-License-Identifier: Apache-2.0
// Drives an engine with requests that arrive while others are served. Between two steps, whoever has arrived joins
// and whoever is finished leaves; `batch` sequences are served at once, the others wait in the order of their arrival.
#ifndef EB_WORKLOADS_LOAD_DRIVE_H
#define EB_WORKLOADS_LOAD_DRIVE_H

#include "workloads/workload_impl.h"

typedef struct eb_drive {
    const eb_workload_params *p;
    eb_engine *engine;
    const eb_clock *clock;
    eb_trial_sink *sink;
    int32_t *prompts; // [n_prompts][prompt_tok]; request i has prompt i % n_prompts
    int n_prompts;
    uint32_t *request_of; // [batch] whose slot it is
    uint32_t *free_slots; // [batch]
    int n_free;
    size_t n_sent; // of sink->requests; those behind it wait
} eb_drive;

// One stretch of load. Times are the clock's.
typedef struct eb_arrivals {
    int64_t t0_ns;
    const int64_t *after_ns; // [n] after t0_ns, ascending; NULL: closed
    int n;                   // requests in all
    int users;               // closed: so many at the beginning, then one more as each is finished
    int64_t least_ns;        // goes on until then, with nothing to do if need be
    int64_t until_ns;        // what is under way then is cancelled; INT64_MAX = never
} eb_arrivals;

// Allocates; nothing is allocated later. `sink` is borrowed.
bool eb_drive_init(eb_drive *d, const eb_workload_params *p, eb_engine *engine, eb_trial_sink *sink, eb_err *err);
void eb_drive_deinit(eb_drive *d);
// Until all requests have come and are finished and it is least_ns, or until until_ns. Rows and tokens are appended to
// the sink.
bool eb_drive_run(eb_drive *d, const eb_arrivals *a, eb_err *err);
// Forgets what the sink has, so that a measurement begins anew.
void eb_drive_forget(eb_drive *d);
int64_t eb_drive_now_ns(const eb_drive *d);

#endif
