// SPDX-License-Identifier: Apache-2.0
// From logits to the next token.
#ifndef EB_NATIVE_SAMPLING_H
#define EB_NATIVE_SAMPLING_H

#include "harness/base/stats.h"
#include "workloads/engine/engine.h"
#include "workloads/engine/kernels/kernels.h"

typedef struct eb_candidate {
    double weight;
    float logit;
    int32_t token;
} eb_candidate;

// The largest logit, the lowest token of equal ones; a NaN is never the largest.
int32_t eb_sample_greedy(const eb_kernels *kernels, const float *logits, int vocab);

// temperature 0: greedy. Else a draw from softmax(logits / temperature) over the top_k most likely tokens
// (0 = all), of these the fewest whose probability is at least top_p. Same rng state, same logits: same
// token, with the same kernels. scratch: [vocab].
int32_t eb_sample(const eb_kernels *kernels, const eb_sampling_spec *spec, eb_rng *rng, const float *logits, int vocab,
                  eb_candidate *scratch);

// EB_USAGE when a field is out of range or not a number.
bool eb_sampling_check(const eb_sampling_spec *spec, eb_err *err);

#endif
