// SPDX-License-Identifier: Apache-2.0
// What each operator must read and compute, from the shape alone: each weight of a matrix once for the whole batch (of
// the experts those that were chosen), each vector once, the cache or the state of each sequence once. Floating point
// operations: 2 per weight and token; attention 2 per cached element and token; the scan 7 per state element and token
// (multiply, decay, add, contract, a decay of its own), mamba2 5; the convolution 2 per tap. Nothing else is counted.
#ifndef EB_NATIVE_OP_COST_H
#define EB_NATIVE_OP_COST_H

#include "harness/base/span.h"
#include "workloads/engine/native/model.h"

// A batch, as far as its cost depends on it.
typedef struct eb_op_load {
    int rows, runs; // tokens that the operator works on; sequences
    int rows_out;   // of a pass (eb_op_cost_of_batch): tokens with logits
    double past_tok,
        seen_tok; // sum over runs of tokens in the cache before; sum over rows of tokens seen, own included
    int experts;  // distinct experts chosen, of one layer
    int kv_elem_bytes;
} eb_op_load;

typedef struct eb_op_cost {
    double bytes, flop;
} eb_op_cost;

enum { EB_NO_LAYER = -1 };

// One call of `op` in `layer`, or outside the layers. What the model does not have costs nothing.
eb_op_cost eb_op_cost_of(const eb_model *m, eb_op op, int layer, const eb_op_load *load);
// All operators of one forward pass: behind its cache the last layer works on rows_out rows.
eb_op_cost eb_op_cost_of_batch(const eb_model *m, const eb_op_load *load);

#endif
