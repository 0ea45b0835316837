// SPDX-License-Identifier: Apache-2.0
// The reference engine for the table of engines, and what its files share.
#ifndef EB_NATIVE_NATIVE_H
#define EB_NATIVE_NATIVE_H

#include "workloads/engine/engine.h"
#include "workloads/engine/kernels/kernels.h"

extern const eb_engine_ops eb_engine_native;

// The kernel table in use: the best of this machine, or what EFFBENCH_ISA names. NULL and err (EB_USAGE).
const eb_kernels *eb_native_kernels(eb_err *err);

// source.c: model specs as files (see eb_engine_ops.prepare, predict_bytes).
bool eb_native_prepare(const eb_model_spec *spec, char *path, size_t path_size,
                       void (*notify)(void *arg, const char *line), void *arg, eb_err *err);
uint64_t eb_native_predict_bytes(const eb_model_spec *spec, bool *exists);

#endif
