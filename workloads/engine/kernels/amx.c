// SPDX-License-Identifier: Apache-2.0
// Products in 8-bit arithmetic with AMX: see amx_matmul.inc. A call configures the tiles and gives them back, so that a
// thread between two calls has no tiles that a switch would have to save.
#include "workloads/engine/kernels/amx_tiles.h"

#include "workloads/engine/kernels/amx_matmul.inc"

bool eb_amx_tiles_are_right(void)
{
    return tiles_are_right();
}

const eb_packed_ops eb_packed_amx = {
    .panel_rows = PANEL_GROUPS * EB_PACK_ROWS,
    .packs = packs,
    .quantize = quantize,
    .matmul = matmul,
    .scratch = scratch_bytes,
};
