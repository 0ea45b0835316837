// SPDX-License-Identifier: Apache-2.0
// The instructions on tiles, which amx_matmul.inc and amx_prompt.inc are written in. A tile is at most 16 rows of 64
// bytes; rows and bytes are those of the configuration, which a thread needs before anything else and gives back by
// TILE_RELEASE. Tiles are numbers from 0 to 7, written as such. Assembly says what compilers' own functions leave out:
// that memory is read (gcc 12's _tile_loadconfig names 8 of 64 bytes, its _tile_loadd none).
#ifndef EB_KERNELS_AMX_TILES_H
#define EB_KERNELS_AMX_TILES_H

#include <stdint.h>

typedef struct tile_config {
    uint8_t palette; // 1; 0 = none
    uint8_t start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_config; // 64 bytes, as the CPU reads them

#define TILE_CONFIGURE(config) __asm__ volatile("ldtilecfg %0" ::"m"(*(const tile_config *)(config)) : "memory")
#define TILE_RELEASE()         __asm__ volatile("tilerelease" ::: "memory")

#define TILE_ZERO(tile) __asm__ volatile("tilezero %%tmm" #tile ::: "memory")
// Rows are `stride` bytes apart in memory.
#define TILE_LOAD(tile, from, stride)                                                                                  \
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm" #tile ::"r"(from), "r"((long)(stride)) : "memory")
#define TILE_STORE(tile, to, stride)                                                                                   \
    __asm__ volatile("tilestored %%tmm" #tile ", (%0,%1,1)" ::"r"(to), "r"((long)(stride)) : "memory")
// sum[i][j] += the sum over k of a[i][k] b[k / 4][4 j + k % 4]: signed bytes, sums of 32 bits.
#define TILE_DOT_I8(sum, a, b) __asm__ volatile("tdpbssd %%tmm" #b ", %%tmm" #a ", %%tmm" #sum ::: "memory")
// sum[i][j] += the sum over k of a[i][k] b[k / 2][2 j + k % 2]: bf16, sums in f32.
#define TILE_DOT_BF16(sum, a, b) __asm__ volatile("tdpbf16ps %%tmm" #b ", %%tmm" #a ", %%tmm" #sum ::: "memory")

#endif
