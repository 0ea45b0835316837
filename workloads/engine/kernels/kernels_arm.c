// SPDX-License-Identifier: Apache-2.0
// The kernel tables of an aarch64 build, and which of them may run here, as the operating system says in the auxiliary
// vector.
#include "workloads/engine/kernels/arm.h"

#include <asm/hwcap.h>
#include <sys/auxv.h>

bool eb_arm_has_neon(void)
{
    return getauxval(AT_HWCAP) & HWCAP_ASIMD;
}

bool eb_arm_has_neondot(void)
{
    return eb_arm_has_neon() && (getauxval(AT_HWCAP) & HWCAP_ASIMDDP);
}

const eb_kernels *const eb_kernels_table[] = { &eb_kernels_scalar, &eb_kernels_neon, &eb_kernels_neondot, NULL };
