// SPDX-License-Identifier: Apache-2.0
// The aarch64 kernel tables, for kernels_arm.c, which lists them, and the files that define them.
#ifndef EB_KERNELS_ARM_H
#define EB_KERNELS_ARM_H

#include "workloads/engine/kernels/kernels.h"

extern const eb_kernels eb_kernels_neon;      // neon.c: what every aarch64 has
extern const eb_kernels eb_kernels_neondot;   // the same, with
extern const eb_packed_ops eb_packed_neondot; // neondot.c: the dot product extension

// kernels_arm.c: the operating system says that they can be used.
bool eb_arm_has_neon(void);
bool eb_arm_has_neondot(void);

#endif
