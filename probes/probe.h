// SPDX-License-Identifier: Apache-2.0
// Probes for their users (run, cmd): what can be measured here, open it, read it. Authors of a
// source include probes/probe_impl.h.
// Threads: detect/open/close from one thread; eb_probe_read from one thread at a time. `read`
// never allocates, never prints, never sleeps; a value that could not be had has a status, not 0.
#ifndef EB_PROBES_PROBE_H
#define EB_PROBES_PROBE_H

#include <stdbool.h>
#include "harness/base/energy.h"
#include "harness/base/error.h"
#include "harness/base/io.h"
#include "harness/base/option.h"

typedef enum eb_probe_state {
    EB_PROBE_OK,
    EB_PROBE_PARTIAL,   // some channels work
    EB_PROBE_NO_DEVICE, // the hardware (or its kernel interface) is not here
    EB_PROBE_NO_PERMISSION,
    EB_PROBE_NO_DRIVER, // built without it, or a module/library is missing
    EB_PROBE_OFF,       // needs configuration that was not given (stated watts), or is off itself (a card that sleeps)
    EB_PROBE_STATE_COUNT
} eb_probe_state;
const char *
eb_probe_state_name(eb_probe_state state); // "ok", "partial", "no device", "no permission", "no driver", "off"

typedef struct eb_probe_detection {
    eb_probe_state state;
    char reason[256]; // why the state is not ok ("" when ok)
    char remedy[512]; // the cheapest exact way to mend it ("" when none)
    bool parts;       // what cannot be read is there: opening it may show channels of grade none
} eb_probe_detection;

// The [probes] section in typed form. Filled by plan; defaults by eb_probe_config_default.
typedef enum eb_sampling { EB_SAMPLING_WINDOW, EB_SAMPLING_TRACE, EB_SAMPLING_EDGE } eb_sampling;
typedef enum eb_meter_format { EB_METER_WATTS, EB_METER_JOULES } eb_meter_format;
typedef struct eb_probe_config {
    eb_boundary boundary;
    eb_sampling sampling;
    double rate_hz;            // trace sampling rate
    bool calibrate;            // look at the energy channels under load before the first trial
    double stated_load_w;      // stated-watts model, machine under full load; NAN = not stated
    double stated_idle_w;      // idle; NAN = not stated
    const char *stated_source; // where those watts come from; NULL = not said
    const char *meter;         // command of an external meter; NULL = none
    eb_meter_format meter_format;
    eb_domain meter_domain;
    eb_grade meter_grade; // NONE: as the format implies (sampled, counter)
    double meter_tick_ns; // what its time stamps count in
    double meter_class;   // its own error as a share of the reading; 0 = nobody published it
    double meter_max_w;   // more is no reading
    int64_t meter_timeout_ns;
    const char *pmic_command; // prints the rails of a power management chip; NULL = that of a Raspberry Pi
    const char *sources;      // comma list of probe names, "auto" = all that work
    const char *events;       // comma list of counter names (libpfm4 or PAPI presets or software events), "auto"
} eb_probe_config;

void eb_probe_config_default(eb_probe_config *out);

typedef struct eb_probe_env {
    eb_io *io;                     // borrowed, outlives the probe
    const eb_probe_config *config; // borrowed
} eb_probe_env;

typedef struct eb_probe eb_probe;
typedef struct eb_probe_ops eb_probe_ops;

extern const eb_option eb_probe_options[];         // [probes]
extern const eb_probe_ops *const eb_probe_table[]; // ends with NULL
const char *eb_probe_ops_name(const eb_probe_ops *ops);
const char *eb_probe_ops_doc(const eb_probe_ops *ops);
const eb_probe_ops *eb_probe_find(const char *name);
// A scripted source goes with a timeline, all others with a machine.
bool eb_probe_applies(const eb_probe_ops *ops, const eb_io *io);
// Whether a run opens this source: it is named in config->sources, or that is "auto" and the source is
// not one that must be asked for by name.
bool eb_probe_wanted(const eb_probe_ops *ops, const eb_probe_config *config);

void eb_probe_detect(const eb_probe_ops *ops, const eb_probe_env *env, eb_probe_detection *out);
// Something of it works; or its parts at least are there, so that what a sum lacks has a name.
bool eb_probe_works(const eb_probe_detection *found);
bool eb_probe_opens(const eb_probe_detection *found);
// NULL and err (EB_UNAVAILABLE) when nothing of it can be opened, and none of its parts needs a name.
// threads start where events are inherited (perf counters).
eb_probe *eb_probe_open(const eb_probe_ops *ops, const eb_probe_env *env, eb_err *err);
int eb_probe_channels(const eb_probe *probe, const eb_channel **channels); // borrowed; stable until close
// Fills out[0..n_channels-1], each bracketed by two clock reads.
void eb_probe_read(eb_probe *probe, eb_sample *out);
// What has gone wrong with it since it was opened, for people; false when nothing has.
bool eb_probe_trouble(eb_probe *probe, char *buf, size_t size);
const char *eb_probe_name(const eb_probe *probe);
// Why a sample of this source has the errnum that it has, for people.
const char *eb_probe_why(const char *source, int errnum);
void eb_probe_close(eb_probe *probe);

#endif
