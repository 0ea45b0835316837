// SPDX-License-Identifier: Apache-2.0
// Where a machine under steady load begins to throttle. Pure functions over windows that follow each other.
//
// The change point of the frequency. Of the windows i = 0..n-1 with the mean frequency f_i (those that are not known
// are passed over):
//
//   S = median of f_0, f_1, f_2                                   the start level
//   s = 1.4826 median |f_{i+1} - f_i| / sqrt(2)                   the noise: one step among many differences is not in
//   it L = S - max(0.05 S, 4 s)                                      the limit onset = the first i with f_i, f_{i+1},
//   f_{i+2} all below L; the last windows of a run count as soon as there are two
//
// After the onset every window below L is a throttled one. A window in which the hardware's own throttle counters went
// up is one whatever its frequency; where no frequency is known, so is one that reaches the trip point. A trip point
// that is reached without a loss of frequency is said, and is no throttling. Where neither a frequency nor a counter
// nor a trip point with a temperature is known, nothing is.
#ifndef EB_RECORD_THROTTLE_H
#define EB_RECORD_THROTTLE_H

#include <stdbool.h>
#include <stddef.h>

#define EB_THROTTLE_FRAC        0.05
#define EB_THROTTLE_NOISE_TIMES 4.0
enum { EB_THROTTLE_START_WINDOWS = 3, EB_THROTTLE_RUN_WINDOWS = 3, EB_THROTTLE_KNOWN_MIN = 5 };

// What is known of one window; NAN = not known.
typedef struct eb_throttle_window {
    double frequency_hz;  // mean
    double temperature_c; // highest
    double trip_c;        // lowest trip point
    double counted;       // by how much the throttle counters went up
} eb_throttle_window;

typedef enum eb_throttle_verdict { EB_THROTTLE_UNKNOWN, EB_THROTTLE_NO, EB_THROTTLE_YES } eb_throttle_verdict;

// Why a window counts; more than one may hold.
enum { EB_THROTTLE_FREQUENCY = 1, EB_THROTTLE_COUNTER = 2, EB_THROTTLE_TRIP = 4 };

typedef struct eb_throttle {
    eb_throttle_verdict verdict;
    int onset;                            // first throttled window; -1 = none
    int n;                                // throttled windows
    int trip;                             // first window at the trip point, throttled or not; -1 = none
    unsigned why;                         // of the onset, and of the window after it
    double start_hz, limit_hz, lowest_hz; // NAN = fewer than EB_THROTTLE_KNOWN_MIN windows have a frequency
    int n_frequency;                      // windows with a frequency
    bool frequency, counter, temperature; // what was known
} eb_throttle;

// `throttled` gets n flags; NULL = not wanted.
eb_throttle eb_throttle_find(const eb_throttle_window *w, int n, bool *throttled);
const char *eb_throttle_verdict_name(eb_throttle_verdict verdict); // "unknown", "no", "yes"

#endif
