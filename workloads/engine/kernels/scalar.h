// SPDX-License-Identifier: Apache-2.0
// The plain C kernels that have files of their own, for scalar.c, whose table lists them.
#ifndef EB_KERNELS_SCALAR_H
#define EB_KERNELS_SCALAR_H

#include "workloads/engine/kernels/kernels.h"

void eb_attend_scalar(const eb_attend *a, int64_t from, int64_t end); // scalar_attention.c

#endif
