// SPDX-License-Identifier: Apache-2.0
// Exact float64 values of GGUF weights: f16 scales are widened, and every
// product and difference of the block's definition is formed in double.
#ifndef REF_DEQUANT_H
#define REF_DEQUANT_H

#include <stddef.h>
#include <stdint.h>

enum {
    REF_F32 = 0,
    REF_F16 = 1,
    REF_Q4_0 = 2,
    REF_Q4_1 = 3,
    REF_Q5_0 = 6,
    REF_Q5_1 = 7,
    REF_Q8_0 = 8,
    REF_Q2_K = 10,
    REF_Q3_K = 11,
    REF_Q4_K = 12,
    REF_Q5_K = 13,
    REF_Q6_K = 14,
    REF_IQ4_NL = 20,
    REF_BF16 = 30,
};

typedef struct {
    uint32_t id;
    const char *name;
    unsigned weights; // per block
    unsigned bytes;   // per block
    void (*block)(const uint8_t *src, double *dst);
} ref_type;

// NULL for a type that is not supported / a name that is not known.
const ref_type *ref_type_of(uint32_t id);
const ref_type *ref_type_named(const char *name);
// Walks the table: index 0, 1, ... until NULL.
const ref_type *ref_type_at(size_t index);

double ref_half(uint16_t bits);
double ref_bfloat(uint16_t bits);

// dst[n] from n weights at src; n is whole blocks.
void ref_dequant(uint32_t type, const uint8_t *src, double *dst, size_t n);

#endif
