// SPDX-License-Identifier: Apache-2.0
// Tiles as Intel's manual describes them, palette 1: 8 tiles of up to 16 rows of 64 bytes, all zero when they are
// configured. Loads zero what lies behind the configured rows and bytes, stores leave memory there as it is. What would
// be an exception (#UD, #GP) is kept as the first fault, and changes nothing.
#include "tests/unit/amx_emulated.h"

#include <immintrin.h>
#include <string.h>

#include "workloads/engine/kernels/blocks.h"
#include "workloads/engine/kernels/x86.h"

enum { TILES = 8, TILE_ROWS = 16, TILE_BYTES = 64, CONFIG_BYTES = 64 };

typedef struct tile_config {
    uint8_t palette;
    uint8_t start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_config;

static _Thread_local struct {
    bool configured;
    int rows[TILES], bytes[TILES];
    uint8_t data[TILES][TILE_ROWS][TILE_BYTES];
    long products;
} tmm;
static const char *first_fault;
static bool spoiled;

static bool fault_if(bool is, const char *what)
{
    if (is && !first_fault)
        first_fault = what;
    return is;
}

// Byte by byte as the CPU reads them: 16 words of bytes per row at 16, 16 bytes of rows at 48.
static void tile_configure(const void *config)
{
    uint8_t c[CONFIG_BYTES], nothing[CONFIG_BYTES] = { 0 };
    memcpy(c, config, sizeof c);
    if (fault_if(c[0] != 1, "ldtilecfg: palette") || fault_if(memcmp(c + 1, nothing, 15) != 0, "ldtilecfg: reserved") ||
        fault_if(memcmp(c + 32, nothing, 16) || memcmp(c + 56, nothing, 8), "ldtilecfg: tiles 8 to 15"))
        return;
    for (int t = 0; t < TILES; t++) {
        const int bytes = c[16 + 2 * t] | c[17 + 2 * t] << 8, rows = c[48 + t];
        if (fault_if(bytes > TILE_BYTES || rows > TILE_ROWS || !bytes != !rows, "ldtilecfg: size of a tile"))
            return;
        tmm.bytes[t] = bytes;
        tmm.rows[t] = rows;
    }
    memset(tmm.data, 0, sizeof tmm.data);
    tmm.configured = true;
}

static void tile_release(void)
{
    memset(tmm.rows, 0, sizeof tmm.rows);
    memset(tmm.bytes, 0, sizeof tmm.bytes);
    tmm.configured = false;
}

static bool unusable(int tile)
{
    return fault_if(!tmm.configured || tile < 0 || tile >= TILES || !tmm.rows[tile], "a tile that is not configured");
}

static void tile_zero(int tile)
{
    if (!unusable(tile))
        memset(tmm.data[tile], 0, sizeof tmm.data[tile]);
}

static void tile_load(int tile, const void *from, long stride)
{
    if (unusable(tile))
        return;
    memset(tmm.data[tile], 0, sizeof tmm.data[tile]);
    for (int r = 0; r < tmm.rows[tile]; r++)
        memcpy(tmm.data[tile][r], (const uint8_t *)from + r * stride, (size_t)tmm.bytes[tile]);
}

static void tile_store(int tile, void *to, long stride)
{
    for (int r = 0; !unusable(tile) && r < tmm.rows[tile]; r++)
        memcpy((uint8_t *)to + r * stride, tmm.data[tile][r], (size_t)tmm.bytes[tile]);
}

static int32_t four_products(const uint8_t *a, const uint8_t *b)
{
    int32_t sum = 0;
    for (int i = 0; i < 4; i++)
        sum += (int8_t)a[i] * (int8_t)b[i];
    return sum;
}

// tdpbssd
static void tile_dot_i8(int c, int a, int b)
{
    if (unusable(a) || unusable(b) || unusable(c) || fault_if(a == b || a == c || b == c, "tdpbssd: one tile twice") ||
        fault_if(tmm.rows[c] != tmm.rows[a] || tmm.bytes[c] != tmm.bytes[b] || tmm.bytes[a] != 4 * tmm.rows[b] ||
                     tmm.bytes[a] % 4 || tmm.bytes[b] % 4,
                 "tdpbssd: sizes"))
        return;
    for (int m = 0; m < tmm.rows[c]; m++)
        for (int n = 0; n < tmm.bytes[c] / 4; n++) {
            int32_t sum;
            memcpy(&sum, &tmm.data[c][m][4 * n], sizeof sum);
            for (int k = 0; k < tmm.bytes[a] / 4; k++)
                sum += four_products(&tmm.data[a][m][4 * k], &tmm.data[b][k][4 * n]);
            sum += spoiled && m == tmm.rows[c] - 1 && n == tmm.bytes[c] / 4 - 1;
            memcpy(&tmm.data[c][m][4 * n], &sum, sizeof sum);
        }
    tmm.products++;
}

#define TILE_CONFIGURE(config)        tile_configure(config)
#define TILE_RELEASE()                tile_release()
#define TILE_ZERO(tile)               tile_zero(tile)
#define TILE_LOAD(tile, from, stride) tile_load(tile, from, stride)
#define TILE_STORE(tile, to, stride)  tile_store(tile, to, stride)
#define TILE_DOT_I8(sum, a, b)        tile_dot_i8(sum, a, b)

#include "workloads/engine/kernels/packed_avx512.inc"

#include "workloads/engine/kernels/amx_matmul.inc"

const eb_packed_ops eb_packed_amx_emulated = {
    .packs = packs,
    .quantize = quantize,
    .matmul = matmul,
    .scratch = scratch_bytes,
};

bool eb_amx_emulated_right(void)
{
    return tiles_are_right();
}

void eb_amx_emulated_spoil(bool on)
{
    spoiled = on;
}

bool eb_amx_emulated_configured(void)
{
    return tmm.configured;
}

long eb_amx_emulated_products(void)
{
    return tmm.products;
}

const char *eb_amx_emulated_fault(void)
{
    return first_fault;
}
