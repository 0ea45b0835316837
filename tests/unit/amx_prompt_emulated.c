// SPDX-License-Identifier: Apache-2.0
// kernels/amx_prompt.c over tiles in plain C.
#include "tests/unit/amx_emulated.h"
#include "tests/unit/amx_tiles_emulated.h"

#include <immintrin.h>
#include <string.h>

#include "workloads/engine/kernels/amx_prompt.inc"

const eb_prompt_ops eb_prompt_amx_emulated = {
    .takes = takes,
    .column_bytes = column_bytes,
    .prepare = prepare,
    .matmul = matmul,
    .scratch = scratch_bytes,
};

bool eb_amx_prompt_emulated_right(void)
{
    return tiles_are_right();
}
