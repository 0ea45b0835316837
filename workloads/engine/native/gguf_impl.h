// SPDX-License-Identifier: Apache-2.0
// What the files that read GGUF share.
#ifndef EB_NATIVE_GGUF_IMPL_H
#define EB_NATIVE_GGUF_IMPL_H

#include "workloads/engine/native/gguf.h"

typedef struct eb_gguf_value_type {
    const char *name;
    int bytes; // 0 = variable
} eb_gguf_value_type;
extern const eb_gguf_value_type eb_gguf_value_types[EB_GGUF_TYPE_COUNT];

#endif
