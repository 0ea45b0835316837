// SPDX-License-Identifier: Apache-2.0
// Least squares with coefficients that cannot be negative: min |A x - b| subject to x >= 0, by the active set method of
// Lawson and Hanson on the normal equations. Callers scale the columns of A to unit length and keep the condition
// number small (op_split.c), so that squaring it costs no digits that matter.
// Threads: pure functions. Private to record/.
#ifndef EB_RECORD_NNLS_H
#define EB_RECORD_NNLS_H

#include <stdbool.h>
#include <stddef.h>

enum { EB_NNLS_MAX = 64 };

// gram = A'A [k][k] and rhs = A'b [k]; x [k] gets the solution. False when the columns of a step are not independent.
bool eb_nnls(const double *gram, const double *rhs, int k, double *x);

// The inverse of a symmetric positive definite matrix [k][k]; false when it is none.
bool eb_spd_inverse(const double *a, int k, double *out);
// Largest over smallest eigenvalue of a symmetric positive semidefinite matrix [k][k]; INFINITY when singular.
double eb_spd_condition(const double *a, int k);
// A unit vector along which |a v| is about least: where the columns behind `a` nearly cancel. False when k < 1.
bool eb_spd_least(const double *a, int k, double *v);

#endif
