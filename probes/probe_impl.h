// SPDX-License-Identifier: Apache-2.0
// Probes for their authors: one file per source, one static const eb_probe_ops, listed in
// probes/table.c. Everything outside goes through env->io; a rooted or taped io never reaches
// the real machine.
#ifndef EB_PROBES_PROBE_IMPL_H
#define EB_PROBES_PROBE_IMPL_H

#include "probes/probe.h"

struct eb_probe_ops {
    const char *name, *doc;
    bool scripted;     // of a timeline, not of a machine
    bool by_name_only; // "auto" leaves it out (its use costs something that others need)
    void (*detect)(const eb_probe_env *env, eb_probe_detection *out);
    bool (*open)(eb_probe *probe, eb_err *err); // fills channels, n, state
    void (*read)(eb_probe *probe, eb_sample *out);
    void (*close)(eb_probe *probe);                           // frees state; channels are freed by the core
    bool (*trouble)(eb_probe *probe, char *buf, size_t size); // may be NULL: its samples say all there is
    // What the errnum of a sample means here; NULL, or returns NULL: what the errnum says.
    const char *(*why)(int errnum);
};

struct eb_probe {
    const eb_probe_ops *ops;
    eb_probe_env env;
    eb_channel *channels; // heap, n of them
    int n;
    void *state;
};

// Sets state and reason; `remedy` may be NULL.
void eb_probe_say(eb_probe_detection *out, eb_probe_state state, const char *remedy, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

// The status that a failed read has: gone for good (the device was taken away) or missing this time.
eb_status eb_probe_status(int errnum);

// True for the back end that reads the machine itself; no other may count real events.
bool eb_probe_io_is_real(const eb_io *io);
// The same for detect: where it is false, `out` says why.
bool eb_probe_on_machine(const eb_io *io, eb_probe_detection *out);

// The kernel says that it runs under a hypervisor (flag in /proc/cpuinfo).
bool eb_probe_is_virtual(const eb_io *io);
// What comes from outside is shown on terminals: nothing but plain characters, and no white space at the end.
void eb_probe_make_printable(char *s);

// Calls visit(arg, item) for each trimmed, non-empty item of a comma list; items over 63 bytes are cut.
void eb_probe_each_item(const char *list, void (*visit)(void *arg, const char *item), void *arg);

// Reads one kept handle as a decimal counter with bracketing clock reads.
void eb_probe_sample_handle(const eb_io *io, int handle, eb_sample *out);
// The status of a read that returned rc (0 or -errno); raw becomes 0 where it failed.
void eb_probe_sample_result(int rc, eb_sample *out);

// A part of the machine that is there and cannot be read stays a channel, without grade and with its reason, so that
// what a sum lacks has a name. True for those that are worth it: what boundaries sum, where none of `others` [n], of
// the same source, measures it or names it already.
bool eb_probe_worth_naming(const eb_channel *unread, const eb_channel *others, int n);
void eb_probe_unread(eb_channel *channel, const char *why); // takes its grade and says why
void eb_probe_sample_unread(const eb_io *io, int errnum, eb_sample *out);

extern const eb_probe_ops eb_probe_powercap, eb_probe_perf_power, eb_probe_stated, eb_probe_counters, eb_probe_papi,
    eb_probe_process, eb_probe_thermal, eb_probe_meter, eb_probe_hwmon, eb_probe_amdgpu, eb_probe_battery,
    eb_probe_pmic, eb_probe_nvml, eb_probe_script;

#endif
