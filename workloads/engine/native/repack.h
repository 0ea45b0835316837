// SPDX-License-Identifier: Apache-2.0
// Brings a model's weights into memory, in the order in which the kernels want them: matrices that the table multiplies
// in 8-bit arithmetic are packed into memory of their own and the file's pages of them let go, so that each weight is
// in memory once; all else is read where it lies. Afterwards no token waits for a page, but for the rows of a token
// embedding that is the head too: those are looked up in the file, and let go again from time to time.
// Threads: that of the pool.
#ifndef EB_NATIVE_REPACK_H
#define EB_NATIVE_REPACK_H

#include "workloads/engine/native/model.h"
#include "workloads/engine/native/pool.h"

// Bytes that packing would take; 0 = nothing is packed.
uint64_t eb_repack_bytes(const eb_model *m, const eb_kernels *kernels);
// Once per model. The memory is the model's and goes with it.
bool eb_repack(eb_model *m, const eb_kernels *kernels, eb_pool *pool, eb_err *err);

// Rows that may be looked up before eb_repack_let_go is called: some pages around each stay in memory, 64 KiB as a
// rule.
enum { EB_REPACK_LOOKUPS = 256 };
// Whether rows of the token embedding lie in memory twice once they are looked up.
static inline bool eb_repack_is_twice(const eb_model *m)
{
    return m->output.packed && m->output.data == m->tok_embd.data;
}
void eb_repack_let_go(const eb_model *m);

#endif
