// SPDX-License-Identifier: Apache-2.0
// The kernel tables of an aarch64 build, and which of them may run here, as the operating system says in the auxiliary
// vector.
#include "workloads/engine/kernels/arm.h"

#include <asm/hwcap.h>
#include <sys/auxv.h>

#ifndef HWCAP2_I8MM
#define HWCAP2_I8MM (1 << 13) // Linux 5.6
#endif

bool eb_arm_has_neon(void)
{
    return getauxval(AT_HWCAP) & HWCAP_ASIMD;
}

const char *eb_arm_neondot_missing(void)
{
    const bool dots = eb_arm_has_neon() && (getauxval(AT_HWCAP) & HWCAP_ASIMDDP);
    return dots ? NULL : "the system reports no dot products of bytes (HWCAP_ASIMDDP)";
}

const char *eb_arm_neoni8mm_missing(void)
{
    if (!eb_packed_neoni8mm.matmul)
        return "the compiler of this build has no products of matrices of bytes (-march=armv8.2-a+i8mm)";
    if (!(getauxval(AT_HWCAP2) & HWCAP2_I8MM))
        return "the system reports no products of matrices of bytes (HWCAP2_I8MM)";
    return eb_arm_neondot_missing();
}

bool eb_arm_has_neondot(void)
{
    return !eb_arm_neondot_missing();
}

bool eb_arm_has_neoni8mm(void)
{
    return !eb_arm_neoni8mm_missing();
}

const eb_kernels *const eb_kernels_table[] = { &eb_kernels_scalar, &eb_kernels_neon, &eb_kernels_neondot,
                                               &eb_kernels_neoni8mm, NULL };
