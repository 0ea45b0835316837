// SPDX-License-Identifier: Apache-2.0
// Weights to f32 in plain C.
#ifndef EB_KERNELS_DEQUANT_H
#define EB_KERNELS_DEQUANT_H

#include "workloads/engine/kernels/kernels.h"

// dst[0..n-1] = the weights of one row; n a multiple of the block.
void eb_dequant_row_scalar(eb_wtype type, const void *row, float *dst, int64_t n);

#endif
