// SPDX-License-Identifier: Apache-2.0
// What a machine does to the time of a trial, as numbers: a session's offset, drift that remembers (AR(1)), noise of
// the single trial, rare outliers. Each is a function of seed and trial number alone, so that trials may be asked for
// in any order, in one process or in many.
#ifndef EB_ENGINE_NULL_NOISE_H
#define EB_ENGINE_NULL_NOISE_H

#include <stdint.h>

typedef struct eb_null_noise {
    double session_frac; // standard deviation of the offset that a session (a seed) has as a whole
    double drift_frac;   // stationary standard deviation of the drift
    double drift_phi;    // how much of it is left from one trial to the next, 0..1
    double run_frac;     // standard deviation of a trial by itself
    double outlier_prob; // share of the trials that are slower by outlier_frac
    double outlier_frac;
} eb_null_noise;

// Factor on the times of trial `index` (0, 1, ...): exp(session + drift + run), outliers on top.
double eb_null_noise_factor(const eb_null_noise *noise, uint64_t seed, uint64_t index);
// exp(frac N(0, 1)) of another independent stream, for watts and tokens.
double eb_null_noise_plain(double frac, uint64_t seed, uint64_t stream, uint64_t index);

#endif
