// SPDX-License-Identifier: Apache-2.0
// The plain C kernels that have files of their own, for scalar.c, whose table lists them.
#ifndef EB_KERNELS_SCALAR_H
#define EB_KERNELS_SCALAR_H

#include "workloads/engine/kernels/kernels.h"

void eb_attend_scalar(const eb_attend *a, int64_t from, int64_t end); // scalar_attention.c
// scalar_scan.c
void eb_conv1d_silu_scalar(const eb_conv1d *c, int64_t i0, int64_t i1);
void eb_scan1_scalar(const eb_scan1 *s, int64_t i0, int64_t i1);
void eb_scan2_scalar(const eb_scan2 *s);

#endif
