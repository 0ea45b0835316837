// SPDX-License-Identifier: Apache-2.0
// Brings a model's weights into memory, in the order in which the kernels want them.
//
// eb_repack_bring_in maps all of the file's pages, so that no token waits for one. That is all that a first token
// takes: the matrices that the table multiplies in 8-bit arithmetic are packed in scratch, EB_REPACK_ROWS rows at a
// time, as they are multiplied. eb_repack, before the second pass, packs them for good into memory of their own, copies
// what else passes read beside them, and lets all of the file's pages go, so that each weight is in memory once. From
// then on the mapping is read for an unpacked token embedding that is the head too, and for nothing else: rows of any
// other embedding are read from the file. Where nothing is packed, all is read where it lies.
// Both ways give the same bits.
// Threads: that of the pool.
#ifndef EB_NATIVE_REPACK_H
#define EB_NATIVE_REPACK_H

#include "workloads/engine/native/model.h"
#include "workloads/engine/native/pool.h"

// Rows that are packed in scratch at a time.
enum { EB_REPACK_ROWS = 32 };
// Whether the table multiplies the matrix in 8-bit arithmetic.
static inline bool eb_repack_takes(const eb_kernels *kernels, const eb_mat *w)
{
    return kernels->packed && kernels->packed->packs(w->type);
}
// Bytes that packing takes; 0 = nothing is packed.
uint64_t eb_repack_bytes(const eb_model *m, const eb_kernels *kernels);
// False and err when the file cannot be read to its end.
bool eb_repack_bring_in(const eb_model *m, eb_pool *pool, eb_err *err);
// Once per model. The memory is the model's and goes with it. False and err when there is none, or the file cannot be
// read any more: then nothing is packed.
bool eb_repack(eb_model *m, const eb_kernels *kernels, eb_pool *pool, eb_err *err);

// Whether rows of the token embedding are read from the file: in the mapping they would come with their neighbours.
static inline bool eb_repack_rows_in_file(const eb_model *m)
{
    return m->packed && (m->output.packed || m->output.data != m->tok_embd.data);
}

#endif
