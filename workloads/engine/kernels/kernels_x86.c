// SPDX-License-Identifier: Apache-2.0
// The kernel tables of an x86-64 build, and which of them may run here: the CPU must have the
// instructions (CPUID) and the operating system must keep their registers (XCR0, read by XGETBV).
// These checks live apart from the tables' own files, whose every instruction may need what is checked.
#include "workloads/engine/kernels/x86.h"

#include <cpuid.h>

enum {
    XCR0_AVX = 0x06,   // SSE and AVX state
    XCR0_AVX512 = 0xe6 // and mask registers, upper halves, upper sixteen
};

// All of `state` is enabled in XCR0; XGETBV itself exists where CPUID says OSXSAVE.
static bool os_keeps(unsigned state)
{
    unsigned a, b, c, d, low, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
        return false;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & state) == state;
}

bool eb_x86_has_avx2(void)
{
    const unsigned leaf1 = bit_AVX | bit_FMA | bit_F16C;
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & leaf1) != leaf1)
        return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX2) && os_keeps(XCR0_AVX);
}

bool eb_x86_has_avx512(void)
{
    const unsigned leaf7 = bit_AVX512F | bit_AVX512BW | bit_AVX512VL | bit_AVX512DQ;
    unsigned a, b, c, d;
    if (!eb_x86_has_avx2() || !__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return false;
    return (b & leaf7) == leaf7 && os_keeps(XCR0_AVX512);
}

bool eb_x86_has_avx512vnni(void)
{
    unsigned a, b, c, d;
    return eb_x86_has_avx512() && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (c & bit_AVX512VNNI);
}

const eb_kernels *const eb_kernels_table[] = { &eb_kernels_scalar, &eb_kernels_avx2, &eb_kernels_avx512,
                                               &eb_kernels_avx512vnni, NULL };
