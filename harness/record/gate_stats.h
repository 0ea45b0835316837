// SPDX-License-Identifier: Apache-2.0
// The arithmetic of the gate: Student's t and the trimmed mean with the t test that belongs to it. Pure functions.
#ifndef EB_RECORD_GATE_STATS_H
#define EB_RECORD_GATE_STATS_H

#include <stddef.h>

// P[T > t] of Student's t with df >= 1 degrees of freedom (Abramowitz and Stegun 26.7.3 and 26.7.4); exact to 1e-12.
double eb_student_tail(double t, int df);
// The t with P[T > t] = p, 0 < p <= 0.5.
double eb_student_critical(double p, int df);

// Mean of what is left when a share of the values is cut off at each end, and its standard error from the winsorized
// variance (Tukey and McLaughlin 1963, Sankhya A 25; Yuen 1974, Biometrika 61): with g = floor(share n) and h = n - 2
// g, se = s_w sqrt(n - 1) / sqrt(h (h - 1)), and (mean - mu) / se has nearly Student's t distribution with h - 1
// degrees.
typedef struct eb_trimmed {
    double mean, se; // NAN for n < 2
    int df;          // h - 1
} eb_trimmed;
eb_trimmed eb_trimmed_mean(const double *x, size_t n, double share);

#endif
