// SPDX-License-Identifier: Apache-2.0
// The Pareto front of a few rows, by the words of their ratios: what lies within noise beats nobody.
#ifndef EB_RECORD_FRONT_H
#define EB_RECORD_FRONT_H

#include <stdbool.h>

typedef enum eb_front {
    EB_FRONT_BEATEN, // another is at least as good in everything by the values and, by the words, better in something
    EB_FRONT_NOISE,  // not beaten, and only by differences that lie within noise
    EB_FRONT_ON
} eb_front;

typedef struct eb_front_rows {
    int first, n; // rows
    int n_objectives;
    // May these two be held against each other? NULL = any two.
    bool (*together)(const void *ctx, int a, int b);
    // Of row a against row b in an objective: +1 better, -1 worse, by the values; and whether that is so by the words,
    // asked only where the values say so.
    int (*order)(const void *ctx, int a, int b, int objective);
    bool (*clear)(const void *ctx, int a, int b, int objective);
    const void *ctx;
} eb_front_rows;

eb_front eb_front_of(const eb_front_rows *rows, int row);

#endif
