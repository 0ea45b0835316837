// SPDX-License-Identifier: Apache-2.0
// Random weights of every GGUF type, written as blocks, not quantized from
// floats: all quants, all scales and both signs of a signed scale turn up.
#ifndef MK_BLOCKS_H
#define MK_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t state;
} mk_rng;

uint64_t mk_bits(mk_rng *r);
unsigned mk_below(mk_rng *r, unsigned n); // 0 .. n-1
double mk_uniform(mk_rng *r, double lo, double hi);
double mk_normal(mk_rng *r);

uint16_t mk_half(double v); // nearest f16, ties to even

// n weights (whole blocks) of about zero mean and the given deviation.
void mk_row(mk_rng *r, uint32_t type, uint8_t *dst, size_t n, double std);

#endif
