// SPDX-License-Identifier: Apache-2.0
// kernels/amx.c over tiles in plain C.
#include "tests/unit/amx_emulated.h"
#include "tests/unit/amx_tiles_emulated.h"

#include "workloads/engine/kernels/amx_matmul.inc"

const eb_packed_ops eb_packed_amx_emulated = {
    .panel_rows = PANEL_GROUPS * EB_PACK_ROWS,
    .packs = packs,
    .quantize = quantize,
    .matmul = matmul,
    .scratch = scratch_bytes,
};

bool eb_amx_emulated_right(void)
{
    return tiles_are_right();
}
