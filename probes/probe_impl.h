// SPDX-License-Identifier: Apache-2.0
// Probes for their authors: one file per source, one static const eb_probe_ops, listed in
// probes/table.c. Everything outside goes through env->io; a rooted or taped io never reaches
// the real machine.
#ifndef EB_PROBES_PROBE_IMPL_H
#define EB_PROBES_PROBE_IMPL_H

#include "probes/probe.h"

struct eb_probe_ops {
    const char *name, *doc;
    void (*detect)(const eb_probe_env *env, eb_probe_detection *out);
    bool (*open)(eb_probe *probe, eb_err *err);  // fills channels, n, state
    void (*read)(eb_probe *probe, eb_sample *out);
    void (*close)(eb_probe *probe);              // frees state; channels are freed by the core
};

struct eb_probe {
    const eb_probe_ops *ops;
    eb_probe_env env;
    eb_channel *channels;  // heap, n of them
    int n;
    void *state;
};

// Reads one kept handle as a decimal counter with bracketing clock reads.
void eb_probe_sample_handle(const eb_io *io, int handle, eb_sample *out);

extern const eb_probe_ops eb_probe_powercap, eb_probe_stated, eb_probe_counters, eb_probe_process;

#endif
