// SPDX-License-Identifier: Apache-2.0
// From process start to first token: a fresh process of this program opens the model and says when its first
// token was there.
#ifndef EB_RUN_COLD_H
#define EB_RUN_COLD_H

#include "harness/base/error.h"
#include "workloads/engine/engine.h"

// ns from just before the process is started to the first output token of a prompt of one token, page cache as it is;
// -1 and err on failure. `self` is this program. `stop` (may be NULL) ends the wait.
int64_t eb_cold_first_token(const char *self, const char *model_path, int threads, bool affinity, eb_kv_type kv,
                            bool (*stop)(void *arg), void *arg, eb_err *err);
// The child's side: opens, makes one token, returns its time on CLOCK_MONOTONIC.
bool eb_cold_child(const eb_engine_ops *ops, const char *model_path, int threads, bool affinity, eb_kv_type kv,
                   int64_t *t_ns, eb_err *err);

#endif
