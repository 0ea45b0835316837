// SPDX-License-Identifier: Apache-2.0
// The sources there are, and the options of [probes].
#include <math.h>
#include <stddef.h>
#include <string.h>
#include "probes/probe_impl.h"

// In the order in which they are listed; of two equally good sources of one domain the earlier counts.
const eb_probe_ops *const eb_probe_table[] = {
    &eb_probe_powercap, &eb_probe_perf_power, &eb_probe_meter,   &eb_probe_hwmon,  &eb_probe_amdgpu,
    &eb_probe_nvml,     &eb_probe_battery,    &eb_probe_pmic,    &eb_probe_stated, &eb_probe_counters,
    &eb_probe_papi,     &eb_probe_process,    &eb_probe_thermal, &eb_probe_script, NULL,
};

static const eb_choice boundary_choices[] = {
    [EB_BOUNDARY_COMPUTE] = { "compute", "packages + DRAM + GPUs" },
    [EB_BOUNDARY_PLATFORM] = { "platform", "psys, a board's input rail or the battery" },
    [EB_BOUNDARY_WALL] = { "wall", "an external meter of the whole system" },
    { 0 },
};

static const eb_choice sampling_choices[] = {
    [EB_SAMPLING_WINDOW] = { "window", "reads at the boundaries of the window and once per second in between" },
    [EB_SAMPLING_TRACE] = { "trace", "reads at `rate` all the time" },
    [EB_SAMPLING_EDGE] = { "edge", "at least five reads per update of the counter: the finest, and the dearest" },
    { 0 },
};

static const eb_choice calibrate_choices[] = {
    { "off", "take period and range of each source as stated; a counter that never moves is told by the trials alone" },
    { "auto", "look at the energy counters for a quarter of a second, and at slow ones for up to five" },
    { 0 },
};

// In the order of eb_meter_format.
static const eb_choice format_choices[] = {
    [EB_METER_WATTS] = { "watts", "a power; sampled and integrated" },
    [EB_METER_JOULES] = { "joules", "an energy that only grows" },
    { 0 },
};

static const eb_choice tick_choices[] = {
    { "s", "seconds" }, { "ms", "milliseconds" }, { "us", "microseconds" }, { "ns", "nanoseconds" }, { 0 }
};

static const eb_choice domain_choices[] = {
    { "system", "the whole machine, or its board" },
    { "package", "a processor" },
    { "dram", "its memory" },
    { "gpu", "a graphics processor" },
    { 0 },
};

static const eb_choice grade_choices[] = {
    { "auto", "sampled for watts, counter for joules" },
    { "estimate", "the command works it out from a model" },
    { "sampled", "power that was sampled and integrated" },
    { "counter", "an integrated hardware counter; of joules only" },
    { "wall", "an external meter of the whole system" },
    { 0 },
};

