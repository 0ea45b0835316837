// SPDX-License-Identifier: Apache-2.0
// From the lines of a meter to a counter of energy. Pure but for its own state: lines and their times of arrival go in,
// what a read at some time shows comes out.
//
// A line is `VALUE` or `STAMP VALUE`, decimal numbers ('.' in any locale) apart by blanks, ',' or ';'; the unit may
// stand behind the value (W, watts, J, joules). Empty lines and those that begin with '#' are passed over; any other
// line is refused, counted, and the last one named. VALUE is a power, or an energy that only grows. Never below 0,
// never beyond the bound.
//
// Energy from power: trapezoids between readings. When a reading was: its time of arrival, made earlier by what its
// stamp says that it came later than others (at most EB_METER_LATE_NS), so that a stamp can sharpen a time but never
// make energy. Stamps that step back, run at another rate than this machine's clock or disagree with the arrivals by
// more than that are said to lie, and are not looked at any more.
#ifndef EB_PROBES_METER_TRACK_H
#define EB_PROBES_METER_TRACK_H

#include <stdbool.h>
#include <stddef.h>
#include "harness/base/energy.h"

#define EB_METER_LATE_NS 500000000ll

enum { EB_METER_WHY_MAX = 200 };

typedef struct eb_meter_setup {
    bool joules;        // VALUE is an energy in J, else a power in W
    double max_w;       // more is no reading
    double tick_ns;     // what a stamp counts in
    int64_t timeout_ns; // without a reading for longer than this the meter has stalled
} eb_meter_setup;

typedef struct eb_meter_track {
    eb_meter_setup setup;
    int64_t lines, good, refused;
    char refusal[EB_METER_WHY_MAX]; // the last refused line and why; "" = none
    char lie[EB_METER_WHY_MAX];     // why stamps are not looked at; "" = they are
    char breaks[EB_METER_WHY_MAX];  // the last break in the energy; "" = none
    double uj;                      // since the first reading
    double unit_j;                  // the least step of an energy as its digits show it; 0 = not known
    eb_status broken;               // not shown yet
    double value;                   // of the last reading
    int64_t came_ns, usual_ns;      // of the last reading; the usual time between two
    double at_ns;                   // when the last reading was
    // stamps, relative to the first one
    int64_t stamps;                                           // that were believed
    double first_stamp_ns, stamp_ns, lead_ns, lead_before_ns; // the latter: most that a stamp was ahead of its arrival
    int64_t first_came_ns, lead_since_ns;
} eb_meter_track;

// What a line holds. Returns NULL, or why it is refused; "" = nothing to refuse (empty, or a comment).
typedef struct eb_meter_line {
    bool stamped, calendar; // the stamp counts seconds since 1970
    double stamp, value;    // value in W or J
    double step;            // what its last digit stands for; 0 = not known
} eb_meter_line;
const char *eb_meter_line_parse(const char *text, size_t len, bool joules, eb_meter_line *out);

void eb_meter_track_init(eb_meter_track *t, const eb_meter_setup *setup);
// `text` has a NUL behind its `len` bytes.
void eb_meter_track_line(eb_meter_track *t, const char *text, size_t len, bool cut, int64_t came_ns);
// A reading of known value at its time of arrival, for sources that are no lines of one number.
void eb_meter_track_value(eb_meter_track *t, double value, int64_t came_ns);
// Counts a refusal.
void eb_meter_track_refuse(eb_meter_track *t, const char *text, const char *why);
// Fills status, raw (energy in uJ) and errnum (ETIMEDOUT where it has stalled); the times are the caller's. A break is
// shown once, by the first read that has a reading to show.
void eb_meter_track_read(eb_meter_track *t, int64_t now_ns, eb_sample *out);
bool eb_meter_track_stalled(const eb_meter_track *t, int64_t now_ns);
// What is to be said of it, in the order of its weight; false when nothing is.
bool eb_meter_track_trouble(const eb_meter_track *t, int64_t now_ns, char *buf, size_t size);

#endif
