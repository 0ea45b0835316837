// SPDX-License-Identifier: Apache-2.0
// A quick look at a model spec before anything is made or opened.
#ifndef EB_NATIVE_CHECK_H
#define EB_NATIVE_CHECK_H

#include "workloads/engine/engine.h"

// Known shape or existing file, and a known type: eb_engine_ops.check.
bool eb_native_check(const eb_model_spec *spec, eb_err *err);
// From the shape, or the file's head; NULL where that cannot be had: eb_engine_ops.family.
const char *eb_native_family(const eb_model_spec *spec);
// The same way; 0 where it cannot be had: eb_engine_ops.trained_ctx_tok.
int64_t eb_native_trained_ctx_tok(const eb_model_spec *spec);

#endif
