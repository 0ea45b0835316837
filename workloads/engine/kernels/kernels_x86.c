// SPDX-License-Identifier: Apache-2.0
// The kernel tables of an x86-64 build, and which of them may run here: the CPU must have the
// instructions (CPUID) and the operating system must keep their registers (XCR0, read by XGETBV).
// These checks live apart from the tables' own files, whose every instruction may need what is checked.
#include "workloads/engine/kernels/x86.h"

#include <cpuid.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    XCR0_AVX = 0x06,          // SSE and AVX state
    XCR0_AVX512 = 0xe6,       // and mask registers, upper halves, upper sixteen
    XCR0_TILES = 3 << 17,     // the tiles' configuration and data
    LEAF7_1_AVXVNNI = 1 << 4, // in eax
    LEAF7_TILES = 1 << 24,    // in edx
    LEAF7_TILE_INT8 = 1 << 25,
    LEAF7_TILE_BF16 = 1 << 22,
    REQUEST_STATE = 0x1023, // arch_prctl: ARCH_REQ_XCOMP_PERM, by number as the header may be old
    TILE_DATA = 18
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

bool eb_x86_has_avxvnni(void)
{
    unsigned a, b, c, d;
    return eb_x86_has_avx2() && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & LEAF7_1_AVXVNNI);
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

// ---- AMX: tiles -----------------------------------------------------------------------------------------------------

static _Thread_local struct {
    sigjmp_buf back;
    volatile sig_atomic_t set;
} guard;

// A fault of another thread is none of ours: it happens again, and does what it would have done.
static void on_fault(int number)
{
    if (guard.set)
        siglongjmp(guard.back, 1);
    signal(number, SIG_DFL);
}

bool eb_x86_survives(bool (*fn)(void))
{
    static const int numbers[] = { SIGILL, SIGSEGV, SIGBUS };
    enum { NUMBERS = sizeof numbers / sizeof *numbers };
    const struct sigaction ours = { .sa_handler = on_fault };
    struct sigaction before[NUMBERS];
    volatile bool ok = false;
    for (int i = 0; i < NUMBERS; i++)
        sigaction(numbers[i], &ours, &before[i]);
    if (sigsetjmp(guard.back, 1) == 0) {
        guard.set = 1;
        ok = fn();
    }
    guard.set = 0;
    for (int i = 0; i < NUMBERS; i++)
        sigaction(numbers[i], &before[i], NULL);
    return ok;
}

const char *eb_x86_amx_missing(void)
{
    const unsigned leaf7 = LEAF7_TILES | LEAF7_TILE_INT8 | LEAF7_TILE_BF16;
    unsigned a, b, c, d;
    if (!eb_x86_has_avx512vnni())
        return "AVX-512 VNNI, which goes with it, is missing or not kept by the system";
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & leaf7) != leaf7)
        return "the CPU has no tiles with products of bytes and bf16 (AMX-TILE, AMX-INT8, AMX-BF16)";
    if (!os_keeps(XCR0_TILES))
        return "the system does not keep the tiles' state (XCR0 bits 17 and 18)";
    if (syscall(SYS_arch_prctl, REQUEST_STATE, TILE_DATA) != 0)
        return "the system refuses the tiles' state (arch_prctl ARCH_REQ_XCOMP_PERM 18)";
    if (!eb_x86_survives(eb_amx_tiles_are_right) || !eb_x86_survives(eb_amx_prompt_tiles_are_right))
        return "the tiles of this machine fail a test of their products";
    return NULL;
}

bool eb_x86_has_amx(void)
{
    return !eb_x86_amx_missing();
}

const eb_kernels *const eb_kernels_table[] = { &eb_kernels_scalar,
                                               &eb_kernels_avx2,
                                               &eb_kernels_avxvnni,
                                               &eb_kernels_avx512,
                                               &eb_kernels_avx512vnni,
                                               &eb_kernels_amx,
                                               NULL };
