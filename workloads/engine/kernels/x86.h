// SPDX-License-Identifier: Apache-2.0
// The x86-64 kernel tables, for kernels_x86.c, which lists them, and the files that define them.
#ifndef EB_KERNELS_X86_H
#define EB_KERNELS_X86_H

#include "workloads/engine/kernels/kernels.h"

extern const eb_kernels eb_kernels_avx2;         // avx2.c: AVX2, FMA, F16C
extern const eb_packed_ops eb_packed_avx2;       // avx2_packed.c
extern const eb_kernels eb_kernels_avxvnni;      // as avx2, with
extern const eb_packed_ops eb_packed_avxvnni;    // avxvnni.c: AVX-VNNI
extern const eb_kernels eb_kernels_avx512;       // avx512.c: AVX-512 F, BW, VL, DQ, and the above
extern const eb_kernels eb_kernels_avx512vnni;   // the same, with
extern const eb_packed_ops eb_packed_avx512vnni; // avx512vnni.c: AVX-512 VNNI
extern const eb_prompt_ops eb_prompt_avx512vnni; // avx512vnni_prompt.c: the same in 16 bits, for plain weights
extern const eb_kernels eb_kernels_amx;          // that, with
extern const eb_packed_ops eb_packed_amx;        // amx.c: AMX, products of bytes
extern const eb_prompt_ops eb_prompt_amx;        // amx_prompt.c: the same with products of bf16
bool eb_amx_prompt_tiles_are_right(void);
bool eb_amx_tiles_are_right(void); // amx.c: some products of tiles are what plain C says

// kernels_x86.c: the CPU has them and the operating system keeps their registers.
bool eb_x86_has_avx2(void);
bool eb_x86_has_avxvnni(void);
bool eb_x86_has_avx512(void);
bool eb_x86_has_avx512vnni(void);
bool eb_x86_has_amx(void);
// In words, why not; NULL = usable. Asks the system for the tiles' state, for the whole process, and tries them.
const char *eb_x86_amx_missing(void);
// What fn() says, or false where one of its instructions faults (SIGILL, SIGSEGV, SIGBUS).
bool eb_x86_survives(bool (*fn)(void));

#endif
