// SPDX-License-Identifier: Apache-2.0
// This machine's roofline axes as the reference engine sees them.
#ifndef EB_NATIVE_CEILING_H
#define EB_NATIVE_CEILING_H

#include "workloads/engine/engine.h"

// Reading: `threads` workers share a buffer of 256 MiB at least, twice the machine's last-level caches at least, and 32
// MiB a thread where there is room for it; its pages are touched by the threads, as weights are: as one linear stream,
// as four with software prefetch, and as the engine's kernels read rows. Arithmetic: the f32 matmul kernel on panels
// that stay in the second-level cache. Best round of several counts: a ceiling is a maximum; what lasts is said beside
// it. Where memory for the buffer is short, reading is not measured (NAN), which is no error.
bool eb_native_ceilings(int threads, bool affinity, int64_t budget_ns, eb_ceilings *out, eb_err *err);

#endif