const eb_option eb_probe_options[] = {
    { .section = "probes",
      .key = "boundary",
      .type = EB_OPTION_ENUM,
      .def = "compute",
      .choices = boundary_choices,
      .doc = "Which energy the figures are of. A part of it that nothing measures is named in the result." },
    { .section = "probes",
      .key = "sampling",
      .type = EB_OPTION_ENUM,
      .def = "trace",
      .choices = sampling_choices,
      .doc = "When the energy counters are read." },
    { .section = "probes",
      .key = "rate",
      .type = EB_OPTION_FLOAT,
      .unit = "hz",
      .min = 0.1,
      .max = 10000,
      .def = "100",
      .doc = "Reads per second in the sampling mode `trace`." },
    { .section = "probes",
      .key = "calibrate",
      .type = EB_OPTION_ENUM,
      .def = "auto",
      .choices = calibrate_choices,
      .flags = EB_OPTION_UNPLANNED,
      .doc = "Before the first trial, with busy CPUs: update period, jitter and cost of a read of each energy source, "
             "and which of them count nothing or repeat another." },
    { .section = "probes",
      .key = "sources",
      .type = EB_OPTION_STRING,
      .def = "auto",
      .flags = EB_OPTION_LIST,
      .doc = "Which sources to use, as `effbench probes` names them; `auto` takes all that work here. `papi` must be "
             "asked for by name, because it takes counters of the CPU that `counters` needs." },
    { .section = "probes",
      .key = "events",
      .type = EB_OPTION_STRING,
      .def = "auto",
      .flags = EB_OPTION_LIST,
      .doc = "Events to count, by libpfm4 or kernel name (cycles, instructions, page-faults, ...), and PAPI presets "
             "(PAPI_TOT_INS) where the source papi is used; `auto` takes the common ones." },
    { .section = "probes",
      .key = "metric_groups",
      .type = EB_OPTION_STRING,
      .flags = EB_OPTION_LIST,
      .doc = "Files with metric groups of your own: events to count by operator in a profile, and formulas of what to "
             "make of them. They join those that are built in (`effbench help groups`)." },
    { .section = "probes",
      .key = "meter",
      .type = EB_OPTION_STRING,
      .doc =
          "Command of an external meter (/bin/sh -c): a program that goes on printing a line per reading, `TIME VALUE` "
          "or `VALUE` alone (docs/energy-sources.md)." },
    { .section = "probes",
      .key = "meter_format",
      .type = EB_OPTION_ENUM,
      .def = "watts",
      .choices = format_choices,
      .doc = "What VALUE is." },
    { .section = "probes",
      .key = "meter_time",
      .type = EB_OPTION_ENUM,
      .def = "s",
      .choices = tick_choices,
      .doc = "What TIME counts in, since whenever." },
    { .section = "probes",
      .key = "meter_domain",
      .type = EB_OPTION_ENUM,
      .def = "system",
      .choices = domain_choices,
      .doc = "What the meter measures." },
    { .section = "probes",
      .key = "meter_grade",
      .type = EB_OPTION_ENUM,
      .def = "auto",
      .choices = grade_choices,
      .doc =
          "How good its joules are: `wall` is what the boundary `wall` counts, the others of the system count in the "
          "boundary `platform`." },
    { .section = "probes",
      .key = "meter_class",
      .type = EB_OPTION_FLOAT,
      .unit = "fraction",
      .min = 0,
      .max = 1,
      .flags = EB_OPTION_UNPLANNED,
      .doc =
          "The meter's own error as a share of its reading, as its maker states it (0.5 %, ...); left out, unknown." },
    { .section = "probes",
      .key = "meter_timeout",
      .type = EB_OPTION_TIME,
      .unit = "ns",
      .min = 1e6,
      .max = 3.6e12,
      .def = "5s",
      .flags = EB_OPTION_UNPLANNED,
      .doc = "Without a line for longer than this the meter has stalled; also the wait for its first two lines." },
    { .section = "probes",
      .key = "meter_max_w",
      .type = EB_OPTION_FLOAT,
      .unit = "w",
      .min = 0.001,
      .max = 1e9,
      .def = "100000",
      .flags = EB_OPTION_UNPLANNED,
      .doc = "More than this is no reading." },
    { .section = "probes",
      .key = "pmic_command",
      .type = EB_OPTION_STRING,
      .doc =
          "Command that prints the currents and voltages of a power management chip once, as `vcgencmd pmic_read_adc` "
          "of a Raspberry Pi 5 does, which is the one used where there is one; it is repeated ten times a second." },
    { .section = "probes",
      .key = "stated_load_w",
      .type = EB_OPTION_FLOAT,
      .unit = "w",
      .min = 0.001,
      .max = 100000,
      .doc = "Stated-watts model: the power of the machine with all its CPUs busy. Joules made from it are marked "
             "`estimate` everywhere." },
    { .section = "probes",
      .key = "stated_idle_w",
      .type = EB_OPTION_FLOAT,
      .unit = "w",
      .min = 0.0,
      .max = 100000,
      .doc = "Stated-watts model: the power of the idle machine; without it only busy time is charged." },
    { .section = "probes",
      .key = "stated_source",
      .type = EB_OPTION_STRING,
      .flags = EB_OPTION_UNPLANNED,
      .doc = "Where the stated watts come from: a data sheet, a meter, a guess." },
    { .section = "probes",
      .key = "stated_date",
      .type = EB_OPTION_DATE,
      .flags = EB_OPTION_UNPLANNED,
      .doc = "The day of that source." },
    { 0 },
};

void eb_probe_config_default(eb_probe_config *out)
{
    *out = (eb_probe_config){
        .boundary = EB_BOUNDARY_COMPUTE,
        .sampling = EB_SAMPLING_TRACE,
        .rate_hz = 100,
        .calibrate = true,
        .stated_load_w = NAN,
        .stated_idle_w = NAN,
        .meter_domain = EB_DOMAIN_SYSTEM,
        .meter_tick_ns = 1e9,
        .meter_max_w = 1e5,
        .meter_timeout_ns = 5000000000,
        .sources = "auto",
        .events = "auto",
    };
}

const eb_probe_ops *eb_probe_find(const char *name)
{
    for (const eb_probe_ops *const *ops = eb_probe_table; *ops; ops++)
        if (strcmp((*ops)->name, name) == 0)
            return *ops;
    return NULL;
}

bool eb_probe_applies(const eb_probe_ops *ops, const eb_io *io)
{
    return ops->scripted == (io->timeline != NULL);
}

typedef struct search {
    const eb_probe_ops *ops;
    bool found;
} search;

static void match(void *arg, const char *item)
{
    search *s = arg;
    if (strcmp(item, s->ops->name) == 0 || (strcmp(item, "auto") == 0 && !s->ops->by_name_only))
        s->found = true;
}

bool eb_probe_wanted(const eb_probe_ops *ops, const eb_probe_config *config)
{
    search s = { ops, false };
    eb_probe_each_item(config->sources ? config->sources : "auto", match, &s);
    return s.found;
}
