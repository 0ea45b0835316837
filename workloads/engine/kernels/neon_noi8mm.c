// SPDX-License-Identifier: Apache-2.0
// In place of neoni8mm.c where the compiler does not know its instructions.
#include "workloads/engine/kernels/arm.h"

const eb_packed_ops eb_packed_neoni8mm = { .matmul = NULL };
