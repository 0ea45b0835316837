// SPDX-License-Identifier: Apache-2.0
// What tells the architectures apart, one row each.
#include "workloads/engine/native/model.h"

const eb_arch_info eb_arch_table[EB_ARCH_COUNT] = {
    [EB_ARCH_LLAMA] = { .name = "llama", .renorm = true }, // Mistral, Mixtral, SmolLM2 too; renorm: its experts
    [EB_ARCH_QWEN2] = { .name = "qwen2", .qkv_bias = true, .neox = true },
    [EB_ARCH_QWEN3] = { .name = "qwen3", .head_norm = true, .neox = true },
    [EB_ARCH_OLMOE] = { .name = "olmoe", .moe = true, .row_norm = true, .neox = true },
    [EB_ARCH_QWEN2MOE] = { .name = "qwen2moe", .moe = true, .qkv_bias = true, .shared_expert = true, .neox = true },
    [EB_ARCH_QWEN3MOE] = { .name = "qwen3moe", .moe = true, .head_norm = true, .renorm = true, .neox = true },
    [EB_ARCH_MAMBA] = { .name = "mamba", .ssm = true },
    [EB_ARCH_MAMBA2] = { .name = "mamba2", .ssm = true, .ssm2 = true },
};
