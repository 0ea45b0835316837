// SPDX-License-Identifier: Apache-2.0
// A cell, measured by everyone in turn: in each round all sides once, in an order drawn anew, so that what drifts
// drifts for all, and the machine's ceilings just before ours and just after it.
#ifndef EB_BENCH_ROUNDS_H
#define EB_BENCH_ROUNDS_H

#include "tests/bench/engine/ours.h"
#include "tests/bench/engine/peak.h"
#include "tests/bench/engine/peer.h"

enum { BENCH_ROUNDS_MAX = 101, BENCH_SIDES_MAX = 1 + PEER_MAX };

typedef struct bench_side {
    bench_peer *peer;    // NULL: ours
    const char *options; // of a peer: its best for this cell
    int threads;
    bool busy; // with a busy loop beside it
    double value[BENCH_ROUNDS_MAX];
    uint64_t rss_peak_bytes, rss_most_bytes; // of all rounds
    bool failed;
    eb_err err; // why
} bench_side;

typedef struct bench_roof {                  // per round; NAN = not known
    double steady_bytes_s[BENCH_ROUNDS_MAX]; // eb_ceilings.steady_bytes_s, the mean of before and after ours
    double kernel_ops_s[BENCH_ROUNDS_MAX];   // the engine's products on cached data: in 8 bits of quantized weights,
                                             // else the faster of those in f32 and in 16 bits
    double peak_ops_s[BENCH_ROUNDS_MAX];     // of the instruction that the cell's products are made of (peak.h)
    char peak_name[20];
} bench_roof;

typedef struct bench_rounds {
    int n;
    bench_side side[BENCH_SIDES_MAX]; // [0] is ours, on all threads; against one thread or a busy loop [1] is that
    int n_sides;
    bench_roof roof, one_roof; // with all threads; with one, where that is the question
    double others_frac,
        steal_frac; // share of the CPUs' time that other processes took; other machines; NAN = not known
} bench_rounds;

typedef struct bench_setup {
    bench_ours ours;
    bench_peer *peers;
    int n_peers;
    char *const *options; // what is tried of each peer, n_options of them
    int n_options, rounds;
    const char *type; // of the model's weights
} bench_setup;

// Measures setup->ours.cell. False and err when our own side fails; a peer that fails is marked.
bool bench_rounds_run(const bench_setup *setup, bench_rounds *out, eb_err *err);

// Ratio of the medians, and the 95 % interval of the median of the rounds' own ratios (Hettmansperger and Sheather,
// stats.h), which what disturbs both sides of a round leaves alone. NAN where fewer than 6 rounds carry no interval.
typedef struct bench_ratio {
    double value, lo, hi;
} bench_ratio;
bench_ratio bench_ratio_of(const double *a, const double *b, int n);

#endif
