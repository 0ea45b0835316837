// SPDX-License-Identifier: Apache-2.0
// Tiles as Intel's manual describes them, palette 1: 8 tiles of up to 16 rows of 64 bytes, all zero when they are
// configured. Loads zero what lies behind the configured rows and bytes, stores leave memory there as it is. What would
// be an exception (#UD, #GP) is kept as the first fault, and changes nothing.
#include "tests/unit/amx_tiles_emulated.h"

#include <math.h>
#include <string.h>

#include "tests/unit/amx_emulated.h"

enum { TILES = 8, TILE_ROWS = 16, TILE_BYTES = 64, CONFIG_BYTES = 64 };

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
void emulated_tile_configure(const void *config)
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

void emulated_tile_release(void)
{
    memset(tmm.rows, 0, sizeof tmm.rows);
    memset(tmm.bytes, 0, sizeof tmm.bytes);
    tmm.configured = false;
}

static bool unusable(int tile)
{
    return fault_if(!tmm.configured || tile < 0 || tile >= TILES || !tmm.rows[tile], "a tile that is not configured");
}

void emulated_tile_zero(int tile)
{
    if (!unusable(tile))
        memset(tmm.data[tile], 0, sizeof tmm.data[tile]);
}

void emulated_tile_load(int tile, const void *from, long stride)
{
    if (unusable(tile))
        return;
    memset(tmm.data[tile], 0, sizeof tmm.data[tile]);
    for (int r = 0; r < tmm.rows[tile]; r++)
        memcpy(tmm.data[tile][r], (const uint8_t *)from + r * stride, (size_t)tmm.bytes[tile]);
}

void emulated_tile_store(int tile, void *to, long stride)
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

static bool sizes_differ(int c, int a, int b)
{
    return tmm.rows[c] != tmm.rows[a] || tmm.bytes[c] != tmm.bytes[b] || tmm.bytes[a] != 4 * tmm.rows[b] ||
           tmm.bytes[a] % 4 || tmm.bytes[b] % 4;
}

static bool refused(int c, int a, int b)
{
    return unusable(a) || unusable(b) || unusable(c) ||
           fault_if(a == b || a == c || b == c, "a product of tiles: one of them twice") ||
           fault_if(sizes_differ(c, a, b), "a product of tiles: their sizes");
}

// tdpbssd
void emulated_tile_dot_i8(int c, int a, int b)
{
    if (refused(c, a, b))
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

// As the CPU takes them, whatever MXCSR says: what is smaller than normal is 0.
static float no_denormal(float f)
{
    return fabsf(f) < 0x1p-126f ? copysignf(0, f) : f;
}

// The numbers of a tile: [row][byte / 2].
static void numbers_of(int tile, float to[TILE_ROWS][TILE_BYTES / 2])
{
    for (int r = 0; r < tmm.rows[tile]; r++)
        for (int i = 0; i < tmm.bytes[tile] / 2; i++) {
            uint16_t h;
            memcpy(&h, &tmm.data[tile][r][2 * i], sizeof h);
            to[r][i] = no_denormal(eb_bf16_to_f32(h));
        }
}

// tdpbf16ps: the even products are summed, and the odd ones; then both sums, and c.
void emulated_tile_dot_bf16(int c, int a, int b)
{
    float left[TILE_ROWS][TILE_BYTES / 2], right[TILE_ROWS][TILE_BYTES / 2];
    if (refused(c, a, b))
        return;
    numbers_of(a, left);
    numbers_of(b, right);
    for (int m = 0; m < tmm.rows[c]; m++)
        for (int n = 0; n < tmm.bytes[c] / 4; n++) {
            float even = 0, odd = 0, all;
            for (int k = 0; k < tmm.bytes[a] / 4; k++) {
                even = no_denormal(fmaf(left[m][2 * k], right[k][2 * n], even));
                odd = no_denormal(fmaf(left[m][2 * k + 1], right[k][2 * n + 1], odd));
            }
            memcpy(&all, &tmm.data[c][m][4 * n], sizeof all);
            all = no_denormal(no_denormal(all) + no_denormal(even + odd));
            all += spoiled && m == tmm.rows[c] - 1 && n == tmm.bytes[c] / 4 - 1;
            memcpy(&tmm.data[c][m][4 * n], &all, sizeof all);
        }
    tmm.products++;
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
