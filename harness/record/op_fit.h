// SPDX-License-Identifier: Apache-2.0
// The powers of groups of operators from one counter's windows, by non-negative least squares. Private to op_split.c.
#ifndef EB_RECORD_OP_FIT_H
#define EB_RECORD_OP_FIT_H

#include "harness/record/nnls.h"
#include "harness/record/op_track.h"

// One channel's windows of `span` updates each over groups of columns; a window begins at every edge. Columns are
// scaled to unit length.
typedef struct eb_op_fit {
    const eb_op_track *t;
    const int *group; // [EB_SPLIT_COLUMNS], -1 = none
    int k;
    size_t span;
    double gram[EB_NNLS_MAX * EB_NNLS_MAX], rhs[EB_NNLS_MAX], length[EB_NNLS_MAX], power[EB_NNLS_MAX];
    double covariance[EB_NNLS_MAX * EB_NNLS_MAX];
    double residual_frac, condition, mean_w;
} eb_op_fit;

// The equations and how well they are conditioned; `t` and `group` are borrowed.
void eb_op_fit_start(eb_op_fit *f, const eb_op_track *t, const int *group, int k, size_t span);
// Powers and their covariance; false where the windows are too few or cannot be solved.
bool eb_op_fit_solve(eb_op_fit *f);
double eb_op_fit_halfwidth_w(const eb_op_fit *f, int g); // of a group's power, 95 %

#endif
