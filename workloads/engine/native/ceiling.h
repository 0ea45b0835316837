// SPDX-License-Identifier: Apache-2.0
// This machine's roofline axes as the reference engine sees them.
#ifndef EB_NATIVE_CEILING_H
#define EB_NATIVE_CEILING_H

#include "workloads/engine/engine.h"

// Reading: `threads` workers, each summing its part of a buffer far larger than the caches as four streams with
// software prefetch (one linear stream per core leaves bandwidth unused). Arithmetic: the f32 matmul kernel on
// panels that stay in the second-level cache. Best round of several counts: a ceiling is a maximum.
bool eb_native_ceilings(int threads, bool affinity, int64_t budget_ns, eb_ceilings *out, eb_err *err);

#endif
