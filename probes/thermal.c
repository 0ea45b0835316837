// SPDX-License-Identifier: Apache-2.0
// How hot the processor is, how fast it runs and how often it throttled: what explains a joule but is none.
// Temperature from /sys/class/thermal, or from hwmon where no zone there is the processor's; frequency from cpufreq;
// throttling from the counters that Intel's kernel keeps per CPU. All files are kept open.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "probes/probe_impl.h"
#include "probes/sysfs.h"
#include "probes/thermal_files.h"

enum { MAX_CHANNELS = 5 };

// Temperatures change within tenths of a second, and all files together cost some 100 us: the sampler reads a source at
// most five times per update of its channels.
static const int64_t worth_reading_ns = 1000000000;

typedef enum channel_kind { HOTTEST, TRIP, FREQUENCY, FREQUENCY_MAX, THROTTLES } channel_kind;

static const struct {
    const char *name;
    eb_quantity quantity;
    double scale;
    bool cumulative;
} kinds[MAX_CHANNELS] = {
    [HOTTEST] = { "thermal/hottest", EB_QUANTITY_MILLICELSIUS, 1, false },
    [TRIP] = { "thermal/trip", EB_QUANTITY_MILLICELSIUS, 1, false },
    [FREQUENCY] = { "thermal/frequency", EB_QUANTITY_HZ, 1000, false }, // the files are in kHz
    [FREQUENCY_MAX] = { "thermal/frequency_max", EB_QUANTITY_HZ, 1000, false },
    [THROTTLES] = { "thermal/throttles", EB_QUANTITY_COUNT, 1, true },
};

typedef struct state {
    eb_thermal_files *files;
    channel_kind channels[MAX_CHANNELS];
} state;

// ---- detect ----

static void detect(const eb_probe_env *env, eb_probe_detection *out)
{
    eb_thermal_files *s = eb_thermal_find(env->io);
    char why[200] = "";
    if (s->errnum)
        snprintf(why, sizeof why, ": %s: %s", s->failed, eb_sysfs_why(s->errnum));
    const char *remedy =
        eb_sysfs_refused(s->errnum) ? "allow the file to be read (sudo chmod a+r), or run as root" : "";
    if (!s->n_temps && !s->n_freqs && !s->n_throttles)
        eb_probe_say(out, eb_sysfs_refused(s->errnum) ? EB_PROBE_NO_PERMISSION : EB_PROBE_NO_DEVICE, remedy,
                     "no temperature in " EB_THERMAL_ZONES " or " EB_THERMAL_HWMON
                     " and no frequency in " EB_THERMAL_CPU_DIR "%s",
                     why);
    else if (!s->n_temps)
        eb_probe_say(out, EB_PROBE_PARTIAL, remedy,
                     "no temperature of the processor in " EB_THERMAL_ZONES " or " EB_THERMAL_HWMON "%s", why);
    else if (!s->n_freqs)
        eb_probe_say(out, EB_PROBE_PARTIAL, remedy, "no frequency in " EB_THERMAL_CPU_DIR "/cpu*/cpufreq%s", why);
    eb_thermal_free(s);
}

// ---- open ----

