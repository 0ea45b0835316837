// SPDX-License-Identifier: Apache-2.0
// The products of amx.c and amx_prompt.c over tiles in plain C, for machines without AMX. Need AVX-512 VNNI.
#ifndef EB_TESTS_AMX_EMULATED_H
#define EB_TESTS_AMX_EMULATED_H

#include "workloads/engine/kernels/kernels.h"

extern const eb_packed_ops eb_packed_amx_emulated;
extern const eb_prompt_ops eb_prompt_amx_emulated;
bool eb_amx_emulated_right(void);        // as eb_amx_tiles_are_right
bool eb_amx_prompt_emulated_right(void); // as eb_amx_prompt_tiles_are_right
void eb_amx_emulated_spoil(bool on);     // from now on the last sum of each product is wrong by one
bool eb_amx_emulated_configured(void);   // this thread's tiles are in use
long eb_amx_emulated_products(void);     // of this thread, so far
const char *eb_amx_emulated_fault(void); // what the CPU would have refused; NULL = nothing so far

#endif
