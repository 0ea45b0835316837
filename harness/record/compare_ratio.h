// SPDX-License-Identifier: Apache-2.0
// Two medians in relation, with an interval and a word.
#ifndef EB_RECORD_COMPARE_RATIO_H
#define EB_RECORD_COMPARE_RATIO_H

#include "harness/record/run.h"

#define EB_RATIO_MARGIN 0.02 // "same": known to lie within this of 1

typedef enum eb_word {
    EB_WORD_NONE, // not known
    EB_WORD_BETTER,
    EB_WORD_WORSE,
    EB_WORD_SAME,
    EB_WORD_INCONCLUSIVE,
    EB_WORD_REFERENCE,
    EB_WORD_COUNT
} eb_word;
const char *eb_word_name(eb_word word);

typedef struct eb_ratio {
    double value, lo, hi; // of the reference; NAN = not known
    eb_interval interval; // RANGE: too few trials for a confidence; no word but inconclusive then
    eb_word word;
    bool prices; // the interval holds the ranges of the prices of both as well
    bool mixed;  // the two energies are of different grade or domains
} eb_ratio;

// Trials of one side and of the other, NAN passed over; a 0 counts (no token kept the limits), and nothing is of a
// median of 0. The interval of median a / median b is that of a percentile bootstrap over the trials of both sides
// (1000 replicates, seeded), from 6 trials on each side on; below, the range of what any trial is to any other. hi is
// INFINITY where b may be 0. Simulated for 6 to 20 trials, four distributions: it holds the truth in 95 to 97 %.
void eb_ratio_of_trials(const double *a, int na, const double *b, int nb, double level, uint64_t seed, eb_ratio *out);
// The same without a bootstrap: no replicate lies outside what any trial is to any other. False where there is none.
bool eb_ratio_bound(const double *a, int na, const double *b, int nb, eb_ratio *out);
// Wider by what the trials of each side have in common: relative half-widths, in quadrature, and a bound.
void eb_ratio_widen(eb_ratio *r, double common, double bound);
// better: +1 more is better, -1 less is.
void eb_ratio_word(eb_ratio *r, int better);

#endif