static void add_channel(eb_probe *probe, channel_kind kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void add_channel(eb_probe *probe, channel_kind kind, const char *fmt, ...)
{
    state *s = probe->state;
    eb_channel *c = &probe->channels[probe->n];
    *c = (eb_channel){
        .source = "thermal",
        .domain = EB_DOMAIN_NONE,
        .socket = -1,
        .die = -1,
        .quantity = kinds[kind].quantity,
        .cumulative = kinds[kind].cumulative,
        .unit = 1,
        .scale = kinds[kind].scale,
        .period_ns = worth_reading_ns,
        .grade = EB_GRADE_NONE,
        .scope = EB_SCOPE_MACHINE,
    };
    snprintf(c->name, sizeof c->name, "%s", kinds[kind].name);
    va_list args;
    va_start(args, fmt);
    vsnprintf(c->label, sizeof c->label, fmt, args);
    va_end(args);
    s->channels[probe->n++] = kind;
}

static bool open_probe(eb_probe *probe, eb_err *err)
{
    (void)err; // the core says what detect says
    state *own = probe->state = eb_alloc(sizeof *own);
    const eb_thermal_files *s = own->files = eb_thermal_find(probe->env.io);
    probe->channels = eb_alloc(MAX_CHANNELS * sizeof *probe->channels);
    if (s->n_temps == 1)
        add_channel(probe, HOTTEST, "%s", s->temp_label);
    else if (s->n_temps > 1)
        add_channel(probe, HOTTEST, "hottest of %d", s->n_temps);
    if (s->n_trips)
        add_channel(probe, TRIP, "where it throttles");
    if (s->n_freqs) {
        add_channel(probe, FREQUENCY, "mean of %d CPUs", s->n_freqs);
        add_channel(probe, FREQUENCY_MAX, "fastest of %d CPUs", s->n_freqs);
    }
    if (s->n_throttles)
        add_channel(probe, THROTTLES, "counts of %d of %d CPUs",
                    s->n_cpus < EB_THERMAL_CPUS ? s->n_cpus : EB_THERMAL_CPUS, s->n_cpus);
    return probe->n > 0;
}

// ---- read ----

// What one pass over the files of a kind gave.
typedef struct pass {
    eb_sample stamp; // times and status; no value
    uint64_t sum, largest, smallest;
    int n;
} pass;

// Below freezing is missing: a reading is unsigned.
static pass read_gauges(const eb_io *io, const int *handles, int n, int64_t most)
{
    pass p = { .stamp.t_before_ns = io->clock.now_ns(&io->clock), .stamp.status = EB_SAMPLE_MISSING };
    int gone = 0;
    for (int i = 0; i < n; i++) {
        int64_t value;
        int rc = eb_sysfs_pread_s64(io, handles[i], &value);
        gone += rc && eb_probe_status(-rc) == EB_SAMPLE_GONE;
        if (rc || value <= 0 || value > most)
            continue;
        p.sum += (uint64_t)value;
        p.largest = (uint64_t)value > p.largest ? (uint64_t)value : p.largest;
        p.smallest = p.n == 0 || (uint64_t)value < p.smallest ? (uint64_t)value : p.smallest;
        p.n++;
    }
    p.stamp.t_after_ns = io->clock.now_ns(&io->clock);
    if (p.n)
        p.stamp.status = EB_SAMPLE_OK;
    else if (gone == n)
        p.stamp.status = EB_SAMPLE_GONE;
    return p;
}

// A CPU that was taken away keeps what it had counted; one that comes back may begin at 0 again.
static pass read_throttles(eb_thermal_files *s)
{
    const eb_io *io = s->io;
    pass p = { .stamp.t_before_ns = io->clock.now_ns(&io->clock), .stamp.status = EB_SAMPLE_MISSING };
    for (int i = 0; i < s->n_throttles; i++) {
        eb_thermal_throttle *t = &s->throttles[i];
        uint64_t value;
        if (eb_io_pread_u64(io, t->handle, &value) != 0)
            continue;
        s->throttled += value >= t->last ? value - t->last : value;
        t->last = value;
        p.n++;
    }
    p.stamp.t_after_ns = io->clock.now_ns(&io->clock);
    p.sum = s->throttled;
    if (p.n)
        p.stamp.status = EB_SAMPLE_OK;
    return p;
}

static void fill(eb_sample *out, const pass *p, uint64_t value)
{
    *out = p->stamp;
    out->raw = p->stamp.status == EB_SAMPLE_OK ? value : 0;
}

static void read_probe(eb_probe *probe, eb_sample *out)
{
    const state *own = probe->state;
    eb_thermal_files *s = own->files;
    pass temps = { 0 }, trips = { 0 }, freqs = { 0 }, throttles = { 0 };
    if (s->n_temps)
        temps = read_gauges(s->io, s->temps, s->n_temps, EB_THERMAL_HOTTEST_MC);
    if (s->n_trips)
        trips = read_gauges(s->io, s->trips, s->n_trips, EB_THERMAL_HOTTEST_MC);
    if (s->n_freqs)
        freqs = read_gauges(s->io, s->freqs, s->n_freqs, INT32_MAX);
    if (s->n_throttles)
        throttles = read_throttles(s);
    for (int i = 0; i < probe->n; i++) {
        const pass *from[] = { [HOTTEST] = &temps,
                               [TRIP] = &trips,
                               [FREQUENCY] = &freqs,
                               [FREQUENCY_MAX] = &freqs,
                               [THROTTLES] = &throttles };
        const uint64_t values[] = {
            [HOTTEST] = temps.largest,
            [TRIP] = trips.smallest,
            [FREQUENCY] = freqs.n ? freqs.sum / (uint64_t)freqs.n : 0,
            [FREQUENCY_MAX] = freqs.largest,
            [THROTTLES] = throttles.sum,
        };
        fill(&out[i], from[own->channels[i]], values[own->channels[i]]);
    }
}

static void close_probe(eb_probe *probe)
{
    state *own = probe->state;
    if (own)
        eb_thermal_free(own->files);
    free(own);
}

const eb_probe_ops eb_probe_thermal = {
    .name = "thermal",
    .doc = "Temperature, frequency and throttling of the processor: what explains a result beside its joules",
    .detect = detect,
    .open = open_probe,
    .read = read_probe,
    .close = close_probe,
};
