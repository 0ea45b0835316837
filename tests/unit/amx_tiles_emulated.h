// SPDX-License-Identifier: Apache-2.0
// The operations of kernels/amx_tiles.h in plain C.
#ifndef EB_TESTS_AMX_TILES_EMULATED_H
#define EB_TESTS_AMX_TILES_EMULATED_H

#include <stdint.h>

typedef struct tile_config {
    uint8_t palette;
    uint8_t start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_config;

void emulated_tile_configure(const void *config);
void emulated_tile_release(void);
void emulated_tile_zero(int tile);
void emulated_tile_load(int tile, const void *from, long stride);
void emulated_tile_store(int tile, void *to, long stride);
void emulated_tile_dot_i8(int c, int a, int b);
void emulated_tile_dot_bf16(int c, int a, int b);

#define TILE_CONFIGURE(config)        emulated_tile_configure(config)
#define TILE_RELEASE()                emulated_tile_release()
#define TILE_ZERO(tile)               emulated_tile_zero(tile)
#define TILE_LOAD(tile, from, stride) emulated_tile_load(tile, from, stride)
#define TILE_STORE(tile, to, stride)  emulated_tile_store(tile, to, stride)
#define TILE_DOT_I8(sum, a, b)        emulated_tile_dot_i8(sum, a, b)
#define TILE_DOT_BF16(sum, a, b)      emulated_tile_dot_bf16(sum, a, b)

#endif
