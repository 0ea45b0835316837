// SPDX-License-Identifier: Apache-2.0
// What runs while sampling is measured: a model that makes a few tokens, and the sampler beside it. One thread.
#ifndef EB_BENCH_LOAD_H
#define EB_BENCH_LOAD_H

#include <stdbool.h>
#include "harness/run/sampler.h"
#include "probes/probe_impl.h"
#include "workloads/engine/engine.h"
#include "workloads/workload_impl.h"

enum { LOAD_PROMPT = 16, LOAD_OUTPUT = 16 };

typedef struct load {
    eb_engine *engine;
    eb_workload_params params;
    eb_token_event tokens[LOAD_OUTPUT];
    eb_request_row requests[1];
} load;

int cpus_online(void);

// threads 0 = one for each CPU. False after a message on stderr; else load_close.
bool load_open(load *w, const char *shape, const char *type, int threads);
void load_close(load *w);
// Output tokens per second of one trial with that pulse (NULL = none), sampled by s (NULL = not); NAN after a message.
double load_tok_s(load *w, const eb_pulse *pulse, eb_sampler *s);

// A running sampler of that probe, `busy` CPUs of the machine being the workload's; NULL after a message on stderr.
// io, probe and config must live as long; eb_sampler_free.
eb_sampler *load_sampler(eb_io *io, eb_probe **probe, eb_probe_config *config, double rate_hz, int busy);

#endif
