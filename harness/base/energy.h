// SPDX-License-Identifier: Apache-2.0
// The vocabulary of measurement: domains, grades, channels, samples. Shared by the probes
// that fill it in and the record that computes from it. Plain data, no functions with state.
#ifndef EB_BASE_ENERGY_H
#define EB_BASE_ENERGY_H

#include <stdbool.h>
#include <stdint.h>

// Physical domain of a channel. What contains what: package > core, uncore; system > package,
// dram, gpu. `dram` is not in `package` (MEASUREMENT section 3 / docs/metrics.md).
typedef enum eb_domain {
    EB_DOMAIN_UNKNOWN, // listed, never summed
    EB_DOMAIN_PACKAGE,
    EB_DOMAIN_CORE,
    EB_DOMAIN_UNCORE,
    EB_DOMAIN_DRAM,
    EB_DOMAIN_GPU,
    EB_DOMAIN_SYSTEM, // psys, a board's input rail, battery, wall
    EB_DOMAIN_NONE,   // not an energy: counters, process usage
    EB_DOMAIN_COUNT
} eb_domain;

// How an energy was come by, weakest first so that `min` gives the grade of a sum.
typedef enum eb_grade {
    EB_GRADE_NONE,     // no joules at all
    EB_GRADE_ESTIMATE, // a model: of stated watts (probes/stated.h); virtual or filtered counters
    EB_GRADE_SAMPLED,  // power sampled and integrated
    EB_GRADE_COUNTER,  // an integrated hardware counter
    EB_GRADE_WALL,     // an external meter of the whole system
    EB_GRADE_COUNT
} eb_grade;

typedef enum eb_boundary { EB_BOUNDARY_COMPUTE, EB_BOUNDARY_PLATFORM, EB_BOUNDARY_WALL, EB_BOUNDARY_COUNT } eb_boundary;

// What one raw step of a channel is. raw * scale gives the unit in the name.
typedef enum eb_quantity {
    EB_QUANTITY_ENERGY_UJ,    // cumulative counter
    EB_QUANTITY_POWER_UW,     // gauge
    EB_QUANTITY_COUNT,        // cumulative event counter (cycles, faults, ...)
    EB_QUANTITY_TIME_NS,      // cumulative time
    EB_QUANTITY_BYTES,        // gauge
    EB_QUANTITY_HZ,           // gauge
    EB_QUANTITY_MILLICELSIUS, // gauge
    EB_QUANTITY_KINDS
} eb_quantity;

// What a look under load found of an energy channel (harness/run/calibrate.h).
typedef enum eb_liveness {
    EB_LIVE_UNKNOWN, // not looked at, or not long enough to tell slow from dead
    EB_LIVE_MOVES,
    EB_LIVE_DEAD, // stood still longer than the slowest source of its kind could: absent, not 0 J
    EB_LIVE_COUNT
} eb_liveness;

typedef enum eb_scope { EB_SCOPE_MACHINE, EB_SCOPE_PROCESS } eb_scope;

typedef struct eb_channel {
    char name[64];   // unique in a run, e.g. "powercap/intel-rapl:0", "process/rss"
    char source[24]; // probe name, e.g. "powercap"
    char zone[48];   // the source's own id, e.g. "intel-rapl:0:0"; "" = none
    char label[48];  // the source's own name of it, e.g. "package-0", "psys"
    eb_domain domain;
    int socket, die; // -1 = not known / not applicable
    eb_quantity quantity;
    bool cumulative;    // counter (true) or gauge (false)
    uint64_t max_range; // largest raw value before a wrap to 0; 0 = does not wrap
    uint64_t modulus;   // true wrap modulus in raw steps (max_range + one hardware unit); 0 = none
    double unit;        // hardware unit in raw steps (e.g. 61.035 uJ); 0 = not known
    double scale;       // unit-of-quantity per raw step (1.0 for powercap's uJ)
    double power_max_w; // bound used to tell a wrap from a reset; 0 = not known
    int64_t gap_max_ns; // longest time between two reads that a difference can be trusted over; 0 = as the modulus says
    int64_t period_ns;  // native update period, as stated or as found by calibration; 0 = not known
    int64_t jitter_ns;  // standard deviation of that period, as found; 0 = not known
    int64_t read_ns;    // median cost of one read, as found; 0 = not known
    double class_frac;  // the sensor's own error as a share of the reading, as its maker publishes it; 0 = nobody did
    eb_liveness live;
    eb_grade grade; // NONE for non-energy channels
    eb_scope scope;
    bool duplicate;   // repeats another channel (mmio mirror of package, mirrored die): counted only in its place
    char repeats[64]; // the name of that channel, of the same source; "" = not known: then it never counts
    char note[96];    // what is to be said of it: which channel it repeats, why it is dead; "" = nothing
} eb_channel;

typedef enum eb_status {
    EB_SAMPLE_OK,
    EB_SAMPLE_MISSING,   // could not be read this time (errno kept by the probe)
    EB_SAMPLE_RESET,     // the counter went back without a wrap: the segment is void
    EB_SAMPLE_AMBIGUOUS, // it may have gone half round since the last read: wraps cannot be told
    EB_SAMPLE_SUSPENDED, // the machine slept in between
    EB_SAMPLE_GONE,      // the source vanished for good
    EB_SAMPLE_STALLED,   // of a stretch: it was read well and stood still for longer than a machine that is on can
    EB_SAMPLE_STATUS_COUNT
} eb_status;

// One read of one channel, bracketed by two clock reads (CLOCK_MONOTONIC ns).
typedef struct eb_sample {
    int64_t t_before_ns, t_after_ns;
    uint64_t raw;
    eb_status status;
    int errnum; // why it is not OK; 0 = not known (it is not in the journal)
} eb_sample;

const char *eb_domain_name(eb_domain domain); // "package", "core", ... "unknown", "none"
const char *eb_grade_name(eb_grade grade);    // "none", "estimate", "sampled", "counter", "wall"
const char *eb_boundary_name(eb_boundary boundary);
const char *eb_quantity_name(eb_quantity quantity); // "energy_uj", "power_uw", "count", ...
const char *eb_status_name(eb_status status);       // "ok", "missing", ...
const char *eb_liveness_name(eb_liveness live);     // "unknown", "moves", "dead"
bool eb_domain_parse(const char *s, eb_domain *out);
bool eb_grade_parse(const char *s, eb_grade *out);
bool eb_boundary_parse(const char *s, eb_boundary *out);
bool eb_quantity_parse(const char *s, eb_quantity *out);
bool eb_liveness_parse(const char *s, eb_liveness *out);

#endif
