// SPDX-License-Identifier: Apache-2.0
// How packed weights lie in memory, for packed.c, which packs them, and the tables that multiply them.
//
// A group is EB_PACK_ROWS rows, block by block. A group's block is as long as the blocks of its rows together:
//
//   head    `half` types: the f16 d of each row. Then words of 4 bytes, the rows' side by side (a vector): d and
//   minimum
//           where there are both, then the scales of K types as the file has them (blocks.h).
//   chunks  of 32 weights of each row: `low` vectors, then `high` vectors, the planes of the weights' bits. Word r of a
//           vector is row r's, byte k of it belongs to weights 4j + k; weights 4j .. 4j + 3 are quad j.
//
// Weights are unsigned, of low + high bits (signed bytes: + 128). Quad j has its low bits in vector j % low from bit
// low (j / low) on, its high bits in vector j % high of the second plane from bit (low + high (j / high)) % 8 on: one
// shift and one mask bring a vector of either to its place, the first of a vector needs no shift. Types of 4 and 8 bits
// in blocks of 32 so keep the file's words.
#ifndef EB_KERNELS_PACKED_H
#define EB_KERNELS_PACKED_H

#include "workloads/engine/kernels/kernels.h"

enum { EB_QUADS = EB_Q8_CHUNK / 4 };

// X(type, name, bytes of a row's head, chunks of a block, low, high, scales and minima of a chunk, minima, offset
// bits): weight = s q + m where there are minima, else s (q - 2^bits), q of IQ4_NL being the value that its 4 bits
// stand for.
#define EB_PACKED_FORMATS(X)                                                                                           \
    X(EB_W_Q4_0, q4_0, 2, 1, 4, 0, 1, false, 3)                                                                        \
    X(EB_W_Q4_1, q4_1, 4, 1, 4, 0, 1, true, 0)                                                                         \
    X(EB_W_Q5_0, q5_0, 2, 1, 4, 1, 1, false, 4)                                                                        \
    X(EB_W_Q5_1, q5_1, 4, 1, 4, 1, 1, true, 0)                                                                         \
    X(EB_W_Q8_0, q8_0, 2, 1, 8, 0, 1, false, 7)                                                                        \
    X(EB_W_IQ4_NL, iq4_nl, 2, 1, 4, 0, 1, false, 7)                                                                    \
    X(EB_W_Q2_K, q2_k, 20, 8, 2, 0, 2, true, 0)                                                                        \
    X(EB_W_Q3_K, q3_k, 14, 8, 2, 1, 2, false, 2)                                                                       \
    X(EB_W_Q4_K, q4_k, 16, 8, 4, 0, 1, true, 0)                                                                        \
    X(EB_W_Q5_K, q5_k, 16, 8, 4, 1, 1, true, 0)                                                                        \
    X(EB_W_Q6_K, q6_k, 18, 8, 4, 2, 2, false, 5)

#endif
