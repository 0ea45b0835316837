// SPDX-License-Identifier: Apache-2.0
// The kernel tables of a build for a machine that is neither x86-64 nor aarch64.
#include "workloads/engine/kernels/kernels.h"

const eb_kernels *const eb_kernels_table[] = { &eb_kernels_scalar, NULL };
