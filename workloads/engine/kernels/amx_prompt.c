// SPDX-License-Identifier: Apache-2.0
// Products of plain weights for prompts with AMX: see amx_prompt.inc.
#include "workloads/engine/kernels/amx_tiles.h"
#include "workloads/engine/kernels/x86.h"

#include <immintrin.h>
#include <string.h>

#include "workloads/engine/kernels/amx_prompt.inc"

bool eb_amx_prompt_tiles_are_right(void)
{
    return tiles_are_right();
}

const eb_prompt_ops eb_prompt_amx = {
    .takes = takes,
    .column_bytes = column_bytes,
    .prepare = prepare,
    .matmul = matmul,
    .scratch = scratch_bytes,
};
