// SPDX-License-Identifier: Apache-2.0
// The aarch64 kernel tables, for kernels_arm.c, which lists them, and the files that define them.
#ifndef EB_KERNELS_ARM_H
#define EB_KERNELS_ARM_H

#include "workloads/engine/kernels/kernels.h"

extern const eb_kernels eb_kernels_neon;       // neon.c: what every aarch64 has
extern const eb_kernels eb_kernels_neondot;    // the same, with
extern const eb_packed_ops eb_packed_neondot;  // neondot.c: the dot product extension
extern const eb_kernels eb_kernels_neoni8mm;   // the same, with
extern const eb_packed_ops eb_packed_neoni8mm; // neoni8mm.c: products of matrices of bytes; without functions where
                                               // the compiler has none (neon_noi8mm.c)

// kernels_arm.c: the operating system says that they can be used; in words, why not (NULL = they can).
bool eb_arm_has_neon(void);
bool eb_arm_has_neondot(void);
bool eb_arm_has_neoni8mm(void);
const char *eb_arm_neondot_missing(void);
const char *eb_arm_neoni8mm_missing(void);

#endif
